/* Which of the threads that the ptrace engine finds running it samples, and for how much
 * each stands.
 *
 * A profile of CPU time is made of looks at moments that have nothing to do with the
 * program: who is on a CPU at one of them stands for the time from the look before to
 * this one. That is right for whatever runs, be it shorter than that time or longer, and
 * depends on nothing that the thread has done: weights that grow with the time since a
 * thread's last sample would favour the end of whatever it does in turns.
 *
 * But who is ready to run (state R) need not be on a CPU. What part of this time a thread
 * is on one its account tells (the time in the run queue, in /proc/PID/schedstat), and
 * only that part of the looks that find it ready are taken for samples, in even
 * distances. So however many are ready, no more are stopped at a time than there are
 * CPUs, on the average. (A thread that has been woken and has not come to a CPU since
 * does not count: it would be found where it slept.)
 *
 * What chance makes too much or too little for a process is taken back in small parts
 * from its next samples: its clock knows its CPU time. Small, because what a process has
 * used in its present turn is a part of it. */
#include "ptrace-priv.h"

#include <profd/map.h>

/* Times count for so much CPU time, until newer ones take their place. */
#define LATELY_NS 1e9
/* What nothing is known of is believed to be like the others, as after so much time. */
#define PRIOR_NS 50e6
#define SHARE_MIN 0.005
/* A thread that waits for its next turn on a CPU saves for it, and is then sampled at
 * every look. */
#define CREDIT_MAX 16.0
/* Of what is missing, or too much, one in so many. Not of those that have lived for a few
 * periods only: how many of them are met at all is a part of the same chance. */
#define BACK 16
#define BACK_PERIODS_MAX 8
#define HISTORY_PERIODS 8
/* When profd was kept off the CPU for long, one place must not stand for all of that: what
 * is missing then comes back over many samples. */
#define GAP_PERIODS_MAX 4

void pace_add(struct pace *p, uint64_t ran_ns, uint64_t queued_ns)
{
	p->ran_ns += (double)ran_ns;
	p->queued_ns += (double)queued_ns;
	if (p->ran_ns + p->queued_ns < LATELY_NS)
		return;
	p->ran_ns /= 2;
	p->queued_ns /= 2;
}

static double share_of(const struct pace *p, double prior)
{
	double all = p->ran_ns + p->queued_ns + PRIOR_NS;

	return (p->ran_ns + prior * PRIOR_NS) / all;
}

double pace_share(const struct pace *thread, const struct pace *all, double most)
{
	double usual = share_of(all, 1), share;

	share = share_of(thread, usual < most ? usual : most);
	return share > SHARE_MIN ? share : SHARE_MIN;
}

double pace_begin(uint32_t tid)
{
	return (double)hash_u64(tid) / 4294967296.0;
}

void pace_found(double *credit, double share)
{
	*credit += share;
	if (*credit > CREDIT_MAX)
		*credit = CREDIT_MAX;
}

bool pace_take(double *credit)
{
	if (*credit < 1)
		return false;
	*credit -= 1;
	return true;
}

uint64_t pace_weight(uint64_t gap_ns, uint64_t period_ns, uint64_t used_ns,
		     uint64_t sampled_ns)
{
	int64_t most = BACK_PERIODS_MAX * (int64_t)period_ns, missing_ns, ns;

	if (gap_ns > GAP_PERIODS_MAX * period_ns)
		gap_ns = GAP_PERIODS_MAX * period_ns;
	if (sampled_ns < HISTORY_PERIODS * period_ns)
		return gap_ns;
	/* Half a gap is missing right before a sample, and half too much after it. */
	missing_ns = (int64_t)(used_ns - sampled_ns - gap_ns / 2);
	if (missing_ns > most)
		missing_ns = most;
	if (missing_ns < -most)
		missing_ns = -most;
	ns = (int64_t)gap_ns + missing_ns / BACK;
	return ns > (int64_t)gap_ns / 2 ? (uint64_t)ns : gap_ns / 2;
}
