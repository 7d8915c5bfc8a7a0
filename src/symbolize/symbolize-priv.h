#pragma once
/* Shared by the files of symbolize/: a sorted table of names. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/symbolize.h>
#include <profd/vec.h>

struct symtab_row {
	uint64_t start, end;
	const char *name; /* in the arena */
	uint32_t seq;	  /* position in the file */
};

struct symtab {
	struct arena arena;
	VEC(struct symtab_row) rows;
	bool unsorted; /* symtab_add_row was called since symtab_sort */
};

/* The row that covers @pc, or NULL. */
const struct symtab_row *symtab_find_row(const struct symtab *t, uint64_t pc);
/* A copy of the name is taken. */
void symtab_add_row(struct symtab *t, uint64_t start, uint64_t end, const char *name);

/* Sorts by start; of rows that begin at one address the last one of the file stays, or
 * the first. */
void symtab_sort(struct symtab *t, bool last_wins);
