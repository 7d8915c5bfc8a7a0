#pragma once
/* Shared by the files that make comments. */
#include <profd/ci-comment.h>

/* "<!-- profd:ID -->"; the caller frees it. */
char *comment_marker(const char *id);
/* What follows every comment, then @t itself goes to the comment. */
void comment_take_text(struct comment *c, const struct comment_options *opt,
		       struct text *t);
