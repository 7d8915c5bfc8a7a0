/* Functions as an outcome keeps them. */
#include <profd/functions.h>

#include <math.h>
#include <string.h>

#include <profd/text.h>

const char *functions_kind_name(enum functions_kind k)
{
	static const char *const names[] = {
		[FUNCTIONS_UNCERTAIN] = "uncertain",
		[FUNCTIONS_CHANGED] = "changed",
		[FUNCTIONS_NEW] = "new",
		[FUNCTIONS_GONE] = "gone",
		[FUNCTIONS_RENAMED] = "renamed",
		[FUNCTIONS_INLINED] = "inlined",
		[FUNCTIONS_MOVED] = "moved",
	};

	return names[k];
}

static const char *keep(struct arena *a, const char *s)
{
	return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

static struct outcome_function outcome_of(const struct functions_entry *e,
					  struct arena *a)
{
	return (struct outcome_function){
		.name = keep(a, e->name),
		.file = *e->file ? keep(a, e->file) : NULL,
		.module = *e->module ? keep(a, e->module) : NULL,
		.line = e->line,
		.rank = e->rank,
		.change_s = e->self.change,
		.low_s = e->self.low,
		.high_s = e->self.high,
		.level = e->self.level,
		.kind = functions_kind_name(e->kind),
		.was = keep(a, e->was),
		.with = keep(a, e->with),
		.caller = keep(a, e->caller),
		.named = e->named,
		.touched = e->touched,
		.base_s = e->self_cost.base,
		.head_s = e->self_cost.head,
		.share = e->share.head,
		.total_change_s = e->total.change,
		.total_low_s = e->total.low,
		.total_high_s = e->total.high,
	};
}

const struct outcome_function *functions_outcome(const struct functions *f, uint32_t max,
						 struct arena *a, uint32_t *ret_n)
{
	struct outcome_function *v;
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n && n < max; i++)
		n += f->entries[i].kind != FUNCTIONS_UNCERTAIN;
	*ret_n = n;
	if (!n)
		return NULL;
	v = arena_alloc(a, n * sizeof(*v));
	for (uint32_t i = 0, k = 0; k < n; i++) {
		if (f->entries[i].kind != FUNCTIONS_UNCERTAIN)
			v[k++] = outcome_of(&f->entries[i], a);
	}
	return v;
}

void functions_fill(const struct functions *f, uint32_t max, struct outcome_workload *w,
		    struct arena *a)
{
	struct text note = {0};

	w->function_pairs = f->pairs;
	w->residual_s = (struct outcome_interval){NAN, NAN, NAN, NAN};
	if (!strcmp(f->unit, "s")) {
		w->functions = functions_outcome(f, max, a, &w->nfunctions);
		w->residual_s = f->residual;
	} else {
		text_addf(&note,
			  "the profiles count %s and not time, so functions are not "
			  "listed\n",
			  f->unit);
	}
	text_add(&note, f->notes);
	w->functions_note = note.len ? keep(a, note.s) : NULL;
	text_done(&note);
}
