/* How failures are told. */
#include "cmd.h"

#include <stdarg.h>

int cmd_fail(int status, const struct error *err)
{
	fprintf(stderr, "profd: %s\n", err->text);
	if (err->hint[0])
		fprintf(stderr, "profd: hint: %s\n", err->hint);
	return status;
}

int cmd_usage_error(int status, const char *page, const char *fmt, ...)
{
	va_list ap;

	fputs("profd: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nprofd: hint: see 'profd %s --help'\n", page);
	return status;
}
