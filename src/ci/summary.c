/* The summary of a step: what the reports draw of an outcome, the hottest functions of its
 * profiles, and where all of it is. Reports escape what they show; what is added here is
 * escaped here. */
#include <profd/ci-summary.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <profd/checkout.h>
#include <profd/io.h>
#include <profd/json.h>
#include <profd/mem.h>
#include <profd/outcome-io.h>
#include <profd/text.h>

#define RUN_FILE "run.json"
#define RUN_MAX_BYTES (64u << 20)
#define SUMMARY_MAX_BYTES (4u << 20)
#define WORKLOADS_SHOWN 10u
#define FUNCTIONS_SHOWN 5u
#define NAME_MAX_BYTES 300u

static const char CUT[] =
	"\n\n*The rest is too long for this page: it is in the files.*\n";

/* --- results ------------------------------------------------------------------------ */

static struct json *read_run(const char *dir, struct error *err)
{
	_cleanup_free_ char *path = xasprintf("%s/" RUN_FILE, dir), *data = NULL;
	struct error why = {0};
	struct json *j;
	size_t n;
	int code = io_slurp(path, RUN_MAX_BYTES, &data, &n);

	if (code < 0) {
		error_set(err, code, "cannot read '%s': %s", path, strerror(-code));
		return NULL;
	}
	j = json_read(data, n, &why);
	if (!j)
		error_set(err, why.code, "'%s': %s", path, why.text);
	return j;
}

static int load_recording(const char *dir, struct ci_result *ret, struct error *err)
{
	_cleanup_free_ char *path = xasprintf("%s/summary.md", dir);
	struct error why = {0};
	size_t n;
	int code;

	ret->run = read_run(dir, &why);
	if (!ret->run) {
		if (why.code != -ENOENT)
			return error_set(err, why.code, "%s", why.text);
		error_set(err, -ENOENT, "'%s' has neither " OUTCOME_FILE " nor " RUN_FILE,
			  dir);
		error_hint(err, "name the folder that profd gate, bench or record wrote");
		return -ENOENT;
	}
	code = io_slurp(path, SUMMARY_MAX_BYTES, &ret->summary, &n);
	return code < 0 ? error_set(err, code, "cannot read '%s': %s", path,
				    strerror(-code))
			: 0;
}

int ci_result_load(const char *dir, struct ci_result *ret, struct error *err)
{
	_cleanup_free_ char *path = xasprintf("%s/" OUTCOME_FILE, dir);
	int code;

	*ret = (struct ci_result){.dir = dir};
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return load_recording(dir, ret, err);
	code = outcome_load(path, &ret->outcome, err);
	ret->judged = code == 0;
	return code;
}

void ci_result_done(struct ci_result *r)
{
	if (r->judged)
		outcome_done(&r->outcome);
	json_free(r->run);
	free(r->summary);
	*r = (struct ci_result){0};
}

int ci_result_status(const struct ci_result *r)
{
	int64_t status = 0;

	if (r->judged)
		return r->outcome.exit_status;
	json_i64(json_get(r->run, "exit_status"), &status);
	return (int)status;
}

const char *ci_result_page(const struct ci_result *r)
{
	return r->judged ? "report.html" : "index.html";
}

/* --- functions ----------------------------------------------------------------------- */

static void add_code(struct text *t, const char *s)
{
	struct text clean = {0};

	text_add_clean(&clean, s, strnlen(s, NAME_MAX_BYTES));
	text_add_code(t, text_get(&clean));
	text_done(&clean);
}

static void add_function(struct text *t, const char *workload, const struct json *f)
{
	const char *name = json_get_str(f, "name"), *file = json_get_str(f, "file");
	double self = 0, total = 0;

	file = file ? checkout_file(file) : json_get_str(f, "module");
	if (!name || !json_num(json_get(f, "self_share"), &self) ||
	    !json_num(json_get(f, "total_share"), &total))
		return;
	text_add(t, "| ");
	add_code(t, workload);
	text_addf(t, " | %.1f %% | %.1f %% | ", 100 * self, 100 * total);
	add_code(t, name);
	text_add(t, " | ");
	if (file)
		add_code(t, file);
	text_add(t, " |\n");
}

/* A folder below the results, as they name it. */
static bool is_below(const char *path)
{
	return path && *path && *path != '/' && !strstr(path, "..");
}

/* How far the profile can be trusted. */
static void add_quality(struct text *t, const char *workload, const struct json *run)
{
	static const char *const shares[] = {"complete", "resolved", "coverage"};
	const struct json *q = json_get(run, "quality");
	const char *engine = json_get_str(run, "engine");
	int64_t samples = 0, lost = 0;

	if (!json_i64(json_get(q, "samples"), &samples))
		return;
	json_i64(json_get(q, "lost"), &lost);
	text_add(t, "| ");
	add_code(t, workload);
	text_add(t, " | ");
	add_code(t, engine ? engine : "?");
	text_addf(t, " | %" PRId64 " | %" PRId64, samples, lost);
	for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
		double share;

		if (json_num(json_get(q, shares[i]), &share))
			text_addf(t, " | %.1f %%", 100 * share);
		else
			text_add(t, " | -");
	}
	text_add(t, " |\n");
}

static void add_workload_functions(struct text *t, struct text *quality,
				   const struct ci_result *r,
				   const struct outcome_workload *w)
{
	_cleanup_free_ char *dir = NULL;
	struct error nobody = {0};
	struct json *run;
	const struct json *top;

	dir = xasprintf("%s/%s", r->dir, w->head_profile);
	run = read_run(dir, &nobody);
	top = json_get(run, "top");
	add_quality(quality, w->name, run);
	for (size_t i = 0; i < json_count(top) && i < FUNCTIONS_SHOWN; i++)
		add_function(t, w->name, json_at(top, i));
	json_free(run);
}

static void add_functions(struct text *t, const struct ci_result *r)
{
	struct text rows = {0}, quality = {0};
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->outcome.nworkloads && n < WORKLOADS_SHOWN; i++) {
		if (!is_below(r->outcome.workloads[i].head_profile))
			continue;
		add_workload_functions(&rows, &quality, r, &r->outcome.workloads[i]);
		n++;
	}
	if (rows.len) {
		text_add(t,
			 "\n## Top functions\n\n| workload | self | total | function | "
			 "where |\n|---|---:|---:|---|---|\n");
		text_add(t, text_get(&rows));
	}
	if (quality.len) {
		text_add(t, "\n## Quality of the profiles\n\n| workload | engine | "
			    "samples | lost | "
			    "complete stacks | with names | coverage |\n"
			    "|---|---|---:|---:|---:|---:|---:|\n");
		text_add(t, text_get(&quality));
	}
	text_done(&quality);
	text_done(&rows);
}

/* --- links ---------------------------------------------------------------------------- */

/* RFC 3986: everything but what is unreserved, and slashes, as %XX. */
static void add_path(struct text *t, const char *s)
{
	static const char kept[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789-._~/";

	for (; *s; s++) {
		if (strchr(kept, *s))
			text_addc(t, *s);
		else
			text_addf(t, "%%%02X", (unsigned char)*s);
	}
}

/* An address that is none of the web, or would end the link that it stands in, is left out. */
static bool is_address(const char *s)
{
	return s && (!strncmp(s, "https://", 8) || !strncmp(s, "http://", 7)) &&
	       text_is_clean(s, strlen(s)) && !strpbrk(s, " <>\"'`()[]|\\");
}

/* The folder as it is below the root of the job's files. */
static const char *below_workspace(const struct ci_result *r, const struct ci_env *env)
{
	size_t n = env->workspace ? strlen(env->workspace) : 0;

	if (*r->dir != '/')
		return strncmp(r->dir, "./", 2) ? r->dir : r->dir + 2;
	if (n && !strncmp(r->dir, env->workspace, n) && r->dir[n] == '/')
		return r->dir + n + 1;
	return NULL;
}

static void add_files(struct text *t, const struct ci_result *r, const struct ci_env *env)
{
	static const char *const names[] = {"report.html", "index.html",   "cpu.svg",
					    "cpu.pb.gz",   "verdict.json", "run.json"};
	const char *dir = below_workspace(r, env);

	for (size_t i = 0; dir && i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", r->dir, names[i]);

		if (access(path, F_OK) < 0)
			continue;
		text_addf(t, "- [%s](%s", names[i], env->artifacts_url);
		add_path(t, dir);
		text_addf(t, "/%s)\n", names[i]);
	}
}

static void add_links(struct text *t, const struct ci_result *r,
		      const struct ci_summary_options *o)
{
	const struct ci_env *env = o->env;
	struct text list = {0};

	if (is_address(o->artifact_url))
		text_addf(&list, "- [All files, with the report and the profiles](%s)\n",
			  o->artifact_url);
	else if (is_address(env->artifacts_url) && env->artifacts_by_path)
		add_files(&list, r, env);
	else if (is_address(env->artifacts_url))
		text_addf(&list, "- [Files of this run](%s)\n", env->artifacts_url);
	if (is_address(env->run_url))
		text_addf(&list, "- [This run](%s)\n", env->run_url);
	if (list.len)
		text_addf(t, "\n## Links\n\n%s", text_get(&list));
	text_done(&list);
}

/* --- all ------------------------------------------------------------------------------ */

/* Bytes of @t up to the last blank line within @max that is in no block of code: tables and lists
 * have none. Reports fence a block with at least three grave accents, and with more of them than are in it. */
static size_t whole_sections(const struct text *t, size_t max)
{
	size_t pos = 0, len, whole = 0, fence = 0;
	const char *line;

	while (io_line(t->s, t->len, &pos, &line, &len) && pos <= max) {
		size_t ticks = 0;

		while (ticks < len && line[ticks] == '`')
			ticks++;
		if (!fence && ticks >= 3)
			fence = ticks;
		else if (fence && ticks >= fence && ticks == len)
			fence = 0;
		if (!fence && !len)
			whole = (size_t)(line - t->s);
	}
	return whole;
}

static void add_report(struct text *t, const struct ci_result *r)
{
	struct sink_text out;

	if (!r->judged) {
		text_add(t, r->summary);
		return;
	}
	sink_text_init(&out, t);
	outcome_summary_write(&r->outcome, &out.sink);
	add_functions(t, r);
}

void ci_summary_add(const struct ci_result *r, const struct ci_summary_options *o,
		    struct text *t)
{
	struct text report = {0}, links = {0};
	size_t max;

	add_report(&report, r);
	add_links(&links, r, o);
	max = links.len < o->max_bytes ? o->max_bytes - links.len : 0;
	if (report.len <= max) {
		text_addn(t, text_get(&report), report.len);
		text_add(t, text_get(&links));
	} else if (max > strlen(CUT)) {
		text_addn(t, text_get(&report),
			  whole_sections(&report, max - strlen(CUT)));
		text_add(t, CUT);
		text_add(t, text_get(&links));
	}
	text_done(&report);
	text_done(&links);
}
