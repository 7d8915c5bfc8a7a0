/* Which of many address ranges covers an address, innermost first. The ranges (symbols,
 * functions and the functions inlined into them, compilation units) nest, and in damaged
 * files overlap in any way. They are cut once into disjoint pieces that each name one
 * range, so that a question is one binary search whatever the nesting. */
#include "objfile-priv.h"

static int range_compare(const void *a, const void *b)
{
	const struct cover_range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static void piece_add(struct cover *c, uint64_t start, uint32_t id)
{
	if (c->n && c->pieces[c->n - 1].start == start)
		c->n--;
	if (c->n ? c->pieces[c->n - 1].id == id : !id)
		return;
	c->pieces[c->n++] = (struct cover_piece){start, id};
}

/* Ends every range on the stack that ends at or before @limit; returns the new height. */
static uint32_t close_until(struct cover *c, const struct cover_range *ranges,
			    const uint32_t *stack, uint32_t height, uint64_t limit)
{
	while (height) {
		uint64_t end = ranges[stack[height - 1]].end;

		if (end > limit)
			break;
		while (height && ranges[stack[height - 1]].end <= end)
			height--;
		piece_add(c, end, height ? ranges[stack[height - 1]].id : 0);
	}
	return height;
}

void cover_build(struct cover *c, struct cover_range *ranges, uint32_t n)
{
	_cleanup_free_ uint32_t *stack = NULL;
	uint32_t height = 0;

	cover_done(c);
	if (!n)
		return;
	for (uint32_t i = 1; i < n; i++) {
		if (range_compare(&ranges[i - 1], &ranges[i]) <= 0)
			continue;
		qsort(ranges, n, sizeof(*ranges), range_compare);
		break;
	}
	/* Every range begins one piece and ends at most one. */
	c->pieces = xreallocarray(NULL, 2 * (size_t)n + 1, sizeof(*c->pieces));
	stack = xreallocarray(NULL, n, sizeof(*stack));
	for (uint32_t i = 0; i < n; i++) {
		if (ranges[i].start >= ranges[i].end)
			continue;
		height = close_until(c, ranges, stack, height, ranges[i].start);
		stack[height++] = i;
		piece_add(c, ranges[i].start, ranges[i].id);
	}
	close_until(c, ranges, stack, height, UINT64_MAX);
	c->pieces = xreallocarray(c->pieces, c->n ? c->n : 1, sizeof(*c->pieces));
}

uint32_t cover_find(const struct cover *c, uint64_t vaddr)
{
	uint32_t low = 0, high = c->n; /* the first piece that starts above vaddr */

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (c->pieces[mid].start <= vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? c->pieces[low - 1].id : 0;
}

void cover_done(struct cover *c)
{
	free(c->pieces);
	*c = (struct cover){0};
}
