/* Load on purpose: a child of profd's own, since no program of the system is sure to be
 * there, and the helper of the measured has to stay alone with them. */
#include <profd/load.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <profd/mem.h>
#include <profd/number.h>

#define WALK_BYTES (256u << 10) /* of each thread: an inner cache of today's CPUs */

static void *walk(void *arg)
{
	static __thread volatile unsigned char bytes[WALK_BYTES];
	uint32_t x = (uint32_t)(uintptr_t)arg | 1;

	for (;;) {
		x = x * 1664525u + 1013904223u;
		bytes[x >> 8 & (WALK_BYTES - 1)]++;
	}
	return NULL;
}

/* Returns 0 or an errno. */
static int threads_start(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		pthread_t t;
		int code = pthread_create(&t, NULL, walk, (void *)(uintptr_t)(i * 2));

		if (code)
			return code;
	}
	return 0;
}

/* Nothing of profd's may be held open by it, or reach it. */
static _Noreturn void child(pid_t parent, unsigned threads, int nice_by, int told)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR), code;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
	dup2(told, 3);
	close_range(4, ~0u, 0);
	prctl(PR_SET_NAME, "profd-load");
	errno = 0;
	code = nice(nice_by) == -1 && errno ? errno : threads_start(threads);
	if (write(3, &code, sizeof(code)) != sizeof(code) || code)
		_exit(1);
	close(3);
	for (;;)
		pause();
}

int load_start(struct load *l, unsigned threads, int nice_by, struct error *err)
{
	pid_t parent = getpid();
	int fds[2], code = EIO;
	ssize_t n;

	l->pid = 0;
	if (!threads)
		return 0;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
	l->pid = fork();
	if (l->pid == 0)
		child(parent, threads, nice_by, fds[1]);
	if (l->pid < 0)
		code = errno;
	close(fds[1]);
	do {
		n = l->pid > 0 ? read(fds[0], &code, sizeof(code)) : 0;
	} while (n < 0 && errno == EINTR);
	close(fds[0]);
	if (n == sizeof(code) && code == 0)
		return 0;
	load_stop(l);
	return error_set(err, -code, "cannot start %u threads of load: %s", threads,
			 strerror(code));
}

void load_stop(struct load *l)
{
	if (l->pid <= 0)
		return;
	kill(l->pid, SIGKILL);
	while (waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	l->pid = 0;
}

int load_parse(const char *s, unsigned *ret_threads, int *ret_nice)
{
	_cleanup_free_ char *threads = xstrndup(s, strcspn(s, ":"));
	const char *colon = strchr(s, ':');
	uint64_t n, nice_by = 0;

	if (number_parse_u64(threads, 1, LOAD_THREADS_MAX, &n) ||
	    (colon && number_parse_u64(colon + 1, 0, LOAD_NICE_MAX, &nice_by)))
		return -EINVAL;
	*ret_threads = (unsigned)n;
	*ret_nice = (int)nice_by;
	return 0;
}
