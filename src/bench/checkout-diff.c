/* What a change changes, as git tells it. The user's settings for diffs, which may colour,
 * reorder or reformat them or run programs, are all overridden. */
#include <profd/checkout.h>

#include <errno.h>

#include <profd/mem.h>

#include "checkout-priv.h"

#define DIFF_MAX_BYTES ((size_t)64 << 20)

static bool has_commits(const struct checkout *c)
{
	return c->repo && c->base.kind == CHECKOUT_REF && c->base.commit &&
	       c->head.kind == CHECKOUT_REF && c->head.commit;
}

int checkout_diff(struct checkout *c, struct text *ret_diff, struct error *err)
{
	const char *const argv[] = {"git",
				    "-C",
				    c->repo,
				    "diff",
				    "--no-color",
				    "--no-ext-diff",
				    "--no-textconv",
				    "--no-relative",
				    "--ignore-submodules=all",
				    "--unified=0",
				    "--inter-hunk-context=0",
				    "-M",
				    "--src-prefix=a/",
				    "--dst-prefix=b/",
				    "--end-of-options",
				    c->base.commit,
				    c->head.dirty ? "--" : c->head.commit,
				    c->head.dirty ? NULL : "--",
				    NULL};
	static const char *const env[] = {"LC_ALL=C", "GIT_OPTIONAL_LOCKS=0",
					  "GIT_TERMINAL_PROMPT=0", NULL};
	struct text out = {0}, errors = {0};
	const struct tool t = {.argv = argv,
			       .env = env,
			       .out = &out,
			       .errors = &errors,
			       .out_max = DIFF_MAX_BYTES};
	int status = 0, code;

	if (!has_commits(c))
		return error_set(err, -ENOENT,
				 "the two sides are not commits of one repository");
	code = tool_run(&t, &status, err);
	if (code == 0 && status != 0)
		code = error_set(err, -EIO, "git diff failed between %s and %s",
				 c->base.label, c->head.label);
	text_done(&errors);
	if (code < 0)
		text_done(&out);
	else
		*ret_diff = out;
	return code;
}
