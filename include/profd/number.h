#pragma once
/* Numbers as users write them. All refuse trailing bytes, signs where none belong, and
 * overflow. Return 0, -EINVAL (not a number) or -ERANGE (outside min..max). Any
 * thread. */
#include <stdint.h>

int number_parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret_value);
/* "10", "10s", "1.5s", "250ms", "2m", "1h"; a bare number is seconds. */
int number_parse_duration_ns(const char *s, uint64_t *ret_ns);
/* Bytes: "65536", "64K", "10M", "1G"; powers of 1024. Returns -ERANGE outside of
 * min..max. */
int number_parse_size(const char *s, uint64_t min, uint64_t max, uint64_t *ret_bytes);
/* Hexadecimal digits without 0x, as in /proc/PID/maps; stops at the first other character
 * and stores its address. Returns 0, -EINVAL without a digit, -ERANGE beyond 64 bits. */
int number_parse_hex(const char *s, const char *end, uint64_t *ret_value,
		     const char **ret_rest);
