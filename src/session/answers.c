/* What a replayed session is told. Between two events stand the answers that the recorded
 * session was given when it was fed the second one: they are queued, and handed out when
 * it asks again. A session that asks for something else (its code has changed) is told
 * that nothing is there. What files say is kept in captured objfiles, names of the kernel
 * and of JIT code go to the symbolizer. */
#include <errno.h>
#include <string.h>

#include <profd/captured.h>

#include "replay-priv.h"

#define OBJECTS_MAX (1u << 20)
#define ANSWERS_MAX (1u << 20) /* for one event */
#define ANSWERS_MAX_BYTES ((size_t)1 << 28)
#define STACK_MAX_BYTES                                                                  \
	((size_t)1 << 16) /* perf_event_attr.sample_stack_user has 16 bits */
#define PROC_MAX_BYTES ((size_t)32 << 20) /* of a file in /proc */

/* --- answers ------------------------------------------------------------------------ */

static void apply_page(struct replay *rp, struct answer *a)
{
	pages_put(&rp->pages, a->pid, a->addr, (const uint8_t *)a->data, a->n);
	a->taken = true;
}

/* Later records build on all pages, whoever asked for them. */
static void apply_pages(struct replay *rp)
{
	for (uint32_t i = rp->first; i < rp->answers.n; i++) {
		if (rp->answers.v[i].type == CAPTURE_PAGE && !rp->answers.v[i].taken)
			apply_page(rp, &rp->answers.v[i]);
	}
}

void answers_clear(struct replay *rp)
{
	apply_pages(rp);
	for (uint32_t i = 0; i < rp->answers.n; i++)
		free(rp->answers.v[i].data);
	rp->answers.n = 0;
	rp->first = 0;
	rp->answers_bytes = 0;
	pages_trim(&rp->pages);
}

/* The first answer of that kind that nobody had. Memory that stands before it in the file
 * is known from here on. */
static struct answer *answer_take(struct replay *rp, enum capture_type type, uint32_t pid)
{
	while (rp->first < rp->answers.n && rp->answers.v[rp->first].taken)
		rp->first++;
	for (uint32_t i = rp->first; i < rp->answers.n; i++) {
		struct answer *a = &rp->answers.v[i];

		if (a->taken)
			continue;
		if (a->type == CAPTURE_PAGE && type == CAPTURE_MEMORY)
			apply_page(rp, a);
		if (a->type != type || a->pid != pid)
			continue;
		a->taken = true;
		return a;
	}
	return NULL;
}

static struct objfile *outside_open(void *arg, uint32_t pid, const struct event_mmap *m)
{
	struct replay *rp = arg;

	for (uint32_t i = rp->first; i < rp->answers.n; i++) {
		struct answer *a = &rp->answers.v[i];

		if (a->taken || a->type != CAPTURE_OPENED || a->pid != pid ||
		    a->addr != m->addr)
			continue;
		a->taken = true;
		return a->obj ? objfile_get(a->obj) : NULL;
	}
	return NULL;
}

static struct objfile *outside_vdso(void *arg)
{
	struct answer *a = answer_take(arg, CAPTURE_VDSO, 0);

	return a && a->obj ? objfile_get(a->obj) : NULL;
}

static int slurp(struct replay *rp, enum capture_type type, uint32_t pid, char **ret_data,
		 size_t *ret_n)
{
	struct answer *a = answer_take(rp, type, pid);

	if (!a)
		return -ENOENT;
	if (a->result < 0)
		return (int)a->result;
	*ret_data = xstrndup(a->data ? a->data : "", a->n);
	*ret_n = strlen(*ret_data);
	return 0;
}

static int outside_maps(void *arg, uint32_t pid, char **ret_data, size_t *ret_n)
{
	return slurp(arg, CAPTURE_PROC_MAPS, pid, ret_data, ret_n);
}

static int outside_comm(void *arg, uint32_t pid, char **ret_data, size_t *ret_n)
{
	return slurp(arg, CAPTURE_PROC_COMM, pid, ret_data, ret_n);
}

static ssize_t outside_memory(void *arg, uint32_t pid, uint64_t addr, void *buf, size_t n,
			      uint64_t *ret_time_ns)
{
	struct replay *rp = arg;
	struct answer *a = answer_take(rp, CAPTURE_MEMORY, pid);
	size_t got;

	if (!a || a->addr != addr)
		return -ESRCH;
	if (a->result < 0)
		return (ssize_t)a->result;
	/* A profd that reads in other steps gets what was kept. */
	got = (uint64_t)a->result < n ? (size_t)a->result : n;
	if (!pages_get(&rp->pages, pid, addr, buf, got))
		return -ESRCH;
	*ret_time_ns = a->time_ns;
	return (ssize_t)got;
}

static uint64_t outside_now(void *arg)
{
	struct replay *rp = arg;
	struct answer *a = answer_take(rp, CAPTURE_CLOCK, 0);

	if (a)
		rp->now_ns = a->time_ns;
	return rp->now_ns;
}

static void outside_free(void *arg)
{
}

const struct outside_ops replay_outside_ops = {
	.open = outside_open,
	.vdso = outside_vdso,
	.maps = outside_maps,
	.comm = outside_comm,
	.memory = outside_memory,
	.now = outside_now,
	.free = outside_free,
};

/* --- records ------------------------------------------------------------------------ */

static struct objfile *object_at(struct replay *rp, uint64_t id)
{
	return id && id <= rp->objects.n ? rp->objects.v[id - 1] : NULL;
}

static int take_object(struct replay *rp, const struct capture_object *c)
{
	if (c->id != (uint64_t)rp->objects.n + 1 || c->id > OBJECTS_MAX || !c->path.p)
		return -EBADMSG;
	vec_push(&rp->objects,
		 captured_new(str(&c->path), str(&c->build_id), c->entry, c->is_64bit));
	return 0;
}

static int take_segment(struct replay *rp, const struct capture_segment *c)
{
	struct objfile *o = object_at(rp, c->object);
	const struct segment s = {.vaddr = c->vaddr,
				  .off = c->off,
				  .filesz_bytes = c->filesz,
				  .memsz_bytes = c->memsz,
				  .exec = c->exec};

	return o ? captured_add_segment(o, &s) : -EBADMSG;
}

static int take_fde(struct replay *rp, const struct capture_fde *c)
{
	static const uint8_t none[1];
	struct objfile *o = object_at(rp, c->object);
	const uint8_t *cie = c->cie_insns.p ? c->cie_insns.p : none;
	const uint8_t *insns = c->insns.p ? c->insns.p : none;
	const struct fde fde = {
		.start = c->start,
		.end = c->end,
		.cie =
			{
				.code_align = c->code_align,
				.data_align = c->data_align,
				.ra_reg = (uint32_t)c->ra_reg,
				.fde_encoding = (uint8_t)c->encoding,
				.signal_frame = c->signal_frame,
				.address_bytes = o && objfile_is_64bit(o) ? 8 : 4,
				.insns = cie,
				.end = cie + c->cie_insns.n,
			},
		.insns = insns,
		.insns_end = insns + c->insns.n,
		.insns_vaddr = c->insns_vaddr,
	};

	return o && c->ra_reg <= UINT32_MAX ? captured_add_fde(o, &fde) : -EBADMSG;
}

static int take_name(struct replay *rp, const struct capture_name *c)
{
	struct objfile *o = object_at(rp, c->object);
	const struct source_frame f = {
		.name = str(&c->name),
		.linkage_name = str(&c->linkage),
		.file = str(&c->file),
		.line = (uint32_t)c->line,
		.start_line = (uint32_t)c->start_line,
	};

	if (!o || c->index > UINT32_MAX || c->count > UINT32_MAX)
		return -EBADMSG;
	return captured_add_source(o, c->vaddr, (unsigned)c->index, (unsigned)c->count,
				   &f);
}

static int take_symbols(struct replay *rp, const struct capture_symbols *c)
{
	struct objfile *o = object_at(rp, c->object);

	for (enum symbol_source s = SYMBOLS_NONE; o && s <= SYMBOLS_DEBUGFILE; s++) {
		if (c->source.p && !strcmp(str(&c->source), symbol_source_name(s)))
			return captured_set_symbols(o, s, c->lines);
	}
	return -EBADMSG;
}

static int take_extent(struct replay *rp, enum capture_type type,
		       const struct capture_extent *c)
{
	if (!rp->session || !c->name.p || c->end <= c->start || c->pid > UINT32_MAX)
		return -EBADMSG;
	if (type == CAPTURE_KERNEL_NAME)
		symbolizer_add_kernel(rp->session->symbolizer, c->start, c->end,
				      str(&c->name));
	else
		symbolizer_add_jit(rp->session->symbolizer, (uint32_t)c->pid, c->start,
				   c->end, str(&c->name));
	return 0;
}

static int queue(struct replay *rp, const struct answer *a,
		 const struct capture_bytes *data)
{
	struct answer *copy;
	size_t n = data ? data->n : 0;

	if (rp->answers.n >= ANSWERS_MAX || n > PROC_MAX_BYTES ||
	    rp->answers_bytes + n > ANSWERS_MAX_BYTES)
		return -EBADMSG;
	copy = vec_add(&rp->answers);
	*copy = *a;
	if (n)
		copy->data = xmemdup(data->p, n);
	copy->n = n;
	rp->answers_bytes += n;
	return 0;
}

static int take_opened(struct replay *rp, const struct capture_opened *c)
{
	const struct answer a = {.type = CAPTURE_OPENED,
				 .pid = (uint32_t)c->pid,
				 .addr = c->addr,
				 .obj = object_at(rp, c->object)};

	if (c->object && !a.obj)
		return -EBADMSG;
	return queue(rp, &a, NULL);
}

static int take_vdso(struct replay *rp, uint64_t object)
{
	const struct answer a = {.type = CAPTURE_VDSO, .obj = object_at(rp, object)};

	if (object && !a.obj)
		return -EBADMSG;
	return queue(rp, &a, NULL);
}

static int take_slurp(struct replay *rp, enum capture_type type,
		      const struct capture_slurp *c)
{
	const struct answer a = {
		.type = type, .pid = (uint32_t)c->pid, .result = c->result};

	if (c->result < -4095 || c->result > 0)
		return -EBADMSG;
	return queue(rp, &a, &c->data);
}

static int take_memory(struct replay *rp, const struct capture_memory *c)
{
	const struct answer a = {.type = CAPTURE_MEMORY,
				 .pid = (uint32_t)c->pid,
				 .addr = c->addr,
				 .result = c->result,
				 .time_ns = c->time};

	return c->result < -4095 ? -EBADMSG : queue(rp, &a, NULL);
}

static int take_page(struct replay *rp, const struct capture_page *c)
{
	const struct answer a = {
		.type = CAPTURE_PAGE, .pid = (uint32_t)c->pid, .addr = c->addr};

	if (!c->data.n || c->data.n > PAGE_BYTES - c->addr % PAGE_BYTES)
		return -EBADMSG;
	return queue(rp, &a, &c->data);
}

static int take_stack(struct replay *rp, const struct capture_stack *c)
{
	if (c->bytes > STACK_MAX_BYTES)
		return -EBADMSG;
	apply_pages(rp);
	free(rp->stack);
	rp->stack = xmalloc(c->bytes + 1);
	rp->stack_bytes = c->bytes;
	return pages_get(&rp->pages, (uint32_t)c->pid, c->addr, rp->stack, c->bytes)
		       ? 0
		       : -EBADMSG;
}

static int take_clock(struct replay *rp, const struct capture_clock *c)
{
	const struct answer a = {.type = CAPTURE_CLOCK, .time_ns = c->time};

	return queue(rp, &a, NULL);
}

static int take_code(struct replay *rp, const struct capture_code *c)
{
	struct objfile *o = object_at(rp, c->object);

	return o ? captured_add_code(o, c->vaddr, c->wanted, c->data.p, c->data.n)
		 : -EBADMSG;
}

static int take_no_fde(struct replay *rp, const struct capture_no_fde *c)
{
	struct objfile *o = object_at(rp, c->object);

	return o ? captured_add_no_fde(o, c->vaddr) : -EBADMSG;
}

int replay_take(struct replay *rp, const struct capture_record *r)
{
	switch (r->type) {
	case CAPTURE_OBJECT:
		return take_object(rp, &r->object);
	case CAPTURE_SEGMENT:
		return take_segment(rp, &r->segment);
	case CAPTURE_OPENED:
		return take_opened(rp, &r->opened);
	case CAPTURE_VDSO:
		return take_vdso(rp, r->vdso);
	case CAPTURE_PROC_MAPS:
	case CAPTURE_PROC_COMM:
		return take_slurp(rp, r->type, &r->slurp);
	case CAPTURE_MEMORY:
		return take_memory(rp, &r->memory);
	case CAPTURE_PAGE:
		return take_page(rp, &r->page);
	case CAPTURE_STACK:
		return take_stack(rp, &r->stack);
	case CAPTURE_CLOCK:
		return take_clock(rp, &r->clock);
	case CAPTURE_FDE:
		return take_fde(rp, &r->fde);
	case CAPTURE_NO_FDE:
		return take_no_fde(rp, &r->no_fde);
	case CAPTURE_CODE:
		return take_code(rp, &r->code);
	case CAPTURE_NAME:
		return take_name(rp, &r->name);
	case CAPTURE_SYMBOLS:
		return take_symbols(rp, &r->symbols);
	case CAPTURE_KERNEL:
		if (rp->session)
			symbolizer_capture(rp->session->symbolizer, r->kernel.readable);
		return rp->session ? 0 : -EBADMSG;
	case CAPTURE_KERNEL_NAME:
	case CAPTURE_JIT_NAME:
		return take_extent(rp, r->type, &r->extent);
	default:
		return -EBADMSG;
	}
}
