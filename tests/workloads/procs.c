/* Every way to make a process: fork, vfork + exec, posix_spawn, exec of oneself, a child
 * that outlives its parent. Each does its own work; argv[2] is what a re-executed copy
 * has to do. */
#define _GNU_SOURCE
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "work.h"

extern char **environ;

#define LOAD(name)                                                                       \
	static FN void name(uint64_t n)                                                  \
	{                                                                                \
		BURN(n);                                                                 \
	}
LOAD(parent_load)
LOAD(forked_load)
LOAD(vforked_load)
LOAD(spawned_load)
LOAD(execed_load)
LOAD(daemon_load)
LOAD(vfork_window_load)

static FN void vfork_window(char *self, char *load, uint64_t n)
{
	char *args[] = {self, load, "vforked", NULL};
	pid_t pid = vfork();

	if (pid == 0) {
		vfork_window_load(n);
		execv(self, args);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

/* The intermediate process ends at once, so that the daemon is nobody's child; main()
 * waits for the daemon's end of the pipe. */
static FN void daemonise(uint64_t n)
{
	int fds[2];
	char byte;
	pid_t pid;

	if (pipe(fds))
		exit(1);
	pid = fork();
	if (pid == 0) {
		setsid();
		if (fork())
			_exit(0);
		prctl(PR_SET_NAME, "lonely-daemon");
		daemon_load(n);
		_exit(0);
	}
	close(fds[1]);
	waitpid(pid, NULL, 0);
	while (read(fds[0], &byte, 1) > 0)
		;
	close(fds[0]);
}

static FN int again(const char *what, uint64_t n)
{
	if (!strcmp(what, "vforked"))
		vforked_load(n);
	else if (!strcmp(what, "spawned"))
		spawned_load(n);
	else
		execed_load(n);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t load = load_arg(argc, argv, 1400);
	uint64_t n = load / 7;
	char text[32];
	char *args[] = {argv[0], text, "spawned", NULL};
	pid_t pid;

	if (argc > 2)
		return again(argv[2], n);
	expect("EXPECT main;parent_load");
	expect("EXPECT main;forked_load");
	expect("EXPECT main;vfork_window;vfork_window_load");
	expect("EXPECT main;again;vforked_load");
	expect("EXPECT main;again;spawned_load");
	expect("EXPECT main;again;execed_load");
	expect("EXPECT lonely-daemon;...;main;daemonise;daemon_load");
	for (const char *const *f =
		     (const char *const[]){"parent", "forked", "vforked", "spawned",
					   "execed", "daemon", "vfork_window", NULL};
	     *f; f++)
		printf("SHARE %s_load 10 19\n", *f);
	fflush(stdout);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)(load / MILLION));
	parent_load(n);
	pid = fork();
	if (pid == 0) {
		forked_load(n);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	vfork_window(argv[0], text, n);
	if (posix_spawn(&pid, argv[0], NULL, NULL, args, environ))
		return 1;
	waitpid(pid, NULL, 0);
	daemonise(n);
	args[2] = "execed";
	execv(argv[0], args);
	return 1;
}
