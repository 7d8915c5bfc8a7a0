/* The configuration as it was understood, for people: variants of one workload together,
 * limits as they were written. */
#include "config-print.h"

#include <string.h>

#include <profd/bench-events.h>
#include <profd/mem.h>

static const double factors[] = {0.5, 1, 2};
static const char *const factor_words[] = {"strict", "default", "ci"};

/* One line of text from the file. */
static void add_line(struct text *t, const char *s)
{
	size_t n = strcspn(s, "\n");

	text_add_clean(t, s, n);
	if (s[n] && s[n + 1])
		text_add(t, " …");
}

static void add_command(struct text *t, const struct config_command *c)
{
	if (c->text)
		add_line(t, c->text);
	for (uint32_t i = 0; i < c->argc; i++) {
		if (i)
			text_addc(t, ' ');
		add_line(t, c->argv[i]);
	}
}

static void add_duration(struct text *t, uint64_t ns)
{
	uint64_t s = ns / 1000000000;

	if (ns % 1000000000)
		text_addf(t, "%gs", (double)ns / 1e9);
	else if (s % 3600 == 0)
		text_addf(t, "%lluh", (unsigned long long)s / 3600);
	else if (s % 60 == 0)
		text_addf(t, "%llum", (unsigned long long)s / 60);
	else
		text_addf(t, "%llus", (unsigned long long)s);
}

void config_add_threshold(struct text *t, const struct config_metric *m)
{
	if (m->has_threshold && m->as_ratio)
		text_addf(t, "ratio %g", 1 + m->threshold);
	else if (m->has_threshold)
		text_addf(t, "%g%%", 100 * m->threshold);
	if (m->difference > 0)
		text_addf(t, "%s%s", m->has_threshold ? " or " : "", m->difference_text);
}

static void add_plan(struct text *t, const struct config *c)
{
	text_addf(t, "mode %s", config_mode_word(c->mode));
	if (c->time_budget_ns) {
		text_add(t, ", at most ");
		add_duration(t, c->time_budget_ns);
	}
	text_add(t, ", strictness ");
	for (size_t i = 0; i < ARRAY_SIZE(factors); i++) {
		if (c->strictness == factors[i])
			text_addf(t, "%s: ", factor_words[i]);
	}
	if (c->strictness > 0)
		text_addf(t, "limits of time times %g\n", c->strictness);
	else
		text_add(t, "as the environment says\n");
	if (c->build.text || c->build.argc) {
		text_add(t, "build: ");
		add_command(t, &c->build);
		text_addc(t, '\n');
	}
	text_addf(t,
		  "%u of the metrics may fail a change (m = %u): first look after %u "
		  "pairs, the last after %u\n",
		  c->family, c->family, c->pairs_first, c->pairs_max);
	if (c->pairs_asked && c->pairs_asked < c->pairs_first)
		text_addf(t, "  (first: %u is too few for a verdict over that many)\n",
			  c->pairs_asked);
}

static void add_tiers(struct text *t, const struct config_workload *w)
{
	for (int i = 0; i < CONFIG_TIERS; i++) {
		const struct config_tier_override *o = &w->tiers[i];

		if (!o->disabled && o->runs == w->runs && o->timeout_ns == w->timeout_ns)
			continue;
		text_addf(t, "; %s: ", config_tier_word((enum config_tier)i));
		if (o->disabled) {
			text_add(t, "not at all");
			continue;
		}
		text_addf(t, "%u runs of up to ", o->runs);
		add_duration(t, o->timeout_ns);
	}
}

static void add_command_line(struct text *t, const char *what,
			     const struct config_command *c)
{
	if (!c->text && !c->argc)
		return;
	text_addf(t, "  %s: ", what);
	add_command(t, c);
	text_addc(t, '\n');
}

static void add_workload(struct text *t, const struct config_workload *w, uint32_t n)
{
	text_addf(t, "\n%s", w->group);
	if (w->nparams)
		text_addf(t, ": %u variant%s,", n, n == 1 ? "" : "s");
	for (uint32_t i = 0; w->nparams && i < n; i++) {
		text_add(t, " [");
		add_line(t, w[i].variant);
		text_add(t, "]");
	}
	text_addc(t, '\n');
	add_command_line(t, "command", &w->command);
	add_command_line(t, "server", &w->server.command);
	add_command_line(t, "setup", &w->setup);
	add_command_line(t, "teardown", &w->teardown);
	if (w->ntags)
		text_add(t, "  tags:");
	for (uint32_t i = 0; i < w->ntags; i++)
		text_addf(t, " %s", w->tags[i]);
	if (w->ntags)
		text_addc(t, '\n');
	text_addf(t, "  %u runs of up to ", w->runs);
	add_duration(t, w->timeout_ns);
	text_addf(t, ", %u to warm up", w->warmup);
	add_tiers(t, w);
	text_addc(t, '\n');
}

static void add_budgets(struct text *t, const struct config_workload *w, uint32_t n,
			uint32_t metric)
{
	const char *first = w->metrics[metric].budget.text;
	bool same = true, any = false;

	for (uint32_t i = 0; i < n; i++)
		same &= w[i].metrics[metric].budget.text == first;
	for (uint32_t i = 0; i < (same ? 1 : n); i++) {
		const struct config_limit *l = &w[i].metrics[metric].budget;

		if (!l->given)
			continue;
		text_addf(t, "%s%s", any ? ", " : "  ", l->text);
		any = true;
		if (same)
			continue;
		text_add(t, " [");
		add_line(t, w[i].variant);
		text_addc(t, ']');
	}
	if (any && w->metrics[metric].stat != CONFIG_MEDIAN)
		text_addf(t, " (%s)", config_stat_word(w->metrics[metric].stat));
}

static void add_source(struct text *t, const struct config_metric *m)
{
	text_add(t, config_source_word(m->from));
	if (m->event) {
		_cleanup_free_ char *missing = bench_event_missing(m->event);

		text_addf(t, " %s", m->event);
		if (missing) {
			text_add(t, ", unavailable here: ");
			text_add_clean(t, missing, strlen(missing));
		}
	}
	if (m->file) {
		text_addc(t, ' ');
		add_line(t, m->file);
	}
	if (m->expr_text) {
		text_addc(t, ' ');
		add_line(t, m->expr_text);
	}
}

static bool is_judged(const struct config_metric *m, const struct config_workload *w,
		      uint32_t n, uint32_t metric)
{
	bool budget = false;

	for (uint32_t i = 0; i < n; i++)
		budget |= w[i].metrics[metric].budget.given;
	return m->policy.worse != CONFIG_LEVEL_OFF &&
	       (m->has_threshold || m->difference > 0 || budget);
}

static void add_metric(struct text *t, const struct config_workload *w, uint32_t n,
		       uint32_t metric, int width)
{
	const struct config_metric *m = &w->metrics[metric];
	struct text source = {0}, limit = {0};
	bool judged = is_judged(m, w, n, metric);

	add_source(&source, m);
	config_add_threshold(&limit, m);
	text_addf(t, "  %-*s  %-5s %-10s", width, m->name,
		  judged ? config_level_word(m->policy.worse) : "-",
		  limit.len ? limit.s : "-");
	text_addf(t, " %s", text_get(&source));
	if (m->direction == CONFIG_BIGGER)
		text_add(t, ", bigger is better");
	if (m->implied)
		text_add(t, ", named by an expression only");
	add_budgets(t, w, n, metric);
	text_addc(t, '\n');
	text_done(&source);
	text_done(&limit);
}

static int widest_name(const struct config_workload *w)
{
	size_t width = 0;

	for (uint32_t i = 0; i < w->nmetrics; i++) {
		size_t n = strlen(w->metrics[i].name);

		width = n > width ? n : width;
	}
	return (int)width;
}

void config_describe(const struct config *c, struct text *t)
{
	text_add_clean(t, c->path, strlen(c->path));
	text_addf(t, ": %u workload%s", c->ngroups, c->ngroups == 1 ? "" : "s");
	if (c->nworkloads > c->ngroups)
		text_addf(t, " in %u variants", c->nworkloads);
	text_addc(t, '\n');
	add_plan(t, c);
	for (uint32_t i = 0, n; i < c->nworkloads; i += n) {
		const struct config_workload *w = &c->workloads[i];

		n = 1;
		while (i + n < c->nworkloads &&
		       !strcmp(c->workloads[i + n].group, w->group))
			n++;
		add_workload(t, w, n);
		for (uint32_t k = 0; k < w->nmetrics; k++)
			add_metric(t, w, n, k, widest_name(w));
	}
}
