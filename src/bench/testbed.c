/* The machine: what it is, and who else used it. */
#include <profd/testbed.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <profd/host.h>
#include <profd/io.h>
#include <profd/text.h>

#define FLAGS_MAX_BYTES 16384
#define CPUS_MAX 4096u
#define SHARES_FROM_NS 2e8 /* the machine counts in ticks of 10 ms */

static const char *keep(struct arena *a, const char *s)
{
	struct text t = {0};
	const char *kept;

	text_add_clean(&t, s, strlen(s));
	kept = t.len ? arena_strndup(a, t.s, t.len) : NULL;
	text_done(&t);
	return kept;
}

/* One line, or "". */
static void read_line(const char *path, char *buf, size_t size)
{
	_cleanup_free_ char *data = NULL;
	size_t n;

	buf[0] = '\0';
	if (io_slurp(path, 4096, &data, &n) == 0)
		snprintf(buf, size, "%.*s", (int)strcspn(data, "\n"), data);
}

/* FNV-1a, 64 bits (draft-eastlake-fnv): short, and the same everywhere. */
static uint64_t hash_add(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ull;
	return (h ^ '\n') * 0x100000001b3ull;
}

static const char *testbed_key(struct arena *a, const struct host *h, const char *image)
{
	_cleanup_free_ char *flags = xcalloc(1, FLAGS_MAX_BYTES);
	uint64_t hash = 0xcbf29ce484222325ull;
	char text[32];

	if (!host_key("/proc/cpuinfo", "flags", ':', flags, FLAGS_MAX_BYTES))
		host_key("/proc/cpuinfo", "Features", ':', flags, FLAGS_MAX_BYTES);
	snprintf(text, sizeof(text), "%u", h->ncpus);
	hash = hash_add(hash, h->cpu_model);
	hash = hash_add(hash, text);
	hash = hash_add(hash, h->kernel);
	hash = hash_add(hash, h->libc);
	hash = hash_add(hash, image);
	hash = hash_add(hash, h->arch);
	hash = hash_add(hash, flags);
	snprintf(text, sizeof(text), "%012llx",
		 (unsigned long long)(hash ^ hash >> 48) & 0xffffffffffffull);
	return arena_strndup(a, text, strlen(text));
}

static void mhz_add(struct outcome_environment *e, double mhz)
{
	if (!(mhz > 0))
		return;
	e->mhz_min = e->mhz_min > 0 && e->mhz_min < mhz ? e->mhz_min : mhz;
	e->mhz_max = e->mhz_max > mhz ? e->mhz_max : mhz;
}

/* Of each CPU, as it is now: Documentation/admin-guide/pm/cpufreq.rst in kHz, else what
 * /proc/cpuinfo has. */
static void mhz_read(struct outcome_environment *e)
{
	_cleanup_free_ char *data = NULL;
	const char *line;
	size_t n, len, pos = 0;
	char path[96], text[64];

	for (uint32_t i = 0; i < e->cpus && i < CPUS_MAX; i++) {
		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu%u/cpufreq/scaling_cur_freq", i);
		read_line(path, text, sizeof(text));
		if (!text[0])
			break;
		mhz_add(e, strtod(text, NULL) / 1000);
	}
	if (e->mhz_max > 0 || io_slurp("/proc/cpuinfo", (size_t)16 << 20, &data, &n) < 0)
		return;
	while (io_line(data, n, &pos, &line, &len)) {
		const char *colon = memchr(line, ':', len);

		if (colon && len > 7 && !memcmp(line, "cpu MHz", 7))
			mhz_add(e, strtod(colon + 1, NULL));
	}
}

void testbed_read(struct arena *a, struct outcome_environment *ret)
{
	const char *os = getenv("ImageOS"), *version = getenv("ImageVersion");
	struct outcome_environment e = {.steal = (double)NAN, .busy_others = (double)NAN};
	char text[256];
	struct host h;

	host_read(&h);
	snprintf(text, sizeof(text), "%s", h.os);
	if (os && *os)
		snprintf(text, sizeof(text), "%s %s", os, version ? version : "");
	e.testbed = testbed_key(a, &h, text);
	e.image = keep(a, text);
	e.cpu = keep(a, h.cpu_model);
	e.kernel = keep(a, h.kernel);
	e.libc = keep(a, h.libc);
	e.arch = keep(a, h.arch);
	e.cpus = h.ncpus;
	e.memory_bytes = h.memory_bytes;
	if (gethostname(text, sizeof(text)) == 0) {
		text[sizeof(text) - 1] = '\0';
		e.host = keep(a, text);
	}
	read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", text,
		  sizeof(text));
	e.governor = keep(a, text);
	if (getloadavg(&e.load, 1) != 1)
		e.load = (double)NAN;
	mhz_read(&e);
	*ret = e;
}

static uint64_t cpu_ns(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return ((uint64_t)u.ru_utime.tv_sec + (uint64_t)u.ru_stime.tv_sec) *
		       NSEC_PER_SEC +
	       ((uint64_t)u.ru_utime.tv_usec + (uint64_t)u.ru_stime.tv_usec) * 1000;
}

void testbed_watch_start(struct testbed_watch *w)
{
	clock_machine(&w->machine);
	w->now_ns = clock_now_ns();
	w->own_ns = cpu_ns(RUSAGE_SELF) + cpu_ns(RUSAGE_CHILDREN);
}

void testbed_watch_end(const struct testbed_watch *w, struct outcome_environment *ret)
{
	struct testbed_watch now;
	double all_ns, busy_ns, own_ns;

	testbed_watch_start(&now);
	all_ns = (double)(now.now_ns - w->now_ns) * ret->cpus;
	if (!now.machine.busy_ns || !(all_ns > SHARES_FROM_NS * ret->cpus))
		return;
	ret->steal = (double)(now.machine.stolen_ns - w->machine.stolen_ns) / all_ns;
	busy_ns = (double)(now.machine.busy_ns - w->machine.busy_ns);
	own_ns = (double)(now.own_ns - w->own_ns);
	ret->busy_others = fmin(fmax((busy_ns - own_ns) / all_ns, 0), 1);
}
