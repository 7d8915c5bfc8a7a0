#pragma once
/* How a profile was sampled, as far as that decides with which other one it can be
 * compared. A profile carries it in lines among its comments, which profile.proto leaves
 * to free text:
 *
 *   profd: engine perf; code user+kernel; of a command; event cpu-clock
 *   profd: testbed Xeon, 2 CPUs, x86_64, Linux 6.1.0, glibc 2.36, Debian GNU/Linux 12
 *
 * Each part is "" where it is not known; the parts that are long are cut. */
#include <profd/profile.h>

struct origin {
	char engine[16]; /* perf, ptrace */
	char code[16];	 /* user, user+kernel: which code was sampled */
	/* What it is a profile of: "a command" from its start to its end, or "what ran
	 * already", for a time. */
	char of[32];
	char event[256];
	char testbed[512]; /* struct host */
};

/* Sets a part of @size bytes: cleaned, and cut between two characters. */
void origin_put(char *part, size_t size, const char *s, size_t n);
/* As comments; a part that is not known is left out. */
void origin_write(const struct origin *o, struct profile *p);
/* From the comments that origin_write makes, as far as they are there. */
void origin_read(struct origin *ret, const struct profile *p);
