/* The examination: each rung is tried (perf/probe.c, session/ptrace-try.c), and what
 * refused it is told from the errno together with the settings that could have caused it.
 * What is to be done is place.c's. */
#include <profd/doctor.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <profd/io.h>
#include <profd/mem.h>
#include <profd/objfile.h>
#include <profd/ptrace-try.h>
#include <profd/source.h>

/* capabilities(7); linux/capability.h. */
#define CAP_SYS_ADMIN_BIT 21
#define CAP_SYSLOG_BIT 34
#define CAP_PERFMON_BIT 38
/* proc_pid_status(5): SECCOMP_MODE_FILTER. */
#define SECCOMP_FILTER 2
/* The inode of the first user namespace: include/linux/proc_ns.h, PROC_USER_INIT_INO. */
#define FIRST_USER_NAMESPACE 0xEFFFFFFDu
#define RATE_WANTED 499

static const struct {
	const char *id, *title;
} walls[WALL_COUNT] = {
	[WALL_PARANOID] = {"paranoid", "perf_event_paranoid"},
	[WALL_SECCOMP] = {"seccomp", "a seccomp filter"},
	[WALL_SECURITY] = {"security", "a security module or sandbox"},
	[WALL_SANDBOX] = {"sandbox", "no such system call"},
	[WALL_CAPABILITY] = {"capability", "a missing capability"},
	[WALL_NO_PMU] = {"no_pmu", "no PMU"},
	[WALL_SILENT] = {"silent", "silent counters"},
	[WALL_BUSY] = {"busy", "counters in use"},
	[WALL_MEMLOCK] = {"memlock", "locked memory"},
	[WALL_FILES] = {"files", "open files"},
	[WALL_OLD_KERNEL] = {"old_kernel", "an old kernel"},
	[WALL_TRACEFS] = {"tracefs", "tracefs"},
	[WALL_CGROUP] = {"cgroup", "control groups"},
	[WALL_YAMA] = {"yama", "Yama"},
	[WALL_KPTR] = {"kptr", "hidden kernel symbols"},
	[WALL_DEBUG_FILES] = {"debug_files", "missing debug files"},
	[WALL_OTHER] = {"other", "something else"},
};

const char *wall_id(enum wall w)
{
	return walls[w].id;
}

const char *wall_title(enum wall w)
{
	return walls[w].title;
}

const char *check_state_name(enum check_state s)
{
	static const char *const names[] = {
		[CHECK_OK] = "ok", [CHECK_NO] = "no", [CHECK_UNTRIED] = "untried"};

	return names[s];
}

const char *check_group_name(enum check_group g)
{
	static const char *const names[] = {
		[CHECK_SAMPLING] = "Sampling", [CHECK_REACH] = "Reach",
		[CHECK_LIMITS] = "Limits",     [CHECK_PTRACE] = "Without perf_event_open",
		[CHECK_NAMES] = "Names",
	};

	return names[g];
}

/* --- settings ----------------------------------------------------------------------- */

static void read_setting(const char *name, struct setting *ret)
{
	_cleanup_free_ char *path = xasprintf("/proc/sys/kernel/%s", name);

	ret->known = probe_setting(path, &ret->value);
}

static void read_status(struct settings *s)
{
	_cleanup_free_ char *data = NULL;
	size_t n;
	const char *at;

	if (io_slurp("/proc/self/status", 65536, &data, &n) < 0)
		return;
	at = strstr(data, "\nSeccomp:");
	s->seccomp.known = at && sscanf(at + 9, "%ld", &s->seccomp.value) == 1;
	at = strstr(data, "\nNoNewPrivs:");
	s->no_new_privs.known = at && sscanf(at + 12, "%ld", &s->no_new_privs.value) == 1;
	at = strstr(data, "\nCapEff:");
	if (at) {
		s->capabilities = strtoull(at + 8, NULL, 16);
		s->capabilities_known = true;
	}
}

static uint64_t limit_value(rlim_t v)
{
	return v == RLIM_INFINITY ? UINT64_MAX : v;
}

static void read_settings(struct settings *s)
{
	_cleanup_free_ char *clock = NULL;
	struct rlimit l = {0};
	struct stat st;
	size_t n;

	read_setting("perf_event_paranoid", &s->paranoid);
	read_setting("perf_event_mlock_kb", &s->mlock_kb);
	read_setting("perf_event_max_sample_rate", &s->max_sample_rate);
	read_setting("kptr_restrict", &s->kptr_restrict);
	read_setting("yama/ptrace_scope", &s->yama);
	read_status(s);
	s->uid = (uint32_t)geteuid();
	s->user_namespace = stat("/proc/self/ns/user", &st) == 0 &&
			    st.st_ino != FIRST_USER_NAMESPACE;
	getrlimit(RLIMIT_NOFILE, &l);
	s->files_soft = limit_value(l.rlim_cur);
	s->files_hard = limit_value(l.rlim_max);
	getrlimit(RLIMIT_MEMLOCK, &l);
	s->memlock_bytes = limit_value(l.rlim_cur);
	if (io_slurp("/sys/devices/system/clocksource/clocksource0/current_clocksource",
		     64, &clock, &n) == 0)
		snprintf(s->clocksource, sizeof(s->clocksource), "%.*s",
			 (int)strcspn(clock, "\n"), clock);
}

/* --- walls -------------------------------------------------------------------------- */

static bool filtered(const struct settings *s)
{
	return s->seccomp.known && s->seccomp.value == SECCOMP_FILTER;
}

/* The kernel asks for these in the first user namespace: kernel/events/core.c,
 * perfmon_capable(). */
static bool may_all(const struct settings *s)
{
	uint64_t any = 1ull << CAP_SYS_ADMIN_BIT | 1ull << CAP_PERFMON_BIT;

	return s->capabilities & any && !s->user_namespace;
}

static enum wall wall_of_denial(const struct refusal *r, const struct settings *s)
{
	int64_t p = s->paranoid.value;
	bool setting = s->paranoid.known && !may_all(s) &&
		       (p > 2 || (p > 1 && r->kernel) || (p > 0 && r->whole_cpus));

	/* The setting's answer is EACCES; where the least is refused with EPERM it is a
	 * filter's. */
	if (r->code == -EACCES && setting)
		return WALL_PARANOID;
	return filtered(s) ? WALL_SECCOMP : WALL_SECURITY;
}

enum wall wall_of(const struct refusal *r, const struct settings *s)
{
	switch (r->code) {
	case 0:
		return WALL_NONE;
	case -EACCES:
	case -EPERM:
		return wall_of_denial(r, s);
	case -ENOSYS:
		return filtered(s) ? WALL_SECCOMP : WALL_SANDBOX;
	case -ENOENT:
	case -EOPNOTSUPP:
	case -ENODEV:
		return r->hardware ? WALL_NO_PMU : WALL_OTHER;
	case -ENODATA:
		return r->hardware ? WALL_SILENT : WALL_OTHER;
	case -EBUSY:
	case -ENOSPC:
		return r->hardware ? WALL_BUSY : WALL_OTHER;
	case -ENOBUFS:
		return WALL_MEMLOCK;
	case -EMFILE:
	case -ENFILE:
		return WALL_FILES;
	case -EINVAL:
		/* With the least accepted, the kernel does know the call. */
		return r->hardware && r->least == 0 ? WALL_NO_PMU : WALL_OLD_KERNEL;
	case -E2BIG:
		return WALL_OLD_KERNEL;
	default:
		return WALL_OTHER;
	}
}

static const char *word_of(int code)
{
	const char *name = strerrorname_np(-code);

	return name ? name : "error";
}

/* Why @wall is thought to be the one, in a few words. */
static void explain(struct check *c, const struct doctor *d)
{
	const struct settings *s = &d->settings;
	char *buf = c->detail;
	size_t size = sizeof(c->detail);

	switch (c->wall) {
	case WALL_PARANOID:
		snprintf(buf, size, "perf_event_paranoid is %lld%s",
			 (long long)s->paranoid.value, s->uid ? "" : ", no CAP_PERFMON");
		break;
	case WALL_SECCOMP:
		snprintf(buf, size, "%s from a seccomp filter", word_of(c->code));
		break;
	case WALL_SECURITY:
		snprintf(buf, size, "%s, from neither seccomp nor perf_event_paranoid",
			 word_of(c->code));
		break;
	case WALL_SANDBOX:
		snprintf(buf, size, "ENOSYS: this kernel or sandbox lacks the call");
		break;
	case WALL_NO_PMU:
		snprintf(buf, size, "%s without counters (%s)",
			 strcmp(d->host.hypervisor, "virtual") ? "a machine"
							       : "a virtual machine",
			 word_of(c->code));
		break;
	case WALL_SILENT:
		snprintf(buf, size, "opens, but no sample of 20 ms of work");
		break;
	case WALL_BUSY:
		snprintf(buf, size, "others have the counters (%s)", word_of(c->code));
		break;
	case WALL_MEMLOCK:
		snprintf(buf, size, "no locked memory is granted");
		break;
	case WALL_FILES:
		snprintf(buf, size, "%s: no more than %llu files", word_of(c->code),
			 (unsigned long long)s->files_hard);
		break;
	default:
		if (!buf[0] && c->code)
			snprintf(buf, size, "%s", word_of(c->code));
	}
}

/* --- checks ------------------------------------------------------------------------- */

static struct check *check_add(struct doctor *d, enum check_group group, const char *id,
			       const char *title, enum check_state state)
{
	struct check *c = vec_add(&d->checks);

	c->group = group;
	c->id = id;
	c->title = title;
	c->state = state;
	return c;
}

static struct check *check_refusal(struct doctor *d, enum check_group group,
				   const char *id, const char *title,
				   const struct refusal *r)
{
	struct check *c = check_add(d, group, id, title, r->code ? CHECK_NO : CHECK_OK);

	c->code = r->code;
	c->wall = wall_of(r, &d->settings);
	explain(c, d);
	return c;
}

static void check_sampling(struct doctor *d, int least)
{
	static const struct {
		const char *event, *id, *title;
		bool kernel, hardware;
	} rungs[] = {
		{"cycles", "cycles.kernel", "cycles, user and kernel", true, true},
		{"cycles", "cycles.user", "cycles, user code", false, true},
		{"cpu-clock", "cpu_clock.kernel", "cpu-clock, user and kernel", true,
		 false},
		{"cpu-clock", "cpu_clock.user", "cpu-clock, user code", false, false},
	};
	struct refusal r = {.least = least};
	struct check *c;

	for (size_t i = 0; i < ARRAY_SIZE(rungs); i++) {
		r.kernel = rungs[i].kernel;
		r.hardware = rungs[i].hardware;
		r.code = probe_event(rungs[i].event, rungs[i].kernel);
		check_refusal(d, CHECK_SAMPLING, rungs[i].id, rungs[i].title, &r);
	}
	r = (struct refusal){.code = probe_switches(), .least = least};
	check_refusal(d, CHECK_SAMPLING, "switches", "records of context switches", &r);
	r = (struct refusal){
		.code = probe_switch_samples(), .kernel = true, .least = least};
	check_refusal(d, CHECK_SAMPLING, "switch_samples", "stacks at context switches",
		      &r);
	r.code = probe_tracepoint();
	c = check_refusal(d, CHECK_SAMPLING, "tracepoints", "tracepoints", &r);
	if (r.code == -ENODEV || (r.code == -EACCES && d->settings.uid)) {
		c->wall = WALL_TRACEFS;
		snprintf(c->detail, sizeof(c->detail), "tracefs is not %s",
			 r.code == -ENODEV ? "mounted" : "readable");
	}
}

static void check_reaches(struct doctor *d, int least)
{
	struct error why[REACH_COUNT] = {0};
	int code[REACH_COUNT];

	for (enum reach r = REACH_CGROUP; r <= REACH_INHERIT; r++)
		code[r] = probe_reach(r, &why[r]);
	for (enum reach r = REACH_CGROUP; r <= REACH_INHERIT; r++) {
		static const char *const ids[] = {
			[REACH_CGROUP] = "reach.cgroup",
			[REACH_SYSTEM] = "reach.system",
			[REACH_INHERIT] = "reach.inherit",
		};
		static const char *const titles[] = {
			[REACH_CGROUP] = "a control group, whole CPUs",
			[REACH_SYSTEM] = "all processes, whole CPUs",
			[REACH_INHERIT] = "a process and its heirs",
		};
		struct refusal f = {.code = code[r],
				    .whole_cpus = r != REACH_INHERIT,
				    .least = least};
		struct check *c = check_refusal(d, CHECK_REACH, ids[r], titles[r], &f);

		/* Both of the upper two begin with "events on"; then it was not the
		 * group. */
		if (r == REACH_CGROUP && code[r] &&
		    strncmp(why[r].text, "events on", 9) != 0) {
			c->wall = WALL_CGROUP;
			snprintf(c->detail, sizeof(c->detail), "%.255s", why[r].text);
		}
	}
}

static void check_recording(struct doctor *d, int least)
{
	const struct sampler_info *i = &d->recording.info;
	struct rlimit old, all;
	struct refusal r = {.least = least};
	struct check *c;

	/* As record does. */
	getrlimit(RLIMIT_NOFILE, &old);
	all = (struct rlimit){old.rlim_max, old.rlim_max};
	setrlimit(RLIMIT_NOFILE, &all);
	r.code = probe_recording(&d->recording, &d->why_not);
	setrlimit(RLIMIT_NOFILE, &old);
	/* That is how sampler_open tells of rings. */
	if (r.code == -EPERM && strstr(d->why_not.text, "locked memory"))
		r.code = -ENOBUFS;
	if (r.code == -EOPNOTSUPP)
		r.code = -EINVAL;
	d->works = r.code == 0;
	c = check_refusal(d, CHECK_LIMITS, "recording", "a short recording", &r);
	if (d->works)
		snprintf(c->detail, sizeof(c->detail), "%llu records of %s",
			 (unsigned long long)d->recording.records, i->event);
	else if (c->wall == WALL_OTHER || c->wall == WALL_OLD_KERNEL)
		snprintf(c->detail, sizeof(c->detail), "%.255s", d->why_not.text);
	c = check_add(d, CHECK_LIMITS, "buffers", "buffers of locked memory",
		      d->works ? CHECK_OK : CHECK_UNTRIED);
	if (!d->works)
		return;
	snprintf(c->detail, sizeof(c->detail),
		 "%zu KiB on each of %u CPUs, %zu bytes a stack", i->ring_bytes / 1024,
		 i->ncpus, i->stack_bytes);
	if (i->ring_bytes == i->ring_bytes_wanted)
		return;
	c->state = CHECK_NO;
	c->wall = WALL_MEMLOCK;
	snprintf(c->detail, sizeof(c->detail),
		 "%zu of %zu KiB on each of %u CPUs, %zu bytes a stack",
		 i->ring_bytes / 1024, i->ring_bytes_wanted / 1024, i->ncpus,
		 i->stack_bytes);
}

static void check_limits(struct doctor *d)
{
	const struct settings *s = &d->settings;
	struct check *c = check_add(d, CHECK_LIMITS, "rate", "samples a second",
				    CHECK_UNTRIED);

	if (!s->max_sample_rate.known)
		return;
	c->state = s->max_sample_rate.value >= RATE_WANTED ? CHECK_OK : CHECK_NO;
	c->wall = c->state == CHECK_OK ? WALL_NONE : WALL_OTHER;
	snprintf(c->detail, sizeof(c->detail), "%lld at most on each CPU",
		 (long long)s->max_sample_rate.value);
}

static void check_ptrace(struct doctor *d)
{
	const struct settings *s = &d->settings;
	enum ptrace_step step;
	int code = ptrace_try(&step);
	struct check *c = check_add(d, CHECK_PTRACE, "ptrace", "ptrace of an own child",
				    CHECK_OK);

	if (s->yama.known && code == 0)
		snprintf(c->detail, sizeof(c->detail), "Yama's ptrace_scope is %lld",
			 (long long)s->yama.value);
	if (code == 0)
		return;
	c->state = CHECK_NO;
	c->code = code;
	if (code == -EPERM && s->yama.known && s->yama.value > 1)
		c->wall = WALL_YAMA;
	else if (code == -EPERM || code == -EACCES || code == -ENOSYS)
		c->wall = filtered(s)	    ? WALL_SECCOMP
			  : code == -ENOSYS ? WALL_SANDBOX
					    : WALL_SECURITY;
	else
		c->wall = WALL_OTHER;
	snprintf(c->detail, sizeof(c->detail), "%s: %s%s", ptrace_step_name(step),
		 word_of(code),
		 c->wall == WALL_SECCOMP ? " from a seccomp filter"
		 : c->wall == WALL_YAMA	 ? ", as kernel.yama.ptrace_scope asks for"
					 : "");
}

/* proc_kallsyms(5): the address is 0 in every line for those who may not see it. */
static void check_kallsyms(struct doctor *d)
{
	_cleanup_close_ int fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	const struct settings *s = &d->settings;
	char head[4096];
	ssize_t n = fd < 0 ? -1 : io_pread(fd, head, sizeof(head) - 1, 0);
	struct check *c = check_add(d, CHECK_NAMES, "kallsyms",
				    "names of the kernel's functions", CHECK_NO);

	c->wall = WALL_KPTR;
	if (n <= 0) {
		c->code = fd < 0 ? -errno : 0;
		snprintf(c->detail, sizeof(c->detail), "/proc/kallsyms is not readable");
		return;
	}
	head[n] = '\0';
	for (char *save = NULL, *line = strtok_r(head, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (strtoull(line, NULL, 16)) {
			c->state = CHECK_OK;
			c->wall = WALL_NONE;
			return;
		}
	}
	/* An ordinary user lacks more than that. */
	if (!s->uid && s->capabilities_known &&
	    !(s->capabilities & 1ull << CAP_SYSLOG_BIT) && s->kptr_restrict.known &&
	    s->kptr_restrict.value < 2)
		c->wall = WALL_CAPABILITY;
	snprintf(c->detail, sizeof(c->detail), "/proc/kallsyms has no addresses%s",
		 c->wall == WALL_CAPABILITY ? ", no CAP_SYSLOG" : "");
}

/* The path of the C library that profd itself has mapped; the caller frees. NULL: none is
 * seen. */
static char *libc_path(void)
{
	_cleanup_free_ char *maps = NULL;
	const char *at, *start;
	size_t n;

	if (io_slurp("/proc/self/maps", (size_t)4 << 20, &maps, &n) < 0)
		return NULL;
	at = strstr(maps, "/libc.so.6");
	if (!at)
		return NULL;
	for (start = at; start > maps && start[-1] != ' '; start--)
		;
	return xstrndup(start, (size_t)(at - start) + strcspn(at, "\n"));
}

static void check_debug_files(struct doctor *d)
{
	_cleanup_free_ char *path = libc_path();
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	struct objfile *o = fd < 0 ? NULL : objfile_open(fd, path, NULL);
	const char *urls = getenv("DEBUGINFOD_URLS");
	struct check *c = check_add(d, CHECK_NAMES, "debug_files",
				    "debug file of the C library", CHECK_UNTRIED);
	enum symbol_source from;

	if (!o) {
		snprintf(c->detail, sizeof(c->detail), "the C library is not found");
		return;
	}
	from = objfile_symbol_source(o);
	c->state = from >= SYMBOLS_SYMTAB ? CHECK_OK : CHECK_NO;
	c->wall = c->state == CHECK_OK ? WALL_NONE : WALL_DEBUG_FILES;
	snprintf(c->detail, sizeof(c->detail), "%s; DEBUGINFOD_URLS is %s",
		 c->state == CHECK_OK ? symbol_source_name(from) : "none",
		 urls && *urls ? "set" : "not set");
	objfile_put(o);
}

/* What record does where perf_event_open(2) is refused. */
static void choose_engine(struct doctor *d)
{
	for (uint32_t i = 0; i < d->checks.n && !d->works; i++) {
		const struct check *c = &d->checks.v[i];

		d->ptrace = !strcmp(c->id, "ptrace") && c->state == CHECK_OK;
		d->works = d->ptrace;
	}
	if (d->ptrace)
		source_ptrace_info(PTRACE_HZ_DEFAULT, d->why_not.text,
				   &d->recording.info);
}

/* --- all together ------------------------------------------------------------------- */

static void add_remedies(struct doctor *d)
{
	for (uint32_t i = 0; i < d->checks.n; i++) {
		const struct check *c = &d->checks.v[i];

		/* What keeps the recording from working comes first. */
		if (c->wall && !strcmp(c->id, "recording"))
			remedy_add(d, c->wall, !d->works);
	}
	for (uint32_t i = 0; i < d->checks.n; i++) {
		if (d->checks.v[i].wall)
			remedy_add(d, d->checks.v[i].wall, false);
	}
}

void doctor_examine(struct doctor *d)
{
	int least;

	*d = (struct doctor){0};
	place_detect(&d->place);
	read_settings(&d->settings);
	host_read(&d->host);
	least = probe_least();
	check_sampling(d, least);
	check_reaches(d, least);
	check_recording(d, least);
	check_limits(d);
	check_ptrace(d);
	choose_engine(d);
	check_kallsyms(d);
	check_debug_files(d);
	add_remedies(d);
}

void doctor_done(struct doctor *d)
{
	vec_done(&d->checks);
	vec_done(&d->remedies);
}
