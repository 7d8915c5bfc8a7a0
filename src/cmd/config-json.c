/* The configuration as it was understood, for programs: schema profd.config/1. Durations
 * are seconds, limits are in the unit of their kind. */
#include "config-print.h"

#include <string.h>

#include <profd/bench-events.h>

static const char *const kind_words[] = {
	[CONFIG_ANY] = NULL,	      [CONFIG_COUNT] = "count",
	[CONFIG_TIME] = "seconds",    [CONFIG_SIZE] = "bytes",
	[CONFIG_RATE] = "per_second", [CONFIG_SIZE_RATE] = "bytes_per_second",
	[CONFIG_PERCENT] = "percent",
};

static void put_duration(struct json *j, const char *key, uint64_t ns)
{
	if (ns)
		json_put_num(j, key, (double)ns / 1e9);
	else
		json_put_null(j, key);
}

/* A string is for the shell, a list is a program and its arguments. */
static void put_command(struct json *j, const char *key, const struct config_command *c)
{
	struct json *list;

	if (!c->argv) {
		json_put_str(j, key, c->text);
		return;
	}
	list = json_list();
	for (uint32_t i = 0; i < c->argc; i++)
		json_put_str(list, NULL, c->argv[i]);
	json_put(j, key, list);
}

static void put_map(struct json *j, const char *key, const struct config_env *v,
		    uint32_t n)
{
	struct json *map = json_node();

	for (uint32_t i = 0; i < n; i++)
		json_put_str(map, v[i].name, v[i].value);
	json_put(j, key, map);
}

static void put_policy(struct json *j, const struct config_policy *p)
{
	struct json *map = json_node();

	json_put_str(map, "worse", config_level_word(p->worse));
	json_put_str(map, "inconclusive", config_level_word(p->inconclusive));
	json_put_str(map, "untrusted", config_level_word(p->untrusted));
	json_put_str(map, "no_baseline", config_level_word(p->no_baseline));
	json_put(j, "policy", map);
}

static void put_budget(struct json *j, const struct config_limit *l)
{
	struct json *map;

	if (!l->given) {
		json_put_null(j, "budget");
		return;
	}
	map = json_node();
	json_put_str(map, "text", l->text);
	json_put_str(map, "op", l->at_least ? ">=" : "<=");
	json_put_num(map, "value", l->value);
	json_put_str(map, "kind", kind_words[l->kind]);
	json_put(j, "budget", map);
}

static void put_missing(struct json *j, const struct config_metric *m)
{
	_cleanup_free_ char *missing = m->event ? bench_event_missing(m->event) : NULL;

	json_put_str(j, "unavailable", missing);
}

static struct json *metric_json(const struct config_metric *m)
{
	struct json *j = json_node();

	json_put_str(j, "name", m->name);
	json_put_str(j, "description", m->description);
	json_put_str(j, "from", config_source_word(m->from));
	json_put_str(j, "event", m->event);
	put_missing(j, m);
	json_put_str(j, "file", m->file);
	json_put_str(j, "expr", m->expr_text);
	json_put_str(j, "unit", m->unit);
	json_put_str(j, "kind", kind_words[m->kind]);
	json_put_str(j, "direction", config_direction_word(m->direction));
	json_put_str(j, "stat", config_stat_word(m->stat));
	json_put_bool(j, "exact", m->exact);
	json_put_bool(j, "implied", m->implied);
	if (m->has_threshold)
		json_put_num(j, "threshold", m->threshold);
	else
		json_put_null(j, "threshold");
	if (m->difference > 0)
		json_put_num(j, "difference", m->difference);
	else
		json_put_null(j, "difference");
	put_budget(j, &m->budget);
	put_policy(j, &m->policy);
	json_put_bool(j, "gates", config_gates(m));
	return j;
}

static void put_server(struct json *j, const struct config_server *s)
{
	struct json *map;

	if (!s->command.text && !s->command.argc) {
		json_put_null(j, "server");
		return;
	}
	map = json_node();
	put_command(map, "command", &s->command);
	if (s->ready_url)
		json_put_str(map, "ready", s->ready_url);
	else
		put_command(map, "ready", &s->ready);
	put_duration(map, "timeout_s", s->timeout_ns);
	json_put(j, "server", map);
}

static void put_tiers(struct json *j, const struct config_workload *w)
{
	struct json *map = json_node();

	for (int i = 0; i < CONFIG_TIERS; i++) {
		struct json *tier = json_node();

		json_put_bool(tier, "enabled", !w->tiers[i].disabled);
		json_put_u64(tier, "runs", w->tiers[i].runs);
		put_duration(tier, "timeout_s", w->tiers[i].timeout_ns);
		json_put(map, config_tier_word((enum config_tier)i), tier);
	}
	json_put(j, "tiers", map);
}

static struct json *workload_json(const struct config_workload *w)
{
	struct json *j = json_node(), *tags = json_list(), *metrics = json_list();

	json_put_str(j, "name", w->name);
	json_put_str(j, "group", w->group);
	json_put_str(j, "variant", w->variant);
	json_put_str(j, "description", w->description);
	json_put_u64(j, "line", w->line);
	put_command(j, "command", &w->command);
	put_map(j, "env", w->env, w->nenv);
	json_put_str(j, "cwd", w->cwd);
	put_command(j, "setup", &w->setup);
	put_command(j, "teardown", &w->teardown);
	put_server(j, &w->server);
	put_map(j, "params", w->params, w->nparams);
	for (uint32_t i = 0; i < w->ntags; i++)
		json_put_str(tags, NULL, w->tags[i]);
	json_put(j, "tags", tags);
	json_put_u64(j, "runs", w->runs);
	json_put_u64(j, "warmup", w->warmup);
	put_duration(j, "timeout_s", w->timeout_ns);
	put_tiers(j, w);
	for (uint32_t i = 0; i < w->nmetrics; i++)
		json_put(metrics, NULL, metric_json(&w->metrics[i]));
	json_put(j, "metrics", metrics);
	return j;
}

static void put_texts(struct json *j, const char *key, const struct config_texts *t)
{
	struct json *list = json_list();

	for (uint32_t i = 0; i < t->n; i++)
		json_put_str(list, NULL, t->v[i]);
	json_put(j, key, list);
}

static struct json *ci_json(const struct config_ci *c)
{
	struct json *j = json_node(), *commenters = json_list();

	put_texts(j, "labels", &c->labels);
	put_texts(j, "tokens", &c->tokens);
	put_texts(j, "paths", &c->paths);
	put_texts(j, "paths_ignore", &c->paths_ignore);
	put_texts(j, "branches", &c->branches);
	json_put_str(j, "pull_requests", config_asking_word(c->pull_requests));
	json_put_str(j, "comment", c->comment);
	for (unsigned i = CONFIG_OWNER; i <= CONFIG_COLLABORATOR; i++) {
		if (c->commenters & 1u << i)
			json_put_str(commenters, NULL, config_commenter_word(i));
	}
	json_put(j, "commenters", commenters);
	json_put_str(j, "daily", c->daily);
	json_put_str(j, "weekly", c->weekly);
	return j;
}

struct json *config_json(const struct config *c)
{
	struct json *j = json_node(), *pairs = json_node(), *workloads = json_list();

	json_put_str(j, "schema", "profd.config/1");
	json_put_str(j, "file", c->path);
	json_put_bool(j, "valid", true);
	json_put_str(j, "mode", config_mode_word(c->mode));
	put_command(j, "build", &c->build);
	put_duration(j, "time_budget_s", c->time_budget_ns);
	json_put_u64(pairs, "first", c->pairs_first);
	json_put_u64(pairs, "max", c->pairs_max);
	json_put(j, "pairs", pairs);
	if (c->strictness > 0)
		json_put_num(j, "strictness", c->strictness);
	else
		json_put_null(j, "strictness");
	json_put(j, "ci", ci_json(&c->ci));
	json_put_num(j, "alpha", CONFIG_ALPHA);
	json_put_u64(j, "family", c->family);
	for (uint32_t i = 0; i < c->nworkloads; i++)
		json_put(workloads, NULL, workload_json(&c->workloads[i]));
	json_put(j, "workloads", workloads);
	return j;
}

struct json *config_problems_json(const char *path, const struct config_problems *p)
{
	struct json *j = json_node(), *list = json_list();

	json_put_str(j, "schema", "profd.config/1");
	json_put_str(j, "file", path);
	json_put_bool(j, "valid", false);
	for (uint32_t i = 0; i < p->list.n; i++) {
		const struct config_problem *x = &p->list.v[i];
		struct json *one = json_node();

		if (x->line) {
			json_put_u64(one, "line", x->line);
			json_put_u64(one, "column", x->column);
		}
		json_put_str(one, "text", x->error.text);
		json_put_str(one, "hint", x->error.hint[0] ? x->error.hint : NULL);
		json_put(list, NULL, one);
	}
	json_put(j, "problems", list);
	json_put_bool(j, "more", p->more);
	return j;
}
