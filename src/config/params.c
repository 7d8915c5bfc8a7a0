/* Parameters: the variants that they make, and "{NAME}" in the texts of a workload.
 * "{{NAME}}" yields "{NAME}" and "${NAME}" is the shell's; braces around anything but a
 * name are left alone, and without parameters all of them are. */
#include "config-priv.h"

#include <ctype.h>
#include <string.h>

#include <profd/text.h>

#define VALUES_MAX 1000
#define VALUE_MAX_CHARS 64

/* --- reading ------------------------------------------------------------------------ */

static size_t characters(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* The values are part of names: "sort[10,desc]", and of folders. */
static const char *value_read(struct reader *r, const struct node *n)
{
	enum scalar_type type = scalar_type(n, NULL);
	const char *s = n->text;

	if (type == SCALAR_NUMBER)
		return s;
	if (type != SCALAR_TEXT) {
		problem(r, n, "a parameter's value has to be text or a number, not %s",
			node_is(n));
		return NULL;
	}
	if (!*s || characters(s) > VALUE_MAX_CHARS) {
		problem(r, n, "a parameter's value has to have 1 to 64 characters");
		return NULL;
	}
	for (; *s; s++) {
		if ((unsigned char)*s < ' ' || *s == 0x7f || strchr("[],/", *s)) {
			problem(r, n,
				"a parameter's value cannot have any of [ ] , / or "
				"control characters in it");
			return NULL;
		}
	}
	return n->text;
}

static void values_read(struct reader *r, const struct node *n, struct param *p)
{
	if (n->type != NODE_LIST || !n->n || n->n > VALUES_MAX) {
		problem(r, n, "the parameter '%s' has to be a list of 1 to 1000 values",
			p->name);
		return;
	}
	p->values = arena_alloc(r->arena, n->n * sizeof(*p->values));
	for (uint32_t i = 0; i < n->n; i++) {
		const char *v = value_read(r, n->items[i]);

		for (uint32_t k = 0; v && k < p->n; k++) {
			if (strcmp(p->values[k], v) != 0)
				continue;
			problem(r, n->items[i], "the value '%s' stands here twice", v);
			v = NULL;
		}
		if (v)
			p->values[p->n++] = v;
	}
}

void field_params(struct reader *r, const struct node *n, const struct field *f, void *to)
{
	struct params *p = to;

	if (n->type != NODE_MAP || !n->n || n->n > PARAMS_MAX) {
		error_hint(problem(r, n,
				   "'%s' has to be a map of 1 to 10 names with lists of "
				   "values",
				   f->key),
			   "params: {items: [10, 100]}");
		return;
	}
	for (uint32_t i = 0; i < n->n; i++) {
		struct param *v = &p->v[p->n];

		*v = (struct param){.name = n->keys[i]->text, .at = n->keys[i]};
		if (!name_is_plain(v->name)) {
			problem(r, n->keys[i],
				"a parameter's name has letters, digits and underscores "
				"only");
			continue;
		}
		values_read(r, n->items[i], v);
		if (v->n)
			p->n++;
	}
}

/* --- braces ------------------------------------------------------------------------- */

enum brace { BRACE_NONE, BRACE_PARAM, BRACE_ESCAPED };

/* strspn would build its table for every brace. */
static size_t name_length(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n;
}

/* What stands at @s, a '{' that follows @before. */
static enum brace brace_at(const char *s, char before, size_t *ret_n, size_t *ret_name)
{
	bool twice = s[1] == '{';
	const char *name = s + 1 + twice;
	size_t n = name_length(name);

	if (!n || isdigit((unsigned char)*name) || name[n] != '}' || before == '$')
		return BRACE_NONE;
	if (twice && name[n + 1] != '}')
		return BRACE_NONE;
	*ret_name = n;
	*ret_n = n + 2 + 2 * (size_t)twice;
	return twice ? BRACE_ESCAPED : BRACE_PARAM;
}

static int param_find(const struct params *p, const char *name, size_t n)
{
	for (uint32_t i = 0; i < p->n; i++) {
		if (strlen(p->v[i].name) == n && !memcmp(p->v[i].name, name, n))
			return (int)i;
	}
	return -1;
}

static void unknown_param(struct reader *r, const struct params *p, const struct node *at,
			  const char *name, size_t n)
{
	_cleanup_free_ char *word = xstrndup(name, n);
	struct error *err = problem(r, at, "there is no parameter '%s'", word);
	struct text_nearest near;

	if (!err->text[0])
		return;
	text_nearest_init(&near, word);
	for (uint32_t i = 0; i < p->n; i++)
		text_nearest_offer(&near, p->v[i].name);
	if (near.n)
		error_hint(err, "did you mean {%s}?", near.best[0].word);
	else
		error_hint(err, "write {{%s}} for those very characters", word);
}

static void text_check(struct reader *r, struct params *p, const struct node *at)
{
	for (const char *s = at->text; *s;) {
		char before = s > at->text ? s[-1] : '\0';
		size_t n = 1, name = 0;
		int i;

		if (*s == '{' && brace_at(s, before, &n, &name) == BRACE_PARAM) {
			i = param_find(p, s + 1, name);
			if (i >= 0)
				p->v[i].used = true;
			else
				unknown_param(r, p, at, s + 1, name);
		}
		s += n;
	}
}

void params_check(struct reader *r, struct params *p, const struct node *n)
{
	if (!n || !p->n)
		return;
	if (n->type == NODE_SCALAR)
		text_check(r, p, n);
	for (uint32_t i = 0; i < n->n; i++)
		params_check(r, p, n->items[i]);
}

void params_check_used(struct reader *r, const struct params *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		if (!p->v[i].used)
			error_hint(problem(r, p->v[i].at,
					   "the parameter '%s' changes nothing",
					   p->v[i].name),
				   "write {%s} where its value belongs", p->v[i].name);
	}
}

/* --- variants ----------------------------------------------------------------------- */

uint64_t params_variants(const struct params *p)
{
	uint64_t n = 1;

	/* At most 1000^10, were it not for the stop. */
	for (uint32_t i = 0; i < p->n && n <= CONFIG_WORKLOADS_MAX; i++)
		n *= p->v[i].n;
	return n;
}

const char *params_fill(struct arena *a, const struct params *p,
			const char *const *values, const char *text, uint64_t *bytes)
{
	struct text t = {0};
	const char *copy;

	if (!text)
		return NULL;
	if (!p->n) {
		*bytes += strlen(text);
		return text;
	}
	for (const char *s = text; *s;) {
		size_t n = strcspn(s, "{"), name = 0;
		enum brace b = BRACE_NONE;

		if (!n) {
			n = 1;
			b = brace_at(s, s > text ? s[-1] : '\0', &n, &name);
		}
		if (b == BRACE_PARAM) {
			int i = param_find(p, s + 1, name);

			text_add(&t, i >= 0 ? values[i] : "");
		} else if (b == BRACE_ESCAPED) {
			text_addn(&t, s + 1, n - 2);
		} else {
			text_addn(&t, s, n);
		}
		s += n;
	}
	copy = arena_strndup(a, text_get(&t), t.len);
	*bytes += strlen(text) + t.len; /* what was read is work, too */
	text_done(&t);
	return copy;
}
