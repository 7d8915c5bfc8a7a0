/* Memory of processes as a capture last told it. Stacks that are read a thousand times a
 * second are mostly the same bytes, so only pages that have changed are written; reader
 * and writer keep the same table and forget it at the same moment. */
#include "capture-priv.h"

#include <string.h>

static bool page_equal(const void *table, uint32_t id, const void *key)
{
	const struct page *a = &((const struct pages *)table)->rows.v[id], *b = key;

	return a->pid == b->pid && a->number == b->number;
}

static uint32_t page_hash(const struct page *key)
{
	return hash_mix(hash_u64(key->number), key->pid);
}

static struct page *page_find(const struct pages *ps, uint32_t pid, uint64_t addr)
{
	struct page key = {.pid = pid, .number = addr / PAGE_BYTES};
	uint32_t id = index_find(&ps->index, page_hash(&key), page_equal, ps, &key);

	return id ? &ps->rows.v[id] : NULL;
}

static struct page *page_add(struct pages *ps, uint32_t pid, uint64_t addr)
{
	struct page *p;

	if (ps->rows.n > PAGES_HARD_MAX)
		pages_done(ps);
	if (!ps->rows.n)
		vec_add(&ps->rows); /* row 0 is unused */
	p = vec_add(&ps->rows);
	p->pid = pid;
	p->number = addr / PAGE_BYTES;
	p->bytes = xcalloc(1, PAGE_BYTES);
	index_add(&ps->index, page_hash(p), ps->rows.n - 1);
	return p;
}

void pages_done(struct pages *ps)
{
	for (uint32_t i = 1; i < ps->rows.n; i++)
		free(ps->rows.v[i].bytes);
	vec_done(&ps->rows);
	index_done(&ps->index);
}

void pages_trim(struct pages *ps)
{
	if (ps->rows.n > PAGES_MAX)
		pages_done(ps);
}

bool pages_put(struct pages *ps, uint32_t pid, uint64_t addr, const uint8_t *data,
	       size_t n)
{
	struct page *p = page_find(ps, pid, addr);
	uint32_t from = (uint32_t)(addr % PAGE_BYTES), to = from + (uint32_t)n;

	if (p && from >= p->from && to <= p->to && !memcmp(p->bytes + from, data, n))
		return false;
	if (!p)
		p = page_add(ps, pid, addr);
	if (!p->to || from > p->to || to < p->from) {
		p->from = from;
		p->to = to;
	}
	p->from = from < p->from ? from : p->from;
	p->to = to > p->to ? to : p->to;
	memcpy(p->bytes + from, data, n);
	return true;
}

bool pages_get(const struct pages *ps, uint32_t pid, uint64_t addr, uint8_t *buf,
	       size_t n)
{
	while (n) {
		const struct page *p = page_find(ps, pid, addr);
		uint32_t from = (uint32_t)(addr % PAGE_BYTES);
		size_t len = PAGE_BYTES - from < n ? PAGE_BYTES - from : n;

		if (!p || from < p->from || from + len > p->to)
			return false;
		memcpy(buf, p->bytes + from, len);
		buf += len;
		addr += len;
		n -= len;
	}
	return true;
}
