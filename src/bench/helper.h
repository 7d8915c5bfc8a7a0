#pragma once
/* What profd and its helper program say to each other. Both come from one build; a message
 * of another size is refused.
 *
 *	profd-helper [KEY=VALUE…] -- PROGRAM [ARG…]
 *
 * starts PROGRAM as its child, in a session of its own, with the environment, stdin, stdout
 * and stderr that it was started with itself. Keys: dir=PATH, timeout=NS, cpus=LIST as in
 * taskset(1), nice=N, aslr=off, hold=1 (wait for HELPER_GO before the exec). Descriptor
 * HELPER_FD is a SOCK_SEQPACKET socket to profd; when profd closes it, all are killed. */
#include <stdint.h>

#define HELPER_NAME "profd-helper"
#define HELPER_FD 3
#define HELPER_STOP_MS 5000 /* from HELPER_STOP to SIGKILL */
#define HELPER_GONE_MS 5000 /* from SIGKILL until survivors are left to themselves */

/* One byte, from profd. */
#define HELPER_GO 'g'
#define HELPER_STOP 's' /* SIGTERM to the workload's process group, then SIGKILL */
#define HELPER_KILL 'k' /* SIGKILL to all */

enum helper_kind {
	HELPER_HELD = 1, /* `pid` waits for HELPER_GO */
	HELPER_REPORT,	 /* the last one: it has ended, or could not be started */
};

enum helper_stage { HELPER_RAN, HELPER_FORK, HELPER_DIR, HELPER_EXEC };

/* What the kernel did not grant. */
#define HELPER_NO_CPUS (1u << 0)
#define HELPER_NO_NICE (1u << 1)
#define HELPER_NO_ASLR_OFF (1u << 2)

struct helper_message {
	uint32_t kind, stage; /* stage: what failed, with `code`, an errno */
	int32_t code;
	int32_t pid;
	int32_t status;		     /* as wait4(2) gives it */
	uint32_t timed_out, stopped; /* by the time limit; by HELPER_STOP or _KILL */
	uint32_t refused;	     /* HELPER_NO_… */
	uint32_t survivors;	     /* killed because they outlived it */
	uint32_t left;		     /* that could not be killed */
	uint64_t start_ns, end_ns;   /* CLOCK_MONOTONIC */
	uint64_t user_ns, sys_ns;    /* these: of all processes that were waited for, */
	uint64_t max_rss_bytes;	     /* here or by their parents (getrusage(2)) */
	uint64_t minor_faults, major_faults;
	uint64_t voluntary, involuntary; /* context switches */
};
