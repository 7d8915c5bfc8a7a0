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
#include <profd/text.h>

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

static int64_t workload_find(const struct config *c, const char *name)
{
	for (uint32_t i = 0; i < c->nworkloads; i++) {
		if (!strcmp(c->workloads[i].name, name))
			return i;
	}
	return -1;
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
static void diff(const char *folder)
{
	static const char *const suffixes[] = {"html", "svg", "folded"};
	_cleanup_free_ char *base = xasprintf("%s/base", folder);
	_cleanup_free_ char *head = xasprintf("%s/head", folder);

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		_cleanup_free_ char *to = xasprintf("%s/diff.%s", folder, suffixes[i]);
		char *argv[] = {(char[]){"diff"},
				(char[]){"--force"},
				(char[]){"-o"},
				to,
				base,
				head,
				NULL};

		optind = 0;
		cmd_diff(6, argv);
	}
}

/* Both sides, or head alone where there is no base. */
static int profile(struct gate_bench *b, uint32_t workload, const char *folder,
		   bool has_base, struct outcome *o, struct outcome_workload *w,
		   struct error *err)
{
	_cleanup_free_ char *name = folder_name(w->name);
	_cleanup_free_ char *place = xasprintf("%s/%s", folder, name);
	_cleanup_free_ char *base = xasprintf("%s/base", place);
	_cleanup_free_ char *head = xasprintf("%s/head", place);
	_cleanup_free_ char *base_name = xasprintf("%s/base", name);
	_cleanup_free_ char *head_name = xasprintf("%s/head", name);
	int code;

	mkdir(place, 0777);
	code = gate_bench_profile(b, workload, GATE_HEAD, head, err);
	if (code == 0) {
		w->head_profile = arena_strndup(&o->arena, head_name, strlen(head_name));
		code = has_base ? gate_bench_profile(b, workload, GATE_BASE, base, err)
				: 0;
		if (code == 0 && has_base)
			w->base_profile = arena_strndup(&o->arena, base_name,
							strlen(base_name));
	}
	if (code == 0 && has_base)
		diff(place);
	if (code < 0 && code != -EINTR) {
		add_note(o, err->text);
		code = 0;
	}
	return code;
}

int judge_profiles(struct gate_bench *b, const struct config *c, const char *folder,
		   bool has_base, struct outcome *o, struct error *err)
{
	char whole[PATH_MAX];
	int code = 0;

	if (!realpath(folder, whole))
		return 0;
	for (uint32_t i = 0; i < o->nworkloads && code == 0; i++) {
		/* The outcome is not told yet. */
		struct outcome_workload *w = (struct outcome_workload *)&o->workloads[i];
		int64_t at = workload_find(c, w->name);

		if (at >= 0 && stands_out(w))
			code = profile(b, (uint32_t)at, whole,
				       has_base && w->verdict != VERDICT_NO_BASELINE, o,
				       w, err);
	}
	return code;
}
