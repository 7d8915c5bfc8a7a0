/* Preloaded into profd, this plays a machine that is not there. The program that profd
 * starts does not get it: the variables are taken out of the environment before main().
 *
 * 	FAKE="WORD WORD..."
 *
 * 	pmu		hardware events exist. What samples them is the kernel's cpu-clock, so that
 * 			stacks are real; periods and counts become those of a PMU at 3 GHz, steered
 * 			to a frequency with ten per cent of noise
 * 	precise=N	the highest :p level that the PMU has (2); EOPNOTSUPP above
 * 	pebs		precise samples of a fixed period, without registers and stacks, are kept back
 * 			for others to come, unless each is to wake: "large PEBS" of Intel's
 * 	silent		hardware events open, and neither count nor sample
 * 	deaf		they count, but never sample: no interrupt comes
 * 	starved		they wait for a counter all the time
 * 	mux=N		they have a counter N % of the time
 * 	arm		they take neither exclude_idle nor events without exclude_guest: EOPNOTSUPP, as
 * 			drivers/perf/arm_pmuv3.c and apple_m1_cpu_pmu.c
 * 	hybrid=N	only the CPUs below N have them: ENOENT on others
 * 	group=N		that many of them fit into a group: EINVAL
 * 	hw=ERRNO	hardware events fail
 * 	open=N:ERRNO	the N-th event fails ("N+": and all that follow)
 * 	cpus=N		CPUs in the machine. Nothing ever happens on those that are not really there
 * 	offline=A-B	CPUs that are off: ENODEV
 * 	ring=KIB	the largest buffer that is granted: EPERM above
 * 	locked=KIB	the same for all buffers together
 * 	lacks=NAME	an attribute that the kernel is too old for: EINVAL. The names are below
 * 	size=N		the kernel's perf_event_attr has N bytes: E2BIG, and N written back, for a
 * 			larger one
 * 	paranoid=N	kernel.perf_event_paranoid, and profd has no capability against it. 3 and 4
 * 			are what Debian and Ubuntu added
 *
 * FAKE_ROOT=DIR: where DIR/PATH exists, it is read instead of PATH. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/perf_event.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define FDS_MAX 65536
#define LACKS_MAX 16
#define PARANOID_FILE "/proc/sys/kernel/perf_event_paranoid"

static struct machine {
	bool pmu, pebs, silent, deaf, starved, arm;
	unsigned precise, mux, cpus, attr_bytes, hybrid, group;
	unsigned offline_from, offline_to; /* … below */
	int hw_errno, open_errno;
	unsigned open_n, opened;
	bool open_on;
	uint64_t ring_bytes, locked_bytes, locked_now;
	const char *lacks[LACKS_MAX];
	unsigned nlacks;
	int paranoid; /* INT32_MIN: the real one */
} machine = {.precise = 2, .mux = 100, .paranoid = INT32_MIN};
static char *root_dir;

/* An event of profd's. */
static struct fake {
	bool used, hardware;
	bool idle; /* on a CPU that is not there; fd is an eventfd */
	bool self; /* on profd itself, which tries the event and reads the ring at once */
	uint64_t id; /* of PERF_EVENT_IOC_ID, 0: not known */
	double rate; /* events in a nanosecond */
	unsigned
		members; /* hardware events in the group that it leads, itself included */
	bool samples;
	uint64_t period;  /* fixed, in events; 0: by frequency */
	uint64_t sampled; /* the sum of its samples' periods */
	uint64_t sample_type, read_format;
	void *real, *shadow; /* the ring as the kernel writes it, and as profd reads it */
	size_t ring_bytes;
	uint64_t head;
} * fakes[FDS_MAX];

#define REAL(type, name, ...)                                                            \
	static type (*real)(__VA_ARGS__);                                                \
	if (!real)                                                                       \
	real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

/* --- the words ---------------------------------------------------------------------- */

/* A word that is not understood must not pass for a machine that works. */
static void bad_word(const char *word)
{
	fprintf(stderr, "fake: '%s'?\n", word);
	abort();
}

static int errno_of(const char *name)
{
	for (int e = 1; e < 200; e++) {
		const char *n = strerrorname_np(e);

		if (n && !strcmp(n, name))
			return e;
	}
	bad_word(name);
	return 0;
}

static uint64_t number_of(const char *text)
{
	char *end;
	uint64_t v = strtoull(text, &end, 10);

	if (*end || !*text)
		bad_word(text);
	return v;
}

static void parse_open(const char *text)
{
	char plus[2] = "", name[32];

	if (sscanf(text, "%u:%31s", &machine.open_n, name) != 2 &&
	    sscanf(text, "%u%1[+]:%31s", &machine.open_n, plus, name) != 3)
		bad_word(text);
	machine.open_on = plus[0];
	machine.open_errno = errno_of(name);
}

static void parse_value(const char *word, const char *v)
{
	size_t n = (size_t)(v - word) - 1;

#define IS(s) (n == strlen(s) && !memcmp(word, s, n))
	if (IS("precise"))
		machine.precise = (unsigned)number_of(v);
	else if (IS("mux"))
		machine.mux = (unsigned)number_of(v);
	else if (IS("hybrid"))
		machine.hybrid = (unsigned)number_of(v);
	else if (IS("group"))
		machine.group = (unsigned)number_of(v);
	else if (IS("cpus"))
		machine.cpus = (unsigned)number_of(v);
	else if (IS("size"))
		machine.attr_bytes = (unsigned)number_of(v);
	else if (IS("ring"))
		machine.ring_bytes = number_of(v) << 10;
	else if (IS("locked"))
		machine.locked_bytes = number_of(v) << 10;
	else if (IS("paranoid"))
		machine.paranoid = v[0] == '-' ? -(int)number_of(v + 1)
					       : (int)number_of(v);
	else if (IS("hw"))
		machine.hw_errno = errno_of(v);
	else if (IS("open"))
		parse_open(v);
	else if (IS("lacks") && machine.nlacks < LACKS_MAX)
		machine.lacks[machine.nlacks++] = v;
	else if (!IS("offline") ||
		 sscanf(v, "%u-%u", &machine.offline_from, &machine.offline_to) != 2)
		bad_word(word);
#undef IS
}

static void parse_word(const char *word)
{
	const char *eq = strchr(word, '=');

	if (eq)
		parse_value(word, eq + 1);
	else if (!strcmp(word, "pmu"))
		machine.pmu = true;
	else if (!strcmp(word, "pebs"))
		machine.pmu = machine.pebs = true;
	else if (!strcmp(word, "arm"))
		machine.pmu = machine.arm = true;
	else if (!strcmp(word, "silent"))
		machine.pmu = machine.silent = true;
	else if (!strcmp(word, "deaf"))
		machine.pmu = machine.deaf = true;
	else if (!strcmp(word, "starved"))
		machine.pmu = machine.starved = true;
	else
		bad_word(word);
}

static bool lacks(const char *name)
{
	for (unsigned i = 0; i < machine.nlacks; i++)
		if (!strcmp(machine.lacks[i], name))
			return true;
	return false;
}

static bool refuses(const struct perf_event_attr *a)
{
	const struct {
		const char *name;
		bool wanted;
	} bits[] = {
		/* By the release that brought them. */
		{"exclude_guest", a->exclude_guest},			      /* 3.2 */
		{"exclude_callchain_user", a->exclude_callchain_user},	      /* 3.7 */
		{"regs_user", a->sample_type & PERF_SAMPLE_REGS_USER},	      /* 3.7 */
		{"stack_user", a->sample_type & PERF_SAMPLE_STACK_USER},      /* 3.7 */
		{"identifier", a->sample_type & PERF_SAMPLE_IDENTIFIER},      /* 3.12 */
		{"mmap2", a->mmap2},					      /* 3.16 */
		{"comm_exec", a->comm_exec},				      /* 3.16 */
		{"use_clockid", a->use_clockid},			      /* 4.1 */
		{"context_switch", a->context_switch},			      /* 4.3 */
		{"cgroup", a->cgroup || a->sample_type & PERF_SAMPLE_CGROUP}, /* 5.7 */
		{"build_id", a->build_id},				      /* 5.12 */
		{"inherit_thread", a->inherit_thread},			      /* 5.13 */
		{"remove_on_exec", a->remove_on_exec},			      /* 5.13 */
		{"format_lost", a->read_format & PERF_FORMAT_LOST},	      /* 6.0 */
		{"inherit", a->inherit}, /* a sandbox's emulation */
	};
	bool known = true, refused = false;

	for (unsigned i = 0; i < machine.nlacks; i++) {
		bool found = false;

		for (size_t k = 0; k < N(bits); k++)
			found |= !strcmp(machine.lacks[i], bits[k].name);
		known &= found;
	}
	if (!known)
		bad_word("lacks");
	for (size_t k = 0; k < N(bits); k++)
		refused |= bits[k].wanted && lacks(bits[k].name);
	return refused;
}

static __attribute__((constructor)) void start(void)
{
	const char *words = getenv("FAKE"), *dir = getenv("FAKE_ROOT");
	static char copy[4096]; /* words of it are kept */

	snprintf(copy, sizeof(copy), "%s", words ? words : "");
	for (char *save = NULL, *w = strtok_r(copy, " ", &save); w;
	     w = strtok_r(NULL, " ", &save))
		parse_word(w);
	root_dir = dir ? strdup(dir) : NULL;
	unsetenv("LD_PRELOAD");
	unsetenv("FAKE");
	unsetenv("FAKE_ROOT");
}

/* --- perf_event_open ---------------------------------------------------------------- */

static long kernel(long number, ...)
{
	long a[6];
	va_list ap;
	REAL(long, "syscall", long, ...);

	va_start(ap, number);
	for (unsigned i = 0; i < N(a); i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* As the kernel checks it (kernel/events/core.c): 0 or an errno. */
static int denied(const struct perf_event_attr *a, pid_t pid, unsigned long flags)
{
	if (machine.paranoid == INT32_MIN)
		return 0;
	if (machine.paranoid > 2 || (machine.paranoid > 1 && !a->exclude_kernel))
		return EACCES;
	if (machine.paranoid > 0 && (pid == -1 || flags & PERF_FLAG_PID_CGROUP))
		return EACCES;
	if (machine.paranoid > -1 && a->type == PERF_TYPE_TRACEPOINT &&
	    (a->sample_type & PERF_SAMPLE_RAW))
		return EPERM;
	return 0;
}

static bool is_hardware(const struct perf_event_attr *a)
{
	return a->type == PERF_TYPE_HARDWARE || a->type == PERF_TYPE_HW_CACHE ||
	       a->type == PERF_TYPE_RAW;
}

/* Events in a nanosecond. */
static double rate_of(const struct perf_event_attr *a)
{
	if (a->type == PERF_TYPE_HARDWARE && a->config == PERF_COUNT_HW_CPU_CYCLES)
		return 3;
	if (a->type == PERF_TYPE_HARDWARE && a->config == PERF_COUNT_HW_INSTRUCTIONS)
		return 4.5;
	return 0.1;
}

/* What this PMU does not take. */
static int pmu_fails(const struct perf_event_attr *a, int cpu, int group)
{
	const struct fake *leader = group >= 0 ? fakes[group] : NULL;

	if (machine.hw_errno)
		return machine.hw_errno;
	if (!machine.pmu)
		return 0;
	if (a->precise_ip > machine.precise)
		return EOPNOTSUPP;
	if (machine.arm && (a->exclude_idle || !a->exclude_guest))
		return EOPNOTSUPP;
	if (machine.hybrid && cpu >= (int)machine.hybrid)
		return ENOENT;
	if (machine.group && leader && leader->members >= machine.group)
		return EINVAL;
	return 0;
}

static int fails(struct perf_event_attr *a, pid_t pid, int cpu, int group,
		 unsigned long flags)
{
	int code;

	machine.opened++;
	if (machine.open_n && (machine.opened == machine.open_n ||
			       (machine.open_on && machine.opened > machine.open_n)))
		return machine.open_errno;
	if (machine.attr_bytes && a->size > machine.attr_bytes) {
		a->size = machine.attr_bytes;
		return E2BIG;
	}
	if (refuses(a))
		return EINVAL;
	code = denied(a, pid, flags);
	if (code)
		return code;
	if (cpu >= 0 && machine.cpus && (unsigned)cpu >= machine.cpus)
		return ENODEV;
	if (cpu >= 0 && (unsigned)cpu >= machine.offline_from &&
	    (unsigned)cpu <= machine.offline_to && machine.offline_to)
		return ENODEV;
	if (!is_hardware(a))
		return a->precise_ip ? EOPNOTSUPP : 0;
	return pmu_fails(a, cpu, group);
}

/* arch/x86/events/intel/core.c, intel_pmu_hw_config(). */
static bool kept_back(const struct perf_event_attr *a)
{
	return machine.pebs && a->precise_ip && !a->freq &&
	       !(a->wakeup_events && !a->watermark) &&
	       !(a->sample_type & (PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_REGS_USER |
				   PERF_SAMPLE_STACK_USER));
}

/* What the kernel is really asked for. */
static void disguise(struct perf_event_attr *a, const struct fake *f)
{
	a->type = PERF_TYPE_SOFTWARE;
	a->config = machine.silent || machine.starved ? PERF_COUNT_SW_DUMMY
						      : PERF_COUNT_SW_CPU_CLOCK;
	a->config1 = a->config2 = 0;
	if (machine.deaf || kept_back(a)) {
		a->freq = 0;
		a->sample_period = 0;
	} else if (!a->freq && a->sample_period) {
		a->sample_period = (uint64_t)((double)a->sample_period / f->rate) + 1;
	}
	a->precise_ip = 0;
}

static int open_fake(struct perf_event_attr *a, pid_t pid, int cpu, int group,
		     unsigned long flags)
{
	struct perf_event_attr changed = *a; /* of our own headers' size */
	struct fake f = {.used = true,
			 .hardware = machine.pmu && is_hardware(a),
			 .sample_type = a->sample_type,
			 .read_format = a->read_format,
			 .samples = a->sample_period && pid && !machine.deaf,
			 .period = a->freq ? 0 : a->sample_period};
	int fd;

	f.rate = f.hardware ? rate_of(a) : 1;
	f.self = pid == 0;
	f.idle = cpu >= (int)sysconf(_SC_NPROCESSORS_ONLN) && machine.cpus;
	if (f.hardware)
		disguise(&changed, &f);
	fd = f.idle ? eventfd(0, EFD_CLOEXEC)
		    : (int)kernel(SYS_perf_event_open, &changed, pid, cpu, group, flags);
	if (fd >= FDS_MAX)
		bad_word("too many events");
	if (fd >= 0) {
		fakes[fd] = calloc(1, sizeof(f));
		*fakes[fd] = f;
		fakes[group >= 0 && fakes[group] ? group : fd]->members += f.hardware;
	}
	return fd;
}

long syscall(long number, ...)
{
	long a[6];
	va_list ap;
	int code;

	va_start(ap, number);
	for (unsigned i = 0; i < N(a); i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number != SYS_perf_event_open)
		return kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	code = fails((struct perf_event_attr *)a[0], (pid_t)a[1], (int)a[2], (int)a[3],
		     (unsigned long)a[4]);
	if (code) {
		errno = code;
		return -1;
	}
	return open_fake((struct perf_event_attr *)a[0], (pid_t)a[1], (int)a[2],
			 (int)a[3], (unsigned long)a[4]);
}

/* sysconf(3) reads files that the real library opens by itself. */
long sysconf(int name)
{
	REAL(long, "sysconf", int);

	return name == _SC_NPROCESSORS_CONF && machine.cpus ? (long)machine.cpus
							    : real(name);
}

static struct fake *fake_of(int fd)
{
	return fd >= 0 && fd < FDS_MAX ? fakes[fd] : NULL;
}

/* --- rings: the kernel's is read here, and profd reads a copy whose periods are the PMU's --- */

static struct fake *fake_by_id(uint64_t id, struct fake *otherwise)
{
	for (int fd = 0; fd < FDS_MAX; fd++)
		if (fakes[fd] && fakes[fd]->id == id)
			return fakes[fd];
	return otherwise;
}

static uint64_t *word_at(const struct fake *f, uint64_t at)
{
	size_t page = (size_t)getpagesize();

	return (uint64_t *)((char *)f->shadow + page + (at & (f->ring_bytes - page - 1)));
}

/* A sample is {header, [id,] ip, pid+tid, time, cpu, period, …} in all that profd asks
 * for. */
static void rewrite_period(struct fake *f, uint64_t at)
{
	static uint32_t noise = 12345;
	uint64_t offset = 40;
	struct fake *of = f;

	if (f->sample_type & PERF_SAMPLE_IDENTIFIER) {
		of = fake_by_id(*word_at(f, at + 8), f);
		offset += 8;
	}
	if (!of->hardware || !(of->sample_type & PERF_SAMPLE_PERIOD))
		return;
	noise = noise * 1664525 + 1013904223;
	*word_at(f, at + offset) =
		of->period ? of->period
			   : (uint64_t)((double)*word_at(f, at + offset) * of->rate *
					(0.9 + 0.2 * (noise >> 8) / (1 << 24)));
	of->sampled += *word_at(f, at + offset);
}

static void pump(struct fake *f)
{
	struct perf_event_mmap_page *real = f->real, *shadow = f->shadow;
	size_t page = (size_t)getpagesize(), size = f->ring_bytes - page;
	uint64_t head;

	if (!f->real)
		return;
	head = __atomic_load_n(&real->data_head, __ATOMIC_ACQUIRE);
	for (uint64_t at = f->head; at < head; at += 8)
		*word_at(f,
			 at) = *(uint64_t *)((char *)f->real + page + (at & (size - 1)));
	while (f->head < head) {
		struct perf_event_header h;

		memcpy(&h, word_at(f, f->head), sizeof(h));
		if (h.type == PERF_RECORD_SAMPLE)
			rewrite_period(f, f->head);
		f->head += h.size;
	}
	__atomic_store_n(&shadow->data_head, head, __ATOMIC_RELEASE);
	__atomic_store_n(&real->data_tail,
			 __atomic_load_n(&shadow->data_tail, __ATOMIC_ACQUIRE),
			 __ATOMIC_RELEASE);
}

static void pump_all(void)
{
	for (int fd = 0; fd < FDS_MAX; fd++)
		if (fakes[fd])
			pump(fakes[fd]);
}

void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
	struct fake *f = fake_of(fd);
	size_t page = (size_t)getpagesize();
	REAL(void *, "mmap", void *, size_t, int, int, int, off_t);

	if (!f)
		return real(at, n, prot, flags, fd, off);
	if ((machine.ring_bytes && n - page > machine.ring_bytes) ||
	    (machine.locked_bytes && machine.locked_now + n > machine.locked_bytes)) {
		errno = EPERM;
		return MAP_FAILED;
	}
	if (f->idle || (machine.pmu && !f->self)) {
		f->shadow = real(NULL, n, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		f->real = f->idle ? NULL : real(at, n, prot, flags, fd, off);
		if (f->real == MAP_FAILED) {
			munmap(f->shadow, n);
			f->shadow = f->real = NULL;
			return MAP_FAILED;
		}
	} else {
		f->shadow = real(at, n, prot, flags, fd, off);
		if (f->shadow == MAP_FAILED) {
			f->shadow = NULL;
			return MAP_FAILED;
		}
	}
	f->ring_bytes = n;
	machine.locked_now += n;
	return f->shadow;
}

int munmap(void *at, size_t n)
{
	REAL(int, "munmap", void *, size_t);

	for (int fd = 0; fd < FDS_MAX; fd++) {
		struct fake *f = fakes[fd];

		if (!f || !f->shadow || f->shadow != at)
			continue;
		if (f->real)
			real(f->real, n);
		f->real = f->shadow = NULL;
		machine.locked_now -= n;
	}
	return real(at, n);
}

/* profd looks into its rings after it has waited, and once more after it has switched the
 * events off. */
int poll(struct pollfd *fds, nfds_t n, int ms)
{
	int r;
	REAL(int, "poll", struct pollfd *, nfds_t, int);

	pump_all();
	r = real(fds, n, ms);
	pump_all();
	return r;
}

int ioctl(int fd, unsigned long request, ...)
{
	struct fake *f = fake_of(fd);
	va_list ap;
	long arg;
	int r;
	REAL(int, "ioctl", int, unsigned long, ...);

	va_start(ap, request);
	arg = va_arg(ap, long);
	va_end(ap);
	if (f && f->idle) {
		if (request == PERF_EVENT_IOC_ID)
			*(uint64_t *)arg = f->id = (uint64_t)fd << 32;
		return 0;
	}
	r = real(fd, request, arg);
	if (f && !r && request == PERF_EVENT_IOC_ID)
		f->id = *(uint64_t *)arg;
	if (f && request == PERF_EVENT_IOC_DISABLE)
		pump_all();
	return r;
}

/* --- counts ------------------------------------------------------------------------- */

/* {value, [enabled,] [running,] [id,] [lost]} of perf_event_open(2). */
static void rewrite_count(const struct fake *f, uint64_t *v)
{
	unsigned i = 1, running = 0;

	/* The clock underneath also runs in the kernel and while others have the CPU. */
	if (f->samples)
		v[0] = f->sampled;
	else
		v[0] = (uint64_t)((double)v[0] * f->rate * machine.mux / 100);
	if (f->read_format & PERF_FORMAT_TOTAL_TIME_ENABLED)
		i++;
	if (f->read_format & PERF_FORMAT_TOTAL_TIME_RUNNING)
		running = i;
	if (running)
		v[running] = machine.starved ? 0 : v[running] * machine.mux / 100;
}

ssize_t read(int fd, void *buf, size_t n)
{
	struct fake *f = fake_of(fd);
	ssize_t got;
	REAL(ssize_t, "read", int, void *, size_t);

	if (f && f->idle) {
		memset(buf, 0, n);
		return (ssize_t)n;
	}
	got = real(fd, buf, n);
	if (f)
		pump_all();
	if (f && f->hardware && got >= 8)
		rewrite_count(f, buf);
	return got;
}

int close(int fd)
{
	REAL(int, "close", int);

	if (fake_of(fd)) {
		/* Its buffer may be mapped on: profd unmaps first. */
		free(fakes[fd]);
		fakes[fd] = NULL;
	}
	return real(fd);
}

/* --- files -------------------------------------------------------------------------- */

static bool replaced(const char *path, char *buf, size_t size)
{
	REAL(int, "access", const char *, int);

	if (!root_dir || path[0] != '/')
		return false;
	snprintf(buf, size, "%s%s", root_dir, path);
	return real(buf, F_OK) == 0;
}

/* A descriptor with the text of the setting; -1: it is not this file. */
static int setting(const char *path)
{
	char text[16];
	int fd, n;

	if (machine.paranoid == INT32_MIN || strcmp(path, PARANOID_FILE))
		return -1;
	fd = memfd_create("paranoid", MFD_CLOEXEC);
	n = snprintf(text, sizeof(text), "%d\n", machine.paranoid);
	if (fd < 0 || write(fd, text, (size_t)n) != n || lseek(fd, 0, SEEK_SET))
		abort();
	return fd;
}

int openat(int dir, const char *path, int flags, ...)
{
	char other[4096];
	va_list ap;
	mode_t mode = 0;
	int fd = setting(path);
	REAL(int, "openat", int, const char *, int, ...);

	va_start(ap, flags);
	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	if (fd >= 0)
		return fd;
	return real(dir, replaced(path, other, sizeof(other)) ? other : path, flags,
		    mode);
}

int open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode = 0;

	va_start(ap, flags);
	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return openat(AT_FDCWD, path, flags, mode);
}

FILE *fopen(const char *path, const char *mode)
{
	char other[4096];
	REAL(FILE *, "fopen", const char *, const char *);

	return real(replaced(path, other, sizeof(other)) ? other : path, mode);
}

int access(const char *path, int mode)
{
	char other[4096];
	REAL(int, "access", const char *, int);

	return real(replaced(path, other, sizeof(other)) ? other : path, mode);
}
