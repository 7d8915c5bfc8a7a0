/* Finds and takes apart the entries of .eh_frame. Two ways lead to an FDE: the sorted
 * table that the linker left in .eh_frame_hdr, used in place, or an index of our own,
 * made by one pass over .eh_frame when that table is absent or not to be trusted. Running
 * the instructions, and what the registers mean, is left to unwind/.
 *
 * Format: LSB Core 5.0, section 10.6 "Exception Frames"; encodings: section 10.5. */
#include <profd/ehframe.h>

#include <stdlib.h>
#include <string.h>

#include <profd/vec.h>

#include "objfile-priv.h"

enum {
	PE_ABSPTR = 0x00,
	PE_ULEB128 = 0x01,
	PE_UDATA2 = 0x02,
	PE_UDATA4 = 0x03,
	PE_UDATA8 = 0x04,
	PE_SLEB128 = 0x09,
	PE_SDATA2 = 0x0a,
	PE_SDATA4 = 0x0b,
	PE_SDATA8 = 0x0c,
	PE_FORMAT = 0x0f,
	PE_PCREL = 0x10,
	PE_DATAREL = 0x30,
	PE_ALIGNED = 0x50,
	PE_RELATIVE = 0x70,
	PE_INDIRECT = 0x80,
	PE_OMIT = 0xff,
};

#define ALIGNMENT 16 /* of functions: what lies behind one up to there is padding */
#define FDES_MAX                                                                         \
	(1u << 24) /* an index of 256 MiB; the largest known programs have 2^20 */
#define CIE_SLOTS 64
/* What one CIE may take: every FDE can send us back to it. Linkers pad numbers to five
 * bytes and augmentations have five letters. */
#define LEB_BYTES_MAX 32
#define LETTERS_MAX 32
#define TABLE_ENTRY_BYTES 8
#define MARK_STEP 16u
#define NO_CIE UINT64_MAX

struct fde_ref {
	uint64_t start; /* vaddr */
	uint64_t off;	/* of the entry in .eh_frame */
};

struct eh_index {
	const uint8_t *data; /* .eh_frame */
	uint64_t size, vaddr;
	unsigned address_bytes;
	/* Either the linker's table, pairs of (start, entry) as s32 relative to hdr_vaddr
	 * … */
	const uint8_t *table;
	uint32_t table_n;
	uint64_t hdr_vaddr;
	uint64_t *marks; /* the start of every MARK_STEP-th pair */
	/* … or our own. */
	VEC(struct fde_ref) refs;
	struct {
		uint64_t off; /* NO_CIE: empty */
		struct cie cie;
	} cies[CIE_SLOTS];
};

uint64_t eh_fixed(struct eh_cursor *c, unsigned n)
{
	const uint8_t *p = c->p;
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	if ((size_t)(c->end - p) < n) {
		eh_fail(c);
		return 0;
	}
	c->p += n;
	switch (n) {
	case 2:
		memcpy(&u16, p, sizeof(u16));
		return u16;
	case 4:
		memcpy(&u32, p, sizeof(u32));
		return u32;
	default:
		memcpy(&u64, p, sizeof(u64));
		return u64;
	}
}

uint64_t eh_uleb(struct eh_cursor *c)
{
	uint8_t byte = eh_u8(c);
	uint64_t value = byte & 0x7f;

	for (unsigned shift = 7; byte & 0x80; shift += 7) {
		byte = eh_u8(c);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if (shift >= 7 * LEB_BYTES_MAX)
			eh_fail(c);
	}
	return c->bad ? 0 : value;
}

int64_t eh_sleb(struct eh_cursor *c)
{
	uint8_t byte = eh_u8(c);
	uint64_t value = byte & 0x7f;
	unsigned shift = 7;

	for (; byte & 0x80; shift += 7) {
		byte = eh_u8(c);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if (shift >= 7 * LEB_BYTES_MAX)
			eh_fail(c);
	}
	if (shift < 64 && (byte & 0x40))
		value |= UINT64_MAX << shift;
	return c->bad ? 0 : (int64_t)value;
}

void eh_skip(struct eh_cursor *c, uint64_t n)
{
	if ((uint64_t)(c->end - c->p) < n)
		eh_fail(c);
	else
		c->p += n;
}

/* The value as stored, before what it is relative to is added. */
static uint64_t pointer_value(struct eh_cursor *c, uint8_t format, unsigned address_bytes)
{
	switch (format) {
	case PE_ABSPTR:
		return eh_fixed(c, address_bytes);
	case PE_ULEB128:
		return eh_uleb(c);
	case PE_SLEB128:
		return (uint64_t)eh_sleb(c);
	case PE_UDATA2:
		return eh_fixed(c, 2);
	case PE_UDATA4:
		return eh_fixed(c, 4);
	case PE_UDATA8:
	case PE_SDATA8:
		return eh_fixed(c, 8);
	case PE_SDATA2:
		return (uint64_t)(int64_t)(int16_t)eh_fixed(c, 2);
	case PE_SDATA4:
		return (uint64_t)(int64_t)(int32_t)eh_fixed(c, 4);
	default:
		eh_fail(c);
		return 0;
	}
}

uint64_t eh_pointer(struct eh_cursor *c, uint8_t encoding, unsigned address_bytes,
		    uint64_t vaddr, uint64_t data)
{
	uint64_t base = 0, value;

	if (encoding & PE_INDIRECT)
		eh_fail(c);
	switch (encoding & PE_RELATIVE) {
	case PE_ABSPTR:
		break;
	case PE_PCREL:
		base = vaddr;
		break;
	case PE_DATAREL:
		base = data;
		if (!data)
			eh_fail(c);
		break;
	case PE_ALIGNED:
		eh_skip(c, -vaddr & (address_bytes - 1));
		break;
	default:
		eh_fail(c);
	}
	value = base + pointer_value(c, encoding & PE_FORMAT, address_bytes);
	if (address_bytes == 4)
		value = (uint32_t)value;
	return c->bad ? 0 : value;
}

static uint64_t vaddr_at(const struct eh_index *ix, const uint8_t *p)
{
	return ix->vaddr + (uint64_t)(p - ix->data);
}

/* The body of the entry at @off, from its id on; false at a terminator and at the
 * section's end. */
static bool entry_open(const struct eh_index *ix, uint64_t off,
		       struct eh_cursor *ret_body)
{
	struct eh_cursor c = {ix->data + ix->size, ix->data + ix->size, false};
	uint64_t length;

	if (off >= ix->size)
		return false;
	c.p = ix->data + off;
	length = eh_fixed(&c, 4);
	if (length == UINT32_MAX)
		length = eh_fixed(&c, 8);
	if (c.bad || length < 4 || length > (uint64_t)(c.end - c.p))
		return false;
	c.end = c.p + length;
	*ret_body = c;
	return true;
}

/* The augmentation's data, as its string describes it. An unknown letter ends it; that is
 * harmless, 'z' having told its length, unless the encoding of the FDEs is named behind
 * it. */
static void parse_augmentation(const struct eh_index *ix, const char *letters,
			       struct eh_cursor *c, struct cie *cie)
{
	for (; *letters; letters++) {
		uint8_t encoding;

		switch (*letters) {
		case 'R':
			cie->fde_encoding = eh_u8(c);
			break;
		case 'P':
			encoding = eh_u8(c);
			/* The personality is not wanted: only its size matters. */
			if (encoding != PE_OMIT)
				eh_pointer(c, encoding & ~PE_INDIRECT, cie->address_bytes,
					   vaddr_at(ix, c->p), 1);
			break;
		case 'L':
			eh_skip(c, 1);
			break;
		case 'S':
			cie->signal_frame = true;
			break;
		case 'B': /* aarch64: return addresses are signed with key B */
		case 'G': /* aarch64: stack memory is tagged */
			break;
		default:
			if (strchr(letters, 'R'))
				eh_fail(c);
			return;
		}
	}
}

static bool parse_cie(const struct eh_index *ix, uint64_t off, struct cie *ret_cie)
{
	struct cie cie = {.fde_encoding = PE_ABSPTR, .address_bytes = ix->address_bytes};
	struct eh_cursor c;
	const char *letters;
	uint8_t version;
	size_t n;

	if (!entry_open(ix, off, &c) || eh_fixed(&c, 4) != 0)
		return false;
	version = eh_u8(&c);
	if (version != 1 && version != 3 && version != 4)
		return false;
	letters = (const char *)c.p;
	n = strnlen(letters, (size_t)(c.end - c.p));
	eh_skip(&c, n + 1);
	if (c.bad || n > LETTERS_MAX)
		return false;
	if (n >= 2 && letters[0] == 'e' && letters[1] == 'h') { /* gcc 2: EH data */
		eh_skip(&c, cie.address_bytes);
		letters += 2;
	}
	if (version == 4) /* address size; segment selectors do not exist here */
		if (eh_u8(&c) != cie.address_bytes || eh_u8(&c) != 0)
			return false;
	cie.code_align = eh_uleb(&c);
	cie.data_align = eh_sleb(&c);
	cie.ra_reg = version == 1 ? eh_u8(&c) : (uint32_t)eh_uleb(&c);
	if (*letters == 'z') {
		uint64_t length = eh_uleb(&c);
		struct eh_cursor data = c;

		eh_skip(&c, length);
		data.end = c.p;
		if (c.bad)
			return false;
		parse_augmentation(ix, letters + 1, &data, &cie);
		cie.has_augmentation = true;
		c.bad |= data.bad;
	} else if (*letters) {
		return false;
	}
	if (c.bad || cie.fde_encoding == PE_OMIT)
		return false;
	cie.insns = c.p;
	cie.end = c.end;
	*ret_cie = cie;
	return true;
}

static const struct cie *find_cie(struct eh_index *ix, uint64_t off)
{
	/* CIEs lie at multiples of 4 or 8, and a file has few. */
	unsigned i = (off >> 2 ^ off >> 8) % CIE_SLOTS;

	if (ix->cies[i].off == off)
		return &ix->cies[i].cie;
	if (!parse_cie(ix, off, &ix->cies[i].cie)) {
		ix->cies[i].off = NO_CIE;
		return NULL;
	}
	ix->cies[i].off = off;
	return &ix->cies[i].cie;
}

static bool parse_fde(struct eh_index *ix, uint64_t off, struct fde *ret_fde)
{
	struct fde fde = {0};
	const struct cie *cie;
	struct eh_cursor c;
	uint64_t id_off, id, range;

	if (!entry_open(ix, off, &c))
		return false;
	/* The distance back to the CIE, from this field. It has 4 bytes even in an entry
	 * with a 64-bit length (LSB; gcc, gold and lld agree). */
	id_off = (uint64_t)(c.p - ix->data);
	id = eh_fixed(&c, 4);
	if (!id || id > id_off)
		return false;
	cie = find_cie(ix, id_off - id);
	if (!cie)
		return false;
	fde.cie = *cie;
	fde.start = eh_pointer(&c, cie->fde_encoding, cie->address_bytes,
			       vaddr_at(ix, c.p), 0);
	range = eh_pointer(&c, cie->fde_encoding & PE_FORMAT, cie->address_bytes, 0, 0);
	if (cie->has_augmentation)
		eh_skip(&c, eh_uleb(&c));
	if (c.bad || fde.start + range < fde.start)
		return false;
	fde.end = fde.start + range;
	fde.insns = c.p;
	fde.insns_end = c.end;
	fde.insns_vaddr = vaddr_at(ix, c.p);
	*ret_fde = fde;
	return true;
}

/* Calls @fn for each FDE until it returns false. A damaged entry is stepped over; a
 * damaged length ends the walk, and so does nothing else: crt files leave a terminator in
 * the middle of a static binary. */
static void each_fde(struct eh_index *ix,
		     bool (*fn)(void *arg, const struct fde *fde, uint64_t off),
		     void *arg)
{
	uint64_t off = 0, length;
	struct eh_cursor c;
	struct fde fde;

	while (off + 4 <= ix->size) {
		if (!entry_open(ix, off, &c)) {
			memcpy(&length, ix->data + off, 4);
			if ((uint32_t)length != 0)
				return;
			off += 4;
			continue;
		}
		if (parse_fde(ix, off, &fde) && !fn(arg, &fde, off))
			return;
		off = (uint64_t)(c.end - ix->data);
	}
}

static uint64_t table_start(const struct eh_index *ix, uint32_t i)
{
	int32_t v;

	memcpy(&v, ix->table + (size_t)i * TABLE_ENTRY_BYTES, sizeof(v));
	return ix->hdr_vaddr + (uint64_t)(int64_t)v;
}

static uint64_t table_off(const struct eh_index *ix, uint32_t i)
{
	int32_t v;

	memcpy(&v, ix->table + (size_t)i * TABLE_ENTRY_BYTES + 4, sizeof(v));
	return ix->hdr_vaddr + (uint64_t)(int64_t)v - ix->vaddr;
}

/* The table of a compiler is hundreds of KB, and a search in it waits for memory at
 * nearly every step. The marks stay in the cache, and what is between two of them is two
 * of its lines. */
static void table_mark(struct eh_index *ix)
{
	uint32_t n = (ix->table_n - 1) / MARK_STEP + 1;

	ix->marks = xcalloc(n, sizeof(*ix->marks));
	for (uint32_t i = 0; i < n; i++)
		ix->marks[i] = table_start(ix, i * MARK_STEP);
}

/* LSB Core 5.0, section 10.6.2. True when the table can be searched in place: it has the
 * format that all linkers write, belongs to this .eh_frame, fits, and is in order. */
static bool table_open(struct eh_index *ix, const struct section_view *hdr)
{
	struct eh_cursor c;
	uint8_t frame_encoding, count_encoding, table_encoding;
	uint64_t frame, count;

	if (!hdr || !hdr->data)
		return false;
	c = (struct eh_cursor){hdr->data, hdr->data + hdr->size, false};
	if (eh_u8(&c) != 1)
		return false;
	frame_encoding = eh_u8(&c);
	count_encoding = eh_u8(&c);
	table_encoding = eh_u8(&c);
	if (c.bad || table_encoding != (PE_DATAREL | PE_SDATA4))
		return false;
	if (frame_encoding == PE_OMIT || count_encoding == PE_OMIT)
		return false;
	frame = eh_pointer(&c, frame_encoding, ix->address_bytes,
			   hdr->vaddr + (uint64_t)(c.p - hdr->data), hdr->vaddr);
	count = eh_pointer(&c, count_encoding, ix->address_bytes,
			   hdr->vaddr + (uint64_t)(c.p - hdr->data), hdr->vaddr);
	if (c.bad || frame != ix->vaddr || !count || count > FDES_MAX)
		return false;
	if (count > (uint64_t)(c.end - c.p) / TABLE_ENTRY_BYTES)
		return false;
	ix->table = c.p;
	ix->table_n = (uint32_t)count;
	ix->hdr_vaddr = hdr->vaddr;
	for (uint32_t i = 1; i < ix->table_n; i++)
		if (table_start(ix, i - 1) > table_start(ix, i))
			return false;
	table_mark(ix);
	return true;
}

static bool add_ref(void *arg, const struct fde *fde, uint64_t off)
{
	struct eh_index *ix = arg;
	struct fde_ref ref = {fde->start, off};

	/* Linkers that drop a function leave its FDE behind, empty or at address 0. */
	if (fde->start && fde->start < fde->end)
		vec_push(&ix->refs, ref);
	return ix->refs.n < FDES_MAX;
}

static int compare_refs(const void *a, const void *b)
{
	const struct fde_ref *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->off < y->off ? -1 : x->off > y->off;
}

static void index_free(void *p)
{
	struct eh_index *ix = p;

	if (!ix)
		return;
	vec_done(&ix->refs);
	free(ix->marks);
	free(ix);
}

static struct eh_index *index_new(struct objfile *o)
{
	const struct section_view *eh = objfile_eh_frame(o);
	struct eh_index *ix = xcalloc(1, sizeof(*ix));

	for (unsigned i = 0; i < CIE_SLOTS; i++)
		ix->cies[i].off = NO_CIE;
	if (!eh || !eh->data)
		return ix;
	ix->data = eh->data;
	ix->size = eh->size;
	ix->vaddr = eh->vaddr;
	ix->address_bytes = objfile_is_64bit(o) ? 8 : 4;
	if (table_open(ix, objfile_eh_frame_hdr(o)))
		return ix;
	ix->table = NULL;
	each_fde(ix, add_ref, ix);
	if (ix->refs.n)
		qsort(ix->refs.v, ix->refs.n, sizeof(*ix->refs.v), compare_refs);
	return ix;
}

static struct eh_index *index_get(struct objfile *o)
{
	void **slot = objfile_ehframe_slot(o, index_free);

	if (!*slot)
		*slot = index_new(o);
	return *slot;
}

static uint64_t entry_start(const struct eh_index *ix, uint32_t i)
{
	return ix->table ? table_start(ix, i) : ix->refs.v[i].start;
}

/* How many entries start at or below @vaddr. No branch depends on what is compared: which
 * half the answer lies in cannot be predicted, and a misprediction costs as much as a
 * cache miss. */
static uint32_t entries_upto(const struct eh_index *ix, uint64_t vaddr)
{
	uint32_t n = ix->table ? ix->table_n : ix->refs.n, base = 0;

	if (!n || entry_start(ix, 0) > vaddr)
		return 0;
	if (ix->table) {
		uint32_t marks = (n - 1) / MARK_STEP + 1, mark = 0;

		while (marks > 1) {
			uint32_t half = marks / 2;

			mark += ix->marks[mark + half] <= vaddr ? half : 0;
			marks -= half;
		}
		base = mark * MARK_STEP;
		n = n - base < MARK_STEP ? n - base : MARK_STEP;
	}
	while (n > 1) {
		uint32_t half = n / 2;

		base += entry_start(ix, base + half) <= vaddr ? half : 0;
		n -= half;
	}
	return base + 1;
}

/* The last address that an entry speaks for. Only a signal trampoline is met behind its
 * end: its last instruction is the system call that the kernel was entered by. Behind
 * other functions another may follow at once that has no entry: .fini begins where .text
 * ends. */
uint64_t fde_last_covered(const struct fde *fde)
{
	return fde->cie.signal_frame ? (fde->end - 1) | (ALIGNMENT - 1) : fde->end - 1;
}

static bool find_fde(struct objfile *o, uint64_t vaddr, struct fde *ret_fde)
{
	struct eh_index *ix = index_get(o);
	uint32_t n = entries_upto(ix, vaddr), i = n;

	/* Where several entries have one start, all but one are leftovers and cover
	 * nothing. */
	for (; i && n - i < 4; i--) {
		uint64_t off = ix->table ? table_off(ix, i - 1) : ix->refs.v[i - 1].off;
		struct fde fde;

		if (entry_start(ix, i - 1) != entry_start(ix, n - 1))
			return false;
		if (!parse_fde(ix, off, &fde) || fde.start == fde.end)
			continue;
		if (vaddr < fde.start || vaddr > fde_last_covered(&fde))
			continue;
		*ret_fde = fde;
		return true;
	}
	return false;
}

bool ehframe_find(struct objfile *o, uint64_t vaddr, struct fde *ret_fde)
{
	bool found;

	if (o->captured)
		return captured_fde(o, vaddr, ret_fde);
	found = find_fde(o, vaddr, ret_fde);
	if (o->tap)
		o->tap->fde(o->tap_arg, vaddr, found ? ret_fde : NULL);
	return found;
}

struct each_arg {
	bool (*fn)(void *arg, const struct fde *fde);
	void *arg;
};

static bool call_each(void *arg, const struct fde *fde, uint64_t off)
{
	struct each_arg *e = arg;

	return e->fn(e->arg, fde);
}

void ehframe_each(struct objfile *o, bool (*fn)(void *arg, const struct fde *fde),
		  void *arg)
{
	struct each_arg e = {fn, arg};

	each_fde(index_get(o), call_each, &e);
}
