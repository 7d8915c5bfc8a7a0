/* What the standard output is, and what the user wants of it. */
#include "terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <profd/mem.h>
#include <profd/number.h>

#define COLUMNS_MIN 20u
#define COLUMNS_MAX 10000u
#define COLUMNS_DEFAULT 80u

bool colour_parse(const char *word, enum colour *ret_colour)
{
	static const char *const words[] = {[COLOUR_AUTO] = "auto",
					    [COLOUR_ALWAYS] = "always",
					    [COLOUR_NEVER] = "never"};

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(word, words[i]))
			continue;
		*ret_colour = (enum colour)i;
		return true;
	}
	return false;
}

/* Without setlocale(): what is sorted, matched and printed does not depend on where. */
static bool locale_is_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8;

	if (!locale)
		return false;
	utf8 = !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");
	freelocale(locale);
	return utf8;
}

static bool wants_colour(enum colour colour, bool terminal)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (colour != COLOUR_AUTO)
		return colour == COLOUR_ALWAYS;
	return terminal && !(no && *no) && term && *term && strcmp(term, "dumb") != 0;
}

static unsigned columns_of(bool terminal)
{
	const char *env = getenv("COLUMNS");
	struct winsize size;
	uint64_t columns;

	if (env && number_parse_u64(env, COLUMNS_MIN, COLUMNS_MAX, &columns) == 0)
		return (unsigned)columns;
	if (!terminal)
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= COLUMNS_MIN)
		return size.ws_col;
	return COLUMNS_DEFAULT;
}

struct text_style terminal_style(enum colour colour)
{
	bool terminal = isatty(STDOUT_FILENO);

	return (struct text_style){
		.columns = columns_of(terminal),
		.colour = wants_colour(colour, terminal),
		.utf8 = (terminal || colour == COLOUR_ALWAYS) && locale_is_utf8(),
	};
}
