/* The gate's runs as runs of real workloads. */
#include <profd/gate.h>

#include <errno.h>
#include <string.h>
#include <stdio.h>
#include <unistd.h>

#include <profd/checkout.h>
#include <profd/clock.h>
#include <profd/mem.h>

struct gate_bench {
	struct gate_bench_options o;
	struct bench **benches; /* of the workloads that have run */
	double *run_s;		/* of each workload, what its last run took; 0: none */
};

/* Some hundred samples in each profiled run, as far as the kernel's usual limit and profd's
 * own cost allow; long ones are sampled as ever. */
#define PROFILE_SAMPLES 500
#define PROFILE_MIN_HZ 499
#define PROFILE_MAX_HZ 4999

static int bench_get(struct gate_bench *b, uint32_t workload, struct bench **ret,
		     struct error *err)
{
	struct bench **at = &b->benches[workload];
	int code = 0;

	if (!*at)
		code = bench_open(at, &b->o.config->workloads[workload], &b->o.bench,
				  err);
	*ret = *at;
	return code;
}

static int run(void *arg, const struct gate_run *run, struct bench_result *ret,
	       struct error *err)
{
	struct gate_bench *b = arg;
	const struct bench_run r = {
		.root = b->o.roots[run->side],
		.command = b->o.commands[run->side],
		.padding_bytes = run->padding_bytes,
		.exact = run->exact,
	};
	struct bench *bench;
	int code = bench_get(b, run->workload, &bench, err);

	if (code == 0)
		code = bench_run(bench, &r, ret, err);
	if (code == 0 && !run->exact)
		b->run_s[run->workload] = ret->seconds;
	return code;
}

static uint32_t profile_hz(const struct gate_bench *b, uint32_t workload)
{
	double run_s = b->run_s[workload], hz = run_s > 0 ? PROFILE_SAMPLES / run_s : 0;

	if (hz < PROFILE_MIN_HZ)
		return PROFILE_MIN_HZ;
	return hz < PROFILE_MAX_HZ ? (uint32_t)hz : PROFILE_MAX_HZ;
}

static int copy_base(void *arg, struct error *err)
{
	struct gate_bench *b = arg;

	if (!b->o.checkout || !b->o.checkout->runs)
		return 0;
	return checkout_copy_base(b->o.checkout, &b->o.roots[GATE_COPY], err);
}

static uint64_t now_ns(void *arg)
{
	(void)arg;
	return clock_now_ns();
}

static void plan(void *arg, const struct gate_plan *p)
{
	struct gate_bench *b = arg;

	if (b->o.plan)
		b->o.plan(b->o.arg, p);
}

static void progress(void *arg, const struct gate_progress *p)
{
	struct gate_bench *b = arg;

	if (b->o.progress)
		b->o.progress(b->o.arg, p);
}

struct gate_bench *gate_bench_open(const struct gate_bench_options *o,
				   struct gate_runner *ret_runner)
{
	struct gate_bench *b = xcalloc(1, sizeof(*b));

	b->o = *o;
	b->benches = xcalloc((size_t)o->config->nworkloads + 1, sizeof(*b->benches));
	b->run_s = xcalloc((size_t)o->config->nworkloads + 1, sizeof(*b->run_s));
	*ret_runner = (struct gate_runner){.run = run,
					   .copy_base = copy_base,
					   .now_ns = now_ns,
					   .plan = plan,
					   .progress = progress,
					   .arg = b};
	return b;
}

void gate_bench_close(struct gate_bench *b)
{
	if (!b)
		return;
	for (uint32_t i = 0; i < b->o.config->nworkloads; i++)
		bench_close(b->benches[i]);
	free(b->benches);
	free(b->run_s);
	free(b);
}

int gate_bench_profile(struct gate_bench *b, uint32_t workload, enum gate_side side,
		       const char *dir, bool wall, struct error *err)
{
	const struct bench_run r = {.root = b->o.roots[side],
				    .command = b->o.commands[side],
				    .profile_dir = dir,
				    .profile_hz = profile_hz(b, workload),
				    .profile_wall = wall};
	_cleanup_free_ char *profile = xasprintf("%s/cpu.pb.gz", dir);
	struct bench_result x = {0};
	struct bench *bench;
	int code = bench_get(b, workload, &bench, err);

	if (code == 0)
		code = bench_run(bench, &r, &x, err);
	if (code < 0)
		return code;
	if (x.end == BENCH_INTERRUPTED)
		code = error_set(err, -EINTR, "interrupted");
	else if (access(profile, F_OK) < 0)
		code = error_set(err, -EIO, "no profile of %s could be taken: %s",
				 b->o.config->workloads[workload].name,
				 x.error.text[0] ? x.error.text : "none was written");
	bench_result_done(&x);
	return code;
}

void gate_bench_means(const struct gate_bench *b, struct outcome *o)
{
	const struct bench_means *means = NULL;
	struct outcome_isolation *list;
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->o.config->nworkloads && !means; i++) {
		if (b->benches[i])
			means = bench_means(b->benches[i], &n);
	}
	if (!means || !n)
		return;
	list = arena_alloc(&o->arena, n * sizeof(*list));
	for (uint32_t i = 0; i < n; i++) {
		list[i].name = means[i].name;
		list[i].detail = arena_strndup(&o->arena, means[i].detail,
					       strlen(means[i].detail));
		list[i].applied = means[i].applied;
	}
	o->isolation = list;
	o->nisolation = n;
}
