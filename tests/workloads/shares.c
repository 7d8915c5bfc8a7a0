/* Eight functions with known, different loads: 1, 2, 4, 8, 12, 18, 25 and 30 percent.
 * They run in turns, so that a disturbance of the machine does not fall on one of them
 * alone; no turn is as long as the one before, or a period of sampling that goes into it
 * without a remainder would meet the same functions again and again. */
#include "work.h"

#define LOAD(name, call_name)                                                            \
	static FN void name(uint64_t n)                                                  \
	{                                                                                \
		BURN(n);                                                                 \
	}                                                                                \
	static FN void call_name(uint64_t n)                                             \
	{                                                                                \
		name(n);                                                                 \
		KEEP_FRAME();                                                            \
	}

LOAD(load_01, call_01)
LOAD(load_02, call_02)
LOAD(load_04, call_04)
LOAD(load_08, call_08)
LOAD(load_12, call_12)
LOAD(load_18, call_18)
LOAD(load_25, call_25)
LOAD(load_30, call_30)

int main(int argc, char **argv)
{
	uint64_t load = load_arg(argc, argv, 1500) / 100 / 500;

	expect("EXPECT main;call_01;load_01");
	expect("EXPECT main;call_30;load_30");
	expect("SHARE load_01 0.2 3");
	expect("SHARE load_08 5 11");
	expect("SHARE load_12 8 16");
	expect("SHARE load_18 14 22");
	expect("SHARE load_25 20 30");
	expect("SHARE load_30 25 35");
	for (unsigned i = 0; i < 500; i++) {
		uint64_t unit = load * (50 + i * 61 % 101) / 100;

		call_01(1 * unit);
		call_02(2 * unit);
		call_04(4 * unit);
		call_08(8 * unit);
		call_12(12 * unit);
		call_18(18 * unit);
		call_25(25 * unit);
		call_30(30 * unit);
	}
	return 0;
}
