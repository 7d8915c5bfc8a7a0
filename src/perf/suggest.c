/* What to say to a name that cannot be encoded. libpfm4's own word is not enough: it
 * calls names of other machines' PMUs "not found", and unknown ones "not supported" where
 * it found no PMU at all. So its tables are searched: 18,000 names, in a hundredth of a
 * second, and only on failure. */
#include "perf-priv.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include <perfmon/pfmlib.h>

#include <profd/mem.h>

int pfm_ready(struct error *err)
{
	static bool ready;
	int r;

	if (ready)
		return 0;
	r = pfm_initialize();
	if (r != PFM_SUCCESS)
		return error_set(err, -ENOENT, "libpfm4 does not start: %s",
				 pfm_strerror(r));
	ready = true;
	return 0;
}

/* A name as its parts: "PMU::EVENT:ATTRIBUTES". */
struct parts {
	char *pmu; /* or NULL */
	char *event;
	const char *attributes; /* of the last colon of all, "" without */
};

static void parts_init(struct parts *p, const char *name)
{
	const char *sep = strstr(name, "::"), *event = sep ? sep + 2 : name;
	size_t n = strcspn(event, ":.");

	*p = (struct parts){.pmu = sep ? xstrndup(name, (size_t)(sep - name)) : NULL,
			    .event = xstrndup(event, n)};
	p->attributes = event[n] ? event + n + 1 : "";
}

static void parts_done(struct parts *p)
{
	free(p->pmu);
	free(p->event);
}

struct found {
	unsigned npmus; /* that have the event */
	int idx;	/* of the event in the best of them */
	bool present;	/* that one is in this machine */
	char pmu[64];
	bool pmu_known; /* a PMU of the name that was given exists */
};

static void search_pmu(const pfm_pmu_info_t *info, const struct parts *p, struct found *f)
{
	for (int i = info->first_event; i != -1; i = pfm_get_event_next(i)) {
		pfm_event_info_t e = {.size = sizeof(e)};

		if (pfm_get_event_info(i, PFM_OS_PERF_EVENT, &e) != PFM_SUCCESS ||
		    strcasecmp(e.name, p->event) != 0)
			continue;
		f->npmus++;
		if (f->present && !info->is_present)
			return;
		/* Newer processors come later: these are the likelier ones to be
		 * meant. */
		f->idx = i;
		f->present = info->is_present;
		snprintf(f->pmu, sizeof(f->pmu), "%s", info->name);
		return;
	}
}

static void search(const struct parts *p, struct found *f)
{
	pfm_pmu_t pmu;

	pfm_for_all_pmus(pmu)
	{
		pfm_pmu_info_t info = {.size = sizeof(info)};

		if (pfm_get_pmu_info(pmu, &info) != PFM_SUCCESS)
			continue;
		if (p->pmu && strcasecmp(info.name, p->pmu) != 0)
			continue;
		f->pmu_known = true;
		search_pmu(&info, p, f);
	}
}

/* --- the nearest names -------------------------------------------------------------- */

static void offer_lower(struct text_nearest *near, const char *name)
{
	char lower[128];
	size_t n = strlen(name);

	if (n >= sizeof(lower))
		return;
	for (size_t i = 0; i <= n; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	text_nearest_offer(near, lower);
}

/* @named: the user wrote the PMU, and reads it again in what is offered. */
static void offer_pmu(struct text_nearest *near, const pfm_pmu_info_t *info, bool named)
{
	bool generic = info->pmu == PFM_PMU_PERF_EVENT && !named;

	for (int i = info->first_event; i != -1; i = pfm_get_event_next(i)) {
		pfm_event_info_t e = {.size = sizeof(e)};

		if (pfm_get_event_info(i, PFM_OS_PERF_EVENT, &e) != PFM_SUCCESS)
			continue;
		/* perf's own names are written small; PERF_COUNT_… are its long forms. */
		if (!generic)
			text_nearest_offer(near, e.name);
		else if (strncmp(e.name, "PERF_COUNT_", 11) != 0)
			offer_lower(near, e.name);
	}
}

static void offer_events(struct text_nearest *near, const char *pmu_name)
{
	pfm_pmu_t pmu;

	for (const struct software_name *s = software_names; s->name && !pmu_name; s++)
		text_nearest_offer(near, s->name);
	pfm_for_all_pmus(pmu)
	{
		pfm_pmu_info_t info = {.size = sizeof(info)};

		if (pfm_get_pmu_info(pmu, &info) != PFM_SUCCESS)
			continue;
		if (pmu_name ? !strcasecmp(info.name, pmu_name)
			     : info.is_present || info.pmu == PFM_PMU_PERF_EVENT)
			offer_pmu(near, &info, pmu_name != NULL);
	}
}

static void offer_pmus(struct text_nearest *near)
{
	pfm_pmu_t pmu;

	pfm_for_all_pmus(pmu)
	{
		pfm_pmu_info_t info = {.size = sizeof(info)};

		if (pfm_get_pmu_info(pmu, &info) == PFM_SUCCESS)
			text_nearest_offer(near, info.name);
	}
}

static void offer_attributes(struct text_nearest *near, int idx)
{
	pfm_event_info_t e = {.size = sizeof(e)};

	if (pfm_get_event_info(idx, PFM_OS_PERF_EVENT, &e) != PFM_SUCCESS)
		return;
	for (int i = 0; i < e.nattrs; i++) {
		pfm_event_attr_info_t a = {.size = sizeof(a)};

		if (pfm_get_event_attr_info(idx, i, PFM_OS_PERF_EVENT, &a) == PFM_SUCCESS)
			text_nearest_offer(near, a.name);
	}
}

static void hint_nearest(struct error *err, const struct text_nearest *near,
			 const char *prefix, const char *otherwise)
{
	struct text t = {0};

	for (unsigned i = 0; i < near->n; i++)
		text_addf(&t, "%s%s%s", i ? ", " : "", prefix, near->best[i].word);
	if (near->n)
		error_hint(err, "did you mean %s?", text_get(&t));
	else
		error_hint(err, "%s", otherwise);
	text_done(&t);
}

/* --- the sentences ------------------------------------------------------------------ */

static int unknown_event(const char *name, const struct parts *p, struct error *err)
{
	_cleanup_free_ char *prefix = p->pmu ? xasprintf("%s::", p->pmu) : xstrdup("");
	bool form = !p->pmu && tracepoint_form(name);
	struct text_nearest near;

	error_set(err, -EINVAL, "unknown event '%s'", name);
	/* With what follows the colon when that may be the name of a tracepoint. */
	text_nearest_init(&near, form ? name : p->event);
	if (form)
		tracepoint_offer(&near);
	offer_events(&near, p->pmu);
	if (!p->pmu && !form)
		tracepoint_offer(&near);
	hint_nearest(
		err, &near, prefix,
		"cpu-clock and page-faults work everywhere; hardware events have the "
		"names that libpfm4 gives them");
	return -EINVAL;
}

static int unknown_pmu(const char *name, const struct parts *p, struct error *err)
{
	struct text_nearest near;

	error_set(err, -EINVAL, "unknown event '%s': libpfm4 knows no PMU '%s'", name,
		  p->pmu);
	text_nearest_init(&near, p->pmu);
	offer_pmus(&near);
	hint_nearest(err, &near, "", "leave the PMU out to take this machine's");
	return -EINVAL;
}

static int elsewhere(const char *name, const struct found *f, struct error *err)
{
	if (f->npmus > 1)
		error_set(err, -ENOENT,
			  "this machine's PMU has no '%s': it is an event of %s and %u "
			  "more",
			  name, f->pmu, f->npmus - 1);
	else
		error_set(err, -ENOENT,
			  "this machine's PMU has no '%s': it is an event of %s", name,
			  f->pmu);
	error_hint(err, "cycles, instructions and cache-misses mean the same on all that "
			"have a PMU");
	return -ENOENT;
}

static int bad_attribute(const char *name, const struct parts *p, const struct found *f,
			 int why, struct error *err)
{
	const char *colon = strrchr(p->attributes, ':');
	struct text_nearest near;

	error_set(err, -EINVAL, "the event of '%s' is known, what follows it is not: %s",
		  name, pfm_strerror(why));
	text_nearest_init(&near, colon ? colon + 1 : p->attributes);
	offer_attributes(&near, f->idx);
	hint_nearest(err, &near, "", "a unit mask or a modifier does not fit this event");
	return -EINVAL;
}

/* A PMU's event with a unit mask has the form of a tracepoint, too; but the names of
 * subsystems are written small. */
static bool maybe_tracepoint(const char *name)
{
	if (!tracepoint_form(name))
		return false;
	for (; *name != ':'; name++) {
		if (isupper((unsigned char)*name))
			return false;
	}
	return true;
}

int event_unknown(const char *name, int why, int tracepoint, struct error *err)
{
	struct found f = {0};
	struct parts p;
	int code;

	parts_init(&p, name);
	search(&p, &f);
	if (f.npmus && (f.present || why != PFM_ERR_NOTFOUND) && why != PFM_ERR_NOTSUPP)
		code = bad_attribute(name, &p, &f, why, err);
	else if (f.npmus)
		code = elsewhere(name, &f, err);
	else if (p.pmu && !f.pmu_known)
		code = unknown_pmu(name, &p, err);
	else if (tracepoint != -ENOENT && maybe_tracepoint(name))
		code = tracepoint_failed(name, tracepoint, err);
	else
		code = unknown_event(name, &p, err);
	parts_done(&p);
	return code;
}
