/* Rounding and scaling of figures. A figure is split into a scale, whose name is behind it,
 * and a number of decimals: both are chosen once, so that an estimate and the ends of its
 * interval line up. */
#include <profd/figure.h>

#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "outcome-view.h"
#include <profd/mem.h>
#include <profd/text.h>

#define DIGITS_UNKNOWN 4 /* significant, where nothing says how well it is known */
#define DIGITS_EXACT 6
#define DIGITS_MAX 6
#define UNIT_MAX_BYTES 24 /* a program chose it */

struct scale {
	double factor; /* the value is divided by it */
	const char *name;
};

static const struct scale seconds[] = {
	{1e-9, "ns"}, {1e-6, "us"}, {1e-3, "ms"}, {1, "s"}, {0, NULL}};
static const struct scale bytes[] = {{1, "B"},
				     {1024, "KB"},
				     {1048576, "MB"},
				     {1073741824, "GB"},
				     {1099511627776.0, "TB"},
				     {0, NULL}};
static const struct scale byte_rates[] = {
	{1, "B/s"}, {1024, "KB/s"}, {1048576, "MB/s"}, {1073741824, "GB/s"}, {0, NULL}};
static const struct scale counts[] = {{1, ""},	  {1e3, "K"},  {1e6, "M"},
				      {1e9, "G"}, {1e12, "T"}, {0, NULL}};
static const struct scale rates[] = {
	{1, "/s"}, {1e3, "K/s"}, {1e6, "M/s"}, {1e9, "G/s"}, {0, NULL}};

static const struct scale *scales_of(const char *unit)
{
	static const struct {
		const char *unit;
		const struct scale *scales;
	} known[] = {{"s", seconds},
		     {"B", bytes},
		     {"B/s", byte_rates},
		     {"", counts},
		     {"/s", rates}};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(unit ? unit : "", known[i].unit))
			return known[i].scales;
	return NULL;
}

/* The largest that leaves one digit before the point. Counts stay whole up to 9999. */
static struct scale scale_choose(double value, const char *unit)
{
	const struct scale *s = scales_of(unit);
	double size = fabs(value);

	if (!s)
		return (struct scale){1, unit};
	if (!isfinite(size) || size == 0)
		return s == seconds ? seconds[3] : s[0];
	if (s != seconds && size < 10000 * s->factor && s[0].name[0] != 'B')
		return s[0];
	while (s[1].name && size >= s[1].factor)
		s++;
	return *s;
}

/* Decimals that show two significant digits of @width, and of @value no more than
 * DIGITS_MAX; and at least one, unless it is a change, which may be nothing. */
static int decimals(double value, double width, bool change)
{
	int magnitude = value != 0 && isfinite(value)
				? (int)floor(log10(fabs(value)) + 1e-9)
				: 0;
	int n;

	if (width == 0)
		n = DIGITS_EXACT - 1 - magnitude;
	else if (!isfinite(width))
		n = DIGITS_UNKNOWN - 1 - magnitude;
	else
		n = 1 - (int)floor(log10(fabs(width)) + 1e-9);
	if (n > DIGITS_MAX - 1 - magnitude)
		n = DIGITS_MAX - 1 - magnitude;
	if (n < -magnitude && !change)
		n = -magnitude;
	return n < 9 ? n : 9;
}

/* @n below 0 rounds before the point. A value that is rounded to nothing has no sign. */
static void add_number(struct text *t, double value, int n, bool sign)
{
	double unit = n < 0 ? pow(10, -n) : 1;
	char digits[400];

	if (isnan(value)) {
		text_add(t, "-");
		return;
	}
	if (isinf(value)) {
		text_add(t, value < 0 ? "-∞" : sign ? "+∞" : "∞");
		return;
	}
	snprintf(digits, sizeof(digits), sign ? "%+.*f" : "%.*f", n < 0 ? 0 : n,
		 round(value / unit) == 0 && n < 0 ? 0.0
		 : n < 0			   ? round(value / unit) * unit
						   : value);
	text_add(t, strtod(digits, NULL) == 0 && strchr("+-", digits[0]) ? digits + 1
									 : digits);
}

/* Trailing zeros behind the point say nothing of what is exact. */
static void trim(struct text *t, size_t from)
{
	if (!memchr(t->s + from, '.', t->len - from))
		return;
	while (t->s[t->len - 1] == '0')
		t->s[--t->len] = '\0';
	if (t->s[t->len - 1] == '.')
		t->s[--t->len] = '\0';
}

static void add_unit(struct text *t, const char *name)
{
	if (!name || !*name)
		return;
	text_addc(t, ' ');
	view_add_line(t, name, UNIT_MAX_BYTES);
}

static void add_scaled(struct text *t, double value, double width, const char *unit,
		       bool sign)
{
	struct scale s = scale_choose(value, unit);
	size_t from = t->len;

	if (!isfinite(value)) {
		add_number(t, value, 0, sign);
		return;
	}
	add_number(t, value / s.factor,
		   decimals(value / s.factor, width / s.factor, sign), sign);
	if (width == 0)
		trim(t, from);
	add_unit(t, s.name);
}

void figure_add(struct text *t, double value, double width, const char *unit)
{
	add_scaled(t, value, width, unit, false);
}

void figure_add_change(struct text *t, double change, double width, bool ratio,
		       const char *unit)
{
	/* Of a change that little is known of, two digits are enough. */
	if (!isfinite(width))
		width = fabs(change);
	if (ratio)
		add_scaled(t, 100 * change, 100 * width, "%", true);
	else
		add_scaled(t, change, width, unit, true);
}

void figure_add_interval(struct text *t, double change, double low, double high,
			 bool ratio, const char *unit)
{
	struct scale s = ratio ? (struct scale){.01, "%"} : scale_choose(change, unit);
	double width = (high - low) / s.factor;
	double size = isfinite(change) ? change / s.factor : 0;
	int n = decimals(size, isfinite(width) ? width : NAN, true);

	/* With one end infinite, the distance of the other one has to do. */
	if (!isfinite(width) && isfinite(high - change))
		n = decimals(size, 2 * (high - change) / s.factor, true);
	else if (!isfinite(width) && isfinite(change - low))
		n = decimals(size, 2 * (change - low) / s.factor, true);
	text_addc(t, '[');
	add_number(t, low / s.factor, n, true);
	text_add(t, ", ");
	add_number(t, high / s.factor, n, true);
	text_addc(t, ']');
}

void figure_add_size(struct text *t, double size, bool ratio, const char *unit)
{
	struct scale s = ratio ? (struct scale){.01, "%"} : scale_choose(size, unit);
	double value = size / s.factor;
	size_t from = t->len;

	if (!isfinite(value)) {
		add_number(t, value, 0, false);
		return;
	}
	add_number(t, value, decimals(value, fabs(value), false), false);
	trim(t, from);
	add_unit(t, s.name);
}

void figure_add_duration(struct text *t, double s)
{
	if (!isfinite(s) || s < 0)
		text_add(t, "-");
	else if (s >= 3600 && s < 3600e6)
		text_addf(t, "%.0f h %.0f min", floor(s / 3600),
			  floor(fmod(s, 3600) / 60));
	else if (s >= 119.5 && s < 3600)
		text_addf(t, "%.0f min %.0f s", floor(round(s) / 60), fmod(round(s), 60));
	else
		figure_add(t, s, s / 5, "s");
}

double figure_round(double value, double width)
{
	double step;

	if (!isfinite(value) || !isfinite(width) || width <= 0)
		return value;
	step = pow(10, floor(log10(width) + 1e-9));
	return round(value / step) * step;
}
