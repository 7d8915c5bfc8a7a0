/* A commit or the working tree as a folder: a repository of its own that borrows the objects
 * of the user's and writes nothing there. */
#include "checkout-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <profd/io.h>
#include <profd/mem.h>

#define SHALLOW_MAX_BYTES (16u << 20)

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	remove(path);
	return 0;
}

/* Folders that may not be written, as Go leaves its modules. */
static int open_up(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type == FTW_D && (st->st_mode & 0700) != 0700)
		chmod(path, 0700);
	return 0;
}

void tree_remove(const char *path)
{
	nftw(path, open_up, 32, FTW_PHYS);
	nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS);
}

static int put_file(const char *path, const char *data, size_t n, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), code;

	if (fd < 0)
		return error_set(err, -errno, "cannot write '%s': %s", path,
				 strerror(errno));
	code = io_write(fd, data, n);
	close(fd);
	return code < 0 ? error_set(err, code, "cannot write '%s': %s", path,
				    strerror(-code))
			: 0;
}

/* `git rev-parse --git-path` answers from where it is run. */
static char *path_in_git(struct checkout *c, const char *name, struct error *err)
{
	char *path = GIT_LINE(c, err, "rev-parse", "--git-path", name), *whole;

	if (!path || path[0] == '/')
		return path;
	whole = xasprintf("%s/%s", c->repo, path);
	free(path);
	return whole;
}

static int borrow_objects(struct checkout *c, const char *git, struct error *err)
{
	_cleanup_free_ char *objects = path_in_git(c, "objects", err);
	_cleanup_free_ char *to = xasprintf("%s/objects/info/alternates", git);
	_cleanup_free_ char *line = NULL;

	if (!objects)
		return err->code;
	line = xasprintf("%s\n", objects);
	return put_file(to, line, strlen(line), err);
}

/* Where the history ends in the user's clone, it ends here. */
static int copy_shallow(struct checkout *c, const char *git, struct error *err)
{
	_cleanup_free_ char *from = NULL, *data = NULL;
	_cleanup_free_ char *to = xasprintf("%s/shallow", git);
	size_t n = 0;
	int code;

	if (!c->shallow)
		return 0;
	from = path_in_git(c, "shallow", err);
	if (!from)
		return err->code;
	code = io_slurp(from, SHALLOW_MAX_BYTES, &data, &n);
	if (code < 0)
		return error_set(err, code, "cannot read '%s': %s", from,
				 strerror(-code));
	return put_file(to, data, n, err);
}

static int repository_make(struct checkout *c, const char *path, char **ret_git,
			   struct error *err)
{
	_cleanup_free_ char *git = xasprintf("%s/.git", path);
	int code;

	if (mkdir(path, 0777) < 0)
		return error_set(err, -errno, "cannot make the folder '%s': %s", path,
				 strerror(errno));
	code = GIT_RUN(c, git, path, err, "init", "--quiet", "--template=");
	if (code == 0) {
		_cleanup_free_ char *info = xasprintf("%s/objects/info", git);

		mkdir(info, 0777);
		code = borrow_objects(c, git, err);
	}
	if (code == 0)
		code = copy_shallow(c, git, err);
	if (code == 0) {
		*ret_git = git;
		git = NULL;
	}
	return code;
}

int tree_make_at(struct checkout *c, const char *commit, const char *path, unsigned depth,
		 struct error *err)
{
	_cleanup_free_ char *git = NULL;
	int code = repository_make(c, path, &git, err);

	if (code == 0)
		code = GIT_RUN(c, git, path, err, "checkout", "--quiet", "--force",
			       "--detach", commit);
	return code < 0 ? code : modules_fill(c, git, path, depth, err);
}

int tree_make(struct checkout *c, const char *commit, const char *path, struct error *err)
{
	return tree_make_at(c, commit, path, 0, err);
}

static char *write_tree(struct checkout *c, const char *git, struct error *err)
{
	_cleanup_free_ char *dir = xasprintf("--git-dir=%s", git);

	return GIT_LINE(c, err, dir, "write-tree");
}

/* The index starts as HEAD's, so that what was deleted is gone; `add` passes over what is
 * ignored, and finds everything else. */
int tree_snapshot(struct checkout *c, const char *path, char **ret_tree,
		  struct error *err)
{
	_cleanup_free_ char *git = NULL;
	int code = repository_make(c, path, &git, err);

	if (code == 0)
		code = GIT_RUN(c, git, path, err, "update-ref", "--no-deref", "HEAD",
			       c->head.commit);
	if (code == 0)
		code = GIT_RUN(c, git, c->repo, err, "read-tree", c->head.commit);
	if (code == 0)
		code = GIT_RUN(c, git, c->repo, err, "add", "--all", "--", ".",
			       CHECKOUT_NOT_OURS);
	if (code < 0)
		return code;
	*ret_tree = write_tree(c, git, err);
	return *ret_tree ? 0 : err->code;
}

int tree_unpack(struct checkout *c, const char *path, struct error *err)
{
	_cleanup_free_ char *git = xasprintf("%s/.git", path);
	int code = GIT_RUN(c, git, path, err, "checkout-index", "--quiet", "--all",
			   "--force", "-u");

	return code < 0 ? code : modules_fill(c, git, path, 0, err);
}

int tree_copy(struct checkout *c, const char *from, const char *to, struct error *err)
{
	_cleanup_free_ char *inside = xasprintf("%s/.", from);
	const char *const argv[] = {"cp", "-a", "--reflink=auto", "--", inside, to, NULL};
	struct text said = {0}, clean = {0};
	const struct tool t = {.argv = argv, .errors = &said};
	int status = 0, code;

	(void)c;
	if (mkdir(to, 0777) < 0)
		return error_set(err, -errno, "cannot make the folder '%s': %s", to,
				 strerror(errno));
	code = tool_run(&t, &status, err);
	if (code == 0 && status != 0) {
		text_add_clean(&clean, text_get(&said), strcspn(text_get(&said), "\n"));
		code = error_set(err, -EIO, "cannot copy '%s': %s", from,
				 text_get(&clean));
	}
	text_done(&said);
	text_done(&clean);
	return code;
}
