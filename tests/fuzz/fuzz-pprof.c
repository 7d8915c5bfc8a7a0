/* pprof files from outside: what is accepted must be writable in every format. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <profd/format.h>
#include <profd/formats.h>
#include <profd/text.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* With itself: every row is there already. */
static void add_up(const uint8_t *data, size_t n, const struct profile *p)
{
	struct profile *sum = pprof_read(data, n, (size_t)16 << 20, NULL);

	/* Value types that are there twice match the first of them. */
	if (profile_merge(sum, p) == 0 && sum->samples.n != p->samples.n)
		abort();
	profile_free(sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct error err = {0};
	struct profile *p = pprof_read(data, n, (size_t)16 << 20, &err);
	struct text t = {0};
	struct sink_text out;
	struct format_options how = {.title = "x", .annotate = true};
	struct top top = {0};
	size_t i = 0;

	if (!p)
		return 0;
	how.value = profile_default_value(p);
	sink_text_init(&out, &t);
	for (const struct format *f; (f = format_get(i)); i++)
		f->write(p, &how, &out.sink);
	top_build(&top, p, profile_default_value(p));
	top_done(&top);
	text_done(&t);
	add_up(data, n, p);
	profile_free(p);
	return 0;
}
