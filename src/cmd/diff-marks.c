/* Marks in names, put before a picture is drawn and taken away after it: other formats of the
 * same difference are read by programs. */
#include "diff-marks.h"

#include <string.h>

#include <profd/mem.h>
#include <profd/text.h>

static bool is_marked(const struct diff_marks *m, const char *name)
{
	for (uint32_t i = 0; i < m->names.n; i++) {
		if (!strcmp(m->names.v[i], name))
			return true;
	}
	return false;
}

void diff_marks_put(struct diff_marks *m, struct profile *p)
{
	if (!m->names.n)
		return;
	for (uint32_t i = 0; i < p->functions.n; i++) {
		const char *name = profile_text(p, p->functions.v[i].name);

		vec_push(&m->former, p->functions.v[i].name);
		if (is_marked(m, name)) {
			_cleanup_free_ char *marked = xasprintf(DIFF_MARK "%s", name);

			p->functions.v[i].name = profile_string(p, marked);
		}
	}
}

void diff_marks_take(struct diff_marks *m, struct profile *p)
{
	for (uint32_t i = 0; i < m->former.n; i++)
		p->functions.v[i].name = m->former.v[i];
	m->former.n = 0;
}

void diff_marks_done(struct diff_marks *m)
{
	vec_done(&m->names);
	vec_done(&m->former);
}
