/* A file and the separate debug file that its search finds: by build-id, by
 * .gnu_debuglink, by name. The input: u32 flags, u32 bytes of the file, the file, the
 * debug file. Both are written into a folder of their own, the debug file under each name
 * that is looked for. */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <profd/io.h>
#include <profd/mem.h>
#include <profd/objfile.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum {
	FLAG_BESIDE = 1,     /* "main.debug" beside the file */
	FLAG_SUBFOLDER = 2,  /* in ".debug/" */
	FLAG_ALT = 4,	     /* "shared", for .gnu_debugaltlink */
	FLAG_LINK = 8,	     /* the file is opened by a symbolic link in another folder */
	FLAG_DEBUGINFOD = 16 /* a server is configured; it does not answer */
};

static char folder[64];
static int folder_fd;

static void folder_remove(void)
{
	static const char *const names[] = {"main",   "main.debug", ".debug/main.debug",
					    "shared", "there/main", ".debug",
					    "there"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (unlinkat(folder_fd, names[i], 0) < 0)
			unlinkat(folder_fd, names[i], AT_REMOVEDIR);
	rmdir(folder);
}

static void folder_make(void)
{
	snprintf(folder, sizeof(folder), "/tmp/fuzz-debugfile.XXXXXX");
	folder_fd = mkdtemp(folder) ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
				    : -1;
	if (folder_fd < 0 || mkdirat(folder_fd, ".debug", 0700) < 0 ||
	    mkdirat(folder_fd, "there", 0700) < 0 ||
	    symlinkat("../main", folder_fd, "there/main") < 0)
		abort();
	atexit(folder_remove);
}

static void put(const char *name, bool wanted, const uint8_t *data, size_t n)
{
	int fd;

	unlinkat(folder_fd, name, 0);
	if (!wanted)
		return;
	fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || io_write(fd, data, n) < 0)
		abort();
	close(fd);
}

static void read_names(struct objfile *o)
{
	const struct segment *seg;
	size_t nseg = objfile_segments(o, &seg);
	struct source_frame frames[4];

	objfile_symbol_source(o);
	objfile_has_lines(o);
	for (size_t i = 0; i < nseg && i < 8; i++) {
		for (uint64_t k = 0; seg[i].exec && k < 16; k++)
			objfile_source(o, seg[i].vaddr + k * 67, frames, 4);
	}
	if (objfile_entry(o))
		objfile_source(o, objfile_entry(o), frames, 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	_cleanup_free_ char *path = NULL;
	uint32_t flags, main_n;
	struct objfile *o;

	if (n < 8)
		return 0;
	if (!folder[0])
		folder_make();
	memcpy(&flags, data, 4);
	memcpy(&main_n, data + 4, 4);
	data += 8;
	n -= 8;
	if (main_n > n)
		main_n = (uint32_t)n;
	put("main", true, data, main_n);
	data += main_n;
	n -= main_n;
	put("main.debug", flags & FLAG_BESIDE, data, n);
	put(".debug/main.debug", flags & FLAG_SUBFOLDER, data, n);
	put("shared", flags & FLAG_ALT, data, n);
	if (flags & FLAG_DEBUGINFOD)
		setenv("DEBUGINFOD_URLS", "file:///nonexistent", 1);
	else
		unsetenv("DEBUGINFOD_URLS");
	setenv("DEBUGINFOD_CACHE_PATH", folder, 1);
	path = xasprintf("%s/%s", folder, flags & FLAG_LINK ? "there/main" : "main");
	o = objfile_open(open(path, O_RDONLY | O_CLOEXEC), path, NULL);
	if (o)
		read_names(o);
	objfile_put(o);
	return 0;
}
