/* profd top: the functions of a profile, flat and cumulative. */
#include "cmd.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "filter-options.h"
#include "profile-file.h"
#include <profd/json.h>
#include <profd/number.h>
#include <profd/text.h>

static const char USAGE[] =
	"usage: profd top [options] FILE\n"
	"\n"
	"Prints the functions of a profile: flat (self) and cumulative (total).\n"
	"\n"
	"  -n, --rows N       at most N functions (default: 20; 0: all)\n"
	"      --cum          sort by cumulative\n"
	"      --value TYPE   which sample type (default: the profile's default)\n"
	"      --json         machine-readable, schema profd.top/1\n"
	"  -h, --help         this text\n";

struct options {
	uint64_t rows;
	bool cum, json, help;
	const char *value, *file;
	struct filter_options filters;
};

enum { OPT_CUM = 256, OPT_VALUE, OPT_JSON };

static const struct option long_options[] = {
	{"rows", required_argument, NULL, 'n'},
	{"cum", no_argument, NULL, OPT_CUM},
	{"value", required_argument, NULL, OPT_VALUE},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, 'h'},
	FILTER_LONG_OPTIONS,
	{0},
};

static int parse_option(struct options *o, int c, char **argv)
{
	switch (c) {
	case 'n':
		if (number_parse_u64(optarg, 0, UINT32_MAX, &o->rows))
			return cmd_usage_error(2, "top", "-n wants a number, not '%s'",
					       optarg);
		return 0;
	case OPT_CUM:
		o->cum = true;
		return 0;
	case OPT_VALUE:
		o->value = optarg;
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	default:
		return filter_options_take(&o->filters, c, "top", argv);
	}
}

static int parse_options(struct options *o, int argc, char **argv)
{
	int c, status = 0;

	opterr = 0;
	while (!status && !o->help &&
	       (c = getopt_long(argc, argv, ":n:h", long_options, NULL)) != -1)
		status = parse_option(o, c, argv);
	if (status || o->help)
		return status;
	if (optind + 1 != argc)
		return cmd_usage_error(2, "top",
				       "one profile is wanted, e.g. profd-out/cpu.pb.gz");
	o->file = argv[optind];
	return 0;
}

static int by_total(const void *pa, const void *pb)
{
	const struct top_row *a = pa, *b = pb;

	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	return a->self > b->self ? -1 : a->self < b->self;
}

static double percent(int64_t part, int64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_json(const struct profile *p, const struct top *top, uint32_t n,
		       unsigned value)
{
	struct json *root = json_node(), *list = json_list();
	struct text t = {0};
	struct sink_text out;

	json_put_str(root, "schema", "profd.top/1");
	json_put_str(root, "type", profile_text(p, p->value_types[value].type));
	json_put_str(root, "unit", profile_text(p, p->value_types[value].unit));
	json_put_i64(root, "total", top->sum);
	for (uint32_t i = 0; i < n; i++) {
		const struct top_row *r = &top->rows.v[i];
		struct json *j = json_node();

		json_put_str(j, "name", profile_text(p, r->name));
		json_put_str(j, "file",
			     r->filename ? profile_text(p, r->filename) : NULL);
		json_put_u64(j, "line", r->start_line);
		json_put_str(j, "module", r->module ? profile_text(p, r->module) : NULL);
		json_put_i64(j, "flat", r->self);
		json_put_i64(j, "cum", r->total);
		json_put(list, NULL, j);
	}
	json_put(root, "functions", list);
	sink_text_init(&out, &t);
	json_write(root, &out.sink);
	fputs(text_get(&t), stdout);
	text_done(&t);
	json_free(root);
}

static void print_table(const struct profile *p, const struct top *top, uint32_t n,
			unsigned value, bool filtered)
{
	const char *unit = profile_text(p, p->value_types[value].unit);
	char flat[32], cum[32];
	int64_t sum = 0;

	/* The last comment is the filters'. */
	if (filtered)
		printf("%s\n", profile_text(p, p->comments.v[p->comments.n - 1]));
	printf("%s, total %s; %u of %u functions\n",
	       profile_text(p, p->value_types[value].type),
	       value_text(cum, sizeof(cum), top->sum, unit), n, top->rows.n);
	printf("%10s %7s %7s %10s %7s  %s\n", "flat", "flat%", "sum%", "cum", "cum%",
	       "function");
	for (uint32_t i = 0; i < n; i++) {
		const struct top_row *r = &top->rows.v[i];

		sum += r->self;
		printf("%10s %6.2f%% %6.2f%% %10s %6.2f%%  %s",
		       value_text(flat, sizeof(flat), r->self, unit),
		       percent(r->self, top->sum), percent(sum, top->sum),
		       value_text(cum, sizeof(cum), r->total, unit),
		       percent(r->total, top->sum), profile_text(p, r->name));
		if (r->filename)
			printf("  %s", profile_text(p, r->filename));
		if (r->filename && r->start_line)
			printf(":%u", r->start_line);
		putchar('\n');
	}
}

static int top(struct options *o)
{
	struct error err = {0};
	struct profile *p = filter_options_read(&o->filters, o->file, "count", &err);
	struct top t = {0};
	unsigned value;
	uint32_t n;

	if (!p)
		return cmd_fail(2, &err);
	if (profile_file_value(p, o->value, &value, &err) < 0) {
		profile_free(p);
		return cmd_fail(2, &err);
	}
	filter_options_check(&o->filters);
	top_build(&t, p, value);
	if (o->cum && t.rows.n)
		qsort(t.rows.v, t.rows.n, sizeof(*t.rows.v), by_total);
	n = o->rows && o->rows < t.rows.n ? (uint32_t)o->rows : t.rows.n;
	if (o->json)
		print_json(p, &t, n, value);
	else
		print_table(p, &t, n, value, o->filters.filter);
	top_done(&t);
	profile_free(p);
	return 0;
}

int cmd_top(int argc, char **argv)
{
	struct options o = {.rows = 20};
	int status = parse_options(&o, argc, argv);

	if (!status && o.help) {
		fputs(USAGE, stdout);
		fputs(profile_file_usage, stdout);
		fputs(filter_options_usage, stdout);
	} else if (!status) {
		status = top(&o);
	}
	filter_options_done(&o.filters);
	return status;
}
