/* A part of a profile: what is asked for, which samples that leaves, and the new profile
 * of them. Frames are looked at in filter-frames.c, times in filter-times.c.
 *
 * A string is matched once, however many functions and samples have it. */
#include "filter-priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <profd/text.h>

const char *filter_word(enum filter_by by)
{
	static const char *const words[FILTER_KINDS] = {
		[FILTER_FOCUS] = "focus",   [FILTER_IGNORE] = "ignore",
		[FILTER_HIDE] = "hide",	    [FILTER_SHOW] = "show",
		[FILTER_MODULE] = "module", [FILTER_SHOW_FROM] = "show-from",
		[FILTER_THREAD] = "thread", [FILTER_PROCESS] = "process",
	};

	return words[by];
}

struct filter *filter_new(void)
{
	return xcalloc(1, sizeof(struct filter));
}

struct filter *filter_free(struct filter *f)
{
	if (!f)
		return NULL;
	for (unsigned by = 0; by < FILTER_KINDS; by++) {
		for (uint32_t i = 0; i < f->patterns[by].n; i++) {
			free(f->patterns[by].v[i].text);
			regfree(&f->patterns[by].v[i].regex);
		}
		vec_done(&f->patterns[by]);
	}
	free(f);
	return NULL;
}

/* Up to 18 digits, which an int64_t holds. */
static bool is_id(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n && n <= 18 && !s[n];
}

int filter_add(struct filter *f, enum filter_by by, const char *pattern,
	       struct error *err)
{
	struct filter_pattern new = {.is_number = is_id(pattern)};
	char why[128];
	int code;

	if (!*pattern) {
		error_set(err, -EINVAL, "--%s wants a regular expression",
			  filter_word(by));
		return -EINVAL;
	}
	code = regcomp(&new.regex, pattern, REG_EXTENDED | REG_NOSUB);
	if (code) {
		regerror(code, &new.regex, why, sizeof(why));
		error_set(err, -EINVAL, "--%s '%s' is no regular expression: %s",
			  filter_word(by), pattern, why);
		error_hint(err, "an extended one is wanted, see regex(7); '\\' before a "
				"character means that character");
		return -EINVAL;
	}
	if (new.is_number)
		new.number = strtoll(pattern, NULL, 10);
	new.text = xstrdup(pattern);
	vec_push(&f->patterns[by], new);
	return 0;
}

int filter_time(struct filter *f, int64_t from_ns, int64_t to_ns, struct error *err)
{
	if (from_ns < 0 || to_ns <= from_ns)
		return error_set(err, -EINVAL, "the range of time ends before it begins");
	f->timed = true;
	f->from_ns = from_ns;
	f->to_ns = to_ns;
	return 0;
}

bool filter_has(const struct filter *f, enum filter_by by)
{
	return f->patterns[by].n > 0;
}

bool filter_has_frames(const struct filter *f)
{
	for (unsigned by = FILTER_FOCUS; by <= FILTER_MODULE; by++) {
		if (filter_has(f, by))
			return true;
	}
	return false;
}

bool filter_is_empty(const struct filter *f)
{
	return !f->timed && !filter_has_frames(f) && !filter_has(f, FILTER_PROCESS) &&
	       !filter_has(f, FILTER_THREAD);
}

/* --- strings and labels ------------------------------------------------------------- */

static bool has_ids(enum filter_by by)
{
	return by == FILTER_PROCESS || by == FILTER_THREAD;
}

/* A pattern such as a+b takes time by the square of the length. */
static bool matches_any(const struct filter *f, enum filter_by by, const char *s,
			size_t n)
{
	for (uint32_t i = 0; i < f->patterns[by].n; i++) {
		const struct filter_pattern *pattern = &f->patterns[by].v[i];
		regmatch_t range = {.rm_so = 0,
				    .rm_eo = n < FILTER_NAME_MAX_BYTES
						     ? (regoff_t)n
						     : FILTER_NAME_MAX_BYTES};

		if (!(pattern->is_number && has_ids(by)) &&
		    !regexec(&pattern->regex, s, 1, &range, REG_STARTEND))
			return true;
	}
	return false;
}

bool sieve_matches(struct sieve *s, enum filter_by by, string_id id)
{
	uint8_t *known = s->known[by];

	if (!known)
		return false;
	if (known[id] == MATCH_UNKNOWN)
		known[id] = matches_any(s->f, by, s->p->strings.v[id],
					s->p->string_lens.v[id])
				    ? MATCH_YES
				    : MATCH_NO;
	return known[id] == MATCH_YES;
}

static bool has_number(const struct profile *p, labels_id labels, string_id key,
		       int64_t number)
{
	const struct labels *set = &p->label_sets.v[labels];

	for (uint32_t i = 0; key && i < set->n; i++) {
		const struct label *l = &p->label_rows.v[set->first + i];

		if (l->key == key && !l->str && l->num == number)
			return true;
	}
	return false;
}

/* Digits alone are an id, and no part of a name. */
static bool label_matches(struct sieve *s, enum filter_by by, labels_id labels)
{
	string_id key = by == FILTER_THREAD ? s->key_tid : s->key_pid, name = 0;

	if (!filter_has(s->f, by))
		return true;
	for (uint32_t i = 0; i < s->f->patterns[by].n; i++) {
		const struct filter_pattern *pattern = &s->f->patterns[by].v[i];

		if (pattern->is_number && has_number(s->p, labels, key, pattern->number))
			return true;
	}
	if (by == FILTER_THREAD)
		name = profile_label_str(s->p, labels, s->key_thread);
	if (!name)
		name = profile_label_str(s->p, labels, s->key_comm);
	return name && sieve_matches(s, by, name);
}

/* --- the part ----------------------------------------------------------------------- */

static void sieve_init(struct sieve *s, struct profile *part)
{
	const struct profile *p = s->p;

	copier_init(&s->copier, part, p);
	for (unsigned by = 0; by < FILTER_KINDS; by++) {
		if (filter_has(s->f, by))
			s->known[by] = xcalloc(p->strings.n, 1);
	}
	s->seen = xcalloc(p->stacks.n, sizeof(*s->seen));
	s->hidden = xcalloc(p->locations.n, sizeof(*s->hidden));
	s->stacks = xcalloc(p->stacks.n, sizeof(*s->stacks));
	s->rows = xcalloc(p->samples.n, sizeof(*s->rows));
	s->key_comm = profile_find_string(p, "comm");
	s->key_thread = profile_find_string(p, "thread");
	s->key_pid = profile_find_string(p, "pid");
	s->key_tid = profile_find_string(p, "tid");
}

static void sieve_done(struct sieve *s)
{
	copier_done(&s->copier);
	for (unsigned by = 0; by < FILTER_KINDS; by++)
		free(s->known[by]);
	free(s->seen);
	free(s->hidden);
	free(s->stacks);
	free(s->rows);
	free(s->shares);
	vec_done(&s->lines);
}

static void copy_header(struct sieve *s, struct profile *part)
{
	const struct profile *p = s->p;
	struct copier *c = &s->copier;

	for (unsigned i = 0; i < p->nvalues; i++)
		profile_value_type(part, profile_text(p, p->value_types[i].type),
				   profile_text(p, p->value_types[i].unit));
	part->default_sample_type = copy_string(c, p->default_sample_type);
	part->period_type.type = copy_string(c, p->period_type.type);
	part->period_type.unit = copy_string(c, p->period_type.unit);
	part->period = p->period;
	part->time_ns = p->time_ns;
	part->duration_ns = p->duration_ns;
	for (uint32_t i = 0; i < p->comments.n; i++)
		vec_push(&part->comments, copy_string(c, p->comments.v[i]));
}

/* Which samples stay, for whatever reason but that nothing of them is to be shown. */
static void choose_rows(struct sieve *s)
{
	const struct profile *p = s->p;

	sieve_look(s);
	if (s->f->timed)
		sieve_shares(s);
	for (uint32_t i = 1; i < p->samples.n; i++)
		s->rows[i] = sieve_wants(s, i) &&
			     label_matches(s, FILTER_PROCESS, p->samples.v[i].labels) &&
			     label_matches(s, FILTER_THREAD, p->samples.v[i].labels) &&
			     (!s->shares || s->shares[i].before < s->shares[i].until);
}

static void add_rows(struct sieve *s, struct profile *part)
{
	const struct profile *p = s->p;
	int64_t values[PROFILE_VALUES_MAX];

	for (uint32_t i = 1; i < p->samples.n; i++) {
		const int64_t *from = &p->values.v[(size_t)i * p->nvalues];
		const struct sample_row *row = &p->samples.v[i];

		if (!s->rows[i])
			continue;
		for (unsigned k = 0; k < p->nvalues; k++)
			values[k] = s->shares ? share_of(&s->shares[i], from[k])
					      : from[k];
		s->rows[i] = profile_add(part, s->stacks[row->stack],
					 copy_labels(&s->copier, row->labels), values);
	}
}

/* "filtered by --focus=parse --from=1.5s: 12.3 % of cpu" */
static void add_comment(const struct sieve *s, struct profile *part)
{
	unsigned value = profile_default_value(s->p);
	int64_t all = profile_total(s->p, value), now = profile_total(part, value);
	struct text t = {0};

	text_add(&t, "filtered by");
	for (unsigned by = 0; by < FILTER_KINDS; by++) {
		for (uint32_t i = 0; i < s->f->patterns[by].n; i++)
			text_addf(&t, " --%s=%s", filter_word(by),
				  s->f->patterns[by].v[i].text);
	}
	if (s->f->timed && s->f->from_ns)
		text_addf(&t, " --from=%.9gs", (double)s->f->from_ns / 1e9);
	if (s->f->timed && s->f->to_ns != FILTER_TO_END)
		text_addf(&t, " --until=%.9gs", (double)s->f->to_ns / 1e9);
	text_addf(&t, ": %.1f %% of %s", all ? 100.0 * (double)now / (double)all : 0,
		  profile_text(s->p, s->p->value_types[value].type));
	profile_comment(part, text_get(&t));
	text_done(&t);
}

struct profile *profile_filter(const struct profile *p, struct filter *f,
			       struct error *err)
{
	struct sieve s = {.p = p, .f = f};
	struct profile *part;

	if (f->timed && (!p->bin_ns || !p->times.n)) {
		error_set(err, -ENODATA,
			  "the profile does not tell when its samples were taken");
		error_hint(err,
			   "--from and --until need times, as profd's own cpu.pb.gz has "
			   "them, the text of perf script, files of speedscope, and "
			   "pprof files whose samples have a label timestamp_ns");
		return NULL;
	}
	part = profile_new();
	sieve_init(&s, part);
	copy_header(&s, part);
	choose_rows(&s);
	sieve_stacks(&s);
	add_rows(&s, part);
	sieve_times(&s, part);
	add_comment(&s, part);
	sieve_done(&s);
	return part;
}
