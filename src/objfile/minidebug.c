/* How large .gnu_debugdata would become. libdwfl unpacks it without a limit, so its size
 * is asked first: an xz file says it in the index at its end. "The .xz File Format",
 * version 1.2.1, sections 2.1.2 and 4. The index of a file that was made to deceive can
 * still be wrong. */
#include <string.h>

#include "objfile-priv.h"

#define XZ_HEADER_BYTES 12u
#define XZ_FOOTER_BYTES 12u
#define LIMIT_UNPACKED_BYTES (256u << 20)

struct cursor {
	const uint8_t *p, *end;
	bool bad;
};

/* A "multibyte integer", section 1.2: seven bits a byte, the lowest first. */
static uint64_t integer_read(struct cursor *c)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 63 && c->p < c->end; shift += 7) {
		uint8_t byte = *c->p++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	c->bad = true;
	return 0;
}

/* The bytes that the blocks take in the file, the sum of their unpacked sizes in
 * *@ret_unpacked. */
static uint64_t blocks_read(struct cursor *c, uint64_t *ret_unpacked)
{
	uint64_t stored = 0, unpacked = 0, records;

	if (c->p == c->end || *c->p++ != 0)
		c->bad = true;
	records = integer_read(c);
	for (uint64_t i = 0; i < records && !c->bad; i++) {
		uint64_t size = integer_read(c), bytes = integer_read(c);

		if (size > LIMIT_MINIDEBUG_BYTES || bytes > LIMIT_UNPACKED_BYTES ||
		    stored > LIMIT_MINIDEBUG_BYTES || unpacked > LIMIT_UNPACKED_BYTES)
			c->bad = true;
		stored += (size + 3) & ~3ull;
		unpacked += bytes;
	}
	*ret_unpacked = unpacked;
	return stored;
}

static bool xz_is_small(const uint8_t *data, size_t n)
{
	uint64_t index_bytes, stored, unpacked;
	uint32_t backward;
	struct cursor c;

	if (n < XZ_HEADER_BYTES + XZ_FOOTER_BYTES || memcmp(data + n - 2, "YZ", 2) != 0)
		return false;
	memcpy(&backward, data + n - 8, 4);
	index_bytes = ((uint64_t)backward + 1) * 4;
	if (index_bytes > n - XZ_HEADER_BYTES - XZ_FOOTER_BYTES)
		return false;
	c = (struct cursor){.p = data + n - XZ_FOOTER_BYTES - index_bytes,
			    .end = data + n - XZ_FOOTER_BYTES};
	stored = blocks_read(&c, &unpacked);
	/* One stream and nothing else: an earlier one could hold anything. */
	return !c.bad && unpacked <= LIMIT_UNPACKED_BYTES &&
	       stored + index_bytes + XZ_HEADER_BYTES + XZ_FOOTER_BYTES == n;
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
