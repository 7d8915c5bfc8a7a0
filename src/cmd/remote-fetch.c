/* profd ci fetch: the artifacts that a pull request's, or a branch's, newest run left. */
#include "remote.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"
#include <profd/ci-archive.h>
#include <profd/ci-http.h>
#include <profd/io.h>
#include <profd/mem.h>
#include <profd/number.h>
#include <profd/program.h>
#include <profd/text.h>

#define DEFAULT_DIR "profd-fetched"
#define DEFAULT_ARTIFACT "*profd*"
#define DEFAULT_BRANCH "main"
#define SAID_MAX_BYTES 4096

static const char USAGE[] =
	"usage: profd ci fetch [options]\n"
	"\n"
	"Downloads the artifacts of the newest run that left any, of a pull request or "
	"of "
	"a\n"
	"branch, and unpacks each into a folder of its name. Prints these folders.\n"
	"\n"
	"      --pr N           of this pull request (default: the event's)\n"
	"      --branch NAME    of this branch (default: main)\n"
	"      --run N          of this run (default: the one that a workflow_run event "
	"is "
	"about)\n"
	"      --artifact NAME  those of this name; * and ? stand for others (default: "
	"*profd*);\n"
	"                       of GitLab, the name of the job\n"
	"      --provider NAME  github or gitlab (default: by the environment)\n"
	"  -o, --output DIR     where to (default: profd-fetched)\n"
	"  -h, --help           this text\n";

enum { OPT_PR = 256, OPT_BRANCH, OPT_ARTIFACT, OPT_PROVIDER, OPT_RUN };

static const struct option long_options[] = {
	{"pr", required_argument, NULL, OPT_PR},
	{"branch", required_argument, NULL, OPT_BRANCH},
	{"run", required_argument, NULL, OPT_RUN},
	{"artifact", required_argument, NULL, OPT_ARTIFACT},
	{"provider", required_argument, NULL, OPT_PROVIDER},
	{"output", required_argument, NULL, 'o'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct options {
	const char *branch, *artifact, *dir;
	uint64_t run;
	struct remote_where where;
	bool help;
};

struct fetch {
	struct forge *f;
	const char *dir;
	int dirfd;
	char *unzip;
};

/* --- options ------------------------------------------------------------------------- */

static int parse_option(void *arg, int c)
{
	struct options *o = arg;

	switch (c) {
	case 'h':
		o->help = true;
		return -1;
	case OPT_PR:
		return remote_parse_pr(optarg, &o->where.pr);
	case OPT_BRANCH:
		o->branch = optarg;
		return -1;
	case OPT_RUN:
		if (number_parse_u64(optarg, 1, INT64_MAX, &o->run) == 0)
			return -1;
		return cmd_usage_error(2, "ci", "'%.60s' is not the number of a run",
				       optarg);
	case OPT_ARTIFACT:
		o->artifact = optarg;
		return -1;
	case OPT_PROVIDER:
		o->where.provider = optarg;
		return -1;
	case 'o':
		o->dir = optarg;
		return -1;
	default:
		return 2;
	}
}

static int parse_options(struct options *o, int argc, char **argv)
{
	int status;

	*o = (struct options){.artifact = DEFAULT_ARTIFACT, .dir = DEFAULT_DIR};
	status = remote_options(argc, argv, ":o:h", long_options, parse_option, o);
	if (status >= 0 || o->help)
		return status;
	if (argc > optind)
		return cmd_usage_error(2, "ci", "'%s' is one word too many",
				       argv[optind]);
	if ((o->where.pr > 0) + (o->branch != NULL) + (o->run > 0) > 1)
		return cmd_usage_error(2, "ci", "--pr, --branch or --run, not several");
	return -1;
}

/* --- unpacking ----------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

/* Without the environment: the token is there. */
static void __attribute__((noreturn))
unzip(char *program, char *folder, int zip, const int *said)
{
	char *const argv[] = {program, folder, NULL};
	char *const envp[] = {NULL};

	if (dup2(zip, STDIN_FILENO) >= 0 && dup2(said[1], STDOUT_FILENO) >= 0 &&
	    dup2(said[1], STDERR_FILENO) >= 0)
		execve(program, argv, envp);
	_exit(127);
}

static int unzip_failed(const char *name, int status, const char *said, size_t n,
			struct error *err)
{
	struct text clean = {0};

	if (WIFEXITED(status) && WEXITSTATUS(status) == 1 && n) {
		text_add_clean(&clean, said, n - (said[n - 1] == '\n'));
		error_set(err, -EBADMSG, "artifact '%s': %s", name, clean.s);
	} else {
		error_set(err, -EBADMSG, "artifact '%s' cannot be unpacked", name);
	}
	text_done(&clean);
	return -EBADMSG;
}

static int run_unzip(const struct fetch *f, char *folder, int zip, const char *name,
		     struct error *err)
{
	_cleanup_free_ char *data = NULL;
	size_t n = 0;
	int said[2], status = -1;
	pid_t pid;

	if (pipe2(said, O_CLOEXEC) < 0)
		return error_set(err, -errno, "no pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0)
		unzip(f->unzip, folder, zip, said);
	close(said[1]);
	if (pid > 0) {
		io_slurp_fd(said[0], SAID_MAX_BYTES, &data, &n);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(said[0]);
	return status == 0 ? 0 : unzip_failed(name, status, data, n, err);
}

/* It appears under its name when it is whole. */
static int unpack(const struct fetch *f, int zip, const char *name, struct error *err)
{
	_cleanup_free_ char *part = xasprintf("%s/.%s.%d.part", f->dir, name, getpid());
	_cleanup_free_ char *whole = xasprintf("%s/%s", f->dir, name);
	int code;

	if (mkdir(part, 0777) < 0)
		return error_set(err, -errno, "cannot make '%s': %s", part,
				 strerror(errno));
	code = run_unzip(f, part, zip, name, err);
	if (code == 0 && renameat2(AT_FDCWD, part, AT_FDCWD, whole, RENAME_NOREPLACE) < 0)
		code = error_set(err, -errno, "cannot make '%s': %s", whole,
				 strerror(errno));
	if (code < 0)
		nftw(part, remove_one, 32, FTW_DEPTH | FTW_PHYS);
	else
		printf("%s\n", whole);
	return code;
}

/* --- downloading --------------------------------------------------------------------- */

static int open_temporary(const struct fetch *f, struct error *err)
{
	_cleanup_free_ char *name = xasprintf("%s/.zip-XXXXXX", f->dir);
	int fd = mkostemp(name, O_CLOEXEC);

	if (fd < 0)
		return error_set(err, -errno, "cannot write into '%s': %s", f->dir,
				 strerror(errno));
	unlink(name);
	return fd;
}

static int fetch_one(const struct fetch *f, const struct forge_artifact *a,
		     struct error *err)
{
	_cleanup_free_ char *name = archive_folder_name(a->name);
	_cleanup_close_ int zip = -1;
	int code;

	if (faccessat(f->dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		error_set(err, -EEXIST, "'%s/%s' exists", f->dir, name);
		error_hint(err, "-o names another folder");
		return -EEXIST;
	}
	zip = open_temporary(f, err);
	if (zip < 0)
		return zip;
	code = forge_artifact_get(f->f, a, zip, HTTP_DOWNLOAD_MAX_BYTES, err);
	if (code == 0 && lseek(zip, 0, SEEK_SET) < 0)
		code = error_set(err, -errno, "cannot read what was downloaded");
	return code < 0 ? code : unpack(f, zip, name, err);
}

static int fetch_all(struct fetch *f, const struct forge_artifacts *found,
		     struct error *err)
{
	int code = 0;

	if (mkdir(f->dir, 0777) < 0 && errno != EEXIST)
		return error_set(err, -errno, "cannot make '%s': %s", f->dir,
				 strerror(errno));
	f->dirfd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->dirfd < 0)
		return error_set(err, -errno, "cannot open '%s': %s", f->dir,
				 strerror(errno));
	for (uint32_t i = 0; i < found->list.n && code == 0; i++)
		code = fetch_one(f, &found->list.v[i], err);
	close(f->dirfd);
	return code;
}

/* In the job that a finished run has started it is that run's. */
static int list(const struct options *o, const struct ci_remote *r, struct forge *f,
		struct forge_artifacts *found, struct error *err)
{
	bool said = o->where.pr || o->branch || o->run;
	uint64_t run = said ? o->run : r->from_run;
	uint64_t pr = said ? o->where.pr : r->pr;

	if (run)
		return forge_run_artifacts(f, run, o->artifact, found, err);
	return forge_artifacts(f, pr, o->branch ? o->branch : DEFAULT_BRANCH, o->artifact,
			       found, err);
}

static void say(const struct forge_artifacts *found)
{
	fprintf(stderr, "profd: %u artifact%s of run %" PRIu64, found->list.n,
		found->list.n == 1 ? "" : "s", found->run);
	if (found->sha)
		fprintf(stderr, ", commit %.12s", found->sha);
	fputc('\n', stderr);
}

static int run(const struct options *o, const struct ci_remote *r, struct error *err)
{
	struct forge_artifacts found = {0};
	struct fetch f = {.dir = o->dir};
	int code = -ENOENT;

	f.unzip = program_find("profd-unzip", err);
	f.f = f.unzip ? remote_forge(r, err) : NULL;
	if (f.f)
		code = list(o, r, f.f, &found, err);
	if (code == 0) {
		code = fetch_all(&f, &found, err);
		if (code == 0)
			say(&found);
	}
	if (code == -EACCES && !r->token)
		error_hint(err,
			   "downloads need a token, also where everything is public: %s",
			   ci_remote_tokens(r->kind));
	forge_artifacts_done(&found);
	forge_free(f.f);
	free(f.unzip);
	return code;
}

int remote_fetch(int argc, char **argv)
{
	struct ci_remote r = {0};
	struct error err = {0};
	struct options o;
	int status = parse_options(&o, argc, argv), code;

	if (status >= 0)
		return status;
	if (o.help) {
		fputs(USAGE, stdout);
		return 0;
	}
	code = ci_remote_detect(o.where.provider, false, &r, &err);
	if (code == 0)
		code = run(&o, &r, &err);
	ci_remote_done(&r);
	return code < 0 ? cmd_fail(2, &err) : 0;
}
