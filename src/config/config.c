/* The whole file: its own keys, the list of workloads, the plan that follows. */
#include <profd/config.h>

#include "config-priv.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include <profd/text.h>

#define LOOKS 3
#define PAIRS_LEAST 10
#define PAIRS_MAX_DEFAULT 40
#define FIRST_AUTO 0

struct top {
	struct config c;
	int64_t version, first, max;
	struct config_policy policy;
	const struct node *pairs, *metrics, *workloads;
};

/* --- keys --------------------------------------------------------------------------- */

static void version_read(struct reader *r, const struct node *n, const struct field *f,
			 void *to)
{
	double v;

	if (scalar_type(n, &v) == SCALAR_NUMBER && v == 1)
		*(int64_t *)to = 1;
	else
		error_hint(problem(r, n, "'%s' is the version of this format, which is 1",
				   f->key),
			   "write profd: 1");
}

static void strictness_read(struct reader *r, const struct node *n, const struct field *f,
			    void *to)
{
	static const char *const words[] = {"strict", "default", "ci", NULL};
	static const double factors[] = {0.5, 1, 2};
	double v;

	if (scalar_type(n, &v) == SCALAR_NUMBER && v >= 0.01 && v <= 100) {
		*(double *)to = v;
		return;
	}
	for (size_t i = 0; scalar_type(n, NULL) == SCALAR_TEXT && words[i]; i++) {
		if (!strcmp(n->text, words[i])) {
			*(double *)to = factors[i];
			return;
		}
	}
	hint_words(problem(r, n, "'%s' has to be a word or a number from 0.01 to 100",
			   f->key),
		   n->type == NODE_SCALAR ? n->text : "", words);
}

static void first_read(struct reader *r, const struct node *n, const struct field *f,
		       void *to)
{
	if (scalar_type(n, NULL) == SCALAR_TEXT && !strcmp(n->text, "auto"))
		*(int64_t *)to = FIRST_AUTO;
	else
		field_count(r, n, f, to);
}

static const struct range first_range = {1, 1000}, max_range = {PAIRS_LEAST, 1000};

static const struct field pairs_fields[] = {
	{"first", first_read, offsetof(struct top, first), &first_range, false},
	{"max", field_count, offsetof(struct top, max), &max_range, false},
	{0},
};

static void pairs_read(struct reader *r, const struct node *n, const struct field *f,
		       void *to)
{
	struct top *top = to;

	(void)f;
	top->pairs = n;
	fields_read(r, n, "'pairs'", pairs_fields, false, top);
}

static const struct field top_fields[] = {
	{"profd", version_read, offsetof(struct top, version), NULL, true},
	{"mode", field_word, offsetof(struct top, c.mode), mode_words, false},
	{"build", field_command, offsetof(struct top, c.build), NULL, false},
	{"time_budget", field_duration, offsetof(struct top, c.time_budget_ns), NULL,
	 false},
	{"pairs", pairs_read, 0, NULL, false},
	{"strictness", strictness_read, offsetof(struct top, c.strictness), NULL, false},
	{"ci", field_ci, offsetof(struct top, c.ci), NULL, false},
	{"metrics", field_node, offsetof(struct top, metrics), NULL, false},
	{"workloads", field_node, offsetof(struct top, workloads), NULL, true},
	POLICY_FIELDS(struct top, policy),
	{0},
};

/* --- the plan ----------------------------------------------------------------------- */

uint32_t config_first_look(uint32_t m)
{
	double n = m ? ceil(log2(LOOKS * (double)m / CONFIG_ALPHA)) : 0;

	return n > PAIRS_LEAST ? (uint32_t)n : PAIRS_LEAST;
}

bool config_gates(const struct config_metric *m)
{
	return m->policy.worse == CONFIG_LEVEL_FAIL &&
	       (m->has_threshold || m->difference > 0);
}

static void plan_fill(struct reader *r, struct top *top)
{
	struct config *c = &top->c;
	uint32_t least;

	for (uint32_t i = 0; i < c->nworkloads; i++) {
		for (uint32_t k = 0; k < c->workloads[i].nmetrics; k++)
			c->family += config_gates(&c->workloads[i].metrics[k]);
	}
	least = config_first_look(c->family);
	c->pairs_asked = (uint32_t)top->first;
	c->pairs_first = c->pairs_asked > least ? c->pairs_asked : least;
	c->pairs_max = (uint32_t)top->max;
	if (c->pairs_max < c->pairs_first)
		error_hint(
			problem(r, top->pairs,
				"at most %u pairs are too few: with %u metrics that may "
				"fail the first look is after %u",
				c->pairs_max, c->family, c->pairs_first),
			"write max: %u, or more", c->pairs_first);
}

/* --- reading ------------------------------------------------------------------------ */

static void same_name_check(struct reader *r, const struct node *list)
{
	for (uint32_t i = 0; i < list->n; i++) {
		const struct node *a = node_get(list->items[i], "name");

		for (uint32_t k = 0; a && k < i; k++) {
			const struct node *b = node_get(list->items[k], "name");

			if (!b || a->type != NODE_SCALAR || b->type != NODE_SCALAR ||
			    strcmp(a->text, b->text) != 0)
				continue;
			problem(r, a, "a workload '%s' stands in line %u already",
				a->text, b->line);
			break;
		}
	}
}

static void workloads_read(struct reader *r, struct top *top)
{
	const struct node *n = top->workloads;
	struct workloads w = {0};

	if (!n)
		return;
	if (n->type != NODE_LIST || !n->n || n->n > CONFIG_WORKLOADS_MAX) {
		problem(r, n,
			"'workloads' has to be a list of 1 to 1000 workloads, not %s",
			n->type == NODE_LIST && !n->n ? "an empty one" : node_is(n));
		return;
	}
	/* They are read once for each workload. */
	if (top->metrics && top->metrics->weight * n->n > CONFIG_SHARED_MAX_BYTES) {
		problem(r, top->metrics,
			"these metrics, written out for each workload, have over 16 MiB");
		return;
	}
	for (uint32_t i = 0; i < n->n && !w.full; i++)
		workload_read(r, n->items[i], top->metrics, &top->policy, &w);
	same_name_check(r, n);
	if (w.list.n) {
		struct config_workload *all = arena_alloc(r->arena,
							  w.list.n * sizeof(*all));

		memcpy(all, w.list.v, w.list.n * sizeof(*all));
		top->c.workloads = all;
	}
	top->c.nworkloads = w.list.n;
	top->c.ngroups = w.ngroups;
	vec_done(&w.list);
}

static void top_read(struct reader *r, const struct node *root, struct top *top)
{
	static const struct config_policy defaults = {
		CONFIG_LEVEL_FAIL, CONFIG_LEVEL_WARN, CONFIG_LEVEL_WARN,
		CONFIG_LEVEL_WARN};

	*top = (struct top){.max = PAIRS_MAX_DEFAULT, .c.ci = config_ci_default};
	fields_read(r, root, "the file", top_fields, true, top);
	policy_inherit(&top->policy, &defaults);
	if (!top->c.mode)
		top->c.mode = CONFIG_GATE;
	if (!top->pairs)
		top->pairs = root;
	workloads_read(r, top);
	plan_fill(r, top);
}

int config_parse(const char *name, const char *data, size_t n, struct config **ret_config,
		 struct config_problems *problems)
{
	struct arena arena = {0};
	struct reader r = {.name = name, .arena = &arena, .problems = problems};
	const struct node *root;
	struct config *c;
	struct top top;

	if (n > CONFIG_FILE_MAX_BYTES)
		problem_at(&r, 1, 1, "the file has over 256 KiB");
	root = problems->list.n ? NULL : tree_read(&r, data, n);
	if (root)
		top_read(&r, root, &top);
	if (problems->list.n) {
		config_problems_sort(problems);
		arena_done(&arena);
		return -EINVAL;
	}
	top.c.path = arena_strndup(&arena, name, strlen(name));
	c = xmemdup(&top.c, sizeof(top.c));
	c->arena = arena;
	*ret_config = c;
	return 0;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	arena_done(&c->arena);
	free(c);
}

const struct config_workload *config_workload_find(const struct config *c,
						   const char *name)
{
	for (uint32_t i = 0; c && name && i < c->nworkloads; i++) {
		if (!strcmp(c->workloads[i].name, name))
			return &c->workloads[i];
	}
	return NULL;
}

const struct config_metric *config_metric_find(const struct config_workload *w,
					       const char *name)
{
	for (uint32_t i = 0; w && name && i < w->nmetrics; i++) {
		if (!strcmp(w->metrics[i].name, name))
			return &w->metrics[i];
	}
	return NULL;
}

void config_command_add(struct text *t, const struct config_command *c)
{
	text_add(t, c->text ? c->text : "");
	for (uint32_t i = 0; i < c->argc; i++)
		text_addf(t, "%s%s", i ? " " : "", c->argv[i]);
}
