/* Folded stacks from outside: what folded.c writes, and stackcollapse scripts, inferno,
 * async-profiler, py-spy and others do.
 *
 * The first word of a line is the command, or whatever the other tool has there; it
 * becomes the label "comm", so that it is the first word again when the profile is
 * written. _[k], _[i] and _[j] at the end of a frame are its kind, and no part of its
 * name. */
#include "format-priv.h"

#include <errno.h>
#include <string.h>

#include <profd/text.h>

#define LINE_MAX_BYTES ((size_t)4 << 20)
#define FRAMES_MAX 65536u
#define COUNT_DIGITS_MAX 18u /* of an int64_t that nobody doubts */

struct folded_frame {
	string_id name;
	char kind; /* 'k', 'i', 'j'; 0: none of these */
};

struct folded_reader {
	struct profile *p;
	struct error *err;
	uint64_t line;
	VEC(struct folded_frame) frames; /* of this line, the root first */
	VEC(struct line) lines;
	string_id key_comm;
	mapping_id kernel, jit; /* 0: none so far */
	uint64_t pairs, stacks; /* lines that end in two counts; all */
};

static int folded_broken(struct folded_reader *r, const char *what, const char *hint)
{
	error_set(r->err, -EBADMSG, "line %llu: %s", (unsigned long long)r->line, what);
	error_hint(r->err, "%s", hint);
	return -EBADMSG;
}

/* The blank in front of the last word of @s[0..n); NULL: there is none. */
static const char *last_blank(const char *s, size_t n)
{
	while (n && s[n - 1] != ' ' && s[n - 1] != '\t')
		n--;
	return n ? s + n - 1 : NULL;
}

/* Digits, and a fraction that is rounded. */
static bool parse_count(const char *s, const char *end, int64_t *ret_count)
{
	const char *begin = s;
	int64_t n = 0;

	for (; s < end && *s >= '0' && *s <= '9'; s++) {
		if ((size_t)(s - begin) >= COUNT_DIGITS_MAX)
			return false;
		n = 10 * n + (*s - '0');
	}
	if (s == begin)
		return false;
	if (s + 1 < end && *s == '.') {
		n += s[1] >= '5' && s[1] <= '9';
		for (s++; s < end && *s >= '0' && *s <= '9';)
			s++;
	}
	*ret_count = n;
	return s == end;
}

/* --- frames ------------------------------------------------------------------------- */

/* What a frame is by the end of its text, of which *n is left. @place: 0 for the command,
 * which is no code, and 1 for the outermost function, which is inlined into none. */
static char take_mark(const char *s, size_t *n, uint32_t place)
{
	const char *m;

	if (!place || *n <= 4)
		return 0;
	m = s + *n - 4;
	if (memcmp(m, "_[", 2) != 0 || m[3] != ']' || !m[2] ||
	    !strchr(place > 1 ? "kij" : "kj", m[2]))
		return 0;
	*n -= 4;
	return m[2];
}

static void trim(const char *s, size_t *n)
{
	while (*n && (s[*n - 1] == ' ' || s[*n - 1] == '\t'))
		--*n;
}

static int split_frames(struct folded_reader *r, const char *s, size_t n)
{
	r->frames.n = 0;
	for (const char *end = s + n, *next; s <= end; s = next + 1) {
		struct folded_frame f = {0};
		size_t len;

		next = memchr(s, ';', (size_t)(end - s));
		if (!next)
			next = end;
		if (r->frames.n >= FRAMES_MAX)
			return folded_broken(r, "more than 65536 frames",
					     "is it a file of folded stacks?");
		len = (size_t)(next - s);
		trim(s, &len);
		f.kind = take_mark(s, &len, r->frames.n);
		trim(s, &len);
		f.name = profile_string_n(r->p, len ? s : "-", len ? len : 1);
		vec_push(&r->frames, f);
	}
	return 0;
}

/* By their files other formats tell these kinds. */
static mapping_id kind_mapping(struct folded_reader *r, mapping_id *id, const char *name,
			       uint32_t flags)
{
	const struct mapping m = {.filename = profile_string(r->p, name),
				  .flags = flags | MAPPING_HAS_FUNCTIONS};

	if (!*id)
		*id = profile_mapping(r->p, &m);
	return *id;
}

static location_id named_place(struct folded_reader *r, char kind)
{
	mapping_id mapping = 0;
	uint32_t flags = 0;

	if (kind == 'k') {
		mapping = kind_mapping(r, &r->kernel, "[kernel.kallsyms]",
				       MAPPING_KERNEL);
		flags = LOCATION_KERNEL;
	} else if (kind == 'j') {
		mapping = kind_mapping(r, &r->jit, "//anon", MAPPING_JIT);
		flags = LOCATION_JIT;
	}
	return profile_named_location(r->p, mapping, 0, flags, r->lines.v, r->lines.n);
}

/* A function and those that were inlined into it share one place: @n frames from @f on,
 * the outermost first. */
static location_id place_of(struct folded_reader *r, const struct folded_frame *f,
			    uint32_t n)
{
	r->lines.n = 0;
	while (n--) {
		const struct function fn = {.name = f[n].name,
					    .system_name = system_name(r->p, f[n].name)};

		vec_push(&r->lines, ((struct line){profile_function(r->p, &fn), 0}));
	}
	return named_place(r, f->kind);
}

static stack_id stack_of_line(struct folded_reader *r)
{
	stack_id stack = 0;

	for (uint32_t i = 1, n; i < r->frames.n; i += n) {
		for (n = 1; i + n < r->frames.n && r->frames.v[i + n].kind == 'i';)
			n++;
		stack = profile_stack(r->p, stack, place_of(r, &r->frames.v[i], n));
	}
	return stack;
}

/* --- lines -------------------------------------------------------------------------- */

static int read_line(struct folded_reader *r, const char *s, size_t n)
{
	const char *blank, *end = s + n;
	struct label comm = {.key = r->key_comm};
	int64_t count, other;
	int code;

	if (n > LINE_MAX_BYTES)
		return folded_broken(r, "longer than 4 MiB",
				     "is it a file of folded stacks?");
	blank = last_blank(s, n);
	if (!blank || blank == s || !parse_count(blank + 1, end, &count))
		return folded_broken(r, "no count at its end",
				     "a line is 'command;function;function 12'");
	end = blank;
	while (end > s && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	blank = last_blank(s, (size_t)(end - s));
	r->stacks++;
	r->pairs += blank && parse_count(blank + 1, end, &other);
	code = split_frames(r, s, (size_t)(end - s));
	if (code < 0)
		return code;
	comm.str = r->frames.v[0].name;
	profile_add(r->p, stack_of_line(r), profile_labels(r->p, &comm, 1), &count);
	return 0;
}

static int read_lines(struct folded_reader *r, const char *data, size_t n)
{
	const char *line;
	size_t pos = 0, len;
	int code = 0;

	while (!code && io_line(data, n, &pos, &line, &len)) {
		r->line++;
		while (len && (line[len - 1] == '\r' || line[len - 1] == ' '))
			len--;
		if (len && *line != '#')
			code = read_line(r, line, len);
	}
	if (code < 0)
		return code;
	if (!r->stacks)
		return folded_broken(r, "there is no stack in this file",
				     "a line is 'command;function;function 12'");
	/* One function called "f 12" may be; all lines ending so is another format. */
	if (r->pairs == r->stacks)
		return folded_broken(r, "two counts on every line: a difference",
				     "give the two files that it was made of");
	return 0;
}

struct profile *folded_read(const void *data, size_t n, const char *type,
			    const char *unit, struct error *err)
{
	struct folded_reader r = {.p = profile_new(), .err = err};
	int code;

	profile_value_type(r.p, type, unit);
	r.p->default_sample_type = r.p->value_types[0].type;
	r.key_comm = profile_string(r.p, "comm");
	code = read_lines(&r, data, n);
	vec_done(&r.frames);
	vec_done(&r.lines);
	return code < 0 ? profile_free(r.p) : r.p;
}
