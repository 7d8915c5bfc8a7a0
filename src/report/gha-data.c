/* data.js of github-action-benchmark: a run is added to what is there. The file comes from
 * outside, but what it holds stays as it is: only its outermost structure is looked at. */
#include "gha.h"

#include <errno.h>
#include <string.h>

#include <profd/clock.h>
#include <profd/json.h>

#include "outcome-view.h"

#define PREFIX "window.BENCHMARK_DATA = "
#define RUNS_MAX 10000 /* of a suite: the oldest go */

static void put_time(struct json *j, const char *key, uint64_t ns)
{
	char buf[CLOCK_UTC_BYTES];

	json_put_str(j, key, clock_utc(ns, buf));
}

static struct json *person(void)
{
	struct json *j = json_node();

	json_put_str(j, "email", "");
	json_put_str(j, "name", "");
	json_put_str(j, "username", "");
	return j;
}

/* The page shows these; whom a commit is of profd does not know. */
static struct json *commit_json(const struct outcome *o)
{
	struct json *j = json_node();
	struct text message = {0};
	bool url = o->run_url && !strncmp(o->run_url, "https://", 8);

	view_add_line(&message, o->head.subject, 500);
	json_put(j, "author", person());
	json_put(j, "committer", person());
	json_put_str(j, "id", o->head.commit ? o->head.commit : o->id ? o->id : "");
	json_put_str(j, "message", text_get(&message));
	put_time(j, "timestamp", o->start_ns);
	json_put_str(j, "url", url ? o->run_url : "");
	text_done(&message);
	return j;
}

static struct json *run_json(const struct outcome *o, bool bigger)
{
	struct json *j = json_node();

	json_put(j, "commit", commit_json(o));
	json_put_u64(j, "date", o->start_ns / 1000000);
	json_put_str(j, "tool",
		     bigger ? "customBiggerIsBetter" : "customSmallerIsBetter");
	json_put(j, "benches", gha_benches(o, bigger));
	return j;
}

static bool is_of(const struct json *run, const char *id)
{
	const char *other = json_get_str(json_get(run, "commit"), "id");

	return other && !strcmp(other, id);
}

/* A run of the same commit replaces the earlier one. */
static void add_run(struct json *entries, const char *suite, const struct outcome *o,
		    bool bigger)
{
	const struct json *runs = json_get(entries, suite);
	struct json *list = json_list(), *run = run_json(o, bigger);
	const char *id = json_get_str(json_get(run, "commit"), "id");
	size_t n = json_is_list(runs) ? json_count(runs) : 0, others = 0;

	for (size_t i = 0; i < n; i++)
		others += !is_of(json_at(runs, i), id);
	for (size_t i = 0; i < n; i++) {
		const struct json *old = json_at(runs, i);

		if (is_of(old, id))
			continue;
		if (others < RUNS_MAX)
			json_put(list, NULL, json_share(old));
		else
			others--;
	}
	json_put(list, NULL, run);
	json_put(entries, suite, list);
}

static bool has_direction(const struct outcome *o, bool bigger)
{
	struct json *list = gha_benches(o, bigger);
	size_t n = json_count(list);

	json_free(list);
	return n > 0;
}

static struct json *data_read(const char *data, size_t n, struct error *err)
{
	struct json *j;

	if (n < strlen(PREFIX) || strncmp(data, PREFIX, strlen(PREFIX)) != 0) {
		error_set(err, -EBADMSG, "it does not begin with '" PREFIX "'");
		return NULL;
	}
	n -= strlen(PREFIX);
	data += strlen(PREFIX);
	while (n && strchr(" \r\n;", data[n - 1]))
		n--;
	j = json_read(data, n, err);
	if (j && !json_is_node(j)) {
		error_set(err, -EBADMSG, "what it assigns is not an object");
		json_free(j);
		return NULL;
	}
	return j;
}

int outcome_gha_data_write(const struct outcome *o, const char *data, size_t n,
			   struct sink *out, struct error *err)
{
	struct json *j = data ? data_read(data, n, err) : json_node(), *entries;

	if (!j)
		return -EBADMSG;
	json_put_u64(j, "lastUpdate", o->end_ns / 1000000);
	if (!json_get(j, "repoUrl"))
		json_put_str(j, "repoUrl", "");
	entries = json_is_node(json_get(j, "entries"))
			  ? json_share(json_get(j, "entries"))
			  : json_node();
	if (has_direction(o, false))
		add_run(entries, "profd", o, false);
	if (has_direction(o, true))
		add_run(entries, "profd, bigger is better", o, true);
	json_put(j, "entries", entries);
	sink_puts(out, PREFIX);
	json_write(j, out);
	json_free(j);
	return 0;
}
