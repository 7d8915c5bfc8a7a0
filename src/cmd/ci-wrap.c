/* profd ci wrap: a command whose output GitHub Actions does not take for its own. */
#include "ci.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"
#include <profd/ci-text.h>
#include <profd/ci.h>

static const char USAGE[] = "usage: profd ci wrap -- COMMAND...\n"
			    "\n"
			    "Runs the command and exits as it does. On GitHub Actions "
			    "nothing that it prints is\n"
			    "a workflow command: these are stopped meanwhile, by a word "
			    "that nobody can guess,\n"
			    "and both of its outputs go to the standard output, so that "
			    "they stay behind it.\n"
			    "\n"
			    "  -h, --help   this text\n";

static volatile pid_t child;

static void pass_on(int sig)
{
	if (child > 0)
		kill(child, sig);
}

/* A job that is cancelled gets SIGINT, then SIGTERM: the command decides what comes of it. */
static void pass_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction act = {.sa_handler = pass_on, .sa_flags = SA_RESTART};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &act, NULL);
}

static int fail_exec(const char *program, int code)
{
	struct error err = {0};

	error_set(&err, -code, "cannot run '%s': %s", program, strerror(code));
	return cmd_fail(code == ENOENT ? 127 : 126, &err);
}

static void run_child(char **argv, int failed)
{
	int code;

	dup2(STDOUT_FILENO, STDERR_FILENO);
	execvp(argv[0], argv);
	code = errno;
	while (write(failed, &code, sizeof(code)) < 0 && errno == EINTR)
		;
	_exit(127);
}

/* The status as a shell has it: a death by a signal is 128 and its number. */
static int run(char **argv)
{
	int failed[2], status, code = 0;
	pid_t pid;

	if (pipe2(failed, O_CLOEXEC) < 0)
		return fail_exec(argv[0], errno);
	pid = fork();
	if (pid < 0)
		return fail_exec(argv[0], errno);
	if (!pid)
		run_child(argv, failed[1]);
	child = pid;
	pass_signals();
	close(failed[1]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	child = 0;
	if (read(failed[0], &code, sizeof(code)) != (ssize_t)sizeof(code))
		code = 0;
	close(failed[0]);
	if (code)
		return fail_exec(argv[0], code);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Begins with a newline: the command may have left a line open. */
static int run_stopped(char **argv)
{
	char secret[CI_SECRET_BYTES];
	int status;

	ci_secret(secret);
	printf("::stop-commands::%s\n", secret);
	fflush(stdout);
	status = run(argv);
	printf("\n::%s::\n", secret);
	fflush(stdout);
	return status;
}

int ci_verb_wrap(int argc, char **argv)
{
	struct ci_env env;
	enum ci_provider provider;

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(USAGE, stdout);
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "--"))
		argv++, argc--;
	else if (argc > 1 && *argv[1] == '-')
		return cmd_usage_error(2, "ci", "unknown option '%s'", argv[1]);
	if (argc < 2)
		return cmd_usage_error(2, "ci", "no command was given");
	ci_env_read(&env);
	provider = env.provider;
	ci_env_done(&env);
	if (provider == CI_GITHUB)
		return run_stopped(argv + 1);
	execvp(argv[1], argv + 1);
	return fail_exec(argv[1], errno);
}
