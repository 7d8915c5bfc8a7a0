#pragma once
/* A machine that is made up, as a runner for gates: what each run measures is said by the
 * test, its clock goes by what the runs are said to take. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/gate.h>
#include <profd/vec.h>

#include "../simulate/machine.h"

struct fake_machine {
	const struct config *config;
	double level[8];      /* of the value, by workload */
	double worse[8];      /* head's, times base's */
	double copy_worse;    /* base's copy, times base's; 1 */
	double noise;	      /* deviation of the logarithm */
	double seconds[8];    /* of a run, by workload */
	uint32_t slower_from; /* ten times slower from this run on; 0: never */
	double reproduces;    /* head's factor in triplets, 0: as in pairs */
	struct machine_kind kind;
	struct random random;
	struct machine machine;
	/* What a run of this workload and side comes to from run `bad_from` on. */
	int bad_workload, bad_side; /* -1: none */
	uint32_t bad_from;
	enum bench_end bad_end;
	bool exact_noise;  /* exact runs do not repeat */
	int no_value_side; /* whose runs measure nothing; -1 */
	uint64_t clock_ns;
	VEC(struct gate_run) runs;
	uint32_t copies, plans;
	struct gate_plan plan; /* as it was told, without the workloads */
	uint32_t planned[8];
	bool in_triplets;
};

void fake_machine_init(struct fake_machine *m, const struct config *c, uint64_t seed);
void fake_machine_done(struct fake_machine *m);
struct gate_runner fake_machine_runner(struct fake_machine *m);
