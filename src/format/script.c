/* The script of the picture and the data it draws from: every box that was kept, also
 * those that are too narrow until somebody zooms in. share/viewer/flame.js documents the
 * data's form. */
#include "format-priv.h"

#include <stdlib.h>
#include <string.h>

static const char flame_js[] =
#include "src/format/flame-js.inc"
	;
static const char flame_diff_js[] =
#include "src/format/flame-diff-js.inc"
	;

struct frame {
	uint32_t name, place, module; /* strings */
	uint32_t kind;
};

struct script {
	const struct picture *pic;
	struct sink *out;
	struct text code, line, name;
	struct index string_index;
	VEC(size_t) string_at; /* in `strings`, by id; NUL-terminated there */
	struct text strings;
	struct map frame_index; /* what makes a frame -> its number + 1 */
	VEC(struct frame) frames;
	/* [frames] the frame of the last box that stood on one of this frame, + 1 */
	VEC(uint32_t) expected;
	int64_t tick;
};

/* --- numbers as characters --------------------------------------------------------- */

/* The printable characters from '#' on that need no escape anywhere. */
static const char alphabet[] =
	"#$%'()*+,-./"
	"0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvw"
	"xyz{|}~";
#define HALF ((sizeof(alphabet) - 1) / 2)

static void code_digit(struct text *t, unsigned digit)
{
	text_addc(t, alphabet[digit]);
}

/* The smallest part first; a digit of the upper half says that more follow. */
static void code_number(struct text *t, uint64_t v)
{
	for (; v >= HALF; v /= HALF)
		code_digit(t, (unsigned)(v % HALF + HALF));
	code_digit(t, (unsigned)v);
}

/* Nearly all values are multiples of the sampling period; a 0 announces one that is
 * not. */
static void code_amount(struct script *s, int64_t v)
{
	uint64_t u = (uint64_t)v;

	if (v > 0 && v % s->tick == 0) {
		code_number(&s->code, u / (uint64_t)s->tick);
		return;
	}
	code_number(&s->code, 0);
	code_number(&s->code, v > 0 ? u : 0);
}

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

/* What may stand in a script's string, in a CDATA section and in an HTML page: nothing in
 * it can end one of them, or start an element. */
static void script_escape(struct text *t, const char *s, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x20 || c == '<' || c == '>' || c == '&') {
			char escape[] = {'\\', 'x', hex[c >> 4], hex[c & 15]};

			text_addn(t, escape, sizeof(escape));
			continue;
		}
		if (c == '"' || c == '\\')
			text_addc(t, '\\');
		text_addc(t, s[i]);
	}
}

static void script_put(struct script *s, const char *key, const char *str)
{
	text_clear(&s->line);
	text_addf(&s->line, "%s:\"", key);
	script_escape(&s->line, str, strlen(str));
	text_add(&s->line, "\",\n");
	sink_put(s->out, s->line.s, s->line.len);
}

/* --- frames ----------------------------------------------------------------------- */

/* What boxes of one function share: name, place, module and kind. */
static uint32_t script_frame(struct script *s, const struct flame_box *b)
{
	/* A function and its mapping; without a function the name. Row numbers stay far
	 * below 2^28: a file has at most 2^32 bytes, and a row takes several. */
	const struct flame_call *c = &b->call;
	uint64_t key = (uint64_t)(c->function ? c->function : c->name) << 32 |
		       (uint64_t)c->mapping << 4 | (uint64_t)(b->depth == 1) << 3 |
		       c->kind;
	struct frame frame = {.kind = c->kind};
	uint64_t known;

	if (!c->function)
		key = ~key;
	known = map_find(&s->frame_index, key);
	if (known)
		return (uint32_t)known - 1;
	flame_name(&s->name, s->pic->p, c, b->depth);
	text_clear(&s->line);
	name_shorten(&s->line, s->name.s);
	frame.name = script_string(s, s->line.s);
	picture_place(s->pic, c, &s->line);
	frame.place = script_string(s, text_get(&s->line));
	frame.module = script_string(s, picture_module(s->pic, c));
	vec_push(&s->frames, frame);
	map_put(&s->frame_index, key, s->frames.n);
	return s->frames.n - 1;
}

/* --- boxes ------------------------------------------------------------------------ */

static int64_t greatest_divisor(int64_t a, int64_t b)
{
	while (b) {
		int64_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

static int value_compare(const void *va, const void *vb)
{
	int64_t a = *(const int64_t *)va, b = *(const int64_t *)vb;

	return (a > b) - (a < b);
}

/* What divides all totals that several boxes have. What was not sampled but counted, and
 * what stands below it, is no multiple of anything. */
static int64_t script_tick(const struct picture *pic)
{
	int64_t *totals = xcalloc(pic->boxes.n, sizeof(*totals)), tick = 0;

	for (uint32_t i = 0; i < pic->boxes.n; i++)
		totals[i] = pic->f->nodes.v[pic->boxes.v[i].node].total;
	qsort(totals, pic->boxes.n, sizeof(*totals), value_compare);
	for (uint32_t i = 2; i < pic->boxes.n; i++)
		if (totals[i] == totals[i - 2] && totals[i] > 0)
			tick = greatest_divisor(tick, totals[i]);
	free(totals);
	return tick ? tick : 1;
}

enum { FRAME_NEW, FRAME_EXPECTED, FRAME_NUMBER };
enum { SELF_NONE, SELF_ALL, SELF_AMOUNT };

/* The boxes that lead to the one that is written, by depth. */
struct script_open {
	int64_t rest; /* of its total, for further children */
	uint32_t frame;
};

/* One box on @up (NULL: the root): a digit for what follows from the boxes before it,
 * then what does not. Returns its frame. share/viewer/flame.js reads it. */
static uint32_t script_box(struct script *s, const struct flame_box *b, unsigned pops,
			   const struct script_open *up)
{
	uint32_t known = s->frames.n, frame = script_frame(s, b);
	bool whole = up && up->rest == b->total;
	unsigned as = FRAME_NUMBER, self = SELF_AMOUNT;

	if (frame == known)
		as = FRAME_NEW;
	else if (up && s->expected.v[up->frame] == frame + 1)
		as = FRAME_EXPECTED;
	if (b->self <= 0)
		self = SELF_NONE;
	else if (b->self == b->total)
		self = SELF_ALL;
	code_digit(&s->code, (pops < 3 ? pops : 3) + 4 * (as + 3 * (self + 3 * whole)));
	if (pops >= 3)
		code_number(&s->code, pops - 3);
	if (as == FRAME_NUMBER)
		code_number(&s->code, frame);
	if (!whole)
		code_amount(s, b->total);
	if (self == SELF_AMOUNT)
		code_amount(s, b->self);
	return frame;
}

static void script_boxes(struct script *s)
{
	struct script_open open[PICTURE_DEPTH_MAX + 1];
	uint32_t next = 0; /* the depth of a child of the box before */

	sink_puts(s->out, "boxes:\"");
	for (uint32_t i = 0; i < s->pic->boxes.n; i++) {
		struct flame_box b = picture_box(s->pic, i);
		struct script_open *up = b.depth ? &open[b.depth - 1] : NULL;
		uint32_t frame = script_box(s, &b, next - b.depth, up);

		if (frame == s->expected.n)
			vec_push(&s->expected, 0);
		if (up) {
			up->rest = sum_clamped(up->rest, -b.total);
			s->expected.v[up->frame] = frame + 1;
		}
		open[b.depth].frame = frame;
		open[b.depth].rest = b.total - (b.self > 0 ? b.self : 0);
		next = b.depth + 1;
	}
	sink_put(s->out, text_get(&s->code), s->code.len);
	sink_puts(s->out, "\",\n");
}

/* --- differences ------------------------------------------------------------------ */

/* What a box was before: a digit for how it changed, how much of it did, whether amount
 * and noise are those of the box before it, and whether something is its own. */
static void script_change(struct script *s, const struct picture_change *c, bool same)
{
	code_digit(&s->code,
		   c->how + 4 * c->strength + 16 * same + 32 * !!c->self_before);
	if (!same) {
		code_amount(s, c->before);
		code_number(&s->code, (uint64_t)c->noise);
	}
	if (c->self_before)
		code_amount(s, c->self_before);
}

static void script_changes(struct script *s)
{
	const struct picture_diff *d = s->pic->diff;
	struct picture_change last = {.before = -1};

	if (!d)
		return;
	text_clear(&s->code);
	for (uint32_t i = 0; i < s->pic->boxes.n; i++) {
		struct picture_change c = picture_change(s->pic, i);

		script_change(s, &c,
			      i && c.before == last.before && c.noise == last.noise);
		last = c;
	}
	sink_puts(s->out, "changes:\"");
	sink_put(s->out, text_get(&s->code), s->code.len);
	sink_putf(s->out, "\",\nvanished:[%u,%u],\n", d->first, d->end);
}

/* --- tables ----------------------------------------------------------------------- */

static int string_compare(const void *va, const void *vb, void *strings)
{
	return strcmp((const char *)strings + *(const size_t *)va,
		      (const char *)strings + *(const size_t *)vb);
}

/* Puts the strings in order, for the sake of common beginnings, and renumbers them. */
static void script_sort(struct script *s)
{
	uint32_t *number = xcalloc(s->string_at.n, sizeof(*number));
	struct frame *end = s->frames.v + s->frames.n;
	size_t *sorted = xmemdup(s->string_at.v, s->string_at.n * sizeof(*sorted));

	qsort_r(sorted, s->string_at.n, sizeof(*sorted), string_compare, s->strings.s);
	for (uint32_t i = 0; i < s->string_at.n; i++) {
		const char *str = s->strings.s + sorted[i];

		number[*str ? index_find(&s->string_index, hash_bytes(str, strlen(str)),
					 script_string_equal, s, str)
			    : 0] = i;
	}
	for (struct frame *f = s->frames.v; f < end; f++) {
		f->name = number[f->name];
		f->place = number[f->place];
		f->module = number[f->module];
	}
	memcpy(s->string_at.v, sorted, s->string_at.n * sizeof(*sorted));
	free(sorted);
	free(number);
}

/* Frames, one after the other: a digit for kind, is there a place, is it another module
 * than the last; then the numbers of the strings. */
static void script_frames(struct script *s)
{
	uint32_t module = 0;

	text_clear(&s->code);
	for (uint32_t i = 0; i < s->frames.n; i++) {
		const struct frame *f = &s->frames.v[i];

		code_digit(&s->code,
			   f->kind + 5 * (f->place != 0) + 10 * (f->module != module));
		code_number(&s->code, f->name);
		if (f->place)
			code_number(&s->code, f->place);
		if (f->module != module)
			code_number(&s->code, f->module);
		module = f->module;
	}
	sink_puts(s->out, "frames:\"");
	sink_put(s->out, text_get(&s->code), s->code.len);
	sink_puts(s->out, "\",\n");
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* The length in UTF-16, as scripts count. */
static unsigned script_length(const char *s, size_t n)
{
	unsigned length = 0;

	for (size_t i = 0; i < n; i++)
		length += !is_continuation(s[i]) + ((unsigned char)s[i] >= 0xf0);
	return length;
}

/* What @s has in common with the string before it, at its beginning and at its end, and
 * the rest, which a tab ends: no string has one. */
static void script_difference(struct text *t, const char *before, const char *s)
{
	size_t n = strlen(s), n_before = strlen(before), head = 0, tail = 0;

	while (head < n && s[head] == before[head])
		head++;
	while (head && is_continuation(s[head]))
		head--;
	while (tail < n - head && tail < n_before &&
	       s[n - tail - 1] == before[n_before - tail - 1])
		tail++;
	while (tail && is_continuation(s[n - tail]))
		tail--;
	code_number(t, script_length(s, head));
	code_number(t, script_length(s + n - tail, tail));
	script_escape(t, s + head, n - head - tail);
	text_addc(t, '\t');
}

static void script_strings(struct script *s)
{
	const char *before = "";

	text_clear(&s->code);
	for (uint32_t i = 1; i < s->string_at.n; i++) {
		const char *str = s->strings.s + s->string_at.v[i];

		script_difference(&s->code, before, str);
		before = str;
	}
	sink_puts(s->out, "strings:\"");
	sink_put(s->out, text_get(&s->code), s->code.len);
	sink_puts(s->out, "\"");
}

static void script_note(struct script *s)
{
	struct picture_rest rest;
	struct text note = {0};

	picture_rest(s->pic, 1, &rest);
	picture_rest_text(s->pic, &rest, &note);
	script_put(s, "note", text_get(&note));
	script_put(s, "unit", s->pic->unit);
	text_done(&note);
}

void picture_script(const struct picture *pic, const struct picture_layout *layout,
		    struct sink *out)
{
	struct script s = {.pic = pic, .out = out, .tick = script_tick(pic)};

	/* String 0 is "". */
	vec_push(&s.string_at, 0);
	text_addc(&s.strings, '\0');
	sink_puts(out, "(function () {\n");
	sink_puts(out, pic->diff ? flame_diff_js : flame_js);
	sink_putf(out,
		  "flame(document.currentScript.parentNode, {\n"
		  "pad:%u,row:%u,base:%u,height:%u,tick:%lld,\n",
		  layout->pad, layout->row, layout->base, layout->height,
		  (long long)s.tick);
	script_note(&s);
	script_boxes(&s);
	script_changes(&s);
	script_sort(&s);
	script_frames(&s);
	script_strings(&s);
	sink_puts(out, "});\n})();\n");
	index_done(&s.string_index);
	map_done(&s.frame_index);
	vec_done(&s.string_at);
	vec_done(&s.frames);
	vec_done(&s.expected);
	text_done(&s.strings);
	text_done(&s.code);
	text_done(&s.line);
	text_done(&s.name);
}
