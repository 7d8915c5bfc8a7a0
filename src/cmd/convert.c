/* profd convert: a profile from one format into another. profd merge: several into one. */
#include "cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "filter-options.h"
#include "output.h"
#include "profile-file.h"
#include <profd/formats.h>
#include <profd/mem.h>
#include <profd/text.h>

static const char convert_usage[] = "usage: profd convert [options] FILE\n"
				    "\n"
				    "Writes a profile in another format.\n";
static const char merge_usage[] = "usage: profd merge [options] FILE...\n"
				  "\n"
				  "Adds up profiles of the same sample types.\n";
static const char options_usage[] =
	"\n"
	"  -t, --to FORMAT    pprof, folded, svg, html, speedscope, firefox, "
	"perf-script,\n"
	"                     callgrind, tree or json (default: by the name of -o)\n"
	"  -o, --output FILE  default: the standard output\n"
	"      --force        overwrite FILE\n"
	"      --value TYPE   which sample type (default: the profile's default; pprof,\n"
	"                     callgrind: all)\n"
	"      --unit UNIT    of folded counts: count, nanoseconds or bytes (default: "
	"count)\n"
	"      --annotate     folded: mark kernel, inlined and JIT frames\n"
	"  -h, --help         this text\n";

struct options {
	const char *page; /* the command's name */
	bool many;	  /* files, which are added up */
	const char *to, *output, *value, *unit;
	char **files;
	int nfiles;
	bool force, annotate, help;
	struct filter_options filters;
};

enum { OPT_FORCE = 256, OPT_VALUE, OPT_UNIT, OPT_ANNOTATE };

static const struct option long_options[] = {
	{"to", required_argument, NULL, 't'},
	{"output", required_argument, NULL, 'o'},
	{"force", no_argument, NULL, OPT_FORCE},
	{"value", required_argument, NULL, OPT_VALUE},
	{"unit", required_argument, NULL, OPT_UNIT},
	{"annotate", no_argument, NULL, OPT_ANNOTATE},
	{"help", no_argument, NULL, 'h'},
	FILTER_LONG_OPTIONS,
	{0},
};

static int parse_option(struct options *o, int c, char **argv)
{
	switch (c) {
	case 't':
		o->to = optarg;
		return 0;
	case 'o':
		o->output = optarg;
		return 0;
	case OPT_FORCE:
		o->force = true;
		return 0;
	case OPT_VALUE:
		o->value = optarg;
		return 0;
	case OPT_UNIT:
		o->unit = optarg;
		return 0;
	case OPT_ANNOTATE:
		o->annotate = true;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	default:
		return filter_options_take(&o->filters, c, o->page, argv);
	}
}

static int parse_options(struct options *o, int argc, char **argv)
{
	int c, status = 0;

	opterr = 0;
	while (!status && !o->help &&
	       (c = getopt_long(argc, argv, ":t:o:h", long_options, NULL)) != -1)
		status = parse_option(o, c, argv);
	if (status || o->help)
		return status;
	o->files = argv + optind;
	o->nfiles = argc - optind;
	if (o->nfiles == 0 || (o->nfiles > 1 && !o->many))
		return cmd_usage_error(2, o->page, "%s wanted, e.g. profd-out/cpu.pb.gz",
				       o->many ? "profiles are" : "one profile is");
	return 0;
}

static const struct format *find_format(const struct options *o, struct error *err)
{
	const struct format *f;

	if (o->to)
		return format_find(o->to, err);
	f = o->output ? format_of_file(o->output) : NULL;
	if (f)
		return f;
	error_set(err, -EINVAL, "into which format?");
	error_hint(err, "say so with -t, or by the name of -o: .pb.gz, .folded, .svg, "
			".html, .speedscope.json, .firefox.json.gz");
	return NULL;
}

/* --- output ------------------------------------------------------------------------- */

struct result {
	const struct profile *profile;
	const struct format *format;
	const struct format_options *how;
};

static void write_result(const void *arg, struct sink *out)
{
	const struct result *r = arg;

	r->format->write(r->profile, r->how, out);
}

/* What a file is called may be anything. */
static int write_profile(const struct profile *p, const struct format *f,
			 const struct options *o, struct error *err)
{
	struct format_options how = {.annotate = o->annotate};
	const struct result r = {p, f, &how};
	const char *slash = strrchr(o->files[0], '/');
	const char *name = slash && slash[1] ? slash + 1 : o->files[0];
	struct text title = {0};
	int code = profile_file_value(p, o->value, &how.value, err);

	if (code < 0)
		return code;
	text_add_clean(&title, name, strlen(name));
	how.title = text_get(&title);
	code = o->output ? output_file(o->output, o->force, write_result, &r, err)
			 : output_stdout(write_result, &r, err);
	text_done(&title);
	return code;
}

/* All files as one. */
static struct profile *read_files(struct options *o, struct error *err)
{
	struct profile *p,
		*sum = filter_options_read(&o->filters, o->files[0], o->unit, err);
	int code = 0;

	for (int i = 1; sum && code == 0 && i < o->nfiles; i++) {
		p = filter_options_read(&o->filters, o->files[i], o->unit, err);
		code = p ? profile_merge(sum, p) : -EINVAL;
		if (p && code < 0) {
			error_set(err, code, "'%s' has not the sample types of '%s'",
				  o->files[i], o->files[0]);
			error_hint(err, "profiles of one kind can be added up; of folded "
					"stacks --unit says what they count");
		}
		profile_free(p);
	}
	return code < 0 ? profile_free(sum) : sum;
}

static int convert(struct options *o)
{
	struct error err = {0};
	const struct format *f = find_format(o, &err);
	struct profile *p = f ? read_files(o, &err) : NULL;
	int code;

	if (!p)
		return cmd_fail(2, &err);
	filter_options_check(&o->filters);
	code = write_profile(p, f, o, &err);
	profile_free(p);
	return code < 0 ? cmd_fail(2, &err) : 0;
}

static int run(struct options *o, int argc, char **argv)
{
	int status = parse_options(o, argc, argv);

	if (!status && o->help) {
		fputs(o->many ? merge_usage : convert_usage, stdout);
		fputs(options_usage, stdout);
		fputs(profile_file_usage, stdout);
		fputs(filter_options_usage, stdout);
	} else if (!status) {
		status = convert(o);
	}
	filter_options_done(&o->filters);
	return status;
}

int cmd_convert(int argc, char **argv)
{
	struct options o = {.page = "convert", .unit = "count"};

	return run(&o, argc, argv);
}

int cmd_merge(int argc, char **argv)
{
	struct options o = {.page = "merge", .many = true, .unit = "count"};

	return run(&o, argc, argv);
}
