/* The fork tree: who belongs, who does not, pids that come back, and what is asked after
 * a loss. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <profd/clock.h>
#include <profd/tree.h>

#define ROOT 100u

static uint64_t now_ns;

static bool feed(struct tree *t, enum event_type type, uint32_t pid, uint32_t ppid)
{
	struct event e = {.type = type, .pid = pid, .tid = pid, .time_ns = ++now_ns};

	e.task = (struct event_task){.ppid = ppid, .ptid = ppid};
	return tree_feed(t, &e);
}

static bool fork_of(struct tree *t, uint32_t ppid, uint32_t pid)
{
	return feed(t, EVENT_FORK, pid, ppid);
}

static bool exit_of(struct tree *t, uint32_t pid)
{
	return feed(t, EVENT_EXIT, pid, 1);
}

static bool ours(struct tree *t, uint32_t pid)
{
	return feed(t, EVENT_SAMPLE, pid, 0);
}

static void lose(struct tree *t)
{
	now_ns += NSEC_PER_SEC;
	feed(t, EVENT_LOST, 0, 0);
}

/* 200 -> 150 -> ROOT; 300 -> 250 -> 1; 400 is its own parent, which no kernel says. */
static unsigned asked;
static uint32_t parent_of(uint32_t pid)
{
	asked++;
	switch (pid) {
	case 200:
		return 150;
	case 150:
		return ROOT;
	case 300:
		return 250;
	case 250:
		return 1;
	case 400:
		return 400;
	default:
		return 0;
	}
}

static void test_forks(void **state)
{
	struct tree *t = tree_new(ROOT, parent_of);

	assert_true(ours(t, ROOT));
	assert_false(ours(t, 101));
	assert_false(ours(t, 0));
	assert_true(fork_of(t, ROOT, 101));
	assert_true(fork_of(t, 101, 102));
	assert_false(fork_of(t, 7, 103));
	assert_true(ours(t, 102));
	assert_false(ours(t, 103));
	assert_int_equal(tree_alive(t), 3);
	/* a parent's end is not its child's */
	assert_true(exit_of(t, 101));
	assert_true(ours(t, 102));
	assert_int_equal(tree_alive(t), 2);
	tree_free(t);
}

static void test_threads(void **state)
{
	struct tree *t = tree_new(ROOT, parent_of);

	assert_true(fork_of(t, ROOT, ROOT));
	assert_false(fork_of(t, 7, 7));
	assert_true(exit_of(t, ROOT));
	assert_int_equal(tree_alive(t), 1);
	assert_true(fork_of(t, ROOT, 101));
	assert_true(exit_of(t, ROOT));
	assert_int_equal(tree_alive(t), 1);
	assert_true(exit_of(t, 101));
	assert_int_equal(tree_alive(t), 0);
	tree_free(t);
}

/* What has exited runs on for a moment; its pid is a stranger's once a stranger's fork
 * says so. */
static void test_pid_comes_back(void **state)
{
	struct tree *t = tree_new(ROOT, parent_of);

	fork_of(t, ROOT, 101);
	exit_of(t, 101);
	assert_true(ours(t, 101));
	assert_false(fork_of(t, 7, 101));
	assert_false(ours(t, 101));
	assert_false(exit_of(t, 101));
	assert_true(fork_of(t, ROOT, 101));
	assert_true(ours(t, 101));
	assert_int_equal(tree_alive(t), 2);
	/* its exit was lost: it counts once */
	assert_true(fork_of(t, ROOT, 101));
	assert_int_equal(tree_alive(t), 2);
	tree_free(t);
}

static void test_after_a_loss(void **state)
{
	struct tree *t = tree_new(ROOT, parent_of);

	asked = 0;
	assert_false(ours(t, 200));
	assert_int_equal(asked, 0);
	lose(t);
	assert_true(ours(t, 200));
	assert_false(ours(t, 300));
	assert_false(ours(t, 400));
	assert_int_equal(tree_alive(t), 2);
	asked = 0;
	assert_false(ours(t, 300)); /* is not asked for again and again */
	assert_int_equal(asked, 0);
	lose(t);
	assert_false(ours(t, 300));
	assert_true(asked > 0);
	tree_free(t);
}

/* The stranger's fork may be among what was lost. */
static void test_exited_before_a_loss(void **state)
{
	struct tree *t = tree_new(ROOT, parent_of);

	fork_of(t, ROOT, 300);
	exit_of(t, 300);
	assert_true(ours(t, 300));
	lose(t);
	assert_false(ours(t, 300));
	tree_free(t);
}

/* Found after a loss, it may have more threads than the one that exits. */
static void test_who_forks_lives(void **state)
{
	struct tree *t = tree_new(ROOT, parent_of);

	lose(t);
	assert_true(ours(t, 200));
	exit_of(t, 200);
	assert_int_equal(tree_alive(t), 1);
	assert_true(fork_of(t, 200, 201));
	assert_true(ours(t, 201));
	assert_int_equal(tree_alive(t), 3);
	tree_free(t);
}

static void test_many(void **state)
{
	struct tree *t = tree_new(ROOT, parent_of);

	for (uint32_t i = 0; i < 100000; i++) {
		assert_true(fork_of(t, ROOT, 1000 + i % 30000));
		assert_true(exit_of(t, 1000 + i % 30000));
	}
	assert_int_equal(tree_alive(t), 1);
	for (uint32_t i = 0; i < 30000; i++)
		assert_false(fork_of(t, 7, 1000 + i));
	assert_false(ours(t, 1000));
	tree_free(t);
}

/* Real processes: signalled, reaped, and missed by a sweep. */
static void test_kill_and_sweep(void **state)
{
	pid_t pid = fork();
	struct tree *t;
	int status;

	if (pid == 0) {
		pause();
		_exit(0);
	}
	assert_true(pid > 0);
	t = tree_new((uint32_t)pid, NULL);
	tree_sweep(t);
	assert_int_equal(tree_alive(t), 1);
	tree_kill(t, SIGUSR1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
	tree_sweep(t);
	tree_sweep(t);
	assert_int_equal(tree_alive(t), 1);
	tree_sweep(t);
	assert_int_equal(tree_alive(t), 0);
	tree_free(t);
}

/* A pid that another process has by now is not signalled. */
static void test_kill_spares_strangers(void **state)
{
	struct event e = {.type = EVENT_FORK};
	pid_t pid = fork();
	struct tree *t;
	int status;

	if (pid == 0) {
		pause();
		_exit(0);
	}
	assert_true(pid > 0);
	t = tree_new(ROOT, parent_of);
	e.pid = e.tid = (uint32_t)pid;
	e.task.ppid = ROOT;
	e.time_ns = clock_now_ns() - NSEC_PER_SEC;
	assert_true(tree_feed(t, &e));
	exit_of(t, ROOT); /* is not a process of ours, either */
	tree_kill(t, SIGUSR1);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	e.time_ns = clock_now_ns();
	tree_free(t);
	t = tree_new(ROOT, parent_of);
	assert_true(tree_feed(t, &e));
	exit_of(t, ROOT);
	tree_kill(t, SIGUSR1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
	tree_free(t);
}

static void several_roots_are_one_tree(void **state)
{
	struct tree *t = tree_new(ROOT, parent_of);

	tree_root(t, 500);
	tree_root(t, 500);
	assert_int_equal(tree_alive(t), 2);
	assert_true(ours(t, 500));
	assert_true(fork_of(t, 500, 501));
	assert_true(fork_of(t, ROOT, 101));
	assert_false(ours(t, 503));
	assert_true(exit_of(t, ROOT));
	assert_true(exit_of(t, 101));
	assert_int_equal(tree_alive(t), 2);
	/* However many threads it had before. */
	for (unsigned i = 0; i < 100; i++)
		assert_true(exit_of(t, 500));
	assert_true(fork_of(t, 500, 502));
	assert_int_equal(tree_alive(t), 3);
	tree_free(t);
}

/* 200 -> 150 -> ROOT: a loss makes profd ask for parents, but 150 was there before. */
static void children_of_before_stay_strangers(void **state)
{
	struct tree *t = tree_new(ROOT, parent_of);

	tree_except(t, 150);
	tree_except(t, ROOT); /* nonsense: what is to be recorded wins */
	assert_true(ours(t, ROOT));
	lose(t);
	assert_false(ours(t, 150));
	assert_false(ours(t, 200));
	assert_false(fork_of(t, 150, 151));
	lose(t);
	assert_false(ours(t, 200));
	/* Its pid comes back. */
	assert_true(fork_of(t, ROOT, 150));
	assert_true(ours(t, 150));
	lose(t);
	assert_true(ours(t, 200));
	tree_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forks),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_pid_comes_back),
		cmocka_unit_test(test_after_a_loss),
		cmocka_unit_test(test_exited_before_a_loss),
		cmocka_unit_test(test_who_forks_lives),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_kill_and_sweep),
		cmocka_unit_test(test_kill_spares_strangers),
		cmocka_unit_test(several_roots_are_one_tree),
		cmocka_unit_test(children_of_before_stay_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
