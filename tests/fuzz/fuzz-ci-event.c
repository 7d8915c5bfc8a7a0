/* Events of GitHub from outside: the first line is the event's name, the rest its file. What they
 * lead to is one line, and harmless. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <profd/ci-rules.h>
#include <profd/ci-text.h>
#include <profd/text.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void decision_look(const struct ci_decision *d)
{
	size_t n = strlen(d->reason);

	must(n && n < sizeof(d->reason) && d->tier < CONFIG_TIERS);
	must(text_is_clean(d->reason, n));
	must(!strstr(d->reason, "##[") && strncmp(d->reason, "::", 2) != 0);
}

static void texts_look(const struct ci_texts *t, uint32_t max)
{
	must(t->n <= max && (!t->n || t->v));
	for (uint32_t i = 0; i < t->n; i++)
		must(t->v[i] && *t->v[i]);
}

/* The titles and branches of the event are files and patterns, too. */
static void event_look(const struct ci_event *e)
{
	const char *patterns[] = {"src/**", "**/*.c", e->branch ? e->branch : "*"};
	const char *files[] = {e->title ? e->title : "src/a.c", "docs/x/y.c"};
	struct config_ci rules = config_ci_default;
	struct ci_changes changes = {.known = true,
				     .message = e->comment,
				     .files = {files, ARRAY_SIZE(files)}};
	struct ci_decision d;

	texts_look(&e->labels, CI_LABELS_MAX);
	texts_look(&e->messages, CI_COMMITS_MAX);
	for (unsigned i = 0; i < 4; i++) {
		ci_decide(&rules, i & 1, e, &changes, &d);
		decision_look(&d);
		if (i != 1)
			continue;
		rules.paths = (struct config_texts){patterns, ARRAY_SIZE(patterns)};
		rules.branches = rules.paths;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *lf = n ? memchr(data, '\n', n) : NULL;
	_cleanup_free_ char *name = NULL;
	struct error err = {0};
	struct ci_event e;
	size_t head;

	if (!lf)
		return 0;
	head = (size_t)(lf - data);
	name = xstrndup((const char *)data, head);
	if (ci_event_github((const char *)lf + 1, n - head - 1, name, &e, &err) == 0)
		event_look(&e);
	else
		must(err.code < 0 && err.text[0]);
	ci_event_done(&e);
	return 0;
}
