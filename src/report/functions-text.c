/* A list of functions as plain text, for a terminal. */
#include <profd/functions-report.h>

#include <math.h>
#include <string.h>

#include <profd/figure.h>
#include <profd/text.h>

void functions_add_kind(struct text *t, const struct functions_entry *e)
{
	text_add(t, functions_kind_name(e->kind));
	if (e->was)
		text_addf(t, ", was %s", e->was);
	if (e->with)
		text_addf(t, ", with %s", e->with);
	if (e->touched)
		text_add(t, ", touched by this change");
}

/* "+1.52 ms [+1.31, +1.74]"; of what is not known an interval without ends. */
static void add_interval(struct text *t, const struct outcome_interval *i,
			 const char *unit)
{
	double width = i->high - i->low;

	figure_add_change(t, i->change, width, false, unit);
	text_addc(t, ' ');
	figure_add_interval(t, i->change, i->low, i->high, false, unit);
}

/* Columns are of characters, and only names have others than ASCII; they stand last. */
static void add_column(struct text *t, struct text *cell, int width)
{
	text_addf(t, "%*s  ", width, text_get(cell));
	text_clear(cell);
}

static void add_row(struct text *t, const struct functions *f,
		    const struct functions_entry *e)
{
	double width = e->self.high - e->self.low;
	struct text cell = {0};

	text_addc(t, e->named ? '*' : ' ');
	add_interval(&cell, &e->self, f->unit);
	add_column(t, &cell, 30);
	figure_add(&cell, e->self_cost.base, width, f->unit);
	add_column(t, &cell, 9);
	figure_add(&cell, e->self_cost.head, width, f->unit);
	add_column(t, &cell, 9);
	text_add_clean(t, e->name, strlen(e->name));
	if (*e->file) {
		text_add(t, "  ");
		text_add_clean(t, e->file, strlen(e->file));
		if (e->line)
			text_addf(t, ":%u", e->line);
	}
	functions_add_kind(&cell, e);
	text_add(t, "  (");
	text_add_clean(t, text_get(&cell), cell.len);
	text_add(t, ")\n");
	text_done(&cell);
}

static void add_rows(struct text *t, const struct functions *f,
		     const struct functions_report_options *o)
{
	uint32_t shown = 0, left_out = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		const struct functions_entry *e = &f->entries[i];

		if (!e->certain && !o->all)
			continue;
		if (o->rows && shown == o->rows) {
			left_out++;
			continue;
		}
		if (!shown++)
			text_addf(t, "\n %30s  %9s  %9s  %s\n", "its own part, a run",
				  "base", "head", "function");
		add_row(t, f, e);
	}
	if (!shown)
		text_addf(t, "\nof no function a change is certain (%u looked at)\n",
			  f->n);
	if (left_out)
		text_addf(t, "%u more\n", left_out);
}

static void add_head(struct text *t, const struct functions *f,
		     const struct functions_report_options *o)
{
	text_addf(t, "from %s to %s, %u pair%s of profiles: ", o->base, o->head, f->pairs,
		  f->pairs == 1 ? "" : "s");
	add_interval(t, &f->all, f->unit);
	text_addf(t, " a run (%.3g %%)\n", 100 * f->all.level);
}

/* Two kinds of intervals stand on one page, so each says which it is. */
static void add_foot(struct text *t, const struct functions *f)
{
	if (f->named) {
		text_add(t, "\nwhat is named (*) leaves ");
		add_interval(t, &f->residual, f->unit);
		text_add(t, " of the change\n");
	}
	if (f->n)
		text_addf(t,
			  "intervals of functions hold all at once, %.3g times in 100\n",
			  100 * (1 - (1 - f->entries[0].self.level) * f->n));
	if (*f->unknown)
		text_addf(t, "not told by all, so not compared: %s\n", f->unknown);
	text_add(t, f->notes);
}

void functions_text_write(const struct functions *f,
			  const struct functions_report_options *o, struct sink *out)
{
	struct text t = {0};

	add_head(&t, f, o);
	add_rows(&t, f, o);
	add_foot(&t, f);
	sink_put(out, text_get(&t), t.len);
	text_done(&t);
}
