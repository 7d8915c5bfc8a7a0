/* Trying what the machine allows, for profd doctor. The recording itself does not come
 * here: its ladder (ladder.c) tries as it goes.
 *
 * What an answer means (which wall it was) is for others to say. */
#include <profd/probe.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "perf-priv.h"
#include <profd/io.h>
#include <profd/mem.h>
#include <profd/number.h>
#include <profd/ring.h>

#define RING_BYTES ((size_t)8 << 10)
#define PAUSE_NS 100000 /* any sleep is a context switch */

static int open_self(struct perf_event_attr *attr)
{
	int fd;

	attr->size = PERF_ATTR_SIZE_VER0;
	attr->exclude_hv = 1;
	fd = (int)syscall(SYS_perf_event_open, attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int probe_least(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.exclude_kernel = 1,
	};
	int fd = open_self(&attr);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

int probe_event(const char *name, bool kernel)
{
	struct perf_event_attr attr = {.size = sizeof(attr)};
	bool clock;
	int code = event_encode(name, &attr, &clock, NULL);

	if (code < 0)
		return code;
	attr.exclude_kernel = !kernel;
	return event_try(&attr);
}

/* Opens @attr, sleeps a moment and looks for a record of @type. */
static int try_sleep(struct perf_event_attr *attr, uint32_t type)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	const struct perf_event_header *h;
	struct ring ring = {0};
	_cleanup_close_ int fd = open_self(attr);
	int code;

	if (fd < 0)
		return fd;
	code = ring_open(&ring, fd, RING_BYTES);
	if (code < 0)
		return -ENOBUFS;
	nanosleep(&pause, NULL);
	ring_fetch(&ring);
	code = -ENODATA;
	for (; (h = ring_peek(&ring)); ring_advance(&ring)) {
		if (h->type == type)
			code = 0;
	}
	ring_close(&ring);
	return code;
}

int probe_switches(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.exclude_kernel = 1,
		.context_switch = 1,
	};

	return try_sleep(&attr, PERF_RECORD_SWITCH);
}

int probe_switch_samples(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CONTEXT_SWITCHES,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_IP,
	};

	return try_sleep(&attr, PERF_RECORD_SAMPLE);
}

int probe_tracepoint(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_IP,
	};
	uint64_t id;
	int code = tracepoint_id("sched:sched_switch", &id);

	if (code < 0)
		return code;
	attr.config = id;
	return try_sleep(&attr, PERF_RECORD_SAMPLE);
}

/* --- on a child --------------------------------------------------------------------- */

/* A child that waits for a byte, and then executes `profd --version` with its output
 * thrown away. */
struct child {
	pid_t pid;
	int go; /* -1: told already */
};

static void child_main(int wait_fd) __attribute__((noreturn));
static void child_main(int wait_fd)
{
	char self[] = "/proc/self/exe", version[] = "--version";
	char *argv[] = {self, version, NULL};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	char byte;

	if (read(wait_fd, &byte, 1) == 1 && null >= 0 && dup2(null, 1) == 1 &&
	    dup2(null, 2) == 2)
		execv(self, argv);
	_exit(0);
}

static int child_start(struct child *c)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	fflush(NULL);
	c->pid = fork();
	if (c->pid == 0) {
		close(fds[1]);
		child_main(fds[0]);
	}
	close(fds[0]);
	c->go = fds[1];
	if (c->pid > 0)
		return 0;
	close(c->go);
	return -EAGAIN;
}

static void child_go(struct child *c)
{
	if (write(c->go, "", 1) < 0)
		kill(c->pid, SIGKILL);
	close(c->go);
	c->go = -1;
}

static void child_end(struct child *c)
{
	if (c->go >= 0)
		close(c->go); /* it reads the end, and exits */
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int probe_reach(enum reach reach, struct error *err)
{
	struct perf_event_attr attr = {
		.size = PERF_ATTR_SIZE_VER0,
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.disabled = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	struct target t = {0};
	struct child c;
	int code = child_start(&c), fd;

	if (code < 0)
		return error_set(err, code, "no child can be started: %s",
				 strerror(-code));
	code = target_init(&t, reach, c.pid, NULL, err);
	if (code == 0) {
		target_attr(&t, &attr);
		fd = target_open(&t, &attr, 0, -1);
		if (fd >= 0)
			close(fd);
		else
			code = error_set(err, fd, "cpu-clock does not open: %s",
					 strerror(-fd));
	}
	child_end(&c);
	target_done(&t);
	return code;
}

static uint64_t count_records(struct sampler *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < sampler_nrings(s); i++) {
		struct ring *r = sampler_ring(s, i);

		ring_fetch(r);
		for (; ring_peek(r); ring_advance(r))
			n++;
	}
	return n;
}

int probe_recording(struct probe_recording *ret, struct error *err)
{
	uint32_t max = sampler_max_hz();
	struct sampler_options o = {.hz = max < 499 ? max : 499};
	struct sampler *s;
	struct child c;
	int code = child_start(&c);

	if (code < 0)
		return error_set(err, code, "no child can be started: %s",
				 strerror(-code));
	s = sampler_open(&o, c.pid, err);
	if (!s) {
		child_end(&c);
		return err->code;
	}
	sampler_start(s);
	child_go(&c);
	child_end(&c);
	sampler_stop(s);
	ret->info = *sampler_info(s);
	ret->records = count_records(s);
	sampler_close(s);
	if (!ret->records)
		return error_set(err, -ENODATA,
				 "'%s' opened, but not one record of a program's start "
				 "came",
				 ret->info.event);
	return 0;
}

bool probe_setting(const char *path, int64_t *ret_value)
{
	_cleanup_free_ char *data = NULL;
	bool minus;
	uint64_t v;
	size_t n;

	if (io_slurp(path, 4096, &data, &n) < 0)
		return false;
	data[strcspn(data, "\n")] = '\0';
	minus = data[0] == '-';
	if (number_parse_u64(data + minus, 0, INT64_MAX, &v))
		return false;
	*ret_value = minus ? -(int64_t)v : (int64_t)v;
	return true;
}
