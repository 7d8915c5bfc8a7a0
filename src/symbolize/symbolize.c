/* The chain from an address to its names: ELF file, kernel, JIT. Reading DWARF and symbol
 * tables is objfile's work; this file knows where else names are and what to say when
 * there are none. */
#include "symbolize-priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <profd/clock.h>
#include <profd/ehframe.h>
#include <profd/io.h>
#include <profd/map.h>
#include <profd/mem.h>
#include <profd/text.h>

#define KALLSYMS_MAX_BYTES ((size_t)256 << 20)
#define PERFMAP_MAX_BYTES ((size_t)256 << 20)

struct jit {
	uint32_t pid;
	struct symtab *table; /* NULL: no usable perf map */
};

struct symbolizer {
	struct symtab *kernel;
	bool kernel_tried;
	VEC(struct jit) jits;
	struct map jit_by_pid; /* pid -> row + 1 */
	struct text made_up;
	bool captured; /* what is known was added; nothing is read */
	const struct symbolizer_tap *tap;
	void *tap_arg;
};

struct symbolizer *symbolizer_new(void)
{
	return xcalloc(1, sizeof(struct symbolizer));
}

struct symbolizer *symbolizer_free(struct symbolizer *sy)
{
	if (!sy)
		return NULL;
	symtab_free(sy->kernel);
	for (uint32_t i = 0; i < sy->jits.n; i++)
		symtab_free(sy->jits.v[i].table);
	vec_done(&sy->jits);
	map_done(&sy->jit_by_pid);
	text_done(&sy->made_up);
	free(sy);
	return NULL;
}

static unsigned one_name(struct source_frame *frame, const char *name)
{
	*frame = (struct source_frame){.name = name, .linkage_name = name};
	return 1;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* A stripped function is told by where its unwind entry starts: that keeps functions
 * apart, which one "[unknown]" for the whole file does not. Without entries nothing tells
 * where a function begins, and the file's name has to do. */
static const char *made_up_name(struct symbolizer *sy, struct objfile *o, uint64_t vaddr)
{
	const char *file = base_name(objfile_path(o));
	struct fde fde;

	text_clear(&sy->made_up);
	if (ehframe_find(o, vaddr, &fde))
		text_addf(&sy->made_up, "%s+0x%llx", file, (unsigned long long)fde.start);
	else
		text_addf(&sy->made_up, "[%s]", file);
	return text_get(&sy->made_up);
}

/* The entry point is _start by definition of the linkers, symbol or not. Its code is a
 * few dozen bytes on every libc: crt1.o's is 38 to 43, that of ld.so is below 64. */
static bool at_entry(struct objfile *o, uint64_t vaddr)
{
	uint64_t entry = objfile_entry(o);
	struct fde fde;

	if (!entry || vaddr < entry || vaddr >= entry + 64)
		return false;
	return !ehframe_find(o, vaddr, &fde) || fde.start == entry;
}

unsigned symbolize_nameless(struct symbolizer *sy, struct objfile *o, uint64_t vaddr,
			    struct source_frame *frame, bool *ret_named)
{
	*ret_named = at_entry(o, vaddr);
	return one_name(frame, *ret_named ? "_start" : made_up_name(sy, o, vaddr));
}

unsigned symbolize_file(struct symbolizer *sy, struct objfile *o, uint64_t vaddr,
			struct source_frame *frames, unsigned max, bool *ret_named)
{
	unsigned n = objfile_source(o, vaddr, frames, max);

	*ret_named = true;
	return n ? n : symbolize_nameless(sy, o, vaddr, frames, ret_named);
}

/* A table that grows is put in order when it is asked. */
static const struct symtab_row *table_find(struct symtab *t, uint64_t pc)
{
	if (t && t->unsorted)
		symtab_sort(t, false);
	return symtab_find_row(t, pc);
}

/* --- kernel ------------------------------------------------------------------------- */

static void kernel_read(struct symbolizer *sy)
{
	_cleanup_free_ char *data = NULL;
	size_t n;

	sy->kernel_tried = true;
	if (io_slurp("/proc/kallsyms", KALLSYMS_MAX_BYTES, &data, &n) == 0)
		sy->kernel = kallsyms_parse(data, n);
	if (sy->tap)
		sy->tap->kernel(sy->tap_arg, sy->kernel != NULL);
}

bool symbolizer_has_kernel(struct symbolizer *sy)
{
	if (!sy->kernel_tried)
		kernel_read(sy);
	return sy->kernel != NULL;
}

unsigned symbolize_kernel(struct symbolizer *sy, uint64_t pc, struct source_frame *frame,
			  bool *ret_named)
{
	const struct symtab_row *row = NULL;

	if (symbolizer_has_kernel(sy))
		row = table_find(sy->kernel, pc);
	if (row && sy->tap)
		sy->tap->kernel_name(sy->tap_arg, row->start, row->end, row->name);
	*ret_named = row != NULL;
	return one_name(frame, row ? row->name : "[kernel]");
}

/* --- JIT ---------------------------------------------------------------------------- */

/* The map has to be a plain file written since the recording began: pids come again, and
 * /tmp is everybody's. What it says are names only, and these are cleaned like all
 * others. */
static struct symtab *perfmap_read(const char *path, uint64_t since_wall_ns)
{
	_cleanup_close_ int fd = open(path,
				      O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	_cleanup_free_ char *data = NULL;
	struct stat st;
	size_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > (off_t)PERFMAP_MAX_BYTES)
		return NULL;
	/* File times come from the tick, which is up to 10 ms behind the clock. */
	if ((uint64_t)st.st_mtim.tv_sec * NSEC_PER_SEC + (uint64_t)st.st_mtim.tv_nsec +
		    10000000 <
	    since_wall_ns)
		return NULL;
	if (io_slurp_fd(fd, PERFMAP_MAX_BYTES, &data, &n) < 0)
		return NULL;
	return perfmap_parse(data, n);
}

static struct symtab *perfmap_open(uint32_t pid, uint64_t since_wall_ns)
{
	char path[64];
	struct symtab *t;

	snprintf(path, sizeof(path), "/tmp/perf-%u.map", pid);
	t = perfmap_read(path, since_wall_ns);
	if (t)
		return t;
	snprintf(path, sizeof(path), "/proc/%u/root/tmp/perf-%u.map", pid, pid);
	return perfmap_read(path, since_wall_ns);
}

static struct symtab **jit_table(struct symbolizer *sy, uint32_t pid,
				 uint64_t since_wall_ns)
{
	uint64_t row = map_find(&sy->jit_by_pid, pid);

	if (!row) {
		vec_push(&sy->jits, ((struct jit){.pid = pid}));
		row = sy->jits.n;
		if (!sy->captured)
			sy->jits.v[row - 1].table = perfmap_open(pid, since_wall_ns);
		map_put(&sy->jit_by_pid, pid, row);
	}
	return &sy->jits.v[row - 1].table;
}

unsigned symbolize_jit(struct symbolizer *sy, uint32_t pid, uint64_t since_wall_ns,
		       uint64_t pc, struct source_frame *frame, bool *ret_named)
{
	const struct symtab_row *row = table_find(*jit_table(sy, pid, since_wall_ns), pc);

	if (row && sy->tap)
		sy->tap->jit_name(sy->tap_arg, pid, row->start, row->end, row->name);
	*ret_named = row != NULL;
	return one_name(frame, row ? row->name : "[jit]");
}

/* --- captures ----------------------------------------------------------------------- */

void symbolizer_set_tap(struct symbolizer *sy, const struct symbolizer_tap *tap,
			void *arg)
{
	sy->tap = tap;
	sy->tap_arg = arg;
}

void symbolizer_capture(struct symbolizer *sy, bool kernel_readable)
{
	sy->captured = sy->kernel_tried = true;
	if (kernel_readable && !sy->kernel)
		sy->kernel = xcalloc(1, sizeof(*sy->kernel));
}

void symbolizer_add_kernel(struct symbolizer *sy, uint64_t start, uint64_t end,
			   const char *name)
{
	symbolizer_capture(sy, true);
	symtab_add_row(sy->kernel, start, end, name);
}

void symbolizer_add_jit(struct symbolizer *sy, uint32_t pid, uint64_t start, uint64_t end,
			const char *name)
{
	struct symtab **table;

	symbolizer_capture(sy, false);
	table = jit_table(sy, pid, 0);
	if (!*table)
		*table = xcalloc(1, sizeof(**table));
	symtab_add_row(*table, start, end, name);
}
