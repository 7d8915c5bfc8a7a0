/* Tables of names that come as text: the kernel's symbols, and perf maps of JIT
 * compilers. Both are hostile text: a perf map is written by the program under test. */
#include "symbolize-priv.h"

#include <string.h>

#include <profd/io.h>
#include <profd/number.h>

#define SYMTAB_MAX_ROWS 20000000u
#define SYMTAB_NAME_BYTES 4096

struct symtab *symtab_free(struct symtab *t)
{
	if (!t)
		return NULL;
	arena_done(&t->arena);
	vec_done(&t->rows);
	free(t);
	return NULL;
}

static int row_compare(const void *pa, const void *pb)
{
	const struct symtab_row *a = pa, *b = pb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static bool is_sorted(const struct symtab *t)
{
	for (uint32_t i = 1; i < t->rows.n; i++) {
		if (row_compare(&t->rows.v[i - 1], &t->rows.v[i]) > 0)
			return false;
	}
	return true;
}

void symtab_sort(struct symtab *t, bool last_wins)
{
	uint32_t n = 0, next;

	t->unsorted = false;
	/* kallsyms mostly is in order. */
	if (t->rows.n && !is_sorted(t))
		qsort(t->rows.v, t->rows.n, sizeof(*t->rows.v), row_compare);
	for (uint32_t i = 0; i < t->rows.n; i = next) {
		for (next = i + 1; next < t->rows.n; next++) {
			if (t->rows.v[next].start != t->rows.v[i].start)
				break;
		}
		t->rows.v[n++] = t->rows.v[last_wins ? next - 1 : i];
	}
	t->rows.n = n;
}

const struct symtab_row *symtab_find_row(const struct symtab *t, uint64_t pc)
{
	uint32_t lo = 0, hi = t ? t->rows.n : 0;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (t->rows.v[mid].start <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || pc >= t->rows.v[lo - 1].end)
		return NULL;
	return &t->rows.v[lo - 1];
}

const char *symtab_find(const struct symtab *t, uint64_t pc)
{
	const struct symtab_row *row = symtab_find_row(t, pc);

	return row ? row->name : NULL;
}

/* Returns the table's copy of the name, or NULL when the table is full. */
static char *symtab_add(struct symtab *t, uint64_t start, uint64_t end, const char *name,
			size_t len)
{
	char *copy;

	if (t->rows.n >= SYMTAB_MAX_ROWS)
		return NULL;
	copy = arena_strndup(&t->arena, name,
			     len < SYMTAB_NAME_BYTES ? len : SYMTAB_NAME_BYTES);
	vec_push(&t->rows,
		 ((struct symtab_row){
			 .start = start, .end = end, .name = copy, .seq = t->rows.n}));
	return copy;
}

void symtab_add_row(struct symtab *t, uint64_t start, uint64_t end, const char *name)
{
	if (symtab_add(t, start, end, name, strlen(name)))
		t->unsorted = true;
}

/* --- /proc/kallsyms ----------------------------------------------------------------- */

/* "ffffffffc0200000 t nf_hook\t[netfilter]": the module is kept in the name, as the
 * kernel prints it in its own traces. Data symbols are left out. */
static void kallsyms_line(struct symtab *t, const char *line, size_t len)
{
	const char *end = line + len, *p;
	char *name, *tab;
	uint64_t addr;

	if (number_parse_hex(line, end, &addr, &p) || !addr || end - p < 4 ||
	    p[0] != ' ' || !strchr("tTwW", p[1]) || p[2] != ' ')
		return;
	p += 3;
	name = symtab_add(t, addr, 0, p, (size_t)(end - p));
	tab = name ? strchr(name, '\t') : NULL;
	if (tab)
		*tab = ' ';
}

struct symtab *kallsyms_parse(const char *data, size_t n)
{
	struct symtab *t = xcalloc(1, sizeof(*t));
	size_t pos = 0, len;
	const char *line;

	while (io_line(data, n, &pos, &line, &len))
		kallsyms_line(t, line, len);
	if (!t->rows.n)
		return symtab_free(t);
	/* Aliases: the first of several names at one address is the one perf shows,
	 * too. */
	symtab_sort(t, false);
	/* kallsyms has no sizes: a function ends where the next begins. The last one is
	 * given a page, so that an address far behind the kernel has no name rather than
	 * a wrong one. */
	for (uint32_t i = 0; i + 1 < t->rows.n; i++)
		t->rows.v[i].end = t->rows.v[i + 1].start;
	t->rows.v[t->rows.n - 1].end = t->rows.v[t->rows.n - 1].start + 4096;
	return t;
}

/* --- perf maps ---------------------------------------------------------------------- */

static void perfmap_line(struct symtab *t, const char *line, size_t len)
{
	const char *end = line + len, *p;
	uint64_t start, size;

	if (number_parse_hex(line, end, &start, &p) || p >= end || *p != ' ' ||
	    number_parse_hex(p + 1, end, &size, &p) || p >= end || *p != ' ')
		return;
	p++;
	if (!size || start + size < start || p == end)
		return;
	symtab_add(t, start, start + size, p, (size_t)(end - p));
}

/* JIT compilers reuse memory, so a later line takes what it overlaps from earlier ones.
 * Sorted by start, each row is cut where the next begins if that one is newer, and else
 * hides it. */
static void perfmap_resolve(struct symtab *t)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->rows.n; i++) {
		struct symtab_row r = t->rows.v[i];

		while (n && t->rows.v[n - 1].end > r.start &&
		       r.seq > t->rows.v[n - 1].seq) {
			t->rows.v[n - 1].end = r.start;
			if (t->rows.v[n - 1].end > t->rows.v[n - 1].start)
				break;
			n--;
		}
		if (n && t->rows.v[n - 1].end > r.start)
			r.start = t->rows.v[n - 1].end;
		if (r.start < r.end)
			t->rows.v[n++] = r;
	}
	t->rows.n = n;
}

struct symtab *perfmap_parse(const char *data, size_t n)
{
	struct symtab *t = xcalloc(1, sizeof(*t));
	size_t pos = 0, len;
	const char *line;

	while (io_line(data, n, &pos, &line, &len))
		perfmap_line(t, line, len);
	symtab_sort(t, true);
	perfmap_resolve(t);
	return t;
}
