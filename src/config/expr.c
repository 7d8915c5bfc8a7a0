/* Expressions of derived metrics: text -> tree. Which metrics its names are is derive.c's
 * to find.
 *
 *	sum    = term {("+" | "-") term}
 *	term   = factor {("*" | "/") factor}
 *	factor = number | name | "-" factor | "(" sum ")" */
#include "config-priv.h"

#include <string.h>

#define TEXT_MAX_BYTES 1000
#define DEPTH_MAX 50

struct parse {
	struct reader *r;
	const struct node *at;
	const char *s;
	uint32_t depth;
	bool failed;
};

static struct config_expr *parse_sum(struct parse *p);

static void *fail(struct parse *p, const char *why)
{
	if (!p->failed)
		problem(p->r, p->at, "in the expression '%s', at character %zu: %s",
			p->at->text, (size_t)(p->s - p->at->text) + 1, why);
	p->failed = true;
	return NULL;
}

static char next(struct parse *p)
{
	p->s += strspn(p->s, " \t\n");
	return *p->s;
}

static struct config_expr *node(struct parse *p, enum config_op op,
				const struct config_expr *left,
				const struct config_expr *right)
{
	struct config_expr *e = arena_alloc(p->r->arena, sizeof(*e));

	e->op = op;
	e->left = left;
	e->right = right;
	return e;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_';
}

static struct config_expr *parse_number(struct parse *p)
{
	size_t n = strspn(p->s, "0123456789");
	struct config_expr *e;
	char *digits;

	if (p->s[n] == '.')
		n += 1 + strspn(p->s + n + 1, "0123456789");
	if (!is_digit(p->s[n - 1]) || is_name(p->s[n]) || p->s[n] == '.')
		return fail(p, "this is no number");
	e = node(p, CONFIG_OP_NUMBER, NULL, NULL);
	digits = xstrndup(p->s, n);
	e->number = strtod(digits, NULL);
	free(digits);
	p->s += n;
	return e;
}

static struct config_expr *parse_name(struct parse *p)
{
	struct config_expr *e = node(p, CONFIG_OP_METRIC, NULL, NULL);
	size_t n = 0;

	while (is_name(p->s[n]))
		n++;
	e->name = arena_strndup(p->r->arena, p->s, n);
	p->s += n;
	return e;
}

static struct config_expr *parse_inner(struct parse *p)
{
	struct config_expr *e;
	bool minus = *p->s == '-';

	if (p->depth == DEPTH_MAX)
		return fail(p, "this is nested more than 50 deep");
	p->depth++;
	p->s++;
	if (minus) {
		next(p);
		e = is_digit(*p->s)  ? parse_number(p)
		    : is_name(*p->s) ? parse_name(p)
		    : *p->s == '(' || *p->s == '-'
			    ? parse_inner(p)
			    : fail(p, "a number or a name is missing");
		e = e ? node(p, CONFIG_OP_MINUS, e, NULL) : NULL;
	} else {
		e = parse_sum(p);
		if (e && next(p) != ')')
			e = fail(p, "a ')' is missing");
		else if (e)
			p->s++;
	}
	p->depth--;
	return e;
}

static struct config_expr *parse_factor(struct parse *p)
{
	char c = next(p);

	if (c == '-' || c == '(')
		return parse_inner(p);
	if (is_digit(c))
		return parse_number(p);
	if (is_name(c))
		return parse_name(p);
	return fail(p, c ? "a number or a name is missing before this"
			 : "it ends where a number or a name is missing");
}

static struct config_expr *parse_term(struct parse *p)
{
	struct config_expr *left = parse_factor(p);
	char c;

	while (left && ((c = next(p)) == '*' || c == '/')) {
		struct config_expr *right;

		p->s++;
		right = parse_factor(p);
		left = right ? node(p, c == '*' ? CONFIG_OP_MUL : CONFIG_OP_DIV, left,
				    right)
			     : NULL;
	}
	return left;
}

static struct config_expr *parse_sum(struct parse *p)
{
	struct config_expr *left = parse_term(p);
	char c;

	while (left && ((c = next(p)) == '+' || c == '-')) {
		struct config_expr *right;

		p->s++;
		right = parse_term(p);
		left = right ? node(p, c == '+' ? CONFIG_OP_ADD : CONFIG_OP_SUB, left,
				    right)
			     : NULL;
	}
	return left;
}

struct config_expr *expr_parse(struct reader *r, const struct node *n)
{
	struct parse p = {.r = r, .at = n, .s = n->text};
	struct config_expr *e;

	/* Also bounds the depth of the tree, which leans to the left. */
	if (strlen(n->text) > TEXT_MAX_BYTES) {
		problem(r, n, "an expression has at most 1000 characters");
		return NULL;
	}
	if (r->expr_bytes > CONFIG_EXPRS_MAX_BYTES)
		return NULL; /* told already */
	r->expr_bytes += strlen(n->text);
	if (r->expr_bytes > CONFIG_EXPRS_MAX_BYTES) {
		problem(r, n,
			"the expressions of all workloads together have over 256 KiB");
		return NULL;
	}
	e = parse_sum(&p);
	if (e && next(&p))
		return fail(&p, "an operator, + - * or /, is missing before this");
	return e;
}
