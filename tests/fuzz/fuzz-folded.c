/* Folded stacks from outside: what is accepted must be writable in every format. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <profd/format.h>
#include <profd/text.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What was written is read again, and written alike. */
static void read_again(const struct text *t)
{
	struct profile *p = folded_read(text_get(t), t->len, "samples", "count", NULL);
	struct text again = {0};
	struct sink_text out;

	/* Counts of 0 leave nothing to write. */
	if (!p)
		return;
	sink_text_init(&out, &again);
	folded_write(p, true, &out.sink);
	if (again.len != t->len || memcmp(text_get(&again), text_get(t), t->len) != 0)
		abort();
	text_done(&again);
	profile_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct error err = {0};
	struct profile *p = folded_read(data, n, "samples", "count", &err);
	struct text t = {0}, other = {0};
	struct sink_text out;

	if (!p)
		return 0;
	sink_text_init(&out, &t);
	folded_write(p, true, &out.sink);
	read_again(&t);
	sink_text_init(&out, &other);
	pprof_write(p, &out.sink);
	svg_write(p, &(struct flame_options){.title = "x", .max_boxes = 100}, &out.sink);
	speedscope_write(p, 0, "x", &out.sink);
	text_done(&t);
	text_done(&other);
	profile_free(p);
	return 0;
}
