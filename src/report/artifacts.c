/* All files of a recording, one after the other; run.json last: while it is missing the rest may
 * not be there yet. */
#include <profd/report.h>

#include <string.h>
#include <unistd.h>

#include "report-priv.h"
#include <profd/format.h>
#include <profd/text.h>

struct context {
	const struct run *run;
	struct text title, subtitle;
	struct text facts[8];
	struct fact rows[8];
	size_t nrows;
};

static void add_fact(struct context *c, const char *key, const char *value)
{
	struct text *t = &c->facts[c->nrows];

	text_add_clean(t, value, strlen(value));
	c->rows[c->nrows++] = (struct fact){key, text_get(t)};
}

static void context_init(struct context *c, const struct run *run)
{
	const struct quality *q = run->quality;
	const struct sampler_info *s = run->sampler;
	struct text t = {0};

	*c = (struct context){.run = run};
	command_text(&c->title, run->command);
	text_addf(&t,
		  "%s, %u Hz, %s; %llu samples, %llu lost, %.2f %% of stacks complete",
		  s->event, s->hz, s->kernel ? "user and kernel" : "user code only",
		  (unsigned long long)q->samples, (unsigned long long)q->lost,
		  100 * q->complete);
	text_add_clean(&c->subtitle, text_get(&t), t.len);
	add_fact(c, "Command", text_get(&c->title));
	text_clear(&t);
	text_addf(&t, "%d, after ", run_exit_status(run->status));
	text_add_seconds(&t, (double)run->wall_ns / 1e9);
	add_fact(c, "Exit status", text_get(&t));
	text_clear(&t);
	text_addf(&t, "%s at %u Hz, %s, unwound by %s", s->event, s->hz,
		  s->kernel ? "user and kernel code" : "user code only", run->unwinder);
	add_fact(c, "Sampled", text_get(&t));
	if (s->reason[0])
		add_fact(c, "Why this event", s->reason);
	text_clear(&t);
	text_addf(&t,
		  "%llu samples, %llu lost, %.2f %% of stacks complete, %.1f %% of "
		  "frames named",
		  (unsigned long long)q->samples, (unsigned long long)q->lost,
		  100 * q->complete, 100 * q->resolved);
	add_fact(c, "Quality", text_get(&t));
	add_fact(c, "Machine", run->host->testbed);
	text_done(&t);
}

static void context_done(struct context *c)
{
	text_done(&c->title);
	text_done(&c->subtitle);
	for (size_t i = 0; i < c->nrows; i++)
		text_done(&c->facts[i]);
}

static struct flame_options picture(const struct context *c)
{
	return (struct flame_options){.title = text_get(&c->title),
				      .subtitle = text_get(&c->subtitle)};
}

static void write_pprof(const struct context *c, struct sink *out)
{
	pprof_write(c->run->profile, out);
}

static void write_folded(const struct context *c, struct sink *out)
{
	folded_write(c->run->profile, c->run->annotate, out);
}

static void write_svg(const struct context *c, struct sink *out)
{
	struct flame_options o = picture(c);

	svg_write(c->run->profile, &o, out);
}

static void write_html(const struct context *c, struct sink *out)
{
	struct flame_options o = picture(c);

	html_write(c->run->profile, &o, c->rows, c->nrows,
		   (const char *const *)c->run->warnings->v.v, c->run->warnings->v.n,
		   out);
}

static void write_summary(const struct context *c, struct sink *out)
{
	summary_write(c->run, out);
}

static void write_run(const struct context *c, struct sink *out)
{
	run_json_write(c->run, out);
}

static const struct artifact {
	const char *name;
	void (*write)(const struct context *c, struct sink *out);
} artifacts[] = {
	{"cpu.pb.gz", write_pprof},    {"cpu.folded", write_folded},
	{"cpu.svg", write_svg},	       {"index.html", write_html},
	{"summary.md", write_summary}, {"run.json", write_run},
};

const char *artifact_name(size_t i)
{
	return i < ARRAY_SIZE(artifacts) ? artifacts[i].name : NULL;
}

int artifacts_write(const struct outdir *d, const struct run *run, struct error *err)
{
	struct context c;
	int first = 0;

	/* The one of an earlier run (--force) must not speak for what is written now. */
	unlinkat(d->fd, "run.json", 0);
	context_init(&c, run);
	for (size_t i = 0; i < ARRAY_SIZE(artifacts); i++) {
		struct outfile f;
		struct error *e = first ? NULL : err;
		int code = outfile_open(&f, d->fd, artifacts[i].name, e);

		if (code == 0) {
			artifacts[i].write(&c, &f.sink);
			code = outfile_commit(&f, e);
		}
		if (code < 0 && !first)
			first = code;
	}
	context_done(&c);
	return first;
}
