/* The text of an issue: the report as a comment has it, and what a person needs who was not
 * there when it was measured. */
#include <math.h>
#include <string.h>

#include <profd/ci-comment.h>
#include <profd/mem.h>
#include <profd/outcome-io.h>

#include "alert-priv.h"

#define ISSUE_MAX_BYTES                                                                  \
	60000u /* of 65,536 characters, for the report; the rest is for below */
#define NAME_MAX_BYTES 200
#define PROFILES_MAX 20

/* Code, as nothing in code acts. */
static void add_code(struct text *t, const char *s)
{
	struct text clean = {0};

	text_add_clean(&clean, s ? s : "-", s ? strnlen(s, NAME_MAX_BYTES) : 1);
	text_add_code(t, text_get(&clean));
	text_done(&clean);
}

static void add_fact(struct text *t, const char *what, const char *s)
{
	if (!s || !*s)
		return;
	text_addf(t, "- %s: ", what);
	add_code(t, s);
	text_addc(t, '\n');
}

static void add_share(struct text *t, const char *what, double share)
{
	if (isfinite(share) && share >= .005)
		text_addf(t, "- %s: %.1f %%\n", what, 100 * share);
}

/* Base and head take turns on one machine, so what is left is what changed meanwhile, and how
 * the sides came to be. */
static void add_environment(const struct alert *a, struct text *t)
{
	const struct outcome_environment *e = &a->o->environment;
	const struct outcome_side *base = &a->o->base, *head = &a->o->head;

	text_add(t, "\n## What differed beside the change\n\n"
		    "Base and head took turns on one machine.\n\n");
	add_fact(t, "Testbed", e->testbed);
	add_fact(t, "Base", base->commit ? base->commit : base->label);
	add_fact(t, "Head", head->commit ? head->commit : head->label);
	if (base->dirty || head->dirty)
		text_addf(t, "- With changes that are not committed: %s\n",
			  base->dirty && head->dirty ? "both"
			  : head->dirty		     ? "head"
						     : "base");
	if (base->built != head->built || base->from_cache != head->from_cache)
		text_add(t, "- One side was built for this run, the other was not\n");
	add_share(t, "CPU time taken by the host", e->steal);
	add_share(t, "CPU time of other programs", e->busy_others);
	if (e->mhz_max > e->mhz_min)
		text_addf(t, "- Frequency: %.0f to %.0f MHz\n", e->mhz_min, e->mhz_max);
	for (uint32_t i = 0; i < a->o->nisolation; i++)
		if (!a->o->isolation[i].applied)
			add_fact(t, "Not available", a->o->isolation[i].name);
}

static void add_profiles(const struct alert *a, struct text *t)
{
	struct text list = {0};
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->o->nworkloads && n < PROFILES_MAX; i++) {
		const struct outcome_workload *w = &a->o->workloads[i];

		if (!w->head_profile)
			continue;
		n++;
		text_add(&list, "- ");
		add_code(&list, w->name);
		text_add(&list, ": base ");
		add_code(&list, w->base_profile);
		text_add(&list, ", head ");
		add_code(&list, w->head_profile);
		text_addc(&list, '\n');
	}
	if (n)
		text_addf(t, "\n## Profiles\n\nFolders in the artifacts:\n\n%s", list.s);
	text_done(&list);
}

void alert_issue_write(const struct alert *a, struct sink *out)
{
	const struct comment_options opt = {
		.id = "issue", .link = a->link, .run = a->run};
	struct text t = {0};
	struct comment c;

	comment_of_outcome(a->o, &opt, &c);
	comment_render(&c, NULL, ISSUE_MAX_BYTES, &t);
	add_environment(a, &t);
	add_profiles(a, &t);
	sink_put(out, t.s, t.len);
	comment_done(&c);
	text_done(&t);
}
