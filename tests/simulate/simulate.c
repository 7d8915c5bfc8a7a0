/* Gates on machines that are made up, to see how often the judge is wrong: a row for each
 * kind of machine and size of family m, and a last line for each thing that is to hold.
 *
 *	simulate [--full] [--gates N] [--misses N] [--others N] [--seed N]
 *
 * alarms	gates of m metrics without any change, threshold 0, unconfirmed, where any one
 *		was suspected. Their share's upper 99 % bound may be 1.5 alpha.
 * power	a metric that is twice the threshold slower, on a machine whose noise equals the
 *		threshold, suspected; "conf.": and confirmed by triplets on the same machine,
 *		going on. At least 95 %.
 *		First with the noise by IQR(d)/1.349, which is s to the judge, or by the
 *		deviation if that is smaller; then by the deviation, which is what noise means
 *		where a figure for it is asked for. Where every few pairs are far off the
 *		quartiles do not see it, and equal s is much more noise, sd/s times: from
 *		TAILS on that is to be caught in 80 % ("tails") instead of 95.
 * missed	exactly the threshold slower, and passed. At most 5 %.
 * pairs	that a gate on an unchanged metric takes with the first noise, futility included,
 *		and how it ends: "pass", the rest inconclusive; "false": confirmed, at this
 *		threshold.
 *
 * The last row but those is a control: with the order base, head, head, base instead of the
 * coin there must be many false alarms where every fourth run is disturbed, or the
 * simulation would not see anything. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <profd/coin.h>
#include <profd/mem.h>
#include <profd/number.h>
#include <profd/stats-dist.h>
#include <profd/stats-power.h>
#include <profd/stats-order.h>
#include <profd/trial.h>

#include "machine.h"

#define ALPHA TRIAL_ALPHA
#define THRESHOLD .1
#define TAILS 3.0
#define CALIBRATION 400 /* gates of 40 pairs */

struct cell {
	struct machine_kind kind;
	uint32_t m;
	bool fixed_order;
};

struct power { /* of others */
	uint32_t suspected, confirmed;
};

struct counts {
	uint32_t gates, alarms;
	uint32_t misses, missed;
	uint32_t others, passed, false_regressions;
	struct power by_quartiles, by_deviation;
	uint64_t pairs;
	double tails; /* sd / s */
};

struct size { /* gates to simulate in a cell */
	uint32_t gates, misses, others;
};

struct worst {
	double tails, alarms_upper, missed;
	double power, confirmed, power_sd, confirmed_sd;
	uint32_t cells, with_tails;
};

/* --- one metric ------------------------------------------------------------------ */

struct subject { /* a metric of a workload on a machine of its own */
	struct machine machine;
	uint64_t seed;
	uint32_t workload, pairs;
	double scale, change;
	bool fixed_order;
};

static void subject_start(struct subject *s, const struct cell *c, struct random *r,
			  uint32_t workload)
{
	*s = (struct subject){
		.workload = workload, .scale = .1, .fixed_order = c->fixed_order};
	s->seed = random_next(r);
	machine_start(&s->machine, &c->kind, r);
}

static double subject_run(struct subject *s, bool head)
{
	return exp(s->scale * machine_run(&s->machine) + (head ? s->change : 0));
}

static struct trial_pair subject_pair(struct subject *s)
{
	uint32_t i = s->pairs++;
	bool head_first = s->fixed_order ? i % 2
					 : coin_head_first(s->seed, s->workload, i);
	double first = subject_run(s, head_first), second = subject_run(s, !head_first);

	return head_first ? (struct trial_pair){second, first}
			  : (struct trial_pair){first, second};
}

static enum verdict subject_confirm(struct subject *s, struct trial *t, uint32_t metric)
{
	double x[3][TRIAL_TRIPLETS];

	for (uint32_t i = 0; i < TRIAL_TRIPLETS; i++) {
		uint8_t order[3];

		coin_triplet(s->seed, s->workload, i, order);
		for (unsigned k = 0; k < 3; k++)
			x[order[k]][i] = subject_run(s, order[k] == 2);
	}
	trial_confirm(t, metric, &(struct trial_triplets){x[0], x[1], x[2]});
	return trial_verdict(t, metric).verdict;
}

/* --- one gate -------------------------------------------------------------------- */

static void gate_init(struct trial *t, uint32_t m, double threshold,
		      bool without_futility)
{
	trial_init(t, &(struct trial_plan){.without_futility = without_futility}, NULL);
	for (uint32_t i = 0; i < m; i++)
		trial_metric(t,
			     &(struct trial_metric){.workload = i,
						    .gating = true,
						    .threshold = threshold,
						    .threshold_units = NAN},
			     NULL);
}

/* Feeds the first @fed of the family until no more is wanted. */
static void gate_run(struct trial *t, struct subject *subjects, uint32_t fed)
{
	for (;;) {
		bool more = false;

		for (uint32_t i = 0; i < fed; i++) {
			for (uint32_t n = trial_wanted(t, i); n; n--) {
				trial_add(t, i, subject_pair(&subjects[i]));
				more = true;
			}
		}
		if (!more)
			return;
		trial_look(t);
	}
}

static bool gate_alarms(const struct cell *c, struct random *r)
{
	struct subject subjects[20];
	bool alarm = false;
	struct trial t;

	gate_init(&t, c->m, 0, true);
	for (uint32_t i = 0; i < c->m; i++)
		subject_start(&subjects[i], c, r, i);
	gate_run(&t, subjects, c->m);
	/* rejected: L > 0 at Holm's level; suspected with threshold 0 is the same. */
	for (uint32_t i = 0; i < c->m && !alarm; i++)
		alarm = trial_verdict(&t, i).verdict == VERDICT_SUSPECTED;
	trial_done(&t);
	return alarm;
}

/* One metric is fed; the others of the family only make its level smaller. */
static struct trial_verdict gate_one(const struct cell *c, struct random *r, double scale,
				     double change, enum verdict *ret_confirmed)
{
	struct trial_verdict result;
	struct subject s;
	struct trial t;

	gate_init(&t, c->m, THRESHOLD, false);
	subject_start(&s, c, r, 0);
	s.scale = scale;
	s.change = change;
	gate_run(&t, &s, 1);
	result = trial_verdict(&t, 0);
	*ret_confirmed = result.verdict;
	if (result.verdict == VERDICT_SUSPECTED)
		*ret_confirmed = subject_confirm(&s, &t, 0);
	trial_done(&t);
	return result;
}

/* --- one cell -------------------------------------------------------------------- */

struct scales { /* at which the noise of d equals the threshold */
	double by_quartiles, by_deviation;
	double tails;
};

static struct scales calibrate(const struct cell *c, struct random *r)
{
	_cleanup_free_ double *d = xcalloc(CALIBRATION * 40, sizeof(*d));
	double squares = 0, spread, deviation, wanted = .1 * log1p(THRESHOLD);
	uint32_t n = 0;

	for (uint32_t gate = 0; gate < CALIBRATION; gate++) {
		struct subject s;

		subject_start(&s, c, r, gate);
		for (uint32_t i = 0; i < 40; i++) {
			struct trial_pair pair = subject_pair(&s);

			d[n] = log(pair.head) - log(pair.base);
			squares += d[n] * d[n];
			n++;
		}
	}
	order_sort(d, n);
	spread = power_spread(d, n);
	deviation = sqrt(squares / n);
	return (struct scales){wanted / fmin(deviation, spread), wanted / deviation,
			       deviation / spread};
}

static void count_power(const struct cell *c, struct random *r, double scale,
			struct power *p)
{
	enum verdict v;
	struct trial_verdict first = gate_one(c, r, scale, log1p(2 * THRESHOLD), &v);

	p->suspected += first.verdict == VERDICT_SUSPECTED;
	p->confirmed += v == VERDICT_REGRESSION;
}

static void run_with_noise(const struct cell *c, struct random *r, struct counts *n)
{
	struct scales scales = calibrate(c, r);
	struct random apart = {.state = ~r->state};
	enum verdict v;

	n->tails = scales.tails;
	for (uint32_t i = 0; i < n->misses; i++) {
		gate_one(c, r, scales.by_quartiles, log1p(THRESHOLD), &v);
		n->missed += v == VERDICT_PASS || v == VERDICT_IMPROVEMENT;
	}
	for (uint32_t i = 0; i < n->others; i++) {
		struct trial_verdict first;

		count_power(c, r, scales.by_quartiles, &n->by_quartiles);
		count_power(c, &apart, scales.by_deviation, &n->by_deviation);
		first = gate_one(c, r, scales.by_quartiles, 0, &v);
		n->pairs += first.pairs;
		n->passed += v == VERDICT_PASS || v == VERDICT_IMPROVEMENT;
		n->false_regressions += v == VERDICT_REGRESSION;
	}
}

static struct counts run_cell(const struct cell *c, const struct size *size,
			      struct random *r)
{
	struct counts n = {
		.gates = size->gates, .misses = size->misses, .others = size->others};

	for (uint32_t i = 0; i < n.gates; i++)
		n.alarms += gate_alarms(c, r);
	run_with_noise(c, r, &n);
	return n;
}

static void print_cell(const struct cell *c, const struct counts *n)
{
	const struct machine_kind *k = &c->kind;
	double others = n->others / 100.;

	printf("%4.2f %-6s %-5s %-7s %6u %3u %6u %5u %6.2f %6.2f | ", k->correlation,
	       k->spikes ? "spikes" : "-", k->drift ? "drift" : "-",
	       k->regimes ? "regimes" : "-", k->period, c->m, n->gates, n->alarms,
	       100. * n->alarms / n->gates,
	       100 * binomial_upper(n->alarms, n->gates, .01));
	printf("%6.2f %6.2f %6.2f %6.2f %5.2f | %6.2f | %5.1f %6.2f %5.2f\n",
	       n->by_quartiles.suspected / others, n->by_quartiles.confirmed / others,
	       n->by_deviation.suspected / others, n->by_deviation.confirmed / others,
	       n->tails, 100. * n->missed / n->misses, (double)n->pairs / n->others,
	       n->passed / others, n->false_regressions / others);
	fflush(stdout);
}

static void take_worst(struct worst *w, const struct counts *n)
{
	double others = n->others;

	w->alarms_upper = fmax(w->alarms_upper, binomial_upper(n->alarms, n->gates, .01));
	if (n->tails >= TAILS) {
		w->tails = fmin(w->tails, n->by_quartiles.confirmed / others);
		w->with_tails++;
	} else {
		w->power = fmin(w->power, n->by_quartiles.suspected / others);
		w->confirmed = fmin(w->confirmed, n->by_quartiles.confirmed / others);
	}
	w->power_sd = fmin(w->power_sd, n->by_deviation.suspected / others);
	w->confirmed_sd = fmin(w->confirmed_sd, n->by_deviation.confirmed / others);
	w->missed = fmax(w->missed, (double)n->missed / n->misses);
	w->cells++;
}

/* Where alarms are farther below alpha, because the first look's level is missed by more,
 * fewer gates tell as much. */
static void simulate(struct cell c, const struct size *size, struct random *r,
		     struct worst *w)
{
	static const struct {
		uint32_t m;
		double part;
	} families[] = {{1, 7. / 8}, {5, 1}, {20, 5. / 8}};

	for (unsigned i = 0; i < ARRAY_SIZE(families); i++) {
		struct size part = *size;
		struct counts n;

		c.m = families[i].m;
		part.gates = (uint32_t)ceil(size->gates * families[i].part);
		n = run_cell(&c, &part, r);
		print_cell(&c, &n);
		take_worst(w, &n);
	}
}

/* --- all of them ----------------------------------------------------------------- */

#define SPIKES 1u
#define DRIFT 2u
#define REGIMES 4u

static struct cell make_cell(double correlation, unsigned disturbances, unsigned period)
{
	return (struct cell){.kind = {.correlation = correlation,
				      .spikes = disturbances & SPIKES,
				      .drift = disturbances & DRIFT,
				      .regimes = disturbances & REGIMES,
				      .period = period}};
}

/* Each disturbance alone, and all at once; or every combination. */
static bool is_chosen(unsigned disturbances, unsigned period, bool full)
{
	static const unsigned alone[] = {0, SPIKES, DRIFT, REGIMES};

	if (full || (disturbances == (SPIKES | DRIFT | REGIMES) && period == 4))
		return true;
	if (period)
		return !disturbances;
	for (unsigned i = 0; i < ARRAY_SIZE(alone); i++) {
		if (disturbances == alone[i])
			return true;
	}
	return false;
}

static void simulate_all(bool full, const struct size *size, struct random *r,
			 struct worst *w)
{
	static const double correlations[] = {0, .55, .9};
	static const unsigned periods[] = {0, 2, 4};

	for (unsigned c = 0; c < ARRAY_SIZE(correlations); c++) {
		for (unsigned k = 0; k < 8 * ARRAY_SIZE(periods); k++) {
			unsigned period = periods[k / 8];

			if (is_chosen(k % 8, period, full))
				simulate(make_cell(correlations[c], k % 8, period), size,
					 r, w);
		}
	}
}

/* Returns the share of false alarms with a fixed order. */
static double control(struct random *r)
{
	struct cell c = make_cell(0, 0, 4);
	uint32_t alarms = 0;

	c.m = 1;
	c.fixed_order = true;
	for (uint32_t i = 0; i < 1000; i++)
		alarms += gate_alarms(&c, r);
	return alarms / 1000.;
}

static bool report(const char *what, double is, const char *relation, double limit,
		   bool held)
{
	printf("%s: %.4f, to be %s %.4f: %s\n", what, is, relation, limit,
	       held ? "held" : "BROKEN");
	return held;
}

static bool report_power(const char *what, double is)
{
	return report(what, is, "at least", .95, is >= .95);
}

static bool report_all(const struct worst *w, double fixed_order)
{
	bool held = true;

	printf("%u cells\n", w->cells);
	held &= report("false-alarms", w->alarms_upper, "at most", 1.5 * ALPHA,
		       w->alarms_upper <= 1.5 * ALPHA);
	held &= report_power("power", w->power);
	held &= report_power("confirmed", w->confirmed);
	printf("%u of them with tails\n", w->with_tails);
	held &= report("tails", w->tails, "at least", .8, w->tails >= .8);
	held &= report_power("power-sd", w->power_sd);
	held &= report_power("confirmed-sd", w->confirmed_sd);
	held &= report("missed", w->missed, "at most", .05, w->missed <= .05);
	held &= report("fixed-order", fixed_order, "at least", .1, fixed_order >= .1);
	return held;
}

static uint32_t parse(const char *option, const char *value)
{
	uint64_t n;

	if (!value || number_parse_u64(value, 1, 1000000, &n) < 0) {
		fprintf(stderr, "simulate: %s takes a number from 1 to a million\n",
			option);
		exit(2);
	}
	return (uint32_t)n;
}

int main(int argc, char **argv)
{
	struct worst w = {
		.power = 1, .confirmed = 1, .tails = 1, .power_sd = 1, .confirmed_sd = 1};
	struct size size = {16000, 4000, 1000};
	struct random r = {.state = 1};
	bool full = false;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--full"))
			full = true;
		else if (!strcmp(argv[i], "--gates"))
			size.gates = parse("--gates", argv[++i]);
		else if (!strcmp(argv[i], "--others"))
			size.others = parse("--others", argv[++i]);
		else if (!strcmp(argv[i], "--misses"))
			size.misses = parse("--misses", argv[++i]);
		else if (!strcmp(argv[i], "--seed"))
			r.state = parse("--seed", argv[++i]);
		else
			return fprintf(stderr, "simulate: what is %s?\n", argv[i]), 2;
	}
	printf("cor. spikes drift regimes period   m  gates alarms    %%  upper |  power "
	       "conf. "
	       "by sd: power conf. sd/s | missed | pairs   pass false\n");
	simulate_all(full, &size, &r, &w);
	return report_all(&w, control(&r)) ? 0 : 1;
}
