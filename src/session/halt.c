/* One thread, stopped and let go again. ptrace(2): SEIZE changes nothing for the thread,
 * INTERRUPT stops it where it is in user mode, or where its system call returns; DETACH
 * lets it go on as if nothing had been. If profd dies, the kernel detaches.
 *
 * The stop is a signal without a handler as far as system calls can tell. The kernel
 * makes most of those again that it interrupts; those that return EINTR all the same
 * (signal(7)) are repaired here. Which threads may be stopped, and when, is for the
 * caller to know. */
#include "ptrace-priv.h"

#include <linux/elf.h>
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include <profd/clock.h>
#include <profd/mem.h>

int halt_begin(uint32_t tid)
{
	if (ptrace(PTRACE_SEIZE, tid, 0, 0) < 0)
		return -errno;
	/* Once seized only its end can be in the way, and that is told by waiting for
	 * it. */
	ptrace(PTRACE_INTERRUPT, tid, 0, 0);
	return 0;
}

static enum halt_state stop_kind(int status, int *ret_sig)
{
	*ret_sig = 0;
	if (status >> 8 == (SIGTRAP | PTRACE_EVENT_STOP << 8))
		return HALT_STOPPED;
	if (status >> 16 == PTRACE_EVENT_STOP)
		return HALT_JOB;
	/* PTRACE_O_TRACESYSGOOD */
	if (status >> 8 == (SIGTRAP | 0x80))
		return HALT_CALL;
	*ret_sig = status >> 8 & 0xff;
	return HALT_SIGNAL;
}

enum halt_state halt_poll(uint32_t tid, int *ret_sig)
{
	siginfo_t si = {0};

	/* Looked at first: an end may be for somebody else to wait for. */
	if (waitid(P_PID, tid, &si, WSTOPPED | WEXITED | WNOHANG | WNOWAIT | __WALL) < 0)
		return HALT_GONE;
	if (!si.si_pid)
		return HALT_RUNS;
	if (si.si_code == CLD_TRAPPED || si.si_code == CLD_STOPPED) {
		waitid(P_PID, tid, &si, WSTOPPED | WNOHANG | __WALL);
		return stop_kind(si.si_status << 8, ret_sig);
	}
	return HALT_GONE;
}

void halt_reap(uint32_t tid)
{
	siginfo_t si;

	waitid(P_PID, tid, &si, WEXITED | WNOHANG | __WALL);
}

/* The stack is the innermost part of a mapping: what lies behind its end cannot be
 * read. */
static size_t read_stack(uint32_t tid, uint64_t sp, size_t n, uint8_t *buf)
{
	struct iovec local = {buf, n}, remote = {(void *)(uintptr_t)sp, n};
	ssize_t got = process_vm_readv((pid_t)tid, &local, 1, &remote, 1, 0);

	return got < 0 ? 0 : (size_t)got;
}

bool halt_read(uint32_t tid, uint64_t stack_end, struct halt_sample *s)
{
	struct iovec io = {s->user, machine_regs_bytes};
	size_t n = HALT_STACK_BYTES;

	s->repaired = false;
	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &io) < 0 ||
	    !machine_sample(s->user, io.iov_len, s))
		return false;
	s->user_bytes = io.iov_len;
	if (stack_end > s->sp && stack_end - s->sp < n)
		n = stack_end - s->sp;
	s->stack_bytes = s->regs_abi == 2 ? read_stack(tid, s->sp, n, s->stack) : 0;
	if (machine_restart(s->user, io.iov_len))
		s->repaired = ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &io) == 0;
	return true;
}

bool halt_end(uint32_t tid, int sig)
{
	return ptrace(PTRACE_DETACH, tid, 0, sig) == 0;
}

void halt_wait(uint64_t until_ns)
{
	uint64_t now = clock_now_ns();
	uint64_t ns = until_ns > now ? until_ns - now : 0;
	const struct timespec t = {(time_t)(ns / NSEC_PER_SEC),
				   (long)(ns % NSEC_PER_SEC)};
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigtimedwait(&child, NULL, &t);
}
