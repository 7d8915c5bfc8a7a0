/* Workloads: one of the file's becomes one for each combination of its parameters. */
#include "config-priv.h"

#include <string.h>

#include <profd/text.h>

#define NAME_MAX_BYTES 100
#define ENV_MAX 1000
#define TAGS_MAX 100
#define RUNS_DEFAULT 10
#define TIMEOUT_DEFAULT_NS (600 * 1000000000ull)
#define READY_DEFAULT_NS (30 * 1000000000ull)

struct tier_draft {
	int enabled; /* as field_bool */
	int64_t runs;
	uint64_t timeout_ns;
};

/* As it stands in the file; texts still have their braces. */
struct whole {
	struct config_workload w;
	struct params params;
	int64_t runs, warmup;
	struct tier_draft tiers[CONFIG_TIERS];
	struct config_policy policy;
	const struct node *metrics;
};

/* --- reading ------------------------------------------------------------------------ */

static bool is_word(const char *s)
{
	size_t n = strlen(s);

	return n && n <= NAME_MAX_BYTES && !strchr(".+-", *s) &&
	       strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			 "0123456789_.+-") == n;
}

/* Each workload has a folder beside these. */
static bool is_taken(const char *s)
{
	static const char *const files[] = {"run",	  "verdict.json", "summary.md",
					    "comment.md", "junit.xml",	  "metrics.txt",
					    "report.html"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (!strcmp(s, files[i]))
			return true;
	}
	return !strncmp(s, "log-", 4);
}

static void name_read(struct reader *r, const struct node *n, const struct field *f,
		      void *to)
{
	enum scalar_type type = scalar_type(n, NULL);

	if (type == SCALAR_NUMBER || type == SCALAR_BOOL)
		error_hint(
			problem(r, n, "'%s' has to be text, not %s", f->key, node_is(n)),
			"in quotes it is text: \"%s\"", n->text);
	else if (type != SCALAR_TEXT || !is_word(n->text))
		problem(r, n,
			"a %s has letters, digits and _ . + - only, begins with one "
			"of the first three, and has at most 100",
			*f->key == 't' ? "tag" : "workload's name");
	else if (*f->key == 'n' && is_taken(n->text))
		problem(r, n, "'%s' is the name of something else among the results",
			n->text);
	else
		*(const char **)to = n->text;
}

static void tags_read(struct reader *r, const struct node *n, const struct field *f,
		      void *to)
{
	struct config_workload *w = to;

	if (n->type != NODE_LIST || n->n > TAGS_MAX) {
		problem(r, n, "'%s' has to be a list of at most 100 words", f->key);
		return;
	}
	if (n->n)
		w->tags = arena_alloc(r->arena, n->n * sizeof(*w->tags));
	w->ntags = 0;
	for (uint32_t i = 0; i < n->n; i++) {
		const char *tag = NULL;

		name_read(r, n->items[i], f, &tag);
		for (uint32_t k = 0; tag && k < w->ntags; k++) {
			if (strcmp(w->tags[k], tag) != 0)
				continue;
			problem(r, n->items[i], "the tag '%s' stands here twice", tag);
			tag = NULL;
		}
		if (tag)
			w->tags[w->ntags++] = tag;
	}
}

static bool env_name_is_fit(struct reader *r, const struct node *key)
{
	if (!name_is_plain(key->text))
		problem(r, key, "'%s' is no name of an environment variable", key->text);
	else if (!strncmp(key->text, "PROFD_", 6))
		problem(r, key, "variables that begin with PROFD_ are set by profd");
	else
		return true;
	return false;
}

static void env_read(struct reader *r, const struct node *n, const struct field *f,
		     void *to)
{
	struct config_workload *w = to;
	struct config_env *env;

	if (n->type != NODE_MAP || n->n > ENV_MAX) {
		problem(r, n, "'%s' has to be a map of at most 1000 variables", f->key);
		return;
	}
	if (!n->n)
		return;
	env = arena_alloc(r->arena, n->n * sizeof(*env));
	w->env = env;
	w->nenv = 0;
	for (uint32_t i = 0; i < n->n; i++) {
		const char *value = word_text(r, n->items[i], "a variable's value");

		if (env_name_is_fit(r, n->keys[i]) && value)
			env[w->nenv++] = (struct config_env){n->keys[i]->text, value};
	}
}

static void ready_read(struct reader *r, const struct node *n, const struct field *f,
		       void *to)
{
	struct config_server *s = to;
	struct error *err;

	if (n->type == NODE_LIST) {
		field_command(r, n, f, &s->ready);
		return;
	}
	if (scalar_type(n, NULL) == SCALAR_TEXT && text_is_fit(r, n, false) &&
	    (!strncmp(n->text, "http://", 7) || !strncmp(n->text, "tcp://", 6) ||
	     !strncmp(n->text, "unix://", 7)) &&
	    *(strstr(n->text, "://") + 3) && !strpbrk(n->text, " \t\n")) {
		s->ready_url = n->text;
		return;
	}
	err = problem(r, n, "'%s' has to be an address or a list of a command's words",
		      f->key);
	if (n->type == NODE_SCALAR && !strncmp(n->text, "https://", 8))
		error_hint(err, "a command can ask it: [curl, -fs, %s]", n->text);
	else
		error_hint(err, "http://HOST:PORT/PATH, tcp://HOST:PORT, unix:///PATH or "
				"[COMMAND, ...]");
}

static const struct field server_fields[] = {
	{"command", field_command, offsetof(struct config_server, command), NULL, true},
	{"ready", ready_read, 0, NULL, true},
	{"timeout", field_duration, offsetof(struct config_server, timeout_ns), NULL,
	 false},
	{0},
};

static void server_read(struct reader *r, const struct node *n, const struct field *f,
			void *to)
{
	(void)f;
	fields_read(r, n, "a server", server_fields, false, to);
}

static const struct range runs_range = {1, 100000}, warmup_range = {0, 1000};

static const struct field tier_fields[] = {
	{"enabled", field_bool, offsetof(struct tier_draft, enabled), NULL, false},
	{"runs", field_count, offsetof(struct tier_draft, runs), &runs_range, false},
	{"timeout", field_duration, offsetof(struct tier_draft, timeout_ns), NULL, false},
	{0},
};

static void tier_read(struct reader *r, const struct node *n, const struct field *f,
		      void *to)
{
	(void)f;
	fields_read(r, n, "a tier", tier_fields, false, to);
}

#define TIER_AT(i) ((i) * sizeof(struct tier_draft))
static const struct field tiers_fields[] = {
	{"quick", tier_read, TIER_AT(CONFIG_QUICK), NULL, false},
	{"daily", tier_read, TIER_AT(CONFIG_DAILY), NULL, false},
	{"weekly", tier_read, TIER_AT(CONFIG_WEEKLY), NULL, false},
	{0},
};

static void tiers_read(struct reader *r, const struct node *n, const struct field *f,
		       void *to)
{
	(void)f;
	fields_read(r, n, "'tiers'", tiers_fields, false, to);
}

static const struct field workload_fields[] = {
	{"name", name_read, offsetof(struct whole, w.group), NULL, true},
	{"description", field_text, offsetof(struct whole, w.description), NULL, false},
	{"command", field_command, offsetof(struct whole, w.command), NULL, true},
	{"env", env_read, offsetof(struct whole, w), NULL, false},
	{"cwd", field_text, offsetof(struct whole, w.cwd), NULL, false},
	{"setup", field_command, offsetof(struct whole, w.setup), NULL, false},
	{"teardown", field_command, offsetof(struct whole, w.teardown), NULL, false},
	{"server", server_read, offsetof(struct whole, w.server), NULL, false},
	{"params", field_params, offsetof(struct whole, params), NULL, false},
	{"tags", tags_read, offsetof(struct whole, w), NULL, false},
	{"runs", field_count, offsetof(struct whole, runs), &runs_range, false},
	{"warmup", field_count, offsetof(struct whole, warmup), &warmup_range, false},
	{"timeout", field_duration, offsetof(struct whole, w.timeout_ns), NULL, false},
	{"tiers", tiers_read, offsetof(struct whole, tiers), NULL, false},
	{"metrics", field_node, offsetof(struct whole, metrics), NULL, false},
	POLICY_FIELDS(struct whole, policy),
	{0},
};

static void whole_fill(struct whole *w, const struct config_policy *outer)
{
	if (w->runs < 0)
		w->runs = RUNS_DEFAULT;
	w->w.runs = (uint32_t)w->runs;
	w->w.warmup = w->warmup < 0 ? 1 : (uint32_t)w->warmup;
	if (!w->w.timeout_ns)
		w->w.timeout_ns = TIMEOUT_DEFAULT_NS;
	if (!w->w.server.timeout_ns)
		w->w.server.timeout_ns = READY_DEFAULT_NS;
	for (int i = 0; i < CONFIG_TIERS; i++) {
		const struct tier_draft *t = &w->tiers[i];

		w->w.tiers[i] = (struct config_tier_override){
			.disabled = t->enabled == 2,
			.runs = t->runs < 0 ? w->w.runs : (uint32_t)t->runs,
			.timeout_ns = t->timeout_ns ? t->timeout_ns : w->w.timeout_ns,
		};
	}
	policy_inherit(&w->policy, outer);
}

/* --- variants ----------------------------------------------------------------------- */

struct variants {
	struct reader *r;
	const struct whole *whole;
	const struct drafts *drafts;
	struct workloads *to;
	const char **names; /* [n], and a NULL */
	uint64_t n;
	const char *values[PARAMS_MAX];
};

static const char *fill(struct variants *v, const char *text)
{
	return params_fill(v->r->arena, &v->whole->params, v->values, text,
			   &v->to->bytes);
}

static struct config_command command_fill(struct variants *v,
					  const struct config_command *c)
{
	struct config_command new = {.text = fill(v, c->text), .argc = c->argc};

	if (!c->argv)
		return new;
	new.argv = arena_alloc(v->r->arena, (c->argc + 1) * sizeof(*new.argv));
	for (uint32_t i = 0; i < c->argc; i++)
		new.argv[i] = fill(v, c->argv[i]);
	return new;
}

/* The values of variant @k, the last parameter's changing first; its name in brackets. */
static void values_choose(struct variants *v, uint64_t k)
{
	const struct params *p = &v->whole->params;

	for (uint32_t i = p->n; i-- > 0;) {
		v->values[i] = p->v[i].values[k % p->v[i].n];
		k /= p->v[i].n;
	}
}

static void variants_name(struct variants *v)
{
	const struct params *p = &v->whole->params;
	struct text t = {0};

	v->names = arena_alloc(v->r->arena, (v->n + 1) * sizeof(*v->names));
	for (uint64_t k = 0; k < v->n; k++) {
		text_clear(&t);
		values_choose(v, k);
		for (uint32_t i = 0; i < p->n; i++)
			text_addf(&t, "%s%s", i ? "," : "", v->values[i]);
		v->names[k] = arena_strndup(v->r->arena, text_get(&t), t.len);
	}
	text_done(&t);
}

static void variant_texts(struct variants *v, struct config_workload *w)
{
	const struct params *p = &v->whole->params;
	struct config_env *env;

	w->command = command_fill(v, &w->command);
	w->setup = command_fill(v, &w->setup);
	w->teardown = command_fill(v, &w->teardown);
	w->server.command = command_fill(v, &w->server.command);
	w->server.ready = command_fill(v, &w->server.ready);
	w->server.ready_url = fill(v, w->server.ready_url);
	w->cwd = fill(v, w->cwd);
	if (w->nenv) {
		env = arena_alloc(v->r->arena, w->nenv * sizeof(*env));
		for (uint32_t i = 0; i < w->nenv; i++)
			env[i] = (struct config_env){w->env[i].name,
						     fill(v, w->env[i].value)};
		w->env = env;
	}
	if (p->n) {
		env = arena_alloc(v->r->arena, p->n * sizeof(*env));
		for (uint32_t i = 0; i < p->n; i++)
			env[i] = (struct config_env){p->v[i].name, v->values[i]};
		w->params = env;
		w->nparams = p->n;
	}
}

static void variant_metrics(struct variants *v, struct config_workload *w)
{
	const struct drafts *d = v->drafts;
	struct config_metric *metrics;

	if (!d->list.n)
		return;
	metrics = arena_alloc(v->r->arena, d->list.n * sizeof(*metrics));
	for (uint32_t i = 0; i < d->list.n; i++) {
		metrics[i] = d->list.v[i].m;
		metric_budget(v->r, &d->list.v[i], w->variant, &metrics[i].budget);
	}
	w->metrics = metrics;
	w->nmetrics = d->list.n;
	v->to->nmetrics += d->list.n;
}

static void variant_add(struct variants *v, uint64_t k)
{
	struct config_workload w = v->whole->w;
	struct text name = {0};

	values_choose(v, k);
	w.variant = v->names[k];
	text_add(&name, w.group);
	if (*w.variant)
		text_addf(&name, "[%s]", w.variant);
	w.name = arena_strndup(v->r->arena, text_get(&name), name.len);
	text_done(&name);
	variant_texts(v, &w);
	variant_metrics(v, &w);
	vec_push(&v->to->list, w);
}

static bool too_many(struct variants *v, const struct node *at)
{
	struct workloads *to = v->to;

	if (to->list.n + v->n > CONFIG_WORKLOADS_MAX)
		problem(v->r, at, "there are more than 1000 workloads and variants");
	else if (to->nmetrics + v->n * v->drafts->list.n > CONFIG_METRICS_TOTAL_MAX)
		problem(v->r, at, "all variants together have more than 20000 metrics");
	else
		return false;
	to->full = true;
	return true;
}

static void variants_add(struct reader *r, const struct node *at, struct whole *whole,
			 struct drafts *d, struct workloads *to)
{
	struct variants v = {.r = r, .whole = whole, .drafts = d, .to = to};

	v.n = params_variants(&whole->params);
	if (too_many(&v, at))
		return;
	variants_name(&v);
	for (uint32_t i = 0; i < d->list.n; i++)
		metric_check_budget(r, &d->list.v[i], v.names);
	for (uint64_t k = 0; k < v.n; k++) {
		variant_add(&v, k);
		if (to->bytes > CONFIG_VARIANTS_MAX_BYTES) {
			problem(r, at, "the texts of all variants have over 4 MiB");
			to->full = true;
			return;
		}
	}
}

static void braces_check(struct reader *r, const struct node *n, struct params *p)
{
	static const char *const keys[] = {"command", "env",	  "cwd",
					   "setup",   "teardown", "server"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		params_check(r, p, node_get(n, keys[i]));
	params_check_used(r, p);
}

void workload_read(struct reader *r, const struct node *n,
		   const struct node *file_metrics, const struct config_policy *outer,
		   struct workloads *w)
{
	struct whole whole = {.runs = -1, .warmup = -1};
	struct drafts d = {0};

	for (int i = 0; i < CONFIG_TIERS; i++)
		whole.tiers[i].runs = -1;
	fields_read(r, n, "a workload", workload_fields, false, &whole);
	whole.w.line = n->line;
	if (!whole.w.group)
		whole.w.group = "";
	whole_fill(&whole, outer);
	if (n->type == NODE_MAP)
		braces_check(r, n, &whole.params);
	metrics_read(r, whole.metrics, file_metrics, &whole.policy, &d);
	metrics_finish(r, &d, &whole.policy);
	metrics_derive(r, &d, &whole.w.derive, &whole.w.nderived);
	/* Those that were added just now. */
	metrics_finish(r, &d, &whole.policy);
	variants_add(r, n, &whole, &d, w);
	w->ngroups++;
	vec_done(&d.list);
}
