/* The directory of one run: made, and proved writable, before the workload starts, so
 * that an hour of measuring is not lost to a missing permission. */
#include <profd/report.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report-priv.h"
#include <profd/mem.h>

static const char DEFAULT_DIR[] = "profd-out";

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int in_the_way(const char *path, struct error *err)
{
	error_set(err, -ENOTDIR, "'%s' is in the way and not a directory", path);
	error_hint(err, "remove it, or give another directory with -o");
	return -ENOTDIR;
}

/* Takes profd-out.old aside. It is removed by outdir_close: a run that never starts costs
 * nothing. */
static int set_aside(struct outdir *d, const char *old, struct error *err)
{
	struct stat st;
	int code;

	if (lstat(old, &st) < 0)
		return 0;
	if (!S_ISDIR(st.st_mode))
		return in_the_way(old, err);
	d->older = xasprintf("%s.%d", old, (int)getpid());
	if (rename(old, d->older) == 0)
		return 0;
	code = -errno;
	free(d->older);
	d->older = NULL;
	return error_set(err, code, "cannot move '%s': %s", old, strerror(-code));
}

/* Moves profd-out to profd-out.old, replacing the one of the run before. An empty one is
 * used again. */
static int move_old(struct outdir *d, struct error *err)
{
	_cleanup_free_ char *old = xasprintf("%s.old", d->path);
	struct stat st;
	int code;

	if (lstat(d->path, &st) < 0)
		return errno == ENOENT ? 0
				       : error_set(err, -errno, "cannot look at '%s': %s",
						   d->path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return in_the_way(d->path, err);
	if (rmdir(d->path) == 0)
		return 0;
	code = set_aside(d, old, err);
	if (code < 0)
		return code;
	if (rename(d->path, old) < 0) {
		code = -errno;
		error_set(err, code, "cannot move the earlier '%s' to '%s': %s", d->path,
			  old, strerror(-code));
		error_hint(err, "give another directory with -o");
		return code;
	}
	d->moved_to = xstrdup(old);
	return 0;
}

/* An artifact of an earlier run, by its name. Other files of the user's may stay where
 * they are. */
static bool has_results(int dirfd)
{
	struct stat st;
	const char *name;

	for (size_t i = 0; (name = artifact_name(i)); i++) {
		if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return false;
}

/* Creates every directory of the path that is missing; 1: the last one, too. */
static int make_path(const char *path)
{
	_cleanup_free_ char *copy = xstrdup(path);

	/* Or its first two thousand parents would be made before the kernel says so. */
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	for (char *slash = copy + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(copy, 0777) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	if (mkdir(path, 0777) == 0)
		return 1;
	return errno == EEXIST ? 0 : -errno;
}

static int check_writable(const struct outdir *d, struct error *err)
{
	struct outfile probe;
	struct error why = {0};
	int code = outfile_open(&probe, d->fd, "run.json", &why);

	if (code < 0) {
		error_set(err, code, "cannot write into '%s': %s", d->path,
			  strerror(-code));
		error_hint(err, "give a writable directory with -o");
		return code;
	}
	outfile_abort(&probe);
	return 0;
}

int outdir_open(struct outdir *d, const char *path, bool force, struct error *err)
{
	int code;

	*d = (struct outdir){.path = xstrdup(path ? path : DEFAULT_DIR), .fd = -1};
	code = path ? 0 : move_old(d, err);
	if (code < 0)
		return code;
	code = make_path(d->path);
	d->made = code > 0;
	if (code >= 0)
		d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (code >= 0 && d->fd < 0)
		code = -errno;
	if (code < 0) {
		error_set(err, code, "cannot make the directory '%s': %s", d->path,
			  strerror(-code));
		error_hint(err, "give a writable directory with -o");
		return code;
	}
	if (path && !force && has_results(d->fd)) {
		error_set(err, -EEXIST, "'%s' holds the results of an earlier run",
			  d->path);
		error_hint(err,
			   "--force writes over what is there; without -o the earlier "
			   "profd-out is kept as profd-out.old");
		return -EEXIST;
	}
	return check_writable(d, err);
}

void outdir_discard(struct outdir *d)
{
	_cleanup_free_ char *old = d->path ? xasprintf("%s.old", d->path) : NULL;

	if (d->made && rmdir(d->path) < 0)
		return;
	if (d->moved_to && rename(d->moved_to, d->path) < 0)
		return;
	if (d->older && rename(d->older, old) < 0)
		return;
	free(d->older);
	d->older = NULL;
}

void outdir_close(struct outdir *d)
{
	if (d->older)
		nftw(d->older, remove_one, 32, FTW_DEPTH | FTW_PHYS);
	if (d->fd >= 0)
		close(d->fd);
	free(d->path);
	free(d->moved_to);
	free(d->older);
	*d = (struct outdir){.fd = -1};
}
