#pragma once
/* The verbs of `profd ci`; each returns the exit status. argv[0] is the verb. */

int ci_verb_env(int argc, char **argv);
int ci_verb_init(int argc, char **argv);
int ci_verb_wrap(int argc, char **argv);
int ci_verb_summary(int argc, char **argv);
int ci_verb_should_run(int argc, char **argv);
int ci_verb_remote(int argc, char **argv); /* comment, fetch, alert: in profd-remote */
