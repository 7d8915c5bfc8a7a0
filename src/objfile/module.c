/* The file as libdwfl sees it, for the two things that only libdwfl does: unpacking
 * MiniDebugInfo (and reading .dynsym without section headers), and asking debuginfod
 * servers. */
#include <profd/objfile.h>

#include <fcntl.h>
#include <unistd.h>

#include <elfutils/libdwfl.h>

#include <profd/mem.h>

#include "objfile-priv.h"

#define LIMIT_DYNAMICS 4u

/* What the callbacks of libdwfl work on. */
struct module_data {
	struct objfile *o;
	Elf *elf;    /* of the file; libdwfl ends it */
	bool search; /* for a debug file */
	int fd;	     /* what the search found: our own copy, or -1 */
	char *path;
};

struct module {
	Dwfl *dwfl;
	struct module_data data;
};

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

/* A libdwfl session in which the file is the only module. Takes m->elf. @m has to stay.
 */
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

/* A handle on the file that seems to have neither .symtab nor MiniDebugInfo. libdwfl
 * looks for debug files when the symbol table or the DWARF is missing; the former costs
 * less, as it does not open the DWARF that it finds. */
static Elf *elf_without_symbols(struct objfile *o)
{
	Elf *elf = o->image ? elf_memory(o->image, o->image_bytes)
			    : elf_begin(o->fd, ELF_C_READ, NULL);
	GElf_Shdr shdr;
	Elf_Scn *scn;

	for (scn = NULL; (scn = elf_nextscn(elf, scn));) {
		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_SYMTAB)
			continue;
		shdr.sh_type = SHT_NOBITS;
		gelf_update_shdr(scn, &shdr);
	}
	while ((scn = elf_find_section(elf, ".gnu_debugdata", &shdr))) {
		shdr.sh_type = SHT_NULL;
		shdr.sh_name = 0;
		if (!gelf_update_shdr(scn, &shdr))
			break;
	}
	return elf;
}

int module_search(struct objfile *o, char **ret_path)
{
	struct module_data m = {
		.elf = elf_without_symbols(o),
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

void module_terminate_strings(Elf *elf)
{
	GElf_Shdr shdr;

	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));)
		if (gelf_getshdr(scn, &shdr) && shdr.sh_type == SHT_STRTAB)
			elf_data_terminate(elf_getdata(scn, NULL));
}

/* The value of the last entry @tag of the dynamic segment at @phdr. */
static uint64_t dynamic_value(Elf *elf, const GElf_Phdr *phdr, int64_t tag)
{
	Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)phdr->p_offset,
					      phdr->p_filesz, ELF_T_DYN);
	uint64_t value = 0;
	GElf_Dyn dyn;

	for (int i = 0; data && gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++)
		if (dyn.d_tag == tag)
			value = dyn.d_un.d_val;
	return value;
}

static void strings_terminate(struct objfile *o, const GElf_Phdr *phdr)
{
	uint64_t size, off;

	if (phdr->p_filesz > LIMIT_SECTION_BYTES || phdr->p_offset > INT64_MAX)
		return;
	size = dynamic_value(o->elf, phdr, DT_STRSZ);
	if (size > LIMIT_SECTION_BYTES ||
	    objfile_find_bytes(o, dynamic_value(o->elf, phdr, DT_STRTAB), size, &off) !=
		    size ||
	    off > INT64_MAX)
		return;
	elf_data_terminate(elf_getdata_rawchunk(o->elf, (int64_t)off, size, ELF_T_BYTE));
}

/* Without section headers libdwfl reads the strings where the dynamic segment says they
 * are. libelf keeps such a chunk and hands out the same one again. The gABI has one such
 * segment; false when there are many, of which libelf would keep a copy each. */
static bool dynamic_terminate_strings(struct objfile *o)
{
	unsigned dynamics = 0;
	size_t n = 0;
	GElf_Phdr phdr;

	if (elf_getphdrnum(o->elf, &n) < 0)
		return true;
	for (size_t i = 0; i < n; i++) {
		if (!gelf_getphdr(o->elf, (int)i, &phdr) || phdr.p_type != PT_DYNAMIC)
			continue;
		if (++dynamics > LIMIT_DYNAMICS)
			return false;
		strings_terminate(o, &phdr);
	}
	return true;
}

struct module *module_new(struct objfile *o, Dwfl_Module **ret_module, uint64_t *ret_bias)
{
	struct module *m = xcalloc(1, sizeof(*m));
	GElf_Addr bias;

	if (!dynamic_terminate_strings(o))
		return module_free(m);
	/* libelf counts the users of a handle. */
	m->data.elf = elf_begin(o->fd, ELF_C_READ, o->elf);
	m->dwfl = module_open(o, &m->data, ret_module, &bias);
	if (!m->dwfl)
		return module_free(m);
	*ret_bias = bias;
	return m;
}

struct module *module_free(struct module *m)
{
	if (m && m->dwfl)
		dwfl_end(m->dwfl);
	free(m);
	return NULL;
}
