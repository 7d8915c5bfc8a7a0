#pragma once
/* Starting the workload so that it notices nothing: stdin, stdout, stderr, terminal,
 * process group, signal dispositions and mask, limits and open files are what profd was
 * given. One at a time per process (signals are the process's). */
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <profd/error.h>

struct launch {
	pid_t pid;    /* of the workload; 0 before launch_start */
	int pidfd;    /* readable when it has exited; -1 before Linux 5.3's pidfds */
	int signalfd; /* readable when a signal for profd waits; -1 where there is none */
	bool reaped;
	int status;	     /* as wait4(2) gives it, once reaped */
	struct rusage usage; /* of the workload and what it waited for, once reaped */
	uint64_t start_ns, end_ns; /* CLOCK_MONOTONIC: exec and reaping */
	bool timed_out;		   /* the timeout ended the workload */
	bool overdue;		   /* and this, what outlived it (launch_overdue) */
	int interrupted;	   /* the last signal that asked profd to end, or 0 */
	bool stop; /* such a signal came after the workload's end, or was its end */
	struct launch_private *priv;
};

/* Forks the child, which waits for launch_exec. From here on every signal that would end
 * profd and may be meant for the workload is held back for launch_tick, and SIGPIPE and
 * SIGXFSZ are ignored, in profd only. Job control and synchronous faults (SIGSEGV...)
 * stay what they are. */
int launch_start(struct launch *l, char *const argv[], struct error *err);
/* Lets the child exec: as execvp(3) does, but an ELF file that the kernel refuses (for
 * another machine) is not read as a shell script. Returns 0, or the exec's -errno with
 * err set: -ENOENT for the command itself means "not found" (127), anything else "not
 * executable" (126). */
int launch_exec(struct launch *l, struct error *err);
/* Ends the workload and its descendants @ns from now, 0 being never: SIGTERM first,
 * SIGKILL 5 s later. Sets l->timed_out when it does. */
void launch_timeout(struct launch *l, uint64_t ns);
/* To be called when pidfd or signalfd is readable, and at least every 100 ms: passes on
 * signals that another process sent to profd alone (those of the terminal have reached
 * the workload already), watches the timeout, reaps. True once the workload has ended and
 * is reaped. */
bool launch_tick(struct launch *l);
/* After the end: the signal that the timeout has for what is left of the workload's
 * processes, which the caller knows: SIGTERM once, SIGKILL 5 s later, else 0. Sets
 * l->overdue. */
int launch_overdue(struct launch *l);
/* Waits for the end, ticking. */
void launch_wait(struct launch *l);
/* Signals the workload and all its descendants that /proc shows. */
void launch_kill(struct launch *l, int sig);
/* Kills the child if it still waits for launch_exec; undoes what launch_start changed. */
void launch_done(struct launch *l);
/* Ends this process as the workload ended: exit status, or the same signal with core
 * dumps off. */
void launch_die_alike(int status) __attribute__((noreturn));
