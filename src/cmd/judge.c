/* From options to an exit status: the sides are found and built, the gate runs them, what
 * stood out is profiled, files are written. */
#include "judge.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include <profd/choose.h>
#include <profd/clock.h>
#include <profd/coin.h>
#include <profd/load.h>
#include <profd/outcome-io.h>
#include <profd/strictness.h>
#include <profd/text.h>

struct judging {
	const struct judge_options *o;
	struct error err;
	struct outdir dir;
	bool has_dir, has_sides;
	int log_fd;
	char log_name[64];
	char *config_path, *folder; /* of the configuration */
	struct config *config, *base_config;
	struct checkout sides;
	bool *chosen;
	struct outcome out, file; /* file: an earlier result, instead of a base */
	struct outcome *shards;
	struct gate_options gate;
	struct gate_bench *bench;
	struct gate_replay *replay;
	struct judge_say say;
	struct testbed_watch watch;
	uint64_t start_ns;
	char *no_base;
	struct config_command base_cmd, head_cmd;
};

/* --- before anything runs ------------------------------------------------------------ */

static int open_log(struct judging *j)
{
	char utc[CLOCK_UTC_BYTES];

	snprintf(j->log_name, sizeof(j->log_name), "log-%s.txt",
		 clock_utc_name(clock_wall_ns(), utc));
	j->log_fd = openat(j->dir.fd, j->log_name,
			   O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (j->log_fd >= 0)
		return 0;
	return error_set(&j->err, -errno, "cannot write '%s/%s': %s", j->dir.path,
			 j->log_name, strerror(errno));
}

static int open_output(struct judging *j)
{
	int code = outdir_open(&j->dir, j->o->output, j->o->force, &j->err);

	j->has_dir = true;
	if (code == 0 && !j->o->force && j->o->output &&
	    faccessat(j->dir.fd, OUTCOME_FILE, F_OK, 0) == 0) {
		code = error_set(&j->err, -EEXIST, "'%s' holds results", j->dir.path);
		error_hint(&j->err, "--force overwrites them");
	}
	return code < 0 ? code : open_log(j);
}

/* Of head: its folder, or around the current one. */
static int read_config(struct judging *j)
{
	const char *slash;

	if (j->o->head_cmd) {
		j->config = judge_config_commands();
		return 0;
	}
	if (j->o->head)
		j->config_path = xasprintf("%s/" CONFIG_FILE, j->o->head + 4);
	else
		j->config_path = config_find(&j->err);
	if (!j->config_path)
		return j->err.code;
	slash = strrchr(j->config_path, '/');
	j->folder = slash ? xstrndup(j->config_path, (size_t)(slash - j->config_path))
			  : xstrdup(".");
	j->config = judge_config_read(j->config_path);
	return j->config ? 0 : -EINVAL;
}

static int choose(struct judging *j)
{
	const struct choose how = {
		.names = j->o->names,
		.nnames = j->o->nnames,
		.tier = j->o->tier,
		.has_tier = j->o->has_tier,
	};
	int n;

	j->chosen = xcalloc((size_t)j->config->nworkloads + 1, sizeof(*j->chosen));
	n = choose_workloads(j->config, &how, j->chosen, &j->err);
	return n < 0 ? n : 0;
}

static int gate_prepare(struct judging *j)
{
	const struct judge_options *o = j->o;
	struct gate_options *g = &j->gate;

	*g = (struct gate_options){
		.config = j->config,
		.whole_family = o->collect || o->nshards,
		.collect = o->collect,
		.mode = o->mode,
		.tier = o->tier,
		.has_tier = o->has_tier,
		.threshold = o->threshold,
		.time_budget_ns = o->time_budget_ns,
		.seed = o->seed,
		.bisect = o->bisect,
	};
	if (o->nnames || o->has_tier)
		g->chosen = j->chosen;
	return strictness_find(o->strictness, j->config->strictness, &g->strictness,
			       &g->strictness_from, &j->err);
}

/* --- sides --------------------------------------------------------------------------- */

static void fill_sides(struct judging *j)
{
	judge_outcome_side(&j->out, &j->out.base, &j->sides.base);
	judge_outcome_side(&j->out, &j->out.head, &j->sides.head);
}

/* Two commands have the current folder in common. */
static void commands_as_sides(struct judging *j)
{
	j->base_cmd.text = j->o->base_cmd;
	j->head_cmd.text = j->o->head_cmd;
	j->out.base.label = j->o->base_cmd;
	j->out.head.label = j->o->head_cmd;
	if (!j->o->has_seed)
		j->gate.seed = coin_seed(j->o->base_cmd, j->o->head_cmd);
}

/* Why head has nothing to be compared with, if so. */
static int look_for_base(struct judging *j)
{
	const struct checkout_side *b = &j->sides.base;
	int code;

	if (b->kind == CHECKOUT_NONE) {
		j->gate.no_base = b->why;
		j->gate.no_base_verdict = VERDICT_NO_BASELINE;
	} else if (b->broken) {
		j->no_base = xasprintf("base does not build (%s), so that there is "
				       "nothing to compare with",
				       b->what);
		j->gate.no_base = j->no_base;
		j->gate.no_base_verdict = VERDICT_NO_BASELINE;
	} else if (b->kind == CHECKOUT_FILE) {
		code = outcome_load(b->path, &j->file, &j->err);
		if (code < 0)
			return code;
		j->gate.no_base = "base is the result of an earlier run, which is shown "
				  "and does not judge";
		j->gate.no_base_verdict = VERDICT_NOT_COMPARABLE;
	}
	return 0;
}

static void say_broken(const struct judging *j, const char *side,
		       const struct checkout_side *s)
{
	struct text t = {0};
	const char *line = s->output ? s->output : "";

	fprintf(stderr, "profd: %s does not build: %s\n", side, s->what);
	while (*line && !j->o->quiet) {
		size_t n = strcspn(line, "\n");

		cmd_add_output(&t, line, n);
		fprintf(stderr, "  | %s\n", text_get(&t));
		text_done(&t);
		line += n + (line[n] == '\n');
	}
}

static int open_sides(struct judging *j)
{
	struct checkout *c = &j->sides;
	char *text;
	int code = checkout_open(c, j->folder, j->o->base, j->o->head, &j->err);

	j->has_sides = true;
	if (code < 0)
		return code;
	c->log_fd = j->log_fd;
	fill_sides(j);
	if (!j->o->quiet)
		judge_say_sides(&j->out);
	text = checkout_base_config(c, CONFIG_FILE);
	if (text)
		j->base_config = judge_config_base(text);
	free(text);
	j->gate.base_config = j->base_config;
	code = checkout_make(c, &j->config->build, &j->err);
	if (code < 0)
		return code;
	if (!j->o->has_seed)
		j->gate.seed = coin_seed(c->base.id ? c->base.id : "", c->head.id);
	fill_sides(j);
	if (c->base.broken)
		say_broken(j, "base", &c->base);
	if (c->head.broken)
		say_broken(j, "head", &c->head);
	return look_for_base(j);
}

/* --- running ------------------------------------------------------------------------- */

static int run_real(struct judging *j)
{
	const struct config_command *const commands[GATE_SIDES] = {
		&j->base_cmd, &j->base_cmd, &j->head_cmd};
	struct gate_bench_options o = {
		.config = j->config,
		.bench = {.tier = j->o->tier,
			  .has_tier = j->o->has_tier,
			  .log_fd = j->log_fd},
		.plan = judge_say_plan,
		.progress = judge_say_progress,
		.arg = &j->say,
	};
	struct gate_runner runner;
	struct load load;
	int code;

	for (unsigned i = 0; i < GATE_SIDES; i++) {
		if (j->o->head_cmd)
			o.commands[i] = commands[i];
	}
	o.checkout = j->o->head_cmd ? NULL : &j->sides;
	o.roots[GATE_BASE] = j->o->head_cmd ? "." : j->sides.base.root;
	o.roots[GATE_COPY] = o.roots[GATE_BASE];
	o.roots[GATE_HEAD] = j->o->head_cmd ? "." : j->sides.head.root;
	j->gate.spent_ns = clock_now_ns() - j->start_ns;
	j->bench = gate_bench_open(&o, &runner);
	code = load_start(&load, j->o->load_threads, j->o->load_nice, &j->err);
	if (code < 0)
		return code;
	testbed_watch_start(&j->watch);
	code = gate_judge(&j->gate, &runner, &j->out, &j->err);
	judge_say_end(&j->say);
	testbed_watch_end(&j->watch, &j->out.environment);
	load_stop(&load);
	j->out.environment.load_threads = j->o->load_threads;
	j->out.environment.load_nice = (uint32_t)j->o->load_nice;
	if (code == 0)
		gate_bench_means(j->bench, &j->out);
	return code;
}

static int run_shards(struct judging *j)
{
	const struct judge_options *o = j->o;
	_cleanup_free_ const struct outcome **list = xcalloc(o->nshards + 1,
							     sizeof(*list));
	struct gate_runner runner;
	int code = 0;

	j->shards = xcalloc(o->nshards + 1, sizeof(*j->shards));
	for (uint32_t i = 0; i < o->nshards && code == 0; i++) {
		code = outcome_load(o->shards[i], &j->shards[i], &j->err);
		list[i] = &j->shards[i];
	}
	if (code < 0)
		return code;
	j->gate.seed = list[0]->plan.seed;
	j->replay = gate_replay_open(j->config, list, o->nshards, &runner, &j->err);
	if (!j->replay)
		return j->err.code;
	j->out.base = list[0]->base;
	j->out.head = list[0]->head;
	code = gate_judge(&j->gate, &runner, &j->out, &j->err);
	for (uint32_t i = 0; i < o->nshards; i++)
		j->out.plan.spent_s += j->shards[i].plan.spent_s;
	return code;
}

static int profile(struct judging *j)
{
	uint64_t budget_ns = j->o->time_budget_ns ? j->o->time_budget_ns
						  : j->config->time_budget_ns;
	const struct judge_profiles p = {
		.config = j->config,
		.folder = j->dir.path,
		.has_base = j->o->head_cmd || j->sides.base.root,
		.deadline_ns = budget_ns ? j->start_ns + budget_ns : 0,
		.sides = j->o->head_cmd ? NULL : &j->sides,
	};

	return judge_profiles(j->bench, &p, &j->out, &j->err);
}

static int run(struct judging *j)
{
	int code = 0;

	if (j->o->nshards)
		return run_shards(j);
	if (j->o->head_cmd)
		commands_as_sides(j);
	else
		code = open_sides(j);
	if (code < 0)
		return code;
	if (j->sides.head.broken) {
		judge_outcome_broken(&j->out, j->config, j->chosen, &j->sides.head);
		if (j->o->bisect)
			j->out.exit_status = 125;
		return 0;
	}
	code = run_real(j);
	if (code < 0)
		return code;
	if (j->o->head_cmd) {
		/* What ran instead of the configuration's. */
		((struct outcome_workload *)j->out.workloads)->command = j->o->head_cmd;
	}
	if (j->sides.base.kind == CHECKOUT_FILE)
		judge_put_base(&j->out, &j->file);
	return j->o->collect || j->o->no_profile ? 0 : profile(j);
}

/* --- all of it ----------------------------------------------------------------------- */

static int prepare(struct judging *j)
{
	int code = read_config(j);

	if (code == 0)
		code = choose(j);
	if (code == 0)
		code = gate_prepare(j);
	if (code == 0)
		code = open_output(j);
	if (code == 0)
		judge_say_init(&j->say, j->config, j->o->quiet);
	return code;
}

static int write_outcome(struct judging *j)
{
	int code;

	judge_outcome_end(&j->out, j->o);
	code = outcome_write_all(&j->out, j->dir.fd, OUTCOME_FACES_USUAL, &j->err);
	if (code == 0)
		code = outcome_run_save(&j->out, j->dir.fd, &j->err);
	judge_say_outcome(j->o, &j->out, j->dir.path);
	if (j->dir.moved_to && !j->o->quiet)
		fprintf(stderr, "profd: the earlier %s is in %s\n", j->dir.path,
			j->dir.moved_to);
	return code;
}

/* Before there was anything to write: as if it had not been started. */
static void discard(struct judging *j)
{
	struct stat st;

	if (j->log_fd >= 0 && fstat(j->log_fd, &st) == 0 && st.st_size == 0)
		unlinkat(j->dir.fd, j->log_name, 0);
	outdir_discard(&j->dir);
}

static void judging_done(struct judging *j)
{
	gate_bench_close(j->bench);
	gate_replay_close(j->replay);
	if (j->has_sides)
		checkout_close(&j->sides);
	if (j->log_fd >= 0)
		close(j->log_fd);
	if (j->has_dir)
		outdir_close(&j->dir);
	for (uint32_t i = 0; j->shards && i < j->o->nshards; i++)
		outcome_done(&j->shards[i]);
	free(j->shards);
	outcome_done(&j->out);
	outcome_done(&j->file);
	config_free(j->config);
	config_free(j->base_config);
	free(j->chosen);
	free(j->config_path);
	free(j->folder);
	free(j->no_base);
}

/* For git bisect, 128 ends the search; no usage error is a bad commit. */
static int failed(const struct judging *j, int code)
{
	if (code < 0 && j->err.text[0] && code != -EINTR)
		cmd_fail(2, &j->err);
	return j->o->bisect ? 128 : 2;
}

int judge(const struct judge_options *o)
{
	struct judging j = {.o = o, .log_fd = -1, .start_ns = clock_now_ns()};
	int code, status, sig = 0;

	judge_outcome_start(&j.out, o);
	code = prepare(&j);
	if (code == 0)
		code = run(&j);
	if (code == 0)
		code = write_outcome(&j);
	else if (j.has_dir)
		discard(&j);
	judge_say_end(&j.say);
	if (code == -EINTR)
		sig = bench_interrupted();
	status = code < 0 ? failed(&j, code) : j.out.exit_status;
	judging_done(&j);
	if (sig) {
		fprintf(stderr, "profd: interrupted\n");
		raise(sig);
	}
	return status;
}
