#pragma once
/* Shared between the files of src/format only. */
#include <profd/format.h>
#include <profd/text.h>

/* --- gzip (RFC 1952) ------------------------------------------------------------- */

/* A sink that compresses into another one, when it is closed. The header has no time and
 * no name, so that the same bytes in give the same bytes out. */
struct gzip_sink {
	struct sink sink;
	struct sink *out;
	struct text bytes;
	int level; /* of libdeflate; may be changed before it is closed */
};
void gzip_open(struct gzip_sink *g, struct sink *out);
void gzip_close(struct gzip_sink *g); /* passes a failure on to the sink below */
/* The same for more than should be in memory at once, and slower: compresses on the way. */
struct gzip_stream {
	struct sink sink;
	struct sink *out;
	struct gzip_packer *packer;
};
void gzip_stream_open(struct gzip_stream *g, struct sink *out);
void gzip_stream_close(struct gzip_stream *g);

/* --- protobuf wire format (protobuf.dev/programming-guides/encoding) -------------- */

enum proto_wire { PROTO_VARINT = 0, PROTO_I64 = 1, PROTO_LEN = 2, PROTO_I32 = 5 };

#define PROTO_VARINT_BYTES 10
/* Puts @v at @at, which has room for PROTO_VARINT_BYTES; returns how many it took. */
static inline size_t proto_put(unsigned char *at, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		at[n++] = (unsigned char)(v | 0x80);
	at[n++] = (unsigned char)v;
	return n;
}
void proto_varint(struct text *t, uint64_t v);
void proto_uint(struct text *t, unsigned field, uint64_t v); /* nothing when 0 */
void proto_bytes(struct text *t, unsigned field, const void *s, size_t n);

/* Some bytes of a message; @base is the whole input, so that errors can name an offset in
 * it. */
struct proto_view {
	const unsigned char *base;
	size_t pos, end;
};
struct proto_field {
	unsigned number, wire;
	size_t at;		 /* where it starts */
	uint64_t value;		 /* of a varint or fixed one */
	struct proto_view bytes; /* of a PROTO_LEN one */
};
/* The next field: 1, 0 at the end, -EBADMSG. */
int proto_next(struct proto_view *v, struct proto_field *ret_field, struct error *err);
/* The next element of a packed varint field: 1, 0 at the end, -EBADMSG. */
int proto_packed(struct proto_view *v, uint64_t *ret_value, struct error *err);
int proto_error(struct error *err, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* pprof-times.c: a field that only profd knows, its number in the outermost message. */
#define PPROF_TIMES 1001u
/* @rows: as samples_in_order has them. Appends the message. */
void pprof_times_write(const struct profile *p, const uint32_t *rows, struct text *msg);
/* @rows: what the file's samples were added to, in its order. */
int pprof_times_read(struct profile *p, struct proto_view v, const uint32_t *rows,
		     uint32_t nrows, struct error *err);

/* --- names and numbers as they are shown ------------------------------------------ */

/* Part of the name of a kernel mapping; also how files of others are recognised. */
#define KERNEL_FILENAME "[kernel.kallsyms]"

/* One box of a tree. */
struct flame_box {
	struct flame_call call;
	uint32_t depth;
	int64_t total, self;
};
/* Of the call in place @k of a strip. */
static inline struct flame_box flame_box(const struct flame *f, uint32_t node, uint32_t k)
{
	const struct flame_node *n = &f->nodes.v[node];

	return (struct flame_box){.call = f->calls.v[f->chain.v[n->first + k]],
				  .depth = n->depth + k,
				  .total = n->total,
				  .self = k + 1 == n->n ? n->self : 0};
}

/* What is shown for a box: its name, "all" for the root, the module in brackets where
 * the code has no name, "[unknown]" where it has no module either. Into @t, which is
 * cleared first. */
void flame_name(struct text *t, const struct profile *p, const struct flame_call *call,
		uint32_t depth);
/* The enum flame_kind of a function at @l; @inlined: it is not the one that holds the code. */
uint32_t flame_line_kind(const struct location *l, bool inlined);
/* The same of a function; of code without one when @function is 0. */
void code_name(struct text *t, const struct profile *p, function_id function,
	       mapping_id mapping);
/* Appends @s for a format of lines: what patterns of JavaScript take for a blank or the end
 * of a line becomes ' '. */
void line_add(struct text *t, const char *s);
/* The file of the program that was launched, or "". */
const char *main_program(const struct profile *p);
/* The value that counts the samples of @value, "samples", or "EVENT_sample" in front of
 * "EVENT_event", + 1; 0: none. What else is a count, of allocations for example, is not
 * one of samples. */
unsigned samples_value(const struct profile *p, unsigned value);
const char *flame_kind_text(uint32_t kind); /* "kernel", "" for FLAME_USER */
/* "k", "i", "j" or NULL. */
const char *flame_kind_mark(uint32_t kind);
/* After the last '/'. */
const char *base_name(const char *path);
/* Shortens @name to at most @columns, keeping the end of ns::Class::method, which tells
 * most: first arguments and template arguments go, then qualifiers, then the end. Into
 * @t, which is cleared first; empty when not even two characters fit. */
void name_fit(struct text *t, const char *name, unsigned columns);
/* A name as it is shown in full: beyond NAME_MAX_BYTES without its arguments, and beyond
 * that still cut in the middle. Appends. */
#define NAME_MAX_BYTES 512
void name_shorten(struct text *t, const char *name);
/* At most @max bytes of @s, cut in the middle between two characters. Appends. */
void name_clip(struct text *t, const char *s, size_t max);
/* "12.3 %"; as many digits as the size calls for. Appends. */
void percent_add(struct text *t, int64_t part, int64_t whole);
/* What one of a unit of time is in nanoseconds; 0 for other units. */
int64_t unit_ns(const char *unit);

/* --- what readers of other people's files share --------------------------------------- */

/* MAPPING_KERNEL, MAPPING_JIT or 0, by the name of the file; @address is where it lies, 0
 * when not known. */
uint32_t mapping_kind(const char *name, uint64_t address);

/* The mangled name, where only @name is known: 0 when that is demangled. */
string_id system_name(const struct profile *p, string_id name);

/* When samples were taken, or from when on a row had it for how long. Zeroed to start. A
 * moment plus its length is at most INT64_MAX. */
struct moment {
	uint32_t row;
	int64_t at_ns, for_ns; /* for_ns 0: one sample */
};
struct moments {
	VEC(struct moment) all;
};
void moments_add(struct moments *m, uint32_t row, int64_t at_ns, int64_t for_ns);
/* The times of @p, which has none, and nothing when there are no moments. If @p says when
 * it began and how long it lasted, and the first moment is within that, they count from
 * 1970 on, as its start does; else from the start of some machine, and the first one is the
 * start. A duration that is not known is theirs. A row that had it for all of a bin counts
 * as 100 samples there. */
void moments_keep(struct moments *m, struct profile *p);
void moments_done(struct moments *m);

/* --- sums ------------------------------------------------------------------------- */

/* Sums that leave the range stop at its end: a foreign file may say anything. */
static inline int64_t sum_clamped(int64_t a, int64_t b)
{
	int64_t sum;

	if (!__builtin_add_overflow(a, b, &sum))
		return sum;
	return a < 0 ? INT64_MIN : INT64_MAX;
}

/* --- rows of stacks --------------------------------------------------------------- */

/* The rows of p->stacks where samples end or others than the next row hang: turns, with
 * numbers from 0 on in the order of the rows. Row 0 is one. */
struct turns {
	uint64_t *bits, *used; /* used: rows that a sample has or stands on */
	uint32_t *before;      /* [words of bits] turns in earlier words */
	uint32_t n;
};
static inline bool mark_is(const uint64_t *bits, uint32_t row)
{
	return bits[row / 64] >> (row % 64) & 1;
}
#define TURNS_ALL UINT32_MAX
/* Of the samples that have something of @value (below p->nvalues), or of TURNS_ALL. */
void turns_find(struct turns *t, const struct profile *p, unsigned value);
/* Of all samples of profiles that share their stacks. */
void turns_find_all(struct turns *t, const struct profile *const *profiles, unsigned n);
void turns_done(struct turns *t);
uint32_t turn_number(const struct turns *t, stack_id row);
/* The first row of the leg that ends with @row, which is not 0: it hangs from a turn, the
 * others from the one before. */
stack_id turn_begin(const struct turns *t, const struct profile *p, stack_id row);
/* Legs by the number of the turn that ends them, and how they hang together: numbers of
 * turns, 0 for none; children are in the order of their rows. Leg 0 has no rows. The
 * caller frees them. */
struct turn_leg {
	stack_id first, last;
	uint32_t parent, child, sibling;
};
struct turn_leg *turn_legs(const struct turns *t, const struct profile *p);

/* The rows of p->samples in the order in which formats write them, [1 .. p->samples.n);
 * @t is of TURNS_ALL. The caller frees it. */
uint32_t *samples_in_order(const struct profile *p, const struct turns *t);

/* --- samples by thread and time --------------------------------------------------- */

/* A thread is a process, a thread and its name; of a profile without pids and tids, a name
 * of command and thread. */
struct thread {
	string_id comm, name; /* name: of the thread, else of the command; or 0 */
	bool has_ids;
	int64_t pid, tid; /* without ids: from 1 on, in the order of the list */
	int64_t total;
	uint32_t first, n; /* in `samples` */
};

/* A row, or with times what of it was taken in one bin. It stands for [at_ns, at_ns +
 * span_ns). */
struct thread_sample {
	uint32_t row, bin;
	uint32_t count; /* of samples, by the times; 0 without */
	uint32_t place; /* in the order of all */
	int64_t value;	/* above 0 */
	int64_t at_ns, span_ns;
};

/* The samples of each thread, from the earliest on. Where the profile keeps times, those
 * that a thread has in one bin share its width evenly; rows whose times are not known are
 * behind the end. Where it does not, a thread's samples follow one another from 0 on, each
 * as long as its value if that is a time, else for a millisecond. */
struct threads {
	VEC(struct thread) v; /* the heaviest first */
	VEC(struct thread_sample) samples;
};
void threads_make(struct threads *t, const struct profile *p, unsigned value);
void threads_done(struct threads *t);
/* The number of the label named @key, a string of @p, or 0 and false. */
bool label_number(const struct profile *p, labels_id labels, string_id key,
		  int64_t *ret_number);

/* --- the picture ------------------------------------------------------------------ */

/* More levels than this are cut off and counted. */
#define PICTURE_DEPTH_MAX 1100u

struct picture_box {
	uint32_t node, k; /* which call of the strip */
	int64_t start;	  /* left end, in the value */
};

/* What a picture of a difference has beside (picture-diff.c): all boxes have the width of
 * after, and behind them, below a process of its own, stands what has vanished, with the
 * width that it had. */
struct picture_diff {
	struct profile *p;    /* of both; own */
	string_id vanished;   /* the name of that process; 0: nothing has */
	uint32_t first, end;  /* boxes [first, end) are its */
	mapping_id way;	      /* of frames that only lead to what has vanished */
	double before, after; /* what a sample stands for on the two sides */
};

/* A flame tree made to fit: the largest boxes, and where they lie. Drawn children lie
 * side by side from the left end of their parent; the rest of it is the parent's own time
 * and what is not drawn. */
struct picture {
	const struct profile *p;
	const struct flame *f; /* own, or the caller's */
	struct flame own;
	unsigned value;
	const char *unit, *type; /* of the value */
	VEC(struct picture_box)
	boxes; /* the root, and so on: a box, then what it calls, child by child */
	uint32_t *kept; /* [nodes] how many boxes of the strip, from its first on */
	uint32_t depth; /* of the deepest box */
	struct picture_diff *diff; /* own; NULL: of one profile */
};
/* What a picture leaves out. */
struct picture_rest {
	uint64_t frames;
	int64_t total;	 /* of those whose parent is drawn */
	int64_t largest; /* of a single one, those cut for depth aside */
	uint64_t deep;	 /* frames beyond PICTURE_DEPTH_MAX among them */
};
void picture_init(struct picture *pic, const struct profile *p,
		  const struct flame_options *o);
void picture_done(struct picture *pic);
struct flame_box picture_box(const struct picture *pic, uint32_t i);
/* @min_total: the smallest box that is drawn of those kept. */
void picture_rest(const struct picture *pic, int64_t min_total, struct picture_rest *ret);
/* "12 frames, 0.3 % of the time, not drawn (each below 0.1 %)"; nothing for none.
 * Appends. */
void picture_rest_text(const struct picture *pic, const struct picture_rest *rest,
		       struct text *t);
/* "dir/file.c:12" of a call's function, "" when not known. Into @t, which is cleared
 * first. */
void picture_place(const struct picture *pic, const struct flame_call *call,
		   struct text *t);
const char *picture_module(const struct picture *pic, const struct flame_call *call);
enum change { CHANGE_NONE, CHANGE_MORE, CHANGE_LESS, CHANGE_WAY };
#define CHANGE_STRENGTHS 4u
struct picture_change {	   /* of a box of a difference */
	enum change how;   /* CHANGE_NONE: within the noise */
	unsigned strength; /* below CHANGE_STRENGTHS: how large a part of it changed */
	int64_t before, after, noise; /* of the box and all that stands on it */
	int64_t self_before, self_after;
};
/* Both with pic->diff as picture_init found it: NULL where the options do not ask for a
 * difference. */
void picture_diff_init(struct picture *pic, const struct profile *p);
void picture_diff_place(struct picture *pic);
void picture_diff_done(struct picture *pic);
struct picture_change picture_change(const struct picture *pic, uint32_t i);
/* "1.2s after, 1s before: +200ms (+20 %), noise 90ms", and a second line for the box's
 * own. Appends. */
void picture_change_text(const struct picture *pic, const struct picture_change *c,
			 struct text *t);
/* "+", a minus sign, or "". */
const char *picture_change_sign(const struct picture_change *c);
/* Where things are, in user units of the SVG. */
struct picture_layout {
	unsigned width, height, pad, row;
	unsigned base; /* y of the root's lower edge */
};
/* The script with the picture's data, for inside a <script> element's CDATA section. */
void picture_script(const struct picture *pic, const struct picture_layout *layout,
		    struct sink *out);
