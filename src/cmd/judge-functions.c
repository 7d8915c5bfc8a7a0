/* Which functions did it: pairs of runs that are profiled and not timed, their order drawn by
 * the coin, and the judge's list of them (functions.h). */
#include "judge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"
#include "profile-file.h"
#include <profd/clock.h>
#include <profd/coin.h>
#include <profd/functions.h>
#include <profd/figure.h>
#include <profd/format.h>
#include <profd/mem.h>
#include <profd/origin.h>
#include <profd/text.h>
#include <profd/waits.h>

#define PAIRS 12
#define SHOWN 20
#define COIN_STREAM 0x80000000u /* other draws than those of the timed pairs */

/* A recording's folder, whose files lie flat. */
static void folder_remove(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			unlinkat(dirfd(d), e->d_name, 0);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

/* A pair, and what it measured beside its profiles. */
struct judged_pair {
	struct functions_pair cpu,
		waits; /* waits: without profiles where time was not recorded */
	struct run_figures base, head;
};

static int read_waits(const char *folder, struct functions_run *ret, struct error *err)
{
	_cleanup_free_ char *path = xasprintf("%s/wall.pb.gz", folder);
	struct profile *wall = profile_file_read(path, "nanoseconds", err);

	if (!wall)
		return -EIO;
	ret->profile = waits_of(wall);
	profile_free(wall);
	if (!ret->profile)
		return error_set(err, -EIO, "'%s' has no time off the CPU", path);
	ret->value = 1;
	ret->seconds = ret->cpu_s = NAN;
	return 0;
}

static int read_side(const struct judge_functions *f, const char *folder, bool head,
		     struct judged_pair *ret, struct error *err)
{
	struct functions_run *cpu = head ? &ret->cpu.head : &ret->cpu.base;
	struct functions_run *waits = head ? &ret->waits.head : &ret->waits.base;
	struct profile *p = profile_file_read(folder, "nanoseconds", err);

	if (!p)
		return -EIO;
	cpu->profile = p;
	cpu->name = waits->name = head ? "head" : "base";
	cpu->cpu_s = cpu->seconds = judge_run_cpu_s(folder);
	cpu->value = profile_default_value(p);
	judge_run_figures(folder, head ? &ret->head : &ret->base);
	return f->wall ? read_waits(folder, waits, err) : 0;
}

/* @keep: the folder stays, as the profile that people look at. */
static int run_side(struct gate_bench *b, const struct judge_functions *f, bool head,
		    const char *folder, bool keep, struct judged_pair *ret,
		    struct error *err)
{
	int code = 0;

	if (!keep)
		code = gate_bench_profile(b, f->workload, head ? GATE_HEAD : GATE_BASE,
					  folder, f->wall, err);
	if (code == 0)
		code = read_side(f, folder, head, ret, err);
	if (!keep)
		folder_remove(folder);
	return code;
}

static int run_pair(struct gate_bench *b, const struct judge_functions *f, uint32_t i,
		    struct judged_pair *ret, struct error *err)
{
	bool head_first = coin_head_first(f->seed, COIN_STREAM | f->workload, i);
	int code = 0;

	for (unsigned k = 0; k < 2 && code == 0; k++) {
		bool head = (k == 0) == head_first;
		_cleanup_free_ char *folder = xasprintf(
			"%s/%s", f->place, i ? "pair" : (head ? "head" : "base"));

		code = run_side(b, f, head, folder, !i, ret, err);
	}
	return code;
}

static void pair_done(struct judged_pair *p)
{
	profile_free((struct profile *)p->cpu.base.profile);
	profile_free((struct profile *)p->cpu.head.profile);
	profile_free((struct profile *)p->waits.base.profile);
	profile_free((struct profile *)p->waits.head.profile);
}

/* The first pair is there already. As many more as fit, by what that one took: one alone
 * knows of the noise of sampling only. */
static uint32_t pairs_that_fit(const struct judge_functions *f)
{
	uint64_t now = clock_now_ns();
	double n;

	if (!f->deadline_ns)
		return PAIRS;
	if (now >= f->deadline_ns || !(f->pair_s > 0))
		return 1;
	n = 1 + (double)(f->deadline_ns - now) / 1e9 / f->pair_s;
	return n < PAIRS ? (uint32_t)n : PAIRS;
}

/* What was said of each run's quality is about that run; how all were sampled is kept. */
static struct profile *merge_side(const struct functions_pair *pairs, uint32_t n,
				  bool head)
{
	const struct profile *first = head ? pairs[0].head.profile
					   : pairs[0].base.profile;
	struct profile *all = profile_new();
	struct origin origin;

	for (unsigned i = 0; i < first->nvalues; i++)
		profile_value_type(all, profile_text(first, first->value_types[i].type),
				   profile_text(first, first->value_types[i].unit));
	for (uint32_t i = 0; i < n; i++)
		profile_merge(all, head ? pairs[i].head.profile : pairs[i].base.profile);
	all->comments.n = 0;
	all->period_type.type = profile_string(
		all, profile_text(first, first->period_type.type));
	all->period_type.unit = profile_string(
		all, profile_text(first, first->period_type.unit));
	all->default_sample_type = profile_string(
		all, profile_text(first, first->default_sample_type));
	origin_read(&origin, first);
	origin_write(&origin, all);
	return all;
}

static void write_pprof(const void *arg, struct sink *out)
{
	pprof_write(arg, out);
}

/* A picture less is no failure. */
static void keep_sides(const struct functions_pair *pairs, uint32_t n, const char *place)
{
	for (int head = 0; n > 1 && head < 2; head++) {
		_cleanup_free_ char *path = xasprintf(
			"%s/%s", place, head ? JUDGE_ALL_HEAD : JUDGE_ALL_BASE);
		struct profile *all = merge_side(pairs, n, head);

		output_file(path, true, write_pprof, all, NULL);
		profile_free(all);
	}
}

static int fill_functions(const struct functions_pair *pairs, uint32_t n,
			  const struct judge_functions *f, struct outcome *o,
			  struct outcome_workload *w, struct error *err)
{
	const struct functions_options how = {0};
	struct functions found;
	int code = functions_build(&found, pairs, n, &how, err);

	if (code < 0)
		return code;
	if (f->sides)
		judge_touched(f, pairs, n, &found, w, &o->arena);
	functions_fill(&found, SHOWN, w, &o->arena);
	functions_done(&found);
	keep_sides(pairs, n, f->place);
	return 0;
}

/* Only what is certain: of time off the CPU a part always moves. */
static int fill_waits(const struct functions_pair *pairs, uint32_t n, struct outcome *o,
		      struct outcome_workload *w, struct error *err)
{
	const struct functions_options how = {.exact = true};
	struct functions found;
	int code = functions_build(&found, pairs, n, &how, err);

	if (code < 0)
		return code;
	w->waits = functions_outcome(&found, SHOWN, &o->arena, &w->nwaits);
	functions_done(&found);
	return 0;
}

/* The wait whose change is the surest is the answer to why time went and the CPU's did not. */
static void note_waits(struct outcome *o, struct outcome_workload *w)
{
	const struct outcome_function *f = w->nwaits ? &w->waits[0] : NULL;
	struct text t = {0};
	const char *kept;

	if (!f || !f->named)
		return;
	text_addf(&t, "%s: ", f->name);
	figure_add_change(&t, f->change_s, f->high_s - f->low_s, false, "s");
	text_addc(&t, ' ');
	figure_add_interval(&t, f->change_s, f->low_s, f->high_s, false, "s");
	text_add(&t, " a run");
	kept = arena_strndup(&o->arena, t.s, t.len);
	text_done(&t);
	for (uint32_t i = 0; i < w->nmetrics; i++) {
		/* The outcome is not told yet. */
		struct outcome_metric *m = (struct outcome_metric *)&w->metrics[i];

		if (!m->note && judge_metric_waits(m))
			m->note = kept;
	}
}

static int fill(const struct judged_pair *v, uint32_t n, const struct judge_functions *f,
		struct outcome *o, struct outcome_workload *w, struct error *err)
{
	struct functions_pair pairs[PAIRS];
	struct run_figures base[PAIRS], head[PAIRS];
	int code;

	for (uint32_t i = 0; i < n; i++) {
		pairs[i] = v[i].cpu;
		base[i] = v[i].base;
		head[i] = v[i].head;
	}
	judge_fill_evidence(base, head, n, w, &o->arena);
	code = fill_functions(pairs, n, f, o, w, err);
	for (uint32_t i = 0; i < n; i++)
		pairs[i] = v[i].waits;
	if (code == 0 && f->wall)
		code = fill_waits(pairs, n, o, w, err);
	note_waits(o, w);
	if (f->sides)
		judge_name_files(w);
	return code;
}

int judge_functions(struct gate_bench *b, const struct judge_functions *f,
		    struct outcome *o, struct outcome_workload *w, struct error *err)
{
	struct judged_pair pairs[PAIRS] = {0};
	uint32_t n = pairs_that_fit(f), i;
	int code = 0;

	for (i = 0; i < n && code == 0; i++)
		code = run_pair(b, f, i, &pairs[i], err);
	if (code == 0)
		code = fill(pairs, n, f, o, w, err);
	for (uint32_t k = 0; k < i; k++)
		pair_done(&pairs[k]);
	return code;
}
