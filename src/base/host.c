/* What machine this is. Only what is readable by everybody, and nothing that changes from
 * boot to boot: two recordings are comparable when their testbed lines are equal. */
#include <profd/host.h>

#include <gnu/libc-version.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <profd/io.h>
#include <profd/mem.h>

bool host_key(const char *path, const char *key, char sep, char *buf, size_t size)
{
	_cleanup_free_ char *data = NULL;
	size_t n, len, pos = 0, nkey = strlen(key);
	const char *line, *at;

	if (io_slurp(path, (size_t)16 << 20, &data, &n) < 0)
		return false;
	while (io_line(data, n, &pos, &line, &len)) {
		if (len < nkey || memcmp(line, key, nkey))
			continue;
		at = memchr(line + nkey, sep, len - nkey);
		if (!at)
			continue;
		at++;
		len -= (size_t)(at - line);
		while (len && (*at == ' ' || *at == '"')) {
			at++;
			len--;
		}
		while (len && (at[len - 1] == '"' || at[len - 1] == ' '))
			len--;
		snprintf(buf, size, "%.*s", (int)(len < size ? len : size - 1), at);
		return true;
	}
	return false;
}

static bool cpu_flag(const char *flag)
{
	_cleanup_free_ char *flags = xcalloc(1, 16384);

	host_key("/proc/cpuinfo", "flags", ':', flags, 16384);
	for (char *save = NULL, *w = strtok_r(flags, " ", &save); w;
	     w = strtok_r(NULL, " ", &save)) {
		if (!strcmp(w, flag))
			return true;
	}
	return false;
}

void host_read(struct host *ret)
{
	struct host h = {.cpu_model = "unknown", .os = "unknown"};
	struct utsname u = {0};

	uname(&u);
	snprintf(h.kernel, sizeof(h.kernel), "%s", u.release);
	snprintf(h.arch, sizeof(h.arch), "%.31s", u.machine);
	snprintf(h.libc, sizeof(h.libc), "glibc %s", gnu_get_libc_version());
	host_key("/proc/cpuinfo", "model name", ':', h.cpu_model, sizeof(h.cpu_model));
	host_key("/etc/os-release", "PRETTY_NAME", '=', h.os, sizeof(h.os));
	snprintf(h.hypervisor, sizeof(h.hypervisor), "%s",
		 cpu_flag("hypervisor") ? "virtual" : "none seen");
	h.ncpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	h.memory_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) *
			 (uint64_t)sysconf(_SC_PAGESIZE);
	snprintf(h.testbed, sizeof(h.testbed), "%s, %u CPUs, %s, Linux %s, %s, %s",
		 h.cpu_model, h.ncpus, h.arch, h.kernel, h.libc, h.os);
	*ret = h;
}
