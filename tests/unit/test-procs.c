/* space and procs: mappings cut each other as mmap(2) does, checked against a model with
 * one cell per page; fork, exec and thread names in order; /proc/PID/maps lines, whole
 * and damaged. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <profd/procs.h>

#define PAGES 64

static void test_space_model(void **state)
{
	struct space *s = space_new();
	uint32_t model[PAGES] = {0}, off[PAGES] = {0};

	srand(5);
	for (uint32_t i = 1; i < 5000; i++) {
		uint32_t start = (uint32_t)rand() % PAGES, n = 1 + (uint32_t)rand() % 20;
		uint32_t end = start + n > PAGES ? PAGES : start + n;
		struct vma v = {
			.start = start * 4096ull, .end = end * 4096ull, .name = i};

		space_map(s, &v);
		for (uint32_t p = start; p < end; p++) {
			model[p] = i;
			off[p] = p - start;
		}
		for (uint32_t p = 0; p < PAGES; p++) {
			const struct vma *f = space_find(s, p * 4096ull + 123);

			assert_int_equal(f ? f->name : 0, model[p]);
			if (f)
				assert_int_equal(p * 4096ull - f->start + f->off,
						 off[p] * 4096ull);
		}
	}
	space_put(s);
}

static void test_space_sharing(void **state)
{
	struct vma v = {.start = 4096, .end = 8192, .name = 1};
	struct space *a = space_new(), *b;
	uint32_t generation;

	space_map(a, &v);
	b = space_get(a);
	generation = space_generation(a);
	assert_int_equal(space_generation(b), generation);
	b = space_own(b);
	assert_ptr_not_equal(a, b);
	v.name = 2;
	space_map(b, &v);
	assert_int_equal(space_find(a, 4096)->name, 1);
	assert_int_equal(space_find(b, 4096)->name, 2);
	assert_int_equal(space_generation(a), generation);
	assert_int_not_equal(space_generation(b), generation);
	space_put(a);
	space_put(b);
}

static void fork_event(struct procs *ps, uint32_t ppid, uint32_t ptid, uint32_t pid,
		       uint32_t tid)
{
	struct event e = {.type = EVENT_FORK, .pid = pid, .tid = tid};

	e.task = (struct event_task){.ppid = ppid, .ptid = ptid};
	procs_feed(ps, &e);
}

static void comm_event(struct procs *ps, uint32_t pid, uint32_t tid, const char *comm,
		       bool exec)
{
	struct event e = {.type = EVENT_COMM, .pid = pid, .tid = tid};

	e.comm = (struct event_comm){
		.comm = comm, .comm_len = strlen(comm), .exec = exec};
	procs_feed(ps, &e);
}

static void mmap_event(struct procs *ps, uint32_t pid, uint64_t addr, const char *path,
		       uint64_t ino)
{
	struct event e = {.type = EVENT_MMAP, .pid = pid, .tid = pid};

	e.mmap = (struct event_mmap){.addr = addr,
				     .len_bytes = 4096,
				     .path = path,
				     .path_len = strlen(path),
				     .ino = ino};
	procs_feed(ps, &e);
}

/* pids beyond any real one (pid_max is at most 2^22), so that /proc has nothing to say */
#define PID 5000000u

static void test_fork_exec(void **state)
{
	struct outside outside = outside_live();
	struct procs *ps = procs_new(&outside);
	struct process *p;

	comm_event(ps, PID, PID, "shell", true);
	mmap_event(ps, PID, 0x10000, "//anon", 0);
	fork_event(ps, PID, PID, PID + 1, PID + 1);
	p = procs_get(ps, PID + 1);
	assert_string_equal(procs_name(ps, p->comm), "shell");
	assert_int_equal(p->ppid, PID);
	assert_non_null(space_find(p->space, 0x10000));
	comm_event(ps, PID + 1, PID + 1, "child", true);
	assert_null(space_find(p->space, 0x10000));
	mmap_event(ps, PID + 1, 0x20000, "//anon", 0);
	assert_non_null(space_find(p->space, 0x20000));
	assert_null(space_find(procs_get(ps, PID)->space, 0x20000));
	assert_int_equal(space_find(p->space, 0x20000)->kind, VMA_JIT);
	procs_free(ps);
	outside_done(&outside);
}

/* The kernel samples a task past its end: the process stays what it was, and stays
 * exited. */
static void test_past_the_end(void **state)
{
	struct outside outside = outside_live();
	struct procs *ps = procs_new(&outside);
	struct event e = {.type = EVENT_EXIT};
	struct process *p;

	e.pid = e.tid = (uint32_t)getpid();
	comm_event(ps, e.pid, e.tid, "brief", true);
	procs_feed(ps, &e);
	p = procs_last(ps, e.pid);
	assert_true(p->exited);
	assert_string_equal(procs_name(ps, procs_thread_comm(ps, e.pid, e.tid)), "brief");
	assert_true(p->exited);
	assert_false(procs_get(ps, e.pid)->exited);
	procs_free(ps);
	outside_done(&outside);
}

static void test_thread_names(void **state)
{
	struct outside outside = outside_live();
	struct procs *ps = procs_new(&outside);

	comm_event(ps, PID, PID, "server", true);
	fork_event(ps, PID, PID, PID, PID + 1);
	assert_string_equal(procs_name(ps, procs_thread_comm(ps, PID, PID + 1)),
			    "server");
	comm_event(ps, PID, PID + 1, "worker", false);
	assert_string_equal(procs_name(ps, procs_thread_comm(ps, PID, PID + 1)),
			    "worker");
	assert_string_equal(procs_name(ps, procs_get(ps, PID)->comm), "server");
	/* a thread of a renamed thread starts with its creator's name */
	fork_event(ps, PID, PID + 1, PID, PID + 2);
	assert_string_equal(procs_name(ps, procs_thread_comm(ps, PID, PID + 2)),
			    "worker");
	procs_free(ps);
	outside_done(&outside);
}

/* The path of a mapping is a hint: a file that is another one by now is not used. */
static void test_replaced_file(void **state)
{
	struct outside outside = outside_live();
	struct procs *ps = procs_new(&outside);
	struct stat st;

	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	assert_true(n > 0);
	path[n] = '\0';
	/* Not that of the link: under qemu-user it leads to qemu, while its text does
	 * not. */
	assert_int_equal(stat(path, &st), 0);
	comm_event(ps, PID, PID, "x", true);
	mmap_event(ps, PID, 0x10000, path, st.st_ino + 1);
	assert_int_equal(procs_missing_files(ps), 1);
	assert_null(space_find(procs_get(ps, PID)->space, 0x10000)->obj);
	mmap_event(ps, PID, 0x20000, path, st.st_ino);
	assert_int_equal(procs_missing_files(ps), 1);
	procs_free(ps);
	outside_done(&outside);
}

/* A process that no record introduced is read from /proc, with all it maps: this one. */
static void test_from_proc(void **state)
{
	struct outside outside = outside_live();
	struct procs *ps = procs_new(&outside);
	struct process *p = procs_get(ps, (uint32_t)getpid());
	const struct vma *v = space_find(p->space,
					 (uint64_t)(uintptr_t)(void *)test_from_proc);

	assert_non_null(v);
	assert_non_null(v->obj);
	assert_non_null(strstr(objfile_path(v->obj), "test-procs"));
	procs_free(ps);
	outside_done(&outside);
}

static void test_maps_line(void **state)
{
	static const char line[] = "7f10c0000000-7f10c0100000 r-xp 00026000 fe:01 1234   "
				   "    /usr/lib/a b.so";
	struct maps_line m;

	assert_int_equal(maps_line_parse(line, strlen(line), &m), 0);
	assert_int_equal(m.start, 0x7f10c0000000);
	assert_int_equal(m.end, 0x7f10c0100000);
	assert_true(m.exec);
	assert_int_equal(m.off, 0x26000);
	assert_int_equal(m.dev_major, 0xfe);
	assert_int_equal(m.ino, 1234);
	assert_int_equal(m.path_len, strlen("/usr/lib/a b.so"));
	for (size_t n = 0; n < 44; n++) {
		char *copy = malloc(n ? n : 1);

		memcpy(copy, line, n);
		assert_int_equal(maps_line_parse(copy, n, &m), -EBADMSG);
		free(copy);
	}
	assert_int_equal(maps_line_parse("9-8 r-xp 0 0:0 0", 16, &m), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_space_model),  cmocka_unit_test(test_space_sharing),
		cmocka_unit_test(test_fork_exec),    cmocka_unit_test(test_past_the_end),
		cmocka_unit_test(test_thread_names), cmocka_unit_test(test_replaced_file),
		cmocka_unit_test(test_from_proc),    cmocka_unit_test(test_maps_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
