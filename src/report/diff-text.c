/* A difference as plain text, and the pieces of it that other reports share. */
#include <profd/diff-report.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <profd/format.h>
#include <profd/mem.h>
#include <profd/noise.h>

static const char *unit_of(const struct diff *d)
{
	return profile_text(d->profile, d->unit);
}

static void add_value(struct text *t, const struct diff *d, int64_t v)
{
	char buf[64];

	text_add(t, value_text(buf, sizeof(buf), v, unit_of(d)));
}

void diff_add_delta(struct text *t, const struct diff *d, int64_t delta)
{
	if (!delta) {
		text_addc(t, '0');
		return;
	}
	if (delta > 0)
		text_addc(t, '+');
	add_value(t, d, delta);
}

void diff_add_percent(struct text *t, const struct diff_change *c)
{
	double percent = 100.0 * (double)c->delta / fabs((double)c->sums.before);

	if (diff_is_new(c) && diff_is_vanished(c))
		return;
	if (diff_is_new(c))
		text_add(t, "new");
	else if (diff_is_vanished(c))
		text_add(t, "vanished");
	else if (c->sums.before)
		text_addf(t, fabs(percent) < 1000 ? "%+.1f %%" : "%+.0f %%", percent);
}

void diff_add_stack(struct text *t, const struct diff *d, const struct diff_branch *b)
{
	string_id *names;
	uint32_t n = diff_branch_names(d, b, &names);

	text_add(t, names[0] ? profile_text(d->profile, names[0]) : "[unknown]");
	for (uint32_t i = 1, times; i < n; i += times) {
		for (times = 1; i + times < n && names[i + times] == names[i];)
			times++;
		text_addc(t, ';');
		for (const char *s = profile_text(d->profile, names[i]); *s; s++)
			text_addc(t, *s == ';' ? ':' : *s);
		if (times > 1)
			text_addf(t, " x %u", times);
	}
	free(names);
}

#define QUALITY_MAX 8

/* Of a profile that profd made, what its comments say behind the line of figures and
 * beside those of its origin: what to be careful about. */
static void add_quality(struct text *t, const struct diff *d, const char *side)
{
	const struct profile *p = d->profile;
	size_t n = strlen(side);
	unsigned added = 0, seen = 0;
	bool ours = false;

	for (uint32_t i = 0; i < p->comments.n; i++) {
		const char *s = profile_text(p, p->comments.v[i]);

		ours |= !strncmp(s, side, n) && !strncmp(s + n, "profd: ", 7);
	}
	for (uint32_t i = 0; ours && i < p->comments.n && added < QUALITY_MAX; i++) {
		const char *s = profile_text(p, p->comments.v[i]);

		/* The first one is the name. */
		if (strncmp(s, side, n) != 0 || !seen++ || !strncmp(s + n, "profd", 5))
			continue;
		text_addf(t, "%s\n", s);
		added++;
	}
}

void diff_add_cautions(struct text *t, const struct diff *d)
{
	if (d->unlike.len)
		text_addf(t, "unlike: %s\n", d->unlike.s);
	if (d->unknown.len)
		text_addf(t, "not told by both, so not compared: %s\n", d->unknown.s);
	if (!d->noise_known)
		text_add(t, "the noise is not known, as the files do not say how many "
			    "samples there were: no change is left out\n");
	text_add(t, text_get(&d->notes));
	add_quality(t, d, "before: ");
	add_quality(t, d, "after: ");
}

/* --- the head --------------------------------------------------------------------- */

static void add_end(struct text *t, const struct diff *d, const char *which,
		    const struct diff_end *end, int64_t value, int64_t samples)
{
	text_addf(t, "%-7s %s: ", which, profile_text(d->profile, end->name));
	add_value(t, d, value);
	if (samples)
		text_addf(t, ", %lld samples", (long long)samples);
	if (end->duration_ns > 0) {
		text_add(t, ", recorded for ");
		text_add_seconds(t, (double)end->duration_ns / 1e9);
	}
	if (end->factor != 1)
		text_addf(t, ", multiplied by %.4g", end->factor);
	text_addc(t, '\n');
}

static void add_head(struct text *t, const struct diff *d)
{
	const struct diff_sums *all = &d->all.sums;

	add_end(t, d, "before", &d->before, all->before, all->samples_before);
	add_end(t, d, "after", &d->after, all->after, all->samples_after);
	text_addf(t, "%-7s ", "change");
	diff_add_delta(t, d, d->all.delta);
	if (all->before) {
		text_add(t, ", ");
		diff_add_percent(t, &d->all);
	}
	if (d->noise_known) {
		text_add(t, d->all.significant ? "; noise " : "; within the noise of ");
		add_value(t, d, d->all.noise);
	}
	text_addf(t, "\n%s, %s\n", profile_text(d->profile, d->type),
		  diff_normalize_text(d->normalize));
	diff_add_cautions(t, d);
}

/* --- functions -------------------------------------------------------------------- */

/* The part that the rows are sorted by, and the other one. */
static const struct diff_change *first_of(const struct diff_function *f, bool cum)
{
	return cum ? &f->total : &f->self;
}

static int by_total(const void *va, const void *vb)
{
	const struct diff_function *a = *(const struct diff_function *const *)va;
	const struct diff_function *b = *(const struct diff_function *const *)vb;
	int64_t da = a->total.delta, db = b->total.delta;
	uint64_t sa = da < 0 ? -(uint64_t)da : (uint64_t)da;
	uint64_t sb = db < 0 ? -(uint64_t)db : (uint64_t)db;

	if (sa != sb)
		return sa > sb ? -1 : 1;
	/* As they were, which is by their own part. */
	return a < b ? -1 : a > b;
}

static void add_cell(struct text *t, unsigned width, struct text *cell)
{
	text_addf(t, "%*s ", (int)width, text_get(cell));
	text_clear(cell);
}

static void add_row(struct text *t, const struct diff *d, const struct diff_function *f,
		    const struct diff_report_options *o)
{
	const struct diff_change *c = first_of(f, o->cum), *other = first_of(f, !o->cum);
	const struct function *fn = &d->profile->functions.v[f->function];
	bool faint = o->dim && !c->significant;
	struct text cell = {0};

	text_add(t, faint ? "\033[2m" : "");
	diff_add_delta(&cell, d, c->delta);
	add_cell(t, 10, &cell);
	diff_add_percent(&cell, c);
	add_cell(t, 9, &cell);
	add_value(&cell, d, c->sums.before);
	add_cell(t, 9, &cell);
	add_value(&cell, d, c->sums.after);
	add_cell(t, 9, &cell);
	if (d->noise_known)
		add_value(&cell, d, c->noise);
	add_cell(t, 8, &cell);
	diff_add_delta(&cell, d, other->delta);
	add_cell(t, 10, &cell);
	text_addf(t, "%c %s", c->significant ? ' ' : '~',
		  profile_text(d->profile, fn->name));
	if (fn->filename)
		text_addf(t, "  %s", profile_text(d->profile, fn->filename));
	if (fn->filename && fn->start_line)
		text_addf(t, ":%u", fn->start_line);
	text_add(t, faint ? "\033[0m\n" : "\n");
	text_done(&cell);
}

static void add_functions(struct text *t, const struct diff *d,
			  const struct diff_report_options *o)
{
	const struct diff_function **rows = xcalloc(d->functions.n + 1, sizeof(*rows));
	uint32_t n = 0, quiet = 0, shown;

	for (uint32_t i = 0; i < d->functions.n; i++) {
		const struct diff_function *f = &d->functions.v[i];

		quiet += !first_of(f, o->cum)->significant;
		if (o->all || first_of(f, o->cum)->significant)
			rows[n++] = f;
	}
	if (o->cum && n)
		qsort(rows, n, sizeof(*rows), by_total);
	shown = o->rows && o->rows < n ? o->rows : n;
	text_addf(t, "\n%u of %u functions, by the change %s; %u %s%s\n", shown,
		  d->functions.n, o->cum ? "with callees" : "of their own", quiet,
		  d->noise_known ? "within the noise" : "unchanged",
		  o->all || !quiet ? "" : " (--all)");
	if (shown)
		text_addf(t, "%10s %9s %9s %9s %8s %10s   %s\n", "change", "%", "before",
			  "after", "noise", o->cum ? "own" : "w/callees", "function");
	for (uint32_t i = 0; i < shown; i++)
		add_row(t, d, rows[i], o);
	free(rows);
}

/* --- stacks ----------------------------------------------------------------------- */

static void add_branches(struct text *t, const struct diff *d, const char *what,
			 const struct diff_branches *b, uint32_t rows)
{
	uint32_t n = b->n, shown = rows && rows < n ? rows : n;
	struct text cell = {0};

	if (!n && !b->quiet)
		return;
	if (shown < n)
		text_addf(t, "\n%u of %u %s stacks", shown, n, what);
	else if (n)
		text_addf(t, "\n%u %s stack%s", n, what, n == 1 ? "" : "s");
	else
		text_addf(t, "\nno %s stack above the noise", what);
	text_addf(t, b->quiet ? ", %u within the noise\n" : "\n", b->quiet);
	for (uint32_t i = 0; i < shown; i++) {
		diff_add_delta(&cell, d, b->v[i].change.delta);
		add_cell(t, 10, &cell);
		text_addc(t, ' ');
		diff_add_stack(t, d, &b->v[i]);
		if (b->v[i].stacks > 1)
			text_addf(t, "  (and what it calls, %u stacks)", b->v[i].stacks);
		text_addc(t, '\n');
	}
	text_done(&cell);
}

void diff_text_write(const struct diff *d, const struct diff_report_options *o,
		     struct sink *out)
{
	struct text t = {0};

	add_head(&t, d);
	add_functions(&t, d, o);
	add_branches(&t, d, "new", &d->new, o->rows);
	add_branches(&t, d, "vanished", &d->vanished, o->rows);
	if (d->noise_known)
		text_addf(&t,
			  "\nThe noise is that of sampling alone, %d standard deviations "
			  "of the numbers of\nsamples; chance exceeds it in one case of "
			  "twenty.\n",
			  NOISE_SIGMAS);
	text_addf(&t,
		  "%sOne run on each side cannot tell a change of the program from what "
		  "else the\nmachine did: make both again before you rely on it.\n",
		  d->noise_known ? "" : "\n");
	sink_put(out, t.s, t.len);
	text_done(&t);
}
