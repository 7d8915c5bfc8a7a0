/* The executable mappings of a process, told once each. There are no records here, so
 * /proc/PID/maps is read again whenever it may have changed; what has gone is not told,
 * as the kernel's records do not. */
#include "ptrace-priv.h"

#include "attach-priv.h"

#include <profd/io.h>
#include <profd/procs.h>

static bool is_told(const struct watched *p, const struct mapped *m)
{
	for (uint32_t i = 0; i < p->maps.n; i++) {
		const struct mapped *k = &p->maps.v[i];

		if (k->start == m->start && k->end == m->end && k->off == m->off &&
		    k->ino == m->ino && k->name == m->name)
			return true;
	}
	return false;
}

/* What a new mapping covers is not what was told any more. */
static void forget_covered(struct watched *p, const struct mapped *m)
{
	for (uint32_t i = p->maps.n; i-- > 0;) {
		const struct mapped *k = &p->maps.v[i];

		if (k->start < m->end && m->start < k->end)
			vec_remove(&p->maps, i, 1);
	}
}

void maps_look(struct queue *q, struct watched *p)
{
	_cleanup_free_ char *data = NULL;
	size_t n, len, pos = 0;
	const char *line;
	struct maps_line l;

	if (maps_slurp(p->pid, &data, &n) < 0)
		return;
	while (io_line(data, n, &pos, &line, &len)) {
		struct mapped m;

		if (maps_line_parse(line, len, &l) < 0 || !l.exec)
			continue;
		m = (struct mapped){l.start, l.end, l.off, l.ino,
				    hash_bytes(l.path, l.path_len)};
		if (is_told(p, &m))
			continue;
		forget_covered(p, &m);
		vec_push(&p->maps, m);
		queue_put(q, &(struct event){.type = EVENT_MMAP,
					     .pid = p->pid,
					     .tid = p->pid,
					     .mmap = {.addr = l.start,
						      .len_bytes = l.end - l.start,
						      .off = l.off,
						      .ino = l.ino,
						      .dev_major = l.dev_major,
						      .dev_minor = l.dev_minor,
						      .path = l.path,
						      .path_len = l.path_len}});
	}
}
