#pragma once
/* Shared by the files of the ptrace engine: queue.c keeps events, watch.c knows the
 * workload's threads, watch-maps.c their mappings, pace.c whose turn it is, halt.c stops
 * one thread; source-ptrace.c does all this in turn. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <profd/error.h>
#include <profd/event.h>
#include <profd/map.h>
#include <profd/vec.h>

/* --- events, first in, first out ---------------------------------------------------- */

struct queue {
	struct queued *first, **last;
	struct queued *held; /* the caller still looks at it */
	uint64_t last_ns;
	size_t n;
};

void queue_init(struct queue *q);
void queue_done(struct queue *q);
/* Copies the event and all that it points to. Gives it the time, if it has none; it never
 * runs backwards. */
void queue_put(struct queue *q, const struct event *e);
/* Borrowed until the next call. */
bool queue_take(struct queue *q, struct event *ret_event);

/* --- whose turn it is: pace.c ------------------------------------------------------- */

/* How a thread, or all of them, spent the time lately in which they could run. */
struct pace {
	double ran_ns, queued_ns;
};
void pace_add(struct pace *p, uint64_t ran_ns, uint64_t queued_ns);
/* The part of this that @thread is on a CPU, above 0 and up to 1. A new one is like @all,
 * and has no more than @most: what there is for each of those that are ready now. */
double pace_share(const struct pace *thread, const struct pace *all, double most);
/* A thread's credit: where it begins; it was found ready to run, which it does on a CPU
 * for @share of the time; it is to be sampled, if so the credit is spent. */
double pace_begin(uint32_t tid);
void pace_found(double *credit, double share);
bool pace_take(double *credit);
/* What a sample stands for whose look came @gap_ns after the one before, in a process that
 * has used @used_ns, for @sampled_ns of which earlier samples stand. */
uint64_t pace_weight(uint64_t gap_ns, uint64_t period_ns, uint64_t used_ns,
		     uint64_t sampled_ns);

/* --- threads ------------------------------------------------------------------------ */

/* proc_pid_stat(5). The addresses are 0 where this user may not see them. */
struct thread_stat {
	char comm[64];
	char state;
	bool forked; /* and has not executed a program since */
	uint32_t cpu;
	uint64_t vsize_bytes, faults;
	uint64_t
		start_ticks; /* since boot, in _SC_CLK_TCK a second: when it was started */
	uint64_t start_code,
		start_stack; /* of the program: with the next they tell it apart */
	uint64_t arg_start;
	uint32_t ppid;
};

/* proc(5), /proc/PID/task/TID/schedstat: time on a CPU, time in a run queue, how often it
 * came to a CPU. Exact while the thread stands still. */
struct sched {
	uint64_t ran_ns, queued_ns, turns;
};

/* What was told of a thread's time (times.c). */
struct told {
	uint64_t since_ns; /* CLOCK_MONOTONIC: up to here; 0: nothing yet */
	struct sched sched;
	uint64_t after_ns; /* it was not there yet; 0: nobody knows */
	uint64_t found_ns; /* when it was seen first */
	uint64_t alive_ns; /* when it was seen last */
	uint64_t blocks;   /* it has had until since_ns; NOT_COUNTED */
	uint64_t still_ns; /* up to here it is known to stand where it stood */
	bool still;	   /* it stood still at since_ns */
	bool stopped;	   /* or was running, and was stopped */
	bool over;	   /* all of its life is told */
};
#define NOT_COUNTED UINT64_MAX

struct thread {
	uint32_t tid;
	struct watched *process;
	int stat_fd, sched_fd, children_fd; /* -1: not open */
	int status_fd;
	struct sched sched; /* as of the last look */
	struct told told;
	struct pace pace;
	uint64_t waited_ns; /* for a CPU, before what it has run since the last look */
	uint64_t waits_ns;  /* so long already, as looks have shown: is counted */
	double credit;	    /* pace.c */
	uint64_t ran_ns;    /* CPU time as of the last look */
	uint64_t base_ns;   /* when it was attached to */
	uint64_t faults;    /* when the maps were read for it */
	char comm[64];	    /* that was told; "" for its process's */
	uint64_t moved_ns;  /* CLOCK_MONOTONIC: when it was seen to have run */
	bool moved;	    /* it ran, or came to a CPU, since the look before */
	bool awoke;	    /* the same since it was thought of for a sample */
	bool ready;	    /* it was in state R when its stat was read last */
	bool told_of;	    /* in this look times_look_stat was called for it */
	bool gone;	    /* nothing of it is left in /proc */
	bool found;	    /* in the list of its process's threads */
	bool held;	    /* being stopped */
};

struct mapped { /* an executable mapping that was told */
	uint64_t start, end, off, ino;
	uint32_t name; /* hash of the path */
};

struct watched {
	uint32_t pid;
	int task_fd; /* /proc/PID/task; -1: not open */
	VEC(struct thread *) threads;
	char comm[64];
	uint64_t program
		[3]; /* start_code, start_stack, arg_start of the last look at them */
	uint64_t vsize_bytes;
	VEC(struct mapped) maps;
	uint64_t listed_ns; /* when its threads were listed last; 0: never */
	bool maps_read;
	bool fresh;	     /* not looked at yet */
	uint64_t refused_ns; /* CLOCK_MONOTONIC: not to be stopped before this */
	bool told;	     /* that it cannot be stopped */
	bool root;	     /* it was attached to */
	bool some;	     /* single threads of it were attached to */
	uint32_t ppid;	     /* as of the last look at stat; 0: there was none */
	uint64_t ended_ns;   /* CPU time of threads that have ended */
	uint64_t base_ns;    /* its CPU time when it was attached to */
	uint64_t sampled_ns; /* what its samples stand for */
	bool unseen; /* it could not be sampled for a while: what it used is given up */
};

struct watch {
	uint32_t root;
	VEC(struct watched *) processes;
	struct map by_pid; /* pid -> 1 */
	struct queue *queue;
	struct times *times;  /* NULL: nobody asks for these */
	struct pace pace;     /* of all threads */
	int orphans_fd;	      /* what profd is the parent of */
	bool attached;	      /* profd is not */
	bool blind;	      /* this kernel keeps no accounts of threads (schedstat) */
	struct map strangers; /* pid -> 1: not to be followed */
	uint64_t ended_ns;    /* CPU time of threads that have ended */
	uint32_t fds, fds_max;
	uint64_t start_ns, maps_ns; /* spent on reading maps */
	uint64_t
		orphans_ns; /* CPU time of orphans that ended, and of those they waited for */
};

/* watch-files.c: the start of /proc/PID/task/TID/@name, terminated. Keeps it open in *fd
 * while there are descriptors. Returns its length or -errno. */
#define WATCH_FILE_BYTES 4096u
ssize_t watch_file_read(struct watch *w, int *fd, const struct thread *t,
			const char *name, char *buf, size_t size);
void watch_file_close(struct watch *w, int *fd);
void watch_sched_parse(const char *buf, struct sched *ret);
/* What there is instead of an account: the CPU time in the ticks of proc_pid_stat(5).
 * False: the thread is gone. */
bool watch_ticks(struct watch *w, struct thread *t, uint64_t *ret_ns);
bool watch_stat_parse(const char *buf, struct thread_stat *ret);

/* @root has exec'ed. */
void watch_init(struct watch *w, uint32_t root, struct queue *q);
/* For what runs already: it is told at once, and counted from watch_base on. */
void watch_init_attached(struct watch *w, struct queue *q);
/* Process @pid, or its thread @tid alone. */
void watch_attach(struct watch *w, uint32_t pid, uint32_t tid);
/* A process that is not to be followed although its parent is. */
void watch_except(struct watch *w, uint32_t pid);
/* From here on time counts. Tells what changed since watch_attach. */
void watch_base(struct watch *w);
void watch_done(struct watch *w);
/* Who is there, and how long each thread has run; puts forks and exits. @fn, if not NULL,
 * is called for each thread as soon as that was read of it: it still does what it did. */
void watch_look(struct watch *w, void (*fn)(void *arg, struct thread *t), void *arg);
/* Reads the thread's stat; puts the new name, and an exec. False: it is gone. */
bool watch_stat(struct watch *w, struct thread *t, struct thread_stat *ret_stat);
/* CPU time of the process, since it was attached to. */
uint64_t watch_used_ns(const struct watched *p);
/* True when the thread, or its process's first, has a child that shares its memory: about
 * to trace it, as LeakSanitizer does. */
bool watch_is_examined(struct watch *w, struct thread *t);
/* Who traces the thread, 0 being nobody; and whether it has ended. */
uint32_t watch_tracer(uint32_t pid, uint32_t tid, bool *ret_ended);
/* True when profd is the parent of the process that thread @t leads. */
bool watch_is_child(struct watch *w, struct thread *t);
/* Puts the mappings that are new, if they have to be looked at for a sample at @pc. */
void watch_maps(struct watch *w, struct thread *t, const struct thread_stat *st,
		uint64_t pc);
/* Processes that have not ended; signals them. */
uint32_t watch_alive(struct watch *w);
void watch_kill(struct watch *w, int sig);
/* CPU time of all that was seen, since watch_base. */
uint64_t watch_seen_ns(const struct watch *w);
/* CPU time of all that the launched process did not wait for; when attached, of what has
 * ended and was waited for by none of the processes. */
uint64_t watch_unwaited_ns(const struct watch *w);
/* What schedstat has for the thread now, which is not taken for a look. False:
 * nothing. */
bool watch_sched(struct watch *w, struct thread *t, struct sched *ret);
/* How often the thread has left its CPU because it waited for something; NOT_COUNTED. */
uint64_t watch_blocks(struct watch *w, struct thread *t);
/* watch-maps.c: reads /proc/PID/maps and puts what is not in p->maps. */
void maps_look(struct queue *q, struct watched *p);

/* --- time off the CPU: times.c ------------------------------------------------------ */

struct times;

/* False: this kernel does not tell. */
bool times_known(void);
/* The launched process was started at @start_ns. */
struct times *times_new(struct watch *w, uint64_t start_ns);
struct times *times_free(struct times *ts); /* NULL is fine; returns NULL */
/* A process was found, of which this is the first thread. */
void times_found(struct times *ts, struct thread *t, const struct thread_stat *st);
/* A look begins: at threads that may have gone to sleep (times_look). */
void times_begin(struct times *ts);
/* Puts where the thread stands still and how it has spent its time, if it stands still
 * and that is new. */
void times_look(struct times *ts, struct thread *t);
/* The same of one whose stat has just been read. */
void times_look_stat(struct times *ts, struct thread *t, const struct thread_stat *st);
/* The thread ran, was asked at @asked_ns to stop, and stands: puts how it has spent its
 * time. */
void times_stopped(struct times *ts, struct thread *t, const struct thread_stat *st,
		   uint64_t asked_ns);
/* It is gone, or the recording is over: puts the rest of its time. */
void times_end(struct times *ts, struct thread *t);
/* The launched process has ended at @end_ns. */
void times_root_ended(struct times *ts, uint64_t end_ns);
/* The end of the recording, for all that are left. */
void times_close(struct times *ts);

/* --- stopping one thread ------------------------------------------------------------ */

/* user_regs of the machine: at most this many words. */
#define HALT_REGS_MAX 40
#define HALT_STACK_BYTES ((size_t)65528)

struct halt_sample {
	uint64_t regs[HALT_REGS_MAX]; /* in the order of perf_regs_mask() */
	uint64_t regs_abi;	      /* 1: 32-bit, 2: 64-bit */
	uint64_t pc, sp;
	uint8_t *stack; /* [HALT_STACK_BYTES], the caller's */
	size_t stack_bytes;
	bool repaired;		      /* a system call that would have failed goes on */
	uint64_t user[HALT_REGS_MAX]; /* user_regs as they were read */
	size_t user_bytes;
};

enum halt_state {
	HALT_RUNS,    /* not stopped yet */
	HALT_STOPPED, /* for us */
	HALT_SIGNAL,  /* before a signal, which halt_end passes on */
	HALT_JOB,     /* by job control */
	HALT_CALL,    /* at the beginning or the end of a system call (carry.c) */
	HALT_GONE,    /* it has ended */
};

/* Asks the thread to stop. Returns 0, -ESRCH: it has ended, -EPERM: forbidden or traced
 * by someone. */
int halt_begin(uint32_t tid);
enum halt_state halt_poll(uint32_t tid, int *ret_sig);
/* HALT_GONE: nobody else hears of the end before the tracer has waited for it. Not for
 * children of profd. */
void halt_reap(uint32_t tid);
/* Of a stopped thread, whose stack ends at @stack_end if that is above its stack pointer.
 * False: it died meanwhile. */
bool halt_read(uint32_t tid, uint64_t stack_end, struct halt_sample *s);
/* Lets it go, to take @sig if that is not 0. False: it was killed while it stood, and is
 * to be polled until it is gone, or nobody else will see it go. */
bool halt_end(uint32_t tid, int sig);
/* Waits for a stop to be told, until @until_ns (CLOCK_MONOTONIC). SIGCHLD has to be
 * blocked. */
void halt_wait(uint64_t until_ns);

/* guard.c: halt_begin may wait for ever where other threads of the same process are being
 * stopped. They are added, but for the process's first one, between guard_on and
 * guard_off it is not so. One at a time per program, on the thread that stops others. */
void guard_init(void);
void guard_done(void);
void guard_add(uint32_t tid);
void guard_on(void);
void guard_off(void);

/* --- system calls that a stop cut short: carry.c ------------------------------------ */

struct carry;

/* Looks whether the stopped thread, of which @s was read, has done a part only of what it
 * asked for because of the stop. If so it is let go to do the rest, and is to be polled;
 * else NULL, and it still stands. */
struct carry *carry_begin(uint32_t tid, const struct halt_sample *s);
/* The thread stopped again. True when it was let go for good: @c is freed. */
bool carry_step(struct carry *c, enum halt_state state, int sig);
/* Makes it stop soon, with a count that is short: profd is about to leave. */
void carry_hurry(struct carry *c);
/* It has ended. */
void carry_free(struct carry *c);

/* --- the machine: x86_64.c, aarch64.c ----------------------------------------------- */

struct machine_regs; /* what PTRACE_GETREGSET, NT_PRSTATUS, has */
extern const size_t machine_regs_bytes;
/* From the @n bytes at @user, which differ for 32-bit programs. */
bool machine_sample(const void *user, size_t n, struct halt_sample *ret);
/* The stop may have made a system call fail with EINTR: true when @user was changed so
 * that the kernel makes the call again, or returns EINTR if a handler runs first. */
bool machine_restart(void *user, size_t n);
struct machine_call {
	int64_t number, result;
	uint64_t args[6];
	uint64_t pc; /* behind the instruction that made it */
};
#define MACHINE_CALL_BYTES 2
/* The system call that has just ended; false: there was none, or too little of it is
 * left. */
bool machine_call(const void *user, size_t n, struct machine_call *ret);
bool machine_is_call(const uint8_t *code); /* [MACHINE_CALL_BYTES] */
/* Makes @user the registers before call @c (its result is ignored), or those after it. */
void machine_call_again(void *user, const struct machine_call *c);
void machine_call_result(void *user, int64_t result);
