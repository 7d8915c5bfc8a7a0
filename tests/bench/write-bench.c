/* How long each artifact of a profile takes to write, and how large it is: reads a pprof
 * file, then writes every format N times into memory and prints the medians of the
 * thread's own CPU time.
 *
 * write-bench FILE.pb.gz [N] [DIR]: with DIR the last one of each is kept there. */
#include <profd/format.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <profd/number.h>
#include <profd/text.h>

#define RUNS_MAX 1000u

static void write_pprof(const struct profile *p, struct sink *out)
{
	pprof_write(p, out);
}

static void write_folded(const struct profile *p, struct sink *out)
{
	folded_write(p, false, out);
}

static void write_svg(const struct profile *p, struct sink *out)
{
	struct flame_options o = {.title = "write-bench"};

	svg_write(p, &o, out);
}

static void write_html(const struct profile *p, struct sink *out)
{
	struct flame_options o = {.title = "write-bench"};

	html_write(p, &o, NULL, 0, NULL, 0, out);
}

static void build_tree(const struct profile *p, struct sink *out)
{
	struct flame f;

	flame_build(&f, p, profile_default_value(p));
	out->bytes = (uint64_t)f.nodes.n * sizeof(*f.nodes.v) +
		     (uint64_t)f.chain.n * sizeof(*f.chain.v) +
		     (uint64_t)f.calls.n * sizeof(*f.calls.v);
	flame_done(&f);
}

static void build_top(const struct profile *p, struct sink *out)
{
	struct top t;

	top_build(&t, p, profile_default_value(p));
	out->bytes = (uint64_t)t.rows.n * sizeof(*t.rows.v);
	top_done(&t);
}

static const struct {
	const char *name;
	void (*write)(const struct profile *p, struct sink *out);
} formats[] = {{"tree", build_tree},	   {"top", build_top},
	       {"cpu.pb.gz", write_pprof}, {"cpu.folded", write_folded},
	       {"cpu.svg", write_svg},	   {"index.html", write_html}};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare_double(const void *va, const void *vb)
{
	double a = *(const double *)va, b = *(const double *)vb;

	return a < b ? -1 : a > b;
}

static int keep(const char *dir, const char *name, const struct text *t)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	if (!f) {
		perror(path);
		return 1;
	}
	fwrite(text_get(t), 1, t->len, f);
	return fclose(f) != 0;
}

static int bench(const struct profile *p, unsigned format, unsigned n, const char *dir)
{
	double ms[RUNS_MAX];
	struct sink_text s;
	struct text t = {0};
	int r = 0;

	for (unsigned i = 0; i < n; i++) {
		text_clear(&t);
		sink_text_init(&s, &t);
		ms[i] = now_ms();
		formats[format].write(p, &s.sink);
		ms[i] = now_ms() - ms[i];
	}
	qsort(ms, n, sizeof(*ms), compare_double);
	printf("%-12s %9.2f ms  least %9.2f ms %10llu bytes\n", formats[format].name,
	       ms[n / 2], ms[0], (unsigned long long)s.sink.bytes);
	if (dir && t.len)
		r = keep(dir, formats[format].name, &t);
	text_done(&t);
	return r;
}

int main(int argc, char **argv)
{
	uint64_t n = 11;
	struct error err = {0};
	struct profile *p;
	char *data;
	size_t size;
	int r = 0;

	if (argc < 2 || (argc > 2 && number_parse_u64(argv[2], 1, RUNS_MAX, &n))) {
		fprintf(stderr, "usage: write-bench FILE.pb.gz [1..%u [DIR]]\n",
			RUNS_MAX);
		return 2;
	}
	if (io_slurp(argv[1], 256 << 20, &data, &size)) {
		perror(argv[1]);
		return 1;
	}
	p = pprof_read(data, size, 1 << 30, &err);
	free(data);
	if (!p) {
		fprintf(stderr, "%s: %s\n", argv[1], err.text);
		return 1;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(formats); i++)
		r |= bench(p, i, (unsigned)n, argc > 3 ? argv[3] : NULL);
	profile_free(p);
	return r;
}
