/* One run of a workload: setup, server, command, teardown, each by the helper program, and
 * the values that come of it. */
#include "bench-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <profd/io.h>

#define TICK_MS 100 /* where a signal cannot wake us */
#define VALGRIND_SLOWER 20
#define PROFILE_SLOWER 4

/* --- waiting ------------------------------------------------------------------------ */

static bool is_over(const struct child *c, bool held)
{
	return c->ended || (held && c->held);
}

static void end_all(struct running *r)
{
	child_tell(&r->command, HELPER_KILL);
	child_tell(&r->server, HELPER_KILL);
}

/* A server that ends while it is needed takes the command with it. */
static int watch_server(struct running *r, const struct child *waiting, struct error *err)
{
	int code = child_feed(&r->server, err);

	if (code == 0 && r->server.ended && waiting != &r->server)
		child_tell(waiting, HELPER_KILL);
	return code;
}

int running_wait(struct running *r, struct child *c, bool held, struct error *err)
{
	int code = 0;

	while (code == 0 && !is_over(c, held)) {
		bool server = r->server.helper && !r->server.ended && c != &r->server;
		struct pollfd fds[] = {
			{.fd = c->control, .events = POLLIN},
			{.fd = r->output.read_fd, .events = POLLIN},
			{.fd = interrupt_fd(), .events = POLLIN},
			{.fd = server ? r->server.control : -1, .events = POLLIN},
		};

		if (poll(fds, ARRAY_SIZE(fds), TICK_MS) < 0)
			continue;
		if (fds[1].revents)
			output_pump(&r->output);
		if (interrupt_count() > r->patience) {
			child_tell(c, HELPER_KILL);
			end_all(r);
		}
		if (fds[3].revents)
			code = watch_server(r, c, err);
		if (code == 0 && fds[0].revents)
			code = child_feed(c, err);
	}
	output_pump(&r->output);
	return code;
}

void running_failed(struct running *r, enum bench_end end, const struct error *why,
		    const char *whose)
{
	struct bench_result *result = r->result;

	if (result->end != BENCH_ENDED)
		return;
	result->end = bench_interrupted() ? BENCH_INTERRUPTED : end;
	if (result->end == BENCH_INTERRUPTED) {
		error_set(&result->error, -EINTR, "ended by SIG%s",
			  sigabbrev_np(bench_interrupted()));
		return;
	}
	result->error = *why;
	if (whose)
		error_set(&result->error, why->code, "%s: %s", whose, why->text);
	if (whose)
		error_hint(&result->error, "%s", why->hint);
}

/* --- setup and teardown ------------------------------------------------------------- */

static void spec_fill(struct running *r, struct child_spec *s,
		      const struct config_command *c)
{
	*s = (struct child_spec){
		.helper = r->b->helper,
		.argv = command_argv(c),
		.env = env_get(&r->env),
		.dir = r->dir,
		.timeout_ns = bench_timeout_ns(r->b),
		.output_fd = r->output.write_fd,
	};
}

int running_aside(struct running *r, const struct config_command *command,
		  const char *whose, struct error *err)
{
	struct child c = {0};
	struct child_spec s;
	struct error why = {0};
	int code;

	if (!command->text && !command->argc)
		return 0;
	spec_fill(r, &s, command);
	code = child_start(&c, &s, err);
	if (code == 0)
		code = running_wait(r, &c, false, err);
	if (code == 0 && !child_ended_well(&c, &s, &why))
		running_failed(r, BENCH_SETUP, &why, whose);
	child_done(&c);
	free((void *)s.argv);
	return code;
}

/* --- the command -------------------------------------------------------------------- */

static char **words_join(char *const *a, char *const *b)
{
	size_t na = 0, nb = 0;
	char **all;

	while (a[na])
		na++;
	while (b[nb])
		nb++;
	all = xcalloc(na + nb + 1, sizeof(*all));
	memcpy(all, a, na * sizeof(*all));
	memcpy(all + na, b, nb * sizeof(*all));
	return all;
}

static char **profile_argv(const struct running *r, char *const *command)
{
	static char self[PATH_MAX], rate[16];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *words[] = {self,
			 (char *)"record",
			 (char *)"-q",
			 (char *)"--force",
			 (char *)"-o",
			 (char *)r->how->profile_dir,
			 rate,
			 (char *)(r->how->profile_wall ? "--wall" : "--"),
			 (char *)(r->how->profile_wall ? "--" : NULL),
			 NULL};

	self[n > 0 ? n : 0] = '\0';
	snprintf(rate, sizeof(rate), "-F%" PRIu32, r->how->profile_hz);
	if (!r->how->profile_hz)
		words[6] = (char *)"-q";
	return words_join(words, command);
}

/* What is measured is the server where there is one, else the command. */
void running_measured(struct running *r, struct child_spec *s)
{
	const struct bench *b = r->b;
	char **plain = (char **)s->argv;

	s->cpus = b->cpus;
	s->nice = b->options.isolation.nice;
	s->no_aslr = r->flavour == FLAVOUR_EXACT || r->flavour == FLAVOUR_VALGRIND;
	s->hold = counting_wanted(r);
	if (r->flavour == FLAVOUR_VALGRIND) {
		s->argv = valgrind_argv(b, plain);
		s->timeout_ns *= VALGRIND_SLOWER;
		free((void *)plain);
	} else if (r->flavour == FLAVOUR_PROFILE) {
		s->argv = profile_argv(r, plain);
		s->timeout_ns *= PROFILE_SLOWER;
		free((void *)plain);
	}
}

int running_start(struct running *r, struct child *c, struct child_spec *s,
		  struct error *err)
{
	int code = child_start(c, s, err);

	if (code < 0 || !s->hold)
		return code;
	code = running_wait(r, c, true, err);
	if (code == 0 && !c->ended)
		code = counting_open(r, c->held, err);
	child_tell(c, HELPER_GO);
	return code;
}

static enum bench_end end_of(const struct helper_message *m)
{
	if (m->stage != HELPER_RAN)
		return BENCH_NOT_RUN;
	if (m->timed_out)
		return BENCH_TIMEOUT;
	return m->status ? BENCH_FAILED : BENCH_ENDED;
}

static int command_run(struct running *r, struct error *err)
{
	const struct config_command *command = r->how->command ? r->how->command
							       : &r->b->w->command;
	struct helper_message *m = &r->command.report;
	struct error why = {0};
	int code;

	spec_fill(r, &r->command_spec, command);
	if (!r->server.helper)
		running_measured(r, &r->command_spec);
	code = running_start(r, &r->command, &r->command_spec, err);
	if (code == 0)
		code = running_wait(r, &r->command, false, err);
	if (code < 0)
		return code;
	r->result->status = m->status;
	r->result->survivors = m->survivors;
	if (r->server.helper && r->server.ended) {
		child_ended_well(&r->server, &r->server_spec, &why);
		if (!r->server.report.status)
			error_set(&why, -EPIPE, "exit status 0");
		running_failed(r, BENCH_SERVER, &why, "its server ended too early");
	} else if (!child_ended_well(&r->command, &r->command_spec, &why)) {
		running_failed(r, end_of(m), &why, NULL);
	}
	return 0;
}

/* --- values ------------------------------------------------------------------------- */

static void program_values(struct running *r, double *values)
{
	_cleanup_free_ char *data = NULL;
	struct error why = {0};
	size_t n;
	int code = io_slurp(r->b->metrics_path, BENCH_METRICS_MAX_BYTES, &data, &n);

	if (code == 0)
		code = metrics_parse(r->b->w, data, n, values, r->b->units, &why);
	else
		error_set(&why, code, "cannot read PROFD_METRICS: %s", strerror(-code));
	if (code == -EFBIG)
		error_set(&why, code, "more than %u MiB in PROFD_METRICS",
			  BENCH_METRICS_MAX_BYTES >> 20);
	if (code < 0)
		running_failed(r, BENCH_METRICS, &why, NULL);
}

static bool is_of(const struct config_metric *m, enum flavour flavour)
{
	if (flavour == FLAVOUR_VALGRIND)
		return m->from == CONFIG_FROM_VALGRIND;
	if (flavour == FLAVOUR_PROFILE || m->from == CONFIG_FROM_VALGRIND)
		return false;
	return flavour == FLAVOUR_PLAIN || m->exact;
}

static void values_take(struct running *r)
{
	const struct config_workload *w = r->b->w;
	double *all = xcalloc(w->nmetrics + 1, sizeof(*all)), instructions = 0;
	const struct child *measured = r->server.helper ? &r->server : &r->command;
	struct helper_message m = measured->report;
	struct error why = {0};
	int code = 0;

	m.start_ns = r->command.report.start_ns;
	m.end_ns = r->command.report.end_ns;
	values_of_process(w, &m, all);
	code = values_of_files(w, r->how->root, all, &why);
	if (code == 0 && r->counters)
		counting_values(r);
	if (code == 0 && r->flavour == FLAVOUR_VALGRIND)
		code = valgrind_read(r->b, &instructions, &why);
	if (code < 0)
		running_failed(r, BENCH_METRICS, &why, NULL);
	if (code == 0 && r->flavour != FLAVOUR_VALGRIND && r->flavour != FLAVOUR_PROFILE)
		program_values(r, all);
	for (uint32_t i = 0; i < w->nmetrics; i++) {
		if (w->metrics[i].from == CONFIG_FROM_VALGRIND)
			all[i] = instructions;
		if (is_of(&w->metrics[i], r->flavour) &&
		    w->metrics[i].from != CONFIG_FROM_PERF)
			r->result->values[i] = all[i];
	}
	free(all);
}

static void means_tell(struct running *r)
{
	const struct child *measured = r->server.helper ? &r->server : &r->command;
	uint32_t refused = measured->report.refused;
	struct bench *b = r->b;

	if (b->cpus)
		means_set(b, "CPU pinning", !(refused & HELPER_NO_CPUS),
			  refused & HELPER_NO_CPUS ? "the kernel refused CPU %s"
						   : "CPU %s",
			  b->cpus);
	if (b->options.isolation.nice)
		means_set(b, "priority", !(refused & HELPER_NO_NICE),
			  refused & HELPER_NO_NICE ? "this user may not set nice %d"
						   : "nice %d",
			  b->options.isolation.nice);
	if (measured == &r->command ? r->command_spec.no_aslr : r->server_spec.no_aslr)
		means_set(b, "ASLR off, for exact metrics",
			  !(refused & HELPER_NO_ASLR_OFF), "%s",
			  refused & HELPER_NO_ASLR_OFF ? "personality(2) is denied here"
						       : "off");
}

/* --- all of it ---------------------------------------------------------------------- */

static void environment_fill(struct running *r)
{
	const struct config_workload *w = r->b->w;
	bool fixed = r->flavour == FLAVOUR_EXACT || r->flavour == FLAVOUR_VALGRIND;

	env_add_current(&r->env, fixed);
	for (uint32_t i = 0; i < w->nenv; i++)
		env_set(&r->env, w->env[i].name, w->env[i].value);
	env_set(&r->env, "PROFD_BENCH", "1");
	env_set(&r->env, "PROFD_METRICS", r->b->metrics_path);
	if (r->how->padding_bytes && !fixed) {
		char *padding = xcalloc(r->how->padding_bytes + 1, 1);

		memset(padding, 'x', r->how->padding_bytes);
		env_set(&r->env, "PROFD_PADDING", padding);
		free(padding);
	}
}

static char *folder_of(const struct bench_run *how, const char *cwd)
{
	if (cwd && (cwd[0] == '/' || !how->root))
		return xstrdup(cwd);
	if (cwd)
		return xasprintf("%s/%s", how->root, cwd);
	return how->root ? xstrdup(how->root) : NULL;
}

static int metrics_file_make(const struct bench *b, struct error *err)
{
	int fd = open(b->metrics_path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);

	if (fd < 0)
		return error_set(err, -errno, "cannot write '%s': %s", b->metrics_path,
				 strerror(errno));
	close(fd);
	return 0;
}

static int steps(struct running *r, struct error *err)
{
	const struct config_workload *w = r->b->w;
	int code = running_aside(r, &w->setup, "its setup", err), after;

	if (code < 0 || r->result->end != BENCH_ENDED)
		return code;
	code = server_start(r, err);
	if (code == 0 && r->result->end == BENCH_ENDED)
		code = command_run(r, err);
	after = server_stop(r, code < 0 ? NULL : err);
	if (code == 0)
		code = after;
	if (code == 0 && r->result->end == BENCH_ENDED)
		values_take(r);
	if (code == 0)
		means_tell(r);
	/* It cleans up, also after a signal; a second one ends it, too. */
	r->patience = interrupt_count();
	after = running_aside(r, &w->teardown, "its teardown", code < 0 ? NULL : err);
	return code < 0 ? code : after;
}

int running_run(struct running *r, struct error *err)
{
	int code;

	r->dir = folder_of(r->how, r->b->w->cwd);
	environment_fill(r);
	code = metrics_file_make(r->b, err);
	if (code == 0)
		code = output_open(&r->output, r->b->options.log_fd, err);
	if (code == 0)
		code = steps(r, err);
	child_done(&r->command);
	child_done(&r->server);
	counters_close(r->counters);
	output_pump(&r->output);
	free(r->result->tail);
	r->result->tail = output_tail(&r->output);
	output_close(&r->output);
	env_done(&r->env);
	free((void *)r->command_spec.argv);
	free((void *)r->server_spec.argv);
	free(r->dir);
	return code;
}
