#pragma once
/* What ptrace(2) allows here, found out on an own child. One thread at a time. */

enum ptrace_step {
	PTRACE_STEP_FORK,
	PTRACE_STEP_SEIZE,
	PTRACE_STEP_INTERRUPT, /* and the stop arrives */
	PTRACE_STEP_REGISTERS,
	PTRACE_STEP_MEMORY, /* process_vm_readv(2) */
	PTRACE_STEP_DETACH,
	PTRACE_STEP_COUNT, /* all went well */
};
/* The call's name: "PTRACE_SEIZE". */
const char *ptrace_step_name(enum ptrace_step s);
/* Seizes a child that is busy, stops it, reads its registers and its memory, and lets it
 * go on. Returns 0; -errno of *ret_step, the first that failed; -ETIMEDOUT when the stop
 * does not come in 5 s. */
int ptrace_try(enum ptrace_step *ret_step);
