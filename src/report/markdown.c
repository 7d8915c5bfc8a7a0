/* Escaping for Markdown (CommonMark 0.31 with GitHub's tables, section 4.10 of GFM, and
 * its links without brackets, section 6.9). */
#include "markdown.h"

#include <string.h>
#include <strings.h>

#include "outcome-view.h"

/* Addresses become links by themselves: a joiner, which nobody sees, stops that, as it
 * does for @ and # in text_add_markdown. */
#define JOINER "\xe2\x80\x8d"

static void break_links(struct text *t, const char *s)
{
	for (; *s; s++) {
		bool host = !strncasecmp(s, "www.", 4);

		text_addn(t, s, host ? 3 : 1);
		if (host || !strncmp(s, "://", 3))
			text_add(t, JOINER);
		s += host ? 2 : 0;
	}
}

void md_add_text(struct text *t, const char *s, size_t max)
{
	struct text line = {0}, broken = {0};

	view_add_line(&line, s, max);
	break_links(&broken, text_get(&line));
	text_add_markdown(t, text_get(&broken));
	text_done(&line);
	text_done(&broken);
}

/* Text that begins or ends with a blank would lose one (6.1), and none at all is no code. */
void md_add_code(struct text *t, const char *s, size_t max, bool cell)
{
	struct text line = {0};

	view_add_line(&line, s, max);
	if (!line.len) {
		text_add(t, "-");
	} else if (cell) {
		text_add_code(t, line.s);
	} else {
		for (char *c = line.s; *c; c++)
			if (*c == '`')
				*c = '\'';
		text_addf(t, "`%s`", line.s);
	}
	text_done(&line);
}

static size_t longest_run(const char *s)
{
	size_t longest = 0, n = 0;

	for (; *s; s++) {
		n = *s == '`' ? n + 1 : 0;
		longest = n > longest ? n : longest;
	}
	return longest;
}

/* A fence is closed by one that is as long only (4.5). */
void md_add_block(struct text *t, const char *s, size_t max)
{
	struct text code = {0}, fence = {0};
	size_t n;

	view_add_tail(&code, s, max);
	n = longest_run(text_get(&code));
	for (size_t i = 0; i < (n < 3 ? 3 : n + 1); i++)
		text_addc(&fence, '`');
	text_addf(t, "%s\n%s", text_get(&fence), text_get(&code));
	if (code.len && code.s[code.len - 1] != '\n')
		text_addc(t, '\n');
	text_addf(t, "%s\n", text_get(&fence));
	text_done(&code);
	text_done(&fence);
}
