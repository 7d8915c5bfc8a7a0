/* Opening a file and its plain contents: segments, build-id, unwind sections, bytes
 * behind an address. Names and lines are symbols.c, debug.c and lines.c.
 * libelf is always opened with ELF_C_READ: it copies what it is asked for and never maps
 * the file, so a file that shrinks yields short reads instead of SIGBUS. */
#include <profd/objfile.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <dwarf.h>
#include <elf.h>
#include <gelf.h>
#include <libelf.h>

#include <profd/io.h>
#include <profd/machine.h>
#include <profd/mem.h>

#include "objfile-priv.h"

#define LIMIT_PHDRS 65536u
#define LIMIT_SEGMENTS 256u
#define LIMIT_NOTE_BYTES 65536u
#define LIMIT_NOTES 64u /* headers of notes that are looked at, as they can overlap */
/* What mmap(2) may have rounded a segment to: aarch64's pages have 4, 16 or 64 KiB. */
#ifdef MACHINE_AARCH64
#define PAGE_BYTES 65536u
#else
#define PAGE_BYTES 4096u
#endif

static const char *note_build_id(Elf_Data *data, size_t *ret_n)
{
	GElf_Nhdr nhdr;
	size_t name, desc;

	for (size_t pos = 0, next;
	     (next = gelf_getnote(data, pos, &nhdr, &name, &desc)) > 0; pos = next) {
		if (nhdr.n_type != NT_GNU_BUILD_ID || nhdr.n_namesz != sizeof("GNU") ||
		    memcmp((char *)data->d_buf + name, "GNU", sizeof("GNU")) != 0)
			continue;
		*ret_n = nhdr.n_descsz;
		return (char *)data->d_buf + desc;
	}
	return NULL;
}

static size_t build_id_copy(Elf_Data *data, uint8_t id[BUILD_ID_MAX])
{
	size_t n = 0;
	const char *bytes = data ? note_build_id(data, &n) : NULL;

	if (!bytes || n > BUILD_ID_MAX)
		return 0;
	memcpy(id, bytes, n);
	return n;
}

size_t elf_build_id(Elf *elf, uint8_t id[BUILD_ID_MAX])
{
	size_t phdrs = 0, n = 0;
	unsigned notes = 0;
	GElf_Phdr p;
	GElf_Shdr shdr;

	if (elf_kind(elf) != ELF_K_ELF)
		return 0;
	if (elf_getphdrnum(elf, &phdrs) < 0 || phdrs > LIMIT_PHDRS)
		phdrs = 0;
	for (size_t i = 0; i < phdrs && !n && notes < LIMIT_NOTES; i++) {
		if (!gelf_getphdr(elf, (int)i, &p) || p.p_type != PT_NOTE ||
		    p.p_filesz > LIMIT_NOTE_BYTES)
			continue;
		notes++;
		n = build_id_copy(elf_getdata_rawchunk(elf, (int64_t)p.p_offset,
						       p.p_filesz, ELF_T_NHDR),
				  id);
	}
	if (n)
		return n;
	/* Debug files made by strip have program headers whose contents are elsewhere. */
	notes = 0;
	for (Elf_Scn *scn = NULL;
	     !n && notes < LIMIT_NOTES && (scn = elf_nextscn(elf, scn));) {
		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_NOTE ||
		    shdr.sh_size > LIMIT_NOTE_BYTES)
			continue;
		notes++;
		n = build_id_copy(elf_getdata(scn, NULL), id);
	}
	return n;
}

void build_id_print(const uint8_t *id, size_t n, char hex[BUILD_ID_HEX])
{
	hex[0] = 0;
	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", id[i]);
}

Elf_Scn *elf_find_section(Elf *elf, const char *name, GElf_Shdr *ret_shdr)
{
	size_t names;
	GElf_Shdr shdr;

	if (elf_getshdrstrndx(elf, &names) < 0)
		return NULL;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		const char *s;

		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type == SHT_NOBITS ||
		    shdr.sh_type == SHT_NULL)
			continue;
		s = elf_strptr(elf, names, shdr.sh_name);
		if (!s || strcmp(s, name) != 0)
			continue;
		*ret_shdr = shdr;
		return scn;
	}
	return NULL;
}

void elf_data_terminate(Elf_Data *data)
{
	if (data && data->d_buf && data->d_size)
		((char *)data->d_buf)[data->d_size - 1] = 0;
}

static bool machine_known(const GElf_Ehdr *ehdr)
{
	return ehdr->e_ident[EI_DATA] == ELFDATA2LSB &&
	       (ehdr->e_type == ET_EXEC || ehdr->e_type == ET_DYN) &&
	       (ehdr->e_machine == EM_X86_64 || ehdr->e_machine == EM_386 ||
		ehdr->e_machine == EM_AARCH64 || ehdr->e_machine == EM_ARM);
}

static int read_segments(struct objfile *o)
{
	size_t n;

	if (elf_getphdrnum(o->elf, &n) < 0 || n > LIMIT_PHDRS)
		return -EBADMSG;
	for (size_t i = 0; i < n; i++) {
		struct segment *s;
		GElf_Phdr p;

		if (!gelf_getphdr(o->elf, (int)i, &p))
			return -EBADMSG;
		if (p.p_type != PT_LOAD)
			continue;
		if (p.p_filesz > p.p_memsz || p.p_vaddr + p.p_memsz < p.p_vaddr ||
		    p.p_offset + p.p_filesz < p.p_offset ||
		    o->segments.n >= LIMIT_SEGMENTS)
			return -EBADMSG;
		s = vec_add(&o->segments);
		s->vaddr = p.p_vaddr;
		s->off = p.p_offset;
		s->filesz_bytes = p.p_filesz;
		s->memsz_bytes = p.p_memsz;
		s->exec = p.p_flags & PF_X;
	}
	return 0;
}

static int read_headers(struct objfile *o, struct error *err)
{
	uint8_t id[BUILD_ID_MAX];
	GElf_Ehdr ehdr;
	size_t n;

	if (!o->elf || elf_kind(o->elf) != ELF_K_ELF)
		return error_set(err, -ENOEXEC, "'%s' is not an ELF file", o->path);
	if (!gelf_getehdr(o->elf, &ehdr))
		return error_set(err, -EBADMSG, "'%s' has a damaged ELF header", o->path);
	if (!machine_known(&ehdr))
		return error_set(err, -ENOEXEC,
				 "'%s' is not a program or library for x86 or Arm",
				 o->path);
	if (read_segments(o) < 0)
		return error_set(err, -EBADMSG, "'%s' has damaged program headers",
				 o->path);
	o->entry = ehdr.e_entry;
	o->is_64bit = ehdr.e_ident[EI_CLASS] == ELFCLASS64;
	n = elf_build_id(o->elf, id);
	build_id_print(id, n, o->build_id);
	return 0;
}

struct objfile *objfile_new(const char *path)
{
	static uint32_t last_id;
	struct objfile *o = xcalloc(1, sizeof(*o));

	elf_version(EV_CURRENT);
	o->refs = 1;
	o->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
	o->path = xstrdup(path ? path : "");
	o->fd = -1;
	return o;
}

struct objfile *objfile_open(int fd, const char *path, struct error *err)
{
	struct objfile *o = objfile_new(path);
	struct stat st;

	o->fd = fd;
	if (fstat(fd, &st) < 0) {
		error_set(err, -errno, "cannot read '%s': %s", o->path, strerror(errno));
		return objfile_put(o);
	}
	/* libelf would wait for ever on a pipe. */
	if (!S_ISREG(st.st_mode)) {
		error_set(err, -ENOEXEC, "'%s' is not a regular file", o->path);
		return objfile_put(o);
	}
	o->elf = elf_begin(fd, ELF_C_READ, NULL);
	if (read_headers(o, err) < 0)
		return objfile_put(o);
	return o;
}

struct objfile *objfile_open_image(const void *image, size_t n, const char *name,
				   struct error *err)
{
	struct objfile *o = objfile_new(name);

	o->image = xmemdup(image, n);
	o->image_bytes = n;
	o->elf = elf_memory(o->image, n);
	if (read_headers(o, err) < 0)
		return objfile_put(o);
	return o;
}

struct objfile *objfile_twin(struct objfile *o)
{
	struct objfile *t;

	/* What answers in a file's place, or listens to it, is one thing for one
	 * thread. */
	if (o->captured || o->tap)
		return NULL;
	t = objfile_new(o->path);
	t->twin_of = objfile_get(o);
	t->entry = o->entry;
	t->is_64bit = o->is_64bit;
	memcpy(t->build_id, o->build_id, sizeof(t->build_id));
	for (uint32_t i = 0; i < o->segments.n; i++)
		vec_push(&t->segments, o->segments.v[i]);
	if (o->image) {
		t->image = xmemdup(o->image, o->image_bytes);
		t->image_bytes = o->image_bytes;
		t->elf = elf_memory(t->image, t->image_bytes);
	} else {
		/* libelf reads by pread(2), so the descriptor has no position to
		 * share. */
		t->fd = o->fd;
		t->elf = elf_begin(t->fd, ELF_C_READ, NULL);
	}
	return t->elf && elf_kind(t->elf) == ELF_K_ELF ? t : objfile_put(t);
}

struct objfile *objfile_get(struct objfile *o)
{
	o->refs++;
	return o;
}

struct objfile *objfile_put(struct objfile *o)
{
	if (!o || --o->refs)
		return NULL;
	if (o->ehframe && o->ehframe_free)
		o->ehframe_free(o->ehframe);
	names_free(o->names);
	dwarf_index_free(o->dwarf);
	symbols_free(o->symbols);
	debug_free(o->debug);
	captured_free(o->captured);
	if (o->elf)
		elf_end(o->elf);
	if (o->fd >= 0 && !o->twin_of)
		close(o->fd);
	objfile_put(o->twin_of);
	free(o->image);
	vec_done(&o->segments);
	free(o->path);
	free(o);
	return NULL;
}

uint32_t objfile_id(const struct objfile *o)
{
	return o->id;
}

const char *objfile_path(const struct objfile *o)
{
	return o->path;
}

const char *objfile_build_id(const struct objfile *o)
{
	return o->build_id;
}

uint64_t objfile_entry(const struct objfile *o)
{
	return o->entry;
}

bool objfile_is_64bit(const struct objfile *o)
{
	return o->is_64bit;
}

size_t objfile_segments(const struct objfile *o, const struct segment **ret_segments)
{
	*ret_segments = o->segments.v;
	return o->segments.n;
}

int objfile_fd(const struct objfile *o)
{
	return o->fd;
}

const void *objfile_image(const struct objfile *o, size_t *ret_n)
{
	*ret_n = o->image_bytes;
	return o->image;
}

/* How well @s answers for file offset @off: code before data, and what the segment says
 * it holds before the rest of the pages that mmap(2) rounds it to. */
static unsigned segment_rank(const struct segment *s, uint64_t off)
{
	uint64_t start = s->off & ~(uint64_t)(PAGE_BYTES - 1);
	uint64_t size = off - start;

	if (!s->filesz_bytes || off < start)
		return 0;
	if (off >= s->off && off - s->off < s->filesz_bytes)
		return s->exec ? 4 : 2;
	if (size / PAGE_BYTES <= (s->off - start + s->filesz_bytes - 1) / PAGE_BYTES)
		return s->exec ? 3 : 1;
	return 0;
}

bool objfile_off_to_vaddr(const struct objfile *o, uint64_t off, uint64_t *ret_vaddr)
{
	const struct segment *best = NULL;
	unsigned best_rank = 0;

	for (uint32_t i = 0; i < o->segments.n; i++) {
		unsigned rank = segment_rank(&o->segments.v[i], off);

		if (rank <= best_rank)
			continue;
		best_rank = rank;
		best = &o->segments.v[i];
	}
	if (!best)
		return false;
	*ret_vaddr = best->vaddr + (off - best->off); /* modulo 2^64 both ways */
	return true;
}

bool objfile_is_code(const struct objfile *o, uint64_t start, uint64_t end)
{
	for (uint32_t i = 0; i < o->segments.n; i++) {
		const struct segment *s = &o->segments.v[i];

		if (s->exec && start < s->vaddr + s->memsz_bytes && end > s->vaddr)
			return true;
	}
	return false;
}

size_t objfile_find_bytes(const struct objfile *o, uint64_t vaddr, size_t n,
			  uint64_t *ret_off)
{
	for (uint32_t i = 0; i < o->segments.n; i++) {
		const struct segment *s = &o->segments.v[i];
		uint64_t rel = vaddr - s->vaddr;

		if (vaddr < s->vaddr || rel >= s->filesz_bytes)
			continue;
		*ret_off = s->off + rel;
		return n < s->filesz_bytes - rel ? n : s->filesz_bytes - rel;
	}
	return 0;
}

static size_t read_file(const struct objfile *o, uint64_t vaddr, void *buf, size_t n)
{
	uint64_t off;
	ssize_t got;

	n = objfile_find_bytes(o, vaddr, n, &off);
	if (!n)
		return 0;
	if (!o->image) {
		got = off <= INT64_MAX ? io_pread(o->fd, buf, n, off) : 0;
		return got > 0 ? (size_t)got : 0;
	}
	if (off >= o->image_bytes)
		return 0;
	if (n > o->image_bytes - off)
		n = o->image_bytes - off;
	memcpy(buf, (char *)o->image + off, n);
	return n;
}

size_t objfile_read(const struct objfile *o, uint64_t vaddr, void *buf, size_t n)
{
	size_t got;

	if (o->captured)
		return captured_read(o, vaddr, buf, n);
	got = read_file(o, vaddr, buf, n);
	if (o->tap)
		o->tap->code(o->tap_arg, vaddr, n, buf, got);
	return got;
}

static bool view_section(struct objfile *o, const char *name, struct section_view *view)
{
	GElf_Shdr shdr;
	Elf_Scn *scn = elf_find_section(o->elf, name, &shdr);
	Elf_Data *data;

	if (!scn || shdr.sh_size > LIMIT_SECTION_BYTES || shdr.sh_flags & SHF_COMPRESSED)
		return false;
	data = elf_rawdata(scn, NULL);
	if (!data || !data->d_buf || !data->d_size)
		return false;
	*view = (struct section_view){data->d_buf, data->d_size, shdr.sh_addr};
	return true;
}

static bool view_chunk(struct objfile *o, uint64_t off, uint64_t size, uint64_t vaddr,
		       struct section_view *view)
{
	Elf_Data *data;

	if (!size || size > LIMIT_SECTION_BYTES || off > INT64_MAX)
		return false;
	data = elf_getdata_rawchunk(o->elf, (int64_t)off, size, ELF_T_BYTE);
	if (!data || !data->d_buf)
		return false;
	*view = (struct section_view){data->d_buf, data->d_size, vaddr};
	return true;
}

const struct section_view *objfile_eh_frame_hdr(struct objfile *o)
{
	size_t n = 0;
	GElf_Phdr p;

	if (o->eh_frame_hdr_read || o->captured)
		return &o->eh_frame_hdr;
	o->eh_frame_hdr_read = true;
	if (view_section(o, ".eh_frame_hdr", &o->eh_frame_hdr))
		return &o->eh_frame_hdr;
	if (elf_getphdrnum(o->elf, &n) < 0)
		return &o->eh_frame_hdr;
	for (size_t i = 0; i < n && !o->eh_frame_hdr.data; i++)
		if (gelf_getphdr(o->elf, (int)i, &p) && p.p_type == PT_GNU_EH_FRAME)
			view_chunk(o, p.p_offset, p.p_filesz, p.p_vaddr,
				   &o->eh_frame_hdr);
	return &o->eh_frame_hdr;
}

/* The address of .eh_frame as .eh_frame_hdr has it. LSB Core, ".eh_frame_hdr section":
 * version, three encodings, then eh_frame_ptr. */
static bool eh_frame_vaddr(const struct section_view *hdr, uint64_t *ret_vaddr)
{
	uint64_t base = 0, value = 0;
	int32_t value32;

	if (!hdr->data || hdr->size < 12 || hdr->data[0] != 1)
		return false;
	switch (hdr->data[1] & 0x0f) {
	case DW_EH_PE_absptr:
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8:
		memcpy(&value, hdr->data + 4, 8);
		break;
	case DW_EH_PE_sdata4:
		memcpy(&value32, hdr->data + 4, 4);
		value = (uint64_t)(int64_t)value32;
		break;
	case DW_EH_PE_udata4:
		memcpy(&value, hdr->data + 4, 4);
		break;
	default:
		return false;
	}
	switch (hdr->data[1] & 0xf0) {
	case DW_EH_PE_absptr:
		break;
	case DW_EH_PE_pcrel:
		base = hdr->vaddr + 4;
		break;
	case DW_EH_PE_datarel:
		base = hdr->vaddr;
		break;
	default:
		return false;
	}
	*ret_vaddr = base + value;
	return true;
}

const struct section_view *objfile_eh_frame(struct objfile *o)
{
	uint64_t vaddr, off;
	size_t n;

	if (o->eh_frame_read || o->captured)
		return &o->eh_frame;
	o->eh_frame_read = true;
	if (view_section(o, ".eh_frame", &o->eh_frame))
		return &o->eh_frame;
	/* No section headers: the section ends with its zero terminator, the segment at
	 * last. */
	if (!eh_frame_vaddr(objfile_eh_frame_hdr(o), &vaddr))
		return &o->eh_frame;
	n = objfile_find_bytes(o, vaddr, LIMIT_SECTION_BYTES, &off);
	view_chunk(o, off, n, vaddr, &o->eh_frame);
	return &o->eh_frame;
}

void **objfile_ehframe_slot(struct objfile *o, void (*free_fn)(void *))
{
	o->ehframe_free = free_fn;
	return &o->ehframe;
}
