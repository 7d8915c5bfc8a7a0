/* What a run writes, taken from a pipe: bounded, whatever it writes. The end is kept, the
 * beginning goes to the log. */
#include "bench-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <profd/io.h>

#define PIPE_BYTES (1 << 20) /* so that few writers ever wait for profd */

int output_open(struct output *o, int log_fd, struct error *err)
{
	int fds[2];

	*o = (struct output){.read_fd = -1, .write_fd = -1, .log_fd = log_fd};
	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
	o->read_fd = fds[0];
	o->write_fd = fds[1];
	fcntl(o->read_fd, F_SETFL, O_NONBLOCK);
	/* An ordinary user may have fewer of them: then it stays as it is. */
	fcntl(o->read_fd, F_SETPIPE_SZ, PIPE_BYTES);
	return 0;
}

void output_close(struct output *o)
{
	if (o->read_fd >= 0)
		close(o->read_fd);
	if (o->write_fd >= 0)
		close(o->write_fd);
	o->read_fd = o->write_fd = -1;
}

static void ring_add(struct output *o, const char *s, size_t n)
{
	for (size_t i = n > sizeof(o->last) ? n - sizeof(o->last) : 0; i < n; i++)
		o->last[(o->total_bytes + i) % sizeof(o->last)] = s[i];
}

/* Without control characters: a log is read on terminals. */
static void log_add(struct output *o, char *s, size_t n)
{
	static const char left_out[] = "\n[the rest of this run's output is left out]\n";

	if (o->log_fd < 0 || o->total_bytes >= BENCH_LOG_RUN_BYTES)
		return;
	for (size_t i = 0; i < n; i++) {
		if (((unsigned char)s[i] < ' ' && s[i] != '\n' && s[i] != '\t') ||
		    s[i] == 0x7f)
			s[i] = '?';
	}
	/* A full disk ends the log, not the measuring. */
	if (io_write(o->log_fd, s, n) < 0 ||
	    (o->total_bytes + n >= BENCH_LOG_RUN_BYTES &&
	     io_write(o->log_fd, left_out, sizeof(left_out) - 1) < 0))
		o->log_fd = -1;
}

void output_pump(struct output *o)
{
	char buf[65536];
	ssize_t n;

	/* As much as one pipe holds: who writes for ever must not keep us here. */
	for (int i = 0; i < PIPE_BYTES / (int)sizeof(buf); i++) {
		n = read(o->read_fd, buf, sizeof(buf));
		if (n <= 0)
			return;
		ring_add(o, buf, (size_t)n);
		log_add(o, buf, (size_t)n);
		o->total_bytes += (uint64_t)n;
	}
}

char *output_tail(const struct output *o)
{
	size_t size = sizeof(o->last), pos = 0, len,
	       n = o->total_bytes < size ? (size_t)o->total_bytes : size;
	char flat[BENCH_TAIL_BYTES];
	struct text t = {0};
	const char *line;

	for (size_t i = 0; i < n; i++)
		flat[i] = o->last[(o->total_bytes - n + i) % size];
	/* Not from the middle of a character. */
	while (o->total_bytes > size && pos < n && pos < 4 &&
	       ((unsigned char)flat[pos] & 0xc0) == 0x80)
		pos++;
	while (io_line(flat, n, &pos, &line, &len)) {
		for (size_t i = 0; i < len; i++)
			flat[(size_t)(line - flat) + i] = line[i] == '\t' ? ' ' : line[i];
		if (len && line[len - 1] == '\r')
			len--;
		text_add_clean(&t, line, len);
		text_addc(&t, '\n');
	}
	if (!t.s)
		text_add(&t, "");
	return t.s;
}
