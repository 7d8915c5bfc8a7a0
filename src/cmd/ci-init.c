/* profd ci init: the files that make a CI system run profd, into this repository. */
#include "ci.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include <profd/ci-init.h>
#include <profd/io.h>
#include <profd/mem.h>

#define FILE_MAX_BYTES (1u << 20)

static const char USAGE[] =
	"usage: profd ci init [options] github|gitlab|jenkins\n"
	"\n"
	"Writes the files that make this CI system run profd, with the workloads of\n"
	".profd.yml and the branch that changes are merged into; and a first .profd.yml\n"
	"where there is none. A file that is there and differs is left alone, and none\n"
	"is written then; of .gitlab-ci.yml, which has all jobs, the lines to add are "
	"told.\n"
	"\n"
	"      --force    write over them\n"
	"      --stdout   print them, and write nothing\n"
	"  -h, --help     this text\n";

enum { OPT_FORCE = 256, OPT_STDOUT };

static const struct option long_options[] = {
	{"force", no_argument, NULL, OPT_FORCE},
	{"stdout", no_argument, NULL, OPT_STDOUT},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct options {
	enum ci_provider provider;
	bool force, print, help;
};

static int parse_options(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){0};
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
		switch (c) {
		case OPT_FORCE:
			o->force = true;
			break;
		case OPT_STDOUT:
			o->print = true;
			break;
		case 'h':
			o->help = true;
			return 0;
		default:
			return cmd_usage_error(2, "ci init", "unknown option '%s'",
					       argv[optind - 1]);
		}
	}
	if (optind + 1 != argc)
		return cmd_usage_error(2, "ci init",
				       "which one? github, gitlab or jenkins");
	o->provider = ci_provider_find(argv[optind]);
	if (o->provider == CI_NONE)
		return cmd_usage_error(2, "ci init",
				       "there is no '%s': github, gitlab or jenkins",
				       argv[optind]);
	return 0;
}

/* --- the repository ------------------------------------------------------------------- */

/* The folder that has .git, here or above; else this one. To be closed. */
static int open_root(void)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st, above;

	while (fd >= 0 && faccessat(fd, ".git", F_OK, 0) < 0) {
		int up = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		bool top = up < 0 || fstat(fd, &st) < 0 || fstat(up, &above) < 0 ||
			   (st.st_ino == above.st_ino && st.st_dev == above.st_dev);

		close(fd);
		fd = up;
		if (!top)
			continue;
		if (up >= 0)
			close(up);
		return open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return fd;
}

/* --- writing -------------------------------------------------------------------------- */

enum state { STATE_NEW, STATE_SAME, STATE_OTHER };

/* What cannot be read is another one. */
static enum state file_state(int root, const struct ci_file *f)
{
	_cleanup_free_ char *data = NULL;
	_cleanup_close_ int fd = openat(root, f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t n;

	if (fd < 0)
		return errno == ENOENT && faccessat(root, f->path, F_OK,
						    AT_SYMLINK_NOFOLLOW) < 0
			       ? STATE_NEW
			       : STATE_OTHER;
	if (io_slurp_fd(fd, FILE_MAX_BYTES, &data, &n) < 0)
		return STATE_OTHER;
	return n == f->text.len && !memcmp(data, text_get(&f->text), n) ? STATE_SAME
									: STATE_OTHER;
}

static int open_folder(int root, const char *path, size_t n)
{
	_cleanup_free_ char *dir = xstrndup(path, n);

	for (char *s = dir; *s; s++) {
		if (*s != '/')
			continue;
		*s = '\0';
		if (mkdirat(root, dir, 0777) < 0 && errno != EEXIST)
			return -errno;
		*s = '/';
	}
	if (n && mkdirat(root, dir, 0777) < 0 && errno != EEXIST)
		return -errno;
	root = openat(root, n ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -errno : root;
}

static int write_file(int root, const struct ci_file *f, struct error *err)
{
	const char *slash = strrchr(f->path, '/');
	int dirfd = open_folder(root, f->path, slash ? (size_t)(slash - f->path) : 0);
	struct outfile out;
	int code;

	if (dirfd < 0)
		return error_set(err, dirfd, "cannot make the folder of '%s': %s",
				 f->path, strerror(-dirfd));
	code = outfile_open(&out, dirfd, slash ? slash + 1 : f->path, err);
	if (code == 0) {
		sink_put(&out.sink, text_get(&f->text), f->text.len);
		code = outfile_commit(&out, err);
	}
	close(dirfd);
	return code;
}

static int check_files(int root, const struct ci_files *files, struct error *err)
{
	for (uint32_t i = 0; i < files->list.n; i++) {
		const struct ci_file *f = &files->list.v[i];

		if (f->shared || file_state(root, f) != STATE_OTHER)
			continue;
		error_set(err, -EEXIST,
			  "'%s' is there and differs, so nothing was written", f->path);
		error_hint(err,
			   "--stdout shows what it would be, --force writes over it");
		return -EEXIST;
	}
	return 0;
}

static void tell_lines(const struct ci_file *f)
{
	fprintf(stderr,
		"profd: '%s' is there, and is left as it is: add these lines to it\n",
		f->path);
	fputs(text_get(&f->text), stdout);
}

static int write_or_tell(int root, const struct ci_file *f, bool force, struct error *err)
{
	enum state state = file_state(root, f);
	int code;

	if (state == STATE_OTHER && f->shared && !force) {
		tell_lines(f);
		return 0;
	}
	code = state == STATE_SAME ? 0 : write_file(root, f, err);
	if (code == 0)
		fprintf(stderr, "profd: %s %s\n",
			state == STATE_SAME ? "already as it should be:" : "wrote",
			f->path);
	return code;
}

static int write_files(int root, const struct ci_files *files, bool force,
		       struct error *err)
{
	int code = force ? 0 : check_files(root, files, err);

	for (uint32_t i = 0; i < files->list.n && code == 0; i++)
		code = write_or_tell(root, &files->list.v[i], force, err);
	return code;
}

static void print_files(const struct ci_files *files)
{
	for (uint32_t i = 0; i < files->list.n; i++)
		printf("%s### %s\n%s", i ? "\n" : "", files->list.v[i].path,
		       text_get(&files->list.v[i].text));
}

static int init(const struct options *o, const struct config *config, struct error *err)
{
	_cleanup_free_ char *branch = ci_init_branch(".");
	const struct ci_repository r = {config, branch};
	_cleanup_close_ int root = open_root();
	struct ci_files files;
	int code = 0;

	if (root < 0)
		return error_set(err, -errno, "cannot open this folder: %s",
				 strerror(errno));
	ci_init_make(o->provider, &r, &files);
	if (o->print)
		print_files(&files);
	else
		code = write_files(root, &files, o->force, err);
	if (code == 0 && !config && !o->print)
		fputs("profd: hint: the command in .profd.yml is an example, put yours "
		      "in "
		      "its place\n",
		      stderr);
	ci_files_done(&files);
	return code;
}

int ci_verb_init(int argc, char **argv)
{
	_cleanup_free_ char *path = NULL;
	struct config_problems problems = {0};
	struct config *config = NULL;
	struct error err = {0};
	struct options o;
	int status = parse_options(&o, argc, argv);

	if (status)
		return status;
	if (o.help) {
		fputs(USAGE, stdout);
		return 0;
	}
	path = config_find(NULL);
	if (path && config_read(path, &config, &problems) < 0) {
		cmd_problems(&problems);
		config_problems_done(&problems);
		return 2;
	}
	status = init(&o, config, &err) < 0 ? cmd_fail(2, &err) : 0;
	config_free(config);
	return status;
}
