/* Records a program through profd's own session and keeps what its unwinder is given. The
 * session unwinds by frame pointers here: that reads no .eh_frame, so that whoever
 * unwinds the capture later begins with nothing decoded. */
#include "capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <profd/launch.h>
#include <profd/sampler.h>
#include <profd/session.h>
#include <profd/source.h>

#define KEPT_BYTES_MAX ((uint64_t)1 << 30)

struct taking {
	struct capture *c;
	uint64_t seen, stride; /* every stride-th is kept */
};

static void sample_done(struct capture *c, struct capture_sample *s)
{
	c->stack_bytes -= s->stack_bytes;
	free(s->stack);
	space_put(s->space);
}

/* Every second one goes. */
static void thin_out(struct taking *t)
{
	struct capture *c = t->c;
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->samples.n; i++) {
		if (i % 2)
			sample_done(c, &c->samples.v[i]);
		else
			c->samples.v[n++] = c->samples.v[i];
	}
	c->samples.n = n;
	t->stride *= 2;
}

static void keep(void *arg, const struct unwind_input *in, const struct frame *frames,
		 unsigned n, enum unwind_stop stop)
{
	struct taking *t = arg;
	struct capture *c = t->c;

	(void)frames;
	(void)n;
	(void)stop;
	if (t->seen++ % t->stride)
		return;
	vec_push(&c->samples, ((struct capture_sample){
				      .regs = *in->regs,
				      .stack = xmemdup(in->stack, in->stack_bytes),
				      .stack_bytes = (uint32_t)in->stack_bytes,
				      .pid = in->pid,
				      .space = space_get(in->space),
			      }));
	c->stack_bytes += in->stack_bytes;
	if (c->stack_bytes > c->max_bytes)
		c->max_bytes = c->stack_bytes;
	if (c->samples.n >= 2 * c->max_samples || c->stack_bytes > KEPT_BYTES_MAX)
		thin_out(t);
}

static int feed(struct taking *t, struct launch *launch, struct sampler *sampler,
		const struct session_options *options, struct error *err)
{
	struct session *ses = session_new(options, err);
	struct source *source;
	struct event ev;
	int code;

	if (!ses)
		return err->code;
	sampler_start(sampler);
	code = launch_exec(launch, err);
	if (code < 0) {
		session_free(ses);
		return code;
	}
	session_observe(ses, keep, t);
	source = source_perf_new(sampler, launch, false);
	while ((code = source_next(source, &ev)) > 0)
		session_feed(ses, &ev);
	source_free(source);
	session_free(ses);
	return code;
}

int capture_take(struct capture *c, char **command, uint32_t hz, uint32_t max_samples,
		 struct error *err)
{
	struct sampler_options so = {
		.event = "cpu-clock", .hz = hz, .reach = REACH_INHERIT};
	struct session_options options = {.unwind = UNWIND_FP,
					  .event = "cpu-clock",
					  .clock = true,
					  .period = 1000000000 / hz};
	struct taking t = {.c = c, .stride = 1};
	struct sampler *sampler;
	struct launch launch;
	int code;

	*c = (struct capture){.max_samples = max_samples};
	code = launch_start(&launch, command, err);
	if (code < 0)
		return code;
	sampler = sampler_open(&so, launch.pid, err);
	options.root_pid = (uint32_t)launch.pid;
	code = sampler ? feed(&t, &launch, sampler, &options, err) : err->code;
	sampler_close(sampler);
	if (code == 0 && (!WIFEXITED(launch.status) || WEXITSTATUS(launch.status))) {
		error_set(err, -ECHILD, "%s failed", command[0]);
		code = -ECHILD;
	}
	launch_done(&launch);
	return code;
}

void capture_done(struct capture *c)
{
	for (uint32_t i = 0; i < c->samples.n; i++)
		sample_done(c, &c->samples.v[i]);
	vec_done(&c->samples);
}

void capture_input(const struct capture_sample *s, struct unwind_input *ret_in)
{
	*ret_in = (struct unwind_input){
		.regs = &s->regs,
		.stack = s->stack,
		.stack_bytes = s->stack_bytes,
		.space = s->space,
		.pid = s->pid,
	};
}
