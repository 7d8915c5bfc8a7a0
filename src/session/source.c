/* What the kinds of source have in common: who asks for the next event does not know
 * which one it is. The rings are in source-perf.c, looks at the threads themselves in
 * source-ptrace.c. */
#include "source-priv.h"

#include <profd/mem.h>

int source_next(struct source *src, struct event *ret_event)
{
	return src->ops->next(src, ret_event);
}

void source_hurry(struct source *src, bool on)
{
	src->ops->hurry(src, on);
}

void source_on_wait(struct source *src, void (*fn)(void *arg), void *arg)
{
	src->on_wait = fn;
	src->on_wait_arg = arg;
}

const struct source_stats *source_stats(const struct source *src)
{
	return &src->stats;
}

struct source *source_free(struct source *src)
{
	if (!src)
		return NULL;
	src->ops->free(src);
	free(src);
	return NULL;
}

bool source_ended(struct launch *l, struct attach *a)
{
	bool over = a && attach_tick(a);

	if (!l)
		return over;
	over = launch_tick(l);
	if (over && a)
		attach_end(a);
	return over;
}
