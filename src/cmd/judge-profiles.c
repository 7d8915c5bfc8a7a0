/* A look into what stood out: profiles of both sides, and what differs between them. */
#include "judge.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include <profd/clock.h>
#include <profd/text.h>
#include <profd/vec.h>

static bool stands_out(const struct outcome_workload *w)
{
	for (uint32_t i = 0; i < w->nmetrics; i++) {
		const struct outcome_metric *m = &w->metrics[i];

		if (m->budget.exceeded || m->verdict == VERDICT_REGRESSION ||
		    m->verdict == VERDICT_IMPROVEMENT)
			return true;
	}
	return false;
}

/* Values of parameters may be paths. */
static char *folder_name(const char *workload)
{
	char *name = xstrdup(workload);

	for (char *s = name; (s = strchr(s, '/'));)
		*s = '_';
	return name;
}

static void add_note(struct outcome *o, const char *text)
{
	const char **notes = arena_alloc(&o->arena, (o->nnotes + 1) * sizeof(*notes));

	if (o->nnotes)
		memcpy(notes, o->notes, o->nnotes * sizeof(*notes));
	notes[o->nnotes++] = arena_strndup(&o->arena, text, strlen(text));
	o->notes = notes;
}

/* `profd diff`, by its own function: html, svg and folded. */
static void diff(const char *folder, const struct outcome_workload *w,
		 const struct judge_names *marked)
{
	static const char *const suffixes[] = {"html", "svg", "folded"};
	_cleanup_free_ char *all_base = xasprintf("%s/" JUDGE_ALL_BASE, folder);
	_cleanup_free_ char *all_head = xasprintf("%s/" JUDGE_ALL_HEAD, folder);
	bool all = access(all_base, F_OK) == 0 && access(all_head, F_OK) == 0;
	_cleanup_free_ char *base = all ? xstrdup(all_base)
					: xasprintf("%s/base", folder);
	_cleanup_free_ char *head = all ? xstrdup(all_head)
					: xasprintf("%s/head", folder);
	struct text title = {0};

	text_addf(&title, "%s, from base to head", w->name);
	if (all)
		text_addf(&title, ", %u runs of each", w->function_pairs);
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		_cleanup_free_ char *to = xasprintf("%s/diff.%s", folder, suffixes[i]);
		const char *const first[] = {"diff",  "--force", "--title",
					     title.s, "-o",	 to};
		VEC(const char *) argv = {0};

		for (size_t k = 0; k < ARRAY_SIZE(first); k++)
			vec_push(&argv, first[k]);
		for (uint32_t k = 0; k < marked->v.n; k++) {
			vec_push(&argv, "--mark");
			vec_push(&argv, marked->v.v[k]);
		}
		vec_push(&argv, base);
		vec_push(&argv, head);
		vec_push(&argv, NULL);
		optind = 0;
		cmd_diff((int)argv.n - 1, (char **)argv.v);
		vec_done(&argv);
	}
	unlink(all_base);
	unlink(all_head);
	text_done(&title);
}

/* Whether the pairs, and not only a budget, found a change. */
static bool has_changed(const struct outcome_workload *w)
{
	for (uint32_t i = 0; i < w->nmetrics; i++) {
		if (w->metrics[i].verdict == VERDICT_REGRESSION ||
		    w->metrics[i].verdict == VERDICT_IMPROVEMENT)
			return true;
	}
	return false;
}

static const char *take(struct outcome *o, const char *name, const char *side)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", name, side);

	return arena_strndup(&o->arena, path, strlen(path));
}

/* Both sides, or head alone where there is no base. */
static int profile_sides(struct gate_bench *b, uint32_t workload, const char *place,
			 const char *name, struct outcome *o, struct outcome_workload *w,
			 bool has_base, bool wall, struct error *err)
{
	_cleanup_free_ char *base = xasprintf("%s/base", place);
	_cleanup_free_ char *head = xasprintf("%s/head", place);
	int code;

	mkdir(place, 0777);
	code = gate_bench_profile(b, workload, GATE_HEAD, head, wall, err);
	if (code < 0)
		return code;
	w->head_profile = take(o, name, "head");
	if (!has_base)
		return 0;
	code = gate_bench_profile(b, workload, GATE_BASE, base, wall, err);
	if (code < 0)
		return code;
	w->base_profile = take(o, name, "base");
	return 0;
}

static int profile(struct gate_bench *b, uint32_t workload,
		   const struct judge_profiles *p, struct outcome *o,
		   struct outcome_workload *w, struct error *err)
{
	bool has_base = p->has_base && w->verdict != VERDICT_NO_BASELINE;
	_cleanup_free_ char *name = folder_name(w->name);
	_cleanup_free_ char *place = xasprintf("%s/%s", p->folder, name);
	uint64_t start_ns = clock_now_ns();
	struct judge_names touched = {0};
	struct judge_functions f = {
		.workload = workload,
		.place = place,
		.deadline_ns = p->deadline_ns,
		.seed = o->plan.seed,
		.sides = p->sides,
		.wall = judge_waits_matter(w),
		.touched = &touched,
	};
	int code = profile_sides(b, workload, place, name, o, w, has_base, f.wall, err);

	f.pair_s = (double)(clock_now_ns() - start_ns) / 1e9;
	if (code == 0 && has_base && has_changed(w))
		code = judge_functions(b, &f, o, w, err);
	if (code != -EINTR && w->base_profile)
		diff(place, w, &touched);
	vec_done(&touched.v);
	if (code < 0 && code != -EINTR) {
		add_note(o, err->text);
		code = 0;
	}
	return code;
}

int judge_profiles(struct gate_bench *b, const struct judge_profiles *p,
		   struct outcome *o, struct error *err)
{
	char whole[PATH_MAX];
	struct judge_profiles there = *p;
	int code = 0;

	if (!realpath(p->folder, whole))
		return 0;
	there.folder = whole;
	for (uint32_t i = 0; i < o->nworkloads && code == 0; i++) {
		/* The outcome is not told yet. */
		struct outcome_workload *w = (struct outcome_workload *)&o->workloads[i];
		const struct config_workload *known = config_workload_find(p->config,
									   w->name);

		if (known && stands_out(w))
			code = profile(b, (uint32_t)(known - p->config->workloads),
				       &there, o, w, err);
	}
	return code;
}
