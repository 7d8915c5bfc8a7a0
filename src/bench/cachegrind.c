/* The sum in a file of valgrind's cachegrind, "summary: N ...": "Cg Output File Format" in
 * Valgrind's manual. Only instructions are counted, so N stands alone or first. */
#include "bench-priv.h"

#include <errno.h>
#include <string.h>

#include <profd/io.h>
#include <profd/number.h>

int cachegrind_parse(const char *data, size_t n, uint64_t *ret_instructions)
{
	static const char key[] = "summary:";
	size_t pos = 0, len, nkey = sizeof(key) - 1;
	const char *line;
	char digits[24];

	while (io_line(data, n, &pos, &line, &len)) {
		size_t from = nkey, to;

		if (len < nkey || memcmp(line, key, nkey) != 0)
			continue;
		while (from < len && line[from] == ' ')
			from++;
		to = from;
		while (to < len && line[to] >= '0' && line[to] <= '9')
			to++;
		if (to - from >= sizeof(digits))
			return -EBADMSG;
		memcpy(digits, line + from, to - from);
		digits[to - from] = '\0';
		return number_parse_u64(digits, 0, UINT64_MAX, ret_instructions) == 0
			       ? 0
			       : -EBADMSG;
	}
	return -EBADMSG;
}
