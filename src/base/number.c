/* Strict number parsing: the whole string, in range, or an error. */
#include <profd/number.h>

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <profd/clock.h>
#include <profd/mem.h>

int number_parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	unsigned long long v;
	char *end;

	if (!isdigit((unsigned char)s[0]))
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno == ERANGE || v < min || v > max)
		return -ERANGE;
	*ret_value = v;
	return 0;
}

int number_parse_duration_ns(const char *s, uint64_t *ret_ns)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"", 1e9},	 {"ns", 1},   {"us", 1e3},  {"ms", 1e6},
		     {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
	double v;
	char *end;

	/* strtod also reads "inf", "nan", hex and signs: none of these is a duration. */
	if (!isdigit((unsigned char)s[0]) || s[strspn(s, "0123456789.")] == 'x')
		return -EINVAL;
	v = strtod(s, &end);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].unit))
			continue;
		v *= units[i].ns;
		if (!isfinite(v) || v >= 9e18)
			return -ERANGE;
		*ret_ns = (uint64_t)(v + 0.5);
		return 0;
	}
	return -EINVAL;
}

int number_parse_size(const char *s, uint64_t min, uint64_t max, uint64_t *ret_bytes)
{
	static const char units[] = "KMG";
	unsigned shift = 0;
	unsigned long long v;
	const char *unit;
	char *end;

	if (!isdigit((unsigned char)s[0]))
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &end, 10);
	unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (unit) {
		shift = 10 * (unsigned)(unit - units + 1);
		end++;
	}
	if (*end)
		return -EINVAL;
	if (errno == ERANGE || v > UINT64_MAX >> shift || v << shift < min ||
	    v << shift > max)
		return -ERANGE;
	*ret_bytes = v << shift;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int number_parse_hex(const char *s, const char *end, uint64_t *ret_value,
		     const char **ret_rest)
{
	const char *p = s;
	uint64_t v = 0;

	for (; p < end && hex_digit(*p) >= 0; p++) {
		if (v >> 60)
			return -ERANGE;
		v = v << 4 | (uint64_t)hex_digit(*p);
	}
	if (p == s)
		return -EINVAL;
	*ret_value = v;
	*ret_rest = p;
	return 0;
}
