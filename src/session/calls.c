/* What threads wait for: system calls by their numbers, which <sys/syscall.h> has for
 * each machine, and functions of the kernel by their names. A call's own entry is there
 * as __x64_sys_NAME or __arm64_sys_NAME; inner functions that tell as much are for where
 * that frame is missing, or too far out: a page that is read in waits in io_schedule
 * whatever the call was. */
#include "blocked-priv.h"

#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

#include <profd/mem.h>

static const struct call {
	long nr;
	const char *name;
	enum wait_call call;
} calls[] = {
#define CALL(name, call)                                                                 \
	{                                                                                \
		SYS_##name, #name, WAIT_##call                                           \
	}
	CALL(futex, FUTEX),
#ifdef SYS_futex_waitv
	CALL(futex_waitv, FUTEX),
#endif
#ifdef SYS_futex_wait
	CALL(futex_wait, FUTEX),
#endif
	CALL(nanosleep, SLEEP),
	CALL(clock_nanosleep, SLEEP),
	CALL(read, IO),
	CALL(write, IO),
	CALL(readv, IO),
	CALL(writev, IO),
	CALL(pread64, IO),
	CALL(pwrite64, IO),
	CALL(preadv, IO),
	CALL(pwritev, IO),
	CALL(sendfile, IO),
	CALL(splice, IO),
	CALL(copy_file_range, IO),
	CALL(fsync, IO),
	CALL(fdatasync, IO),
	CALL(sync, IO),
	CALL(openat, IO),
	CALL(close, IO),
	CALL(ioctl, IO),
	CALL(getdents64, IO),
	CALL(recvfrom, IO),
	CALL(recvmsg, IO),
	CALL(recvmmsg, IO),
	CALL(sendto, IO),
	CALL(sendmsg, IO),
	CALL(accept, IO),
	CALL(accept4, IO),
	CALL(connect, IO),
	CALL(flock, FUTEX),
	CALL(semop, FUTEX),
	CALL(semtimedop, FUTEX),
	CALL(msgrcv, IO),
	CALL(msgsnd, IO),
	CALL(ppoll, POLL),
	CALL(pselect6, POLL),
	CALL(epoll_pwait, POLL),
#ifdef SYS_epoll_pwait2
	CALL(epoll_pwait2, POLL),
#endif
#ifdef SYS_poll /* newer machines have only the calls above */
	CALL(open, IO),
	CALL(poll, POLL),
	CALL(select, POLL),
	CALL(epoll_wait, POLL),
	CALL(pause, SIGNAL),
	CALL(vfork, CHILD),
#endif
	CALL(io_getevents, IO),
	CALL(wait4, CHILD),
	CALL(waitid, CHILD),
	CALL(rt_sigsuspend, SIGNAL),
	CALL(rt_sigtimedwait, SIGNAL),
#undef CALL
};

enum wait_call call_of_number(long nr)
{
	if (nr < 0)
		return WAIT_UNKNOWN;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i].nr == nr)
			return calls[i].call;
	}
	return WAIT_OTHER;
}

static enum wait_call call_of_entry(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (!strcmp(calls[i].name, name))
			return calls[i].call;
	}
	return WAIT_OTHER;
}

enum wait_call call_of_function(const char *name)
{
	static const struct {
		const char *prefix;
		enum wait_call call;
	} inner[] = {
		{"futex_", WAIT_FUTEX},	      {"do_futex", WAIT_FUTEX},
		{"do_nanosleep", WAIT_SLEEP}, {"hrtimer_nanosleep", WAIT_SLEEP},
		{"io_schedule", WAIT_IO},     {"folio_wait", WAIT_IO},
		{"ksys_read", WAIT_IO},	      {"ksys_write", WAIT_IO},
		{"vfs_read", WAIT_IO},	      {"vfs_write", WAIT_IO},
		{"do_epoll_", WAIT_POLL},     {"do_sys_poll", WAIT_POLL},
		{"do_select", WAIT_POLL},     {"do_wait", WAIT_CHILD},
		{"kernel_wait", WAIT_CHILD},  {"do_signal_stop", WAIT_SIGNAL},
		{"get_signal", WAIT_SIGNAL},  {"kernel_clone", WAIT_CHILD},
	};
	const char *sys = strstr(name, "64_sys_");

	if (sys && name[0] == '_')
		return call_of_entry(sys + strlen("64_sys_"));
	for (size_t i = 0; i < ARRAY_SIZE(inner); i++) {
		if (!strncmp(name, inner[i].prefix, strlen(inner[i].prefix)))
			return inner[i].call;
	}
	return WAIT_UNKNOWN;
}

bool call_is_scheduler(const char *name)
{
	static const char *const names[] = {"schedule",
					    "__schedule",
					    "preempt_schedule",
					    "preempt_schedule_irq",
					    "preempt_schedule_common",
					    "preempt_schedule_thunk",
					    "__cond_resched"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(name, names[i]))
			return true;
	}
	return false;
}
