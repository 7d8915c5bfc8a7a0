/* The text encoding, to be read, compared and written by people. A line is a record,
 *
 * 	fork time=17 pid=8 tid=8 ppid=7 ptid=7
 *
 * and goes on in lines that begin with a blank. Strings are quoted, "…" "…" is one
 * string. Data are pieces between commas: pairs of hexadecimal digits, *N for N zero
 * bytes, 0x… for a word of eight bytes, lowest first. Fields may stand in any order.
 * Lines that begin with # are comments. */
#include <profd/capture.h>

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include <profd/mem.h>

#include "capture-priv.h"

#define WORDS_FROM_BYTES 64u /* shorter data are plain digits */
#define PIECES_PER_LINE 5u

/* --- writing ------------------------------------------------------------------------ */

void capture_begin(struct text *out, bool as_text)
{
	if (as_text)
		text_addf(out, CAPTURE_TEXT_MAGIC " %d.%d, see profd-formats(5)\n",
			  CAPTURE_MAJOR, CAPTURE_MINOR);
	else
		text_addn(out, CAPTURE_MAGIC, CAPTURE_MAGIC_BYTES);
}

static void print_string(struct text *out, const struct capture_bytes *b)
{
	text_addc(out, '"');
	for (size_t i = 0; i < b->n; i++) {
		uint8_t c = b->p[i];

		if (c == '"' || c == '\\')
			text_addf(out, "\\%c", c);
		else if (c == '\n')
			text_add(out, i + 1 < b->n ? "\\n\"\n\t\"" : "\\n");
		else if (c < 0x20 || c >= 0x7f)
			text_addf(out, "\\x%02x", c);
		else
			text_addc(out, (char)c);
	}
	text_addc(out, '"');
}

static void print_digits(struct text *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		text_addf(out, "%02x", p[i]);
}

static void print_comma(struct text *out, size_t *pieces)
{
	if (*pieces)
		text_add(out, *pieces % PIECES_PER_LINE ? "," : ",\n\t");
	(*pieces)++;
}

static void print_data(struct text *out, const struct capture_bytes *b)
{
	size_t pieces = 0, i = 0;
	uint64_t word = 0;

	if (b->n < WORDS_FROM_BYTES) {
		print_digits(out, b->p, b->n);
		return;
	}
	while (i + 8 <= b->n) {
		size_t zeros = 0;

		for (; i + 8 <= b->n; i += 8, zeros += 8) {
			memcpy(&word, b->p + i, 8);
			if (word)
				break;
		}
		print_comma(out, &pieces);
		if (zeros) {
			text_addf(out, "*%zu", zeros);
			continue;
		}
		text_addf(out, "0x%llx", (unsigned long long)word);
		i += 8;
	}
	if (i < b->n) {
		print_comma(out, &pieces);
		print_digits(out, b->p + i, b->n - i);
	}
}

static void print_list(struct text *out, const struct capture_list *list)
{
	size_t pieces = 0;

	for (size_t i = 0; i < list->n; i++) {
		print_comma(out, &pieces);
		text_addf(out, "0x%llx", (unsigned long long)list->v[i]);
	}
}

static bool is_absent(const struct capture_field *f, const void *value)
{
	switch (f->kind) {
	case CAPTURE_STRING:
	case CAPTURE_DATA:
		return !((const struct capture_bytes *)value)->p;
	case CAPTURE_LIST:
		return !((const struct capture_list *)value)->n;
	default:
		return !*(const uint64_t *)value;
	}
}

static void print_value(struct text *out, const struct capture_field *f,
			const void *value)
{
	switch (f->kind) {
	case CAPTURE_NUMBER:
		text_addf(out, "%llu", (unsigned long long)*(const uint64_t *)value);
		break;
	case CAPTURE_HEX:
		text_addf(out, "0x%llx", (unsigned long long)*(const uint64_t *)value);
		break;
	case CAPTURE_SIGNED:
		text_addf(out, "%lld", (long long)*(const int64_t *)value);
		break;
	case CAPTURE_STRING:
		print_string(out, value);
		break;
	case CAPTURE_DATA:
		print_data(out, value);
		break;
	case CAPTURE_LIST:
		print_list(out, value);
		break;
	}
}

void capture_print(struct text *out, const struct capture_record *r)
{
	const struct capture_shape *shape = capture_shape(r->type);

	text_add(out, shape->name);
	for (size_t i = 0; i < shape->nfields; i++) {
		const struct capture_field *f = &shape->fields[i];
		const void *value = (const char *)r + f->at;

		if (is_absent(f, value))
			continue;
		text_addf(out, " %s=", f->name);
		print_value(out, f, value);
	}
	text_addc(out, '\n');
}

/* --- reading ------------------------------------------------------------------------ */

struct input {
	const char *p, *end;
	struct capture_room *room;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct input *in)
{
	while (in->p < in->end && is_blank(*in->p))
		in->p++;
}

static bool next_is(const struct input *in, char c)
{
	return in->p < in->end && *in->p == c;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

static int parse_number(struct input *in, uint64_t *ret_value)
{
	uint64_t base = 10, v = 0;
	const char *start;

	if (in->end - in->p > 2 && in->p[0] == '0' && in->p[1] == 'x') {
		base = 16;
		in->p += 2;
	}
	for (start = in->p; in->p < in->end; in->p++) {
		uint64_t digit = (uint64_t)digit_of(*in->p);

		if (digit >= base)
			break;
		if (v > (UINT64_MAX - digit) / base)
			return -EBADMSG;
		v = v * base + digit;
	}
	*ret_value = v;
	return in->p > start ? 0 : -EBADMSG;
}

static int parse_signed(struct input *in, int64_t *ret_value)
{
	bool minus = next_is(in, '-');
	uint64_t v;

	in->p += minus;
	if (parse_number(in, &v) < 0 || v > (uint64_t)INT64_MAX + minus)
		return -EBADMSG;
	*ret_value = (int64_t)(minus ? -v : v);
	return 0;
}

/* Two hexadecimal digits. */
static int parse_byte(struct input *in, uint8_t *ret_byte)
{
	int high, low;

	if (in->end - in->p < 2)
		return -EBADMSG;
	high = digit_of(in->p[0]);
	low = digit_of(in->p[1]);
	if (high > 15 || low > 15)
		return -EBADMSG;
	in->p += 2;
	*ret_byte = (uint8_t)(high << 4 | low);
	return 0;
}

static int parse_escape(struct input *in, uint8_t *ret_byte)
{
	if (in->p == in->end)
		return -EBADMSG;
	switch (*in->p++) {
	case '"':
		*ret_byte = '"';
		return 0;
	case '\\':
		*ret_byte = '\\';
		return 0;
	case 'n':
		*ret_byte = '\n';
		return 0;
	case 't':
		*ret_byte = '\t';
		return 0;
	case 'x':
		return parse_byte(in, ret_byte);
	default:
		return -EBADMSG;
	}
}

static int parse_quoted(struct input *in, struct text *out)
{
	for (in->p++; in->p < in->end && *in->p != '"';) {
		uint8_t c = (uint8_t)*in->p++;

		if (c == '\\' && parse_escape(in, &c) < 0)
			return -EBADMSG;
		text_addc(out, (char)c);
	}
	if (in->p == in->end)
		return -EBADMSG;
	in->p++;
	return 0;
}

static int parse_string(struct input *in, struct capture_bytes *ret)
{
	struct text *out = &in->room->bytes;
	size_t at = out->len;

	if (!next_is(in, '"'))
		return -EBADMSG;
	while (next_is(in, '"')) {
		if (parse_quoted(in, out) < 0 || out->len > CAPTURE_RECORD_MAX_BYTES)
			return -EBADMSG;
		skip_blanks(in);
	}
	ret->p = (const uint8_t *)(uintptr_t)(at + 1);
	ret->n = out->len - at;
	text_addc(out, 0);
	return 0;
}

static int add_zeros(struct input *in, struct text *out, uint64_t n)
{
	static const char zeros[4096];

	if (out->len > CAPTURE_RECORD_MAX_BYTES ||
	    n > CAPTURE_RECORD_MAX_BYTES - out->len)
		return -EBADMSG;
	in->room->zeros += n;
	for (; n > sizeof(zeros); n -= sizeof(zeros))
		text_addn(out, zeros, sizeof(zeros));
	text_addn(out, zeros, n);
	return 0;
}

static int parse_piece(struct input *in, struct text *out)
{
	const char *start = in->p;
	uint64_t v;
	uint8_t byte;

	if (next_is(in, '*')) {
		in->p++;
		return parse_number(in, &v) < 0 ? -EBADMSG : add_zeros(in, out, v);
	}
	if (in->end - in->p > 2 && in->p[0] == '0' && in->p[1] == 'x') {
		if (parse_number(in, &v) < 0)
			return -EBADMSG;
		text_addn(out, &v, sizeof(v));
		return 0;
	}
	while (in->p < in->end && digit_of(*in->p) < 16) {
		if (parse_byte(in, &byte) < 0)
			return -EBADMSG;
		text_addc(out, (char)byte);
	}
	return in->p > start ? 0 : -EBADMSG;
}

static bool more_pieces(struct input *in)
{
	if (!next_is(in, ','))
		return false;
	in->p++;
	skip_blanks(in);
	return true;
}

static int parse_data(struct input *in, struct capture_bytes *ret)
{
	struct text *out = &in->room->bytes;
	size_t at = out->len;

	if (in->p < in->end && !is_blank(*in->p)) {
		do {
			if (parse_piece(in, out) < 0 ||
			    out->len > CAPTURE_RECORD_MAX_BYTES)
				return -EBADMSG;
		} while (more_pieces(in));
	}
	ret->p = (const uint8_t *)(uintptr_t)(at + 1);
	ret->n = out->len - at;
	text_addc(out, 0);
	return 0;
}

static size_t count_commas(const struct input *in)
{
	size_t n = 0;

	for (const char *p = in->p; p < in->end && *p != '='; p++)
		n += *p == ',';
	return n;
}

static int parse_list(struct input *in, struct capture_list *ret)
{
	size_t max = count_commas(in) + 1, n = 0;
	uint64_t *v = capture_room_list(in->room, max);

	if (!v)
		return -EBADMSG;
	do {
		if (n == max || parse_number(in, &v[n]) < 0)
			return -EBADMSG;
		n++;
	} while (more_pieces(in));
	*ret = (struct capture_list){v, n};
	return 0;
}

static int parse_value(struct input *in, const struct capture_field *f, void *value)
{
	switch (f->kind) {
	case CAPTURE_NUMBER:
	case CAPTURE_HEX:
		return parse_number(in, value);
	case CAPTURE_SIGNED:
		return parse_signed(in, value);
	case CAPTURE_STRING:
		return parse_string(in, value);
	case CAPTURE_DATA:
		return parse_data(in, value);
	case CAPTURE_LIST:
		return parse_list(in, value);
	}
	return -EBADMSG;
}

static const struct capture_field *find_field(const struct capture_shape *shape,
					      const char *name, size_t n)
{
	for (size_t i = 0; i < shape->nfields; i++) {
		if (strlen(shape->fields[i].name) == n &&
		    !memcmp(shape->fields[i].name, name, n))
			return &shape->fields[i];
	}
	return NULL;
}

/* The value of a field that only a newer version knows: up to the next blank outside of
 * quotes. */
static void skip_value(struct input *in)
{
	bool quoted = false;

	for (; in->p < in->end && (quoted || !is_blank(*in->p)); in->p++) {
		if (*in->p == '\\' && quoted && in->p + 1 < in->end)
			in->p++;
		else if (*in->p == '"')
			quoted = !quoted;
	}
}

static const char *word(struct input *in, size_t *ret_n)
{
	const char *start = in->p;

	while (in->p < in->end && (isalnum((unsigned char)*in->p) || *in->p == '_'))
		in->p++;
	*ret_n = (size_t)(in->p - start);
	return start;
}

static int parse_field(struct input *in, const struct capture_shape *shape,
		       struct capture_record *r, struct error *err)
{
	const struct capture_field *f;
	size_t n;
	const char *name = word(in, &n);

	if (!n || !next_is(in, '='))
		return error_set(err, -EBADMSG, "a field of '%s' is not NAME=VALUE",
				 shape->name);
	in->p++;
	f = find_field(shape, name, n);
	if (!f && in->room->newer) {
		skip_value(in);
		return 0;
	}
	if (!f)
		return error_set(err, -EBADMSG, "'%s' has no field '%.*s'", shape->name,
				 (int)(n < 40 ? n : 40), name);
	if (parse_value(in, f, (char *)r + f->at) < 0 ||
	    (in->p < in->end && !is_blank(in->p[0]) && !is_blank(in->p[-1])))
		return error_set(err, -EBADMSG, "the value of '%s' in '%s' is damaged",
				 f->name, shape->name);
	return 0;
}

int capture_parse(const char *line, size_t n, struct capture_room *room,
		  struct capture_record *ret_record, struct error *err)
{
	struct input in = {line, line + n, room};
	const struct capture_shape *shape;
	enum capture_type type;
	const char *name;
	size_t len;

	room->used = 0;
	text_clear(&room->bytes);
	name = word(&in, &len);
	type = capture_type_find(name, len);
	shape = capture_shape(type);
	if (!shape)
		return error_set(err, -ENOENT, "unknown record '%.*s'",
				 (int)(len < 40 ? len : 40), name);
	*ret_record = (struct capture_record){.type = type};
	skip_blanks(&in);
	while (in.p < in.end) {
		int code = parse_field(&in, shape, ret_record, err);

		if (code < 0)
			return code;
		skip_blanks(&in);
	}
	capture_room_settle(room, shape, true, ret_record);
	return 0;
}
