/* Debug lines, chosen by domain with PROFD_DEBUG. */
#include <profd/log.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool log_enabled(const char *domain)
{
	const char *list = getenv("PROFD_DEBUG");
	size_t n = strlen(domain);

	while (list && *list) {
		size_t len = strcspn(list, ",");

		if ((len == n && !memcmp(list, domain, n)) ||
		    (len == 3 && !memcmp(list, "all", 3)))
			return true;
		list += len + (list[len] == ',');
	}
	return false;
}

void log_line(const char *domain, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "profd: %s: %s\n", domain, line);
}
