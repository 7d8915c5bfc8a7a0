/* profd diff: what changed from one profile to another. The arithmetic is the judge's,
 * the pictures are the formats'; here is what is read and what is written. It does not
 * judge: whether there are differences is not in its exit status. */
#include "cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diff-marks.h"
#include "filter-options.h"
#include "output.h"
#include "profile-file.h"
#include <profd/diff-report.h>
#include <profd/mem.h>
#include <profd/number.h>
#include <profd/report.h>
#include <profd/text.h>

static const char USAGE[] =
	"usage: profd diff [options] BEFORE AFTER\n"
	"\n"
	"Shows what changed from one profile to another. Each is a profile, pprof or\n"
	"folded stacks, or the folder of a recording.\n"
	"\n"
	"      --normalize HOW  none, duration (per second of recording) or total\n"
	"                       (default: duration if both are of what ran already,\n"
	"                       else none)\n"
	"      --allow-unlike   also of unlike engines, events or machines\n"
	"      --value TYPE     which sample type (default: the profile's default)\n"
	"      --unit UNIT      of folded counts: count, nanoseconds or bytes (default:\n"
	"                       count)\n"
	"  -n, --rows N         at most N functions (default: 20; 0: all)\n"
	"      --cum            by the part with callees\n"
	"      --all            also what is within the noise\n"
	"      --json           machine-readable, schema profd.diff/1\n"
	"  -t, --to FORMAT      text, json, folded, svg, html or pprof\n"
	"  -o, --output PATH    a file of that format (or by its name), else a folder "
	"for\n"
	"                       all of them\n"
	"      --force          overwrite what is there\n"
	"      --annotate       folded: mark kernel and JIT frames\n"
	"      --title TEXT     svg, html: instead of the names of the two\n"
	"      --mark NAME      svg, html: this function stands out; may be repeated\n"
	"  -h, --help           this text\n";

struct options {
	enum diff_normalize normalize;
	struct diff_report_options report;
	const char *value, *unit, *to, *output, *title;
	bool allow_unlike, force, annotate, help;
	char **files; /* [2] */
	struct filter_options filters;
	struct diff_marks marks;
};

/* --- formats ---------------------------------------------------------------------- */

struct result {
	struct options *o;
	const struct diff *d;
};

static void write_text(const void *arg, struct sink *out)
{
	const struct result *r = arg;

	diff_text_write(r->d, &r->o->report, out);
}

static void write_json(const void *arg, struct sink *out)
{
	diff_json_write(((const struct result *)arg)->d, out);
}

static void write_folded(const void *arg, struct sink *out)
{
	const struct result *r = arg;

	folded_write_diff(r->d->profile, r->o->annotate, out);
}

static void write_pprof(const void *arg, struct sink *out)
{
	pprof_write(((const struct result *)arg)->d->profile, out);
}

static const char MARKS[] = DIFF_MARK "marks what the change touches";

static void add_title(struct text *t, const struct diff *d, const struct options *o)
{
	if (o->title) {
		text_add_clean(t, o->title, strlen(o->title));
		return;
	}
	text_addf(t, "%s, from %s to %s", profile_text(d->profile, d->type),
		  profile_text(d->profile, d->before.name),
		  profile_text(d->profile, d->after.name));
}

static void write_svg(const void *arg, struct sink *out)
{
	const struct diff *d = ((const struct result *)arg)->d;
	struct options *options = ((const struct result *)arg)->o;
	struct text title = {0}, lines = {0};
	struct flame_options o = {.diff = true};

	add_title(&title, d, options);
	text_add(&lines, diff_normalize_text(d->normalize));
	text_addc(&lines, '\n');
	if (options->marks.names.n)
		text_addf(&lines, "%s\n", MARKS);
	diff_add_cautions(&lines, d);
	lines.s[--lines.len] = '\0';
	o.title = title.s;
	o.subtitle = lines.s;
	diff_marks_put(&options->marks, d->profile);
	svg_write(d->profile, &o, out);
	diff_marks_take(&options->marks, d->profile);
	text_done(&title);
	text_done(&lines);
}

#define CAUTIONS_MAX 16

/* Comments of the two sides begin with which they are of; others are about both. */
static struct fact fact_of(const char *comment)
{
	static const struct fact sides[] = {{"Before", "before: "}, {"After", "after: "}};

	for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
		size_t n = strlen(sides[i].value);

		if (!strncmp(comment, sides[i].value, n))
			return (struct fact){sides[i].key, comment + n};
	}
	return (struct fact){"Both", comment};
}

static void write_html(const void *arg, struct sink *out)
{
	const struct diff *d = ((const struct result *)arg)->d;
	struct options *options = ((const struct result *)arg)->o;
	struct text title = {0}, cautions = {0}, subtitle = {0};
	struct flame_options o = {.diff = true};
	const char *warnings[CAUTIONS_MAX];
	VEC(struct fact) facts = {0};
	size_t n = 0;

	add_title(&title, d, options);
	diff_add_cautions(&cautions, d);
	for (char *at = cautions.s, *line;
	     at && n < CAUTIONS_MAX && (line = strsep(&at, "\n")) && *line;)
		warnings[n++] = line;
	text_add(&subtitle, diff_normalize_text(d->normalize));
	if (options->marks.names.n)
		text_addf(&subtitle, "; %s", MARKS);
	for (uint32_t i = 0; i < d->profile->comments.n; i++) {
		string_id id = d->profile->comments.v[i];

		vec_push(&facts, fact_of(profile_text(d->profile, id)));
	}
	o.title = title.s;
	o.subtitle = text_get(&subtitle);
	diff_marks_put(&options->marks, d->profile);
	html_write(d->profile, &o, facts.v, facts.n, warnings, n, out);
	diff_marks_take(&options->marks, d->profile);
	vec_done(&facts);
	text_done(&title);
	text_done(&cautions);
	text_done(&subtitle);
}

static const struct format {
	const char *name, *suffix;
	const char *file; /* in a folder of all */
	output_write write;
} formats[] = {
	{"text", ".txt", "diff.txt", write_text},
	{"json", ".json", "diff.json", write_json},
	{"folded", ".folded", "diff.folded", write_folded},
	{"svg", ".svg", "diff.svg", write_svg},
	{"html", ".html", "diff.html", write_html},
	{"pprof", ".pb.gz", "diff.pb.gz", write_pprof},
};

static const struct format *format_named(const char *name, struct error *err)
{
	struct text_nearest near;

	text_nearest_init(&near, name);
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (!strcmp(formats[i].name, name))
			return &formats[i];
		text_nearest_offer(&near, formats[i].name);
	}
	error_set(err, -EINVAL, "unknown format '%s'", name);
	error_hint(err, near.n ? "did you mean '%s'?" : "%s",
		   near.n ? near.best[0].word : "text, json, folded, svg, html, pprof");
	return NULL;
}

static const struct format *format_by_suffix(const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		size_t m = strlen(formats[i].suffix);

		if (n > m && !strcmp(path + n - m, formats[i].suffix))
			return &formats[i];
	}
	return NULL;
}

/* --- options ---------------------------------------------------------------------- */

enum {
	OPT_NORMALIZE = 256,
	OPT_ALLOW_UNLIKE,
	OPT_VALUE,
	OPT_UNIT,
	OPT_CUM,
	OPT_ALL,
	OPT_JSON,
	OPT_FORCE,
	OPT_ANNOTATE,
	OPT_MARK,
	OPT_TITLE
};

static const struct option long_options[] = {
	{"normalize", required_argument, NULL, OPT_NORMALIZE},
	{"allow-unlike", no_argument, NULL, OPT_ALLOW_UNLIKE},
	{"value", required_argument, NULL, OPT_VALUE},
	{"unit", required_argument, NULL, OPT_UNIT},
	{"rows", required_argument, NULL, 'n'},
	{"cum", no_argument, NULL, OPT_CUM},
	{"all", no_argument, NULL, OPT_ALL},
	{"json", no_argument, NULL, OPT_JSON},
	{"to", required_argument, NULL, 't'},
	{"output", required_argument, NULL, 'o'},
	{"force", no_argument, NULL, OPT_FORCE},
	{"annotate", no_argument, NULL, OPT_ANNOTATE},
	{"mark", required_argument, NULL, OPT_MARK},
	{"title", required_argument, NULL, OPT_TITLE},
	FILTER_LONG_OPTIONS,
	{"help", no_argument, NULL, 'h'},
	{0},
};

static int parse_normalize(const char *s, enum diff_normalize *ret)
{
	static const char *const names[] = {[DIFF_NONE] = "none",
					    [DIFF_DURATION] = "duration",
					    [DIFF_TOTAL] = "total"};

	for (unsigned i = DIFF_NONE; i < ARRAY_SIZE(names); i++) {
		if (strcmp(s, names[i]) != 0)
			continue;
		*ret = (enum diff_normalize)i;
		return 0;
	}
	return cmd_usage_error(2, "diff",
			       "--normalize is none, duration or total, not '%s'", s);
}

static int parse_rows(const char *s, uint32_t *ret)
{
	uint64_t n;

	if (number_parse_u64(s, 0, UINT32_MAX, &n))
		return cmd_usage_error(2, "diff", "-n wants a number, not '%s'", s);
	*ret = (uint32_t)n;
	return 0;
}

static int parse_option(struct options *o, int c, char **argv)
{
	switch (c) {
	case OPT_NORMALIZE:
		return parse_normalize(optarg, &o->normalize);
	case OPT_ALLOW_UNLIKE:
		o->allow_unlike = true;
		return 0;
	case OPT_VALUE:
		o->value = optarg;
		return 0;
	case OPT_UNIT:
		o->unit = optarg;
		return 0;
	case 'n':
		return parse_rows(optarg, &o->report.rows);
	case OPT_CUM:
		o->report.cum = true;
		return 0;
	case OPT_ALL:
		o->report.all = true;
		return 0;
	case OPT_JSON:
		o->to = "json";
		return 0;
	case 't':
		o->to = optarg;
		return 0;
	case 'o':
		o->output = optarg;
		return 0;
	case OPT_FORCE:
		o->force = true;
		return 0;
	case OPT_ANNOTATE:
		o->annotate = true;
		return 0;
	case OPT_TITLE:
		o->title = optarg;
		return 0;
	case OPT_MARK:
		vec_push(&o->marks.names, optarg);
		return 0;
	case 'h':
		o->help = true;
		return 0;
	default:
		return filter_options_take(&o->filters, c, "diff", argv);
	}
}

static int parse_options(struct options *o, int argc, char **argv)
{
	int c, status = 0;

	*o = (struct options){.unit = "count", .report.rows = 20};
	opterr = 0;
	while (!status && !o->help &&
	       (c = getopt_long(argc, argv, ":n:t:o:h", long_options, NULL)) != -1)
		status = parse_option(o, c, argv);
	if (status || o->help)
		return status;
	o->files = argv + optind;
	if (argc - optind != 2)
		return cmd_usage_error(2, "diff",
				       "two profiles are wanted, e.g. profd-out.old "
				       "profd-out");
	o->report.dim = !o->output && isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	return 0;
}

/* --- input ------------------------------------------------------------------------ */

struct input {
	struct profile *profile;
	struct text name;
	struct diff_side side;
};

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A folder has it in run.json, too, which is for programs; of a replay the comments know
 * more. */
static int read_origin(const char *folder, struct input *in, struct error *err)
{
	_cleanup_free_ char *path = folder ? xasprintf("%s/run.json", folder) : NULL;
	struct origin run, *origin = &in->side.origin;
	int code;

	origin_read(origin, in->profile);
	if (!path || access(path, F_OK) < 0)
		return 0;
	code = run_origin_load(path, &run, err);
	if (code < 0)
		return code;
	if (!run.engine[0])
		memcpy(run.engine, origin->engine, sizeof(run.engine));
	*origin = run;
	return 0;
}

static int read_input(struct options *o, const char *path, struct input *in,
		      struct error *err)
{
	const char *folder = is_folder(path) ? path : NULL;
	_cleanup_free_ char *file = folder ? xasprintf("%s/cpu.pb.gz", path)
					   : xstrdup(path);
	int code;

	if (folder && access(file, F_OK) < 0) {
		code = error_set(err, -errno, "'%s' holds no cpu.pb.gz", path);
		error_hint(err, "give a folder that profd record wrote, or a profile");
		return code;
	}
	in->profile = filter_options_read(&o->filters, file, o->unit, err);
	if (!in->profile)
		return -EINVAL;
	text_add_clean(&in->name, path, strlen(path));
	in->side.profile = in->profile;
	in->side.name = text_get(&in->name);
	code = profile_file_value(in->profile, o->value, &in->side.value, err);
	return code < 0 ? code : read_origin(folder, in, err);
}

static void input_done(struct input *in)
{
	profile_free(in->profile);
	text_done(&in->name);
}

/* --- output ----------------------------------------------------------------------- */

/* Nothing is written when one of the files is there already. */
static int write_folder(const struct result *r, struct error *err)
{
	const struct options *o = r->o;
	int code = 0;

	if (mkdir(o->output, 0777) < 0 && errno != EEXIST)
		return error_set(err, -errno, "cannot make the directory '%s': %s",
				 o->output, strerror(errno));
	for (size_t i = 0; !o->force && i < ARRAY_SIZE(formats); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", o->output,
						      formats[i].file);

		if (access(path, F_OK) < 0)
			continue;
		code = error_set(err, -EEXIST, "'%s' exists", path);
		error_hint(err, "--force overwrites it");
		return code;
	}
	for (size_t i = 0; code == 0 && i < ARRAY_SIZE(formats); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", o->output,
						      formats[i].file);

		code = output_file(path, o->force, formats[i].write, r, err);
	}
	return code;
}

static int write_result(struct options *o, const struct diff *d, const struct format *f,
			struct error *err)
{
	const struct result r = {o, d};

	if (!o->output)
		return output_stdout(f->write, &r, err);
	return f ? output_file(o->output, o->force, f->write, &r, err)
		 : write_folder(&r, err);
}

/* NULL without an error: a folder of all. */
static const struct format *choose_format(const struct options *o, struct error *err)
{
	if (o->to)
		return format_named(o->to, err);
	return o->output ? format_by_suffix(o->output) : &formats[0];
}

static int diff(struct options *o)
{
	struct input before = {0}, after = {0};
	struct diff_options how = {o->normalize, o->allow_unlike};
	struct error err = {0};
	struct diff d;
	const struct format *f = choose_format(o, &err);
	int code = err.code;

	if (code == 0)
		code = read_input(o, o->files[0], &before, &err);
	if (code == 0)
		code = read_input(o, o->files[1], &after, &err);
	if (code == 0)
		filter_options_check(&o->filters);
	if (code == 0)
		code = diff_build(&d, &before.side, &after.side, &how, &err);
	if (code == 0) {
		code = write_result(o, &d, f, &err);
		diff_done(&d);
	}
	input_done(&before);
	input_done(&after);
	return code < 0 ? cmd_fail(2, &err) : 0;
}

int cmd_diff(int argc, char **argv)
{
	struct options o;
	int status = parse_options(&o, argc, argv);

	if (!status && o.help) {
		fputs(USAGE, stdout);
		fputs(filter_options_usage, stdout);
	} else if (!status) {
		status = diff(&o);
	}
	filter_options_done(&o.filters);
	diff_marks_done(&o.marks);
	return status;
}
