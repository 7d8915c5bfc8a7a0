/* When, where, of what: all of an outcome but what the gate says. */
#include "judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <profd/clock.h>
#include <profd/outcome-io.h>
#include <profd/text.h>

static const char *keep(struct outcome *o, const char *s)
{
	return s ? arena_strndup(&o->arena, s, strlen(s)) : NULL;
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static const char *run_url(struct outcome *o)
{
	const char *server = variable("GITHUB_SERVER_URL");
	const char *repository = variable("GITHUB_REPOSITORY");
	const char *run = variable("GITHUB_RUN_ID");
	_cleanup_free_ char *url = NULL;

	if (server && repository && run)
		url = xasprintf("%s/%s/actions/runs/%s", server, repository, run);
	if (url)
		return keep(o, url);
	return keep(o, variable("CI_JOB_URL") ? variable("CI_JOB_URL")
					      : variable("BUILD_URL"));
}

void judge_outcome_start(struct outcome *o, const struct judge_options *options)
{
	*o = (struct outcome){.command = options->command, .version = PACKAGE_VERSION};
	o->start_ns = clock_wall_ns();
	o->run_url = run_url(o);
	testbed_read(&o->arena, &o->environment);
}

void judge_outcome_side(struct outcome *o, struct outcome_side *ret,
			const struct checkout_side *s)
{
	*ret = (struct outcome_side){
		.label = keep(o, s->label),
		.commit = keep(o, s->commit),
		.subject = keep(o, s->subject),
		.branch = keep(o, s->branch),
		.root = keep(o, s->root),
		.dirty = s->dirty,
		.built = s->built,
		.from_cache = s->from_cache,
		.build_seconds = s->build_seconds,
	};
}

static bool has_word(char *const *argv, const char *start)
{
	for (unsigned i = 1; argv[i]; i++) {
		if (!strncmp(argv[i], start, strlen(start)))
			return true;
	}
	return false;
}

/* The base by its commit, and the seed: the same runs in the same order. */
static const char *reproduce(struct outcome *o, const struct judge_options *options)
{
	struct text t = {0};
	const char *kept;

	text_addf(&t, "profd %s", options->command);
	for (unsigned i = 1; options->argv[i]; i++) {
		text_addc(&t, ' ');
		text_add_word(&t, options->argv[i]);
	}
	if (o->base.commit && !has_word(options->argv, "--base"))
		text_addf(&t, " --base ref:%s", o->base.commit);
	if (!options->has_seed && !options->nshards)
		text_addf(&t, " --seed %llu", (unsigned long long)o->plan.seed);
	kept = keep(o, text_get(&t));
	text_done(&t);
	return kept;
}

void judge_outcome_end(struct outcome *o, const struct judge_options *options)
{
	o->end_ns = clock_wall_ns();
	outcome_id_make(o);
	o->reproduce = reproduce(o, options);
}

void judge_outcome_broken(struct outcome *o, const struct config *c, const bool *chosen,
			  const struct checkout_side *head)
{
	struct outcome_workload *w = arena_alloc(&o->arena,
						 (c->nworkloads + 1) * sizeof(*w));
	_cleanup_free_ char *what = xasprintf("does not build: %s", head->what);
	struct outcome_failure *f = arena_alloc(&o->arena, sizeof(*f));

	*f = (struct outcome_failure){
		.side = "head",
		.what = keep(o, what),
		.output = keep(o, head->output),
		.count = 1,
	};
	for (uint32_t i = 0; i < c->nworkloads; i++) {
		if (!chosen[i])
			continue;
		w[o->nworkloads++] = (struct outcome_workload){
			.name = c->workloads[i].name,
			.group = c->workloads[i].group,
			.variant = c->workloads[i].variant,
			.verdict = VERDICT_FAILED,
			.effect = OUTCOME_FAILS,
			.failures = f,
			.nfailures = 1,
		};
	}
	o->workloads = w;
	o->verdict = VERDICT_FAILED;
	o->effect = OUTCOME_FAILS;
	o->exit_status = 4;
}
