/* The block 'ci': when a job of a CI system measures. What it decides is in src/ci/decide.c. */
#include "config-priv.h"

#include <string.h>

static const char *default_labels[] = {"profile", "performance"};
static const char *default_tokens[] = {"[profile]", "[benchmark]"};
const struct config_ci config_ci_default = {
	.labels = {default_labels, ARRAY_SIZE(default_labels)},
	.tokens = {default_tokens, ARRAY_SIZE(default_tokens)},
	.pull_requests = CONFIG_ALWAYS,
	.comment = "/profd",
	.commenters = 1u << CONFIG_OWNER | 1u << CONFIG_MEMBER |
		      1u << CONFIG_COLLABORATOR,
	.daily = "17 3 * * *",
	.weekly = "0 2 * * 0",
};

static const char *const asking_words[] = {"", "always", "asked", NULL};
static const char *const commenter_words[] = {"", "owner", "member", "collaborator",
					      NULL};

const char *config_asking_word(enum config_asking a)
{
	return asking_words[a];
}

const char *config_commenter_word(enum config_commenter c)
{
	return commenter_words[c];
}

static void texts_read(struct reader *r, const struct node *n, const struct field *f,
		       void *to)
{
	struct config_texts t = {0};

	if (n->type != NODE_LIST || n->n > CONFIG_TEXTS_MAX) {
		problem(r, n, "'%s' has to be a list of at most %d texts", f->key,
			CONFIG_TEXTS_MAX);
		return;
	}
	if (n->n)
		t.v = arena_alloc(r->arena, n->n * sizeof(*t.v));
	for (uint32_t i = 0; i < n->n; i++) {
		const char *text = NULL;

		field_text(r, n->items[i], f, &text);
		if (text)
			t.v[t.n++] = text;
	}
	*(struct config_texts *)to = t;
}

static void commenters_read(struct reader *r, const struct node *n, const struct field *f,
			    void *to)
{
	unsigned set = 0;

	if (n->type != NODE_LIST || n->n > ARRAY_SIZE(commenter_words) - 2) {
		problem(r, n, "'%s' has to be a list of at most 3 words", f->key);
		return;
	}
	for (uint32_t i = 0; i < n->n; i++) {
		enum config_commenter c = 0;

		field_word(r, n->items[i], f, &c);
		set |= c ? 1u << c : 0;
	}
	*(unsigned *)to = set;
}

static const struct field ci_fields[] = {
	{"labels", texts_read, offsetof(struct config_ci, labels), NULL, false},
	{"tokens", texts_read, offsetof(struct config_ci, tokens), NULL, false},
	{"paths", texts_read, offsetof(struct config_ci, paths), NULL, false},
	{"paths_ignore", texts_read, offsetof(struct config_ci, paths_ignore), NULL,
	 false},
	{"branches", texts_read, offsetof(struct config_ci, branches), NULL, false},
	{"pull_requests", field_word, offsetof(struct config_ci, pull_requests),
	 asking_words, false},
	{"comment", field_text, offsetof(struct config_ci, comment), NULL, false},
	{"commenters", commenters_read, offsetof(struct config_ci, commenters),
	 commenter_words, false},
	{"daily", field_text, offsetof(struct config_ci, daily), NULL, false},
	{"weekly", field_text, offsetof(struct config_ci, weekly), NULL, false},
	{0},
};

void field_ci(struct reader *r, const struct node *n, const struct field *f, void *to)
{
	(void)f;
	fields_read(r, n, "'ci'", ci_fields, false, to);
}
