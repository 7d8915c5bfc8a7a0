/* Reads a capture from a file, one record after the other, in whichever encoding it has.
 * The buffer grows with what is really there, never with what a length claims. */
#include <profd/capture.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <profd/mem.h>

#include "capture-priv.h"

#define CHUNK_BYTES ((size_t)256 << 10)
/* Text is larger than what it says, but for zeros. */
#define LINE_MAX_BYTES (4 * CAPTURE_RECORD_MAX_BYTES)
/* What "*N" in text stands for. A page of zeros, 4,096 bytes, takes 40 to say. */
#define ZEROS_FREE_BYTES (64ull << 20)
#define ZEROS_FACTOR 128

struct capture_reader {
	int fd;
	char *path;
	bool text, eof, cut;
	char *buf;
	size_t start, n, cap; /* buf[start..n) is unread */
	size_t release;	      /* bytes of the record that was handed out last */
	uint64_t line;	      /* of the text, from 1: where the present record begins */
	uint64_t lines, text_bytes; /* taken so far */
	struct text joined;
	struct capture_room room;
	struct capture_record header;
	bool pending; /* the header was read by capture_open */
};

static int damaged(const struct capture_reader *r, struct error *err, const char *what)
{
	if (r->text)
		return error_set(err, -EBADMSG, "'%s', line %llu: %s", r->path,
				 (unsigned long long)r->line, what);
	return error_set(err, -EBADMSG, "'%s' is damaged: %s", r->path, what);
}

/* Has @want bytes in the buffer, or all that are left: their number, or -errno. */
static ssize_t fill(struct capture_reader *r, size_t want, struct error *err)
{
	if (r->start && r->n - r->start < want) {
		memmove(r->buf, r->buf + r->start, r->n - r->start);
		r->n -= r->start;
		r->start = 0;
	}
	while (!r->eof && r->n - r->start < want) {
		ssize_t got;

		if (r->cap - r->n < CHUNK_BYTES) {
			r->cap = r->cap * 2 + CHUNK_BYTES;
			r->buf = xreallocarray(r->buf, r->cap, 1);
		}
		got = read(r->fd, r->buf + r->n, r->cap - r->n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(err, -errno, "cannot read '%s': %s", r->path,
					 strerror(errno));
		r->eof = got == 0;
		r->n += (size_t)got;
	}
	return (ssize_t)(r->n - r->start);
}

/* --- binary ------------------------------------------------------------------------- */

#define HEAD_MAX_BYTES 20u

/* 1, 0 at the end or where the file was cut, -EBADMSG. */
static int binary_head(struct capture_reader *r, uint64_t *ret_type, size_t *ret_head,
		       size_t *ret_length, struct error *err)
{
	ssize_t have = fill(r, HEAD_MAX_BYTES, err);
	const uint8_t *start, *p, *end;
	uint64_t length = 0;
	int code;

	if (have <= 0)
		return (int)have;
	start = p = (const uint8_t *)r->buf + r->start;
	end = p + have;
	code = capture_get_number(&p, end, ret_type);
	if (code == 0)
		code = capture_get_number(&p, end, &length);
	if (code == -ENODATA && r->eof) {
		r->cut = true;
		return 0;
	}
	if (code < 0)
		return damaged(r, err, "a record has no length");
	if (length > CAPTURE_RECORD_MAX_BYTES)
		return damaged(r, err, "a record is too long");
	*ret_head = (size_t)(p - start);
	*ret_length = length;
	return 1;
}

static int binary_next(struct capture_reader *r, struct capture_record *ret_record,
		       struct error *err)
{
	for (;;) {
		uint64_t type = 0;
		size_t head = 0, length = 0;
		ssize_t have;
		int code = binary_head(r, &type, &head, &length, err);

		if (code <= 0)
			return code;
		have = fill(r, head + length, err);
		if (have < 0)
			return (int)have;
		if ((size_t)have < head + length) {
			r->cut = true;
			return 0;
		}
		r->release = head + length;
		if (type < CAPTURE_TYPES && capture_shape((unsigned)type)) {
			code = capture_decode((unsigned)type,
					      (const uint8_t *)r->buf + r->start + head,
					      length, &r->room, ret_record);
			return code < 0 ? damaged(r, err, "the fields of a record") : 1;
		}
		r->start += r->release;
		r->release = 0;
	}
}

/* --- text --------------------------------------------------------------------------- */

/* The next line, without its end: 1, 0, -EBADMSG. It is taken out of the buffer by
 * line_take. */
static int line_peek(struct capture_reader *r, const char **ret_line, size_t *ret_n,
		     struct error *err)
{
	size_t looked = 0;

	for (;;) {
		ssize_t have = fill(r, looked + 1, err);
		const char *line = r->buf + r->start, *end;

		if (have < 0)
			return (int)have;
		if ((size_t)have == looked) {
			r->cut = looked > 0;
			return 0;
		}
		end = memchr(line + looked, '\n', (size_t)have - looked);
		if (end) {
			*ret_line = line;
			*ret_n = (size_t)(end - line);
			return 1;
		}
		looked = (size_t)have;
		if (looked > LINE_MAX_BYTES)
			return damaged(r, err, "the line is too long");
	}
}

static void line_take(struct capture_reader *r, size_t n)
{
	r->start += n + 1;
	r->lines++;
	r->text_bytes += n + 1;
}

static bool is_continued(struct capture_reader *r, struct error *err)
{
	return fill(r, 1, err) > 0 &&
	       (r->buf[r->start] == ' ' || r->buf[r->start] == '\t');
}

/* A line and those that continue it. */
static int join(struct capture_reader *r, struct error *err)
{
	const char *line;
	size_t n;
	int code = line_peek(r, &line, &n, err);

	if (code <= 0)
		return code;
	text_clear(&r->joined);
	text_addn(&r->joined, line, n);
	line_take(r, n);
	r->line = r->lines;
	while (is_continued(r, err)) {
		code = line_peek(r, &line, &n, err);
		if (code <= 0)
			return code;
		text_addn(&r->joined, line, n);
		line_take(r, n);
		if (r->joined.len > LINE_MAX_BYTES)
			return damaged(r, err, "the record is too long");
	}
	return 1;
}

static bool says_nothing(const struct text *t)
{
	const char *s = text_get(t);

	return s[0] == '#' || strspn(s, " \t\r") == t->len;
}

/* The file ended where a line was to go on. */
static bool goes_on(const struct text *t)
{
	return t->len && t->s[t->len - 1] == ',';
}

static int text_next(struct capture_reader *r, struct capture_record *ret_record,
		     struct error *err)
{
	for (;;) {
		struct error why = {0};
		int code = join(r, err);

		if (code <= 0)
			return code;
		if (says_nothing(&r->joined))
			continue;
		code = capture_parse(r->joined.s, r->joined.len, &r->room, ret_record,
				     &why);
		if (r->room.zeros > ZEROS_FREE_BYTES + ZEROS_FACTOR * r->text_bytes)
			return damaged(r, err, "too many zeros for so little text");
		if (!code)
			return 1;
		if (code == -ENOENT && r->room.newer)
			continue;
		if (r->eof && r->start == r->n && goes_on(&r->joined)) {
			r->cut = true;
			return 0;
		}
		return damaged(r, err, why.text);
	}
}

/* --- both --------------------------------------------------------------------------- */

static int next(struct capture_reader *r, struct capture_record *ret_record,
		struct error *err)
{
	r->start += r->release;
	r->release = 0;
	return r->text ? text_next(r, ret_record, err) : binary_next(r, ret_record, err);
}

static int check_header(struct capture_reader *r, struct error *err)
{
	struct error why = {0};
	const struct capture_header *h = &r->header.header;
	int code;

	/* Whatever the version, it says so itself. */
	r->room.newer = true;
	code = next(r, &r->header, &why);
	if (code < 0 && code != -EBADMSG) {
		*err = why;
		return code;
	}
	if (code <= 0 || r->header.type != CAPTURE_HEADER)
		return error_set(err, -EBADMSG, "'%s' is not a capture of profd",
				 r->path);
	if (h->major != CAPTURE_MAJOR)
		return error_set(
			err, -ENOTSUP,
			"'%s' is a capture of format %llu.%llu, this profd reads "
			"%d.x",
			r->path, (unsigned long long)h->major,
			(unsigned long long)h->minor, CAPTURE_MAJOR);
	r->room.newer = h->minor > CAPTURE_MINOR;
	r->pending = true;
	return 0;
}

struct capture_reader *capture_open(int fd, const char *path, struct error *err)
{
	struct capture_reader *r = xcalloc(1, sizeof(*r));
	struct error mine = {0};
	ssize_t have;

	r->fd = fd;
	r->path = xstrdup(path);
	if (!err)
		err = &mine;
	have = fill(r, CAPTURE_MAGIC_BYTES, err);
	if (have < 0)
		return capture_close(r);
	r->text = (size_t)have < CAPTURE_MAGIC_BYTES ||
		  memcmp(r->buf, CAPTURE_MAGIC, CAPTURE_MAGIC_BYTES) != 0;
	if (!r->text)
		r->start = CAPTURE_MAGIC_BYTES;
	if (check_header(r, err) < 0)
		return capture_close(r);
	return r;
}

struct capture_reader *capture_close(struct capture_reader *r)
{
	if (!r)
		return NULL;
	close(r->fd);
	capture_room_done(&r->room);
	text_done(&r->joined);
	free(r->buf);
	free(r->path);
	free(r);
	return NULL;
}

int capture_next(struct capture_reader *r, struct capture_record *ret_record,
		 struct error *err)
{
	if (r->pending) {
		r->pending = false;
		*ret_record = r->header;
		return 1;
	}
	return next(r, ret_record, err);
}

bool capture_cut(const struct capture_reader *r)
{
	return r->cut;
}
