/* The text of perf script from outside. */
#include <stddef.h>
#include <stdint.h>

#include "use.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct error err = {0};
	struct profile *p = perfscript_read(data, n, &err);

	perfscript_is(data, n);
	if (!p)
		return 0;
	use_profile(p);
	use_times(p);
	use_tree(p);
	profile_free(p);
	return 0;
}
