/* The libunwind backend: its generic remote unwinder with a global cache, one
 * unw_addr_space_t kept per state of an address space. A peer to measure against and an
 * oracle for the tests. Files without .eh_frame_hdr are not served: libunwind looks
 * nothing up without a table. */
#include <errno.h>
#include <stdlib.h>

#include <libunwind.h>

#include <profd/mem.h>

#include "unwind-priv.h"

/* Exported by libunwind for debuggers, declared in none of its headers. */
#define dwarf_search_unwind_table UNW_OBJ(dwarf_search_unwind_table)
extern int dwarf_search_unwind_table(unw_addr_space_t as, unw_word_t ip,
				     unw_dyn_info_t *di, unw_proc_info_t *pi,
				     int need_unwind_info, void *arg);

#define KEPT 128

struct kept_space {
	uint32_t generation; /* 0: empty */
	unw_addr_space_t as;
};

struct libunwind {
	struct kept_space kept[KEPT];
	unsigned next; /* to be replaced */
	/* While unwinding: */
	const struct unwind_input *in;
	const struct vma *vma; /* whose unwind sections are being read */
	bool outside;
};

static bool read_view(const struct section_view *view, uint64_t vaddr, unw_word_t *ret)
{
	uint64_t off = vaddr - view->vaddr, n;

	if (!view->data || vaddr < view->vaddr || off >= view->size)
		return false;
	n = view->size - off < sizeof(*ret) ? view->size - off : sizeof(*ret);
	*ret = 0;
	memcpy(ret, view->data + off, n);
	return true;
}

static bool read_sections(const struct vma *v, uint64_t pc, unw_word_t *ret)
{
	uint64_t vaddr = vma_vaddr(v, pc);

	return read_view(objfile_eh_frame_hdr(v->obj), vaddr, ret) ||
	       read_view(objfile_eh_frame(v->obj), vaddr, ret);
}

/* What the files hold in their other segments, too. A rule out of libunwind's cache was
 * found without find_proc_info, but its expression is read from the section it came from;
 * and functions with a cleanup name their personality routine through a pointer in the
 * data segment. */
static bool read_files(struct libunwind *l, uint64_t pc, unw_word_t *ret)
{
	const struct space *s = l->in->space;

	for (uint32_t i = 0; i < s->vmas.n; i++) {
		const struct vma *v = &s->vmas.v[i];

		if (!v->obj)
			continue;
		if (read_sections(v, pc, ret) ||
		    objfile_read(v->obj, vma_vaddr(v, pc), ret, sizeof(*ret)) ==
			    sizeof(*ret))
			return true;
	}
	return false;
}

static int access_mem(unw_addr_space_t as, unw_word_t addr, unw_word_t *value, int write,
		      void *arg)
{
	struct libunwind *l = arg;
	uint64_t off = addr - l->in->regs->r[DWREG_SP];

	if (write)
		return -UNW_EINVAL;
	if (off < walk_readable_bytes(l->in)) {
		memcpy(value, l->in->stack + off, sizeof(*value));
		return 0;
	}
	if (l->vma && read_sections(l->vma, addr, value))
		return 0;
	if (read_files(l, addr, value))
		return 0;
	l->outside = true;
	return -UNW_EINVAL;
}

/* libunwind's numbers are those of DWARF; of aarch64's 32, which is the pc, too. */
static int access_reg(unw_addr_space_t as, unw_regnum_t reg, unw_word_t *value, int write,
		      void *arg)
{
	struct libunwind *l = arg;

	if (write || reg < 0 || reg >= REG_COUNT)
		return -UNW_EBADREG;
	if (!(l->in->regs->valid >> reg & 1))
		return -UNW_EBADREG;
	*value = l->in->regs->r[reg];
	return 0;
}

static int find_proc_info(unw_addr_space_t as, unw_word_t ip, unw_proc_info_t *pi,
			  int need_unwind_info, void *arg)
{
	struct libunwind *l = arg;
	const struct vma *v = space_find(l->in->space, ip);
	const struct section_view *hdr;
	unw_dyn_info_t di = {.format = UNW_INFO_FORMAT_REMOTE_TABLE};
	uint32_t n;

	if (!v || !v->obj || !objfile_is_64bit(v->obj))
		return -UNW_ENOINFO;
	hdr = objfile_eh_frame_hdr(v->obj);
	/* version, encodings, pointer to .eh_frame (4 bytes), count (4 bytes), table */
	if (!hdr || !hdr->data || hdr->size < 12 || hdr->data[2] != 0x03 ||
	    hdr->data[3] != 0x3b)
		return -UNW_ENOINFO;
	memcpy(&n, hdr->data + 8, sizeof(n));
	if (n > (hdr->size - 12) / 8)
		return -UNW_ENOINFO;
	l->vma = v;
	di.start_ip = v->start;
	di.end_ip = v->end;
	di.u.rti.segbase = hdr->vaddr + v->bias;
	di.u.rti.table_data = hdr->vaddr + v->bias + 12;
	di.u.rti.table_len = (unw_word_t)n * 8 / sizeof(unw_word_t);
	return dwarf_search_unwind_table(as, ip, &di, pi, need_unwind_info, arg);
}

static void put_unwind_info(unw_addr_space_t as, unw_proc_info_t *pi, void *arg)
{
}

static int get_dyn_info_list_addr(unw_addr_space_t as, unw_word_t *addr, void *arg)
{
	return -UNW_ENOINFO;
}

static int access_fpreg(unw_addr_space_t as, unw_regnum_t reg, unw_fpreg_t *value,
			int write, void *arg)
{
	return -UNW_EINVAL;
}

static int resume(unw_addr_space_t as, unw_cursor_t *cursor, void *arg)
{
	return -UNW_EINVAL;
}

static int get_proc_name(unw_addr_space_t as, unw_word_t ip, char *buf, size_t n,
			 unw_word_t *off, void *arg)
{
	return -UNW_EINVAL;
}

static unw_accessors_t accessors = {
	.find_proc_info = find_proc_info,
	.put_unwind_info = put_unwind_info,
	.get_dyn_info_list_addr = get_dyn_info_list_addr,
	.access_mem = access_mem,
	.access_reg = access_reg,
	.access_fpreg = access_fpreg,
	.resume = resume,
	.get_proc_name = get_proc_name,
};

static unw_addr_space_t space_for(struct libunwind *l, struct space *space)
{
	uint32_t generation = space_generation(space);
	struct kept_space *slot;

	for (unsigned i = 0; i < KEPT; i++)
		if (l->kept[i].generation == generation)
			return l->kept[i].as;
	slot = &l->kept[l->next++ % KEPT];
	if (slot->as)
		unw_destroy_addr_space(slot->as);
	slot->generation = 0;
	slot->as = unw_create_addr_space(&accessors, 0);
	if (!slot->as)
		return NULL;
	unw_set_caching_policy(slot->as, UNW_CACHE_GLOBAL);
	slot->generation = generation;
	return slot->as;
}

/* From the current frame to its caller. */
static int step_cursor(struct libunwind *l, struct walk *w, unw_cursor_t *cursor)
{
	struct frame *frame = &w->frames[w->n - 1];
	int r = unw_step(cursor);
	unw_word_t pc;

	if (r < 0)
		return l->outside ? STOP_TRUNCATED : STOP_NO_CFI;
	if (r == 0 || unw_get_reg(cursor, UNW_REG_IP, &pc) < 0 || !pc)
		return STOP_END;
	/* What libunwind calls a signal frame is the one that the signal interrupted. */
	if (unw_is_signal_frame(cursor) <= 0)
		return walk_push(w, pc, FRAME_CALL);
	frame->flags = (frame->flags & ~(uint32_t)FRAME_CALL) | FRAME_SIGNAL;
	return walk_push(w, pc, 0);
}

static unsigned libunwind_unwind(struct unwinder *u, const struct unwind_input *in,
				 struct frame *frames, unsigned max,
				 enum unwind_stop *ret_stop)
{
	struct libunwind *l = u->state;
	struct walk w;
	int step = walk_start(&w, u, in, frames, max);
	unw_cursor_t cursor;
	unw_addr_space_t as;

	l->in = in;
	l->vma = NULL;
	l->outside = false;
	if (step == STEP_ON) {
		as = space_for(l, in->space);
		if (!as || unw_init_remote(&cursor, as, l) < 0)
			step = STOP_NO_CFI;
	}
	while (step == STEP_ON)
		step = step_cursor(l, &w, &cursor);
	*ret_stop = (enum unwind_stop)step;
	return w.n;
}

static void libunwind_flush(struct unwinder *u)
{
	struct libunwind *l = u->state;

	for (unsigned i = 0; i < KEPT; i++)
		if (l->kept[i].as)
			unw_destroy_addr_space(l->kept[i].as);
	memset(l->kept, 0, sizeof(l->kept));
}

static int libunwind_init(struct unwinder *u, struct error *err)
{
	u->state = xcalloc(1, sizeof(struct libunwind));
	return 0;
}

static void libunwind_done(struct unwinder *u)
{
	libunwind_flush(u);
	free(u->state);
}

static const struct unwind_ops libunwind_ops = {
	.name = "libunwind",
	.init = libunwind_init,
	.done = libunwind_done,
	.unwind = libunwind_unwind,
	.flush = libunwind_flush,
};

const struct unwind_ops *const unwind_libunwind = &libunwind_ops;
