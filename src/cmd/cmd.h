#pragma once
/* One function per sub-command; each returns the exit status. Only this folder prints. */
#include <stdio.h>

#include <profd/config.h>
#include <profd/error.h>

int cmd_ci(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_config(int argc, char **argv);
int cmd_convert(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_gate(int argc, char **argv);
int cmd_merge(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_selftest(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_view(int argc, char **argv);

/* "profd: SENTENCE" and the hint, on stderr. Returns @status. */
int cmd_fail(int status, const struct error *err);
int cmd_usage_error(int status, const char *page, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A line of what a workload or a build printed: clean, and no command to a CI system. */
struct text;
void cmd_add_output(struct text *t, const char *line, size_t n);
/* All that is wrong with a configuration. */
void cmd_problems(const struct config_problems *p);
