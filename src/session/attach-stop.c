/* Whether what runs already may be stopped (ptrace(2)), found out without stopping it.
 *
 * PTRACE_DETACH wants a stopped thread; but a tracer that ends lets go of what runs as it
 * is. The tracer is a thread here, so a thread of profd's knocks and ends. Nobody but a
 * process's descendants' ancestors may trace under Yama, and a thread is one where a
 * child would not be. */
#include "attach-priv.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct knock {
	const struct attach *on;
	int *codes; /* [on->ntargets] */
	pid_t tid;  /* who knocks */
};

/* Nothing is mapped there: who may read hears that, and who may not hears something
 * else. */
static int may_read(pid_t tid)
{
	char byte;
	struct iovec here = {&byte, 1}, there = {(void *)(uintptr_t)-4096, 1};

	if (process_vm_readv(tid, &here, 1, &there, 1, 0) >= 0 || errno == EFAULT)
		return 0;
	return -errno;
}

static void *knock(void *arg)
{
	struct knock *k = arg;

	k->tid = gettid();
	for (size_t i = 0; i < k->on->ntargets; i++) {
		const struct attach_target *t = &k->on->targets[i];
		pid_t tid = (pid_t)(t->tid ? t->tid : t->pid);

		k->codes[i] = ptrace(PTRACE_SEIZE, tid, 0, 0) < 0 ? -errno
								  : may_read(tid);
	}
	return NULL;
}

/* pthread_join(3) returns a little earlier than what was traced is let go. */
static void wait_gone(pid_t tid)
{
	_cleanup_free_ char *path = xasprintf("/proc/self/task/%d", (int)tid);
	const struct timespec pause = {.tv_nsec = 100000};

	while (access(path, F_OK) == 0)
		nanosleep(&pause, NULL);
}

/* The first thread may have ended before the others, and has nothing to look at any
 * more. */
static bool is_left(const struct attach_target *t)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/task/%u/stat", t->pid, t->pid);

	return !t->tid && stat_state(path) == 'Z' && !target_has_ended(t->pid, 0);
}

int attach_may_stop(const struct attach *a, struct error *err)
{
	struct knock k = {.on = a, .codes = xcalloc(a->ntargets + 1, sizeof(int))};
	pthread_t thread;
	int code = -pthread_create(&thread, NULL, knock, &k);

	if (code < 0) {
		error_set(err, code, "no thread could be made to try ptrace");
	} else {
		pthread_join(thread, NULL);
		wait_gone(k.tid);
	}
	for (size_t i = 0; code == 0 && i < a->ntargets; i++) {
		if (!k.codes[i] || is_left(&a->targets[i]))
			continue;
		attach_explain_stop(&a->targets[i], k.codes[i], err);
		code = err->code;
	}
	free(k.codes);
	return code;
}
