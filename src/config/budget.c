/* Absolute limits: one for all variants, or one for each. */
#include "config-priv.h"

#include <string.h>

void kind_mismatch(struct reader *r, const struct node *n, const struct config_metric *m)
{
	problem(r, n, "'%s' does not fit the metric '%s', which wants %s", n->text,
		m->name, kind_example(m->kind));
}

static bool limit_read(struct reader *r, const struct node *n,
		       const struct config_metric *m, struct config_limit *ret_limit)
{
	struct config_limit l = {.given = true, .text = n->text};
	enum scalar_type type = scalar_type(n, NULL);
	const char *s = n->text;

	if (type != SCALAR_TEXT || (*s != '<' && *s != '>')) {
		struct error *err = problem(r, n, "a budget has to begin with <= or >=");

		if (type == SCALAR_NUMBER || type == SCALAR_TEXT)
			error_hint(err, "write \"<= %s\"", n->text);
		return false;
	}
	if (s[1] != '=') {
		error_hint(problem(r, n, "a budget has to begin with <= or >="),
			   "write \"%c= %s\"", *s, s + 1 + strspn(s + 1, " "));
		return false;
	}
	l.at_least = *s == '>';
	s += 2;
	s += *s == ' ';
	if (quantity_parse(s, &l.value, &l.kind)) {
		problem(r, n, "'%s' is not %s", s, kind_example(m->kind));
		return false;
	}
	if (m->kind != CONFIG_ANY && m->kind != l.kind) {
		kind_mismatch(r, n, m);
		return false;
	}
	*ret_limit = l;
	return true;
}

static void limit_check(struct reader *r, const struct node *n, const struct draft *d,
			enum config_direction *direction)
{
	const struct config_metric *m = &d->m;
	struct config_limit l;
	enum config_direction side;

	if (!limit_read(r, n, m, &l))
		return;
	side = l.at_least ? CONFIG_BIGGER : CONFIG_SMALLER;
	if (m->from == CONFIG_FROM_PROCESS && l.at_least)
		problem(r, n, "of '%s' less is better: its limit is a <=", m->name);
	else if (*direction && side != *direction)
		problem(r, n, "'%s' bounds the side on which %s is better", n->text,
			direction_words[*direction]);
	else
		*direction = side;
}

static void unknown_variant(struct reader *r, const struct node *key,
			    const char *const *variants)
{
	struct error *err = problem(r, key, "there is no variant '%s'", key->text);

	if (!*variants[0])
		error_hint(err, "without parameters there is one budget, and no map");
	else
		hint_words(err, key->text, variants);
}

static bool variant_known(const char *name, const char *const *variants)
{
	for (size_t i = 0; variants[i]; i++) {
		if (!strcmp(variants[i], name))
			return true;
	}
	return false;
}

void metric_check_budget(struct reader *r, struct draft *d, const char *const *variants)
{
	enum config_direction direction = d->m.direction;
	const struct node *n = d->budget;

	if (n && n->type == NODE_MAP && !n->n)
		problem(r, n, "'budget' is an empty map");
	else if (n && n->type != NODE_MAP)
		limit_check(r, n, d, &direction);
	for (uint32_t i = 0; n && n->type == NODE_MAP && i < n->n; i++) {
		limit_check(r, n->items[i], d, &direction);
		/* The file's own metrics are for workloads with other variants, too. */
		if (d->own_budget && !variant_known(n->keys[i]->text, variants))
			unknown_variant(r, n->keys[i], variants);
	}
	d->m.direction = direction ? direction : CONFIG_SMALLER;
}

void metric_budget(struct reader *r, const struct draft *d, const char *variant,
		   struct config_limit *ret_limit)
{
	const struct node *n = d->budget;

	if (n && n->type == NODE_MAP)
		n = node_get(n, variant);
	if (n)
		limit_read(r, n, &d->m, ret_limit);
}
