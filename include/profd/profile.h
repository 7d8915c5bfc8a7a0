#pragma once
/* A profile: stacks of locations, counted. The narrow waist between capturing and
 * formats: no I/O, no perf, no ELF. Ids are row numbers of its tables; 0 is "none"
 * everywhere, so every table keeps an unused row 0 (strings: the empty string). Interning
 * the same thing twice gives the same id.
 *
 * A profile is built by one thread; once its builder stops (session_finish, pprof_read)
 * it does not change and any thread may read it. Readers use the tables below directly
 * and change nothing.
 *
 * Modelled on profile.proto of google/pprof, whose field names it keeps. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <profd/error.h>
#include <profd/map.h>
#include <profd/mem.h>
#include <profd/vec.h>

typedef uint32_t string_id, mapping_id, function_id, location_id, stack_id, labels_id;

enum mapping_flag {
	MAPPING_KERNEL = 1u << 0, /* [kernel.kallsyms] */
	MAPPING_JIT = 1u << 1,	  /* code without a file, named by a perf map if at all */
	MAPPING_HAS_FUNCTIONS = 1u << 2,
	MAPPING_HAS_FILENAMES = 1u << 3,
	MAPPING_HAS_LINES = 1u << 4,
	MAPPING_HAS_INLINES = 1u << 5,
	MAPPING_MAIN = 1u << 6, /* the launched program: becomes mapping 1 in pprof */
};

/* One executable segment of one file, or a pseudo file ("[kernel.kallsyms]", "[vdso]",
 * "//anon"). Addresses are ELF virtual addresses, so that two processes which load one
 * library at two places share its rows. Identity: all fields but flags. */
struct mapping {
	uint64_t start, limit; /* vaddr, [start, limit) */
	uint64_t off;	       /* file offset of start */
	string_id filename;
	string_id build_id; /* lower case hex, or 0 */
	uint32_t pid;	    /* of a MAPPING_JIT one, else 0 */
	uint32_t flags;	    /* of enum mapping_flag */
};

/* Identity: all fields. system_name is the mangled name and differs from name only where
 * demangling changed it. */
struct function {
	string_id name, system_name, filename;
	uint32_t start_line; /* 0 when unknown */
};

struct line {
	function_id function;
	uint32_t line; /* 0 when unknown */
};

enum location_flag {
	LOCATION_KERNEL = 1u << 0,
	LOCATION_JIT = 1u << 1,
	LOCATION_LABEL =
		1u << 2, /* not code: "[truncated]" and the like; mapping 0, address 0 */
	LOCATION_UNRESOLVED =
		1u << 3, /* no symbol covers it; the name says module and offset */
	LOCATION_NAMED = 1u << 4,   /* made by profile_named_location */
	LOCATION_INLINED = 1u << 5, /* its one function was inlined: by profile_invert */
};

/* An address in a mapping. For a frame that was reached by a call the address is the
 * return address minus one, a byte of the call instruction, so that names and lines are
 * the caller's. Identity: mapping and address; for LOCATION_NAMED its lines too.
 * lines[first_line .. first_line + nlines) are its functions, innermost inlined one
 * first; the last is the function that holds the code. nlines is 0 until it is
 * symbolized. */
struct location {
	mapping_id mapping;
	uint32_t flags;
	uint64_t address;
	uint32_t first_line, nlines;
};

/* Stacks form a tree that grows from the root: a stack is its leaf location and the stack
 * of that location's caller. Walking parents yields locations leaf first. Stack 0 is
 * empty. */
struct stack_node {
	stack_id parent;
	location_id location;
};

/* One label: a string (str != 0) or a number with a unit. */
struct label {
	string_id key;
	string_id str;
	int64_t num;
	string_id unit;
};

struct labels { /* one set: rows first .. first + n of the label table */
	uint32_t first, n;
};

struct value_type {
	string_id type, unit;
};

/* Identity: stack and labels. Values are in profile->values[row * nvalues ...]. */
struct sample_row {
	stack_id stack;
	labels_id labels;
};

/* How many samples of a row were taken in one bin of time. A row may have several entries
 * for one bin, in any order. */
struct time_count {
	uint32_t row; /* of profile->samples */
	uint32_t bin; /* [bin * bin_ns, (bin + 1) * bin_ns) from the start */
	uint32_t count;
};
#define PROFILE_BINS_MAX 512u

#define PROFILE_VALUES_MAX 16

struct profile {
	struct arena arena; /* the bytes of strings */
	VEC(const char *) strings;
	VEC(uint32_t) string_lens;
	VEC(struct mapping) mappings;
	VEC(struct function) functions;
	VEC(struct location) locations;
	VEC(struct line) lines;
	VEC(struct stack_node) stacks;
	VEC(struct label) label_rows;
	VEC(struct labels) label_sets;
	VEC(struct sample_row) samples; /* row 0 is unused here too */
	VEC(int64_t) values;		/* [samples.n][nvalues], row-major */
	VEC(string_id) comments;
	VEC(struct time_count) times; /* by profile_add_time */
	int64_t bin_ns;		      /* 0: when samples were taken is not kept */

	struct value_type value_types[PROFILE_VALUES_MAX];
	unsigned nvalues;
	string_id default_sample_type;
	struct value_type period_type;
	int64_t period;
	int64_t time_ns;     /* start, since 1970 UTC; 0 unknown */
	int64_t duration_ns; /* 0 unknown */

	bool beside; /* made by profile_beside: all but samples, values and comments is another's */
	struct index string_index, mapping_index, function_index, location_index,
		stack_index, labels_index, sample_index;
	VEC(uint32_t) latest_time; /* by row of samples: the last entry of `times` + 1 */
};

struct profile *profile_new(void);
struct profile *profile_free(struct profile *p); /* NULL is fine; returns NULL */
/* A second profile of the same strings, code, stacks and label sets, without samples,
 * value types and comments. @p has to outlive it, and nothing may be added to the tables
 * they share from now on: what is interned in either has to be there already. */
struct profile *profile_beside(const struct profile *p);

/* Bytes are cleaned to valid UTF-8 without control characters first. */
string_id profile_string(struct profile *p, const char *s);
string_id profile_string_n(struct profile *p, const char *s, size_t n);
/* Never NULL; "" for 0 and for an id that does not exist. */
const char *profile_text(const struct profile *p, string_id id);

/* Appends a value type; only before the first profile_add. */
void profile_value_type(struct profile *p, const char *type, const char *unit);
/* Flags of a mapping or location that is already there are added to it. */
mapping_id profile_mapping(struct profile *p, const struct mapping *m);
function_id profile_function(struct profile *p, const struct function *f);
location_id profile_location(struct profile *p, mapping_id mapping, uint64_t address,
			     uint32_t flags);
/* A location that arrives with its lines, as from a file: two that differ only in lines
 * stay two, because addresses may have been erased. n > 0. */
location_id profile_named_location(struct profile *p, mapping_id mapping,
				   uint64_t address, uint32_t flags,
				   const struct line *lines, uint32_t n);
/* A LOCATION_LABEL location whose function has this name. */
location_id profile_label_location(struct profile *p, const char *name);
/* Sets the lines of a location that has none yet. n > 0. */
void profile_set_lines(struct profile *p, location_id id, const struct line *lines,
		       uint32_t n);
/* @parent: 0, or what this has returned. */
stack_id profile_stack(struct profile *p, stack_id parent, location_id location);
labels_id profile_labels(struct profile *p, const struct label *labels, uint32_t n);
/* Adds values[0..nvalues) to the row of (stack, labels), which is returned. */
uint32_t profile_add(struct profile *p, stack_id stack, labels_id labels,
		     const int64_t *values);
/* From now on profile_add_time keeps the times of samples, in bins of @bin_ns > 0. */
void profile_keep_times(struct profile *p, int64_t bin_ns);
/* One sample of @row was taken @at_ns after the start; a time before it counts as the
 * start. Beyond PROFILE_BINS_MAX bins, or when rows with many bins have taken 1.5 MB, all
 * bins double in width: memory grows with the rows and not with time. */
void profile_add_time(struct profile *p, uint32_t row, int64_t at_ns);
/* @count samples of @row were taken in @bin, which is below PROFILE_BINS_MAX. */
void profile_count_time(struct profile *p, uint32_t row, uint32_t bin, uint32_t count);
void profile_comment(struct profile *p, const char *text);

/* The index in value_types that viewers should show first: default_sample_type, else the
 * last. */
unsigned profile_default_value(const struct profile *p);
/* The str of the label named @key in a label set, or 0; @key is a string of this
 * profile. */
string_id profile_label_str(const struct profile *p, labels_id labels, string_id key);
/* The id of @s without adding it; 0 when it is not there. */
string_id profile_find_string(const struct profile *p, const char *s);
/* Adds all samples of @from to @to, with what they need. The start is the earlier one, the
 * durations are added up, the longer period stays, comments stand once, times are not
 * kept: two recordings are not one after the other. Returns 0, or
 * -EINVAL, with @to as it was, when the two have not the same value types. */
int profile_merge(struct profile *to, const struct profile *from);
/* All stacks from the leaf to the root, function by function, without addresses, lines and
 * labels: the tree of who called what. NULL and err (-EFBIG): such stacks have less in
 * common, and these would have more than 16 million frames. */
struct profile *profile_invert(const struct profile *p, struct error *err);
/* Makes all of value @i smaller in the same way, so that a total of @from becomes @to;
 * 0 <= to <= from, from > 0. What rounding leaves over goes to the rows that follow. */
void profile_shrink(struct profile *p, unsigned i, int64_t to, int64_t from);
/* Sum over all samples of value @i. */
int64_t profile_total(const struct profile *p, unsigned i);
