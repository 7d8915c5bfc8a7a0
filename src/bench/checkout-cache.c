/* Builds that are kept: builds/ID-KEY/ with `tree`, the built checkout, and `built`, which says
 * by its presence that it is whole, and what of. A lock beside it is held while it is made, and
 * shared while it is used. */
#include "checkout-priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <profd/clock.h>
#include <profd/coin.h>
#include <profd/io.h>
#include <profd/mem.h>
#include <profd/vec.h>

#include "bench-priv.h"

#define KEY_MAX_BYTES (1u << 20)
#define DAY_S (24 * 3600)

static int make_folder(const char *path, struct error *err)
{
	_cleanup_free_ char *copy = xstrdup(path);

	for (char *slash = copy + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(copy, 0777);
		*slash = '/';
	}
	if (mkdir(path, 0777) == 0 || errno == EEXIST)
		return 0;
	error_set(err, -errno, "cannot make the folder '%s': %s", path, strerror(errno));
	error_hint(err, "XDG_CACHE_HOME names another place");
	return err->code;
}

/* A relative one is to be ignored (XDG Base Directory Specification). Without a home, as
 * some containers are, there is nothing to keep. */
int cache_open(struct checkout *c, struct error *err)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	const char *tmp = getenv("TMPDIR");
	char real[PATH_MAX];
	_cleanup_free_ char *wanted = NULL, *builds = NULL, *runs = NULL;
	int code;

	if (xdg && xdg[0] == '/')
		wanted = xasprintf("%s/profd", xdg);
	else if (home && home[0] == '/' && home[1])
		wanted = xasprintf("%s/.cache/profd", home);
	else
		wanted = xasprintf("%s/profd-%u", tmp && tmp[0] == '/' ? tmp : "/tmp",
				   (unsigned)getuid());
	code = make_folder(wanted, err);
	if (code < 0)
		return code;
	c->cache = xstrdup(realpath(wanted, real) ? real : wanted);
	builds = xasprintf("%s/builds", c->cache);
	runs = xasprintf("%s/runs", c->cache);
	code = make_folder(builds, err);
	return code < 0 ? code : make_folder(runs, err);
}

/* --- locks --------------------------------------------------------------------------- */

/* The file may have been removed by who held the lock while this waited for it. */
static bool is_still_there(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino;
}

static int lock_wait(struct checkout *c, int fd, struct error *err)
{
	static const char waiting[] = "profd: waiting for another gate's build\n";
	const struct timespec pause = {0, 100000000};
	bool told = false;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_set(err, -errno, "cannot lock a build: %s",
					 strerror(errno));
		if (!told && c->log_fd > 0)
			io_write(c->log_fd, waiting, sizeof(waiting) - 1);
		told = true;
		nanosleep(&pause, NULL);
		if (bench_interrupted())
			return error_set(err, -EINTR, "interrupted");
	}
	return 0;
}

static int lock_take(struct checkout *c, const char *path, int *ret_fd, struct error *err)
{
	int code;

	for (;;) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

		if (fd < 0)
			return error_set(err, -errno, "cannot write '%s': %s", path,
					 strerror(errno));
		code = lock_wait(c, fd, err);
		if (code == 0 && is_still_there(fd, path)) {
			*ret_fd = fd;
			return 0;
		}
		close(fd);
		if (code < 0)
			return code;
	}
}

/* --- keys ---------------------------------------------------------------------------- */

static void add_compiler(struct text *key)
{
	const char *cc = getenv("CC"), *path = getenv("PATH");
	_cleanup_free_ char *paths = xstrdup(path ? path : "");
	char *at = paths, *folder;
	struct stat st;

	if (!cc || !*cc)
		cc = "cc";
	while ((folder = strsep(&at, ":"))) {
		_cleanup_free_ char *file = xasprintf("%s/%s", folder, cc);

		if (stat(file, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		text_addf(key, "%s %lld %lld\n", file, (long long)st.st_size,
			  (long long)st.st_mtime);
		return;
	}
}

/* All that makes the same commit another program. */
static void key_make(struct checkout *c, const struct checkout_side *s,
		     const struct config_command *build, struct text *key)
{
	static const char *const variables[] = {"CC",
						"CXX",
						"CPPFLAGS",
						"CFLAGS",
						"CXXFLAGS",
						"LDFLAGS",
						"LD",
						"AR",
						"MAKEFLAGS",
						"RUSTFLAGS",
						"GOFLAGS",
						"PATH",
						"CARGO_HOME",
						"FC",
						"FFLAGS",
						"PKG_CONFIG_PATH",
						"LD_LIBRARY_PATH"};

	text_addf(key, "profd %s\n%s\n%s\n%s\n", PACKAGE_VERSION, c->repo, c->subdir,
		  s->id);
	if (build->text)
		text_addf(key, "%s\n", build->text);
	for (uint32_t i = 0; i < build->argc; i++)
		text_addf(key, "[%s]\n", build->argv[i]);
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		const char *value = getenv(variables[i]);

		text_addf(key, "%s=%s\n", variables[i], value ? value : "");
	}
	add_compiler(key);
}

/* --- building ------------------------------------------------------------------------ */

static char *where(struct checkout *c, const char *tree)
{
	return c->subdir[0] ? xasprintf("%s/%s", tree, c->subdir) : xstrdup(tree);
}

static char *what_of(int status)
{
	if (WIFSIGNALED(status))
		return xasprintf("killed by signal %d", WTERMSIG(status));
	return xasprintf("exit status %d", WEXITSTATUS(status));
}

/* Its output and its errors in the order in which they come. */
static int build_run(struct checkout *c, struct checkout_side *s, const char *tree,
		     const struct config_command *build, struct error *err)
{
	const char *const shell[] = {"/bin/sh", "-c", build->text, NULL};
	_cleanup_free_ char *cwd = where(c, tree);
	struct text said = {0}, clean = {0};
	const struct tool t = {
		.argv = build->text ? shell : (const char *const *)build->argv,
		.cwd = cwd,
		.errors = &said,
		.log_fd = c->log_fd,
	};
	uint64_t start = clock_now_ns();
	struct error why = {0};
	int status = 0, code = tool_run(&t, &status, &why);

	s->build_seconds = (double)(clock_now_ns() - start) / 1e9;
	if (code == -EINTR) {
		*err = why;
	} else if (code < 0 || status != 0) {
		s->broken = true;
		s->what = code < 0 ? xstrdup(why.text) : what_of(status);
		text_add_clean(&clean, text_get(&said), said.len);
		s->output = xstrdup(text_get(&said));
		code = 0;
	}
	s->built = code == 0 && !s->broken;
	text_done(&said);
	text_done(&clean);
	return code;
}

static __thread uint64_t folder_bytes;

static int add_size(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)path, (void)type, (void)ftw;
	folder_bytes += (uint64_t)st->st_blocks * 512;
	return 0;
}

static uint64_t size_of(const char *path)
{
	folder_bytes = 0;
	nftw(path, add_size, 32, FTW_PHYS);
	return folder_bytes;
}

/* Complete: its size, and what it was made of. */
static int mark_built(const char *entry, const struct text *key, struct error *err)
{
	struct outfile f;
	int dirfd = open(entry, O_RDONLY | O_DIRECTORY | O_CLOEXEC), code;

	if (dirfd < 0)
		return error_set(err, -errno, "cannot write '%s': %s", entry,
				 strerror(errno));
	code = outfile_open(&f, dirfd, "built", err);
	if (code == 0) {
		sink_putf(&f.sink, "%" PRIu64 "\n%s", size_of(entry), key->s);
		code = outfile_commit(&f, err);
	}
	close(dirfd);
	return code;
}

static bool is_built(const char *entry, const struct text *key)
{
	_cleanup_free_ char *path = xasprintf("%s/built", entry), *data = NULL;
	const char *line;
	size_t n;

	if (io_slurp(path, KEY_MAX_BYTES, &data, &n) < 0)
		return false;
	line = strchr(data, '\n');
	if (!line || strcmp(line + 1, key->s) != 0)
		return false;
	utimensat(AT_FDCWD, path, NULL, 0); /* used now */
	return true;
}

static int entry_fill(struct checkout *c, struct checkout_side *s, const char *entry,
		      const struct config_command *build, const char *snapshot,
		      const struct text *key, struct error *err)
{
	_cleanup_free_ char *tree = xasprintf("%s/tree", entry);
	int code = make_folder(entry, err);

	if (code == 0 && !snapshot)
		code = tree_make(c, s->commit, tree, err);
	else if (code == 0 && rename(snapshot, tree) < 0)
		code = error_set(err, -errno, "cannot move '%s': %s", snapshot,
				 strerror(errno));
	else if (code == 0)
		code = tree_unpack(c, tree, err);
	if (code == 0)
		code = build_run(c, s, tree, build, err);
	if (code == 0 && !s->broken)
		code = mark_built(entry, key, err);
	return code;
}

int cache_build(struct checkout *c, struct checkout_side *s,
		const struct config_command *build, const char *snapshot, char **ret_path,
		struct error *err)
{
	_cleanup_free_ char *entry = NULL, *lock = NULL;
	struct text key = {0};
	int code;

	key_make(c, s, build, &key);
	entry = xasprintf("%s/builds/%s-%016" PRIx64, c->cache, s->id,
			  coin_seed(key.s, "build"));
	lock = xasprintf("%s.lock", entry);
	code = lock_take(c, lock, &s->lock, err);
	if (code == 0 && is_built(entry, &key)) {
		s->built = s->from_cache = true;
	} else if (code == 0) {
		tree_remove(entry);
		code = entry_fill(c, s, entry, build, snapshot, &key, err);
		if (code < 0 || s->broken)
			tree_remove(entry);
	}
	if (s->lock >= 0)
		flock(s->lock, LOCK_SH);
	if (code == 0 && !s->broken)
		*ret_path = xasprintf("%s/tree", entry);
	text_done(&key);
	return code;
}

/* --- the folder of one gate ---------------------------------------------------------- */

/* A gate that was killed cannot tidy up: its lock is free. */
static void remove_dead(const char *runs)
{
	DIR *d = opendir(runs);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		_cleanup_free_ char *path = xasprintf("%s/%s", runs, e->d_name);
		_cleanup_free_ char *lock = xasprintf("%s/lock", path);
		int fd;

		if (e->d_name[0] == '.')
			continue;
		fd = open(lock, O_RDWR | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			tree_remove(path);
		if (fd >= 0)
			close(fd);
	}
	if (d)
		closedir(d);
}

int cache_runs(struct checkout *c, struct error *err)
{
	_cleanup_free_ char *all = xasprintf("%s/runs", c->cache), *lock = NULL;

	remove_dead(all);
	c->runs = xasprintf("%s/XXXXXX", all);
	if (!mkdtemp(c->runs)) {
		error_set(err, -errno, "cannot make a folder in '%s': %s", all,
			  strerror(errno));
		free(c->runs);
		c->runs = NULL;
		return err->code;
	}
	lock = xasprintf("%s/lock", c->runs);
	c->runs_lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (c->runs_lock >= 0)
		flock(c->runs_lock, LOCK_SH);
	return 0;
}

/* --- limits -------------------------------------------------------------------------- */

struct kept {
	char *path;
	time_t used;
	uint64_t bytes;
};

static int by_use(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	return (x->used < y->used) - (x->used > y->used); /* the latest first */
}

static void kept_remove(const struct kept *k)
{
	_cleanup_free_ char *lock = xasprintf("%s.lock", k->path);
	int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
		tree_remove(k->path);
		unlink(lock);
	}
	if (fd >= 0)
		close(fd);
}

static bool kept_read(const char *path, struct kept *ret)
{
	_cleanup_free_ char *built = xasprintf("%s/built", path), *data = NULL;
	struct stat st;
	size_t n;

	if (stat(built, &st) < 0 || io_slurp(built, KEY_MAX_BYTES, &data, &n) < 0)
		return false;
	ret->used = st.st_mtime;
	ret->bytes = strtoull(data, NULL, 10);
	return true;
}

void cache_prune(struct checkout *c)
{
	_cleanup_free_ char *builds = xasprintf("%s/builds", c->cache);
	VEC(struct kept) list = {0};
	DIR *d = opendir(builds);
	uint64_t bytes = 0;
	struct dirent *e;

	while (d && (e = readdir(d))) {
		struct kept k = {.path = xasprintf("%s/%s", builds, e->d_name)};

		if (kept_read(k.path, &k))
			vec_push(&list, k);
		else
			free(k.path);
	}
	if (d)
		closedir(d);
	if (list.n)
		qsort(list.v, list.n, sizeof(*list.v), by_use);
	for (uint32_t i = 0; i < list.n; i++) {
		const struct kept *k = &list.v[i];

		bytes += k->bytes;
		if (bytes > CHECKOUT_BUILDS_MAX_BYTES ||
		    k->used < time(NULL) - CHECKOUT_BUILDS_MAX_DAYS * DAY_S)
			kept_remove(k);
		free(k->path);
	}
	vec_done(&list);
}

/* @path behind @folder and the @depth names below it; NULL: it is not there. */
static const char *behind(const char *path, const char *folder, unsigned depth)
{
	path = strstr(path, folder);
	for (path = path ? path + strlen(folder) : NULL; path && depth; depth--) {
		path = strchr(path, '/');
		path += path != NULL;
	}
	return path;
}

const char *checkout_file(const char *path)
{
	const char *rest = path ? behind(path, "/profd/builds/", 2) : NULL;

	if (path && !rest)
		rest = behind(path, "/profd/runs/", 2);
	return rest ? rest : path;
}
