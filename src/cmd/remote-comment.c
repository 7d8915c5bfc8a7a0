/* profd ci comment: the results of a gate, or of a recording, on the pull request. */
#include "remote.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include <profd/ci-comment.h>
#include <profd/ci-forge.h>
#include <profd/io.h>
#include <profd/mem.h>
#include <profd/outcome-io.h>
#include <profd/text.h>

#define RUN_MAX_BYTES (64u << 20)

static const char USAGE[] =
	"usage: profd ci comment [options] [DIR]\n"
	"\n"
	"Writes what profd gate found, in DIR (profd-out), into the one comment of this "
	"gate\n"
	"on the pull request. The token comes from PROFD_TOKEN, GITHUB_TOKEN or "
	"GH_TOKEN;\n"
	"of GitLab, from PROFD_TOKEN, PROFD_GITLAB_TOKEN or GITLAB_TOKEN.\n"
	"\n"
	"      --mode MODE       always, on-change (default) or on-regression\n"
	"      --id NAME         which gate's comment (default: by command and tier)\n"
	"      --provider NAME   github or gitlab (default: by the environment)\n"
	"      --pr N            the pull request (default: the event's)\n"
	"      --report-url URL  where the report is (default: the run's artifacts)\n"
	"      --dry-run         print the comment, and ask no server\n"
	"  -h, --help            this text\n";

enum { OPT_MODE = 256, OPT_ID, OPT_PROVIDER, OPT_PR, OPT_URL, OPT_DRY };

static const struct option long_options[] = {
	{"mode", required_argument, NULL, OPT_MODE},
	{"id", required_argument, NULL, OPT_ID},
	{"provider", required_argument, NULL, OPT_PROVIDER},
	{"pr", required_argument, NULL, OPT_PR},
	{"report-url", required_argument, NULL, OPT_URL},
	{"dry-run", no_argument, NULL, OPT_DRY},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct options {
	enum comment_mode mode;
	const char *id, *url, *dir;
	struct remote_where where;
	bool dry, help;
};

/* --- options ------------------------------------------------------------------------- */

static int parse_mode(const char *s, enum comment_mode *ret)
{
	static const char *const words[] = {[COMMENT_ALWAYS] = "always",
					    [COMMENT_ON_CHANGE] = "on-change",
					    [COMMENT_ON_REGRESSION] = "on-regression"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(s, words[i]) != 0)
			continue;
		*ret = (enum comment_mode)i;
		return -1;
	}
	return cmd_usage_error(
		2, "ci", "unknown mode '%.60s': always, on-change, on-regression", s);
}

static int parse_option(void *arg, int c)
{
	struct options *o = arg;

	switch (c) {
	case 'h':
		o->help = true;
		return -1;
	case OPT_MODE:
		return parse_mode(optarg, &o->mode);
	case OPT_ID:
		o->id = optarg;
		if (comment_id_is_good(optarg))
			return -1;
		return cmd_usage_error(
			2, "ci",
			"--id takes up to %d letters, digits, '.', '_' and "
			"single '-'",
			COMMENT_ID_MAX_BYTES);
	case OPT_PROVIDER:
		o->where.provider = optarg;
		return -1;
	case OPT_PR:
		return remote_parse_pr(optarg, &o->where.pr);
	case OPT_URL:
		o->url = optarg;
		return -1;
	case OPT_DRY:
		o->dry = true;
		return -1;
	default:
		return 2;
	}
}

static int parse_options(struct options *o, int argc, char **argv)
{
	int status;

	*o = (struct options){.mode = COMMENT_ON_CHANGE};
	status = remote_options(argc, argv, ":h", long_options, parse_option, o);
	if (status >= 0 || o->help)
		return status;
	o->dir = remote_folder(argc - optind, argv + optind);
	return o->dir ? -1 : 2;
}

/* --- what to say --------------------------------------------------------------------- */

static int load_run(const char *dir, const struct comment_options *opt,
		    struct comment *ret, struct error *err)
{
	_cleanup_free_ char *path = xasprintf("%s/run.json", dir), *data = NULL;
	struct error why = {0};
	size_t n;
	int code = io_slurp(path, RUN_MAX_BYTES, &data, &n);

	if (code < 0) {
		error_set(err, code,
			  "'%s' has no results: neither verdict.json nor "
			  "run.json can be read there",
			  dir);
		error_hint(err, "profd gate and profd record write them");
		return code;
	}
	code = comment_of_run(data, n, opt, ret, &why);
	if (code < 0)
		error_set(err, code, "'%s' cannot be used: %s", path, why.text);
	return code;
}

static int load(const char *dir, const struct comment_options *opt, struct comment *ret,
		struct error *err)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, OUTCOME_FILE);
	struct outcome o;
	int code;

	if (access(path, F_OK) != 0)
		return load_run(dir, opt, ret, err);
	code = outcome_load(path, &o, err);
	if (code < 0)
		return code;
	comment_of_outcome(&o, opt, ret);
	outcome_done(&o);
	return 0;
}

static int print(const struct comment *c)
{
	struct text t = {0};

	comment_render(c, NULL, 65536, &t);
	fputs(text_get(&t), stdout);
	text_done(&t);
	return fflush(stdout) == 0 ? 0 : 2;
}

/* --- where to say it ----------------------------------------------------------------- */

/* Whose the results are, the server's own event says; a number that came with them, or by
 * --pr, has to be of the same commit. */
static int check_pull(struct forge *f, const struct ci_remote *r, uint64_t pr,
		      struct error *err)
{
	_cleanup_free_ char *sha = NULL, *branch = NULL;
	int code;

	if (!r->sha)
		return error_set(err, -EINVAL,
				 "the event does not say which commit the "
				 "results are of");
	code = forge_pull_head(f, pr, &sha, &branch, err);
	if (code < 0 || !strcmp(sha, r->sha))
		return code;
	error_set(err, -EPERM,
		  "pull request %" PRIu64 " is at %.12s, and the results are of %.12s: "
		  "nothing is written",
		  pr, sha, r->sha);
	error_hint(err,
		   "a newer commit's run writes its own; else the number is not that "
		   "of this run");
	return -EPERM;
}

static int find_pull(struct forge *f, const struct ci_remote *r, uint64_t wanted,
		     uint64_t *ret_pr, struct error *err)
{
	uint64_t pr = wanted ? wanted : r->pr;

	if (pr) {
		*ret_pr = pr;
		return r->foreign ? check_pull(f, r, pr, err) : 0;
	}
	if (r->sha)
		return forge_pull_find(f, r->sha, r->head, ret_pr, err);
	error_set(err, -ENOENT, "which pull request is not known");
	error_hint(err, "--pr says it");
	return -ENOENT;
}

static void say(enum comment_done_what what, uint64_t pr)
{
	static const char *const words[] = {
		[COMMENT_NOTHING] = "nothing is worse, so no comment",
		[COMMENT_CREATED] = "comment written",
		[COMMENT_UPDATED] = "comment updated",
		[COMMENT_RESOLVED] = "comment updated: resolved",
		[COMMENT_SAME] = "the comment says so already",
	};

	fprintf(stderr, "profd: pull request %" PRIu64 ": %s\n", pr, words[what]);
}

/* A fork's token may read only: that is how it has to be, and no failure of the change. */
static int failed(const struct ci_remote *r, int code, struct error *err)
{
	if (code == -EACCES && r->read_only) {
		error_hint(err,
			   "the token of a fork may not write: a second workflow, on "
			   "workflow_run, can (profd-ci(1), Forks)");
		remote_warn(err);
		return 0;
	}
	if (code == -EACCES && !err->hint[0])
		error_hint(err,
			   r->kind == FORGE_GITHUB
				   ? "the job needs 'permissions: pull-requests: write'"
				   : "the token needs the scope api; CI_JOB_TOKEN "
				     "does not do");
	return cmd_fail(2, err);
}

static int no_token(const struct ci_remote *r, struct error *err)
{
	error_set(err, -EACCES, "there is no token to comment with: %s is not set",
		  ci_remote_tokens(r->kind));
	error_hint(err,
		   r->kind == FORGE_GITHUB
			   ? "env: GITHUB_TOKEN: ${{ github.token }}"
			   : "a project access token with the scope api, as a masked "
			     "variable");
	return failed(r, -EACCES, err);
}

static int comment(const struct options *o, const struct ci_remote *r,
		   const struct comment *c)
{
	enum comment_done_what what;
	struct error err = {0};
	struct forge *f;
	uint64_t pr;
	int code;

	if (!r->token)
		return no_token(r, &err);
	f = remote_forge(r, &err);
	if (!f)
		return cmd_fail(2, &err);
	code = find_pull(f, r, o->where.pr, &pr, &err);
	if (code == 0)
		code = comment_upsert(f, pr, c, o->mode, &what, &err);
	forge_free(f);
	if (code < 0)
		return failed(r, code, &err);
	say(what, pr);
	return 0;
}

int remote_comment(int argc, char **argv)
{
	struct comment_options opt = {0};
	_cleanup_free_ char *link = NULL;
	struct ci_remote r = {0};
	struct comment c = {0};
	struct error err = {0};
	struct options o;
	int status = parse_options(&o, argc, argv), code;

	if (status >= 0)
		return status;
	if (o.help) {
		fputs(USAGE, stdout);
		return 0;
	}
	code = ci_remote_detect(o.where.provider, true, &r, &err);
	if (code < 0 && !o.dry)
		return cmd_fail(2, &err);
	link = ci_remote_link(&r, o.dir);
	opt = (struct comment_options){.id = o.id,
				       .link = o.url ? o.url : link,
				       .run = r.run,
				       .foreign = r.foreign};
	code = load(o.dir, &opt, &c, &err);
	if (code < 0)
		status = cmd_fail(2, &err);
	else
		status = o.dry ? print(&c) : comment(&o, &r, &c);
	comment_done(&c);
	ci_remote_done(&r);
	return status;
}
