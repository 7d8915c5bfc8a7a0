/* One metric: what the file and the workload say of it, merged, checked and filled in. */
#include "config-priv.h"

#include <string.h>

#include <profd/text.h>

#define NAME_MAX_BYTES 100
#define EVENT_MAX_BYTES 200
#define UNIT_MAX_BYTES 32

static const struct {
	enum config_kind kind;
	const char *unit;
} process_units[] = {{CONFIG_TIME, "s"},     {CONFIG_TIME, "s"}, {CONFIG_TIME, "s"},
		     {CONFIG_TIME, "s"},     {CONFIG_SIZE, "B"}, {CONFIG_COUNT, "count"},
		     {CONFIG_COUNT, "count"}};
const char *const process_names[] = {"wall",	"cpu",	  "user",     "sys",
				     "max_rss", "faults", "switches", NULL};

static int process_find(const char *name)
{
	for (int i = 0; process_names[i]; i++) {
		if (!strcmp(process_names[i], name))
			return i;
	}
	return -1;
}

/* --- single keys -------------------------------------------------------------------- */

/* "150%" is one and a half times for some tools, and two and a half for others. */
static void threshold_too_large(struct reader *r, const struct node *n, double fraction)
{
	struct error *err = problem(
		r, n, "'%s' is a threshold of 100%% or more, which is read in two ways",
		n->text);

	if (fraction > 1)
		error_hint(err,
			   "write `ratio: %g` for %s of what it was, or `ratio: %g` for "
			   "%s more",
			   fraction, n->text, 1 + fraction, n->text);
	else
		error_hint(err, "write `ratio: %g` for %s more", 1 + fraction, n->text);
}

static void threshold_read(struct reader *r, const struct node *n, const struct field *f,
			   void *to)
{
	struct config_metric *m = to;
	double v;

	(void)f;
	if (scalar_type(n, &v) == SCALAR_NUMBER) {
		struct error *err = problem(r, n, "'threshold' has to be a percentage");

		if (v > 0 && v < 1)
			error_hint(err, "write %g%%", v * 100);
		else if (v >= 1 && v < 100)
			error_hint(err, "write %g%%", v);
		return;
	}
	if (scalar_type(n, NULL) != SCALAR_TEXT || percent_parse(n->text, &v)) {
		error_hint(
			problem(r, n, "'threshold' has to be a percentage such as 10%%"),
			"a limit in the metric's own unit is a 'difference'");
		return;
	}
	if (v >= 1) {
		threshold_too_large(r, n, v);
		return;
	}
	m->has_threshold = true;
	m->threshold = v;
	m->as_ratio = false;
}

static void ratio_read(struct reader *r, const struct node *n, const struct field *f,
		       void *to)
{
	struct config_metric *m = to;
	double v;

	(void)f;
	if (scalar_type(n, &v) != SCALAR_NUMBER || !(v > 1 && v <= 1000)) {
		error_hint(
			problem(r, n, "'ratio' has to be a number above 1, up to 1000"),
			"write `ratio: 1.5` for one and a half times what it was");
		return;
	}
	m->has_threshold = true;
	m->threshold = v - 1;
	m->as_ratio = true;
}

static void event_read(struct reader *r, const struct node *n, const struct field *f,
		       void *to)
{
	struct config_metric *m = to;
	size_t len;

	if (scalar_type(n, NULL) != SCALAR_TEXT) {
		problem(r, n, "'%s' has to be the name of an event, not %s", f->key,
			node_is(n));
		return;
	}
	len = strlen(n->text);
	for (const char *s = n->text; *s; s++) {
		if (*s <= ' ' || *s > '~' || *s == ',')
			len = 0;
	}
	if (!len || len > EVENT_MAX_BYTES) {
		problem(r, n, "'%s' is no name of one event", n->text);
		return;
	}
	m->event = n->text;
	m->event_line = n->line;
	m->event_column = n->column;
}

static bool unit_is_fit(const char *s)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	size_t n = strlen(s);

	return n && n <= UNIT_MAX_BYTES && (strchr(letters, *s) || strchr("%/", *s)) &&
	       strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			 "0123456789_%/.-") == n;
}

static void unit_read(struct reader *r, const struct node *n, const struct field *f,
		      void *to)
{
	if (scalar_type(n, NULL) != SCALAR_TEXT || !unit_is_fit(n->text)) {
		error_hint(problem(r, n,
				   "'%s' has to be a word such as s, MB or trades/s",
				   f->key),
			   "letters, digits and _ %% / . - after a letter");
		return;
	}
	*(const char **)to = n->text;
}

static void expr_read(struct reader *r, const struct node *n, const struct field *f,
		      void *to)
{
	struct draft *d = to;

	if (scalar_type(n, NULL) != SCALAR_TEXT) {
		problem(r, n, "'%s' has to be an expression, in quotes, not %s", f->key,
			node_is(n));
		return;
	}
	d->expr = n;
}

static const struct field metric_fields[] = {
	{"description", field_text, offsetof(struct draft, m.description), NULL, false},
	{"from", field_word, offsetof(struct draft, m.from), source_words, false},
	{"event", event_read, offsetof(struct draft, m), NULL, false},
	{"file", field_text, offsetof(struct draft, m.file), NULL, false},
	{"expr", expr_read, 0, NULL, false},
	{"unit", unit_read, offsetof(struct draft, m.unit), NULL, false},
	{"direction", field_word, offsetof(struct draft, m.direction), direction_words,
	 false},
	{"exact", field_bool, offsetof(struct draft, exact), NULL, false},
	{"threshold", threshold_read, offsetof(struct draft, m), NULL, false},
	{"ratio", ratio_read, offsetof(struct draft, m), NULL, false},
	{"difference", field_node, offsetof(struct draft, difference), NULL, false},
	{"budget", field_node, offsetof(struct draft, budget), NULL, false},
	{"stat", field_word, offsetof(struct draft, m.stat), stat_words, false},
	POLICY_FIELDS(struct draft, m.policy),
	{0},
};

/* --- merging ------------------------------------------------------------------------ */

static void check_pairs(struct reader *r, const struct node *n, struct draft *d)
{
	static const char *const pairs[][2] = {{"threshold", "ratio"},
					       {"expr", "from"},
					       {"expr", "event"},
					       {"expr", "file"},
					       {"event", "file"}};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		const struct node *second = node_get(n, pairs[i][1]);

		if (!second || !node_get(n, pairs[i][0]))
			continue;
		problem(r, second, "a metric cannot have both '%s' and '%s'", pairs[i][0],
			pairs[i][1]);
		d->bad = true;
	}
}

/* "cpu:" with nothing behind it is measured, and that is all. */
static void metric_read(struct reader *r, const struct node *n, struct draft *d)
{
	if (scalar_type(n, NULL) == SCALAR_NULL)
		return;
	fields_read(r, n, "a metric", metric_fields, false, d);
	check_pairs(r, n, d);
	d->sourced |= node_get(n, "from") || node_get(n, "event") ||
		      node_get(n, "file") || node_get(n, "expr");
}

static struct draft *draft_add(struct reader *r, const struct node *key, struct drafts *d)
{
	struct draft *new;

	for (uint32_t i = 0; i < d->list.n; i++) {
		if (strcmp(d->list.v[i].m.name, key->text) != 0)
			continue;
		d->list.v[i].at = key; /* the workload's is nearer than the file's */
		return &d->list.v[i];
	}
	if (!name_is_plain(key->text) || strlen(key->text) > NAME_MAX_BYTES) {
		problem(r, key,
			"a metric's name has letters, digits and underscores only, "
			"at most 100");
		return NULL;
	}
	if (d->list.n == CONFIG_METRICS_MAX) {
		problem(r, key, "a workload has more than 200 metrics");
		return NULL;
	}
	new = vec_add(&d->list);
	new->m.name = key->text;
	new->at = key;
	return new;
}

static void metrics_add(struct reader *r, const struct node *n, bool own,
			struct drafts *d)
{
	if (!n)
		return;
	if (n->type != NODE_MAP) {
		problem(r, n, "'metrics' has to be a map of names, not %s", node_is(n));
		return;
	}
	for (uint32_t i = 0; i < n->n; i++) {
		struct draft *m = draft_add(r, n->keys[i], d);

		if (!m)
			continue;
		metric_read(r, n->items[i], m);
		m->own_budget |= own && node_get(n->items[i], "budget");
	}
}

/* The clock is noisier than CPU time: it warns at most. */
static void metrics_default(const struct config_policy *outer, struct drafts *d)
{
	static const char *const names[] = {"cpu", "wall", "max_rss"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct draft *m = vec_add(&d->list);

		m->m.name = names[i];
		m->m.has_threshold = i < 2;
		m->m.threshold = i < 2 ? 0.1 : 0;
		if (i == 1 && outer->worse == CONFIG_LEVEL_FAIL)
			m->m.policy.worse = CONFIG_LEVEL_WARN;
	}
}

void metrics_read(struct reader *r, const struct node *own, const struct node *file,
		  const struct config_policy *outer, struct drafts *d)
{
	metrics_add(r, file, false, d);
	metrics_add(r, own, true, d);
	if (!d->list.n && !(own && own->n) && !(file && file->n))
		metrics_default(outer, d);
}

/* --- finishing ---------------------------------------------------------------------- */

static void no_source(struct reader *r, struct draft *d)
{
	struct text_nearest near;
	struct error *err;

	d->bad = true;
	if (d->sourced)
		return;
	err = problem(r, d->at, "where does the metric '%s' come from?", d->m.name);
	text_nearest_init(&near, d->m.name);
	for (size_t i = 0; process_names[i]; i++)
		text_nearest_offer(&near, process_names[i]);
	if (near.n)
		error_hint(err,
			   "did you mean '%s'? Else add from: program, perf, valgrind "
			   "or size",
			   near.best[0].word);
	else
		error_hint(err, "add from: program, perf, valgrind or size, or an expr");
}

static void bad_source(struct reader *r, struct draft *d, const char *why)
{
	problem(r, d->at, "the metric '%s' %s", d->m.name, why);
	d->bad = true;
}

static void source_find(struct reader *r, struct draft *d)
{
	struct config_metric *m = &d->m;
	bool process = process_find(m->name) >= 0;

	if (d->expr && m->from && !process) {
		bad_source(r, d, "has an 'expr', and a 'from' elsewhere");
	} else if (d->expr && !process) {
		m->from = CONFIG_FROM_EXPR;
		m->expr = expr_parse(r, d->expr);
		m->expr_text = d->expr->text;
		d->bad = !m->expr;
	} else if (!m->from && process) {
		m->from = CONFIG_FROM_PROCESS;
	} else if (!m->from && m->event) {
		m->from = CONFIG_FROM_PERF;
	} else if (!m->from && m->file) {
		m->from = CONFIG_FROM_SIZE;
	} else if (!m->from) {
		no_source(r, d);
	}
}

static void source_check(struct reader *r, struct draft *d)
{
	const struct config_metric *m = &d->m;
	bool process = process_find(m->name) >= 0;

	if (process && (m->from != CONFIG_FROM_PROCESS || d->expr || m->event || m->file))
		bad_source(r, d, "is the process's own and comes from nowhere else");
	else if (process && (m->unit || m->direction == CONFIG_BIGGER || d->exact == 1))
		bad_source(r, d,
			   "is the process's own: it has a unit, smaller is better, "
			   "and it is not exact");
	else if (m->from == CONFIG_FROM_PROCESS && !process)
		hint_words(problem(r, d->at, "no process has a metric '%s'", m->name),
			   m->name, process_names);
	else if (m->from == CONFIG_FROM_SIZE && !m->file)
		bad_source(r, d, "is the size of a file: which 'file'?");
	else if (m->event && m->from != CONFIG_FROM_PERF)
		bad_source(r, d, "has an 'event', which only 'from: perf' has");
	else if (m->file && m->from != CONFIG_FROM_SIZE)
		bad_source(r, d, "has a 'file', which only 'from: size' has");
	else if (m->unit && m->from != CONFIG_FROM_PROGRAM && m->from != CONFIG_FROM_EXPR)
		bad_source(r, d,
			   "has a 'unit', which only a program's and derived ones "
			   "need");
}

static void unit_fill(struct config_metric *m)
{
	int process = process_find(m->name);

	m->unit_scale = 1;
	if (m->from == CONFIG_FROM_PROCESS && process >= 0) {
		m->kind = process_units[process].kind;
		m->unit = process_units[process].unit;
	} else if (m->from == CONFIG_FROM_VALGRIND) {
		m->kind = CONFIG_COUNT;
		m->unit = "count";
	} else if (m->from == CONFIG_FROM_SIZE) {
		m->kind = CONFIG_SIZE;
		m->unit = "B";
	} else if (m->unit) {
		m->kind = config_unit(m->unit, &m->unit_scale);
	}
}

static void difference_fill(struct reader *r, struct draft *d)
{
	const struct node *n = d->difference;
	enum config_kind kind = CONFIG_COUNT;
	double v;
	enum scalar_type type = scalar_type(n, &v);

	if (type != SCALAR_NUMBER &&
	    (type != SCALAR_TEXT || quantity_parse(n->text, &v, &kind))) {
		problem(r, n, "'difference' has to be %s", kind_example(d->m.kind));
		return;
	}
	if (!(v > 0 && v <= 1e18)) {
		problem(r, n, "'difference' has to be more than 0, and not beyond 1e18");
		return;
	}
	if (d->m.kind != CONFIG_ANY && d->m.kind != kind) {
		kind_mismatch(r, n, &d->m);
		return;
	}
	d->m.difference = v;
	d->m.difference_text = n->text;
}

static void defaults_fill(struct draft *d)
{
	struct config_metric *m = &d->m;

	if (!m->stat)
		m->stat = CONFIG_MEDIAN;
	if (m->from == CONFIG_FROM_PERF && !m->event) {
		m->event = m->name;
		m->event_line = d->at->line;
		m->event_column = d->at->column;
	}
	m->exact = d->exact ? d->exact == 1
			    : m->from == CONFIG_FROM_VALGRIND ||
				      m->from == CONFIG_FROM_SIZE;
}

void metrics_finish(struct reader *r, struct drafts *d, const struct config_policy *outer)
{
	for (uint32_t i = 0; i < d->list.n; i++) {
		struct draft *m = &d->list.v[i];

		if (m->finished)
			continue;
		m->finished = true;
		if (!m->bad && !m->m.implied)
			source_find(r, m);
		if (!m->bad && !m->m.implied)
			source_check(r, m);
		unit_fill(&m->m);
		if (m->difference)
			difference_fill(r, m);
		defaults_fill(m);
		policy_inherit(&m->m.policy, outer);
	}
}
