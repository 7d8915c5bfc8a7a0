#pragma once
/* The options by which all commands read a profile: which part of it, and whether names
 * that it lacks are looked up. */
#include <profd/filter.h>

/* Zeroed to start. */
struct filter_options {
	struct filter *filter; /* NULL: none of these options was given */
	bool from, until;
	uint64_t from_ns, until_ns;
	bool symbolize;
	/* of all files so far */
	uint32_t rows;		       /* of the parts */
	uint32_t looked_up, not_found; /* locations, by --symbolize */
	bool has_names;		       /* some location has a name, or there is none */
};

enum {
	OPT_FILTER = 512, /* + enum filter_by */
	OPT_FILTER_FROM = OPT_FILTER + FILTER_KINDS,
	OPT_FILTER_UNTIL,
	OPT_SYMBOLIZE,
};

/* For a table of struct option. */
#define FILTER_OPTION(name, argument, code)                                              \
	{                                                                                \
		name, argument, NULL, code                                               \
	}
#define FILTER_PATTERN(name, by) FILTER_OPTION(name, required_argument, OPT_FILTER + (by))
#define FILTER_LONG_OPTIONS                                                              \
	FILTER_PATTERN("focus", FILTER_FOCUS), FILTER_PATTERN("ignore", FILTER_IGNORE),  \
		FILTER_PATTERN("hide", FILTER_HIDE),                                     \
		FILTER_PATTERN("show", FILTER_SHOW),                                     \
		FILTER_PATTERN("show-from", FILTER_SHOW_FROM),                           \
		FILTER_PATTERN("module", FILTER_MODULE),                                 \
		FILTER_PATTERN("process", FILTER_PROCESS),                               \
		FILTER_PATTERN("comm", FILTER_PROCESS),                                  \
		FILTER_PATTERN("thread", FILTER_THREAD),                                 \
		FILTER_OPTION("from", required_argument, OPT_FILTER_FROM),               \
		FILTER_OPTION("until", required_argument, OPT_FILTER_UNTIL),             \
		FILTER_OPTION("symbolize", no_argument, OPT_SYMBOLIZE)

/* Lines of a command's --help. */
extern const char filter_options_usage[];

/* What getopt_long returned and the command has no case for: one of the above, with its
 * value in optarg; or ':', '?' and what else is wrong. Returns 0, or the exit status after
 * having said what is wrong on @page of the manual. */
int filter_options_take(struct filter_options *o, int c, const char *page, char **argv);
/* As profile_file_read: what of the file is asked for. */
struct profile *filter_options_read(struct filter_options *o, const char *path,
				    const char *unit, struct error *err);
/* Says so when nothing that was read so far is in any part, or has a name. */
void filter_options_check(const struct filter_options *o);
void filter_options_done(struct filter_options *o);
