/* Frames and threads of the page: what stacks and label sets name, once each. */
#include "page-priv.h"

#include <stdlib.h>
#include <string.h>

/* --- frames ----------------------------------------------------------------------- */

static bool frame_equal(const void *table, uint32_t id, const void *key)
{
	const struct page_frame *a = &((const struct page_frames *)table)->rows.v[id];
	const struct page_frame *b = key;

	return a->name == b->name && a->function == b->function &&
	       a->module == b->module && a->kind == b->kind;
}

static uint32_t frame_intern(struct page_frames *f, const struct page_frame *frame)
{
	uint64_t code = (uint64_t)frame->module << 32 | frame->function;
	uint32_t hash = hash_mix(hash_u64((uint64_t)frame->kind << 32 | frame->name),
				 code);
	uint32_t id = index_find(&f->by_fields, hash, frame_equal, f, frame);

	if (id)
		return id;
	id = f->rows.n;
	vec_push(&f->rows, *frame);
	index_add(&f->by_fields, hash, id);
	return id;
}

/* Nearly all functions are of one module and one kind. */
static uint32_t frame_of(struct page_frames *f, const struct page_frame *frame)
{
	uint32_t *latest = &f->latest[frame->function];

	if (!frame->function || !frame_equal(f, *latest, frame))
		*latest = frame_intern(f, frame);
	return *latest;
}

static void span_fill(struct page_frames *f, location_id id)
{
	const struct profile *p = f->p;
	const struct location *l = &p->locations.v[id];
	struct page_frame frame = {.module = p->mappings.v[l->mapping].filename};
	struct page_span *span = &f->spans[id];

	span->first = f->listed.n;
	span->n = l->nlines ? l->nlines : 1;
	if (!l->nlines) {
		frame.name = frame.module;
		frame.kind = flame_line_kind(l, false);
		span->first = frame_of(f, &frame);
	}
	for (uint32_t i = l->nlines; i-- > 0;) {
		uint32_t id_of;

		frame.function = p->lines.v[l->first_line + i].function;
		frame.name = p->functions.v[frame.function].name;
		frame.kind = flame_line_kind(l, i + 1 < l->nlines);
		id_of = frame_of(f, &frame);
		if (span->n == 1)
			span->first = id_of;
		else
			vec_push(&f->listed, id_of);
	}
}

void page_frames_init(struct page_frames *f, const struct profile *p)
{
	memset(f, 0, sizeof(*f));
	f->p = p;
	f->latest = xcalloc(p->functions.n, sizeof(*f->latest));
	f->spans = xcalloc(p->locations.n, sizeof(*f->spans));
	vec_add(&f->rows)->kind = FLAME_LABEL;
	for (location_id id = 1; id < p->locations.n; id++)
		span_fill(f, id);
}

void page_frames_done(struct page_frames *f)
{
	vec_done(&f->rows);
	vec_done(&f->listed);
	index_done(&f->by_fields);
	free(f->latest);
	free(f->spans);
}

/* --- threads ---------------------------------------------------------------------- */

static bool thread_equal(const void *table, uint32_t id, const void *key)
{
	const struct page_threads *t = table;
	const struct page_thread *a = &t->rows.v[id - 1], *b = key;

	return a->comm == b->comm && a->name == b->name && a->pid == b->pid &&
	       a->tid == b->tid;
}

static uint32_t thread_intern(struct page_threads *t, const struct page_thread *thread)
{
	uint32_t hash = hash_mix(hash_u64((uint64_t)thread->comm << 32 | thread->name),
				 (uint64_t)thread->pid << 32 ^ (uint64_t)thread->tid);
	uint32_t id = index_find(&t->by_fields, hash, thread_equal, t, thread);

	if (id)
		return id - 1;
	vec_push(&t->rows, *thread);
	index_add(&t->by_fields, hash, t->rows.n);
	return t->rows.n - 1;
}

uint32_t page_thread_of(struct page_threads *t, labels_id id)
{
	const struct labels *set = &t->p->label_sets.v[id];
	struct page_thread thread = {0};

	if (t->of_labels[id])
		return t->of_labels[id] - 1;
	for (uint32_t i = 0; i < set->n; i++) {
		const struct label *l = &t->p->label_rows.v[set->first + i];

		if (l->str && l->key == t->key_comm)
			thread.comm = l->str;
		else if (l->str && l->key == t->key_thread)
			thread.name = l->str;
		else if (!l->str && l->key == t->key_pid)
			thread.pid = l->num;
		else if (!l->str && l->key == t->key_tid)
			thread.tid = l->num;
	}
	t->of_labels[id] = thread_intern(t, &thread) + 1;
	return t->of_labels[id] - 1;
}

/* A key that the profile does not have is a string that no label has. */
static string_id key_of(const struct profile *p, const char *key)
{
	string_id id = profile_find_string(p, key);

	return id ? id : UINT32_MAX;
}

void page_threads_init(struct page_threads *t, const struct profile *p)
{
	memset(t, 0, sizeof(*t));
	t->p = p;
	t->of_labels = xcalloc(p->label_sets.n, sizeof(*t->of_labels));
	t->key_comm = key_of(p, "comm");
	t->key_thread = key_of(p, "thread");
	t->key_pid = key_of(p, "pid");
	t->key_tid = key_of(p, "tid");
}

void page_threads_done(struct page_threads *t)
{
	vec_done(&t->rows);
	index_done(&t->by_fields);
	free(t->of_labels);
}
