#pragma once
/* Functions that stand out in the pictures of a difference: those that a change touches. */
#include <profd/profile.h>
#include <profd/vec.h>

struct diff_marks {
	VEC(const char *) names; /* borrowed */
	VEC(string_id) former;	 /* while they are put: names of all functions */
};

/* Of marked functions the name begins with DIFF_MARK, for as long as something is drawn, so
 * that a search finds them and every table has it. */
#define DIFF_MARK "\xe2\x97\x86 " /* U+25C6 */
void diff_marks_put(struct diff_marks *m, struct profile *p);
void diff_marks_take(struct diff_marks *m, struct profile *p);
void diff_marks_done(struct diff_marks *m);
