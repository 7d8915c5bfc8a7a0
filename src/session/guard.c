/* PTRACE_SEIZE waits while the process executes another program (linux/kernel/ptrace.c,
 * cred_guard_mutex), and that waits until all other threads are gone, of which those that
 * are being stopped have to be waited for by their tracer: by the one that waits for
 * PTRACE_SEIZE. A timer's signal gets it out: the handler waits for them, and the kernel
 * then goes on with PTRACE_SEIZE by itself. */
#include "ptrace-priv.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <profd/clock.h>

#define GUARD_NS (NSEC_PER_SEC / 50)
#define GUARDED_MAX 256u
/* One that launch.c does not pass on to the workload. */
#define GUARD_SIGNAL SIGURG

static uint32_t guarded[GUARDED_MAX];
static volatile sig_atomic_t nguarded;
static timer_t timer;
static bool there;
static struct sigaction old_action;

/* A tracer's wait takes stops whether it asked for them or not (linux/kernel/exit.c,
 * wait_task_stopped), and a stop that was taken here nobody would end: so the end is
 * looked at first. */
static void guard_handle(int sig)
{
	int saved = errno;

	for (int i = 0; i < nguarded; i++) {
		siginfo_t si = {0};

		if (waitid(P_PID, guarded[i], &si,
			   WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 &&
		    si.si_pid && si.si_code != CLD_TRAPPED && si.si_code != CLD_STOPPED)
			waitid(P_PID, guarded[i], NULL, WEXITED | WNOHANG | __WALL);
	}
	errno = saved;
}

void guard_init(void)
{
	const struct sigaction action = {.sa_handler = guard_handle,
					 .sa_flags = SA_RESTART};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
				 .sigev_signo = GUARD_SIGNAL};
	sigset_t one;

	event._sigev_un._tid = gettid();
	sigemptyset(&one);
	sigaddset(&one, GUARD_SIGNAL);
	sigaction(GUARD_SIGNAL, &action, &old_action);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	there = timer_create(CLOCK_MONOTONIC, &event, &timer) == 0;
}

void guard_done(void)
{
	if (there)
		timer_delete(timer);
	there = false;
	sigaction(GUARD_SIGNAL, &old_action, NULL);
}

void guard_add(uint32_t tid)
{
	if ((uint32_t)nguarded < GUARDED_MAX)
		guarded[nguarded] = tid;
	nguarded += (uint32_t)nguarded < GUARDED_MAX;
}

void guard_on(void)
{
	const struct itimerspec t = {.it_interval.tv_nsec = GUARD_NS,
				     .it_value.tv_nsec = GUARD_NS};

	if (nguarded && there)
		timer_settime(timer, 0, &t, NULL);
}

void guard_off(void)
{
	const struct itimerspec t = {0};

	if (nguarded && there)
		timer_settime(timer, 0, &t, NULL);
	nguarded = 0;
}
