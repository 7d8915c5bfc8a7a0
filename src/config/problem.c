/* Faults of the file, collected. What they say is up to those who find them. */
#include "config-priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <profd/text.h>

static __attribute__((format(printf, 5, 0))) struct error *
problem_add(struct config_problems *p, const char *name, uint32_t line, uint32_t column,
	    const char *fmt, va_list ap)
{
	static __thread struct error beyond; /* hints of what is not kept go here */
	struct config_problem new = {.line = line, .column = column};
	struct text t = {0};

	if (p->list.n == CONFIG_PROBLEMS_MAX) {
		p->more = true;
		return &beyond;
	}
	text_vaddf(&t, fmt, ap);
	error_set(&new.error, -EINVAL, "%s:%u:%u: %s", name, line, column, text_get(&t));
	text_done(&t);
	for (uint32_t i = 0; i < p->list.n; i++) {
		struct config_problem *old = &p->list.v[i];

		if (old->line == line && old->column == column &&
		    !strcmp(old->error.text, new.error.text))
			return &old->error;
	}
	vec_push(&p->list, new);
	return &p->list.v[p->list.n - 1].error;
}

struct error *config_problem_add(struct config_problems *p, const char *name,
				 uint32_t line, uint32_t column, const char *fmt, ...)
{
	struct error *err;
	va_list ap;

	va_start(ap, fmt);
	err = problem_add(p, name, line, column, fmt, ap);
	va_end(ap);
	return err;
}

struct error *problem_at(struct reader *r, uint32_t line, uint32_t column,
			 const char *fmt, ...)
{
	struct error *err;
	va_list ap;

	va_start(ap, fmt);
	err = problem_add(r->problems, r->name, line, column, fmt, ap);
	va_end(ap);
	return err;
}

struct error *problem(struct reader *r, const struct node *at, const char *fmt, ...)
{
	struct error *err;
	va_list ap;

	va_start(ap, fmt);
	err = problem_add(r->problems, r->name, at->line, at->column, fmt, ap);
	va_end(ap);
	return err;
}

void hint_words(struct error *err, const char *to, const char *const *words)
{
	struct text_nearest near;
	struct text t = {0};

	/* Of a problem that is not kept. */
	if (!err->text[0])
		return;
	text_nearest_init(&near, to);
	for (size_t i = 0; words[i]; i++)
		text_nearest_offer(&near, words[i]);
	if (near.n) {
		text_addf(&t, "did you mean '%s'", near.best[0].word);
		for (unsigned i = 1; i < near.n; i++)
			text_addf(&t, " or '%s'", near.best[i].word);
		text_addc(&t, '?');
	} else {
		text_add(&t, "there are");
		for (size_t i = 0; words[i]; i++)
			text_addf(&t, "%s %s", i ? "," : "", words[i]);
	}
	error_hint(err, "%s", text_get(&t));
	text_done(&t);
}

/* At most CONFIG_PROBLEMS_MAX, and nearly in order. */
void config_problems_sort(struct config_problems *p)
{
	for (uint32_t i = 1; i < p->list.n; i++) {
		struct config_problem x = p->list.v[i];
		uint32_t k = i;

		for (; k > 0; k--) {
			const struct config_problem *b = &p->list.v[k - 1];

			if (b->line < x.line ||
			    (b->line == x.line && b->column <= x.column))
				break;
			p->list.v[k] = *b;
		}
		p->list.v[k] = x;
	}
}

void config_problems_done(struct config_problems *p)
{
	vec_done(&p->list);
	p->more = false;
}
