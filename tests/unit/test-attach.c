/* What runs already: found, told as events, counted and waited for. The processes are
 * made here. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <profd/attach.h>
#include <profd/clock.h>

static void *sleeper(void *arg)
{
	prctl(PR_SET_NAME, "second");
	if (write(*(int *)arg, "", 1) == 1)
		pause();
	return NULL;
}

struct child {
	pid_t pid;
	int in, out; /* its own ends are out[0] and in[1] */
};

/* For each byte that it gets it maps executable memory, and answers. */
static void child_run(int in, int out)
{
	pthread_t t;
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "first");
	pthread_create(&t, NULL, sleeper, &out);
	while (read(in, &c, 1) == 1) {
		mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
		if (write(out, "", 1) != 1)
			break;
	}
	_exit(0);
}

static void child_wait(const struct child *c)
{
	char byte;

	assert_int_equal(read(c->in, &byte, 1), 1);
}

static struct child child_start(void)
{
	int to[2], from[2];
	struct child c;

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	c.pid = fork();
	if (!c.pid) {
		close(to[1]);
		child_run(to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	c.in = from[0];
	c.out = to[1];
	child_wait(&c);
	return c;
}

static void child_end(struct child *c)
{
	close(c->in);
	close(c->out);
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
}

struct told {
	unsigned forks, maps, anonymous;
	bool first, second;
};

static struct told tell(struct attach *a, pid_t pid)
{
	struct told t = {0};
	struct event e;

	while (attach_next(a, &e)) {
		assert_int_equal(e.pid, pid);
		t.forks += e.type == EVENT_FORK;
		t.maps += e.type == EVENT_MMAP;
		t.anonymous += e.type == EVENT_MMAP && !e.mmap.path_len;
		if (e.type != EVENT_COMM)
			continue;
		assert_false(e.comm.exec);
		t.first |= e.tid == e.pid && !strcmp(e.comm.comm, "first");
		t.second |= e.tid != e.pid && !strcmp(e.comm.comm, "second");
	}
	return t;
}

static void what_runs_is_told_and_then_what_changed(void **state)
{
	struct child c = child_start();
	struct sampler_targets on = {.pids = &c.pid, .npids = 1};
	struct error err = {0};
	struct attach a;
	struct told t;

	assert_int_equal(attach_open(&a, &on, &err), 0);
	assert_int_equal(a.targets[0].pid, c.pid);
	t = tell(&a, c.pid);
	assert_int_equal(t.forks, 1);
	assert_true(t.maps > 1 && t.first && t.second);
	/* Between the two looks. */
	assert_int_equal(write(c.out, "", 1), 1);
	child_wait(&c);
	assert_int_equal(attach_start(&a, 0, &err), 0);
	t = tell(&a, c.pid);
	assert_int_equal(t.forks, 0);
	assert_int_equal(t.maps, 1);
	assert_int_equal(t.anonymous, 1);
	assert_false(t.first || t.second);
	attach_done(&a);
	child_end(&c);
}

static void it_is_over_when_all_have_ended(void **state)
{
	struct child c[2] = {child_start(), child_start()};
	const pid_t pids[] = {c[0].pid, c[1].pid};
	struct sampler_targets on = {.pids = pids, .npids = 2};
	struct error err = {0};
	struct attach a;

	assert_int_equal(attach_open(&a, &on, &err), 0);
	assert_int_equal(attach_start(&a, 0, &err), 0);
	assert_false(attach_tick(&a));
	child_end(&c[0]);
	assert_false(attach_tick(&a));
	child_end(&c[1]);
	assert_true(attach_tick(&a));
	assert_true(a.end_ns >= a.start_ns && !a.stop);
	attach_done(&a);
}

static void the_duration_ends_it(void **state)
{
	struct child c = child_start();
	struct sampler_targets on = {.pids = &c.pid, .npids = 1};
	struct error err = {0};
	struct attach a;

	assert_int_equal(attach_open(&a, &on, &err), 0);
	assert_int_equal(attach_start(&a, 1, &err), 0);
	assert_true(attach_tick(&a));
	assert_true(a.stop);
	attach_done(&a);
	child_end(&c);
}

static void a_signal_ends_it(void **state)
{
	struct child c = child_start();
	struct sampler_targets on = {.pids = &c.pid, .npids = 1};
	struct error err = {0};
	struct attach a;

	assert_int_equal(attach_open(&a, &on, &err), 0);
	attach_signals(&a);
	assert_int_equal(attach_start(&a, 0, &err), 0);
	assert_false(attach_tick(&a));
	kill(getpid(), SIGTERM);
	assert_true(attach_tick(&a));
	assert_true(a.stop);
	attach_done(&a);
	child_end(&c);
}

static void one_that_ended_meanwhile_is_refused(void **state)
{
	struct child c = child_start();
	struct sampler_targets on = {.pids = &c.pid, .npids = 1};
	struct error err = {0};
	struct attach a;

	assert_int_equal(attach_open(&a, &on, &err), 0);
	child_end(&c);
	assert_int_equal(attach_start(&a, 0, &err), -ESRCH);
	attach_done(&a);
}

static void what_is_no_program_is_refused(void **state)
{
	pid_t pid = getpid();
	struct sampler_targets on = {.pids = &pid, .npids = 1};
	struct error err = {0};
	struct attach a;

	assert_int_equal(attach_open(&a, &on, &err), -EINVAL); /* this one */
	attach_done(&a);
	pid = fork();
	if (!pid)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
	assert_int_equal(attach_open(&a, &on, &err), -ESRCH); /* a zombie */
	attach_done(&a);
	waitpid(pid, NULL, 0);
	assert_int_equal(attach_open(&a, &on, &err), -ESRCH); /* nobody */
	attach_done(&a);
}

static void work(uint64_t ns)
{
	uint64_t end = clock_thread_ns() + ns;

	while (clock_thread_ns() < end)
		;
}

static void cpu_time_is_what_was_used_since(void **state)
{
	int go[2], done[2];
	struct error err = {0};
	struct attach a;
	char c;
	pid_t pid;
	struct sampler_targets on = {.pids = &pid, .npids = 1};

	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(done), 0);
	pid = fork();
	if (!pid) {
		work(NSEC_PER_SEC / 10); /* from before */
		for (int i = 0; i < 2; i++) {
			if (write(done[1], "", 1) != 1 || read(go[0], &c, 1) != 1)
				_exit(1);
			work(NSEC_PER_SEC / 5);
		}
		_exit(0);
	}
	assert_int_equal(read(done[0], &c, 1), 1);
	assert_int_equal(attach_open(&a, &on, &err), 0);
	assert_int_equal(attach_start(&a, 0, &err), 0);
	assert_int_equal(write(go[1], "", 1), 1);
	assert_int_equal(read(done[0], &c, 1), 1);
	attach_end(&a);
	assert_true(a.cpu_ns > NSEC_PER_SEC * 19 / 100);
	assert_true(a.cpu_ns < NSEC_PER_SEC * 23 / 100);
	attach_done(&a);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static bool is_traced(pid_t pid)
{
	char path[64], line[256];
	unsigned tracer = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		sscanf(line, "TracerPid: %u", &tracer);
	fclose(f);
	return tracer;
}

static void one_that_may_be_stopped_is_left_as_it_was(void **state)
{
	struct child c[2] = {child_start(), child_start()};
	const pid_t pids[] = {c[0].pid, c[1].pid};
	struct sampler_targets on = {.pids = pids, .npids = 2};
	struct error err = {0};
	struct attach a;
	siginfo_t si = {0};

	assert_int_equal(attach_open(&a, &on, &err), 0);
	assert_int_equal(attach_may_stop(&a, &err), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_false(is_traced(c[i].pid));
		assert_int_equal(waitid(P_PID, (id_t)c[i].pid, &si,
					WSTOPPED | WEXITED | WNOHANG | WNOWAIT),
				 0);
		assert_int_equal(si.si_pid, 0);
	}
	attach_done(&a);
	child_end(&c[0]);
	child_end(&c[1]);
}

static void one_that_is_traced_may_not_be_stopped(void **state)
{
	struct child c[2] = {child_start(), child_start()};
	const pid_t pids[] = {c[0].pid, c[1].pid};
	struct sampler_targets on = {.pids = pids, .npids = 2};
	struct error err = {0};
	struct attach a;
	char who[64];

	assert_int_equal(attach_open(&a, &on, &err), 0);
	assert_int_equal(ptrace(PTRACE_SEIZE, c[1].pid, 0, 0), 0);
	assert_int_equal(attach_may_stop(&a, &err), -EPERM);
	snprintf(who, sizeof(who), "process %d (first) is traced by process %d (",
		 (int)c[1].pid, (int)getpid());
	assert_memory_equal(err.text, who, strlen(who));
	assert_true(err.hint[0]);
	attach_done(&a);
	child_end(&c[0]);
	child_end(&c[1]);
}

static void one_that_has_ended_may_not_be_stopped(void **state)
{
	struct child c = child_start();
	struct sampler_targets on = {.pids = &c.pid, .npids = 1};
	struct error err = {0};
	struct attach a;

	assert_int_equal(attach_open(&a, &on, &err), 0);
	child_end(&c);
	assert_int_equal(attach_may_stop(&a, &err), -ESRCH);
	assert_non_null(strstr(err.text, "has ended"));
	attach_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_runs_is_told_and_then_what_changed),
		cmocka_unit_test(it_is_over_when_all_have_ended),
		cmocka_unit_test(the_duration_ends_it),
		cmocka_unit_test(a_signal_ends_it),
		cmocka_unit_test(one_that_ended_meanwhile_is_refused),
		cmocka_unit_test(what_is_no_program_is_refused),
		cmocka_unit_test(cpu_time_is_what_was_used_since),
		cmocka_unit_test(one_that_may_be_stopped_is_left_as_it_was),
		cmocka_unit_test(one_that_is_traced_may_not_be_stopped),
		cmocka_unit_test(one_that_has_ended_may_not_be_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
