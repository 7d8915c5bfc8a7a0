/* The call tree as JSON for programs, complete: a box of the tree that pictures are made
 * of on each line, a caller in front of what it calls, and of that the heaviest first. It
 * is a flat list, in which the depth tells the nesting: parsers of JSON go only so deep,
 * some no deeper than stacks are. For people it is in calltree.c. */
#include "format-priv.h"

#include <stdlib.h>

#include <profd/json.h>

#define SCHEMA "profd.tree/1"

struct walk {
	const struct profile *p;
	const struct flame *f;
	struct sink *out;
	struct text name;
	VEC(uint32_t) strips; /* still to be written, the next one last */
};

static void json_text(struct walk *w, const char *key, const char *value)
{
	sink_putf(w->out, ",\"%s\":", key);
	json_write_str(value, w->out);
}

static const char *box_kind(const struct flame_box *box)
{
	const char *kind = flame_kind_text(box->call.kind);

	if (box->depth < 2)
		return box->depth ? "command" : "all";
	return *kind ? kind : "user";
}

static void json_box(struct walk *w, const struct flame_box *box)
{
	const struct function *f = &w->p->functions.v[box->call.function];
	string_id module = w->p->mappings.v[box->call.mapping].filename;

	sink_puts(w->out, box->depth ? ",\n{\"depth\":" : "\n{\"depth\":");
	sink_put_i64(w->out, box->depth);
	sink_puts(w->out, ",\"total\":");
	sink_put_i64(w->out, box->total);
	sink_puts(w->out, ",\"self\":");
	sink_put_i64(w->out, box->self);
	flame_name(&w->name, w->p, &box->call, box->depth);
	json_text(w, "name", text_get(&w->name));
	json_text(w, "kind", box_kind(box));
	if (f->filename) {
		json_text(w, "file", profile_text(w->p, f->filename));
		sink_putf(w->out, ",\"line\":%u", f->start_line);
	}
	if (module)
		json_text(w, "module", profile_text(w->p, module));
	sink_puts(w->out, "}");
}

/* In the list of strips the next one is last: the heaviest. Those of one total keep their
 * order, which is that of their names. */
struct heavy {
	int64_t total;
	uint32_t strip, place;
};

static int heavy_compare(const void *va, const void *vb)
{
	const struct heavy *a = va, *b = vb;

	if (a->total != b->total)
		return a->total < b->total ? -1 : 1;
	return a->place < b->place ? 1 : -1;
}

static void children_push(struct walk *w, uint32_t strip)
{
	const struct flame_node *nodes = w->f->nodes.v;
	VEC(struct heavy) all = {0};

	for (uint32_t c = nodes[strip].first_child; c; c = nodes[c].next_sibling)
		vec_push(&all, ((struct heavy){nodes[c].total, c, all.n}));
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), heavy_compare);
	for (uint32_t i = 0; i < all.n; i++)
		vec_push(&w->strips, all.v[i].strip);
	vec_done(&all);
}

static void tree_walk(struct walk *w)
{
	vec_push(&w->strips, 0);
	while (w->strips.n && !w->out->code) {
		uint32_t strip = w->strips.v[--w->strips.n];

		for (uint32_t k = 0; k < w->f->nodes.v[strip].n; k++) {
			struct flame_box box = flame_box(w->f, strip, k);

			json_box(w, &box);
		}
		children_push(w, strip);
	}
	vec_done(&w->strips);
	text_done(&w->name);
}

void tree_write_json(const struct profile *p, unsigned value, struct sink *out)
{
	const struct value_type *type = &p->value_types[value];
	struct flame f;
	struct walk w = {.p = p, .f = &f, .out = out};

	flame_build(&f, p, value);
	sink_puts(out, "{\"schema\":\"" SCHEMA "\"");
	json_text(&w, "type", profile_text(p, type->type));
	json_text(&w, "unit", profile_text(p, type->unit));
	sink_putf(out, ",\"total\":%lld,\"start_ns\":%lld,\"duration_ns\":%lld",
		  (long long)f.nodes.v[0].total, (long long)p->time_ns,
		  (long long)p->duration_ns);
	sink_puts(out, ",\n\"comments\":[");
	for (uint32_t i = 0; i < p->comments.n; i++) {
		sink_puts(out, i ? "," : "");
		json_write_str(profile_text(p, p->comments.v[i]), out);
	}
	sink_puts(out, "],\n\"nodes\":[");
	tree_walk(&w);
	sink_puts(out, "]}\n");
	flame_done(&f);
}
