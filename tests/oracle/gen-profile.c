/* Makes profiles without recording anything, for tests that hold our writers against
 * other people's readers: gen-profile KIND FORMAT writes one on stdout, gen-profile read
 * FILE FORMAT one that was read from a pprof file. With PROFD_GEN_TIMES set, it says on
 * stderr how long it took. */
#include <profd/format.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <profd/clock.h>
#include <profd/formats.h>
#include <profd/mem.h>
#include <profd/objfile.h>
#include <profd/text.h>

#define PERIOD_NS 1001001

/* A fixed sequence (Numerical Recipes' LCG): the same profile everywhere. */
static uint32_t seed = 12345;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static void add_sample(struct profile *p, stack_id stack, labels_id labels, int64_t count)
{
	int64_t values[] = {count, count * PERIOD_NS};

	profile_add(p, stack, labels, values);
}

static labels_id thread_labels(struct profile *p, const char *comm, int64_t tid,
			       int64_t cpu)
{
	struct label l[] = {
		{.key = profile_string(p, "comm"), .str = profile_string(p, comm)},
		{.key = profile_string(p, "tid"),
		 .num = tid,
		 .unit = profile_string(p, "id")},
		{.key = profile_string(p, "cpu"),
		 .num = cpu,
		 .unit = profile_string(p, "cpu")},
	};

	return profile_labels(p, l, ARRAY_SIZE(l));
}

static struct profile *new_profile(void)
{
	struct profile *p = profile_new();

	profile_value_type(p, "samples", "count");
	profile_value_type(p, "cpu", "nanoseconds");
	p->default_sample_type = profile_string(p, "cpu");
	p->period_type.type = profile_string(p, "cpu");
	p->period_type.unit = profile_string(p, "nanoseconds");
	p->period = PERIOD_NS;
	p->time_ns = 1700000000000000000;
	p->duration_ns = 2500000000;
	profile_comment(p, "engine: perf, cpu-clock at 999 Hz");
	profile_comment(p, "quality: 99.8 % complete stacks, 0 lost samples");
	return p;
}

static mapping_id add_mapping(struct profile *p, const char *file, const char *build_id,
			      uint64_t start, uint64_t limit, uint32_t flags)
{
	struct mapping m = {.start = start,
			    .limit = limit,
			    .off = start & 0xffff000,
			    .filename = profile_string(p, file),
			    .build_id = profile_string(p, build_id),
			    .flags = flags};

	return profile_mapping(p, &m);
}

static struct line add_line(struct profile *p, const char *name, const char *mangled,
			    const char *file, uint32_t start, uint32_t line)
{
	struct function f = {.name = profile_string(p, name),
			     .system_name = profile_string(p, mangled ? mangled : name),
			     .filename = profile_string(p, file),
			     .start_line = start};

	return (struct line){profile_function(p, &f), line};
}

static location_id add_location(struct profile *p, mapping_id m, uint64_t address,
				uint32_t flags, struct line line)
{
	location_id id = profile_location(p, m, address, flags);

	if (!p->locations.v[id].nlines)
		profile_set_lines(p, id, &line, 1);
	return id;
}

/* --- a small one with one of everything ------------------------------------------- */

static struct profile *make_small(void)
{
	struct profile *p = new_profile();
	mapping_id libc = add_mapping(p, "/usr/lib/x86_64-linux-gnu/libc.so.6",
				      "58254ca972fe248ee2ad9e4a5e7b1c5d", 0x26000,
				      0x17b000, 0);
	mapping_id app = add_mapping(p, "/srv/app/bin/app",
				     "deadbeefcafe0123456789abcdef0123", 0x1000, 0x9000,
				     MAPPING_MAIN);
	mapping_id kernel = add_mapping(p, "[kernel.kallsyms]", NULL, 0xffffffff81000000,
					0xffffffff82000000, MAPPING_KERNEL);
	mapping_id jit = add_mapping(p, "//anon", NULL, 0x7f0000000000, 0x7f0000010000,
				     MAPPING_JIT);
	location_id start = add_location(p, app, 0x1040, 0,
					 add_line(p, "_start", NULL, NULL, 0, 0));
	location_id libc_main = add_location(
		p, libc, 0x27249, 0,
		add_line(p, "__libc_start_call_main", NULL, NULL, 0, 0));
	location_id main_fn = add_location(
		p, app, 0x1234, 0, add_line(p, "main", NULL, "src/main.cc", 10, 14));
	location_id sort = profile_location(p, app, 0x2345, 0);
	struct line chain[] = {
		add_line(p, "std::swap<int>(int&, int&)",
			 "_ZSt4swapIiENSt9enable_ifIXsrSt6__and_E5valueEvE4typeERS0_S3_",
			 "/usr/include/c++/12/bits/move.h", 196, 204),
		add_line(p, "app::Sorter<int>::partition(int*, int*)",
			 "_ZN3app6SorterIiE9partitionEPiS2_", "src/sort.cc", 30, 41),
		add_line(p,
			 "app::Sorter<int>::run(std::vector<int, std::allocator<int> > "
			 "const&)",
			 "_ZN3app6SorterIiE3runERKSt6vectorIiSaIiEE", "src/sort.cc", 80,
			 92),
	};
	location_id jitted = add_location(
		p, jit, 0x7f0000000100, LOCATION_JIT,
		add_line(p, "LazyCompile:*handler app.js", NULL, NULL, 0, 0));
	location_id write_fn = add_location(p, libc, 0xf8b23, 0,
					    add_line(p, "write", NULL, NULL, 0, 0));
	location_id sys = add_location(p, kernel, 0xffffffff81a00123, LOCATION_KERNEL,
				       add_line(p, "ksys_write", NULL, NULL, 0, 0));
	location_id raw = add_location(
		p, libc, 0x99999, LOCATION_UNRESOLVED,
		add_line(p, "libc.so.6+0x99999", NULL, NULL, 0, 0));
	location_id cut = profile_label_location(p, "[truncated]");
	labels_id l0 = thread_labels(p, "app", 100, 0),
		  l1 = thread_labels(p, "app worker", 101, 1);
	stack_id s;

	profile_set_lines(p, sort, chain, ARRAY_SIZE(chain));
	s = profile_stack(p, 0, start);
	s = profile_stack(p, s, libc_main);
	s = profile_stack(p, s, main_fn);
	add_sample(p, s, l0, 7);
	add_sample(p, profile_stack(p, s, sort), l0, 120);
	add_sample(p, profile_stack(p, s, jitted), l0, 31);
	add_sample(p, profile_stack(p, s, raw), l0, 5);
	s = profile_stack(p, s, write_fn);
	add_sample(p, s, l0, 3);
	add_sample(p, profile_stack(p, s, sys), l0, 44);
	s = profile_stack(p, profile_stack(p, 0, cut), sort);
	add_sample(p, s, l1, 60);
	return p;
}

/* --- large ones ------------------------------------------------------------------- */

/* @nstacks random walks over @nfunctions with names as C++ has them. Callers are drawn
 * from few, callees from more, so that the tree branches as real ones do. */
static struct profile *make_random(uint32_t nstacks, uint32_t nfunctions, uint32_t depth)
{
	static const char *const word[] = {"parse", "token", "lower", "fold",  "expand",
					   "visit", "merge", "alloc", "query", "commit"};
	struct profile *p = new_profile();
	mapping_id app = add_mapping(p, "/srv/app/bin/compiler",
				     "00112233445566778899aabbccddeeff", 0x1000,
				     0x2000000, MAPPING_MAIN);
	labels_id labels = thread_labels(p, "compiler", 4242, 1);
	location_id *at = xcalloc(nfunctions, sizeof(*at));
	char name[128], mangled[128], file[64];

	for (uint32_t i = 0; i < nfunctions; i++) {
		struct line lines[2];
		unsigned n = 1 + (i % 3 == 0);

		for (unsigned k = 0; k < n; k++) {
			snprintf(name, sizeof(name),
				 "cc::%s::%s_%s_%u(cc::Node*, unsigned int)%s",
				 word[i % 10], word[i / 10 % 10], word[i / 7 % 10], i,
				 k + 1 < n ? " const" : "");
			snprintf(mangled, sizeof(mangled), "_ZN2cc%u%s%uE%u", i,
				 word[i % 10], k, i);
			snprintf(file, sizeof(file), "src/%s/%s.cc", word[i % 10],
				 word[i / 10 % 10]);
			lines[k] = add_line(p, name, mangled, file, 10 + i % 900,
					    20 + i % 900);
		}
		at[i] = profile_location(p, app, 0x1000 + 16 * i, 0);
		profile_set_lines(p, at[i], lines, n);
	}
	for (uint32_t i = 0; i < nstacks; i++) {
		uint32_t deep = depth / 2 + draw(depth), f = 0;
		stack_id s = 0;

		for (uint32_t k = 0; k < deep; k++) {
			s = profile_stack(p, s, at[f]);
			/* Mostly the first callee: a trunk with branches. */
			f = (f * 7 + 1 + (draw(4) ? 0 : draw(2 + k / 2))) % nfunctions;
		}
		add_sample(p, s, labels, 1 + draw(3));
	}
	free(at);
	return p;
}

static struct profile *make_deep(uint32_t depth)
{
	struct profile *p = new_profile();
	mapping_id app = add_mapping(p, "/srv/app/bin/deep", "aa", 0x1000, 0x9000,
				     MAPPING_MAIN);
	labels_id labels = thread_labels(p, "deep", 7, 0);
	location_id f[] = {
		add_location(p, app, 0x1100, 0,
			     add_line(p, "even", NULL, "deep.c", 3, 5)),
		add_location(p, app, 0x1200, 0,
			     add_line(p, "odd", NULL, "deep.c", 9, 12)),
	};
	stack_id s = profile_stack(
		p, 0,
		add_location(p, app, 0x1300, 0,
			     add_line(p, "main", NULL, "deep.c", 20, 22)));

	for (uint32_t i = 0; i < depth; i++) {
		s = profile_stack(p, s, f[i & 1]);
		if (i % 50 == 0 || i + 1 == depth)
			add_sample(p, s, labels, 3);
	}
	return p;
}

/* --- phases in time, threads, two profiles ---------------------------------------- */

#define PHASES_BIN_NS 20000000

struct phase {
	unsigned from_s, to_s, per_s; /* samples */
	unsigned thread;
	const char *frames[6];
};

static const struct phase phases[] = {
	{0, 3, 40, 0, {"main", "load", "parse", "read_token"}},
	{0, 3, 15, 0, {"main", "load", "parse", "parse", "read_token"}},
	{0, 3, 9, 0, {"main", "load", "read", "ksys_read [k]"}},
	{3, 8, 50, 0, {"main", "run", "solve", "multiply [i]"}},
	{3, 8, 30, 1, {"start_thread", "worker", "solve", "multiply [i]"}},
	{3, 8, 20, 1, {"start_thread", "worker", "script [j]"}},
	{4, 7, 25, 2, {"start_thread", "worker", "solve", "exchange", "memcpy"}},
	{8, 10, 30, 0, {"main", "store", "write", "ksys_write [k]"}},
	{8, 10, 10, 0, {"main", "store", "compress"}},
};

static location_id phase_location(struct profile *p, const char *word,
				  const mapping_id *m, uint32_t address)
{
	char name[64], file[80];
	size_t n = strlen(word);
	bool marked = n > 4 && word[n - 1] == ']';
	char mark = marked ? word[n - 2] : ' ';
	struct line lines[2];

	snprintf(name, sizeof(name), "%.*s", (int)(marked ? n - 4 : n), word);
	snprintf(file, sizeof(file), "/src/app/%s.c", mark == 'k' ? "kernel" : name);
	lines[0] = add_line(p, name, NULL, mark == 'j' ? NULL : file, 10, 0);
	lines[1] = add_line(p, "solve_all", NULL, "/src/app/solve.c", 90, 0);
	return profile_named_location(p,
				      m[mark == 'k'   ? 1
					: mark == 'j' ? 2
						      : 0],
				      address,
				      mark == 'k'   ? LOCATION_KERNEL
				      : mark == 'j' ? LOCATION_JIT
						    : 0,
				      lines, mark == 'i' ? 2 : 1);
}

static stack_id phase_stack(struct profile *p, const struct phase *phase,
			    const mapping_id *m)
{
	stack_id s = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(phase->frames) && phase->frames[i]; i++) {
		uint32_t hash = hash_bytes(phase->frames[i], strlen(phase->frames[i]));

		s = profile_stack(p, s,
				  phase_location(p, phase->frames[i], m, hash & 0xffff));
	}
	return s;
}

static labels_id phase_labels(struct profile *p, unsigned thread)
{
	const char *name = thread ? "worker" : "app";
	struct label l[] = {
		{.key = profile_string(p, "comm"), .str = profile_string(p, "app")},
		{.key = profile_string(p, "thread"), .str = profile_string(p, name)},
		{.key = profile_string(p, "pid"),
		 .num = 500,
		 .unit = profile_string(p, "id")},
		{.key = profile_string(p, "tid"),
		 .num = 500 + thread,
		 .unit = profile_string(p, "id")},
	};

	return profile_labels(p, l, ARRAY_SIZE(l));
}

static struct profile *make_phases(void)
{
	struct profile *p = new_profile();
	mapping_id m[] = {
		add_mapping(p, "/srv/app/bin/app", "aa", 0x1000, 0x20000, MAPPING_MAIN),
		add_mapping(p, "[kernel.kallsyms]", NULL, 0xffffffff81000000,
			    0xffffffff82000000, MAPPING_KERNEL),
		add_mapping(p, "//anon", NULL, 0x7f0000000000, 0x7f0000010000,
			    MAPPING_JIT)};

	profile_keep_times(p, PHASES_BIN_NS);
	for (unsigned i = 0; i < ARRAY_SIZE(phases); i++) {
		const struct phase *phase = &phases[i];
		unsigned n = (phase->to_s - phase->from_s) * phase->per_s;
		stack_id stack = phase_stack(p, phase, m);
		labels_id labels = phase_labels(p, phase->thread);

		for (unsigned k = 0; k < n; k++) {
			int64_t values[] = {1, PERIOD_NS};
			uint32_t row = profile_add(p, stack, labels, values);

			profile_add_time(p, row,
					 phase->from_s * 1000000000ll +
						 k * 1000000000ll / phase->per_s);
		}
	}
	/* What the profile beside it names has to be there. */
	profile_string(p, "wall");
	profile_string(p, "off_cpu");
	profile_stack(p, phase_stack(p, &phases[0], m),
		      profile_label_location(p, "[off-cpu: lock]"));
	return p;
}

/* A difference: load got faster, solve slower, store is as before but for luck, script is
 * gone, and check new. */
static struct profile *make_diff(void)
{
	static const struct {
		const char *frames[6];
		int64_t before, after; /* samples */
	} stacks[] = {
		{{"main", "load", "parse", "read_token"}, 400, 100},
		{{"main", "load", "parse", "parse", "read_token"}, 100, 30},
		{{"main", "run", "solve", "multiply [i]"}, 900, 1300},
		{{"main", "run", "solve", "exchange", "memcpy"}, 300, 310},
		{{"main", "run", "script [j]"}, 120, 0},
		{{"main", "run", "check"}, 0, 90},
		{{"main", "store", "write", "ksys_write [k]"}, 200, 205},
	};
	struct profile *p = profile_new();
	mapping_id m[3];
	labels_id labels;

	profile_value_type(p, "before", "nanoseconds");
	profile_value_type(p, "after", "nanoseconds");
	profile_value_type(p, "before_samples", "count");
	profile_value_type(p, "after_samples", "count");
	m[0] = add_mapping(p, "/srv/app/bin/app", "aa", 0x1000, 0x20000, MAPPING_MAIN);
	m[1] = add_mapping(p, "[kernel.kallsyms]", NULL, 0xffffffff81000000,
			   0xffffffff82000000, MAPPING_KERNEL);
	m[2] = add_mapping(p, "//anon", NULL, 0x7f0000000000, 0x7f0000010000,
			   MAPPING_JIT);
	labels = phase_labels(p, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(stacks); i++) {
		struct phase phase = {0};
		int64_t values[] = {stacks[i].before * PERIOD_NS,
				    stacks[i].after * PERIOD_NS, stacks[i].before,
				    stacks[i].after};

		memcpy(phase.frames, stacks[i].frames, sizeof(phase.frames));
		profile_add(p, phase_stack(p, &phase, m), labels, values);
	}
	return p;
}

/* The same threads, and what they waited for. */
static struct profile *phases_wall(const struct profile *p)
{
	struct profile *b = profile_beside(p);

	profile_value_type(b, "samples", "count");
	profile_value_type(b, "wall", "nanoseconds");
	profile_value_type(b, "cpu", "nanoseconds");
	profile_value_type(b, "off_cpu", "nanoseconds");
	b->default_sample_type = profile_find_string(b, "wall");
	for (uint32_t i = 1; i < p->samples.n; i++) {
		const int64_t *v = &p->values.v[(size_t)i * 2];
		int64_t values[] = {v[0], v[1], v[1], 0};

		profile_add(b, p->samples.v[i].stack, p->samples.v[i].labels, values);
	}
	for (unsigned thread = 0; thread < 3; thread++) {
		int64_t ns = 800000000ll * (1 + thread);
		int64_t values[] = {3, ns, 0, ns};

		profile_add(b, p->stacks.n - 1, p->samples.v[1 + 3 * thread].labels,
			    values);
	}
	return b;
}

/* @n calls from each of the last levels of @trunks stacks of @depth frames; of a single
 * one, from all levels. All are different. */
static struct profile *make_leaves(uint32_t trunks, uint32_t depth, uint32_t n)
{
	struct profile *p = new_profile();
	mapping_id app = add_mapping(p, "/srv/app/bin/leaves", "bb", 0x1000, 0x9000000,
				     MAPPING_MAIN);
	location_id *leaf = xcalloc(n, sizeof(*leaf)), down;
	char name[64];

	for (uint32_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "cc::leaf_%u(cc::Node*, unsigned int)", i);
		leaf[i] = add_location(p, app, 0x2000 + i, 0,
				       add_line(p, name, NULL, "leaves.cc", 10 + i, i));
	}
	for (uint32_t t = 0; t < trunks; t++) {
		labels_id labels = thread_labels(p, "leaves", 7 + t % 8, t % 2);
		stack_id s = 0;

		snprintf(name, sizeof(name), "cc::down_%u(cc::Node*)", t);
		down = add_location(p, app, 0x100000 + t, 0,
				    add_line(p, name, NULL, "down.cc", 3, 5));
		for (uint32_t k = 0; k < depth; k++) {
			s = profile_stack(p, s, down);
			for (uint32_t i = 0; (trunks == 1 || k + 1 == depth) && i < n;
			     i++)
				add_sample(p, profile_stack(p, s, leaf[i]), labels, 1);
		}
	}
	free(leaf);
	return p;
}

/* --- names that try to get out ---------------------------------------------------- */

static struct profile *make_hostile(void)
{
	static const char *const names[] = {
		"<script>alert(1)</script>",
		"\"><img src=x onerror=alert(2)>",
		"]]></script><script>alert(3)</script>",
		"'; alert(4); '",
		"a;b c;d 12\n34",
		"\x01\x02\x1b[31mred\x7f",
		"broken \xff\xfe \xc3( utf-8 \xed\xa0\x80",
		"non-characters \xef\xbf\xbe \xef\xbf\xbf",
		"</title></svg><h1>out</h1>",
		"&amp;&lt;&#60;",
		"\xe2\x80\xae gnorw eht yaw dnuor",
		"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e::\xe9\x96\xa2\xe6\x95\xb0",
		"operator<<",
		"operator()",
		"std::operator<< <char>(std::ostream&, char)",
		"(anonymous namespace)::f(int)",
		"net/http.(*conn).serve",
		"))))((((",
		"<<<<",
		"",
		"$(rm -rf /) `id` %s%n %08x",
		"--><!--",
		"\\u003c\\",
	};
	struct profile *p = new_profile();
	mapping_id app = add_mapping(p, "/tmp/<b>\"&'.so", "zz\"", 0x1000, 0x9000,
				     MAPPING_MAIN);
	labels_id labels = thread_labels(p, "co;mm <i>", 7, 0);
	char *huge = xmalloc(65536);
	stack_id root = 0;
	location_id bare = profile_location(p, app, 0x8888, 0);

	root = profile_stack(
		p, 0,
		add_location(p, app, 0x1001, 0, add_line(p, "main", NULL, NULL, 0, 0)));
	for (uint32_t i = 0; i < ARRAY_SIZE(names); i++) {
		location_id l = add_location(p, app, 0x2000 + i, 0,
					     add_line(p, names[i], NULL, names[i], i, i));

		add_sample(p, profile_stack(p, root, l), labels, 10 + i);
	}
	for (unsigned i = 0; i < 65535; i++)
		huge[i] = "ns::Cl<T>::f(x, "[i % 16];
	huge[65535] = '\0';
	add_sample(p,
		   profile_stack(p, root,
				 add_location(p, app, 0x3000, 0,
					      add_line(p, huge, NULL, huge, 1, 1))),
		   labels, 200);
	add_sample(p, profile_stack(p, root, bare), labels, 30);
	add_sample(p, 0, labels, 2);
	add_sample(p, root, 0, 9);
	free(huge);
	return p;
}

/* Names that begin with one another, go on below and above ';', or are equal once it is
 * replaced; as every kind of code, in random stacks. */
static struct profile *make_alike(void)
{
	static const char *const names[] = {
		"a",  "a;",  "a:",  "a ",   "a!",   "a+",  "a:b", "a;b", "ab",
		"a<", "a<b", "a;;", "a b;", "a_[k", "a_[", "b",	  "b;",	 "\xc3\xa9",
		":",  ";",   "!",   "z",    "a+;",  "a++", "a+ ", "a;+", "a(int)"};
	static const uint32_t flags[] = {0, LOCATION_KERNEL, LOCATION_JIT};
	struct profile *p = new_profile();
	location_id at[4 * ARRAY_SIZE(names)];

	for (uint32_t i = 0; i < ARRAY_SIZE(at); i++) {
		struct line lines[] = {add_line(p, names[i / 4], NULL, NULL, 0, 0),
				       add_line(p, names[(i * 7 + 3) % ARRAY_SIZE(names)],
						NULL, NULL, 0, 0)};
		bool inlined = i % 4 == 3;

		at[i] = profile_named_location(p, 0, 16 + i, inlined ? 0 : flags[i % 4],
					       lines, 1 + inlined);
	}
	for (uint32_t i = 0; i < 6000; i++) {
		labels_id labels = draw(5) ? thread_labels(p, names[draw(5)], 1, 0) : 0;
		uint32_t deep = draw(7), few = draw(3) ? 6 : ARRAY_SIZE(at);
		stack_id s = 0;

		for (uint32_t k = 0; k < deep; k++)
			s = profile_stack(p, s, at[draw(few)]);
		/* What is not above 0 in the end makes no line. */
		add_sample(p, s, labels, draw(9) ? (int64_t)draw(3) + 1 : -2);
	}
	return p;
}

/* Names that readers of formats made of lines could take for something else. None is
 * equal to another once it is written as they can read it. */
static const char *const line_names[] = {
	"(anonymous namespace)::f(int)",
	"(open",
	"f (g) (h)",
	"f+0x12",
	"f+0x12 (/lib/x)",
	"(1) f",
	"fn=(2) g",
	"calls=3 4",
	"12 34",
	"0x10 0x20",
	"* 1",
	"+3 4",
	"events: a b",
	"summary: 1 2",
	"# a comment",
	"",
	" begins with a blank",
	"x\xe2\x80\xa8two\xe2\x80\xa9lines",
	"x\xc2\xa0y",
	"a\nb",
	"{\"json\": [1]}",
	"f'2",
	"\\",
	"\xe6\x97\xa5\xe6\x9c\xac",
	"</script>",
	"a;b",
	"'\"`",
	"(inlined)",
	"[unknown]",
	"???",
	"cpu-clock: ",
	"1762/1766 [001]     0.000499:     998395 cpu-clock:",
};

static const char *const line_comms[] = {
	"a",
	"worker 12",
	"#x",
	"{",
	"x 1.5: y",
	":",
	"",
	"9",
	"b 7/8 [009] 1.0: 5 e:",
	" blank",
	"a b",
	"x\xc2\xa0"
	"3",
	"\xe2\x80\xa8",
	"x\xe3\x80\x80"
	"4 5",
};

static struct profile *make_lines(void)
{
	static const char *const files[] = {"/tmp/a b (c)/d)e", "", "/x\xe2\x80\xa8y"};
	struct profile *p = new_profile();
	mapping_id m[ARRAY_SIZE(files)];
	stack_id s[ARRAY_SIZE(files)];

	for (uint32_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct line chain[] = {
			add_line(p, line_names[i], NULL, files[i], 1, 2),
			add_line(p, "(outer)", NULL, "out er.c", 3, 4),
		};
		location_id l;

		m[i] = add_mapping(p, files[i], i ? NULL : "not hex", 0x1000 * (i + 1),
				   0x1000 * (i + 2), i ? 0 : MAPPING_MAIN);
		l = profile_location(p, m[i], 0x1000 * (i + 1) + 1, 0);
		profile_set_lines(p, l, chain, ARRAY_SIZE(chain));
		s[i] = profile_stack(p, 0, l);
		add_sample(p, profile_stack(p, s[i], profile_location(p, m[i], 7, 0)), 0,
			   i + 1);
	}
	for (uint32_t i = 0; i < 200; i++) {
		const char *name = line_names[i % ARRAY_SIZE(line_names)];
		labels_id labels = thread_labels(p,
						 line_comms[i % ARRAY_SIZE(line_comms)],
						 i % ARRAY_SIZE(line_comms), i % 3);
		location_id l = add_location(p, m[i % 3], 0x5000 + i, 0,
					     add_line(p, name, NULL, name, i, i));

		add_sample(p, profile_stack(p, s[i % 3], l), labels, 1 + i % 4);
	}
	return p;
}

/* A recording whose times are known, of two threads that take turns. */
static struct profile *make_timed(void)
{
	struct profile *p = new_profile();
	mapping_id app = add_mapping(p, "/srv/app/bin/app", "deadbeefcafe0123", 0x1000,
				     0x9000, MAPPING_MAIN);
	labels_id labels[] = {thread_labels(p, "app", 100, 0),
			      thread_labels(p, "app", 101, 1)};
	location_id at[4];
	int64_t one[] = {1, PERIOD_NS};

	for (uint32_t i = 0; i < ARRAY_SIZE(at); i++) {
		char name[16];

		snprintf(name, sizeof(name), "f%u", i);
		at[i] = add_location(p, app, 0x1100 + i, 0,
				     add_line(p, name, NULL, "app.c", i, i));
	}
	profile_keep_times(p, 10000000);
	for (uint32_t i = 0; i < 2000; i++) {
		stack_id s = profile_stack(p, profile_stack(p, 0, at[0]),
					   at[1 + draw(3)]);
		uint32_t row = profile_add(p, s, labels[i / 50 % 2], one);

		profile_add_time(p, row, (int64_t)i * PERIOD_NS);
	}
	/* What nobody saw. */
	add_sample(p, profile_stack(p, 0, profile_label_location(p, "[unsampled]")),
		   labels[0], 5);
	return p;
}

static struct profile *make(const char *kind)
{
	if (!strcmp(kind, "small"))
		return make_small();
	if (!strcmp(kind, "phases"))
		return make_phases();
	if (!strcmp(kind, "diff"))
		return make_diff();
	if (!strcmp(kind, "frames20k"))
		return make_random(9000, 4000, 20);
	if (!strcmp(kind, "frames100k"))
		return make_random(9650, 4000, 22);
	if (!strcmp(kind, "stacks100k"))
		return make_random(100000, 20000, 30);
	if (!strcmp(kind, "deep"))
		return make_deep(1000);
	if (!strcmp(kind, "deeper"))
		return make_deep(3000);
	if (!strcmp(kind, "alike"))
		return make_alike();
	if (!strcmp(kind, "hostile"))
		return make_hostile();
	if (!strcmp(kind, "lines"))
		return make_lines();
	if (!strcmp(kind, "timed"))
		return make_timed();
	if (!strcmp(kind, "stacks1m"))
		return make_leaves(1000, 30, 1000);
	if (!strcmp(kind, "deep100k"))
		return make_leaves(1, 2000, 50);
	if (!strcmp(kind, "empty"))
		return new_profile();
	return NULL;
}

/* --- out -------------------------------------------------------------------------- */

static void write_top(const struct profile *p, struct sink *out)
{
	struct top top;

	top_build(&top, p, profile_default_value(p));
	for (uint32_t i = 0; i < top.rows.n; i++)
		sink_putf(out, "%lld %lld %s\n", (long long)top.rows.v[i].self,
			  (long long)top.rows.v[i].total,
			  profile_text(p, top.rows.v[i].name));
	top_done(&top);
}

/* C++ without parameters. */
static void add_brief(struct text *t, const struct profile *p, const struct function *f)
{
	const char *name = profile_text(p, f->name);
	_cleanup_free_ char *brief = f->system_name != f->name && strchr(name, '(')
					     ? demangle_brief(
						       profile_text(p, f->system_name))
					     : NULL;

	text_add(t, brief ? brief : name);
}

/* Every sample as folded text, neither sorted nor added up, and without the tree. */
static void write_lines(const struct profile *p, bool annotate, struct sink *out)
{
	string_id comm_key = profile_find_string(p, "comm");
	unsigned value = profile_default_value(p);

	for (uint32_t i = 1; i < p->samples.n; i++) {
		string_id comm = profile_label_str(p, p->samples.v[i].labels, comm_key);
		VEC(location_id) path = {0};
		struct text t = {0};

		for (stack_id s = p->samples.v[i].stack; s; s = p->stacks.v[s].parent)
			vec_push(&path, p->stacks.v[s].location);
		text_add(&t, comm ? profile_text(p, comm) : "[unknown]");
		while (path.n) {
			const struct location *l = &p->locations.v[path.v[--path.n]];

			for (uint32_t k = l->nlines; k-- > 0;) {
				function_id f = p->lines.v[l->first_line + k].function;

				/* The separator, until all ';' are replaced. */
				text_addc(&t, '\n');
				add_brief(&t, p, &p->functions.v[f]);
				if (annotate && l->flags & LOCATION_KERNEL)
					text_add(&t, "_[k]");
				else if (annotate && l->flags & LOCATION_JIT)
					text_add(&t, "_[j]");
				else if (annotate && k + 1 < l->nlines)
					text_add(&t, "_[i]");
			}
		}
		for (size_t k = 0; k < t.len; k++)
			t.s[k] = t.s[k] == ';' ? ':' : t.s[k] == '\n' ? ';' : t.s[k];
		sink_putf(out, "%s %lld\n", t.s,
			  (long long)p->values.v[(size_t)i * p->nvalues + value]);
		text_done(&t);
		vec_done(&path);
	}
}

static void write_wall(const struct profile *p, struct flame_options *o, struct sink *out)
{
	struct profile *wall = phases_wall(p);
	struct flame_also also = {.profile = wall,
				  .heading = "Time on the CPU and off it"};

	o->also = &also;
	html_write(p, o, NULL, 0, NULL, 0, out);
	o->also = NULL;
	profile_free(wall);
}

/* As record and convert do it. */
static int write_format(const struct profile *p, const char *name, struct sink *out)
{
	const struct format *f = format_find(name, NULL);
	struct format_options o = {.title = "profile", .value = profile_default_value(p)};

	if (!f)
		return -1;
	f->write(p, &o, out);
	return 0;
}

static int write_as(const struct profile *p, const char *format, struct sink *out)
{
	struct flame_options o = {.title = "CPU time of ./app --input \"a & b\"",
				  .subtitle = "perf, cpu-clock at 999 Hz, 2 CPUs",
				  .diff = !strcmp(format, "html-diff")};
	struct fact facts[] = {{"command", "./app --input \"a & b\" <x>"},
			       {"engine", "perf"}};
	const char *warnings[] = {
		"3 % of the stacks are incomplete: libfoo.so has no unwind tables",
		"hostile <script>alert(5)</script>"};

	if (!strcmp(format, "pprof"))
		pprof_write(p, out);
	else if (!strcmp(format, "folded") || !strcmp(format, "annotated"))
		folded_write(p, format[0] == 'a', out);
	else if (!strcmp(format, "lines") || !strcmp(format, "marked-lines"))
		write_lines(p, format[0] == 'm', out);
	else if (!strcmp(format, "svg"))
		svg_write(p, &o, out);
	else if (!strcmp(format, "html") || o.diff)
		html_write(p, &o, facts, ARRAY_SIZE(facts), warnings,
			   ARRAY_SIZE(warnings), out);
	else if (!strcmp(format, "html-wall"))
		write_wall(p, &o, out);
	else if (!strcmp(format, "top"))
		write_top(p, out);
	else
		return write_format(p, format, out);
	return 0;
}

static struct profile *read_file(const char *path)
{
	struct error err = {0};
	struct profile *p = NULL;
	char *data;
	size_t n;

	if (io_slurp(path, 256 << 20, &data, &n)) {
		perror(path);
		return NULL;
	}
	p = pprof_read(data, n, 1 << 30, &err);
	if (!p)
		fprintf(stderr, "%s: %s (%s)\n", path, err.text, err.hint);
	free(data);
	return p;
}

static int stdout_write(struct sink *s, const void *data, size_t n)
{
	(void)s;
	return fwrite(data, 1, n, stdout) == n ? 0 : -EIO;
}

int main(int argc, char **argv)
{
	bool reading = argc == 4 && !strcmp(argv[1], "read");
	struct sink sink = {.write = stdout_write};
	struct profile *p;
	uint64_t begun_ns = clock_now_ns(), made_ns;
	int status = 0;

	p = reading ? read_file(argv[2]) : argc == 3 ? make(argv[1]) : NULL;
	if (!p) {
		fprintf(stderr, "usage: gen-profile KIND|read FILE FORMAT\n");
		return 2;
	}
	made_ns = clock_now_ns();
	if (write_as(p, argv[argc - 1], &sink) || sink.code || fflush(stdout)) {
		fprintf(stderr, "cannot write '%s'\n", argv[argc - 1]);
		status = 2;
	}
	if (getenv("PROFD_GEN_TIMES"))
		fprintf(stderr, "make %.1f ms, write %.1f ms, %zu bytes\n",
			(double)(made_ns - begun_ns) / 1e6,
			(double)(clock_now_ns() - made_ns) / 1e6, (size_t)sink.bytes);
	profile_free(p);
	return status;
}
