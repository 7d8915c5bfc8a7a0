/* The rules, each a question that may answer for good: what somebody asked for comes before
 * what files say. */
#include <profd/ci-rules.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <profd/ci-text.h>
#include <profd/text.h>

#define NAME_MAX_BYTES 80

struct deciding {
	const struct config_ci *rules;
	bool on_demand;
	const struct ci_event *e;
	const struct ci_changes *c;
	struct ci_decision *ret;
};

/* --- answers ------------------------------------------------------------------------- */

/* @what is from outside, or NULL. Returns true: this is the answer. */
static bool answer(struct deciding *d, bool run, const char *before, const char *what,
		   const char *behind)
{
	struct text t = {0};

	text_add(&t, before);
	ci_add_line(&t, what, NAME_MAX_BYTES);
	text_add(&t, behind);
	d->ret->run = run;
	snprintf(d->ret->reason, sizeof(d->ret->reason), "%s", text_get(&t));
	text_done(&t);
	return true;
}

static bool tier_find(const char *word, size_t n, enum config_tier *ret)
{
	for (unsigned i = 0; i < CONFIG_TIERS; i++) {
		const char *known = config_tier_word((enum config_tier)i);

		if (strlen(known) == n && !strncmp(known, word, n)) {
			*ret = (enum config_tier)i;
			return true;
		}
	}
	return false;
}

static const char *list_find(const struct config_texts *list, const char *word)
{
	for (uint32_t i = 0; word && i < list->n; i++) {
		if (!strcmp(list->v[i], word))
			return list->v[i];
	}
	return NULL;
}

/* --- what somebody asked for --------------------------------------------------------- */

static bool by_label(struct deciding *d)
{
	const struct ci_texts *labels = &d->e->labels;

	for (uint32_t i = 0; i < labels->n; i++) {
		if (list_find(&d->rules->labels, labels->v[i]))
			return answer(d, true, "the label '", labels->v[i],
				      "' asks for it");
	}
	return false;
}

static const char *token_in(const struct config_texts *tokens, const char *message)
{
	for (uint32_t i = 0; message && i < tokens->n; i++) {
		if (strstr(message, tokens->v[i]))
			return tokens->v[i];
	}
	return NULL;
}

static bool by_token(struct deciding *d)
{
	const struct config_texts *tokens = &d->rules->tokens;
	const char *found = token_in(tokens, d->c->message);

	for (uint32_t i = 0; !found && i < d->e->messages.n; i++)
		found = token_in(tokens, d->e->messages.v[i]);
	if (found)
		return answer(d, true, "the message of a commit has '", found, "' in it");
	found = d->e->happened == CI_PULL_REQUEST ? token_in(tokens, d->e->title) : NULL;
	return found ? answer(d, true, "the title has '", found, "' in it") : false;
}

static bool may_ask(const struct config_ci *rules, const char *association)
{
	for (unsigned i = CONFIG_OWNER; association && i <= CONFIG_COLLABORATOR; i++) {
		if (rules->commenters & 1u << i &&
		    !strcasecmp(config_commenter_word(i), association))
			return true;
	}
	return false;
}

/* The word alone, or with a tier behind it on the same line. */
static bool comment_asks(struct deciding *d)
{
	size_t n = strlen(d->rules->comment), len;
	const char *s = d->e->comment;

	if (!s || strncmp(s, d->rules->comment, n) != 0)
		return false;
	s += n;
	if (*s && !isspace((unsigned char)*s))
		return false;
	s += strspn(s, " \t");
	len = strcspn(s, " \t\r\n");
	return !len || tier_find(s, len, &d->ret->tier);
}

static void decide_comment(struct deciding *d)
{
	const struct ci_event *e = d->e;

	if (!e->pr)
		answer(d, false, "a comment on an issue", NULL, "");
	else if (e->action && strcmp(e->action, "created") != 0)
		answer(d, false, "a comment was ", e->action, ", not created");
	else if (!comment_asks(d))
		answer(d, false, "the comment is not '", d->rules->comment,
		       "', alone or with a tier behind it");
	else if (!may_ask(d->rules, e->association))
		answer(d, false, "'", e->author,
		       "' may not ask by a comment: ci.commenters");
	else
		answer(d, true, "'", e->author, "' asks for it by a comment");
}

/* --- schedules ------------------------------------------------------------------------ */

static void tier_typed(struct deciding *d, bool run)
{
	const char *tier = d->e->tier;

	if (tier && !tier_find(tier, strlen(tier), &d->ret->tier))
		answer(d, run, "there is no tier '", tier, "': quick it is");
}

static void decide_manual(struct deciding *d)
{
	answer(d, true, "somebody started it", NULL, "");
	tier_typed(d, true);
}

static void decide_schedule(struct deciding *d)
{
	const char *schedule = d->e->schedule;

	d->ret->tier = CONFIG_DAILY;
	if (d->e->tier && tier_find(d->e->tier, strlen(d->e->tier), &d->ret->tier)) {
		answer(d, true, "a schedule of the tier '", d->e->tier, "'");
	} else if (schedule && !strcmp(schedule, d->rules->weekly)) {
		d->ret->tier = CONFIG_WEEKLY;
		answer(d, true, "the weekly schedule '", schedule, "'");
	} else if (schedule && !strcmp(schedule, d->rules->daily)) {
		answer(d, true, "the daily schedule '", schedule, "'");
	} else if (schedule) {
		answer(d, true, "the schedule '", schedule,
		       "', which is neither ci.daily nor ci.weekly: daily");
	} else {
		answer(d, true, "a schedule", NULL, "");
	}
}

/* --- files ---------------------------------------------------------------------------- */

static bool any_matches(const struct config_texts *patterns, const char *s)
{
	for (uint32_t i = 0; i < patterns->n; i++) {
		if (ci_pattern_matches(patterns->v[i], s))
			return true;
	}
	return false;
}

static bool counts(const struct config_ci *rules, const char *file)
{
	return (!rules->paths.n || any_matches(&rules->paths, file)) &&
	       !any_matches(&rules->paths_ignore, file);
}

static void decide_files(struct deciding *d)
{
	const struct ci_texts *files = &d->c->files;
	const char *first = NULL;
	char behind[64];
	uint32_t n = 0;

	if (!d->rules->paths.n && !d->rules->paths_ignore.n) {
		answer(d, true, "a change, and no filter of paths", NULL, "");
		return;
	}
	if (!d->c->known) {
		answer(d, true, "which files change is not known: ", d->c->why, "");
		return;
	}
	for (uint32_t i = 0; i < files->n; i++) {
		n += counts(d->rules, files->v[i]);
		if (n == 1 && !first)
			first = files->v[i];
	}
	snprintf(behind, sizeof(behind), "': %u of %u changed file%s count%s", n,
		 files->n, files->n == 1 ? "" : "s", n == 1 ? "s" : "");
	if (first)
		answer(d, true, "'", first, behind);
	else
		answer(d, false, files->n ? "'" : "no file changes",
		       files->n ? files->v[0] : "", files->n ? behind : "");
}

/* --- events --------------------------------------------------------------------------- */

static bool is_code(const char *action)
{
	static const char *const actions[] = {"opened", "synchronize", "reopened",
					      "ready_for_review", "checks_requested"};

	for (size_t i = 0; action && i < ARRAY_SIZE(actions); i++) {
		if (!strcmp(actions[i], action))
			return true;
	}
	return !action;
}

static void decide_pull_request(struct deciding *d)
{
	const char *action = d->e->action;

	if (action && !strcmp(action, "labeled")) {
		if (list_find(&d->rules->labels, d->e->label))
			answer(d, true, "the label '", d->e->label, "' asks for it");
		else
			answer(d, false, "the label '", d->e->label,
			       "' asks for nothing");
	} else if (!is_code(action)) {
		answer(d, false, "'", action, "' changes no code");
	} else if (by_label(d) || by_token(d)) {
		return;
	} else if (d->on_demand || d->rules->pull_requests == CONFIG_ASKED) {
		answer(d, false, "no label, message or comment asks for it", NULL, "");
	} else {
		decide_files(d);
	}
}

static bool is_main(const struct deciding *d)
{
	const char *branch = d->e->branch, *main = d->e->default_branch;

	if (!branch)
		return false;
	if (d->rules->branches.n)
		return any_matches(&d->rules->branches, branch);
	return main ? !strcmp(branch, main)
		    : !strcmp(branch, "main") || !strcmp(branch, "master");
}

static void decide_push(struct deciding *d)
{
	if (d->e->deleted)
		answer(d, false, "the branch '", d->e->branch, "' was deleted");
	else if (by_token(d))
		return;
	else if (d->on_demand)
		answer(d, false, "no message asks for it", NULL, "");
	else if (!is_main(d))
		answer(d, false, "a push to '", d->e->branch,
		       "', which is none of the branches to measure");
	else
		decide_files(d);
}

void ci_decide(const struct config_ci *rules, bool on_demand, const struct ci_event *e,
	       const struct ci_changes *c, struct ci_decision *ret)
{
	struct deciding d = {rules, on_demand, e, c, ret};

	*ret = (struct ci_decision){.tier = CONFIG_QUICK};
	switch (e->happened) {
	case CI_PULL_REQUEST:
		decide_pull_request(&d);
		break;
	case CI_PUSH:
		decide_push(&d);
		break;
	case CI_TAG:
		answer(&d, false, "the tag '", e->branch, "'");
		break;
	case CI_SCHEDULE:
		decide_schedule(&d);
		break;
	case CI_MANUAL:
		decide_manual(&d);
		break;
	case CI_COMMENT:
		decide_comment(&d);
		break;
	case CI_NO_EVENT:
		answer(&d, true, "no CI system: nobody has to ask", NULL, "");
		break;
	default:
		answer(&d, false, "the event '", e->name, "' is none to measure after");
	}
}
