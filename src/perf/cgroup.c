/* The workload's control group: where it goes, making it, moving in and out, removing it.
 *
 * Version 1 has a hierarchy of its own for perf_event, so that moving there touches
 * nothing else. In version 2 the one hierarchy holds the limits, too. They are inherited
 * by a child group, but its files do not show them: a program that reads its own group's
 * memory.max to size its heap would see none. So where the own group sets a limit, the
 * workload stays. Which CPUs the events are on is not decided here. */
#include <profd/cgroup.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <profd/io.h>
#include <profd/log.h>
#include <profd/mem.h>
#include <profd/number.h>

#define PROC_FILE_MAX_BYTES ((size_t)4 << 20)
#define PREFIX "profd-"
#define MOVE_ROUNDS 100 /* what forks meanwhile is moved in the next */
#define DEPTH_MAX 16	/* of groups below it */

struct cgroup {
	int parent_fd, fd; /* directories; without a parent it is not ours */
	char name[32];	   /* in the parent */
	bool v1;
};

/* --- /proc/self/mountinfo and /proc/self/cgroup ------------------------------------- */

/* True when @word is an element of the list @s[0..n), separated by commas. */
static bool list_has(const char *s, size_t n, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < n;) {
		const char *comma = memchr(s + i, ',', n - i);
		size_t end = comma ? (size_t)(comma - s) : n;

		if (end - i == len && !memcmp(s + i, word, len))
			return true;
		i = end + 1;
	}
	return false;
}

/* The path of the line "ID:CONTROLLERS:PATH" that names @controller; for NULL the one of
 * version 2, "0::PATH". Not terminated. */
static const char *own_path(const char *own, const char *controller, size_t *ret_len)
{
	size_t n = strlen(own), pos = 0, len;
	const char *line;

	while (io_line(own, n, &pos, &line, &len)) {
		const char *first = memchr(line, ':', len), *second;

		second = first ? memchr(first + 1, ':', len - (size_t)(first + 1 - line))
			       : NULL;
		if (!second)
			continue;
		if (controller ? !list_has(first + 1, (size_t)(second - first - 1),
					   controller)
			       : second != first + 1)
			continue;
		*ret_len = len - (size_t)(second + 1 - line);
		return second + 1;
	}
	return NULL;
}

/* Blanks, tabs, newlines and backslashes are \ooo in mountinfo. In place. */
static void unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' &&
		    s[2] <= '7' && s[3] >= '0' && s[3] <= '7') {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 |
					(s[3] - '0'));
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
}

struct mount { /* fields of a line, terminated and unescaped */
	char *root, *point, *options, *type, *super;
};

/* "36 35 98:0 ROOT POINT OPTIONS [optional fields] - TYPE SOURCE SUPER"; cuts up
 * @line. */
static bool mount_parse(char *line, struct mount *ret)
{
	char *save = NULL, *word = strtok_r(line, " ", &save);
	char *field[6];
	unsigned n = 0;

	for (; word && n < ARRAY_SIZE(field); word = strtok_r(NULL, " ", &save))
		field[n++] = word;
	while (word && strcmp(word, "-"))
		word = strtok_r(NULL, " ", &save);
	if (!word)
		return false;
	ret->type = strtok_r(NULL, " ", &save);
	strtok_r(NULL, " ", &save); /* the source */
	ret->super = strtok_r(NULL, " ", &save);
	ret->root = field[3];
	ret->point = field[4];
	ret->options = field[5];
	if (!ret->super)
		return false;
	unescape(ret->root);
	unescape(ret->point);
	return true;
}

/* The directory that shows group @path under a mount whose top is group @root; NULL when
 * @path is not below it. Both start with "/"; "/.." is a place outside of a cgroup
 * namespace. */
static char *place_below(const struct mount *m, const char *path, size_t len)
{
	size_t top = strcmp(m->root, "/") ? strlen(m->root) : 0;

	if (len < top || memcmp(path, m->root, top) || (len > top && path[top] != '/'))
		return NULL;
	if (len >= 3 && !memcmp(path, "/..", 3) && (len == 3 || path[3] == '/'))
		return NULL;
	return xasprintf("%s%.*s", m->point, (int)(len - top), path + top);
}

/* The place of the group that line "own" names; @write: only where groups can be made. */
static int find_place(const char *mountinfo, const char *own, bool write,
		      struct cgroup_place *ret_place)
{
	size_t len = 0, n = strlen(mountinfo), pos = 0, line_len;
	const char *path = own_path(own, "perf_event", &len), *line;
	bool v1 = path;
	int code = -ENOENT;

	if (!v1)
		path = own_path(own, NULL, &len);
	while (path && io_line(mountinfo, n, &pos, &line, &line_len)) {
		_cleanup_free_ char *copy = xstrndup(line, line_len);
		struct mount m;
		char *dir;

		if (!mount_parse(copy, &m) || strcmp(m.type, v1 ? "cgroup" : "cgroup2"))
			continue;
		if (v1 && !list_has(m.super, strlen(m.super), "perf_event"))
			continue;
		dir = place_below(&m, path, len);
		if (dir && (!write || !list_has(m.options, strlen(m.options), "ro"))) {
			*ret_place = (struct cgroup_place){dir, v1};
			return 0;
		}
		if (code != -EROFS)
			code = dir ? -EROFS : -EXDEV;
		free(dir);
	}
	return code;
}

int cgroup_find(const char *mountinfo, const char *own, struct cgroup_place *ret_place)
{
	return find_place(mountinfo, own, true, ret_place);
}

/* --- files of a group --------------------------------------------------------------- */

static int slurp_at(int dirfd, const char *name, char **ret_data)
{
	_cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	size_t n;

	if (fd < 0)
		return -errno;
	return io_slurp_fd(fd, PROC_FILE_MAX_BYTES, ret_data, &n);
}

static int put_at(int dirfd, const char *name, pid_t pid)
{
	_cleanup_close_ int fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC);
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", (int)pid);

	if (fd < 0)
		return -errno;
	/* One write(2) of one number, as cgroups(7) asks for. */
	return write(fd, text, (size_t)n) == n ? 0 : -errno;
}

const char *cgroup_limit(int dirfd)
{
	static const char *const files[] = {"memory.max", "memory.high", "cpu.max"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *text = NULL;

		if (slurp_at(dirfd, files[i], &text) == 0 && strncmp(text, "max", 3))
			return files[i];
	}
	return NULL;
}

/* NULL when it cannot be opened. */
static DIR *dir_at(int parent_fd, const char *name)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

/* Calls @fn with each process of the group; returns how many there were. */
static unsigned each_process(int dirfd, void (*fn)(void *arg, pid_t pid), void *arg)
{
	_cleanup_free_ char *text = NULL;
	unsigned n = 0;

	if (slurp_at(dirfd, "cgroup.procs", &text) < 0)
		return 0;
	for (char *save = NULL, *w = strtok_r(text, "\n", &save); w;
	     w = strtok_r(NULL, "\n", &save)) {
		uint64_t pid;

		/* 0: a process of another pid namespace. */
		if (number_parse_u64(w, 1, INT32_MAX, &pid))
			continue;
		fn(arg, (pid_t)pid);
		n++;
	}
	return n;
}

bool cgroup_populated(const struct cgroup *c)
{
	_cleanup_free_ char *text = NULL;

	if (!c->v1 && slurp_at(c->fd, "cgroup.events", &text) == 0)
		return strstr(text, "populated 1");
	return slurp_at(c->fd, "cgroup.procs", &text) == 0 && text[0];
}

/* A container's runtime puts its processes into groups of their own. */
static void each_below(int dirfd, void (*fn)(void *arg, pid_t pid), void *arg,
		       unsigned depth)
{
	DIR *dir = dir_at(dirfd, ".");
	struct dirent *d;

	each_process(dirfd, fn, arg);
	while (dir && depth && (d = readdir(dir))) {
		_cleanup_close_ int fd = -1;

		if (d->d_type != DT_DIR || d->d_name[0] == '.')
			continue;
		fd = openat(dirfd, d->d_name,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			each_below(fd, fn, arg, depth - 1);
	}
	if (dir)
		closedir(dir);
}

void cgroup_each(const struct cgroup *c, void (*fn)(void *arg, pid_t pid), void *arg)
{
	each_below(c->fd, fn, arg, DEPTH_MAX);
}

static void signal_process(void *arg, pid_t pid)
{
	kill(pid, *(int *)arg);
}

void cgroup_kill(const struct cgroup *c, int sig)
{
	cgroup_each(c, signal_process, &sig);
}

/* --- removing ----------------------------------------------------------------------- */

/* Groups that the workload made and left empty go with its own; one with a process in it
 * stays, and so do those above it. */
static int remove_group(int parent_fd, const char *name, unsigned depth)
{
	struct dirent *d;
	DIR *dir;

	if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	dir = dir_at(parent_fd, name);
	if (!dir)
		return -EBUSY;
	while (depth && (d = readdir(dir))) {
		if (d->d_type == DT_DIR && d->d_name[0] != '.')
			remove_group(dirfd(dir), d->d_name, depth - 1);
	}
	closedir(dir);
	return unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* A profd that was killed could not remove its group. */
static void sweep(int parent_fd)
{
	DIR *dir = dir_at(parent_fd, ".");
	struct dirent *d;

	if (!dir)
		return;
	while ((d = readdir(dir))) {
		uint64_t pid;

		if (strncmp(d->d_name, PREFIX, strlen(PREFIX)) ||
		    number_parse_u64(d->d_name + strlen(PREFIX), 1, INT32_MAX, &pid))
			continue;
		if (kill((pid_t)pid, 0) == 0 || errno != ESRCH)
			continue;
		if (remove_group(parent_fd, d->d_name, DEPTH_MAX) == 0)
			log_debug("perf", "removed %s, left by a killed profd",
				  d->d_name);
	}
	closedir(dir);
}

static void move_back(void *arg, pid_t pid)
{
	put_at(*(int *)arg, "cgroup.procs", pid);
}

struct cgroup *cgroup_close(struct cgroup *c)
{
	int code;

	if (!c)
		return NULL;
	if (c->parent_fd < 0) {
		close(c->fd);
		free(c);
		return NULL;
	}
	for (unsigned i = 0; i < MOVE_ROUNDS; i++) {
		if (!each_process(c->fd, move_back, &c->parent_fd))
			break;
	}
	code = remove_group(c->parent_fd, c->name, DEPTH_MAX);
	if (code < 0)
		log_debug("perf", "%s stays: %s", c->name, strerror(-code));
	close(c->fd);
	close(c->parent_fd);
	free(c);
	return NULL;
}

/* --- making ------------------------------------------------------------------------- */

static int find_own(struct cgroup_place *ret, struct error *err)
{
	_cleanup_free_ char *mountinfo = NULL, *own = NULL;
	size_t n;
	int code = io_slurp("/proc/self/mountinfo", PROC_FILE_MAX_BYTES, &mountinfo, &n);

	if (code == 0)
		code = io_slurp("/proc/self/cgroup", PROC_FILE_MAX_BYTES, &own, &n);
	if (code == 0)
		code = cgroup_find(mountinfo, own, ret);
	if (code == -EROFS)
		return error_set(err, code, "control groups are mounted read-only");
	if (code == -EXDEV)
		return error_set(err, code,
				 "the own control group is outside of what is mounted");
	if (code < 0)
		return error_set(err, code, "no control groups with perf_event");
	return 0;
}

static int make_group(struct cgroup *c, const char *dir, struct error *err)
{
	int code;

	c->parent_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->parent_fd < 0)
		return error_set(err, -errno, "the control group %s cannot be opened: %s",
				 dir, strerror(errno));
	sweep(c->parent_fd);
	snprintf(c->name, sizeof(c->name), PREFIX "%d", (int)getpid());
	code = mkdirat(c->parent_fd, c->name, 0755) < 0 ? -errno : 0;
	/* Of an earlier process with our pid. */
	if (code == -EEXIST && remove_group(c->parent_fd, c->name, DEPTH_MAX) == 0)
		code = mkdirat(c->parent_fd, c->name, 0755) < 0 ? -errno : 0;
	if (code < 0) {
		c->name[0] = '\0';
		return error_set(err, code, "no control group can be made in %s: %s", dir,
				 strerror(-code));
	}
	c->fd = openat(c->parent_fd, c->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->fd < 0)
		return error_set(err, -errno, "a new control group cannot be opened: %s",
				 strerror(errno));
	return 0;
}

/* --- one that exists ---------------------------------------------------------------- */

/* @path as in /proc/PID/cgroup, as a directory. NULL: there is no such hierarchy. */
static char *path_in_hierarchy(const char *path)
{
	_cleanup_free_ char *mountinfo = NULL, *own = NULL, *line = NULL;
	struct cgroup_place place = {0};
	size_t n, len;

	if (io_slurp("/proc/self/mountinfo", PROC_FILE_MAX_BYTES, &mountinfo, &n) < 0 ||
	    io_slurp("/proc/self/cgroup", PROC_FILE_MAX_BYTES, &own, &n) < 0)
		return NULL;
	line = xasprintf("0:%s:%s%s\n",
			 own_path(own, "perf_event", &len) ? "perf_event" : "",
			 path[0] == '/' ? "" : "/", path);
	return find_place(mountinfo, line, false, &place) < 0 ? NULL : place.dir;
}

static bool is_group(const char *dir)
{
	_cleanup_free_ char *procs = xasprintf("%s/cgroup.procs", dir);

	return access(procs, F_OK) == 0;
}

struct cgroup *cgroup_open(const char *path, struct error *err)
{
	_cleanup_free_ char *below = is_group(path) ? NULL : path_in_hierarchy(path);
	const char *dir = below && is_group(below) ? below : path;
	struct cgroup *c;
	int fd;

	if (dir == path && !is_group(path)) {
		error_set(err, -ENOENT, "there is no control group '%s'", path);
		error_hint(err,
			   "give its directory%s%s%s, or its path as in /proc/PID/cgroup",
			   below ? " (like " : "", below ? below : "", below ? ")" : "");
		return NULL;
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		error_set(err, -errno, "the control group '%s' cannot be opened: %s", dir,
			  strerror(errno));
		return NULL;
	}
	c = xcalloc(1, sizeof(*c));
	c->parent_fd = -1;
	c->fd = fd;
	return c;
}

struct cgroup *cgroup_make(struct error *err)
{
	struct cgroup_place place = {0};
	struct cgroup *c;

	if (find_own(&place, err) < 0)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->parent_fd = c->fd = -1;
	c->v1 = place.v1;
	if (make_group(c, place.dir, err) < 0) {
		if (c->name[0])
			unlinkat(c->parent_fd, c->name, AT_REMOVEDIR);
		if (c->parent_fd >= 0)
			close(c->parent_fd);
		free(c);
		c = NULL;
	}
	free(place.dir);
	return c;
}

int cgroup_take(struct cgroup *c, pid_t pid, struct error *err)
{
	const char *limit = c->v1 ? NULL : cgroup_limit(c->parent_fd);
	int code;

	if (limit)
		return error_set(err, -EPERM,
				 "the own control group sets %s, which a program looks "
				 "up in its own group",
				 limit);
	code = put_at(c->fd, "cgroup.procs", pid);
	if (code < 0)
		return error_set(err, code,
				 "the command cannot move to a control group: %s",
				 strerror(-code));
	return 0;
}

int cgroup_fd(const struct cgroup *c)
{
	return c->fd;
}
