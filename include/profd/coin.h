#pragma once
/* Who runs first, drawn by a coin that can be thrown again: the same seed gives the same
 * order. Any thread.
 *
 * When a coin decides the order in each pair, and head and base do not differ, then the sign
 * of their difference is that coin's, whatever the machine did meanwhile: drift, bursts,
 * anything periodic. A fixed order, even the balanced base, head, head, base, has no such
 * ground: with a disturbance of every fourth run it raises false alarms by the dozen. */
#include <stdbool.h>
#include <stdint.h>

/* From what tells the two sides apart, in this order: commits, paths, build-ids. */
uint64_t coin_seed(const char *base, const char *head);

/* Whether head is first in pair @i of a workload (any number that stays its own). */
bool coin_head_first(uint64_t seed, uint32_t workload, uint32_t i);
/* The order in triplet @i: 0 base, 1 its copy, 2 head. */
void coin_triplet(uint64_t seed, uint32_t workload, uint32_t i, uint8_t ret_order[3]);
/* Bytes of padding in the environment of both runs of pair @i, 0 <= … < limit: where the
 * stack begins shall be noise and not bias. */
uint32_t coin_padding(uint64_t seed, uint32_t workload, uint32_t i, uint32_t limit);
