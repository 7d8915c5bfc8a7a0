#pragma once
/* A list of functions (functions.h) for people. One thread at a time. */
#include <profd/functions.h>
#include <profd/io.h>

struct functions_report_options {
	const char *base, *head; /* for people, clean UTF-8 */
	uint32_t rows;		 /* functions at most; 0: all */
	bool all;		 /* also those whose change is not certain */
};

/* Plain text: what was compared, the change of the whole, the functions in their order, what
 * the named ones leave, and what is to be known before relying on it. */
void functions_text_write(const struct functions *f,
			  const struct functions_report_options *o, struct sink *out);
/* "changed, was x, with y, touched by this change": what is said of one in a table. */
void functions_add_kind(struct text *t, const struct functions_entry *e);
