/* Maps whose keys are known, by tables; and the types of values that several have. */
#include "config-priv.h"

#include <math.h>
#include <string.h>

static const struct field *field_find(const struct field *fields, const char *key)
{
	for (; fields->key; fields++) {
		if (!strcmp(fields->key, key))
			return fields;
	}
	return NULL;
}

static void unknown_key(struct reader *r, const struct node *key, const char *what,
			const struct field *fields)
{
	struct error *err = problem(r, key, "%s has no key '%s'", what, key->text);
	const char *words[48];
	size_t n = 0;

	if (!strcmp(key->text, "<<")) {
		error_hint(err, "merge keys are not part of YAML 1.2: refer to whole "
				"values, key: *anchor");
		return;
	}
	for (; fields->key && n + 1 < ARRAY_SIZE(words); fields++)
		words[n++] = fields->key;
	words[n] = NULL;
	hint_words(err, key->text, words);
}

void fields_read(struct reader *r, const struct node *n, const char *what,
		 const struct field *fields, bool extensions, void *base)
{
	if (n->type != NODE_MAP) {
		problem(r, n, "%s has to be a map of keys and values, not %s", what,
			node_is(n));
		return;
	}
	for (uint32_t i = 0; i < n->n; i++) {
		const struct node *key = n->keys[i];
		const struct field *f = field_find(fields, key->text);

		if (f)
			f->read(r, n->items[i], f, (char *)base + f->offset);
		else if (!extensions || strncmp(key->text, "x-", 2) != 0)
			unknown_key(r, key, what, fields);
	}
	for (const struct field *f = fields; f->key; f++) {
		if (f->required && !node_get(n, f->key))
			problem(r, n, "%s needs a '%s'", what, f->key);
	}
}

/* --- values ------------------------------------------------------------------------- */

static struct error *wrong_type(struct reader *r, const struct node *n, const char *key,
				const char *wanted)
{
	return problem(r, n, "'%s' has to be %s, not %s", key, wanted, node_is(n));
}

void field_word(struct reader *r, const struct node *n, const struct field *f, void *to)
{
	const char *const *words = f->arg;
	enum scalar_type type = scalar_type(n, NULL);

	if (type == SCALAR_TEXT) {
		for (unsigned i = 1; words[i]; i++) {
			if (!strcmp(words[i], n->text)) {
				*(unsigned *)to = i;
				return;
			}
		}
		hint_words(problem(r, n, "'%s' cannot be '%s'", f->key, n->text), n->text,
			   words + 1);
		return;
	}
	hint_words(wrong_type(r, n, f->key, "a word"), "", words + 1);
}

/* Newlines and tabs are for scripts; others would reach a terminal. */
bool text_is_fit(struct reader *r, const struct node *n, bool may_be_empty)
{
	if (!*n->text && !may_be_empty) {
		problem(r, n, "this text is empty");
		return false;
	}
	for (const char *s = n->text; *s; s++) {
		if (((unsigned char)*s < ' ' && *s != '\n' && *s != '\t') || *s == 0x7f) {
			problem(r, n, "this text has a control character in it");
			return false;
		}
	}
	return true;
}

void field_text(struct reader *r, const struct node *n, const struct field *f, void *to)
{
	enum scalar_type type = scalar_type(n, NULL);

	if (type != SCALAR_TEXT) {
		struct error *err = wrong_type(r, n, f->key, "text");

		if (type == SCALAR_NUMBER || type == SCALAR_BOOL)
			error_hint(err, "in quotes it is text: \"%s\"", n->text);
		return;
	}
	if (text_is_fit(r, n, false))
		*(const char **)to = n->text;
}

void field_bool(struct reader *r, const struct node *n, const struct field *f, void *to)
{
	if (scalar_type(n, NULL) == SCALAR_BOOL)
		*(int *)to = *n->text == 't' || *n->text == 'T' ? 1 : 2;
	else
		wrong_type(r, n, f->key, "true or false");
}

void field_count(struct reader *r, const struct node *n, const struct field *f, void *to)
{
	const struct range *range = f->arg;
	double v;

	if (scalar_type(n, &v) != SCALAR_NUMBER) {
		wrong_type(r, n, f->key, "a whole number");
		return;
	}
	if (v != floor(v)) {
		problem(r, n, "'%s' has to be a whole number, not %s", f->key, n->text);
		return;
	}
	if (!(v >= range->min && v <= range->max)) {
		problem(r, n, "'%s' has to be from %.0f to %.0f", f->key, range->min,
			range->max);
		return;
	}
	*(int64_t *)to = (int64_t)v;
}

void field_duration(struct reader *r, const struct node *n, const struct field *f,
		    void *to)
{
	enum scalar_type type = scalar_type(n, NULL);
	double s = 0;

	if (type == SCALAR_NUMBER) {
		scalar_type(n, &s);
	} else if (type != SCALAR_TEXT || duration_parse(n->text, &s)) {
		struct error *err = type == SCALAR_TEXT
					    ? problem(r, n, "'%s' is no duration",
						      n->text)
					    : wrong_type(r, n, f->key, "a duration");

		error_hint(err,
			   "write a number and a unit without a blank, 1.5s: the units "
			   "are ns, us, ms, s, m, h");
		return;
	}
	if (!(s > 0 && s <= CONFIG_DURATION_MAX_S)) {
		problem(r, n, "'%s' has to be more than 0, and no more than 30 days",
			f->key);
		return;
	}
	*(uint64_t *)to = (uint64_t)(s * 1e9 + 0.5);
	if (!*(uint64_t *)to)
		*(uint64_t *)to = 1;
}

void field_node(struct reader *r, const struct node *n, const struct field *f, void *to)
{
	(void)r;
	(void)f;
	*(const struct node **)to = n;
}

/* --- commands ----------------------------------------------------------------------- */

const char *word_text(struct reader *r, const struct node *n, const char *what)
{
	enum scalar_type type = scalar_type(n, NULL);

	if (type == SCALAR_TEXT)
		return text_is_fit(r, n, true) ? n->text : NULL;
	if (type == SCALAR_NUMBER || type == SCALAR_BOOL)
		return n->text;
	/* [run, {items}] is a map with the key items. */
	if (n->type == NODE_MAP && n->n == 1)
		error_hint(problem(r, n, "%s has to be text, not a map", what),
			   "quote it: \"{%s}\"", n->keys[0]->text);
	else
		problem(r, n, "%s has to be text, not %s", what, node_is(n));
	return NULL;
}

static void command_list(struct reader *r, const struct node *n, const char *key,
			 struct config_command *to)
{
	const char **argv;

	if (!n->n || n->n > 1000) {
		problem(r, n, "'%s' has to be a list of 1 to 1000 words", key);
		return;
	}
	argv = arena_alloc(r->arena, (n->n + 1) * sizeof(*argv));
	for (uint32_t i = 0; i < n->n; i++) {
		argv[i] = word_text(r, n->items[i], "a word of a command");
		if (!argv[i])
			return;
	}
	if (scalar_type(n->items[0], NULL) != SCALAR_TEXT || !*argv[0]) {
		problem(r, n->items[0], "a command begins with the name of a program");
		return;
	}
	*to = (struct config_command){.argv = argv, .argc = n->n};
}

void field_command(struct reader *r, const struct node *n, const struct field *f,
		   void *to)
{
	struct config_command *c = to;

	if (n->type == NODE_LIST)
		command_list(r, n, f->key, c);
	else if (scalar_type(n, NULL) != SCALAR_TEXT)
		error_hint(wrong_type(r, n, f->key, "a command"),
			   "a list of words, [make, check], or a line for the shell");
	else if (text_is_fit(r, n, false))
		*c = (struct config_command){.text = n->text};
}

/* --- words -------------------------------------------------------------------------- */

const char *const mode_words[] = {"", "observe", "warn", "gate", NULL};
const char *const level_words[] = {"", "fail", "warn", "off", NULL};
const char *const direction_words[] = {"", "smaller", "bigger", NULL};
const char *const stat_words[] = {"",	 "median", "p50", "p95", "p99",
				  "min", "max",	   "sum", NULL};
const char *const source_words[] = {"",	    "process", "perf", "valgrind",
				    "size", "program", NULL};
const char *const tier_words[] = {"quick", "daily", "weekly", NULL};

const char *config_mode_word(enum config_mode m)
{
	return mode_words[m];
}

const char *config_level_word(enum config_level l)
{
	return level_words[l];
}

const char *config_direction_word(enum config_direction d)
{
	return direction_words[d];
}

const char *config_stat_word(enum config_stat s)
{
	return stat_words[s];
}

const char *config_source_word(enum config_source s)
{
	return s == CONFIG_FROM_EXPR ? "expr" : source_words[s];
}

const char *config_tier_word(enum config_tier t)
{
	return tier_words[t];
}

void policy_inherit(struct config_policy *p, const struct config_policy *outer)
{
	if (!p->worse)
		p->worse = outer->worse;
	if (!p->inconclusive)
		p->inconclusive = outer->inconclusive;
	if (!p->untrusted)
		p->untrusted = outer->untrusted;
	if (!p->no_baseline)
		p->no_baseline = outer->no_baseline;
}
