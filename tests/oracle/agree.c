/* agree [-F HZ] [-n SAMPLES] [--break KIND] [--libdw-only] -- COMMAND...: records a
 * program and has every sample unwound by libdw and libunwind too. Frames are compared
 * one by one, innermost first.
 *
 * Ends with 0 when each agrees with the session's own unwinder in 99.5 % of the frames,
 * with 1 when one does not, with 2 on trouble, with 77 where an unwinder is not built in.
 * --break makes the session's unwinder misread one kind of rule: the comparison must
 * notice. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <profd/error.h>
#include <profd/launch.h>
#include <profd/sampler.h>
#include <profd/session.h>
#include <profd/source.h>
#include <profd/unwind.h>

#define MAX_FRAMES 2048
#define AGREEMENT 99.5
#define SHOWN 5
/* Guessing must not hide a decoder that finds nothing. */
#define MAX_GUESSED_PERCENT 2

struct peer {
	const char *name;
	struct unwinder *unwinder;
	uint64_t frames,
		equal; /* frames of the longer of the two stacks; the same in both */
	uint64_t stacks, equal_stacks;
	unsigned shown;
};

struct agree {
	struct peer peers[2];
	uint64_t samples, limit, guessed;
	struct frame frames[MAX_FRAMES];
};

static void show_frame(const char *whose, const struct frame *frames, unsigned n,
		       unsigned i)
{
	if (i >= n) {
		fprintf(stderr, "    %-9s  no frame\n", whose);
		return;
	}
	fprintf(stderr, "    %-9s %#llx", whose, (unsigned long long)frames[i].pc);
	if (frames[i].vma)
		fprintf(stderr, " (vaddr %#llx)",
			(unsigned long long)vma_vaddr(frames[i].vma, frames[i].pc));
	fprintf(stderr, "%s\n", frames[i].flags & FRAME_SIGNAL ? " signal" : "");
}

/* @comparable: how many of the session's frames CFI led to. */
static void peer_compare(struct peer *p, struct frame *own, const struct unwind_input *in,
			 const struct frame *frames, unsigned n, unsigned comparable,
			 enum unwind_stop stop)
{
	enum unwind_stop peer_stop;
	unsigned m = unwind(p->unwinder, in, own, MAX_FRAMES, &peer_stop);
	unsigned longer = n > m ? n : m, shorter = n < m ? n : m, equal = 0,
		 first = longer;
	bool same_end = (stop == STOP_END) == (peer_stop == STOP_END);

	if (comparable < n) {
		longer = shorter = m < comparable ? m : comparable;
		same_end = true;
	}
	first = longer;
	for (unsigned i = 0; i < shorter; i++) {
		if (own[i].pc == frames[i].pc)
			equal++;
		else if (first == longer)
			first = i;
	}
	if (first == longer)
		first = shorter;
	/* Whether the outermost frame was known for what it is counts as a frame. */
	p->frames += longer + 1;
	p->equal += equal + same_end;
	p->stacks++;
	p->equal_stacks += equal == longer && same_end;
	if ((equal == longer && same_end) || p->shown++ >= SHOWN)
		return;
	fprintf(stderr, "pid %u: frame %u of %u differs (%s), of %s's %u (%s)\n", in->pid,
		first, n, unwind_stop_name(stop), p->name, m,
		unwind_stop_name(peer_stop));
	if (first)
		show_frame("below", frames, n, first - 1);
	show_frame("session", frames, n, first);
	show_frame(p->name, own, m, first);
}

static void observe(void *arg, const struct unwind_input *in, const struct frame *frames,
		    unsigned n, enum unwind_stop stop)
{
	struct agree *a = arg;
	unsigned comparable = 0;

	if (a->samples >= a->limit)
		return;
	a->samples++;
	/* Without CFI the session follows frame pointers, the others their own
	 * notions. */
	while (comparable < n && !(frames[comparable].flags & FRAME_GUESSED))
		comparable++;
	a->guessed += comparable < n;
	for (size_t i = 0; i < sizeof(a->peers) / sizeof(a->peers[0]); i++) {
		if (a->peers[i].unwinder)
			peer_compare(&a->peers[i], a->frames, in, frames, n, comparable,
				     stop);
	}
}

static int verdict(const struct agree *a)
{
	int status = 0;

	printf("%llu samples\n%llu with frames that no CFI led to: compared up to them\n",
	       (unsigned long long)a->samples, (unsigned long long)a->guessed);
	if (100 * a->guessed > MAX_GUESSED_PERCENT * a->samples)
		status = 1;
	for (size_t i = 0; i < sizeof(a->peers) / sizeof(a->peers[0]); i++) {
		const struct peer *p = &a->peers[i];
		double percent = p->frames ? 100.0 * (double)p->equal / (double)p->frames
					   : 0;

		if (!p->unwinder)
			continue;
		printf("%s: %llu of %llu frames equal, %.3f %%; %llu of %llu stacks\n",
		       p->name, (unsigned long long)p->equal,
		       (unsigned long long)p->frames, percent,
		       (unsigned long long)p->equal_stacks,
		       (unsigned long long)p->stacks);
		if (percent < AGREEMENT)
			status = 1;
	}
	return status;
}

static int fail(const struct error *err)
{
	fprintf(stderr, "agree: %s\n", err->text);
	return 2;
}

/* Lets the workload run and feeds the session to its end. */
static int run(struct agree *a, char **command, uint32_t hz, unsigned broken)
{
	struct error err = {0};
	struct launch launch;
	struct sampler_options so = {.event = "cpu-clock", .hz = hz};
	struct session_options options = {.unwind = UNWIND_CFI,
					  .event = "cpu-clock",
					  .clock = true,
					  .period = 1000000000 / hz};
	struct sampler *sampler;
	struct session *ses;
	struct source *source;
	struct event ev;
	int r;

	if (launch_start(&launch, command, &err) < 0)
		return fail(&err);
	sampler = sampler_open(&so, launch.pid, &err);
	options.root_pid = (uint32_t)launch.pid;
	ses = sampler ? session_new(&options, &err) : NULL;
	if (ses)
		sampler_start(sampler);
	if (!ses || launch_exec(&launch, &err) < 0) {
		launch_done(&launch);
		return fail(&err);
	}
	unwinder_break(session_unwinder(ses), broken);
	session_observe(ses, observe, a);
	source = source_perf_new(sampler, &launch, false);
	while ((r = source_next(source, &ev)) > 0)
		session_feed(ses, &ev);
	source_free(source);
	sampler_close(sampler);
	session_free(ses);
	launch_done(&launch);
	if (r < 0 || !WIFEXITED(launch.status) || WEXITSTATUS(launch.status)) {
		fprintf(stderr, "agree: the workload or its recording failed\n");
		return 2;
	}
	return verdict(a);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {{"break", required_argument, NULL, 'b'},
					      {"libdw-only", no_argument, NULL, 'd'},
					      {0}};
	static struct agree a = {.limit = UINT64_MAX,
				 .peers = {{.name = "libdw"}, {.name = "libunwind"}}};
	struct error err = {0};
	uint32_t hz = 999;
	unsigned broken = 0;
	bool libdw_only = false;
	int c, status;

	while ((c = getopt_long(argc, argv, "+F:n:", longs, NULL)) != -1) {
		if (c == 'F')
			hz = (uint32_t)strtoul(optarg, NULL, 10);
		else if (c == 'n')
			a.limit = strtoull(optarg, NULL, 10);
		else if (c == 'b')
			broken = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'd')
			libdw_only = true;
		else
			return 2;
	}
	if (optind == argc || !hz || broken > UNWIND_BREAK_MAX)
		return 2;
	a.peers[0].unwinder = unwinder_new(UNWIND_LIBDW, &err);
	if (a.peers[0].unwinder && !libdw_only)
		a.peers[1].unwinder = unwinder_new(UNWIND_LIBUNWIND, &err);
	if (!a.peers[0].unwinder || (!a.peers[1].unwinder && !libdw_only)) {
		fail(&err);
		/* 77: skipped, as automake has it */
		return err.code == -ENOTSUP ? 77 : 2;
	}
	status = run(&a, argv + optind, hz, broken);
	unwinder_free(a.peers[0].unwinder);
	unwinder_free(a.peers[1].unwinder);
	return status;
}
