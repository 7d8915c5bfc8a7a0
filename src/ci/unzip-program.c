/* profd-unzip DIR: unpacks the zip file that is its standard input. A program of its own, so
 * that what a server sends is read without a token in reach and within limits. Exit status: 0;
 * 1 with a line that says why not. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <profd/ci-archive.h>

static void limit(int what, uint64_t most)
{
	struct rlimit r = {most, most};

	setrlimit(what, &r);
}

int main(int argc, char **argv)
{
	struct archive_found found = {0};
	struct error err = {0};
	int dirfd;

	if (argc != 2) {
		fputs("profd-unzip is started by profd only\n", stderr);
		return 1;
	}
	dirfd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0) {
		fprintf(stderr, "cannot open '%s': %s\n", argv[1], strerror(errno));
		return 1;
	}
	limit(RLIMIT_CPU, ARCHIVE_CPU_MAX_S);
	limit(RLIMIT_FSIZE, ARCHIVE_FILE_MAX_BYTES);
	limit(RLIMIT_CORE, 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	limit(RLIMIT_AS, ARCHIVE_MEMORY_MAX_BYTES);
#endif
	if (archive_unpack(STDIN_FILENO, dirfd, &found, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	printf("%" PRIu32 " %" PRIu64 "\n", found.files, found.bytes);
	return 0;
}
