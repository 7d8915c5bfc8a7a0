/* gzip: libdeflate packs, zlib unpacks. What is inside is the business of the formats.
 *
 * libdeflate takes everything at once, which for pprof is less than the profile's own
 * tables; what is larger is packed in gzip-stream.c. libdeflate cannot stop at a limit of
 * unpacked bytes as zlib can, member after member, so that files of others are zlib's. */
#include "format-priv.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <libdeflate.h>
#include <zlib.h>

/* Of levels 1 to 12: 6 takes a third of the time of zlib's 6 for the same size, 7 a
 * quarter more than that for a hundredth less, 8 and 9 twice as long for nothing, 10 and
 * above five times as long for 3 to 8 hundredths. make bench-write shows time and
 * size. */
#define GZIP_LEVEL 6
#define GZIP_WINDOW_BITS (15 + 16) /* for zlib: with a gzip header */

static int gzip_write(struct sink *s, const void *data, size_t n)
{
	text_addn(&((struct gzip_sink *)s)->bytes, data, n);
	return 0;
}

void gzip_open(struct gzip_sink *g, struct sink *out)
{
	memset(g, 0, sizeof(*g));
	g->sink.write = gzip_write;
	g->out = out;
	g->level = GZIP_LEVEL;
}

/* The header that libdeflate writes has a time of 0 and no name. */
void gzip_close(struct gzip_sink *g)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(g->level);
	_cleanup_free_ unsigned char *packed = NULL;
	size_t room, n;

	/* The only failure is a lack of memory. */
	if (!c)
		abort();
	room = libdeflate_gzip_compress_bound(c, g->bytes.len);
	packed = xmalloc(room);
	n = libdeflate_gzip_compress(c, text_get(&g->bytes), g->bytes.len, packed, room);
	libdeflate_free_compressor(c);
	sink_put(g->out, packed, n);
	text_done(&g->bytes);
}

/* --- back --------------------------------------------------------------------------- */

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
