/* Frames to locations of the profile while events flow, and their names at the end.
 *
 * A location's address is an ELF virtual address, so that all processes that load a file
 * share its rows; of frames reached by a call it is the return address minus one, a byte
 * of the call. */
#include "session-priv.h"

#include <stdio.h>
#include <string.h>

#include <profd/clock.h>
#include <profd/machine.h>
#include <profd/mem.h>

static const char KERNEL_NAME[] = "[kernel.kallsyms]";

static mapping_id module_mapping(struct session *ses, const struct mapping *m,
				 struct objfile *obj, uint32_t kind, uint32_t pid)
{
	mapping_id id = profile_mapping(ses->profile, m);

	while (ses->modules.n <= id)
		vec_add(&ses->modules);
	if (!ses->modules.v[id].obj && obj)
		ses->modules.v[id].obj = objfile_get(obj);
	ses->modules.v[id].kind = kind;
	ses->modules.v[id].pid = pid;
	return id;
}

static mapping_id mapping_new(struct session *ses, struct objfile *obj, uint64_t vaddr,
			      uint32_t kind, struct mapping_slot *slot)
{
	const struct segment *seg;
	size_t n = objfile_segments(obj, &seg);
	struct mapping m = {
		.filename = profile_string(ses->profile, objfile_path(obj)),
		.build_id = profile_string(ses->profile, objfile_build_id(obj)),
	};

	for (size_t i = 0; i < n; i++) {
		if (vaddr < seg[i].vaddr || vaddr - seg[i].vaddr >= seg[i].memsz_bytes)
			continue;
		m.start = seg[i].vaddr;
		m.limit = seg[i].vaddr + seg[i].memsz_bytes;
		m.off = seg[i].off;
		break;
	}
	*slot = (struct mapping_slot){objfile_id(obj), m.start, m.limit - m.start,
				      module_mapping(ses, &m, obj, kind, 0)};
	return slot->mapping;
}

/* Every process that maps a file asks anew for the rows of its frames. */
static mapping_id mapping_of_obj(struct session *ses, struct objfile *obj, uint64_t vaddr,
				 uint32_t kind)
{
	uint64_t id = objfile_id(obj);
	struct mapping_slot *slot = &ses->mapping_slots[id % MAPPING_SLOTS];

	if (slot->obj_id == id && vaddr - slot->start < slot->bytes)
		return slot->mapping;
	return mapping_new(ses, obj, vaddr, kind, slot);
}

mapping_id mapping_of_vma(struct session *ses, const struct vma *v, uint64_t vaddr,
			  uint32_t pid)
{
	struct profile *p = ses->profile;
	struct mapping m;

	if (v->obj)
		return mapping_of_obj(ses, v->obj, vaddr, v->kind);
	m = (struct mapping){
		.filename = profile_string(p, procs_name(ses->procs, v->name))};
	if (v->kind == VMA_JIT) {
		m.filename = profile_string(p, "//anon");
		m.start = v->start;
		m.limit = v->end;
		m.pid = pid;
		m.flags = MAPPING_JIT;
	}
	return module_mapping(ses, &m, NULL, v->kind, m.pid);
}

static location_id location_new(struct session *ses, uint32_t pid, uint64_t pc,
				const struct vma *v)
{
	uint64_t vaddr;

	if (!v)
		return profile_location(ses->profile, 0, pc, LOCATION_UNRESOLVED);
	/* A file that could not be opened: offsets in it, the same in every process. */
	vaddr = vma_vaddr(v, pc);
	if (!v->obj && v->kind != VMA_JIT)
		vaddr = pc - v->start + v->off;
	return profile_location(ses->profile, mapping_of_vma(ses, v, vaddr, pid), vaddr,
				v->kind == VMA_JIT ? LOCATION_JIT : 0);
}

static location_id location_of_frame(struct session *ses, uint32_t generation,
				     uint32_t pid, const struct frame *f)
{
	/* A signal handler "returns" to the first byte of the trampoline. */
	bool call = (f->flags & FRAME_CALL) && !(f->flags & FRAME_SIGNAL);
	uint64_t pc = f->pc - call;
	struct location_slot *slot =
		&ses->slots[hash_mix(generation, pc) & (LOCATION_SLOTS - 1)];

	if (__builtin_expect(slot->pc == pc && slot->generation == generation, 1))
		return slot->location;
	*slot = (struct location_slot){pc, generation,
				       location_new(ses, pid, pc, f->vma)};
	return slot->location;
}

/* A thread's samples begin with the same callers, mostly: as far as the frames are those
 * of its last one, so are their rows. */
stack_id stack_of_frames(struct session *ses, struct space *space, uint32_t pid,
			 uint32_t tid, unsigned n, stack_id root)
{
	struct trail *t = &ses->trails[tid % TRAILS];
	uint32_t generation = space_generation(space), same = 0;
	stack_id stack = root;

	if (t->generation != generation || t->root != root)
		t->steps.n = 0;
	t->generation = generation;
	t->root = root;
	while (same < n && same < t->steps.n) {
		const struct frame *f = &ses->frames[n - 1 - same];
		const struct trail_step *step = &t->steps.v[same];

		if (step->pc != f->pc || step->flags != f->flags)
			break;
		stack = step->stack;
		same++;
	}
	vec_reserve(&t->steps, n);
	for (uint32_t i = same; i < n; i++) {
		const struct frame *f = &ses->frames[n - 1 - i];

		stack = profile_stack(ses->profile, stack,
				      location_of_frame(ses, generation, pid, f));
		t->steps.v[i] = (struct trail_step){f->pc, f->flags, stack};
	}
	t->steps.n = n;
	return stack;
}

static location_id kernel_location_new(struct session *ses, uint64_t pc)
{
	if (!ses->kernel_mapping) {
		struct mapping m = {
			.start = KERNEL_START,
			.limit = UINT64_MAX,
			.filename = profile_string(ses->profile, KERNEL_NAME),
			.flags = MAPPING_KERNEL,
		};

		ses->kernel_mapping = module_mapping(ses, &m, NULL, MODULE_KERNEL, 0);
	}
	return profile_location(ses->profile, ses->kernel_mapping, pc, LOCATION_KERNEL);
}

location_id location_of_kernel(struct session *ses, uint64_t pc, bool call)
{
	struct location_slot *slot;

	pc -= call;
	/* No space has generation 0. */
	slot = &ses->slots[hash_mix(0, pc) & (LOCATION_SLOTS - 1)];
	if (slot->pc != pc || slot->generation || !slot->location)
		*slot = (struct location_slot){pc, 0, kernel_location_new(ses, pc)};
	return slot->location;
}

void names_done(struct session *ses)
{
	for (uint32_t i = 0; i < ses->modules.n; i++)
		ses->modules.v[i].handle = NULL;
	if (!ses->namer)
		return;
	ses->namer = namer_free(ses->namer);
	mem_trim();
}

void mappings_done(struct session *ses)
{
	for (uint32_t i = 0; i < ses->modules.n; i++)
		objfile_put(ses->modules.v[i].obj);
	objfile_put(ses->main_obj);
}

/* --- names -------------------------------------------------------------------------- */

static void location_ask(struct session *ses, location_id id)
{
	const struct location *l = &ses->profile->locations.v[id];
	struct session_module *m = &ses->modules.v[l->mapping];

	if (l->flags & LOCATION_LABEL)
		return;
	if (m->obj && !m->handle)
		m->handle = namer_handle(ses->namer, m->obj);
	if (m->handle || m->kind == MODULE_KERNEL)
		namer_ask(ses->namer, id, m->handle, l->address);
}

void locations_ask(struct session *ses)
{
	for (; ses->asked < ses->profile->locations.n; ses->asked++)
		location_ask(ses, ses->asked);
}

/* Of a file that is not there any more, or a device: what is known is which. */
static unsigned name_module(struct session *ses, const struct location *l, char *buf,
			    size_t size, struct source_frame *frame)
{
	const struct profile *p = ses->profile;
	const char *path = profile_text(p, p->mappings.v[l->mapping].filename);
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (!l->mapping)
		snprintf(buf, size, "[unmapped]");
	else
		snprintf(buf, size, *name == '[' ? "%s" : "[%s]", name);
	*frame = (struct source_frame){.name = buf, .linkage_name = buf};
	return 1;
}

static unsigned location_lookup(struct session *ses, location_id id, char *buf,
				size_t size, struct source_frame *frames, bool *ret_named)
{
	const struct location *l = &ses->profile->locations.v[id];
	const struct session_module *m = &ses->modules.v[l->mapping];
	unsigned n;

	if (ses->namer && namer_answer(ses->namer, id, frames, &n, ret_named))
		return n ? n
			 : symbolize_nameless(ses->symbolizer, m->obj, l->address, frames,
					      ret_named);
	*ret_named = false;
	if (m->kind == MODULE_KERNEL)
		return symbolize_kernel(ses->symbolizer, l->address, frames, ret_named);
	if (m->kind == VMA_JIT)
		return symbolize_jit(ses->symbolizer, m->pid, ses->options.start_wall_ns,
				     l->address, frames, ret_named);
	if (m->obj)
		return symbolize_file(ses->symbolizer, m->obj, l->address, frames,
				      SOURCE_FRAMES_MAX, ret_named);
	return name_module(ses, l, buf, size, frames);
}

static void location_name(struct session *ses, location_id id)
{
	struct profile *p = ses->profile;
	struct location *l = &p->locations.v[id];
	struct source_frame frames[SOURCE_FRAMES_MAX];
	struct line lines[SOURCE_FRAMES_MAX];
	struct mapping *m = &p->mappings.v[l->mapping];
	char buf[4200];
	bool named;
	unsigned n = location_lookup(ses, id, buf, sizeof(buf), frames, &named);

	if (!named)
		l->flags |= LOCATION_UNRESOLVED;
	m->flags |= MAPPING_HAS_FUNCTIONS;
	if (n > 1)
		m->flags |= MAPPING_HAS_INLINES;
	for (unsigned i = 0; i < n; i++) {
		const struct source_frame *f = &frames[i];
		struct function fn = {
			.name = profile_string(p, f->name),
			.system_name = profile_string(p, f->linkage_name),
			.filename = f->file ? profile_string(p, f->file) : 0,
			.start_line = f->start_line,
		};

		lines[i] = (struct line){profile_function(p, &fn), f->line};
		if (f->file)
			m->flags |= MAPPING_HAS_FILENAMES;
		if (f->line)
			m->flags |= MAPPING_HAS_LINES;
	}
	profile_set_lines(p, id, lines, n);
}

/* The launched program comes first in pprof, even if no sample hit it. */
static void mark_main(struct session *ses)
{
	struct profile *p = ses->profile;
	const struct segment *seg;
	bool any = false;
	size_t n;

	if (!ses->main_obj)
		return;
	for (uint32_t i = 1; i < ses->modules.n; i++) {
		if (ses->modules.v[i].obj == ses->main_obj) {
			p->mappings.v[i].flags |= MAPPING_MAIN;
			any = true;
		}
	}
	n = objfile_segments(ses->main_obj, &seg);
	for (size_t i = 0; i < n && !any; i++) {
		mapping_id id;

		if (!seg[i].exec)
			continue;
		/* This may move the table. */
		id = mapping_of_obj(ses, ses->main_obj, seg[i].vaddr, VMA_FILE);
		p->mappings.v[id].flags |= MAPPING_MAIN | MAPPING_HAS_FUNCTIONS;
		any = true;
	}
}

void locations_name(struct session *ses)
{
	const struct profile *p = ses->profile;
	uint64_t start_ns = clock_thread_ns();

	if (ses->namer) {
		locations_ask(ses);
		namer_finish(ses->namer);
	}
	for (location_id id = 1; id < p->locations.n; id++) {
		ses->naming = id;
		if (!(p->locations.v[id].flags & LOCATION_LABEL))
			location_name(ses, id);
	}
	ses->naming = 0;
	mark_main(ses);
	ses->naming_ns = clock_thread_ns() - start_ns;
	if (ses->namer)
		ses->naming_ns += namer_cpu_ns(ses->namer);
}
