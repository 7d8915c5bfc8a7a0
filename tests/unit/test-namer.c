/* Names that are looked up while events come: the same bytes as without, whatever the
 * thread got to, and whether there is one at all. What is sampled is this very
 * process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <link.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <profd/format.h>
#include <profd/io.h>
#include <profd/machine.h>
#include <profd/mem.h>
#include <profd/session.h>
#include <profd/text.h>
#include <profd/vec.h>

#define ADDRESSES_PER_SEGMENT 300u
#define ROUND 50u /* samples */
#define OFTEN UINT32_MAX

static VEC(uint64_t) pcs; /* in all code of this process */

static const struct session_totals totals = {.duration_ns = 1};

static struct session *session_open(bool early)
{
	const struct session_options o = {
		.unwind = UNWIND_CFI,
		.event = "cpu-clock",
		.clock = true,
		.period = 2004008,
		.name_early = early,
		.name_nice = 5,
	};
	struct session *ses = session_new(&o, NULL);

	assert_non_null(ses);
	return ses;
}

static void add_code(uint64_t start, uint64_t bytes)
{
	for (unsigned i = 0; i < ADDRESSES_PER_SEGMENT; i++)
		vec_push(&pcs, start + bytes / ADDRESSES_PER_SEGMENT * i);
}

static int add_module(struct dl_phdr_info *info, size_t size, void *arg)
{
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_LOAD && p->p_flags & PF_X)
			add_code(info->dlpi_addr + p->p_vaddr, p->p_memsz);
	}
	return 0;
}

/* Code of files, of nobody, and where there is none. */
static int find_addresses(void **state)
{
	void *jit = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	assert_ptr_not_equal(jit, MAP_FAILED);
	dl_iterate_phdr(add_module, NULL);
	add_code((uint64_t)(uintptr_t)jit, 4096);
	vec_push(&pcs, 4096);
	return 0;
}

static int forget_addresses(void **state)
{
	vec_done(&pcs);
	return 0;
}

static void feed(struct session *ses, uint32_t i)
{
#ifdef MACHINE_AARCH64
	enum { SP = 31, PC = 32 };
#else
	enum { SP = 7, PC = 8 };
#endif
	const uint64_t kernel[] = {0xffffffff81000010 + 4096 * i, 0xffffffff81000020};
	uint64_t regs[REG_COUNT] = {
		[SP] = (uintptr_t)&i & ~(uint64_t)15, [PC] = pcs.v[i]};
	struct event e = {.type = EVENT_SAMPLE,
			  .pid = (uint32_t)getpid(),
			  .tid = (uint32_t)getpid(),
			  .time_ns = 1 + i};

	e.sample = (struct event_sample){.period = 2004008,
					 .regs_abi = 2,
					 .regs = regs,
					 .kernel_pcs = kernel,
					 .nkernel = i % 4 ? 0 : 2,
					 .user_mode = i % 4 != 0};
	session_feed(ses, &e);
}

/* All samples, with at most @idles ends of rounds between them, the first right after the
 * first sample. */
static void feed_all(struct session *ses, uint32_t idles)
{
	for (uint32_t i = 0; i < pcs.n; i++) {
		feed(ses, i);
		if (i % ROUND == 0 && i / ROUND < idles)
			session_idle(ses);
	}
}

static uint32_t count_nameless(const struct profile *p)
{
	uint32_t n = 0;

	for (uint32_t i = 1; i < p->locations.n; i++)
		n += (p->locations.v[i].flags & LOCATION_UNRESOLVED) != 0;
	return n;
}

/* The artifacts for tools, and what run.json says of modules. */
static char *artifacts(struct session *ses)
{
	const struct profile *p = session_finish(ses, &totals);
	const struct quality *q = session_quality(ses);
	struct text t = {0};
	struct sink_text s;

	sink_text_init(&s, &t);
	folded_write(p, true, &s.sink);
	for (uint32_t i = 0; i < q->modules.n; i++)
		sink_putf(&s.sink, "%s %s %d %lld %lld\n", q->modules.v[i].path,
			  q->modules.v[i].symbols, q->modules.v[i].lines,
			  (long long)q->modules.v[i].weight,
			  (long long)q->modules.v[i].resolved);
	for (uint32_t i = 0; i < p->strings.n; i++)
		sink_putf(&s.sink, "string %s\n", p->strings.v[i]);
	for (uint32_t i = 0; i < p->functions.n; i++)
		sink_putf(&s.sink, "function %u %u %u %u\n", p->functions.v[i].name,
			  p->functions.v[i].system_name, p->functions.v[i].filename,
			  p->functions.v[i].start_line);
	for (uint32_t i = 0; i < p->lines.n; i++)
		sink_putf(&s.sink, "line %u %u\n", p->lines.v[i].function,
			  p->lines.v[i].line);
	for (uint32_t i = 0; i < p->locations.n; i++)
		sink_putf(&s.sink, "location %u %x %llx %u %u\n",
			  p->locations.v[i].mapping, p->locations.v[i].flags,
			  (unsigned long long)p->locations.v[i].address,
			  p->locations.v[i].first_line, p->locations.v[i].nlines);
	assert_int_equal(s.sink.code, 0);
	return t.s;
}

static char *artifacts_at_once(void)
{
	struct session *ses = session_open(false);
	uint32_t nameless;
	char *all;

	feed_all(ses, OFTEN);
	all = artifacts(ses);
	assert_true(session_naming_ns(ses) > 0);
	/* The test has to have seen both; most users see no names of the kernel. */
	nameless = count_nameless(session_finish(ses, &totals));
	assert_in_range(nameless, 1, pcs.n - ADDRESSES_PER_SEGMENT);
	session_free(ses);
	return all;
}

static unsigned count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* A thread that was joined may be seen there for a moment. */
static void wait_for_tasks(unsigned n)
{
	for (unsigned i = 0; i < 5000 && count_entries("/proc/self/task") != n; i++)
		poll(NULL, 0, 1);
	assert_int_equal(count_entries("/proc/self/task"), n);
}

/* --- tests -------------------------------------------------------------------------- */

static void test_same_bytes(void **state)
{
	_cleanup_free_ char *want = artifacts_at_once();

	for (int i = 0; i < 5; i++) {
		struct session *ses = session_open(true);
		_cleanup_free_ char *got = NULL;

		/* Never idle, it is there for the kernel alone; idle once, it is at that;
		 * idle often, it may be anywhere. */
		feed_all(ses, i < 2 ? (uint32_t)i : OFTEN);
		got = artifacts(ses);
		assert_string_equal(got, want);
		assert_true(session_naming_ns(ses) > 0);
		session_idle(ses);
		session_free(ses);
	}
}

/* The same pprof file, too, which numbers strings and functions. */
static void test_same_pprof(void **state)
{
	struct text file[2] = {0};

	for (int i = 0; i < 2; i++) {
		struct session *ses = session_open(i);
		struct sink_text s;

		feed_all(ses, OFTEN);
		sink_text_init(&s, &file[i]);
		pprof_write(session_finish(ses, &totals), &s.sink);
		assert_int_equal(s.sink.code, 0);
		session_free(ses);
	}
	assert_int_equal(file[0].len, file[1].len);
	assert_memory_equal(file[0].s, file[1].s, file[0].len);
	text_done(&file[0]);
	text_done(&file[1]);
}

/* The thread is there while the session is, and no longer; files are not opened twice. */
static void test_freed_early(void **state)
{
	unsigned tasks = count_entries("/proc/self/task"), fds;
	struct session *ses;

	session_free(session_open(true));
	fds = count_entries("/proc/self/fd");
	for (int i = 0; i < 20; i++) {
		ses = session_open(true);
		assert_int_equal(count_entries("/proc/self/task"), tasks);
		feed_all(ses, OFTEN);
		assert_int_equal(count_entries("/proc/self/task"), tasks + 1);
		session_free(ses);
		wait_for_tasks(tasks);
	}
	assert_int_equal(count_entries("/proc/self/fd"), fds);
}

static void test_nothing_to_name(void **state)
{
	struct session *ses = session_open(true);
	const struct profile *p;

	session_idle(ses);
	p = session_finish(ses, &totals);
	assert_int_equal(p->locations.n, 1);
	session_free(ses);
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	const uint32_t exempt = 1u << CAP_SYS_ADMIN | 1u << CAP_SYS_RESOURCE;

	assert_int_equal(syscall(SYS_capget, &head, data), 0);
	data[0].effective &= ~exempt;
	data[0].permitted &= ~exempt;
	assert_int_equal(syscall(SYS_capset, &head, data), 0);
}

/* Neither root nor who may exceed limits is limited. Files are still root's to read: the
 * sources may lie where nobody else can. A change of the user hides what /proc has of
 * this process otherwise. */
static void become_limited(void)
{
	const struct rlimit none = {0, 0};

	assert_int_equal(setrlimit(RLIMIT_NPROC, &none), 0);
	if (geteuid() == 0) {
		assert_int_equal(setresuid(65534, 0, 0), 0);
		drop_capabilities();
	}
	prctl(PR_SET_DUMPABLE, 1);
}

static int without_thread(void)
{
	unsigned tasks = count_entries("/proc/self/task");
	_cleanup_free_ char *want = NULL, *got = NULL;
	struct session *ses;
	int failed;

	become_limited();
	want = artifacts_at_once();
	ses = session_open(true);
	feed_all(ses, OFTEN);
	failed = count_entries("/proc/self/task") != tasks;
	got = artifacts(ses);
	failed |= strcmp(got, want) != 0;
	session_free(ses);
	return failed;
}

static void test_no_thread(void **state)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(without_thread());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_bytes),
		cmocka_unit_test(test_same_pprof),
		cmocka_unit_test(test_freed_early),
		cmocka_unit_test(test_nothing_to_name),
		cmocka_unit_test(test_no_thread),
	};

	return cmocka_run_group_tests(tests, find_addresses, forget_addresses);
}
