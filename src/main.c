/* profd: finds the sub-command and hands over. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include <profd/mem.h>

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *does;
} commands[] = {
	{"record", cmd_record, "run a program and write its profile"},
	{"replay", cmd_replay, "write the artifacts of a capture (record --raw)"},
	{"top", cmd_top, "print the functions of a profile"},
	{"view", cmd_view, "print the calls of a profile as a tree"},
	{"convert", cmd_convert, "write a profile in another format"},
	{"merge", cmd_merge, "add up profiles"},
	{"diff", cmd_diff, "show what changed from one profile to another"},
	{"gate", cmd_gate, "judge a change: is it slower?"},
	{"compare", cmd_compare, "judge two commands or folders, or compare results"},
	{"bench", cmd_bench, "run workloads repeatedly and measure them"},
	{"report", cmd_report, "write what a comparison found in other forms"},
	{"ci", cmd_ci, "what a CI job needs: whether to run, summaries, comments"},
	{"config", cmd_config, "check .profd.yml, and say how it is understood"},
	{"selftest", cmd_selftest, "say how often a gate is wrong on this machine"},
	{"doctor", cmd_doctor, "say what works on this machine, and what to do"},
};

static int usage(FILE *out, int status)
{
	fputs("usage: profd COMMAND [options]\n\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].does);
	fputs("\n'profd COMMAND --help' tells more, 'profd --version' what is compiled "
	      "in.\n",
	      out);
	return status;
}

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

/* `profd help CMD` is `profd CMD --help`. */
static int help(int argc, char **argv)
{
	const struct command *c = argc > 2 ? command_find(argv[2]) : NULL;
	char *args[] = {argc > 2 ? argv[2] : NULL, (char[]){"--help"}, NULL};

	if (argc > 2 && !c) {
		fprintf(stderr,
			"profd: unknown command '%s'\nprofd: hint: see 'profd --help'\n",
			argv[2]);
		return 2;
	}
	return c ? c->run(2, args) : usage(stdout, 0);
}

/* Who closes stdin, stdout or stderr would have our messages written into whatever file
 * gets the number. Closed on exec: the workload finds them as they were. */
static void fill_stdio(void)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", O_RDWR | O_CLOEXEC);
	}
}

int main(int argc, char **argv)
{
	const struct command *c;

	fill_stdio();

	if (argc < 2)
		return usage(stderr, 2);
	if (!strcmp(argv[1], "--version")) {
		printf("profd %s\n%s\n", PACKAGE_VERSION, PROFD_FEATURES);
		return 0;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help"))
		return help(argc, argv);
	c = command_find(argv[1]);
	if (c)
		return c->run(argc - 1, argv + 1);
	fprintf(stderr, "profd: unknown command '%s'\nprofd: hint: see 'profd --help'\n",
		argv[1]);
	return 2;
}
