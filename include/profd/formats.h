#pragma once
/* The list of all formats that a profile can be written in: their names, how their files
 * are called, who writes them. One thread at a time per call. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <profd/error.h>
#include <profd/io.h>
#include <profd/profile.h>

struct format_options {
	const char *title; /* what the profile is called, clean UTF-8 */
	unsigned value;	   /* index in value_types */
	bool annotate;	   /* kinds of frames, where the format has no way to say them */
};

struct format {
	const char *name;
	const char *suffixes[4]; /* of file names, with the dot; NULL: no more */
	const char *prefix;	 /* of file names, or NULL */
	/* What recordings call it, for the profile of the program and for that of all
	 * time; NULL: there is none. Unless it is asked for, only `always` ones are
	 * written. */
	const char *cpu_file, *wall_file;
	bool always;
	void (*write)(const struct profile *p, const struct format_options *o,
		      struct sink *out);
};

/* Number @i, from 0 on; NULL behind the last. There are no more than 32. */
const struct format *format_get(size_t i);
size_t format_number(const struct format *f);
/* By its name. NULL: there is none, and err names the nearest. */
const struct format *format_find(const char *name, struct error *err);
/* By the name of a file: the longest end or beginning that fits. May be NULL. */
const struct format *format_of_file(const char *path);
/* Names separated by commas: bit i stands for number i. Returns 0 or -EINVAL with err,
 * and nothing is changed. */
int format_parse_list(const char *list, uint32_t *ret_set, struct error *err);
