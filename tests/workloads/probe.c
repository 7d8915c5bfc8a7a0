/* Prints what a process inherits: signal dispositions and mask, limits, descriptors,
 * credentials, environment, place in the session. Under profd this must be what it is
 * without. `probe tty` says how it stands with its terminal instead, `probe wait` prints
 * "ready" and sleeps until a signal. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static void print_status(void)
{
	/* clang-format off */
	static const char *const keys[] = {
		"Umask:", "TracerPid:", "Uid:", "Gid:", "Groups:", "SigPnd:", "ShdPnd:",
		"SigBlk:", "SigIgn:", "SigCgt:", "CapInh:", "CapPrm:", "CapEff:", "CapBnd:",
		"CapAmb:", "NoNewPrivs:", "Seccomp:", "Cpus_allowed:", NULL
	};
	/* clang-format on */
	FILE *file = fopen("/proc/self/status", "r");
	char line[4096];

	while (file && fgets(line, sizeof(line), file))
		for (const char *const *key = keys; *key; key++)
			if (!strncmp(line, *key, strlen(*key)))
				fputs(line, stdout);
	if (file)
		fclose(file);
}

static void print_limits(void)
{
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit limit = {0};

		if (!getrlimit(i, &limit))
			printf("limit %d %llx %llx\n", i,
			       (unsigned long long)limit.rlim_cur,
			       (unsigned long long)limit.rlim_max);
	}
}

static void print_descriptors(void)
{
	for (int fd = 0; fd < 1024; fd++) {
		struct stat st;

		if (!fstat(fd, &st))
			printf("fd %d type %o flags %o %x\n", fd, st.st_mode & S_IFMT,
			       (unsigned)fcntl(fd, F_GETFL),
			       (unsigned)fcntl(fd, F_GETFD));
	}
}

static void print_rest(void)
{
	char *cwd = getcwd(NULL, 0);
	int death = -1;

	prctl(PR_GET_PDEATHSIG, &death);
	printf("cwd %s\n", cwd ? cwd : "?");
	printf("pgrp %d sid %d\n", (int)getpgrp(), (int)getsid(0));
	printf("nice %d policy %d\n", getpriority(PRIO_PROCESS, 0),
	       sched_getscheduler(0));
	printf("personality %x dumpable %d pdeathsig %d securebits %x\n",
	       (unsigned)personality(0xffffffff), prctl(PR_GET_DUMPABLE), death,
	       (unsigned)prctl(PR_GET_SECUREBITS));
	printf("timerslack %d thp %d\n", prctl(PR_GET_TIMERSLACK),
	       prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	for (char **e = environ; *e; e++)
		if (strncmp(*e, "_=", 2)) /* the shell's name of the command it starts */
			printf("env %s\n", *e);
	free(cwd);
}

static void on_signal(int sig)
{
	static char text[] = "caught 00\n";

	text[7] = (char)('0' + sig / 10);
	text[8] = (char)('0' + sig % 10);
	if (write(1, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(7);
}

static void on_continue(int sig)
{
	(void)sig;
	if (write(1, "continued\n", 10) < 0)
		_exit(2);
}

static __attribute__((noreturn)) void wait_for_signal(int catch)
{
	volatile unsigned long n = 0;

	if (catch) {
		signal(SIGCONT, on_continue);
		signal(SIGINT, on_signal);
		signal(SIGTERM, on_signal);
		signal(SIGHUP, on_signal);
		signal(SIGQUIT, on_signal);
	}
	for (unsigned i = 0; i < 200000000; i++)
		n++;
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "wait"))
		wait_for_signal(0);
	if (argc > 1 && !strcmp(argv[1], "catch"))
		wait_for_signal(1);
	if (argc > 1 && !strcmp(argv[1], "tty")) {
		int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);

		printf("controlling terminal %s\n", fd < 0 ? strerror(errno) : "yes");
		printf("stdin %d stdout %d stderr %d\n", isatty(0), isatty(1), isatty(2));
		printf("foreground %s\n", tcgetpgrp(fd) == getpgrp() ? "yes" : "no");
		return 0;
	}
	print_status();
	print_limits();
	print_descriptors();
	print_rest();
	return 0;
}
