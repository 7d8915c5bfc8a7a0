/* An index of the functions that DWARF describes. All compilation units with code are
 * listed once; a unit's DIEs are walked once, when the first address in it is asked for.
 * Asking libdw for the scopes of every address instead walks the unit every time
 * (measured: 100 times slower on a unit of 40,000 DIEs). Only what can hold code is
 * entered. DWARF 5, sections 2.17 and 3.3.
 * Ranges outside the executable segments are dropped: linkers leave descriptions of code
 * that they removed, at address 0 or 1 or near 2^64. */
#include <profd/objfile.h>

#include <dwarf.h>
#include <elfutils/libdw.h>

#include <profd/mem.h>

#include "objfile-priv.h"

struct dwarf {
	VEC(struct unit) units; /* ids are index + 1 */
	struct cover cover;
	struct map out_of_line; /* DIE address of the abstract function -> vaddr */
	uint32_t spent, budget;
	struct linetable_spent lines_spent;
};

typedef VEC(struct cover_range) range_vec;

struct walk {
	struct objfile *o;
	struct unit *unit;
	range_vec ranges;
	uint32_t spent;
	bool enter_types; /* functions are defined inside classes: not so in C++ */
};

struct place_in {	   /* the tree of DIEs */
	uint32_t function; /* id of the innermost one with code, 0: none */
	uint32_t depth;
	bool in_function;
};

void dwarf_index_free(struct dwarf *d)
{
	if (!d)
		return;
	for (uint32_t i = 0; i < d->units.n; i++) {
		vec_done(&d->units.v[i].functions);
		cover_done(&d->units.v[i].cover);
	}
	vec_done(&d->units);
	cover_done(&d->cover);
	map_done(&d->out_of_line);
	free(d);
}

bool dwarf_spend(struct objfile *o, uint32_t n)
{
	if (!o->dwarf || n > o->dwarf->budget - o->dwarf->spent)
		return false;
	o->dwarf->spent += n;
	return true;
}

/* Appends the ranges of code of @die. False when it has none. */
static bool ranges_add(struct objfile *o, range_vec *ranges, Dwarf_Die *die, uint32_t id,
		       uint32_t depth)
{
	uint32_t before = ranges->n;
	Dwarf_Addr base, start, end;
	ptrdiff_t off = 0;

	while ((off = dwarf_ranges(die, off, &base, &start, &end)) > 0) {
		if (!dwarf_spend(o, 1))
			break;
		if (start < end && objfile_is_code(o, start, end))
			vec_push(ranges, ((struct cover_range){start, end, id, depth}));
	}
	return ranges->n > before;
}

/* Every DIE has a byte or more, and is visited twice; one with code has at least four;
 * every range has two. So a file spends less than its size, unless its DIEs share their
 * children or their ranges: then the cost would be their product. */
static void budget_add(struct dwarf *d, uint64_t n)
{
	d->budget = n < LIMIT_DIES - d->budget ? d->budget + (uint32_t)n : LIMIT_DIES;
}

static struct dwarf *index_load(struct objfile *o)
{
	struct dwarf *d = o->dwarf;
	Dwarf *dw = debug_dwarf(o);
	range_vec ranges = {0};
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;

	if (d)
		return d;
	d = o->dwarf = xcalloc(1, sizeof(*d));
	budget_add(d, debug_dwarf_bytes(o));
	while (dw && d->units.n < LIMIT_UNITS && dwarf_spend(o, 1) &&
	       dwarf_get_units(dw, cu, &cu, NULL, NULL, &die, NULL) == 0) {
		if (!ranges_add(o, &ranges, &die, d->units.n + 1, 0))
			continue;
		vec_add(&d->units)->die = die;
	}
	cover_build(&d->cover, ranges.v, ranges.n);
	vec_done(&ranges);
	return d;
}

static bool walk_spend(struct walk *w)
{
	if (w->spent >= LIMIT_UNIT_DIES || !dwarf_spend(w->o, 1))
		return false;
	w->spent++;
	return true;
}

/* Remembers where the code of an abstract function is, see names.c. */
static void note_out_of_line(struct walk *w, Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Die origin;
	Dwarf_Addr entry;

	if (dwarf_attr(die, DW_AT_abstract_origin, &attr) &&
	    dwarf_formref_die(&attr, &origin) && dwarf_entrypc(die, &entry) == 0 && entry)
		map_put(&w->o->dwarf->out_of_line, (uintptr_t)origin.addr, entry);
}

/* The new function's id, 0 when it has no code. */
static uint32_t function_add(struct walk *w, Dwarf_Die *die, uint32_t parent,
			     unsigned depth)
{
	uint32_t id = w->unit->functions.n + 1;
	struct function *f;

	if (!ranges_add(w->o, &w->ranges, die, id, depth))
		return 0;
	f = vec_add(&w->unit->functions);
	f->die_addr = die->addr;
	f->parent = parent;
	return id;
}

static void walk_children(struct walk *w, Dwarf_Die *parent, struct place_in p);

/* Functions without code of their own are entered too: the body of a lambda is described
 * inside the closure class inside the abstract function around it. */
static void walk_subprogram(struct walk *w, Dwarf_Die *die, struct place_in p)
{
	uint32_t id = function_add(w, die, 0, p.depth);

	if (id)
		note_out_of_line(w, die);
	p.function = id;
	p.in_function = true;
	p.depth++;
	walk_children(w, die, p);
}

static void walk_inlined(struct walk *w, Dwarf_Die *die, struct place_in p)
{
	p.function = function_add(w, die, p.function, p.depth);
	p.depth++;
	if (p.function)
		walk_children(w, die, p);
}

static void walk_die(struct walk *w, Dwarf_Die *die, struct place_in p)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_subprogram:
		walk_subprogram(w, die, p);
		return;
	case DW_TAG_inlined_subroutine:
		walk_inlined(w, die, p);
		return;
	case DW_TAG_module:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
		if (!w->enter_types && !p.in_function)
			return;
		__attribute__((fallthrough));
	case DW_TAG_lexical_block:
	case DW_TAG_namespace:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
		p.depth++;
		walk_children(w, die, p);
	}
}

static void walk_children(struct walk *w, Dwarf_Die *parent, struct place_in p)
{
	Dwarf_Die die;

	if (p.depth > LIMIT_DEPTH || dwarf_child(parent, &die) != 0)
		return;
	do {
		if (!walk_spend(w))
			return;
		walk_die(w, &die, p);
	} while (dwarf_siblingof(&die, &die) == 0);
}

static bool is_c_family(int language)
{
	switch (language) {
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case DW_LANG_C_plus_plus:
	case DW_LANG_C_plus_plus_03:
	case DW_LANG_C_plus_plus_11:
	case DW_LANG_C_plus_plus_14:
		return true;
	}
	return false;
}

static void unit_walk(struct objfile *o, struct unit *u)
{
	struct walk w = {.o = o, .unit = u};
	Dwarf_Die root = u->die, split;
	uint8_t type;

	u->walked = true;
	u->has_lines = linetable_usable(o, &u->die, &o->dwarf->lines_spent);
	/* The functions of a skeleton are in the .dwo file. */
	if (dwarf_cu_info(u->die.cu, NULL, &type, NULL, &split, NULL, NULL, NULL) == 0 &&
	    type == DW_UT_skeleton && split.addr) {
		root = split;
		budget_add(o->dwarf, LIMIT_UNIT_DIES); /* libdw does not tell its size */
	}
	u->cu = root.cu;
	w.enter_types = !is_c_family(dwarf_srclang(&root));
	walk_children(&w, &root, (struct place_in){.depth = 1});
	cover_build(&u->cover, w.ranges.v, w.ranges.n);
	vec_done(&w.ranges);
}

struct unit *dwarf_unit_find(struct objfile *o, uint64_t vaddr)
{
	struct dwarf *d = index_load(o);
	uint32_t id = cover_find(&d->cover, vaddr);
	struct unit *u;

	if (!id)
		return NULL;
	u = &d->units.v[id - 1];
	if (!u->walked)
		unit_walk(o, u);
	return u;
}

Dwarf_Die function_die(const struct unit *u, uint32_t id)
{
	/* libdw finds the abbreviation again when it is NULL. */
	return (Dwarf_Die){.addr = u->functions.v[id - 1].die_addr, .cu = u->cu};
}

uint64_t dwarf_out_of_line(struct objfile *o, const Dwarf_Die *origin)
{
	return o->dwarf ? map_find(&o->dwarf->out_of_line, (uintptr_t)origin->addr) : 0;
}
