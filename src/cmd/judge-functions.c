/* Which functions did it: pairs of runs that are profiled and not timed, their order drawn by
 * the coin, and the judge's list of them (functions.h). */
#include "judge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "profile-file.h"
#include <profd/clock.h>
#include <profd/coin.h>
#include <profd/functions.h>
#include <profd/mem.h>

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

/* @keep: the folder stays, as the profile that people look at. */
static int run_side(struct gate_bench *b, uint32_t workload, enum gate_side side,
		    const char *folder, bool keep, struct functions_run *ret,
		    struct error *err)
{
	struct profile *p;
	int code = 0;

	if (!keep)
		code = gate_bench_profile(b, workload, side, folder, err);
	if (code < 0)
		return code;
	p = profile_file_read(folder, "nanoseconds", err);
	if (!p)
		return -EIO;
	*ret = (struct functions_run){
		.profile = p,
		.name = side == GATE_HEAD ? "head" : "base",
		.cpu_s = judge_run_cpu_s(folder),
	};
	ret->seconds = ret->cpu_s;
	ret->value = profile_default_value(p);
	if (!keep)
		folder_remove(folder);
	return 0;
}

static int run_pair(struct gate_bench *b, const struct judge_functions *f, uint32_t i,
		    struct functions_pair *ret, struct error *err)
{
	bool head_first = coin_head_first(f->seed, COIN_STREAM | f->workload, i);
	int code = 0;

	for (unsigned k = 0; k < 2 && code == 0; k++) {
		bool head = (k == 0) == head_first;
		_cleanup_free_ char *folder = xasprintf(
			"%s/%s", f->place, i ? "pair" : (head ? "head" : "base"));

		code = run_side(b, f->workload, head ? GATE_HEAD : GATE_BASE, folder, !i,
				head ? &ret->head : &ret->base, err);
	}
	return code;
}

static void pair_done(struct functions_pair *p)
{
	profile_free((struct profile *)p->base.profile);
	profile_free((struct profile *)p->head.profile);
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

static int fill(const struct functions_pair *pairs, uint32_t n, struct checkout *sides,
		struct outcome *o, struct outcome_workload *w, struct error *err)
{
	const struct functions_options how = {0};
	struct functions found;
	int code = functions_build(&found, pairs, n, &how, err);

	if (code < 0)
		return code;
	if (sides)
		judge_touched(sides, pairs, n, &found, w);
	functions_fill(&found, SHOWN, w, &o->arena);
	if (sides)
		judge_name_files(sides, w);
	functions_done(&found);
	return 0;
}

int judge_functions(struct gate_bench *b, const struct judge_functions *f,
		    struct outcome *o, struct outcome_workload *w, struct error *err)
{
	struct functions_pair pairs[PAIRS] = {0};
	uint32_t n = pairs_that_fit(f), i;
	int code = 0;

	for (i = 0; i < n && code == 0; i++)
		code = run_pair(b, f, i, &pairs[i], err);
	if (code == 0)
		code = fill(pairs, n, f->sides, o, w, err);
	for (uint32_t k = 0; k < i; k++)
		pair_done(&pairs[k]);
	return code;
}
