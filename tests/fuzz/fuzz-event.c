/* Lists of event names, as they come from a command line, the environment or a
 * configuration, up to what libpfm4 and tracefs say of the names; and the distance of
 * words. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <profd/eventspec.h>
#include <profd/mem.h>
#include <profd/text.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_error(int code, const struct error *err)
{
	if (code == 0)
		return;
	/* One clean sentence each time, and the code in it. */
	if (err->code != code || !err->text[0] ||
	    !text_is_clean(err->text, strlen(err->text)) ||
	    !text_is_clean(err->hint, strlen(err->hint)))
		abort();
}

static void check_spec(const struct eventlist *l, uint32_t i)
{
	const struct eventspec *e = &l->v[i];

	if (!e->name[0] || e->precise > 3 || (e->period && e->hz) ||
	    e->group > l->ngroups || !text_is_clean(e->text, strlen(e->text)))
		abort();
	/* The members of a group stand in a row. */
	if (i && e->group && l->v[i - 1].group != e->group &&
	    l->v[i - 1].group >= e->group)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	_cleanup_free_ char *text = xstrndup((const char *)data, n);
	struct eventlist l = {0};
	struct error err = {0};
	int code = eventlist_parse(&l, text, &err);

	check_error(code, &err);
	if (code < 0 && l.n)
		abort();
	for (uint32_t i = 0; i < l.n; i++) {
		err = (struct error){0};
		check_spec(&l, i);
		/* A wrong name costs a search of all tables. */
		if (l.n == 1)
			check_error(eventspec_encode(&l.v[i], &err), &err);
		if (text_distance(l.v[0].name, l.v[i].name, 9) !=
		    text_distance(l.v[i].name, l.v[0].name, 9))
			abort();
	}
	eventlist_done(&l);
	return 0;
}
