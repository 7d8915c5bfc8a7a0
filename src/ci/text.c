/* What keeps text from being a command. */
#include <profd/ci-text.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <profd/io.h>
#include <profd/mem.h>
#include <profd/text.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* --- one line ------------------------------------------------------------------------ */

/* U+202A to U+202E, U+2066 to U+2069, and U+200E, U+200F turn the direction of writing; U+2028
 * and U+2029 end lines for some. All are three bytes. */
static bool turns(const char *s)
{
	unsigned char b = (unsigned char)s[1], c;

	if ((unsigned char)s[0] != 0xe2 || (b != 0x80 && b != 0x81))
		return false;
	c = (unsigned char)s[2];
	if (b == 0x81)
		return c >= 0xa6 && c <= 0xa9;
	return c == 0x8e || c == 0x8f || (c >= 0xa8 && c <= 0xae);
}

/* @s is clean. Cut in front of a whole character. */
static size_t cut(const char *s, size_t n, size_t max)
{
	if (n <= max)
		return n;
	while (max && ((unsigned char)s[max] & 0xc0) == 0x80)
		max--;
	return max;
}

static void add_harmless(struct text *t, const char *s, size_t n)
{
	const char *end = s + n, *begin = s + strspn(s, " ");

	for (; s < end; s++) {
		if (turns(s)) {
			text_add(t, REPLACEMENT);
			s += 2;
			continue;
		}
		text_addc(t, *s);
		if ((s == begin && s[0] == ':' && s[1] == ':') ||
		    (s[0] == '#' && s[1] == '#' && s[2] == '['))
			text_addc(t, ' ');
	}
}

void ci_add_line(struct text *t, const char *s, size_t max)
{
	struct text clean = {0};
	size_t n;

	text_add_clean(&clean, s ? s : "", s ? strlen(s) : 0);
	n = cut(text_get(&clean), clean.len, max);
	add_harmless(t, text_get(&clean), n);
	if (n < clean.len)
		text_add(t, "…");
	text_done(&clean);
}

/* --- workflow commands ---------------------------------------------------------------- */

static void add_escaped(struct text *t, const char *s, size_t max, const char *signs)
{
	struct text clean = {0};
	size_t n;

	text_add_lines(&clean, s ? s : "", s ? strlen(s) : 0);
	n = cut(text_get(&clean), clean.len, max);
	for (size_t i = 0; i < n; i++) {
		if (turns(clean.s + i)) {
			text_add(t, REPLACEMENT);
			i += 2;
		} else if (strchr(signs, clean.s[i])) {
			text_addf(t, "%%%02X", (unsigned char)clean.s[i]);
		} else {
			text_addc(t, clean.s[i]);
		}
	}
	if (n < clean.len)
		text_add(t, "…");
	text_done(&clean);
}

void ci_add_data(struct text *t, const char *s, size_t max)
{
	add_escaped(t, s, max, "%\r\n");
}

void ci_add_property(struct text *t, const char *s, size_t max)
{
	add_escaped(t, s, max, "%\r\n:,");
}

void ci_secret(char ret[CI_SECRET_BYTES])
{
	unsigned char bytes[(CI_SECRET_BYTES - 1) / 2];

	/* 16 bytes are never interrupted, nor cut short: getrandom(2). */
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		abort();
	for (size_t i = 0; i < sizeof(bytes); i++) {
		ret[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		ret[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	ret[CI_SECRET_BYTES - 1] = '\0';
}

void ci_add_output(struct text *t, const char *name, const char *value)
{
	char secret[CI_SECRET_BYTES];

	if (!strpbrk(value, "\r\n")) {
		text_addf(t, "%s=%s\n", name, value);
		return;
	}
	ci_secret(secret);
	text_addf(t, "%s<<profd-%s\n%s\nprofd-%s\n", name, secret, value, secret);
}

int ci_append(const char *path, const struct text *t, struct error *err)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666), code;

	if (fd < 0)
		return error_set(err, -errno, "cannot append to '%s': %s", path,
				 strerror(errno));
	code = io_write(fd, text_get(t), t->len);
	if (close(fd) < 0 && code == 0)
		code = -errno;
	return code < 0 ? error_set(err, code, "cannot append to '%s': %s", path,
				    strerror(-code))
			: 0;
}
