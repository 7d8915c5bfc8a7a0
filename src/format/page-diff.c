/* The functions of a difference, for where scripts may not run: before, after, and whether
 * the change is more than noise. share/viewer/diff.js says the same where they may. */
#include "page-priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DIFF_ROWS 100u

struct diff_row {
	string_id name, filename, module;
	uint32_t start_line;
	int64_t self[DIFF_VALUES], total[DIFF_VALUES];
};

struct diff_table {
	const struct profile *p;
	struct map groups; /* name << 32 | source file -> row + 1 */
	VEC(struct diff_row) rows;
	double weight[2]; /* mean value of a sample, before and after */
};

static void diff_add(struct diff_table *d, const struct top *top, unsigned value)
{
	for (uint32_t i = 0; i < top->rows.n; i++) {
		const struct top_row *from = &top->rows.v[i];
		uint64_t key = (uint64_t)from->name << 32 | from->filename;
		uint64_t known = map_find(&d->groups, key);
		struct diff_row *row;

		if (!known) {
			row = vec_add(&d->rows);
			row->name = from->name;
			row->filename = from->filename;
			row->module = from->module;
			row->start_line = from->start_line;
			known = d->rows.n;
			map_put(&d->groups, key, known);
		}
		row = &d->rows.v[known - 1];
		row->self[value] = from->self;
		row->total[value] = from->total;
	}
}

static void diff_build(struct diff_table *d, const struct profile *p)
{
	int64_t sum[DIFF_VALUES];

	d->p = p;
	for (unsigned i = 0; i < DIFF_VALUES; i++) {
		struct top top;

		top_build(&top, p, i);
		sum[i] = top.sum;
		diff_add(d, &top, i);
		top_done(&top);
	}
	for (unsigned side = 0; side < 2; side++) {
		int64_t samples = sum[DIFF_SAMPLES_BEFORE + side];

		d->weight[side] = samples ? (double)sum[side] / (double)samples : 0;
	}
}

static int64_t row_change(const struct diff_row *r)
{
	return sum_clamped(r->self[DIFF_AFTER], -r->self[DIFF_BEFORE]);
}

static int row_compare(const void *va, const void *vb, void *profile)
{
	const struct diff_row *a = va, *b = vb;
	const struct profile *p = profile;
	double x = fabs((double)row_change(a)), y = fabs((double)row_change(b));

	if (x != y)
		return x > y ? -1 : 1;
	if (a->total[DIFF_AFTER] != b->total[DIFF_AFTER])
		return a->total[DIFF_AFTER] > b->total[DIFF_AFTER] ? -1 : 1;
	return strcmp(profile_text(p, a->name), profile_text(p, b->name));
}

/* Twice the standard deviation, were both counts of samples random ones. */
static double row_noise(const struct diff_table *d, const struct diff_row *r)
{
	double sum = 0;

	for (unsigned side = 0; side < 2; side++) {
		double n = (double)r->self[DIFF_SAMPLES_BEFORE + side];

		sum += n > 0 ? n * d->weight[side] * d->weight[side] : 0;
	}
	return 2 * sqrt(sum);
}

static void diff_write_row(const struct diff_table *d, const struct diff_row *r,
			   const char *unit, struct text *t)
{
	const char *file = profile_text(d->p, r->filename);
	struct flame_call call = {.name = r->name, .function = r->name != r->module};
	int64_t change = row_change(r);
	struct text name = {0}, shown = {0};
	char buf[64];

	text_addf(t, "<tr><td>%s<td>",
		  value_text(buf, sizeof(buf), r->self[DIFF_BEFORE], unit));
	text_addf(t, "%s<td>", value_text(buf, sizeof(buf), r->self[DIFF_AFTER], unit));
	text_addf(t, "%s%s", change > 0 ? "+" : "",
		  value_text(buf, sizeof(buf), change, unit));
	if (fabs((double)change) <= row_noise(d, r))
		text_add(t, " ~");
	flame_name(&name, d->p, &call, 2);
	name_shorten(&shown, name.s);
	text_add(t, "<th scope=\"row\" align=\"left\">");
	text_add_xml(t, shown.s, shown.len);
	text_add(t, "<td align=\"left\">");
	text_clear(&shown);
	name_shorten(&shown, file);
	text_add_xml(t, text_get(&shown), shown.len);
	if (*file && r->start_line)
		text_addf(t, ":%u", r->start_line);
	text_addc(t, '\n');
	text_done(&name);
	text_done(&shown);
}

void page_diff_table(const struct profile *p, struct text *t)
{
	const char *unit = profile_text(p, p->value_types[DIFF_BEFORE].unit);
	struct diff_table d = {0};
	uint32_t n;

	diff_build(&d, p);
	if (d.rows.n)
		qsort_r(d.rows.v, d.rows.n, sizeof(*d.rows.v), row_compare,
			(void *)(uintptr_t)p);
	n = d.rows.n < DIFF_ROWS ? d.rows.n : DIFF_ROWS;
	text_add(t,
		 "<section>\n<h2>Functions</h2>\n<div class=\"scroll\" tabindex=\"0\">\n"
		 "<table cellpadding=\"3\">\n<caption align=\"left\">");
	text_addf(t,
		  "%u of %u functions, by the change of their own share. ~ marks what is "
		  "no more than the noise of so few samples.</caption>\n",
		  n, d.rows.n);
	text_add(t, "<thead><tr><th scope=\"col\">Before<th scope=\"col\">After<th "
		    "scope=\"col\">Change<th scope=\"col\" align=\"left\">Function<th "
		    "scope=\"col\" align=\"left\">Source\n</thead>\n<tbody "
		    "align=\"right\" valign=\"top\">\n");
	for (uint32_t i = 0; i < n; i++)
		diff_write_row(&d, &d.rows.v[i], unit, t);
	text_add(t, "</tbody>\n</table>\n</div>\n</section>\n");
	map_done(&d.groups);
	vec_done(&d.rows);
}
