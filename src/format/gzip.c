/* gzip around zlib. What is inside is the business of the formats. */
#include "format-priv.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* Of 11.9 MB, the profile of 100,000 stacks that tests/oracle/gen-profile makes, gzip's level 1
 * leaves 3.65 MB in 0.12 s, 6 3.40 MB in 0.24 s, 9 3.39 MB in 0.43 s. Files are kept longer
 * than anybody waits for the difference between the first two. windowBits 15 + 16 asks zlib for a
 * gzip header, which it writes with a time of 0. */
#define GZIP_LEVEL 6
#define GZIP_WINDOW_BITS (15 + 16)

static int gzip_write(struct sink *s, const void *data, size_t n)
{
	struct gzip_sink *g = (struct gzip_sink *)s;
	const unsigned char *at = data;

	while (n > 0) {
		uInt step = n > INT_MAX ? INT_MAX : (uInt)n;

		g->z.next_in = (unsigned char *)(uintptr_t)at;
		g->z.avail_in = step;
		while (g->z.avail_in > 0 || g->z.avail_out == 0) {
			if (g->z.avail_out == 0) {
				sink_put(g->out, g->buf, sizeof(g->buf));
				g->z.next_out = g->buf;
				g->z.avail_out = sizeof(g->buf);
			}
			deflate(&g->z, Z_NO_FLUSH);
		}
		at += step;
		n -= step;
	}
	return g->out->code;
}

void gzip_open(struct gzip_sink *g, struct sink *out)
{
	memset(&g->sink, 0, sizeof(g->sink));
	memset(&g->z, 0, sizeof(g->z));
	g->sink.write = gzip_write;
	g->out = out;
	/* The only failures are a wrong version of zlib and a lack of memory. */
	if (deflateInit2(&g->z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS, 9,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	g->z.next_out = g->buf;
	g->z.avail_out = sizeof(g->buf);
}

void gzip_close(struct gzip_sink *g)
{
	int r;

	do {
		r = deflate(&g->z, Z_FINISH);
		sink_put(g->out, g->buf, sizeof(g->buf) - g->z.avail_out);
		g->z.next_out = g->buf;
		g->z.avail_out = sizeof(g->buf);
	} while (r == Z_OK || r == Z_BUF_ERROR);
	deflateEnd(&g->z);
}

bool gzip_is(const void *data, size_t n)
{
	const unsigned char *s = data;

	return n >= 2 && s[0] == 0x1f && s[1] == 0x8b;
}

/* Inflates the member at *z; returns 0 when it is complete. */
static int gzip_member(z_stream *z, size_t max_bytes, struct text *out, struct error *err)
{
	unsigned char buf[16384];
	int r;

	do {
		size_t got;

		z->next_out = buf;
		z->avail_out = sizeof(buf);
		r = inflate(z, Z_NO_FLUSH);
		got = sizeof(buf) - z->avail_out;
		if (got > max_bytes - out->len)
			return error_set(err, -EFBIG,
					 "the gzip data inflate to more than %zu bytes",
					 max_bytes);
		text_addn(out, buf, got);
		if (r == Z_OK && z->avail_in == 0 && got == 0)
			r = Z_BUF_ERROR;
	} while (r == Z_OK);
	if (r == Z_STREAM_END)
		return 0;
	error_set(err, -EBADMSG, "the gzip data are damaged at byte %lu: %s", z->total_in,
		  r == Z_BUF_ERROR ? "they end too early"
		  : z->msg	   ? z->msg
				   : "not a deflate stream");
	error_hint(err, "the file may have been cut off while it was copied");
	return -EBADMSG;
}

int gzip_inflate(const void *data, size_t n, size_t max_bytes, struct text *out,
		 struct error *err)
{
	z_stream z = {0};
	int r;

	if (n > UINT_MAX)
		return error_set(err, -EFBIG, "the gzip data are larger than 4 GiB");
	z.next_in = (unsigned char *)(uintptr_t)data;
	z.avail_in = (uInt)n;
	if (inflateInit2(&z, GZIP_WINDOW_BITS) != Z_OK)
		abort();
	do {
		r = gzip_member(&z, max_bytes, out, err);
	} while (!r && gzip_is(z.next_in, z.avail_in) && inflateReset(&z) == Z_OK);
	inflateEnd(&z);
	return r;
}
