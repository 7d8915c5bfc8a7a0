#pragma once
/* Shared by the test programs. A program prints, before it works, what its profile must
 * show:
 *
 *   EXPECT a;b;c      some stack holds these frames next to each other, callers first.
 *                     A frame `*` stands for any one frame, `...` for any number of them,
 *                     `x|y` for one of two names. A parameter list may be left out.
 *   SHARE f 20 30     between 20 and 30 percent of the time lies below f.
 *
 * The load is a chain of dependent multiplications: its cost does not depend on where the
 * compiler or the linker puts the loop, so equal counts are equal times. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FN __attribute__((noinline, noclone, noipa))

/* A call in the last place of a function must not become a jump: the caller would be
 * gone. */
#define KEEP_FRAME() __asm__ volatile("" ::: "memory")

#define BURN(iterations)                                                                 \
	do {                                                                             \
		uint64_t x_ = 1;                                                         \
		for (uint64_t i_ = (iterations); i_; i_--) {                             \
			x_ = x_ * 6364136223846793005u + 1442695040888963407u;           \
			__asm__ volatile("" : "+r"(x_));                                 \
		}                                                                        \
	} while (0)

#define MILLION UINT64_C(1000000)

/* argv[1]: the whole load in millions of iterations; 1,000 are about 1.3 s here. */
static inline uint64_t load_arg(int argc, char **argv, uint64_t fallback)
{
	return (argc > 1 ? strtoull(argv[1], NULL, 10) : fallback) * MILLION;
}

static inline void expect(const char *line)
{
	puts(line);
	fflush(stdout);
}
