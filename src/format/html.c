/* One page about one profile: what to be careful about, the picture, the table of
 * functions, the facts. Everything is in the file; it asks no network for anything, and
 * its own policy forbids it. With styles and scripts forbidden too, it is still a
 * document in the right order: looks that matter are attributes.
 *
 * Where scripts run, share/viewer takes the place of picture and table. Its code is packed
 * when profd is built, and the page's policy names the hashes of the only two scripts that
 * may run: were a name ever to get out of its quotes, it could not do anything. */
#include "page-priv.h"

#include <string.h>

#define HTML_TOP_ROWS 100u

static const char page_css[] =
#include "src/format/page-css.inc"
	;
static const char page_boot[] =
#include "src/format/page-boot.inc"
	;
static const char page_code[] =
#include "src/format/page-code.inc"
	;
static const char page_policy[] =
#include "src/format/page-policy.inc"
	;

struct html {
	const struct profile *p;
	const struct top *top;
	struct sink *out;
	struct text t, name;
};

static void html_xml(struct html *h, const char *s)
{
	text_add_xml(&h->t, s, strlen(s));
}

static void html_flush(struct html *h)
{
	sink_put(h->out, text_get(&h->t), h->t.len);
	text_clear(&h->t);
}

static void html_head(struct html *h, const char *title, const char *subtitle)
{
	text_add(&h->t,
		 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		 "<meta http-equiv=\"Content-Security-Policy\" content=\"");
	text_add(&h->t, page_policy);
	text_add(&h->t, "\">\n<link rel=\"icon\" href=\"data:,\">\n"
			"<meta name=\"viewport\" content=\"width=device-width, "
			"initial-scale=1\">\n"
			"<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	html_xml(h, title);
	text_add(&h->t, "</title>\n<style>");
	text_add(&h->t, page_css);
	text_add(&h->t, "</style>\n<script>");
	text_add(&h->t, page_boot);
	text_add(&h->t, "</script>\n</head>\n<body>\n<main>\n<h1>");
	html_xml(h, title);
	text_add(&h->t, "</h1>\n");
	if (subtitle) {
		text_add(&h->t, "<p class=\"subtitle\">");
		html_xml(h, subtitle);
		text_add(&h->t, "</p>\n");
	}
	html_flush(h);
}

static void html_warnings(struct html *h, const char *const *warnings, size_t n)
{
	if (!n)
		return;
	text_add(&h->t, "<section class=\"warnings\" aria-labelledby=\"warnings\">\n"
			"<h2 id=\"warnings\">Before you rely on this</h2>\n<ul>\n");
	for (size_t i = 0; i < n; i++) {
		text_add(&h->t, "<li>");
		html_xml(h, warnings[i]);
		text_add(&h->t, "</li>\n");
	}
	text_add(&h->t, "</ul>\n</section>\n");
	html_flush(h);
}

static void html_shortened(struct html *h, const char *name)
{
	struct text shown = {0};

	name_shorten(&shown, name);
	html_xml(h, text_get(&shown));
	text_done(&shown);
}

static void html_top_row(struct html *h, const struct top_row *r, int64_t sum,
			 const char *unit)
{
	const char *file = profile_text(h->p, r->filename);
	const char *module = profile_text(h->p, r->module);
	struct flame_call call = {.name = r->name};
	char buf[64];

	/* Code without a function is named by its module. */
	call.function = r->name != r->module;
	flame_name(&h->name, h->p, &call, 2);
	text_addf(&h->t, "<tr><td>%s<td>", value_text(buf, sizeof(buf), r->self, unit));
	percent_add(&h->t, r->self, sum);
	text_addf(&h->t, "<td>%s<td>", value_text(buf, sizeof(buf), r->total, unit));
	percent_add(&h->t, r->total, sum);
	text_add(&h->t, "<th scope=\"row\" align=\"left\">");
	html_shortened(h, h->name.s);
	text_add(&h->t, "<td align=\"left\">");
	html_shortened(h, file);
	if (*file && r->start_line)
		text_addf(&h->t, ":%u", r->start_line);
	if (*file && *module)
		text_add(&h->t, ", ");
	html_shortened(h, base_name(module));
	text_addc(&h->t, '\n');
	html_flush(h);
}

static void html_top(struct html *h)
{
	unsigned value = profile_default_value(h->p);
	const struct value_type *type = &h->p->value_types[value];
	const char *unit = profile_text(h->p, type->unit);
	struct top own = {0};
	const struct top *top = h->top ? h->top : &own;
	uint32_t n;
	char buf[64];

	if (!h->top)
		top_build(&own, h->p, value);
	n = top->rows.n < HTML_TOP_ROWS ? top->rows.n : HTML_TOP_ROWS;
	text_add(&h->t, "<section>\n<h2>Functions</h2>\n<div class=\"scroll\" "
			"tabindex=\"0\">\n<table cellpadding=\"3\">\n<caption "
			"align=\"left\">");
	text_addf(&h->t, "%u of %u functions, by their own share of %s of ", n,
		  top->rows.n, value_text(buf, sizeof(buf), top->sum, unit));
	html_xml(h, profile_text(h->p, type->type));
	text_add(&h->t, ". Total includes what a function calls.</caption>\n"
			"<thead><tr><th scope=\"col\">Self<th scope=\"col\">Self %"
			"<th scope=\"col\">Total<th scope=\"col\">Total %"
			"<th scope=\"col\" align=\"left\">Function<th scope=\"col\" "
			"align=\"left\">Source, module\n</thead>\n<tbody "
			"align=\"right\" valign=\"top\">\n");
	for (uint32_t i = 0; i < n; i++)
		html_top_row(h, &top->rows.v[i], top->sum, unit);
	text_add(&h->t, "</tbody>\n</table>\n</div>\n</section>\n");
	html_flush(h);
	top_done(&own);
}

static void html_facts(struct html *h, const struct fact *facts, size_t n)
{
	if (!n)
		return;
	text_add(&h->t, "<section id=\"about\">\n<h2>About this recording</h2>\n<table "
			"class=\"facts\" cellpadding=\"3\">\n<tbody align=\"left\">\n");
	for (size_t i = 0; i < n; i++) {
		text_add(&h->t, "<tr><th scope=\"row\">");
		html_xml(h, facts[i].key);
		text_add(&h->t, "</th><td>");
		html_xml(h, facts[i].value);
		text_add(&h->t, "</td></tr>\n");
	}
	text_add(&h->t, "</tbody>\n</table>\n</section>\n");
	html_flush(h);
}

static void html_picture(struct html *h, const struct flame_options *o, const char *label)
{
	text_add(&h->t, "<section aria-label=\"");
	html_xml(h, label);
	text_add(&h->t, "\">\n<div class=\"picture\">\n");
	html_flush(h);
	svg_write(h->p, o, h->out);
	text_add(&h->t, "</div>\n</section>\n");
	html_flush(h);
}

static void html_also(struct html *h, const struct flame_options *o)
{
	const struct flame_also *also = o->also;
	struct flame_options picture = {
		.max_boxes = o->max_boxes, .embedded = true, .tree = also->tree};

	h->p = also->profile;
	h->top = also->top;
	text_add(&h->t, "<h2>");
	html_xml(h, also->heading);
	text_add(&h->t, "</h2>\n");
	html_picture(h, &picture, also->heading);
	html_top(h);
}

/* What is no script by its type is not run, whatever the policy. */
static void html_scripts(const struct profile *p, const struct flame_options *o,
			 struct sink *out)
{
	const struct profile *profiles[PAGE_PROFILES] = {p};
	unsigned n = 1;

	/* Only what shares its stacks can be shown in the same tree. */
	if (o->also && o->also->profile->stacks.v == p->stacks.v)
		profiles[n++] = o->also->profile;
	sink_puts(out, "<script id=\"code\" type=\"application/octet-stream\">");
	sink_puts(out, page_code);
	sink_puts(out, "</script>\n<script id=\"data\" "
		       "type=\"application/octet-stream\">");
	page_data_write(profiles, n, o->diff, out);
	sink_puts(out, "</script>\n");
}

void html_write(const struct profile *p, const struct flame_options *o,
		const struct fact *facts, size_t nfacts, const char *const *warnings,
		size_t nwarnings, struct sink *out)
{
	struct html h = {.p = p, .top = o->top, .out = out};
	struct flame_options picture = *o;

	picture.embedded = true;
	html_head(&h, o->title ? o->title : "Profile", o->subtitle);
	html_warnings(&h, warnings, nwarnings);
	/* The page has said both already. */
	picture.title = NULL;
	picture.subtitle = NULL;
	text_add(&h.t, "<div id=\"app\"></div>\n<div id=\"still\">\n");
	if (o->diff)
		picture.value = DIFF_AFTER + 1;
	html_picture(&h, &picture,
		     o->diff ? "Flame graph of what is after" : "Flame graph");
	if (o->diff)
		page_diff_table(p, &h.t);
	else
		html_top(&h);
	html_flush(&h);
	if (o->also)
		html_also(&h, o);
	sink_puts(out, "</div>\n");
	html_facts(&h, facts, nfacts);
	sink_puts(out, "</main>\n");
	html_scripts(p, o, out);
	sink_puts(out, "</body>\n</html>\n");
	text_done(&h.t);
	text_done(&h.name);
}
