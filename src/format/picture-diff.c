/* The picture of a difference: what changed of each box, and where to see what is not
 * there any more.
 *
 * The width of a box is what it has after. A box that has nothing after would have no
 * width, and what somebody got rid of could not be seen at all. So the stacks that end in
 * such boxes stand a second time beside the others, below a process of their own, where
 * the width is what they had before. The boxes that lead to them, which are still there,
 * are drawn pale. */
#include "format-priv.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <profd/noise.h>

#define MINUS "\xe2\x88\x92"

/* The further values of the tree, which is that of DIFF_AFTER. */
enum { MORE_BEFORE, MORE_SAMPLES_BEFORE, MORE_SAMPLES_AFTER, MORES };
static const unsigned more_values[MORES] = {DIFF_BEFORE, DIFF_SAMPLES_BEFORE,
					    DIFF_SAMPLES_AFTER};

/* --- what has vanished ------------------------------------------------------------ */

struct vanisher {
	struct profile *p;
	struct picture_diff *d;
	struct flame f; /* of p as it was, with DIFF_BEFORE and DIFF_SAMPLES_BEFORE */
	stack_id *
		stacks; /* [strips] where they end among what has vanished; 0: not there */
	labels_id labels; /* of the process that it stands below */
	VEC(uint32_t) path;
	struct text name;
};

/* No box of this strip is drawn, and they had something before. */
static bool is_gone(const struct flame *f, uint32_t strip)
{
	return f->nodes.v[strip].total <= 0 &&
	       f->more_total[(size_t)strip * f->nmore] > 0;
}

/* Pale: it leads to what has vanished. An address for each kind of code, as one function
 * may be of several. */
static location_id location_of(struct vanisher *v, const struct flame_call *c,
			       uint32_t depth, bool pale)
{
	static const uint32_t flags[] = {[FLAME_KERNEL] = LOCATION_KERNEL,
					 [FLAME_JIT] = LOCATION_JIT,
					 [FLAME_LABEL] = LOCATION_LABEL};
	struct line line = {.function = c->function};
	struct function named = {0};

	if (!c->function) {
		flame_name(&v->name, v->p, c, depth);
		named.name = profile_string_n(v->p, v->name.s, v->name.len);
		line.function = profile_function(v->p, &named);
	}
	return profile_named_location(v->p, pale ? v->d->way : c->mapping, flags[c->kind],
				      flags[c->kind], &line, 1);
}

/* The calls of a strip on top of @at. */
static stack_id place_strip(struct vanisher *v, stack_id at, uint32_t strip)
{
	const struct flame_node *n = &v->f.nodes.v[strip];

	for (uint32_t k = 0; k < n->n; k++) {
		const struct flame_call *c = &v->f.calls.v[v->f.chain.v[n->first + k]];

		at = profile_stack(
			v->p, at,
			location_of(v, c, n->depth + k, !is_gone(&v->f, strip)));
	}
	return at;
}

static stack_id place(struct vanisher *v, uint32_t strip)
{
	uint32_t at = strip;

	for (v->path.n = 0; at && !v->stacks[at]; at = v->f.nodes.v[at].parent)
		vec_push(&v->path, at);
	while (v->path.n) {
		uint32_t next = v->path.v[--v->path.n];

		v->stacks[next] = place_strip(v, at ? v->stacks[at] : 0, next);
		at = next;
	}
	return v->stacks[strip];
}

/* By a name that no process has. */
static void name_vanished(struct vanisher *v)
{
	struct label label = {.key = profile_string(v->p, "comm")};

	text_clear(&v->name);
	text_add(&v->name, MINUS " vanished");
	while (profile_find_string(v->p, v->name.s))
		text_addc(&v->name, '.');
	v->d->vanished = profile_string_n(v->p, v->name.s, v->name.len);
	label.str = v->d->vanished;
	v->labels = profile_labels(v->p, &label, 1);
	v->d->way = profile_mapping(
		v->p, &(struct mapping){.filename = profile_string(v->p, MINUS)});
}

/* As if it were after: that is what gives the width. */
static void add_vanished(struct vanisher *v, uint32_t strip)
{
	const int64_t *self = v->f.more_self + (size_t)strip * v->f.nmore;
	int64_t values[DIFF_VALUES] = {
		[DIFF_AFTER] = self[0], [DIFF_SAMPLES_AFTER] = self[1]};

	if (values[DIFF_AFTER] <= 0 || !is_gone(&v->f, strip))
		return;
	if (!v->d->vanished)
		name_vanished(v);
	profile_add(v->p, place(v, strip), v->labels, values);
}

static void find_vanished(struct picture_diff *d)
{
	static const unsigned more[] = {DIFF_BEFORE, DIFF_SAMPLES_BEFORE};
	struct vanisher v = {.p = d->p, .d = d};

	flame_build_all(&v.f, d->p, DIFF_AFTER, more, ARRAY_SIZE(more));
	v.stacks = xcalloc(v.f.nodes.n, sizeof(*v.stacks));
	for (uint32_t i = 1; i < v.f.nodes.n; i++)
		add_vanished(&v, i);
	flame_done(&v.f);
	free(v.stacks);
	vec_done(&v.path);
	text_done(&v.name);
}

/* --- the picture ------------------------------------------------------------------ */

static double mean_weight(const struct profile *p, enum diff_value value,
			  enum diff_value samples)
{
	double v = (double)profile_total(p, value), n = (double)profile_total(p, samples);

	return v > 0 && n > 0 ? v / n : 0;
}

void picture_diff_init(struct picture *pic, const struct profile *p)
{
	struct picture_diff *d = xcalloc(1, sizeof(*d));

	assert(p->nvalues == DIFF_VALUES);
	pic->diff = d;
	d->before = mean_weight(p, DIFF_BEFORE, DIFF_SAMPLES_BEFORE);
	d->after = mean_weight(p, DIFF_AFTER, DIFF_SAMPLES_AFTER);
	d->p = profile_new();
	for (unsigned i = 0; i < p->nvalues; i++)
		profile_value_type(d->p, profile_text(p, p->value_types[i].type),
				   profile_text(p, p->value_types[i].unit));
	profile_merge(d->p, p);
	find_vanished(d);
	flame_build_all(&pic->own, d->p, DIFF_AFTER, more_values, MORES);
	pic->p = d->p;
	pic->f = &pic->own;
	pic->value = DIFF_AFTER;
}

void picture_diff_place(struct picture *pic)
{
	struct picture_diff *d = pic->diff;
	uint32_t i = 0;

	while (i < pic->boxes.n) {
		struct flame_box b = picture_box(pic, i);

		if (d->vanished && b.depth == 1 && b.call.name == d->vanished)
			break;
		i++;
	}
	d->first = i++;
	while (i < pic->boxes.n && picture_box(pic, i).depth > 1)
		i++;
	d->end = i < pic->boxes.n ? i : pic->boxes.n;
}

void picture_diff_done(struct picture *pic)
{
	if (pic->diff)
		profile_free(pic->diff->p);
	free(pic->diff);
}

/* --- a box ------------------------------------------------------------------------ */

static int64_t negative(int64_t v)
{
	return v == INT64_MIN ? INT64_MAX : -v;
}

static void weigh(const struct picture_diff *d, struct picture_change *c,
		  int64_t samples_before, int64_t samples_after)
{
	const struct noise_sum before = {c->before, samples_before, d->before};
	const struct noise_sum after = {c->after, samples_after, d->after};
	double b = fabs((double)c->before), a = fabs((double)c->after);
	double part = fabs(a - b) / fmax(fmax(a, b), 1);

	c->noise = noise_between(&before, &after);
	if (!noise_exceeded(&before, &after))
		return;
	c->how = c->after > c->before ? CHANGE_MORE : CHANGE_LESS;
	c->strength = part < 0.1 ? 0 : part < 0.3 ? 1 : part < 0.7 ? 2 : 3;
}

/* As the script has it: a foreign file may say anything. */
static int64_t positive(int64_t v)
{
	return v > 0 ? v : 0;
}

struct picture_change picture_change(const struct picture *pic, uint32_t i)
{
	const struct picture_diff *d = pic->diff;
	const struct picture_box *box = &pic->boxes.v[i];
	const struct flame_node *n = &pic->f->nodes.v[box->node];
	const int64_t *total = pic->f->more_total + (size_t)box->node * MORES;
	const int64_t *self = pic->f->more_self + (size_t)box->node * MORES;
	bool last = box->k + 1 == n->n;
	struct picture_change c = {0};
	int64_t samples_after = total[MORE_SAMPLES_AFTER];

	if (i >= d->first && i < d->end) {
		c.before = n->total;
		c.self_before = last ? positive(n->self) : 0;
		weigh(d, &c, samples_after, 0);
		if (i == d->first || picture_box(pic, i).call.mapping == d->way)
			c.how = CHANGE_WAY;
		return c;
	}
	c.before = positive(total[MORE_BEFORE]);
	c.after = n->total;
	c.self_before = last ? positive(self[MORE_BEFORE]) : 0;
	c.self_after = last ? positive(n->self) : 0;
	if (!i && d->first < d->end) {
		uint32_t gone = pic->boxes.v[d->first].node;
		int64_t other =
			pic->f->more_total[(size_t)gone * MORES + MORE_SAMPLES_AFTER];

		c.after = sum_clamped(c.after, negative(pic->f->nodes.v[gone].total));
		samples_after = sum_clamped(samples_after, negative(other));
	}
	weigh(d, &c, total[MORE_SAMPLES_BEFORE], samples_after);
	return c;
}

const char *picture_change_sign(const struct picture_change *c)
{
	return c->how == CHANGE_MORE ? "+" : c->how == CHANGE_LESS ? MINUS : "";
}

/* --- in words --------------------------------------------------------------------- */

static void amount_add(const struct picture *pic, int64_t v, const char *none,
		       struct text *t)
{
	char buf[64];

	text_add(t, v ? value_text(buf, sizeof(buf), v, pic->unit) : none);
}

static void delta_add(const struct picture *pic, const struct picture_change *c,
		      struct text *t)
{
	int64_t delta = sum_clamped(c->after, negative(c->before));

	text_add(t, delta > 0 ? "+" : delta < 0 ? MINUS : "");
	amount_add(pic, delta < 0 ? negative(delta) : delta, "0", t);
	/* A share of nothing is none, and less than a hundredth of a percent is no figure. */
	if (c->how == CHANGE_NONE || !c->before || !c->after ||
	    fabs((double)delta) * 1e4 < (double)c->before)
		return;
	text_add(t, delta > 0 ? " (+" : " (" MINUS);
	percent_add(t, delta < 0 ? negative(delta) : delta, c->before);
	text_addc(t, ')');
}

void picture_change_text(const struct picture *pic, const struct picture_change *c,
			 struct text *t)
{
	if (c->how == CHANGE_WAY) {
		amount_add(pic, c->before, "0", t);
		text_add(t, " before, none after, vanished here");
		return;
	}
	amount_add(pic, c->after, "none", t);
	text_add(t, " after, ");
	amount_add(pic, c->before, "none", t);
	text_add(t, " before: ");
	delta_add(pic, c, t);
	if (c->noise) {
		text_add(t,
			 c->how == CHANGE_NONE ? ", within the noise of " : ", noise ");
		amount_add(pic, c->noise, "0", t);
	}
	if ((!c->self_before && !c->self_after) ||
	    (c->self_before == c->before && c->self_after == c->after))
		return;
	text_add(t, "\nself ");
	amount_add(pic, c->self_after, "none", t);
	text_add(t, " after, ");
	amount_add(pic, c->self_before, "none", t);
	text_add(t, " before");
}
