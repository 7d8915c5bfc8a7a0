/* One line of perf script's text, as its printing functions make it (kernel,
 * tools/perf/builtin-script.c, perf_sample__fprintf_start and sample__fprintf_callchain):
 *
 *	comm  pid/tid [cpu] flags  seconds.micros:  period event: [addr sym+off (file)]
 *		addr sym+off (file)
 *
 * of which -F takes this and that away. A comm may have blanks and look like what follows
 * it, so the rest decides: it is the shortest one behind which all is as it should be. */
#include "perfscript-priv.h"

#include <string.h>

struct cursor {
	const char *s, *end;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void skip_blanks(struct cursor *c)
{
	while (c->s < c->end && is_blank(*c->s))
		c->s++;
}

static bool at_end(const struct cursor *c)
{
	return c->s == c->end;
}

static bool next_is(const struct cursor *c, char want)
{
	return c->s < c->end && *c->s == want;
}

static bool next_blank(const struct cursor *c)
{
	return at_end(c) || is_blank(*c->s);
}

static bool take(struct cursor *c, char want)
{
	if (!next_is(c, want))
		return false;
	c->s++;
	return true;
}

/* Digits that fit; returns how many there are, 0 also where they do not. */
static unsigned take_number(struct cursor *c, int64_t *ret_value)
{
	const char *begin = c->s;
	int64_t v = 0;

	for (; c->s < c->end && is_digit(*c->s); c->s++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, *c->s - '0', &v))
			return 0;
	}
	*ret_value = v;
	return (unsigned)(c->s - begin);
}

/* "-1" is what perf prints for a thread that it does not know. */
static bool take_id(struct cursor *c, int64_t *ret_id)
{
	bool minus = take(c, '-');
	int64_t id;

	if (!take_number(c, &id) || id > UINT32_MAX)
		return false;
	*ret_id = minus ? -id : id;
	return true;
}

/* "12" or "11/12". A single number is the thread's, which is what perf prints unless told
 * otherwise. */
static bool take_ids(struct cursor *c, struct script_head *h)
{
	if (!take_id(c, &h->tid))
		return false;
	if (take(c, '/')) {
		h->pid = h->tid;
		if (!take_id(c, &h->tid))
			return false;
		h->has_pid = true;
	}
	return next_blank(c);
}

static bool take_cpu(struct cursor *c, struct script_head *h)
{
	struct cursor at = *c;

	if (!take(&at, '[') || !take_number(&at, &h->cpu) || !take(&at, ']'))
		return false;
	h->has_cpu = true;
	*c = at;
	skip_blanks(c);
	return true;
}

/* "12404.038781:"; nine digits of a fraction with --ns. */
static bool take_time(struct cursor *c, struct script_head *h)
{
	struct cursor at = *c;
	int64_t s, fraction;
	unsigned digits;

	if (!take_number(&at, &s) || !take(&at, '.'))
		return false;
	digits = take_number(&at, &fraction);
	if ((digits != 6 && digits != 9) || !take(&at, ':') || !next_blank(&at))
		return false;
	if (s >= SCRIPT_SECONDS_MAX)
		return false;
	h->time_ns = s * 1000000000 + (digits == 6 ? 1000 * fraction : fraction);
	h->has_time = true;
	*c = at;
	skip_blanks(c);
	return true;
}

/* -F +misc: letters for where it was, behind which the time follows. */
static void skip_misc(struct cursor *c, struct script_head *h)
{
	struct cursor at = *c;

	while (at.s < at.end && is_letter(*at.s))
		at.s++;
	if (at.s == c->s || !next_blank(&at))
		return;
	skip_blanks(&at);
	if (take_time(&at, h))
		*c = at;
}

static void take_period(struct cursor *c, struct script_head *h)
{
	struct cursor at = *c;

	if (!take_number(&at, &h->period) || at_end(&at) || !is_blank(*at.s))
		return;
	h->has_period = true;
	*c = at;
	skip_blanks(c);
}

/* A word that ends in a colon and does not begin with a digit. */
static bool take_event(struct cursor *c, struct script_head *h)
{
	const char *begin = c->s;

	if (at_end(c) || is_digit(*begin))
		return false;
	while (!next_blank(c))
		c->s++;
	if (c->s - begin < 2 || c->s[-1] != ':')
		return false;
	h->event = begin;
	h->event_len = (size_t)(c->s - begin) - 1;
	return true;
}

/* What other lines than samples look like: --show-mmap-events and the like. */
static bool is_record(const struct cursor *c)
{
	static const char word[] = "PERF_RECORD_";
	size_t n = sizeof(word) - 1;

	return (size_t)(c->end - c->s) >= n && !memcmp(c->s, word, n);
}

/* All that comes behind the comm. */
static bool take_rest(struct cursor c, struct script_head *h)
{
	if (!take_ids(&c, h))
		return false;
	skip_blanks(&c);
	take_cpu(&c, h);
	if (!take_time(&c, h))
		skip_misc(&c, h);
	h->is_record = is_record(&c);
	if (h->is_record)
		return true;
	take_period(&c, h);
	if (!take_event(&c, h))
		return at_end(&c) && !h->has_period;
	h->rest = c.s;
	h->rest_len = (size_t)(c.end - c.s);
	return true;
}

bool script_head_parse(const char *s, size_t n, struct script_head *ret_head)
{
	struct cursor c = {s, s + n};

	skip_blanks(&c);
	s = c.s;
	for (; c.s < c.end; c.s++) {
		struct script_head h = {.comm = s};

		if (c.s == s || !is_blank(c.s[-1]) || !(is_digit(*c.s) || *c.s == '-') ||
		    !take_rest(c, &h))
			continue;
		for (h.comm_len = (size_t)(c.s - s); is_blank(s[h.comm_len - 1]);)
			h.comm_len--;
		*ret_head = h;
		return true;
	}
	return false;
}

/* --- frames ------------------------------------------------------------------------- */

static bool take_hex(struct cursor *c, uint64_t *ret_value)
{
	const char *begin = c->s;
	uint64_t v = 0;

	for (; c->s < c->end && is_hex(*c->s); c->s++) {
		if (v >> 60)
			return false;
		v = v << 4 | (uint64_t)(is_digit(*c->s) ? *c->s - '0' : *c->s - 'a' + 10);
	}
	*ret_value = v;
	return c->s > begin && next_blank(c);
}

static bool ends_with(const char *s, size_t n, const char *end)
{
	size_t nend = strlen(end);

	return n >= nend && !memcmp(s + n - nend, end, nend);
}

/* Takes "+0x1f" off the end of @s[0..*n). */
static void strip_offset(const char *s, size_t *n)
{
	size_t at = *n;

	while (at && is_hex(s[at - 1]))
		at--;
	if (at < *n && at >= 3 && !memcmp(s + at - 3, "+0x", 3))
		*n = at - 3;
}

static void strip_blanks(const char *s, size_t *n)
{
	while (*n && is_blank(s[*n - 1]))
		--*n;
}

/* The '(' of the ')' that ends @s[0..n); n when there is none. */
static size_t opening(const char *s, size_t n)
{
	size_t depth = 0;

	for (size_t i = n; i-- > 0;) {
		depth += s[i] == ')';
		depth -= s[i] == '(';
		if (!depth)
			return i;
	}
	return n;
}

/* Takes " (file)" off the end of @s[0..*n). A function's name may end in a bracket, too,
 * but has no blank in front of it. */
static void take_file(const char *s, size_t *n, struct script_frame *f)
{
	size_t at;

	if (!*n || s[*n - 1] != ')')
		return;
	at = opening(s, *n);
	if (at == *n || (at && s[at - 1] != ' '))
		return;
	f->file = s + at + 1;
	f->file_len = *n - at - 2;
	if (ends_with(f->file, f->file_len, " (deleted)"))
		f->file_len -= strlen(" (deleted)");
	strip_offset(f->file, &f->file_len);
	*n = at;
}

bool script_frame_parse(const char *s, size_t n, struct script_frame *ret_frame)
{
	struct cursor c = {s, s + n};
	struct script_frame f = {0};

	skip_blanks(&c);
	if (!take_hex(&c, &f.address))
		return false;
	skip_blanks(&c);
	f.name = c.s;
	f.name_len = (size_t)(c.end - c.s);
	strip_blanks(f.name, &f.name_len);
	f.inlined = ends_with(f.name, f.name_len, " (inlined)");
	if (f.inlined)
		f.name_len -= strlen(" (inlined)");
	else
		take_file(f.name, &f.name_len, &f);
	strip_blanks(f.name, &f.name_len);
	strip_offset(f.name, &f.name_len);
	if (f.name_len == strlen("[unknown]") && !memcmp(f.name, "[unknown]", f.name_len))
		f.name_len = 0;
	if (f.file_len == strlen("[unknown]") && !memcmp(f.file, "[unknown]", f.file_len))
		f.file_len = 0;
	*ret_frame = f;
	return true;
}

/* True for "[kernel.kallsyms][ffffffff82201900]", where no line is known. */
static bool is_place(const char *s, size_t n)
{
	size_t at = n && s[n - 1] == ']' ? n - 1 : 0;
	size_t digits = 0;

	while (at && is_hex(s[at - 1])) {
		at--;
		digits++;
	}
	return digits && at && s[at - 1] == '[';
}

bool script_line_parse(const char *s, size_t n, struct script_line *ret_line)
{
	struct cursor c = {s, s + n};
	struct script_line l = {0};
	const char *colon;
	int64_t number;

	skip_blanks(&c);
	l.file = c.s;
	*ret_line = l;
	if (is_place(c.s, (size_t)(c.end - c.s)))
		return true;
	colon = memrchr(c.s, ':', (size_t)(c.end - c.s));
	if (!colon)
		return false;
	l.file_len = (size_t)(colon - c.s);
	c.s = colon + 1;
	if (!take_number(&c, &number))
		return false;
	skip_blanks(&c);
	if (!at_end(&c) && *c.s != '(')
		return false;
	l.line = number <= INT32_MAX ? (uint32_t)number : 0;
	*ret_line = l;
	return true;
}
