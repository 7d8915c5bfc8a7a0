/* How good the profile is: figures that need all of it, and the sentences drawn from
 * them. */
#include "session-priv.h"

#include <stdarg.h>
#include <string.h>

#include <profd/text.h>

/* Inclusive weight of every stack node: children have higher ids than their parents, so
 * one pass downwards sums the tree. The caller frees. */
static int64_t *node_weights(const struct profile *p, unsigned value)
{
	int64_t *w = xcalloc(p->stacks.n ? p->stacks.n : 1, sizeof(*w));

	for (uint32_t i = 1; i < p->samples.n; i++)
		w[p->samples.v[i].stack] += p->values.v[(size_t)i * p->nvalues + value];
	for (uint32_t i = p->stacks.n; i-- > 1;)
		w[p->stacks.v[i].parent] += w[i];
	return w;
}

/* The one that has read the symbols already. */
static struct objfile *named_by(const struct session_module *m)
{
	return m->handle ? m->handle : m->obj;
}

static const char *module_symbols(struct session *ses, const struct session_module *m)
{
	if (m->kind == MODULE_KERNEL)
		return symbolizer_has_kernel(ses->symbolizer) ? "kallsyms" : "none";
	if (m->kind == VMA_JIT)
		return "perf map";
	return m->obj ? symbol_source_name(objfile_symbol_source(named_by(m))) : "none";
}

static int by_weight(const void *pa, const void *pb)
{
	const struct quality_module *a = pa, *b = pb;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return strcmp(a->path, b->path);
}

/* Rows of one file, though it has a mapping per segment or, for JIT code, per process. */
static struct quality_module *module_row(struct session *ses, mapping_id id)
{
	const struct profile *p = ses->profile;
	const struct session_module *m = &ses->modules.v[id];
	const char *path = profile_text(p, p->mappings.v[id].filename);
	const char *build_id = profile_text(p, p->mappings.v[id].build_id);
	struct quality_module *row;

	for (uint32_t i = 0; i < ses->quality.modules.n; i++) {
		row = &ses->quality.modules.v[i];
		if (!strcmp(row->path, path) && !strcmp(row->build_id, build_id))
			return row;
	}
	row = vec_add(&ses->quality.modules);
	row->path = path;
	row->build_id = build_id;
	row->symbols = module_symbols(ses, m);
	row->lines = m->obj && objfile_has_lines(named_by(m));
	return row;
}

static void modules_finish(struct session *ses, unsigned value)
{
	const struct profile *p = ses->profile;
	struct quality *q = &ses->quality;
	int64_t *node = node_weights(p, value), *total, *named;
	int64_t all = 0, all_named = 0;

	total = xcalloc(p->mappings.n, sizeof(*total));
	named = xcalloc(p->mappings.n, sizeof(*named));
	for (uint32_t i = 1; i < p->stacks.n; i++) {
		const struct location *l = &p->locations.v[p->stacks.v[i].location];

		if (l->flags & LOCATION_LABEL)
			continue;
		total[l->mapping] += node[i];
		all += node[i];
		if (l->flags & LOCATION_UNRESOLVED)
			continue;
		named[l->mapping] += node[i];
		all_named += node[i];
	}
	for (mapping_id id = 1; id < p->mappings.n && id < ses->modules.n; id++) {
		struct quality_module *row;

		if (!total[id])
			continue;
		row = module_row(ses, id);
		row->weight += total[id];
		row->resolved += named[id];
		row->no_cfi += ses->modules.v[id].no_cfi;
	}
	if (q->modules.n)
		qsort(q->modules.v, q->modules.n, sizeof(*q->modules.v), by_weight);
	q->resolved = all ? (double)all_named / (double)all : 0;
	free(node);
	free(total);
	free(named);
}

/* One stack may be in several rows, of different threads. */
static uint64_t count_stacks(const struct profile *p)
{
	bool *seen = xcalloc(p->stacks.n ? p->stacks.n : 1, sizeof(*seen));
	uint64_t n = 0;

	for (uint32_t i = 1; i < p->samples.n; i++) {
		stack_id s = p->samples.v[i].stack;

		n += !seen[s];
		seen[s] = true;
	}
	free(seen);
	return n;
}

static void count_sampled(void *arg, const struct process *p)
{
	*(uint32_t *)arg += p->sampled;
}

void quality_finish(struct session *ses)
{
	struct quality *q = &ses->quality;
	int64_t with_user = q->weight - q->stop[STOP_NO_USER];

	q->complete = with_user > 0 ? (double)q->stop[STOP_END] / (double)with_user : 0;
	q->stacks = count_stacks(ses->profile);
	q->locations = ses->profile->locations.n - 1;
	procs_each(ses->procs, count_sampled, &q->processes);
	q->missing_files = procs_missing_files(ses->procs);
	q->unwind = *unwinder_stats(ses->unwinder);
	modules_finish(ses, 1);
}

/* --- warnings ----------------------------------------------------------------------- */

#define THIN_SAMPLES 200 /* a 10 % function then has +-4 points at 95 % confidence */

static double percent(int64_t part, int64_t whole)
{
	return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

void quality_warnf(struct quality_warnings *w, const char *fmt, ...)
{
	struct text t = {0};
	va_list ap;

	va_start(ap, fmt);
	text_vaddf(&t, fmt, ap);
	va_end(ap);
	vec_push(&w->v, xstrdup(text_get(&t)));
	text_done(&t);
}

static void warn_stacks(const struct quality *q, struct quality_warnings *w)
{
	int64_t user = q->weight - q->stop[STOP_NO_USER];

	if (user <= 0 || q->complete >= 0.95)
		return;
	quality_warnf(
		w,
		"only %.1f %% of the stacks reach their root (truncated %.1f %%, no "
		"unwind "
		"info %.1f %%, bad stack %.1f %%, too deep %.1f %%, unmapped %.1f %%): "
		"callers near the root are missing%s",
		100 * q->complete, percent(q->stop[STOP_TRUNCATED], user),
		percent(q->stop[STOP_NO_CFI], user), percent(q->stop[STOP_BAD_SP], user),
		percent(q->stop[STOP_DEPTH], user), percent(q->stop[STOP_NO_MAP], user),
		q->stop[STOP_DEPTH] * 20 > user ? "; raise --max-depth" : "");
}

static void warn_names(const struct quality *q, struct quality_warnings *w)
{
	const struct quality_module *worst = NULL;

	if (q->resolved >= 0.8)
		return;
	for (uint32_t i = 0; i < q->modules.n; i++) {
		const struct quality_module *m = &q->modules.v[i];

		if (!worst || m->weight - m->resolved > worst->weight - worst->resolved)
			worst = m;
	}
	if (worst)
		quality_warnf(w,
			      "only %.0f %% of the frames have names; most nameless ones "
			      "are in "
			      "%s: "
			      "install its debug symbols or do not strip it",
			      100 * q->resolved, worst->path);
}

static void warn_losses(const struct quality *q, struct quality_warnings *w)
{
	if (q->lost * 100 > q->samples + q->lost)
		quality_warnf(w,
			      "%llu of %llu samples were lost: lower -F, or raise "
			      "'ulimit -l' for "
			      "larger buffers",
			      (unsigned long long)q->lost,
			      (unsigned long long)(q->samples + q->lost));
	if (q->throttled)
		quality_warnf(w, "the kernel throttled sampling %llu times: lower -F",
			      (unsigned long long)q->throttled);
}

#define EVENTS_FEW 100u /* seen in part only by chance */

/* At a frequency the kernel finds its pace too slowly for what comes in bursts; and a
 * task that ends before its first period yields nothing. */
static void warn_events(const struct quality *q, struct quality_warnings *w)
{
	for (unsigned i = 0; i < SAMPLER_EVENTS_MAX; i++) {
		const struct quality_event *e = &q->events[i];
		int len = e->name ? (int)(strlen(e->name) - strlen("_sample")) : 0;
		uint64_t total = e->total;

		if (total < EVENTS_FEW || (double)e->weight >= 0.8 * (double)total)
			continue;
		quality_warnf(
			w,
			"the samples of %.*s stand for only %.0f %% of %llu: give it "
			"a period, for instance %.*s:period=%llu",
			len, e->name, 100 * (double)e->weight / (double)total,
			(unsigned long long)total, len, e->name,
			(unsigned long long)(total / 1000 + 1));
	}
}

void quality_warn(const struct quality *q, struct quality_warnings *ret)
{
	coverage_warn(q, ret);
	warn_events(q, ret);
	if (!q->samples && !ret->v.n)
		quality_warnf(ret, "no samples: what is sampled did not amount to one "
				   "sampling period: run longer, raise -F or lower "
				   "period=");
	if (!q->samples) {
		wall_warn(q, ret);
		return;
	}
	if (q->samples < THIN_SAMPLES)
		quality_warnf(ret,
			      "a thin profile, %llu sample%s: percentages are rough; run "
			      "longer or "
			      "raise -F",
			      (unsigned long long)q->samples, q->samples == 1 ? "" : "s");
	warn_losses(q, ret);
	warn_stacks(q, ret);
	wall_warn(q, ret);
	warn_names(q, ret);
}

void quality_warnings_done(struct quality_warnings *w)
{
	for (uint32_t i = 0; i < w->v.n; i++)
		free(w->v.v[i]);
	vec_done(&w->v);
}

/* For readers of the pprof file, who see neither run.json nor the summary. */
void quality_comments(struct session *ses)
{
	const struct quality *q = &ses->quality;
	struct quality_warnings w = {0};
	_cleanup_free_ char *line = xasprintf(
		"profd " PACKAGE_VERSION
		": %s, %llu samples, %llu lost, %.2f %% of the stacks complete, "
		"%.1f %% of the frames named",
		ses->options.event, (unsigned long long)q->samples,
		(unsigned long long)q->lost, 100 * q->complete, 100 * q->resolved);

	profile_comment(ses->profile, line);
	if (q->user_only && q->user_ns + q->system_ns) {
		_cleanup_free_ char *modes = xasprintf(
			"user code only; the kernel counted %.2f s in user and %.2f s in "
			"system mode",
			(double)q->user_ns / 1e9, (double)q->system_ns / 1e9);

		profile_comment(ses->profile, modes);
	}
	quality_warn(q, &w);
	for (uint32_t i = 0; i < w.v.n; i++)
		profile_comment(ses->profile, w.v.v[i]);
	quality_warnings_done(&w);
}
