#pragma once
/* Shared by the files of symbolize/: a sorted table of names. */
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
};

/* Sorts by start; of rows that begin at one address the last one of the file stays, or the first. */
void symtab_sort(struct symtab *t, bool last_wins);
