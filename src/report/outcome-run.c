/* run/<id>.json: of each run of bench, compare or gate the little that lasts, which is what
 * histories are made of. Everything else of it is in verdict.json. */
#include <profd/outcome-io.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <profd/clock.h>
#include <profd/json.h>
#include <profd/map.h>
#include <profd/mem.h>
#include <profd/stats-order.h>
#include <profd/text.h>

/* Jobs of a matrix start in one second with one commit, and their files meet in one folder:
 * so the nanoseconds are in the name, too. */
void outcome_id_make(struct outcome *o)
{
	struct text t = {0};
	char utc[CLOCK_UTC_BYTES];

	text_add(&t, clock_utc_name(o->start_ns, utc));
	if (o->head.commit)
		text_addf(&t, "-%.8s", o->head.commit);
	text_addf(&t, "-%06x", hash_u64(o->start_ns) & 0xffffff);
	o->id = arena_strndup(&o->arena, t.s, t.len);
	text_done(&t);
}

/* Six digits: more than any measurement has, and the file stays small. */
static void put_value(struct json *j, const char *key, double value)
{
	char digits[32];

	snprintf(digits, sizeof(digits), "%.6g", value);
	json_put_num(j, key, isfinite(value) ? strtod(digits, NULL) : NAN);
}

static void put_quartiles(struct json *j, const struct outcome_metric *m)
{
	_cleanup_free_ double *v = xcalloc((size_t)m->nvalues + 1, sizeof(*v));
	struct json *list = json_list();
	size_t n = 0;

	for (uint32_t i = 0; i < m->nvalues; i++) {
		if (isfinite(m->values[i].head))
			v[n++] = m->values[i].head;
	}
	order_sort(v, n);
	for (int i = 1; i <= 3 && n; i += 2)
		put_value(list, NULL, order_quantile(v, n, .25 * i));
	json_put(j, "quartiles", list);
	json_put_u64(j, "runs", n);
}

static struct json *metric_json(const struct outcome_metric *m)
{
	struct json *j = json_node();

	json_put_str(j, "name", m->name);
	json_put_str(j, "unit", m->unit);
	json_put_str(j, "stat", m->stat);
	json_put_str(j, "direction", m->bigger_is_better ? "bigger" : "smaller");
	json_put_bool(j, "exact", m->exact);
	put_value(j, "head", m->head);
	put_value(j, "base", m->base);
	put_quartiles(j, m);
	json_put_str(j, "verdict", verdict_name(m->verdict));
	return j;
}

static struct json *workload_json(const struct outcome_workload *w)
{
	struct json *j = json_node(), *metrics = json_list();

	json_put_str(j, "name", w->name);
	json_put_str(j, "verdict", verdict_name(w->verdict));
	for (uint32_t i = 0; i < w->nmetrics; i++)
		json_put(metrics, NULL, metric_json(&w->metrics[i]));
	json_put(j, "metrics", metrics);
	return j;
}

static void put_side(struct json *j, const char *key, const struct outcome_side *s)
{
	struct json *side = json_node();

	json_put_str(side, "commit", s->commit);
	json_put_str(side, "branch", s->branch);
	json_put_bool(side, "dirty", s->dirty);
	json_put(j, key, side);
}

static void put_machine(struct json *j, const struct outcome_environment *e)
{
	struct json *machine = json_node();

	json_put_str(machine, "testbed", e->testbed);
	json_put_str(machine, "cpu", e->cpu);
	json_put_u64(machine, "cpus", e->cpus);
	json_put_str(machine, "kernel", e->kernel);
	json_put_str(machine, "image", e->image);
	put_value(machine, "load", e->load);
	put_value(machine, "steal", e->steal);
	json_put(j, "machine", machine);
}

void outcome_run_write(const struct outcome *o, struct sink *out)
{
	struct json *j = json_node(), *workloads = json_list();
	char utc[CLOCK_UTC_BYTES];

	json_put_str(j, "schema", OUTCOME_RUN_SCHEMA);
	json_put_str(j, "id", o->id);
	json_put_str(j, "command", o->command);
	json_put_str(j, "version", o->version);
	json_put_str(j, "start", clock_utc(o->start_ns, utc));
	json_put_str(j, "end", clock_utc(o->end_ns, utc));
	json_put_str(j, "tier", o->tier);
	json_put_str(j, "run_url", o->run_url);
	json_put_str(j, "verdict", verdict_name(o->verdict));
	put_side(j, "head", &o->head);
	put_side(j, "base", &o->base);
	put_machine(j, &o->environment);
	for (uint32_t i = 0; i < o->nworkloads; i++)
		json_put(workloads, NULL, workload_json(&o->workloads[i]));
	json_put(j, "workloads", workloads);
	json_write(j, out);
	json_free(j);
}

/* An id that was read from a file may be anything; the name of a file may not. */
static bool is_name(const char *id)
{
	static const char fit[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

	return id && *id && strlen(id) <= 50 && !id[strspn(id, fit)];
}

int outcome_run_save(const struct outcome *o, int dirfd, struct error *err)
{
	_cleanup_free_ char *name = NULL;
	struct outfile f;
	int fd, code;

	if (!is_name(o->id))
		return error_set(err, -EINVAL, "the run's id is no name of a file");
	if (mkdirat(dirfd, OUTCOME_RUNS, 0777) < 0 && errno != EEXIST)
		return error_set(err, -errno,
				 "cannot make the folder '" OUTCOME_RUNS "': %s",
				 strerror(errno));
	fd = openat(dirfd, OUTCOME_RUNS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, -errno,
				 "cannot open the folder '" OUTCOME_RUNS "': %s",
				 strerror(errno));
	name = xasprintf("%s.json", o->id);
	code = outfile_open(&f, fd, name, err);
	if (code == 0) {
		outcome_run_write(o, &f.sink);
		code = outfile_commit(&f, err);
	}
	close(fd);
	return code;
}
