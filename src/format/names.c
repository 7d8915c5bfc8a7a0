/* Names and numbers for people: what a frame is called, how a long name is shortened so
 * that the telling part stays, how a value or a share is written. */
#include "format-priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ELLIPSIS "\xe2\x80\xa6"

const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	/* "//anon" is no path. */
	return slash && slash > path + 1 ? slash + 1 : slash == path ? path + 1 : path;
}

const char *flame_kind_text(uint32_t kind)
{
	static const char *const text[] = {
		[FLAME_USER] = "",	     [FLAME_KERNEL] = "kernel",
		[FLAME_INLINED] = "inlined", [FLAME_JIT] = "JIT",
		[FLAME_LABEL] = "note",
	};

	return kind < ARRAY_SIZE(text) ? text[kind] : "";
}

const char *flame_kind_mark(uint32_t kind)
{
	switch (kind) {
	case FLAME_KERNEL:
		return "k";
	case FLAME_INLINED:
		return "i";
	case FLAME_JIT:
		return "j";
	}
	return NULL;
}

void flame_name(struct text *t, const struct profile *p, const struct flame_call *call,
		uint32_t depth)
{
	const char *name = profile_text(p, call->name), *base;

	text_clear(t);
	if (!depth) {
		text_add(t, "all");
		return;
	}
	if (call->name && (call->function || depth == 1)) {
		text_add(t, name);
		return;
	}
	base = base_name(name);
	if (!*base)
		text_add(t, "[unknown]");
	else
		text_addf(t, *base == '[' ? "%s" : "[%s]", base);
}

void code_name(struct text *t, const struct profile *p, function_id function,
	       mapping_id mapping)
{
	struct flame_call call = {.function = function, .mapping = mapping};

	call.name = function ? p->functions.v[function].name
			     : p->mappings.v[mapping].filename;
	flame_name(t, p, &call, 2);
}

/* The length of what patterns of JavaScript take for a blank or the end of a line beside
 * those of ASCII; 0: it is something else. */
static size_t blank_length(const char *s)
{
	static const char *const blanks[] = {
		"\xc2\xa0",	"\xe1\x9a\x80", "\xe2\x80\xa8", "\xe2\x80\xa9",
		"\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80", "\xef\xbb\xbf",
	};

	for (size_t i = 0; i < ARRAY_SIZE(blanks); i++)
		if (!strncmp(s, blanks[i], strlen(blanks[i])))
			return strlen(blanks[i]);
	/* U+2000 to U+200A */
	if (!strncmp(s, "\xe2\x80", 2) && (unsigned char)s[2] <= 0x8a)
		return 3;
	return 0;
}

void line_add(struct text *t, const char *s)
{
	while (*s) {
		size_t n = 0, blank;

		while (s[n] && (unsigned char)s[n] < 0xc2)
			n++;
		text_addn(t, s, n);
		s += n;
		if (!*s)
			return;
		blank = blank_length(s);
		text_addc(t, blank ? ' ' : *s);
		s += blank ? blank : 1;
	}
}

const char *main_program(const struct profile *p)
{
	for (mapping_id m = 1; m < p->mappings.n; m++)
		if (p->mappings.v[m].flags & MAPPING_MAIN)
			return profile_text(p, p->mappings.v[m].filename);
	return "";
}

unsigned samples_value(const struct profile *p, unsigned value)
{
	static const char end[] = "_sample";

	for (unsigned i = value < p->nvalues ? value + 1 : 0; i-- > 0;) {
		const char *type = profile_text(p, p->value_types[i].type);
		size_t n = strlen(type);

		if (strcmp(profile_text(p, p->value_types[i].unit), "count") != 0)
			continue;
		if (!strcmp(type, "samples") ||
		    (n > strlen(end) && !strcmp(type + n - strlen(end), end)))
			return i + 1;
	}
	return 0;
}

/* --- shortening ------------------------------------------------------------------- */

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Columns of a fixed-width font: two from U+1000 on, where the wide scripts and the
 * pictures are, but for the punctuation and arrows of U+2000 to U+2FFF. */
static unsigned columns_of(const char *s, size_t n)
{
	unsigned columns = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (!is_continuation(s[i]))
			columns += c >= 0xe1 && c != 0xe2 ? 2 : 1;
	}
	return columns;
}

void name_clip(struct text *t, const char *s, size_t max)
{
	size_t n = strlen(s), head, tail;

	if (n <= max) {
		text_addn(t, s, n);
		return;
	}
	head = max / 2;
	tail = n - (max - head - strlen(ELLIPSIS));
	while (head > 0 && is_continuation(s[head]))
		head--;
	while (tail < n && is_continuation(s[tail]))
		tail++;
	text_addn(t, s, head);
	text_add(t, ELLIPSIS);
	text_addn(t, s + tail, n - tail);
}

/* The length of an operator's name at @s ("operator<<", "operator()"), whose signs are no
 * brackets; 0 where there is none. */
static size_t operator_length(const char *start, const char *s)
{
	size_t n = strlen("operator");

	if (strncmp(s, "operator", n) ||
	    (s > start &&
	     (s[-1] == '_' || (s[-1] >= '0' && s[-1] <= '9') ||
	      (s[-1] >= 'A' && s[-1] <= 'Z') || (s[-1] >= 'a' && s[-1] <= 'z'))))
		return 0;
	if (!strncmp(s + n, "()", 2))
		return n + 2;
	return n + strspn(s + n, "<>=-!+*/%^&|~");
}

/* A bracket that belongs to the name itself: Go's "(*T).Method", "(anonymous namespace)".
 * */
static bool bracket_stays(const char *start, const char *s)
{
	return *s == '(' && ((s > start && s[-1] == '.') || !strncmp(s, "(anon", 5));
}

/* Appends @s without template arguments, parameters and what follows them. Returns false
 * when the brackets do not match: then it is no such name. */
static bool name_strip(struct text *t, const char *s)
{
	const char *start = s;
	unsigned depth = 0, kept = 0;
	size_t from = t->len;

	while (*s) {
		size_t op = depth ? 0 : operator_length(start, s);

		if (op) {
			text_addn(t, s, op);
			s += op;
			continue;
		}
		if (!depth && bracket_stays(start, s))
			kept++;
		else if (*s == '(' || *s == '<')
			depth++;
		if (!depth)
			text_addc(t, *s);
		if (*s == ')' && !depth && kept)
			kept--;
		else if (*s == ')' || (*s == '>' && s > start && s[-1] != '-')) {
			if (!depth)
				return false;
			depth--;
		}
		s++;
	}
	if (t->len == from) /* nothing but brackets: t->s may not even exist */
		return false;
	while (t->len > from && t->s[t->len - 1] == ' ')
		t->len--;
	if (t->len > from + 6 && !memcmp(t->s + t->len - 6, " const", 6))
		t->len -= 6;
	t->s[t->len] = '\0';
	return !depth && t->len > from;
}

void name_shorten(struct text *t, const char *name)
{
	struct text plain = {0};

	if (strlen(name) > NAME_MAX_BYTES && name_strip(&plain, name))
		name = plain.s;
	name_clip(t, name, NAME_MAX_BYTES);
	text_done(&plain);
}

/* The longest end of @s that starts after "::" or '/' and fits; else the last such
 * end. */
static const char *name_tail(const char *s, unsigned columns)
{
	const char *tail = s;

	for (const char *at = s; *at; at++) {
		if (at[0] == ':' && at[1] == ':' && at[2])
			tail = at + 2;
		else if (at[0] == '/' && at[1])
			tail = at + 1;
		else
			continue;
		if (columns_of(tail, strlen(tail)) <= columns)
			break;
	}
	return tail;
}

static void name_head(struct text *t, const char *s, unsigned columns)
{
	size_t n = 0, next;

	while (s[n]) {
		for (next = n + 1; is_continuation(s[next]); next++)
			;
		if (columns_of(s, next) > columns)
			break;
		n = next;
	}
	text_addn(t, s, n);
}

void name_fit(struct text *t, const char *name, unsigned columns)
{
	struct text plain = {0};
	const char *s = name, *tail;

	text_clear(t);
	if (columns < 3)
		return;
	if (columns_of(name, strlen(name)) <= columns) {
		text_add(t, name);
		return;
	}
	if (name_strip(&plain, name))
		s = plain.s;
	if (columns_of(s, strlen(s)) <= columns) {
		text_add(t, s);
		text_done(&plain);
		return;
	}
	tail = name_tail(s, columns - 1);
	if (columns_of(tail, strlen(tail)) <= columns - 1) {
		text_add(t, ELLIPSIS);
		text_add(t, tail);
	} else {
		name_head(t, tail, columns - 1);
		text_add(t, ELLIPSIS);
	}
	text_done(&plain);
}

void text_style_fit(const struct text_style *style, struct text *t, const char *name,
		    unsigned columns)
{
	char *at;

	text_clear(t);
	if (!style->columns) {
		name_shorten(t, name);
		return;
	}
	name_fit(t, name, columns);
	if (style->utf8 || !strcmp(text_get(t), name))
		return;
	/* Two dots take a column more. */
	name_fit(t, name, columns ? columns - 1 : 0);
	at = t->len ? strstr(t->s, ELLIPSIS) : NULL;
	if (!at)
		return;
	at[0] = at[1] = '.';
	memmove(at + 2, at + strlen(ELLIPSIS), strlen(at + strlen(ELLIPSIS)) + 1);
	t->len--;
}

/* --- numbers ---------------------------------------------------------------------- */

/* Three digits that count, without zeros at the end of a fraction. */
static void number_text(char *buf, size_t size, double v, const char *unit)
{
	double a = fabs(v);
	char digits[64];

	snprintf(digits, sizeof(digits), "%.*f", a < 9.995 ? 2 : a < 99.95 ? 1 : 0, v);
	if (strchr(digits, '.')) {
		char *end = digits + strlen(digits);

		while (end[-1] == '0')
			*--end = '\0';
		if (end[-1] == '.')
			end[-1] = '\0';
	}
	snprintf(buf, size, "%s%s", digits, unit);
}

static const char *seconds_text(char *buf, size_t size, double ns)
{
	double a = fabs(ns);

	if (a >= 999.5e6)
		number_text(buf, size, ns / 1e9, "s");
	else if (a >= 999.5e3)
		number_text(buf, size, ns / 1e6, "ms");
	else if (a >= 999.5)
		number_text(buf, size, ns / 1e3, "us");
	else
		number_text(buf, size, ns, a > 0 ? "ns" : "s");
	return buf;
}

static const char *bytes_text(char *buf, size_t size, double bytes)
{
	static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	unsigned i = 0;

	for (; fabs(bytes) >= 1023.5 && i + 1 < ARRAY_SIZE(unit); i++)
		bytes /= 1024;
	number_text(buf, size, bytes, unit[i]);
	return buf;
}

int64_t unit_ns(const char *unit)
{
	static const struct {
		const char *unit;
		int64_t ns;
	} times[] = {{"nanoseconds", 1},
		     {"microseconds", 1000},
		     {"milliseconds", 1000000},
		     {"seconds", 1000000000}};

	for (unsigned i = 0; i < ARRAY_SIZE(times); i++)
		if (!strcmp(unit, times[i].unit))
			return times[i].ns;
	return 0;
}

const char *value_text(char *buf, size_t size, int64_t value, const char *unit)
{
	int64_t ns = unit_ns(unit);

	if (ns)
		return seconds_text(buf, size, (double)value * (double)ns);
	if (!strcmp(unit, "bytes"))
		return bytes_text(buf, size, (double)value);
	snprintf(buf, size, "%lld", (long long)value);
	return buf;
}

void percent_add(struct text *t, int64_t part, int64_t whole)
{
	double share = whole ? 100.0 * (double)part / (double)whole : 0;
	char buf[80];

	if (share != 0 && fabs(share) < 0.995) {
		text_addf(t, "%.2g %%", share);
		return;
	}
	number_text(buf, sizeof(buf), share, " %");
	text_add(t, buf);
}
