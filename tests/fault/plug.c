/* A library whose file tests/fault/hostile damages; its code stays as it is. */
#include <stdint.h>

static __attribute__((noinline, noclone)) void burn_inner(uint64_t n)
{
	uint64_t x = 1;

	for (; n; n--) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		__asm__ volatile("" : "+r"(x));
	}
}

__attribute__((noinline, noclone)) void burn_lib(uint64_t n)
{
	burn_inner(n);
	__asm__ volatile("" ::: "memory");
}
