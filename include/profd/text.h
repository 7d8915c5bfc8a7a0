#pragma once
/* A growing string, zeroed to start, and what text from outside has to go through before
 * it is shown. `s` is always NUL-terminated once something was added; it is NULL
 * before. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct text {
	char *s;
	size_t len, cap;
};

void text_add(struct text *t, const char *s);
void text_addn(struct text *t, const void *s, size_t n);
void text_addc(struct text *t, char c);
void text_addf(struct text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void text_vaddf(struct text *t, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
void text_clear(struct text *t); /* keeps the memory */
void text_done(struct text *t);
const char *text_get(const struct text *t); /* "" when nothing was added */

/* True when @s[0..n) is valid UTF-8 without control characters (RFC 3629). */
bool text_is_clean(const char *s, size_t n);
/* Appends @s with every invalid byte sequence and control character replaced by
 * U+FFFD. */
void text_add_clean(struct text *t, const char *s, size_t n);
/* The same, but newlines and tabs stay what they are. */
void text_add_lines(struct text *t, const char *s, size_t n);
/* Appends @s escaped for XML and HTML text and for quoted attribute values. @s is clean
 * UTF-8. */
void text_add_xml(struct text *t, const char *s, size_t n);
/* Appends @s escaped for a Markdown table cell, and the same as code. @s is clean UTF-8,
 * on one line. */
void text_add_markdown(struct text *t, const char *s);
void text_add_code(struct text *t, const char *s);
/* Appends @s so that a POSIX shell takes it as one word, in quotes where it needs them. */
void text_add_word(struct text *t, const char *s);
/* "12.3 MiB", "1.50 s", "12.4 %" for people. */
void text_add_bytes(struct text *t, double bytes);
void text_add_seconds(struct text *t, double seconds);

/* Edit distance of two words for finding what was meant: insertions, deletions,
 * substitutions and swaps of neighbours count one each; case and the difference of '-'
 * and '_' count nothing. Above @max, or for words longer than TEXT_WORD_MAX_BYTES, it is
 * max + 1. */
#define TEXT_WORD_MAX_BYTES 127
unsigned text_distance(const char *a, const char *b, unsigned max);

/* The nearest of many words, for "did you mean". Words that begin with the one looked
 * for, or contain it, are near, too; those too far to be meant are not taken. Ties go to
 * the shorter word, then to the one offered first. */
#define TEXT_NEAREST_MAX 3
struct text_nearest {
	const char *to; /* borrowed */
	unsigned n;
	struct {
		char word[TEXT_WORD_MAX_BYTES + 1];
		unsigned distance;
	} best[TEXT_NEAREST_MAX]; /* nearest first */
};
void text_nearest_init(struct text_nearest *near, const char *to);
void text_nearest_offer(struct text_nearest *near, const char *word);
