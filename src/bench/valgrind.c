/* Instructions, counted by valgrind(1): its tool cachegrind without a model of caches. Each
 * process of the tree leaves a file; "Cachegrind: a high-precision tracing profiler", "Cg
 * Output File Format", in Valgrind's manual. */
#include "bench-priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <profd/io.h>

#define PREFIX "cachegrind."
#define END_BYTES 4096 /* the sum is in the last line */

char **valgrind_argv(const struct bench *b, char *const *command)
{
	static const char *const words[] = {
		"valgrind",	   "--tool=cachegrind",	   "--cache-sim=no",
		"--branch-sim=no", "--trace-children=yes", "--quiet"};
	size_t n = 0, i;
	char **argv;

	while (command[n])
		n++;
	argv = xcalloc(ARRAY_SIZE(words) + 1 + n + 1, sizeof(*argv));
	for (i = 0; i < ARRAY_SIZE(words); i++)
		argv[i] = (char *)words[i];
	argv[i] = b->valgrind_option;
	memcpy(argv + i + 1, command, n * sizeof(*argv));
	return argv;
}

char *valgrind_option(const char *folder)
{
	return xasprintf("--cachegrind-out-file=%s/" PREFIX "%%p", folder);
}

static int file_read(int dirfd, const char *name, uint64_t *ret_instructions)
{
	_cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char end[END_BYTES];
	struct stat st;
	off_t off;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	off = st.st_size > END_BYTES ? st.st_size - END_BYTES : 0;
	n = io_pread(fd, end, sizeof(end), (uint64_t)off);
	return n < 0 ? (int)n : cachegrind_parse(end, (size_t)n, ret_instructions);
}

int valgrind_read(const struct bench *b, double *ret_instructions, struct error *err)
{
	DIR *dir = opendir(b->folder);
	const struct dirent *d;
	double sum = 0;
	int files = 0, code = 0;

	if (!dir)
		return error_set(err, -errno, "cannot look into '%s': %s", b->folder,
				 strerror(errno));
	while ((d = readdir(dir))) {
		uint64_t instructions = 0;
		int one;

		if (strncmp(d->d_name, PREFIX, sizeof(PREFIX) - 1) != 0)
			continue;
		one = file_read(dirfd(dir), d->d_name, &instructions);
		unlinkat(dirfd(dir), d->d_name, 0);
		code = code < 0 ? code : one;
		sum += (double)instructions;
		files++;
	}
	closedir(dir);
	if (code < 0 || !files) {
		error_set(err, -ENODATA, "valgrind left no count of instructions");
		error_hint(err, "it does not follow programs that set their user");
		return -ENODATA;
	}
	*ret_instructions = sum;
	return 0;
}
