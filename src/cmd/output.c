/* Results to the standard output or into files. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <profd/mem.h>

struct sink_fd {
	struct sink sink;
	char buf[65536];
	size_t used;
};

static int fd_flush(struct sink_fd *s)
{
	size_t n = s->used;

	s->used = 0;
	return io_write(STDOUT_FILENO, s->buf, n);
}

static int fd_write(struct sink *sink, const void *data, size_t n)
{
	struct sink_fd *s = (struct sink_fd *)sink;
	int code = s->used + n > sizeof(s->buf) ? fd_flush(s) : 0;

	if (code < 0)
		return code;
	if (n > sizeof(s->buf))
		return io_write(STDOUT_FILENO, data, n);
	memcpy(s->buf + s->used, data, n);
	s->used += n;
	return 0;
}

int output_stdout(output_write write, const void *arg, struct error *err)
{
	struct sink_fd out = {.sink.write = fd_write};
	int code;

	write(arg, &out.sink);
	code = out.sink.code;
	if (code == 0)
		code = fd_flush(&out);
	if (code < 0)
		error_set(err, code, "cannot write to the standard output: %s",
			  strerror(-code));
	return code;
}

int output_file(const char *path, bool force, output_write write, const void *arg,
		struct error *err)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *folder = slash ? xasprintf("%.*s/", (int)(slash - path),
							path)
					    : xstrdup(".");
	struct outfile out;
	int dirfd, code;

	if (!force && access(path, F_OK) == 0) {
		error_set(err, -EEXIST, "'%s' exists", path);
		error_hint(err, "--force overwrites it");
		return -EEXIST;
	}
	dirfd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return error_set(err, -errno, "cannot write '%s': %s", path,
				 strerror(errno));
	code = outfile_open(&out, dirfd, slash ? slash + 1 : path, err);
	if (code == 0) {
		write(arg, &out.sink);
		code = outfile_commit(&out, err);
	}
	close(dirfd);
	return code;
}
