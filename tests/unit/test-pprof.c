/* pprof_write and pprof_read. The readers and writers of others are asked in
 * tests/oracle/pprof.bats; here are exact bytes, foreign shapes and damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <zlib.h>

#include <profd/format.h>
#include <profd/text.h>

#define MAX_BYTES (16u << 20)

static struct text to_pprof(const struct profile *p)
{
	struct text t = {0};
	struct sink_text s;

	sink_text_init(&s, &t);
	pprof_write(p, &s.sink);
	assert_int_equal(s.sink.code, 0);
	return t;
}

static struct text inflated(const struct text *gz)
{
	static unsigned char buf[1 << 20];
	struct text t = {0};
	z_stream z = {.next_in = (unsigned char *)gz->s, .avail_in = (uInt)gz->len};

	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_out = buf;
	z.avail_out = sizeof(buf);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	text_addn(&t, buf, sizeof(buf) - z.avail_out);
	inflateEnd(&z);
	return t;
}

/* --- a profile with something in every table ------------------------------------- */

static struct profile *sample_profile(void)
{
	struct profile *p = profile_new();
	struct mapping lib = {.start = 0x4000, .limit = 0x5000, .off = 0x3000},
		       app = {.start = 0x1000, .limit = 0x2000, .flags = MAPPING_MAIN},
		       unused = {.start = 0x9000, .limit = 0xa000},
		       kernel = {.start = 0xffffffff81000000,
				 .limit = 0xffffffff82000000,
				 .flags = MAPPING_KERNEL};
	struct function main_fn = {.start_line = 3}, swap_fn = {0}, read_fn = {0},
			sys_fn = {0};
	int64_t v[] = {2, -7};
	struct line chain[2], line = {0};
	location_id l;
	stack_id s;

	profile_value_type(p, "samples", "count");
	profile_value_type(p, "cpu", "nanoseconds");
	p->default_sample_type = profile_string(p, "samples");
	p->period_type = p->value_types[1];
	p->period = 1000;
	p->time_ns = 1700000000000000000;
	p->duration_ns = 5;
	profile_comment(p, "first");
	profile_comment(p, "second");
	lib.filename = profile_string(p, "/lib/libc.so.6");
	lib.build_id = profile_string(p, "abcd");
	app.filename = profile_string(p, "/bin/app");
	kernel.filename = profile_string(p, "[kernel.kallsyms]");
	unused.filename = profile_string(p, "/lib/unused.so");
	main_fn.name = main_fn.system_name = profile_string(p, "main");
	main_fn.filename = profile_string(p, "app.cc");
	swap_fn.name = profile_string(p, "swap<int>(int&)");
	swap_fn.system_name = profile_string(p, "_Z4swapIiEvRi");
	read_fn.name = read_fn.system_name = profile_string(p, "libc.so.6+0x4123");
	sys_fn.name = sys_fn.system_name = profile_string(p, "sys_read");

	profile_mapping(p, &unused);
	l = profile_location(p, profile_mapping(p, &app), 0x1100, 0);
	chain[0] = (struct line){profile_function(p, &swap_fn), 9};
	chain[1] = (struct line){profile_function(p, &main_fn), 5};
	profile_set_lines(p, l, chain, 2);
	s = profile_stack(
		p, profile_stack(p, 0, profile_label_location(p, "[truncated]")), l);
	l = profile_location(p, profile_mapping(p, &lib), 0x4123, LOCATION_UNRESOLVED);
	line.function = profile_function(p, &read_fn);
	profile_set_lines(p, l, &line, 1);
	profile_add(p, profile_stack(p, s, l), 0, v);
	l = profile_location(p, profile_mapping(p, &kernel), 0xffffffff81000010,
			     LOCATION_KERNEL);
	line.function = profile_function(p, &sys_fn);
	profile_set_lines(p, l, &line, 1);
	s = profile_stack(p, s, l);
	profile_add(p, s, 0, v);
	profile_add(p, s,
		    profile_labels(p,
				   (struct label[]){{.key = profile_string(p, "comm"),
						     .str = profile_string(p, "sh")},
						    {.key = profile_string(p, "cpu")}},
				   2),
		    v);
	return p;
}

static bool same_location(const struct profile *a, location_id x, const struct profile *b,
			  location_id y)
{
	const struct location *k = &a->locations.v[x], *l = &b->locations.v[y];
	const struct mapping *m = &a->mappings.v[k->mapping],
			     *n = &b->mappings.v[l->mapping];

	if (k->address != l->address || k->nlines != l->nlines ||
	    (k->flags & ~LOCATION_NAMED) != (l->flags & ~LOCATION_NAMED) ||
	    m->start != n->start || m->limit != n->limit || m->off != n->off ||
	    strcmp(profile_text(a, m->filename), profile_text(b, n->filename)) ||
	    strcmp(profile_text(a, m->build_id), profile_text(b, n->build_id)))
		return false;
	for (uint32_t i = 0; i < k->nlines; i++) {
		struct line s = a->lines.v[k->first_line + i],
			    t = b->lines.v[l->first_line + i];
		const struct function *f = &a->functions.v[s.function],
				      *g = &b->functions.v[t.function];

		if (s.line != t.line || f->start_line != g->start_line ||
		    strcmp(profile_text(a, f->name), profile_text(b, g->name)) ||
		    strcmp(profile_text(a, f->system_name),
			   profile_text(b, g->system_name)) ||
		    strcmp(profile_text(a, f->filename), profile_text(b, g->filename)))
			return false;
	}
	return true;
}

static bool same_stack(const struct profile *a, stack_id x, const struct profile *b,
		       stack_id y)
{
	while (x && y) {
		if (!same_location(a, a->stacks.v[x].location, b,
				   b->stacks.v[y].location))
			return false;
		x = a->stacks.v[x].parent;
		y = b->stacks.v[y].parent;
	}
	return x == y;
}

static void everything_comes_back(void **state)
{
	struct profile *p = sample_profile(), *q;
	struct text gz = to_pprof(p), again;
	struct error err = {0};

	q = pprof_read(gz.s, gz.len, MAX_BYTES, &err);
	assert_string_equal(err.text, "");
	assert_non_null(q);
	assert_int_equal(q->nvalues, 2);
	assert_string_equal(profile_text(q, q->value_types[1].unit), "nanoseconds");
	assert_string_equal(profile_text(q, q->default_sample_type), "samples");
	assert_string_equal(profile_text(q, q->period_type.type), "cpu");
	assert_int_equal(q->period, 1000);
	assert_true(q->time_ns == p->time_ns && q->duration_ns == 5);
	assert_int_equal(q->comments.n, 2);
	assert_string_equal(profile_text(q, q->comments.v[1]), "second");
	/* Row 0, the program first, and not the unused one. */
	assert_int_equal(q->mappings.n, 4);
	assert_string_equal(profile_text(q, q->mappings.v[1].filename), "/bin/app");
	assert_true(q->mappings.v[1].flags & MAPPING_MAIN);
	assert_int_equal(q->samples.n, 4);
	for (uint32_t i = 1; i < 4; i++) {
		assert_true(
			same_stack(p, p->samples.v[i].stack, q, q->samples.v[i].stack));
		assert_memory_equal(p->values.v + 2 * i, q->values.v + 2 * i,
				    2 * sizeof(int64_t));
	}
	assert_string_equal(
		profile_text(q, profile_label_str(q, q->samples.v[3].labels,
						  profile_find_string(q, "comm"))),
		"sh");
	/* The number without a unit got one, or readers would drop its 0. */
	assert_int_equal(q->label_sets.v[q->samples.v[3].labels].n, 2);

	again = to_pprof(q);
	assert_int_equal(again.len, gz.len);
	assert_memory_equal(again.s, gz.s, gz.len);
	text_done(&again);
	text_done(&gz);
	profile_free(p);
	profile_free(q);
}

/* The smallest profile, byte by byte: field << 3 | wire type, then length or value. */
static void bytes_are_as_the_format_says(void **state)
{
	static const char want[] = "\x0a\x04\x08\x01\x10\x02" /* sample_type: 1, 2 */
				   "\x12\x06"		      /* sample */
				   "\x0a\x01\x01"	      /* location_id: packed, 1 */
				   "\x12\x01\x03"	      /* value: packed, 3 */
				   "\x22\x0b"		      /* location */
				   "\x08\x01"		      /* id */
				   "\x18\x80\x02"	      /* address 0x100 */
				   "\x22\x04\x08\x01\x10"     /* line: function 1, … */
				   "\x07"		      /* … line 7 */
				   "\x2a\x04\x08\x01\x10\x03" /* function: id, name */
				   "\x32\x00\x32\x01n\x32\x01"
				   "c\x32\x01"
				   "f"; /* strings */
	struct profile *p = profile_new();
	struct function f = {0};
	struct line line = {.line = 7};
	location_id l;
	struct text gz, raw;
	int64_t v = 3;

	profile_value_type(p, "n", "c");
	f.name = profile_string(p, "f");
	line.function = profile_function(p, &f);
	l = profile_location(p, 0, 0x100, 0);
	profile_set_lines(p, l, &line, 1);
	profile_add(p, profile_stack(p, 0, l), 0, &v);
	gz = to_pprof(p);
	/* RFC 1952: magic, deflate, no flags, no time. */
	assert_memory_equal(gz.s, "\x1f\x8b\x08\0\0\0\0\0", 8);
	raw = inflated(&gz);
	assert_int_equal(raw.len, sizeof(want) - 1);
	assert_memory_equal(raw.s, want, sizeof(want) - 1);
	text_done(&raw);
	text_done(&gz);
	profile_free(p);
}

/* --- what others write ------------------------------------------------------------ */

static struct profile *read_bytes(const void *s, size_t n, struct error *err)
{
	memset(err, 0, sizeof(*err));
	return pprof_read(s, n, MAX_BYTES, err);
}
#define READ(literal, err) read_bytes(literal, sizeof(literal) - 1, err)

#define STRINGS                                                                          \
	"\x32\x00\x32\x01n\x32\x01"                                                      \
	"f"

static void foreign_shapes_are_read(void **state)
{
	/* Strings last, ids 9 and 300, unpacked repeats, fields of another age: 100 as
	 * varint, 101 fixed 64, 102 fixed 32, 103 bytes. */
	static const char bytes[] = "\x12\x0a\x08\x09\x08\x09\x10\x05\x18\x01\x08\x09"
				    "\xa0\x06\x01"
				    "\xa9\x06\x01\x02\x03\x04\x05\x06\x07\x08"
				    "\xb5\x06\x01\x02\x03\x04"
				    "\xba\x06\x02hi"
				    "\x22\x07\x08\x09\x22\x03\x08\xac\x02"
				    "\x0a\x02\x08\x01"
				    "\x2a\x05\x08\xac\x02\x10\x02" STRINGS;
	struct error err;
	struct profile *p;

	/* Label is a message: wire type 0 for it is wrong, and said so. */
	p = READ(bytes, &err);
	assert_null(p);
	assert_int_equal(err.code, -EBADMSG);
	assert_non_null(strstr(err.text, "field 3 has wire type 0"));

	static const char good[] = "\x12\x08\x08\x09\x08\x09\x10\x05\x08\x09"
				   "\xa0\x06\x01"
				   "\xa9\x06\x01\x02\x03\x04\x05\x06\x07\x08"
				   "\xb5\x06\x01\x02\x03\x04"
				   "\xba\x06\x02hi"
				   "\x22\x07\x08\x09\x22\x03\x08\xac\x02"
				   "\x0a\x02\x08\x01"
				   "\x2a\x05\x08\xac\x02\x10\x02" STRINGS;
	p = READ(good, &err);
	assert_string_equal(err.text, "");
	assert_non_null(p);
	assert_int_equal(p->samples.n, 2);
	assert_int_equal(p->stacks.n, 4); /* three times the same location */
	assert_int_equal(profile_total(p, 0), 5);
	assert_string_equal(profile_text(p, p->functions.v[1].name), "f");
	profile_free(p);
}

/* A sample of each moment, as profilers write that keep them all: labels "comm" and, of
 * @key, the time. */
static struct profile *timed_profile(const char *key, const int64_t *times, unsigned n)
{
	struct profile *p = profile_new();
	struct label l[] = {
		{.key = profile_string(p, "comm"), .str = profile_string(p, "app")},
		{.key = profile_string(p, key)}};
	int64_t one = 1;

	profile_value_type(p, "samples", "count");
	for (unsigned i = 0; i < n; i++) {
		l[1].num = times[i];
		profile_add(p, 0, profile_labels(p, l, 2), &one);
	}
	return p;
}

static struct profile *again(struct profile *p)
{
	struct text gz = to_pprof(p);
	struct error err;
	struct profile *q = read_bytes(gz.s, gz.len, &err);

	assert_string_equal(err.text, "");
	assert_non_null(q);
	text_done(&gz);
	profile_free(p);
	return q;
}

static void labels_of_time_become_times(void **state)
{
	static const int64_t times[] = {5000000, 1000000, 1000001, 11000000};
	struct profile *p = timed_profile("timestamp_ns", times, 4);

	p = again(p);
	assert_int_equal(p->samples.n, 1 + 1);
	assert_int_equal(profile_total(p, 0), 4);
	assert_int_equal(p->label_sets.v[p->samples.v[1].labels].n, 1);
	/* From the first one on. */
	assert_int_equal(p->bin_ns, 20000);
	assert_int_equal(p->duration_ns, 10000000);
	assert_int_equal(p->times.n, 3);
	assert_int_equal(p->times.v[0].bin, 200);
	assert_int_equal(p->times.v[1].bin, 0);
	assert_int_equal(p->times.v[1].count, 2);
	assert_int_equal(p->times.v[2].bin, 500);
	profile_free(p);
}

/* The samples of the row that has this label, by bin. */
static void counts_of(const struct profile *p, const char *comm, uint32_t *counts)
{
	string_id key = profile_find_string(p, "comm");

	memset(counts, 0, PROFILE_BINS_MAX * sizeof(*counts));
	for (uint32_t i = 0; i < p->times.n; i++) {
		const struct time_count *c = &p->times.v[i];
		labels_id labels = p->samples.v[c->row].labels;

		if (!strcmp(profile_text(p, profile_label_str(p, labels, key)), comm))
			counts[c->bin] += c->count;
	}
}

static void times_travel_in_a_field_of_their_own(void **state)
{
	struct profile *p = profile_new();
	struct label l = {.key = profile_string(p, "comm")};
	uint32_t rows[3], counts[PROFILE_BINS_MAX];
	static const char *const comms[] = {"a", "b", "c"};
	int64_t one = 1;

	profile_value_type(p, "samples", "count");
	profile_keep_times(p, 2500);
	for (unsigned i = 0; i < 3; i++) {
		l.str = profile_string(p, comms[i]);
		rows[i] = profile_add(
			p, profile_stack(p, 0, profile_label_location(p, comms[2 - i])),
			profile_labels(p, &l, 1), &one);
	}
	for (uint32_t i = 0; i < PROFILE_BINS_MAX; i += 3)
		profile_add_time(p, rows[0], i * 2500);
	for (uint32_t i = 0; i < 70000; i++)
		profile_add_time(p, rows[2], 2500 * (i % 2));
	p = again(again(p));
	assert_int_equal(p->bin_ns, 2500);
	counts_of(p, "a", counts);
	for (uint32_t i = 0; i < PROFILE_BINS_MAX; i++)
		assert_int_equal(counts[i], i % 3 == 0);
	counts_of(p, "b", counts);
	for (uint32_t i = 0; i < PROFILE_BINS_MAX; i++)
		assert_int_equal(counts[i], 0);
	counts_of(p, "c", counts);
	assert_int_equal(counts[0], 35000);
	assert_int_equal(counts[1], 35000);
	assert_int_equal(counts[2], 0);
	profile_free(p);
}

/* One sample type and one sample without a stack, then what @times says of its times. */
static void refuses_times(const void *times, size_t n, const char *want)
{
	static const char head[] = "\x0a\x02\x08\x01"	  /* sample_type { type: 1 } */
				   "\x12\x03\x12\x01\x01" /* sample { value: [1] } */
				   "\x32\x00\x32\x01x"	  /* strings */
				   "\xca\x3e";		  /* field 1001 */
	struct text t = {0};
	struct error err = {0};

	text_addn(&t, head, sizeof(head) - 1);
	text_addc(&t, (char)n);
	text_addn(&t, times, n);
	assert_null(read_bytes(t.s, t.len, &err));
	assert_non_null(strstr(err.text, want));
	text_done(&t);
}

static void broken_times_are_refused(void **state)
{
	refuses_times("\x12\x01\x00", 3, "a width of 0 ns");
	refuses_times("\x08\x64", 2, "end too early");
	refuses_times("\x08\x64\x12\x01\x02\x1a\x01\x05\x22\x01\x01", 11,
		      "end too early");
	refuses_times("\x08\x64\x12\x01\x01\x1a\x02\x80\x04\x22\x01\x01", 12,
		      "bin of time is 512");
	refuses_times("\x08\x64\x12\x05", 4, "");
}

static void times_since_1970_count_from_the_start(void **state)
{
	static const int64_t times[] = {1700000000500000000, 1700000001000000000};
	struct profile *p = timed_profile("end_timestamp_ns", times, 2);

	p->time_ns = 1700000000000000000;
	p->duration_ns = 2000000000;
	p = again(p);
	assert_int_equal(p->duration_ns, 2000000000);
	assert_int_equal(p->bin_ns, 2000000);
	assert_int_equal(p->times.v[0].bin, 250);
	assert_int_equal(p->times.v[1].bin, 500);
	profile_free(p);
}

static void a_text_of_that_name_is_a_label(void **state)
{
	struct profile *p = profile_new();
	struct label l = {.key = profile_string(p, "timestamp_ns"),
			  .str = profile_string(p, "noon")};
	int64_t one = 1;

	profile_value_type(p, "samples", "count");
	profile_add(p, 0, profile_labels(p, &l, 1), &one);
	p = again(p);
	assert_int_equal(p->bin_ns, 0);
	assert_int_equal(p->label_sets.n, 1 + 1);
	profile_free(p);
}

/* Files whose addresses were erased (some services do) keep their functions apart. */
static void erased_addresses_are_kept_apart(void **state)
{
	struct error err;
	struct profile *p = READ("\x0a\x02\x08\x01"
				 "\x12\x06\x0a\x02\x01\x02\x10\x05"
				 "\x22\x06\x08\x01\x22\x02\x08\x01"
				 "\x22\x06\x08\x02\x22\x02\x08\x02"
				 "\x2a\x04\x08\x01\x10\x01"
				 "\x2a\x04\x08\x02\x10\x02" STRINGS,
				 &err);

	assert_non_null(p);
	assert_int_equal(p->locations.n, 3);
	profile_free(p);
}

static void wrong_files_are_refused_in_words(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *words;
	} cases[] = {
#define CASE(s, w) {s, sizeof(s) - 1, w}
		CASE("", "no string table"),
		CASE("\x32\x00", "no sample type"),
		CASE("\x32\x01x", "string 0 is not empty"),
		CASE("\x0a\x02\x08\x09" STRINGS, "string 9 is named"),
		CASE("\x0a\x02\x08\x01\x12\x04\x10\x01\x10\x01" STRINGS, "has 2 values"),
		CASE("\x0a\x02\x08\x01\x12\x04\x08\x07\x10\x01" STRINGS,
		     "location 7, which is absent"),
		CASE("\x0a\x02\x08\x01\x22\x04\x08\x01\x10\x05" STRINGS,
		     "mapping 5, which is absent"),
		CASE("\x0a\x02\x08\x01\x22\x06\x08\x01\x22\x02\x08\x06" STRINGS,
		     "function 6, which is absent"),
		CASE("\x0a\x02\x08\x01\x22\x02\x18\x01" STRINGS, "a location has no id"),
		CASE("\x0a\x02\x08\x01\x2a\x02\x08\x01\x2a\x02\x08\x01" STRINGS,
		     "two functions have the id 1"),
		CASE("\x0a\x02\x08\x01\x1a\x02\x08\x01\x1a\x02\x08\x01" STRINGS,
		     "two mappings have the id 1"),
		CASE("\x0a\x7f\x08", "byte 0: field 1 is longer than its message"),
		CASE("\x32\x00\x0b", "byte 2: field 1 has the unknown wire type 3"),
		CASE("\x32\x00\x48\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		     "more than 64 bits"),
		CASE("\x32\x00\x48\xff", "cut off"),
		CASE("\x32\x00\x00\x01", "0 is not a field number"),
		CASE("PERFILE2........", "perf.data"),
		CASE("\x1f\x8b\x08\0\0\0\0\0\0\3\xff\xff", "gzip data are damaged"),
		CASE("\x1f\x8b", "end too early"),
#undef CASE
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err;

		assert_null(read_bytes(cases[i].bytes, cases[i].n, &err));
		assert_int_equal(err.code, -EBADMSG);
		if (!strstr(err.text, cases[i].words))
			fail_msg("'%s' does not say '%s'", err.text, cases[i].words);
		assert_true(err.hint[0] != '\0');
	}
	assert_null(pprof_read("\x32\x00", 2, MAX_BYTES, NULL));
}

static void size_limits_hold(void **state)
{
	struct profile *p = sample_profile();
	struct text gz = to_pprof(p), raw = inflated(&gz);
	struct error err = {0};

	assert_null(pprof_read(gz.s, gz.len, raw.len - 1, &err));
	assert_int_equal(err.code, -EFBIG);
	assert_null(pprof_read(raw.s, raw.len, raw.len - 1, &err));
	assert_int_equal(err.code, -EFBIG);
	p = (profile_free(p), pprof_read(raw.s, raw.len, raw.len, &err));
	assert_non_null(p);
	profile_free(p);
	text_done(&raw);
	text_done(&gz);
}

/* A sink that fails, as a full disk does. */
static int refuse(struct sink *s, const void *data, size_t n)
{
	return -ENOSPC;
}

static void a_full_disk_is_reported(void **state)
{
	struct profile *p = sample_profile();
	struct sink s = {.write = refuse};

	pprof_write(p, &s);
	assert_int_equal(s.code, -ENOSPC);
	profile_free(p);
}

/* --- damage ------------------------------------------------------------------------ */

static uint32_t seed = 20261120;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static void damage(struct text *t)
{
	uint32_t changes = 1 + draw(4);

	while (changes--) {
		uint32_t at = draw((uint32_t)t->len);

		switch (draw(4)) {
		case 0:
			t->s[at] = (char)draw(256);
			break;
		case 1:
			t->s[at] ^= (char)(1 << draw(8));
			break;
		case 2:
			t->len = at + 1;
			break;
		case 3:
			memmove(t->s + at, t->s + at + 1, t->len - at - 1);
			t->len -= t->len > 1;
			break;
		}
	}
}

/* Whatever is accepted can be walked by every writer; the sanitizers watch. */
static void use_everything(const struct profile *p)
{
	struct flame_options o = {.title = "damaged"};
	struct text t = {0};
	struct sink_text s;

	sink_text_init(&s, &t);
	pprof_write(p, &s.sink);
	folded_write(p, true, &s.sink);
	html_write(p, &o, NULL, 0, NULL, 0, &s.sink);
	text_done(&t);
}

static void corruptions_do_no_harm(void **state)
{
	struct profile *p = sample_profile();
	struct text gz = to_pprof(p), raw = inflated(&gz);
	unsigned accepted = 0;

	for (unsigned i = 0; i < 3000; i++) {
		const struct text *from = i % 10 ? &raw : &gz;
		struct text t = {0};
		struct error err = {0};
		struct profile *q;

		text_addn(&t, from->s, from->len);
		damage(&t);
		/* Its own allocation of the exact size, so that a read beyond it is
		 * caught. */
		void *copy = xmemdup(t.s, t.len);

		q = pprof_read(copy, t.len, MAX_BYTES, &err);
		free(copy);
		if (!q)
			assert_true(err.code < 0 && err.text[0]);
		else
			use_everything(q), accepted++;
		profile_free(q);
		text_done(&t);
	}
	/* The damage is neither always fatal nor never. */
	assert_in_range(accepted, 100, 2900);
	text_done(&raw);
	text_done(&gz);
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_comes_back),
		cmocka_unit_test(bytes_are_as_the_format_says),
		cmocka_unit_test(foreign_shapes_are_read),
		cmocka_unit_test(labels_of_time_become_times),
		cmocka_unit_test(times_travel_in_a_field_of_their_own),
		cmocka_unit_test(broken_times_are_refused),
		cmocka_unit_test(times_since_1970_count_from_the_start),
		cmocka_unit_test(a_text_of_that_name_is_a_label),
		cmocka_unit_test(erased_addresses_are_kept_apart),
		cmocka_unit_test(wrong_files_are_refused_in_words),
		cmocka_unit_test(size_limits_hold),
		cmocka_unit_test(a_full_disk_is_reported),
		cmocka_unit_test(corruptions_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
