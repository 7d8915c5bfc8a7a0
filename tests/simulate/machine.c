/* Random numbers and disturbances. */
#include "machine.h"

#include <math.h>

#define SWITCH .05 /* of the regime, a run */
#define SPIKE .05

uint64_t random_next(struct random *r)
{
	uint64_t x;

	r->state = r->state * UINT64_C(6364136223846793005) +
		   UINT64_C(1442695040888963407);
	x = r->state;
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 32;
}

double random_uniform(struct random *r)
{
	return (double)(random_next(r) >> 11) * 0x1p-53;
}

/* A point in the unit circle has a direction and, independently, a distance (Marsaglia). */
double random_normal(struct random *r)
{
	double x, y, square, factor;

	if (r->has_spare) {
		r->has_spare = false;
		return r->spare;
	}
	do {
		x = 2 * random_uniform(r) - 1;
		y = 2 * random_uniform(r) - 1;
		square = x * x + y * y;
	} while (square >= 1 || square == 0);
	factor = sqrt(-2 * log(square) / square);
	r->spare = y * factor;
	r->has_spare = true;
	return x * factor;
}

void machine_start(struct machine *m, const struct machine_kind *kind,
		   struct random *random)
{
	*m = (struct machine){.kind = *kind, .random = random};
	m->level = random_normal(random);
	m->slope = random_next(random) >> 63 ? 5 / 80. : -5 / 80.;
	m->up = random_next(random) >> 63;
	m->time = (unsigned)(random_next(random) >> 33); /* of the period */
}

double machine_run(struct machine *m)
{
	const struct machine_kind *k = &m->kind;
	double c = k->correlation, x;

	m->level = c * m->level + sqrt(1 - c * c) * random_normal(m->random);
	x = m->level;
	if (k->spikes && random_uniform(m->random) < SPIKE)
		x -= 4 * log(1 - random_uniform(m->random));
	if (k->drift)
		x += m->drifted += m->slope;
	if (k->regimes) {
		m->up ^= random_uniform(m->random) < SWITCH;
		x += m->up ? 4 : 0;
	}
	if (k->period)
		x += m->time++ % k->period < k->period / 2 ? 2 : 0;
	return x;
}
