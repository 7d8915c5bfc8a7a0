/* The options that choose a part of a profile. */
#include "filter-options.h"

#include <errno.h>
#include <getopt.h>

#include "cmd.h"
#include "profile-file.h"
#include <profd/number.h>
#include <profd/symbolize.h>

const char filter_options_usage[] =
	"\n"
	"Which part of the profile (REGEX is an extended one; functions are looked for "
	"by\n"
	"name, source file and module):\n"
	"\n"
	"      --focus REGEX      samples with a function that matches\n"
	"      --ignore REGEX     samples without one\n"
	"      --hide REGEX       take such functions out of the stacks\n"
	"      --show REGEX       take all other functions out\n"
	"      --show-from REGEX  take the callers of the outermost match out\n"
	"      --module REGEX     samples with code of a module (program, library)\n"
	"      --process REGEX    samples of a process, by name or pid; also --comm\n"
	"      --thread REGEX     samples of a thread, by name or tid\n"
	"      --from TIME, --until TIME\n"
	"                         samples of a time since the start, e.g. 1.5s, 200ms\n"
	"\n"
	"      --symbolize        first look up names that are missing in the profile in "
	"the\n"
	"                         programs and libraries of this machine\n";

static int take_time(const char *option, bool *given, uint64_t *ret_ns, const char *page)
{
	if (number_parse_duration_ns(optarg, ret_ns) < 0)
		return cmd_usage_error(2, page,
				       "%s wants a time such as 1.5s or 200ms, not '%s'",
				       option, optarg);
	*given = true;
	return 0;
}

static int take_pattern(struct filter_options *o, enum filter_by by)
{
	struct error err = {0};

	return filter_add(o->filter, by, optarg, &err) < 0 ? cmd_fail(2, &err) : 0;
}

int filter_options_take(struct filter_options *o, int c, const char *page, char **argv)
{
	if (c == ':')
		return cmd_usage_error(2, page, "'%s' wants a value", argv[optind - 1]);
	if (c == OPT_SYMBOLIZE) {
		o->symbolize = true;
		return 0;
	}
	if (c < OPT_FILTER || c > OPT_FILTER_UNTIL)
		return cmd_usage_error(2, page, "unknown option '%s'", argv[optind - 1]);
	if (!o->filter)
		o->filter = filter_new();
	if (c == OPT_FILTER_FROM)
		return take_time("--from", &o->from, &o->from_ns, page);
	if (c == OPT_FILTER_UNTIL)
		return take_time("--until", &o->until, &o->until_ns, page);
	return take_pattern(o, (enum filter_by)(c - OPT_FILTER));
}

/* Without a single name all that can be told is which file it is in. */
static bool names_known(const struct profile *p)
{
	for (location_id i = 1; i < p->locations.n; i++) {
		if (p->locations.v[i].nlines)
			return true;
	}
	return p->locations.n == 1;
}

static void look_up(struct filter_options *o, struct profile *p)
{
	uint32_t named, nameless;

	if (o->symbolize) {
		symbolize_profile(p, &named, &nameless);
		o->looked_up += named;
		o->not_found += nameless;
	}
	o->has_names |= names_known(p);
}

struct profile *filter_options_read(struct filter_options *o, const char *path,
				    const char *unit, struct error *err)
{
	struct profile *p = profile_file_read(path, unit, err), *part;
	int64_t to_ns = o->until ? (int64_t)o->until_ns : FILTER_TO_END;

	if (p)
		look_up(o, p);
	if (!p || !o->filter)
		return p;
	if ((o->from || o->until) &&
	    filter_time(o->filter, (int64_t)o->from_ns, to_ns, err) < 0)
		return profile_free(p);
	part = profile_filter(p, o->filter, err);
	profile_free(p);
	if (part)
		o->rows += part->samples.n - 1;
	return part;
}

static void check_names(const struct filter_options *o)
{
	if (o->not_found)
		fprintf(stderr,
			"profd: %u of %u addresses have no name: their files are not "
			"here, or are others\n",
			o->not_found, o->looked_up + o->not_found);
	else if (!o->has_names)
		fputs("profd: the profile has addresses and no names\n"
		      "profd: hint: --symbolize looks them up in the files of this "
		      "machine\n",
		      stderr);
}

void filter_options_check(const struct filter_options *o)
{
	check_names(o);
	if (!o->filter || o->rows)
		return;
	fputs("profd: no sample matches\n"
	      "profd: hint: 'profd top -n 0' without filters lists all functions; upper "
	      "and lower case differ\n",
	      stderr);
}

void filter_options_done(struct filter_options *o)
{
	o->filter = filter_free(o->filter);
}
