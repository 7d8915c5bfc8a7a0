/* Templates, and what of a repository goes into them. GitHub's are the ready workflows of
 * contrib/github, in which a few lines are changed; GitLab's component is that of contrib/gitlab,
 * as it is; the others have marks. */
#include <profd/ci-init.h>

#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

#include <profd/mem.h>
#include <profd/tool.h>

struct template
{
	const char *name, *text;
};

static const struct template templates[] = {
#include "src/ci/templates.inc"
};

static const struct template first_config[] = {
#include "src/ci/first-config.inc"
};

static const struct {
	enum ci_provider provider;
	const char *name, *path;
	bool shared;
} places[] = {
#define GITHUB(name)                                                                     \
	{                                                                                \
		CI_GITHUB, "contrib/github/workflows/" name, ".github/workflows/" name,  \
			false                                                            \
	}
	GITHUB("profd.yml"),
	GITHUB("profd-forks.yml"),
	GITHUB("profd-on-demand.yml"),
	GITHUB("profd-schedule.yml"),
	{CI_GITLAB, "contrib/gitlab/profd.yml", ".gitlab/profd.yml", false},
	{CI_GITLAB, "share/ci/gitlab-ci.yml", ".gitlab-ci.yml", true},
	{CI_JENKINS, "share/ci/Jenkinsfile", "Jenkinsfile", false},
};

static const struct template *template_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(templates); i++) {
		if (!strcmp(templates[i].name, name))
			return &templates[i];
	}
	return NULL;
}

/* --- values --------------------------------------------------------------------------- */

/* Names of workloads with all their variants, separated by blanks: words, as the schema has
 * them. */
static void add_workloads(struct text *t, const struct config *c)
{
	for (uint32_t i = 0; c && i < c->nworkloads; i++) {
		if (i && !strcmp(c->workloads[i].group, c->workloads[i - 1].group))
			continue;
		text_addf(t, "%s%s", t->len ? " " : "", c->workloads[i].group);
	}
}

/* As a line for the shell; newlines in it are for Jenkins alone. */
static void add_build(struct text *t, const struct config *c)
{
	if (c && c->build.text)
		text_add(t, c->build.text);
	for (uint32_t i = 0; c && i < c->build.argc; i++) {
		text_add(t, i ? " " : "");
		text_add_word(t, c->build.argv[i]);
	}
	while (t->len && t->s[t->len - 1] == '\n')
		t->s[--t->len] = '\0';
}

/* YAML 1.2.2, 7.3.1 and 7.3.2: in double quotes where it has more than one line. */
static void add_yaml(struct text *t, const char *s)
{
	bool lines = strpbrk(s, "\n\t") != NULL;

	text_addc(t, lines ? '"' : '\'');
	for (; *s; s++) {
		if (!lines && *s == '\'')
			text_add(t, "''");
		else if (lines && *s == '\n')
			text_add(t, "\\n");
		else if (lines && *s == '\t')
			text_add(t, "\\t");
		else if (lines && (*s == '"' || *s == '\\'))
			text_addf(t, "\\%c", *s);
		else
			text_addc(t, *s);
	}
	text_addc(t, lines ? '"' : '\'');
}

/* The same where GitHub looks for expressions: its own way to write what begins one. */
static void add_yaml_with(struct text *t, const char *s)
{
	struct text plain = {0};

	for (; *s; s++) {
		if (strncmp(s, "${{", 3) != 0) {
			text_addc(&plain, *s);
			continue;
		}
		text_add(&plain, "${{ '${{' }}");
		s += 2;
	}
	add_yaml(t, text_get(&plain));
	text_done(&plain);
}

/* Groovy, single-quoted strings. */
static void add_groovy(struct text *t, const char *s)
{
	text_addc(t, '\'');
	for (; *s; s++) {
		if (*s == '\n')
			text_add(t, "\\n");
		else if (*s == '\\' || *s == '\'')
			text_addf(t, "\\%c", *s);
		else
			text_addc(t, *s);
	}
	text_addc(t, '\'');
}

struct values {
	struct text workloads, build;
	const char *branch, *daily, *weekly;
};

/* Five fields; what else somebody wrote there is for schedules that are not crontab(5)'s. */
static const char *cron(const char *asked, const char *usual)
{
	size_t n = strspn(asked,
			  "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			  "*,/- ");

	return asked[n] ? usual : asked;
}

static void values_make(struct values *v, const struct ci_repository *r)
{
	const struct config_ci *usual = &config_ci_default;
	const struct config_ci *ci = r->config ? &r->config->ci : usual;

	*v = (struct values){.branch = r->branch,
			     .daily = cron(ci->daily, usual->daily),
			     .weekly = cron(ci->weekly, usual->weekly)};
	add_workloads(&v->workloads, r->config);
	add_build(&v->build, r->config);
}

static void values_done(struct values *v)
{
	text_done(&v->workloads);
	text_done(&v->build);
}

/* --- GitHub --------------------------------------------------------------------------- */

/* @line with each @from in it replaced by @to. */
static void add_replaced(struct text *t, const char *line, const char *from,
			 const char *to)
{
	const char *at;

	while ((at = strstr(line, from)) != NULL) {
		text_addn(t, line, (size_t)(at - line));
		text_add(t, to);
		line = at + strlen(from);
	}
	text_add(t, line);
}

static void add_github_branch(struct text *t, const char *line, const struct values *v)
{
	struct text list = {0};

	text_addc(&list, '[');
	add_yaml(&list, v->branch);
	text_addc(&list, ']');
	add_replaced(t, line, "[main]", text_get(&list));
	text_done(&list);
}

static void add_github_schedule(struct text *t, const char *line, const struct values *v)
{
	struct text daily = {0}, weekly = {0}, half = {0};

	add_yaml(&daily, v->daily);
	add_yaml(&weekly, v->weekly);
	add_replaced(&half, line, "'17 3 * * *'", text_get(&daily));
	add_replaced(t, text_get(&half), "'0 2 * * 0'", text_get(&weekly));
	text_done(&daily);
	text_done(&weekly);
	text_done(&half);
}

static void add_github_task(struct text *t, const char *line, const struct values *v)
{
	text_addf(t, "%s\n", line);
	if (!v->workloads.len)
		return;
	text_addf(t, "%*s# Of .profd.yml; without this line all that it has.\n",
		  (int)strspn(line, " "), "");
	text_addf(t, "%*sworkloads: ", (int)strspn(line, " "), "");
	add_yaml_with(t, text_get(&v->workloads));
	text_addc(t, '\n');
}

static void add_github_build(struct text *t, const char *line, const struct values *v)
{
	if (!v->build.len)
		return;
	text_addf(t, "%*sbuild: ", (int)strspn(line, " "), "");
	add_yaml_with(t, text_get(&v->build));
	text_addc(t, '\n');
}

static void add_github_line(struct text *t, const char *line, const struct values *v)
{
	const char *word = line + strspn(line, " ");

	if (!strcmp(word, "task: gate") || !strcmp(word, "task: bench")) {
		add_github_task(t, line, v);
	} else if (!strcmp(word, "build: make")) {
		add_github_build(t, line, v);
	} else {
		if (!strncmp(word, "branches", 8))
			add_github_branch(t, line, v);
		else
			add_github_schedule(t, line, v);
		text_addc(t, '\n');
	}
}

/* --- marks ---------------------------------------------------------------------------- */

static void add_mark(struct text *t, const char *mark, size_t n, const struct values *v)
{
	static const char *const marks[] = {"WORKLOADS", "WORDS", "BRANCH", "BUILD",
					    "DAILY"};
	const char *const texts[] = {
		text_get(&v->workloads), text_get(&v->workloads), v->branch,
		v->build.len ? text_get(&v->build) : "true", v->daily};

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		if (strlen(marks[i]) != n || strncmp(marks[i], mark, n) != 0)
			continue;
		if (i == 0)
			add_yaml(t, texts[i]);
		else
			add_groovy(t, texts[i]);
	}
}

static void add_marked_line(struct text *t, const char *line, const struct values *v)
{
	const char *at, *end;

	while ((at = strchr(line, '@')) != NULL) {
		size_t n = strspn(at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

		end = at + 1 + n;
		if (!n || *end != '@') {
			text_addn(t, line, (size_t)(end - line));
			line = end;
			continue;
		}
		text_addn(t, line, (size_t)(at - line));
		add_mark(t, at + 1, n, v);
		line = end + 1;
	}
	text_addf(t, "%s\n", line);
}

/* --- all ------------------------------------------------------------------------------- */

static void fill(enum ci_provider provider, const char *text, const struct values *v,
		 struct text *t)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		_cleanup_free_ char *line = xstrndup(text, n);

		if (provider == CI_GITHUB)
			add_github_line(t, line, v);
		else
			add_marked_line(t, line, v);
		text += n + (text[n] == '\n');
	}
}

void ci_init_make(enum ci_provider provider, const struct ci_repository *r,
		  struct ci_files *ret)
{
	struct values v;

	*ret = (struct ci_files){0};
	values_make(&v, r);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct ci_file *f;

		if (places[i].provider != provider)
			continue;
		f = vec_add(&ret->list);
		f->path = places[i].path;
		f->shared = places[i].shared;
		fill(provider, template_find(places[i].name)->text, &v, &f->text);
	}
	if (!r->config) {
		struct ci_file *f = vec_add(&ret->list);

		f->path = CONFIG_FILE;
		text_add(&f->text, first_config[0].text);
	}
	values_done(&v);
}

void ci_files_done(struct ci_files *f)
{
	for (uint32_t i = 0; i < f->list.n; i++)
		text_done(&f->list.v[i].text);
	vec_done(&f->list);
}

/* --- the branch ------------------------------------------------------------------------ */

/* The first line of what git says; or NULL. */
static char *git_line(const char *folder, const char *ref)
{
	const char *const argv[] = {"git",     "-C",	  folder, "symbolic-ref",
				    "--quiet", "--short", ref,	  NULL};
	struct text out = {0}, errors = {0};
	const struct tool t = {.argv = argv, .out = &out, .errors = &errors};
	int status = 0, code = tool_run(&t, &status, NULL);
	char *line = NULL;

	if (code == 0 && status == 0 && out.len) {
		size_t n = strcspn(out.s, "\n");

		if (n && text_is_clean(out.s, n))
			line = xstrndup(out.s, n);
	}
	text_done(&out);
	text_done(&errors);
	return line;
}

char *ci_init_branch(const char *folder)
{
	static const char remote[] = "origin/";
	char *line = git_line(folder, "refs/remotes/origin/HEAD"), *branch;

	if (line && !strncmp(line, remote, strlen(remote))) {
		branch = xstrdup(line + strlen(remote));
		free(line);
		return branch;
	}
	free(line);
	branch = git_line(folder, "HEAD");
	return branch ? branch : xstrdup("main");
}
