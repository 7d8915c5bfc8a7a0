#pragma once
/* Where a command's result goes: the standard output, or a file that appears whole. */
#include <stdbool.h>

#include <profd/error.h>
#include <profd/io.h>

/* Writes into @out, which keeps the first failure. */
typedef void (*output_write)(const void *arg, struct sink *out);

/* 0, or -errno and err. */
int output_stdout(output_write write, const void *arg, struct error *err);
/* A file that is there is refused (-EEXIST) unless @force. */
int output_file(const char *path, bool force, output_write write, const void *arg,
		struct error *err);
