/* speedscope's files from outside: what is accepted is written by profd for speedscope, and
 * read again, with the same sums. */
#include <stddef.h>
#include <stdint.h>

#include "use.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void read_again(const struct profile *p)
{
	unsigned value = profile_default_value(p);
	struct text t = {0};
	struct sink_text out;
	struct profile *again;

	sink_text_init(&out, &t);
	speedscope_write(p, value, "x", &out.sink);
	again = speedscope_read(text_get(&t), t.len, NULL);
	/* Without a sample that is above 0 there is no profile in the file, and sums of more
	 * than 64 bits are refused. */
	if (again && use_sum(again, 0) != use_sum(p, value))
		abort();
	text_done(&t);
	profile_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct error err = {0};
	struct profile *p = speedscope_read(data, n, &err);

	speedscope_is(data, n);
	if (!p)
		return 0;
	use_profile(p);
	use_times(p);
	read_again(p);
	profile_free(p);
	return 0;
}
