/* Growing strings, and cleaning of bytes that a program under test chose. */
#include <profd/text.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <profd/mem.h>

static void text_reserve(struct text *t, size_t extra)
{
	size_t want = t->len + extra + 1;

	if (want <= t->cap)
		return;
	t->cap = want < 64 ? 64 : want + want / 2;
	t->s = xreallocarray(t->s, t->cap, 1);
}

void text_addn(struct text *t, const void *s, size_t n)
{
	text_reserve(t, n);
	if (n)
		memcpy(t->s + t->len, s, n);
	t->len += n;
	t->s[t->len] = '\0';
}

void text_add(struct text *t, const char *s)
{
	text_addn(t, s, strlen(s));
}

void text_addc(struct text *t, char c)
{
	text_addn(t, &c, 1);
}

void text_vaddf(struct text *t, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return;
	text_reserve(t, (size_t)n);
	vsnprintf(t->s + t->len, (size_t)n + 1, fmt, ap);
	t->len += (size_t)n;
}

void text_addf(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_vaddf(t, fmt, ap);
	va_end(ap);
}

void text_clear(struct text *t)
{
	t->len = 0;
	if (t->s)
		t->s[0] = '\0';
}

void text_done(struct text *t)
{
	free(t->s);
	memset(t, 0, sizeof(*t));
}

const char *text_get(const struct text *t)
{
	return t->s ? t->s : "";
}

/* --- UTF-8 ------------------------------------------------------------------------ */

/* The length of the well-formed sequence at @s, 0 when there is none. RFC 3629, section
 * 4: no overlong forms, no surrogates, nothing above U+10FFFF. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
	unsigned char lo = 0x80, hi = 0xbf;
	size_t len;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (len > n)
		return 0;
	if (s[0] == 0xe0)
		lo = 0xa0;
	if (s[0] == 0xed)
		hi = 0x9f;
	if (s[0] == 0xf0)
		lo = 0x90;
	if (s[0] == 0xf4)
		hi = 0x8f;
	if (s[1] < lo || s[1] > hi)
		return 0;
	for (size_t i = 2; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

/* Length of the clean character at @s: well-formed, no C0 or C1 control, no DEL, and
 * neither of the non-characters U+FFFE and U+FFFF, which XML cannot hold. 0 when it is
 * none of that. */
static size_t clean_length(const unsigned char *s, size_t n)
{
	size_t len = utf8_length(s, n);

	if (len == 1 && (s[0] < 0x20 || s[0] == 0x7f))
		return 0;
	if (len == 2 && s[0] == 0xc2 && s[1] < 0xa0)
		return 0;
	if (len == 3 && s[0] == 0xef && s[1] == 0xbf && s[2] >= 0xbe)
		return 0;
	return len;
}

bool text_is_clean(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;

	for (size_t i = 0, len; i < n; i += len) {
		len = clean_length(u + i, n - i);
		if (!len)
			return false;
	}
	return true;
}

void text_add_clean(struct text *t, const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t i = 0;

	if (text_is_clean(s, n)) {
		text_addn(t, s, n);
		return;
	}
	while (i < n) {
		size_t len = clean_length(u + i, n - i);

		if (len) {
			text_addn(t, s + i, len);
			i += len;
			continue;
		}
		text_add(t, "\xef\xbf\xbd");
		/* A well-formed but unwanted character is replaced whole. */
		len = utf8_length(u + i, n - i);
		i += len ? len : 1;
	}
}

void text_add_lines(struct text *t, const char *s, size_t n)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] != '\n' && s[i] != '\t')
			continue;
		text_add_clean(t, s + from, i - from);
		text_addc(t, s[i]);
		from = i + 1;
	}
	text_add_clean(t, s + from, n - from);
}

void text_add_xml(struct text *t, const char *s, size_t n)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		const char *entity = NULL;

		switch (s[i]) {
		case '<':
			entity = "&lt;";
			break;
		case '>':
			entity = "&gt;";
			break;
		case '&':
			entity = "&amp;";
			break;
		case '"':
			entity = "&quot;";
			break;
		case '\'':
			entity = "&#39;";
			break;
		}
		if (!entity)
			continue;
		text_addn(t, s + from, i - from);
		text_add(t, entity);
		from = i + 1;
	}
	text_addn(t, s + from, n - from);
}

/* What GitHub's renderer would act on inside a table cell: emphasis, code, links, HTML,
 * mentions of people and issues. A backslash takes the meaning from ASCII punctuation
 * (CommonMark 2.4), except for '@' and '#', which a zero-width joiner breaks. Parentheses
 * mean nothing without the bracket before them. */
void text_add_markdown(struct text *t, const char *s)
{
	for (; *s; s++) {
		if (*s == '<')
			text_add(t, "&lt;");
		else if (*s == '&')
			text_add(t, "&amp;");
		else if (*s == '@' || *s == '#')
			text_addf(t, "%c\xe2\x80\x8d", *s);
		else if (*s == '\n' || *s == '\r')
			text_addc(t, ' ');
		else if (strchr("\\`*_[]|~>", *s))
			text_addf(t, "\\%c", *s);
		else
			text_addc(t, *s);
	}
}

/* GitHub's tables split at a pipe even inside code, unless a backslash stands before it
 * (GFM 4.10); nothing else has a meaning there but the backtick that ends it. */
void text_add_code(struct text *t, const char *s)
{
	text_addc(t, '`');
	for (; *s; s++) {
		if (*s == '`')
			text_addc(t, '\'');
		else if (*s == '|')
			text_add(t, "\\|");
		else
			text_addc(t, *s);
	}
	text_addc(t, '`');
}

void text_add_word(struct text *t, const char *s)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_-+=:,./@%^";

	if (*s && s[strspn(s, plain)] == '\0') {
		text_add(t, s);
		return;
	}
	text_addc(t, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			text_add(t, "'\\''");
		else
			text_addc(t, *s);
	}
	text_addc(t, '\'');
}

void text_add_bytes(struct text *t, double bytes)
{
	static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	unsigned i = 0;

	for (; bytes >= 1024 && i + 1 < ARRAY_SIZE(unit); i++)
		bytes /= 1024;
	text_addf(t, i ? "%.1f %s" : "%.0f %s", bytes, unit[i]);
}

void text_add_seconds(struct text *t, double seconds)
{
	if (seconds >= 100)
		text_addf(t, "%.0f s", seconds);
	else if (seconds >= 1)
		text_addf(t, "%.2f s", seconds);
	else if (seconds >= 1e-3)
		text_addf(t, "%.1f ms", seconds * 1e3);
	else
		text_addf(t, "%.0f us", seconds * 1e6);
}
