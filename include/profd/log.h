#pragma once
/* Debug lines on stderr, off unless PROFD_DEBUG names the domain ("perf,unwind" or
 * "all"). Library code returns its errors and logs nothing else. Any thread. */
#include <stdbool.h>

bool log_enabled(const char *domain);
void log_line(const char *domain, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
#define log_debug(domain, ...)                                                           \
	do {                                                                             \
		if (log_enabled(domain))                                                 \
			log_line(domain, __VA_ARGS__);                                   \
	} while (0)
