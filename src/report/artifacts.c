/* All files of a recording; run.json last: while it is missing the rest may not be there
 * yet.
 *
 * Two threads take them from one list, the slowest first; a profile that does not change
 * may be read by both. What several files are made of, the tree and the table of
 * functions, is built once, while the second thread packs the pprof file. Where there can
 * be no second thread, one writes all. */
#include <profd/report.h>

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "report-priv.h"
#include <profd/format.h>
#include <profd/formats.h>
#include <profd/mem.h>
#include <profd/text.h>

struct context {
	const struct run *run;
	struct text title, subtitle;
	struct text facts[8];
	struct fact rows[8];
	size_t nrows;
	/* Of the default value; they are there before a file is begun that is made of
	 * them. */
	struct flame tree;
	struct top top;
	struct flame_also wall; /* of run->wall, if there is one */
	struct flame wall_tree;
	struct top wall_top;
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
	c->wall = (struct flame_also){
		.profile = run->wall,
		.heading = "Time on the CPU and off it, of all threads",
		.tree = &c->wall_tree,
		.top = &c->wall_top};
	run_title(&c->title, run);
	run_add_sampled(&t, s);
	text_addf(&t, "; %llu samples, %llu lost, %.2f %% of stacks complete",
		  (unsigned long long)q->samples, (unsigned long long)q->lost,
		  100 * q->complete);
	text_add_clean(&c->subtitle, text_get(&t), t.len);
	add_fact(c, run->ntargets ? "Attached to" : "Command", text_get(&c->title));
	text_clear(&t);
	if (!run->ntargets)
		text_addf(&t, "%d, after ", run_exit_status(run->status));
	text_add_seconds(&t, (double)run->wall_ns / 1e9);
	add_fact(c, run->ntargets ? "Recorded for" : "Exit status", text_get(&t));
	text_clear(&t);
	run_add_sampled(&t, s);
	text_addf(&t, ", unwound by %s", run->unwinder);
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
	text_clear(&t);
	run_add_events(&t, run);
	if (t.len)
		add_fact(c, "Also sampled", text_get(&t));
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
				      .subtitle = text_get(&c->subtitle),
				      .tree = &c->tree,
				      .top = &c->top};
}

/* Formats that are made of what is shared; the others only see the profile. */
static void write_folded(const struct context *c, bool wall, struct sink *out)
{
	if (wall)
		folded_write_tree(c->run->wall, &c->wall_tree, c->run->annotate, out);
	else
		folded_write_tree(c->run->profile, &c->tree, c->run->annotate, out);
}

static void write_svg(const struct context *c, bool wall, struct sink *out)
{
	struct flame_options o = picture(c);

	if (wall) {
		o.subtitle = c->wall.heading;
		o.tree = &c->wall_tree;
	}
	svg_write(wall ? c->run->wall : c->run->profile, &o, out);
}

static void write_html(const struct context *c, bool wall, struct sink *out)
{
	struct flame_options o = picture(c);

	if (c->run->wall)
		o.also = &c->wall;
	html_write(c->run->profile, &o, c->rows, c->nrows,
		   (const char *const *)c->run->warnings->v.v, c->run->warnings->v.n,
		   out);
}

static void write_summary(const struct context *c, bool wall, struct sink *out)
{
	summary_write(c->run, &c->top, out);
}

static void write_run(const struct context *c, bool wall, struct sink *out)
{
	run_json_write(c->run, &c->top, out);
}

/* --- further events ----------------------------------------------------------------- */

#define EVENT_FILE_MAX_BYTES 40 /* outfile.name has room for 64 */

static char *safe_name(const char *event)
{
	struct text t = {0};

	for (const char *c = event; *c && t.len < EVENT_FILE_MAX_BYTES; c++) {
		bool plain = isalnum((unsigned char)*c) || *c == '_';

		if (plain || (t.len && t.s[t.len - 1] != '-'))
			text_addc(&t, plain ? *c : '-');
	}
	while (t.len && t.s[t.len - 1] == '-')
		t.s[--t.len] = '\0';
	if (!t.len)
		text_add(&t, "event");
	return t.s;
}

static bool is_artifact(const char *base)
{
	const char *name;

	for (size_t i = 0; (name = artifact_name(i)); i++) {
		if (!strncasecmp(name, base, strcspn(name, ".")) &&
		    strlen(base) == strcspn(name, "."))
			return true;
	}
	return false;
}

/* By number where the name is that of another file, also on file systems that ignore
 * case. */
char *run_event_file(const struct run *run, size_t i)
{
	char *name = safe_name(run->events[i].name);
	bool taken = is_artifact(name);

	for (size_t k = 1; k < i && !taken; k++) {
		_cleanup_free_ char *other = safe_name(run->events[k].name);

		taken = !strcasecmp(name, other);
	}
	if (taken) {
		char *numbered = xasprintf("%s-%zu", name, i + 1);

		free(name);
		return numbered;
	}
	return name;
}

static int write_event(const struct context *c, size_t i, const struct flame *tree,
		       bool picture_wanted, const struct outdir *d, struct error *err)
{
	_cleanup_free_ char *base = run_event_file(c->run, i);
	_cleanup_free_ char *name = xasprintf("%s.%s", base,
					      picture_wanted ? "svg" : "folded");
	struct flame_options o = picture(c);
	struct outfile f;
	int code = outfile_open(&f, d->fd, name, err);

	if (code < 0)
		return code;
	o.value = (unsigned)(2 * i + 1 + 1);
	o.subtitle = c->run->events[i].name;
	o.tree = tree;
	if (picture_wanted)
		svg_write(c->run->profile, &o, &f.sink);
	else
		folded_write_tree(c->run->profile, tree, c->run->annotate, &f.sink);
	return outfile_commit(&f, err);
}

static int write_events(const struct context *c, const struct outdir *d,
			struct error *err)
{
	int first = 0;

	for (size_t i = 1; i < c->run->nevents; i++) {
		struct flame tree;

		flame_build(&tree, c->run->profile, (unsigned)(2 * i + 1));
		for (int kind = 0; kind < 2; kind++) {
			int code = write_event(c, i, &tree, kind, d, first ? NULL : err);

			if (code < 0 && !first)
				first = code;
		}
		flame_done(&tree);
	}
	return first;
}

/* --- all ---------------------------------------------------------------------------- */

struct artifact {
	const char *name;
	const struct format *format; /* NULL: it is none */
	bool wall;		     /* of the profile of all time */
	void (*write)(const struct context *c, bool wall, struct sink *out);
};
#define ARTIFACTS_MAX 64u

struct artifacts {
	struct artifact v[ARTIFACTS_MAX];
	size_t n;
};

static void list_add(struct artifacts *a, const struct format *f, bool wall)
{
	static const struct {
		const char *format;
		void (*write)(const struct context *c, bool wall, struct sink *out);
	} own[] = {{"folded", write_folded}, {"svg", write_svg}, {"html", write_html}};
	struct artifact *new = &a->v[a->n];

	*new = (struct artifact){wall ? f->wall_file : f->cpu_file, f, wall, NULL};
	if (!new->name)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (!strcmp(own[i].format, f->name))
			new->write = own[i].write;
	a->n++;
}

static void list_formats(struct artifacts *a, bool always)
{
	const struct format *f;

	for (int wall = 0; wall < 2; wall++)
		for (size_t i = 0; (f = format_get(i)); i++)
			if (f->always == always)
				list_add(a, f, wall);
}

/* All that a recording may write. The first is the pprof file, the last run.json. */
static void list_make(struct artifacts *a)
{
	a->n = 0;
	list_formats(a, true);
	a->v[a->n++] = (struct artifact){"summary.md", NULL, false, write_summary};
	list_formats(a, false);
	a->v[a->n++] = (struct artifact){"run.json", NULL, false, write_run};
}

const char *artifact_name(size_t i)
{
	struct artifacts a;

	list_make(&a);
	return i < a.n ? a.v[i].name : NULL;
}

static bool is_due(const struct run *run, const struct artifact *a)
{
	const struct format *f = a->format;

	if (a->wall && !run->wall)
		return false;
	return !f || f->always || run->formats >> format_number(f) & 1;
}

static void artifact_write(const struct context *c, const struct artifact *a,
			   struct sink *out)
{
	const struct profile *p = a->wall ? c->run->wall : c->run->profile;
	/* As profd convert would have it, of the pprof file. */
	struct format_options o = {.title = a->wall ? "wall.pb.gz" : "cpu.pb.gz",
				   .annotate = c->run->annotate};

	if (a->write) {
		a->write(c, a->wall, out);
		return;
	}
	o.value = profile_default_value(p);
	a->format->write(p, &o, out);
}

/* Places in the list. */
enum { PPROF = 0, SHARED = 1 };

/* What is to be written, how far it is, and what went wrong: by place in the list, the
 * further events behind it. */
struct work {
	struct context *c;
	const struct outdir *d;
	struct artifacts list;
	size_t last; /* of the list: run.json */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool shared_ready; /* the tree and the table */
	size_t next;	   /* of SHARED … last: nobody has taken it yet */
	struct outfile files[ARTIFACTS_MAX];
	struct error errors[ARTIFACTS_MAX + 1];
	int codes[ARTIFACTS_MAX + 1];
};

/* Files are made and given their names in the order of the list, by one thread: what
 * becomes of them when a disk is full does not depend on who was faster. */
static void open_one(struct work *w, size_t i)
{
	const struct artifact *a = &w->list.v[i];

	if (!is_due(w->c->run, a)) {
		/* Nor may one of an earlier run be taken for this one's (--force). */
		unlinkat(w->d->fd, a->name, 0);
		return;
	}
	w->codes[i] = outfile_open(&w->files[i], w->d->fd, a->name, &w->errors[i]);
}

static void write_one(struct work *w, size_t i)
{
	const struct artifact *a = &w->list.v[i];

	if (w->codes[i] == 0 && is_due(w->c->run, a))
		artifact_write(w->c, a, &w->files[i].sink);
}

/* Where there were too few descriptors to have all files open, this one has its turn
 * now. */
static void commit_one(struct work *w, size_t i)
{
	if (w->codes[i] == -EMFILE || w->codes[i] == -ENFILE) {
		open_one(w, i);
		write_one(w, i);
	}
	if (w->codes[i] == 0 && is_due(w->c->run, &w->list.v[i]))
		w->codes[i] = outfile_commit(&w->files[i], &w->errors[i]);
}

/* The next file that nobody has taken; the last one when there is none: it waits for
 * all. */
static size_t take_one(struct work *w)
{
	size_t i;

	pthread_mutex_lock(&w->lock);
	while (!w->shared_ready)
		pthread_cond_wait(&w->changed, &w->lock);
	i = w->next < w->last ? w->next++ : w->last;
	pthread_mutex_unlock(&w->lock);
	return i;
}

static void write_shared(struct work *w)
{
	for (size_t i; (i = take_one(w)) != w->last;)
		write_one(w, i);
}

static void *write_beside(void *arg)
{
	write_one(arg, PPROF);
	write_shared(arg);
	return NULL;
}

/* Signals stay with the thread that knows what to do about them. */
static bool start_beside(struct work *w, pthread_t *ret_thread)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(ret_thread, NULL, write_beside, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r == 0;
}

static void build_shared(struct work *w)
{
	struct context *c = w->c;
	unsigned value = profile_default_value(c->run->profile);

	flame_build(&c->tree, c->run->profile, value);
	top_build(&c->top, c->run->profile, value);
	if (c->run->wall) {
		value = profile_default_value(c->run->wall);
		flame_build(&c->wall_tree, c->run->wall, value);
		top_build(&c->wall_top, c->run->wall, value);
	}
	pthread_mutex_lock(&w->lock);
	w->shared_ready = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

/* The first failure, in the order of the list, is the one that is told. */
static int first_failure(const struct work *w, struct error *err)
{
	for (size_t i = 0; i <= w->list.n; i++) {
		if (w->codes[i] >= 0)
			continue;
		if (err)
			*err = w->errors[i];
		return w->codes[i];
	}
	return 0;
}

static void write_all(struct work *w)
{
	pthread_t thread;
	bool two;

	for (size_t i = 0; i < w->last; i++)
		open_one(w, i);
	two = start_beside(w, &thread);
	build_shared(w);
	write_shared(w);
	w->codes[w->list.n] = write_events(w->c, w->d, &w->errors[w->list.n]);
	if (two)
		pthread_join(thread, NULL);
	else
		write_one(w, PPROF);
	for (size_t i = 0; i < w->last; i++)
		commit_one(w, i);
	open_one(w, w->last);
	write_one(w, w->last);
	commit_one(w, w->last);
}

int artifacts_write(const struct outdir *d, const struct run *run, struct error *err)
{
	struct work *w = xcalloc(1, sizeof(*w));
	struct context c;
	int code;

	/* The one of an earlier run (--force) must not speak for what is written now. */
	unlinkat(d->fd, "run.json", 0);
	context_init(&c, run);
	w->c = &c;
	w->d = d;
	w->next = SHARED;
	list_make(&w->list);
	w->last = w->list.n - 1;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	write_all(w);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	flame_done(&c.tree);
	top_done(&c.top);
	flame_done(&c.wall_tree);
	top_done(&c.wall_top);
	context_done(&c);
	code = first_failure(w, err);
	free(w);
	return code;
}
