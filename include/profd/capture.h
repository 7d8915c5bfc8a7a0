#pragma once
/* A recording in a file: what happened, and what the session was told when it looked
 * elsewhere, so that it can be had again on another machine. A stream of typed records in
 * one of two encodings, binary for recordings, text for people and tests;
 * profd-formats(5) describes both. One table of fields (capture.c) drives both, so what
 * one can say the other can.
 *
 * A number that is 0, a string that is NULL and an empty list are not written. Strings
 * and bytes are borrowed: from the caller when writing, from the reader until its next
 * record when reading. One thread at a time per reader or writer. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <profd/error.h>
#include <profd/text.h>

/* The major version changes when old readers must not go on; the minor one when record
 * types or fields at the end of a record are added, which readers of another minor
 * version skip, or take for 0. */
#define CAPTURE_MAJOR 1
#define CAPTURE_MINOR 4

#define CAPTURE_RECORD_MAX_BYTES ((size_t)32 << 20) /* encoded, and in memory */
#define CAPTURE_LIST_MAX 65536u			    /* numbers in a list */

/* The numbers are part of the format. */
enum capture_type {
	/* the recording */
	CAPTURE_HEADER = 1, /* always the first */
	CAPTURE_SESSION = 2,
	CAPTURE_SAMPLER = 3,
	CAPTURE_HOST = 4,
	CAPTURE_ARG = 5, /* the command, one word each, in order */
	CAPTURE_SAMPLED = 6,
	CAPTURE_TARGET = 7, /* what was attached to; since 1.1 */
	/* what happened, in the order in which the session saw it */
	CAPTURE_MMAP = 16,
	CAPTURE_COMM = 17,
	CAPTURE_FORK = 18,
	CAPTURE_EXIT = 19,
	CAPTURE_LOST = 20,
	CAPTURE_THROTTLE = 21,
	CAPTURE_UNTHROTTLE = 22,
	CAPTURE_OTHER = 23,
	CAPTURE_SAMPLE = 24,
	CAPTURE_SWITCH = 25,  /* since 1.1; so the next */
	CAPTURE_BLOCKED = 26, /* a sample with two fields more */
	CAPTURE_SPENT = 27,   /* since 1.2 */
	/* what the session asked for while it was given the event that follows */
	CAPTURE_OBJECT = 32, /* a file, described once */
	CAPTURE_SEGMENT = 33,
	CAPTURE_OPENED = 34,
	CAPTURE_VDSO = 35,
	CAPTURE_PROC_MAPS = 36,
	CAPTURE_PROC_COMM = 37,
	CAPTURE_MEMORY = 38,
	CAPTURE_PAGE = 39,
	CAPTURE_CLOCK = 40,
	CAPTURE_FDE = 41,
	CAPTURE_NO_FDE = 42,
	CAPTURE_CODE = 43,
	CAPTURE_STACK = 44,
	/* names, looked up at the end */
	CAPTURE_NAME = 48,
	CAPTURE_SYMBOLS = 49,
	CAPTURE_KERNEL = 50,
	CAPTURE_KERNEL_NAME = 51,
	CAPTURE_JIT_NAME = 52,
	/* the end */
	CAPTURE_TOTAL = 58,
	CAPTURE_COUNTER = 59,
	CAPTURE_LIMIT = 60,
	CAPTURE_SURVIVOR = 61,
	CAPTURE_END = 62, /* always the last */
	CAPTURE_TYPES,
};

struct capture_bytes {
	const uint8_t *p; /* NULL: not there */
	size_t n;
};
/* Strings are terminated when they come from a reader, but may hold any byte. */
struct capture_list {
	const uint64_t *v;
	size_t n;
};

struct capture_header {
	uint64_t major, minor;
	struct capture_bytes profd; /* version of the writer */
	struct capture_bytes arch;  /* "x86_64": whose registers and stacks these are */
};

struct capture_session { /* struct session_options */
	struct capture_bytes unwind, event;
	uint64_t max_depth, clock, period, root_pid, start_wall_ns, user_only;
	struct capture_bytes reach; /* reach_name() */
	uint64_t wall, wall_stacks, wall_event;
	struct capture_bytes engine; /* since 1.4 */
};

struct capture_sampler { /* struct sampler_info */
	struct capture_bytes event, reason;
	uint64_t hardware, kernel, hz, period, ncpus, nevents, ring_bytes,
		ring_bytes_wanted, stack_bytes;
	struct capture_bytes reach, reach_reason, wall_reason;
};

struct capture_sampled { /* struct sampler_event: one of nevents, in order */
	uint64_t index, clock, kernel, hz, period;
	struct capture_bytes name, reason;
};
struct capture_total { /* of that event, known at the end */
	uint64_t index, count, count_known, lost, lost_known;
};
struct capture_counter { /* struct counter_value */
	struct capture_bytes name, unit, reason;
	uint64_t kind, counted, value, scaled;
	uint64_t running; /* a double, as its bits */
	uint64_t user_only, denied, grouped;
};

struct capture_host { /* struct host */
	struct capture_bytes cpu_model, kernel, os, libc, arch, hypervisor, testbed;
	uint64_t ncpus, memory_bytes;
};

struct capture_target { /* struct run_target */
	uint64_t pid, tid;
	struct capture_bytes name;
};

struct capture_event { /* struct event, and those without more to say */
	uint64_t time, pid, tid, cpu;
};
struct capture_mmap {
	struct capture_event event;
	uint64_t addr, len, off, ino, generation, major, minor;
	struct capture_bytes build_id, path;
};
struct capture_comm {
	struct capture_event event;
	uint64_t exec;
	struct capture_bytes comm;
};
struct capture_task { /* fork and exit */
	struct capture_event event;
	uint64_t ppid, ptid;
};
struct capture_lost {
	struct capture_event event;
	uint64_t lost;
};
struct capture_sample {
	struct capture_event event;
	uint64_t index; /* of the event: CAPTURE_SAMPLED, or EVENT_SWITCHED */
	uint64_t ip, period, user_mode, abi;
	uint64_t copied; /* bytes of stack that the kernel copied; `stack`, or the last
			  * CAPTURE_STACK, is as much of them as was read */
	struct capture_list kernel, regs;
	struct capture_bytes stack;
	uint64_t begin, call; /* of CAPTURE_BLOCKED; call is an enum wait_call */
};
struct capture_switch { /* struct event_switch */
	struct capture_event event;
	uint64_t out, preempt;
};
struct capture_spent { /* struct event_spent */
	struct capture_event event;
	uint64_t begin, end, ran, queued, turns;
};

struct capture_object { /* struct objfile, as far as its headers tell */
	uint64_t id;	/* from 1 */
	uint64_t is_64bit, entry;
	struct capture_bytes build_id, path; /* build_id in hex */
};
struct capture_segment {
	uint64_t object, vaddr, off, filesz, memsz, exec;
};
struct capture_opened { /* what the file of a mapping was found to be */
	uint64_t pid, addr;
	uint64_t object; /* 0: not found */
};
struct capture_slurp { /* of /proc; result is 0 or -errno */
	uint64_t pid;
	int64_t result;
	struct capture_bytes data;
};
struct capture_memory { /* a read of a process's memory; its contents are in pages before it */
	uint64_t pid, addr, wanted, time;
	int64_t result; /* bytes, or -errno */
};
struct capture_stack { /* of the sample that follows; its contents are in pages before it */
	uint64_t pid, addr, bytes;
};
struct capture_page { /* memory that is not, or no longer, as in an earlier record */
	uint64_t pid, addr;
	struct capture_bytes data;
};
struct capture_clock {
	uint64_t time;
};
struct capture_fde { /* struct fde */
	uint64_t object, start, end;
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra_reg, signal_frame;
	uint64_t encoding; /* of addresses in the instructions: DW_EH_PE_* */
	uint64_t insns_vaddr;
	struct capture_bytes cie_insns, insns;
};
struct capture_no_fde {
	uint64_t object, vaddr;
};
struct capture_code { /* bytes of a file behind vaddr: fewer than wanted at its end */
	uint64_t object, vaddr, wanted;
	struct capture_bytes data;
};

struct capture_name { /* struct source_frame, `index` of `count` at vaddr, innermost first */
	uint64_t object, vaddr, index, count;
	struct capture_bytes name, linkage, file; /* linkage NULL: as name */
	uint64_t line, start_line;
};
struct capture_symbols {
	uint64_t object;
	struct capture_bytes source; /* symbol_source_name() */
	uint64_t lines;
};
struct capture_kernel {
	uint64_t readable; /* kernel symbols were */
};
struct capture_extent { /* a symbol of the kernel, pid 0, or of JIT code */
	uint64_t pid, start, end;
	struct capture_bytes name;
};

struct capture_limit { /* here the file was full: the recording went on */
	uint64_t time, samples, bytes;
};
struct capture_survivor {
	uint64_t pid;
	struct capture_bytes comm;
};
struct capture_end {
	int64_t status; /* as wait4(2) gives it */
	uint64_t timed_out;
	uint64_t start, wall_ns, duration_ns, counted_ns;
	uint64_t user_us, system_us, max_rss_kib, minor_faults, major_faults, voluntary,
		involuntary;
	uint64_t broken, late;
	uint64_t stolen_ns; /* since 1.3 */
};

struct capture_record {
	enum capture_type type;
	union {
		struct capture_header header;
		struct capture_session session;
		struct capture_sampler sampler;
		struct capture_host host;
		struct capture_bytes arg;
		struct capture_sampled sampled;
		struct capture_total total;
		struct capture_counter counter;
		struct capture_event event; /* the first member of all events */
		struct capture_mmap mmap;
		struct capture_comm comm;
		struct capture_task task;
		struct capture_lost lost;
		struct capture_sample sample;
		struct capture_switch change;
		struct capture_spent spent;
		struct capture_object object;
		struct capture_segment segment;
		struct capture_opened opened;
		uint64_t vdso; /* an object, 0: none */
		struct capture_slurp slurp;
		struct capture_memory memory;
		struct capture_page page;
		struct capture_stack stack;
		struct capture_clock clock;
		struct capture_fde fde;
		struct capture_no_fde no_fde;
		struct capture_code code;
		struct capture_name name;
		struct capture_symbols symbols;
		struct capture_kernel kernel;
		struct capture_extent extent;
		struct capture_limit limit;
		struct capture_target target;
		struct capture_survivor survivor;
		struct capture_end end;
	};
};

static inline struct capture_bytes capture_bytes(const void *p, size_t n)
{
	return (struct capture_bytes){(const uint8_t *)p, p ? n : 0};
}
struct capture_bytes capture_str(const char *s); /* NULL stays NULL */

/* --- the table ---------------------------------------------------------------------- */

enum capture_kind {
	CAPTURE_NUMBER,
	CAPTURE_HEX, /* a number that people read in hexadecimal */
	CAPTURE_SIGNED,
	CAPTURE_STRING,
	CAPTURE_DATA,
	CAPTURE_LIST, /* of hexadecimal numbers */
};
struct capture_field {
	const char *name;
	enum capture_kind kind;
	size_t at; /* in struct capture_record */
};
struct capture_shape {
	const char *name;
	const struct capture_field *fields;
	size_t nfields;
};
/* NULL for a type that this version does not know. */
const struct capture_shape *capture_shape(unsigned type);
/* 0 without such a name. */
enum capture_type capture_type_find(const char *name, size_t n);

/* --- writing ------------------------------------------------------------------------ */

/* What a file begins with; then its records, CAPTURE_HEADER first. */
void capture_begin(struct text *out, bool as_text);
void capture_encode(struct text *out, const struct capture_record *r);
void capture_print(struct text *out, const struct capture_record *r);

/* --- reading ------------------------------------------------------------------------ */

struct capture_reader;

/* Takes @fd (closed on failure, too), of a file in either encoding. Returns NULL and sets
 * err: -EBADMSG when it is no capture, -ENOTSUP when it has another major version,
 * -errno. */
struct capture_reader *capture_open(int fd, const char *path, struct error *err);
struct capture_reader *capture_close(struct capture_reader *r); /* NULL is fine */
/* 1 and the next record, from CAPTURE_HEADER on; 0 at the end of the file; -EBADMSG with
 * err when it is damaged, -errno. */
int capture_next(struct capture_reader *r, struct capture_record *ret_record,
		 struct error *err);
/* True after a 0 of capture_next when the file ends in the middle of a record. */
bool capture_cut(const struct capture_reader *r);

/* The parts, for the reader and for tests. Strings of the record point into the input or
 * into @room. */
struct capture_room {
	uint64_t *lists; /* [2 * CAPTURE_LIST_MAX] */
	size_t used;
	struct text bytes;
	uint64_t zeros; /* bytes that "*N" stood for, in all records so far */
	bool newer;	/* text of a newer minor version: unknown fields are skipped */
};
void capture_room_done(struct capture_room *room);
/* The fields of a record of @type, without its length. 0 or -EBADMSG. */
int capture_decode(unsigned type, const uint8_t *p, size_t n, struct capture_room *room,
		   struct capture_record *ret_record);
/* One line, whose continuations have been joined. 0; -ENOENT for an unknown type;
 * -EBADMSG with err. */
int capture_parse(const char *line, size_t n, struct capture_room *room,
		  struct capture_record *ret_record, struct error *err);
