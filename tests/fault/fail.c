/* Preloaded into profd, this makes chosen calls of its go wrong. The program that profd
 * starts does not get it: the variables are taken out of the environment before main().
 *
 * 	FAIL=CALL:N:WHAT[,...]
 *
 * The N-th CALL ("N+": and every later one) does WHAT: an errno by its name ("ENOSPC"), a
 * signal ("SIGKILL": profd dies before the call), or "short" (one byte is moved). Calls
 * are counted in the process that profd started as; exec is the only one that its child
 * makes. The calls:
 *
 * 	open	open(2), openat(2) of what exists	create	openat(2) with O_CREAT or O_TMPFILE
 * 	tmpfile	openat(2) with O_TMPFILE		write	write(2) into files made by create
 * 	read pread mmap mkdir pipe2 fork exec linkat rename unlinkat dup close
 * 	perf_event_open pidfd_open signalfd
 *
 * FAIL_PATH=END: files whose path ends so are not there.
 * FAIL_FILE=K: only calls of write and dup on the K-th file that profd makes are
 * counted. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RULES_MAX 16
#define FDS_MAX 4096

static struct rule {
	char call[32];
	unsigned n, seen;
	bool on, is_short;
	int error, sig;
} rules[RULES_MAX];
static unsigned nrules, nfiles, only_file;
static unsigned file_of_fd[FDS_MAX]; /* from 1; 0: not made by profd */
static pid_t owner;
static char missing[64]; /* how the paths of files end that are not there; "": none */

static const struct word {
	const char *name;
	int value;
} errors[] = {{"EPERM", EPERM},	  {"ENOENT", ENOENT}, {"EINTR", EINTR},
	      {"EIO", EIO},	  {"E2BIG", E2BIG},   {"EAGAIN", EAGAIN},
	      {"ENOMEM", ENOMEM}, {"EACCES", EACCES}, {"EXDEV", EXDEV},
	      {"EMFILE", EMFILE}, {"ENFILE", ENFILE}, {"ENOSPC", ENOSPC},
	      {"EROFS", EROFS},	  {"ENOSYS", ENOSYS}, {"EOPNOTSUPP", EOPNOTSUPP},
	      {"EDQUOT", EDQUOT}, {"EISDIR", EISDIR}, {"EINVAL", EINVAL}},
  signals[] = {{"SIGKILL", SIGKILL}, {"SIGSEGV", SIGSEGV}, {"SIGTERM", SIGTERM}};

static int word_value(const struct word *w, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(w[i].name, name))
			return w[i].value;
	return 0;
}

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* A rule that is not understood must not pass for one that never came true. */
static void rule_parse(const char *text)
{
	struct rule *r = &rules[nrules++];
	char what[32], plus[2] = "";

	if (nrules > RULES_MAX ||
	    (sscanf(text, "%31[^:]:%u:%31s", r->call, &r->n, what) != 3 &&
	     sscanf(text, "%31[^:]:%u%1[+]:%31s", r->call, &r->n, plus, what) != 4))
		abort();
	r->on = plus[0];
	r->is_short = !strcmp(what, "short");
	r->error = word_value(errors, N(errors), what);
	r->sig = word_value(signals, N(signals), what);
	if (!r->is_short && !r->error && !r->sig)
		abort();
}

static __attribute__((constructor)) void start(void)
{
	char *list = getenv("FAIL"), *copy = strdup(list ? list : "");
	const char *file = getenv("FAIL_FILE"), *end = getenv("FAIL_PATH");

	owner = getpid();
	only_file = file ? (unsigned)strtoul(file, NULL, 10) : 0;
	for (char *save = NULL, *t = strtok_r(copy, ",", &save); t;
	     t = strtok_r(NULL, ",", &save))
		rule_parse(t);
	free(copy);
	unsetenv("LD_PRELOAD");
	unsetenv("FAIL");
	unsetenv("FAIL_FILE");
	snprintf(missing, sizeof(missing), "%s", end ? end : "");
	unsetenv("FAIL_PATH");
}

/* 0: the call is to be made; 1: short; -1: it fails with errno. */
static int decide(const char *call)
{
	for (unsigned i = 0; i < nrules; i++) {
		struct rule *r = &rules[i];

		if (strcmp(r->call, call) || (getpid() != owner && strcmp(call, "exec")))
			continue;
		r->seen++;
		if (r->seen != r->n && !(r->on && r->seen > r->n))
			continue;
		if (r->sig)
			kill(getpid(), r->sig);
		errno = r->error;
		return r->is_short ? 1 : -1;
	}
	return 0;
}

static int decide_fd(const char *call, int fd)
{
	unsigned file = fd >= 0 && fd < FDS_MAX ? file_of_fd[fd] : 0;

	return file && (!only_file || only_file == file) ? decide(call) : 0;
}

#define REAL(type, name, ...)                                                            \
	static type (*real)(__VA_ARGS__);                                                \
	if (!real)                                                                       \
	real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static bool is_missing(const char *path)
{
	size_t n = strlen(missing), len = strlen(path);

	return n && len >= n && !strcmp(path + len - n, missing);
}

int openat(int dir, const char *path, int flags, ...)
{
	bool makes = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
	va_list ap;
	mode_t mode = 0;
	int fd;
	REAL(int, "openat", int, const char *, int, ...);

	va_start(ap, flags);
	if (makes)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	if (is_missing(path)) {
		errno = ENOENT;
		return -1;
	}
	if ((flags & O_TMPFILE) == O_TMPFILE && decide("tmpfile"))
		return -1;
	if (decide(makes ? "create" : "open"))
		return -1;
	fd = real(dir, path, flags, mode);
	if (makes && fd >= 0 && fd < FDS_MAX)
		file_of_fd[fd] = ++nfiles;
	return fd;
}

int open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode = 0;

	va_start(ap, flags);
	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return openat(AT_FDCWD, path, flags, mode);
}

int close(int fd)
{
	int made = fd >= 0 && fd < FDS_MAX && file_of_fd[fd] ? decide_fd("close", fd) : 0;
	REAL(int, "close", int);

	if (fd >= 0 && fd < FDS_MAX)
		file_of_fd[fd] = 0;
	real(fd);
	return made;
}

int dup(int fd)
{
	int copy;
	REAL(int, "dup", int);

	copy = real(fd);
	if (copy >= 0 && copy < FDS_MAX && fd >= 0 && fd < FDS_MAX)
		file_of_fd[copy] = file_of_fd[fd];
	return copy;
}

ssize_t write(int fd, const void *buf, size_t n)
{
	int how = decide_fd("write", fd);
	REAL(ssize_t, "write", int, const void *, size_t);

	return how < 0 ? -1 : real(fd, buf, how && n ? 1 : n);
}

ssize_t read(int fd, void *buf, size_t n)
{
	int how = decide("read");
	REAL(ssize_t, "read", int, void *, size_t);

	return how < 0 ? -1 : real(fd, buf, how && n ? 1 : n);
}

ssize_t pread(int fd, void *buf, size_t n, off_t off)
{
	int how = decide("pread");
	REAL(ssize_t, "pread", int, void *, size_t, off_t);

	return how < 0 ? -1 : real(fd, buf, how && n ? 1 : n, off);
}

void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
	REAL(void *, "mmap", void *, size_t, int, int, int, off_t);

	if (fd >= 0 && decide("mmap"))
		return MAP_FAILED;
	return real(at, n, prot, flags, fd, off);
}

int mkdir(const char *path, mode_t mode)
{
	REAL(int, "mkdir", const char *, mode_t);

	return decide("mkdir") ? -1 : real(path, mode);
}

int pipe2(int fds[2], int flags)
{
	REAL(int, "pipe2", int *, int);

	return decide("pipe2") ? -1 : real(fds, flags);
}

pid_t fork(void)
{
	REAL(pid_t, "fork", void);

	return decide("fork") ? -1 : real();
}

int execvp(const char *file, char *const argv[])
{
	REAL(int, "execvp", const char *, char *const *);

	return decide("exec") ? -1 : real(file, argv);
}

int execv(const char *file, char *const argv[])
{
	REAL(int, "execv", const char *, char *const *);

	return decide("exec") ? -1 : real(file, argv);
}

int linkat(int from_dir, const char *from, int dir, const char *to, int flags)
{
	REAL(int, "linkat", int, const char *, int, const char *, int);

	return decide("linkat") ? -1 : real(from_dir, from, dir, to, flags);
}

int rename(const char *from, const char *to)
{
	REAL(int, "rename", const char *, const char *);

	return decide("rename") ? -1 : real(from, to);
}

int renameat(int from_dir, const char *from, int dir, const char *to)
{
	REAL(int, "renameat", int, const char *, int, const char *);

	return decide("rename") ? -1 : real(from_dir, from, dir, to);
}

int unlinkat(int dir, const char *path, int flags)
{
	REAL(int, "unlinkat", int, const char *, int);

	return decide("unlinkat") ? -1 : real(dir, path, flags);
}

int signalfd(int fd, const sigset_t *mask, int flags)
{
	REAL(int, "signalfd", int, const sigset_t *, int);

	return decide("signalfd") ? -1 : real(fd, mask, flags);
}

long syscall(long number, ...)
{
	long a[6];
	va_list ap;
	REAL(long, "syscall", long, ...);

	va_start(ap, number);
	for (unsigned i = 0; i < N(a); i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_perf_event_open && decide("perf_event_open"))
		return -1;
	if (number == SYS_pidfd_open && decide("pidfd_open"))
		return -1;
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
