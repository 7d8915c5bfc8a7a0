/* profd view: a profile in the terminal, as a tree of calls and a table of functions. */
#include "cmd.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter-options.h"
#include "profile-file.h"
#include "terminal.h"
#include <profd/json.h>
#include <profd/number.h>
#include <profd/text.h>

static const char usage[] =
	"usage: profd view [options] FILE\n"
	"\n"
	"Prints the calls of a profile as a tree, and the functions with most time of "
	"their\n"
	"own. A line has the time of a call with all that it calls, its share of the "
	"whole,\n"
	"and the share of the function's own part; [i] was inlined, [k] is in the "
	"kernel,\n"
	"[j] is JIT code.\n"
	"\n"
	"      --inverted     from the functions that took the time to their callers\n"
	"      --min PERCENT  only branches from this share on (default: 1; 0: all)\n"
	"      --depth N      at most N calls deep\n"
	"  -n, --rows N       at most N functions in the table (default: 10; 0: no "
	"table)\n"
	"      --value TYPE   which sample type (default: the profile's default)\n"
	"      --color[=WHEN] auto, always or never (default: on a terminal)\n"
	"      --json         machine-readable, schema profd.view/1\n"
	"  -h, --help         this text\n";

struct options {
	uint64_t rows, depth;
	double min_percent;
	bool inverted, json, help;
	enum colour colour;
	const char *value, *file;
	struct filter_options filters;
};

enum { OPT_INVERTED = 256, OPT_MIN, OPT_DEPTH, OPT_VALUE, OPT_COLOR, OPT_JSON };

static const struct option long_options[] = {
	{"inverted", no_argument, NULL, OPT_INVERTED},
	{"min", required_argument, NULL, OPT_MIN},
	{"depth", required_argument, NULL, OPT_DEPTH},
	{"rows", required_argument, NULL, 'n'},
	{"value", required_argument, NULL, OPT_VALUE},
	{"color", optional_argument, NULL, OPT_COLOR},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, 'h'},
	FILTER_LONG_OPTIONS,
	{0},
};

static int parse_min(struct options *o)
{
	char *end;

	o->min_percent = strtod(optarg, &end);
	if (end > optarg && (!*end || !strcmp(end, "%")) && o->min_percent >= 0 &&
	    o->min_percent <= 100)
		return 0;
	return cmd_usage_error(2, "view", "--min wants a number from 0 to 100, not '%s'",
			       optarg);
}

static int parse_number(const char *option, uint64_t min, uint64_t *ret_value)
{
	if (number_parse_u64(optarg, min, UINT32_MAX, ret_value) == 0)
		return 0;
	return cmd_usage_error(2, "view", "%s wants a number, not '%s'", option, optarg);
}

static int parse_option(struct options *o, int c, char **argv)
{
	switch (c) {
	case OPT_INVERTED:
		o->inverted = true;
		return 0;
	case OPT_MIN:
		return parse_min(o);
	case OPT_DEPTH:
		return parse_number("--depth", 1, &o->depth);
	case 'n':
		return parse_number("-n", 0, &o->rows);
	case OPT_VALUE:
		o->value = optarg;
		return 0;
	case OPT_COLOR:
		if (colour_parse(optarg ? optarg : "always", &o->colour))
			return 0;
		return cmd_usage_error(
			2, "view", "--color is auto, always or never, not '%s'", optarg);
	case OPT_JSON:
		o->json = true;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	default:
		return filter_options_take(&o->filters, c, "view", argv);
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
		return cmd_usage_error(2, "view",
				       "one profile is wanted, e.g. profd-out");
	o->file = argv[optind];
	return 0;
}

/* --- text --------------------------------------------------------------------------- */

struct view {
	const struct options *o;
	const struct profile *p,
		*tree_of; /* tree_of: or its stacks the other way around */
	unsigned value;
	struct text_style style;
	const struct flame *tree;
	const struct top *top;
	struct sink *out;
};

static const char *unit_of(const struct view *v)
{
	return profile_text(v->p, v->p->value_types[v->value].unit);
}

static void write_fit(const struct view *v, const char *s, unsigned used)
{
	struct text fit = {0};
	unsigned room = v->style.columns;

	text_style_fit(&v->style, &fit, s, room > used ? room - used : 0);
	sink_puts(v->out, text_get(&fit));
	text_done(&fit);
}

/* What the profile says of itself: how it was made, how good it is, what part it is. */
static void write_head(const struct view *v)
{
	const struct value_type *type = &v->p->value_types[v->value];
	struct text name = {0};
	char total[32];

	text_add_clean(&name, v->o->file, strlen(v->o->file));
	sink_putf(v->out, "%s: %s, total %s\n", text_get(&name),
		  profile_text(v->p, type->type),
		  value_text(total, sizeof(total), v->top->sum, unit_of(v)));
	text_done(&name);
	for (uint32_t i = 0; i < v->p->comments.n; i++)
		sink_putf(v->out, "%s\n", profile_text(v->p, v->p->comments.v[i]));
	sink_puts(v->out, "\n");
}

static double percent(int64_t part, int64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void write_row(const struct view *v, const struct top_row *row)
{
	const char *name = profile_text(v->p, row->name);
	char flat[32], cum[32];

	sink_putf(v->out, "%8s %6.1f%% %8s %6.1f%%  ",
		  value_text(flat, sizeof(flat), row->self, unit_of(v)),
		  percent(row->self, v->top->sum),
		  value_text(cum, sizeof(cum), row->total, unit_of(v)),
		  percent(row->total, v->top->sum));
	write_fit(v, *name ? name : "[unknown]", 35);
	sink_puts(v->out, "\n");
}

static void write_table(const struct view *v)
{
	uint32_t n = v->top->rows.n;

	if (!v->o->rows)
		return;
	if (n > v->o->rows)
		n = (uint32_t)v->o->rows;
	sink_putf(v->out, "\n%8s %7s %8s %7s  %u of %u functions\n", "self", "self%",
		  "total", "total%", n, v->top->rows.n);
	for (uint32_t i = 0; i < n; i++)
		write_row(v, &v->top->rows.v[i]);
}

/* --- the whole ---------------------------------------------------------------------- */

static void write_json(const struct view *v, const struct calltree_options *o)
{
	struct json *root = json_node();

	json_put_str(root, "schema", "profd.view/1");
	json_put_str(root, "type", profile_text(v->p, v->p->value_types[v->value].type));
	json_put_str(root, "unit", unit_of(v));
	json_put_i64(root, "total", v->top->sum);
	json_put_bool(root, "inverted", v->o->inverted);
	json_put_num(root, "min_percent", o->min_percent);
	json_put(root, "calls", calltree_json(v->tree_of, v->tree, v->value, o));
	json_write(root, v->out);
	json_free(root);
}

static void write_all(const struct view *v)
{
	struct calltree_options o = {.style = v->style,
				     .min_percent = v->o->min_percent,
				     .depth = (uint32_t)v->o->depth,
				     .inverted = v->o->inverted};

	if (v->o->json) {
		write_json(v, &o);
		return;
	}
	write_head(v);
	calltree_write(v->tree_of, v->tree, v->value, &o, v->out);
	write_table(v);
}

/* The tree is of the profile, or of its stacks the other way around; the table is not. */
static int view_profile(const struct options *o, const struct profile *p,
			const struct profile *inverted, unsigned value)
{
	struct flame tree;
	struct top top;
	struct text t = {0};
	struct sink_text out;
	struct view v = {.o = o,
			 .p = p,
			 .tree_of = inverted ? inverted : p,
			 .value = value,
			 .style = terminal_style(o->colour),
			 .tree = &tree,
			 .top = &top,
			 .out = &out.sink};
	int code;

	sink_text_init(&out, &t);
	flame_build(&tree, v.tree_of, value);
	top_build(&top, p, value);
	write_all(&v);
	code = io_write(STDOUT_FILENO, text_get(&t), t.len);
	flame_done(&tree);
	top_done(&top);
	text_done(&t);
	return code;
}

static int view(struct options *o)
{
	struct error err = {0};
	struct profile *p = filter_options_read(&o->filters, o->file, "count", &err);
	struct profile *inverted = NULL;
	unsigned value;
	int code;

	if (!p)
		return cmd_fail(2, &err);
	filter_options_check(&o->filters);
	code = profile_file_value(p, o->value, &value, &err);
	if (code == 0 && o->inverted) {
		inverted = profile_invert(p, &err);
		code = inverted ? 0 : -EFBIG;
	}
	if (code == 0) {
		code = view_profile(o, p, inverted, value);
		if (code < 0)
			error_set(&err, code, "cannot write to the standard output: %s",
				  strerror(-code));
	}
	profile_free(inverted);
	profile_free(p);
	return code < 0 ? cmd_fail(2, &err) : 0;
}

int cmd_view(int argc, char **argv)
{
	struct options o = {.rows = 10, .min_percent = 1};
	int status = parse_options(&o, argc, argv);

	if (!status && o.help) {
		fputs(usage, stdout);
		fputs(profile_file_usage, stdout);
		fputs(filter_options_usage, stdout);
	} else if (!status) {
		status = view(&o);
	}
	filter_options_done(&o.filters);
	return status;
}
