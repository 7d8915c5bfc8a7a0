/* Which of the functions that did it the change itself touches, by git and the debug
 * information of both sides, and their files as the repository calls them. */
#include "judge.h"

#include <fcntl.h>
#include <string.h>

#include <profd/mem.h>
#include <profd/objfile.h>
#include <profd/text.h>
#include <profd/touched.h>

#define MARKS_MAX 1000 /* functions that stand out in a picture */

/* The programs and libraries that a side has built itself: what lies in its folder. */
static void add_binaries(struct touched_code *code, const struct profile *p,
			 const char *root, const struct touched *t,
			 enum touched_side side)
{
	size_t n = root ? strlen(root) : 0;

	for (uint32_t i = 0; n && i < p->mappings.n; i++) {
		const char *path = p->strings.v[p->mappings.v[i].filename];
		struct objfile *o;
		int fd;

		if (strncmp(path, root, n) != 0 || path[n] != '/')
			continue;
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		o = fd < 0 ? NULL : objfile_open(fd, path, NULL);
		if (!o)
			continue;
		touched_add_binary(code, o, t, side);
		objfile_put(o);
	}
}

/* Of both sides: what the change removes is among what has vanished. */
static void add_names(const struct touched_code *c, struct judge_names *to,
		      struct arena *a)
{
	for (uint32_t i = 0; i < c->n && to->v.n < MARKS_MAX; i++) {
		const struct touched_function *f = &c->v[i];

		if (f->touched && f->sampled)
			vec_push(&to->v, arena_strndup(a, f->name, strlen(f->name)));
	}
}

static void find(const struct judge_functions *f, const struct functions_pair *pairs,
		 uint32_t n, const struct touched *t, struct functions *found,
		 struct outcome_workload *w, struct arena *a)
{
	const struct checkout *sides = f->sides;
	struct touched_code base = {0}, head = {0};

	for (uint32_t i = 0; i < n; i++) {
		touched_add_profile(&base, pairs[i].base.profile);
		touched_add_profile(&head, pairs[i].head.profile);
	}
	add_binaries(&base, pairs[0].base.profile, sides->base.root, t, TOUCHED_BASE);
	add_binaries(&head, pairs[0].head.profile, sides->head.root, t, TOUCHED_HEAD);
	touched_find(t, TOUCHED_BASE, &base);
	touched_find(t, TOUCHED_HEAD, &head);
	touched_mark(found, &base, &head);
	add_names(&head, f->touched, a);
	add_names(&base, f->touched, a);
	w->touched = head.touched;
	w->touched_sampled = head.touched_sampled;
	touched_code_done(&base);
	touched_code_done(&head);
}

void judge_touched(const struct judge_functions *f, const struct functions_pair *pairs,
		   uint32_t n, struct functions *found, struct outcome_workload *w,
		   struct arena *a)
{
	struct text diff = {0};
	struct touched t;

	if (checkout_diff(f->sides, &diff, NULL) == 0 && diff.len &&
	    touched_read(&t, diff.s, diff.len, NULL) == 0) {
		find(f, pairs, n, &t, found, w, a);
		touched_done(&t);
	}
	text_done(&diff);
}

void judge_name_files(struct outcome_workload *w)
{
	/* The outcome is not told yet. */
	struct outcome_function *v = (struct outcome_function *)w->functions;
	struct outcome_function *waits = (struct outcome_function *)w->waits;

	for (uint32_t i = 0; i < w->nfunctions; i++) {
		v[i].file = checkout_file(v[i].file);
		v[i].was = checkout_file(v[i].was);
	}
	for (uint32_t i = 0; i < w->nwaits; i++)
		waits[i].file = checkout_file(waits[i].file);
}
