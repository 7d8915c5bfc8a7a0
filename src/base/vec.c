/* The growing half of vec.h: capacity doubles, and indices stay 32 bit. */
#include <profd/vec.h>

#include <stdio.h>

void vec_grow(void **v, uint32_t *cap, uint32_t want, size_t size)
{
	uint32_t n = *cap ? *cap : 8;

	while (n < want) {
		if (n > UINT32_MAX / 2) {
			n = want;
			break;
		}
		n *= 2;
	}
	if (want == 0) { /* a push onto 2^32 - 1 elements wrapped around */
		fprintf(stderr, "profd: a table outgrew 2^32 rows\n");
		abort();
	}
	*v = xreallocarray(*v, n, size);
	*cap = n;
}
