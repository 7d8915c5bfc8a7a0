/* Two pprof files from outside and their difference, in every form, and which functions of
 * them changed; and run.json, which says how a recording was made.
 *
 * An input is a run.json where it begins with '{'. Else: a byte of options (bits 0-1:
 * enum diff_normalize, 2: unlike ones, 3-4 and 5-6: the values of the two), the length of
 * the first file in two bytes, the smaller one first, and the files. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <profd/diff-report.h>
#include <profd/functions.h>
#include <profd/report.h>

#define FILE_MAX_BYTES ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void write_all(const struct diff *d)
{
	struct text t = {0};
	struct sink_text out;

	sink_text_init(&out, &t);
	diff_text_write(d, &(struct diff_report_options){.all = true}, &out.sink);
	diff_text_write(d, &(struct diff_report_options){.rows = 2, .cum = true},
			&out.sink);
	diff_json_write(d, &out.sink);
	folded_write_diff(d->profile, true, &out.sink);
	svg_write(d->profile,
		  &(struct flame_options){.title = "x", .max_boxes = 100, .diff = true},
		  &out.sink);
	pprof_write(d->profile, &out.sink);
	text_done(&t);
}

/* Nothing differs from itself. */
static void check_itself(const struct diff *d)
{
	if (d->all.delta || d->new.n || d->vanished.n || d->new.quiet ||
	    d->vanished.quiet)
		abort();
	for (uint32_t i = 0; i < d->functions.n; i++)
		if (d->functions.v[i].self.delta || d->functions.v[i].total.delta)
			abort();
}

static void compare(struct diff_side *before, struct diff_side *after,
		    const struct diff_options *o)
{
	struct error err = {0};
	struct diff d;

	if (diff_build(&d, before, after, o, &err) < 0) {
		if (!err.text[0])
			abort();
		return;
	}
	write_all(&d);
	if (before->profile == after->profile && before->value == after->value)
		check_itself(&d);
	diff_done(&d);
}

/* As a pair, and as two in which both are on either side: nothing is named there. */
static void judge(const struct diff_side *before, const struct diff_side *after,
		  bool allow_unlike)
{
	struct functions_options o = {.share = .05, .allow_unlike = allow_unlike};
	struct functions_run b = {before->profile, before->value, "before", NAN, NAN};
	struct functions_run a = {after->profile, after->value, "after", NAN, NAN};
	struct functions_pair pairs[] = {{b, a}, {a, b}};

	for (uint32_t n = 1; n <= 2; n++) {
		struct error err = {0};
		struct functions f;

		if (functions_build(&f, pairs, n, &o, &err) < 0) {
			if (!err.text[0])
				abort();
			continue;
		}
		if (n == 2 && f.named)
			abort();
		functions_done(&f);
	}
}

/* What is written is read again. */
static void check_origin(const struct origin *o)
{
	struct profile *p = profile_new();
	struct origin back;

	origin_write(o, p);
	origin_read(&back, p);
	if (strcmp(o->engine, back.engine) || strcmp(o->code, back.code) ||
	    strcmp(o->of, back.of) || strcmp(o->event, back.event) ||
	    strcmp(o->testbed, back.testbed))
		abort();
	profile_free(p);
}

static void side_init(struct diff_side *s, const struct profile *p, unsigned value)
{
	s->profile = p;
	s->value = value % p->nvalues;
	s->name = "x";
	origin_read(&s->origin, p);
	check_origin(&s->origin);
}

static void read_two(const uint8_t *data, size_t n)
{
	size_t first = data[1] | (size_t)data[2] << 8;
	struct diff_options o = {data[0] & 3, data[0] & 4};
	struct profile *p[2];
	struct diff_side s[2];

	if (first > n - 3)
		first = n - 3;
	p[0] = pprof_read(data + 3, first, FILE_MAX_BYTES, NULL);
	p[1] = pprof_read(data + 3 + first, n - 3 - first, FILE_MAX_BYTES, NULL);
	for (unsigned i = 0; i < 2; i++)
		if (p[i] && p[i]->nvalues)
			side_init(&s[i], p[i], data[0] >> (3 + 2 * i) & 3);
	if (p[0] && p[0]->nvalues)
		compare(&s[0], &s[0], &o);
	if (p[0] && p[0]->nvalues && p[1] && p[1]->nvalues) {
		compare(&s[0], &s[1], &o);
		judge(&s[0], &s[1], o.allow_unlike);
	}
	profile_free(p[0]);
	profile_free(p[1]);
}

static void read_run(const uint8_t *data, size_t n)
{
	int fd = memfd_create("run.json", MFD_CLOEXEC);
	struct error err = {0};
	struct origin o;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || io_write(fd, data, n) < 0)
		abort();
	if (run_origin_load(path, &o, &err) < 0 && !err.text[0])
		abort();
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n && data[0] == '{')
		read_run(data, n);
	else if (n > 3)
		read_two(data, n);
	return 0;
}
