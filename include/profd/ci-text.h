#pragma once
/* Text from outside on its way to a CI system, which reads commands from what a job prints
 * (GitHub: "Workflow commands"; the runner's sources, ActionCommand.cs: "::" begins a line,
 * "##[" stands anywhere in one). */
#include <stddef.h>

#include <profd/error.h>

struct text;

/* At most @max bytes of @s on one line, clean, and with no command in it: what would begin
 * one has a blank in between. */
void ci_add_line(struct text *t, const char *s, size_t max);
/* The data of a workflow command, and a property of one, escaped as GitHub reads them. */
void ci_add_data(struct text *t, const char *s, size_t max);
void ci_add_property(struct text *t, const char *s, size_t max);
/* NAME=VALUE as a line for $GITHUB_OUTPUT; in the form with a delimiter, which nobody can
 * guess, where the value has newlines. */
void ci_add_output(struct text *t, const char *name, const char *value);
/* 32 hexadecimal digits that nobody can guess, by getrandom(2). */
#define CI_SECRET_BYTES 33
void ci_secret(char ret[CI_SECRET_BYTES]);
/* Appends @t to the file @path, which the runner has made. -errno and err. */
int ci_append(const char *path, const struct text *t, struct error *err);
