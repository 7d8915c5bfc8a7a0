#pragma once
/* Text from outside in Markdown as GitHub and GitLab render it: nothing in it acts. */
#include <stdbool.h>
#include <stddef.h>

struct text;

/* At most @max bytes of @s, which may be NULL, on one line, as plain text; also in the cell
 * of a table. */
void md_add_text(struct text *t, const char *s, size_t max);
/* The same as code; `cell`: within a table, where a pipe needs a backslash even so. */
void md_add_code(struct text *t, const char *s, size_t max, bool cell);
/* A block of code on lines of its own, with the last @max bytes of @s. */
void md_add_block(struct text *t, const char *s, size_t max);
