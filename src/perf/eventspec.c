/* The text of an event list taken apart: names, groups, modifiers. Whether an event of
 * that name exists is not asked here (names.c).
 *
 * Modifiers are taken off from the right, as long as what follows the last colon is one;
 * the rest belongs to the name: libpfm4 has umasks and attributes behind colons, and a
 * tracepoint has its own name there. Upper-case letters are never modifiers, so that a
 * umask "K" or "P" stays one. */
#include <profd/eventspec.h>

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "perf-priv.h"
#include <profd/mem.h>
#include <profd/number.h>
#include <profd/text.h>
#include <profd/vec.h>

/* Of a text from outside, what fits a sentence: printable ASCII, the rest as \xNN. */
char *event_shown(const char *s, size_t n)
{
	struct text t = {0};

	for (size_t i = 0; i < n; i++) {
		if (i == 80) {
			text_add(&t, "…");
			break;
		}
		if (s[i] >= ' ' && s[i] <= '~')
			text_addc(&t, s[i]);
		else
			text_addf(&t, "\\x%02x", (unsigned char)s[i]);
	}
	return t.s ? t.s : xstrdup("");
}

static int bad(struct error *err, const char *what, const char *s, size_t n)
{
	_cleanup_free_ char *shown = event_shown(s, n);

	error_set(err, -EINVAL, "%s: '%s'", what, shown);
	error_hint(err,
		   "events are written NAME[:MODIFIER],… with modifiers u k h, p to ppp, "
		   "period=N, freq=N; {a,b} is a group");
	return -EINVAL;
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_-.:=+", c));
}

/* `:upp` and the like. 1: it was one; 0: it is none; -EINVAL: one that makes no sense. */
static int take_letters(struct eventspec *e, const char *s, size_t n)
{
	unsigned p = 0, u = 0, k = 0, h = 0;

	if (!n || strspn(s, "ukhp") < n)
		return 0;
	for (size_t i = 0; i < n; i++) {
		p += s[i] == 'p';
		u += s[i] == 'u';
		k += s[i] == 'k';
		h += s[i] == 'h';
	}
	if (p > 3 || u > 1 || k > 1 || h > 1)
		return -EINVAL;
	if (p && e->precise)
		return -EINVAL;
	e->user |= u;
	e->kernel |= k;
	e->hv |= h;
	if (p)
		e->precise = (uint8_t)p;
	return 1;
}

/* `period=N` and `freq=N`; as take_letters. */
static int take_rate(struct eventspec *e, const char *s, size_t n)
{
	bool period = !strncmp(s, "period=", 7);
	_cleanup_free_ char *digits = NULL;
	uint64_t v;

	if (!period && strncmp(s, "freq=", 5) != 0)
		return 0;
	if (e->period || e->hz)
		return -EINVAL;
	digits = xstrndup(s + (period ? 7 : 5), n - (period ? 7 : 5));
	if (number_parse_u64(digits, 1, period ? EVENTSPEC_PERIOD_MAX : UINT32_MAX, &v))
		return -EINVAL;
	if (period)
		e->period = v;
	else
		e->hz = (uint32_t)v;
	return 1;
}

/* Takes modifiers off the end of s[0..*n). */
static int take_modifiers(struct eventspec *e, const char *s, size_t *n,
			  struct error *err)
{
	for (;;) {
		const char *colon = memrchr(s, ':', *n), *m;
		size_t len;
		int r;

		/* "a::b" names a PMU. */
		if (!colon || (colon > s && colon[-1] == ':'))
			return 0;
		m = colon + 1;
		len = *n - (size_t)(m - s);
		r = take_letters(e, m, len);
		if (r == 0)
			r = take_rate(e, m, len);
		if (r < 0)
			return bad(err, "a modifier that is no use or stands twice", s,
				   *n);
		if (r == 0)
			return 0;
		*n = (size_t)(colon - s);
	}
}

static char *make_label(const struct eventspec *e)
{
	bool some = e->user || e->kernel || e->hv || e->precise;

	return xasprintf("%s%s%s%s%s%.*s", e->name, some ? ":" : "", e->user ? "u" : "",
			 e->kernel ? "k" : "", e->hv ? "h" : "", e->precise, "ppp");
}

/* One event, s[0..n), with the modifiers of its group, g[0..gn). */
static int add_event(struct eventlist *l, const char *s, size_t n, const char *g,
		     size_t gn, uint32_t group, struct error *err)
{
	struct eventspec e = {.group = group};
	size_t name = n, levels = gn;
	int code;

	if (!n)
		return bad(err, "an event without a name", s, n);
	if (n + gn > EVENTSPEC_NAME_MAX_BYTES) {
		bad(err, "the name of an event is too long", s, n);
		return err ? err->code = -E2BIG : -E2BIG;
	}
	for (size_t i = 0; i < n; i++) {
		if (is_name_char(s[i]))
			continue;
		bad(err, "no event has such a name", s, n);
		if (s[i] == '/')
			error_hint(err, "PMU/…/ is perf's own form: give libpfm4's name, "
					"PMU::EVENT, or rNNN for a raw one");
		return -EINVAL;
	}
	code = take_modifiers(&e, s, &name, err);
	if (code == 0 && !name)
		code = bad(err, "an event without a name", s, n);
	if (code == 0 && gn) {
		code = take_modifiers(&e, g, &levels, err);
		if (code == 0 && levels > 0)
			code = bad(err, "a group takes modifiers only", g, gn);
	}
	if (code < 0)
		return code;
	if (l->n == EVENTLIST_MAX)
		return error_set(err, -E2BIG, "at most %d events at once", EVENTLIST_MAX);
	e.text = xasprintf("%.*s%.*s", (int)n, s, (int)gn, g);
	e.name = xstrndup(s, name);
	e.label = make_label(&e);
	vec_push(l, e);
	return 0;
}

/* `{a,b}:u` at @s; *ret_end is behind it. */
static int add_group(struct eventlist *l, const char *s, const char **ret_end,
		     struct error *err)
{
	const char *p = s + 1, *close = strchr(s, '}'), *g;
	size_t gn;
	int code;

	if (!close || strcspn(p, "{") < (size_t)(close - p))
		return bad(err, "a group that is not closed", s, strlen(s));
	g = close + 1;
	gn = strcspn(g, ",");
	if (gn && *g != ':')
		return bad(err, "something other than modifiers behind a group", s,
			   (size_t)(g - s) + gn);
	l->ngroups++;
	for (;;) {
		size_t n = strcspn(p, ",}");

		code = add_event(l, p, n, g, gn, l->ngroups, err);
		if (code < 0)
			return code;
		p += n;
		if (p == close)
			break;
		p++;
	}
	*ret_end = g + gn;
	return 0;
}

static int add_all(struct eventlist *l, const char *s, struct error *err)
{
	for (;;) {
		int code;

		if (*s == '{') {
			code = add_group(l, s, &s, err);
		} else {
			size_t n = strcspn(s, ",");

			code = add_event(l, s, n, "", 0, 0, err);
			s += n;
		}
		if (code < 0 || !*s)
			return code;
		s++; /* the comma */
	}
}

static void spec_done(struct eventspec *e)
{
	free(e->text);
	free(e->name);
	free(e->label);
}

int eventlist_parse(struct eventlist *l, const char *text, struct error *err)
{
	uint32_t n = l->n, ngroups = l->ngroups;
	int code;

	if (strnlen(text, EVENTLIST_TEXT_MAX_BYTES + 1) > EVENTLIST_TEXT_MAX_BYTES)
		return error_set(err, -E2BIG,
				 "the list of events is longer than %d bytes",
				 EVENTLIST_TEXT_MAX_BYTES);
	code = add_all(l, text, err);
	if (code == 0)
		return 0;
	while (l->n > n)
		spec_done(&l->v[--l->n]);
	l->ngroups = ngroups;
	return code;
}

int eventlist_encode(struct eventlist *l, struct error *err)
{
	for (uint32_t i = 0; i < l->n; i++) {
		int code = eventspec_encode(&l->v[i], err);

		if (code < 0)
			return code;
	}
	return 0;
}

void eventlist_done(struct eventlist *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		spec_done(&l->v[i]);
	vec_done(l);
	l->ngroups = 0;
}
