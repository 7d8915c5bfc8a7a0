/* The script of the picture and the data it draws from: every box that was kept, also
 * those that are too narrow until somebody zooms in. share/viewer/flame.js documents the
 * data's form. */
#include "format-priv.h"

#include <string.h>

static const char flame_js[] =
#include "src/format/flame-js.inc"
	;

struct script {
	const struct picture *pic;
	struct sink *out;
	struct text line, name;
	struct index string_index;
	VEC(size_t) string_at; /* in `strings`, by id; NUL-terminated there */
	struct text strings;
	struct map frames; /* what makes a frame -> its number + 1 */
	struct text table; /* the frames as JSON */
	uint32_t nframes;
};

/* --- strings, each written once --------------------------------------------------- */

static bool script_string_equal(const void *table, uint32_t id, const void *key)
{
	const struct script *s = table;

	return !strcmp(s->strings.s + s->string_at.v[id], key);
}

static uint32_t script_string(struct script *s, const char *str)
{
	uint32_t hash, id;

	if (!*str)
		return 0;
	hash = hash_bytes(str, strlen(str));
	id = index_find(&s->string_index, hash, script_string_equal, s, str);
	if (id)
		return id;
	id = s->string_at.n;
	vec_push(&s->string_at, s->strings.len);
	text_addn(&s->strings, str, strlen(str) + 1);
	index_add(&s->string_index, hash, id);
	return id;
}

/* A JSON string that may stand in a CDATA section and in an HTML page: nothing in it can
 * end either, or start an element. */
static void json_string_add(struct text *t, const char *s)
{
	text_addc(t, '"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c == '<' || c == '>' || c == '&')
			text_addf(t, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			text_addf(t, "\\%c", c);
		else
			text_addc(t, *s);
	}
	text_addc(t, '"');
}

/* --- frames ----------------------------------------------------------------------- */

/* What boxes of one function share: name, place, module and kind, as numbers of strings.
 * */
static uint32_t script_frame(struct script *s, const struct flame_node *n)
{
	/* A function and its mapping; without a function the name. Row numbers stay far
	 * below 2^28: a file has at most 2^32 bytes, and a row takes several. */
	uint64_t key = (uint64_t)(n->function ? n->function : n->name) << 32 |
		       (uint64_t)n->mapping << 4 | (uint64_t)(n->depth == 1) << 3 |
		       n->kind;
	uint64_t known;
	uint32_t name, place, module;

	if (!n->function)
		key = ~key;
	known = map_find(&s->frames, key);
	if (known)
		return (uint32_t)known - 1;
	flame_name(&s->name, s->pic->p, n);
	text_clear(&s->line);
	name_shorten(&s->line, s->name.s);
	name = script_string(s, s->line.s);
	picture_place(s->pic, n, &s->line);
	place = script_string(s, text_get(&s->line));
	module = script_string(s, picture_module(s->pic, n));
	text_addf(&s->table, "%s%u,%u,%u,%u", s->nframes ? "," : "", name, place, module,
		  n->kind);
	map_put(&s->frames, key, ++s->nframes);
	return s->nframes - 1;
}

/* --- the parts -------------------------------------------------------------------- */

static int64_t greatest_divisor(const struct picture *pic)
{
	int64_t a = 0;

	for (uint32_t i = 0; i < pic->boxes.n && a != 1; i++) {
		const struct flame_node *n = &pic->f.nodes.v[pic->boxes.v[i]];

		for (int64_t b = n->total, r; b > 0; b = r) {
			r = a ? a % b : 0;
			a = b;
		}
		for (int64_t b = n->self > 0 ? n->self : 0, r; b > 0; b = r) {
			r = a % b;
			a = b;
		}
	}
	return a ? a : 1;
}

static void script_boxes(struct script *s, int64_t unit)
{
	sink_puts(s->out, "boxes:[");
	for (uint32_t i = 0; i < s->pic->boxes.n; i++) {
		const struct flame_node *n = &s->pic->f.nodes.v[s->pic->boxes.v[i]];
		uint32_t frame = script_frame(s, n);

		sink_putf(s->out, "%s%u,%lld,%lld,%u", i ? "," : "", n->depth,
			  (long long)(n->total / unit), (long long)(n->self / unit),
			  frame);
	}
	sink_puts(s->out, "],\n");
}

static void script_strings(struct script *s)
{
	sink_puts(s->out, "strings:[");
	for (uint32_t i = 0; i < s->string_at.n; i++) {
		text_clear(&s->line);
		if (i)
			text_addc(&s->line, ',');
		json_string_add(&s->line, s->strings.s + s->string_at.v[i]);
		sink_put(s->out, s->line.s, s->line.len);
	}
	sink_puts(s->out, "]");
}

static void script_note(struct script *s)
{
	struct picture_rest rest;
	struct text note = {0};

	picture_rest(s->pic, 1, &rest);
	picture_rest_text(s->pic, &rest, &note);
	text_clear(&s->line);
	text_add(&s->line, "note:");
	json_string_add(&s->line, text_get(&note));
	text_add(&s->line, ",unit:");
	json_string_add(&s->line, s->pic->unit);
	text_add(&s->line, ",\n");
	sink_put(s->out, s->line.s, s->line.len);
	text_done(&note);
}

void picture_script(const struct picture *pic, const struct picture_layout *layout,
		    struct sink *out)
{
	struct script s = {.pic = pic, .out = out};
	int64_t unit = greatest_divisor(pic);

	/* String 0 is "". */
	vec_push(&s.string_at, 0);
	text_addc(&s.strings, '\0');
	sink_puts(out, "(function () {\n");
	sink_puts(out, flame_js);
	sink_putf(out,
		  "flame(document.currentScript.parentNode, {\n"
		  "pad:%u,row:%u,base:%u,height:%u,step:%lld,\n",
		  layout->pad, layout->row, layout->base, layout->height,
		  (long long)unit);
	script_note(&s);
	script_boxes(&s, unit);
	sink_puts(out, "frames:[");
	sink_put(out, text_get(&s.table), s.table.len);
	sink_puts(out, "],\n");
	script_strings(&s);
	sink_puts(out, "});\n})();\n");
	index_done(&s.string_index);
	map_done(&s.frames);
	vec_done(&s.string_at);
	text_done(&s.strings);
	text_done(&s.table);
	text_done(&s.line);
	text_done(&s.name);
}
