/* From what the CI system says (ci.h), the event's file and variables that concern servers
 * alone to one struct. Nothing is asked here. */
#include <profd/ci-remote.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <profd/ci.h>
#include <profd/io.h>
#include <profd/json.h>
#include <profd/mem.h>
#include <profd/number.h>
#include <profd/text.h>

#define NAME_MAX_BYTES 1024

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static char *copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static void replace(char **to, char *s)
{
	if (!s)
		return;
	free(*to);
	*to = s;
}

static const char *first(const char *a, const char *b)
{
	return a && *a ? a : b;
}

unsigned ci_remote_backoff_ms(void)
{
	const char *s = env("PROFD_CI_BACKOFF_MS");
	uint64_t ms;

	return s && number_parse_u64(s, 1, 60000, &ms) == 0 ? (unsigned)ms : 0;
}

const char *ci_remote_tokens(enum forge_kind kind)
{
	return kind == FORGE_GITHUB ? "PROFD_TOKEN, GITHUB_TOKEN or GH_TOKEN"
				    : "PROFD_TOKEN, PROFD_GITLAB_TOKEN or GITLAB_TOKEN";
}

/* --- GitHub -------------------------------------------------------------------------- */

static const char *short_str(const struct json *j, const char *key)
{
	const char *s = json_get_str(j, key);

	return s && *s && strlen(s) <= NAME_MAX_BYTES && text_is_clean(s, strlen(s))
		       ? s
		       : NULL;
}

static void read_number(const struct json *j, const char *key, uint64_t *ret)
{
	int64_t value;

	if (json_i64(json_get(j, key), &value) && value > 0)
		*ret = (uint64_t)value;
}

static void read_head(struct ci_remote *r, const struct json *repository,
		      const char *branch, const char *sha)
{
	const char *owner = short_str(json_get(repository, "owner"), "login");

	replace(&r->sha, copy(sha));
	if (owner && branch)
		replace(&r->head, xasprintf("%s:%s", owner, branch));
}

static void read_pull(struct ci_remote *r, const struct json *pull)
{
	const struct json *head = json_get(pull, "head"), *base = json_get(pull, "base");
	const char *from = short_str(json_get(head, "repo"), "full_name");
	const char *to = short_str(json_get(base, "repo"), "full_name");

	read_number(pull, "number", &r->pr);
	read_head(r, json_get(head, "repo"), short_str(head, "ref"),
		  short_str(head, "sha"));
	/* Without a name: the fork was removed. */
	r->read_only |= to && (!from || strcmp(from, to) != 0);
}

/* Its pull_requests are those of the repository itself, never of forks; and which of them it
 * is, the commit says better. */
static void read_workflow_run(struct ci_remote *r, const struct json *run)
{
	const char *url = short_str(run, "html_url");

	r->foreign = true;
	read_number(run, "id", &r->from_run);
	read_head(r, json_get(run, "head_repository"), short_str(run, "head_branch"),
		  short_str(run, "head_sha"));
	replace(&r->run, copy(url));
	if (url)
		replace(&r->link, xasprintf("%s#artifacts", url));
	r->link_by_path = false;
}

int ci_remote_read_event(const char *data, size_t n, struct ci_remote *ret,
			 struct error *err)
{
	struct json *event = json_read(data, n, err);
	const struct json *pull, *issue, *run;

	if (!event)
		return -EBADMSG;
	pull = json_get(event, "pull_request");
	issue = json_get(event, "issue");
	run = json_get(event, "workflow_run");
	if (json_is_node(pull))
		read_pull(ret, pull);
	if (json_is_node(json_get(issue, "pull_request")))
		read_number(issue, "number", &ret->pr);
	if (json_is_node(run))
		read_workflow_run(ret, run);
	json_free(event);
	return 0;
}

static int load_event(struct ci_remote *r, const char *path, struct error *err)
{
	_cleanup_free_ char *data = NULL;
	struct error why = {0};
	size_t n;
	int code;

	code = io_slurp(path, CI_EVENT_MAX_BYTES, &data, &n);
	if (code < 0)
		return error_set(err, code, "cannot read '%s', the event: %s", path,
				 strerror(-code));
	code = ci_remote_read_event(data, n, r, &why);
	if (code < 0)
		error_set(err, code, "cannot read '%s', the event: %s", path, why.text);
	return code;
}

static int detect_github(const struct ci_env *e, struct ci_remote *r, struct error *err)
{
	const char *actor = env("GITHUB_ACTOR");
	int code = 0;

	replace(&r->repository, copy(first(e->repository, env("GITHUB_REPOSITORY"))));
	r->api = xstrdup(
		first(e->api_url, first(env("PROFD_API_URL"), "https://api.github.com")));
	r->token = first(env("PROFD_TOKEN"), first(env("GITHUB_TOKEN"), env("GH_TOKEN")));
	r->read_only = actor && !strcmp(actor, "dependabot[bot]");
	if (e->provider == CI_GITHUB && e->event_path)
		code = load_event(r, e->event_path, err);
	/* Its token is that of the base repository, and may write. */
	if (e->event && !strcmp(e->event, "pull_request_target"))
		r->read_only = false;
	return code;
}

/* --- GitLab -------------------------------------------------------------------------- */

static void detect_gitlab(const struct ci_env *e, bool writes, struct ci_remote *r)
{
	/* A fork's pipeline runs in the fork; the merge request is in the project. */
	const char *project = env("CI_MERGE_REQUEST_PROJECT_ID");
	const char *from = env("CI_MERGE_REQUEST_SOURCE_PROJECT_ID");

	project = first(project, first(e->project_id, env("CI_PROJECT_ID")));
	project = first(project, e->repository);
	replace(&r->repository, copy(project));
	r->api = xstrdup(first(e->api_url,
			       first(env("PROFD_API_URL"), "https://gitlab.com/api/v4")));
	r->token = first(env("PROFD_TOKEN"),
			 first(env("PROFD_GITLAB_TOKEN"), env("GITLAB_TOKEN")));
	if (!r->token && !writes) {
		r->token = env("CI_JOB_TOKEN");
		r->job_token = r->token != NULL;
	}
	r->read_only = project && from && strcmp(project, from) != 0;
}

/* --- both ---------------------------------------------------------------------------- */

/* Jenkins builds for either: the address of the change tells. */
static const char *provider_of(const struct ci_env *e)
{
	const char *change = env("CHANGE_URL");

	if (e->provider != CI_JENKINS)
		return e->provider == CI_NONE ? NULL : ci_provider_word(e->provider);
	if (change && strstr(change, "/merge_requests/"))
		return "gitlab";
	return change && strstr(change, "/pull/") ? "github" : NULL;
}

static int find_kind(const char *name, enum forge_kind *ret, struct error *err)
{
	if (name && !strcmp(name, "github"))
		*ret = FORGE_GITHUB;
	else if (name && !strcmp(name, "gitlab"))
		*ret = FORGE_GITLAB;
	else if (name)
		return error_set(err, -EINVAL,
				 "'%.100s' has no pull requests that profd knows: "
				 "github, gitlab",
				 name);
	else {
		error_set(err, -ENOENT, "whose pull requests these are is not known");
		error_hint(err, "--provider names it, github or gitlab; profd-ci(1) has "
				"the variables that it needs");
		return -ENOENT;
	}
	return 0;
}

static int detect(const struct ci_env *e, bool writes, struct ci_remote *r,
		  struct error *err)
{
	int code = 0;

	r->pr = e->pr;
	r->sha = copy(e->sha);
	r->run = copy(first(e->job_url, e->run_url));
	r->link = copy(e->artifacts_url);
	r->link_by_path = e->artifacts_by_path;
	r->repository = copy(env("PROFD_REPOSITORY"));
	if (r->kind == FORGE_GITHUB)
		code = detect_github(e, r, err);
	else
		detect_gitlab(e, writes, r);
	if (code < 0 || r->repository)
		return code;
	error_set(err, -ENOENT, "which repository this is about is not known");
	error_hint(err, "PROFD_REPOSITORY says it, and PROFD_API_URL where: profd-ci(1)");
	return -ENOENT;
}

int ci_remote_detect(const char *provider, bool writes, struct ci_remote *ret,
		     struct error *err)
{
	struct ci_remote r = {0};
	struct ci_env e;
	int code;

	ci_env_read(&e);
	code = find_kind(provider ? provider : provider_of(&e), &r.kind, err);
	if (code == 0)
		code = detect(&e, writes, &r, err);
	ci_env_done(&e);
	if (code < 0)
		ci_remote_done(&r);
	else
		*ret = r;
	return code;
}

char *ci_remote_link(const struct ci_remote *r, const char *dir)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._/";

	if (!r->link || !r->link_by_path)
		return copy(r->link);
	if (*dir == '/' || strspn(dir, plain) != strlen(dir) || strstr(dir, ".."))
		return copy(r->run);
	return xasprintf("%s%s%sreport.html", r->link, dir,
			 dir[strlen(dir) - 1] == '/' ? "" : "/");
}

void ci_remote_done(struct ci_remote *r)
{
	free(r->api);
	free(r->repository);
	free(r->sha);
	free(r->head);
	free(r->run);
	free(r->link);
	*r = (struct ci_remote){0};
}
