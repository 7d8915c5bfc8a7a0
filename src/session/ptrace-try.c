/* One round of what a sampler by ptrace(2) does, on a child made for it, so that profd
 * doctor can say which step a sandbox or Yama refuses. */
#include <profd/ptrace-try.h>

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <profd/clock.h>
#include <profd/mem.h>

#define NOTE_PRSTATUS 1 /* elf.h, NT_PRSTATUS: the general registers */
#define STOP_MAX_NS (5 * NSEC_PER_SEC)
#define MARK 0x70726f6664u

static volatile uint64_t mark; /* at one address in profd and its child */

const char *ptrace_step_name(enum ptrace_step s)
{
	static const char *const names[PTRACE_STEP_COUNT] = {
		[PTRACE_STEP_FORK] = "fork",
		[PTRACE_STEP_SEIZE] = "PTRACE_SEIZE",
		[PTRACE_STEP_INTERRUPT] = "PTRACE_INTERRUPT",
		[PTRACE_STEP_REGISTERS] = "PTRACE_GETREGSET",
		[PTRACE_STEP_MEMORY] = "process_vm_readv",
		[PTRACE_STEP_DETACH] = "PTRACE_DETACH",
	};

	return s < PTRACE_STEP_COUNT ? names[s] : "?";
}

static void child_main(pid_t parent) __attribute__((noreturn));
static void child_main(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	mark = MARK;
	for (volatile unsigned i = 0;; i++)
		;
}

static int wait_stop(pid_t pid)
{
	const struct timespec pause = {.tv_nsec = 200000};
	uint64_t end = clock_now_ns() + STOP_MAX_NS;
	int status, r;

	while ((r = waitpid(pid, &status, WNOHANG | __WALL)) == 0) {
		if (clock_now_ns() > end)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
	if (r < 0)
		return -errno;
	return WIFSTOPPED(status) ? 0 : -ESRCH;
}

static int read_registers(pid_t pid)
{
	uint64_t regs[64];
	struct iovec io = {regs, sizeof(regs)};

	return ptrace(PTRACE_GETREGSET, pid, (void *)(uintptr_t)NOTE_PRSTATUS, &io) < 0
		       ? -errno
		       : 0;
}

/* The child may not have come to write its mark. */
static int read_memory(pid_t pid)
{
	uint64_t seen = 0;
	struct iovec here = {&seen, sizeof(seen)};
	struct iovec there = {(void *)(uintptr_t)&mark, sizeof(seen)};

	if (process_vm_readv(pid, &here, 1, &there, 1, 0) != (ssize_t)sizeof(seen))
		return errno ? -errno : -EIO;
	return seen == MARK || seen == 0 ? 0 : -EIO;
}

static int do_step(pid_t pid, enum ptrace_step s)
{
	switch (s) {
	case PTRACE_STEP_SEIZE:
		return ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 ? -errno : 0;
	case PTRACE_STEP_INTERRUPT:
		if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0)
			return -errno;
		return wait_stop(pid);
	case PTRACE_STEP_REGISTERS:
		return read_registers(pid);
	case PTRACE_STEP_MEMORY:
		return read_memory(pid);
	case PTRACE_STEP_DETACH:
		return ptrace(PTRACE_DETACH, pid, NULL, NULL) < 0 ? -errno : 0;
	default:
		return 0;
	}
}

int ptrace_try(enum ptrace_step *ret_step)
{
	pid_t parent = getpid(), pid;
	int code = 0;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		child_main(parent);
	*ret_step = PTRACE_STEP_FORK;
	if (pid < 0)
		return -errno;
	while (code == 0 && ++*ret_step < PTRACE_STEP_COUNT)
		code = do_step(pid, *ret_step);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	return code;
}
