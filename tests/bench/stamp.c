/* stamp FILE COMMAND...: runs the command, and as its last act writes into FILE when that
 * was, by CLOCK_MONOTONIC, what the command used, and how it ended:
 *
 * 	start_ns end_ns cpu_us max_rss_kb status
 *
 * It stands in front of a workload under every tool alike. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long long)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static long long microseconds(struct timeval t)
{
	return (long long)t.tv_sec * 1000000 + t.tv_usec;
}

int main(int argc, char **argv)
{
	long long start_ns = now_ns();
	struct rusage usage;
	char line[160];
	int fd, status, n;
	pid_t pid;

	if (argc < 3)
		return 2;
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0 || posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ)) {
		perror(argv[2]);
		return 127;
	}
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			return 127;
	n = snprintf(line, sizeof(line), "%lld %lld %lld %ld %d\n", start_ns, now_ns(),
		     microseconds(usage.ru_utime) + microseconds(usage.ru_stime),
		     usage.ru_maxrss, status);
	if (write(fd, line, (size_t)n) != n)
		_exit(126);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 125);
}
