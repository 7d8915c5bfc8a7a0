/* The server that a workload drives: started before the command, measured up to its end. */
#include "bench-priv.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <profd/clock.h>

#define RETRY_MS 20

static bool given(const struct config_command *c)
{
	return c->text || c->argc;
}

/* A command that asks it, ours for HTTP. 0 or -EAGAIN, with the reason in @ret_why;
 * another error in @err is ours. */
static int ask_by_command(struct running *r, struct error *ret_why, struct error *err)
{
	const struct config_server *server = &r->b->w->server;
	const char *fetch[] = {r->b->fetch, server->ready_url, NULL};
	const struct config_command by_http = {.argv = fetch, .argc = 2};
	struct child_spec s = {
		.helper = r->b->helper,
		.argv = command_argv(server->ready_url ? &by_http : &server->ready),
		.env = env_get(&r->env),
		.dir = r->dir,
		.timeout_ns = server->timeout_ns,
		.output_fd = r->output.write_fd,
	};
	struct child c = {0};
	int code = child_start(&c, &s, err);

	if (code == 0)
		code = running_wait(r, &c, false, err);
	if (code == 0 && !child_ended_well(&c, &s, ret_why))
		code = c.report.stage == HELPER_RAN ? -EAGAIN : -ENOENT;
	child_done(&c);
	free((void *)s.argv);
	return code;
}

/* Half a moment, cut short by what the server or the user does. */
static int pause_a_little(struct running *r, struct error *err)
{
	struct pollfd fds[] = {{.fd = r->server.control, .events = POLLIN},
			       {.fd = interrupt_fd(), .events = POLLIN}};

	if (r->server.ended)
		return 0;
	poll(fds, 2, RETRY_MS);
	output_pump(&r->output);
	return fds[0].revents ? child_feed(&r->server, err) : 0;
}

/* Ends with the run failed where it does not get ready. */
static int await_ready(struct running *r, struct error *err)
{
	const struct config_server *server = &r->b->w->server;
	uint64_t end_ns = clock_now_ns() + server->timeout_ns;
	struct error why = {0}, text = {0};
	int code, fatal;

	while (!r->server.ended && !bench_interrupted()) {
		why = (struct error){0};
		code = server->ready_url && !r->b->fetch
			       ? ready_try(server->ready_url, &why)
			       : ask_by_command(r, &why, err);
		if (code == 0 && !r->server.ended)
			return 0;
		if (code < 0 && code != -EAGAIN && !why.text[0])
			return code;
		if (code < 0 && code != -EAGAIN) {
			running_failed(r, BENCH_SERVER, &why,
				       "whether its server is ready");
			return 0;
		}
		if (clock_now_ns() >= end_ns)
			break;
		fatal = pause_a_little(r, err);
		if (fatal < 0)
			return fatal;
	}
	if (r->server.ended) {
		if (child_ended_well(&r->server, &r->server_spec, &text))
			error_set(&text, -EPIPE, "exit status 0");
		running_failed(r, BENCH_SERVER, &text,
			       "its server ended before it was ready");
	} else {
		error_set(&text, -ETIMEDOUT, "its server was not ready within %g s: %s",
			  (double)server->timeout_ns / 1e9, why.text);
		running_failed(r, BENCH_SERVER, &text, NULL);
	}
	return 0;
}

int server_start(struct running *r, struct error *err)
{
	const struct config_server *server = &r->b->w->server;
	int code;

	if (!given(&server->command))
		return 0;
	r->server_spec = (struct child_spec){
		.helper = r->b->helper,
		.argv = command_argv(&server->command),
		.env = env_get(&r->env),
		.dir = r->dir,
		.output_fd = r->output.write_fd,
	};
	running_measured(r, &r->server_spec);
	code = running_start(r, &r->server, &r->server_spec, err);
	return code < 0 ? code : await_ready(r, err);
}

/* It may end by the signal, or catch it and say what it likes; a profiler in between tells
 * the same. */
static bool stopped_well(const struct helper_message *m)
{
	return m->stopped &&
	       ((WIFSIGNALED(m->status) && WTERMSIG(m->status) == SIGTERM) ||
		WIFEXITED(m->status));
}

int server_stop(struct running *r, struct error *err)
{
	struct error why = {0};
	int code;

	if (!r->server.helper)
		return 0;
	if (r->server.ended)
		return 0;
	child_tell(&r->server, HELPER_STOP);
	code = running_wait(r, &r->server, false, err);
	if (code < 0 || stopped_well(&r->server.report))
		return code;
	if (!child_ended_well(&r->server, &r->server_spec, &why))
		running_failed(r, BENCH_SERVER, &why, "its server, asked to end");
	return 0;
}
