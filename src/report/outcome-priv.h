#pragma once
/* What verdict.json holds, once for its writer and its reader: each key, its type, and
 * where its value is in the structs of outcome.h. */
#include <stddef.h>
#include <stdint.h>

enum field_kind {
	FIELD_TEXT,	/* const char *: string or null */
	FIELD_NUMBER,	/* double: NaN is null, infinite "Infinity" or "-Infinity" */
	FIELD_COUNT,	/* uint32_t */
	FIELD_NEEDED,	/* uint32_t: 0 is null, UINT32_MAX "Infinity" */
	FIELD_BYTES,	/* uint64_t: 0 is null */
	FIELD_SEED,	/* uint64_t: "0x1234" */
	FIELD_TIME,	/* uint64_t: ns since 1970, RFC 3339; 0 is null */
	FIELD_STATUS,	/* int */
	FIELD_FLAG,	/* bool */
	FIELD_CHOICE,	/* bool or enum: a word */
	FIELD_NODE,	/* a struct, or some of the same: an object */
	FIELD_OPTIONAL, /* the same; null where the flag at `count` is not set */
	FIELD_LIST,	/* structs, whose number is at `count` */
	FIELD_TEXTS,	/* strings, likewise */
	FIELD_PAIRS,	/* struct trial_pair, likewise: {base: […], head: […]} */
	FIELD_TRIPLETS, /* double[3], likewise: {base, copy, head} */
};

/* The word for @value; NULL beyond the last. */
typedef const char *(*field_word)(unsigned value);

struct field {
	const char *key; /* NULL ends a list of fields */
	enum field_kind kind;
	size_t at, count;	    /* offsets in the struct */
	uint32_t max;		    /* of a list */
	size_t size;		    /* of a list's struct; of a choice: bool or enum */
	const struct field *fields; /* of an object */
	field_word word;
	unsigned needed; /* a text that may not be null, a choice that has no default */
};

extern const struct field outcome_fields[];
