/* Tracepoints: their number in tracefs, Documentation/trace/events.rst and
 * perf_event_open(2), "PERF_TYPE_TRACEPOINT". Nothing is mounted here. */
#include "perf-priv.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <profd/io.h>
#include <profd/mem.h>
#include <profd/number.h>

#define SUBSYSTEMS_MAX 2000u
#define TRACEPOINTS_MAX 50000u

static const char *const roots[] = {"/sys/kernel/tracing/events",
				    "/sys/kernel/debug/tracing/events"};

static bool is_part(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!isalnum((unsigned char)s[i]) && !strchr("_-.", s[i]))
			return false;
	}
	return n && *s != '.';
}

bool tracepoint_form(const char *name)
{
	const char *colon = strchr(name, ':');

	return colon && is_part(name, (size_t)(colon - name)) &&
	       is_part(colon + 1, strlen(colon + 1));
}

static int read_id(const char *root, const char *name, uint64_t *ret_id)
{
	int n = (int)strcspn(name, ":");
	_cleanup_free_ char *path = xasprintf("%s/%.*s/%s/id", root, n, name,
					      name + n + 1);
	_cleanup_free_ char *data = NULL;
	size_t size;
	int code = io_slurp(path, 64, &data, &size);

	if (code < 0)
		return code;
	data[strcspn(data, "\n")] = '\0';
	return number_parse_u64(data, 0, UINT32_MAX, ret_id) ? -EBADMSG : 0;
}

/* -ENODEV where there is no tracefs, else 0 or why it cannot be read. A folder that may
 * not be searched hides whether it is one. */
static int root_state(const char *root)
{
	_cleanup_close_ int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		return 0;
	return errno == EACCES || errno == EPERM ? -EACCES : -ENODEV;
}

int tracepoint_id(const char *name, uint64_t *ret_id)
{
	int all = -ENODEV;

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		int state = root_state(roots[i]), code;

		if (state == -ENODEV)
			continue;
		code = state ? state : read_id(roots[i], name, ret_id);
		if (code == 0)
			return 0;
		/* debugfs is closed to users wherever it is; the first word counts. */
		if (all == -ENODEV || code == -EACCES)
			all = code == -EPERM ? -EACCES : code;
		if (state == 0)
			break;
	}
	return all == -EACCES || all == -ENODEV ? all : -ENOENT;
}

int tracepoint_failed(const char *name, int code, struct error *err)
{
	if (code == -EACCES) {
		error_set(err, code,
			  "the tracepoint '%s' cannot be looked up: only root may read "
			  "/sys/kernel/tracing here",
			  name);
		error_hint(err,
			   "run profd as root, or let root do: mount -o remount,mode=755 "
			   "/sys/kernel/tracing");
		return code;
	}
	if (code == -ENODEV) {
		error_set(
			err, -ENOENT,
			"the tracepoint '%s' cannot be looked up: tracefs is not mounted",
			name);
		error_hint(err,
			   "root can do: mount -t tracefs tracefs /sys/kernel/tracing");
		return -ENOENT;
	}
	return error_set(err, code, "the tracepoint '%s' cannot be looked up: %s", name,
			 strerror(-code));
}

static void offer_subsystem(const char *root, const char *subsystem, unsigned *n,
			    struct text_nearest *near)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", root, subsystem);
	DIR *dir = opendir(path);
	struct dirent *d;

	if (!dir)
		return;
	while ((d = readdir(dir)) && ++*n < TRACEPOINTS_MAX) {
		_cleanup_free_ char *name = NULL;

		if (d->d_name[0] == '.' || d->d_type != DT_DIR)
			continue;
		name = xasprintf("%s:%s", subsystem, d->d_name);
		text_nearest_offer(near, name);
	}
	closedir(dir);
}

void tracepoint_offer(struct text_nearest *near)
{
	unsigned nsubsystems = 0, n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		DIR *dir = opendir(roots[i]);
		struct dirent *d;

		if (!dir)
			continue;
		while ((d = readdir(dir)) && ++nsubsystems < SUBSYSTEMS_MAX) {
			if (d->d_name[0] != '.' && d->d_type == DT_DIR)
				offer_subsystem(roots[i], d->d_name, &n, near);
		}
		closedir(dir);
		return;
	}
}
