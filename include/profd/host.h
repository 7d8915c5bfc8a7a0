#pragma once
/* The machine, as far as it decides how fast programs run on it. Any thread. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host {
	char cpu_model[128], kernel[128], os[128], libc[64], arch[32], hypervisor[32];
	uint32_t ncpus;
	uint64_t memory_bytes;
	char testbed
		[512]; /* all of the above in one line: equal for comparable machines */
};
void host_read(struct host *ret);

/* The value of the first line "KEY: VALUE" (@sep ':') or "KEY=VALUE" of the file @path,
 * without quotes around it: proc_cpuinfo(5), os-release(5). False, and @buf as it was,
 * where there is none. */
bool host_key(const char *path, const char *key, char sep, char *buf, size_t size);
