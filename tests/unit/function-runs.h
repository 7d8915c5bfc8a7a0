#pragma once
/* Profiles of runs that are made up, in pairs, and what the judge says of their functions. */
#include <profd/functions.h>

#define PERIOD 1000000 /* ns */
#define PAIRS 12

/* A stack and its samples in a run of base and of head. A frame is "NAME" or "NAME@FILE";
 * "(NAME" was inlined into the next one in the list, which is its caller. */
struct load {
	const char *frames;
	int base, head;
};

struct runs {
	struct functions_pair pairs[PAIRS];
	uint32_t n;
	struct functions f;
};

stack_id runs_stack(struct profile *p, const char *frames);
/* With samples/count and cpu/nanoseconds, a sample each PERIOD. */
struct profile *runs_profile(void);
/* Run @i of a side: the loads, but for a little that goes up and down. */
struct profile *runs_profile_of(const struct load *loads, bool head, uint32_t i);
/* @n pairs, not judged yet; to be undone by runs_done. */
void runs_make(struct runs *r, const struct load *loads, uint32_t n);
void runs_judge(struct runs *r);
void runs_done(struct runs *r);
/* PAIRS pairs, judged. */
struct runs runs_of(const struct load *loads);

/* NULL: not there. Fails when it is there twice. */
const struct functions_entry *runs_find(const struct functions *f, const char *name);
const struct functions_entry *runs_get(const struct functions *f,
				       const char *name); /* fails when it is missing */
void assert_kind(const struct runs *r, const char *name, enum functions_kind kind);
void assert_near(double a, double b, double within);
