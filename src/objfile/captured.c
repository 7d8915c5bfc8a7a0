/* Files that are not here: their headers and the answers that they once gave. An address
 * that was never asked about has no answer, but an unwind entry answers for all that it
 * covers, so that an unwinder that has changed since still finds its way in the functions
 * it knew. Where the answers come from, and in which format, is the caller's business. */
#include <profd/captured.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <profd/mem.h>

#include "objfile-priv.h"

struct captured_code {
	uint64_t vaddr;
	size_t wanted, n;
	const void *data;
};

struct captured_frames {
	unsigned n;
	struct source_frame *v; /* [n], zeroed where nothing was added */
};

struct captured {
	struct arena arena;
	VEC(struct fde *) fdes; /* by start; of those with one start the last to come */
	struct map no_fde;	/* vaddr -> 1 */
	VEC(struct captured_code) code; /* row 0 unused */
	struct index code_index;
	VEC(struct captured_frames) frames;
	struct map frames_at; /* vaddr -> row + 1 */
	enum symbol_source symbols;
	bool has_lines, use_local, local_tried;
	struct objfile *local; /* the file itself, for names; or NULL */
};

void objfile_set_tap(struct objfile *o, const struct objfile_tap *tap, void *arg)
{
	o->tap = tap;
	o->tap_arg = arg;
}

struct objfile *captured_new(const char *path, const char *build_id, uint64_t entry,
			     bool is_64bit)
{
	struct objfile *o = objfile_new(path);

	o->captured = xcalloc(1, sizeof(*o->captured));
	vec_add(&o->captured->code);
	snprintf(o->build_id, sizeof(o->build_id), "%s", build_id ? build_id : "");
	o->entry = entry;
	o->is_64bit = is_64bit;
	return o;
}

void captured_free(struct captured *c)
{
	if (!c)
		return;
	objfile_put(c->local);
	arena_done(&c->arena);
	vec_done(&c->fdes);
	map_done(&c->no_fde);
	vec_done(&c->code);
	index_done(&c->code_index);
	vec_done(&c->frames);
	map_done(&c->frames_at);
	free(c);
}

int captured_add_segment(struct objfile *o, const struct segment *s)
{
	if (!o->captured || s->filesz_bytes > s->memsz_bytes ||
	    s->vaddr + s->memsz_bytes < s->vaddr || s->off + s->filesz_bytes < s->off)
		return -EINVAL;
	if (o->segments.n >= CAPTURED_SEGMENTS_MAX)
		return -E2BIG;
	vec_push(&o->segments, *s);
	return 0;
}

/* --- unwind entries ----------------------------------------------------------------- */

/* How many start at or below @vaddr. */
static uint32_t fdes_upto(const struct captured *c, uint64_t vaddr)
{
	uint32_t lo = 0, hi = c->fdes.n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (c->fdes.v[mid]->start <= vaddr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static const uint8_t *keep(struct captured *c, const uint8_t *p, const uint8_t *end,
			   const uint8_t **ret_end)
{
	size_t n = (size_t)(end - p);
	uint8_t *copy = arena_alloc(&c->arena, n + 1);

	if (n)
		memcpy(copy, p, n);
	*ret_end = copy + n;
	return copy;
}

int captured_add_fde(struct objfile *o, const struct fde *fde)
{
	struct captured *c = o->captured;
	struct fde *copy;
	uint32_t at;

	if (!c || fde->end <= fde->start)
		return -EINVAL;
	if (c->fdes.n >= CAPTURED_FDES_MAX)
		return -E2BIG;
	copy = arena_alloc(&c->arena, sizeof(*copy));
	*copy = *fde;
	copy->cie.insns = keep(c, fde->cie.insns, fde->cie.end, &copy->cie.end);
	copy->insns = keep(c, fde->insns, fde->insns_end, &copy->insns_end);
	at = fdes_upto(c, fde->start);
	if (at && c->fdes.v[at - 1]->start == fde->start)
		c->fdes.v[at - 1] = copy;
	else
		vec_insert(&c->fdes, at, copy);
	return 0;
}

int captured_add_no_fde(struct objfile *o, uint64_t vaddr)
{
	if (!o->captured)
		return -EINVAL;
	map_put(&o->captured->no_fde, vaddr, 1);
	return 0;
}

bool captured_fde(const struct objfile *o, uint64_t vaddr, struct fde *ret_fde)
{
	const struct captured *c = o->captured;
	uint32_t n = fdes_upto(c, vaddr);

	if (!n || map_find(&c->no_fde, vaddr))
		return false;
	if (vaddr > fde_last_covered(c->fdes.v[n - 1]))
		return false;
	*ret_fde = *c->fdes.v[n - 1];
	return true;
}

/* --- code --------------------------------------------------------------------------- */

static bool code_equal(const void *table, uint32_t id, const void *key)
{
	const struct captured_code *a = &((const struct captured *)table)->code.v[id],
				   *b = key;

	return a->vaddr == b->vaddr && a->wanted == b->wanted;
}

static uint32_t code_hash(const struct captured_code *code)
{
	return hash_mix(hash_u64(code->vaddr), code->wanted);
}

int captured_add_code(struct objfile *o, uint64_t vaddr, size_t wanted, const void *data,
		      size_t n)
{
	struct captured *c = o->captured;
	struct captured_code code = {.vaddr = vaddr, .wanted = wanted, .n = n};

	if (!c || n > wanted)
		return -EINVAL;
	if (wanted > CAPTURED_CODE_BYTES)
		return -E2BIG;
	if (index_find(&c->code_index, code_hash(&code), code_equal, c, &code))
		return 0;
	if (n) {
		void *copy = arena_alloc(&c->arena, n);

		code.data = memcpy(copy, data, n);
	}
	vec_push(&c->code, code);
	index_add(&c->code_index, code_hash(&code), c->code.n - 1);
	return 0;
}

size_t captured_read(const struct objfile *o, uint64_t vaddr, void *buf, size_t n)
{
	const struct captured *c = o->captured;
	struct captured_code key = {.vaddr = vaddr, .wanted = n};
	uint32_t id = index_find(&c->code_index, code_hash(&key), code_equal, c, &key);

	if (!id || !c->code.v[id].n)
		return 0;
	memcpy(buf, c->code.v[id].data, c->code.v[id].n);
	return c->code.v[id].n;
}

/* --- names -------------------------------------------------------------------------- */

static const char *keep_string(struct captured *c, const char *s)
{
	return s ? arena_strndup(&c->arena, s, strlen(s)) : NULL;
}

static struct captured_frames *frames_row(struct captured *c, uint64_t vaddr,
					  unsigned count)
{
	uint64_t row = map_find(&c->frames_at, vaddr);

	if (row)
		return &c->frames.v[row - 1];
	vec_push(&c->frames, ((struct captured_frames){.n = count}));
	map_put(&c->frames_at, vaddr, c->frames.n);
	if (count)
		c->frames.v[c->frames.n - 1].v = arena_alloc(
			&c->arena, count * sizeof(struct source_frame));
	return &c->frames.v[c->frames.n - 1];
}

int captured_add_source(struct objfile *o, uint64_t vaddr, unsigned index, unsigned count,
			const struct source_frame *frame)
{
	struct captured *c = o->captured;
	struct captured_frames *row;
	struct source_frame *f;

	if (!c)
		return -EINVAL;
	if (count > CAPTURED_FRAMES_MAX)
		return -E2BIG;
	row = frames_row(c, vaddr, count);
	if (!count && !row->n)
		return 0;
	if (row->n != count || index >= count || !frame->name)
		return -EINVAL;
	f = &row->v[index];
	*f = *frame;
	f->name = keep_string(c, frame->name);
	f->linkage_name = frame->linkage_name ? keep_string(c, frame->linkage_name)
					      : f->name;
	f->file = keep_string(c, frame->file);
	return 0;
}

int captured_set_symbols(struct objfile *o, enum symbol_source source, bool has_lines)
{
	if (!o->captured)
		return -EINVAL;
	o->captured->symbols = source;
	o->captured->has_lines = has_lines;
	return 0;
}

void captured_use_local(struct objfile *o)
{
	if (o->captured)
		o->captured->use_local = true;
}

/* The path is whatever the capture says. Opening a device can do things, opening a fifo
 * wakes who waits at its other end, and files of /proc, which have no size, can lose what
 * is read: so look first. */
static int open_regular(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || !st.st_size)
		return -1;
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static struct objfile *local_file(struct objfile *o)
{
	struct captured *c = o->captured;
	struct objfile *local;
	int fd;

	if (!c->use_local || c->local_tried || !o->build_id[0])
		return c->local;
	c->local_tried = true;
	fd = open_regular(o->path);
	if (fd < 0)
		return NULL;
	local = objfile_open(fd, o->path, NULL);
	if (local && strcmp(local->build_id, o->build_id) != 0)
		local = objfile_put(local);
	c->local = local;
	return local;
}

static bool is_whole(const struct captured_frames *row)
{
	for (unsigned i = 0; i < row->n; i++) {
		if (!row->v[i].name)
			return false;
	}
	return true;
}

unsigned captured_source(struct objfile *o, uint64_t vaddr, struct source_frame *frames,
			 unsigned max)
{
	struct captured *c = o->captured;
	uint64_t row = map_find(&c->frames_at, vaddr);
	struct objfile *local;
	unsigned n;

	if (!row || !is_whole(&c->frames.v[row - 1])) {
		local = local_file(o);
		return local ? objfile_source(local, vaddr, frames, max) : 0;
	}
	n = c->frames.v[row - 1].n < max ? c->frames.v[row - 1].n : max;
	if (n)
		memcpy(frames, c->frames.v[row - 1].v, n * sizeof(*frames));
	return n;
}

enum symbol_source captured_symbol_source(struct objfile *o)
{
	struct objfile *local = local_file(o);

	return local ? objfile_symbol_source(local) : o->captured->symbols;
}

bool captured_has_lines(struct objfile *o)
{
	struct objfile *local = local_file(o);

	return local ? objfile_has_lines(local) : o->captured->has_lines;
}
