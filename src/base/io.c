/* Whole small files, sinks, and files that appear only when complete. */
#include <profd/io.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <profd/mem.h>
#include <profd/text.h>

ssize_t io_pread(int fd, void *buf, size_t n, uint64_t off)
{
	size_t done = 0;

	if (off > INT64_MAX)
		return -EINVAL;
	while (done < n) {
		ssize_t r = pread(fd, (char *)buf + done, n - done, (off_t)(off + done));

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		done += (size_t)r;
	}
	return (ssize_t)done;
}

int io_write(int fd, const void *buf, size_t n)
{
	const char *p = buf;

	while (n) {
		ssize_t r = write(fd, p, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

int io_slurp_fd(int fd, size_t max, char **ret_data, size_t *ret_n)
{
	size_t cap = 4096, n = 0;
	char *data = xmalloc(cap + 1);
	int code;

	for (;;) {
		ssize_t r = read(fd, data + n, cap - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			code = -errno;
			goto fail;
		}
		if (r == 0)
			break;
		n += (size_t)r;
		if (n > max) {
			code = -EFBIG;
			goto fail;
		}
		if (n == cap) {
			cap *= 2;
			data = xreallocarray(data, cap + 1, 1);
		}
	}
	data[n] = '\0';
	*ret_data = data;
	*ret_n = n;
	return 0;
fail:
	free(data);
	return code;
}

int io_slurp(const char *path, size_t max, char **ret_data, size_t *ret_n)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return io_slurp_fd(fd, max, ret_data, ret_n);
}

bool io_line(const char *data, size_t n, size_t *pos, const char **ret_line,
	     size_t *ret_len)
{
	const char *start = data + *pos, *nl;

	if (*pos >= n)
		return false;
	nl = memchr(start, '\n', n - *pos);
	*ret_line = start;
	*ret_len = nl ? (size_t)(nl - start) : n - *pos;
	*pos += *ret_len + (nl != NULL);
	return true;
}

/* --- sinks ------------------------------------------------------------------------ */

void sink_put(struct sink *s, const void *data, size_t n)
{
	if (s->code || !n)
		return;
	s->code = s->write(s, data, n);
	if (!s->code)
		s->bytes += n;
}

void sink_puts(struct sink *s, const char *str)
{
	sink_put(s, str, strlen(str));
}

void sink_putf(struct sink *s, const char *fmt, ...)
{
	struct text t = {0};
	va_list ap;

	va_start(ap, fmt);
	text_vaddf(&t, fmt, ap);
	va_end(ap);
	sink_put(s, text_get(&t), t.len);
	text_done(&t);
}

void sink_put_i64(struct sink *s, int64_t value)
{
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char digits[24], *digit = digits + sizeof(digits);

	do
		*--digit = (char)('0' + left % 10);
	while (left /= 10);
	if (value < 0)
		*--digit = '-';
	sink_put(s, digit, (size_t)(digits + sizeof(digits) - digit));
}

static int sink_text_write(struct sink *s, const void *data, size_t n)
{
	text_addn(((struct sink_text *)s)->text, data, n);
	return 0;
}

void sink_text_init(struct sink_text *s, struct text *t)
{
	*s = (struct sink_text){.sink = {.write = sink_text_write}, .text = t};
}

/* --- outfile ---------------------------------------------------------------------- */

#define OUTFILE_BUFFER_BYTES ((size_t)256 << 10)

static int outfile_flush(struct outfile *f)
{
	int code = io_write(f->fd, f->buf, f->used);

	f->used = 0;
	return code;
}

static int outfile_write(struct sink *s, const void *data, size_t n)
{
	struct outfile *f = (struct outfile *)s;
	int code = 0;

	if (f->used + n > OUTFILE_BUFFER_BYTES)
		code = outfile_flush(f);
	if (code)
		return code;
	if (n > OUTFILE_BUFFER_BYTES)
		return io_write(f->fd, data, n);
	memcpy(f->buf + f->used, data, n);
	f->used += n;
	return 0;
}

/* What an earlier process of this number left behind (in a container it is the same in
 * every run) makes way. */
static int open_named(const struct outfile *f)
{
	unlinkat(f->dirfd, f->tmp, 0);
	return openat(f->dirfd, f->tmp, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
}

int outfile_open(struct outfile *f, int dirfd, const char *name, struct error *err)
{
	*f = (struct outfile){.sink = {.write = outfile_write}, .dirfd = dirfd, .fd = -1};
	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(f->tmp, sizeof(f->tmp), ".%s.%d.tmp", f->name, (int)getpid());
	f->fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
	if (f->fd < 0) {
		f->fd = open_named(f);
		f->named = f->fd >= 0;
	}
	if (f->fd < 0)
		return error_set(err, -errno, "cannot create '%s': %s", name,
				 strerror(errno));
	f->buf = xmalloc(OUTFILE_BUFFER_BYTES);
	return 0;
}

/* Where an unnamed file cannot be given a name (no /proc, some FUSE file systems): a
 * copy. */
static int outfile_copy(struct outfile *f)
{
	int fd = open_named(f), code = fd < 0 ? -errno : 0;
	uint64_t off = 0;
	ssize_t n = 1;

	f->named = fd >= 0;
	while (!code && n > 0) {
		n = io_pread(f->fd, f->buf, OUTFILE_BUFFER_BYTES, off);
		code = n < 0 ? (int)n : io_write(fd, f->buf, (size_t)n);
		off += (uint64_t)n;
	}
	if (fd >= 0)
		close(fd);
	return code;
}

/* An unnamed file gets its temporary name only now, for the blink of the rename:
 * linkat(2) cannot replace an existing file. */
static int outfile_name(struct outfile *f)
{
	char proc[64];

	if (f->named)
		return 0;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", f->fd);
	if (linkat(AT_FDCWD, proc, f->dirfd, f->name, AT_SYMLINK_FOLLOW) == 0)
		return 1;
	if (errno != EEXIST)
		return outfile_copy(f);
	unlinkat(f->dirfd, f->tmp, 0);
	if (linkat(AT_FDCWD, proc, f->dirfd, f->tmp, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	f->named = true;
	return 0;
}

/* NFS reports a full disk or quota only when the file is closed: close(2), "Dealing with
 * error returns". Every close flushes, that of a duplicate as well, and this one comes
 * before the file has its name. */
static int outfile_settle(const struct outfile *f)
{
	int fd = dup(f->fd);

	return fd >= 0 && close(fd) < 0 && errno != EINTR ? -errno : 0;
}

static void commit_hint(int code, struct error *err)
{
	if (code == -ENOSPC || code == -EDQUOT)
		error_hint(err, "make room on that file system and run it again");
	else if (code == -EFBIG)
		error_hint(err, "raise 'ulimit -f' and run it again");
}

int outfile_commit(struct outfile *f, struct error *err)
{
	int code = f->sink.code;

	if (!code)
		code = outfile_flush(f);
	if (!code)
		code = outfile_settle(f);
	if (!code)
		code = outfile_name(f);
	if (code == 0 && renameat(f->dirfd, f->tmp, f->dirfd, f->name) < 0)
		code = -errno;
	if (code >= 0) {
		f->named = false;
		code = 0;
	} else {
		error_set(err, code, "cannot write '%s': %s", f->name, strerror(-code));
		commit_hint(code, err);
	}
	outfile_abort(f);
	return code;
}

void outfile_abort(struct outfile *f)
{
	if (f->named)
		unlinkat(f->dirfd, f->tmp, 0);
	if (f->fd >= 0)
		close(f->fd);
	free(f->buf);
	f->named = false;
	f->fd = -1;
	f->buf = NULL;
}

void io_raise_files(struct rlimit *ret_old)
{
	struct rlimit all;

	if (getrlimit(RLIMIT_NOFILE, ret_old) < 0)
		*ret_old = (struct rlimit){0, 0};
	all = *ret_old;
	all.rlim_cur = all.rlim_max;
	if (all.rlim_max)
		setrlimit(RLIMIT_NOFILE, &all);
}

void io_restore_files(const struct rlimit *old)
{
	if (old->rlim_max)
		setrlimit(RLIMIT_NOFILE, old);
}
