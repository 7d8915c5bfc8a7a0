/* CPU profiles of gperftools, which are words of the machine that wrote them
 * (github.com/gperftools/gperftools, docs/cpuprofile-fileformat.html):
 *
 *	0 3 0 PERIOD 0			microseconds between two samples
 *	COUNT N PC...			the innermost first; again and again
 *	0 1 0
 *
 * and behind them the text of /proc/self/maps. There are no names in it: addresses keep
 * their mappings, with which whoever has the files may look them up.
 *
 * Callers' addresses are return addresses, and one less here. The place of the signal may
 * stand there a second time, as its handler found it by unwinding. pprof also leaves a
 * second frame out that nearly all samples share; it may as well be their caller, and
 * stays. */
#include "format-priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <profd/number.h>

#define DEPTH_MAX 65536u
#define STACKS_MAX (1u << 24)
#define MAPPINGS_MAX 65536u
#define HEAD_WORDS 5u

struct words {
	const unsigned char *data;
	size_t n, pos;
	unsigned size; /* 4 or 8 bytes */
	bool big;
};

struct place { /* of a mapping, as addresses are looked for */
	uint64_t start, limit;
	mapping_id mapping;
};

struct gperf_reader {
	struct profile *p;
	struct error *err;
	struct words in;
	uint64_t period_ns;
	VEC(struct place) places; /* executable ones, by address */
	VEC(uint64_t) pcs;
	size_t samples_at;
};

static int gperf_broken(struct gperf_reader *r, size_t at, const char *what)
{
	return error_set(r->err, -EBADMSG, "offset %zu: %s", at, what);
}

/* --- words -------------------------------------------------------------------------- */

static size_t words_left(const struct words *w)
{
	return (w->n - w->pos) / w->size;
}

/* Only where one is left. */
static uint64_t word_next(struct words *w)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < w->size; i++) {
		unsigned shift = 8 * (w->big ? w->size - 1 - i : i);

		v |= (uint64_t)w->data[w->pos + i] << shift;
	}
	w->pos += w->size;
	return v;
}

/* Sets *w behind the head where that is one. */
static bool head_next(struct words *w, uint64_t *ret_period_us)
{
	uint64_t head[HEAD_WORDS];

	if (words_left(w) < HEAD_WORDS)
		return false;
	for (unsigned i = 0; i < HEAD_WORDS; i++)
		head[i] = word_next(w);
	*ret_period_us = head[3];
	return !head[0] && head[1] == 3 && !head[2] && head[3] && !head[4];
}

static bool find_words(const void *data, size_t n, struct words *ret_words,
		       uint64_t *ret_period_us)
{
	for (unsigned kind = 0; kind < 4; kind++) {
		struct words w = {
			.data = data, .n = n, .size = kind & 1 ? 4 : 8, .big = kind & 2};

		if (!head_next(&w, ret_period_us))
			continue;
		*ret_words = w;
		return true;
	}
	return false;
}

bool gperftools_is(const void *data, size_t n)
{
	struct words w;
	uint64_t period;

	return find_words(data, n, &w, &period);
}

/* --- mappings ----------------------------------------------------------------------- */

static const char *skip_word(const char *s, const char *end)
{
	while (s < end && *s != ' ')
		s++;
	while (s < end && *s == ' ')
		s++;
	return s;
}

/* "7f37-7f38 r-xp 00001000 00:00 325835      /usr/lib/libc.so.6"; false for a line that is
 * nothing like it, or no code. */
static bool parse_mapping(struct gperf_reader *r, const char *s, const char *end,
			  struct mapping *ret_mapping)
{
	struct mapping m = {0};

	if (number_parse_hex(s, end, &m.start, &s) || s == end || *s++ != '-' ||
	    number_parse_hex(s, end, &m.limit, &s) || end - s < 6 || s[0] != ' ' ||
	    s[3] != 'x')
		return false;
	s = skip_word(s + 1, end);
	if (number_parse_hex(s, end, &m.off, &s))
		return false;
	for (unsigned i = 0; i < 3; i++)
		s = skip_word(s, end);
	while (s < end && end[-1] == ' ')
		end--;
	if (end - s > 10 && !memcmp(end - 10, " (deleted)", 10))
		end -= 10;
	m.filename = profile_string_n(r->p, s, (size_t)(end - s));
	m.flags = mapping_kind(profile_text(r->p, m.filename), 0);
	if (!r->places.n && !m.flags)
		m.flags = MAPPING_MAIN;
	*ret_mapping = m;
	return m.start < m.limit;
}

static int by_start(const void *pa, const void *pb)
{
	const struct place *a = pa, *b = pb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->mapping < b->mapping ? -1 : a->mapping > b->mapping;
}

static int read_mappings(struct gperf_reader *r)
{
	const char *text = (const char *)r->in.data, *line;
	size_t pos = r->in.pos, len;
	struct mapping m;

	while (io_line(text, r->in.n, &pos, &line, &len)) {
		if (!parse_mapping(r, line, line + len, &m))
			continue;
		if (r->places.n == MAPPINGS_MAX)
			return error_set(r->err, -EBADMSG, "more than 65536 mappings");
		vec_push(&r->places,
			 ((struct place){m.start, m.limit, profile_mapping(r->p, &m)}));
	}
	if (r->places.n)
		qsort(r->places.v, r->places.n, sizeof(*r->places.v), by_start);
	return 0;
}

static mapping_id find_mapping(const struct gperf_reader *r, uint64_t pc)
{
	uint32_t low = 0, high = r->places.n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (r->places.v[middle].start <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low && pc < r->places.v[low - 1].limit ? r->places.v[low - 1].mapping : 0;
}

/* --- samples ------------------------------------------------------------------------ */

/* The next sample, whose addresses go to r->pcs: 1, 0 at the end, -EBADMSG. */
static int next_sample(struct gperf_reader *r, uint64_t *ret_count)
{
	struct words *w = &r->in;
	size_t at = w->pos;
	uint64_t count, n;

	if (!words_left(w))
		return 0;
	if (words_left(w) < 2)
		return gperf_broken(r, at, "a sample is cut off");
	count = word_next(w);
	n = word_next(w);
	if (n > DEPTH_MAX)
		return gperf_broken(r, at, "a sample has more than 65536 frames");
	if (n > words_left(w))
		return gperf_broken(r, at, "a sample is cut off");
	r->pcs.n = 0;
	for (uint64_t i = 0; i < n; i++)
		vec_push(&r->pcs, word_next(w));
	*ret_count = count;
	return count || n != 1 || r->pcs.v[0];
}

static stack_id stack_of(struct gperf_reader *r)
{
	uint32_t second = r->pcs.n > 1 && r->pcs.v[0] == r->pcs.v[1] ? 1 : 0;
	stack_id stack = 0;

	for (uint32_t i = r->pcs.n; i-- > second;) {
		/* Whose copy is left out stands in its place, as it was. */
		uint64_t pc = r->pcs.v[i] - (i > second ? 1 : 0);

		stack = profile_stack(r->p, stack,
				      profile_location(r->p, find_mapping(r, pc), pc, 0));
	}
	return stack;
}

static int read_sample(struct gperf_reader *r, size_t at, uint64_t count)
{
	int64_t values[2];

	if (count > INT64_MAX || __builtin_mul_overflow(count, r->period_ns, &values[1]))
		return gperf_broken(r, at, "a sample's count is out of range");
	values[0] = (int64_t)count;
	profile_add(r->p, stack_of(r), 0, values);
	if (r->p->stacks.n > STACKS_MAX)
		return error_set(r->err, -EFBIG, "more than %u distinct stack frames",
				 STACKS_MAX);
	return 0;
}

/* Mappings stand behind the samples, which need them. */
static int read_all(struct gperf_reader *r)
{
	uint64_t count;
	size_t at;
	int code;

	while ((code = next_sample(r, &count)) > 0)
		;
	code = code ?: read_mappings(r);
	r->in.pos = r->samples_at;
	while (!code) {
		at = r->in.pos;
		code = next_sample(r, &count);
		if (code <= 0)
			return code;
		code = read_sample(r, at, count);
	}
	return code;
}

struct profile *gperftools_read(const void *data, size_t n, struct error *err)
{
	struct gperf_reader r = {.err = err};
	uint64_t period_us;
	int code;

	if (!find_words(data, n, &r.in, &period_us)) {
		error_set(err, -EBADMSG, "it does not begin with 0 3 0 PERIOD 0");
		return NULL;
	}
	if (period_us > INT64_MAX / 1000) {
		error_set(err, -EBADMSG, "its period is out of range");
		return NULL;
	}
	r.samples_at = r.in.pos;
	r.period_ns = 1000 * period_us;
	r.p = profile_new();
	profile_value_type(r.p, "samples", "count");
	profile_value_type(r.p, "cpu", "nanoseconds");
	r.p->default_sample_type = r.p->value_types[1].type;
	r.p->period_type = r.p->value_types[1];
	r.p->period = (int64_t)r.period_ns;
	code = read_all(&r);
	vec_done(&r.places);
	vec_done(&r.pcs);
	return code < 0 ? profile_free(r.p) : r.p;
}
