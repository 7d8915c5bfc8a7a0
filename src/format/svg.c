/* The flame graph as an SVG picture, root at the bottom.
 *
 * It has to be readable where nothing but markup survives: CI servers show artifacts with
 * scripts, style sheets and style attributes forbidden. So the boxes are drawn with
 * presentation attributes, tooltips are <title> elements, and colour is never the only
 * cue: the kind of code also shows as a mark in the text, a word in the tooltip and, for
 * inlined calls, a cut corner. The script, where it may run, draws all of it anew to zoom
 * and search.
 *
 * Bytes are saved where nothing is lost to the eye. Boxes of a row share a group at the
 * row's baseline. Boxes too narrow to be pointed at have no text of their own: all of one
 * shade are a single path, some 8 bytes a box in place of 130. Those too narrow to be
 * seen are left to the script. */
#include "format-priv.h"

#include <stdlib.h>
#include <string.h>

#define SVG_TITLE "Flame graph"
#define SVG_WIDTH 1200u
#define SVG_PAD 10u
#define SVG_ROW 16u
#define SVG_LINE 16u /* of the text above the boxes */
#define SVG_BOTTOM 62u
#define SVG_BASELINE 4u /* of a row's text, above the row's lower edge */
/* Of the fixed-width font of 11 units: 0.602 em in DejaVu Sans Mono, 0.6 in most others.
 * */
#define SVG_COLUMN 6.65
#define SVG_MIN_BOX 0.5 /* narrower ones cannot be seen */
#define SVG_THIN 2.0	/* narrower ones cannot be pointed at */
/* Where there is no zoom. */
#define SVG_MIN_BOX_STILL 1.5
#define SVG_THIN_STILL 6.0
#define SHADES 8
#define SVG_LEGEND_ROWS 4u /* of a difference */

struct svg {
	struct picture pic;
	struct picture_layout layout;
	struct sink *out;
	struct text t, name, part;
	int64_t min_total;
	uint32_t depth; /* of the deepest box that has to fit */
	double thin_width;
	/* The thin boxes so far, in tenths: paths that are as wide as a box is high. */
	struct thin {
		struct text path;
		long x, y; /* where it ends */
	} thin[FLAME_LABEL + 1][SHADES];
	struct picture_change change; /* of the box that is drawn, in a difference */
};

/* A row and a column of a palette. */
struct paint {
	unsigned row, shade;
};

static void svg_flush(struct svg *s)
{
	sink_put(s->out, text_get(&s->t), s->t.len);
	text_clear(&s->t);
}

static void svg_xml(struct svg *s, const char *str)
{
	text_add_xml(&s->t, str, strlen(str));
}

/* --- colours ---------------------------------------------------------------------- */

/* The same arrays are in share/viewer/flame.js. Shades of one kind differ a little so
 * that neighbours can be told apart; all carry black text. */
static const char *const palette[][SHADES] = {
	[FLAME_USER] = {"fd8", "fc7", "fb6", "ec8", "fd9", "eb7", "fc9", "fca"},
	[FLAME_KERNEL] = {"f96", "f85", "e85", "f97", "e74", "e96", "f86", "fa8"},
	[FLAME_INLINED] = {"fec", "feb", "fed", "ffd", "fdc", "eec", "fee", "edc"},
	[FLAME_JIT] = {"9d8", "8c7", "ae9", "7c8", "9da", "bd8", "8d9", "ac7"},
	[FLAME_LABEL] = {"ccc", "ddd", "ccd", "ddc", "cdc", "dcd", "cdd", "dcc"},
};

/* Of a difference, by enum change. The stronger, the larger the part of a box that
 * changed. The script has them too. */
static const char *const change_palette[][SHADES] = {
	[CHANGE_NONE] = {"ddd", "ddd", "ddd", "ddd"},
	[CHANGE_MORE] = {"fe9", "fd6", "fb3", "f92"},
	[CHANGE_LESS] = {"cdf", "abf", "8af", "69f"},
	[CHANGE_WAY] = {"eee", "eee", "eee", "eee"},
};

/* A fixed hash (djb2): a function keeps its shade from one picture to the next. */
static unsigned svg_shade(const char *name)
{
	uint32_t h = 5381;

	for (; *name; name++)
		h = h * 33 ^ (unsigned char)*name;
	return (h ^ h >> 7) % SHADES;
}

static struct paint svg_paint(const struct svg *s, const struct flame_box *b,
			      const char *name)
{
	if (s->pic.diff)
		return (struct paint){s->change.how, s->change.strength};
	return (struct paint){b->call.kind, svg_shade(name)};
}

static const char *svg_colour(const struct svg *s, struct paint p)
{
	return s->pic.diff ? change_palette[p.row][p.shade] : palette[p.row][p.shade];
}

/* --- boxes ------------------------------------------------------------------------ */

static double svg_scale(const struct svg *s)
{
	int64_t whole = s->pic.f->nodes.v[0].total;

	return whole > 0 ? (SVG_WIDTH - 2.0 * SVG_PAD) / (double)whole : 0;
}

static void long_add(struct text *t, long v)
{
	char digits[24], *at = digits + sizeof(digits);
	unsigned long rest = v < 0 ? -(unsigned long)v : (unsigned long)v;

	do
		*--at = (char)('0' + rest % 10);
	while (rest /= 10);
	if (v < 0)
		*--at = '-';
	text_addn(t, at, (size_t)(digits + sizeof(digits) - at));
}

static long in_tenths(double v)
{
	return (long)(v * 10 + 0.5);
}

/* One decimal, without ".0". */
static void coordinate_add(struct text *t, double v)
{
	long tenths = in_tenths(v);

	long_add(t, tenths / 10);
	if (tenths % 10) {
		text_addc(t, '.');
		long_add(t, tenths % 10);
	}
}

static void svg_amounts(struct svg *s, const struct flame_box *b)
{
	int64_t whole = s->pic.f->nodes.v[0].total;
	char buf[64];

	if (s->pic.diff) {
		picture_change_text(&s->pic, &s->change, &s->t);
		return;
	}
	text_addf(&s->t, "%s, ", value_text(buf, sizeof(buf), b->total, s->pic.unit));
	percent_add(&s->t, b->total, whole);
	if (b->self > 0 && b->self != b->total)
		text_addf(&s->t, ", self %s",
			  value_text(buf, sizeof(buf), b->self, s->pic.unit));
}

static void svg_tooltip(struct svg *s, const struct flame_box *b, const char *name)
{
	const char *kind = b->depth == 1 ? "process" : flame_kind_text(b->call.kind);
	const char *module = picture_module(&s->pic, &b->call);

	text_add(&s->t, "<title>");
	svg_xml(s, name);
	text_addc(&s->t, '\n');
	svg_amounts(s, b);
	picture_place(&s->pic, &b->call, &s->part);
	if (b->depth && (!s->pic.diff || s->change.how != CHANGE_WAY) &&
	    (*kind || s->part.len || *module)) {
		text_addc(&s->t, '\n');
		text_add(&s->t, kind);
		text_add(&s->t, *kind && s->part.len ? ", " : "");
		svg_xml(s, text_get(&s->part));
		text_add(&s->t, (*kind || s->part.len) && *module ? ", " : "");
		svg_xml(s, module);
	}
	text_add(&s->t, "</title>");
}

/* A gap to the right neighbour, unless nothing would be left. */
static double svg_shown_width(double w)
{
	return w > 1 ? w - 0.5 : w;
}

/* From the row's baseline: a rectangle, with a cut corner when inlined. */
static void svg_shape(struct svg *s, uint32_t kind, double x, double w,
		      struct paint paint)
{
	bool cut = kind == FLAME_INLINED && w >= 5;

	text_add(&s->t, "<path d=\"M");
	coordinate_add(&s->t, x);
	text_add(&s->t, cut ? " 3v-11l4-4H" : " 3v-15H");
	coordinate_add(&s->t, x + svg_shown_width(w));
	text_add(&s->t, "v15z\" fill=\"#");
	text_add(&s->t, svg_colour(s, paint));
	text_add(&s->t, "\"/>");
}

/* A stroke through the middle of the box. */
static void svg_thin(struct svg *s, const struct flame_box *b, double x, double w,
		     struct paint paint)
{
	struct thin *thin = &s->thin[paint.row][paint.shade];
	struct text *t = &thin->path;
	long from = in_tenths(x), to = in_tenths(x + svg_shown_width(w));
	long y = 10 * (long)(s->layout.base - b->depth * SVG_ROW - SVG_BASELINE) - 45;

	to = to > from ? to : from + 1;
	if (from != thin->x || y != thin->y || !t->len) {
		text_add(t, t->len ? "m" : "M");
		long_add(t, from - thin->x);
		if (y >= thin->y)
			text_addc(t, ' ');
		long_add(t, y - thin->y);
	}
	text_addc(t, 'h');
	long_add(t, to - from);
	thin->x = to;
	thin->y = y;
}

static void svg_thin_boxes(struct svg *s)
{
	text_add(&s->t, "<g transform=\"scale(.1)\" stroke-width=\"150\">\n");
	for (unsigned i = 0; i <= FLAME_LABEL; i++) {
		for (unsigned k = 0; k < SHADES; k++) {
			struct text *path = &s->thin[i][k].path;

			if (!path->len)
				continue;
			text_add(&s->t, "<path stroke=\"#");
			text_add(&s->t, svg_colour(s, (struct paint){i, k}));
			text_add(&s->t, "\" d=\"");
			text_addn(&s->t, path->s, path->len);
			text_add(&s->t, "\"/>\n");
		}
	}
	text_add(&s->t, "</g>\n");
	svg_flush(s);
}

static void svg_text(struct svg *s, const struct flame_box *b, double x, double w,
		     const char *name)
{
	const char *mark = flame_kind_mark(b->call.kind);
	const char *sign = s->pic.diff ? picture_change_sign(&s->change) : "";
	unsigned columns = w > 6 ? (unsigned)((w - 6) / SVG_COLUMN) : 0;

	/* The mark stays when the name has to be cut, but for the narrowest; the sign even
	 * when there is no room for a name. */
	if (columns < 8)
		mark = NULL;
	if (*sign && columns >= 1)
		columns = columns > 2 ? columns - 2 : 0;
	else
		sign = "";
	name_fit(&s->part, name, columns - (mark ? 4 : 0));
	if (!s->part.len && !*sign)
		return;
	text_add(&s->t, "<text x=\"");
	coordinate_add(&s->t, x + 3);
	text_add(&s->t, "\">");
	text_add(&s->t, sign);
	text_add(&s->t, *sign && s->part.len ? " " : "");
	svg_xml(s, text_get(&s->part));
	if (mark)
		text_addf(&s->t, " [%s]", mark);
	text_add(&s->t, "</text>");
}

static void svg_box(struct svg *s, uint32_t i)
{
	struct flame_box b = picture_box(&s->pic, i);
	double scale = svg_scale(s);
	double x = SVG_PAD + (double)s->pic.boxes.v[i].start * scale;
	double w = b.depth ? (double)b.total * scale : SVG_WIDTH - 2.0 * SVG_PAD;
	struct paint paint;

	flame_name(&s->part, s->pic.p, &b.call, b.depth);
	text_clear(&s->name);
	name_shorten(&s->name, s->part.s);
	if (s->pic.diff)
		s->change = picture_change(&s->pic, i);
	paint = svg_paint(s, &b, s->name.s);
	if (w < s->thin_width) {
		svg_thin(s, &b, x, w, paint);
		return;
	}
	text_add(&s->t, "<g>");
	svg_tooltip(s, &b, s->name.s);
	svg_shape(s, b.call.kind, x, w, paint);
	svg_text(s, &b, x, w, s->name.s);
	text_add(&s->t, "</g>\n");
}

static uint32_t box_depth(const struct picture *pic, uint32_t i)
{
	const struct picture_box *box = &pic->boxes.v[i];

	return pic->f->nodes.v[box->node].depth + box->k;
}

/* Boxes come in tree order; they go out row by row. first[] counts, then points. */
static void svg_boxes(struct svg *s)
{
	const struct picture *pic = &s->pic;
	const struct flame_node *nodes = pic->f->nodes.v;
	uint32_t *first = xcalloc(pic->depth + 2, sizeof(*first));
	uint32_t *rows = xcalloc(pic->boxes.n, sizeof(*rows));

	for (uint32_t i = 0; i < pic->boxes.n; i++)
		first[box_depth(pic, i) + 1]++;
	for (uint32_t d = 0; d <= pic->depth; d++)
		first[d + 1] += first[d];
	for (uint32_t i = 0; i < pic->boxes.n; i++)
		rows[first[box_depth(pic, i)]++] = i;
	/* first[d] is now where row d ends. */
	sink_puts(s->out, "<g class=\"boxes\">\n");
	for (uint32_t d = 0, i = 0; d <= s->depth; d++) {
		text_addf(&s->t, "<g transform=\"translate(0 %u)\">\n",
			  s->layout.base - d * SVG_ROW - SVG_BASELINE);
		for (; i < first[d]; i++) {
			uint32_t node = pic->boxes.v[rows[i]].node;

			if (!d || nodes[node].total >= s->min_total)
				svg_box(s, rows[i]);
		}
		text_add(&s->t, "</g>\n");
		svg_flush(s);
	}
	svg_thin_boxes(s);
	sink_puts(s->out, "</g>\n");
	free(rows);
	free(first);
}

/* --- around them ------------------------------------------------------------------ */

/* A page that embeds the picture without a title has a heading of its own. */
static bool svg_has_title(const struct flame_options *o)
{
	return o->title || !o->embedded;
}

/* A line of text in the head; @y moves below it. */
static void svg_line(struct svg *s, unsigned *y, const char *attributes,
		     const char *words)
{
	text_clear(&s->part);
	name_clip(&s->part, words, (size_t)((SVG_WIDTH - 2 * SVG_PAD) / SVG_COLUMN));
	*y += SVG_LINE;
	text_addf(&s->t, "<text x=\"%u\" y=\"%u\" %s>", SVG_PAD, *y, attributes);
	svg_xml(s, text_get(&s->part));
	text_add(&s->t, "</text>\n");
}

static void svg_subtitle(struct svg *s, unsigned *y, const char *lines)
{
	struct text line = {0};
	size_t n;

	do {
		n = strcspn(lines, "\n");
		text_clear(&line);
		text_addn(&line, lines, n);
		svg_line(s, y, "fill=\"#444\"", text_get(&line));
		lines += n;
	} while (*lines++);
	text_done(&line);
}

static void svg_head(struct svg *s, const struct flame_options *o)
{
	const char *title = o->title ? o->title : SVG_TITLE;
	struct picture_rest rest;
	unsigned y = 10;

	if (!o->embedded)
		text_add(&s->t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	text_addf(
		&s->t,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"flame\" "
		"viewBox=\"0 0 %u %u\" width=\"100%%\" height=\"%u\" "
		"preserveAspectRatio=\"xMinYMin\" font-family=\"DejaVu Sans Mono, Menlo, "
		"Consolas, monospace\" font-size=\"11\" role=\"group\" aria-label=\"",
		SVG_WIDTH, s->layout.height, s->layout.height);
	svg_xml(s, title);
	text_addf(&s->t,
		  "\">\n<rect class=\"ground\" width=\"%u\" height=\"%u\" "
		  "fill=\"#fdfdfb\"/>\n",
		  SVG_WIDTH, s->layout.height);
	if (svg_has_title(o))
		svg_line(s, &y, "font-size=\"17\" font-family=\"sans-serif\"", title);
	if (o->subtitle)
		svg_subtitle(s, &y, o->subtitle);
	text_clear(&s->name);
	picture_rest(&s->pic, s->min_total, &rest);
	picture_rest_text(&s->pic, &rest, &s->name);
	svg_line(s, &y, "class=\"note\" fill=\"#444\"", text_get(&s->name));
	svg_flush(s);
}

static void svg_legend(struct svg *s, unsigned y)
{
	static const struct {
		uint32_t kind;
		const char *words;
	} kinds[] = {{FLAME_USER, "code"},
		     {FLAME_INLINED, "inlined [i]"},
		     {FLAME_KERNEL, "kernel [k]"},
		     {FLAME_JIT, "JIT [j]"},
		     {FLAME_LABEL, "process or note"}};
	bool present[FLAME_LABEL + 1] = {false};
	double x = SVG_PAD;

	for (uint32_t i = 0; i < s->pic.boxes.n; i++)
		present[picture_box(&s->pic, i).call.kind] = true;
	text_addf(&s->t, "<g class=\"legend\" transform=\"translate(0 %u)\">\n", y);
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct paint paint = {kinds[i].kind, svg_shade("legend")};

		if (!present[kinds[i].kind])
			continue;
		svg_shape(s, kinds[i].kind, x, 16, paint);
		text_addf(&s->t, "<text x=\"%.0f\">%s</text>\n", x + 21, kinds[i].words);
		x += 21 + SVG_COLUMN * (double)strlen(kinds[i].words) + 18;
	}
	text_add(&s->t, "</g>\n");
	svg_flush(s);
}

/* One to a line, so that it fits a narrow window. The colours from weak to strong. */
static void svg_diff_legend(struct svg *s, unsigned y)
{
	static const struct {
		enum change how;
		unsigned swatches;
		const char *words;
	} rows[SVG_LEGEND_ROWS] = {
		{CHANGE_MORE, CHANGE_STRENGTHS, "+ more than before"},
		{CHANGE_LESS, CHANGE_STRENGTHS, "\xe2\x88\x92 less than before"},
		{CHANGE_NONE, 1, "within the noise of sampling (2 sigma)"},
		{CHANGE_WAY, 1, "leads to what vanished"},
	};
	bool known = s->pic.diff->before > 0 || s->pic.diff->after > 0;

	text_addf(&s->t, "<g class=\"legend\" transform=\"translate(0 %u)\">\n", y);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		bool quiet = rows[i].how == CHANGE_NONE && !known;
		double w = 64.0 / rows[i].swatches;

		text_addf(&s->t, "<g transform=\"translate(0 %u)\">", i * SVG_ROW);
		for (unsigned k = 0; k < rows[i].swatches; k++)
			svg_shape(s, FLAME_USER, SVG_PAD + w * k, w,
				  (struct paint){rows[i].how, k});
		text_addf(&s->t, "<text x=\"%u\">%s</text></g>\n", SVG_PAD + 70,
			  quiet ? "no change (the noise is not known)" : rows[i].words);
	}
	text_add(&s->t, "</g>\n");
	svg_flush(s);
}

static void svg_details(struct svg *s, unsigned y)
{
	int64_t whole = s->pic.f->nodes.v[0].total;
	char buf[64];

	text_addf(&s->t, "<text class=\"details\" x=\"%u\" y=\"%u\">", SVG_PAD, y);
	if (s->pic.diff && whole > 0) {
		s->change = picture_change(&s->pic, 0);
		picture_change_text(&s->pic, &s->change, &s->t);
		text_add(&s->t,
			 ". The width of a box is what it has after, or had before "
			 "it vanished.");
	} else if (whole > 0) {
		text_addf(&s->t, "%s of ",
			  value_text(buf, sizeof(buf), whole, s->pic.unit));
		svg_xml(s, s->pic.type);
		text_add(&s->t, " in all. The width of a box is its share; what it calls "
				"stands on top of it.");
	} else {
		text_add(&s->t, "This profile has no samples.");
	}
	text_add(&s->t, "</text>\n");
	svg_flush(s);
}

/* Lines above the boxes. The note keeps its line when there is nothing to say. */
static unsigned svg_top(const struct flame_options *o)
{
	unsigned lines = 1 + svg_has_title(o) + !!o->subtitle;

	for (const char *at = o->subtitle; at && *at; at++)
		lines += *at == '\n';
	return 10 + SVG_LINE * lines + 10;
}

/* Of the deepest box that is drawn; with a script any may be. */
static uint32_t svg_depth(const struct svg *s, const struct flame_options *o)
{
	const struct picture *pic = &s->pic;
	uint32_t depth = 0;

	if (!o->embedded)
		return pic->depth;
	for (uint32_t i = 0; i < pic->boxes.n; i++)
		if (pic->f->nodes.v[pic->boxes.v[i].node].total >= s->min_total &&
		    box_depth(pic, i) > depth)
			depth = box_depth(pic, i);
	return depth;
}

static void svg_init(struct svg *s, const struct profile *p,
		     const struct flame_options *o, struct sink *out)
{
	double least = o->embedded ? SVG_MIN_BOX_STILL : SVG_MIN_BOX, scale;

	memset(s, 0, sizeof(*s));
	s->out = out;
	picture_init(&s->pic, p, o);
	scale = svg_scale(s);
	s->min_total = scale > 0 ? (int64_t)(least / scale) : 0;
	if (s->min_total < 1)
		s->min_total = 1;
	s->thin_width = o->embedded ? SVG_THIN_STILL : SVG_THIN;
	s->layout.width = SVG_WIDTH;
	s->layout.pad = SVG_PAD;
	s->layout.row = SVG_ROW;
	s->depth = svg_depth(s, o);
	s->layout.base = svg_top(o) + (s->depth + 1) * SVG_ROW;
	s->layout.height = s->layout.base + SVG_BOTTOM;
	if (s->pic.diff)
		s->layout.height += (SVG_LEGEND_ROWS - 1) * SVG_ROW;
}

static void svg_done(struct svg *s)
{
	picture_done(&s->pic);
	text_done(&s->t);
	text_done(&s->name);
	text_done(&s->part);
	for (unsigned i = 0; i <= FLAME_LABEL; i++)
		for (unsigned k = 0; k < SHADES; k++)
			text_done(&s->thin[i][k].path);
}

void svg_write(const struct profile *p, const struct flame_options *o, struct sink *out)
{
	struct svg s;

	svg_init(&s, p, o, out);
	svg_head(&s, o);
	svg_boxes(&s);
	svg_details(&s, s.layout.base + 20);
	if (s.pic.diff)
		svg_diff_legend(&s, s.layout.base + 42);
	else
		svg_legend(&s, s.layout.base + 42);
	if (!o->embedded) {
		sink_puts(out, "<script><![CDATA[\n");
		picture_script(&s.pic, &s.layout, out);
		sink_puts(out, "]]></script>\n");
	}
	sink_puts(out, "</svg>\n");
	svg_done(&s);
}
