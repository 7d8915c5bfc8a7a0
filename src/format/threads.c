/* The samples of a profile by thread and time, for formats that draw a line of time.
 *
 * A bin of time is up to a 512th of the recording wide and may hold many samples of a
 * thread. Viewers give a sample the time up to the next one, so samples at one point of
 * time would be seen as one; spread over their bin, each gets its share of it. */
#include "format-priv.h"

#include <stdlib.h>
#include <string.h>

#define BIN_LAST UINT32_MAX /* no time is known */
#define BARE_SPAN_NS 1000000

struct threads_maker {
	struct threads *t;
	const struct profile *p;
	unsigned value;
	int64_t value_ns; /* of one of the value's unit; 0: it is no time */
	string_id key_comm, key_thread, key_pid, key_tid;
	struct index by_ids;
	uint32_t *first_time; /* [p->samples + 1] where a row's begin in `times` */
	uint32_t *times;      /* rows of p->times, by row and bin */
	uint32_t *thread;     /* [p->samples] a row's thread, in the order of use */
};

bool label_number(const struct profile *p, labels_id labels, string_id key,
		  int64_t *ret_number)
{
	const struct labels *set = &p->label_sets.v[labels];

	*ret_number = 0;
	for (uint32_t i = 0; key && i < set->n; i++) {
		const struct label *l = &p->label_rows.v[set->first + i];

		if (l->key != key || l->str)
			continue;
		*ret_number = l->num;
		return true;
	}
	return false;
}

/* --- threads ------------------------------------------------------------------------ */

static bool thread_equal(const void *table, uint32_t id, const void *key)
{
	const struct thread *a = &((const struct threads *)table)->v.v[id - 1];
	const struct thread *b = key;

	if (a->has_ids != b->has_ids || a->name != b->name)
		return false;
	return a->has_ids ? a->pid == b->pid && a->tid == b->tid : a->comm == b->comm;
}

static uint32_t thread_of(struct threads_maker *m, labels_id labels)
{
	struct thread key = {
		.comm = profile_label_str(m->p, labels, m->key_comm),
		.name = profile_label_str(m->p, labels, m->key_thread),
	};
	bool has_pid = label_number(m->p, labels, m->key_pid, &key.pid);
	bool has_tid = label_number(m->p, labels, m->key_tid, &key.tid);
	uint32_t hash, id;

	key.has_ids = has_pid || has_tid;
	if (!key.name)
		key.name = key.comm;
	if (!has_pid)
		key.pid = key.tid;
	if (!has_tid)
		key.tid = key.pid;
	hash = hash_mix(hash_u64((uint64_t)key.tid), key.name);
	id = index_find(&m->by_ids, hash, thread_equal, m->t, &key);
	if (id)
		return id - 1;
	vec_push(&m->t->v, key);
	index_add(&m->by_ids, hash, m->t->v.n);
	return m->t->v.n - 1;
}

/* --- times -------------------------------------------------------------------------- */

static int time_compare(const void *va, const void *vb, void *profile)
{
	const struct profile *p = profile;
	uint32_t a = *(const uint32_t *)va, b = *(const uint32_t *)vb;

	if (p->times.v[a].bin != p->times.v[b].bin)
		return p->times.v[a].bin < p->times.v[b].bin ? -1 : 1;
	return (a > b) - (a < b);
}

/* By row first: counted, not compared. */
static void times_sort(struct threads_maker *m)
{
	const struct profile *p = m->p;
	uint32_t n = p->samples.n, *end;

	m->first_time = xcalloc((size_t)n + 1, sizeof(*m->first_time));
	if (!p->bin_ns)
		return;
	m->times = xcalloc((size_t)p->times.n + 1, sizeof(*m->times));
	end = xcalloc((size_t)n + 1, sizeof(*end));
	for (uint32_t i = 0; i < p->times.n; i++)
		if (p->times.v[i].row < n)
			m->first_time[p->times.v[i].row + 1]++;
	for (uint32_t i = 0; i < n; i++)
		end[i + 1] = m->first_time[i + 1] += m->first_time[i];
	for (uint32_t i = p->times.n; i-- > 0;)
		if (p->times.v[i].row < n)
			m->times[--end[p->times.v[i].row + 1]] = i;
	for (uint32_t i = 0; i < n; i++)
		qsort_r(m->times + m->first_time[i],
			m->first_time[i + 1] - m->first_time[i], sizeof(*m->times),
			time_compare, (void *)(uintptr_t)p);
	free(end);
}

/* --- samples ------------------------------------------------------------------------ */

static int64_t share_of(int64_t value, uint64_t part, uint64_t whole)
{
	return (int64_t)((__int128)value * part / whole);
}

static uint32_t count_sum(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

/* One for each bin; of the row's value each gets its part by the counts, and all of them
 * together all of it. */
static void row_by_times(struct threads_maker *m, struct thread_sample *s)
{
	const uint32_t *at = m->times + m->first_time[s->row];
	uint32_t n = m->first_time[s->row + 1] - m->first_time[s->row];
	int64_t value = s->value, given = 0;
	uint64_t whole = 0, part = 0;

	for (uint32_t i = 0; i < n; i++)
		whole += m->p->times.v[at[i]].count;
	for (uint32_t i = 0; whole && i < n; i++) {
		const struct time_count *c = &m->p->times.v[at[i]];

		s->bin = c->bin;
		s->count = count_sum(s->count, c->count);
		part += c->count;
		if (i + 1 < n && m->p->times.v[at[i + 1]].bin == c->bin)
			continue;
		s->value = share_of(value, part, whole) - given;
		given += s->value;
		if (s->value > 0)
			vec_push(&m->t->samples, *s);
		s->count = 0;
	}
}

static void row_add(struct threads_maker *m, uint32_t row, uint32_t place)
{
	struct thread_sample s = {.row = row, .bin = BIN_LAST, .place = place};
	uint32_t thread;

	s.value = m->p->values.v[(size_t)row * m->p->nvalues + m->value];
	if (s.value <= 0)
		return;
	thread = thread_of(m, m->p->samples.v[row].labels);
	m->thread[row] = thread;
	m->t->v.v[thread].total = sum_clamped(m->t->v.v[thread].total, s.value);
	if (m->first_time[row + 1] > m->first_time[row])
		row_by_times(m, &s);
	else
		vec_push(&m->t->samples, s);
}

static void rows_add(struct threads_maker *m)
{
	struct turns turns;
	uint32_t *order;

	turns_find(&turns, m->p, TURNS_ALL);
	order = samples_in_order(m->p, &turns);
	for (uint32_t i = 1; m->value < m->p->nvalues && i < m->p->samples.n; i++)
		row_add(m, order[i], i);
	free(order);
	turns_done(&turns);
}

static int sample_compare(const void *va, const void *vb, void *maker)
{
	const struct thread_sample *a = va, *b = vb;
	const uint32_t *thread = ((const struct threads_maker *)maker)->thread;

	if (thread[a->row] != thread[b->row])
		return thread[a->row] < thread[b->row] ? -1 : 1;
	if (a->bin != b->bin)
		return a->bin < b->bin ? -1 : 1;
	return (a->place > b->place) - (a->place < b->place);
}

/* Those of one bin, from @i on; returns where the next one begins. */
static uint32_t place_bin(struct threads_maker *m, uint32_t i, uint32_t end)
{
	struct thread_sample *s = m->t->samples.v;
	int64_t bin_ns = m->p->bin_ns, start_ns = (int64_t)s[i].bin * bin_ns;
	uint64_t whole = 0, part = 0;
	uint32_t n = 0;

	for (; i + n < end && s[i + n].bin == s[i].bin; n++)
		whole += s[i + n].count;
	for (uint32_t k = i; k < i + n; k++) {
		int64_t from_ns = share_of(bin_ns, part, whole);

		part += s[k].count;
		s[k].at_ns = sum_clamped(start_ns, from_ns);
		s[k].span_ns = share_of(bin_ns, part, whole) - from_ns;
	}
	return i + n;
}

static int64_t sample_span(const struct threads_maker *m, const struct thread_sample *s)
{
	int64_t ns;

	if (!m->value_ns)
		return BARE_SPAN_NS;
	return __builtin_mul_overflow(s->value, m->value_ns, &ns) ? INT64_MAX : ns;
}

/* The end of all bins, and of the recording. */
static int64_t times_end(const struct profile *p)
{
	int64_t end_ns = p->bin_ns ? p->duration_ns : 0;

	for (uint32_t i = 0; i < p->times.n && p->bin_ns; i++) {
		int64_t bin_end = sum_clamped(p->times.v[i].bin * p->bin_ns, p->bin_ns);

		end_ns = bin_end > end_ns ? bin_end : end_ns;
	}
	return end_ns;
}

static void thread_place(struct threads_maker *m, struct thread *thread, int64_t end_ns)
{
	struct thread_sample *s = m->t->samples.v;
	uint32_t i = thread->first, end = thread->first + thread->n;

	while (i < end && s[i].bin != BIN_LAST)
		i = place_bin(m, i, end);
	for (; i < end; i++) {
		s[i].at_ns = end_ns;
		s[i].span_ns = sample_span(m, &s[i]);
		end_ns = sum_clamped(end_ns, s[i].span_ns);
	}
}

static int thread_compare(const void *va, const void *vb, void *profile)
{
	const struct thread *a = va, *b = vb;
	int c;

	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	c = strcmp(profile_text(profile, a->comm), profile_text(profile, b->comm));
	if (!c)
		c = strcmp(profile_text(profile, a->name),
			   profile_text(profile, b->name));
	if (c)
		return c;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return (a->tid > b->tid) - (a->tid < b->tid);
}

static void threads_sort(struct threads_maker *m)
{
	struct threads *t = m->t;
	int64_t end_ns = times_end(m->p), number = 0;
	uint32_t at = 0;

	if (!t->samples.n)
		return;
	qsort_r(t->samples.v, t->samples.n, sizeof(*t->samples.v), sample_compare, m);
	for (uint32_t i = 0; i < t->v.n; i++) {
		t->v.v[i].first = at;
		while (at < t->samples.n && m->thread[t->samples.v[at].row] == i)
			at++;
		t->v.v[i].n = at - t->v.v[i].first;
		thread_place(m, &t->v.v[i], end_ns);
	}
	qsort_r(t->v.v, t->v.n, sizeof(*t->v.v), thread_compare, (void *)(uintptr_t)m->p);
	for (uint32_t i = 0; i < t->v.n; i++)
		if (!t->v.v[i].has_ids)
			t->v.v[i].pid = t->v.v[i].tid = ++number;
}

void threads_make(struct threads *t, const struct profile *p, unsigned value)
{
	struct threads_maker m = {.t = t,
				  .p = p,
				  .value = value,
				  .key_comm = profile_find_string(p, "comm"),
				  .key_thread = profile_find_string(p, "thread"),
				  .key_pid = profile_find_string(p, "pid"),
				  .key_tid = profile_find_string(p, "tid")};

	memset(t, 0, sizeof(*t));
	m.thread = xcalloc(p->samples.n, sizeof(*m.thread));
	m.value_ns = unit_ns(profile_text(p, p->value_types[value].unit));
	times_sort(&m);
	rows_add(&m);
	threads_sort(&m);
	index_done(&m.by_ids);
	free(m.first_time);
	free(m.times);
	free(m.thread);
}

void threads_done(struct threads *t)
{
	vec_done(&t->v);
	vec_done(&t->samples);
}
