/* profd bench: runs workloads, and writes down what was measured. */
#include "bench-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <profd/bench-events.h>
#include <profd/checkout.h>
#include <profd/clock.h>
#include <profd/figure.h>
#include <profd/gate.h>
#include <profd/load.h>
#include <profd/mem.h>
#include <profd/outcome-io.h>
#include <profd/report.h>
#include <profd/strictness.h>
#include <profd/testbed.h>

#include "cmd.h"
#include "output.h"

struct session {
	const struct bench_args *args;
	struct config *config;
	char *config_path, *root; /* NULL: where profd was started */
	struct config_command command;
	bool *chosen;
	uint32_t nchosen;
	struct outdir dir;
	char *dir_path; /* absolute */
	int log_fd;
	char stamp[CLOCK_UTC_BYTES];
	uint64_t start_ns; /* CLOCK_MONOTONIC */
	struct bench_line line;
	struct outcome outcome;
	struct outcome_workload *workloads;
	VEC(const char *) notes;
	VEC(struct outcome_isolation) isolation;
};

static const char *keep(struct session *s, const char *text)
{
	return arena_strndup(&s->outcome.arena, text, strlen(text));
}

/* --- the configuration -------------------------------------------------------------- */

/* A command of its own is a workload with the default metrics, named after its program. */
static int config_of_command(struct session *s, struct config_problems *problems)
{
	static const char fit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789_.+-";
	_cleanup_free_ char *path = xstrdup(s->args->command[0]);
	char *name = basename(path);
	_cleanup_free_ char *text = NULL;

	for (char *c = name; *c; c++)
		*c = strchr(fit, *c) ? *c : '_';
	if (!strchr(fit, *name) || *name == '.' || *name == '-' || !*name ||
	    strlen(name) > 60)
		name = (char *)"command";
	text = xasprintf("profd: 1\nworkloads: [{name: \"%s\", command: [\"%s\"]}]\n",
			 name, name);
	s->command.argv = (const char **)s->args->command;
	while (s->args->command[s->command.argc])
		s->command.argc++;
	return config_parse("the command", text, strlen(text), &s->config, problems);
}

/* Commands start in the root of the checkout, which is where .profd.yml is; one that is
 * given by name may be anywhere. */
static int config_load(struct session *s, struct error *err)
{
	struct config_problems problems = {0};
	int code;

	if (s->args->command) {
		code = config_of_command(s, &problems);
	} else {
		s->config_path = s->args->config ? xstrdup(s->args->config)
						 : config_find(err);
		if (!s->config_path)
			return cmd_fail(2, err);
		code = config_read(s->config_path, &s->config, &problems);
		if (code == 0)
			code = bench_events_check(s->config, &problems);
	}
	if (code < 0)
		cmd_problems(&problems);
	config_problems_done(&problems);
	if (code == 0 && s->config_path && !s->args->config &&
	    strchr(s->config_path, '/')) {
		s->root = xstrdup(s->config_path);
		*strrchr(s->root, '/') = '\0';
	}
	return code < 0 ? 2 : 0;
}

static int workloads_choose(struct session *s, struct error *err)
{
	int n;

	s->chosen = xcalloc(s->config->nworkloads, sizeof(*s->chosen));
	n = choose_workloads(s->config, &s->args->choose, s->chosen, err);
	if (n < 0)
		return cmd_fail(2, err);
	s->nchosen = (uint32_t)n;
	return 0;
}

/* --- the folder --------------------------------------------------------------------- */

static int log_open(struct session *s, struct error *err)
{
	_cleanup_free_ char *name = xasprintf("log-%s.txt", s->stamp);

	s->log_fd = openat(s->dir.fd, name,
			   O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
	if (s->log_fd >= 0)
		return 0;
	return error_set(err, -errno, "cannot write '%s/%s': %s", s->dir.path, name,
			 strerror(errno));
}

static int folder_open(struct session *s, struct error *err)
{
	char path[PATH_MAX];
	int code = outdir_open(&s->dir, s->args->output, s->args->force, err);

	if (code == 0)
		code = log_open(s, err);
	if (code == 0 && !realpath(s->dir.path, path))
		code = error_set(err, -errno, "cannot find '%s': %s", s->dir.path,
				 strerror(errno));
	if (code < 0) {
		outdir_discard(&s->dir);
		return cmd_fail(2, err);
	}
	s->dir_path = xstrdup(path);
	return 0;
}

/* --- running ------------------------------------------------------------------------ */

static void before_run(void *arg, const struct repeat_progress *p)
{
	static const char *const phases[] = {"warm-up", "exact run", "run",
					     "profiled run"};
	struct session *s = arg;
	char now[CLOCK_UTC_BYTES];

	dprintf(s->log_fd, "== %s %s: %s %u of %u\n", clock_utc(clock_wall_ns(), now),
		p->workload->name, phases[p->phase], p->run + 1, p->runs);
	bench_line_show(&s->line, p);
}

/* The name of a variant may hold anything. */
static char *folder_name(const char *workload)
{
	char *name = xstrdup(workload);

	for (char *c = name; *c; c++)
		*c = *c == '/' ? '_' : *c;
	return name;
}

static uint32_t runs_of(const struct session *s, const struct config_workload *w)
{
	if (s->args->runs != UINT64_MAX)
		return (uint32_t)s->args->runs;
	return s->args->choose.has_tier ? w->tiers[s->args->choose.tier].runs : w->runs;
}

/* What the first workload says of isolation counts, and what only others say. */
static void means_take(struct session *s, const struct bench *b)
{
	const struct bench_means *m;
	uint32_t n;

	m = bench_means(b, &n);
	for (uint32_t i = 0; i < n; i++) {
		bool known = false;

		for (uint32_t k = 0; k < s->isolation.n; k++)
			known |= !strcmp(s->isolation.v[k].name, m[i].name);
		if (known)
			continue;
		vec_push(&s->isolation, ((struct outcome_isolation){keep(s, m[i].name),
								    keep(s, m[i].detail),
								    m[i].applied}));
	}
}

/* What is left of the time budget is shared by the workloads that are left. */
static uint64_t until(const struct session *s)
{
	uint64_t now_ns = clock_now_ns(),
		 end_ns = s->start_ns + s->config->time_budget_ns;

	if (!s->config->time_budget_ns)
		return 0;
	return end_ns <= now_ns
		       ? now_ns
		       : now_ns + (end_ns - now_ns) / (s->nchosen - s->line.workload);
}

static int workload_run(struct session *s, const struct config_workload *w,
			struct outcome_workload *ret, struct error *err)
{
	_cleanup_free_ char *folder = folder_name(w->name);
	_cleanup_free_ char *profile = xasprintf("%s/%s/head", s->dir_path, folder);
	const struct bench_options options = {
		.isolation = s->args->isolation,
		.tier = s->args->choose.tier,
		.has_tier = s->args->choose.has_tier,
		.log_fd = s->log_fd,
	};
	const struct repeat_options how = {
		.runs = runs_of(s, w),
		.warmup = s->args->warmup != UINT64_MAX ? (uint32_t)s->args->warmup
							: w->warmup,
		.until_ns = until(s),
		.strictness = s->outcome.strictness,
		.root = s->root,
		.command = s->args->command ? &s->command : NULL,
		.profile_dir = s->args->no_profile ? NULL : profile,
		.before = before_run,
		.arg = s,
	};
	const char *note = NULL;
	struct bench *b;
	int code = bench_open(&b, w, &options, err);

	if (code < 0)
		return code;
	code = repeat_workload(b, w, &how, &s->outcome.arena, ret, &note, err);
	means_take(s, b);
	bench_close(b);
	if (note)
		vec_push(&s->notes, note);
	if (ret->head_profile) {
		_cleanup_free_ char *place = xasprintf("%s/head", folder);

		ret->head_profile = keep(s, place);
	}
	return code;
}

static int workloads_run(struct session *s, struct error *err)
{
	struct outcome *o = &s->outcome;
	int code = 0;

	s->workloads = arena_alloc(&o->arena,
				   ((size_t)s->nchosen + 1) * sizeof(*s->workloads));
	o->workloads = s->workloads;
	s->line.workloads = s->nchosen;
	for (uint32_t i = 0; i < s->config->nworkloads && code == 0; i++) {
		if (!s->chosen[i])
			continue;
		s->line.workload = o->nworkloads;
		code = workload_run(s, &s->config->workloads[i],
				    &s->workloads[o->nworkloads], err);
		if (code == 0 || code == -EINTR)
			o->nworkloads++;
	}
	bench_line_clear(&s->line);
	return code;
}

/* --- the outcome -------------------------------------------------------------------- */

static const char *keep_clean(struct session *s, const char *text)
{
	struct text clean = {0};
	const char *kept;

	if (!text)
		return NULL;
	text_add_clean(&clean, text, strlen(text));
	kept = keep(s, text_get(&clean));
	text_done(&clean);
	return kept;
}

/* What the checkout is, as far as git knows; a command is itself. */
static void head_look(struct session *s)
{
	struct outcome_side *head = &s->outcome.head;
	struct checkout c;
	char cwd[PATH_MAX];

	checkout_look(&c, s->root ? s->root : ".");
	head->label = s->args->command ? "the command"
		      : c.head.label   ? keep_clean(s, c.head.label)
				       : "this folder";
	head->commit = keep_clean(s, c.head.commit);
	head->subject = keep_clean(s, c.head.subject);
	head->branch = keep_clean(s, c.head.branch);
	head->dirty = c.head.dirty;
	if (s->root)
		head->root = keep_clean(s, s->root);
	else if (getcwd(cwd, sizeof(cwd)))
		head->root = keep_clean(s, cwd);
	outcome_id_make(&s->outcome);
	checkout_close(&c);
}

static void outcome_begin(struct session *s, char **argv)
{
	struct outcome *o = &s->outcome;
	struct text t = {0};

	o->start_ns = clock_wall_ns();
	clock_utc_name(o->start_ns, s->stamp);
	s->start_ns = clock_now_ns();
	text_add(&t, "profd");
	for (int i = 0; argv[i]; i++) {
		text_addc(&t, ' ');
		text_add_word(&t, argv[i]);
	}
	o->command = "bench";
	o->version = PACKAGE_VERSION;
	o->reproduce = keep_clean(s, t.s);
	head_look(s);
	testbed_read(&o->arena, &o->environment);
	text_done(&t);
}

static void note_time(struct session *s)
{
	struct outcome *o = &s->outcome;
	struct text t = {0};

	if (!(o->plan.time_budget_s > 0) || o->plan.spent_s <= o->plan.time_budget_s)
		return;
	text_add(&t, "the runs took ");
	figure_add_duration(&t, o->plan.spent_s);
	text_add(&t, ", more than the time budget of ");
	figure_add_duration(&t, o->plan.time_budget_s);
	vec_push(&s->notes, keep(s, t.s));
	text_done(&t);
}

static void outcome_end(struct session *s)
{
	struct outcome *o = &s->outcome;
	enum config_mode mode = s->config->mode;
	const char **notes;

	o->end_ns = clock_wall_ns();
	o->mode = config_mode_word(mode);
	o->tier = s->args->choose.has_tier ? config_tier_word(s->args->choose.tier)
					   : NULL;
	o->plan.time_budget_s = (double)s->config->time_budget_ns / 1e9;
	o->plan.spent_s = (double)(o->end_ns - o->start_ns) / 1e9;
	note_time(s);
	notes = arena_alloc(&o->arena, ((size_t)s->notes.n + 1) * sizeof(*notes));
	if (s->notes.n)
		memcpy(notes, s->notes.v, s->notes.n * sizeof(*notes));
	o->notes = notes;
	o->nnotes = s->notes.n;
	o->isolation = s->isolation.v;
	o->nisolation = s->isolation.n;
	o->verdict = VERDICT_MEASURED;
	for (uint32_t i = 0; i < o->nworkloads; i++)
		o->verdict = gate_worse(o->verdict, o->workloads[i].verdict);
	o->exit_status = gate_exit(o, mode, &o->effect);
}

static void write_json(const void *outcome, struct sink *out)
{
	outcome_json_write(outcome, out);
}

static void write_table(const void *outcome, struct sink *out)
{
	struct text t = {0};

	bench_describe(outcome, &t);
	sink_puts(out, text_get(&t));
	text_done(&t);
}

static void say_end(const struct session *s)
{
	struct text t = {0};

	if (s->args->quiet)
		return;
	if (s->dir.moved_to)
		fprintf(stderr, "profd: the earlier results are in %s\n",
			s->dir.moved_to);
	text_addf(&t, "profd: %u workload%s in ", s->outcome.nworkloads,
		  s->outcome.nworkloads == 1 ? "" : "s");
	figure_add_duration(&t, s->outcome.plan.spent_s);
	fprintf(stderr, "%s; results in %s\n", t.s, s->dir.path);
	text_done(&t);
}

static int results_write(struct session *s, struct error *err)
{
	int code = outcome_write_all(&s->outcome, s->dir.fd, OUTCOME_FACES_USUAL, err);

	if (code == 0)
		code = outcome_run_save(&s->outcome, s->dir.fd, err);
	if (code == 0 && s->args->json)
		code = output_stdout(write_json, &s->outcome, err);
	else if (code == 0 && !s->args->quiet)
		code = output_stdout(write_table, &s->outcome, err);
	if (code < 0)
		return cmd_fail(2, err);
	say_end(s);
	return s->outcome.exit_status;
}

/* As the signal would have ended profd, once what it interrupted is written. */
static void die_by(int sig)
{
	sigset_t one;

	signal(sig, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, sig);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	raise(sig);
}

static int run(struct session *s, char **argv, struct error *err)
{
	struct testbed_watch watch;
	struct load load;
	int code, status;

	outcome_begin(s, argv);
	status = folder_open(s, err);
	if (status)
		return status;
	code = load_start(&load, s->args->load_threads, s->args->load_nice, err);
	if (code < 0) {
		outdir_discard(&s->dir);
		return cmd_fail(2, err);
	}
	testbed_watch_start(&watch);
	code = workloads_run(s, err);
	testbed_watch_end(&watch, &s->outcome.environment);
	load_stop(&load);
	s->outcome.environment.load_threads = s->args->load_threads;
	s->outcome.environment.load_nice = (uint32_t)s->args->load_nice;
	if (code < 0 && code != -EINTR) {
		outdir_discard(&s->dir);
		return cmd_fail(2, err);
	}
	if (code == -EINTR)
		vec_push(&s->notes, "interrupted: what was measured so far");
	outcome_end(s);
	status = results_write(s, err);
	if (code == -EINTR) {
		fprintf(stderr, "profd: %s\n", err->text);
		die_by(bench_interrupted());
	}
	return status;
}

static void session_done(struct session *s)
{
	if (s->log_fd >= 0)
		close(s->log_fd);
	outdir_close(&s->dir);
	config_free(s->config);
	arena_done(&s->outcome.arena);
	vec_done(&s->notes);
	vec_done(&s->isolation);
	free(s->chosen);
	free(s->config_path);
	free(s->root);
	free(s->dir_path);
}

int cmd_bench(int argc, char **argv)
{
	struct bench_args args;
	struct session s = {.args = &args, .dir.fd = -1, .log_fd = -1};
	struct error err = {0};
	int status = bench_args_parse(&args, argc, argv);

	if (!status && args.help) {
		fputs(BENCH_USAGE, stdout);
	} else if (!status) {
		bench_line_init(&s.line, args.quiet);
		status = config_load(&s, &err);
		if (!status)
			status = workloads_choose(&s, &err);
		if (!status && strictness_find(args.strictness, s.config->strictness,
					       &s.outcome.strictness,
					       &s.outcome.strictness_from, &err) < 0)
			status = cmd_fail(2, &err);
		if (!status)
			status = run(&s, argv, &err);
		session_done(&s);
	}
	bench_args_done(&args);
	return status;
}
