#pragma once
/* Figures for people: scaled to a handy unit, and with no more digits than are known. Any
 * thread.
 *
 * @width is how well a value is known: the width of its interval, from low to high. Two
 * significant digits of it are shown, and the value to the same place. Infinite or NaN: not
 * known, then the value has four digits; 0: it is exact, then it has six. Units are those of
 * outcome.h: "s", "B" and "B/s" (by 1024), "", "/s", "%", or any other, which stays as it
 * is. */
#include <stdbool.h>

struct text;

/* "512.3 ms", "40.0 MB", "2.10 M/s", "95.2 %", "12.3 G"; "-" for NaN, "∞". */
void figure_add(struct text *t, double value, double width, const char *unit);
/* "+7.9 %" of a fraction, else as above with a sign. */
void figure_add_change(struct text *t, double change, double width, bool ratio,
		       const char *unit);
/* "[+6.1, +9.4]", in the unit that figure_add_change gives @change, without its name. An
 * end that is infinite is so. */
void figure_add_interval(struct text *t, double change, double low, double high,
			 bool ratio, const char *unit);
/* "3 %", "0.5 %", "1.5 ms": a size without a sign, as people would say it. */
void figure_add_size(struct text *t, double size, bool ratio, const char *unit);
/* "4 min 32 s", "61 s", "250 ms". */
void figure_add_duration(struct text *t, double seconds);
/* @value to one digit of @width: equal figures for what differs by less than chance, but
 * for those that happen to be near the middle. */
double figure_round(double value, double width);
