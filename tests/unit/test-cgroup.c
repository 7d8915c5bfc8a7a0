/* Where the own control group is, from texts of several systems; limits; and a real
 * group, made and removed, where this machine lets us. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <profd/cgroup.h>

#define V2                                                                               \
	"30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 "              \
	"rw,nsdelegate\n"
#define V1                                                                               \
	"32 31 0:29 / /sys/fs/cgroup/cpu rw shared:4 master:2 - cgroup cgroup rw,cpu\n"  \
	"33 31 0:30 / /sys/fs/cgroup/perf_event rw,relatime - cgroup cgroup "            \
	"rw,perf_event\n"
#define HYBRID V1 "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"

static void check(const char *mountinfo, const char *own, const char *dir, bool v1)
{
	struct cgroup_place place = {0};

	assert_int_equal(cgroup_find(mountinfo, own, &place), 0);
	assert_string_equal(place.dir, dir);
	assert_int_equal(place.v1, v1);
	free(place.dir);
}

static void check_fails(const char *mountinfo, const char *own, int code)
{
	struct cgroup_place place = {0};

	assert_int_equal(cgroup_find(mountinfo, own, &place), code);
	assert_null(place.dir);
}

static void test_v2(void **state)
{
	check(V2, "0::/user.slice/session-3.scope\n",
	      "/sys/fs/cgroup/user.slice/session-3.scope", false);
	check(V2, "0::/\n", "/sys/fs/cgroup/", false);
	check(V2, "0::/with:colon\n", "/sys/fs/cgroup/with:colon", false);
}

static void test_v1(void **state)
{
	check(V1, "4:perf_event:/docker/12\n3:cpu,cpuacct:/x\n",
	      "/sys/fs/cgroup/perf_event/docker/12", true);
	check(V1, "4:net_cls,perf_event:/a\n", "/sys/fs/cgroup/perf_event/a", true);
	/* version 1 has perf_event: version 2 has not */
	check(HYBRID, "4:perf_event:/a\n0::/b\n", "/sys/fs/cgroup/perf_event/a", true);
	check(HYBRID, "9:name=perf_event_not:/c\n1:cpu:/\n0::/b\n",
	      "/sys/fs/cgroup/unified/b", false);
	check_fails(V2, "4:perf_event:/a\n0::/b\n", -ENOENT);
}

/* The mount shows a part of the hierarchy only: containers. */
static void test_roots(void **state)
{
	const char *inside =
		"7 6 0:26 /docker/12 /sys/fs/cgroup rw - cgroup2 cgroup rw\n";

	check(inside, "0::/docker/12\n", "/sys/fs/cgroup", false);
	check(inside, "0::/docker/12/x\n", "/sys/fs/cgroup/x", false);
	check_fails(inside, "0::/docker/123\n", -EXDEV);
	check_fails(inside, "0::/\n", -EXDEV);
	/* another namespace's group */
	check_fails(V2, "0::/../sibling\n", -EXDEV);
	check_fails("7 6 0:26 /../.. /sys/fs/cgroup rw - cgroup2 cgroup rw\n", "0::/\n",
		    -EXDEV);
	check(V2, "0::/..hidden\n", "/sys/fs/cgroup/..hidden", false);
}

static void test_read_only(void **state)
{
	const char *ro = "7 6 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n";
	const char *both = "7 6 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n"
			   "8 6 0:26 / /mnt/cg rw - cgroup2 cgroup rw\n";

	check_fails(ro, "0::/\n", -EROFS);
	check(both, "0::/a\n", "/mnt/cg/a", false);
}

static void test_odd_texts(void **state)
{
	check("7 6 0:26 / /mnt/a\\040b\\134c rw - cgroup2 none rw\n", "0::/d\n",
	      "/mnt/a b\\c/d", false);
	check_fails("", "", -ENOENT);
	check_fails("\n\n \n", "::\n:\n0\n", -ENOENT);
	check_fails(V2, "", -ENOENT);
	check(V2, "0::", "/sys/fs/cgroup", false);
	check_fails("7 6 0:26 / /x rw - cgroup2\n", "0::/\n", -ENOENT);
	check_fails("7 6 0:26 / /x rw cgroup2 none rw\n", "0::/\n", -ENOENT);
	check_fails("7 6 -\n", "0::/\n", -ENOENT);
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void test_limits(void **state)
{
	char dir[] = "/tmp/profd-cgroup.XXXXXX", path[256];
	static const char *const files[] = {"memory.max", "memory.high", "cpu.max"};
	int fd;

	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	assert_null(cgroup_limit(fd));
	put(dir, "memory.max", "max\n");
	put(dir, "memory.high", "max\n");
	put(dir, "cpu.max", "max 100000\n");
	assert_null(cgroup_limit(fd));
	put(dir, "cpu.max", "50000 100000\n");
	assert_string_equal(cgroup_limit(fd), "cpu.max");
	put(dir, "memory.high", "1073741824\n");
	assert_string_equal(cgroup_limit(fd), "memory.high");
	put(dir, "memory.max", "0\n");
	assert_string_equal(cgroup_limit(fd), "memory.max");
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	close(fd);
	rmdir(dir);
}

static struct cgroup *make_or_skip(void)
{
	struct error err = {0};
	struct cgroup *c = cgroup_make(&err);

	if (!c) {
		assert_true(err.text[0] && err.code < 0);
		fprintf(stderr, "# skip: %s\n", err.text);
		skip();
	}
	return c;
}

static bool exists(const char *link)
{
	return access(link, F_OK) == 0;
}

/* In, back out again, and nothing of it stays: also not a group that the workload made
 * below. */
static void test_a_real_group(void **state)
{
	struct error err = {0};
	char path[512], dir[512] = "";
	struct cgroup *c = make_or_skip();
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", cgroup_fd(c));
	assert_true(readlink(path, dir, sizeof(dir) - 1) > 0);
	assert_false(cgroup_populated(c));
	if (cgroup_take(c, pid, &err) < 0) {
		fprintf(stderr, "# skip: %s\n", err.text);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		cgroup_close(c);
		skip();
	}
	assert_true(cgroup_populated(c));
	snprintf(path, sizeof(path), "%s/below", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_null(cgroup_close(c));
	assert_false(exists(dir));
	/* the survivor lives and can be taken again */
	assert_int_equal(kill(pid, 0), 0);
	c = cgroup_make(&err);
	assert_non_null(c);
	assert_int_equal(cgroup_take(c, pid, &err), 0);
	cgroup_kill(c, SIGUSR1);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(cgroup_populated(c));
	cgroup_close(c);
	assert_false(exists(dir));
}

/* What a killed profd left is removed by the next one; what lives is left alone. */
static void test_leftovers(void **state)
{
	char path[512], dir[512] = "", dead[600], alive[600];
	struct cgroup *c = make_or_skip();
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", cgroup_fd(c));
	assert_true(readlink(path, dir, sizeof(dir) - 1) > 0);
	*strrchr(dir, '/') = '\0';
	snprintf(dead, sizeof(dead), "%s/profd-%d", dir, (int)pid);
	snprintf(alive, sizeof(alive), "%s/profd-%d", dir, (int)getppid());
	assert_int_equal(mkdir(dead, 0755), 0);
	assert_int_equal(mkdir(alive, 0755), 0);
	cgroup_close(c);
	c = make_or_skip();
	assert_false(exists(dead));
	assert_true(exists(alive));
	rmdir(alive);
	cgroup_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v2),	     cmocka_unit_test(test_v1),
		cmocka_unit_test(test_roots),	     cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_odd_texts),    cmocka_unit_test(test_limits),
		cmocka_unit_test(test_a_real_group), cmocka_unit_test(test_leftovers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
