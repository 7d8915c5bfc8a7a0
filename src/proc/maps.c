/* One line of /proc/PID/maps (proc(5)). The file is the kernel's, but a path in it is
 * whatever the program chose: it may hold blanks, and newlines only as \012. */
#include <profd/procs.h>

#include <errno.h>
#include <string.h>

#include <profd/number.h>

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && *p == ' ')
		p++;
	return p;
}

/* A hexadecimal field followed by @stop. */
static int hex_field(const char **p, const char *end, char stop, uint64_t *ret)
{
	if (number_parse_hex(*p, end, ret, p) || *p >= end || **p != stop)
		return -EBADMSG;
	(*p)++;
	return 0;
}

int maps_line_parse(const char *line, size_t len, struct maps_line *ret_line)
{
	const char *p = line, *end = line + len;
	struct maps_line m = {0};
	uint64_t major, minor;

	if (hex_field(&p, end, '-', &m.start) || hex_field(&p, end, ' ', &m.end))
		return -EBADMSG;
	if (m.end < m.start || end - p < 5)
		return -EBADMSG;
	m.exec = p[2] == 'x';
	p += 5;
	if (hex_field(&p, end, ' ', &m.off) || hex_field(&p, end, ':', &major) ||
	    hex_field(&p, end, ' ', &minor))
		return -EBADMSG;
	m.dev_major = (uint32_t)major;
	m.dev_minor = (uint32_t)minor;
	if (p >= end || *p < '0' || *p > '9')
		return -EBADMSG;
	for (; p < end && *p >= '0' && *p <= '9'; p++)
		m.ino = m.ino * 10 + (uint64_t)(*p - '0');
	m.path = skip_blanks(p, end);
	m.path_len = (size_t)(end - m.path);
	*ret_line = m;
	return 0;
}
