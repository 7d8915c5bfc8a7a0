/* Where a file's names and DWARF are when they are not in the file itself: a separate debug file (by
 * build-id, debuglink or debuginfod: libdwfl's search), MiniDebugInfo, a dwz file that several debug
 * files share. Opens them; symbols.c and units.c read them.
 * libdwfl maps the debug files it opens. Here it only finds them; they are read through ELF_C_READ
 * handles of our own, see elf.c. */
#include <profd/objfile.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>

#include <profd/log.h>
#include <profd/mem.h>

#include "objfile-priv.h"

#define LOG_DOMAIN "objfile"

struct debug_elf {
	Elf *elf;
	Dwarf *dwarf;
	int fd;
	char *path;
};

/* What the callbacks of libdwfl work on. */
struct module_data {
	struct objfile *o;
	Elf *elf;    /* of the file; libdwfl ends it */
	bool search; /* for a debug file */
	int fd;	     /* what the search found: our own copy, or -1 */
	char *path;
};

struct debug {
	struct debug_elf file, alt; /* alt: what DW_FORM_GNU_ref_alt refers to */
	Dwarf *own;		    /* of the main file */
	Dwfl *dwfl;
	struct module_data module;
	bool file_searched, dwarf_loaded;
	Dwarf *dwarf; /* own, or file.dwarf */
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
	if (d->dwfl)
		dwfl_end(d->dwfl);
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

static int find_elf(Dwfl_Module *module, void **userdata, const char *name,
		    Dwarf_Addr base, char **file_name, Elf **ret_elf)
{
	struct module_data *m = *userdata;

	*file_name = m->o->path[0] ? xstrdup(m->o->path) : NULL;
	*ret_elf = m->elf;
	m->elf = NULL;
	return -1;
}

static int find_debuginfo(Dwfl_Module *module, void **userdata, const char *name,
			  Dwarf_Addr base, const char *file_name, const char *debuglink,
			  GElf_Word crc, char **ret_name)
{
	struct module_data *m = *userdata;
	int fd;

	/* Without either libdwfl would take any NAME.debug beside the file. */
	if (!m->search || (!debuglink && !m->o->build_id[0]))
		return -1;
	fd = dwfl_standard_find_debuginfo(module, userdata, name, base, file_name,
					  debuglink, crc, ret_name);
	if (fd < 0)
		return fd;
	m->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	m->path = *ret_name ? xstrdup(*ret_name) : NULL;
	return fd;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = find_elf,
	.find_debuginfo = find_debuginfo,
};

/* A libdwfl session in which the file is the only module. Takes m->elf. @m has to stay. */
static Dwfl *module_open(struct objfile *o, struct module_data *m,
			 Dwfl_Module **ret_module, GElf_Addr *ret_bias)
{
	uint64_t start = UINT64_MAX, end = 0;
	Dwfl_Module *module;
	Dwfl *dwfl;
	void **userdata;

	m->o = o;
	for (uint32_t i = 0; i < o->segments.n; i++) {
		const struct segment *s = &o->segments.v[i];

		if (s->vaddr < start)
			start = s->vaddr;
		if (s->vaddr + s->memsz_bytes > end)
			end = s->vaddr + s->memsz_bytes;
	}
	dwfl = m->elf && start < end ? dwfl_begin(&callbacks) : NULL;
	if (!dwfl)
		goto fail;
	dwfl_report_begin(dwfl);
	module = dwfl_report_module(dwfl, o->path, start, end);
	if (dwfl_report_end(dwfl, NULL, NULL) != 0 || !module)
		goto fail;
	dwfl_module_info(module, &userdata, NULL, NULL, NULL, NULL, NULL, NULL);
	*userdata = m;
	if (!dwfl_module_getelf(module, ret_bias))
		goto fail;
	*ret_module = module;
	return dwfl;
fail:
	if (dwfl)
		dwfl_end(dwfl);
	elf_end(m->elf); /* NULL is fine */
	m->elf = NULL;
	return NULL;
}

/* A handle on the file that seems to have no .symtab. libdwfl looks for debug files when the symbol
 * table or the DWARF is missing; the former costs less, as it does not open the DWARF it finds. */
static Elf *elf_without_symtab(struct objfile *o)
{
	Elf *elf = o->image ? elf_memory(o->image, o->image_bytes) :
			      elf_begin(o->fd, ELF_C_READ, NULL);
	GElf_Shdr shdr;

	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_SYMTAB)
			continue;
		shdr.sh_type = SHT_NOBITS;
		gelf_update_shdr(scn, &shdr);
	}
	return elf;
}

/* libdwfl's search: by build-id, by name with its CRC, then debuginfod where DEBUGINFOD_URLS is set.
 * Returns a file descriptor or -1. */
static int search(struct objfile *o, char **ret_path)
{
	struct module_data m = {
		.elf = elf_without_symtab(o),
		.search = true,
		.fd = -1,
	};
	Dwfl_Module *module;
	GElf_Addr bias;
	Dwfl *dwfl = module_open(o, &m, &module, &bias);

	if (!dwfl)
		return -1;
	dwfl_module_getsymtab(module);
	dwfl_end(dwfl);
	*ret_path = m.path;
	return m.fd;
}

static bool debug_elf_open(struct debug_elf *f, int fd)
{
	struct stat st;

	f->fd = fd;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	f->elf = elf_begin(fd, ELF_C_READ, NULL);
	return f->elf && elf_kind(f->elf) == ELF_K_ELF;
}

Elf *debug_file(struct objfile *o)
{
	struct debug *d = debug_get(o);

	if (d->file_searched)
		return d->file.elf;
	d->file_searched = true;
	if (!debug_elf_open(&d->file, search(o, &d->file.path)))
		debug_elf_done(&d->file);
	else
		log_debug(LOG_DOMAIN, "'%s': debug file '%s'", o->path,
			  d->file.path ? d->file.path : "?");
	return d->file.elf;
}

/* DWARF sections that hold neither functions nor lines. libdw reads every section it knows when it
 * opens a file, and location lists alone are often a quarter of them. */
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

/* Hides the unused sections from libdw (in the handle, not in the file). True when there is DWARF,
 * and not more of it than LIMIT_DEBUG_BYTES. */
static bool sections_prepare(Elf *elf)
{
	bool info = false;
	uint64_t bytes = 0;
	size_t names;
	GElf_Shdr shdr;
	GElf_Chdr chdr;

	if (elf_getshdrstrndx(elf, &names) < 0)
		return false;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		const char *s;

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
		if (shdr.sh_flags & SHF_COMPRESSED && gelf_getchdr(scn, &chdr))
			shdr.sh_size = chdr.ch_size;
		if (shdr.sh_size > LIMIT_DEBUG_BYTES - bytes)
			return false;
		bytes += shdr.sh_size;
	}
	return info;
}

static Dwarf *dwarf_open(Elf *elf)
{
	if (!elf || !sections_prepare(elf))
		return NULL;
	return dwarf_begin_elf(elf, DWARF_C_READ, NULL);
}

static bool alt_open(struct debug_elf *alt, const char *path, const uint8_t *want,
		     size_t n)
{
	uint8_t id[BUILD_ID_MAX];

	if (debug_elf_open(alt, open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) &&
	    elf_build_id(alt->elf, id) == n && memcmp(id, want, n) == 0)
		alt->dwarf = dwarf_open(alt->elf);
	if (alt->dwarf)
		return true;
	debug_elf_done(alt);
	return false;
}

/* The shared file that dwz(1) made, named by .gnu_debugaltlink relative to the debug file, or found
 * by build-id. libdw would find it too, but map it and not compare build-ids. */
static void alt_find(struct debug *d, const char *debug_path)
{
	_cleanup_free_ char *by_name = NULL, *by_id = NULL;
	char hex[2 * BUILD_ID_MAX + 1];
	const char *name;
	const void *id;
	ssize_t n = dwelf_dwarf_gnu_debugaltlink(d->dwarf, &name, &id);
	const char *slash = strrchr(debug_path, '/');

	if (n < 2 || n > BUILD_ID_MAX)
		return;
	for (ssize_t i = 0; i < n; i++)
		sprintf(hex + 2 * i, "%02x", ((const uint8_t *)id)[i]);
	by_id = xasprintf("/usr/lib/debug/.build-id/%.2s/%s.debug", hex, hex + 2);
	if (name[0] == '/' || !slash)
		by_name = xstrdup(name);
	else
		by_name = xasprintf("%.*s/%s", (int)(slash - debug_path), debug_path,
				    name);
	if (alt_open(&d->alt, by_name, id, (size_t)n) ||
	    alt_open(&d->alt, by_id, id, (size_t)n))
		dwarf_setalt(d->dwarf, d->alt.dwarf);
}

Dwarf *debug_dwarf(struct objfile *o)
{
	struct debug *d = debug_get(o);

	if (d->dwarf_loaded)
		return d->dwarf;
	d->dwarf_loaded = true;
	d->own = dwarf_open(o->elf);
	d->dwarf = d->own;
	if (!d->dwarf) {
		d->file.dwarf = dwarf_open(debug_file(o));
		d->dwarf = d->file.dwarf;
	}
	if (d->dwarf)
		alt_find(d, d->own || !d->file.path ? o->path : d->file.path);
	return d->dwarf;
}

Dwfl_Module *debug_module(struct objfile *o, uint64_t *ret_bias)
{
	struct debug *d = debug_get(o);
	Dwfl_Module *module;
	GElf_Addr bias;

	if (d->dwfl)
		return NULL;
	/* libelf counts the users of a handle. */
	d->module.elf = elf_begin(o->fd, ELF_C_READ, o->elf);
	d->dwfl = module_open(o, &d->module, &module, &bias);
	if (!d->dwfl)
		return NULL;
	*ret_bias = bias;
	return module;
}

bool objfile_has_lines(struct objfile *o)
{
	return debug_dwarf(o) != NULL;
}
