#pragma once
/* As many rings as one likes, in plain memory, in place of the kernel's: defines what
 * source-perf.c takes from sampler.h and launch.h, so a program that links this has no
 * real sampler. */
#include <stddef.h>
#include <stdint.h>

#include <profd/launch.h>
#include <profd/sampler.h>

struct sampler; /* of the fake */

/* @data_bytes each, a power of two. Records go in before the first round, or in rounds:
 * in every one @produce is called, which returns false when no more will come. */
struct sampler *fake_rings_new(size_t nrings, size_t data_bytes,
			       bool (*produce)(void *arg, struct sampler *s), void *arg);
void fake_rings_free(struct sampler *s);
/* For source_perf_new; borrowed from @s. */
struct launch *fake_launch(struct sampler *s);
/* A sample of pid @ring + 1, whose ip is @ip, padded with an empty stack to @size bytes,
 * a multiple of 8. False: no room. */
bool fake_sample(struct sampler *s, size_t ring, uint64_t time_ns, uint64_t ip,
		 uint16_t size);
