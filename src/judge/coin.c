/* Draws are a hash of what they are for, not a sequence: pair 17 is the same whatever was
 * drawn before it. */
#include <profd/coin.h>

enum stream { PAIR = 1, TRIPLET, PADDING };

/* Every bit of the argument changes half of the result's: two rounds of multiplying by an
 * odd number and folding the upper half down. */
static uint64_t mix(uint64_t x)
{
	for (int round = 0; round < 3; round++) {
		x ^= x >> 32;
		x *= UINT64_C(0xd6e8feb86659fd93);
	}
	return x ^ x >> 32;
}

static uint64_t add_string(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = mix(h ^ (unsigned char)*s) + 1;
	return mix(h ^ 0x100); /* "ab", "c" is not "a", "bc" */
}

uint64_t coin_seed(const char *base, const char *head)
{
	return add_string(add_string(0, base), head);
}

static uint64_t draw(uint64_t seed, enum stream stream, uint32_t workload, uint32_t i)
{
	uint64_t h = mix(seed + (uint64_t)stream);

	return mix(mix(h ^ workload) + i);
}

bool coin_head_first(uint64_t seed, uint32_t workload, uint32_t i)
{
	return draw(seed, PAIR, workload, i) >> 63;
}

void coin_triplet(uint64_t seed, uint32_t workload, uint32_t i, uint8_t ret_order[3])
{
	uint64_t which = draw(seed, TRIPLET, workload, i) % 6;
	uint8_t first = (uint8_t)(which % 3), step = which < 3 ? 1 : 2;

	for (unsigned k = 0; k < 3; k++)
		ret_order[k] = (uint8_t)((first + k * step) % 3);
}

uint32_t coin_padding(uint64_t seed, uint32_t workload, uint32_t i, uint32_t limit)
{
	return limit ? (uint32_t)(draw(seed, PADDING, workload, i) % limit) : 0;
}
