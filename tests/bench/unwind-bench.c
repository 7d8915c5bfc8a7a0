/* unwind-bench [-F HZ] [-n SAMPLES] [-r REPEATS] [-p PASSES] -- COMMAND...: one capture
 * of a program, unwound by cfi, libdw and libunwind; JSON on stdout. For rows 1, 2 and 3
 * of the bench.
 *
 * Each measurement is a forked child that holds the capture and knows nothing else: no
 * unwind section has been read, no cache is filled. Its first pass over all samples is
 * the figure with the cold misses, opening of the files for the library's use and
 * creation of the unwinder included; the later passes are the steady state. The unwinders
 * take turns, in an order that shifts with each repeat.
 *
 * The kernel has just written a stack when profd unwinds it. So samples are gone through
 * in chunks that fit the second-level cache, each read once before the clock starts.
 * Chunks alternate with nothing: every unwinder has the caches of its child to itself.
 *
 * Then all samples are unwound by all, and the frames compared one by one. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <profd/clock.h>

#include "capture.h"

#define MAX_FRAMES 2048
#define CHUNK_BYTES (256u << 10)
#define MAX_PASSES 16

static const struct {
	const char *name;
	enum unwind_backend backend;
} unwinders[] = {
	{"cfi", UNWIND_CFI}, {"libdw", UNWIND_LIBDW}, {"libunwind", UNWIND_LIBUNWIND}};

/* What a child says. */
struct outcome {
	uint64_t pass_ns[MAX_PASSES]; /* [0] is the cold one */
	uint64_t frames, complete;    /* of one pass */
	bool built_in;
};

static struct frame frames[MAX_FRAMES], other[MAX_FRAMES];

static void warm(const struct capture_sample *s)
{
	for (uint32_t i = 0; i < s->stack_bytes; i += 64)
		(void)*(volatile const uint8_t *)(s->stack + i);
}

/* How many samples from @at on make a chunk. */
static uint32_t chunk(const struct capture *c, uint32_t at)
{
	uint64_t bytes = 0;
	uint32_t n = 0;

	while (at + n < c->samples.n && bytes < CHUNK_BYTES) {
		bytes += c->samples.v[at + n].stack_bytes;
		warm(&c->samples.v[at + n]);
		n++;
	}
	return n;
}

static uint64_t cpu_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* CPU time of the chunk. Asking for it costs a system call, so it is taken around the
 * wall clock's reading, and counts only where it is less: where something else ran
 * meanwhile. */
static uint64_t unwind_chunk(struct unwinder *u, const struct capture *c, uint32_t at,
			     uint32_t n, struct outcome *outcome)
{
	uint64_t cpu_ns = cpu_now_ns(), wall_ns = clock_now_ns();

	for (uint32_t i = at; i < at + n; i++) {
		struct unwind_input in;
		enum unwind_stop stop;

		capture_input(&c->samples.v[i], &in);
		outcome->frames += unwind(u, &in, frames, MAX_FRAMES, &stop);
		outcome->complete += stop == STOP_END;
	}
	wall_ns = clock_now_ns() - wall_ns;
	cpu_ns = cpu_now_ns() - cpu_ns;
	return wall_ns < cpu_ns ? wall_ns : cpu_ns;
}

static uint64_t one_pass(struct unwinder *u, const struct capture *c,
			 struct outcome *outcome)
{
	uint64_t ns = 0;

	outcome->frames = outcome->complete = 0;
	for (uint32_t at = 0, n; at < c->samples.n; at += n) {
		n = chunk(c, at);
		ns += unwind_chunk(u, c, at, n, outcome);
	}
	return ns;
}

static void measure(const struct capture *c, enum unwind_backend backend, unsigned passes,
		    struct outcome *outcome)
{
	uint64_t start_ns = clock_now_ns(), made_ns;
	struct unwinder *u = unwinder_new(backend, NULL);

	if (!u)
		return;
	outcome->built_in = true;
	made_ns = clock_now_ns() - start_ns;
	for (unsigned i = 0; i < passes; i++)
		outcome->pass_ns[i] = one_pass(u, c, outcome);
	outcome->pass_ns[0] += made_ns;
	unwinder_free(u);
}

/* In a child, so that it begins cold. */
static bool measure_apart(const struct capture *c, enum unwind_backend backend,
			  unsigned passes, struct outcome *ret)
{
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe(fds) < 0)
		return false;
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return false;
	if (pid == 0) {
		struct outcome outcome = {0};

		measure(c, backend, passes, &outcome);
		n = write(fds[1], &outcome, sizeof(outcome));
		_exit(n == (ssize_t)sizeof(outcome) ? 0 : 1);
	}
	close(fds[1]);
	n = read(fds[0], ret, sizeof(*ret));
	close(fds[0]);
	return waitpid(pid, &status, 0) == pid && status == 0 &&
	       n == (ssize_t)sizeof(*ret);
}

/* --- comparing -------------------------------------------------------------------- */

struct agreement {
	uint64_t frames,
		equal; /* of the longer of both stacks, the end counting as one */
	uint64_t stacks, equal_stacks;
	uint64_t
		short_stacks; /* of the others: the peer's frames are the same, but end sooner */
	uint64_t short_frames;
};

static void compare(struct unwinder *peer, const struct unwind_input *in, unsigned n,
		    enum unwind_stop stop, struct agreement *a)
{
	enum unwind_stop peer_stop;
	unsigned m = unwind(peer, in, other, MAX_FRAMES, &peer_stop), guessed = 0;
	unsigned longer = n > m ? n : m, shorter = n < m ? n : m, equal = 0;
	bool same_end = (stop == STOP_END) == (peer_stop == STOP_END);

	/* Where no CFI leads on, every unwinder has notions of its own. */
	while (guessed < n && !(frames[guessed].flags & FRAME_GUESSED))
		guessed++;
	if (guessed < n) {
		longer = shorter = m < guessed ? m : guessed;
		same_end = true;
	}
	for (unsigned i = 0; i < shorter; i++)
		equal += frames[i].pc == other[i].pc;
	a->frames += longer + 1;
	a->equal += equal + same_end;
	a->stacks++;
	a->equal_stacks += equal == longer && same_end;
	if (m < n && guessed == n && equal == m) {
		a->short_stacks++;
		a->short_frames += n - m + !same_end;
	}
}

static void compare_all(const struct capture *c)
{
	struct agreement a[2] = {0};
	struct unwinder *own = unwinder_new(UNWIND_CFI, NULL), *peers[2];

	peers[0] = unwinder_new(UNWIND_LIBDW, NULL);
	peers[1] = unwinder_new(UNWIND_LIBUNWIND, NULL);
	for (uint32_t i = 0; i < c->samples.n; i++) {
		struct unwind_input in;
		enum unwind_stop stop;
		unsigned n;

		capture_input(&c->samples.v[i], &in);
		n = unwind(own, &in, frames, MAX_FRAMES, &stop);
		for (unsigned k = 0; k < 2; k++)
			if (peers[k])
				compare(peers[k], &in, n, stop, &a[k]);
	}
	printf(" \"agree\": {");
	for (unsigned k = 0; k < 2; k++) {
		printf("%s\n  \"%s\": {\"frames\": %llu, \"equal\": %llu, \"stacks\": "
		       "%llu, "
		       "\"equal_stacks\": %llu, \"short_stacks\": %llu, "
		       "\"short_frames\": %llu}",
		       k ? "," : "", unwinders[k + 1].name,
		       (unsigned long long)a[k].frames, (unsigned long long)a[k].equal,
		       (unsigned long long)a[k].stacks,
		       (unsigned long long)a[k].equal_stacks,
		       (unsigned long long)a[k].short_stacks,
		       (unsigned long long)a[k].short_frames);
		unwinder_free(peers[k]);
	}
	printf("},\n");
	unwinder_free(own);
}

/* --- the whole -------------------------------------------------------------------- */

static uint32_t count_spaces(const struct capture *c)
{
	uint32_t max = 0;

	/* Generations are drawn in order, by the children too: ask for all before they
	 * fork. */
	for (uint32_t i = 0; i < c->samples.n; i++) {
		uint32_t generation = space_generation(c->samples.v[i].space);

		max = generation > max ? generation : max;
	}
	return max;
}

static void print_outcome(const struct outcome *o, const char *name, unsigned repeat,
			  unsigned passes, bool first)
{
	printf("%s\n  {\"unwinder\": \"%s\", \"repeat\": %u, \"frames\": %llu, "
	       "\"complete\": "
	       "%llu, \"pass_ns\": [",
	       first ? "" : ",", name, repeat, (unsigned long long)o->frames,
	       (unsigned long long)o->complete);
	for (unsigned i = 0; i < passes; i++)
		printf("%s%llu", i ? ", " : "", (unsigned long long)o->pass_ns[i]);
	printf("]}");
}

static int run(const struct capture *c, unsigned repeats, unsigned passes)
{
	const unsigned n = sizeof(unwinders) / sizeof(unwinders[0]);
	bool first = true;

	printf("{\"samples\": %u, \"spaces\": %u, \"stack_bytes\": %llu,\n", c->samples.n,
	       count_spaces(c), (unsigned long long)c->stack_bytes);
	printf(" \"runs\": [");
	for (unsigned repeat = 0; repeat < repeats; repeat++) {
		for (unsigned i = 0; i < n; i++) {
			unsigned which = (i + repeat) % n;
			struct outcome outcome;

			if (!measure_apart(c, unwinders[which].backend, passes,
					   &outcome)) {
				fprintf(stderr, "unwind-bench: %s failed\n",
					unwinders[which].name);
				return 1;
			}
			if (!outcome.built_in)
				continue;
			print_outcome(&outcome, unwinders[which].name, repeat, passes,
				      first);
			first = false;
		}
	}
	printf("],\n");
	compare_all(c);
	printf(" \"passes\": %u}\n", passes);
	return 0;
}

/* libdw keeps the files of every address space open. */
static void raise_open_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	unsigned hz = 999, samples = 4000, repeats = 3, passes = 3;
	struct error err = {0};
	struct capture c;
	int option, status;

	while ((option = getopt(argc, argv, "+F:n:r:p:")) != -1) {
		unsigned v = option == '?' ? 0 : (unsigned)strtoul(optarg, NULL, 10);

		if (!v)
			return 2;
		*(option == 'F'	  ? &hz
		  : option == 'n' ? &samples
		  : option == 'r' ? &repeats
				  : &passes) = v;
	}
	if (optind == argc || passes > MAX_PASSES)
		return 2;
	if (capture_take(&c, argv + optind, hz, samples, &err) < 0) {
		fprintf(stderr, "unwind-bench: %s\n", err.text);
		return 1;
	}
	raise_open_files();
	status = run(&c, repeats, passes);
	capture_done(&c);
	return status;
}
