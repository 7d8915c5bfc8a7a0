#pragma once
/* Shared by the files of the Firefox format: the document, and the tables of one thread. */
#include "format-priv.h"

/* What a string of the document is: a string of the profile; or the name of code without
 * one in a file of that name; or the file's name without its path. */
#define FIREFOX_NAMELESS (1u << 31)
#define FIREFOX_BASE (1u << 30)

enum firefox_category {
	FIREFOX_OTHER,
	FIREFOX_USER,
	FIREFOX_KERNEL,
	FIREFOX_JIT,
	FIREFOX_IDLE,
};

struct firefox_frame {
	location_id location;
	uint32_t line; /* its place in the location's lines, the outermost being last */
	uint32_t depth;
	uint32_t func, symbol; /* symbol: + 1; 0: none */
};

struct firefox_func {
	uint32_t name; /* its number in the document */
	function_id function;
	uint32_t resource; /* + 1; 0: none */
};

struct firefox_symbol { /* of code, not of what was inlined into it */
	function_id function;
	uint32_t lib;
	uint64_t address; /* the lowest that a sample has */
};

struct firefox {
	const struct profile *p;
	unsigned value;
	int64_t value_ns; /* of one of its unit; 0: it is no time */
	unsigned cpu;	  /* the value that is CPU time, + 1; 0: none */
	struct sink *out;
	struct threads threads;

	VEC(uint32_t) strings;
	struct map string_numbers; /* string -> number + 1 */
	VEC(mapping_id) libs;	   /* the first mapping of each */
	struct map lib_numbers;	   /* file name << 32 | build-id -> number + 1 */

	/* Of one thread: rows of the profile, by their numbers in its tables. */
	uint32_t epoch;			      /* of this thread, from 1 on */
	uint32_t *stack_epochs, *stack_nodes; /* [stacks] the outermost one's number */
	uint32_t *location_epochs, *location_frames; /* [locations] likewise */
	VEC(stack_id) stacks;
	uint32_t nodes;
	VEC(struct firefox_frame) frames;
	VEC(struct firefox_func) funcs;
	VEC(uint32_t) resources; /* libs */
	VEC(struct firefox_symbol) symbols;
	struct map func_numbers, resource_numbers, symbol_numbers; /* number + 1 */
	VEC(location_id) fresh;
};

/* The number of a string in the document. */
uint32_t firefox_string(struct firefox *x, uint32_t string);
/* The number + 1 of a mapping's file; 0: it is none. */
uint32_t firefox_lib(struct firefox *x, mapping_id mapping);
/* Begins a value of an object: "key": behind what was before. */
void firefox_key(struct firefox *x, const char *key);

/* Fills the tables with all that stacks of the samples of @thread need. */
void firefox_tables_fill(struct firefox *x, const struct thread *thread);
/* The number + 1 of the node that is a stack's leaf; 0 for the empty one. */
uint32_t firefox_leaf(const struct firefox *x, stack_id stack);
void firefox_tables_write(struct firefox *x);
void firefox_tables_done(struct firefox *x);
