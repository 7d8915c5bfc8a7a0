/* Runs without programs. */
#include "fake-machine.h"

#include <math.h>
#include <string.h>

#include <profd/mem.h>

void fake_machine_init(struct fake_machine *m, const struct config *c, uint64_t seed)
{
	*m = (struct fake_machine){.config = c,
				   .copy_worse = 1,
				   .noise = .01,
				   .bad_workload = -1,
				   .bad_side = -1,
				   .no_value_side = -1,
				   .random.state = seed};
	for (unsigned i = 0; i < 8; i++) {
		m->level[i] = 1;
		m->worse[i] = 1;
		m->seconds[i] = 1;
	}
	machine_start(&m->machine, &m->kind, &m->random);
}

void fake_machine_done(struct fake_machine *m)
{
	vec_done(&m->runs);
}

static double factor(const struct fake_machine *m, const struct gate_run *run)
{
	if (run->side == GATE_COPY)
		return m->copy_worse;
	if (run->side == GATE_BASE)
		return 1;
	return m->in_triplets && m->reproduces > 0 ? m->reproduces
						   : m->worse[run->workload];
}

static void measure(struct fake_machine *m, const struct gate_run *run,
		    struct bench_result *ret)
{
	const struct config_workload *w = &m->config->workloads[run->workload];
	double level = m->level[run->workload] * factor(m, run);
	double value = level * exp(m->noise * machine_run(&m->machine));

	if (run->exact)
		value = m->exact_noise ? value : level;
	for (uint32_t i = 0; i < w->nmetrics; i++) {
		ret->values[i] = w->metrics[i].exact == run->exact ? value : NAN;
		if ((int)run->side == m->no_value_side)
			ret->values[i] = NAN;
	}
}

static int run(void *arg, const struct gate_run *run, struct bench_result *ret,
	       struct error *err)
{
	struct fake_machine *m = arg;

	(void)err;
	vec_push(&m->runs, *run);
	m->clock_ns += (uint64_t)(m->seconds[run->workload] * 1e9) *
		       (m->slower_from && m->runs.n > m->slower_from ? 10 : 1);
	*ret = (struct bench_result){.end = BENCH_ENDED};
	ret->values = xcalloc((size_t)m->config->workloads[run->workload].nmetrics + 1,
			      sizeof(double));
	measure(m, run, ret);
	if ((int)run->workload == m->bad_workload && (int)run->side == m->bad_side &&
	    m->runs.n > m->bad_from) {
		ret->end = m->bad_end;
		ret->status = 3 << 8;
		ret->tail = xstrdup("what it said last");
	}
	return 0;
}

static int copy_base(void *arg, struct error *err)
{
	struct fake_machine *m = arg;

	(void)err;
	m->in_triplets = true;
	m->copies++;
	return 0;
}

static uint64_t now_ns(void *arg)
{
	return ((struct fake_machine *)arg)->clock_ns;
}

static void plan(void *arg, const struct gate_plan *plan)
{
	struct fake_machine *m = arg;

	m->plans++;
	m->plan = *plan;
	for (uint32_t i = 0; i < plan->n; i++)
		m->planned[i] = plan->workloads[i].pairs;
}

struct gate_runner fake_machine_runner(struct fake_machine *m)
{
	return (struct gate_runner){.run = run,
				    .copy_base = copy_base,
				    .now_ns = now_ns,
				    .plan = plan,
				    .arg = m};
}
