/* Sorted, non-overlapping mappings, shared until somebody changes them. */
#include <profd/space.h>

struct space *space_new(void)
{
	struct space *s = xcalloc(1, sizeof(*s));

	s->refs = 1;
	return s;
}

struct space *space_get(struct space *s)
{
	s->refs++;
	return s;
}

struct space *space_put(struct space *s)
{
	if (s && --s->refs == 0) {
		space_clear(s);
		vec_done(&s->vmas);
		free(s);
	}
	return NULL;
}

struct space *space_own(struct space *s)
{
	struct space *copy;

	if (s->refs == 1)
		return s;
	copy = space_new();
	vec_reserve(&copy->vmas, s->vmas.n);
	for (uint32_t i = 0; i < s->vmas.n; i++) {
		copy->vmas.v[i] = s->vmas.v[i];
		if (copy->vmas.v[i].obj)
			objfile_get(copy->vmas.v[i].obj);
	}
	copy->vmas.n = s->vmas.n;
	space_put(s);
	return copy;
}

void space_clear(struct space *s)
{
	for (uint32_t i = 0; i < s->vmas.n; i++)
		objfile_put(s->vmas.v[i].obj);
	s->vmas.n = 0;
	s->generation = 0;
}

/* The first mapping that ends above @pc. */
static uint32_t first_above(const struct space *s, uint64_t pc)
{
	uint32_t lo = 0, hi = s->vmas.n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (s->vmas.v[mid].end <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Cuts [start, end) out of the mappings. At most one is split in two; those inside go. */
static void space_cut(struct space *s, uint64_t start, uint64_t end)
{
	uint32_t i = first_above(s, start);

	while (i < s->vmas.n && s->vmas.v[i].start < end) {
		struct vma *v = &s->vmas.v[i];
		struct vma rest = *v;

		if (v->start < start && v->end > end) {
			v->end = start;
			rest.off += end - rest.start;
			rest.start = end;
			if (rest.obj)
				objfile_get(rest.obj);
			vec_insert(&s->vmas, i + 1, rest);
			return;
		}
		if (v->start < start) {
			v->end = start;
			i++;
		} else if (v->end > end) {
			v->off += end - v->start;
			v->start = end;
			return;
		} else {
			objfile_put(v->obj);
			vec_remove(&s->vmas, i, 1);
		}
	}
}

void space_map(struct space *s, const struct vma *v)
{
	if (v->end <= v->start)
		return;
	space_cut(s, v->start, v->end);
	if (v->obj)
		objfile_get(v->obj);
	vec_insert(&s->vmas, first_above(s, v->start), *v);
	s->generation = 0;
}

const struct vma *space_find(const struct space *s, uint64_t pc)
{
	uint32_t i = first_above(s, pc);

	if (i < s->vmas.n && s->vmas.v[i].start <= pc)
		return &s->vmas.v[i];
	return NULL;
}

uint32_t space_generation(struct space *s)
{
	static uint32_t last;

	if (!s->generation) {
		if (++last == 0)
			last = 1;
		s->generation = last;
	}
	return s->generation;
}
