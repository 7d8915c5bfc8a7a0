/* gzip piece by piece, by zlib: JSON is many times as large as the profile that it is of. */
#include "format-priv.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#define STREAM_LEVEL 6
#define STREAM_WINDOW_BITS (15 + 16) /* with a gzip header */

struct gzip_packer {
	z_stream z;
	unsigned char in[65536], packed[65536];
	size_t used;
};

static void stream_deflate(struct gzip_stream *g, int flush)
{
	struct gzip_packer *k = g->packer;

	k->z.next_in = k->in;
	k->z.avail_in = (uInt)k->used;
	do {
		k->z.next_out = k->packed;
		k->z.avail_out = sizeof(k->packed);
		deflate(&k->z, flush);
		sink_put(g->out, k->packed, sizeof(k->packed) - k->z.avail_out);
	} while (!k->z.avail_out);
	k->used = 0;
}

static int stream_write(struct sink *s, const void *data, size_t n)
{
	struct gzip_stream *g = (struct gzip_stream *)s;
	struct gzip_packer *k = g->packer;
	const char *at = data;

	while (n && !g->out->code) {
		size_t room = sizeof(k->in) - k->used, some = n < room ? n : room;

		memcpy(k->in + k->used, at, some);
		k->used += some;
		at += some;
		n -= some;
		if (k->used == sizeof(k->in))
			stream_deflate(g, Z_NO_FLUSH);
	}
	return g->out->code;
}

/* zlib's own header has neither time nor name. */
void gzip_stream_open(struct gzip_stream *g, struct sink *out)
{
	memset(g, 0, sizeof(*g));
	g->sink.write = stream_write;
	g->out = out;
	g->packer = xcalloc(1, sizeof(*g->packer));
	if (deflateInit2(&g->packer->z, STREAM_LEVEL, Z_DEFLATED, STREAM_WINDOW_BITS, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
}

void gzip_stream_close(struct gzip_stream *g)
{
	stream_deflate(g, Z_FINISH);
	deflateEnd(&g->packer->z);
	free(g->packer);
	g->packer = NULL;
}
