/* How the order of runs is drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <profd/coin.h>

static void rule_the_order_in_a_pair_is_drawn_by_a_coin(void **state)
{
	uint64_t seed = coin_seed("abc", "def");
	uint32_t heads = 0, same = 0, fours[16] = {0};

	(void)state;
	assert_true(seed == coin_seed("abc", "def"));
	assert_true(seed != coin_seed("def", "abc") && seed != coin_seed("abcd", "ef"));
	for (uint32_t i = 0; i < 4096; i++) {
		unsigned four = 0;

		for (unsigned k = 0; k < 4; k++)
			four = four << 1 | coin_head_first(seed, 3, 4 * i + k);
		fours[four]++;
		heads += coin_head_first(seed, 0, i);
		same += coin_head_first(seed, 0, i) == coin_head_first(seed, 1, i);
		assert_true(coin_padding(seed, 0, i, 4096) < 4096);
	}
	/* 2048 and five deviations of 32; 256 and five of 15.5. */
	assert_in_range(heads, 2048 - 160, 2048 + 160);
	assert_in_range(same, 2048 - 160, 2048 + 160);
	for (unsigned i = 0; i < 16; i++)
		assert_in_range(fours[i], 256 - 78, 256 + 78);
}

static void rule_triplets_are_in_random_order(void **state)
{
	uint32_t count[27] = {0};

	(void)state;
	for (uint32_t i = 0; i < 6000; i++) {
		uint8_t o[3];

		coin_triplet(77, 0, i, o);
		assert_true(o[0] != o[1] && o[1] != o[2] && o[0] != o[2]);
		count[o[0] * 9 + o[1] * 3 + o[2]]++;
	}
	for (unsigned i = 0; i < 27; i++) {
		if (count[i])
			assert_in_range(count[i], 1000 - 145, 1000 + 145);
	}
	assert_true(count[0 * 9 + 1 * 3 + 2] && count[2 * 9 + 1 * 3 + 0] &&
		    count[1 * 9 + 0 * 3 + 2] && count[1 * 9 + 2 * 3 + 0] &&
		    count[0 * 9 + 2 * 3 + 1] && count[2 * 9 + 0 * 3 + 1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rule_the_order_in_a_pair_is_drawn_by_a_coin),
		cmocka_unit_test(rule_triplets_are_in_random_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
