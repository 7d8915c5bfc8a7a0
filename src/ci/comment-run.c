/* The comment on a recording (profd record), of which there is no verdict: the command, how
 * good the profile is, and its top functions. What is in run.json may be anybody's, so all of
 * it is code, on one line, and short. */
#include <profd/ci-comment.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include <profd/json.h>

#include "comment-priv.h"

#define NAME_MAX_BYTES 160
#define ROWS_MAX 10

static void add_code(struct text *t, const char *s)
{
	struct text line = {0};
	size_t n = s ? strnlen(s, NAME_MAX_BYTES) : 0;

	if (!n) {
		text_addc(t, '-');
		return;
	}
	text_add_clean(&line, s, n);
	text_add_code(t, line.s);
	text_add(t, s[n] ? "…" : "");
	text_done(&line);
}

static void add_share(struct text *t, const struct json *j, const char *key)
{
	double share;

	if (json_num(json_get(j, key), &share) && share >= 0 && share <= 1)
		text_addf(t, "%.1f %%", 100 * share);
	else
		text_addc(t, '-');
}

static void add_command(struct text *t, const struct json *run)
{
	const struct json *argv = json_get(run, "command");
	struct text words = {0};

	for (size_t i = 0; i < json_count(argv) && words.len < NAME_MAX_BYTES; i++) {
		const char *word = json_str(json_at(argv, i), NULL);

		text_add(&words, i ? " " : "");
		text_add_word(&words, word ? word : "");
	}
	add_code(t, words.len ? words.s : NULL);
	text_done(&words);
}

static void add_facts(struct text *t, const struct json *run)
{
	const struct json *quality = json_get(run, "quality");
	int64_t samples = 0;
	double wall_s;

	if (json_num(json_get(run, "wall_s"), &wall_s) && wall_s >= 0)
		text_addf(t, "Ran %.3f s. ", wall_s);
	json_i64(json_get(quality, "samples"), &samples);
	text_addf(t, "%lld samples of ", (long long)samples);
	add_code(t, json_get_str(run, "event"));
	text_add(t, ", complete stacks: ");
	add_share(t, quality, "complete");
	text_add(t, ", with names: ");
	add_share(t, quality, "resolved");
	text_add(t, ".\n");
}

static void add_top(struct text *t, const struct json *run)
{
	const struct json *top = json_get(run, "top");
	size_t n = json_count(top);

	if (!n)
		return;
	text_add(t, "\n| self | total | function |\n|---:|---:|---|\n");
	for (size_t i = 0; i < n && i < ROWS_MAX; i++) {
		const struct json *row = json_at(top, i);

		text_add(t, "| ");
		add_share(t, row, "self_share");
		text_add(t, " | ");
		add_share(t, row, "total_share");
		text_add(t, " | ");
		add_code(t, json_get_str(row, "name"));
		text_add(t, " |\n");
	}
}

int comment_of_run(const char *data, size_t n, const struct comment_options *opt,
		   struct comment *ret, struct error *err)
{
	struct json *run = json_read(data, n, err);
	const char *schema = json_get_str(run, "schema");
	struct text t = {0};

	if (!run)
		return -EBADMSG;
	if (!schema || strcmp(schema, "profd.run/1") != 0) {
		json_free(run);
		return error_set(err, -EBADMSG, "its schema is not profd.run/1");
	}
	*ret = (struct comment){.state.verdict = VERDICT_MEASURED};
	ret->marker = comment_marker(opt->id ? opt->id : "record");
	text_add(&t, "### profd record: ");
	add_command(&t, run);
	text_add(&t, "\n\n");
	add_facts(&t, run);
	add_top(&t, run);
	comment_take_text(ret, opt, &t);
	json_free(run);
	return 0;
}
