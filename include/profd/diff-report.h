#pragma once
/* A difference for people and for programs. Writers write into a sink whose `code` tells
 * failure. One thread at a time. */
#include <profd/diff.h>
#include <profd/io.h>

struct diff_report_options {
	uint32_t rows; /* functions, and stacks of each list, at most; 0: all */
	bool cum;      /* by the part with callees */
	bool all;      /* also what is within the noise */
	bool dim;      /* these in a terminal's faint letters */
};

/* Plain text: totals, functions by the size of their change, new and vanished stacks. */
void diff_text_write(const struct diff *d, const struct diff_report_options *o,
		     struct sink *out);
/* Schema profd.diff/1: profd-diff(1). All functions. */
void diff_json_write(const struct diff *d, struct sink *out);

/* Pieces that other reports use, too; all append. "+220ms", "-3", "0". */
void diff_add_delta(struct text *t, const struct diff *d, int64_t delta);
/* "+25.3 %", "new", "vanished", or nothing where there is no such figure. */
void diff_add_percent(struct text *t, const struct diff_change *c);
/* "app;main;f", as folded stacks have it, but for a function that calls itself: that is
 * "f x 28". */
void diff_add_stack(struct text *t, const struct diff *d, const struct diff_branch *b);
/* What to know before relying on it, one sentence each, with a newline behind: unlike
 * sides, what is not known of them, what was taken for the same, and what profd said of
 * the quality of either. */
void diff_add_cautions(struct text *t, const struct diff *d);
