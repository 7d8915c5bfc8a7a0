/* The list of formats. Each format has its own file; here is what they are called, and
 * what is to be said around the profile where a format has room for that. */
#include <profd/formats.h>

#include <errno.h>
#include <string.h>

#include "format-priv.h"

static void write_pprof(const struct profile *p, const struct format_options *o,
			struct sink *out)
{
	pprof_write(p, out);
}

static void write_folded(const struct profile *p, const struct format_options *o,
			 struct sink *out)
{
	folded_write_value(p, o->value, o->annotate, out);
}

static void write_svg(const struct profile *p, const struct format_options *o,
		      struct sink *out)
{
	svg_write(p, &(struct flame_options){.title = o->title, .value = o->value + 1},
		  out);
}

static void write_speedscope(const struct profile *p, const struct format_options *o,
			     struct sink *out)
{
	speedscope_write(p, o->value, o->title, out);
}

static void write_firefox(const struct profile *p, const struct format_options *o,
			  struct sink *out)
{
	firefox_write(p, o->value, out);
}

static void write_perf_script(const struct profile *p, const struct format_options *o,
			      struct sink *out)
{
	perf_script_write(p, o->value, out);
}

static void write_callgrind(const struct profile *p, const struct format_options *o,
			    struct sink *out)
{
	callgrind_write(p, o->value, out);
}

static void write_tree(const struct profile *p, const struct format_options *o,
		       struct sink *out)
{
	struct flame f;

	flame_build(&f, p, o->value);
	calltree_write(p, &f, o->value, &(struct calltree_options){0}, out);
	flame_done(&f);
}

static void write_json(const struct profile *p, const struct format_options *o,
		       struct sink *out)
{
	tree_write_json(p, o->value, out);
}

/* --- HTML --------------------------------------------------------------------------- */

#define FACTS_MAX 16u

struct facts {
	struct fact rows[FACTS_MAX];
	struct text values[FACTS_MAX];
	size_t n;
};

static struct text *fact_add(struct facts *f, const char *key)
{
	f->rows[f->n].key = key;
	return &f->values[f->n++];
}

static void facts_values(struct text *t, const struct profile *p)
{
	char buf[64];

	for (unsigned i = 0; i < p->nvalues; i++)
		text_addf(t, "%s%s: %s", i ? ", " : "",
			  profile_text(p, p->value_types[i].type),
			  value_text(buf, sizeof(buf), profile_total(p, i),
				     profile_text(p, p->value_types[i].unit)));
}

static void facts_make(struct facts *f, const struct profile *p)
{
	char buf[64];

	facts_values(fact_add(f, "Values"), p);
	if (*main_program(p))
		text_add(fact_add(f, "Program"), main_program(p));
	if (p->duration_ns > 0)
		text_add(fact_add(f, "Recorded for"),
			 value_text(buf, sizeof(buf), p->duration_ns, "nanoseconds"));
	for (uint32_t i = 0; i < p->comments.n && f->n < FACTS_MAX; i++)
		text_add(fact_add(f, "Comment"), profile_text(p, p->comments.v[i]));
	for (size_t i = 0; i < f->n; i++)
		f->rows[i].value = text_get(&f->values[i]);
}

static void write_html(const struct profile *p, const struct format_options *o,
		       struct sink *out)
{
	struct flame_options page = {.title = o->title, .value = o->value + 1};
	struct facts facts = {0};

	facts_make(&facts, p);
	html_write(p, &page, facts.rows, facts.n, NULL, 0, out);
	for (size_t i = 0; i < facts.n; i++)
		text_done(&facts.values[i]);
}

/* --- the list ----------------------------------------------------------------------- */

static const struct format formats[] = {
	{.name = "pprof",
	 .suffixes = {".pb.gz", ".pprof", ".prof"},
	 .cpu_file = "cpu.pb.gz",
	 .wall_file = "wall.pb.gz",
	 .always = true,
	 .write = write_pprof},
	{.name = "folded",
	 .suffixes = {".folded", ".collapsed", ".collapsedstack.txt", ".txt"},
	 .cpu_file = "cpu.folded",
	 .wall_file = "wall.folded",
	 .always = true,
	 .write = write_folded},
	{.name = "svg",
	 .suffixes = {".svg"},
	 .cpu_file = "cpu.svg",
	 .wall_file = "wall.svg",
	 .always = true,
	 .write = write_svg},
	{.name = "html",
	 .suffixes = {".html", ".htm"},
	 .cpu_file = "index.html",
	 .always = true,
	 .write = write_html},
	{.name = "speedscope",
	 .suffixes = {".speedscope.json", ".json"},
	 .cpu_file = "speedscope.json",
	 .wall_file = "wall.speedscope.json",
	 .write = write_speedscope},
	{.name = "firefox",
	 .suffixes = {".firefox.json.gz", ".json.gz"},
	 .cpu_file = "firefox.json.gz",
	 .wall_file = "wall.firefox.json.gz",
	 .write = write_firefox},
	{.name = "perf-script",
	 .suffixes = {".linux-perf.txt", ".perf-script.txt", ".perf"},
	 .cpu_file = "cpu.linux-perf.txt",
	 .wall_file = "wall.linux-perf.txt",
	 .write = write_perf_script},
	{.name = "callgrind",
	 .suffixes = {".callgrind"},
	 .prefix = "callgrind.",
	 .cpu_file = "callgrind.out.cpu",
	 .wall_file = "callgrind.out.wall",
	 .write = write_callgrind},
	{.name = "tree",
	 .suffixes = {".tree.txt", ".tree"},
	 .cpu_file = "cpu.tree.txt",
	 .wall_file = "wall.tree.txt",
	 .write = write_tree},
	{.name = "json",
	 .suffixes = {".tree.json"},
	 .cpu_file = "cpu.tree.json",
	 .wall_file = "wall.tree.json",
	 .write = write_json},
};

const struct format *format_get(size_t i)
{
	return i < ARRAY_SIZE(formats) ? &formats[i] : NULL;
}

size_t format_number(const struct format *f)
{
	return (size_t)(f - formats);
}

/* The table of functions is no format: it is not of stacks. */
static bool is_table(const char *name)
{
	static const char *const words[] = {"top", "text", "table", "txt", "md"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(name, words[i]))
			return true;
	return false;
}

static void hint_names(const char *name, struct error *err)
{
	struct text_nearest near;
	struct text all = {0};

	if (is_table(name)) {
		error_hint(err,
			   "'profd top' prints the table of functions; 'tree' is the "
			   "call tree as text");
		return;
	}
	text_nearest_init(&near, name);
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		text_nearest_offer(&near, formats[i].name);
		text_addf(&all, "%s%s", i ? ", " : "", formats[i].name);
	}
	if (near.n)
		error_hint(err, "did you mean '%s'?", near.best[0].word);
	else
		error_hint(err, "%s", text_get(&all));
	text_done(&all);
}

const struct format *format_find(const char *name, struct error *err)
{
	struct text clean = {0};

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	text_add_clean(&clean, name, strlen(name));
	error_set(err, -EINVAL, "unknown format '%s'", text_get(&clean));
	hint_names(name, err);
	text_done(&clean);
	return NULL;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), nend = strlen(end);

	return n >= nend && !strcmp(s + n - nend, end);
}

const struct format *format_of_file(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	const struct format *best = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		const struct format *f = &formats[i];

		for (size_t k = 0; k < ARRAY_SIZE(f->suffixes) && f->suffixes[k]; k++) {
			size_t n = strlen(f->suffixes[k]);

			if (n <= longest || !ends_with(base, f->suffixes[k]))
				continue;
			longest = n;
			best = f;
		}
		if (f->prefix && !strncmp(base, f->prefix, strlen(f->prefix)))
			return f;
	}
	return best;
}

int format_parse_list(const char *list, uint32_t *ret_set, struct error *err)
{
	_cleanup_free_ char *copy = xstrdup(list);
	char *at = copy, *name;
	uint32_t set = 0;

	while ((name = strsep(&at, ","))) {
		const struct format *f = format_find(name, err);

		if (!f)
			return -EINVAL;
		set |= 1u << format_number(f);
	}
	*ret_set = set;
	return 0;
}
