#pragma once
/* The options that choose a part of a profile, for all commands that read one. */
#include <profd/filter.h>

/* Zeroed to start. */
struct filter_options {
	struct filter *filter; /* NULL: none of these options was given */
	bool from, until;
	uint64_t from_ns, until_ns;
	uint32_t rows; /* of all parts so far */
};

enum {
	OPT_FILTER = 512, /* + enum filter_by */
	OPT_FILTER_FROM = OPT_FILTER + FILTER_KINDS,
	OPT_FILTER_UNTIL,
};

/* For a table of struct option. */
#define FILTER_LONG_OPTIONS                                                              \
	{"focus", required_argument, NULL, OPT_FILTER + FILTER_FOCUS},                   \
		{"ignore", required_argument, NULL, OPT_FILTER + FILTER_IGNORE},         \
		{"hide", required_argument, NULL, OPT_FILTER + FILTER_HIDE},             \
		{"show", required_argument, NULL, OPT_FILTER + FILTER_SHOW},             \
		{"show-from", required_argument, NULL, OPT_FILTER + FILTER_SHOW_FROM},   \
		{"module", required_argument, NULL, OPT_FILTER + FILTER_MODULE},         \
		{"process", required_argument, NULL, OPT_FILTER + FILTER_PROCESS},       \
		{"comm", required_argument, NULL, OPT_FILTER + FILTER_PROCESS},          \
		{"thread", required_argument, NULL, OPT_FILTER + FILTER_THREAD},         \
		{"from", required_argument, NULL, OPT_FILTER_FROM},                      \
	{                                                                                \
		"until", required_argument, NULL, OPT_FILTER_UNTIL                       \
	}

/* Lines of a command's --help. */
extern const char filter_options_usage[];

/* What getopt_long returned and the command has no case for: one of the above, with its
 * value in optarg; or ':', '?' and what else is wrong. Returns 0, or the exit status after
 * having said what is wrong on @page of the manual. */
int filter_options_take(struct filter_options *o, int c, const char *page, char **argv);
/* As profile_file_read: what of the file is asked for. */
struct profile *filter_options_read(struct filter_options *o, const char *path,
				    const char *unit, struct error *err);
/* Says so when nothing that was read so far is in any part. */
void filter_options_check(const struct filter_options *o);
void filter_options_done(struct filter_options *o);
