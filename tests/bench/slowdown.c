/* slowdown [-F HZ] [-r ROUNDS] [-w SECONDS] [-d DIR] deep|gaps:KB WORKLOAD: what sampling
 * costs the sampled program, by switching events on and off inside one process; JSON on
 * stdout. Row 5.
 *
 * The program counts its work in shared memory. All ways of sampling are open on it from
 * the start: profd's (the library's own sampler and session, with a stack copy of 16 and
 * of 64 KiB), and perf's (attributes and ring sizes as perf record -vv shows them, for
 * --call-graph fp and dwarf). One window of time has none of them enabled, the next one
 * of them, and so on, each round in another order. An on-window is later compared with
 * the two off-windows beside it.
 *
 * Who reads the rings: this process, one loop. For profd it decodes and unwinds as the
 * profiler does, only without merging the rings; for perf it writes the bytes to a file,
 * as perf record does.
 *
 * A window's rates are units per second of wall time, in which the reader's own CPU time
 * shows when the CPUs are all busy, and units per second of the program's CPU time, in
 * which it does not. In gaps mode it is the median and the number of the gaps. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include <profd/clock.h>
#include <profd/mem.h>
#include <profd/number.h>
#include <profd/sampler.h>
#include <profd/session.h>

#include "shared.h"

#define PERF_RING_BYTES (512u << 10) /* perf record's, for root */
#define CPUS_MAX 64
#define WARM_UP_NS (NSEC_PER_SEC / 2)
#define ROUND_MS 100

struct way {
	const char *name;
	uint32_t stack_bytes; /* 0: frame pointers, walked by the kernel */
	bool own;	      /* profd's */
	/* The one or the other: */
	struct sampler *sampler;
	struct session *session;
	int fds[CPUS_MAX];
	struct ring rings[CPUS_MAX];
	size_t ncpus;
	uint64_t samples_bytes; /* read, of perf's kind */
};

static struct way ways[] = {
	{.name = "profd64", .own = true, .stack_bytes = 65528},
	{.name = "profd16", .own = true, .stack_bytes = 16384},
	{.name = "perf-fp"},
	{.name = "perf16", .stack_bytes = 16384},
	{.name = "perf64", .stack_bytes = 65528},
};

struct bench {
	uint32_t hz;
	unsigned rounds;
	uint64_t window_ns;
	pid_t pid;
	clockid_t cpu_clock; /* of the program */
	struct shared *shared;
	int out; /* perf's file */
	bool gaps;
	bool first;
};

static void fail(const char *what)
{
	fprintf(stderr, "slowdown: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- opening ---------------------------------------------------------------------- */

static void open_own(struct way *w, const struct bench *b)
{
	struct sampler_options so = {
		.event = "cpu-clock", .hz = b->hz, .stack_bytes = w->stack_bytes};
	struct session_options options = {.unwind = UNWIND_CFI,
					  .event = "cpu-clock",
					  .clock = true,
					  .period = NSEC_PER_SEC / b->hz,
					  .root_pid = (uint32_t)b->pid};
	struct error err = {0};

	w->sampler = sampler_open(&so, b->pid, &err);
	w->session = w->sampler ? session_new(&options, &err) : NULL;
	if (!w->session) {
		fprintf(stderr, "slowdown: %s\n", err.text);
		exit(1);
	}
	w->ncpus = sampler_nrings(w->sampler);
	for (size_t i = 0; i < w->ncpus; i++)
		w->fds[i] = sampler_fd(w->sampler, i);
}

static void open_perf(struct way *w, const struct bench *b)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = b->hz,
		.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
			       PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_PERIOD,
		.read_format = PERF_FORMAT_ID,
		.disabled = 1,
		.enable_on_exec = 1,
		.inherit = 1,
		.mmap = 1,
		.mmap2 = 1,
		.comm = 1,
		.comm_exec = 1,
		.task = 1,
		.sample_id_all = 1,
		.exclude_guest = 1,
	};
	long ncpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (w->stack_bytes) {
		attr.sample_type |= PERF_SAMPLE_ADDR | PERF_SAMPLE_DATA_SRC |
				    PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;
		attr.sample_regs_user = perf_regs_mask();
		attr.sample_stack_user = w->stack_bytes;
		attr.exclude_callchain_user = 1;
		attr.mmap_data = 1;
	}
	for (int cpu = 0; cpu < ncpus && cpu < CPUS_MAX; cpu++) {
		int fd = (int)syscall(SYS_perf_event_open, &attr, b->pid, cpu, -1,
				      PERF_FLAG_FD_CLOEXEC);

		if (fd < 0 || ring_open(&w->rings[cpu], fd, PERF_RING_BYTES) < 0)
			fail("perf_event_open");
		w->fds[w->ncpus++] = fd;
	}
}

/* --- reading ---------------------------------------------------------------------- */

static void drain_own(struct way *w)
{
	for (size_t i = 0; i < w->ncpus; i++) {
		struct ring *r = sampler_ring(w->sampler, i);
		const void *record;

		ring_fetch(r);
		while ((record = ring_peek(r))) {
			struct event e;

			if (sampler_decode(w->sampler, record, &e) == 0)
				session_feed(w->session, &e);
			ring_advance(r);
			ring_release(r);
		}
	}
}

static void write_all(int fd, const uint8_t *data, size_t n)
{
	while (n) {
		ssize_t done = write(fd, data, n);

		if (done <= 0)
			fail("write");
		data += done;
		n -= (size_t)done;
	}
}

static void drain_perf(struct way *w, int out)
{
	for (size_t i = 0; i < w->ncpus; i++) {
		struct ring *r = &w->rings[i];
		uint64_t from, to, until_end;

		ring_fetch(r);
		from = r->pos & r->mask;
		to = r->limit - r->pos;
		until_end = r->mask + 1 - from;
		if (to > until_end) {
			write_all(out, r->data + from, until_end);
			write_all(out, r->data, to - until_end);
		} else {
			write_all(out, r->data + from, to);
		}
		w->samples_bytes += to;
		r->pos = r->limit;
		ring_release(r);
	}
}

static void drain(struct way *w, int out)
{
	if (w->own)
		drain_own(w);
	else
		drain_perf(w, out);
}

/* --- windows ---------------------------------------------------------------------- */

static void enable(const struct way *w, bool on)
{
	for (size_t i = 0; i < w->ncpus; i++)
		if (ioctl(w->fds[i], on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE,
			  0) < 0)
			fail("ioctl");
}

/* Until @until_ns; @w NULL: nobody samples. */
static void read_until(struct way *w, const struct bench *b, uint64_t until_ns)
{
	struct pollfd fds[CPUS_MAX];
	uint64_t now;

	for (size_t i = 0; w && i < w->ncpus; i++)
		fds[i] = (struct pollfd){.fd = w->fds[i], .events = POLLIN};
	while ((now = clock_now_ns()) < until_ns) {
		uint64_t ms = (until_ns - now) / 1000000 + 1;

		/* profd looks at its rings at least every tenth of a second. */
		if (w && w->own && ms > ROUND_MS)
			ms = ROUND_MS;
		if (poll(fds, w ? w->ncpus : 0, (int)ms) < 0 && errno != EINTR)
			fail("poll");
		if (w)
			drain(w, b->out);
	}
}

struct counts {
	uint64_t wall_ns, cpu_ns, units, ngaps;
};

static struct counts counts_now(const struct bench *b)
{
	struct counts c = {.wall_ns = clock_now_ns(), .ngaps = b->shared->ngaps};
	struct timespec ts;

	if (clock_gettime(b->cpu_clock, &ts) < 0)
		fail("the workload's CPU clock");
	c.cpu_ns = (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
	for (unsigned i = 0; i < SHARED_THREADS; i++)
		c.units += b->shared->threads[i].units;
	return c;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t median_gap(const struct bench *b, uint64_t from, uint64_t to)
{
	uint64_t n = to - from > SHARED_GAPS ? SHARED_GAPS : to - from;
	_cleanup_free_ uint32_t *gaps = xcalloc(n + 1, sizeof(*gaps));

	for (uint64_t i = 0; i < n; i++)
		gaps[i] = b->shared->gaps[(from + i) % SHARED_GAPS];
	qsort(gaps, n, sizeof(*gaps), by_value);
	return gaps[n / 2];
}

static void window(struct bench *b, struct way *w)
{
	struct counts from, to;

	if (w)
		enable(w, true);
	from = counts_now(b);
	read_until(w, b, from.wall_ns + b->window_ns);
	to = counts_now(b);
	if (w) {
		enable(w, false);
		drain(w, b->out);
		if (ftruncate(b->out, 0) < 0 || lseek(b->out, 0, SEEK_SET) < 0)
			fail("perf's file");
	}
	printf("%s\n  {\"way\": \"%s\", \"wall_ns\": %llu, \"cpu_ns\": %llu, \"units\": "
	       "%llu",
	       b->first ? "" : ",", w ? w->name : "off",
	       (unsigned long long)(to.wall_ns - from.wall_ns),
	       (unsigned long long)(to.cpu_ns - from.cpu_ns),
	       (unsigned long long)(to.units - from.units));
	if (b->gaps)
		printf(", \"gaps\": %llu, \"median_ticks\": %u",
		       (unsigned long long)(to.ngaps - from.ngaps),
		       median_gap(b, from.ngaps, to.ngaps));
	printf("}");
	b->first = false;
}

static void all_windows(struct bench *b)
{
	unsigned order[ARRAY_SIZE(ways)];
	uint64_t random = 1;

	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++)
		order[i] = i;
	for (unsigned round = 0; round < b->rounds; round++) {
		for (unsigned i = ARRAY_SIZE(ways); i-- > 1;) {
			unsigned j, swap = order[i];

			random = random * 6364136223846793005u + 1442695040888963407u;
			j = (unsigned)((random >> 33) % (i + 1));
			order[i] = order[j];
			order[j] = swap;
		}
		for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
			window(b, NULL);
			window(b, &ways[order[i]]);
		}
	}
	window(b, NULL);
}

/* --- the program ------------------------------------------------------------------ */

/* Forks it; it waits for the returned descriptor to be closed. */
static int start(struct bench *b, char *program, char *kind, int shared_fd)
{
	double seconds = (double)(2 * ARRAY_SIZE(ways) * b->rounds + 1) *
				 (double)b->window_ns / 1e9 +
			 3600;
	_cleanup_free_ char *duration = xasprintf("%.0f", seconds);
	_cleanup_free_ char *fd = xasprintf("%d", shared_fd);
	char *colon = strchr(kind, ':');
	char *argv[] = {program, duration, colon ? colon + 1 : (char *)"0", fd, NULL};
	int gate[2];
	char byte;

	if (pipe2(gate, O_CLOEXEC) < 0)
		fail("pipe");
	b->pid = fork();
	if (b->pid < 0)
		fail("fork");
	if (b->pid == 0) {
		close(gate[1]);
		if (read(gate[0], &byte, 1) == 0)
			execv(program, argv);
		_exit(127);
	}
	close(gate[0]);
	return gate[1];
}

static double ticks_per_us(void)
{
	uint64_t ns = clock_now_ns(), ticks = __builtin_ia32_rdtsc();

	while (clock_now_ns() - ns < NSEC_PER_SEC / 20)
		;
	ticks = __builtin_ia32_rdtsc() - ticks;
	return (double)ticks * 1000 / (double)(clock_now_ns() - ns);
}

static void run(struct bench *b, char *program, char *kind, const char *dir)
{
	int shared_fd = memfd_create("shared", 0), gate;
	double per_us = ticks_per_us();

	if (shared_fd < 0 || ftruncate(shared_fd, sizeof(struct shared)) < 0)
		fail("memfd_create");
	b->shared = shared_map(shared_fd);
	b->out = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (!b->shared || b->out < 0)
		fail(dir);
	gate = start(b, program, kind, shared_fd);
	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++)
		(ways[i].own ? open_own : open_perf)(&ways[i], b);
	setpriority(PRIO_PROCESS, 0, -10); /* as profd record does */
	close(gate);
	/* All see the program's start: mappings are only told while an event is
	 * enabled. */
	for (uint64_t until = clock_now_ns() + WARM_UP_NS; clock_now_ns() < until;)
		for (unsigned i = 0; i < ARRAY_SIZE(ways); i++)
			read_until(&ways[i], b, clock_now_ns() + 1000000);
	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
		enable(&ways[i], false);
		drain(&ways[i], b->out);
		ways[i].samples_bytes = 0;
	}
	if (waitpid(b->pid, NULL, WNOHANG) != 0 ||
	    clock_getcpuclockid(b->pid, &b->cpu_clock))
		fail(program);
	printf("{\"hz\": %u, \"ticks_per_us\": %.3f, \"windows\": [", b->hz, per_us);
	all_windows(b);
	kill(b->pid, SIGKILL);
	waitpid(b->pid, NULL, 0);
	printf("],\n \"readers\": {");
	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
		const struct quality *q = ways[i].own ? session_quality(ways[i].session)
						      : NULL;

		printf("%s\"%s\": {\"samples\": %llu, \"bytes\": %llu}", i ? ", " : "",
		       ways[i].name, (unsigned long long)(q ? q->samples : 0),
		       (unsigned long long)ways[i].samples_bytes);
	}
	printf("}}\n");
}

int main(int argc, char **argv)
{
	struct bench b = {.hz = 999, .rounds = 6, .window_ns = 300000000, .first = true};
	const char *dir = "/tmp";
	int option;

	while ((option = getopt(argc, argv, "F:r:w:d:")) != -1) {
		if (option == 'F')
			b.hz = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 'r')
			b.rounds = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'w')
			b.window_ns = (uint64_t)(strtod(optarg, NULL) * 1e9);
		else if (option == 'd')
			dir = optarg;
		else
			return 2;
	}
	if (argc - optind != 2 || !b.hz || !b.rounds || !b.window_ns)
		return 2;
	b.gaps = !strncmp(argv[optind], "gaps", 4);
	run(&b, argv[optind + 1], argv[optind], dir);
	return 0;
}
