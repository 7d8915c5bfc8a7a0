#pragma once
/* A zip file from a server, unpacked into a folder that is empty: nothing in it may lead
 * elsewhere, be more than a file or a folder, or be larger than the limits below. Only the
 * program profd-unzip links libzip: it has no token, no network and bounded memory. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/error.h>

#define ARCHIVE_ENTRIES_MAX 50000
#define ARCHIVE_NAME_MAX_BYTES 1000
#define ARCHIVE_DEPTH_MAX 32
#define ARCHIVE_FILE_MAX_BYTES (1ull << 30)
#define ARCHIVE_TOTAL_MAX_BYTES (2ull << 30)
#define ARCHIVE_MEMORY_MAX_BYTES (1ull << 30)
#define ARCHIVE_CPU_MAX_S 300

/* Whether @name may be a path in the folder: relative, of clean UTF-8, without "." and "..",
 * backslashes, colons and empty parts; a slash at the end says that it is a folder. 0 or
 * -EINVAL and err. */
int archive_name_check(const char *name, struct error *err);
/* The name of an artifact as that of a folder: letters, digits, . _ -, the others as _; the
 * caller frees it. */
char *archive_folder_name(const char *artifact);

struct archive_found {
	uint32_t files;
	uint64_t bytes;
};
/* Unpacks the zip file @fd, which it leaves open, into the folder @dirfd. Everything is
 * checked before anything is written. -EBADMSG, not a zip file or a damaged one; -EINVAL, it
 * has something that may not be there; -EFBIG; -errno; and err. Then what was written stays
 * there. */
int archive_unpack(int fd, int dirfd, struct archive_found *ret, struct error *err);
