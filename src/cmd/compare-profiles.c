/* profd compare on profiles that are there: which functions differ, by the same rules as
 * those of a gate's profiled pairs. One profile a side, or as many as a folder holds. Whether
 * the program became slower it does not say: profiled times are worth nothing. */
#include "judge.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "output.h"
#include "profile-file.h"
#include <profd/functions-report.h>
#include <profd/mem.h>
#include <profd/origin.h>
#include <profd/outcome-io.h>
#include <profd/text.h>
#include <profd/vec.h>

#define PROFILE_FILE "cpu.pb.gz"
#define ROWS 20
#define WORKLOAD "profiles"

struct side {
	const char *path;
	VEC(char *) files; /* a profile, or the folder of a recording */
	VEC(struct functions_run) runs;
};

struct comparison {
	const struct judge_options *o;
	const struct compare_profiles *c;
	struct side base, head;
	uint32_t pairs;
	struct text notes; /* beside the judge's */
};

/* --- what there is --------------------------------------------------------------------- */

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_recording(const char *folder)
{
	_cleanup_free_ char *path = xasprintf("%s/" PROFILE_FILE, folder);

	return access(path, F_OK) == 0;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

static bool is_one(const char *path)
{
	return is_folder(path) ? is_recording(path) : ends_with(path, ".pb.gz");
}

/* run-2 before run-10. */
static int by_name(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

static void side_look(struct side *s)
{
	DIR *d = is_folder(s->path) && !is_recording(s->path) ? opendir(s->path) : NULL;
	struct dirent *e;

	if (!d) {
		vec_push(&s->files, xstrdup(s->path));
		return;
	}
	while ((e = readdir(d)) && s->files.n < FUNCTIONS_PAIRS_MAX) {
		char *path = xasprintf("%s/%s", s->path, e->d_name);

		if (e->d_name[0] != '.' && is_one(path))
			vec_push(&s->files, path);
		else
			free(path);
	}
	closedir(d);
	if (s->files.n)
		qsort(s->files.v, s->files.n, sizeof(*s->files.v), by_name);
}

static void side_done(struct side *s)
{
	for (uint32_t i = 0; i < s->files.n; i++)
		free(s->files.v[i]);
	for (uint32_t i = 0; i < s->runs.n; i++) {
		profile_free((struct profile *)s->runs.v[i].profile);
		free((char *)s->runs.v[i].name);
	}
	vec_done(&s->files);
	vec_done(&s->runs);
}

bool compare_is_profiles(const char *path)
{
	struct side s = {.path = path};
	bool some;

	side_look(&s);
	some = s.files.n > 0;
	side_done(&s);
	return some;
}

/* --- reading --------------------------------------------------------------------------- */

static bool is_cpu_time(const struct profile *p, unsigned value)
{
	return !strcmp(profile_text(p, p->value_types[value].type), "cpu") &&
	       !strcmp(profile_text(p, p->value_types[value].unit), "nanoseconds");
}

static int side_read(struct side *s, const struct compare_profiles *c, uint32_t n,
		     struct error *err)
{
	for (uint32_t i = 0; i < n; i++) {
		struct functions_run r = {.seconds = NAN, .cpu_s = NAN};
		struct text name = {0};
		int code;

		r.profile = profile_file_read(s->files.v[i], c->unit, err);
		if (!r.profile)
			return -EINVAL;
		text_add_clean(&name, s->files.v[i], strlen(s->files.v[i]));
		r.name = xstrdup(text_get(&name));
		text_done(&name);
		code = profile_file_value(r.profile, c->value, &r.value, err);
		if (code == 0 && is_cpu_time(r.profile, r.value) &&
		    is_folder(s->files.v[i]))
			r.cpu_s = r.seconds = judge_run_cpu_s(s->files.v[i]);
		vec_push(&s->runs, r);
		if (code < 0)
			return code;
	}
	return 0;
}

static bool of_what_ran(const struct side *s)
{
	for (uint32_t i = 0; i < s->runs.n; i++) {
		struct origin o;

		origin_read(&o, s->runs.v[i].profile);
		if (strcmp(o.of, "what ran already") != 0 ||
		    s->runs.v[i].profile->duration_ns <= 0)
			return false;
	}
	return true;
}

/* How long was recorded says nothing of what ran already: its costs are by the second. */
static void per_second(struct comparison *k)
{
	struct side *const sides[] = {&k->base, &k->head};

	if (!of_what_ran(&k->base) || !of_what_ran(&k->head))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
		for (uint32_t n = 0; n < sides[i]->runs.n; n++) {
			struct functions_run *r = &sides[i]->runs.v[n];

			r->cpu_s = r->seconds = NAN;
			r->factor = 1e9 / (double)r->profile->duration_ns;
		}
	}
	text_add(&k->notes, "of what ran already: a run is a second of the recording\n");
}

static int read_sides(struct comparison *k, struct error *err)
{
	uint32_t nb, nh;
	int code;

	side_look(&k->base);
	side_look(&k->head);
	nb = k->base.files.n;
	nh = k->head.files.n;
	if (!nb || !nh)
		return error_set(err, -ENOENT, "'%s' holds no profiles",
				 nb ? k->head.path : k->base.path);
	k->pairs = nb < nh ? nb : nh;
	if (nb != nh)
		text_addf(&k->notes,
			  "%u profiles of base and %u of head: the first %u of each are "
			  "pairs, in the order of their names\n",
			  nb, nh, k->pairs);
	code = side_read(&k->base, k->c, k->pairs, err);
	if (code == 0)
		code = side_read(&k->head, k->c, k->pairs, err);
	if (code == 0)
		per_second(k);
	return code;
}

static int build(struct comparison *k, struct functions *f, struct error *err)
{
	_cleanup_free_ struct functions_pair *pairs = xcalloc(k->pairs, sizeof(*pairs));
	const struct functions_options how = {.allow_unlike = k->c->allow_unlike};

	for (uint32_t i = 0; i < k->pairs; i++)
		pairs[i] = (struct functions_pair){k->base.runs.v[i], k->head.runs.v[i]};
	return functions_build(f, pairs, k->pairs, &how, err);
}

/* --- writing --------------------------------------------------------------------------- */

struct printed {
	const struct comparison *k;
	const struct functions *f;
};

static void write_text(const void *arg, struct sink *out)
{
	const struct printed *p = arg;
	struct text base = {0}, head = {0};
	struct functions_report_options o = {.rows = ROWS, .all = p->k->c->all};

	text_add_clean(&base, p->k->base.path, strlen(p->k->base.path));
	text_add_clean(&head, p->k->head.path, strlen(p->k->head.path));
	o.base = text_get(&base);
	o.head = text_get(&head);
	functions_text_write(p->f, &o, out);
	sink_put(out, text_get(&p->k->notes), p->k->notes.len);
	text_done(&base);
	text_done(&head);
}

static void write_json(const void *arg, struct sink *out)
{
	outcome_json_write(arg, out);
}

static double median_of(const struct side *s)
{
	double *v = xcalloc(s->runs.n, sizeof(*v)), median;

	for (uint32_t i = 0; i < s->runs.n; i++)
		v[i] = s->runs.v[i].seconds;
	median = gate_stat(CONFIG_MEDIAN, v, s->runs.n);
	free(v);
	return median;
}

/* What was measured, and judged by nobody. */
static void put_metric(const struct comparison *k, const struct functions *f,
		       struct outcome *out, struct outcome_workload *w)
{
	struct outcome_metric *m = arena_alloc(&out->arena, sizeof(*m));

	*m = (struct outcome_metric){
		.name = "cpu",
		.unit = "s",
		.verdict = VERDICT_MEASURED,
		.threshold = NAN,
		.threshold_units = NAN,
		.base = median_of(&k->base),
		.head = median_of(&k->head),
		.decided = f->all,
		.first = {NAN, NAN, NAN, NAN},
		.drift = {NAN, NAN, NAN, NAN},
		.lower = NAN,
		.lower_level = NAN,
		.upper = NAN,
		.upper_level = NAN,
		.spread = NAN,
		.detectable = NAN,
		.pairs = f->pairs,
		.note = "of profiled runs: shown, and not judged",
	};
	if (isnan(m->base) || isnan(m->head))
		return;
	w->metrics = m;
	w->nmetrics = 1;
}

/* Of the machine that they were recorded on, as far as they tell; this one may be another. */
static void put_machine(const struct comparison *k, struct outcome *out)
{
	struct origin o;

	origin_read(&o, k->head.runs.v[0].profile);
	out->environment = (struct outcome_environment){.load = NAN,
							.steal = NAN,
							.busy_others = NAN,
							.mhz_min = NAN,
							.mhz_max = NAN};
	if (o.testbed[0])
		out->environment.testbed = arena_strndup(&out->arena, o.testbed,
							 strlen(o.testbed));
}

static void fill_outcome(const struct comparison *k, const struct functions *f,
			 struct outcome *out)
{
	struct outcome_workload *w = arena_alloc(&out->arena, sizeof(*w));
	struct judge_options o = *k->o;
	struct text notes = {0};

	judge_outcome_start(out, k->o);
	put_machine(k, out);
	*w = (struct outcome_workload){.name = WORKLOAD, .verdict = VERDICT_MEASURED};
	put_metric(k, f, out, w);
	functions_fill(f, ROWS, w, &out->arena);
	text_add(&notes, w->functions_note ? w->functions_note : "");
	text_add(&notes, text_get(&k->notes));
	if (notes.len)
		w->functions_note = arena_strndup(&out->arena, notes.s, notes.len);
	text_done(&notes);
	out->base.label = k->base.path;
	out->head.label = k->head.path;
	out->verdict = VERDICT_MEASURED;
	out->workloads = w;
	out->nworkloads = 1;
	o.has_seed = true; /* no coin was thrown */
	judge_outcome_end(out, &o);
}

/* The first pair's, as profd diff makes them. */
static void draw(const struct comparison *k, const char *folder)
{
	static const char *const suffixes[] = {"html", "svg", "folded"};
	_cleanup_free_ char *place = xasprintf("%s/" WORKLOAD, folder);

	mkdir(place, 0777);
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		_cleanup_free_ char *to = xasprintf("%s/diff.%s", place, suffixes[i]);
		const char *words[16] = {"diff", "--force", "-o", to};
		int n = 4;

		if (k->c->unit)
			words[n++] = "--unit", words[n++] = k->c->unit;
		if (k->c->value)
			words[n++] = "--value", words[n++] = k->c->value;
		if (k->c->allow_unlike)
			words[n++] = "--allow-unlike";
		words[n++] = "--";
		words[n++] = k->base.files.v[0];
		words[n++] = k->head.files.v[0];
		optind = 0;
		cmd_diff(n, (char **)words);
	}
}

static int write_folder(const struct comparison *k, const struct outcome *out,
			struct error *err)
{
	struct outdir dir;
	int code = outdir_open(&dir, k->o->output, k->o->force, err);

	if (code == 0)
		code = outcome_write_all(out, dir.fd, OUTCOME_FACES_USUAL, err);
	if (code == 0)
		draw(k, dir.path);
	outdir_close(&dir);
	return code;
}

static int write_all(const struct comparison *k, const struct functions *f,
		     struct error *err)
{
	const struct printed p = {k, f};
	struct outcome out = {0};
	int code = 0;

	fill_outcome(k, f, &out);
	if (k->o->output)
		code = write_folder(k, &out, err);
	if (code == 0)
		code = k->o->json ? output_stdout(write_json, &out, err)
				  : output_stdout(write_text, &p, err);
	outcome_done(&out);
	return code;
}

int compare_profiles(const struct judge_options *o, const struct compare_profiles *c,
		     const char *base, const char *head)
{
	struct comparison k = {.o = o, .c = c, .base.path = base, .head.path = head};
	struct error err = {0};
	struct functions f;
	int code = read_sides(&k, &err);

	if (code == 0)
		code = build(&k, &f, &err);
	if (code == 0) {
		code = write_all(&k, &f, &err);
		functions_done(&f);
	}
	side_done(&k.base);
	side_done(&k.head);
	text_done(&k.notes);
	return code < 0 ? cmd_fail(2, &err) : 0;
}
