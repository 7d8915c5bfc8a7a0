#pragma once
/* How text is to be printed on the standard output: as on a terminal, or plain into a file
 * or a pipe. */
#include <profd/format.h>

enum colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

/* "auto", "always" or "never"; false: none of these. */
bool colour_parse(const char *word, enum colour *ret_colour);

/* COLOUR_AUTO: on a terminal, unless $NO_COLOR is set (no-color.org) or $TERM is missing or
 * "dumb". The lines of trees are of Unicode where the output is a terminal, or COLOUR_ALWAYS
 * says that it will be, and the locale is of UTF-8. The width is $COLUMNS, else that of the
 * terminal; 0 where there is none. */
struct text_style terminal_style(enum colour colour);
