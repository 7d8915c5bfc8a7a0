#pragma once
/* Shared by the files of report/. */
#include <stddef.h>

struct run;
struct sampler_info;
struct text;

/* The file name of artifact @i, from 0; NULL behind the last. */
const char *artifact_name(size_t i);
/* "cpu-clock at 499 Hz, user and kernel code", or "page-faults, one of 100, …". */
void run_add_sampled(struct text *t, const struct sampler_info *s);
/* The events behind the first, in words: "page-faults (12 samples of 345;
 * page-faults.svg), …". */
void run_add_events(struct text *t, const struct run *run);
