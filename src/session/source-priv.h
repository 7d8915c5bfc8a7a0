#pragma once
/* What all kinds of source have. Each begins with a struct source. */
#include <profd/attach.h>
#include <profd/launch.h>
#include <profd/source.h>

struct source_ops {
	int (*next)(struct source *src, struct event *ret_event); /* as source_next */
	void (*hurry)(struct source *src, bool on);
	void (*free)(struct source *src); /* all but the struct itself */
};

struct source {
	const struct source_ops *ops;
	struct source_stats stats;
	void (*on_wait)(void *arg); /* or NULL */
	void *on_wait_arg;
};

/* The launched process has ended, or what was attached to; one of the two may be NULL. source.c. */
bool source_ended(struct launch *l, struct attach *a);
/* To be called before waiting. */
static inline void source_waits(struct source *src)
{
	if (src->on_wait)
		src->on_wait(src->on_wait_arg);
}
