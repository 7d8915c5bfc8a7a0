/* The options of profd record: parsing, the environment, --help. Nothing here touches the
 * workload or the kernel beyond asking for limits. */
#include "record-options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <profd/counter.h>
#include <profd/formats.h>
#include <profd/number.h>
#include <profd/recorder.h>
#include <profd/session.h>
#include <profd/source.h>
#include <profd/text.h>

#define DEFAULT_HZ 499 /* a prime: does not beat with what ticks at 100, 250 or 1000 Hz */

const char record_usage[] =
	"usage: profd record [options] [--] COMMAND [ARGUMENT…]\n"
	"       profd record [options] -p PID | -t TID | -a | --cgroup PATH\n"
	"                    [-d TIME | [--] COMMAND [ARGUMENT…]]\n"
	"\n"
	"Runs COMMAND, samples it and everything it starts, and writes a profile.\n"
	"Or samples what runs already, for TIME, or as long as COMMAND runs, or until\n"
	"it ends or Ctrl-C.\n"
	"\n"
	"  -o, --output DIR       write into DIR (default: profd-out, an earlier one is\n"
	"                         moved to profd-out.old)\n"
	"      --force            write into a DIR that already holds results\n"
	"  -F, --frequency HZ     samples per second of CPU time (default: 499;\n"
	"                         with ptrace: 99)\n"
	"  -e, --event EVENTS     what to sample (default: cycles, else cpu-clock)\n"
	"      --engine ENGINE    perf, ptrace, or auto (default): ptrace where perf is\n"
	"                         forbidden\n"
	"      --wall             also a profile of time: on the CPU and off it, by "
	"thread\n"
	"      --reach REACH      whom to sample by: cgroup, system or inherit "
	"(default:\n"
	"                         the best that works)\n"
	"      --wait-tree        go on until all processes of COMMAND have ended\n"
	"  -p, --pid PID          sample process PID and what it forks from now on;\n"
	"                         PID,PID… or -p again for more\n"
	"  -t, --tid TID          sample thread TID alone; TID,TID… likewise\n"
	"  -a, --all-cpus         sample everything on this machine (perf only)\n"
	"      --cgroup PATH      sample the control group PATH, a container's for "
	"example\n"
	"                         (perf only)\n"
	"  -d, --duration TIME    … for TIME (10, 1.5s, 2m)\n"
	"      --unwind BACKEND   cfi (default), fp, libunwind or libdw\n"
	"      --max-depth N      frames kept of one stack (default: 2048)\n"
	"      --timeout TIME     end COMMAND after TIME (10, 1.5s, 2m); exit status "
	"124\n"
	"      --stat[=EVENTS]    also count events, not sampled; prints a table\n"
	"      --format LIST      also write these formats, separated by commas: "
	"speedscope,\n"
	"                         firefox, perf-script, callgrind, tree, json\n"
	"      --raw FILE         also write a capture, for profd replay\n"
	"      --raw-limit SIZE   let FILE grow to SIZE at most (64M; default: 1G)\n"
	"      --annotate         mark frames in cpu.folded: _[k] kernel, _[i] inlined, "
	"_[j] JIT\n"
	"      --require-profile  exit with 125 when no profile could be written\n"
	"  -q, --quiet            no summary line\n"
	"  -v, --verbose          say how it is done\n"
	"  -h, --help             this text\n"
	"\n"
	"PROFD_OUTPUT, PROFD_FREQUENCY and so on in the environment stand for options\n"
	"that take a value. The exit status is COMMAND's own, 0 without one. Manual:\n"
	"man profd-record\n";

static int parse_frequency(const char *s, uint32_t *ret_hz)
{
	uint32_t max = sampler_max_hz();
	uint64_t v;
	int code = number_parse_u64(s, 1, max, &v);

	if (code == -ERANGE)
		return cmd_usage_error(
			EXIT_PROFD, "record",
			"-F %s is outside of what this kernel allows: 1 to %u Hz "
			"(kernel.perf_event_max_sample_rate)",
			s, max);
	if (code < 0)
		return cmd_usage_error(EXIT_PROFD, "record",
				       "-F wants a number, not '%s'", s);
	*ret_hz = (uint32_t)v;
	return 0;
}

/* The kernel lowers its limit by itself when sampling interrupts take long. That keeps
 * nobody's job from running; run.json has the frequency. */
static uint32_t default_frequency(void)
{
	uint32_t max = sampler_max_hz();

	return max && max < DEFAULT_HZ ? max : DEFAULT_HZ;
}

static int parse_backend(const char *s, enum unwind_backend *ret_backend)
{
	for (enum unwind_backend b = 0; b < UNWIND_COUNT; b++) {
		if (!strcmp(unwind_backend_name(b), s)) {
			*ret_backend = b;
			return 0;
		}
	}
	return cmd_usage_error(EXIT_PROFD, "record",
			       "--unwind knows cfi, fp, libunwind and libdw, not '%s'",
			       s);
}

static int parse_reach(const char *s, enum reach *ret_reach)
{
	for (enum reach r = REACH_ANY + 1; r < REACH_TREE; r++) {
		if (!strcmp(reach_name(r), s)) {
			*ret_reach = r;
			return 0;
		}
	}
	return cmd_usage_error(EXIT_PROFD, "record",
			       "--reach knows cgroup, system and inherit, not '%s'", s);
}

static int parse_engine(const char *s, enum engine *ret_engine)
{
	static const char *const names[] = {"auto", "perf", "ptrace"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(names[i], s)) {
			*ret_engine = (enum engine)i;
			return 0;
		}
	}
	return cmd_usage_error(EXIT_PROFD, "record",
			       "--engine knows auto, perf and ptrace, not '%s'", s);
}

static int parse_depth(const char *s, uint32_t *ret_depth)
{
	uint64_t v;

	if (number_parse_u64(s, 1, SESSION_DEPTH_MAX, &v))
		return cmd_usage_error(
			EXIT_PROFD, "record",
			"--max-depth wants a number from 1 to %d, not '%s'",
			SESSION_DEPTH_MAX, s);
	*ret_depth = (uint32_t)v;
	return 0;
}

static int parse_timeout(const char *s, uint64_t *ret_ns)
{
	if (number_parse_duration_ns(s, ret_ns) || !*ret_ns)
		return cmd_usage_error(
			EXIT_PROFD, "record",
			"--timeout wants a time like 10, 1.5s or 2m, not '%s'", s);
	return 0;
}

static int parse_duration(const char *s, uint64_t *ret_ns)
{
	if (number_parse_duration_ns(s, ret_ns) || !*ret_ns)
		return cmd_usage_error(EXIT_PROFD, "record",
				       "-d wants a time like 10, 1.5s or 2m, not '%s'",
				       s);
	return 0;
}

static int parse_cgroup(const char *s, const char **ret_path)
{
	if (!*s)
		return cmd_usage_error(EXIT_PROFD, "record",
				       "--cgroup wants a control group, not ''");
	*ret_path = s;
	return 0;
}

static int parse_raw(const char *s, const char **ret_path)
{
	if (!*s)
		return cmd_usage_error(EXIT_PROFD, "record",
				       "--raw wants a file, not ''");
	*ret_path = s;
	return 0;
}

static int parse_raw_limit(const char *s, uint64_t *ret_bytes)
{
	if (number_parse_size(s, RECORDER_LIMIT_MIN_BYTES, INT64_MAX, ret_bytes))
		return cmd_usage_error(
			EXIT_PROFD, "record",
			"--raw-limit wants a size of at least 1M, like 64M or 2G, not "
			"'%s'",
			s);
	return 0;
}

static int parse_formats(const char *s, uint32_t *set)
{
	struct error err = {0};
	uint32_t more;

	if (format_parse_list(s, &more, &err) < 0)
		return cmd_fail(EXIT_PROFD, &err);
	*set |= more;
	return 0;
}

enum {
	OPT_FORCE = 256,
	OPT_UNWIND,
	OPT_DEPTH,
	OPT_TIMEOUT,
	OPT_STAT,
	OPT_ANNOTATE,
	OPT_REQUIRE,
	OPT_REACH,
	OPT_ENGINE,
	OPT_WAIT_TREE,
	OPT_RAW,
	OPT_RAW_LIMIT,
	OPT_WALL,
	OPT_CGROUP,
	OPT_FORMAT,
};

static const struct option long_options[] = {
	{"output", required_argument, NULL, 'o'},
	{"pid", required_argument, NULL, 'p'},
	{"tid", required_argument, NULL, 't'},
	{"all-cpus", no_argument, NULL, 'a'},
	{"cgroup", required_argument, NULL, OPT_CGROUP},
	{"duration", required_argument, NULL, 'd'},
	{"force", no_argument, NULL, OPT_FORCE},
	{"frequency", required_argument, NULL, 'F'},
	{"event", required_argument, NULL, 'e'},
	{"engine", required_argument, NULL, OPT_ENGINE},
	{"reach", required_argument, NULL, OPT_REACH},
	{"wall", no_argument, NULL, OPT_WALL},
	{"wait-tree", no_argument, NULL, OPT_WAIT_TREE},
	{"unwind", required_argument, NULL, OPT_UNWIND},
	{"max-depth", required_argument, NULL, OPT_DEPTH},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"stat", optional_argument, NULL, OPT_STAT},
	{"format", required_argument, NULL, OPT_FORMAT},
	{"raw", required_argument, NULL, OPT_RAW},
	{"raw-limit", required_argument, NULL, OPT_RAW_LIMIT},
	{"annotate", no_argument, NULL, OPT_ANNOTATE},
	{"require-profile", no_argument, NULL, OPT_REQUIRE},
	{"quiet", no_argument, NULL, 'q'},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* Each -e adds to the list; what the environment says is the list only when there is
 * none. */
static int add_events(struct record_options *o, const char *list)
{
	char *all = o->events_set ? xasprintf("%s,%s", o->events, list) : xstrdup(list);

	free(o->events);
	o->events = all;
	o->sampler.event = all;
	return 0;
}

static int parse_option(struct record_options *o, int c)
{
	switch (c) {
	case 'o':
		o->dir = optarg;
		if (!*optarg)
			return cmd_usage_error(EXIT_PROFD, "record",
					       "-o wants a directory, not ''");
		return 0;
	case 'F':
		o->hz_set = true;
		return parse_frequency(optarg, &o->sampler.hz);
	case 'e':
		return add_events(o, optarg);
	case 'p':
	case 't':
		return record_add_targets(o, optarg, c == 't');
	case 'a':
		o->all = true;
		return 0;
	case OPT_CGROUP:
		return parse_cgroup(optarg, &o->targets.cgroup);
	case 'd':
		return parse_duration(optarg, &o->duration_ns);
	case OPT_FORCE:
		o->force = true;
		return 0;
	case OPT_ENGINE:
		return parse_engine(optarg, &o->engine);
	case OPT_REACH:
		return parse_reach(optarg, &o->sampler.reach);
	case OPT_WALL:
		o->sampler.wall = true;
		return 0;
	case OPT_WAIT_TREE:
		o->wait_tree = true;
		return 0;
	case OPT_UNWIND:
		return parse_backend(optarg, &o->unwind);
	case OPT_DEPTH:
		return parse_depth(optarg, &o->max_depth);
	case OPT_TIMEOUT:
		return parse_timeout(optarg, &o->timeout_ns);
	case OPT_STAT:
		o->stat = optarg && *optarg ? optarg : COUNTERS_DEFAULT;
		return 0;
	case OPT_FORMAT:
		return parse_formats(optarg, &o->formats);
	case OPT_RAW:
		return parse_raw(optarg, &o->raw);
	case OPT_RAW_LIMIT:
		return parse_raw_limit(optarg, &o->raw_limit_bytes);
	case OPT_ANNOTATE:
		o->annotate = true;
		return 0;
	case OPT_REQUIRE:
		o->require_profile = true;
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
	default:
		return EXIT_PROFD;
	}
}

/* What to record is said each time. */
static bool is_target(int option)
{
	return option == 'p' || option == 't' || option == 'd' || option == OPT_CGROUP;
}

/* Options that take a value may come from the environment, PROFD_MAX_DEPTH for
 * --max-depth; what the command line says wins. */
static int parse_environment(struct record_options *o)
{
	for (const struct option *l = long_options; l->name; l++) {
		_cleanup_free_ char *name = xasprintf("PROFD_%s", l->name);
		int status;

		for (char *c = name; *c; c++)
			*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
		if (l->has_arg == no_argument || is_target(l->val) || !getenv(name))
			continue;
		optarg = getenv(name);
		status = parse_option(o, l->val);
		if (!status)
			continue;
		fprintf(stderr, "profd: hint: the environment says %s=%s\n", name,
			optarg);
		return status;
	}
	return 0;
}

int record_options_parse(struct record_options *o, int argc, char **argv)
{
	int c, status;

	*o = (struct record_options){.sampler.hz = default_frequency(),
				     .unwind = UNWIND_CFI,
				     .raw_limit_bytes = RECORDER_LIMIT_DEFAULT_BYTES};
	status = parse_environment(o);
	if (status)
		return status;
	/* '+': options end at the command, whose own options are not ours. */
	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:o:F:e:p:t:ad:qvh", long_options, NULL)) !=
	       -1) {
		if (c == ':')
			return cmd_usage_error(EXIT_PROFD, "record", "'%s' wants a value",
					       argv[optind - 1]);
		if (c == '?')
			return cmd_usage_error(EXIT_PROFD, "record",
					       "unknown option '%s'", argv[optind - 1]);
		status = parse_option(o, c);
		o->events_set |= c == 'e';
		if (status || o->help)
			return status;
	}
	o->command = argv + optind;
	status = record_check_targets(o);
	if (status)
		return status;
	if (optind == argc && !o->attached)
		return cmd_usage_error(EXIT_PROFD, "record",
				       "a command is missing: profd record -- COMMAND");
	if (o->raw && o->unwind != UNWIND_CFI && o->unwind != UNWIND_FP)
		return cmd_usage_error(EXIT_PROFD, "record",
				       "--raw goes with --unwind cfi and fp only: what "
				       "%s reads cannot be replayed",
				       unwind_backend_name(o->unwind));
	if (o->engine == ENGINE_PTRACE && (o->sampler.event || o->sampler.reach))
		return cmd_usage_error(
			EXIT_PROFD, "record",
			"--engine ptrace samples CPU time only: leave out %s",
			o->sampler.event ? "-e" : "--reach");
	if (o->engine == ENGINE_PTRACE && o->sampler.hz > PTRACE_HZ_MAX)
		return cmd_usage_error(EXIT_PROFD, "record",
				       "--engine ptrace goes up to -F %d", PTRACE_HZ_MAX);
	return 0;
}
