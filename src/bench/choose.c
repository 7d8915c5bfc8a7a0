/* Workloads by name, tag and tier. */
#include <profd/choose.h>

#include <errno.h>
#include <string.h>

#include <profd/text.h>

static bool has_name(const struct config_workload *w, const char *name)
{
	return !strcmp(w->name, name) || !strcmp(w->group, name);
}

static bool has_tag(const struct config_workload *w, const char *tag)
{
	for (uint32_t i = 0; i < w->ntags; i++) {
		if (!strcmp(w->tags[i], tag))
			return true;
	}
	return false;
}

static bool is_one_of(const struct config_workload *w, char *const *words, uint32_t n,
		      bool (*has)(const struct config_workload *w, const char *word))
{
	for (uint32_t i = 0; i < n; i++) {
		if (has(w, words[i]))
			return true;
	}
	return !n;
}

static bool is_known(const struct config *c, const char *word,
		     bool (*has)(const struct config_workload *w, const char *word))
{
	for (uint32_t i = 0; i < c->nworkloads; i++) {
		if (has(&c->workloads[i], word))
			return true;
	}
	return false;
}

static int unknown(struct text_nearest *near, const char *what, const char *word,
		   struct error *err)
{
	struct text t = {0};

	text_add_clean(&t, word, strlen(word));
	error_set(err, -EINVAL, "there is no workload %s '%.100s'", what, text_get(&t));
	text_done(&t);
	if (near->n)
		error_hint(err, "did you mean '%s'?", near->best[0].word);
	else
		error_hint(err, "'profd config check' lists them");
	return -EINVAL;
}

static int words_check(const struct config *c, const struct choose *how,
		       struct error *err)
{
	struct text_nearest near;

	for (uint32_t i = 0; i < how->nnames; i++) {
		if (is_known(c, how->names[i], has_name))
			continue;
		text_nearest_init(&near, how->names[i]);
		for (uint32_t k = 0; k < c->nworkloads; k++) {
			text_nearest_offer(&near, c->workloads[k].group);
			text_nearest_offer(&near, c->workloads[k].name);
		}
		return unknown(&near, "called", how->names[i], err);
	}
	for (uint32_t i = 0; i < how->ntags; i++) {
		if (is_known(c, how->tags[i], has_tag))
			continue;
		text_nearest_init(&near, how->tags[i]);
		for (uint32_t k = 0; k < c->nworkloads; k++) {
			for (uint32_t t = 0; t < c->workloads[k].ntags; t++)
				text_nearest_offer(&near, c->workloads[k].tags[t]);
		}
		return unknown(&near, "with the tag", how->tags[i], err);
	}
	return 0;
}

int choose_workloads(const struct config *c, const struct choose *how, bool *ret_chosen,
		     struct error *err)
{
	int code = words_check(c, how, err), n = 0;

	if (code < 0)
		return code;
	for (uint32_t i = 0; i < c->nworkloads; i++) {
		const struct config_workload *w = &c->workloads[i];

		ret_chosen[i] = is_one_of(w, how->names, how->nnames, has_name) &&
				is_one_of(w, how->tags, how->ntags, has_tag) &&
				!(how->has_tier && w->tiers[how->tier].disabled);
		n += ret_chosen[i];
	}
	if (n)
		return n;
	error_set(err, -EINVAL, "no workload is left by these names, tags and tier");
	error_hint(err, "'profd config check' lists them");
	return -EINVAL;
}

bool choose_tier(const char *word, enum config_tier *ret_tier)
{
	for (unsigned i = 0; i < CONFIG_TIERS; i++) {
		if (strcmp(word, config_tier_word((enum config_tier)i)) != 0)
			continue;
		*ret_tier = (enum config_tier)i;
		return true;
	}
	return false;
}
