/* The DWARF of a file: its own, or that of its separate debug file, together with a dwz
 * file that several debug files share. Finding debug files is search.c, reading the DWARF
 * units.c and lines.c. All are read through ELF_C_READ handles, see elf.c. */
#include <profd/objfile.h>

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <elfutils/libdwelf.h>

#include <profd/log.h>
#include <profd/mem.h>

#include "objfile-priv.h"

#define LOG_DOMAIN "objfile"

/* Compressed DWARF unpacks to some three to six times its size; zlib could make it a
 * thousand times. */
#define INFLATED_FREE_BYTES (64ull << 20)
#define INFLATED_FACTOR 64
#define ZDEBUG_HEADER_BYTES 12

struct debug_elf {
	Elf *elf;
	Dwarf *dwarf;
	int fd;
	uint64_t bytes;
	char *path;
};

struct debug {
	struct debug_elf file, alt; /* alt: what DW_FORM_GNU_ref_alt refers to */
	Dwarf *own;		    /* of the main file */
	bool file_searched, dwarf_loaded;
	Dwarf *dwarf;	/* own, or file.dwarf */
	uint64_t bytes; /* of its sections, unpacked, and of alt's */
};

static void debug_elf_done(struct debug_elf *f)
{
	if (f->dwarf)
		dwarf_end(f->dwarf);
	if (f->elf)
		elf_end(f->elf);
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	*f = (struct debug_elf){.fd = -1};
}

void debug_free(struct debug *d)
{
	if (!d)
		return;
	if (d->own)
		dwarf_end(d->own);
	debug_elf_done(&d->file);
	debug_elf_done(&d->alt);
	free(d);
}

static struct debug *debug_get(struct objfile *o)
{
	if (o->debug)
		return o->debug;
	o->debug = xcalloc(1, sizeof(*o->debug));
	o->debug->file.fd = -1;
	o->debug->alt.fd = -1;
	return o->debug;
}

static bool debug_elf_open(struct debug_elf *f, int fd)
{
	struct stat st;

	f->fd = fd;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	f->bytes = (uint64_t)st.st_size;
	f->elf = elf_begin(fd, ELF_C_READ, NULL);
	return f->elf && elf_kind(f->elf) == ELF_K_ELF;
}

Elf *debug_file(struct objfile *o)
{
	struct debug *d = debug_get(o);

	if (d->file_searched)
		return d->file.elf;
	d->file_searched = true;
	if (!debug_elf_open(&d->file, search_debug_file(o, &d->file.path)))
		debug_elf_done(&d->file);
	else
		log_debug(LOG_DOMAIN, "'%s': debug file '%s'", o->path,
			  d->file.path ? d->file.path : "?");
	return d->file.elf;
}

/* DWARF sections that hold neither functions nor lines. libdw reads every section it
 * knows when it opens a file, and location lists alone are often a quarter of them. */
static bool section_unused(const char *name)
{
	static const char *const unused[] = {
		"aranges",  "frame",	"gnu_pubnames", "gnu_pubtypes", "loc",
		"loclists", "macinfo",	"macro",	"names",	"pubnames",
		"pubtypes", "cu_index", "tu_index",	"types",
	};

	for (size_t i = 0; i < ARRAY_SIZE(unused); i++)
		if (strcmp(name, unused[i]) == 0)
			return true;
	return false;
}

/* The part of a DWARF section's name behind ".debug_" or ".zdebug_", else NULL. */
static const char *section_suffix(Elf *elf, size_t names, const GElf_Shdr *shdr)
{
	const char *s = elf_strptr(elf, names, shdr->sh_name);

	if (!s)
		return NULL;
	if (strncmp(s, ".debug_", 7) == 0)
		return s + 7;
	return strncmp(s, ".zdebug_", 8) == 0 ? s + 8 : NULL;
}

/* What a section takes once libdw has unpacked it. GNU's older form of compressed
 * sections, .zdebug_*, begins with "ZLIB" and the size, big-endian. */
static uint64_t unpacked_bytes(Elf_Scn *scn, const GElf_Shdr *shdr, bool zdebug)
{
	GElf_Chdr chdr;
	Elf_Data *data;
	uint64_t size;

	if (shdr->sh_flags & SHF_COMPRESSED && gelf_getchdr(scn, &chdr))
		return chdr.ch_size;
	data = zdebug ? elf_rawdata(scn, NULL) : NULL;
	if (!data || !data->d_buf || data->d_size < ZDEBUG_HEADER_BYTES ||
	    memcmp(data->d_buf, "ZLIB", 4) != 0)
		return shdr->sh_size;
	memcpy(&size, (char *)data->d_buf + 4, 8);
	return be64toh(size);
}

/* @stored is what the sections claim to have in the file, which may be more than there
 * is, or the same bytes several times. */
static bool inflates_too_much(uint64_t unpacked, uint64_t stored, uint64_t file_bytes)
{
	if (stored > file_bytes)
		stored = file_bytes;
	return unpacked > INFLATED_FREE_BYTES &&
	       (unpacked - INFLATED_FREE_BYTES) / INFLATED_FACTOR > stored;
}

static uint64_t debug_limit(void)
{
	uint64_t quarter = (uint64_t)sysconf(_SC_PHYS_PAGES) / 4 *
			   (uint64_t)sysconf(_SC_PAGESIZE);

	return quarter < LIMIT_DEBUG_BYTES ? quarter : LIMIT_DEBUG_BYTES;
}

/* Hides the unused sections from libdw (in the handle, not in the file). True when there
 * is DWARF, not more of it than debug_limit(), and not out of next to nothing; its size
 * is added to *@bytes. */
static bool sections_prepare(Elf *elf, uint64_t file_bytes, uint64_t *bytes)
{
	bool info = false;
	uint64_t unpacked = 0, stored = 0, limit = debug_limit();
	size_t names;
	GElf_Shdr shdr;

	if (elf_getshdrstrndx(elf, &names) < 0)
		return false;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		const char *s;
		uint64_t size;

		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type == SHT_NOBITS)
			continue;
		s = section_suffix(elf, names, &shdr);
		if (!s)
			continue;
		if (section_unused(s)) {
			shdr.sh_type = SHT_NOBITS;
			gelf_update_shdr(scn, &shdr);
			continue;
		}
		info |= strcmp(s, "info") == 0;
		size = unpacked_bytes(scn, &shdr, s[-7] == 'z');
		if (size > limit - unpacked)
			return false;
		unpacked += size;
		stored += shdr.sh_size;
	}
	if (inflates_too_much(unpacked, stored, file_bytes))
		return false;
	*bytes += unpacked;
	return info;
}

/* In a sound file the last byte is a NUL anyway, or belongs to the last attribute of a
 * unit without functions. */
static void strings_terminate(Elf *elf)
{
	size_t names;
	GElf_Shdr shdr;

	if (elf_getshdrstrndx(elf, &names) < 0)
		return;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		const char *s = gelf_getshdr(scn, &shdr) && shdr.sh_type != SHT_NOBITS
					? section_suffix(elf, names, &shdr)
					: NULL;

		if (!s || (strcmp(s, "str") != 0 && strcmp(s, "line_str") != 0 &&
			   strcmp(s, "info") != 0))
			continue;
		elf_data_terminate(elf_getdata(scn, NULL));
	}
}

static Dwarf *dwarf_open(Elf *elf, uint64_t file_bytes, uint64_t *bytes)
{
	uint64_t before = *bytes;
	Dwarf *dwarf;

	if (!elf || !sections_prepare(elf, file_bytes, bytes))
		return NULL;
	dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
	if (!dwarf)
		return NULL;
	strings_terminate(elf);
	if (abbrevs_usable(dwarf, *bytes - before))
		return dwarf;
	dwarf_end(dwarf);
	return NULL;
}

static bool alt_open(struct debug *d, const char *path, const uint8_t *want, size_t n)
{
	struct debug_elf *alt = &d->alt;
	uint8_t id[BUILD_ID_MAX];

	if (debug_elf_open(alt, open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) &&
	    elf_build_id(alt->elf, id) == n && memcmp(id, want, n) == 0)
		alt->dwarf = dwarf_open(alt->elf, alt->bytes, &d->bytes);
	if (alt->dwarf)
		return true;
	debug_elf_done(alt);
	return false;
}

/* The shared file that dwz(1) made, named by .gnu_debugaltlink relative to the debug
 * file, or found by build-id. libdw would find it too, but map it and not compare
 * build-ids. */
static void alt_find(struct debug *d, const char *debug_path)
{
	_cleanup_free_ char *by_name = NULL, *by_id = NULL;
	char hex[BUILD_ID_HEX];
	const char *name;
	const void *id;
	ssize_t n = dwelf_dwarf_gnu_debugaltlink(d->dwarf, &name, &id);
	const char *slash = strrchr(debug_path, '/');

	if (n < 2 || n > BUILD_ID_MAX)
		return;
	build_id_print(id, (size_t)n, hex);
	by_id = xasprintf("/usr/lib/debug/.build-id/%.2s/%s.debug", hex, hex + 2);
	if (name[0] == '/' || !slash)
		by_name = xstrdup(name);
	else
		by_name = xasprintf("%.*s/%s", (int)(slash - debug_path), debug_path,
				    name);
	if (alt_open(d, by_name, id, (size_t)n) || alt_open(d, by_id, id, (size_t)n))
		dwarf_setalt(d->dwarf, d->alt.dwarf);
}

static uint64_t own_bytes(const struct objfile *o)
{
	struct stat st;

	if (o->image)
		return o->image_bytes;
	return fstat(o->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

Dwarf *debug_dwarf(struct objfile *o)
{
	struct debug *d = debug_get(o);

	if (d->dwarf_loaded)
		return d->dwarf;
	d->dwarf_loaded = true;
	d->own = dwarf_open(o->elf, own_bytes(o), &d->bytes);
	d->dwarf = d->own;
	if (!d->dwarf) {
		Elf *elf = debug_file(o);

		d->file.dwarf = dwarf_open(elf, d->file.bytes, &d->bytes);
		d->dwarf = d->file.dwarf;
	}
	if (d->dwarf)
		alt_find(d, d->own || !d->file.path ? o->path : d->file.path);
	return d->dwarf;
}

Elf_Data *debug_section(Dwarf *dwarf, const char *suffix)
{
	Elf *elf = dwarf_getelf(dwarf);
	size_t names;
	GElf_Shdr shdr;

	if (!elf || elf_getshdrstrndx(elf, &names) < 0)
		return NULL;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		const char *s = gelf_getshdr(scn, &shdr) && shdr.sh_type != SHT_NOBITS
					? section_suffix(elf, names, &shdr)
					: NULL;

		if (s && strcmp(s, suffix) == 0)
			return elf_getdata(scn, NULL);
	}
	return NULL;
}

uint64_t debug_dwarf_bytes(const struct objfile *o)
{
	return o->debug ? o->debug->bytes : 0;
}

bool objfile_has_lines(struct objfile *o)
{
	bool has;

	if (o->captured)
		return captured_has_lines(o);
	has = debug_dwarf(o) != NULL;
	if (o->tap)
		o->tap->lines(o->tap_arg, has);
	return has;
}
