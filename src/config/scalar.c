/* What a scalar is, and quantities: numbers with a unit. */
#include "config-priv.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include <profd/mem.h>

/* --- plain scalars ------------------------------------------------------------------ */

static size_t digits(const char *s)
{
	return strspn(s, "0123456789");
}

static bool is_one_of(const char *s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(s, words[i]))
			return true;
	}
	return false;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool is_decimal(const char *s)
{
	size_t n;

	s += *s == '-' || *s == '+';
	n = digits(s);
	if (s[n] == '.') {
		size_t after = digits(s + n + 1);

		if (!n && !after)
			return false;
		n += 1 + after;
	}
	if (!n)
		return false;
	s += n;
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '-' || *s == '+';
		if (!digits(s))
			return false;
		s += digits(s);
	}
	return !*s;
}

static bool number_read(const char *s, double *ret_number)
{
	static const char *const infinite[] = {".inf", ".Inf", ".INF"};
	static const char *const nan[] = {".nan", ".NaN", ".NAN"};
	const char *unsigned_part = s + (*s == '-' || *s == '+');

	if (is_decimal(s))
		*ret_number = strtod(s, NULL);
	else if (is_one_of(unsigned_part, infinite, ARRAY_SIZE(infinite)))
		*ret_number = *s == '-' ? -INFINITY : INFINITY;
	else if (is_one_of(s, nan, ARRAY_SIZE(nan)))
		*ret_number = NAN;
	else if (!strncmp(s, "0x", 2) && s[2] &&
		 !s[2 + strspn(s + 2, "0123456789abcdefABCDEF")])
		*ret_number = (double)strtoull(s + 2, NULL, 16);
	else if (!strncmp(s, "0o", 2) && s[2] && !s[2 + strspn(s + 2, "01234567")])
		*ret_number = (double)strtoull(s + 2, NULL, 8);
	else
		return false;
	return true;
}

enum scalar_type scalar_type(const struct node *n, double *ret_number)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	static const char *const bools[] = {"true",  "True",  "TRUE",
					    "false", "False", "FALSE"};
	double number;

	if (n->type != NODE_SCALAR)
		return SCALAR_NONE;
	if (n->quoted)
		return SCALAR_TEXT;
	if (is_one_of(n->text, nulls, ARRAY_SIZE(nulls)))
		return SCALAR_NULL;
	if (is_one_of(n->text, bools, ARRAY_SIZE(bools)))
		return SCALAR_BOOL;
	if (!number_read(n->text, &number))
		return SCALAR_TEXT;
	if (ret_number)
		*ret_number = number;
	return SCALAR_NUMBER;
}

const char *node_is(const struct node *n)
{
	switch (scalar_type(n, NULL)) {
	case SCALAR_NULL:
		return "nothing";
	case SCALAR_BOOL:
		return "true or false";
	case SCALAR_NUMBER:
		return "a number";
	case SCALAR_TEXT:
		return "text";
	default:
		return n->type == NODE_LIST ? "a list" : "a map";
	}
}

bool name_is_plain(const char *s)
{
	return strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
			 "0123456789") == strlen(s) &&
	       *s && !digits(s);
}

/* --- quantities --------------------------------------------------------------------- */

/* [0-9]+(\.[0-9]+)? at *s, which moves behind it. */
static bool unsigned_read(const char **s, double *ret_value)
{
	size_t n = digits(*s);
	char *copy;

	if (!n)
		return false;
	if ((*s)[n] == '.') {
		size_t after = digits(*s + n + 1);

		if (!after)
			return false;
		n += 1 + after;
	}
	copy = xstrndup(*s, n);
	*ret_value = strtod(copy, NULL);
	free(copy);
	*s += n;
	return true;
}

struct unit {
	const char *word;
	double scale;
	enum config_kind kind;
};

/* As number_parse_duration_ns has them. */
static const struct unit times[] = {
	{"ns", 1e-9, CONFIG_TIME}, {"us", 1e-6, CONFIG_TIME}, {"ms", 1e-3, CONFIG_TIME},
	{"s", 1, CONFIG_TIME},	   {"m", 60, CONFIG_TIME},    {"h", 3600, CONFIG_TIME},
	{"%", 1, CONFIG_PERCENT},
};

/* [KMG]i?B is a size, [KMG] a count, either with "/s" a rate. */
static bool scaled_read(const char *s, struct unit *ret_unit)
{
	static const char prefixes[] = "KMG";
	const char *prefix = *s ? strchr(prefixes, *s) : NULL;
	int power = prefix ? (int)(prefix - prefixes) + 1 : 0;
	bool size;

	s += power > 0;
	size = *s == 'B' || (power && s[0] == 'i' && s[1] == 'B');
	if (size)
		s += *s == 'i' ? 2 : 1;
	ret_unit->scale = pow(size ? 1024 : 1000, power);
	ret_unit->kind = size ? CONFIG_SIZE : CONFIG_COUNT;
	if (!strcmp(s, "/s")) {
		ret_unit->kind = size ? CONFIG_SIZE_RATE : CONFIG_RATE;
		s += 2;
	}
	return !*s;
}

static bool unit_read(const char *s, struct unit *ret_unit)
{
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		if (!strcmp(s, times[i].word)) {
			*ret_unit = times[i];
			return true;
		}
	}
	return scaled_read(s, ret_unit);
}

int quantity_parse(const char *s, double *ret_value, enum config_kind *ret_kind)
{
	bool negative = *s == '-';
	struct unit unit;
	double v;

	s += negative;
	if (!unsigned_read(&s, &v))
		return -EINVAL;
	s += *s == ' ';
	if (!unit_read(s, &unit) || !isfinite(v * unit.scale))
		return -EINVAL;
	*ret_value = (negative ? -v : v) * unit.scale;
	*ret_kind = unit.kind;
	return 0;
}

enum config_kind config_unit(const char *unit, double *ret_scale)
{
	size_t n = strlen(unit);
	struct unit u;

	*ret_scale = 1;
	if (unit_read(unit, &u)) {
		*ret_scale = u.scale;
		return u.kind;
	}
	return n > 2 && !strcmp(unit + n - 2, "/s") ? CONFIG_RATE : CONFIG_COUNT;
}

const char *kind_example(enum config_kind kind)
{
	static const char *const examples[] = {
		[CONFIG_ANY] = "a number with a unit such as 5ms, 350MB or 2M/s",
		[CONFIG_COUNT] = "a count such as 12 or 2M",
		[CONFIG_TIME] = "a time such as 5ms or 1.5s",
		[CONFIG_SIZE] = "a size such as 64KB or 350MB",
		[CONFIG_RATE] = "a rate such as 500/s or 2M/s",
		[CONFIG_SIZE_RATE] = "a rate such as 100MB/s",
		[CONFIG_PERCENT] = "a percentage such as 95%",
	};

	return examples[kind];
}

int duration_parse(const char *s, double *ret_seconds)
{
	enum config_kind kind;

	if (*s == '-' || strchr(s, ' ') || quantity_parse(s, ret_seconds, &kind) ||
	    kind != CONFIG_TIME)
		return -EINVAL;
	return 0;
}

int percent_parse(const char *s, double *ret_fraction)
{
	enum config_kind kind;

	if (*s == '-' || strchr(s, ' ') || quantity_parse(s, ret_fraction, &kind) ||
	    kind != CONFIG_PERCENT)
		return -EINVAL;
	*ret_fraction /= 100;
	return 0;
}
