#pragma once
/* Lines of perf script's text; shared between the two files that read it. Strings are
 * pieces of the line, without a NUL. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Seconds since the machine started, or since 1970. */
#define SCRIPT_SECONDS_MAX 9000000000

struct script_head {
	const char *comm, *event, *rest; /* event NULL: none */
	size_t comm_len, event_len, rest_len;
	int64_t pid, tid, cpu, time_ns, period;
	bool has_pid, has_cpu, has_time, has_period;
	bool is_record; /* PERF_RECORD_…: no sample */
};
bool script_head_parse(const char *s, size_t n, struct script_head *ret_head);

struct script_frame {
	uint64_t address;
	const char *name, *file; /* lengths are 0 where they are not known */
	size_t name_len, file_len;
	bool inlined;
};
bool script_frame_parse(const char *s, size_t n, struct script_frame *ret_frame);

/* What -F +srcline prints below a frame: "  file.c:12", "  file.c:12 (discriminator 3)",
 * "  ??:0", "  :0", "  [kernel.kallsyms][ffffffff82201900]". */
struct script_line {
	const char *file;
	size_t file_len; /* 0: not known */
	uint32_t line;
};
bool script_line_parse(const char *s, size_t n, struct script_line *ret_line);
