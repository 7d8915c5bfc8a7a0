/* A workload that can be run: what is looked up and made once, and which launches make one
 * run of it. */
#include "bench-priv.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <profd/program.h>
#include <profd/clock.h>
#include <profd/io.h>
#include <profd/number.h>

/* --- isolation ---------------------------------------------------------------------- */

void means_set(struct bench *b, const char *name, bool applied, const char *fmt, ...)
{
	struct bench_means *m = NULL;
	va_list ap;

	for (uint32_t i = 0; i < b->means.n && !m; i++) {
		if (!strcmp(b->means.v[i].name, name))
			m = &b->means.v[i];
	}
	if (!m) {
		m = vec_add(&b->means);
		m->name = xstrdup(name);
	}
	m->applied = applied;
	va_start(ap, fmt);
	vsnprintf(m->detail, sizeof(m->detail), fmt, ap);
	va_end(ap);
}

const struct bench_means *bench_means(const struct bench *b, uint32_t *ret_n)
{
	*ret_n = b->means.n;
	return b->means.v;
}

/* "0,2-3". Returns 0 or -EINVAL. */
static int cpus_parse(const char *s, cpu_set_t *set)
{
	CPU_ZERO(set);
	while (*s) {
		char *end;
		unsigned long first = strtoul(s, &end, 10), last = first;

		if (end == s || *s < '0' || *s > '9')
			return -EINVAL;
		s = end;
		if (*s == '-') {
			s++;
			last = strtoul(s, &end, 10);
			if (end == s || *s < '0' || *s > '9')
				return -EINVAL;
			s = end;
		}
		if (last < first || last >= CPU_SETSIZE || (*s && *s != ','))
			return -EINVAL;
		for (unsigned long i = first; i <= last; i++)
			CPU_SET(i, set);
		s += *s == ',';
	}
	return CPU_COUNT(set) ? 0 : -EINVAL;
}

static int cpus_given(struct bench *b, const char *cpus, struct error *err)
{
	cpu_set_t set, both;

	if (cpus_parse(cpus, &set) < 0)
		return error_set(err, -EINVAL, "'%s' is no list of CPUs such as 0,2-3",
				 cpus);
	CPU_AND(&both, &set, &b->all);
	if (!CPU_EQUAL(&both, &set)) {
		error_set(err, -EINVAL, "not all of the CPUs %s may be used here", cpus);
		error_hint(err, "'taskset -cp $$' tells which may be");
		return -EINVAL;
	}
	CPU_XOR(&b->own, &b->all, &set);
	if (!CPU_COUNT(&b->own))
		b->own = b->all;
	b->cpus = xstrdup(cpus);
	return 0;
}

static int cpus_choose(struct bench *b, struct error *err)
{
	const struct bench_isolation *i = &b->options.isolation;
	int last = 0;

	CPU_ZERO(&b->all);
	if (!i->pin)
		return 0;
	if (sched_getaffinity(0, sizeof(b->all), &b->all) < 0) {
		means_set(b, "CPU pinning", false, "%s", strerror(errno));
		return 0;
	}
	if (i->cpus)
		return cpus_given(b, i->cpus, err);
	if (CPU_COUNT(&b->all) < 2) {
		means_set(b, "CPU pinning", false, "there is one CPU only");
		return 0;
	}
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		last = CPU_ISSET(cpu, &b->all) ? cpu : last;
	b->own = b->all;
	CPU_CLR(last, &b->own);
	b->cpus = xasprintf("%d", last);
	return 0;
}

/* Layout luck is to be noise: each run has another layout, unless the machine was told
 * otherwise. Documentation/admin-guide/sysctl/kernel.rst, randomize_va_space. */
static void aslr_look(struct bench *b)
{
	_cleanup_free_ char *data = NULL;
	size_t n;

	if (io_slurp("/proc/sys/kernel/randomize_va_space", 64, &data, &n) < 0)
		means_set(b, "ASLR on, for times", false, "not known here");
	else if (data[0] == '0')
		means_set(b, "ASLR on, for times", false,
			  "kernel.randomize_va_space is 0: all runs have one layout, "
			  "lucky or not");
	else
		means_set(b, "ASLR on, for times", true,
			  "each run has a layout of its own");
}

/* Documentation/admin-guide/pm/cpufreq.rst; most virtual machines show none. */
static void governor_look(struct bench *b)
{
	_cleanup_free_ char *data = NULL;
	size_t n;

	if (io_slurp("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", 64, &data,
		     &n) < 0)
		return;
	data[strcspn(data, "\n")] = '\0';
	if (!strcmp(data, "performance"))
		means_set(b, "steady CPU frequency", true, "governor performance");
	else
		means_set(b, "steady CPU frequency", false,
			  "the governor is '%s': cpupower frequency-set -g performance",
			  data);
}

/* The C library chooses code by the CPU, and by this. */
static void tunables_look(struct bench *b)
{
	const char *tunables = getenv("GLIBC_TUNABLES");

	for (uint32_t i = 0; i < b->w->nenv; i++) {
		if (!strcmp(b->w->env[i].name, "GLIBC_TUNABLES"))
			tunables = b->w->env[i].value;
	}
	if (tunables && *tunables)
		means_set(b, "GLIBC_TUNABLES", true, "%s", tunables);
}

/* --- opening ------------------------------------------------------------------------ */

static int events_find(struct bench *b, struct error *err)
{
	const struct config_workload *w = b->w;

	for (uint32_t i = 0; i < w->nmetrics; i++) {
		const struct config_metric *m = &w->metrics[i];
		struct error why = {0};
		int code;

		if (m->from != CONFIG_FROM_PERF)
			continue;
		code = event_add(&b->events, m->event, &why);
		if (code < 0) {
			error_set(err, code, "the metric '%s': %s", m->name, why.text);
			error_hint(err, "%s", why.hint);
			return code;
		}
	}
	return 0;
}

static int folder_make(struct bench *b, struct error *err)
{
	const char *tmp = getenv("TMPDIR");
	char *folder = xasprintf("%s/profd-bench-XXXXXX", tmp && *tmp ? tmp : "/tmp");

	if (!mkdtemp(folder)) {
		int code = -errno;

		error_set(err, code, "cannot make a folder '%s': %s", folder,
			  strerror(-code));
		error_hint(err, "TMPDIR names another place");
		free(folder);
		return code;
	}
	b->folder = folder;
	b->metrics_path = xasprintf("%s/metrics", folder);
	b->valgrind_option = valgrind_option(folder);
	return 0;
}

static int http_find(struct bench *b, struct error *err)
{
	const char *url = b->w->server.ready_url;

	if (!url || strncmp(url, "http", 4) != 0)
		return 0;
	b->fetch = program_find("profd-fetch", err);
	if (b->fetch)
		return 0;
	error_hint(err, "profd was built without libcurl? A command can be 'ready', too");
	return -ENOENT;
}

int bench_open(struct bench **ret, const struct config_workload *w,
	       const struct bench_options *o, struct error *err)
{
	struct bench *b = xcalloc(1, sizeof(*b));
	int code;

	b->w = w;
	b->options = *o;
	b->units = xcalloc(w->nmetrics + 1, sizeof(*b->units));
	interrupt_hold();
	b->helper = program_find(HELPER_NAME, err);
	code = b->helper ? 0 : -ENOENT;
	if (code == 0)
		code = http_find(b, err);
	if (code == 0)
		code = cpus_choose(b, err);
	if (code == 0)
		code = events_find(b, err);
	if (code == 0)
		code = folder_make(b, err);
	if (code < 0) {
		bench_close(b);
		return code;
	}
	aslr_look(b);
	governor_look(b);
	tunables_look(b);
	*ret = b;
	return 0;
}

struct bench *bench_close(struct bench *b)
{
	if (!b)
		return NULL;
	if (b->metrics_path)
		unlink(b->metrics_path);
	if (b->folder)
		rmdir(b->folder);
	for (uint32_t i = 0; i < b->means.n; i++)
		free((void *)b->means.v[i].name);
	vec_done(&b->means);
	for (uint32_t i = 0; i < b->w->nmetrics; i++)
		free(b->units[i]);
	free(b->units);
	eventlist_done(&b->events);
	free(b->helper);
	free(b->fetch);
	free(b->cpus);
	free(b->folder);
	free(b->metrics_path);
	free(b->valgrind_option);
	free(b);
	interrupt_release();
	return NULL;
}

const char *bench_unit(const struct bench *b, uint32_t metric)
{
	if (b->units[metric])
		return b->units[metric];
	return metrics_unit(&b->w->metrics[metric]);
}

uint64_t bench_timeout_ns(const struct bench *b)
{
	return b->options.has_tier ? b->w->tiers[b->options.tier].timeout_ns
				   : b->w->timeout_ns;
}

/* --- running ------------------------------------------------------------------------ */

static int launch(struct bench *b, const struct bench_run *how, enum flavour flavour,
		  struct bench_result *result, struct error *err)
{
	struct running r = {.b = b, .how = how, .flavour = flavour, .result = result};

	return running_run(&r, err);
}

static bool has(const struct config_workload *w, enum config_source from, bool exact)
{
	for (uint32_t i = 0; i < w->nmetrics; i++) {
		if (w->metrics[i].from == from && (!exact || w->metrics[i].exact))
			return true;
	}
	return false;
}

/* As is, for exact counters and what the program counts itself; and under valgrind, which
 * nothing else can be measured under. */
static int run_exact(struct bench *b, const struct bench_run *how,
		     struct bench_result *result, struct error *err)
{
	const struct config_workload *w = b->w;
	struct error why = {0};
	int code = 0;

	if (has(w, CONFIG_FROM_PERF, true) || has(w, CONFIG_FROM_PROGRAM, true))
		code = launch(b, how, FLAVOUR_EXACT, result, err);
	if (code == 0 && result->end == BENCH_ENDED &&
	    has(w, CONFIG_FROM_VALGRIND, false))
		code = launch(b, how, FLAVOUR_VALGRIND, result, err);
	if (code < 0 || result->end != BENCH_ENDED)
		return code;
	if (values_of_files(w, how->root, result->values, &why) < 0) {
		result->end = BENCH_METRICS;
		result->error = why;
	}
	return 0;
}

static int run(struct bench *b, const struct bench_run *how, struct bench_result *result,
	       struct error *err)
{
	int sig = bench_interrupted();

	if (sig) {
		result->end = BENCH_INTERRUPTED;
		error_set(&result->error, -EINTR, "ended by SIG%s", sigabbrev_np(sig));
		return 0;
	}
	if (how->exact)
		return run_exact(b, how, result, err);
	return launch(b, how, how->profile_dir ? FLAVOUR_PROFILE : FLAVOUR_PLAIN, result,
		      err);
}

int bench_run(struct bench *b, const struct bench_run *how, struct bench_result *ret,
	      struct error *err)
{
	struct bench_result result = {.steal = (double)NAN};
	uint64_t start_ns = clock_now_ns(), wall_ns;
	struct clock_machine before, after;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int code;

	result.values = xcalloc(b->w->nmetrics + 1, sizeof(*result.values));
	for (uint32_t i = 0; i < b->w->nmetrics; i++)
		result.values[i] = (double)NAN;
	clock_machine(&before);
	if (b->cpus)
		sched_setaffinity(0, sizeof(b->own), &b->own);
	code = run(b, how, &result, err);
	if (b->cpus)
		sched_setaffinity(0, sizeof(b->all), &b->all);
	clock_machine(&after);
	if (code < 0) {
		bench_result_done(&result);
		return code;
	}
	wall_ns = clock_now_ns() - start_ns;
	result.seconds = (double)wall_ns / 1e9;
	if (after.busy_ns && cpus > 0 && wall_ns)
		result.steal = (double)(after.stolen_ns - before.stolen_ns) /
			       ((double)wall_ns * (double)cpus);
	if (result.end == BENCH_ENDED)
		config_derive(b->w, result.values);
	*ret = result;
	return 0;
}

void bench_result_done(struct bench_result *r)
{
	free(r->values);
	free(r->tail);
	*r = (struct bench_result){0};
}
