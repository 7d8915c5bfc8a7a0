/* profd ci: finds the verb and hands over. What they have in common with a CI system is in
 * src/ci; each verb has a file of its own here. */
#include "ci.h"

#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include <profd/mem.h>
#include <profd/text.h>

static const struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *does;
} verbs[] = {
	{"init", ci_verb_init, "write the files that make a CI system run profd"},
	{"should-run", ci_verb_should_run, "say whether there is anything to measure"},
	{"summary", ci_verb_summary, "put results on the page of the step"},
	{"wrap", ci_verb_wrap, "run a command whose output is no command"},
	{"env", ci_verb_env, "say which CI system this is, and what it says"},
	{"comment", ci_verb_remote, "write the one comment on a pull request"},
	{"fetch", ci_verb_remote, "download the artifacts of a run"},
	{"alert", ci_verb_remote, "tell somebody that something got worse"},
};

static int usage(FILE *out, int status)
{
	fputs("usage: profd ci VERB [options]\n\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].does);
	fputs("\n'profd ci VERB --help' tells more.\n", out);
	return status;
}

static int unknown(const char *word)
{
	struct text_nearest near;

	text_nearest_init(&near, word);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		text_nearest_offer(&near, verbs[i].name);
	return cmd_usage_error(2, "ci", "there is no 'profd ci %s'%s%s%s", word,
			       near.n ? "; did you mean '" : "",
			       near.n ? near.best[0].word : "", near.n ? "'?" : "");
}

int cmd_ci(int argc, char **argv)
{
	if (argc < 2)
		return usage(stderr, 2);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return usage(stdout, 0);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (!strcmp(verbs[i].name, argv[1]))
			return verbs[i].run(argc - 1, argv + 1);
	}
	return unknown(argv[1]);
}
