#pragma once
/* Shared by the two encodings and the reader of captures. */
#include <profd/capture.h>

#define CAPTURE_MAGIC "\x89profd\x1a\n" /* not text; damaged by what converts line ends */
#define CAPTURE_MAGIC_BYTES 8u
#define CAPTURE_TEXT_MAGIC "# profd capture"

/* Of the length of a record: 4 bytes of LEB128 hold 2^28 - 1. */
#define CAPTURE_LENGTH_BYTES 4u
_Static_assert(CAPTURE_RECORD_MAX_BYTES < 1u << 7 * CAPTURE_LENGTH_BYTES, "length");

#define CAPTURE_ROOM_NUMBERS ((size_t)2 * CAPTURE_LIST_MAX)

/* 0; -ENODATA when @end comes first, -EBADMSG beyond 64 bits. */
int capture_get_number(const uint8_t **p, const uint8_t *end, uint64_t *ret_value);
/* Place for @n numbers, NULL when there is none left. */
uint64_t *capture_room_list(struct capture_room *room, size_t n);
/* A copy of @p[0..n) with a NUL behind it. @bytes is good once capture_room_settle has
 * seen the whole record; @data_too: CAPTURE_DATA was kept as well as strings. */
void capture_room_keep(struct capture_room *room, struct capture_bytes *bytes,
		       const void *p, size_t n);
void capture_room_settle(struct capture_room *room, const struct capture_shape *shape,
			 bool data_too, struct capture_record *r);
