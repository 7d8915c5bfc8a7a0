/* Questions to git. What comes from outside (refs, branches) is an argument behind
 * --end-of-options, never a part of a command line. */
#include "checkout-priv.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include <profd/mem.h>
#include <profd/vec.h>

/* No questions on the terminal, no hooks, no pager, no background work. */
static const char *const env[] = {
	"GIT_TERMINAL_PROMPT=0", "LC_ALL=C",  "GIT_OPTIONAL_LOCKS=0",
	"GIT_PAGER=cat",	 "PAGER=cat", NULL};

typedef VEC(const char *) words;

static void add_words(words *w, const char *const *args)
{
	for (; *args; args++)
		vec_push(w, *args);
}

static void trim(struct text *t)
{
	while (t->len && (t->s[t->len - 1] == '\n' || t->s[t->len - 1] == ' '))
		t->s[--t->len] = '\0';
}

/* "git ARG: what it said last". */
static int said(const char *const *args, struct text *errors, struct error *err)
{
	struct text clean = {0};
	char *line;

	trim(errors);
	line = errors->len ? strrchr(errors->s, '\n') : NULL;
	line = line ? line + 1 : errors->s;
	text_add_clean(&clean, line ? line : "", line ? strlen(line) : 0);
	error_set(err, -EIO, "git %s failed: %s", args[0],
		  clean.len ? clean.s : "it does not say why");
	if (errors->len && strstr(errors->s, "dubious ownership"))
		error_hint(err, "the repository belongs to another user: git config "
				"--global --add safe.directory FOLDER");
	text_done(&clean);
	return -EIO;
}

static int run(const char *const *argv, const char *const *args, const char *cwd,
	       struct text *out, struct error *err)
{
	struct text errors = {0};
	const struct tool t = {
		.argv = argv, .env = env, .cwd = cwd, .out = out, .errors = &errors};
	int status = 0, code = tool_run(&t, &status, err);

	if (code == -ENOENT)
		error_hint(err, "install git, or compare two folders: profd compare "
				"BASE HEAD");
	if (code == 0 && status != 0)
		code = said(args, &errors, err);
	text_done(&errors);
	return code;
}

char *git_line(struct checkout *c, struct error *err, const char *const *args)
{
	struct error nobody = {0};
	struct text out = {0};
	words w = {0};
	char *line = NULL;
	int code;

	add_words(&w, (const char *const[]){"git", "-C", c->repo ? c->repo : ".", NULL});
	add_words(&w, args);
	vec_push(&w, NULL);
	code = run(w.v, args, NULL, &out, err ? err : &nobody);
	if (code == 0) {
		trim(&out);
		line = xstrndup(text_get(&out), strcspn(text_get(&out), "\n"));
	}
	text_done(&out);
	vec_done(&w);
	return line;
}

int git_run(struct checkout *c, const char *git_dir, const char *work_tree,
	    struct error *err, const char *const *args)
{
	_cleanup_free_ char *dir = git_dir ? xasprintf("--git-dir=%s", git_dir) : NULL;
	_cleanup_free_ char *tree = work_tree ? xasprintf("--work-tree=%s", work_tree)
					      : NULL;
	words w = {0};
	int code;

	add_words(&w, (const char *const[]){"git", "-c", "core.hooksPath=/dev/null", "-c",
					    "advice.detachedHead=false", "-c",
					    "gc.auto=0", NULL});
	if (dir)
		add_words(&w, (const char *const[]){dir, tree, NULL});
	else
		add_words(&w, (const char *const[]){"-C", c->repo, NULL});
	add_words(&w, args);
	vec_push(&w, NULL);
	code = run(w.v, args, work_tree, NULL, err);
	vec_done(&w);
	return code;
}

char *git_commit(struct checkout *c, const char *ref)
{
	_cleanup_free_ char *what = xasprintf("%s^{commit}", ref);

	return GIT_LINE(c, NULL, "rev-parse", "--verify", "--quiet", "--end-of-options",
			what);
}

bool git_has(struct checkout *c, const char *commit)
{
	_cleanup_free_ char *found = git_commit(c, commit);

	return found != NULL;
}

int git_parents(struct checkout *c, const char *commit, struct git_parents *ret,
		struct error *err)
{
	const char *const argv[] = {"git",    "-C",   c->repo, "cat-file",
				    "commit", commit, NULL};
	struct text out = {0};
	int code = run(argv, argv + 3, NULL, &out, err);

	*ret = (struct git_parents){.n = 0};
	for (char *at = out.s, *line; code == 0 && (line = strsep(&at, "\n")) && *line;) {
		if (strncmp(line, "parent ", 7) != 0)
			continue;
		if (ret->n < 2 && strlen(line + 7) < sizeof(ret->id[0]))
			memcpy(ret->id[ret->n], line + 7, strlen(line + 7) + 1);
		ret->n++;
	}
	text_done(&out);
	return code;
}

bool git_is_id(const char *ref)
{
	size_t n = strlen(ref);

	return n == strspn(ref, "0123456789abcdef") && (n == 40 || n == 64);
}

/* Whatever the remote is called, "origin" is what CI systems call it. */
int git_fetch(struct checkout *c, const char *commit, struct error *err)
{
	int code;

	if (!git_is_id(commit))
		return error_set(err, -EINVAL, "'%s' is no id of a commit", commit);
	code = GIT_RUN(c, NULL, NULL, err, "fetch", "--quiet", "--no-tags",
		       "--no-recurse-submodules", "--no-write-fetch-head", "--depth=1",
		       "origin", commit);

	return code == 0 && !git_has(c, commit) ? -ENOENT : code;
}

void git_describe(struct checkout *c, struct checkout_side *s)
{
	if (!s->commit)
		return;
	s->subject = GIT_LINE(c, NULL, "log", "-1", "--format=%s", "--end-of-options",
			      s->commit);
	if (s == &c->head)
		s->branch = GIT_LINE(c, NULL, "symbolic-ref", "--quiet", "--short",
				     "HEAD");
}
