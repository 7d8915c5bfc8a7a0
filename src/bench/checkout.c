/* What the two sides are, and the folders that they run in. */
#include <profd/checkout.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <profd/io.h>
#include <profd/mem.h>

#include "bench-priv.h"
#include "checkout-priv.h"

/* --- what they are ------------------------------------------------------------------- */

static int folder_find(struct checkout_side *s, const char *path, struct error *err)
{
	char real[PATH_MAX];
	struct stat st;

	if (!realpath(path, real) || stat(real, &st) < 0)
		return error_set(err, -ENOENT, "there is no folder '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, -ENOENT, "'%s' is not a folder", path);
	s->kind = CHECKOUT_DIR;
	s->path = xstrdup(real);
	s->label = xstrdup(path);
	s->id = xstrdup(real);
	return 0;
}

static int file_find(struct checkout_side *s, const char *path, struct error *err)
{
	if (access(path, R_OK) < 0)
		return error_set(err, -ENOENT, "cannot read '%s': %s", path,
				 strerror(errno));
	s->kind = CHECKOUT_FILE;
	s->path = xstrdup(path);
	s->label = xstrdup(path);
	s->id = xstrdup(path);
	return 0;
}

static int ref_find(struct checkout *c, const char *ref, struct error *err)
{
	struct checkout_side *s = &c->base;
	struct error said = {0};

	s->commit = git_commit(c, ref);
	if (!s->commit && c->shallow && git_is_id(ref) && git_fetch(c, ref, &said) == 0)
		s->commit = xstrdup(ref);
	if (bench_interrupted())
		return error_set(err, -EINTR, "interrupted");
	if (!s->commit) {
		error_set(err, -ENOENT, "there is no commit '%s'", ref);
		if (c->shallow)
			error_hint(err, "this is a shallow clone: check out with its "
					"history, by fetch-depth: 0 (GitHub) or "
					"GIT_DEPTH: \"0\" (GitLab)");
		return -ENOENT;
	}
	s->kind = CHECKOUT_REF;
	s->label = xstrdup(ref);
	s->why = xstrdup("as it was asked for");
	return 0;
}

static int base_parse(struct checkout *c, const char *base, struct error *err)
{
	if (!strcmp(base, "self:")) {
		c->base.kind = CHECKOUT_SELF;
		c->base.label = xstrdup("a copy of it");
		c->base.id = xstrdup("copy");
		return 0;
	}
	if (!strncmp(base, "dir:", 4))
		return folder_find(&c->base, base + 4, err);
	if (!strncmp(base, "file:", 5))
		return file_find(&c->base, base + 5, err);
	if (!strncmp(base, "ref:", 4) && !c->repo)
		return error_set(err, -ENOENT,
				 "'%s' is a commit, and this is not in a "
				 "git repository",
				 base);
	if (!strncmp(base, "ref:", 4))
		return ref_find(c, base + 4, err);
	error_set(err, -EINVAL, "'%s' is no base: dir:FOLDER, ref:COMMIT or file:RESULT",
		  base);
	error_hint(err, "write ref:%s for a branch or commit", base);
	return -EINVAL;
}

/* --- the repository ------------------------------------------------------------------ */

static char *line_at(const char *folder, struct error *err, const char *question)
{
	struct checkout at = {.repo = (char *)folder};

	return GIT_LINE(&at, err, "rev-parse", question);
}

/* No repository is no error yet: two folders need none. */
static void repository_find(struct checkout *c, const char *folder, struct error *ret_why)
{
	_cleanup_free_ char *prefix = NULL, *shallow = NULL;
	char *top = line_at(folder, ret_why, "--show-toplevel");

	if (!top)
		return;
	c->repo = top;
	prefix = line_at(folder, NULL, "--show-prefix");
	shallow = line_at(folder, NULL, "--is-shallow-repository");
	c->shallow = shallow && !strcmp(shallow, "true");
	free(c->subdir);
	c->subdir = xstrdup(prefix ? prefix : "");
	if (c->subdir[0])
		c->subdir[strlen(c->subdir) - 1] = '\0'; /* its slash */
}

static bool is_dirty(struct checkout *c)
{
	_cleanup_free_ char *line = GIT_LINE(c, NULL, "status", "--porcelain",
					     "--untracked-files=normal", "--", ":/",
					     CHECKOUT_NOT_OURS);

	return line && *line;
}

static int head_find(struct checkout *c, const struct error *why, struct error *err)
{
	struct checkout_side *h = &c->head;

	if (!c->repo) {
		*err = *why;
		if (!err->hint[0])
			error_hint(err, "a change is judged in its git repository, or as "
					"two folders: profd compare BASE HEAD");
		return err->code ? err->code : -ENOENT;
	}
	h->commit = git_commit(c, "HEAD");
	if (!h->commit)
		return error_set(err, -ENOENT, "the repository '%s' has no commit yet",
				 c->repo);
	h->kind = CHECKOUT_REF;
	h->dirty = is_dirty(c);
	h->label = xstrdup(h->dirty ? "the working tree" : "HEAD");
	h->id = xstrdup(h->commit);
	return 0;
}

int checkout_open(struct checkout *c, const char *folder, const char *base,
		  const char *head, struct error *err)
{
	struct error why = {0};
	int code;

	*c = (struct checkout){.runs_lock = -1, .holds = true, .subdir = xstrdup("")};
	c->base.lock = c->head.lock = -1;
	interrupt_hold();
	if (!head || !base || strncmp(base, "dir:", 4) != 0)
		repository_find(c, folder, &why);
	if (bench_interrupted())
		return error_set(err, -EINTR, "interrupted");
	if (head && !strncmp(head, "dir:", 4))
		code = folder_find(&c->head, head + 4, err);
	else if (!c->repo && base && !strcmp(base, "self:"))
		code = folder_find(&c->head, folder, err);
	else
		code = head_find(c, &why, err);
	if (code == 0)
		code = base ? base_parse(c, base, err) : base_find(c, err);
	if (code < 0)
		return code;
	if (c->base.kind == CHECKOUT_REF) {
		c->base.id = xstrdup(c->base.commit);
		git_describe(c, &c->base);
	}
	git_describe(c, &c->head);
	return bench_interrupted() ? error_set(err, -EINTR, "interrupted") : 0;
}

void checkout_look(struct checkout *c, const char *folder)
{
	struct error why = {0};

	*c = (struct checkout){.runs_lock = -1, .holds = true, .subdir = xstrdup("")};
	c->base.lock = c->head.lock = -1;
	interrupt_hold();
	repository_find(c, folder, &why);
	if (c->repo && head_find(c, &why, &why) == 0)
		git_describe(c, &c->head);
}

/* --- base's configuration ------------------------------------------------------------- */

static char *file_read(const char *path)
{
	char *data = NULL;
	size_t n;

	return io_slurp(path, CONFIG_FILE_MAX_BYTES, &data, &n) == 0 ? data : NULL;
}

char *checkout_base_config(struct checkout *c, const char *name)
{
	const struct checkout_side *b = &c->base;
	_cleanup_free_ char *path = NULL;
	const char *argv[] = {"git", "-C", c->repo, "cat-file", "blob", NULL, NULL};
	struct text out = {0}, errors = {0};
	const struct tool t = {.argv = argv,
			       .out = &out,
			       .errors = &errors,
			       .out_max = CONFIG_FILE_MAX_BYTES};
	int status = 1;

	if (b->kind == CHECKOUT_DIR) {
		path = xasprintf("%s/%s", b->path, name);
		return file_read(path);
	}
	if (b->kind != CHECKOUT_REF)
		return NULL;
	path = xasprintf("%s:%s%s%s", b->commit, c->subdir, c->subdir[0] ? "/" : "",
			 name);
	argv[5] = path;
	if (tool_run(&t, &status, NULL) < 0 || status != 0)
		text_done(&out);
	else if (!out.s)
		out.s = xstrdup("");
	text_done(&errors);
	return out.s;
}

/* --- folders ------------------------------------------------------------------------- */

static bool is_given(const struct config_command *build)
{
	return build->text || build->argc;
}

/* What is not committed becomes a tree of its own, whose id tells it from others. */
static int snapshot(struct checkout *c, struct checkout_side *s, const char *path,
		    struct error *err)
{
	char *tree = NULL;
	int code = tree_snapshot(c, path, &tree, err);

	if (code < 0)
		return code;
	free(s->id);
	s->id = tree;
	return 0;
}

static int make_unbuilt(struct checkout *c, struct checkout_side *s, const char *path,
			struct error *err)
{
	int code;

	if (s->kind == CHECKOUT_DIR)
		return tree_copy(c, s->path, path, err);
	if (!s->dirty)
		return tree_make(c, s->commit, path, err);
	code = snapshot(c, s, path, err);
	return code < 0 ? code : tree_unpack(c, path, err);
}

static int make_built(struct checkout *c, struct checkout_side *s, const char *path,
		      const struct config_command *build, struct error *err)
{
	_cleanup_free_ char *built = NULL, *snap = NULL;
	int code = 0;

	if (s->dirty) {
		snap = xasprintf("%s/snap", c->runs);
		code = snapshot(c, s, snap, err);
	}
	if (code == 0)
		code = cache_build(c, s, build, snap, &built, err);
	if (code == 0 && !s->broken)
		code = tree_copy(c, built, path, err);
	return code;
}

static int make_side(struct checkout *c, struct checkout_side *s, const char *name,
		     const struct config_command *build, struct error *err)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", c->runs, name);
	int code;

	if (s->kind != CHECKOUT_DIR && s->kind != CHECKOUT_REF)
		return 0;
	if (s->kind == CHECKOUT_REF && is_given(build))
		code = make_built(c, s, path, build, err);
	else
		code = make_unbuilt(c, s, path, err);
	if (code < 0 || s->broken)
		return code;
	s->root = s->kind == CHECKOUT_REF && c->subdir[0]
			  ? xasprintf("%s/%s", path, c->subdir)
			  : xstrdup(path);
	if (access(s->root, F_OK) == 0)
		return 0;
	s->broken = true;
	s->what = xasprintf("it has no folder '%s'", c->subdir);
	s->output = xstrdup("");
	return 0;
}

/* One of the folders as another one, as it is now. */
static int make_copy(struct checkout *c, const char *from, const char *to,
		     char **ret_root, struct error *err)
{
	_cleanup_free_ char *source = xasprintf("%s/%s", c->runs, from);
	_cleanup_free_ char *target = xasprintf("%s/%s", c->runs, to);
	enum checkout_kind kind = c->base.kind == CHECKOUT_SELF ? c->head.kind
								: c->base.kind;
	int code;

	tree_remove(target);
	code = tree_copy(c, source, target, err);
	if (code < 0)
		return code;
	free(*ret_root);
	*ret_root = kind != CHECKOUT_DIR && c->subdir[0]
			    ? xasprintf("%s/%s", target, c->subdir)
			    : xstrdup(target);
	return 0;
}

int checkout_make(struct checkout *c, const struct config_command *build,
		  struct error *err)
{
	int code = cache_open(c, err);

	if (code == 0)
		code = cache_runs(c, err);
	if (code == 0)
		code = make_side(c, &c->base, "base", build, err);
	if (code == 0)
		code = make_side(c, &c->head, "head", build, err);
	if (code == 0 && c->base.kind == CHECKOUT_SELF && !c->head.broken)
		code = make_copy(c, "head", "base", &c->base.root, err);
	return code;
}

int checkout_copy_base(struct checkout *c, const char **ret_root, struct error *err)
{
	int code = make_copy(c, "base", "copy", &c->copy_root, err);

	if (code == 0)
		*ret_root = c->copy_root;
	return code;
}

/* --- the end ------------------------------------------------------------------------- */

static void side_done(struct checkout_side *s)
{
	char *all[] = {s->path, s->label, s->commit, s->subject, s->branch,
		       s->why,	s->id,	  s->root,   s->what,	 s->output};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		free(all[i]);
	if (s->lock >= 0)
		close(s->lock);
}

void checkout_close(struct checkout *c)
{
	if (c->runs)
		tree_remove(c->runs);
	if (c->runs_lock >= 0)
		close(c->runs_lock);
	side_done(&c->base);
	side_done(&c->head);
	if (c->cache)
		cache_prune(c);
	free(c->repo);
	free(c->subdir);
	free(c->cache);
	free(c->runs);
	free(c->copy_root);
	if (c->holds)
		interrupt_release();
	*c = (struct checkout){.runs_lock = -1};
}
