/* The lines of a diff, and the functions that they are in. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <profd/checkout.h>
#include <profd/text.h>
#include <profd/touched.h>

#define HEAD(path)                                                                       \
	"diff --git a/" path " b/" path "\nindex 1..2 100644\n--- a/" path               \
	"\n+++ b/" path "\n"

#define LINES_5 "+1\n+2\n+3\n+4\n+5\n"
#define LINES_20 LINES_5 LINES_5 LINES_5 LINES_5

static struct touched read_diff(const char *diff)
{
	struct error err = {0};
	struct touched t;

	if (touched_read(&t, diff, strlen(diff), &err) < 0)
		fail_msg("%s", err.text);
	return t;
}

static void assert_refused(const char *diff, int code, const char *why)
{
	struct error err = {0};
	struct touched t;

	assert_int_equal(touched_read(&t, diff, strlen(diff), &err), code);
	if (!strstr(err.text, why))
		fail_msg("'%s' does not say '%s'", err.text, why);
}

static void assert_span(const struct touched *t, enum touched_side side, uint32_t i,
			const char *path, uint32_t first, uint32_t last, bool gap)
{
	const struct touched_span *s = &t->sides[side].v[i];

	assert_true(i < t->sides[side].n);
	assert_string_equal(s->path, path);
	assert_int_equal(s->first, first);
	assert_int_equal(s->last, last);
	assert_int_equal(s->gap, gap);
}

/* --- reading ------------------------------------------------------------------------ */

static void a_hunk_has_lines_on_both_sides(void **state)
{
	struct touched t = read_diff(HEAD("src/a.c") "@@ -3,2 +3 @@ int f(void)\n"
						     "-one\n-two\n+three\n"
						     "@@ -10 +9,2 @@\n-x\n+y\n+z\n");

	assert_int_equal(t.files, 1);
	assert_span(&t, TOUCHED_BASE, 0, "src/a.c", 3, 4, false);
	assert_span(&t, TOUCHED_HEAD, 0, "src/a.c", 3, 3, false);
	assert_span(&t, TOUCHED_BASE, 1, "src/a.c", 10, 10, false);
	assert_span(&t, TOUCHED_HEAD, 1, "src/a.c", 9, 10, false);
	touched_done(&t);
}

static void where_nothing_is_left_there_is_a_gap(void **state)
{
	struct touched t = read_diff(HEAD("a.c") "@@ -5,2 +4,0 @@\n-one\n-two\n"
						 "@@ -9,0 +8 @@\n+three\n");

	assert_span(&t, TOUCHED_HEAD, 0, "a.c", 4, 5, true);
	assert_span(&t, TOUCHED_BASE, 1, "a.c", 9, 10, true);
	touched_done(&t);
}

static void new_and_removed_files_have_one_side(void **state)
{
	struct touched t = read_diff("diff --git a/new.c b/new.c\nnew file mode 100644\n"
				     "--- /dev/null\n+++ b/new.c\n@@ -0,0 +1 @@\n+x\n"
				     "diff --git a/old.c b/old.c\n"
				     "deleted file mode 100644\n--- a/old.c\n"
				     "+++ /dev/null\n@@ -1 +0,0 @@\n-x\n");

	assert_int_equal(t.files, 2);
	assert_int_equal(t.sides[TOUCHED_BASE].n, 1);
	assert_int_equal(t.sides[TOUCHED_HEAD].n, 1);
	assert_span(&t, TOUCHED_HEAD, 0, "new.c", 1, 1, false);
	assert_span(&t, TOUCHED_BASE, 0, "old.c", 1, 1, false);
	touched_done(&t);
}

static void a_renamed_file_has_two_names(void **state)
{
	struct touched t = read_diff(
		"diff --git a/old.c b/new.c\nsimilarity index 90%\nrename from old.c\n"
		"rename to new.c\n--- a/old.c\n+++ b/new.c\n@@ -1 +1 @@\n-x\n+y\n");

	assert_span(&t, TOUCHED_BASE, 0, "old.c", 1, 1, false);
	assert_span(&t, TOUCHED_HEAD, 0, "new.c", 1, 1, false);
	touched_done(&t);
}

static void lines_that_look_like_heads_are_lines(void **state)
{
	struct touched t = read_diff(HEAD("a.sql") "@@ -1,3 +1,2 @@\n"
						   "--- a/other\n-@@ -9 +9 @@\n"
						   "-diff --git a/x b/x\n"
						   "+++ b/other\n+y\n"
						   "\\ No newline at end of file\n");

	assert_int_equal(t.files, 1);
	assert_int_equal(t.sides[TOUCHED_HEAD].n, 1);
	assert_span(&t, TOUCHED_HEAD, 0, "a.sql", 1, 2, false);
	touched_done(&t);
}

static void files_without_lines_have_no_spans(void **state)
{
	struct touched t = read_diff(
		"diff --git a/x.png b/x.png\nindex 1..2 100644\n"
		"Binary files a/x.png and b/x.png differ\n"
		"diff --git a/run b/run\nold mode 100644\nnew mode 100755\n"
		"diff --git a/p b/q\nsimilarity index 100%\nrename from p\nrename to "
		"q\n");

	assert_int_equal(t.files, 0);
	assert_int_equal(t.sides[TOUCHED_BASE].n + t.sides[TOUCHED_HEAD].n, 0);
	touched_done(&t);
	t = read_diff("");
	assert_int_equal(t.files, 0);
	touched_done(&t);
}

static void hostile_names_are_read_and_cleaned(void **state)
{
	struct touched t = read_diff(
		"diff --git \"a/a\\tb\" \"b/a\\tb\"\n--- \"a/a\\tb\"\n+++ \"b/a\\tb\"\n"
		"@@ -1 +1 @@\n-x\n+y\n"
		"diff --git a/with blank b/with blank\n--- a/with blank\t\n"
		"+++ b/with blank\t\n@@ -1 +1 @@\n-x\n+y\n"
		"diff --git \"a/\\303\\244\\\"\\\\.c\" \"b/\\303\\244\\\"\\\\.c\"\n"
		"--- \"a/\\303\\244\\\"\\\\.c\"\n+++ \"b/\\303\\244\\\"\\\\.c\"\n"
		"@@ -1 +1 @@\n-x\n+y\n"
		"diff --git a/b/a/x b/b/a/x\n--- a/b/a/x\n+++ b/b/a/x\n@@ -1 +1 "
		"@@\n-x\n+y\n");

	assert_span(&t, TOUCHED_HEAD, 0,
		    "a\xef\xbf\xbd"
		    "b",
		    1, 1, false);
	assert_span(&t, TOUCHED_HEAD, 1, "with blank", 1, 1, false);
	assert_span(&t, TOUCHED_HEAD, 2, "\xc3\xa4\"\\.c", 1, 1, false);
	assert_span(&t, TOUCHED_HEAD, 3, "b/a/x", 1, 1, false);
	touched_done(&t);
}

static void broken_diffs_are_refused_with_their_line(void **state)
{
	assert_refused("@@ -1 +1 @@\n-x\n+y\n", -EBADMSG,
		       "line 1 of the diff: a hunk of no");
	assert_refused(HEAD("a") "@@ -1 +1\n", -EBADMSG,
		       "line 5 of the diff: not the head");
	assert_refused(HEAD("a") "@@ -,1 +1 @@\n", -EBADMSG, "not the head of a hunk");
	assert_refused(HEAD("a") "@@ -1 +9999999999 @@\n", -EBADMSG, "not the head");
	assert_refused(HEAD("a") "@@ -1 +1 @@\n-x\n", -EBADMSG, "ends within a hunk");
	assert_refused(HEAD("a") "@@ -1 +1 @@\n-x\n-x\n", -EBADMSG, "other lines");
	assert_refused(HEAD("a") "@@ -1 +1 @@\nx\n", -EBADMSG, "other lines");
	assert_refused("--- \"a/x\n", -EBADMSG, "line 1 of the diff: a path");
	assert_refused("--- \"a/\\000\"\n", -EBADMSG, "a path");
	assert_refused("--- \"a/\\9\"\n", -EBADMSG, "a path");
	assert_refused("--- \"a/\\\n", -EBADMSG, "a path");
}

static void long_paths_are_refused(void **state)
{
	size_t n = 4 * TOUCHED_PATH_MAX_BYTES + 2;
	char *diff = xmalloc(n + 5);

	memset(diff, 'x', n + 4);
	memcpy(diff, "--- ", 4);
	diff[n + 4] = '\0';
	assert_refused(diff, -EFBIG, "a long path");
	free(diff);
}

/* --- git ----------------------------------------------------------------------------- */

/* Names that a shell, a terminal or a reader of diffs would choke on, and settings under which
 * a diff looks otherwise. */
static const char script[] =
	"set -e; cd \"$1\"; export HOME=$PWD GIT_CONFIG_NOSYSTEM=1\n"
	"git init -q -b main .; git config user.name x; git config user.email x@x.x\n"
	"git config diff.noprefix true; git config diff.context 5\n"
	"git config color.ui always; git config diff.external false\n"
	"quoted=$(printf 'q\"\\t\\\\.c'); latin=$(printf 'l\\344.c')\n"
	"mkdir src; for f in src/a.c \"$quoted\" \"$latin\" 'with blank.c' -x.c gone.c; "
	"do\n"
	"	seq 20 >\"./$f\"; done\n"
	"git add -A; git commit -qm base; git tag base\n"
	"for f in src/a.c \"$quoted\" \"$latin\" 'with blank.c' -x.c; do\n"
	"	sed -i '3s/.*/new/; 9d' \"./$f\"; done\n"
	"git rm -q gone.c; git mv src/a.c src/b.c; git add -A; git commit -qm head\n"
	"sed -i '$s/.*/not committed/' src/b.c\n";

static bool make_repository(const char *folder)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		execl("/bin/sh", "sh", "-c", script, "sh", folder, NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void remove_folder(const char *folder)
{
	pid_t pid = fork();

	if (!pid) {
		execlp("rm", "rm", "-rf", folder, NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

static struct touched diff_of(const char *folder, const char *base)
{
	struct error err = {0};
	struct text diff = {0};
	struct checkout c;
	struct touched t;

	if (checkout_open(&c, folder, base, NULL, &err) < 0)
		fail_msg("%s", err.text);
	if (checkout_diff(&c, &diff, &err) < 0)
		fail_msg("%s", err.text);
	t = read_diff(text_get(&diff));
	text_done(&diff);
	checkout_close(&c);
	return t;
}

static uint32_t spans_of(const struct touched *t, const char *path, uint32_t first)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->sides[TOUCHED_HEAD].n; i++) {
		const struct touched_span *s = &t->sides[TOUCHED_HEAD].v[i];

		n += !strcmp(s->path, path) && s->first == first;
	}
	return n;
}

static void git_tells_the_lines_whatever_names_and_settings(void **state)
{
	static const char *const paths[] = {"src/b.c", "q\"\xef\xbf\xbd\\.c",
					    "l\xef\xbf\xbd.c", "with blank.c", "-x.c"};
	char folder[] = "/tmp/touched-XXXXXX";
	struct touched t;

	assert_non_null(mkdtemp(folder));
	assert_true(make_repository(folder));
	t = diff_of(folder, "ref:base");
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		assert_int_equal(spans_of(&t, paths[i], 3), 1);
		assert_int_equal(spans_of(&t, paths[i], 8), 1);
	}
	/* The working tree, which is not committed. */
	assert_int_equal(spans_of(&t, "src/b.c", 19), 1);
	assert_int_equal(t.files, 6);
	touched_done(&t);
	t = diff_of(folder, "ref:HEAD");
	assert_int_equal(t.files, 1);
	assert_span(&t, TOUCHED_BASE, 0, "src/b.c", 19, 19, false);
	touched_done(&t);
	remove_folder(folder);
}

static void two_folders_have_no_diff(void **state)
{
	struct error err = {0};
	struct text diff = {0};
	struct checkout c;

	assert_int_equal(checkout_open(&c, "/", "dir:/", "dir:/", &err), 0);
	assert_int_equal(checkout_diff(&c, &diff, &err), -ENOENT);
	checkout_close(&c);
}

/* --- functions ---------------------------------------------------------------------- */

static void add_function(struct profile *p, const char *name, const char *file,
			 uint32_t line)
{
	struct function f = {.name = profile_string(p, name),
			     .filename = profile_string(p, file),
			     .start_line = line};
	struct line l = {profile_function(p, &f), line + 1};

	profile_named_location(p, 0, line, 0, &l, 1);
}

static struct touched_code code_of(const char *folder)
{
	static const struct {
		const char *name, *file;
		uint32_t line;
	} functions[] = {{"first", "src/a.c", 10},
			 {"second", "src/a.c", 30},
			 {"other", "src/b.c", 10},
			 {"elsewhere", "lib/src/a.c", 10}};
	struct touched_code c = {0};
	struct profile *p = profile_new();
	char file[256];

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		snprintf(file, sizeof(file), "%s%s", folder, functions[i].file);
		add_function(p, functions[i].name, file, functions[i].line);
	}
	touched_add_profile(&c, p);
	profile_free(p);
	return c;
}

static bool is_touched(const struct touched_code *c, const char *name)
{
	for (uint32_t i = 0; i < c->n; i++) {
		if (!strcmp(c->v[i].name, name))
			return c->v[i].touched;
	}
	fail_msg("'%s' is missing", name);
	return false;
}

static struct touched_code find(const char *folder, const char *diff)
{
	struct touched t = read_diff(diff);
	struct touched_code c = code_of(folder);

	touched_find(&t, TOUCHED_HEAD, &c);
	touched_done(&t);
	return c;
}

static void a_function_ends_where_the_next_one_begins(void **state)
{
	struct touched_code c = find("/build/",
				     HEAD("src/a.c") "@@ -1 +29 @@\n-x\n+y\n" HEAD(
					     "src/b.c") "@@ -1 +9 @@\n-x\n+y\n");

	assert_true(is_touched(&c, "first"));
	assert_false(is_touched(&c, "second"));
	assert_false(is_touched(&c, "other"));
	assert_int_equal(c.touched, 1);
	assert_int_equal(c.touched_sampled, 1);
	touched_code_done(&c);
	c = find("/build/", HEAD("src/a.c") "@@ -1 +20,20 @@\n-x\n" LINES_20);
	assert_int_equal(c.touched, 2);
	touched_code_done(&c);
}

static void what_was_taken_out_between_two_functions_is_in_neither(void **state)
{
	struct touched_code c = find("", HEAD("src/a.c") "@@ -40,2 +29,0 @@\n-x\n-y\n");

	assert_int_equal(c.touched, 0);
	touched_code_done(&c);
	c = find("", HEAD("src/a.c") "@@ -40,2 +10,0 @@\n-x\n-y\n");
	assert_true(is_touched(&c, "first"));
	assert_int_equal(c.touched, 1);
	touched_code_done(&c);
}

static void the_folder_of_the_sources_is_found(void **state)
{
	/* lib/src/a.c ends like src/a.c, but then src/b.c would be nowhere. */
	struct touched_code c = find("/cache/1234/tree/",
				     HEAD("src/a.c") "@@ -1 +11 @@\n-x\n+y\n" HEAD(
					     "src/b.c") "@@ -1 +11 @@\n-x\n+y\n");

	assert_true(is_touched(&c, "first"));
	assert_true(is_touched(&c, "other"));
	assert_false(is_touched(&c, "elsewhere"));
	touched_code_done(&c);
	/* Of two folders with as many the outer one. */
	c = find("/cache/", HEAD("src/a.c") "@@ -1 +11 @@\n-x\n+y\n");
	assert_true(is_touched(&c, "first"));
	assert_false(is_touched(&c, "elsewhere"));
	touched_code_done(&c);
	c = find("/cache/", HEAD("lib/src/a.c") "@@ -1 +11 @@\n-x\n+y\n");
	assert_true(is_touched(&c, "elsewhere"));
	assert_false(is_touched(&c, "first"));
	touched_code_done(&c);
	c = find("/cache/", HEAD("c/src/a.c") "@@ -1 +11 @@\n-x\n+y\n");
	assert_int_equal(c.touched, 0);
	touched_code_done(&c);
}

static void only_what_is_on_a_stack_was_sampled(void **state)
{
	struct touched_code c = {0};
	struct profile *p = profile_new();
	struct function f = {.name = profile_string(p, "unused"),
			     .filename = profile_string(p, "a.c"),
			     .start_line = 3};

	profile_function(p, &f);
	touched_add_profile(&c, p);
	assert_int_equal(c.n, 0);
	profile_free(p);
	touched_code_done(&c);
}

/* --- a program with DWARF ------------------------------------------------------------ */

static struct objfile *self_open(void)
{
	struct error err = {0};
	struct objfile *o = objfile_open(open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
					 "self", &err);

	if (!o)
		fail_msg("%s", err.text);
	return o;
}

static const struct touched_function *find_function(const struct touched_code *c,
						    const char *name)
{
	for (uint32_t i = 0; i < c->n; i++) {
		if (!strcmp(c->v[i].name, name))
			return &c->v[i];
	}
	return NULL;
}

static const uint32_t marked_line = __LINE__ + 1;
static __attribute__((noinline)) int marked(int x)
{
	x += (int)strlen(HEAD(""));
	return x;
}
static const uint32_t marked_end = __LINE__ - 1;

/* This program's own functions: those that no profile knows are there, and end where their
 * code does. */
static void a_binary_knows_functions_that_were_not_sampled(void **state)
{
	struct objfile *o = self_open();
	struct touched_code c = {0};
	struct touched t;
	char diff[1024];
	const struct touched_function *f;

	if (marked(1) < 0 || !objfile_has_lines(o)) {
		objfile_put(o);
		skip();
	}
	snprintf(diff, sizeof(diff),
		 HEAD("tests/unit/test-touched.c") "@@ -1 +%u @@\n-x\n+y\n"
						   "@@ -2 +%u @@\n-x\n+y\n",
		 marked_line + 2, marked_end + 2);
	t = read_diff(diff);
	touched_add_binary(&c, o, &t, TOUCHED_HEAD);
	f = find_function(&c, "marked");
	assert_non_null(f);
	touched_find(&t, TOUCHED_HEAD, &c);
	f = find_function(&c, "marked");
	assert_int_equal(f->first, marked_line);
	assert_true(f->last >= marked_line + 2 && f->last <= marked_end);
	assert_true(f->touched);
	assert_false(f->sampled);
	assert_int_equal(c.touched, 1);
	assert_int_equal(c.touched_sampled, 0);
	assert_non_null(find_function(&c, "code_of"));
	touched_done(&t);
	touched_code_done(&c);
	objfile_put(o);
}

/* --- entries ------------------------------------------------------------------------ */

static void entries_are_marked_by_file_and_line(void **state)
{
	struct functions_entry entries[] = {
		{.name = "first", .file = "/b/src/a.c", .line = 10, .in_head = true},
		{.name = "second", .file = "/b/src/a.c", .line = 30, .in_head = true},
		{.name = "first", .file = "/b/src/a.c", .line = 10}, /* base's */
		{.name = "nowhere", .file = "", .in_head = true},
	};
	struct functions f = {.entries = entries, .n = ARRAY_SIZE(entries)};
	struct touched_code base = {0}, head;

	head = find("/b/", HEAD("src/a.c") "@@ -1 +11 @@\n-x\n+y\n");
	touched_mark(&f, &base, &head);
	assert_true(entries[0].touched);
	assert_false(entries[1].touched);
	assert_false(entries[2].touched);
	assert_false(entries[3].touched);
	touched_mark(&f, &head, &base);
	assert_false(entries[0].touched);
	assert_true(entries[2].touched);
	touched_code_done(&head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hunk_has_lines_on_both_sides),
		cmocka_unit_test(where_nothing_is_left_there_is_a_gap),
		cmocka_unit_test(new_and_removed_files_have_one_side),
		cmocka_unit_test(a_renamed_file_has_two_names),
		cmocka_unit_test(lines_that_look_like_heads_are_lines),
		cmocka_unit_test(files_without_lines_have_no_spans),
		cmocka_unit_test(hostile_names_are_read_and_cleaned),
		cmocka_unit_test(broken_diffs_are_refused_with_their_line),
		cmocka_unit_test(long_paths_are_refused),
		cmocka_unit_test(git_tells_the_lines_whatever_names_and_settings),
		cmocka_unit_test(two_folders_have_no_diff),
		cmocka_unit_test(a_function_ends_where_the_next_one_begins),
		cmocka_unit_test(what_was_taken_out_between_two_functions_is_in_neither),
		cmocka_unit_test(the_folder_of_the_sources_is_found),
		cmocka_unit_test(only_what_is_on_a_stack_was_sampled),
		cmocka_unit_test(a_binary_knows_functions_that_were_not_sampled),
		cmocka_unit_test(entries_are_marked_by_file_and_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
