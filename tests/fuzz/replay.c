/* Runs a fuzz target without a fuzzer: over each file of the command line, and over N
 * damaged copies of it (FUZZ_MUTATIONS, default 300; the same ones every time): bits
 * flipped, bytes set to the values parsers trip over, pieces cut out, doubled and cut
 * off.
 *
 * 	fuzz-NAME FILE…
 *
 * Built with --enable-fuzzing the targets link libFuzzer instead of this. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <profd/io.h>
#include <profd/mem.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static uint32_t seed = 1;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return below ? (uint32_t)((uint64_t)(seed >> 8) * below >> 24) : 0;
}

static size_t mutate(uint8_t *p, size_t n, size_t cap)
{
	static const uint8_t nasty[] = {0, 1, 0x7f, 0x80, 0xff, 0xfe, 0x20, '\n'};
	size_t at = draw((uint32_t)n), len = 1 + draw(16);

	if (n < 2)
		return n;
	if (len > n - at)
		len = n - at;
	switch (draw(6)) {
	case 0:
		p[at] ^= (uint8_t)(1u << draw(8));
		return n;
	case 1:
		memset(p + at, nasty[draw(sizeof(nasty))], len);
		return n;
	case 2: /* cut a piece out */
		memmove(p + at, p + at + len, n - at - len);
		return n - len;
	case 3: /* double a piece */
		if (n + len > cap)
			return n;
		memmove(p + at + len, p + at, n - at);
		return n + len;
	case 4:
		return at + 1; /* cut off */
	default:
		p[at] = (uint8_t)draw(256);
		return n;
	}
}

/* The input lies in memory of its own size, so that a sanitizer sees a read past its
 * end. */
static void run(const uint8_t *data, size_t n)
{
	uint8_t *copy = xmemdup(data, n);

	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

int main(int argc, char **argv)
{
	const char *env = getenv("FUZZ_MUTATIONS");
	unsigned long mutations = env ? strtoul(env, NULL, 10) : 300, total = 0;

	for (int i = 1; i < argc; i++) {
		char *data;
		size_t n, cap;
		uint8_t *work;

		if (io_slurp(argv[i], (size_t)64 << 20, &data, &n) < 0) {
			fprintf(stderr, "cannot read %s\n", argv[i]);
			return 1;
		}
		run((const uint8_t *)data, n);
		cap = n + 256;
		work = xmalloc(cap);
		for (unsigned long k = 0; k < mutations; k++) {
			size_t len = n;

			memcpy(work, data, n);
			for (uint32_t m = 1 + draw(4); m > 0; m--)
				len = mutate(work, len, cap);
			run(work, len);
		}
		total += mutations + 1;
		free(work);
		free(data);
	}
	printf("%lu inputs\n", total);
	return total ? 0 : 1;
}
