#pragma once
/* Shared by the commands that work on files of profiles. */
#include <profd/format.h>

/* Lines of a command's --help: what FILE may be. */
extern const char profile_file_usage[];

/* Reads @path, "-" being the standard input, a folder standing for the cpu.pb.gz in it:
 * pprof, gperftools, speedscope, the text of perf script, or else folded stacks, whose counts
 * are of @unit: count, nanoseconds or bytes; as they are or in gzip. NULL and err: it
 * cannot be read, or is none of these; or there is no such unit. */
struct profile *profile_file_read(const char *path, const char *unit, struct error *err);
/* The index of the sample type named @name, or else @name_event; NULL: the profile's default
 * one. */
int profile_file_value(const struct profile *p, const char *name, unsigned *ret_value,
		       struct error *err);
