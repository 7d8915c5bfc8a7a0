/* profd record: launch, sample, unwind, name, write. The order is the one in which things can fail:
 * everything that may be wrong with profd's own side is found before the workload runs. */
#include "cmd.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <profd/clock.h>
#include <profd/counter.h>
#include <profd/io.h>
#include <profd/launch.h>
#include <profd/number.h>
#include <profd/raw.h>
#include <profd/recorder.h>
#include <profd/report.h>
#include <profd/sampler.h>
#include <profd/session.h>
#include <profd/source.h>
#include <profd/text.h>

#define RECORDER_NICE (-10)
#define DEFAULT_HZ 499 /* a prime: does not beat with what ticks at 100, 250 or 1000 Hz */

enum {
	EXIT_TIMEOUT = 124,
	EXIT_PROFD = 125,
	EXIT_NOT_EXECUTABLE = 126,
	EXIT_NOT_FOUND = 127
};

static const char USAGE[] =
	"usage: profd record [options] [--] COMMAND [ARGUMENT…]\n"
	"\n"
	"Runs COMMAND, samples it and everything it starts, and writes a profile.\n"
	"\n"
	"  -o, --output DIR       write into DIR (default: profd-out, an earlier one is\n"
	"                         moved to profd-out.old)\n"
	"      --force            write into a DIR that already holds results\n"
	"  -F, --frequency HZ     samples per second of CPU time (default: 499)\n"
	"  -e, --event EVENTS     what to sample (default: cycles, else cpu-clock)\n"
	"      --reach REACH      whom to sample by: cgroup, system or inherit "
	"(default:\n"
	"                         the best that works)\n"
	"      --wait-tree        go on until all processes of COMMAND have ended\n"
	"      --unwind BACKEND   cfi (default), fp, libunwind or libdw\n"
	"      --max-depth N      frames kept of one stack (default: 2048)\n"
	"      --timeout TIME     end COMMAND after TIME (10, 1.5s, 2m); exit status "
	"124\n"
	"      --stat[=EVENTS]    also count events, not sampled; prints a table\n"
	"      --raw FILE         also write a capture, for profd replay\n"
	"      --raw-limit SIZE   let FILE grow to SIZE at most (64M; default: 1G)\n"
	"      --annotate         mark frames in cpu.folded: _[k] kernel, _[i] inlined, "
	"_[j] JIT\n"
	"      --require-profile  exit with 125 when no profile could be written\n"
	"  -q, --quiet            no summary line\n"
	"  -v, --verbose          say how it is done\n"
	"  -h, --help             this text\n"
	"\n"
	"PROFD_OUTPUT, PROFD_FREQUENCY and so on in the environment stand for options\n"
	"that take a value. The exit status is COMMAND's own. Manual: man profd-record\n";

struct options {
	const char *dir;
	bool force, annotate, require_profile, quiet, verbose, help, wait_tree;
	struct sampler_options sampler;
	enum unwind_backend unwind;
	uint32_t max_depth;
	uint64_t timeout_ns;
	const char *stat; /* events to be counted, or NULL */
	char *events;	  /* what sampler.event points to; owned */
	bool events_set;  /* by the command line, not by the environment */
	const char *raw;  /* file of the capture, or NULL */
	uint64_t raw_limit_bytes;
	char **command;
};

static const struct {
	const char *name;
	enum unwind_backend backend;
} backends[] = {{"cfi", UNWIND_CFI},
		{"fp", UNWIND_FP},
		{"libunwind", UNWIND_LIBUNWIND},
		{"libdw", UNWIND_LIBDW}};

static int parse_frequency(const char *s, uint32_t *ret_hz)
{
	uint32_t max = sampler_max_hz();
	uint64_t v;
	int code = number_parse_u64(s, 1, max, &v);

	if (code == -ERANGE)
		return cmd_usage_error(
			EXIT_PROFD, "record",
			"-F %s is outside of what this kernel allows: 1 to %u Hz "
			"(kernel.perf_event_max_sample_rate)",
			s, max);
	if (code < 0)
		return cmd_usage_error(EXIT_PROFD, "record",
				       "-F wants a number, not '%s'", s);
	*ret_hz = (uint32_t)v;
	return 0;
}

/* The kernel lowers its limit by itself when sampling interrupts take long. That keeps nobody's job from
 * running; run.json has the frequency. */
static uint32_t default_frequency(void)
{
	uint32_t max = sampler_max_hz();

	return max && max < DEFAULT_HZ ? max : DEFAULT_HZ;
}

static int parse_backend(const char *s, enum unwind_backend *ret_backend)
{
	for (size_t i = 0; i < ARRAY_SIZE(backends); i++) {
		if (!strcmp(backends[i].name, s)) {
			*ret_backend = backends[i].backend;
			return 0;
		}
	}
	return cmd_usage_error(EXIT_PROFD, "record",
			       "--unwind knows cfi, fp, libunwind and libdw, not '%s'",
			       s);
}

static int parse_reach(const char *s, enum reach *ret_reach)
{
	for (enum reach r = REACH_ANY + 1; r < REACH_COUNT; r++) {
		if (!strcmp(reach_name(r), s)) {
			*ret_reach = r;
			return 0;
		}
	}
	return cmd_usage_error(EXIT_PROFD, "record",
			       "--reach knows cgroup, system and inherit, not '%s'", s);
}

static int parse_depth(const char *s, uint32_t *ret_depth)
{
	uint64_t v;

	if (number_parse_u64(s, 1, SESSION_DEPTH_MAX, &v))
		return cmd_usage_error(
			EXIT_PROFD, "record",
			"--max-depth wants a number from 1 to %d, not '%s'",
			SESSION_DEPTH_MAX, s);
	*ret_depth = (uint32_t)v;
	return 0;
}

static int parse_timeout(const char *s, uint64_t *ret_ns)
{
	if (number_parse_duration_ns(s, ret_ns) || !*ret_ns)
		return cmd_usage_error(
			EXIT_PROFD, "record",
			"--timeout wants a time like 10, 1.5s or 2m, not '%s'", s);
	return 0;
}

static int parse_raw(const char *s, const char **ret_path)
{
	if (!*s)
		return cmd_usage_error(EXIT_PROFD, "record",
				       "--raw wants a file, not ''");
	*ret_path = s;
	return 0;
}

static int parse_raw_limit(const char *s, uint64_t *ret_bytes)
{
	if (number_parse_size(s, RECORDER_LIMIT_MIN_BYTES, INT64_MAX, ret_bytes))
		return cmd_usage_error(
			EXIT_PROFD, "record",
			"--raw-limit wants a size of at least 1M, like 64M or 2G, not "
			"'%s'",
			s);
	return 0;
}

enum {
	OPT_FORCE = 256,
	OPT_UNWIND,
	OPT_DEPTH,
	OPT_TIMEOUT,
	OPT_STAT,
	OPT_ANNOTATE,
	OPT_REQUIRE,
	OPT_REACH,
	OPT_WAIT_TREE,
	OPT_RAW,
	OPT_RAW_LIMIT,
};

static const struct option long_options[] = {
	{"output", required_argument, NULL, 'o'},
	{"force", no_argument, NULL, OPT_FORCE},
	{"frequency", required_argument, NULL, 'F'},
	{"event", required_argument, NULL, 'e'},
	{"reach", required_argument, NULL, OPT_REACH},
	{"wait-tree", no_argument, NULL, OPT_WAIT_TREE},
	{"unwind", required_argument, NULL, OPT_UNWIND},
	{"max-depth", required_argument, NULL, OPT_DEPTH},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"stat", optional_argument, NULL, OPT_STAT},
	{"raw", required_argument, NULL, OPT_RAW},
	{"raw-limit", required_argument, NULL, OPT_RAW_LIMIT},
	{"annotate", no_argument, NULL, OPT_ANNOTATE},
	{"require-profile", no_argument, NULL, OPT_REQUIRE},
	{"quiet", no_argument, NULL, 'q'},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* Each -e adds to the list; what the environment says is the list only when there is none. */
static int add_events(struct options *o, const char *list)
{
	char *all = o->events_set ? xasprintf("%s,%s", o->events, list) : xstrdup(list);

	free(o->events);
	o->events = all;
	o->sampler.event = all;
	return 0;
}

static int parse_option(struct options *o, int c)
{
	switch (c) {
	case 'o':
		o->dir = optarg;
		if (!*optarg)
			return cmd_usage_error(EXIT_PROFD, "record",
					       "-o wants a directory, not ''");
		return 0;
	case 'F':
		return parse_frequency(optarg, &o->sampler.hz);
	case 'e':
		return add_events(o, optarg);
	case OPT_FORCE:
		o->force = true;
		return 0;
	case OPT_REACH:
		return parse_reach(optarg, &o->sampler.reach);
	case OPT_WAIT_TREE:
		o->wait_tree = true;
		return 0;
	case OPT_UNWIND:
		return parse_backend(optarg, &o->unwind);
	case OPT_DEPTH:
		return parse_depth(optarg, &o->max_depth);
	case OPT_TIMEOUT:
		return parse_timeout(optarg, &o->timeout_ns);
	case OPT_STAT:
		o->stat = optarg && *optarg ? optarg : COUNTERS_DEFAULT;
		return 0;
	case OPT_RAW:
		return parse_raw(optarg, &o->raw);
	case OPT_RAW_LIMIT:
		return parse_raw_limit(optarg, &o->raw_limit_bytes);
	case OPT_ANNOTATE:
		o->annotate = true;
		return 0;
	case OPT_REQUIRE:
		o->require_profile = true;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	default:
		return EXIT_PROFD;
	}
}

/* Options that take a value may come from the environment, PROFD_MAX_DEPTH for --max-depth; what the
 * command line says wins. */
static int parse_environment(struct options *o)
{
	for (const struct option *l = long_options; l->name; l++) {
		_cleanup_free_ char *name = xasprintf("PROFD_%s", l->name);
		int status;

		for (char *c = name; *c; c++)
			*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
		if (l->has_arg == no_argument || !getenv(name))
			continue;
		optarg = getenv(name);
		status = parse_option(o, l->val);
		if (!status)
			continue;
		fprintf(stderr, "profd: hint: the environment says %s=%s\n", name,
			optarg);
		return status;
	}
	return 0;
}

static int parse_options(struct options *o, int argc, char **argv)
{
	int c, status;

	*o = (struct options){.sampler.hz = default_frequency(),
			      .unwind = UNWIND_CFI,
			      .raw_limit_bytes = RECORDER_LIMIT_DEFAULT_BYTES};
	status = parse_environment(o);
	if (status)
		return status;
	/* '+': options end at the command, whose own options are not ours. */
	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:o:F:e:qvh", long_options, NULL)) != -1) {
		if (c == ':')
			return cmd_usage_error(EXIT_PROFD, "record", "'%s' wants a value",
					       argv[optind - 1]);
		if (c == '?')
			return cmd_usage_error(EXIT_PROFD, "record",
					       "unknown option '%s'", argv[optind - 1]);
		status = parse_option(o, c);
		o->events_set |= c == 'e';
		if (status || o->help)
			return status;
	}
	if (optind == argc)
		return cmd_usage_error(EXIT_PROFD, "record",
				       "a command is missing: profd record -- COMMAND");
	if (o->raw && o->unwind != UNWIND_CFI && o->unwind != UNWIND_FP)
		return cmd_usage_error(EXIT_PROFD, "record",
				       "--raw goes with --unwind cfi and fp only: what "
				       "%s reads cannot be replayed",
				       backends[o->unwind].name);
	o->command = argv + optind;
	return 0;
}

/* --- one recording ------------------------------------------------------------------------- */

struct recording {
	const struct options *o;
	struct outdir dir;
	struct launch launch;
	struct sampler *sampler;
	struct sampler_event events[SAMPLER_EVENTS_MAX]; /* [sampler's nevents] */
	struct eventlist stat;
	struct counters *counters;
	struct session *session;
	struct source *source;
	struct recorder *recorder; /* NULL without --raw */
	struct host host;
	uint64_t start_wall_ns;
	uint64_t end_ns; /* CLOCK_MONOTONIC, of the recording */
};

static uint64_t timeval_ns(struct timeval t)
{
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_usec * 1000;
}

/* Where sampling is forbidden or out of resources, the job that profd stands in front of goes on
 * without it. What the user asked for by name has to exist. */
static bool may_run_unprofiled(const struct options *o, int code)
{
	if (o->require_profile || code == -EINVAL || code == -E2BIG)
		return false;
	return !o->sampler.reach && !(o->sampler.event && code == -ENOENT);
}

/* What a sample stands for; 0: that differs. */
static uint64_t nominal_period(const struct sampler_info *i)
{
	if (i->period)
		return i->period;
	return i->hardware || !i->hz ? 0 : NSEC_PER_SEC / i->hz;
}

static void read_events(struct recording *r)
{
	for (uint32_t i = 0; i < sampler_info(r->sampler)->nevents; i++)
		sampler_event(r->sampler, i, &r->events[i]);
}

/* Returns 0 with r->session NULL, and err set, when the workload is to run without being sampled. */
static int prepare(struct recording *r, struct error *err)
{
	const struct sampler_info *info;
	struct session_event more[SAMPLER_EVENTS_MAX];
	struct session_options so;
	int code;

	code = r->o->stat ? eventlist_parse(&r->stat, r->o->stat, err) : 0;
	if (code < 0)
		return code;
	code = outdir_open(&r->dir, r->o->dir, r->o->force, err);
	if (code < 0)
		return code;
	if (r->o->raw) {
		r->recorder = recorder_open(r->o->raw, r->o->force, r->o->raw_limit_bytes,
					    err);
		if (!r->recorder)
			return err->code;
	}
	code = launch_start(&r->launch, r->o->command, err);
	if (code < 0)
		return code;
	launch_timeout(&r->launch, r->o->timeout_ns);
	/* After the fork, so for profd alone: buffers are emptied in time although the workload
	 * keeps every CPU busy. Only root may. */
	setpriority(PRIO_PROCESS, 0, RECORDER_NICE);
	if (r->stat.n) {
		r->counters = counters_open(&r->stat, r->launch.pid, err);
		if (!r->counters)
			return err->code;
	}
	r->sampler = sampler_open(&r->o->sampler, r->launch.pid, err);
	if (!r->sampler)
		return may_run_unprofiled(r->o, err->code) ? 0 : err->code;
	info = sampler_info(r->sampler);
	read_events(r);
	r->start_wall_ns = clock_wall_ns();
	so = (struct session_options){
		.unwind = r->o->unwind,
		.max_depth = r->o->max_depth,
		.event = info->event,
		.clock = !info->hardware,
		.period = nominal_period(info),
		.root_pid = (uint32_t)r->launch.pid,
		.start_wall_ns = r->start_wall_ns,
		.user_only = !info->kernel,
		.reach = info->reach,
		.more = more,
		.nmore = info->nevents - 1,
	};
	for (uint32_t i = 0; i < so.nmore; i++)
		more[i] = (struct session_event){r->events[i + 1].name,
						 r->events[i + 1].clock};
	host_read(&r->host);
	if (r->recorder)
		so.outside = recorder_outside(r->recorder);
	r->session = session_new(&so, err);
	if (!r->session)
		return err->code;
	if (r->recorder) {
		recorder_begin(r->recorder, r->session, &so, info, r->events);
		raw_put_begin(r->recorder, r->o->command, &r->host);
	}
	return 0;
}

static void say_how(const struct recording *r)
{
	const struct sampler_info *i;

	if (!r->o->verbose || !r->session)
		return;
	i = sampler_info(r->sampler);
	for (uint32_t k = 0; k < i->nevents; k++) {
		const struct sampler_event *e = &r->events[k];

		if (e->hz)
			fprintf(stderr, "profd: sampling %s at %u Hz on %u CPUs, %s\n",
				e->name, e->hz, i->ncpus,
				e->kernel ? "user and kernel" : "user code only");
		else
			fprintf(stderr, "profd: sampling %s every %llu on %u CPUs, %s\n",
				e->name, (unsigned long long)e->period, i->ncpus,
				e->kernel ? "user and kernel" : "user code only");
		if (k && e->reason[0])
			fprintf(stderr, "profd: why: %s\n", e->reason);
	}
	fprintf(stderr,
		"profd: %zu KiB of buffer per CPU, %zu bytes of stack per sample\n",
		i->ring_bytes / 1024, i->stack_bytes);
	if (i->reason[0])
		fprintf(stderr, "profd: why: %s\n", i->reason);
	fprintf(stderr, "profd: reach: %s%s%s\n", reach_name(i->reach),
		i->reach_reason[0] ? ": " : "", i->reach_reason);
}

static void before_wait(void *arg)
{
	recorder_flush(arg);
}

static int run_loop(struct recording *r)
{
	struct event e;
	int code;

	r->source = source_perf_new(r->sampler, &r->launch, r->o->wait_tree);
	if (r->recorder)
		source_on_wait(r->source, before_wait, r->recorder);
	while ((code = source_next(r->source, &e)) > 0) {
		session_feed(r->session, &e);
		if (r->recorder)
			recorder_event(r->recorder, &e);
		source_hurry(r->source, session_wants_hurry(r->session, e.time_ns));
	}
	r->end_ns = clock_now_ns();
	return code;
}

struct survivors {
	VEC(struct survivor) v;
	const struct procs *procs;
};

/* proc_pid_stat(5): the state follows the name, which may hold anything. One that has ended and waits to
 * be reaped by a stranger is none. */
static bool still_runs(uint32_t pid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/stat", pid);
	_cleanup_free_ char *data = NULL;
	const char *name_end;
	size_t n;

	if (io_slurp(path, 4096, &data, &n) < 0)
		return false;
	name_end = strrchr(data, ')');
	return !name_end || !strchr("ZX", name_end[1] ? name_end[2] : 'Z');
}

static void note_survivor(void *arg, const struct process *p)
{
	struct survivors *s = arg;

	if (p->exited || !still_runs(p->pid))
		return;
	vec_push(&s->v, ((struct survivor){p->pid, procs_name(s->procs, p->comm)}));
}

static void say_result(const struct recording *r, const struct run *run)
{
	const struct quality *q = run->quality;
	struct text t = {0};

	if (r->o->quiet)
		return;
	text_addf(&t, "profd: %llu sample%s in ", (unsigned long long)q->samples,
		  q->samples == 1 ? "" : "s");
	text_add_seconds(&t, (double)run->wall_ns / 1e9);
	text_addf(&t, ", %llu lost, ", (unsigned long long)q->lost);
	if (q->samples)
		text_addf(&t, "%.1f %% of stacks complete, ", 100 * q->complete);
	text_add(&t, run->sampler->event);
	if (!run->sampler->kernel)
		text_addf(&t, " (user code only: %.2f s user, %.2f s system)",
			  (double)q->user_ns / 1e9, (double)q->system_ns / 1e9);
	text_addf(&t, " -> %s/index.html\n", r->dir.path);
	for (uint32_t i = 0; i < run->warnings->v.n; i++)
		text_addf(&t, "profd: warning: %s\n", run->warnings->v.v[i]);
	if (run->nsurvivors)
		text_addf(&t,
			  "profd: %zu of its processes still run, unrecorded from here "
			  "on\n",
			  run->nsurvivors);
	fputs(text_get(&t), stderr);
	text_done(&t);
}

/* Also without a profile. */
static void say_stat(const struct recording *r)
{
	const struct launch *l = &r->launch;
	const struct counter_value *v;
	struct text t = {0};
	size_t n;

	if (!r->counters || r->o->quiet)
		return;
	v = counters_values(r->counters, &n);
	stat_add_table(&t, v, n, l->end_ns - l->start_ns, "profd: ");
	fputs(text_get(&t), stderr);
	text_done(&t);
}

/* Trouble with the capture is told; it changes nothing else. */
static void close_raw(struct recording *r, const struct run *run,
		      const struct raw_totals *totals)
{
	struct error err = {0};

	if (!r->recorder)
		return;
	raw_put_end(r->recorder, run, totals);
	if (recorder_close(r->recorder, &err) < 0)
		cmd_fail(0, &err);
	r->recorder = NULL;
}

static int write_all(struct recording *r, struct error *err)
{
	const struct source_stats *ss = source_stats(r->source);
	const struct launch *l = &r->launch;
	struct survivors survivors = {.procs = session_procs(r->session)};
	struct quality_warnings warnings = {0};
	struct session_totals totals;
	struct raw_totals raw;
	int code;
	struct run run = {
		.command = r->o->command,
		.status = l->status,
		.timed_out = l->timed_out || l->overdue,
		.usage = l->usage,
		.start_wall_ns = r->start_wall_ns,
		.wall_ns = l->end_ns - l->start_ns,
		.engine = "perf",
		.sampler = sampler_info(r->sampler),
		.events = r->events,
		.nevents = sampler_info(r->sampler)->nevents,
		.unwinder = backends[r->o->unwind].name,
		.warnings = &warnings,
		.host = &r->host,
		.exit_ns = l->end_ns,
		.annotate = r->o->annotate,
	};

	read_events(r);
	for (size_t i = 0; i < run.nevents; i++) {
		if (!r->events[i].clock && r->events[i].count_known)
			session_total(r->session, (uint32_t)i, r->events[i].count);
	}
	session_losses(r->session,
		       r->events[0].lost_known ? r->events[0].lost : UINT64_MAX,
		       ss->broken, ss->late);
	if (r->counters)
		run.stat = counters_values(r->counters, &run.nstat);
	totals = (struct session_totals){
		.duration_ns = r->o->wait_tree && r->end_ns > l->end_ns
				       ? r->end_ns - l->start_ns
				       : run.wall_ns,
		.counted_ns = sampler_counted_ns(r->sampler),
		.user_ns = timeval_ns(l->usage.ru_utime),
		.system_ns = timeval_ns(l->usage.ru_stime),
	};
	raw = (struct raw_totals){
		.start_ns = l->start_ns,
		.session = totals,
		.broken = ss->broken,
		.late = ss->late,
	};
	run.profile = session_finish(r->session, &totals);
	run.quality = session_quality(r->session);
	quality_warn(run.quality, &warnings);
	procs_each(survivors.procs, note_survivor, &survivors);
	run.survivors = survivors.v.v;
	run.nsurvivors = survivors.v.n;
	close_raw(r, &run, &raw);
	code = artifacts_write(&r->dir, &run, err);
	if (code == 0)
		say_result(r, &run);
	vec_done(&survivors.v);
	quality_warnings_done(&warnings);
	return code;
}

static void finish(struct recording *r)
{
	source_free(r->source);
	recorder_discard(r->recorder);
	session_free(r->session);
	sampler_close(r->sampler);
	counters_close(r->counters);
	eventlist_done(&r->stat);
	launch_done(&r->launch);
	outdir_close(&r->dir);
}

/* The workload ran: its status is ours, whatever became of the profile. */
static int end_like_workload(struct recording *r, int trouble)
{
	int status = r->launch.status;
	bool timed_out = r->launch.timed_out, require = r->o->require_profile;

	finish(r);
	if (trouble && require)
		return EXIT_PROFD;
	if (timed_out)
		return EXIT_TIMEOUT;
	if (WIFSIGNALED(status)) {
		fflush(NULL);
		launch_die_alike(status);
	}
	return WEXITSTATUS(status);
}

static int exec_failed(struct recording *r, int code, const struct error *err)
{
	launch_wait(&r->launch);
	outdir_discard(&r->dir);
	finish(r);
	return cmd_fail(code == -ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE, err);
}

/* Samples until the workload has ended, and writes. A negative errno is told already. */
static int sample_and_write(struct recording *r)
{
	struct error err = {0};
	int code = run_loop(r), written;

	if (code < 0) {
		error_set(&err, code, "sampling stopped early: %s", strerror(-code));
		cmd_fail(0, &err);
		launch_wait(&r->launch);
	}
	if (r->counters)
		counters_read(r->counters);
	written = write_all(r, &err);
	if (written < 0)
		cmd_fail(0, &err);
	return code < 0 ? code : written;
}

static void say_unprofiled(const struct error *why)
{
	struct error err;

	error_set(&err, why->code, "%s: the workload runs without being profiled",
		  why->text);
	error_hint(&err, "%s", why->hint);
	cmd_fail(0, &err);
}

static int record(const struct options *o)
{
	struct recording r = {.o = o, .dir.fd = -1};
	struct error err = {0};
	int code = prepare(&r, &err);

	if (code < 0) {
		outdir_discard(&r.dir);
		finish(&r);
		return cmd_fail(EXIT_PROFD, &err);
	}
	if (!r.session) {
		outdir_discard(&r.dir);
		say_unprofiled(&err);
	}
	say_how(&r);
	if (r.session)
		sampler_start(r.sampler);
	code = launch_exec(&r.launch, &err);
	if (code < 0)
		return exec_failed(&r, code, &err);
	if (r.session && r.dir.moved_to && !o->quiet)
		fprintf(stderr, "profd: moved the earlier %s to %s\n", r.dir.path,
			r.dir.moved_to);
	if (r.session) {
		code = sample_and_write(&r);
	} else {
		launch_wait(&r.launch);
		if (r.counters)
			counters_read(r.counters);
		code = -ENODATA;
	}
	say_stat(&r);
	return end_like_workload(&r, code);
}

int cmd_record(int argc, char **argv)
{
	struct options o;
	int status = parse_options(&o, argc, argv);

	if (!status && o.help)
		fputs(USAGE, stdout);
	else if (!status)
		status = record(&o);
	free(o.events);
	return status;
}
