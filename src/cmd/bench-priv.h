#pragma once
/* Shared by the files of `profd bench`. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/choose.h>
#include <profd/outcome.h>
#include <profd/repeat.h>
#include <profd/text.h>

struct bench_args {
	struct choose choose;
	struct bench_isolation isolation;
	unsigned load_threads; /* busy ones meanwhile */
	int load_nice;
	char *const *command; /* behind "--"; NULL: workloads of the file */
	const char *config;   /* NULL: find it */
	const char *output;
	const char *strictness;
	uint64_t runs, warmup; /* UINT64_MAX: as the workload says */
	bool force, json, quiet, no_profile, help;
};

extern const char BENCH_USAGE[];
/* 0 or the exit status; what is wrong was printed. */
int bench_args_parse(struct bench_args *a, int argc, char **argv);
void bench_args_done(struct bench_args *a);

/* One line on stderr that is written over, for terminals only. */
struct bench_line {
	bool on;
	uint32_t workload, workloads; /* which one of how many, from 0 */
};
void bench_line_init(struct bench_line *l, bool quiet);
void bench_line_show(const struct bench_line *l, const struct repeat_progress *p);
void bench_line_clear(const struct bench_line *l);

/* What was measured, for people: a table for each workload. */
void bench_describe(const struct outcome *o, struct text *t);
