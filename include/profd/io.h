#pragma once
/* Reading small files whole, and writing files so that they are either complete or
 * absent. One thread at a time per object. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <profd/error.h>

/* Reads up to @n bytes at @off. Returns the count (short only at end of file) or
 * -errno. */
ssize_t io_pread(int fd, void *buf, size_t n, uint64_t off);
/* Writes all of @buf. Returns 0 or -errno. */
int io_write(int fd, const void *buf, size_t n);
/* Reads all of @path (or of @fd), at most @max bytes, and terminates it with a NUL that
 * is not counted. The caller frees *ret_data. Returns 0; -EFBIG beyond @max; -errno. */
int io_slurp(const char *path, size_t max, char **ret_data, size_t *ret_n);
int io_slurp_fd(int fd, size_t max, char **ret_data, size_t *ret_n);
/* Next line of @data[*pos..n): returns false at the end. *ret_line is not terminated. */
bool io_line(const char *data, size_t n, size_t *pos, const char **ret_line,
	     size_t *ret_len);

/* Where a format writes its bytes. The first failure sticks in `code`; later writes do
 * nothing, so writers check once at the end. */
struct sink {
	int (*write)(struct sink *s, const void *data, size_t n); /* 0 or -errno */
	int code;
	uint64_t bytes;
};
void sink_put(struct sink *s, const void *data, size_t n);
void sink_puts(struct sink *s, const char *str);
void sink_putf(struct sink *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void sink_put_i64(struct sink *s, int64_t value); /* as "%lld", for millions of them */

/* A sink into memory. */
struct text;
struct sink_text {
	struct sink sink;
	struct text *text; /* borrowed */
};
void sink_text_init(struct sink_text *s, struct text *t);

/* A file that appears under its name only when it is complete: written to an unnamed file
 * (O_TMPFILE) where the file system has them, else to ".NAME.PID.tmp" beside it, and
 * moved into place by outfile_commit. A process killed in between leaves at most the
 * latter. */
struct outfile {
	struct sink sink;
	int dirfd, fd; /* dirfd is borrowed */
	bool named;    /* a temporary name exists */
	char name[64], tmp[96];
	char *buf;
	size_t used;
};
int outfile_open(struct outfile *f, int dirfd, const char *name, struct error *err);
/* Flushes, renames, closes. On failure nothing is left under either name and err says
 * what. */
int outfile_commit(struct outfile *f, struct error *err);
void outfile_abort(struct outfile *f); /* also after a failed open or commit */

/* Every file that is mapped stays open until the end (objfile.h): this process may have all
 * that its hard limit allows. What is forked from now on inherits it. *@ret_old is for
 * io_restore_files, which does nothing with a zeroed one. */
void io_raise_files(struct rlimit *ret_old);
void io_restore_files(const struct rlimit *old);
