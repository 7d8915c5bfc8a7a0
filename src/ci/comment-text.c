/* What the comment says: the report's own Markdown (outcome_comment_write), with a line before
 * it that is for the next run, and links behind it. */
#include <profd/ci-comment.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <profd/mem.h>
#include <profd/outcome-io.h>

#include "comment-priv.h"

#define MARKER "<!-- profd:"
#define STATE "<!-- profd-state: "

/* --- what it told -------------------------------------------------------------------- */

static const enum verdict verdicts[] = {
	VERDICT_REGRESSION,   VERDICT_PASS,	      VERDICT_IMPROVEMENT,
	VERDICT_INCONCLUSIVE, VERDICT_UNTRUSTED,      VERDICT_MEASURED,
	VERDICT_IMMATURE,     VERDICT_NOT_COMPARABLE, VERDICT_NO_BASELINE,
	VERDICT_FAILED,	      VERDICT_TIMEOUT,	      VERDICT_OPEN,
	VERDICT_SUSPECTED,
};

/* FNV-1a: it only has to tell runs of one pull request from each other. */
static void key_add(uint64_t *key, const char *s)
{
	do {
		*key = (*key ^ (unsigned char)*s) * 0x100000001b3u;
	} while (*s++);
}

void comment_state_of(const struct outcome *o, struct comment_state *ret)
{
	*ret = (struct comment_state){.verdict = o->verdict, .key = 0xcbf29ce484222325u};
	ret->worse = o->verdict == VERDICT_REGRESSION || o->verdict == VERDICT_FAILED ||
		     o->verdict == VERDICT_TIMEOUT;
	for (uint32_t i = 0; i < o->nworkloads; i++) {
		const struct outcome_workload *w = &o->workloads[i];

		key_add(&ret->key, w->name ? w->name : "");
		key_add(&ret->key, verdict_name(w->verdict));
		ret->worse |= w->verdict == VERDICT_REGRESSION ||
			      w->verdict == VERDICT_FAILED ||
			      w->verdict == VERDICT_TIMEOUT;
		for (uint32_t k = 0; k < w->nmetrics; k++) {
			const struct outcome_metric *m = &w->metrics[k];

			key_add(&ret->key, m->name ? m->name : "");
			key_add(&ret->key, verdict_name(m->verdict));
			key_add(&ret->key, m->budget.exceeded ? "exceeded" : "");
			ret->worse |= m->verdict == VERDICT_REGRESSION ||
				      m->budget.exceeded;
		}
	}
}

static bool verdict_find(const char *name, size_t n, enum verdict *ret)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++) {
		const char *known = verdict_name(verdicts[i]);

		if (strlen(known) != n || strncmp(known, name, n) != 0)
			continue;
		*ret = verdicts[i];
		return true;
	}
	return false;
}

/* It may have been edited by somebody who is allowed to: what is not as written here counts
 * as nothing. GitHub keeps line ends as they come, others may make them CR LF. */
bool comment_state_read(const char *body, struct comment_state *ret)
{
	struct comment_state s = {0};
	const char *at = strchr(body, '\n');
	size_t word;
	int end = 0;

	if (!at || strncmp(at + 1, STATE, strlen(STATE)) != 0)
		return false;
	at += 1 + strlen(STATE);
	s.worse = !strncmp(at, "worse ", 6);
	if (!s.worse && strncmp(at, "fine ", 5) != 0)
		return false;
	at += s.worse ? 6 : 5;
	word = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
	if (at[word] != ' ' || !verdict_find(at, word, &s.verdict))
		return false;
	at += word + 1;
	if (strspn(at, "0123456789abcdef") != 16 ||
	    sscanf(at, "%16" SCNx64 " -->%n", &s.key, &end) != 1 || !end)
		return false;
	*ret = s;
	return true;
}

/* --- text ---------------------------------------------------------------------------- */

bool comment_id_is_good(const char *id)
{
	size_t n = strlen(id);

	return n && n <= COMMENT_ID_MAX_BYTES && !strstr(id, "--") &&
	       strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			  "0123456789._-") == n;
}

/* An address that is safe between < and >. */
static bool link_is_good(const char *s)
{
	size_t n = s ? strlen(s) : 0;

	return n && n < 2000 && !strncmp(s, "https://", 8) &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789-._~:/?#@!$&*+,;=%") == n;
}

/* What a fork's program wrote may say anything, and commands are copied: they are left out,
 * and the run is the one that the server itself names. */
static struct outcome as_shown(const struct outcome *o, const struct comment_options *opt)
{
	struct outcome shown = *o;

	if (opt->run)
		shown.run_url = opt->run;
	else if (opt->foreign)
		shown.run_url = NULL;
	if (opt->foreign)
		shown.reproduce = NULL;
	return shown;
}

char *comment_marker(const char *id)
{
	return xasprintf(MARKER "%s -->", id);
}

void comment_take_text(struct comment *c, const struct comment_options *opt,
		       struct text *t)
{
	if (opt->foreign)
		text_add(t, "\nThe pull request's own code made these figures.\n");
	if (link_is_good(opt->link)) {
		c->link = xstrdup(opt->link);
		text_addf(t, "\n[Report, profiles and flame graphs](<%s>)\n", c->link);
	}
	c->text = t->s ? t->s : xstrdup("");
}

void comment_of_outcome(const struct outcome *o, const struct comment_options *opt,
			struct comment *ret)
{
	const struct outcome shown = as_shown(o, opt);
	struct text t = {0};
	struct sink_text out;
	char *line;

	*ret = (struct comment){0};
	comment_state_of(o, &ret->state);
	sink_text_init(&out, &t);
	outcome_comment_write(&shown, &out.sink);
	/* Its first line is a marker without a name of ours. */
	line = strchr(t.s, '\n');
	ret->marker = opt->id ? comment_marker(opt->id)
			      : xstrndup(t.s, (size_t)(line - t.s));
	t.len -= (size_t)(line + 1 - t.s);
	memmove(t.s, line + 1, t.len + 1);
	comment_take_text(ret, opt, &t);
}

void comment_done(struct comment *c)
{
	free(c->marker);
	free(c->text);
	free(c->link);
	*c = (struct comment){0};
}

/* --- as it is written ---------------------------------------------------------------- */

/* Where the last section before @max begins, else the last line, so that no fold or table
 * is left open. */
static size_t cut_at(const char *s, size_t max)
{
	static const char *const starts[] = {"\n#### ", "\n<details>", "\n## "};
	size_t best = 0, line = 0;

	for (size_t i = 1; i < max; i++) {
		if (s[i] != '\n')
			continue;
		line = i;
		for (size_t k = 0; k < sizeof(starts) / sizeof(*starts); k++)
			if (!strncmp(s + i, starts[k], strlen(starts[k])))
				best = i;
	}
	return best ? best : line;
}

static void add_cut(const struct comment *c, size_t max, struct text *t)
{
	_cleanup_free_ char *note =
		c->link ? xasprintf("\n\nToo long for a comment: the rest is [in the "
				    "report](<%s>).\n",
				    c->link)
			: xstrdup("\n\nToo long for a comment: the rest is in the "
				  "report.\n");
	size_t room = max - t->len - strlen(note);

	text_addn(t, c->text, cut_at(c->text, room));
	text_add(t, note);
}

void comment_render(const struct comment *c, const struct comment_state *before,
		    size_t max, struct text *t)
{
	text_addf(t, "%s\n" STATE "%s %s %016" PRIx64 " -->\n", c->marker,
		  c->state.worse ? "worse" : "fine", verdict_name(c->state.verdict),
		  c->state.key);
	if (before && before->worse && !c->state.worse)
		text_add(t, "**Resolved:** what was worse here is so no more.\n\n");
	if (strlen(c->text) <= max - t->len)
		text_add(t, c->text);
	else
		add_cut(c, max, t);
}
