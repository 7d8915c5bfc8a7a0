/* Reports on functions, from profiles that are made up: how often they name somebody where
 * nothing changed, how often intervals hold, and how often the slowed function is first.
 *
 *	simulate-functions [--full] [--reports N] [--seed N]
 *
 * A program of 30 functions under one caller each or another; its samples are Poisson, its
 * runs vary as a whole and function by function, and now and then one takes far longer.
 *
 * named	reports on identical programs that name anybody; at most 5 %
 * cover	of nominal 95 % intervals of all candidates, how many hold the truth; 93 to 98 %.
 *		(with 2 to 5 pairs more, Student's tails being what they are)
 *		"injected": where one function costs 10 % of the run more; of that one alone
 * together	reports whose intervals all hold at once; at least 95 %
 * first	the slowed function is the first one
 * residual	reports where the interval of the rest holds its truth, 0
 *
 * Limits are held against 99 % bounds of these shares, but for "cover", which is of thousands.
 * With one pair there are no runs to vary: those rows have samples only. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <profd/functions.h>
#include <profd/mem.h>
#include <profd/number.h>
#include <profd/stats-dist.h>

#include "machine.h"

#define FUNCTIONS 30
#define PAIRS_MAX 24
#define RATE 999
#define FEW 6 /* pairs; below, Student's tails make intervals far too wide */

struct cell {
	uint32_t pairs;
	double common, own; /* deviations of logarithms */
	bool spikes, cpu_known;
	double seconds;
};

struct counts {
	uint32_t reports, named, together, first, residual, injected, injected_covered;
	uint64_t intervals, covered;
};

/* A sum of exponential times, in parts for which exp does not underflow. */
static int64_t random_poisson(struct random *r, double mean)
{
	int64_t n = 0;

	for (; mean > 0; mean -= 300) {
		double floor = exp(-fmin(mean, 300)), product = random_uniform(r);

		for (; product > floor; product *= random_uniform(r))
			n++;
	}
	return n;
}

/* --- a program and its runs --------------------------------------------------------- */

struct program {
	double cost[FUNCTIONS]; /* seconds of a run, without what varies */
	double slower[FUNCTIONS];
};

/* Shares from 1.3 % to 8 %, so that none is a candidate now and then. */
static void program_draw(struct program *p, double seconds, struct random *r)
{
	double sum = 0;

	memset(p, 0, sizeof(*p));
	for (unsigned i = 0; i < FUNCTIONS; i++)
		sum += p->cost[i] = .5 + 1.5 * random_uniform(r);
	for (unsigned i = 0; i < FUNCTIONS; i++)
		p->cost[i] *= seconds / sum;
}

static double varied(const struct cell *c, double deviation, struct random *r)
{
	double spike = c->spikes && random_uniform(r) < .05 ? .2 : 0;

	return exp(deviation * random_normal(r) - deviation * deviation / 2) + spike;
}

static location_id place(struct profile *p, const char *name)
{
	struct mapping m = {.filename = profile_string(p, "/bin/app"), .limit = 4096};
	struct function f = {.name = profile_string(p, name)};
	struct line line = {profile_function(p, &f), 1};

	return profile_named_location(p, profile_mapping(p, &m), 0, 0, &line, 1);
}

/* Returns what it took. */
static double run(const struct cell *c, const struct program *g, bool head,
		  struct random *r, struct profile **ret_p)
{
	struct profile *p = profile_new();
	double seconds = 0, common = varied(c, c->common, r);
	stack_id root;

	profile_value_type(p, "samples", "count");
	profile_value_type(p, "cpu", "nanoseconds");
	p->period = 1000000000 / RATE;
	root = profile_stack(p, 0, place(p, "main"));
	for (unsigned i = 0; i < FUNCTIONS; i++) {
		double cost = g->cost[i] + (head ? g->slower[i] : 0);
		char name[32], caller[32];
		stack_id s;
		int64_t n;

		cost *= common * varied(c, c->own, r);
		seconds += cost;
		n = random_poisson(r, cost * RATE);
		if (!n)
			continue;
		snprintf(name, sizeof(name), "function_%u", i);
		snprintf(caller, sizeof(caller), "stage_%u", i % 5);
		s = profile_stack(p, root, place(p, caller));
		s = profile_stack(p, s, place(p, name));
		profile_add(p, s, 0, (int64_t[]){n, n * p->period});
	}
	*ret_p = p;
	return seconds;
}

/* --- reports ------------------------------------------------------------------------ */

static void make_runs(const struct cell *c, const struct program *g, struct random *r,
		      struct functions_pair *pairs)
{
	for (uint32_t i = 0; i < c->pairs; i++) {
		struct functions_run *runs[] = {&pairs[i].base, &pairs[i].head};

		for (unsigned k = 0; k < 2; k++) {
			struct profile *p;
			double seconds = run(c, g, k == 1, r, &p);

			*runs[k] = (struct functions_run){p, 1, k ? "head" : "base",
							  c->cpu_known ? seconds : NAN,
							  NAN};
			if (c->cpu_known)
				runs[k]->cpu_s = seconds;
		}
	}
}

static void free_runs(uint32_t n, struct functions_pair *pairs)
{
	for (uint32_t i = 0; i < n; i++) {
		profile_free((struct profile *)pairs[i].base.profile);
		profile_free((struct profile *)pairs[i].head.profile);
	}
}

static bool holds(const struct outcome_interval *i, double truth)
{
	return i->low <= truth && truth <= i->high;
}

static double mean_factor(const struct cell *c)
{
	double spike = c->spikes ? .05 * .2 : 0;

	return (1 + spike) * (1 + spike);
}

/* The place of the slowed function, or -1. */
static void count_report(const struct cell *c, const struct program *g, int slowed,
			 const struct functions *f, struct counts *n)
{
	bool together = true;

	n->reports++;
	n->named += f->named > 0;
	n->residual += holds(&f->residual, 0);
	for (uint32_t i = 0; i < f->n; i++) {
		const struct functions_entry *e = &f->entries[i];
		int which = (int)strtol(e->name + strlen("function_"), NULL, 10);
		double truth = g->slower[which] * mean_factor(c);

		n->intervals++;
		n->covered += holds(&e->single, truth);
		together = together && holds(&e->self, truth);
		if (which != slowed)
			continue;
		n->injected++;
		n->injected_covered += holds(&e->single, truth);
		n->first += e->rank == 1 && e->named;
	}
	n->together += together;
}

static void simulate(const struct cell *c, uint32_t reports, double share,
		     struct random *r, struct counts *n)
{
	struct functions_pair pairs[PAIRS_MAX];
	struct functions_options o = {0};

	for (uint32_t i = 0; i < reports; i++) {
		struct error err = {0};
		struct program g;
		struct functions f;
		int slowed = share > 0 ? (int)(random_next(r) % FUNCTIONS) : -1;

		program_draw(&g, c->seconds, r);
		if (slowed >= 0)
			g.slower[slowed] = share * c->seconds;
		make_runs(c, &g, r, pairs);
		if (functions_build(&f, pairs, c->pairs, &o, &err) < 0) {
			fprintf(stderr, "simulate-functions: %s\n", err.text);
			exit(1);
		}
		count_report(c, &g, slowed, &f, n);
		functions_done(&f);
		free_runs(c->pairs, pairs);
	}
}

/* --- the table ---------------------------------------------------------------------- */

static const struct cell cells[] = {
	/* pairs, common, own, spikes, CPU time known, seconds */
	{12, 0, 0, false, false, 1},   {12, 0, 0, false, true, 1},
	{12, .03, 0, false, true, 1},  {12, .03, .03, false, true, 1},
	{12, .1, .05, false, true, 1}, {12, .03, .1, true, true, 1},
	{6, .03, .03, false, true, 1}, {2, .03, .03, false, true, 2},
	{24, .03, .03, true, true, 2}, {1, 0, 0, false, false, 4},
	{1, 0, 0, false, true, 4},
};

static double percent(uint64_t k, uint64_t n)
{
	return n ? 100. * (double)k / (double)n : NAN;
}

/* Bounds at 99 %: what a limit is held against is known no better than that. */
struct worst {
	double named, cover_low, cover_high, injected, together, first, residual;
};

static double lower(uint64_t k, uint64_t n)
{
	return 100 * binomial_lower((uint32_t)k, (uint32_t)n, .01);
}

static double upper(uint64_t k, uint64_t n)
{
	return 100 * binomial_upper((uint32_t)k, (uint32_t)n, .01);
}

static void print_row(const struct cell *c, const struct counts *null,
		      const struct counts *hit, struct worst *w)
{
	double cover = percent(null->covered + hit->covered,
			       null->intervals + hit->intervals);
	uint32_t together = null->together + hit->together;
	uint32_t reports = null->reports + hit->reports;

	printf("%5u %6.2f %5.2f %-6s %-3s %7u %6.2f %6.2f %8.2f %8.2f %6.2f %8.2f\n",
	       c->pairs, c->common, c->own, c->spikes ? "spikes" : "-",
	       c->cpu_known ? "yes" : "no", null->reports,
	       percent(null->named, null->reports), cover,
	       percent(hit->injected_covered, hit->injected), percent(together, reports),
	       percent(hit->first, hit->reports), percent(null->residual, null->reports));
	w->named = fmax(w->named, lower(null->named, null->reports));
	w->cover_low = fmin(w->cover_low, cover);
	w->injected = fmin(w->injected, upper(hit->injected_covered, hit->injected));
	w->together = fmin(w->together, upper(together, reports));
	w->residual = fmin(w->residual, upper(null->residual, null->reports));
	if (c->pairs == 1 || c->pairs >= FEW)
		w->cover_high = fmax(w->cover_high, cover);
	if (c->pairs >= 12)
		w->first = fmin(w->first, upper(hit->first, hit->reports));
}

static int limit(const char *name, double value, bool held)
{
	printf("%s: %.2f: %s\n", name, value, held ? "held" : "BROKEN");
	return !held;
}

static int print_limits(const struct worst *w)
{
	int broken = 0;

	broken += limit("named", w->named, w->named <= 5);
	broken += limit("cover-low", w->cover_low, w->cover_low >= 93);
	broken += limit("cover-high", w->cover_high, w->cover_high <= 98);
	broken += limit("injected", w->injected, w->injected >= 93);
	broken += limit("together", w->together, w->together >= 95);
	broken += limit("first", w->first, w->first >= 95);
	broken += limit("residual", w->residual, w->residual >= 93);
	return broken;
}

static uint32_t option(int argc, char **argv, const char *name, uint32_t value)
{
	for (int i = 1; i + 1 < argc; i++) {
		if (!strcmp(argv[i], name))
			value = (uint32_t)strtoul(argv[i + 1], NULL, 10);
	}
	return value;
}

int main(int argc, char **argv)
{
	bool full = argc > 1 && !strcmp(argv[1], "--full");
	uint32_t reports = option(argc, argv, "--reports", full ? 4000 : 100);
	struct random r = {.state = option(argc, argv, "--seed", 1)};
	struct worst w = {.cover_low = 100,
			  .injected = 100,
			  .together = 100,
			  .first = 100,
			  .residual = 100};

	printf("%5s %6s %5s %-6s %-3s %7s %6s %6s %8s %8s %6s %8s\n", "pairs", "common",
	       "own", "spikes", "cpu", "reports", "named", "cover", "injected",
	       "together", "first", "residual");
	for (size_t i = 0; i < ARRAY_SIZE(cells); i++) {
		struct counts null = {0}, hit = {0};

		simulate(&cells[i], reports, 0, &r, &null);
		simulate(&cells[i], reports, .1, &r, &hit);
		print_row(&cells[i], &null, &hit, &w);
	}
	return print_limits(&w) > 0;
}
