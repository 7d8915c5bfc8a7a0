#pragma once
/* Shared by the files of this folder. */
#include <sched.h>
#include <sys/types.h>

#include <profd/bench.h>
#include <profd/counter.h>
#include <profd/text.h>
#include <profd/vec.h>

#include "helper.h"

/* --- output.c: what the children of one run write ----------------------------------- */

struct output {
	int read_fd, write_fd; /* of a pipe; all children get the latter */
	int log_fd;	       /* or -1 */
	uint64_t total_bytes;
	char last[BENCH_TAIL_BYTES]; /* a ring, by total_bytes */
};
int output_open(struct output *o, int log_fd, struct error *err);
void output_close(struct output *o);
void output_pump(struct output *o); /* takes what there is */
/* The end of it, cleaned; the caller frees. */
char *output_tail(const struct output *o);

/* --- interrupt.c -------------------------------------------------------------------- */

void interrupt_hold(void); /* once for each bench */
void interrupt_release(void);
int interrupt_fd(void);		/* readable when a signal waits; or -1 */
unsigned interrupt_count(void); /* of such signals so far */

/* --- env.c -------------------------------------------------------------------------- */

struct env {
	VEC(char *) list; /* NULL-terminated by env_done_adding */
};
void env_add_current(struct env *e, bool fixed);
void env_set(struct env *e, const char *name, const char *value);
char *const *env_get(struct env *e);
void env_done(struct env *e);

/* --- child.c: one process that the helper program runs ------------------------------ */

struct child_spec {
	const char *helper;
	char *const *argv;
	char *const *env;
	const char *dir; /* NULL: where profd is */
	uint64_t timeout_ns;
	const char *cpus; /* NULL: any */
	int nice;
	bool no_aslr, hold;
	int output_fd;
};
struct child {
	pid_t helper; /* 0: none runs */
	int control;
	pid_t held; /* the child that waits, once it does */
	bool ended;
	struct helper_message report; /* once it has ended */
};
int child_start(struct child *c, const struct child_spec *s, struct error *err);
/* Reads what the helper says. Returns 0, or -EPROTO: it died, or is another program. */
int child_feed(struct child *c, struct error *err);
void child_tell(const struct child *c, char order);
void child_done(struct child *c); /* ends it if it has not ended */
/* The words of a command; `sh -c` for a text. They are borrowed, the array is the
 * caller's. */
char **command_argv(const struct config_command *c);
/* "exit status 3", "killed by SIGSEGV", "no end within 120 s", "cannot run …". Returns
 * true when it ended well. */
bool child_ended_well(const struct child *c, const struct child_spec *s,
		      struct error *ret_why);

/* --- values.c ----------------------------------------------------------------------- */

void values_of_process(const struct config_workload *w, const struct helper_message *m,
		       double *values);
/* 0, or what stat(2) says. */
int values_of_files(const struct config_workload *w, const char *root, double *values,
		    struct error *err);

/* --- metrics.c ---------------------------------------------------------------------- */

/* @data[0..n) is what a run wrote. Sets the values, and the units, of metrics from the
 * program. Returns 0; -EBADMSG, with the line; -ENODATA: one was not reported; -ERANGE: its sum. */
int metrics_parse(const struct config_workload *w, const char *data, size_t n,
		  double *values, char **units, struct error *err);
const char *metrics_unit(const struct config_metric *m); /* as far as the file tells */

/* --- bench.c ------------------------------------------------------------------------ */

struct bench {
	const struct config_workload *w;
	struct bench_options options;
	char *helper;
	char *cpus;	       /* of the workload; NULL: any */
	cpu_set_t all, own;    /* that profd may use; that it uses during runs */
	char *folder;	       /* for files of ours */
	char *metrics_path;    /* PROFD_METRICS */
	char *valgrind_option; /* where its counts go */
	char *fetch;	       /* asks by HTTP; NULL: not needed */
	VEC(struct bench_means) means;
	char **units;		 /* of each metric, as the program has them; or NULL */
	struct eventlist events; /* of metrics from perf, in their order */
};

void means_set(struct bench *b, const char *name, bool applied, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
uint64_t bench_timeout_ns(const struct bench *b);

/* --- launch.c: one run --------------------------------------------------------------- */

enum flavour { FLAVOUR_PLAIN, FLAVOUR_EXACT, FLAVOUR_VALGRIND, FLAVOUR_PROFILE };

struct running {
	struct bench *b;
	const struct bench_run *how;
	enum flavour flavour;
	struct bench_result *result;
	struct env env;
	char *dir; /* it runs in; NULL: where profd is */
	struct output output;
	struct child server, command;
	struct child_spec server_spec, command_spec;
	struct counters *counters;
	unsigned patience; /* signals that do not end it */
};
/* Runs setup, server, command and teardown once, and takes the values that this flavour
 * has. As bench_run; r->b, how, flavour and result are set by the caller. */
int running_run(struct running *r, struct error *err);
/* Waits until @c has ended, or has stopped before its exec if @held; meanwhile takes the
 * output, and ends all when a signal asks for it or the server ends. */
int running_wait(struct running *r, struct child *c, bool held, struct error *err);
/* Ends the run as @end, if it was well so far. */
void running_failed(struct running *r, enum bench_end end, const struct error *why,
		    const char *whose);

/* One that is not measured. */
int running_aside(struct running *r, const struct config_command *command,
		  const char *whose, struct error *err);
/* Makes of @s what is measured; then starts it. */
void running_measured(struct running *r, struct child_spec *s);
int running_start(struct running *r, struct child *c, struct child_spec *s,
		  struct error *err);

/* --- server.c ----------------------------------------------------------------------- */

int server_start(struct running *r, struct error *err);
int server_stop(struct running *r, struct error *err);

/* --- ready.c: whether a server answers ----------------------------------------------- */

/* One attempt at tcp:// or unix://, of a second at most. 0: it does; -EAGAIN: not yet, and
 * @err says why; -EINVAL: that is no address. */
int ready_try(const char *url, struct error *err);

/* --- events.c ----------------------------------------------------------------------- */

/* Adds one event, encoded where this machine has it. -EINVAL, -E2BIG: it is none. */
int event_add(struct eventlist *l, const char *event, struct error *err);

/* --- counting.c --------------------------------------------------------------------- */

bool counting_wanted(const struct running *r);
int counting_open(struct running *r, pid_t pid, struct error *err);
/* Sets those that were counted. */
void counting_values(struct running *r);

/* --- valgrind.c --------------------------------------------------------------------- */

char *valgrind_option(const char *folder);
/* The command under valgrind; the words are borrowed. */
char **valgrind_argv(const struct bench *b, char *const *command);
/* Instructions of all processes, from the files that it left; removes them. */
int valgrind_read(const struct bench *b, double *ret_instructions, struct error *err);
/* Of one such file: the number behind "summary:". 0, -EBADMSG. */
int cachegrind_parse(const char *data, size_t n, uint64_t *ret_instructions);
