/* profd report: what was found, once more, in whichever form somebody reads. It measures
 * nothing and judges nothing: the verdicts are those of the runs. */
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"
#include <profd/mem.h>
#include <profd/outcome-io.h>
#include <profd/text.h>

#define RUNS_MAX 1000

static const char USAGE[] =
	"usage: profd report [options] RUN...\n"
	"\n"
	"Writes what bench, compare or gate found in other forms. RUN is a verdict.json "
	"or\n"
	"a folder with one; several become one report.\n"
	"\n"
	"      --format LIST  md, comment, html, junit, json, openmetrics, gha, csv\n"
	"                     (default: md; with -o all but gha and csv)\n"
	"  -o, --output DIR   write the files into this folder; '-', and the default: "
	"one\n"
	"                     format to the standard output\n"
	"      --force        overwrite what is there\n"
	"  -h, --help         this text\n";

enum { OPT_FORMAT = 256, OPT_FORCE };

static const struct option long_options[] = {
	{"format", required_argument, NULL, OPT_FORMAT},
	{"output", required_argument, NULL, 'o'},
	{"force", no_argument, NULL, OPT_FORCE},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static const struct {
	const char *name;
	enum outcome_face face;
} formats[] = {
	{"md", OUTCOME_SUMMARY}, {"comment", OUTCOME_COMMENT},
	{"html", OUTCOME_HTML},	 {"junit", OUTCOME_JUNIT},
	{"json", OUTCOME_JSON},	 {"openmetrics", OUTCOME_OPENMETRICS},
	{"gha", OUTCOME_GHA},	 {"csv", OUTCOME_CSV},
};

struct options {
	unsigned faces; /* 0: not said */
	const char *output;
	bool force, help;
	char **runs;
	size_t nruns;
};

/* --- options ------------------------------------------------------------------------ */

static unsigned face_find(const char *name, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (strlen(formats[i].name) == n && !strncmp(formats[i].name, name, n))
			return formats[i].face;
	return 0;
}

static int parse_formats(struct options *o, const char *list)
{
	for (size_t n; *list; list += n + (list[n] == ',')) {
		unsigned face;

		n = strcspn(list, ",");
		face = face_find(list, n);
		if (!face) {
			_cleanup_free_ char *word = xstrndup(list, n < 100 ? n : 100);
			struct text_nearest near;

			text_nearest_init(&near, word);
			for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
				text_nearest_offer(&near, formats[i].name);
			return cmd_usage_error(2, "report", "unknown format '%s'%s%s%s",
					       word, near.n ? "; did you mean '" : "",
					       near.n ? near.best[0].word : "",
					       near.n ? "'?" : "");
		}
		o->faces |= face;
	}
	return 0;
}

static int parse_options(struct options *o, int argc, char **argv)
{
	int c, status;

	*o = (struct options){0};
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":o:h", long_options, NULL)) != -1) {
		switch (c) {
		case OPT_FORMAT:
			status = parse_formats(o, optarg);
			if (status)
				return status;
			break;
		case 'o':
			o->output = optarg;
			break;
		case OPT_FORCE:
			o->force = true;
			break;
		case 'h':
			o->help = true;
			return 0;
		case ':':
			return cmd_usage_error(2, "report", "'%s' wants a value",
					       argv[optind - 1]);
		default:
			return cmd_usage_error(2, "report", "unknown option '%s'",
					       argv[optind - 1]);
		}
	}
	o->runs = argv + optind;
	o->nruns = (size_t)(argc - optind);
	if (!o->nruns || o->nruns > RUNS_MAX)
		return cmd_usage_error(
			2, "report", o->nruns ? "more than %d runs" : "no run was given",
			RUNS_MAX);
	if (o->output && !strcmp(o->output, "-"))
		o->output = NULL;
	return 0;
}

/* --- writing ------------------------------------------------------------------------ */

struct printed {
	const struct outcome *outcome;
	outcome_writer write;
};

static void print_one(const void *arg, struct sink *out)
{
	const struct printed *p = arg;

	p->write(p->outcome, out);
}

static int print(const struct options *o, const struct outcome *outcome,
		 struct error *err)
{
	unsigned face = o->faces ? o->faces : OUTCOME_SUMMARY;
	struct printed p = {outcome, outcome_face_writer((enum outcome_face)face)};

	if (p.write)
		return output_stdout(print_one, &p, err);
	error_set(err, -EINVAL, "these formats are several files");
	error_hint(err, "-o names a folder for them");
	return -EINVAL;
}

/* data.js is not in the way: a run is added to it. */
static int check_free(int dirfd, const struct options *o, unsigned faces,
		      struct error *err)
{
	const char *name;

	for (size_t i = 0; !o->force && (name = outcome_file(faces, i)); i++) {
		if (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		error_set(err, -EEXIST, "'%s/%s' exists", o->output, name);
		error_hint(err, "--force overwrites it");
		return -EEXIST;
	}
	return 0;
}

static int write_folder(const struct options *o, const struct outcome *outcome,
			struct error *err)
{
	unsigned faces = o->faces ? o->faces : OUTCOME_FACES_USUAL;
	int dirfd, code;

	if (mkdir(o->output, 0777) < 0 && errno != EEXIST)
		return error_set(err, -errno, "cannot make '%s': %s", o->output,
				 strerror(errno));
	dirfd = open(o->output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return error_set(err, -errno, "cannot write into '%s': %s", o->output,
				 strerror(errno));
	code = check_free(dirfd, o, faces, err);
	if (code == 0)
		code = outcome_write_all(outcome, dirfd, faces, err);
	close(dirfd);
	return code;
}

/* All are read before a file is written: they may be in the same folder. */
static int report(const struct options *o, struct error *err)
{
	struct outcome *v = xcalloc(o->nruns, sizeof(*v)), joined;
	size_t n = 0;
	int code = 0;

	while (n < o->nruns && code == 0) {
		code = outcome_load(o->runs[n], &v[n], err);
		n += code == 0;
	}
	if (code == 0) {
		if (n > 1)
			outcome_join(v, n, &joined);
		code = o->output ? write_folder(o, n > 1 ? &joined : v, err)
				 : print(o, n > 1 ? &joined : v, err);
		if (n > 1)
			outcome_done(&joined);
	}
	while (n)
		outcome_done(&v[--n]);
	free(v);
	return code;
}

int cmd_report(int argc, char **argv)
{
	struct options o;
	struct error err = {0};
	int status = parse_options(&o, argc, argv);

	if (status)
		return status;
	if (o.help) {
		fputs(USAGE, stdout);
		return 0;
	}
	return report(&o, &err) < 0 ? cmd_fail(2, &err) : 0;
}
