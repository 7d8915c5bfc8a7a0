/* Shards as runs: each pair and each triplet is given back as the runs that it came from, in
 * the order that the loop asks for them. */
#include <profd/gate.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include <profd/mem.h>

struct gate_replay {
	const struct config *config;
	const struct outcome_workload **workloads; /* of the configuration; may be NULL */
	bool triplets;				   /* pairs are done with */
};

static const struct outcome_metric *metric_find(const struct outcome_workload *w,
						const char *name)
{
	for (uint32_t i = 0; i < w->nmetrics; i++) {
		if (!strcmp(w->metrics[i].name, name))
			return &w->metrics[i];
	}
	return NULL;
}

static double pair_value(const struct outcome_metric *m, const struct gate_run *run)
{
	const struct trial_pair *p = &m->values[run->index];

	return run->side == GATE_HEAD ? p->head : p->base;
}

/* Exact runs ask for what was measured exactly, the others for the rest; a warm-up for the
 * first pair, whose values are dropped. Returns whether there is any. */
static bool value_of(const struct gate_replay *r, const struct outcome_metric *m,
		     const struct gate_run *run, double *ret)
{
	*ret = NAN;
	if (!m)
		return false;
	if (r->triplets && run->index < m->ntriplets) {
		*ret = m->triplets[run->index][run->side];
		return true;
	}
	if (r->triplets || run->index >= m->nvalues)
		return false;
	*ret = pair_value(m, run);
	return true;
}

/* The failure of a shard is that of the first run. */
static bool failed(const struct outcome_workload *w, enum gate_side side,
		   struct bench_result *ret)
{
	const char *name = side == GATE_HEAD ? "head" : "base";

	for (uint32_t i = 0; i < w->nfailures; i++) {
		const struct outcome_failure *f = &w->failures[i];

		if (!f->side || strcmp(f->side, name) != 0)
			continue;
		ret->end = w->verdict == VERDICT_TIMEOUT ? BENCH_TIMEOUT : BENCH_FAILED;
		ret->tail = xstrdup(f->output ? f->output : "");
		error_set(&ret->error, -EIO, "%s", f->what ? f->what : "failed");
		return true;
	}
	return false;
}

static int run(void *arg, const struct gate_run *asked, struct bench_result *ret,
	       struct error *err)
{
	struct gate_replay *r = arg;
	struct gate_run copy = *asked, *run = &copy;
	const struct config_workload *c = &r->config->workloads[run->workload];
	const struct outcome_workload *w = r->workloads[run->workload];
	bool any = false;

	(void)err;
	if (!w)
		return -ENODATA;
	if (run->dropped)
		run->index = 0;
	*ret = (struct bench_result){.end = BENCH_ENDED};
	if (run->dropped && failed(w, run->side, ret))
		return 0;
	ret->values = xcalloc((size_t)c->nmetrics + 1, sizeof(double));
	for (uint32_t i = 0; i < c->nmetrics; i++) {
		const struct outcome_metric *m = metric_find(w, c->metrics[i].name);

		if (c->metrics[i].exact == run->exact)
			any |= value_of(r, m, run, &ret->values[i]);
		else
			ret->values[i] = NAN;
	}
	if (any || run->dropped)
		return 0;
	bench_result_done(ret);
	return -ENODATA;
}

static int copy_base(void *arg, struct error *err)
{
	(void)err;
	((struct gate_replay *)arg)->triplets = true;
	return 0;
}

static uint64_t now_ns(void *arg)
{
	(void)arg;
	return 0;
}

/* What a shard says of workloads that it did not run is nothing. */
static int add_shard(struct gate_replay *r, const struct outcome *o, struct error *err)
{
	for (uint32_t i = 0; i < o->nworkloads; i++) {
		const struct outcome_workload *w = &o->workloads[i];
		const struct config_workload *known = config_workload_find(r->config,
									   w->name);
		size_t at;

		if (!w->runs)
			continue;
		if (!known)
			return error_set(err, -EINVAL,
					 "a shard has the workload '%s', which is not in "
					 "the configuration",
					 w->name ? w->name : "");
		at = (size_t)(known - r->config->workloads);
		if (r->workloads[at])
			return error_set(err, -EINVAL,
					 "two shards have the workload '%s'", w->name);
		r->workloads[at] = w;
	}
	return 0;
}

static int check_alike(const struct outcome *a, const struct outcome *b,
		       struct error *err)
{
	if (a->plan.seed != b->plan.seed || a->plan.family != b->plan.family) {
		error_set(err, -EINVAL, "the shards are not of the same change");
		error_hint(err, "each of them compares the same base and head, by the "
				"same configuration");
		return -EINVAL;
	}
	return 0;
}

struct gate_replay *gate_replay_open(const struct config *c,
				     const struct outcome *const *shards, uint32_t n,
				     struct gate_runner *ret_runner, struct error *err)
{
	struct gate_replay *r = xcalloc(1, sizeof(*r));
	int code = 0;

	r->config = c;
	r->workloads = xcalloc((size_t)c->nworkloads + 1, sizeof(*r->workloads));
	if (n && shards[0]->plan.family != c->family)
		code = error_set(err, -EINVAL,
				 "the shards' family is of %u metrics that may fail, the "
				 "configuration has %u",
				 shards[0]->plan.family, c->family);
	for (uint32_t i = 0; i < n && code == 0; i++) {
		code = check_alike(shards[0], shards[i], err);
		if (code == 0)
			code = add_shard(r, shards[i], err);
	}
	if (code < 0) {
		gate_replay_close(r);
		return NULL;
	}
	*ret_runner = (struct gate_runner){
		.run = run, .copy_base = copy_base, .now_ns = now_ns, .arg = r};
	return r;
}

void gate_replay_close(struct gate_replay *r)
{
	if (!r)
		return;
	free(r->workloads);
	free(r);
}
