/* One run of a bout, what it costs, and what it leaves behind when it does not end well. */
#include "gate-priv.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>

#include <profd/text.h>

bool gate_in_time(const struct gate *g, double seconds_more)
{
	uint64_t now;

	if (!g->deadline_ns)
		return true;
	now = g->r->now_ns(g->r->arg);
	return now < g->deadline_ns &&
	       (double)(g->deadline_ns - now) / 1e9 >= seconds_more;
}

const char *gate_keep(struct gate *g, const char *fmt, ...)
{
	struct text t = {0};
	const char *kept;
	va_list ap;

	va_start(ap, fmt);
	text_vaddf(&t, fmt, ap);
	va_end(ap);
	kept = arena_strndup(&g->out->arena, text_get(&t), t.len);
	text_done(&t);
	return kept;
}

/* --- runs that did not end well ------------------------------------------------------- */

static char *what_of(const struct bench_result *x)
{
	if (x->error.text[0])
		return xstrdup(x->error.text);
	if (WIFSIGNALED(x->status)) {
		const char *name = sigabbrev_np(WTERMSIG(x->status));

		return name ? xasprintf("killed by SIG%s", name)
			    : xasprintf("killed by signal %d", WTERMSIG(x->status));
	}
	return xasprintf("exit status %d", WEXITSTATUS(x->status));
}

/* The first of a side is kept. A base that fails before the first pair leaves head to be
 * held against its budgets. */
static void mishap(struct bout *b, const struct gate_run *run,
		   const struct bench_result *x)
{
	struct mishap *m = &b->mishaps[run->side == GATE_HEAD];

	if (!m->count++) {
		m->end = x->end;
		m->what = what_of(x);
		m->output = xstrdup(x->tail ? x->tail : "");
	}
	if (run->side == GATE_HEAD) {
		b->stopped = true;
		return;
	}
	b->base_gone = true;
	if (run->dropped)
		b->head_only = true;
	else
		b->stopped = true;
}

/* --- a run --------------------------------------------------------------------------- */

static void progress(struct gate *g, const struct bout *b)
{
	struct gate_progress p = {g->runs, g->runs_planned, 0, b->w->name};

	if (!g->r->progress)
		return;
	for (uint32_t i = 0; i < g->n; i++) {
		const struct bout *x = &g->bouts[i];

		if (!x->stopped && x->in_time && x->planned > x->pairs)
			p.seconds_left += (x->planned - x->pairs) *
					  (x->cost_s[GATE_BASE] + x->cost_s[GATE_HEAD]);
	}
	g->r->progress(g->r->arg, &p);
}

int gate_run_one(struct gate *g, struct bout *b, struct gate_run *run)
{
	struct bench_result x = {0};
	uint64_t start = g->r->now_ns(g->r->arg);
	int r;

	run->workload = b->index;
	progress(g, b);
	r = g->r->run(g->r->arg, run, &x, g->err);
	if (r == -ENODATA) {
		b->in_time = false;
		return 0;
	}
	if (r < 0)
		return r;
	g->runs++;
	b->runs++;
	b->cost_s[run->side] = (double)(g->r->now_ns(g->r->arg) - start) / 1e9;
	b->seconds += b->cost_s[run->side];
	if (x.end == BENCH_INTERRUPTED)
		r = error_set(g->err, -EINTR, "interrupted");
	else if (x.end != BENCH_ENDED)
		mishap(b, run, &x);
	else
		memcpy(g->values[run->side], x.values,
		       b->w->nmetrics * sizeof(*x.values));
	if (r == 0)
		r = x.end == BENCH_ENDED;
	bench_result_done(&x);
	return r;
}
