/* Looks for the separate debug file of a file: by build-id, by the name in
 * .gnu_debuglink, by NAME.debug, where gdb(1) looks ("Debugging Information in Separate
 * Files"). libdwfl has the same search, but it loads libdebuginfod and its network
 * libraries to begin with, maps what it finds, and waits for ever for a pipe; it
 * is asked only where the user configured debuginfod. */
#include <profd/objfile.h>

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <elfutils/libdwelf.h>

#include <profd/io.h>
#include <profd/mem.h>

#include "objfile-priv.h"

#define DEBUG_DIR "/usr/lib/debug"

struct wanted {
	struct objfile *o;
	const char *link; /* the file name in .gnu_debuglink, or NULL */
	uint32_t crc;
	char *path; /* of the file that was found */
};

/* The CRC of .gnu_debuglink: ISO 3309, polynomial 0x04c11db7 with the bits reversed. */
static bool file_crc(int fd, uint32_t *ret_crc)
{
	uint32_t table[256], crc = 0xffffffff;
	uint8_t buf[65536];
	uint64_t off = 0;
	ssize_t n;

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (unsigned bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
	}
	while ((n = io_pread(fd, buf, sizeof(buf), off)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			crc = crc >> 8 ^ table[(crc ^ buf[i]) & 0xff];
		off += (uint64_t)n;
	}
	*ret_crc = ~crc;
	return n == 0;
}

static bool same_build_id(const struct wanted *w, int fd)
{
	uint8_t id[BUILD_ID_MAX];
	char hex[BUILD_ID_HEX];
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	size_t n = elf ? elf_build_id(elf, id) : 0;

	build_id_print(id, n, hex);
	elf_end(elf);
	return strcmp(hex, w->o->build_id) == 0;
}

static bool is_wanted(const struct wanted *w, int fd)
{
	struct stat st, own;
	uint32_t crc;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	if (w->o->fd >= 0 && fstat(w->o->fd, &own) == 0 && own.st_dev == st.st_dev &&
	    own.st_ino == st.st_ino)
		return false;
	if (w->o->build_id[0])
		return same_build_id(w, fd);
	return file_crc(fd, &crc) && crc == w->crc;
}

static int try_path(struct wanted *w, const char *dir, const char *sub, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s%s/%s", dir, sub, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -1;
	if (!is_wanted(w, fd)) {
		close(fd);
		return -1;
	}
	w->path = path;
	path = NULL;
	return fd;
}

static int try_name(struct wanted *w, const char *dir, const char *name)
{
	int fd = try_path(w, dir, "", name);

	if (fd < 0)
		fd = try_path(w, dir, "/.debug", name);
	if (fd < 0 && dir[0] == '/')
		fd = try_path(w, DEBUG_DIR, dir, name);
	return fd;
}

/* Around the file at @path, which may be a link to where it really is. */
static int try_beside(struct wanted *w, const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir = slash ? xstrndup(path, (size_t)(slash - path))
					 : xstrdup(".");
	_cleanup_free_ char *name = NULL;

	if (w->link)
		return try_name(w, dir, w->link);
	/* A mere name proves nothing: the build-id has to match. */
	if (!w->o->build_id[0])
		return -1;
	name = xasprintf("%s.debug", slash ? slash + 1 : path);
	return try_name(w, dir, name);
}

static int try_build_id(struct wanted *w)
{
	const char *id = w->o->build_id;
	char dir[] = "/.build-id/xx";
	_cleanup_free_ char *name = NULL;

	if (strlen(id) < 4)
		return -1;
	memcpy(dir + sizeof(dir) - 3, id, 2);
	name = xasprintf("%s.debug", id + 2);
	return try_path(w, DEBUG_DIR, dir, name);
}

int search_debug_file(struct objfile *o, char **ret_path)
{
	struct wanted w = {.o = o};
	const char *urls = getenv("DEBUGINFOD_URLS");
	char real[PATH_MAX];
	GElf_Word crc = 0;
	int fd;

	w.link = dwelf_elf_gnu_debuglink(o->elf, &crc);
	w.crc = crc;
	if (w.link && (!w.link[0] || strchr(w.link, '/') || strlen(w.link) > NAME_MAX))
		w.link = NULL;
	fd = try_build_id(&w);
	if (fd < 0 && o->path[0])
		fd = try_beside(&w, o->path);
	if (fd < 0 && o->path[0] && realpath(o->path, real) && strcmp(real, o->path) != 0)
		fd = try_beside(&w, real);
	if (fd < 0 && urls && urls[0])
		fd = module_search(o, &w.path);
	if (fd >= 0)
		*ret_path = w.path;
	return fd;
}
