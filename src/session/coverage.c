/* Samples against CPU time: how much of it they stand for, and a frame of its own for
 * each part that they do not, so that totals stay true.
 *
 * CPU time is what an inherited counter says (sampler_counted_ns), or wait4(2) where that
 * is more: the counter leaves out setuid programs and the last 40 us of every task, wait4
 * whatever nobody waited for. Only wait4 tells user from kernel mode, and it asks the
 * clock tick: the split of processes that live for less than a tick is chance.
 *
 * Where the host of a virtual machine takes a CPU away for a while, the clocks that
 * sample run on, and CPU time does not. */
#include "session-priv.h"

#include <math.h>

#define COVERAGE_UNKNOWN (-1)
#define COVERAGE_GOOD 0.95
#define SIGMAS 3

/* A row of one frame without a place, under a process that there was not. */
static void add_frame(struct session *ses, const char *comm, const char *frame,
		      int64_t count, int64_t weight)
{
	struct profile *p = ses->profile;
	struct label l = {.key = ses->key_comm, .str = profile_string(p, comm)};
	const int64_t values[2] = {count, weight};

	session_add(ses, profile_stack(p, 0, profile_label_location(p, frame)),
		    profile_labels(p, &l, 1), 0, values);
}

/* Lost samples had the average weight. But records of forks and mappings are counted as
 * lost with them, and other programs' where all are sampled: no more can be lost than is
 * missing. */
static int64_t add_lost(struct session *ses, int64_t missing)
{
	struct quality *q = &ses->quality;
	int64_t period = q->samples ? q->weight / (int64_t)q->samples
				    : (int64_t)q->period;
	int64_t weight;

	if (missing >= 0 && period > 0 &&
	    q->lost > (uint64_t)((missing + period - 1) / period))
		q->lost = (uint64_t)((missing + period - 1) / period);
	if (!q->lost)
		return 0;
	weight = (int64_t)q->lost * period;
	if (missing >= 0 && weight > missing)
		weight = missing;
	add_frame(ses, "[lost]", "[lost samples]", (int64_t)q->lost, weight);
	return weight;
}

/* n samples vary by sqrt(n). */
static int64_t chance(const struct quality *q)
{
	return (int64_t)(SIGMAS * sqrt((double)q->counted_ns * (double)q->period));
}

static bool worth_a_frame(const struct quality *q, int64_t weight)
{
	return weight >= q->period && weight >= (int64_t)(q->counted_ns / 100);
}

/* Events of whole CPUs do: what they miss is chance, or the kernel's throttling. */
static bool sees_short_tasks(const struct quality *q)
{
	return q->reach == REACH_CGROUP || q->reach == REACH_SYSTEM;
}

/* Kernel time that nobody could sample, of the @rest that was not sampled. What the split
 * into user and kernel mode may have wrong by chance goes with it. */
static int64_t kernel_part(const struct quality *q, int64_t rest)
{
	double used = (double)(q->user_ns + q->system_ns);
	int64_t kernel = 0;

	if (!q->user_only || used <= 0)
		return 0;
	kernel = (int64_t)((double)q->counted_ns * (double)q->system_ns / used);
	return rest - kernel <= chance(q) ? rest : kernel;
}

/* Where the event is no clock but counted, its count says what is missing. */
static int64_t missing_events(const struct quality *q, bool clock)
{
	uint64_t total = q->events[0].total, seen = (uint64_t)q->weight;

	if (clock || !total)
		return -1;
	return total > seen ? (int64_t)((total - seen) & INT64_MAX) : 0;
}

static void add_unsampled(struct session *ses, int64_t rest)
{
	struct quality *q = &ses->quality;
	int64_t kernel = kernel_part(q, rest), brief = rest - kernel;
	double base = (double)q->counted_ns - (double)kernel;

	q->coverage = base > 0 ? (double)q->weight / base : 1;
	if (q->coverage > 1)
		q->coverage = 1;
	if (worth_a_frame(q, kernel)) {
		q->unsampled_kernel = kernel;
		add_frame(ses, "[unsampled]", "[unsampled: kernel]", 0, kernel);
	}
	if (worth_a_frame(q, brief)) {
		q->unsampled = brief;
		add_frame(ses, "[unsampled]",
			  sees_short_tasks(q) ? "[unsampled: other]"
					      : "[unsampled: short-lived]",
			  0, brief);
	}
}

static int64_t part(int64_t whole, double share)
{
	return (int64_t)((double)whole * share);
}

/* The samples stand for more than all the CPU time that there was: a bit of each. */
static void shrink(struct session *ses)
{
	struct quality *q = &ses->quality;
	int64_t to = (int64_t)q->counted_ns;
	double share = (double)to / (double)q->weight;

	profile_shrink(ses->profile, 1, to, q->weight);
	q->weight = q->events[0].weight = to;
	q->kernel_weight = part(q->kernel_weight, share);
	q->deep_weight = part(q->deep_weight, share);
	for (unsigned i = 0; i < STOP_COUNT; i++)
		q->stop[i] = part(q->stop[i], share);
	for (mapping_id id = 1; id < ses->modules.n; id++)
		ses->modules.v[id].no_cfi = part(ses->modules.v[id].no_cfi, share);
}

/* By chance, in few samples by more where each is for the time between two looks, or
 * because the clock ran on when the host had the CPU. */
static bool is_more_by_chance(const struct quality *q)
{
	return (double)q->weight <= 1.1 * (double)(q->counted_ns + q->stolen_ns) ||
	       (q->reach == REACH_TREE &&
		q->weight - (int64_t)q->counted_ns <= chance(q));
}

void coverage_finish(struct session *ses, const struct session_totals *t)
{
	struct quality *q = &ses->quality;
	uint64_t used = t->user_ns + t->system_ns;
	int64_t missing, lost;

	q->user_only = ses->options.user_only;
	q->reach = ses->options.reach;
	q->period = (int64_t)ses->options.period;
	q->coverage = COVERAGE_UNKNOWN;
	q->stolen_ns = t->stolen_ns;
	q->counter_ns = t->counted_ns;
	q->user_ns = t->user_ns;
	q->system_ns = t->system_ns;
	q->counted_ns = t->counted_ns > used ? t->counted_ns : used;
	/* Far more samples than CPU time: some of it was not counted. */
	if (!ses->options.clock || !q->counted_ns || !is_more_by_chance(q)) {
		add_lost(ses, missing_events(q, ses->options.clock));
		return;
	}
	if (q->weight > (int64_t)q->counted_ns)
		shrink(ses);
	missing = (int64_t)q->counted_ns - q->weight;
	if (missing < 0)
		missing = 0;
	lost = add_lost(ses, missing);
	add_unsampled(ses, missing - lost);
}

void coverage_warn(const struct quality *q, struct quality_warnings *w)
{
	int64_t missing = q->unsampled;

	if (q->coverage < 0 || q->coverage >= COVERAGE_GOOD || missing < chance(q))
		return;
	quality_warnf(
		w,
		"the samples stand for only %.0f %% of the %.2f s of CPU time "
		"used%s: %s",
		100 * q->coverage,
		(double)((int64_t)q->counted_ns - q->unsampled_kernel) / 1e9,
		q->user_only ? " in user mode" : "",
		q->reach == REACH_INHERIT
			? "processes shorter than a sampling period yield none; run "
			  "as root, with CAP_PERFMON, or with "
			  "kernel.perf_event_paranoid at 0, or raise -F"
		: q->reach == REACH_TREE
			? "what ends between two looks is not seen; raise -F, or run "
			  "where perf_event_open is allowed"
			: "the kernel took no more");
}
