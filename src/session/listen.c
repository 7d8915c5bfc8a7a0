/* What a recorder hears: it is the outside that the session asks, and is told what is
 * looked up in files and in tables of names. When that is written is recorder.c's
 * business; here it is put into records, once each. */
#include <string.h>

#include <profd/captured.h>
#include <profd/io.h>

#include "recorder-priv.h"

#define MAPS_MAX_BYTES ((size_t)16 << 20)

/* --- files -------------------------------------------------------------------------- */

static bool seen(struct map *m, uint64_t key)
{
	if (map_find(m, key))
		return true;
	map_put(m, key, 1);
	return false;
}

static void tap_fde(void *arg, uint64_t vaddr, const struct fde *f)
{
	struct tapped *t = arg;
	struct capture_record rec = {.type = CAPTURE_NO_FDE};

	if (!f) {
		rec.no_fde = (struct capture_no_fde){t->number, vaddr};
		if (!seen(&t->no_fdes, vaddr))
			recorder_answer(t->recorder, &rec);
		return;
	}
	if (seen(&t->fdes, f->start))
		return;
	rec.type = CAPTURE_FDE;
	rec.fde = (struct capture_fde){
		.object = t->number,
		.start = f->start,
		.end = f->end,
		.code_align = f->cie.code_align,
		.data_align = f->cie.data_align,
		.ra_reg = f->cie.ra_reg,
		.signal_frame = f->cie.signal_frame,
		.encoding = f->cie.fde_encoding,
		.insns_vaddr = f->insns_vaddr,
		.cie_insns = capture_bytes(f->cie.insns,
					   (size_t)(f->cie.end - f->cie.insns)),
		.insns = capture_bytes(f->insns, (size_t)(f->insns_end - f->insns)),
	};
	recorder_answer(t->recorder, &rec);
}

static void tap_code(void *arg, uint64_t vaddr, size_t wanted, const void *data, size_t n)
{
	struct tapped *t = arg;
	struct capture_record rec = {.type = CAPTURE_CODE};

	if (seen(&t->codes, vaddr << 6 ^ wanted))
		return;
	rec.code = (struct capture_code){t->number, vaddr, wanted,
					 capture_bytes(data, n)};
	recorder_answer(t->recorder, &rec);
}

static void tap_source(void *arg, uint64_t vaddr, const struct source_frame *frames,
		       unsigned n)
{
	struct tapped *t = arg;

	for (unsigned i = 0; i < n || !i; i++) {
		const struct source_frame *f = &frames[i];
		struct capture_record rec = {.type = CAPTURE_NAME};

		rec.name = (struct capture_name){
			.object = t->number, .vaddr = vaddr, .index = i, .count = n};
		if (n) {
			rec.name.name = capture_str(f->name);
			rec.name.file = capture_str(f->file);
			rec.name.line = f->line;
			rec.name.start_line = f->start_line;
		}
		if (n && strcmp(f->name, f->linkage_name) != 0)
			rec.name.linkage = capture_str(f->linkage_name);
		recorder_answer(t->recorder, &rec);
	}
}

static void tap_symbols(void *arg, enum symbol_source source)
{
	struct tapped *t = arg;

	t->symbols.source = capture_str(symbol_source_name(source));
}

static void tap_lines(void *arg, bool has_lines)
{
	struct tapped *t = arg;

	t->symbols.lines = has_lines;
}

static const struct objfile_tap file_tap = {
	.fde = tap_fde,
	.code = tap_code,
	.source = tap_source,
	.symbols = tap_symbols,
	.lines = tap_lines,
};

/* Describes @o and listens to it. Returns its number, 0 for NULL. */
static uint64_t tap_file(struct recorder *r, struct objfile *o)
{
	struct capture_record rec = {.type = CAPTURE_OBJECT};
	const struct segment *seg;
	struct tapped *t;
	size_t n;

	if (!o)
		return 0;
	t = xcalloc(1, sizeof(*t));
	t->recorder = r;
	t->obj = objfile_get(o);
	vec_push(&r->tapped, t);
	t->number = t->symbols.object = r->tapped.n;
	rec.object = (struct capture_object){
		.id = t->number,
		.is_64bit = objfile_is_64bit(o),
		.entry = objfile_entry(o),
		.build_id = capture_str(objfile_build_id(o)),
		.path = capture_str(objfile_path(o)),
	};
	recorder_stage(r, &rec);
	n = objfile_segments(o, &seg);
	for (size_t i = 0; i < n; i++) {
		rec = (struct capture_record){.type = CAPTURE_SEGMENT};
		rec.segment = (struct capture_segment){
			t->number,	     seg[i].vaddr,	 seg[i].off,
			seg[i].filesz_bytes, seg[i].memsz_bytes, seg[i].exec};
		recorder_stage(r, &rec);
	}
	objfile_set_tap(o, &file_tap, t);
	return t->number;
}

/* --- the outside -------------------------------------------------------------------- */

static struct objfile *outside_open(void *arg, uint32_t pid, const struct event_mmap *m)
{
	struct recorder *r = arg;
	struct objfile *o = r->live.ops->open(r->live.arg, pid, m);
	struct capture_record rec = {.type = CAPTURE_OPENED};

	rec.opened = (struct capture_opened){pid, m->addr, tap_file(r, o)};
	recorder_stage(r, &rec);
	return o;
}

static struct objfile *outside_vdso(void *arg)
{
	struct recorder *r = arg;
	struct objfile *o = r->live.ops->vdso(r->live.arg);
	struct capture_record rec = {.type = CAPTURE_VDSO};

	rec.vdso = tap_file(r, o);
	recorder_stage(r, &rec);
	return o;
}

static void stage_slurp(struct recorder *r, enum capture_type type, uint32_t pid,
			int code, const char *data, size_t n)
{
	struct capture_record rec = {.type = type};

	rec.slurp.pid = pid;
	rec.slurp.result = code;
	if (code == 0)
		rec.slurp.data = capture_bytes(data, n);
	recorder_stage(r, &rec);
}

/* Only executable mappings are of interest. */
static int outside_maps(void *arg, uint32_t pid, char **ret_data, size_t *ret_n)
{
	struct recorder *r = arg;
	int code = r->live.ops->maps(r->live.arg, pid, ret_data, ret_n);
	struct text kept = {0};
	size_t pos = 0, len;
	const char *line;
	struct maps_line m;

	while (code == 0 && io_line(*ret_data, *ret_n, &pos, &line, &len)) {
		if (maps_line_parse(line, len, &m) < 0 || !m.exec ||
		    kept.len + len >= MAPS_MAX_BYTES)
			continue;
		text_addn(&kept, line, len);
		text_addc(&kept, '\n');
	}
	stage_slurp(r, CAPTURE_PROC_MAPS, pid, code, text_get(&kept), kept.len);
	text_done(&kept);
	return code;
}

static int outside_comm(void *arg, uint32_t pid, char **ret_data, size_t *ret_n)
{
	struct recorder *r = arg;
	int code = r->live.ops->comm(r->live.arg, pid, ret_data, ret_n);

	stage_slurp(r, CAPTURE_PROC_COMM, pid, code, code ? NULL : *ret_data,
		    code ? 0 : *ret_n);
	return code;
}

void recorder_pages(struct recorder *r, uint32_t pid, uint64_t addr, const uint8_t *data,
		    size_t n)
{
	while (n && !r->limited) {
		size_t len = PAGE_BYTES - addr % PAGE_BYTES;
		struct capture_record rec = {.type = CAPTURE_PAGE};

		len = len < n ? len : n;
		rec.page = (struct capture_page){pid, addr, capture_bytes(data, len)};
		if (pages_put(&r->pages, pid, addr, data, len))
			recorder_stage(r, &rec);
		addr += len;
		data += len;
		n -= len;
	}
}

static ssize_t outside_memory(void *arg, uint32_t pid, uint64_t addr, void *buf, size_t n,
			      uint64_t *ret_time_ns)
{
	struct recorder *r = arg;
	ssize_t got = r->live.ops->memory(r->live.arg, pid, addr, buf, n, ret_time_ns);
	struct capture_record rec = {.type = CAPTURE_MEMORY};

	if (got > 0)
		recorder_pages(r, pid, addr, buf, (size_t)got);
	rec.memory = (struct capture_memory){
		.pid = pid, .addr = addr, .wanted = n, .result = got};
	if (got >= 0)
		rec.memory.time = *ret_time_ns;
	recorder_stage(r, &rec);
	return got;
}

static uint64_t outside_now(void *arg)
{
	struct recorder *r = arg;
	struct capture_record rec = {.type = CAPTURE_CLOCK};

	rec.clock.time = r->live.ops->now(r->live.arg);
	recorder_stage(r, &rec);
	return rec.clock.time;
}

/* The recorder lives on. */
static void outside_free(void *arg)
{
}

static const struct outside_ops outside_ops = {
	.open = outside_open,
	.vdso = outside_vdso,
	.maps = outside_maps,
	.comm = outside_comm,
	.memory = outside_memory,
	.now = outside_now,
	.free = outside_free,
};

struct outside recorder_outside(struct recorder *r)
{
	return (struct outside){&outside_ops, r};
}

/* --- names that are in no file ------------------------------------------------------ */

static void tap_kernel(void *arg, bool readable)
{
	struct capture_record rec = {.type = CAPTURE_KERNEL};

	rec.kernel.readable = readable;
	recorder_put(arg, &rec);
}

static void tap_kernel_name(void *arg, uint64_t start, uint64_t end, const char *name)
{
	struct capture_record rec = {.type = CAPTURE_KERNEL_NAME};
	struct recorder *r = arg;

	rec.extent = (struct capture_extent){0, start, end, capture_str(name)};
	if (recorder_naming(r) && !seen(&r->kernel_names, start))
		recorder_answer(r, &rec);
}

/* Two addresses in one JIT function are rare enough. */
static void tap_jit_name(void *arg, uint32_t pid, uint64_t start, uint64_t end,
			 const char *name)
{
	struct capture_record rec = {.type = CAPTURE_JIT_NAME};

	rec.extent = (struct capture_extent){pid, start, end, capture_str(name)};
	recorder_answer(arg, &rec);
}

const struct symbolizer_tap recorder_name_tap = {
	.kernel = tap_kernel,
	.kernel_name = tap_kernel_name,
	.jit_name = tap_jit_name,
};
