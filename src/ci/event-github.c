/* The event file of GitHub Actions. What follows from it is decide.c's. */
#include "ci-priv.h"

#include <errno.h>
#include <string.h>

#include <profd/json.h>
#include <profd/text.h>

/* GitHub's page ends lines with CR LF. */
static void add_lines(struct text *t, const char *s, size_t n)
{
	for (const char *end = s + n; s < end;) {
		const char *lf = memchr(s, '\n', (size_t)(end - s));
		size_t len = lf ? (size_t)(lf - s) : (size_t)(end - s);

		text_add_lines(t, s, len && s[len - 1] == '\r' ? len - 1 : len);
		if (lf)
			text_addc(t, '\n');
		s += len + (lf != NULL);
	}
}

const char *event_text(struct ci_event *e, const char *s)
{
	struct text t = {0};
	const char *copy;

	if (!s || !*s)
		return NULL;
	add_lines(&t, s, strnlen(s, CI_TEXT_MAX_BYTES));
	copy = arena_strndup(&e->arena, text_get(&t), t.len);
	text_done(&t);
	return copy;
}

void event_push_text(struct ci_event *e, struct ci_texts *t, uint32_t max, const char *s)
{
	const char *copy = t->n < max ? event_text(e, s) : NULL;

	if (!copy)
		return;
	if (!t->v)
		t->v = arena_alloc(&e->arena, max * sizeof(*t->v));
	t->v[t->n++] = copy;
}

/* --- parts -------------------------------------------------------------------------- */

static const char *get_text(struct ci_event *e, const struct json *j, const char *key)
{
	return event_text(e, json_get_str(j, key));
}

static uint64_t get_number(const struct json *j, const char *key)
{
	int64_t v;

	return json_i64(json_get(j, key), &v) && v > 0 ? (uint64_t)v : 0;
}

static void read_labels(struct ci_event *e, const struct json *list)
{
	for (size_t i = 0; i < json_count(list) && e->labels.n < CI_LABELS_MAX; i++)
		event_push_text(e, &e->labels, CI_LABELS_MAX,
				json_get_str(json_at(list, i), "name"));
}

/* A repository that was deleted meanwhile is null: then it was a fork. */
static enum ci_answer read_fork(const struct json *head, const struct json *base)
{
	const char *from = json_get_str(json_get(head, "repo"), "full_name");
	const char *to = json_get_str(json_get(base, "repo"), "full_name");

	if (!to)
		return CI_NOT_SAID;
	return from && !strcmp(from, to) ? CI_NO : CI_YES;
}

static void read_pull_request(struct ci_event *e, const struct json *j)
{
	const struct json *pr = json_get(j, "pull_request");
	const struct json *head = json_get(pr, "head"), *base = json_get(pr, "base");

	e->happened = CI_PULL_REQUEST;
	e->pr = get_number(pr, "number");
	e->title = get_text(e, pr, "title");
	e->fork = read_fork(head, base);
	e->base_sha = get_text(e, base, "sha");
	e->head_sha = get_text(e, head, "sha");
	e->branch = get_text(e, head, "ref");
	e->label = get_text(e, json_get(j, "label"), "name");
	read_labels(e, json_get(pr, "labels"));
}

static void read_merge_group(struct ci_event *e, const struct json *j)
{
	const struct json *group = json_get(j, "merge_group");

	e->happened = CI_PULL_REQUEST;
	e->fork = CI_NO;
	e->base_sha = get_text(e, group, "base_sha");
	e->head_sha = get_text(e, group, "head_sha");
	event_push_text(e, &e->messages, CI_COMMITS_MAX,
			json_get_str(json_get(group, "head_commit"), "message"));
}

static void read_push(struct ci_event *e, const struct json *j)
{
	static const char heads[] = "refs/heads/", tags[] = "refs/tags/";
	const char *ref = json_get_str(j, "ref");
	const struct json *commits = json_get(j, "commits");

	e->happened = CI_PUSH;
	if (ref && !strncmp(ref, tags, strlen(tags))) {
		e->happened = CI_TAG;
		e->branch = event_text(e, ref + strlen(tags));
	} else if (ref && !strncmp(ref, heads, strlen(heads))) {
		e->branch = event_text(e, ref + strlen(heads));
	}
	e->base_sha = get_text(e, j, "before");
	e->head_sha = get_text(e, j, "after");
	json_get_bool(j, "deleted", &e->deleted);
	for (size_t i = 0; i < json_count(commits) && e->messages.n < CI_COMMITS_MAX; i++)
		event_push_text(e, &e->messages, CI_COMMITS_MAX,
				json_get_str(json_at(commits, i), "message"));
	if (!e->messages.n)
		event_push_text(e, &e->messages, CI_COMMITS_MAX,
				json_get_str(json_get(j, "head_commit"), "message"));
}

static void read_comment(struct ci_event *e, const struct json *j)
{
	const struct json *issue = json_get(j, "issue"),
			  *comment = json_get(j, "comment");

	e->happened = CI_COMMENT;
	if (!json_is_none(json_get(issue, "pull_request")))
		e->pr = get_number(issue, "number");
	e->title = get_text(e, issue, "title");
	read_labels(e, json_get(issue, "labels"));
	e->comment = get_text(e, comment, "body");
	e->association = get_text(e, comment, "author_association");
	e->author = get_text(e, json_get(comment, "user"), "login");
}

static void read_schedule(struct ci_event *e, const struct json *j)
{
	e->happened = CI_SCHEDULE;
	e->schedule = get_text(e, j, "schedule");
}

static void read_manual(struct ci_event *e, const struct json *j)
{
	e->happened = CI_MANUAL;
	e->tier = get_text(e, json_get(j, "inputs"), "tier");
	if (!e->tier)
		e->tier = get_text(e, json_get(j, "client_payload"), "tier");
}

static const struct {
	const char *name;
	void (*read)(struct ci_event *e, const struct json *j);
} readers[] = {
	{"pull_request", read_pull_request},  {"pull_request_target", read_pull_request},
	{"merge_group", read_merge_group},    {"push", read_push},
	{"schedule", read_schedule},	      {"workflow_dispatch", read_manual},
	{"repository_dispatch", read_manual}, {"issue_comment", read_comment},
};

int ci_event_github(const char *data, size_t n, const char *name, struct ci_event *ret,
		    struct error *err)
{
	struct json *j;

	*ret = (struct ci_event){0};
	if (n > CI_EVENT_MAX_BYTES)
		return error_set(err, -EFBIG, "the event has over %u MiB",
				 CI_EVENT_MAX_BYTES >> 20);
	j = json_read(data, n, err);
	if (!j)
		return err ? err->code : -EBADMSG;
	ret->name = event_text(ret, name);
	ret->action = get_text(ret, j, "action");
	ret->default_branch = get_text(ret, json_get(j, "repository"), "default_branch");
	for (size_t i = 0; ret->name && i < ARRAY_SIZE(readers); i++) {
		if (!strcmp(readers[i].name, ret->name))
			readers[i].read(ret, j);
	}
	json_free(j);
	return 0;
}

void ci_event_done(struct ci_event *e)
{
	arena_done(&e->arena);
	*e = (struct ci_event){0};
}
