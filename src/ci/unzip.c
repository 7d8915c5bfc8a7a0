/* Unpacking, by libzip. What the list of contents says is checked first, all of it; what then
 * comes out of a file has to be as much as the list says. */
#include <profd/ci-archive.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zip.h>

#include <profd/io.h>
#include <profd/mem.h>

static bool is_folder(const char *name)
{
	return name[strlen(name) - 1] == '/';
}

/* The upper half of a Unix entry's attributes is its st_mode (APPNOTE.TXT 4.4.15, as
 * Info-ZIP writes it). */
static bool is_plain(zip_t *zip, zip_uint64_t i)
{
	zip_uint8_t system;
	zip_uint32_t attributes;
	mode_t type;

	if (zip_file_get_external_attributes(zip, i, 0, &system, &attributes) < 0)
		return false;
	type = system == ZIP_OPSYS_UNIX ? (attributes >> 16) & S_IFMT : 0;
	return !type || type == S_IFREG || type == S_IFDIR;
}

static int check_entry(zip_t *zip, zip_uint64_t i, uint64_t *total, struct error *err)
{
	zip_stat_t st;
	int code;

	if (zip_stat_index(zip, i, 0, &st) < 0 || !(st.valid & ZIP_STAT_NAME) ||
	    !(st.valid & ZIP_STAT_SIZE))
		return error_set(err, -EBADMSG, "the archive is damaged");
	code = archive_name_check(st.name, err);
	if (code < 0)
		return code;
	if (!is_plain(zip, i))
		return error_set(err, -EINVAL,
				 "'%s' may not be unpacked: it is neither a file nor a "
				 "folder",
				 st.name);
	if ((st.valid & ZIP_STAT_ENCRYPTION_METHOD) &&
	    st.encryption_method != ZIP_EM_NONE)
		return error_set(err, -EINVAL, "'%s' is encrypted", st.name);
	if (st.size > ARCHIVE_FILE_MAX_BYTES ||
	    *total > ARCHIVE_TOTAL_MAX_BYTES - st.size)
		return error_set(err, -EFBIG, "the archive is too large once unpacked");
	*total += st.size;
	return 0;
}

/* The folder that @name is in, made where it is missing; *ret_base is its last part. */
static int open_parent(int dirfd, const char *name, const char **ret_base,
		       struct error *err)
{
	int fd = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
	const char *slash;

	while (fd >= 0 && (slash = strchr(name, '/'))) {
		_cleanup_free_ char *part = xstrndup(name, (size_t)(slash - name));
		int next = -1;

		if (mkdirat(fd, part, 0755) == 0 || errno == EEXIST)
			next = openat(fd, part,
				      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			error_set(err, -errno, "cannot make the folder '%s': %s", part,
				  strerror(errno));
		close(fd);
		fd = next;
		name = slash + 1;
	}
	*ret_base = name;
	return fd;
}

static int copy(zip_file_t *from, int to, const char *name, uint64_t size,
		struct archive_found *found, struct error *err)
{
	char buf[65536];
	uint64_t left = size;
	zip_int64_t n;

	while ((n = zip_fread(from, buf, sizeof(buf))) > 0) {
		int code;

		if ((uint64_t)n > left)
			break;
		left -= (uint64_t)n;
		code = io_write(to, buf, (size_t)n);
		if (code < 0)
			return error_set(err, code, "cannot write '%s': %s", name,
					 strerror(-code));
	}
	if (n != 0 || left)
		return error_set(err, -EBADMSG, "'%s' is damaged in the archive", name);
	found->bytes += size;
	found->files++;
	return 0;
}

static int unpack_file(zip_t *zip, zip_uint64_t i, const char *name, int dirfd,
		       struct archive_found *found, struct error *err)
{
	_cleanup_close_ int to = openat(
		dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	zip_stat_t st;
	zip_file_t *from;
	int code;

	if (to < 0)
		return error_set(err, -errno, "cannot write '%s': %s", name,
				 strerror(errno));
	from = zip_stat_index(zip, i, 0, &st) < 0 ? NULL : zip_fopen_index(zip, i, 0);
	if (!from)
		return error_set(err, -EBADMSG, "'%s' is damaged in the archive", name);
	code = copy(from, to, name, st.size, found, err);
	zip_fclose(from);
	return code;
}

static int unpack_entry(zip_t *zip, zip_uint64_t i, int dirfd,
			struct archive_found *found, struct error *err)
{
	const char *name = zip_get_name(zip, i, 0), *base;
	int parent = open_parent(dirfd, name, &base, err), code = 0;

	if (parent < 0)
		return err && err->code < 0 ? err->code : -EIO;
	if (!is_folder(name))
		code = unpack_file(zip, i, base, parent, found, err);
	close(parent);
	return code;
}

static int unpack_all(zip_t *zip, int dirfd, struct archive_found *ret, struct error *err)
{
	struct archive_found found = {0};
	zip_int64_t n = zip_get_num_entries(zip, 0);
	uint64_t total = 0;
	int code = 0;

	if (n > ARCHIVE_ENTRIES_MAX)
		return error_set(err, -EFBIG, "the archive has more than %d entries",
				 ARCHIVE_ENTRIES_MAX);
	for (zip_int64_t i = 0; i < n && code == 0; i++)
		code = check_entry(zip, (zip_uint64_t)i, &total, err);
	for (zip_int64_t i = 0; i < n && code == 0; i++)
		code = unpack_entry(zip, (zip_uint64_t)i, dirfd, &found, err);
	if (code == 0)
		*ret = found;
	return code;
}

int archive_unpack(int fd, int dirfd, struct archive_found *ret, struct error *err)
{
	int copy_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0), code, why = 0;
	zip_t *zip = copy_fd < 0 ? NULL : zip_fdopen(copy_fd, 0, &why);

	if (!zip) {
		if (copy_fd >= 0)
			close(copy_fd);
		return error_set(err, -EBADMSG, "this is not a zip file");
	}
	code = unpack_all(zip, dirfd, ret, err);
	zip_discard(zip);
	return code;
}
