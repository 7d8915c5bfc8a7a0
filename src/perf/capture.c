/* The records of a capture and their fields: the one table that both encodings follow.
 * The order of the fields is that of the binary encoding; new ones go to the end of their
 * record. */
#include <profd/capture.h>

#include <string.h>

#include <profd/mem.h>

#define FIELD(type, record, member)                                                      \
	{                                                                                \
#member, CAPTURE_##type, offsetof(struct capture_record, record.member)  \
	}
#define ONLY(type, record)                                                               \
	{                                                                                \
#record, CAPTURE_##type, offsetof(struct capture_record, record)         \
	}
#define EVENT_FIELDS                                                                     \
	FIELD(NUMBER, event, time), FIELD(NUMBER, event, pid),                           \
		FIELD(NUMBER, event, tid), FIELD(NUMBER, event, cpu)

static const struct capture_field header_fields[] = {
	FIELD(NUMBER, header, major),
	FIELD(NUMBER, header, minor),
	FIELD(STRING, header, profd),
	FIELD(STRING, header, arch),
};
static const struct capture_field session_fields[] = {
	FIELD(STRING, session, unwind),	       FIELD(NUMBER, session, max_depth),
	FIELD(STRING, session, event),	       FIELD(NUMBER, session, clock),
	FIELD(NUMBER, session, period),	       FIELD(NUMBER, session, root_pid),
	FIELD(NUMBER, session, start_wall_ns), FIELD(NUMBER, session, user_only),
	FIELD(STRING, session, reach),	       FIELD(NUMBER, session, wall),
	FIELD(NUMBER, session, wall_stacks),   FIELD(NUMBER, session, wall_event),
	FIELD(STRING, session, engine),
};
static const struct capture_field sampler_fields[] = {
	FIELD(STRING, sampler, event),	      FIELD(STRING, sampler, reason),
	FIELD(NUMBER, sampler, hardware),     FIELD(NUMBER, sampler, kernel),
	FIELD(NUMBER, sampler, hz),	      FIELD(NUMBER, sampler, period),
	FIELD(NUMBER, sampler, ncpus),	      FIELD(NUMBER, sampler, nevents),
	FIELD(NUMBER, sampler, ring_bytes),   FIELD(NUMBER, sampler, ring_bytes_wanted),
	FIELD(NUMBER, sampler, stack_bytes),  FIELD(STRING, sampler, reach),
	FIELD(STRING, sampler, reach_reason), FIELD(STRING, sampler, wall_reason),
};
static const struct capture_field sampled_fields[] = {
	FIELD(NUMBER, sampled, index),	FIELD(STRING, sampled, name),
	FIELD(NUMBER, sampled, clock),	FIELD(NUMBER, sampled, kernel),
	FIELD(NUMBER, sampled, hz),	FIELD(NUMBER, sampled, period),
	FIELD(STRING, sampled, reason),
};
static const struct capture_field total_fields[] = {
	FIELD(NUMBER, total, index),	   FIELD(NUMBER, total, count),
	FIELD(NUMBER, total, count_known), FIELD(NUMBER, total, lost),
	FIELD(NUMBER, total, lost_known),
};
static const struct capture_field counter_fields[] = {
	FIELD(STRING, counter, name),	FIELD(NUMBER, counter, kind),
	FIELD(STRING, counter, unit),	FIELD(NUMBER, counter, counted),
	FIELD(NUMBER, counter, value),	FIELD(NUMBER, counter, scaled),
	FIELD(HEX, counter, running),	FIELD(NUMBER, counter, user_only),
	FIELD(NUMBER, counter, denied), FIELD(NUMBER, counter, grouped),
	FIELD(STRING, counter, reason),
};
static const struct capture_field host_fields[] = {
	FIELD(STRING, host, cpu_model),	   FIELD(NUMBER, host, ncpus),
	FIELD(NUMBER, host, memory_bytes), FIELD(STRING, host, arch),
	FIELD(STRING, host, kernel),	   FIELD(STRING, host, os),
	FIELD(STRING, host, libc),	   FIELD(STRING, host, hypervisor),
	FIELD(STRING, host, testbed),
};
static const struct capture_field arg_fields[] = {ONLY(STRING, arg)};
static const struct capture_field event_fields[] = {EVENT_FIELDS};
static const struct capture_field mmap_fields[] = {
	EVENT_FIELDS,
	FIELD(HEX, mmap, addr),
	FIELD(HEX, mmap, len),
	FIELD(HEX, mmap, off),
	FIELD(NUMBER, mmap, ino),
	FIELD(NUMBER, mmap, generation),
	FIELD(NUMBER, mmap, major),
	FIELD(NUMBER, mmap, minor),
	FIELD(DATA, mmap, build_id),
	FIELD(STRING, mmap, path),
};
static const struct capture_field comm_fields[] = {
	EVENT_FIELDS,
	FIELD(NUMBER, comm, exec),
	FIELD(STRING, comm, comm),
};
static const struct capture_field task_fields[] = {
	EVENT_FIELDS,
	FIELD(NUMBER, task, ppid),
	FIELD(NUMBER, task, ptid),
};
static const struct capture_field lost_fields[] = {
	EVENT_FIELDS,
	FIELD(NUMBER, lost, lost),
};
#define SAMPLE_FIELDS                                                                    \
	EVENT_FIELDS, FIELD(NUMBER, sample, index), FIELD(HEX, sample, ip),              \
		FIELD(NUMBER, sample, period), FIELD(NUMBER, sample, user_mode),         \
		FIELD(NUMBER, sample, abi), FIELD(LIST, sample, kernel),                 \
		FIELD(LIST, sample, regs), FIELD(NUMBER, sample, copied),                \
		FIELD(DATA, sample, stack)
static const struct capture_field sample_fields[] = {SAMPLE_FIELDS};
static const struct capture_field switch_fields[] = {
	EVENT_FIELDS,
	FIELD(NUMBER, change, out),
	FIELD(NUMBER, change, preempt),
};
static const struct capture_field spent_fields[] = {
	EVENT_FIELDS,
	FIELD(NUMBER, spent, begin),
	FIELD(NUMBER, spent, end),
	FIELD(NUMBER, spent, ran),
	FIELD(NUMBER, spent, queued),
	FIELD(NUMBER, spent, turns),
};
static const struct capture_field blocked_fields[] = {
	SAMPLE_FIELDS,
	FIELD(NUMBER, sample, begin),
	FIELD(NUMBER, sample, call),
};
static const struct capture_field object_fields[] = {
	FIELD(NUMBER, object, id),   FIELD(NUMBER, object, is_64bit),
	FIELD(HEX, object, entry),   FIELD(STRING, object, build_id),
	FIELD(STRING, object, path),
};
static const struct capture_field segment_fields[] = {
	FIELD(NUMBER, segment, object), FIELD(HEX, segment, vaddr),
	FIELD(HEX, segment, off),	FIELD(HEX, segment, filesz),
	FIELD(HEX, segment, memsz),	FIELD(NUMBER, segment, exec),
};
static const struct capture_field opened_fields[] = {
	FIELD(NUMBER, opened, pid),
	FIELD(HEX, opened, addr),
	FIELD(NUMBER, opened, object),
};
static const struct capture_field vdso_fields[] = {ONLY(NUMBER, vdso)};
static const struct capture_field slurp_fields[] = {
	FIELD(NUMBER, slurp, pid),
	FIELD(SIGNED, slurp, result),
	FIELD(STRING, slurp, data),
};
static const struct capture_field memory_fields[] = {
	FIELD(NUMBER, memory, pid),    FIELD(HEX, memory, addr),
	FIELD(NUMBER, memory, wanted), FIELD(NUMBER, memory, time),
	FIELD(SIGNED, memory, result),
};
static const struct capture_field page_fields[] = {
	FIELD(NUMBER, page, pid),
	FIELD(HEX, page, addr),
	FIELD(DATA, page, data),
};
static const struct capture_field stack_fields[] = {
	FIELD(NUMBER, stack, pid),
	FIELD(HEX, stack, addr),
	FIELD(NUMBER, stack, bytes),
};
static const struct capture_field clock_fields[] = {FIELD(NUMBER, clock, time)};
static const struct capture_field fde_fields[] = {
	FIELD(NUMBER, fde, object),
	FIELD(HEX, fde, start),
	FIELD(HEX, fde, end),
	FIELD(NUMBER, fde, code_align),
	FIELD(SIGNED, fde, data_align),
	FIELD(NUMBER, fde, ra_reg),
	FIELD(NUMBER, fde, signal_frame),
	FIELD(HEX, fde, encoding),
	FIELD(HEX, fde, insns_vaddr),
	FIELD(DATA, fde, cie_insns),
	FIELD(DATA, fde, insns),
};
static const struct capture_field no_fde_fields[] = {
	FIELD(NUMBER, no_fde, object),
	FIELD(HEX, no_fde, vaddr),
};
static const struct capture_field code_fields[] = {
	FIELD(NUMBER, code, object),
	FIELD(HEX, code, vaddr),
	FIELD(NUMBER, code, wanted),
	FIELD(DATA, code, data),
};
static const struct capture_field name_fields[] = {
	FIELD(NUMBER, name, object),	 FIELD(HEX, name, vaddr),
	FIELD(NUMBER, name, index),	 FIELD(NUMBER, name, count),
	FIELD(STRING, name, name),	 FIELD(STRING, name, linkage),
	FIELD(STRING, name, file),	 FIELD(NUMBER, name, line),
	FIELD(NUMBER, name, start_line),
};
static const struct capture_field symbols_fields[] = {
	FIELD(NUMBER, symbols, object),
	FIELD(STRING, symbols, source),
	FIELD(NUMBER, symbols, lines),
};
static const struct capture_field kernel_fields[] = {FIELD(NUMBER, kernel, readable)};
static const struct capture_field extent_fields[] = {
	FIELD(NUMBER, extent, pid),
	FIELD(HEX, extent, start),
	FIELD(HEX, extent, end),
	FIELD(STRING, extent, name),
};
static const struct capture_field limit_fields[] = {
	FIELD(NUMBER, limit, time),
	FIELD(NUMBER, limit, samples),
	FIELD(NUMBER, limit, bytes),
};
static const struct capture_field target_fields[] = {
	FIELD(NUMBER, target, pid),
	FIELD(NUMBER, target, tid),
	FIELD(STRING, target, name),
};
static const struct capture_field survivor_fields[] = {
	FIELD(NUMBER, survivor, pid),
	FIELD(STRING, survivor, comm),
};
static const struct capture_field end_fields[] = {
	FIELD(SIGNED, end, status),	  FIELD(NUMBER, end, timed_out),
	FIELD(NUMBER, end, start),	  FIELD(NUMBER, end, wall_ns),
	FIELD(NUMBER, end, duration_ns),  FIELD(NUMBER, end, counted_ns),
	FIELD(NUMBER, end, user_us),	  FIELD(NUMBER, end, system_us),
	FIELD(NUMBER, end, max_rss_kib),  FIELD(NUMBER, end, minor_faults),
	FIELD(NUMBER, end, major_faults), FIELD(NUMBER, end, voluntary),
	FIELD(NUMBER, end, involuntary),  FIELD(NUMBER, end, broken),
	FIELD(NUMBER, end, late),	  FIELD(NUMBER, end, stolen_ns),
};

#define SHAPE(name, fields)                                                              \
	{                                                                                \
		name, fields, ARRAY_SIZE(fields)                                         \
	}
static const struct capture_shape shapes[CAPTURE_TYPES] = {
	[CAPTURE_HEADER] = SHAPE("capture", header_fields),
	[CAPTURE_SESSION] = SHAPE("session", session_fields),
	[CAPTURE_SAMPLER] = SHAPE("sampler", sampler_fields),
	[CAPTURE_HOST] = SHAPE("host", host_fields),
	[CAPTURE_ARG] = SHAPE("arg", arg_fields),
	[CAPTURE_SAMPLED] = SHAPE("sampled", sampled_fields),
	[CAPTURE_TARGET] = SHAPE("target", target_fields),
	[CAPTURE_MMAP] = SHAPE("mmap", mmap_fields),
	[CAPTURE_COMM] = SHAPE("comm", comm_fields),
	[CAPTURE_FORK] = SHAPE("fork", task_fields),
	[CAPTURE_EXIT] = SHAPE("exit", task_fields),
	[CAPTURE_LOST] = SHAPE("lost", lost_fields),
	[CAPTURE_THROTTLE] = SHAPE("throttle", event_fields),
	[CAPTURE_UNTHROTTLE] = SHAPE("unthrottle", event_fields),
	[CAPTURE_OTHER] = SHAPE("other", event_fields),
	[CAPTURE_SAMPLE] = SHAPE("sample", sample_fields),
	[CAPTURE_SWITCH] = SHAPE("switch", switch_fields),
	[CAPTURE_BLOCKED] = SHAPE("blocked", blocked_fields),
	[CAPTURE_SPENT] = SHAPE("spent", spent_fields),
	[CAPTURE_OBJECT] = SHAPE("object", object_fields),
	[CAPTURE_SEGMENT] = SHAPE("segment", segment_fields),
	[CAPTURE_OPENED] = SHAPE("opened", opened_fields),
	[CAPTURE_VDSO] = SHAPE("vdso", vdso_fields),
	[CAPTURE_PROC_MAPS] = SHAPE("proc_maps", slurp_fields),
	[CAPTURE_PROC_COMM] = SHAPE("proc_comm", slurp_fields),
	[CAPTURE_MEMORY] = SHAPE("memory", memory_fields),
	[CAPTURE_PAGE] = SHAPE("page", page_fields),
	[CAPTURE_CLOCK] = SHAPE("clock", clock_fields),
	[CAPTURE_FDE] = SHAPE("fde", fde_fields),
	[CAPTURE_NO_FDE] = SHAPE("no_fde", no_fde_fields),
	[CAPTURE_CODE] = SHAPE("code", code_fields),
	[CAPTURE_STACK] = SHAPE("stack", stack_fields),
	[CAPTURE_NAME] = SHAPE("name", name_fields),
	[CAPTURE_SYMBOLS] = SHAPE("symbols", symbols_fields),
	[CAPTURE_KERNEL] = SHAPE("kernel", kernel_fields),
	[CAPTURE_KERNEL_NAME] = SHAPE("kernel_name", extent_fields),
	[CAPTURE_JIT_NAME] = SHAPE("jit_name", extent_fields),
	[CAPTURE_TOTAL] = SHAPE("total", total_fields),
	[CAPTURE_COUNTER] = SHAPE("counter", counter_fields),
	[CAPTURE_LIMIT] = SHAPE("limit", limit_fields),
	[CAPTURE_SURVIVOR] = SHAPE("survivor", survivor_fields),
	[CAPTURE_END] = SHAPE("end", end_fields),
};

const struct capture_shape *capture_shape(unsigned type)
{
	return type < CAPTURE_TYPES && shapes[type].name ? &shapes[type] : NULL;
}

enum capture_type capture_type_find(const char *name, size_t n)
{
	for (unsigned i = 0; i < CAPTURE_TYPES; i++) {
		if (shapes[i].name && strlen(shapes[i].name) == n &&
		    !memcmp(shapes[i].name, name, n))
			return (enum capture_type)i;
	}
	return 0;
}

struct capture_bytes capture_str(const char *s)
{
	return capture_bytes(s, s ? strlen(s) : 0);
}
