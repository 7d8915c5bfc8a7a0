/* Charts as SVG. They have to be read where styles are forbidden, so all is in attributes,
 * and lines and words have the colour of the page's text, dark or light. What colours tell
 * is told by shapes, too: base is hollow circles, its copy hollow triangles, head filled
 * squares; limits are dashed. */
#include "outcome-html.h"

#include <math.h>
#include <string.h>

#include <profd/figure.h>

#define WIDTH 340.0
#define LEFT 6.0
#define RIGHT (WIDTH - 6.0)
#define POINTS_MAX 400u /* of more pairs every second one, or third … */
#define COLOUR_BASE "#2f7fd1"
#define COLOUR_COPY "#8a6fc8"
#define COLOUR_HEAD "#d9730d"
#define COLOUR_LIMIT "#c2324a"

/* Values to places: @low is at `from`, @high at `to`. */
struct axis {
	double low, high, from, to;
};

static void axis_init(struct axis *a, double from, double to)
{
	*a = (struct axis){INFINITY, -INFINITY, from, to};
}

static void axis_take(struct axis *a, double value)
{
	if (!isfinite(value))
		return;
	a->low = fmin(a->low, value);
	a->high = fmax(a->high, value);
}

/* With some room at both ends. False: there is nothing on it. */
static bool axis_close(struct axis *a)
{
	double room;

	if (!(a->low <= a->high))
		return false;
	room = .06 * (a->high - a->low);
	if (room == 0)
		room = a->low == 0 ? 1 : .1 * fabs(a->low);
	a->low -= room;
	a->high += room;
	return isfinite(a->high - a->low);
}

static double axis_place(const struct axis *a, double value)
{
	double share = (value - a->low) / (a->high - a->low);

	share = share < 0 ? 0 : share > 1 ? 1 : share;
	return a->from + share * (a->to - a->from);
}

/* --- marks -------------------------------------------------------------------------- */

static void svg_begin(struct text *t, double height, const char *label)
{
	text_addf(t,
		  "<svg role=\"img\" width=\"%.0f\" height=\"%.0f\" "
		  "viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" font-size=\"11\" "
		  "fill=\"currentColor\"><title>",
		  WIDTH, height, WIDTH, height);
	text_add_xml(t, label, strlen(label));
	text_add(t, "</title>\n");
}

static void add_line(struct text *t, double x1, double y1, double x2, double y2,
		     const char *colour, const char *more)
{
	text_addf(t,
		  "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" "
		  "%s/>\n",
		  x1, y1, x2, y2, colour, more);
}

/* @anchor: start, middle or end. */
static void add_words(struct text *t, double x, double y, const char *anchor,
		      const char *s)
{
	text_addf(t, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
	text_add_xml(t, s, strlen(s));
	text_add(t, "</text>\n");
}

static void add_circle(struct text *t, double x, double y)
{
	text_addf(t,
		  "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.6\" fill=\"none\" "
		  "stroke=\"" COLOUR_BASE "\" stroke-width=\"1.4\"/>",
		  x, y);
}

static void add_triangle(struct text *t, double x, double y)
{
	text_addf(t,
		  "<path d=\"M%.1f %.1fl3 5.4h-6z\" fill=\"none\" stroke=\"" COLOUR_COPY
		  "\" stroke-width=\"1.2\"/>",
		  x, y - 3);
}

static void add_square(struct text *t, double x, double y)
{
	text_addf(t,
		  "<rect x=\"%.1f\" y=\"%.1f\" width=\"4.6\" height=\"4.6\" "
		  "fill=\"" COLOUR_HEAD "\"/>",
		  x - 2.3, y - 2.3);
}

static void add_figure(struct text *t, double x, double y, const char *anchor,
		       double value, double width, const struct outcome_metric *m,
		       bool change)
{
	struct text s = {0};

	if (change)
		figure_add_change(&s, value, width, m->ratio, m->unit);
	else
		figure_add(&s, value, width, m->unit);
	add_words(t, x, y, anchor, text_get(&s));
	text_done(&s);
}

/* The change from which on it counts, with its sign. */
static double threshold_of(const struct outcome_metric *m)
{
	double size = m->ratio ? m->threshold : m->threshold_units;

	if (m->bigger_is_better)
		return m->ratio ? 1 / (1 + size) - 1 : -size;
	return size;
}

/* --- the interval against the threshold --------------------------------------------- */

static void add_end(struct text *t, const struct axis *x, double value, bool low)
{
	double at = low ? x->from : x->to, tip = low ? 6 : -6;

	if (isinf(value))
		text_addf(t,
			  "<path d=\"M%.1f 26l%.1f -5v10z\" fill=\"" COLOUR_HEAD "\"/>\n",
			  at, tip);
	else
		add_line(t, axis_place(x, value), 20, axis_place(x, value), 32,
			 COLOUR_HEAD, "stroke-width=\"2\"");
}

/* Words stay inside. */
static void add_mark(struct text *t, const struct axis *x, double value, double y,
		     const char *prefix, const struct outcome_metric *m)
{
	double at = axis_place(x, value);
	struct text s = {0};

	text_add(&s, prefix);
	if (value != 0 || *prefix)
		figure_add_change(&s, value, fabs(value), m->ratio, m->unit);
	else
		text_addc(&s, '0');
	add_words(t, at, y,
		  at < 60	    ? "start"
		  : at > WIDTH - 60 ? "end"
				    : "middle",
		  text_get(&s));
	text_done(&s);
}

static void add_bar(struct text *t, const struct axis *x,
		    const struct outcome_interval *i)
{
	double low = isinf(i->low) ? x->from + 6 : axis_place(x, i->low);
	double high = isinf(i->high) ? x->to - 6 : axis_place(x, i->high);

	add_line(t, low, 26, high, 26, COLOUR_HEAD, "stroke-width=\"3\"");
	add_end(t, x, i->low, true);
	add_end(t, x, i->high, false);
	if (isfinite(i->change))
		text_addf(t,
			  "<path d=\"M%.1f 19l6 7l-6 7l-6 -7z\" fill=\"" COLOUR_HEAD
			  "\"/>\n",
			  axis_place(x, i->change));
}

void chart_interval(struct text *t, const struct outcome_metric *m)
{
	const struct outcome_interval *i = &m->decided;
	double threshold = threshold_of(m);
	struct axis x;

	if (isnan(i->low) || isnan(i->high))
		return;
	axis_init(&x, LEFT, RIGHT);
	axis_take(&x, 0);
	axis_take(&x, threshold);
	axis_take(&x, i->low);
	axis_take(&x, i->high);
	axis_take(&x, i->change);
	if (!axis_close(&x))
		return;
	svg_begin(t, 58, "The change with its interval, no change, and the threshold");
	add_line(t, LEFT, 40, RIGHT, 40, "currentColor", "stroke-opacity=\".4\"");
	add_line(t, axis_place(&x, 0), 14, axis_place(&x, 0), 44, "currentColor",
		 "stroke-width=\"1\"");
	add_mark(t, &x, 0, 55, "", m);
	if (isfinite(threshold)) {
		add_line(t, axis_place(&x, threshold), 14, axis_place(&x, threshold), 44,
			 COLOUR_LIMIT, "stroke-width=\"1.5\" stroke-dasharray=\"4 3\"");
		add_mark(t, &x, threshold, 10, "threshold ", m);
	}
	add_bar(t, &x, i);
	text_add(t, "</svg>\n");
}

/* --- each pair ---------------------------------------------------------------------- */

static double difference(const struct outcome_metric *m, uint32_t i)
{
	double base = m->values[i].base, head = m->values[i].head;

	return m->ratio ? head / base - 1 : head - base;
}

static uint32_t step_of(uint32_t n)
{
	return (n + POINTS_MAX - 1) / POINTS_MAX;
}

static double place_of(uint32_t i, uint32_t n)
{
	return 14 + (WIDTH - 28) * (n > 1 ? (double)i / (n - 1) : .5);
}

/* What is left out, and which way is which. */
static void add_caption(struct text *t, double y, uint32_t n, const char *what)
{
	struct text s = {0};

	text_addf(&s, "%u %s, in order", n, what);
	if (step_of(n) > 1)
		text_addf(&s, ", 1 of %u drawn", step_of(n));
	add_words(t, RIGHT, y, "end", text_get(&s));
	text_done(&s);
}

static void add_scale(struct text *t, const struct axis *y,
		      const struct outcome_metric *m, bool change)
{
	double width = (y->high - y->low) / 2;

	add_line(t, LEFT, y->to, LEFT, y->from, "currentColor", "stroke-opacity=\".4\"");
	add_line(t, LEFT, y->to, LEFT + 5, y->to, "currentColor",
		 "stroke-opacity=\".4\"");
	add_line(t, LEFT, y->from, LEFT + 5, y->from, "currentColor",
		 "stroke-opacity=\".4\"");
	add_figure(t, LEFT, y->to - 5, "start", y->high, width, m, change);
	add_figure(t, LEFT, y->from + 13, "start", y->low, width, m, change);
}

void chart_pairs(struct text *t, const struct outcome_metric *m)
{
	double threshold = threshold_of(m);
	struct axis y;
	uint32_t known = 0;

	axis_init(&y, 116, 16);
	axis_take(&y, 0);
	axis_take(&y, threshold);
	for (uint32_t i = 0; i < m->nvalues; i++) {
		axis_take(&y, difference(m, i));
		known += isfinite(difference(m, i));
	}
	if (!known || !axis_close(&y))
		return;
	svg_begin(t, 136, "The change in each pair");
	add_line(t, LEFT, axis_place(&y, 0), RIGHT, axis_place(&y, 0), "currentColor",
		 "stroke-width=\"1\"");
	if (isfinite(threshold))
		add_line(t, LEFT, axis_place(&y, threshold), RIGHT,
			 axis_place(&y, threshold), COLOUR_LIMIT,
			 "stroke-width=\"1.5\" stroke-dasharray=\"4 3\"");
	for (uint32_t i = 0; i < m->nvalues; i += step_of(m->nvalues))
		if (isfinite(difference(m, i)))
			add_square(t, place_of(i, m->nvalues),
				   axis_place(&y, difference(m, i)));
	text_addc(t, '\n');
	add_scale(t, &y, m, true);
	add_caption(t, 129, m->nvalues, m->nvalues == 1 ? "change" : "changes");
	text_add(t, "</svg>\n");
}

/* --- values ------------------------------------------------------------------------- */

/* @v is n rows of @step values: base, in triplets its copy, head. */
static void chart_series(struct text *t, const struct outcome_metric *m, const double *v,
			 uint32_t n, unsigned step, const char *label, const char *what)
{
	struct axis y;

	axis_init(&y, 116, 16);
	for (size_t i = 0; i < (size_t)n * step; i++)
		axis_take(&y, v[i]);
	if (!axis_close(&y))
		return;
	svg_begin(t, 136, label);
	for (uint32_t i = 0; i < n; i += step_of(n)) {
		const double *row = v + (size_t)i * step;
		double x = place_of(i, n);

		if (isfinite(row[0]))
			add_circle(t, x, axis_place(&y, row[0]));
		if (step == 3 && isfinite(row[1]))
			add_triangle(t, x, axis_place(&y, row[1]));
		if (isfinite(row[step - 1]))
			add_square(t, x, axis_place(&y, row[step - 1]));
	}
	text_addc(t, '\n');
	add_scale(t, &y, m, false);
	add_caption(t, 129, n, what);
	text_add(t, "</svg>\n");
}

void chart_values(struct text *t, const struct outcome_metric *m)
{
	chart_series(t, m, m->nvalues ? &m->values[0].base : NULL, m->nvalues, 2,
		     "The values of each pair", isfinite(m->base) ? "pairs" : "runs");
}

void chart_triplets(struct text *t, const struct outcome_metric *m)
{
	chart_series(t, m, m->ntriplets ? m->triplets[0] : NULL, m->ntriplets, 3,
		     "The values of the confirmation", "fresh triplets");
}

/* --- budgets ------------------------------------------------------------------------ */

void chart_budget(struct text *t, const struct outcome_metric *m)
{
	const struct outcome_budget *b = &m->budget;
	struct axis x = {0, fmax(b->actual, b->limit) * 1.15, LEFT, RIGHT};
	struct text s = {0};
	double at;

	if (!b->given || !(b->limit > 0) || !(b->actual >= 0) || !isfinite(x.high))
		return;
	svg_begin(t, 46, "The value against its limit");
	text_addf(
		t,
		"<rect x=\"%.1f\" y=\"18\" width=\"%.1f\" height=\"12\" fill=\"%s\"/>\n",
		LEFT, axis_place(&x, b->actual) - LEFT, COLOUR_HEAD);
	at = axis_place(&x, b->limit);
	add_line(t, at, 13, at, 34, COLOUR_LIMIT,
		 "stroke-width=\"2\" stroke-dasharray=\"4 3\"");
	text_add(&s, b->at_least ? "at least " : "at most ");
	figure_add(&s, b->limit, 0, m->unit);
	add_words(t, at, 10,
		  at < 60	    ? "start"
		  : at > WIDTH - 60 ? "end"
				    : "middle",
		  text_get(&s));
	text_clear(&s);
	figure_add(&s, b->actual, NAN, m->unit);
	text_add(&s, b->exceeded ? ": exceeded" : ": kept");
	add_words(t, LEFT, 43, "start", text_get(&s));
	text_add(t, "</svg>\n");
	text_done(&s);
}
