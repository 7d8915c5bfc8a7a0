/* A difference for programs, schema profd.diff/1: profd-diff(1) has the keys. */
#include <profd/diff-report.h>

#include <stdlib.h>
#include <string.h>

#include <profd/json.h>
#include <profd/noise.h>

static const char *const normalize_names[] = {[DIFF_AUTO] = "none",
					      [DIFF_NONE] = "none",
					      [DIFF_DURATION] = "duration",
					      [DIFF_TOTAL] = "total"};

static void put_change(struct json *j, const struct diff *d, const struct diff_change *c)
{
	json_put_i64(j, "before", c->sums.before);
	json_put_i64(j, "after", c->sums.after);
	json_put_i64(j, "change", c->delta);
	json_put_i64(j, "before_samples", c->sums.samples_before);
	json_put_i64(j, "after_samples", c->sums.samples_after);
	if (d->noise_known)
		json_put_i64(j, "noise", c->noise);
	else
		json_put_null(j, "noise");
	json_put_bool(j, "significant", c->significant);
}

static void put_end(struct json *root, const struct diff *d, const char *key,
		    const struct diff_end *end)
{
	struct json *j = json_node();

	json_put_str(j, "name", profile_text(d->profile, end->name));
	if (end->duration_ns > 0)
		json_put_num(j, "duration_s", (double)end->duration_ns / 1e9);
	else
		json_put_null(j, "duration_s");
	json_put_num(j, "factor", end->factor);
	json_put(root, key, j);
}

static void put_cautions(struct json *root, const struct diff *d)
{
	struct json *list = json_list();
	struct text t = {0};

	diff_add_cautions(&t, d);
	for (char *at = t.s, *line; at && (line = strsep(&at, "\n")) && *line;)
		json_put_str(list, NULL, line);
	json_put_str(root, "unlike", d->unlike.len ? d->unlike.s : NULL);
	json_put(root, "cautions", list);
	text_done(&t);
}

static const char *state_of(const struct diff_change *c)
{
	return diff_is_new(c) ? "new" : diff_is_vanished(c) ? "vanished" : "both";
}

static void put_functions(struct json *root, const struct diff *d)
{
	const struct profile *p = d->profile;
	struct json *list = json_list();

	for (uint32_t i = 0; i < d->functions.n; i++) {
		const struct diff_function *f = &d->functions.v[i];
		const struct function *fn = &p->functions.v[f->function];
		struct json *j = json_node(), *self = json_node(), *total = json_node();

		json_put_str(j, "name", profile_text(p, fn->name));
		json_put_str(j, "file",
			     fn->filename ? profile_text(p, fn->filename) : NULL);
		json_put_u64(j, "line", fn->start_line);
		json_put_str(j, "module", f->module ? profile_text(p, f->module) : NULL);
		json_put_str(j, "state", state_of(&f->total));
		put_change(self, d, &f->self);
		json_put(j, "self", self);
		put_change(total, d, &f->total);
		json_put(j, "total", total);
		json_put(list, NULL, j);
	}
	json_put(root, "functions", list);
}

static void put_stack(struct json *j, const struct diff *d, const struct diff_branch *b)
{
	struct json *list = json_list();
	string_id *names;
	uint32_t n = diff_branch_names(d, b, &names);

	for (uint32_t i = 0; i < n; i++)
		json_put_str(list, NULL,
			     i || names[i] ? profile_text(d->profile, names[i])
					   : "[unknown]");
	json_put(j, "stack", list);
	free(names);
}

static void put_branches(struct json *root, const struct diff *d, const char *key,
			 const struct diff_branches *b)
{
	struct json *list = json_list();

	for (uint32_t i = 0; i < b->n; i++) {
		struct json *j = json_node();

		put_stack(j, d, &b->v[i]);
		json_put_u64(j, "stacks", b->v[i].stacks);
		put_change(j, d, &b->v[i].change);
		json_put(list, NULL, j);
	}
	json_put(root, key, list);
}

void diff_json_write(const struct diff *d, struct sink *out)
{
	struct json *root = json_node(), *all = json_node();

	json_put_str(root, "schema", "profd.diff/1");
	json_put_str(root, "type", profile_text(d->profile, d->type));
	json_put_str(root, "unit", profile_text(d->profile, d->unit));
	json_put_str(root, "normalize", normalize_names[d->normalize]);
	json_put_u64(root, "noise_sigmas", NOISE_SIGMAS);
	put_end(root, d, "before", &d->before);
	put_end(root, d, "after", &d->after);
	put_cautions(root, d);
	put_change(all, d, &d->all);
	json_put(root, "total", all);
	put_functions(root, d);
	put_branches(root, d, "new_stacks", &d->new);
	json_put_u64(root, "new_stacks_within_noise", d->new.quiet);
	put_branches(root, d, "vanished_stacks", &d->vanished);
	json_put_u64(root, "vanished_stacks_within_noise", d->vanished.quiet);
	json_write(root, out);
	json_free(root);
}
