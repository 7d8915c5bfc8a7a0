/* Signals that ask profd to end, held back while workloads run, so that none outlives it
 * and what was measured so far can still be written. They belong to the process: the count
 * is of all benches. */
#include "bench-priv.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
static struct {
	unsigned users;
	int fd, got;
	unsigned count;
	sigset_t held, old;
	struct sigaction old_child;
} interrupt = {.fd = -1};

void interrupt_hold(void)
{
	const struct sigaction standard = {.sa_handler = SIG_DFL};

	if (interrupt.users++)
		return;
	sigemptyset(&interrupt.held);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&interrupt.held, signals[i]);
	sigprocmask(SIG_BLOCK, &interrupt.held, &interrupt.old);
	/* Who starts profd with SIGCHLD ignored has the kernel reap its children unseen. */
	sigaction(SIGCHLD, &standard, &interrupt.old_child);
	interrupt.fd = signalfd(-1, &interrupt.held, SFD_CLOEXEC | SFD_NONBLOCK);
}

void interrupt_release(void)
{
	if (--interrupt.users)
		return;
	bench_interrupted();
	if (interrupt.fd >= 0)
		close(interrupt.fd);
	interrupt.fd = -1;
	sigaction(SIGCHLD, &interrupt.old_child, NULL);
	sigprocmask(SIG_SETMASK, &interrupt.old, NULL);
}

int interrupt_fd(void)
{
	return interrupt.fd;
}

/* Not read from the signalfd, which only wakes poll(2): sandboxes lack it. */
int bench_interrupted(void)
{
	const struct timespec now = {0};
	int sig;

	while (interrupt.users && (sig = sigtimedwait(&interrupt.held, NULL, &now)) > 0) {
		interrupt.got = sig;
		interrupt.count++;
	}
	return interrupt.got;
}

unsigned interrupt_count(void)
{
	bench_interrupted();
	return interrupt.count;
}
