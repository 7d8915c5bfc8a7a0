/* How large .gnu_debugdata would become. libdwfl unpacks it without a limit, so its size
 * is added up first. The index at the end of an xz file says it too, but the decoder
 * compares that only when all is unpacked: 105 KB whose index spoke of 1000 bytes became
 * 600 MB. The chunks of LZMA2 cannot deceive, as they tell the decoder itself how much to
 * write: "The .xz File Format", version 1.2.1, sections 2.1 to 3.1; of LZMA2 the headers
 * in liblzma's lzma2_decoder.c. */
#include <string.h>

#include "objfile-priv.h"

#define XZ_HEADER_BYTES 12u
#define LIMIT_UNPACKED_BYTES (256u << 20)

struct cursor {
	const uint8_t *p, *end;
	bool bad;
};

static const uint8_t *take(struct cursor *c, size_t n)
{
	const uint8_t *p = c->p;

	if (c->bad || n > (size_t)(c->end - p)) {
		c->bad = true;
		return NULL;
	}
	c->p += n;
	return p;
}

static unsigned take_u8(struct cursor *c)
{
	const uint8_t *p = take(c, 1);

	return p ? *p : 0;
}

/* Big-endian, as LZMA2 has them, and one less than what is meant. */
static unsigned take_size(struct cursor *c)
{
	const uint8_t *p = take(c, 2);

	return p ? (p[0] << 8 | p[1]) + 1u : 0;
}

/* One chunk of LZMA2. False at the end marker. */
static bool chunk_read(struct cursor *c, uint64_t *unpacked)
{
	unsigned control = take_u8(c), size;

	if (!control || c->bad)
		return false;
	if (control < 0x80) { /* stored; 1 resets the dictionary, 2 does not */
		size = take_size(c);
		c->bad |= control > 2;
		*unpacked += size;
		take(c, size);
		return !c->bad;
	}
	*unpacked += take_size(c) + ((control & 0x1fu) << 16);
	size = take_size(c);
	take(c, size + (control >= 0xc0)); /* with new properties before it */
	return !c->bad;
}

/* A block: header, LZMA2 behind filters that keep the size, padding, check. The filters
 * are not looked at: only LZMA2 may be the last one, and the decoder refuses what is
 * not. */
static void block_read(struct cursor *c, size_t check_bytes, uint64_t *unpacked)
{
	const uint8_t *start = c->p;

	take(c, (*start + 1u) * 4);
	while (*unpacked <= LIMIT_UNPACKED_BYTES && chunk_read(c, unpacked))
		;
	take(c, (size_t)(start - c->p) & 3);
	take(c, check_bytes);
}

static bool xz_is_small(const uint8_t *data, size_t n)
{
	static const uint8_t magic[] = {0xfd, '7', 'z', 'X', 'Z', 0};
	static const uint8_t check_bytes[] = {0,  4,  4,  4,  8,  8,  8,  16,
					      16, 16, 32, 32, 32, 64, 64, 64};
	struct cursor c = {.p = data, .end = data + n};
	uint64_t unpacked = 0;

	/* Without it libdwfl would try the older format, .lzma. */
	if (n < XZ_HEADER_BYTES || memcmp(data, magic, sizeof(magic)) != 0)
		return false;
	take(&c, XZ_HEADER_BYTES);
	while (c.p < c.end && *c.p && !c.bad && unpacked <= LIMIT_UNPACKED_BYTES)
		block_read(&c, check_bytes[data[7] & 15], &unpacked);
	/* The index begins with the 0. libdwfl reads one stream. */
	return c.p < c.end && !c.bad && unpacked <= LIMIT_UNPACKED_BYTES;
}

bool minidebug_usable(Elf *elf)
{
	GElf_Shdr shdr;
	Elf_Scn *scn = elf_find_section(elf, ".gnu_debugdata", &shdr);
	Elf_Data *data;

	if (!scn || shdr.sh_size > LIMIT_MINIDEBUG_BYTES)
		return false;
	data = elf_rawdata(scn, NULL);
	return data && data->d_buf && xz_is_small(data->d_buf, data->d_size);
}
