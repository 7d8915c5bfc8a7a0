/* The outside of a live session: this machine.
 *
 * A file may be gone from under the path that a mmap record names, replaced, or in
 * another mount namespace. So several ways lead to it, and what is found has to be what
 * was mapped: the same build-id, or the same inode where the record has no build-id. */
#include <profd/outside.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "proc-priv.h"
#include <profd/clock.h>
#include <profd/io.h>
#include <profd/log.h>
#include <profd/mem.h>
#include <profd/number.h>

#define MAPS_MAX_BYTES ((size_t)256 << 20)

struct live {
	uint64_t start_ns;  /* CLOCK_MONOTONIC, of this session */
	uint64_t memory_ns; /* spent on reading memory */
};

static bool same_build_id(const struct event_mmap *m, struct objfile *o)
{
	char hex[2 * BUILD_ID_MAX_BYTES + 1];

	for (uint32_t i = 0; i < m->build_id_bytes; i++)
		snprintf(hex + 2 * i, 3, "%02x", m->build_id[i]);
	return !strcmp(hex, objfile_build_id(o));
}

/* Descriptors that mapped files leave for the artifacts, debug files and tables of names.
 * The lowest free number is what open(2) returns, so the number tells how many are
 * taken. */
#define FDS_KEPT_FREE 64u

static bool too_many_files(int fd)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	       (rlim_t)fd + FDS_KEPT_FREE >= limit.rlim_cur;
}

/* Opens one candidate. O_NONBLOCK: a fifo under that name must not stop the profiler. */
static struct objfile *open_candidate(const char *path, const char *name,
				      const struct event_mmap *m, bool exact)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct objfile *o;
	struct error err = {0};
	struct stat st;

	if (fd < 0)
		return NULL;
	if (too_many_files(fd)) {
		close(fd);
		return NULL;
	}
	/* Overlay and btrfs show another device number in stat(2) than in the mapping, so
	 * the inode number alone has to do. */
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (!exact && !m->build_id_bytes && m->ino && st.st_ino != m->ino)) {
		close(fd);
		return NULL;
	}
	o = objfile_open(fd, name, &err);
	if (!o) {
		log_debug("proc", "%s: %s", path, err.text);
		return NULL;
	}
	if (!m->build_id_bytes || same_build_id(m, o))
		return o;
	log_debug("proc", "%s: not the file that was mapped", path);
	return objfile_put(o);
}

static struct objfile *live_open(void *arg, uint32_t pid, const struct event_mmap *m)
{
	_cleanup_free_ char *path = xstrndup(
		m->path, m->path_len < PATH_LIMIT ? m->path_len : PATH_LIMIT);
	_cleanup_free_ char *root = xasprintf("/proc/%u/root%s", pid, path);
	_cleanup_free_ char *range = xasprintf(
		"/proc/%u/map_files/%llx-%llx", pid, (unsigned long long)m->addr,
		(unsigned long long)(m->addr + m->len_bytes));
	_cleanup_free_ char *exe = xasprintf("/proc/%u/exe", pid);
	struct objfile *o = open_candidate(path, path, m, false);

	if (!o)
		o = open_candidate(root, path, m, false);
	if (!o) /* the kernel's own link to the mapped file: root only */
		o = open_candidate(range, path, m, true);
	if (!o)
		o = open_candidate(exe, path, m, false);
	return o;
}

/* The kernel maps the same vdso into every 64-bit process, so our own copy serves for
 * all. It has no length but its ELF headers; two pages hold it on every kernel so far,
 * and what we read is mapped as one piece. */
static size_t vdso_bytes(uintptr_t base)
{
	_cleanup_free_ char *maps = NULL;
	size_t n, len, pos = 0;
	const char *line;
	struct {
		uint64_t start, end;
	} m;

	if (io_slurp("/proc/self/maps", (size_t)64 << 20, &maps, &n) < 0)
		return 0;
	while (io_line(maps, n, &pos, &line, &len)) {
		const char *rest;

		if (number_parse_hex(line, line + len, &m.start, &rest) || *rest != '-' ||
		    number_parse_hex(rest + 1, line + len, &m.end, &rest))
			continue;
		if (m.start == base)
			return m.end - m.start;
	}
	return 0;
}

static struct objfile *live_vdso(void *arg)
{
	uintptr_t base = getauxval(AT_SYSINFO_EHDR);
	size_t n = base ? vdso_bytes(base) : 0;

	if (!n)
		return NULL;
	return objfile_open_image((const void *)base, n, "[vdso]", NULL);
}

/* --- processes ---------------------------------------------------------------------- */

static int live_maps(void *arg, uint32_t pid, char **ret_data, size_t *ret_n)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	return io_slurp(path, MAPS_MAX_BYTES, ret_data, ret_n);
}

static int live_comm(void *arg, uint32_t pid, char **ret_data, size_t *ret_n)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	return io_slurp(path, 4096, ret_data, ret_n);
}

#define PAGE_BYTES ((uint64_t)4096)
#define PIECES 256u	/* of a page each: 1 MiB per call, well below IOV_MAX */
#define MEMORY_SHARE 4u /* of the time that has passed, one in this many */
#define MEMORY_FREE_NS (NSEC_PER_SEC / 50)

/* A read that meets an unreadable page ends with the piece before it
 * (process_vm_readv(2), NOTES), so a piece never crosses a page. */
static ssize_t read_pieces(pid_t pid, uint64_t addr, uint8_t *buf, size_t n)
{
	struct iovec remote[PIECES], local = {.iov_base = buf};
	unsigned count = 0;

	while (n && count < PIECES) {
		size_t len = (size_t)(PAGE_BYTES - addr % PAGE_BYTES);

		len = len < n ? len : n;
		remote[count++] = (struct iovec){(void *)(uintptr_t)addr, len};
		local.iov_len += len;
		addr += len;
		n -= len;
	}
	return process_vm_readv(pid, &local, 1, remote, count, 0);
}

/* Records wait in the rings meanwhile, and a ring that overflows loses samples: so
 * reading must not take more than its share of the time. */
static bool may_read(const struct live *l, uint64_t now_ns)
{
	return l->memory_ns < MEMORY_FREE_NS + (now_ns - l->start_ns) / MEMORY_SHARE;
}

static ssize_t live_memory(void *arg, uint32_t pid, uint64_t addr, void *buf, size_t n,
			   uint64_t *ret_time_ns)
{
	struct live *l = arg;
	uint64_t now_ns = clock_now_ns();
	size_t done = 0;

	if (!may_read(l, now_ns))
		return -EAGAIN;
	if (addr + n < addr || addr + n > 1ull << 63)
		return -EFAULT;
	while (done < n) {
		ssize_t got = read_pieces((pid_t)pid, addr + done, (uint8_t *)buf + done,
					  n - done);

		if (got < 0 && !done)
			done = (size_t)-errno;
		if (got <= 0 || (ssize_t)done < 0)
			break;
		done += (size_t)got;
		/* A short piece: the next page cannot be read. */
		if ((addr + done) % PAGE_BYTES && done < n)
			break;
	}
	l->memory_ns += clock_now_ns() - now_ns;
	*ret_time_ns = now_ns;
	return (ssize_t)done;
}

static uint64_t live_now(void *arg)
{
	return clock_now_ns();
}

static void live_free(void *arg)
{
	free(arg);
}

static const struct outside_ops live_ops = {
	.open = live_open,
	.vdso = live_vdso,
	.maps = live_maps,
	.comm = live_comm,
	.memory = live_memory,
	.now = live_now,
	.free = live_free,
};

struct outside outside_live(void)
{
	struct live *l = xcalloc(1, sizeof(*l));

	l->start_ns = clock_now_ns();
	return (struct outside){&live_ops, l};
}

void outside_done(struct outside *o)
{
	if (o->ops)
		o->ops->free(o->arg);
	*o = (struct outside){0};
}
