#pragma once
/* Profiles to bytes and back. Writers write into a sink whose `code` tells failure, and
 * give the same bytes for the same profile. One thread at a time per call. */
#include <profd/error.h>
#include <profd/io.h>
#include <profd/profile.h>

/* --- gzip (RFC 1952), which any of the formats below may be packed in ----------------- */

bool gzip_is(const void *data, size_t n);
/* Inflates all members of @data into @out. -EBADMSG, -EFBIG beyond @max_bytes. */
struct text;
int gzip_inflate(const void *data, size_t n, size_t max_bytes, struct text *out,
		 struct error *err);

/* --- pprof: gzip-compressed profile.proto (github.com/google/pprof/proto/profile.proto) --- */

/* The rules that keep every reader happy: string_table[0] is "", ids 1..n in order,
 * mapping 1 the MAPPING_MAIN one, leaf first, has_* flags set on every mapping whose
 * locations were symbolized so that nobody does it again, numeric labels carry a unit
 * (readers drop a zero without one). */
void pprof_write(const struct profile *p, struct sink *out);
/* Reads a gzip-compressed or plain pprof. Every id, index and length is checked; an
 * inflated size beyond @max_bytes is refused. Returns NULL and sets err (-EBADMSG,
 * -EFBIG). */
struct profile *pprof_read(const void *data, size_t n, size_t max_bytes,
			   struct error *err);

/* --- folded: "comm;root;…;leaf N\n", sorted by the bytes of the stacks -------------- */

/* The value is the profile's default one. With @annotate a frame ends in _[k] (kernel),
 * _[i] (inlined) or _[j] (JIT). C++ functions stand without their parameters, as perf
 * writes them. ';' and newlines in names become ':' and ' '. */
void folded_write(const struct profile *p, bool annotate, struct sink *out);
/* The same of another value. */
void folded_write_value(const struct profile *p, unsigned value, bool annotate,
			struct sink *out);

/* Of a difference (see below): "stack BEFORE AFTER", the form in which the field exchanges
 * two profiles. */
void folded_write_diff(const struct profile *p, bool annotate, struct sink *out);

/* Reads it, from here or elsewhere; its one value gets @type and @unit. The first word of
 * a line becomes the label "comm". Fractions are rounded, lines that begin with '#' are
 * left out. Returns NULL and sets err (-EBADMSG, with the line). */
struct profile *folded_read(const void *data, size_t n, const char *type,
			    const char *unit, struct error *err);

/* --- gperftools: the words of its CPU profiler --------------------------------------- */

/* True when it begins as such a file does, of 32 or 64 bits in either order. */
bool gperftools_is(const void *data, size_t n);
/* Reads it: samples (count) and cpu (nanoseconds) of addresses in mappings, as they were
 * when it ran; nothing in it has a name. Returns NULL and sets err (-EBADMSG, with the
 * offset; -EFBIG). */
struct profile *gperftools_read(const void *data, size_t n, struct error *err);

/* --- the text of perf script (kernel, tools/perf/builtin-script.c) ------------------- */

/* True when the first line that says something is the head of a sample. */
bool perfscript_is(const void *data, size_t n);
/* Samples with or without callers, with whatever of the usual fields -F left: comm and
 * tid or pid have to be there. The comm becomes the label "comm"; tid, pid and cpu are
 * labels as in profd's own profiles. Each event has two values, as in profd-formats(5),
 * or one where no periods were printed; more than 8 events are refused. Times are kept,
 * from the first sample on. Returns NULL and sets err (-EBADMSG, with the line; -EFBIG). */
struct profile *perfscript_read(const void *data, size_t n, struct error *err);

/* --- speedscope: speedscope.app/file-format-schema.json ------------------------------ */

/* Value @value, a "sampled" profile for each name of command and thread, the heaviest
 * first. Frames are functions with file and line, inlined ones are frames of their own. */
void speedscope_write(const struct profile *p, unsigned value, const char *name,
		      struct sink *out);

/* True for JSON. */
bool speedscope_is(const void *data, size_t n);
/* Reads it, from here or elsewhere: sampled and evented profiles, whose names become the
 * label "comm"; ", thread NAME" in one, the label "thread". The values are time
 * (nanoseconds), space (bytes) and samples (count), as far as there are profiles of such a
 * unit; times are kept of evented ones, and of samples in a unit of time that equal stacks
 * were not added up of. Returns NULL and sets err (-EBADMSG, with the line, or the profile
 * and the number of the sample or event; -EFBIG). */
struct profile *speedscope_read(const void *data, size_t n, struct error *err);

/* --- Firefox Profiler: its processed profile, version 56, compressed with gzip -------- */

/* Value @value, a thread for each pid, tid and name, the heaviest first. Functions that
 * were inlined are frames of their own. Where the profile keeps times, samples stand at
 * theirs, else one after the other. */
void firefox_write(const struct profile *p, unsigned value, struct sink *out);

/* --- the text of perf script ---------------------------------------------------------- */

/* Value @value, a record for each sample, thread by thread: the value is its period. Names
 * are changed where readers would take them for something else. Without times in the
 * profile those in the text only tell the order. */
void perf_script_write(const struct profile *p, unsigned value, struct sink *out);

/* --- Callgrind: valgrind.org, "Callgrind Format Specification", version 1 -------------- */

/* All values, @value first: what functions cost by line, and what their calls cost. */
void callgrind_write(const struct profile *p, unsigned value, struct sink *out);

/* --- the tree that pictures and tables are made of ---------------------------------- */

enum flame_kind { FLAME_USER, FLAME_KERNEL, FLAME_INLINED, FLAME_JIT, FLAME_LABEL };

/* What a box of the tree says: a function, under one name and as one kind. An inlined
 * function is a call of its own; so are the root ("all") and the comms, which are its
 * children. */
struct flame_call {
	string_id name;	      /* of the profile; 0 for the root */
	function_id function; /* 0 for the root, the comms and code without a name */
	mapping_id mapping;
	uint32_t kind; /* enum flame_kind */
};

/* A strip of boxes: calls that follow one another, where only the last one calls several
 * others or has a value of its own. Most calls have a single successor, so a tree has far
 * fewer strips than boxes. All boxes of a strip have the same total. Children are sorted
 * by the names of their first calls, then by kind, and no two begin with the same name
 * and kind. Strip 0 is the root alone, and a comm is a strip of its own. */
struct flame_node {
	uint32_t first, n;			    /* chain[first .. first + n), n > 0 */
	uint32_t parent, first_child, next_sibling; /* 0: none */
	uint32_t depth;				    /* of its first call; root: 0 */
	int64_t total, self; /* in the chosen value; self is that of its last call */
};

struct flame {
	VEC(struct flame_node) nodes;
	VEC(struct flame_call) calls;
	/* The rows of `calls` that boxes are of, in the order in which samples called for
	 * them: where a call stands in it tells one box from all others. */
	VEC(uint32_t) chain;
	uint32_t max_depth;
	uint32_t shown; /* boxes but the root with a total above 0 */
	bool falls;	/* some value is below 0: a child may be larger than its parent */
	/* Of further values, if asked for: [nodes][nmore], row-major; self is that of a
	 * strip's last call. */
	unsigned nmore;
	int64_t *more_total, *more_self;
};
void flame_build(struct flame *f, const struct profile *p, unsigned value);
/* Also with the sums of the values more[0..nmore), all below p->nvalues. What has
 * something in any of them is in the tree. */
void flame_build_all(struct flame *f, const struct profile *p, unsigned value,
		     const unsigned *more, unsigned nmore);
void flame_done(struct flame *f);
/* The folded stacks of a tree that was built from @p. */
void folded_write_tree(const struct profile *p, const struct flame *f, bool annotate,
		       struct sink *out);

/* --- differences -------------------------------------------------------------------- */

/* The values of a profile that holds two others: diff.h. */
enum diff_value {
	DIFF_BEFORE,
	DIFF_AFTER,
	DIFF_SAMPLES_BEFORE,
	DIFF_SAMPLES_AFTER,
	DIFF_VALUES
};

/* --- SVG and HTML ------------------------------------------------------------------- */

struct top;
/* A second profile on a page. */
struct flame_also {
	const struct profile *profile;
	const char *heading; /* clean UTF-8 */
	const struct flame *tree;
	const struct top *top;
};

struct flame_options {
	const char *title; /* clean UTF-8; "Flame graph" when NULL */
	/* One line under it, or NULL: command, event, quality. That of a difference may be
	 * several, with '\n' between them. */
	const char *subtitle;
	unsigned
		max_boxes; /* 0: the default, 10,000; what is pruned is stated in the picture */
	unsigned value;		       /* index in value_types + 1; 0: the default one */
	const struct flame_also *also; /* for html_write; or NULL */
	bool embedded; /* to stand inside an HTML page: no XML declaration, no script */
	/* The profile is one of two: diff.h. Its values are those of enum diff_value, and
	 * `value`, `tree` are not looked at. */
	bool diff;
	/* Of this profile and value, and of its default value; NULL: built for the
	 * call. */
	const struct flame *tree;
	const struct top *top;
};
void svg_write(const struct profile *p, const struct flame_options *o, struct sink *out);

/* What a page or table says beside the picture: rows of key and value in clean UTF-8. */
struct fact {
	const char *key, *value;
};
/* A self-contained page: the flame graph, the top table, the facts, the warnings; where
 * scripts may run, the viewer of share/viewer with the profile, and that of o->also, if
 * the latter was made by profile_beside from @p. */
void html_write(const struct profile *p, const struct flame_options *o,
		const struct fact *facts, size_t nfacts, const char *const *warnings,
		size_t nwarnings, struct sink *out);

/* --- tables ------------------------------------------------------------------------- */

struct top_row {
	string_id name;
	string_id filename; /* of the function's source, or 0 */
	uint32_t start_line;
	string_id module; /* file name of the mapping that had most of it, or 0 */
	int64_t self,
		total; /* total counts a stack once however often the function is on it */
};
struct top {
	VEC(struct top_row)
	rows; /* by self descending, then total descending, then name */
	int64_t sum;
};
/* Functions are grouped by name and source file. */
void top_build(struct top *t, const struct profile *p, unsigned value);
void top_done(struct top *t);

/* --- text for a terminal -------------------------------------------------------------- */

struct text_style {
	unsigned columns; /* of a line; 0: as many as it takes */
	bool utf8;	  /* lines of the tree, and dots, are no ASCII */
	bool colour;	  /* ECMA-48 */
};
/* Shortens @name to @columns, keeping the end of ns::Class::method; where lines may be of
 * any length, only what is too long for any. Into @t, which is cleared first. */
void text_style_fit(const struct text_style *style, struct text *t, const char *name,
		    unsigned columns);

struct calltree_options {
	struct text_style style;
	double min_percent; /* of the total: smaller branches are only counted; 0: none */
	uint32_t depth;	    /* levels that are shown; 0: all */
	bool inverted;	    /* it is of profile_invert: nothing is a function's own */
};
/* The tree of @p, built of this value: a line for each call with its total, its share and
 * that of its own part, the largest branches first; in the end, what is not shown. */
void calltree_write(const struct profile *p, const struct flame *f, unsigned value,
		    const struct calltree_options *o, struct sink *out);
/* The same as a list of objects {id, caller, name, kind, total, self}, callers first, of
 * which 0 is the root. To be freed by json_free. */
struct json;
struct json *calltree_json(const struct profile *p, const struct flame *f, unsigned value,
			   const struct calltree_options *o);

/* All of the tree of value @value, for programs: schema profd.tree/1. */
void tree_write_json(const struct profile *p, unsigned value, struct sink *out);

/* "1.23s", "45ms", "123" according to the value's unit; into @buf. Returns buf. */
const char *value_text(char *buf, size_t size, int64_t value, const char *unit);
