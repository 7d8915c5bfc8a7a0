/* `profd bench`'s loop over the runs of a workload, and its part of the outcome. */
#include <profd/repeat.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <profd/clock.h>
#include <profd/coin.h>
#include <profd/gate.h>
#include <profd/stats-order.h>
#include <profd/text.h>
#include <profd/vec.h>

#define EXACT_RUNS 2u

struct series {
	VEC(double) plain;
	VEC(double) exact;
};

struct repeat {
	struct bench *b;
	const struct config_workload *w;
	const struct repeat_options *o;
	struct arena *a;
	struct outcome_workload *out;
	struct series *series; /* [w->nmetrics] */
	uint32_t done;	       /* runs that were not dropped */
	double seconds;	       /* that these took */
	double last_seconds;   /* the last run of any kind */
	bool failed;
};

static const char *keep(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

/* --- running ------------------------------------------------------------------------ */

static void tell(const struct repeat *r, enum repeat_phase phase, uint32_t i, uint32_t n)
{
	struct repeat_progress p = {r->w, phase, i, n, (double)NAN};

	if (r->done && phase == REPEAT_RUN)
		p.seconds_left = r->seconds / r->done * (n - i);
	if (r->o->before)
		r->o->before(r->o->arg, &p);
}

static void failure_take(struct repeat *r, const struct bench_result *result)
{
	struct outcome_failure *f = arena_alloc(r->a, sizeof(*f));
	const char *hint = result->error.hint;
	char what[sizeof(result->error.text) + sizeof(result->error.hint) + 4];

	snprintf(what, sizeof(what), "%s%s%s%s", result->error.text, *hint ? " (" : "",
		 hint, *hint ? ")" : "");
	*f = (struct outcome_failure){"head", keep(r->a, what),
				      keep(r->a, result->tail ? result->tail : ""), 1};
	r->out->failures = f;
	r->out->nfailures = 1;
	r->out->verdict = result->end == BENCH_TIMEOUT ? VERDICT_TIMEOUT : VERDICT_FAILED;
	r->out->effect = OUTCOME_FAILS;
	r->failed = true;
}

static void values_take(struct repeat *r, const struct bench_result *result, bool exact)
{
	for (uint32_t i = 0; i < r->w->nmetrics; i++) {
		double v = result->values[i];

		if (!isfinite(v))
			continue;
		if (exact)
			vec_push(&r->series[i].exact, v);
		else
			vec_push(&r->series[i].plain, v);
	}
}

static int run_one(struct repeat *r, enum repeat_phase phase, uint32_t i, uint32_t n,
		   struct error *err)
{
	const struct bench_run how = {
		.root = r->o->root,
		.command = r->o->command,
		.padding_bytes = coin_padding(coin_seed(r->w->name, ""), 0, i,
					      GATE_PADDING_BYTES),
		.exact = phase == REPEAT_EXACT,
	};
	struct bench_result result;
	int code;

	tell(r, phase, i, n);
	code = bench_run(r->b, &how, &result, err);
	if (code < 0)
		return code;
	r->out->seconds += result.seconds;
	r->last_seconds = result.seconds;
	if (result.end == BENCH_INTERRUPTED) {
		code = error_set(err, -EINTR, "%s", result.error.text);
	} else if (result.end != BENCH_ENDED) {
		failure_take(r, &result);
	} else if (phase != REPEAT_WARMUP) {
		values_take(r, &result, phase == REPEAT_EXACT);
		r->seconds += phase == REPEAT_RUN ? result.seconds : 0;
		r->done += phase == REPEAT_RUN;
	}
	bench_result_done(&result);
	return code;
}

/* A first run there has to be, for there to be a value at all. */
static bool in_time(const struct repeat *r, enum repeat_phase phase, uint32_t i)
{
	uint64_t need_ns = (uint64_t)(r->last_seconds * 1e9);

	return !r->o->until_ns || phase == REPEAT_EXACT || (phase == REPEAT_RUN && !i) ||
	       clock_now_ns() + need_ns <= r->o->until_ns;
}

static int run_phase(struct repeat *r, enum repeat_phase phase, uint32_t n,
		     struct error *err)
{
	int code = 0;

	for (uint32_t i = 0; i < n && code == 0 && !r->failed; i++) {
		if (!in_time(r, phase, i))
			return 0;
		code = run_one(r, phase, i, n, err);
	}
	return code;
}

static void note_runs(struct repeat *r, const char **ret_note)
{
	char note[640];

	if (r->failed || r->done >= r->o->runs)
		return;
	snprintf(note, sizeof(note), "%s: the time budget allowed %u of %u runs",
		 r->w->name, r->done, r->o->runs);
	*ret_note = keep(r->a, note);
}

static bool has_exact(const struct config_workload *w)
{
	for (uint32_t i = 0; i < w->nmetrics; i++) {
		if (w->metrics[i].exact || w->metrics[i].from == CONFIG_FROM_VALGRIND)
			return true;
	}
	return false;
}

static int run_profiled(struct repeat *r, const char **ret_note, struct error *err)
{
	const struct bench_run how = {.root = r->o->root,
				      .command = r->o->command,
				      .profile_dir = r->o->profile_dir};
	_cleanup_free_ char *page = xasprintf("%s/index.html", how.profile_dir);
	struct bench_result result;
	char note[640];
	int code;

	tell(r, REPEAT_PROFILE, 0, 1);
	code = bench_run(r->b, &how, &result, err);
	if (code < 0)
		return code;
	r->out->seconds += result.seconds;
	if (result.end == BENCH_INTERRUPTED) {
		code = error_set(err, -EINTR, "%s", result.error.text);
	} else if (access(page, F_OK) == 0) {
		r->out->head_profile = how.profile_dir;
	} else {
		snprintf(note, sizeof(note), "%s was not profiled%s%s", r->w->name,
			 result.error.text[0] ? ": " : "", result.error.text);
		*ret_note = keep(r->a, note);
	}
	bench_result_done(&result);
	return code;
}

/* --- the outcome -------------------------------------------------------------------- */

static bool all_equal(const double *v, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		if (v[i] != v[0]) /* exact by definition */
			return false;
	}
	return n > 0;
}

static const struct trial_pair *pairs_of(struct arena *a, const double *v, uint32_t n)
{
	struct trial_pair *p = arena_alloc(a, ((size_t)n + 1) * sizeof(*p));

	for (uint32_t i = 0; i < n; i++)
		p[i] = (struct trial_pair){(double)NAN, v[i]};
	return p;
}

static void metric_values(struct repeat *r, uint32_t i, struct outcome_metric *m)
{
	const struct config_metric *c = &r->w->metrics[i];
	struct series *s = &r->series[i];
	bool exact = s->exact.n && (all_equal(s->exact.v, s->exact.n) || !s->plain.n);
	double *v = exact ? s->exact.v : s->plain.v, iqr;
	uint32_t n = exact ? s->exact.n : s->plain.n;

	m->exact = exact && all_equal(v, n);
	if (c->exact && s->exact.n && !m->exact)
		m->note = "said to be exact, and it did not repeat";
	m->pairs = n;
	m->values = pairs_of(r->a, v, n);
	m->nvalues = n;
	if (!n) {
		m->note = "not measured here";
		return;
	}
	gate_budget_hold(&m->budget, gate_stat(c->stat, v, n));
	order_sort(v, n);
	m->head = order_median(v, n);
	iqr = order_iqr(v, n) / 1.349;
	m->ratio = v[0] > 0;
	if (n > 1)
		m->spread = m->ratio ? iqr / m->head : iqr;
}

static void metric_fill(struct repeat *r, uint32_t i, struct outcome_metric *m)
{
	static const struct outcome_interval nothing = {(double)NAN, (double)NAN,
							(double)NAN, (double)NAN};
	const struct config_metric *c = &r->w->metrics[i];

	*m = (struct outcome_metric){
		.name = c->name,
		.unit = keep(r->a, bench_unit(r->b, i)),
		.stat = config_stat_word(c->stat),
		.bigger_is_better = c->direction == CONFIG_BIGGER,
		.verdict = VERDICT_MEASURED,
		.ratio = true, /* until a value is not above 0 */
		.threshold = c->has_threshold ? c->threshold : (double)NAN,
		.threshold_units = c->difference > 0 ? c->difference : (double)NAN,
		.base = (double)NAN,
		.head = (double)NAN,
		.decided = nothing,
		.first = nothing,
		.drift = nothing,
		.lower = (double)NAN,
		.lower_level = (double)NAN,
		.upper = (double)NAN,
		.upper_level = (double)NAN,
		.spread = (double)NAN,
		.detectable = (double)NAN,
		.pairs_needed = UINT32_MAX,
	};
	gate_budget(c, r->o->strictness, &m->budget);
	metric_values(r, i, m);
	if (m->budget.given && !m->nvalues)
		m->note = "not measured here, so that its budget was not judged";
	m->effect = gate_effect(&c->policy, m->verdict, m->budget.exceeded);
}

static const char *command_text(struct repeat *r)
{
	const struct config_command *c = r->o->command ? r->o->command : &r->w->command;
	struct text t = {0};
	const char *kept;

	config_command_add(&t, c);
	kept = keep(r->a, text_get(&t));
	text_done(&t);
	return kept;
}

static void outcome_fill(struct repeat *r)
{
	struct outcome_workload *out = r->out;
	struct outcome_metric *m = arena_alloc(r->a,
					       ((size_t)r->w->nmetrics + 1) * sizeof(*m));

	out->name = r->w->name;
	out->group = r->w->group;
	out->variant = r->w->variant;
	out->description = r->w->description;
	out->command = command_text(r);
	out->runs = r->done;
	out->warmup = r->o->warmup;
	out->metrics = m;
	out->nmetrics = r->w->nmetrics;
	for (uint32_t i = 0; i < r->w->nmetrics; i++) {
		metric_fill(r, i, &m[i]);
		if (m[i].effect > out->effect)
			out->effect = m[i].effect;
	}
}

int repeat_workload(struct bench *b, const struct config_workload *w,
		    const struct repeat_options *o, struct arena *a,
		    struct outcome_workload *ret, const char **ret_note,
		    struct error *err)
{
	struct repeat r = {.b = b, .w = w, .o = o, .a = a, .out = ret};
	int code;

	*ret = (struct outcome_workload){.verdict = VERDICT_MEASURED};
	*ret_note = NULL;
	r.series = xcalloc((size_t)w->nmetrics + 1, sizeof(*r.series));
	code = run_phase(&r, REPEAT_WARMUP, o->warmup, err);
	if (code == 0 && has_exact(w))
		code = run_phase(&r, REPEAT_EXACT, EXACT_RUNS, err);
	if (code == 0)
		code = run_phase(&r, REPEAT_RUN, o->runs, err);
	if (code == 0)
		note_runs(&r, ret_note);
	if (code == 0 && !r.failed && o->profile_dir && in_time(&r, REPEAT_PROFILE, 0))
		code = run_profiled(&r, ret_note, err);
	outcome_fill(&r);
	for (uint32_t i = 0; i < w->nmetrics; i++) {
		vec_done(&r.series[i].plain);
		vec_done(&r.series[i].exact);
	}
	free(r.series);
	return code;
}
