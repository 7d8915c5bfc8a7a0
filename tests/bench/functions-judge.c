/* The judge's list of functions for pairs of recordings, as JSON, for tests/bench/functions.
 *
 *	functions-judge BASE HEAD [BASE HEAD]…
 *
 * Each is a folder that profd record made: its cpu.pb.gz, and the CPU time in its run.json. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <profd/format.h>
#include <profd/functions.h>
#include <profd/io.h>
#include <profd/json.h>
#include <profd/mem.h>
#include <profd/text.h>

#define FILE_MAX_BYTES ((size_t)1 << 28)

static void fail(const char *path, const char *why)
{
	fprintf(stderr, "functions-judge: %s: %s\n", path, why);
	exit(2);
}

static char *slurp(const char *folder, const char *name, size_t *ret_n)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", folder, name);
	char *data;
	int code = io_slurp(path, FILE_MAX_BYTES, &data, ret_n);

	if (code < 0)
		fail(path, strerror(-code));
	return data;
}

static double number(const struct json *j, const char *key)
{
	double x = NAN;

	json_num(json_get(j, key), &x);
	return x;
}

/* What a profile is of: all CPU time, or only what was spent in the program's own code. */
static double cpu_time(const char *folder)
{
	size_t n;
	_cleanup_free_ char *data = slurp(folder, "run.json", &n);
	struct error err = {0};
	struct json *j = json_read(data, n, &err);
	const struct json *usage = json_get(j, "rusage");
	double seconds = number(usage, "user_s");
	bool kernel = false;

	if (!j)
		fail(folder, err.text);
	json_get_bool(json_get(j, "sampling"), "kernel", &kernel);
	if (kernel)
		seconds += number(usage, "system_s");
	json_free(j);
	return seconds;
}

static struct functions_run run_read(const char *folder)
{
	size_t n;
	_cleanup_free_ char *data = slurp(folder, "cpu.pb.gz", &n);
	struct functions_run r = {.name = folder, .cpu_s = cpu_time(folder)};
	struct error err = {0};

	r.seconds = r.cpu_s;
	r.profile = pprof_read(data, n, FILE_MAX_BYTES, &err);
	if (!r.profile)
		fail(folder, err.text);
	r.value = profile_default_value(r.profile);
	return r;
}

static void put_interval(struct json *to, const char *key,
			 const struct outcome_interval *i)
{
	struct json *j = json_node();

	json_put_num(j, "change", i->change);
	json_put_num(j, "low", i->low);
	json_put_num(j, "high", i->high);
	json_put_num(j, "level", i->level);
	json_put(to, key, j);
}

static struct json *entry_json(const struct functions_entry *e)
{
	struct json *j = json_node();

	json_put_str(j, "name", e->name);
	json_put_str(j, "file", e->file);
	json_put_u64(j, "line", e->line);
	json_put_u64(j, "rank", e->rank);
	json_put_str(j, "kind", functions_kind_name(e->kind));
	json_put_str(j, "was", e->was);
	json_put_str(j, "with", e->with);
	json_put_bool(j, "named", e->named);
	json_put_num(j, "base", e->self_cost.base);
	json_put_num(j, "head", e->self_cost.head);
	put_interval(j, "self", &e->self);
	put_interval(j, "single", &e->single);
	put_interval(j, "total", &e->total);
	return j;
}

static void print(const struct functions *f)
{
	struct json *j = json_node(), *list = json_list();
	struct text t = {0};
	struct sink_text out;

	json_put_u64(j, "pairs", f->pairs);
	json_put_u64(j, "named", f->named);
	json_put_str(j, "unit", f->unit);
	json_put_str(j, "notes", f->notes);
	put_interval(j, "all", &f->all);
	put_interval(j, "residual", &f->residual);
	for (uint32_t i = 0; i < f->n; i++)
		json_put(list, NULL, entry_json(&f->entries[i]));
	json_put(j, "functions", list);
	sink_text_init(&out, &t);
	json_write(j, &out.sink);
	io_write(STDOUT_FILENO, text_get(&t), t.len);
	text_done(&t);
	json_free(j);
}

int main(int argc, char **argv)
{
	uint32_t n = (uint32_t)(argc - 1) / 2;
	struct functions_options o = {0};
	struct functions_pair *pairs;
	struct error err = {0};
	struct functions f;

	if (argc < 3 || argc % 2 == 0)
		fail("usage", "functions-judge BASE HEAD [BASE HEAD]...");
	pairs = xcalloc(n, sizeof(*pairs));
	for (uint32_t i = 0; i < n; i++)
		pairs[i] = (struct functions_pair){run_read(argv[2 * i + 1]),
						   run_read(argv[2 * i + 2])};
	if (functions_build(&f, pairs, n, &o, &err) < 0)
		fail(argv[1], err.text);
	print(&f);
	functions_done(&f);
	for (uint32_t i = 0; i < n; i++) {
		profile_free((struct profile *)pairs[i].base.profile);
		profile_free((struct profile *)pairs[i].head.profile);
	}
	free(pairs);
	return 0;
}
