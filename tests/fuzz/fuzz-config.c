/* .profd.yml from outside: what is accepted is whole, what is refused says where. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <profd/config.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void command_look(const struct config_command *c, bool needed)
{
	must(!needed || c->text || c->argc);
	must(!c->argv || !c->argv[c->argc]);
	for (uint32_t i = 0; i < c->argc; i++)
		must(c->argv[i] != NULL);
}

static void metric_look(const struct config_metric *m)
{
	must(m->name && m->from && m->direction && m->stat && m->unit_scale > 0);
	must(m->policy.worse && m->policy.inconclusive && m->policy.untrusted &&
	     m->policy.no_baseline);
	must(!m->has_threshold || (m->threshold >= 0 && m->threshold < 1000));
	must((m->from == CONFIG_FROM_EXPR) == (m->expr != NULL));
	must(m->from != CONFIG_FROM_PERF || m->event);
	must(m->from != CONFIG_FROM_SIZE || m->file);
	must(!m->budget.given || !m->kind || m->kind == m->budget.kind);
}

static uint32_t workload_look(const struct config_workload *w)
{
	double values[CONFIG_METRICS_MAX];
	uint32_t gates = 0;

	must(*w->name && w->runs && w->timeout_ns && w->nmetrics <= CONFIG_METRICS_MAX);
	command_look(&w->command, true);
	command_look(&w->server.command, false);
	for (uint32_t i = 0; i < w->nmetrics; i++) {
		metric_look(&w->metrics[i]);
		gates += config_gates(&w->metrics[i]);
		values[i] = i;
	}
	config_derive(w, values);
	return gates;
}

static void config_look(const struct config *c)
{
	uint32_t gates = 0;

	must(c->nworkloads && c->nworkloads <= CONFIG_WORKLOADS_MAX && c->mode);
	for (uint32_t i = 0; i < c->nworkloads; i++)
		gates += workload_look(&c->workloads[i]);
	must(gates == c->family && c->pairs_first >= config_first_look(gates) &&
	     c->pairs_max >= c->pairs_first);
	must(c->arena.total_bytes < (256u << 20));
}

static void problems_look(const struct config_problems *p)
{
	char place[64];

	must(p->list.n && p->list.n <= CONFIG_PROBLEMS_MAX);
	for (uint32_t i = 0; i < p->list.n; i++) {
		const struct config_problem *x = &p->list.v[i];

		snprintf(place, sizeof(place), "f:%u:%u: ", x->line, x->column);
		must(x->line && x->column && x->error.code < 0 &&
		     !strncmp(x->error.text, place, strlen(place)));
		must(!i || x->line >= x[-1].line);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct config_problems problems = {0};
	struct config *c = NULL;

	if (config_parse("f", (const char *)data, n, &c, &problems) == 0)
		config_look(c);
	else
		problems_look(&problems);
	config_problems_done(&problems);
	config_free(c);
	return 0;
}
