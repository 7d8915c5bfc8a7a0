/* Which wall a refusal was, by errno and settings, and what is said about it in each
 * place. What is really tried on a machine is for the tests of the whole program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <profd/doctor.h>
#include <profd/mem.h>

static struct settings user(int64_t paranoid, int64_t seccomp)
{
	return (struct settings){.paranoid = {true, paranoid},
				 .seccomp = {true, seccomp},
				 .capabilities_known = true,
				 .uid = 1000};
}

static enum wall wall(int code, bool kernel, bool whole_cpus, struct settings s)
{
	struct refusal r = {.code = code, .kernel = kernel, .whole_cpus = whole_cpus};

	return wall_of(&r, &s);
}

static void test_paranoid(void **state)
{
	struct settings root = user(4, 0), inner;

	assert_int_equal(wall(-EACCES, false, false, user(3, 0)), WALL_PARANOID);
	assert_int_equal(wall(-EACCES, true, false, user(2, 0)), WALL_PARANOID);
	assert_int_equal(wall(-EACCES, false, true, user(1, 0)), WALL_PARANOID);
	/* With a filter, too: the errno is the setting's. */
	assert_int_equal(wall(-EACCES, true, false, user(2, 2)), WALL_PARANOID);
	/* The setting allows that much. */
	assert_int_equal(wall(-EACCES, false, false, user(2, 0)), WALL_SECURITY);
	assert_int_equal(wall(-EACCES, true, false, user(1, 0)), WALL_SECURITY);
	assert_int_equal(wall(-EACCES, false, true, user(0, 0)), WALL_SECURITY);
	/* CAP_PERFMON stands above it, in the first user namespace. */
	root.capabilities = 1ull << 38;
	assert_int_equal(wall(-EACCES, true, true, root), WALL_SECURITY);
	inner = root;
	inner.user_namespace = true;
	assert_int_equal(wall(-EACCES, true, true, inner), WALL_PARANOID);
	inner.paranoid.known = false;
	assert_int_equal(wall(-EACCES, true, true, inner), WALL_SECURITY);
}

static void test_filter(void **state)
{
	assert_int_equal(wall(-EPERM, false, false, user(4, 2)), WALL_SECCOMP);
	assert_int_equal(wall(-EPERM, false, false, user(4, 0)), WALL_SECURITY);
	assert_int_equal(wall(-EACCES, false, false, user(2, 2)), WALL_SECCOMP);
	assert_int_equal(wall(-ENOSYS, false, false, user(2, 2)), WALL_SECCOMP);
	assert_int_equal(wall(-ENOSYS, false, false, user(2, 0)), WALL_SANDBOX);
}

static void test_hardware(void **state)
{
	static const struct {
		int code;
		enum wall hardware, software;
	} rows[] = {
		{0, WALL_NONE, WALL_NONE},
		{-ENOENT, WALL_NO_PMU, WALL_OTHER},
		{-EOPNOTSUPP, WALL_NO_PMU, WALL_OTHER},
		{-ENODEV, WALL_NO_PMU, WALL_OTHER},
		{-EINVAL, WALL_NO_PMU, WALL_OLD_KERNEL},
		{-ENODATA, WALL_SILENT, WALL_OTHER},
		{-EBUSY, WALL_BUSY, WALL_OTHER},
		{-ENOSPC, WALL_BUSY, WALL_OTHER},
		{-E2BIG, WALL_OLD_KERNEL, WALL_OLD_KERNEL},
		{-ENOBUFS, WALL_MEMLOCK, WALL_MEMLOCK},
		{-EMFILE, WALL_FILES, WALL_FILES},
		{-ENFILE, WALL_FILES, WALL_FILES},
		{-EIO, WALL_OTHER, WALL_OTHER},
	};
	struct settings s = user(2, 0);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct refusal r = {.code = rows[i].code, .hardware = true};

		assert_int_equal(wall_of(&r, &s), rows[i].hardware);
		r.hardware = false;
		assert_int_equal(wall_of(&r, &s), rows[i].software);
	}
}

static void test_walls_have_names(void **state)
{
	assert_null(wall_id(WALL_NONE));
	for (int w = WALL_NONE + 1; w < WALL_COUNT; w++) {
		assert_non_null(wall_id((enum wall)w));
		assert_non_null(wall_title((enum wall)w));
		for (int k = WALL_NONE + 1; k < w; k++)
			assert_string_not_equal(wall_id((enum wall)w),
						wall_id((enum wall)k));
	}
}

static void test_remedies(void **state)
{
	static const struct {
		enum wall wall;
		enum place_ci ci;
		enum place_container box;
		uint32_t uid;
		const char *command; /* the first; NULL: none */
	} rows[] = {
		{WALL_PARANOID, CI_NONE, BOX_NONE, 1000,
		 "sudo sysctl kernel.perf_event_paranoid=0"},
		{WALL_PARANOID, CI_NONE, BOX_NONE, 0,
		 "sysctl kernel.perf_event_paranoid=0"},
		{WALL_PARANOID, CI_GITHUB, BOX_NONE, 1000,
		 "- run: sudo sysctl kernel.perf_event_paranoid=0"},
		{WALL_PARANOID, CI_JENKINS, BOX_NONE, 1000,
		 "sudo sysctl kernel.perf_event_paranoid=0"},
		{WALL_PARANOID, CI_NONE, BOX_DOCKER, 0,
		 "docker run --cap-add PERFMON IMAGE COMMAND"},
		{WALL_SECCOMP, CI_NONE, BOX_DOCKER, 1000,
		 "docker run --cap-add PERFMON --user 0 IMAGE COMMAND"},
		{WALL_SECCOMP, CI_NONE, BOX_PODMAN, 0,
		 "podman run --cap-add PERFMON IMAGE COMMAND"},
		{WALL_SECCOMP, CI_GITHUB, BOX_DOCKER, 0,
		 "container: {image: IMAGE, options: --cap-add PERFMON}"},
		{WALL_SECCOMP, CI_GITLAB, BOX_DOCKER, 0, "cap_add = [\"PERFMON\"]"},
		{WALL_SECCOMP, CI_JENKINS, BOX_DOCKER, 0,
		 "agent { docker { image 'IMAGE'; args '--cap-add PERFMON' } }"},
		{WALL_SECCOMP, CI_GITLAB, BOX_KUBERNETES, 0,
		 "securityContext: {capabilities: {add: [\"PERFMON\"]}}"},
		{WALL_SECCOMP, CI_NONE, BOX_KUBERNETES, 1000,
		 "securityContext: {runAsUser: 0, capabilities: {add: [\"PERFMON\"]}}"},
		{WALL_SECCOMP, CI_NONE, BOX_NONE, 1000, NULL},
		{WALL_NO_PMU, CI_GITHUB, BOX_NONE, 1000, "runs-on: ubuntu-24.04-arm"},
		{WALL_NO_PMU, CI_NONE, BOX_NONE, 1000, NULL},
		{WALL_MEMLOCK, CI_NONE, BOX_NONE, 1000,
		 "sudo sysctl kernel.perf_event_mlock_kb=8256"},
		{WALL_MEMLOCK, CI_GITLAB, BOX_DOCKER, 0, "ulimit = {memlock = \"-1\"}"},
		{WALL_FILES, CI_NONE, BOX_NONE, 1000, "ulimit -n 65536"},
		{WALL_KPTR, CI_NONE, BOX_DOCKER, 0,
		 "docker run --cap-add SYSLOG IMAGE COMMAND"},
		{WALL_YAMA, CI_NONE, BOX_NONE, 1000,
		 "sudo sysctl kernel.yama.ptrace_scope=1"},
		{WALL_SANDBOX, CI_NONE, BOX_KUBERNETES, 0, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct doctor d = {.place = {.ci = rows[i].ci, .box = rows[i].box},
				   .settings = {.uid = rows[i].uid}};

		remedy_add(&d, rows[i].wall, true);
		remedy_add(&d, rows[i].wall, false);
		assert_int_equal(d.remedies.n, 1);
		assert_true(d.remedies.v[0].needed && d.remedies.v[0].text[0]);
		assert_int_equal(d.remedies.v[0].ncommands > 0, rows[i].command != NULL);
		if (rows[i].command)
			assert_string_equal(d.remedies.v[0].commands[0], rows[i].command);
		doctor_done(&d);
	}
}

/* Debian's 2 keeps them from ordinary users even where kptr_restrict is 0. */
static void test_remedy_kptr(void **state)
{
	struct doctor d = {.settings = {.uid = 1000,
					.kptr_restrict = {true, 1},
					.paranoid = {true, 2}}};

	remedy_add(&d, WALL_KPTR, false);
	assert_int_equal(d.remedies.v[0].ncommands, 2);
	assert_string_equal(d.remedies.v[0].commands[0],
			    "sudo sysctl kernel.kptr_restrict=0");
	assert_string_equal(d.remedies.v[0].commands[1],
			    "sudo sysctl kernel.perf_event_paranoid=1");
	doctor_done(&d);
}

static void forget(void)
{
	static const char *const names[] = {
		"GITHUB_ACTIONS",	   "GITLAB_CI", "JENKINS_URL", "CI",
		"KUBERNETES_SERVICE_HOST", "container"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unsetenv(names[i]);
}

static void test_place(void **state)
{
	struct place p;

	forget();
	place_detect(&p);
	assert_int_equal(p.ci, CI_NONE);
	assert_string_equal(p.ci_sign, "");
	setenv("CI", "true", 1);
	place_detect(&p);
	assert_int_equal(p.ci, CI_OTHER);
	setenv("JENKINS_URL", "http://example.org/", 1);
	place_detect(&p);
	assert_int_equal(p.ci, CI_JENKINS);
	setenv("GITLAB_CI", "true", 1);
	place_detect(&p);
	assert_int_equal(p.ci, CI_GITLAB);
	setenv("GITHUB_ACTIONS", "", 1);
	place_detect(&p);
	assert_int_equal(p.ci, CI_GITLAB);
	setenv("GITHUB_ACTIONS", "true", 1);
	setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1", 1);
	place_detect(&p);
	assert_int_equal(p.ci, CI_GITHUB);
	assert_string_equal(p.ci_sign, "GITHUB_ACTIONS");
	assert_int_equal(p.box, BOX_KUBERNETES);
	assert_string_equal(p.box_sign, "KUBERNETES_SERVICE_HOST");
	forget();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paranoid), cmocka_unit_test(test_filter),
		cmocka_unit_test(test_hardware), cmocka_unit_test(test_walls_have_names),
		cmocka_unit_test(test_remedies), cmocka_unit_test(test_remedy_kptr),
		cmocka_unit_test(test_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
