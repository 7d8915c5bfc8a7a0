/* profd replay: a capture through the session again, or printed as text. */
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include <profd/capture.h>
#include <profd/clock.h>
#include <profd/formats.h>
#include <profd/io.h>
#include <profd/mem.h>
#include <profd/origin.h>
#include <profd/raw.h>
#include <profd/replay.h>
#include <profd/report.h>
#include <profd/session.h>
#include <profd/text.h>

#define EXIT_TROUBLE 2

static const char USAGE[] =
	"usage: profd replay [options] FILE\n"
	"\n"
	"Makes the artifacts of a recording again, from the capture that record --raw "
	"wrote,\n"
	"on this or another machine.\n"
	"\n"
	"  -o, --output DIR       write into DIR (default: profd-out, an earlier one is\n"
	"                         moved to profd-out.old)\n"
	"      --force            write into a DIR that already holds results\n"
	"      --annotate         mark frames in cpu.folded: _[k] kernel, _[i] inlined, "
	"_[j] JIT\n"
	"      --format LIST      also write these formats, separated by commas: "
	"speedscope,\n"
	"                         firefox, perf-script, callgrind, tree, json\n"
	"      --text             print the capture as text instead, which can be "
	"replayed, "
	"too\n"
	"  -q, --quiet            no summary line\n"
	"  -v, --verbose          say more\n"
	"  -h, --help             this text\n"
	"\n"
	"The exit status is 0, or 2 for trouble. Manual: man profd-replay\n";

struct options {
	const char *dir, *path;
	uint32_t formats; /* beside the usual ones: format_parse_list */
	bool force, annotate, text, quiet, verbose, help;
};

enum {
	OPT_FORCE = 256,
	OPT_ANNOTATE,
	OPT_TEXT,
	OPT_FORMAT,
};

static const struct option long_options[] = {
	{"output", required_argument, NULL, 'o'},
	{"force", no_argument, NULL, OPT_FORCE},
	{"annotate", no_argument, NULL, OPT_ANNOTATE},
	{"format", required_argument, NULL, OPT_FORMAT},
	{"text", no_argument, NULL, OPT_TEXT},
	{"quiet", no_argument, NULL, 'q'},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static int parse_formats(struct options *o, const char *list)
{
	struct error err = {0};
	uint32_t more;

	if (format_parse_list(list, &more, &err) < 0)
		return cmd_fail(EXIT_TROUBLE, &err);
	o->formats |= more;
	return 0;
}

static int parse_option(struct options *o, int c, const char *arg)
{
	switch (c) {
	case 'o':
		o->dir = optarg;
		return *optarg ? 0
			       : cmd_usage_error(EXIT_TROUBLE, "replay",
						 "-o wants a directory, not ''");
	case OPT_FORCE:
		o->force = true;
		return 0;
	case OPT_ANNOTATE:
		o->annotate = true;
		return 0;
	case OPT_FORMAT:
		return parse_formats(o, optarg);
	case OPT_TEXT:
		o->text = true;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	case ':':
		return cmd_usage_error(EXIT_TROUBLE, "replay", "'%s' wants a value", arg);
	default:
		return cmd_usage_error(EXIT_TROUBLE, "replay", "unknown option '%s'",
				       arg);
	}
}

static int parse_options(struct options *o, int argc, char **argv)
{
	int c, status;

	*o = (struct options){0};
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":o:qvh", long_options, NULL)) != -1) {
		status = parse_option(o, c, argv[optind - 1]);
		if (status || o->help)
			return status;
	}
	if (argc - optind != 1)
		return cmd_usage_error(EXIT_TROUBLE, "replay",
				       "one capture is wanted: profd replay FILE");
	o->path = argv[optind];
	return 0;
}

/* --- as text ------------------------------------------------------------------------ */

#define FLUSH_BYTES ((size_t)64 << 10)

static int text_flush(struct text *t, struct error *err)
{
	int code = t->len ? io_write(STDOUT_FILENO, t->s, t->len) : 0;

	text_clear(t);
	return code < 0 ? error_set(err, code, "cannot write: %s", strerror(-code)) : 0;
}

static int print_text(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), code;
	struct capture_reader *reader;
	struct capture_record r;
	struct error err = {0};
	struct text t = {0};

	if (fd < 0) {
		error_set(&err, -errno, "cannot open '%s': %s", path, strerror(errno));
		return cmd_fail(EXIT_TROUBLE, &err);
	}
	reader = capture_open(fd, path, &err);
	if (!reader)
		return cmd_fail(EXIT_TROUBLE, &err);
	capture_begin(&t, true);
	while ((code = capture_next(reader, &r, &err)) > 0) {
		capture_print(&t, &r);
		if (t.len >= FLUSH_BYTES && text_flush(&t, &err) < 0)
			break;
	}
	if (text_flush(&t, &err) < 0 || code > 0)
		code = err.code;
	if (code == 0 && capture_cut(reader))
		fprintf(stderr, "profd: '%s' ends in the middle of a record\n", path);
	capture_close(reader);
	text_done(&t);
	return code < 0 ? cmd_fail(EXIT_TROUBLE, &err) : 0;
}

/* --- through the session ------------------------------------------------------------ */

struct replaying {
	const struct options *o;
	struct outdir dir;
	struct replay *replay;
	struct session *session;
	struct raw_run raw;
	struct quality_warnings warnings;
};

static int feed(struct replaying *r, struct error *err)
{
	struct event e;
	int code;

	while ((code = replay_next(r->replay, &e, err)) > 0)
		session_feed(r->session, &e);
	return code;
}

/* For people, on the terminal and in the artifacts. */
static void note_ends(struct replaying *r)
{
	const struct replay_state *s = replay_state(r->replay);
	double seconds = (double)(s->last_ns - s->first_ns) / (double)NSEC_PER_SEC;

	if (s->limited)
		vec_push(&r->warnings.v,
			 xasprintf("the capture reached its limit of %llu bytes after "
				   "%.2f s, at sample %llu: the rest of the run is not "
				   "in this profile",
				   (unsigned long long)s->limit.bytes, seconds,
				   (unsigned long long)s->limit.samples));
	if (!s->complete)
		vec_push(&r->warnings.v,
			 xasprintf("the capture has no end%s: what came after %.2f s is "
				   "missing, how the program ended is not known, and "
				   "names are those of files that are here",
				   s->cut ? " and stops within a record" : "", seconds));
}

/* Of a capture that lacks its end, or events before it, no count of the whole run says
 * anything. */
static void finish_part(struct replaying *r, const struct origin *origin)
{
	const struct replay_state *s = replay_state(r->replay);
	struct session_totals t = {.duration_ns = s->last_ns - s->first_ns,
				   .origin = origin};
	uint64_t start_ns = r->raw.totals.start_ns;

	if (!s->complete)
		r->raw.run.wall_ns = t.duration_ns;
	else if (s->last_ns > start_ns)
		t.duration_ns = s->last_ns - start_ns;
	r->raw.run.profile = session_finish(r->session, &t);
}

static void finish_session(struct replaying *r)
{
	const struct replay_state *s = replay_state(r->replay);
	const struct sampler_event *e = replay_events(r->replay);
	const struct raw_totals *t = &r->raw.totals;
	struct session_totals whole = t->session;
	struct run *run = &r->raw.run;
	struct origin origin;

	run->events = e;
	run->nevents = replay_sampler(r->replay)->nevents;
	run->sampler = replay_sampler(r->replay);
	run_origin(run, replay_session_options(r->replay)->engine, &origin);
	whole.origin = &origin;
	if (!s->complete || s->limited) {
		finish_part(r, &origin);
		return;
	}
	for (size_t i = 0; i < run->nevents; i++) {
		if (!e[i].clock && e[i].count_known)
			session_total(r->session, (uint32_t)i, e[i].count);
	}
	session_losses(r->session, e[0].lost_known ? e[0].lost : UINT64_MAX, t->broken,
		       t->late);
	run->profile = session_finish(r->session, &whole);
}

static void say_result(const struct replaying *r)
{
	const struct quality *q = r->raw.run.quality;
	const struct quality_warnings *w = &r->warnings;

	for (uint32_t i = 0; i < w->v.n && !r->o->quiet; i++)
		fprintf(stderr, "profd: warning: %s\n", w->v.v[i]);
	if (r->o->quiet)
		return;
	fprintf(stderr,
		"profd: replayed %llu sample%s, %llu lost, %.1f %% of stacks complete -> "
		"%s/index.html\n",
		(unsigned long long)q->samples, q->samples == 1 ? "" : "s",
		(unsigned long long)q->lost, 100 * q->complete, r->dir.path);
}

static int write_all(struct replaying *r, struct error *err)
{
	struct run *run = &r->raw.run;
	const struct session_options *so = replay_session_options(r->replay);

	raw_run_settle(&r->raw);
	finish_session(r);
	run->quality = session_quality(r->session);
	run->wall = session_wall(r->session);
	note_ends(r);
	quality_warn(run->quality, &r->warnings);
	run->warnings = &r->warnings;
	run->engine = "replay";
	run->unwinder = unwind_backend_name(so->unwind);
	run->start_wall_ns = so->start_wall_ns;
	run->annotate = r->o->annotate;
	run->formats = r->o->formats;
	return artifacts_write(&r->dir, run, err);
}

static void say_how(const struct replaying *r)
{
	const struct sampler_info *i = replay_sampler(r->replay);

	if (r->o->verbose)
		fprintf(stderr, "profd: replaying %s at %u Hz, unwound by %s\n", i->event,
			i->hz,
			unwind_backend_name(replay_session_options(r->replay)->unwind));
}

static int prepare(struct replaying *r, struct error *err)
{
	r->replay = replay_open(r->o->path, raw_take, &r->raw, err);
	if (!r->replay)
		return err->code;
	r->session = session_new(replay_session_options(r->replay), err);
	if (!r->session)
		return err->code;
	replay_attach(r->replay, r->session);
	return outdir_open(&r->dir, r->o->dir, r->o->force, err);
}

static int run_replay(const struct options *o)
{
	struct replaying r = {.o = o, .dir.fd = -1};
	struct error err = {0};
	int code = prepare(&r, &err);

	if (code == 0) {
		say_how(&r);
		code = feed(&r, &err);
	}
	if (code < 0)
		outdir_discard(&r.dir);
	else
		code = write_all(&r, &err);
	if (code == 0)
		say_result(&r);
	session_free(r.session);
	replay_close(r.replay);
	raw_run_done(&r.raw);
	quality_warnings_done(&r.warnings);
	outdir_close(&r.dir);
	return code < 0 ? cmd_fail(EXIT_TROUBLE, &err) : 0;
}

int cmd_replay(int argc, char **argv)
{
	struct options o;
	int status = parse_options(&o, argc, argv);

	if (status)
		return status;
	if (o.help) {
		fputs(USAGE, stdout);
		return 0;
	}
	return o.text ? print_text(o.path) : run_replay(&o);
}
