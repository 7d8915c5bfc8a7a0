/* What is behind a number that somebody wants to attach to, as far as /proc tells. */
#include "attach-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <profd/io.h>
#include <profd/number.h>

#define PF_KTHREAD 0x00200000u /* linux/sched.h; proc_pid_stat(5), field 9 */
#define NAME_MAX_BYTES ((size_t)4096)

bool status_number(uint32_t pid, const char *key, unsigned column, uint64_t *ret)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/status", pid);
	_cleanup_free_ char *data = NULL;
	size_t n, len, pos = 0;
	const char *line;

	if (io_slurp(path, (size_t)1 << 16, &data, &n) < 0)
		return false;
	while (io_line(data, n, &pos, &line, &len)) {
		_cleanup_free_ char *copy = xstrndup(line, len);
		char *save = NULL, *word = strtok_r(copy, " \t", &save);

		if (!word || strcmp(word, key))
			continue;
		for (unsigned i = 0; word && i < column; i++)
			word = strtok_r(NULL, " \t", &save);
		return word && !number_parse_u64(word, 0, UINT64_MAX, ret);
	}
	return false;
}

char *comm_of(uint32_t pid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/comm", pid);
	char *data = NULL;
	size_t n;

	if (io_slurp(path, 256, &data, &n) < 0)
		return xstrdup("?");
	data[strcspn(data, "\n")] = '\0';
	return data;
}

/* The command line with blanks between words; the comm where there is none. */
static char *name_of(uint32_t pid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/cmdline", pid);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buf[NAME_MAX_BYTES];
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf));

	while (n > 0 && !buf[n - 1])
		n--;
	if (n <= 0)
		return comm_of(pid);
	for (ssize_t i = 0; i < n; i++)
		buf[i] = buf[i] ? buf[i] : ' ';
	return xstrndup(buf, (size_t)n);
}

static int absent(uint32_t pid, bool thread, struct error *err)
{
	if (kill((pid_t)pid, 0) < 0 && errno == EPERM) {
		error_set(err, -EPERM, "process %u is another user's, and /proc hides it",
			  pid);
		error_hint(err, "run profd as that user, or as root");
		return -EPERM;
	}
	error_set(err, -ESRCH, "there is no %s %u", thread ? "thread" : "process", pid);
	error_hint(err, "numbers are those that 'ps' shows where profd runs: in a "
			"container, or outside of it, they are others");
	return -ESRCH;
}

/* A process whose leader has ended lives on in its other threads. */
bool target_has_ended(uint32_t pid, uint32_t tid)
{
	_cleanup_free_ char *path = tid ? xasprintf("/proc/%u/task/%u/stat", pid, tid)
					: xasprintf("/proc/%u/stat", pid);
	char state = stat_state(path);
	uint64_t threads = 0;

	if (!state || state == 'X')
		return true;
	if (state != 'Z')
		return false;
	return tid || !stat_number(path, 20, &threads) || threads < 2;
}

static int check_kind(uint32_t number, bool thread, uint64_t pid, struct error *err)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/stat", number);
	_cleanup_free_ char *comm = comm_of(number);
	uint64_t flags = 0;

	if (pid == (uint64_t)getpid()) {
		error_set(err, -EINVAL, "process %u is this profd", number);
		return -EINVAL;
	}
	if (!thread && pid != number) {
		error_set(err, -EINVAL, "%u is a thread of process %llu", number,
			  (unsigned long long)pid);
		error_hint(err, "-p %llu takes all of the process, -t %u this thread",
			   (unsigned long long)pid, number);
		return -EINVAL;
	}
	if (stat_number(path, 9, &flags) && (flags & PF_KTHREAD)) {
		error_set(err, -EINVAL,
			  "%u (%s) is a thread of the kernel, and no program", number,
			  comm);
		error_hint(err, "-a records it along with everything else");
		return -EINVAL;
	}
	if (!target_has_ended((uint32_t)pid, thread ? number : 0))
		return 0;
	error_set(err, -ESRCH, "process %u (%s) has ended; its parent has yet to ask how",
		  number, comm);
	return -ESRCH;
}

int target_find(uint32_t number, bool thread, struct attach_target *ret,
		struct error *err)
{
	uint64_t pid;
	int code;

	if (!status_number(number, "Tgid:", 1, &pid))
		return absent(number, thread, err);
	code = check_kind(number, thread, pid, err);
	if (code < 0)
		return code;
	*ret = (struct attach_target){
		.pid = (uint32_t)pid,
		.tid = thread ? number : 0,
		.name = name_of((uint32_t)pid),
	};
	return 0;
}
