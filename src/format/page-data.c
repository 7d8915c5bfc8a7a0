/* The bytes that the page's script reads (share/viewer/data.js): a line of JSON that says
 * how long each column is, then the columns, numbers in LEB128; all packed and in base64.
 * man/profd-internals.7 lists them. Numbers that follow from others are 0 or 1, which
 * packs to next to nothing. */
#include "page-priv.h"

#include <stdlib.h>
#include <string.h>

#include <profd/json.h>

/* A third of the time of the usual 6 for five hundredths more: numbers repeat little. */
#define PAGE_GZIP_LEVEL 2

enum {
	COLUMN_NAMES,
	COLUMN_FILES,
	COLUMN_MODULES,
	COLUMN_LABELS,
	COLUMN_FRAMES,
	COLUMN_STRIPS,
	COLUMN_NODES,
	COLUMN_THREADS,
	COLUMN_ROWS,
	COLUMN_VALUES,
	COLUMN_TIMES,
	COLUMN_LOST,
	COLUMNS
};

static const char *const column_names[COLUMNS] = {
	[COLUMN_NAMES] = "names",     [COLUMN_FILES] = "files",
	[COLUMN_MODULES] = "modules", [COLUMN_LABELS] = "labels",
	[COLUMN_FRAMES] = "frames",   [COLUMN_STRIPS] = "strips",
	[COLUMN_NODES] = "nodes",     [COLUMN_THREADS] = "threads",
	[COLUMN_ROWS] = "rows",	      [COLUMN_VALUES] = "values",
	[COLUMN_TIMES] = "times",     [COLUMN_LOST] = "lost",
};

struct page_data {
	struct page_tree tree;
	const struct profile *p;
	struct text columns[COLUMNS];
	/* [strings] number in its column + 1; names, files, modules, labels */
	uint32_t *numbers[COLUMN_LABELS + 1];
	uint32_t count[COLUMN_LABELS + 1];
	struct json *head;
	struct text name;
	uint32_t ntimes[PAGE_PROFILES];
};

static uint64_t zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static void put(struct page_data *d, unsigned column, uint64_t v)
{
	struct text *t = &d->columns[column];

	/* Nearly all are of one byte. */
	if (v > 0x7f || t->len + 1 >= t->cap) {
		proto_varint(t, v);
		return;
	}
	t->s[t->len++] = (char)v;
	t->s[t->len] = '\0';
}

/* A reference to a string of a column: 0 for the next one that was not there before. */
static void put_string(struct page_data *d, unsigned to, unsigned column, string_id id,
		       const char *text)
{
	uint32_t *number = &d->numbers[column][id];

	if (*number) {
		put(d, to, *number);
		return;
	}
	put(d, to, 0);
	*number = ++d->count[column];
	name_clip(&d->columns[column], text, PAGE_NAME_BYTES);
	text_addc(&d->columns[column], '\n');
}

/* --- tables ----------------------------------------------------------------------- */

static void data_frames(struct page_data *d)
{
	const struct page_frames *f = &d->tree.frames;

	for (uint32_t i = 1; i < f->rows.n; i++)
		text_addc(&d->columns[COLUMN_FRAMES], (char)f->rows.v[i].kind);
	for (uint32_t i = 1; i < f->rows.n; i++) {
		const struct page_frame *frame = &f->rows.v[i];
		struct flame_call call = {.name = frame->name,
					  .function = frame->function};

		flame_name(&d->name, d->p, &call, 2);
		put_string(d, COLUMN_FRAMES, COLUMN_NAMES, frame->name, d->name.s);
	}
	for (uint32_t i = 1; i < f->rows.n; i++) {
		string_id file = d->p->functions.v[f->rows.v[i].function].filename;

		put_string(d, COLUMN_FRAMES, COLUMN_FILES, file,
			   profile_text(d->p, file));
	}
	for (uint32_t i = 1; i < f->rows.n; i++)
		put(d, COLUMN_FRAMES,
		    d->p->functions.v[f->rows.v[i].function].start_line);
	for (uint32_t i = 1; i < f->rows.n; i++)
		put_string(d, COLUMN_FRAMES, COLUMN_MODULES, f->rows.v[i].module,
			   profile_text(d->p, f->rows.v[i].module));
}

static void data_threads(struct page_data *d)
{
	const struct page_threads *t = &d->tree.threads;
	int64_t pid = 0;

	for (uint32_t i = 0; i < t->rows.n; i++) {
		const struct page_thread *thread = &t->rows.v[i];

		put_string(d, COLUMN_THREADS, COLUMN_LABELS, thread->comm,
			   profile_text(d->p, thread->comm));
		put_string(d, COLUMN_THREADS, COLUMN_LABELS, thread->name,
			   profile_text(d->p, thread->name));
		put(d, COLUMN_THREADS,
		    zigzag((int64_t)((uint64_t)thread->pid - (uint64_t)pid)));
		put(d, COLUMN_THREADS,
		    zigzag((int64_t)((uint64_t)thread->tid - (uint64_t)thread->pid)));
		pid = thread->pid;
	}
}

/* --- the tree --------------------------------------------------------------------- */

static void data_strips(struct page_data *d)
{
	const struct page_tree *t = &d->tree;

	for (uint32_t i = 0; i < t->strips.n; i++)
		put(d, COLUMN_STRIPS, t->strips.v[i].pops);
	for (uint32_t i = 0; i < t->strips.n; i++)
		put(d, COLUMN_STRIPS, t->strips.v[i].n);
}

/* 0: the frame that was called by the parent's the last time, else the frame + 1. */
static void data_nodes(struct page_data *d)
{
	const struct page_tree *t = &d->tree;
	uint32_t *called = xcalloc(t->frames.rows.n, sizeof(*called));
	VEC(uint32_t) path = {0};
	uint32_t node = 1;

	vec_push(&path, 0);
	for (uint32_t i = 0; i < t->strips.n; i++) {
		path.n -= t->strips.v[i].pops;
		for (uint32_t k = 0; k < t->strips.v[i].n; k++, node++) {
			uint32_t frame = t->nodes.v[node];
			uint32_t *expected = &called[path.v[path.n - 1]];

			put(d, COLUMN_NODES, *expected == frame ? 0 : frame + 1);
			*expected = frame;
			vec_push(&path, frame);
		}
	}
	free(called);
	vec_done(&path);
}

/* --- samples ---------------------------------------------------------------------- */

/* What a value is, for most rows, for each of value 0: so it need not be said again. */
static int64_t value_factor(const struct page_rows *r, unsigned value)
{
	unsigned n = r->p->nvalues;
	int64_t a = 0, b = 0;

	for (uint32_t i = 0; i < r->rows.n && !a; i++) {
		a = r->values.v[(size_t)i * n];
		b = r->values.v[(size_t)i * n + value];
	}
	return a > 0 && b > 0 ? b / a : 0;
}

static void data_values(struct page_data *d, const struct page_rows *r, unsigned value,
			int64_t factor)
{
	unsigned n = r->p->nvalues;

	for (uint32_t i = 0; i < r->rows.n; i++) {
		const int64_t *v = &r->values.v[(size_t)i * n];
		int64_t rest = v[value], product;

		/* The script counts with doubles; where these do not reach, nothing is
		 * expected. */
		if (factor && !__builtin_mul_overflow(v[0], factor, &product) &&
		    product < 1ll << 53 && product > -(1ll << 53))
			rest = (int64_t)((uint64_t)rest - (uint64_t)product);
		put(d, COLUMN_VALUES, zigzag(rest));
	}
}

static void data_rows(struct page_data *d, const struct page_rows *r)
{
	uint32_t node = 0;

	for (uint32_t i = 0; i < r->rows.n; i++) {
		put(d, COLUMN_ROWS, r->rows.v[i].node - node);
		node = r->rows.v[i].node;
	}
	for (uint32_t i = 0; i < r->rows.n; i++)
		put(d, COLUMN_ROWS, r->rows.v[i].thread);
}

static void data_lost(struct page_data *d, unsigned q)
{
	unsigned n = d->tree.rows[q].p->nvalues;

	for (uint32_t i = 0; i < d->tree.lost[q].n; i++) {
		const struct page_lost *l = &d->tree.lost[q].v[i];

		put(d, COLUMN_LOST, l->frame);
		for (unsigned k = 0; k < n; k++) {
			put(d, COLUMN_LOST, zigzag(l->self[k]));
			put(d, COLUMN_LOST, zigzag(l->total[k]));
		}
	}
}

/* --- times ------------------------------------------------------------------------ */

/* Sorts @from by what it says of each entry, keeping the order of equal ones. */
static void times_sort(const struct time_count *from, struct time_count *to, uint32_t n,
		       uint32_t *first, uint32_t nkeys, bool by_bin)
{
	memset(first, 0, (nkeys + 1) * sizeof(*first));
	for (uint32_t i = 0; i < n; i++)
		first[(by_bin ? from[i].bin : from[i].row) + 1]++;
	for (uint32_t k = 0; k < nkeys; k++)
		first[k + 1] += first[k];
	for (uint32_t i = 0; i < n; i++)
		to[first[by_bin ? from[i].bin : from[i].row]++] = from[i];
}

/* Of each row: how many bins, the first and the steps to the others; then all counts - 1.
 * Where a bin has several entries of a row they are added up. Returns how many there
 * were. */
static uint32_t data_times(struct page_data *d, const struct page_rows *r)
{
	const struct profile *p = r->p;
	uint32_t n = 0, out = 0, at = 0;
	struct time_count *a = xcalloc(p->times.n + 1, sizeof(*a));
	struct time_count *b = xcalloc(p->times.n + 1, sizeof(*b));
	uint32_t keys = r->rows.n > PROFILE_BINS_MAX ? r->rows.n : PROFILE_BINS_MAX;
	uint32_t *first = xcalloc(keys + 1, sizeof(*first));

	for (uint32_t i = 0; i < p->times.n; i++) {
		struct time_count c = p->times.v[i];

		if (c.bin >= PROFILE_BINS_MAX || !r->of_sample[c.row])
			continue;
		c.row = r->of_sample[c.row] - 1;
		a[n++] = c;
	}
	times_sort(a, b, n, first, PROFILE_BINS_MAX, true);
	times_sort(b, a, n, first, r->rows.n, false);
	for (uint32_t i = 0; i < n; i++) {
		if (out && a[out - 1].row == a[i].row && a[out - 1].bin == a[i].bin)
			a[out - 1].count += a[i].count;
		else
			a[out++] = a[i];
	}
	for (uint32_t row = 0; row < r->rows.n; row++) {
		uint32_t from = at, bin = 0;

		while (at < out && a[at].row == row)
			at++;
		put(d, COLUMN_TIMES, at - from);
		for (; from < at; from++) {
			put(d, COLUMN_TIMES, a[from].bin - bin);
			bin = a[from].bin;
		}
	}
	for (uint32_t i = 0; i < out; i++)
		put(d, COLUMN_TIMES, a[i].count - 1);
	free(a);
	free(b);
	free(first);
	return out;
}

/* --- the whole -------------------------------------------------------------------- */

static void data_profile(struct page_data *d, struct json *list, unsigned q)
{
	const struct page_rows *r = &d->tree.rows[q];
	const struct profile *p = r->p;
	struct json *j = json_node(), *values = json_list();

	data_rows(d, r);
	for (unsigned i = 0; i < p->nvalues; i++) {
		struct json *v = json_node();
		int64_t factor = i ? value_factor(r, i) : 0;

		json_put_str(v, "type", profile_text(p, p->value_types[i].type));
		json_put_str(v, "unit", profile_text(p, p->value_types[i].unit));
		json_put_i64(v, "factor", factor);
		data_values(d, r, i, factor);
		json_put(values, NULL, v);
	}
	data_lost(d, q);
	json_put_u64(j, "rows", r->rows.n);
	json_put(j, "values", values);
	json_put_u64(j, "default", profile_default_value(p));
	json_put_i64(j, "period", p->period);
	json_put_str(j, "period_type", profile_text(p, p->period_type.type));
	json_put_str(j, "period_unit", profile_text(p, p->period_type.unit));
	json_put_i64(j, "duration_ns", p->duration_ns);
	json_put_str(j, "time_ns", "");
	json_put_i64(j, "bin_ns", p->bin_ns);
	json_put_u64(j, "times", p->bin_ns ? data_times(d, r) : 0);
	json_put_u64(j, "lost", d->tree.lost[q].n);
	json_put_i64(j, "left_total", d->tree.left_total[q]);
	json_put_i64(j, "left_largest", d->tree.left_largest[q]);
	json_put(list, NULL, j);
}

static void data_build(struct page_data *d, bool diff)
{
	struct json *profiles = json_list(), *columns = json_node();

	d->head = json_node();
	data_frames(d);
	data_threads(d);
	data_strips(d);
	data_nodes(d);
	for (unsigned q = 0; q < d->tree.nprofiles; q++)
		data_profile(d, profiles, q);
	json_put_u64(d->head, "version", 1);
	json_put_bool(d->head, "diff", diff);
	json_put_u64(d->head, "frames", d->tree.frames.rows.n);
	json_put_u64(d->head, "nodes", d->tree.nodes.n);
	json_put_u64(d->head, "strips", d->tree.strips.n);
	json_put_u64(d->head, "threads", d->tree.threads.rows.n);
	json_put_u64(d->head, "left_out", d->tree.left_out);
	json_put(d->head, "profiles", profiles);
	for (unsigned i = 0; i < COLUMNS; i++)
		json_put_u64(columns, column_names[i], d->columns[i].len);
	json_put(d->head, "columns", columns);
}

/* --- base64 (RFC 4648, section 4) ------------------------------------------------- */

static const char digits64[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void base64_put(const struct text *bytes, struct sink *out)
{
	const unsigned char *s = (const unsigned char *)text_get(bytes);
	size_t n = bytes->len, room = (n + 2) / 3 * 4, at = 0;
	char *digits = xmalloc(room + 1);

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)s[i] << 16;

		v |= i + 1 < n ? (uint32_t)s[i + 1] << 8 : 0;
		v |= i + 2 < n ? s[i + 2] : 0;
		digits[at++] = digits64[v >> 18];
		digits[at++] = digits64[v >> 12 & 63];
		digits[at++] = i + 1 < n ? digits64[v >> 6 & 63] : '=';
		digits[at++] = i + 2 < n ? digits64[v & 63] : '=';
	}
	sink_put(out, digits, at);
	free(digits);
}

void page_data_write(const struct profile *const *profiles, unsigned nprofiles, bool diff,
		     struct sink *out)
{
	struct page_data d = {.p = profiles[0]};
	struct text packed = {0};
	struct sink_text into;
	struct gzip_sink gzip;

	page_tree_build(&d.tree, profiles, nprofiles, PAGE_NODES_MAX);
	for (unsigned i = 0; i <= COLUMN_LABELS; i++)
		d.numbers[i] = xcalloc(d.p->strings.n, sizeof(*d.numbers[i]));
	data_build(&d, diff);
	sink_text_init(&into, &packed);
	gzip_open(&gzip, &into.sink);
	gzip.level = PAGE_GZIP_LEVEL;
	json_write(d.head, &gzip.sink);
	sink_put(&gzip.sink, "", 1);
	for (unsigned i = 0; i < COLUMNS; i++)
		sink_put(&gzip.sink, text_get(&d.columns[i]), d.columns[i].len);
	gzip_close(&gzip);
	base64_put(&packed, out);
	for (unsigned i = 0; i < COLUMNS; i++)
		text_done(&d.columns[i]);
	for (unsigned i = 0; i <= COLUMN_LABELS; i++)
		free(d.numbers[i]);
	json_free(d.head);
	text_done(&d.name);
	text_done(&packed);
	page_tree_done(&d.tree);
}
