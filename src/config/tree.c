/* YAML -> nodes, by libyaml's events: unlike its document, they tell a tag that was
 * written from one that was not, and depth and size are known before memory is spent.
 * An anchor can be referred to once its value is complete, so there are no cycles, and an
 * alias is the node itself: what aliases of aliases would come to when written out
 * ("billion laughs") is added up in `weight` and refused, never built. */
#include "config-priv.h"

#include <errno.h>
#include <string.h>

#include <yaml.h>

#define NODE_WEIGHT 32
#define ANCHORS_MAX 1000
#define KEYS_MAX 1000 /* of one map: looking for a key twice compares them all */

struct frame {
	struct node *node;
	char *anchor;		 /* or NULL */
	VEC(struct node *) kids; /* of a map: key, value, key ... */
};

struct build {
	struct reader *r;
	yaml_parser_t parser;
	struct frame stack[CONFIG_DEPTH_MAX];
	uint32_t depth;
	VEC(struct anchor {
		char *name;
		struct node *node;
	})
	anchors;
	struct node *root;
	uint32_t documents;
};

static int refuse(struct build *b, const yaml_mark_t *at, const char *why,
		  const char *hint)
{
	struct error *err = problem_at(b->r, (uint32_t)at->line + 1,
				       (uint32_t)at->column + 1, "%s", why);

	error_hint(err, "%s", hint);
	return -EINVAL;
}

const struct node *node_get(const struct node *map, const char *key)
{
	if (!map || map->type != NODE_MAP)
		return NULL;
	for (uint32_t i = 0; i < map->n; i++) {
		if (!strcmp(map->keys[i]->text, key))
			return map->items[i];
	}
	return NULL;
}

static int anchor_add(struct build *b, char *name, struct node *node,
		      const yaml_mark_t *at)
{
	struct anchor a = {name, node};

	if (!name)
		return 0;
	if (b->anchors.n == ANCHORS_MAX) {
		free(name);
		return refuse(b, at, "there are more than 1000 anchors", "");
	}
	vec_push(&b->anchors, a);
	return 0;
}

/* Where a complete node goes. */
static int node_place(struct build *b, struct node *node, const yaml_mark_t *at)
{
	struct frame *f;

	if (!b->depth) {
		b->root = node;
		return 0;
	}
	f = &b->stack[b->depth - 1];
	if (f->node->type == NODE_MAP && f->kids.n % 2 == 0 && node->type != NODE_SCALAR)
		return refuse(b, at, "a key has to be text, not a list or a map", "");
	f->node->weight += node->weight;
	if (node->height >= f->node->height)
		f->node->height = node->height + 1;
	if (f->node->weight > CONFIG_EXPANDED_MAX_BYTES)
		return refuse(b, at,
			      "with its aliases written out this file has over 4 MiB",
			      "");
	if (b->depth + node->height > CONFIG_DEPTH_MAX)
		return refuse(b, at, "lists and maps are nested more than 16 deep", "");
	vec_push(&f->kids, node);
	return 0;
}

static struct node *node_new(struct build *b, enum node_type type, const yaml_mark_t *at)
{
	struct node *n = arena_alloc(b->r->arena, sizeof(*n));

	n->type = type;
	n->line = (uint32_t)at->line + 1;
	n->column = (uint32_t)at->column + 1;
	n->weight = NODE_WEIGHT;
	n->height = 1;
	return n;
}

static int scalar_take(struct build *b, const yaml_event_t *ev)
{
	size_t len = ev->data.scalar.length;
	const char *text = (const char *)ev->data.scalar.value;
	struct node *n = node_new(b, NODE_SCALAR, &ev->start_mark);
	char *anchor = (char *)ev->data.scalar.anchor;
	int r;

	if (memchr(text, 0, len))
		return refuse(b, &ev->start_mark, "this text has a NUL in it", "");
	if (ev->data.scalar.tag)
		return refuse(b, &ev->start_mark, "tags are not understood here",
			      "quotes make text of a number");
	n->text = arena_strndup(b->r->arena, text, len);
	n->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	n->weight += len;
	r = anchor_add(b, anchor ? xstrdup(anchor) : NULL, n, &ev->start_mark);
	return r ? r : node_place(b, n, &ev->start_mark);
}

static int open_take(struct build *b, enum node_type type, const yaml_event_t *ev,
		     const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct frame *f;

	if (tag)
		return refuse(b, &ev->start_mark, "tags are not understood here", "");
	if (b->depth == CONFIG_DEPTH_MAX)
		return refuse(b, &ev->start_mark,
			      "lists and maps are nested more than 16 deep", "");
	f = &b->stack[b->depth++];
	memset(f, 0, sizeof(*f));
	f->node = node_new(b, type, &ev->start_mark);
	f->anchor = anchor ? xstrdup((const char *)anchor) : NULL;
	return 0;
}

static int map_check(struct build *b, const struct node *n, const yaml_mark_t *at)
{
	if (n->n > KEYS_MAX)
		return refuse(b, at, "a map has more than 1000 keys", "");
	for (uint32_t i = 0; i < n->n; i++) {
		for (uint32_t k = 0; k < i; k++) {
			if (strcmp(n->keys[i]->text, n->keys[k]->text) != 0)
				continue;
			problem(b->r, n->keys[i],
				"'%s' stands here twice, first in line %u",
				n->keys[i]->text, n->keys[k]->line);
			break;
		}
	}
	return 0;
}

static int close_take(struct build *b, const yaml_event_t *ev)
{
	struct frame *f = &b->stack[--b->depth];
	struct node *n = f->node;
	bool map = n->type == NODE_MAP;
	char *anchor = f->anchor;
	int r = 0;

	n->n = map ? f->kids.n / 2 : f->kids.n;
	if (n->n) {
		n->items = arena_alloc(b->r->arena, n->n * sizeof(struct node *));
		n->keys = map ? arena_alloc(b->r->arena, n->n * sizeof(struct node *))
			      : NULL;
	}
	for (uint32_t i = 0; i < n->n; i++) {
		n->items[i] = f->kids.v[map ? 2 * i + 1 : i];
		if (map)
			n->keys[i] = f->kids.v[2 * i];
	}
	vec_done(&f->kids);
	f->anchor = NULL;
	r = anchor_add(b, anchor, n, &ev->start_mark);
	if (!r && map)
		r = map_check(b, n, &ev->start_mark);
	return r ? r : node_place(b, n, &ev->start_mark);
}

static int alias_take(struct build *b, const yaml_event_t *ev)
{
	const char *name = (const char *)ev->data.alias.anchor;

	for (uint32_t i = b->anchors.n; i-- > 0;) {
		if (!strcmp(b->anchors.v[i].name, name))
			return node_place(b, b->anchors.v[i].node, &ev->start_mark);
	}
	problem_at(b->r, (uint32_t)ev->start_mark.line + 1,
		   (uint32_t)ev->start_mark.column + 1,
		   "'*%s' refers to no anchor that is complete here", name);
	return -EINVAL;
}

static int event_take(struct build *b, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->documents++)
			return refuse(b, &ev->start_mark, "a second document begins here",
				      "one file, one document: without '---'");
		return 0;
	case YAML_SCALAR_EVENT:
		return scalar_take(b, ev);
	case YAML_SEQUENCE_START_EVENT:
		return open_take(b, NODE_LIST, ev, ev->data.sequence_start.anchor,
				 ev->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return open_take(b, NODE_MAP, ev, ev->data.mapping_start.anchor,
				 ev->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return close_take(b, ev);
	case YAML_ALIAS_EVENT:
		return alias_take(b, ev);
	default:
		return 0;
	}
}

/* A fault of the encoding has an offset and no line. */
static void encoding_fault(struct build *b, const char *data, size_t n)
{
	size_t end = b->parser.problem_offset < n ? b->parser.problem_offset : n;
	uint32_t line = 1, column = 1;

	for (size_t i = 0; i < end; i++) {
		if (data[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)data[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	problem_at(b->r, line, column, "this is no UTF-8 text: %s", b->parser.problem);
}

/* The mark's own index counts characters. */
static char character_at(const char *data, size_t n, const yaml_mark_t *mark)
{
	size_t i = 0;

	for (size_t line = 0; i < n && line < mark->line; i++)
		line += data[i] == '\n';
	for (size_t column = 0; i < n && column < mark->column; column++) {
		for (i++; i < n && ((unsigned char)data[i] & 0xc0) == 0x80;)
			i++;
	}
	return i < n ? data[i] : '\0';
}

static void syntax_fault(struct build *b, const char *data, size_t n)
{
	const yaml_parser_t *p = &b->parser;
	struct error *err;
	char c;

	if (p->error == YAML_READER_ERROR) {
		encoding_fault(b, data, n);
		return;
	}
	err = problem_at(b->r, (uint32_t)p->problem_mark.line + 1,
			 (uint32_t)p->problem_mark.column + 1, "this is no YAML: %s%s%s",
			 p->problem ? p->problem : "out of memory", p->context ? " " : "",
			 p->context ? p->context : "");
	c = character_at(data, n, &p->problem_mark);
	if (c == '\t')
		error_hint(err, "indent with blanks: YAML has no tabs");
	else if (p->context && strstr(p->context, "block scalar"))
		error_hint(err, "quote a text that begins with '>' or '|'");
	else if (c && strchr("%@`>|", c))
		error_hint(err, "quote a text that begins with '%c'", c);
}

static void build_done(struct build *b)
{
	for (uint32_t i = 0; i < b->depth; i++) {
		free(b->stack[i].anchor);
		vec_done(&b->stack[i].kids);
	}
	for (uint32_t i = 0; i < b->anchors.n; i++)
		free(b->anchors.v[i].name);
	vec_done(&b->anchors);
	yaml_parser_delete(&b->parser);
}

static int build_all(struct build *b, const char *data, size_t n)
{
	for (;;) {
		yaml_event_t ev;
		yaml_event_type_t type;
		int r;

		if (!yaml_parser_parse(&b->parser, &ev)) {
			syntax_fault(b, data, n);
			return -EINVAL;
		}
		type = ev.type;
		r = event_take(b, &ev);
		yaml_event_delete(&ev);
		if (r)
			return r;
		if (type == YAML_STREAM_END_EVENT)
			return 0;
	}
}

struct node *tree_read(struct reader *r, const char *data, size_t n)
{
	static const char mark[] =
		"\xef\xbb\xbf"; /* of UTF-8, as some editors write it */
	struct build b = {.r = r};
	int code;

	if (n >= 3 && !memcmp(data, mark, 3)) {
		data += 3;
		n -= 3;
	}
	if (!yaml_parser_initialize(&b.parser)) {
		problem_at(r, 1, 1, "out of memory");
		return NULL;
	}
	/* Else UTF-16 would be let in by its mark. */
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)data, n);
	code = build_all(&b, data, n);
	if (!code && !b.root)
		problem_at(r, 1, 1, "the file is empty");
	build_done(&b);
	return code ? NULL : b.root;
}
