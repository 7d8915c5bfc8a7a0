/* profd doctor: what works here and what does not, for people or as JSON. What is tried,
 * and what it means, is report/doctor.c's. */
#include "cmd.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <profd/doctor.h>
#include <profd/mem.h>
#include <profd/text.h>

#define TITLE_WIDTH 31
#define LINE_WIDTH 88

static const char USAGE[] =
	"usage: profd doctor [options]\n"
	"\n"
	"Tries on profd itself all that a recording may need on this machine, and "
	"prints\n"
	"what works, what does not and why, and what to do about it here.\n"
	"\n"
	"      --json   machine-readable, schema profd.doctor/1\n"
	"  -h, --help   this text\n"
	"\n"
	"The exit status is 0 when 'profd record' would yield a profile, and 1 when "
	"not.\n";

enum { EXIT_WORKS = 0, EXIT_NO_PROFILE = 1, EXIT_USAGE = 2, OPT_JSON = 256 };

static const struct option long_options[] = {
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct options {
	bool json, help;
};

static int parse_options(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){0};
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
		switch (c) {
		case OPT_JSON:
			o->json = true;
			break;
		case 'h':
			o->help = true;
			return 0;
		default:
			return cmd_usage_error(EXIT_USAGE, "doctor",
					       "unknown option '%s'", argv[optind - 1]);
		}
	}
	if (optind != argc)
		return cmd_usage_error(EXIT_USAGE, "doctor", "'%s' is not wanted here",
				       argv[optind]);
	return 0;
}

static bool coloured(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb");
}

static void add_state(struct text *t, enum check_state s, bool colour)
{
	static const char *const words[] = {
		[CHECK_OK] = "ok", [CHECK_NO] = "no", [CHECK_UNTRIED] = "-"};
	static const char *const codes[] = {
		[CHECK_OK] = "32", [CHECK_NO] = "31", [CHECK_UNTRIED] = "2"};

	if (colour)
		text_addf(t, "  \033[%sm%-2s\033[0m  ", codes[s], words[s]);
	else
		text_addf(t, "  %-2s  ", words[s]);
}

/* @s in lines of LINE_WIDTH, each behind @indent blanks but the first, which has @at
 * columns already. */
static void add_wrapped(struct text *t, const char *s, size_t at, size_t indent)
{
	while (*s) {
		size_t n = strcspn(s, " ");

		if (at > indent && at + 1 + n > LINE_WIDTH) {
			text_addf(t, "\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			text_addc(t, ' ');
			at++;
		}
		text_addn(t, s, n);
		at += n;
		s += n + (s[n] == ' ');
	}
	text_addc(t, '\n');
}

static void add_headline(struct text *t, const struct doctor *d)
{
	const struct sampler_info *i = &d->recording.info;

	if (!d->works) {
		text_addf(t, "profd record yields no profile here: %s\n",
			  d->why_not.text);
		return;
	}
	if (d->ptrace) {
		text_add(t, "profd record works here by stopping threads:");
		add_wrapped(t, d->why_not.text, t->len, 4);
		return;
	}
	text_addf(t, "profd record works here: %s, %s, %s\n", i->event,
		  i->kernel ? "user and kernel" : "user code only",
		  i->reach == REACH_INHERIT  ? "by inheritance"
		  : i->reach == REACH_CGROUP ? "by a control group"
					     : "on the whole system");
}

static void add_place(struct text *t, const struct doctor *d)
{
	const struct place *p = &d->place;
	const struct settings *s = &d->settings;

	text_addf(t, "\nMachine\n      Linux %s, %s, %u CPUs%s", d->host.kernel,
		  d->host.arch, d->host.ncpus,
		  strcmp(d->host.hypervisor, "virtual") ? "" : ", virtual");
	if (s->clocksource[0])
		text_addf(t, ", clock %s", s->clocksource);
	text_add(t, "\n      ");
	if (p->ci)
		text_addf(t, "%s (%s), ", place_ci_name(p->ci), p->ci_sign);
	if (p->box)
		text_addf(t, "%s (%s), ", place_container_name(p->box), p->box_sign);
	text_addf(t, "user %u%s%s", s->uid,
		  s->user_namespace ? " of a user namespace" : "",
		  s->seccomp.known && s->seccomp.value == 2 ? ", system calls filtered"
							    : "");
	if (s->files_hard != UINT64_MAX)
		text_addf(t, ", %llu open files", (unsigned long long)s->files_hard);
	text_addc(t, '\n');
}

static void add_checks(struct text *t, const struct doctor *d, bool colour)
{
	for (uint32_t i = 0; i < d->checks.n; i++) {
		const struct check *c = &d->checks.v[i];

		if (!i || c->group != c[-1].group)
			text_addf(t, "\n%s\n", check_group_name(c->group));
		add_state(t, c->state, colour);
		if (!c->detail[0]) {
			text_addf(t, "%s\n", c->title);
			continue;
		}
		text_addf(t, "%-*s  ", TITLE_WIDTH, c->title);
		add_wrapped(t, c->detail, TITLE_WIDTH + 8, TITLE_WIDTH + 8);
	}
}

static void add_remedies(struct text *t, const struct doctor *d)
{
	if (d->remedies.n)
		text_add(t, "\nRemedies\n");
	for (uint32_t i = 0; i < d->remedies.n; i++) {
		const struct remedy *r = &d->remedies.v[i];

		size_t start = t->len;

		text_addf(t, "  %s%s:", wall_title(r->wall), r->needed ? ", needed" : "");
		add_wrapped(t, r->text, t->len - start, 4);
		for (unsigned k = 0; k < r->ncommands; k++)
			text_addf(t, "      %s\n", r->commands[k]);
	}
}

static void print(const struct doctor *d, bool json)
{
	bool colour = coloured();
	struct text t = {0};
	struct sink_text out;

	if (json) {
		sink_text_init(&out, &t);
		doctor_json(d, &out.sink);
	} else {
		add_headline(&t, d);
		add_place(&t, d);
		add_checks(&t, d, colour);
		add_remedies(&t, d);
	}
	fputs(text_get(&t), stdout);
	text_done(&t);
}

int cmd_doctor(int argc, char **argv)
{
	struct doctor d;
	struct options o;
	int status = parse_options(&o, argc, argv);

	if (status)
		return status;
	if (o.help) {
		fputs(USAGE, stdout);
		return 0;
	}
	doctor_examine(&d);
	print(&d, o.json);
	status = d.works ? EXIT_WORKS : EXIT_NO_PROFILE;
	doctor_done(&d);
	return status;
}
