/* What a change changes, by the clone that the job runs in. A clone that lacks the commits is
 * no error: then nobody can say that nothing of consequence has changed. */
#include <profd/ci-rules.h>

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include <profd/text.h>
#include <profd/tool.h>

#include "ci-priv.h"

#define NAMES_MAX_BYTES (16u << 20)

static int git(const char *folder, const char *const *args, struct text *out)
{
	static const char *const env[] = {"GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
					  "GIT_OPTIONAL_LOCKS=0", NULL};
	const char *argv[16] = {"git", "-C", folder};
	struct tool t = {
		.argv = argv, .env = env, .out = out, .out_max = NAMES_MAX_BYTES};
	struct text errors = {0};
	int status = 0, code;

	for (size_t i = 0; args[i]; i++)
		argv[i + 3] = args[i];
	t.errors = &errors;
	code = tool_run(&t, &status, NULL);
	text_done(&errors);
	return code < 0 ? code : status == 0 ? 0 : -ENOENT;
}

/* Commits come from events: digits of a hash and nothing else, and not the one of zeros that
 * stands for none. */
static bool is_commit(const char *s)
{
	size_t n = s ? strlen(s) : 0;

	if (n < 40 || n > 64 || strspn(s, "0") == n)
		return false;
	for (; *s; s++) {
		if (!isxdigit((unsigned char)*s))
			return false;
	}
	return true;
}

static bool has_commit(const char *folder, const char *name, struct text *ret_sha)
{
	_cleanup_free_ char *commit = xasprintf("%s^{commit}", name);
	const char *const args[] = {"rev-parse",	"--verify", "--quiet",
				    "--end-of-options", commit,	    NULL};
	bool has;

	text_clear(ret_sha);
	has = git(folder, args, ret_sha) == 0;
	while (ret_sha->len && ret_sha->s[ret_sha->len - 1] == '\n')
		ret_sha->s[--ret_sha->len] = '\0';
	return has && is_commit(text_get(ret_sha));
}

/* --- from what to what --------------------------------------------------------------- */

struct range {
	struct text base, head;
	const char *dots;
};

/* A pull request's checkout is a merge of both sides, often of depth 2, and the base is its
 * first parent. */
static bool find_merge(const char *folder, const char *head, struct range *r)
{
	return has_commit(folder, "HEAD^2", &r->head) &&
	       !strcmp(text_get(&r->head), head) &&
	       has_commit(folder, "HEAD", &r->head) &&
	       has_commit(folder, "HEAD^1", &r->base);
}

static bool find_base(const char *folder, const struct ci_env *env,
		      const struct ci_event *e, struct range *r)
{
	_cleanup_free_ char *remote = NULL;

	if (is_commit(e->base_sha))
		return has_commit(folder, e->base_sha, &r->base);
	if (!env->base_branch)
		return false;
	remote = xasprintf("refs/remotes/origin/%s", env->base_branch);
	return has_commit(folder, remote, &r->base);
}

static bool range_find(const char *folder, const struct ci_env *env,
		       const struct ci_event *e, struct range *r)
{
	r->dots = "..";
	if (!is_commit(e->head_sha))
		return false;
	if (e->happened == CI_PULL_REQUEST) {
		if (find_merge(folder, e->head_sha, r))
			return true;
		r->dots = "...";
	}
	return has_commit(folder, e->head_sha, &r->head) && find_base(folder, env, e, r);
}

/* --- reading ------------------------------------------------------------------------- */

static void add_files(struct ci_changes *c, const struct text *names)
{
	size_t n = 0;

	for (size_t i = 0; i < names->len; i++)
		n += !names->s[i];
	c->known = n <= CI_FILES_MAX;
	if (!c->known || !n) {
		c->why = "it changes over 100,000 files";
		return;
	}
	c->files.v = arena_alloc(&c->arena, n * sizeof(*c->files.v));
	for (const char *s = names->s; c->files.n < n; s += strlen(s) + 1)
		c->files.v[c->files.n++] = arena_strndup(&c->arena, s, strlen(s));
}

static void read_files(const char *folder, const struct range *r, struct ci_changes *c)
{
	_cleanup_free_ char *range = xasprintf("%s%s%s", text_get(&r->base), r->dots,
					       text_get(&r->head));
	const char *const args[] = {"diff",
				    "--name-only",
				    "-z",
				    "--no-renames",
				    "--no-ext-diff",
				    "--end-of-options",
				    range,
				    "--",
				    NULL};
	struct text names = {0};

	if (git(folder, args, &names) == 0)
		add_files(c, &names);
	text_done(&names);
}

static void read_message(const char *folder, const char *sha, struct ci_changes *c)
{
	const char *const args[] = {"log", "-1", "--format=%B", "--end-of-options",
				    sha,   NULL};
	struct text message = {0}, clean = {0};

	if (is_commit(sha) && git(folder, args, &message) == 0) {
		text_add_lines(&clean, text_get(&message),
			       message.len < CI_TEXT_MAX_BYTES ? message.len
							       : CI_TEXT_MAX_BYTES);
		c->message = arena_strndup(&c->arena, text_get(&clean), clean.len);
	}
	text_done(&message);
	text_done(&clean);
}

void ci_changes_read(const char *folder, const struct ci_env *env,
		     const struct ci_event *e, struct ci_changes *ret)
{
	struct range r = {0};

	*ret = (struct ci_changes){0};
	ret->why = "it has no commits";
	if (e->happened != CI_PULL_REQUEST && e->happened != CI_PUSH)
		return;
	ret->why = "this clone has not both sides of the change (fetch-depth: 0 fetches "
		   "all)";
	read_message(folder, e->head_sha, ret);
	if (range_find(folder, env, e, &r))
		read_files(folder, &r, ret);
	text_done(&r.base);
	text_done(&r.head);
}

void ci_changes_done(struct ci_changes *c)
{
	arena_done(&c->arena);
	*c = (struct ci_changes){0};
}
