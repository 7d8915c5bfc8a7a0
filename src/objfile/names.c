/* What DWARF calls a function. The linkage name, demangled, is the same name that the
 * symbol table gives. Functions that no other file can call have none (GCC leaves it out
 * for static functions, anonymous namespaces and lambdas): then the symbol of their
 * out-of-line code is asked, and failing that the name is put together from the
 * namespaces and classes around it. */
#include <profd/objfile.h>

#include <string.h>

#include <dwarf.h>
#include <elfutils/libdw.h>

#include <profd/mem.h>
#include <profd/text.h>

#include "objfile-priv.h"

#define LIMIT_HOPS 16u

/* The namespaces, classes and functions of a unit that other functions are declared in.
 */
struct scopes {
	VEC(struct scope {
		Dwarf_Die die;
		uint32_t parent; /* id (index + 1) of the one around it, 0: none */
	})
	v;
	struct map dies; /* address of a function's DIE -> id of the scope around it */
};

struct names {
	struct map by_die; /* DIE address -> struct function_name * */
	struct map scopes; /* Dwarf_CU address -> struct scopes * */
	VEC(struct scopes *) all_scopes;
	struct arena arena;
};

void names_free(struct names *n)
{
	if (!n)
		return;
	for (uint32_t i = 0; i < n->all_scopes.n; i++) {
		vec_done(&n->all_scopes.v[i]->v);
		map_done(&n->all_scopes.v[i]->dies);
		free(n->all_scopes.v[i]);
	}
	vec_done(&n->all_scopes);
	map_done(&n->by_die);
	map_done(&n->scopes);
	arena_done(&n->arena);
	free(n);
}

const char *die_string(Dwarf_Die *die, unsigned name, bool integrate)
{
	Dwarf_Attribute attr;
	const char *s;

	if (!(integrate ? dwarf_attr_integrate(die, name, &attr)
			: dwarf_attr(die, name, &attr)))
		return NULL;
	s = dwarf_formstring(&attr);
	return s && s[0] && strnlen(s, LIMIT_NAME_BYTES) < LIMIT_NAME_BYTES ? s : NULL;
}

static struct names *names_get(struct objfile *o)
{
	if (!o->names)
		o->names = xcalloc(1, sizeof(*o->names));
	return o->names;
}

static const char *keep(struct names *n, const char *s)
{
	return arena_strndup(&n->arena, s, strlen(s));
}

/* Replaces @die by the one that its attribute @name refers to, as long as there is one.
 */
static void follow(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attr;
	Dwarf_Die target;

	for (unsigned i = 0; i < LIMIT_HOPS; i++) {
		if (!dwarf_attr(die, name, &attr) || !dwarf_formref_die(&attr, &target))
			return;
		*die = target;
	}
}

static uint32_t scope_add(struct scopes *s, const Dwarf_Die *die, uint32_t parent)
{
	struct scope *scope = vec_add(&s->v);

	scope->die = *die;
	scope->parent = parent;
	return s->v.n;
}

static void scopes_walk(struct objfile *o, struct scopes *s, Dwarf_Die *parent,
			uint32_t scope, unsigned depth)
{
	Dwarf_Die die;

	if (depth > LIMIT_DEPTH || dwarf_child(parent, &die) != 0)
		return;
	do {
		uint32_t inner = scope;

		if (!dwarf_spend(o, 1))
			return;
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			if (scope)
				map_put(&s->dies, (uintptr_t)die.addr, scope);
			if (!dwarf_haschildren(&die))
				continue;
			__attribute__((fallthrough));
		case DW_TAG_namespace:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
			inner = scope_add(s, &die, scope);
			__attribute__((fallthrough));
		case DW_TAG_lexical_block:
			scopes_walk(o, s, &die, inner, depth + 1);
		}
	} while (dwarf_siblingof(&die, &die) == 0);
}

static bool has_scopes(Dwarf_Die *unit)
{
	switch (dwarf_srclang(unit)) {
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case DW_LANG_Mips_Assembler:
		return false;
	}
	return true;
}

static struct scopes *scopes_get(struct objfile *o, Dwarf_CU *cu)
{
	struct names *n = names_get(o);
	struct scopes *s = (void *)(uintptr_t)map_find(&n->scopes, (uintptr_t)cu);
	Dwarf_Die unit;

	if (s)
		return s;
	s = xcalloc(1, sizeof(*s));
	vec_push(&n->all_scopes, s);
	map_put(&n->scopes, (uintptr_t)cu, (uintptr_t)s);
	if (dwarf_cu_die(cu, &unit, NULL, NULL, NULL, NULL, NULL, NULL) &&
	    has_scopes(&unit))
		scopes_walk(o, s, &unit, 0, 1);
	return s;
}

static const char *scope_name(Dwarf_Die *die, const char *plain)
{
	const char *name = die_string(die, DW_AT_name, true);

	if (name)
		return name;
	switch (dwarf_tag(die)) {
	case DW_TAG_namespace:
		return "(anonymous namespace)";
	case DW_TAG_subprogram:
		return NULL;
	}
	return strcmp(plain, "operator()") == 0 ? "{lambda}" : "{unnamed}";
}

/* The id of the scope around scope @id. A function may be described far from its class.
 */
static uint32_t scope_parent(const struct scopes *s, uint32_t id)
{
	const struct scope *scope = &s->v.v[id - 1];
	Dwarf_Die die = scope->die;

	if (dwarf_tag(&die) == DW_TAG_subprogram) {
		follow(&die, DW_AT_abstract_origin);
		follow(&die, DW_AT_specification);
	}
	if (die.addr == scope->die.addr)
		return scope->parent;
	return (uint32_t)map_find(&s->dies, (uintptr_t)die.addr);
}

/* @plain behind the names of everything it is declared in. */
static const char *scoped_name(struct objfile *o, Dwarf_Die die, const char *plain)
{
	const char *parts[LIMIT_HOPS];
	unsigned n = 0;
	struct scopes *s;
	struct text text = {0};
	const char *name = plain;
	uint32_t id;

	follow(&die, DW_AT_specification);
	s = scopes_get(o, die.cu);
	id = (uint32_t)map_find(&s->dies, (uintptr_t)die.addr);
	for (unsigned i = 0; id && i < LIMIT_HOPS; i++) {
		parts[n] = scope_name(&s->v.v[id - 1].die, plain);
		n += parts[n] != NULL;
		id = scope_parent(s, id);
	}
	if (!n)
		return plain;
	while (n)
		text_addf(&text, "%s::", parts[--n]);
	text_add(&text, plain);
	if (text.len <= LIMIT_NAME_BYTES)
		name = keep(names_get(o), text.s);
	text_done(&text);
	return name;
}

static bool name_by_symbol(struct objfile *o, const Dwarf_Die *die,
			   struct function_name *name)
{
	uint64_t vaddr = dwarf_out_of_line(o, die);
	struct symbol symbol;
	const char *pretty;

	if (!vaddr || !symbols_find(o, vaddr, &symbol, &pretty) ||
	    symbol.vaddr != vaddr || symbol_is_clone(symbol.name))
		return false;
	name->linkage = symbol.name;
	name->pretty = pretty;
	return true;
}

static void name_fill(struct objfile *o, Dwarf_Die *die, struct function_name *name)
{
	const char *plain = die_string(die, DW_AT_name, true);
	const char *linkage = die_string(die, DW_AT_linkage_name, true);
	_cleanup_free_ char *pretty = NULL;

	if (!linkage)
		linkage = die_string(die, DW_AT_MIPS_linkage_name, true);
	if (linkage) {
		pretty = demangle(linkage);
		name->linkage = linkage;
		name->pretty = pretty ? keep(names_get(o), pretty) : linkage;
		return;
	}
	if (!plain || name_by_symbol(o, die, name))
		return;
	name->linkage = plain;
	name->pretty = scoped_name(o, *die, plain);
}

static uint32_t start_line(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Word line;

	if (!dwarf_attr_integrate(die, DW_AT_decl_line, &attr) ||
	    dwarf_formudata(&attr, &line) != 0 || line > INT32_MAX)
		return 0;
	return (uint32_t)line;
}

const struct function_name *names_of_die(struct objfile *o, Dwarf_Die *die)
{
	struct names *n = names_get(o);
	struct function_name *name;
	Dwarf_Die origin = *die;

	follow(&origin, DW_AT_abstract_origin);
	name = (void *)(uintptr_t)map_find(&n->by_die, (uintptr_t)origin.addr);
	if (!name) {
		name = arena_alloc(&n->arena, sizeof(*name));
		map_put(&n->by_die, (uintptr_t)origin.addr, (uintptr_t)name);
		name_fill(o, &origin, name);
		name->start_line = start_line(&origin);
	}
	return name->pretty ? name : NULL;
}
