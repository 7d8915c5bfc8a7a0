/* The binary encoding: eight bytes of magic, then for each record its type, the length of
 * its fields, and the fields in the table's order. Numbers are LEB128 (DWARF 5, section
 * 7.6), signed ones zigzagged; strings and data have their length plus one in front, 0
 * being "not there"; lists their count. Fields beyond those a reader knows are skipped,
 * missing ones are 0. */
#include <profd/capture.h>

#include <errno.h>
#include <string.h>

#include <profd/mem.h>

#include "capture-priv.h"

static void put_number(struct text *out, uint64_t v)
{
	uint8_t buf[10];
	unsigned n = 0;

	for (; v >= 0x80; v >>= 7)
		buf[n++] = (uint8_t)(v | 0x80);
	buf[n++] = (uint8_t)v;
	text_addn(out, buf, n);
}

static uint64_t zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static void put_field(struct text *out, const struct capture_field *f, const void *value)
{
	const struct capture_bytes *bytes = value;
	const struct capture_list *list = value;

	switch (f->kind) {
	case CAPTURE_NUMBER:
	case CAPTURE_HEX:
		put_number(out, *(const uint64_t *)value);
		break;
	case CAPTURE_SIGNED:
		put_number(out, zigzag(*(const int64_t *)value));
		break;
	case CAPTURE_STRING:
	case CAPTURE_DATA:
		put_number(out, bytes->p ? bytes->n + 1 : 0);
		if (bytes->n)
			text_addn(out, bytes->p, bytes->n);
		break;
	case CAPTURE_LIST:
		put_number(out, list->n);
		for (size_t i = 0; i < list->n; i++)
			put_number(out, list->v[i]);
		break;
	}
}

void capture_encode(struct text *out, const struct capture_record *r)
{
	const struct capture_shape *shape = capture_shape(r->type);
	size_t at, length;
	uint8_t head[CAPTURE_LENGTH_BYTES];

	put_number(out, r->type);
	/* The length has a place of fixed size, filled in afterwards: LEB128 may be
	 * padded. */
	at = out->len;
	text_addn(out, "\0\0\0\0", CAPTURE_LENGTH_BYTES);
	for (size_t i = 0; i < shape->nfields; i++)
		put_field(out, &shape->fields[i], (const char *)r + shape->fields[i].at);
	length = out->len - at - CAPTURE_LENGTH_BYTES;
	for (unsigned i = 0; i < CAPTURE_LENGTH_BYTES; i++)
		head[i] = (uint8_t)((length >> 7 * i & 0x7f) |
				    (i + 1 < CAPTURE_LENGTH_BYTES ? 0x80 : 0));
	memcpy(out->s + at, head, sizeof(head));
}

int capture_get_number(const uint8_t **p, const uint8_t *end, uint64_t *ret_value)
{
	uint64_t v = 0;

	for (unsigned shift = 0; *p < end && shift < 64; shift += 7) {
		uint8_t byte = *(*p)++;

		if (shift == 63 && byte > 1)
			return -EBADMSG;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		*ret_value = v;
		return 0;
	}
	return *p == end ? -ENODATA : -EBADMSG;
}

static int get_bytes(const uint8_t **p, const uint8_t *end, struct capture_bytes *ret)
{
	uint64_t n;

	if (capture_get_number(p, end, &n) < 0)
		return -EBADMSG;
	if (!n)
		return 0;
	if (--n > (uint64_t)(end - *p))
		return -EBADMSG;
	*ret = (struct capture_bytes){*p, n};
	*p += n;
	return 0;
}

uint64_t *capture_room_list(struct capture_room *room, size_t n)
{
	uint64_t *list;

	if (!room->lists)
		room->lists = xcalloc(CAPTURE_ROOM_NUMBERS, sizeof(*room->lists));
	if (n > CAPTURE_LIST_MAX || room->used + n > CAPTURE_ROOM_NUMBERS)
		return NULL;
	list = room->lists + room->used;
	room->used += n;
	return list;
}

void capture_room_done(struct capture_room *room)
{
	free(room->lists);
	text_done(&room->bytes);
	*room = (struct capture_room){0};
}

static int get_list(const uint8_t **p, const uint8_t *end, struct capture_room *room,
		    struct capture_list *ret)
{
	uint64_t n, *v;

	if (capture_get_number(p, end, &n) < 0 || n > CAPTURE_LIST_MAX)
		return -EBADMSG;
	v = capture_room_list(room, n);
	if (!v)
		return -EBADMSG;
	for (uint64_t i = 0; i < n; i++) {
		if (capture_get_number(p, end, &v[i]) < 0)
			return -EBADMSG;
	}
	*ret = (struct capture_list){n ? v : NULL, n};
	return 0;
}

static int get_field(const struct capture_field *f, const uint8_t **p, const uint8_t *end,
		     struct capture_room *room, void *value)
{
	uint64_t v = 0;
	int code;

	switch (f->kind) {
	case CAPTURE_STRING:
	case CAPTURE_DATA:
		return get_bytes(p, end, value);
	case CAPTURE_LIST:
		return get_list(p, end, room, value);
	case CAPTURE_SIGNED:
		code = capture_get_number(p, end, &v);
		*(int64_t *)value = (int64_t)(v >> 1 ^ -(v & 1));
		return code;
	default:
		return capture_get_number(p, end, value);
	}
}

/* Strings get a NUL behind them; in the record the next field, or nothing, is there. */
static void terminate(const struct capture_shape *shape, struct capture_room *room,
		      struct capture_record *r)
{
	for (size_t i = 0; i < shape->nfields; i++) {
		struct capture_bytes *b = (struct capture_bytes *)((char *)r +
								   shape->fields[i].at);

		if (shape->fields[i].kind != CAPTURE_STRING || !b->p)
			continue;
		capture_room_keep(room, b, b->p, b->n);
	}
	capture_room_settle(room, shape, false, r);
}

int capture_decode(unsigned type, const uint8_t *p, size_t n, struct capture_room *room,
		   struct capture_record *ret_record)
{
	const struct capture_shape *shape = capture_shape(type);
	const uint8_t *end = p + n;

	*ret_record = (struct capture_record){.type = (enum capture_type)type};
	room->used = 0;
	text_clear(&room->bytes);
	if (!shape)
		return -EBADMSG;
	for (size_t i = 0; i < shape->nfields && p < end; i++) {
		const struct capture_field *f = &shape->fields[i];

		if (get_field(f, &p, end, room, (char *)ret_record + f->at) < 0)
			return -EBADMSG;
	}
	terminate(shape, room, ret_record);
	return 0;
}

/* --- bytes that have no place in the input ------------------------------------------ */

/* The text grows, so a string is its distance from the text's start, plus one, until all
 * are in. */
void capture_room_keep(struct capture_room *room, struct capture_bytes *bytes,
		       const void *p, size_t n)
{
	size_t at = room->bytes.len;

	text_addn(&room->bytes, p, n);
	text_addc(&room->bytes, 0);
	bytes->p = (const uint8_t *)(uintptr_t)(at + 1);
	bytes->n = n;
}

void capture_room_settle(struct capture_room *room, const struct capture_shape *shape,
			 bool data_too, struct capture_record *r)
{
	for (size_t i = 0; i < shape->nfields; i++) {
		enum capture_kind kind = shape->fields[i].kind;
		struct capture_bytes *b = (struct capture_bytes *)((char *)r +
								   shape->fields[i].at);

		if (kind != CAPTURE_STRING && (kind != CAPTURE_DATA || !data_too))
			continue;
		if (b->p)
			b->p = (const uint8_t *)room->bytes.s + ((uintptr_t)b->p - 1);
	}
}
