/* Counters for people: a table, and the figures that follow from two of them. */
#include <profd/report.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <profd/text.h>

/* The counted one of @kind that saw the same levels as @like. */
static const struct counter_value *find(const struct counter_value *v, size_t n,
					enum counter_kind kind,
					const struct counter_value *like)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].kind == kind && v[i].counted && v[i].value &&
		    (!like || v[i].user_only == like->user_only))
			return &v[i];
	}
	return NULL;
}

/* Parts of a whole. */
static const struct {
	enum counter_kind part, whole;
	double factor;
	const char *unit;
} ratios[] = {
	{COUNTER_INSTRUCTIONS, COUNTER_CYCLES, 1, "instructions per cycle"},
	{COUNTER_BRANCH_MISSES, COUNTER_BRANCHES, 100, "% of all branches"},
	{COUNTER_CACHE_MISSES, COUNTER_CACHE_REFERENCES, 100,
	 "% of all cache references"},
};

bool stat_derive(const struct counter_value *v, size_t n, size_t i, uint64_t wall_ns,
		 struct stat_derived *ret)
{
	const struct counter_value *clock = find(v, n, COUNTER_TASK_CLOCK, NULL);
	double value = (double)v[i].value;

	if (!v[i].counted)
		return false;
	if (v[i].kind == COUNTER_TASK_CLOCK) {
		if (!wall_ns)
			return false;
		*ret = (struct stat_derived){value / (double)wall_ns, "CPUs utilized"};
		return true;
	}
	for (size_t k = 0; k < ARRAY_SIZE(ratios); k++) {
		const struct counter_value *whole;

		if (ratios[k].part != v[i].kind)
			continue;
		whole = find(v, n, ratios[k].whole, &v[i]);
		if (!whole)
			break;
		*ret = (struct stat_derived){
			ratios[k].factor * value / (double)whole->value, ratios[k].unit};
		return true;
	}
	if (!clock || !strcmp(v[i].unit, "ns"))
		return false;
	if (v[i].kind == COUNTER_CYCLES && v[i].user_only)
		return false; /* over all of the CPU time that would be no frequency */
	if (v[i].kind == COUNTER_CYCLES)
		*ret = (struct stat_derived){value / (double)clock->value, "GHz"};
	else
		*ret = (struct stat_derived){value * 1e9 / (double)clock->value, "/s"};
	return true;
}

/* "1,234,567", or "12.34 ms" for nanoseconds. */
static void add_value(struct text *t, const struct counter_value *v)
{
	char digits[24];
	int n;

	if (!strcmp(v->unit, "ns")) {
		text_addf(t, "%.2f ms", (double)v->value / 1e6);
		return;
	}
	n = snprintf(digits, sizeof(digits), "%" PRIu64, v->value);
	for (int i = 0; i < n; i++) {
		text_addc(t, digits[i]);
		if (i + 1 < n && (n - i - 1) % 3 == 0)
			text_addc(t, ',');
	}
}

static void add_derived(struct text *t, const struct stat_derived *d)
{
	static const char *const prefix[] = {"", "K", "M", "G"};
	double value = d->value;
	unsigned k = 0;

	if (strcmp(d->unit, "/s") != 0) {
		text_addf(t, "%.2f %s", value, d->unit);
		return;
	}
	for (; value >= 1000 && k + 1 < ARRAY_SIZE(prefix); k++)
		value /= 1000;
	text_addf(t, "%.1f %s/s of CPU time", value, prefix[k]);
}

static void add_notes(struct text *t, const struct counter_value *v, size_t n, size_t i,
		      uint64_t wall_ns)
{
	struct stat_derived d;
	const char *sep = "";

	if (stat_derive(v, n, i, wall_ns, &d)) {
		add_derived(t, &d);
		sep = "; ";
	}
	if (v[i].user_only) {
		text_addf(t, "%suser code only", sep);
		sep = "; ";
	}
	if (v[i].scaled)
		text_addf(t, "%san estimate: counted %.1f %% of the time", sep,
			  100 * v[i].running);
}

static bool same_reason_before(const struct counter_value *v, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (!v[k].counted && !strcmp(v[k].reason, v[i].reason))
			return true;
	}
	return false;
}

/* "cycles, instructions: no counter for it": once for each reason. @add puts the names as
 * the format wants them. */
static void add_missing(struct text *t, const struct counter_value *v, size_t n, size_t i,
			void (*add)(struct text *t, const char *s))
{
	for (size_t k = i; k < n; k++) {
		if (v[k].counted || strcmp(v[k].reason, v[i].reason) != 0)
			continue;
		text_add(t, k == i ? "" : ", ");
		add(t, v[k].name);
	}
	text_add(t, ": ");
	text_add_clean(t, v[i].reason, strlen(v[i].reason));
}

void stat_add_table(struct text *t, const struct counter_value *v, size_t n,
		    uint64_t wall_ns, const char *prefix)
{
	size_t width = 0;

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(v[i].name);

		if (v[i].counted && len > width)
			width = len;
	}
	for (size_t i = 0; i < n; i++) {
		struct text value = {0}, notes = {0};

		if (!v[i].counted)
			continue;
		add_value(&value, &v[i]);
		add_notes(&notes, v, n, i, wall_ns);
		text_addf(t, "%s%18s  %-*s", prefix, text_get(&value),
			  notes.len ? (int)width : 0, v[i].name);
		if (notes.len)
			text_addf(t, "  %s", text_get(&notes));
		text_addc(t, '\n');
		text_done(&value);
		text_done(&notes);
	}
	for (size_t i = 0; i < n; i++) {
		if (v[i].counted || same_reason_before(v, i))
			continue;
		text_addf(t, "%snot counted: ", prefix);
		add_missing(t, v, n, i, text_add);
		text_addc(t, '\n');
	}
}

void stat_add_markdown(struct text *t, const struct counter_value *v, size_t n,
		       uint64_t wall_ns)
{
	if (n)
		text_add(t, "\n| counted | event | |\n|---:|---|---|\n");
	for (size_t i = 0; i < n; i++) {
		struct text notes = {0};

		if (!v[i].counted)
			continue;
		text_add(t, "| ");
		add_value(t, &v[i]);
		text_add(t, " | ");
		text_add_code(t, v[i].name);
		text_add(t, " | ");
		add_notes(&notes, v, n, i, wall_ns);
		text_add_markdown(t, text_get(&notes));
		text_add(t, " |\n");
		text_done(&notes);
	}
	for (size_t i = 0; i < n; i++) {
		struct text line = {0};

		if (v[i].counted || same_reason_before(v, i))
			continue;
		text_add(t, "\nNot counted: ");
		add_missing(&line, v, n, i, text_add_code);
		text_addn(t, text_get(&line), line.len);
		text_add(t, "\n");
		text_done(&line);
	}
}
