#pragma once
/* Shared by the files that attach to what runs already. */
#include <profd/attach.h>
#include <profd/mem.h>
#include <profd/vec.h>

#define PROC_STAT_MAX_BYTES ((size_t)4096)

/* Field @number of the proc_pid_stat(5) at @path, of those behind the name, which may
 * hold anything. */
bool stat_number(const char *path, unsigned number, uint64_t *ret_value);
/* 'R', 'Z' …; 0: there is no such file. */
char stat_state(const char *path);

/* --- attach-check.c --- */

/* The number in column @column (from 1) of the line @key, "Uid:", of
 * proc_pid_status(5). */
bool status_number(uint32_t pid, const char *key, unsigned column, uint64_t *ret);
char *comm_of(uint32_t pid); /* "?": it has none any more. The caller frees it */

/* What process or, with @thread, thread @number is. Returns 0; -ESRCH, -EPERM, -EINVAL
 * with err. */
int target_find(uint32_t number, bool thread, struct attach_target *ret,
		struct error *err);
bool target_has_ended(uint32_t pid, uint32_t tid);

/* --- attach-explain.c --- */

/* Why it may not be stopped, which failed with @code. */
void attach_explain_stop(const struct attach_target *t, int code, struct error *err);

/* --- introduce.c --- */

struct intro;
struct intro *intro_new(void);
struct intro *intro_free(struct intro *in); /* NULL is fine; returns NULL */
/* Asks for process @pid, for the first time or again. */
void intro_ask(struct intro *in, uint32_t pid);
/* The next event, with the time @time_ns; false when all that was asked for is told. */
bool intro_next(struct intro *in, uint64_t time_ns, struct event *ret_event);

/* proc_pid_maps(5) of a process, as io_slurp. The caller frees *ret_data. */
int maps_slurp(uint32_t pid, char **ret_data, size_t *ret_n);

/* --- cpu-time.c --- */

struct cpu_time {
	uint64_t cpu_ns;	     /* as exact as the scheduler is; 0: not known */
	uint64_t user_ns, system_ns; /* by the tick */
};
/* Of a process and of the children that it waited for; of one thread when @tid is not 0.
 * False when there is none (any more). */
bool cpu_time_of(uint32_t pid, uint32_t tid, struct cpu_time *ret);
/* Of a process and none of its children; 0: not known. */
uint64_t cpu_time_process_ns(uint32_t pid);
/* Of all CPUs. */
bool cpu_time_of_all(struct cpu_time *ret);
