/* The libdw backend: elfutils' own unwinder with a Dwfl kept per state of an address
 * space. It is a peer to measure against and the oracle that cfi is tested with, so it
 * does nothing to help libdw: the registers of the sample go in, memory comes from the
 * stack copy or the files, frames come out. An elfutils Dwfl belongs to one thread. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <elfutils/libdwfl.h>

#include <profd/io.h>
#include <profd/mem.h>

#include "unwind-priv.h"

#define KEPT 128 /* Dwfls; make -j2 has some tens of processes at a time */

struct kept_dwfl {
	uint32_t generation; /* 0: empty */
	Dwfl *dwfl;
};

struct libdw {
	struct kept_dwfl kept[KEPT];
	unsigned next; /* to be replaced */
	/* While unwinding: */
	const struct unwind_input *in;
	struct frame *frames;
	unsigned n, max;
	bool full, outside;
	bool no_map;
};

static int no_debuginfo(Dwfl_Module *mod, void **userdata, const char *modname,
			Dwarf_Addr base, const char *file_name,
			const char *debuglink_file, GElf_Word debuglink_crc,
			char **debuginfo_file_name)
{
	return -1;
}

static int no_elf(Dwfl_Module *mod, void **userdata, const char *modname, Dwarf_Addr base,
		  char **file_name, Elf **elfp)
{
	return -1;
}

static const Dwfl_Callbacks dwfl_callbacks = {
	.find_elf = no_elf,
	.find_debuginfo = no_debuginfo,
};

/* A descriptor that libdw may own. */
static int open_again(const struct objfile *o)
{
	const void *image;
	size_t n;
	int fd;

	if (objfile_fd(o) >= 0)
		return fcntl(objfile_fd(o), F_DUPFD_CLOEXEC, 0);
	image = objfile_image(o, &n);
	fd = memfd_create("image", MFD_CLOEXEC);
	if (fd >= 0 && io_write(fd, image, n) < 0) {
		close(fd);
		fd = -EIO;
	}
	return fd;
}

/* The modules of one file at one bias are reported once. */
static bool is_reported(const struct space *space, const struct vma *v)
{
	for (const struct vma *p = space->vmas.v; p < v; p++)
		if (p->obj == v->obj && p->bias == v->bias)
			return true;
	return false;
}

static void report_files(Dwfl *dwfl, const struct space *space)
{
	dwfl_report_begin(dwfl);
	for (uint32_t i = 0; i < space->vmas.n; i++) {
		const struct vma *v = &space->vmas.v[i];
		int fd;

		if (!v->obj || !objfile_is_64bit(v->obj) || is_reported(space, v))
			continue;
		fd = open_again(v->obj);
		/* On success the descriptor is libdw's. */
		if (fd >= 0 && !dwfl_report_elf(dwfl, objfile_path(v->obj),
						objfile_path(v->obj), fd, v->bias, true))
			close(fd);
	}
	dwfl_report_end(dwfl, NULL, NULL);
}

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread_arg)
{
	struct libdw *l = arg;

	if (*thread_arg)
		return 0;
	*thread_arg = l;
	return 1;
}

static bool read_memory(Dwfl *dwfl, Dwarf_Addr addr, Dwarf_Word *ret_value, void *arg)
{
	struct libdw *l = arg;
	uint64_t off = addr - l->in->regs->r[DWREG_SP];
	const struct vma *v;

	if (off < walk_readable_bytes(l->in)) {
		memcpy(ret_value, l->in->stack + off, sizeof(*ret_value));
		return true;
	}
	v = space_find(l->in->space, addr);
	if (v && v->obj && objfile_read(v->obj, vma_vaddr(v, addr), ret_value, 8) == 8)
		return true;
	l->outside = true;
	return false;
}

static bool set_registers(Dwfl_Thread *thread, void *arg)
{
	struct libdw *l = arg;
	const struct regs *regs = l->in->regs;

	if (DWREG_PC != DWREG_RA)
		dwfl_thread_state_register_pc(thread, regs->r[DWREG_PC]);
	for (int i = 0; i < REG_COUNT; i++) {
		Dwarf_Word value = regs->r[i];

		if (i == DWREG_PC && DWREG_PC != DWREG_RA)
			continue;
		if (regs->valid >> i & 1 &&
		    !dwfl_thread_state_registers(thread, i, 1, &value))
			return false;
	}
	return true;
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.memory_read = read_memory,
	.set_initial_registers = set_registers,
};

static Dwfl *dwfl_for(struct libdw *l, const struct unwind_input *in)
{
	uint32_t generation = space_generation(in->space);
	struct kept_dwfl *slot;

	for (unsigned i = 0; i < KEPT; i++)
		if (l->kept[i].generation == generation)
			return l->kept[i].dwfl;
	slot = &l->kept[l->next++ % KEPT];
	if (slot->dwfl)
		dwfl_end(slot->dwfl);
	slot->generation = 0;
	slot->dwfl = dwfl_begin(&dwfl_callbacks);
	if (!slot->dwfl)
		return NULL;
	report_files(slot->dwfl, in->space);
	if (!dwfl_attach_state(slot->dwfl, NULL, 1, &thread_callbacks, l)) {
		dwfl_end(slot->dwfl);
		slot->dwfl = NULL;
		return NULL;
	}
	slot->generation = generation;
	return slot->dwfl;
}

static int add_frame(Dwfl_Frame *state, void *arg)
{
	struct libdw *l = arg;
	const struct vma *v;
	Dwarf_Addr pc;
	bool active;

	if (!dwfl_frame_pc(state, &pc, &active))
		return DWARF_CB_ABORT;
	if (!pc)
		return DWARF_CB_OK; /* the end, as x86-64's psABI marks it */
	v = space_find(l->in->space, active ? pc : pc - 1);
	if (!v && l->n) {
		l->no_map = true;
		return DWARF_CB_ABORT;
	}
	if (l->n == l->max) {
		l->full = true;
		return DWARF_CB_ABORT;
	}
	l->frames[l->n++] = (struct frame){
		.pc = pc, .vma = v, .flags = active ? 0 : FRAME_CALL};
	return DWARF_CB_OK;
}

/* To libdw, frame 0, a signal trampoline and what that interrupted are all "active": not
 * behind a call. The last but one of such a run is a trampoline, and so is every second
 * before it. */
static void mark_trampolines(struct frame *frames, unsigned n)
{
	for (unsigned begin = 0, end; begin < n; begin = end + 1) {
		for (end = begin; end < n && !(frames[end].flags & FRAME_CALL);)
			end++;
		for (unsigned i = end; i >= begin + 2; i -= 2)
			frames[i - 2].flags = FRAME_SIGNAL;
	}
}

static enum unwind_stop stop_of(const struct libdw *l, int result)
{
	if (l->full)
		return STOP_DEPTH;
	if (l->no_map)
		return STOP_NO_MAP;
	if (result == 0)
		return STOP_END;
	return l->outside ? STOP_TRUNCATED : STOP_NO_CFI;
}

static unsigned libdw_unwind(struct unwinder *u, const struct unwind_input *in,
			     struct frame *frames, unsigned max,
			     enum unwind_stop *ret_stop)
{
	struct libdw *l = u->state;
	struct walk w;
	int step = walk_start(&w, u, in, frames, max);
	Dwfl *dwfl = step == STEP_ON ? dwfl_for(l, in) : NULL;
	int result;

	if (!dwfl) {
		*ret_stop = step == STEP_ON ? STOP_NO_CFI : (enum unwind_stop)step;
		return w.n;
	}
	l->in = in;
	l->frames = frames;
	l->max = max;
	l->n = 0;
	l->full = l->outside = l->no_map = false;
	result = dwfl_getthread_frames(dwfl, 1, add_frame, l);
	mark_trampolines(frames, l->n);
	*ret_stop = stop_of(l, result);
	return l->n ? l->n : w.n;
}

static void libdw_flush(struct unwinder *u)
{
	struct libdw *l = u->state;

	for (unsigned i = 0; i < KEPT; i++)
		if (l->kept[i].dwfl)
			dwfl_end(l->kept[i].dwfl);
	memset(l->kept, 0, sizeof(l->kept));
}

static int libdw_init(struct unwinder *u, struct error *err)
{
	u->state = xcalloc(1, sizeof(struct libdw));
	return 0;
}

static void libdw_done(struct unwinder *u)
{
	libdw_flush(u);
	free(u->state);
}

const struct unwind_ops unwind_libdw_ops = {
	.name = "libdw",
	.init = libdw_init,
	.done = libdw_done,
	.unwind = libdw_unwind,
	.flush = libdw_flush,
};
