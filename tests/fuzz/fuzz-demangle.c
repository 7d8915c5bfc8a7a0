/* Symbol names from outside. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <profd/mem.h>
#include <profd/objfile.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *s = xstrndup((const char *)data, n);

	free(demangle(s));
	free(s);
	return 0;
}
