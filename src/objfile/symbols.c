/* The functions of the symbol tables: the file's own .symtab, else its debug file's, else
 * .dynsym with MiniDebugInfo. One name is kept per address. Names stay where libelf read
 * them; only the ones that are asked for are cleaned, demangled and remembered. */
#include <profd/objfile.h>

#include <string.h>

#include <gelf.h>
#include <libelf.h>

#include <profd/mem.h>

#include "objfile-priv.h"

struct symbol_entry {
	uint64_t start, size;
	const char *name;
	uint32_t order; /* in the file */
	uint8_t rank;	/* the higher one of the same address wins */
	bool typed;	/* STT_FUNC, not an assembler's label */
};

struct symbol_names {
	const char *plain, *pretty;
};

struct symbols {
	enum symbol_source source;
	VEC(struct symbol_entry) entries; /* ids are index + 1 */
	struct cover cover;
	struct map names;      /* id -> struct symbol_names * */
	struct module *module; /* holds the names, or NULL */
	struct arena arena;
};

void symbols_free(struct symbols *s)
{
	if (!s)
		return;
	vec_done(&s->entries);
	module_free(s->module);
	cover_done(&s->cover);
	map_done(&s->names);
	arena_done(&s->arena);
	free(s);
}

static unsigned leading_underscores(const char *s)
{
	unsigned n = 0;

	while (n < 3 && s[n] == '_')
		n++;
	return n;
}

/* Among names of one address: functions before labels, sized before unsized, global
 * before weak before local, and what users call ("memcpy") before what the library does
 * ("__memcpy"). */
static uint8_t symbol_rank(const GElf_Sym *sym, const char *name, bool typed)
{
	unsigned bind = GELF_ST_BIND(sym->st_info);
	unsigned rank = bind == STB_GLOBAL || bind == STB_GNU_UNIQUE ? 2
			: bind == STB_WEAK			     ? 1
								     : 0;

	return (uint8_t)(typed << 5 | (sym->st_size != 0) << 4 | rank << 2 |
			 (3 - leading_underscores(name)));
}

static void symbol_add(struct objfile *o, struct symbols *s, const GElf_Sym *sym,
		       uint64_t vaddr, const char *name)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);
	bool typed = type == STT_FUNC || type == STT_GNU_IFUNC;
	struct symbol_entry *e;

	if (!typed && type != STT_NOTYPE)
		return;
	if (sym->st_shndx == SHN_UNDEF || sym->st_shndx == SHN_ABS || !name || !name[0])
		return;
	/* Of the untyped ones only code labels, and not an assembler's private ones. */
	if (!typed && (name[0] == '$' || strncmp(name, ".L", 2) == 0))
		return;
	if (!objfile_is_code(o, vaddr, vaddr + 1) || s->entries.n >= LIMIT_SYMBOLS)
		return;
	e = vec_add(&s->entries);
	e->start = vaddr;
	e->size = sym->st_size;
	e->name = name;
	e->order = s->entries.n;
	e->typed = typed;
	e->rank = symbol_rank(sym, name, typed);
}

/* Up to and with the last NUL: every offset below starts a string that ends inside. */
static size_t strings_size(const Elf_Data *strings)
{
	const char *end = strings && strings->d_buf
				  ? memrchr(strings->d_buf, 0, strings->d_size)
				  : NULL;

	return end ? (size_t)(end - (const char *)strings->d_buf) + 1 : 0;
}

/* libelf reads a section whole, and a hole in a file makes gigabytes of zeros cost
 * nothing there. */
static Elf_Data *section_data(Elf_Scn *scn, uint64_t max_bytes)
{
	GElf_Shdr shdr;

	return gelf_getshdr(scn, &shdr) && shdr.sh_size <= max_bytes
		       ? elf_getdata(scn, NULL)
		       : NULL;
}

static void table_add(struct objfile *o, struct symbols *s, Elf *elf, Elf_Scn *scn)
{
	GElf_Shdr shdr;
	Elf_Scn *strings_scn;
	Elf_Data *data, *strings;
	size_t count, limit;

	if (!gelf_getshdr(scn, &shdr) || !shdr.sh_entsize)
		return;
	strings_scn = elf_getscn(elf, shdr.sh_link);
	data = section_data(scn, LIMIT_SYMTAB_BYTES);
	strings = strings_scn ? section_data(strings_scn, LIMIT_STRTAB_BYTES) : NULL;
	limit = strings_size(strings);
	if (!data || !limit)
		return;
	count = data->d_size / gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
	for (size_t i = 1; i < count && i <= INT32_MAX; i++) {
		GElf_Sym sym;

		if (gelf_getsym(data, (int)i, &sym) && sym.st_name < limit)
			symbol_add(o, s, &sym, sym.st_value,
				   (const char *)strings->d_buf + sym.st_name);
	}
}

static bool table_load(struct objfile *o, struct symbols *s, Elf *elf, uint32_t type)
{
	GElf_Shdr shdr;

	if (!elf)
		return false;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != type)
			continue;
		table_add(o, s, elf, scn); /* gABI: there is at most one */
		break;
	}
	return s->entries.n > 0;
}

/* libdwfl unpacks .gnu_debugdata, and finds .dynsym by the dynamic segment when the
 * section headers were stripped. */
static enum symbol_source module_load(struct objfile *o, struct symbols *s)
{
	enum symbol_source source = SYMBOLS_NONE;
	uint64_t bias;
	Dwfl_Module *module;
	Elf *last = NULL;
	int n;

	s->module = module_new(o, &module, &bias);
	n = s->module ? dwfl_module_getsymtab(module) : 0;
	for (int i = 1; i < n; i++) {
		GElf_Sym sym;
		GElf_Addr vaddr;
		Elf *elf = NULL;
		const char *name = dwfl_module_getsym_info(module, i, &sym, &vaddr, NULL,
							   &elf, NULL);

		if (!name)
			continue;
		if (elf != last)
			module_terminate_strings(elf);
		last = elf;
		symbol_add(o, s, &sym, vaddr - bias, name);
		if (source != SYMBOLS_MINIDEBUG)
			source = elf == o->elf ? SYMBOLS_DYNSYM : SYMBOLS_MINIDEBUG;
	}
	return s->entries.n ? source : SYMBOLS_NONE;
}

static bool has_sections(struct objfile *o)
{
	size_t n;

	return elf_getshdrnum(o->elf, &n) == 0 && n > 1;
}

static enum symbol_source tables_load(struct objfile *o, struct symbols *s)
{
	if (table_load(o, s, o->elf, SHT_SYMTAB))
		return SYMBOLS_SYMTAB;
	if (table_load(o, s, debug_file(o), SHT_SYMTAB))
		return SYMBOLS_DEBUGFILE;
	if (minidebug_usable(o->elf) || !has_sections(o))
		return module_load(o, s);
	return table_load(o, s, o->elf, SHT_DYNSYM) ? SYMBOLS_DYNSYM : SYMBOLS_NONE;
}

static int entry_compare(const void *a, const void *b)
{
	const struct symbol_entry *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Keeps the best symbol of each address, and drops labels without a size that lie inside
 * a sized function: they name a place in it, not another function. */
static void entries_reduce(struct symbols *s)
{
	struct symbol_entry *v = s->entries.v;
	uint64_t covered = 0; /* by the sized functions so far */
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->entries.n; i++) {
		if (kept && v[kept - 1].start == v[i].start)
			continue;
		if (!v[i].size && v[i].start < covered)
			continue;
		if (v[i].typed && v[i].size && v[i].start + v[i].size > covered)
			covered = v[i].start + v[i].size;
		v[kept++] = v[i];
	}
	s->entries.n = kept;
}

/* The end of the section, or without section headers of the segment, that holds an
 * address. */
struct places {
	VEC(struct cover_range) v;
	VEC(uint64_t) ends; /* of id - 1 */
	struct cover cover;
};

static void place_add(struct places *p, uint64_t start, uint64_t size, uint32_t depth)
{
	uint64_t end = start + size;

	if (end < start)
		return;
	vec_push(&p->ends, end);
	vec_push(&p->v, ((struct cover_range){start, end, p->ends.n, depth}));
}

static void places_load(struct objfile *o, struct places *p)
{
	GElf_Shdr shdr;

	for (uint32_t i = 0; i < o->segments.n; i++)
		place_add(p, o->segments.v[i].vaddr, o->segments.v[i].memsz_bytes, 0);
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(o->elf, scn));)
		if (gelf_getshdr(scn, &shdr) && shdr.sh_flags & SHF_ALLOC)
			place_add(p, shdr.sh_addr, shdr.sh_size, 1);
	cover_build(&p->cover, p->v.v, p->v.n);
}

static void entries_size(struct objfile *o, struct symbols *s)
{
	struct symbol_entry *v = s->entries.v;
	struct places p = {0};

	places_load(o, &p);
	for (uint32_t i = 0; i < s->entries.n; i++) {
		uint64_t next = i + 1 < s->entries.n ? v[i + 1].start : UINT64_MAX;
		uint32_t id = v[i].size ? 0 : cover_find(&p.cover, v[i].start);

		if (id)
			v[i].size = (next < p.ends.v[id - 1] ? next : p.ends.v[id - 1]) -
				    v[i].start;
	}
	vec_done(&p.v);
	vec_done(&p.ends);
	cover_done(&p.cover);
}

static void entries_cover(struct symbols *s)
{
	_cleanup_free_ struct cover_range *ranges = xreallocarray(NULL, s->entries.n + 1,
								  sizeof(*ranges));

	for (uint32_t i = 0; i < s->entries.n; i++) {
		const struct symbol_entry *e = &s->entries.v[i];

		ranges[i] = (struct cover_range){
			.start = e->start,
			.end = e->size > UINT64_MAX - e->start ? UINT64_MAX
							       : e->start + e->size,
			.id = i + 1,
		};
	}
	cover_build(&s->cover, ranges, s->entries.n);
}

static struct symbols *symbols_load(struct objfile *o)
{
	struct symbols *s = o->symbols;

	if (s)
		return s;
	s = o->symbols = xcalloc(1, sizeof(*s));
	s->source = tables_load(o, s);
	if (!s->entries.n)
		return s;
	qsort(s->entries.v, s->entries.n, sizeof(*s->entries.v), entry_compare);
	entries_reduce(s);
	entries_size(o, s);
	entries_cover(s);
	return s;
}

/* "memcpy@@GLIBC_2.14" is memcpy. */
static const struct symbol_names *names_get(struct symbols *s, uint32_t id)
{
	struct symbol_names *n = (void *)(uintptr_t)map_find(&s->names, id);
	const char *name = s->entries.v[id - 1].name, *version;
	_cleanup_free_ char *pretty = NULL;
	size_t len;

	if (n)
		return n;
	len = strnlen(name, LIMIT_NAME_BYTES + 1);
	version = memchr(name + 1, '@', len - 1);
	n = arena_alloc(&s->arena, sizeof(*n));
	map_put(&s->names, id, (uintptr_t)n);
	if (len > LIMIT_NAME_BYTES)
		len = LIMIT_NAME_BYTES;
	if (version)
		len = (size_t)(version - name);
	n->plain = name[len] ? arena_strndup(&s->arena, name, len) : name;
	pretty = demangle(n->plain);
	n->pretty = pretty ? arena_strndup(&s->arena, pretty, strlen(pretty)) : n->plain;
	return n;
}

bool symbols_find(struct objfile *o, uint64_t vaddr, struct symbol *ret_symbol,
		  const char **ret_pretty)
{
	struct symbols *s = symbols_load(o);
	uint32_t id = cover_find(&s->cover, vaddr);
	const struct symbol_names *n;

	if (!id)
		return false;
	n = names_get(s, id);
	ret_symbol->name = n->plain;
	ret_symbol->vaddr = s->entries.v[id - 1].start;
	ret_symbol->size = s->entries.v[id - 1].size;
	if (ret_pretty)
		*ret_pretty = n->pretty;
	return true;
}

bool symbol_is_clone(const char *name)
{
	return name[0] && strchr(name + 1, '.');
}

bool objfile_symbol(struct objfile *o, uint64_t vaddr, struct symbol *ret_symbol)
{
	return !o->captured && symbols_find(o, vaddr, ret_symbol, NULL);
}

enum symbol_source objfile_symbol_source(struct objfile *o)
{
	enum symbol_source source;

	if (o->captured)
		return captured_symbol_source(o);
	source = symbols_load(o)->source;
	if (o->tap)
		o->tap->symbols(o->tap_arg, source);
	return source;
}

const char *symbol_source_name(enum symbol_source s)
{
	static const char *const names[] = {
		[SYMBOLS_NONE] = "none",	   [SYMBOLS_DYNSYM] = "dynsym",
		[SYMBOLS_MINIDEBUG] = "minidebug", [SYMBOLS_SYMTAB] = "symtab",
		[SYMBOLS_DEBUGFILE] = "debugfile",
	};

	return (unsigned)s < ARRAY_SIZE(names) ? names[s] : "unknown";
}
