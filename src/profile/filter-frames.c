/* Which functions are on a stack, and which of them are shown. A stack's rows come after
 * those of its callers, so one pass over the tree knows of every row what is on the way
 * to it, and another makes the rows of the part.
 *
 * What matches, and what is shown of a location, is the same wherever it stands, as in
 * pprof: also where --show-from cuts the outer functions of an inlined chain. */
#include "filter-priv.h"

static bool bit(const struct sieve *s, stack_id stack, enum filter_by by)
{
	return s->seen[stack] >> by & 1;
}

static bool line_matches(struct sieve *s, enum filter_by by, const struct line *line)
{
	const struct function *f = &s->p->functions.v[line->function];

	return sieve_matches(s, by, f->name) || sieve_matches(s, by, f->filename);
}

static bool file_matches(struct sieve *s, enum filter_by by, const struct location *l)
{
	return l->mapping && sieve_matches(s, by, s->p->mappings.v[l->mapping].filename);
}

static bool location_matches(struct sieve *s, enum filter_by by, const struct location *l)
{
	if (!filter_has(s->f, by))
		return false;
	for (uint32_t i = 0; by != FILTER_MODULE && i < l->nlines; i++) {
		if (line_matches(s, by, &s->p->lines.v[l->first_line + i]))
			return true;
	}
	return file_matches(s, by, l);
}

static uint8_t location_bits(struct sieve *s, const struct location *l)
{
	static const enum filter_by kinds[] = {FILTER_FOCUS, FILTER_IGNORE,
					       FILTER_SHOW_FROM, FILTER_MODULE};
	unsigned bits = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		bits |= (unsigned)location_matches(s, kinds[i], l) << kinds[i];
	return (uint8_t)bits;
}

void sieve_look(struct sieve *s)
{
	const struct profile *p = s->p;
	_cleanup_free_ uint8_t *bits = xcalloc(p->locations.n, 1);

	for (location_id i = 1; i < p->locations.n; i++)
		bits[i] = location_bits(s, &p->locations.v[i]);
	for (stack_id i = 1; i < p->stacks.n; i++)
		s->seen[i] = s->seen[p->stacks.v[i].parent] |
			     bits[p->stacks.v[i].location];
}

bool sieve_wants(const struct sieve *s, uint32_t row)
{
	static const enum filter_by needed[] = {FILTER_FOCUS, FILTER_SHOW_FROM,
						FILTER_MODULE};
	stack_id stack = s->p->samples.v[row].stack;

	if (!stack && filter_has_frames(s->f))
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(needed); i++) {
		if (filter_has(s->f, needed[i]) && !bit(s, stack, needed[i]))
			return false;
	}
	return !bit(s, stack, FILTER_IGNORE);
}

/* --- what is shown ------------------------------------------------------------------ */

static bool line_shown(struct sieve *s, const struct location *l, const struct line *line)
{
	if (filter_has(s->f, FILTER_HIDE) && line_matches(s, FILTER_HIDE, line))
		return false;
	return !filter_has(s->f, FILTER_SHOW) || line_matches(s, FILTER_SHOW, line) ||
	       file_matches(s, FILTER_SHOW, l);
}

/* The lines that are shown, innermost first, into s->lines. */
static void choose_lines(struct sieve *s, const struct location *l)
{
	const struct line *lines;
	uint32_t end = l->nlines;

	s->lines.n = 0;
	if (!l->nlines)
		return;
	lines = &s->p->lines.v[l->first_line];
	if (filter_has(s->f, FILTER_SHOW_FROM) && !file_matches(s, FILTER_SHOW_FROM, l)) {
		while (end && !line_matches(s, FILTER_SHOW_FROM, &lines[end - 1]))
			end--;
		/* Without a match it is only called by one, and shown whole. */
		end = end ? end : l->nlines;
	}
	for (uint32_t i = 0; i < end; i++) {
		if (line_shown(s, l, &lines[i]))
			vec_push(&s->lines, lines[i]);
	}
}

/* Code without a name is shown unless its file is hidden, or others are wanted. */
static bool nameless_shown(struct sieve *s, const struct location *l)
{
	return !location_matches(s, FILTER_HIDE, l) &&
	       (!filter_has(s->f, FILTER_SHOW) || location_matches(s, FILTER_SHOW, l));
}

/* The location as it is in the part, 0 when nothing of it is shown. */
static location_id shown_location(struct sieve *s, location_id id)
{
	const struct location *l = &s->p->locations.v[id];
	location_id *copy = &s->copier.locations[id];

	if (*copy || s->hidden[id] == MATCH_YES)
		return *copy;
	if (file_matches(s, FILTER_HIDE, l)) {
		s->hidden[id] = MATCH_YES;
		return 0;
	}
	choose_lines(s, l);
	if (l->nlines ? s->lines.n > 0 : nameless_shown(s, l))
		*copy = copy_location_lines(&s->copier, id, s->lines.v, s->lines.n);
	else
		s->hidden[id] = MATCH_YES;
	return *copy;
}

void sieve_stacks(struct sieve *s)
{
	const struct profile *p = s->p;
	bool cut = filter_has(s->f, FILTER_SHOW_FROM), hides = filter_has_frames(s->f);
	_cleanup_free_ uint8_t *used = xcalloc(p->stacks.n, 1);

	for (uint32_t i = 1; i < p->samples.n; i++)
		used[p->samples.v[i].stack] |= s->rows[i] != 0;
	for (stack_id i = p->stacks.n; i-- > 1;)
		used[p->stacks.v[i].parent] |= used[i];
	for (stack_id i = 1; i < p->stacks.n; i++) {
		const struct stack_node *n = &p->stacks.v[i];
		location_id shown;

		if (!used[i] || (cut && !bit(s, i, FILTER_SHOW_FROM)))
			continue;
		shown = shown_location(s, n->location);
		s->stacks[i] = s->stacks[n->parent];
		if (shown)
			s->stacks[i] = profile_stack(s->copier.to, s->stacks[i], shown);
	}
	for (uint32_t i = 1; hides && i < p->samples.n; i++) {
		if (!s->stacks[p->samples.v[i].stack])
			s->rows[i] = 0;
	}
}
