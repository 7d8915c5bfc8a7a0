/* The sentence and the hint of a failure. Names in them come from outside: control
 * characters would break the line or drive the terminal, and a path may be longer than
 * the room for the sentence, whose end has the reason. */
#include <profd/error.h>

#include <stdarg.h>
#include <string.h>

#include <profd/text.h>

static bool inside_character(char c)
{
	return (c & 0xc0) == 0x80; /* RFC 3629 */
}

/* Copies clean text; what does not fit is left out in the middle. */
static void text_fit(const struct text *t, char *to, size_t size)
{
	static const char gap[] = "…";
	size_t head = size / 2, tail = t->len - (size - head - sizeof(gap));

	if (t->len < size) {
		memcpy(to, text_get(t), t->len + 1);
		return;
	}
	while (head && inside_character(t->s[head]))
		head--;
	while (inside_character(t->s[tail]))
		tail++;
	memcpy(to, t->s, head);
	memcpy(to + head, gap, sizeof(gap) - 1);
	memcpy(to + head + sizeof(gap) - 1, t->s + tail, t->len - tail + 1);
}

static __attribute__((format(printf, 3, 0))) void print_fit(char *to, size_t size,
							    const char *fmt, va_list ap)
{
	struct text raw = {0}, clean = {0};

	text_vaddf(&raw, fmt, ap);
	text_add_clean(&clean, text_get(&raw), raw.len);
	text_fit(&clean, to, size);
	text_done(&raw);
	text_done(&clean);
}

int error_set(struct error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	err->code = code;
	err->hint[0] = '\0';
	va_start(ap, fmt);
	print_fit(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return code;
}

void error_hint(struct error *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	print_fit(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
}
