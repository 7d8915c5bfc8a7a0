/* The functions of a program with their lines, and which of them a diff touches. */
#include <profd/touched.h>

#include <stdlib.h>
#include <string.h>

#define FRAMES_MAX 64
#define PARTS_MAX 64u /* folders of a path that are looked at */
#define SEGMENT_MAX_BYTES (UINT64_C(256) << 20)

static const char *word(const struct touched_code *c, string_id id)
{
	return profile_text(c->words, id);
}

/* --- adding ------------------------------------------------------------------------- */

/* A file has one id, so that equal paths are equal pointers. */
static struct touched_function *code_add(struct touched_code *c, const char *name,
					 const char *file, uint32_t first)
{
	string_id file_id;
	uint64_t key, at;

	if (!c->words)
		c->words = profile_new();
	if (!first || !file || !*file)
		return NULL;
	file_id = profile_string(c->words, file);
	key = (uint64_t)file_id << 32 | first;
	at = map_find(&c->known, key);
	if (!at) {
		struct touched_function f = {.first = first};

		f.file = word(c, file_id);
		f.name = word(c, profile_string(c->words, name));
		vec_push(c, f);
		at = c->n;
		map_put(&c->known, key, at);
	}
	return &c->v[at - 1];
}

void touched_add_profile(struct touched_code *c, const struct profile *p)
{
	_cleanup_free_ bool *used = xcalloc((size_t)p->functions.n + 1, sizeof(*used));

	for (uint32_t i = 1; i < p->locations.n; i++) {
		const struct location *l = &p->locations.v[i];

		for (uint32_t k = 0; k < l->nlines; k++)
			used[p->lines.v[l->first_line + k].function] = true;
	}
	for (uint32_t i = 1; i < p->functions.n; i++) {
		const struct function *f = &p->functions.v[i];
		struct touched_function *to =
			used[i] ? code_add(c, profile_text(p, f->name),
					   profile_text(p, f->filename), f->start_line)
				: NULL;

		if (to)
			to->sampled = true;
	}
}

/* --- the spans of a file -------------------------------------------------------------- */

/* Of one path: places of `spans` below, sorted, none of which overlap. */
struct file_spans {
	uint32_t lines, nlines, gaps, ngaps;
};

struct finder {
	struct touched_spans spans; /* a copy, sorted and merged */
	VEC(struct file_spans) files;
	VEC(uint32_t) file_of; /* by id of the path in `words`: row of files + 1 */
	struct profile *words;
	string_id folder; /* in which the sources are, with a slash behind it; or "" */
};

static int by_place(const void *va, const void *vb)
{
	const struct touched_span *a = va, *b = vb;
	int c = strcmp(a->path, b->path);

	if (c)
		return c;
	if (a->gap != b->gap)
		return a->gap - b->gap;
	if (a->first != b->first)
		return a->first > b->first ? 1 : -1;
	return (a->last > b->last) - (a->last < b->last);
}

static struct file_spans *finder_file(struct finder *f, const char *path)
{
	string_id id = profile_string(f->words, path);

	while (f->file_of.n <= id)
		vec_push(&f->file_of, 0);
	if (!f->file_of.v[id]) {
		vec_add(&f->files);
		f->file_of.v[id] = f->files.n;
	}
	return &f->files.v[f->file_of.v[id] - 1];
}

static void finder_add(struct finder *f, const struct touched_span *s)
{
	struct file_spans *file = finder_file(f, s->path);
	uint32_t *first = s->gap ? &file->gaps : &file->lines;
	uint32_t *n = s->gap ? &file->ngaps : &file->nlines;
	struct touched_span *before = *n ? &f->spans.v[f->spans.n - 1] : NULL;

	if (before && s->first <= before->last && !s->gap) {
		before->last = s->last > before->last ? s->last : before->last;
		return;
	}
	if (before && s->gap && s->first == before->first)
		return;
	if (!*n)
		*first = f->spans.n;
	++*n;
	vec_push(&f->spans, *s);
}

static void finder_init(struct finder *f, const struct touched_spans *spans)
{
	struct touched_span *sorted;

	*f = (struct finder){.words = profile_new()};
	if (!spans->n)
		return;
	sorted = xmemdup(spans->v, spans->n * sizeof(*sorted));
	qsort(sorted, spans->n, sizeof(*sorted), by_place);
	for (uint32_t i = 0; i < spans->n; i++)
		finder_add(f, &sorted[i]);
	free(sorted);
}

static void finder_done(struct finder *f)
{
	vec_done(&f->spans);
	vec_done(&f->files);
	vec_done(&f->file_of);
	profile_free(f->words);
}

static const struct file_spans *finder_find(const struct finder *f, const char *path)
{
	string_id id = profile_find_string(f->words, path);
	uint32_t row = id && id < f->file_of.n ? f->file_of.v[id] : 0;

	return row ? &f->files.v[row - 1] : NULL;
}

/* The next end of @path that begins with a name, or NULL. */
static const char *next_end(const char *path)
{
	const char *slash = strchr(path, '/');

	return slash ? slash + 1 : NULL;
}

/* Whether the diff has a file that this may be. */
static bool finder_has(const struct finder *f, const char *file)
{
	unsigned parts = 0;

	for (const char *at = file; at && parts < PARTS_MAX; at = next_end(at), parts++) {
		if (finder_find(f, at))
			return true;
	}
	return false;
}

/* --- the folder of the sources -------------------------------------------------------- */

struct votes {
	VEC(uint32_t) v; /* by id of the folder in the finder's words */
};

static void vote_file(struct finder *f, struct votes *votes, const char *file)
{
	unsigned parts = 0;
	string_id id;

	for (const char *at = file; at && parts < PARTS_MAX; at = next_end(at), parts++) {
		if (!finder_find(f, at))
			continue;
		id = profile_string_n(f->words, file, (size_t)(at - file));
		while (votes->v.n <= id)
			vec_push(&votes->v, 0);
		votes->v.v[id]++;
	}
}

/* Most files; of equal ones the shortest, which holds the others. */
static void find_folder(struct finder *f, const struct touched_code *c)
{
	struct votes votes = {0};
	uint32_t best = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		if (!i || c->v[i].file != c->v[i - 1].file)
			vote_file(f, &votes, c->v[i].file);
	}
	for (uint32_t i = 1; i < votes.v.n; i++) {
		size_t n = f->words->string_lens.v[i], m = f->words->string_lens.v[best];

		if (votes.v.v[i] > votes.v.v[best] ||
		    (votes.v.v[i] == votes.v.v[best] && votes.v.v[i] && n < m))
			best = i;
	}
	f->folder = best;
	vec_done(&votes.v);
}

/* --- which are touched --------------------------------------------------------------- */

static int by_file(const void *va, const void *vb)
{
	const struct touched_function *a = va, *b = vb;
	int c = strcmp(a->file, b->file);

	if (c)
		return c;
	return (a->first > b->first) - (a->first < b->first);
}

/* The first of spans v[0..n) that ends at @line or behind it; n: none. */
static uint32_t first_reaching(const struct touched_span *v, uint32_t n, uint32_t line)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (v[mid].last < line)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool is_touched(const struct finder *f, const struct touched_function *fn,
		       uint32_t end)
{
	size_t n = f->words->string_lens.v[f->folder];
	const struct file_spans *file;
	const struct touched_span *v;
	uint32_t at;

	if (strncmp(fn->file, profile_text(f->words, f->folder), n) != 0)
		return false;
	file = finder_find(f, fn->file + n);
	if (!file)
		return false;
	v = f->spans.v + file->lines;
	at = first_reaching(v, file->nlines, fn->first);
	if (at < file->nlines && v[at].first <= end)
		return true;
	/* Both lines of a gap: it begins at the first line or behind it. */
	v = f->spans.v + file->gaps;
	at = first_reaching(v, file->ngaps, fn->first + 1);
	return at < file->ngaps && v[at].last <= end;
}

void touched_find(const struct touched *t, enum touched_side side, struct touched_code *c)
{
	struct finder f;

	c->touched = c->touched_sampled = 0;
	if (c->n)
		qsort(c->v, c->n, sizeof(*c->v), by_file);
	map_done(&c->known);
	finder_init(&f, &t->sides[side]);
	find_folder(&f, c);
	for (uint32_t i = 0; i < c->n; i++) {
		struct touched_function *fn = &c->v[i];
		bool next = i + 1 < c->n && fn[1].file == fn->file;
		uint32_t end = next ? fn[1].first - 1 : UINT32_MAX;

		map_put(&c->known,
			(uint64_t)profile_string(c->words, fn->file) << 32 | fn->first,
			i + 1);
		fn->touched = is_touched(&f, fn, fn->last ? fn->last : end);
		c->touched += fn->touched;
		c->touched_sampled += fn->touched && fn->sampled;
	}
	finder_done(&f);
}

void touched_code_done(struct touched_code *c)
{
	profile_free(c->words);
	map_done(&c->known);
	free(c->v);
	*c = (struct touched_code){0};
}

/* --- what DWARF has ------------------------------------------------------------------ */

struct scan {
	struct touched_code *c;
	struct objfile *o;
	struct finder files;
	bool all; /* every address, not only those of touched files */
};

/* An optimizer mixes the lines of an inlined function with those around the call: where it
 * ends is only known of code of its own. */
static void extend(struct scan *s, const struct source_frame *frame, bool inlined)
{
	struct touched_function *f = code_add(s->c, frame->name, frame->file,
					      frame->start_line);

	if (f && !inlined && frame->line > f->last && frame->line >= f->first)
		f->last = frame->line;
}

static void scan_symbol(struct scan *s, const struct symbol *symbol, uint64_t end)
{
	struct source_frame frames[FRAMES_MAX];
	unsigned n = objfile_source(s->o, symbol->vaddr, frames, FRAMES_MAX);
	uint64_t vaddr = symbol->vaddr;

	if (!n)
		return;
	extend(s, &frames[n - 1], false);
	if (!s->all && !(frames[n - 1].file && finder_has(&s->files, frames[n - 1].file)))
		return;
	for (; vaddr < end && vaddr - symbol->vaddr < TOUCHED_CODE_MAX_BYTES; vaddr++) {
		n = objfile_source(s->o, vaddr, frames, FRAMES_MAX);
		for (unsigned i = 0; i < n; i++)
			extend(s, &frames[i], i + 1 < n);
	}
}

/* Between symbols there is padding, mostly up to the next multiple of 16. */
static void scan_segment(struct scan *s, uint64_t start, uint64_t end)
{
	struct symbol symbol;
	uint64_t vaddr = start, after;

	while (vaddr < end) {
		if (!objfile_symbol(s->o, vaddr, &symbol) || symbol.vaddr < start) {
			vaddr = (vaddr | 15) + 1;
			continue;
		}
		after = symbol.size < end - symbol.vaddr ? symbol.vaddr + symbol.size
							 : end;
		scan_symbol(s, &symbol, after);
		vaddr = after > vaddr ? after : vaddr + 1;
	}
}

void touched_add_binary(struct touched_code *c, struct objfile *o,
			const struct touched *t, enum touched_side side)
{
	struct scan s = {.c = c, .o = o};
	const struct segment *segments;
	size_t n = objfile_segments(o, &segments);
	uint64_t bytes = 0;

	if (!objfile_has_lines(o))
		return;
	finder_init(&s.files, &t->sides[side]);
	for (size_t i = 0; i < n; i++)
		bytes += segments[i].exec ? segments[i].filesz_bytes : 0;
	s.all = bytes <= TOUCHED_CODE_MAX_BYTES;
	for (size_t i = 0; i < n; i++) {
		if (segments[i].exec && segments[i].filesz_bytes <= SEGMENT_MAX_BYTES)
			scan_segment(&s, segments[i].vaddr,
				     segments[i].vaddr + segments[i].filesz_bytes);
	}
	finder_done(&s.files);
}

/* --- entries of a report ------------------------------------------------------------- */

static bool is_touched_entry(const struct touched_code *c,
			     const struct functions_entry *e)
{
	string_id file = c->words ? profile_find_string(c->words, e->file) : 0;
	uint64_t at = file ? map_find(&c->known, (uint64_t)file << 32 | e->line) : 0;

	return at && c->v[at - 1].touched;
}

void touched_mark(struct functions *f, const struct touched_code *base,
		  const struct touched_code *head)
{
	for (uint32_t i = 0; i < f->n; i++) {
		struct functions_entry *e = &f->entries[i];
		e->touched = is_touched_entry(e->in_head ? head : base, e);
	}
}
