/* Files of profiles: what they are is seen by their first bytes, not by their names. */
#include "profile-file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <profd/mem.h>
#include <profd/text.h>

#define FILE_MAX_BYTES ((size_t)1 << 30)

static const struct unit {
	const char *unit, *type;
} units[] = {{"count", "samples"}, {"nanoseconds", "cpu"}, {"bytes", "space"}};

static const struct unit *find_unit(const char *name, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (!strcmp(units[i].unit, name))
			return &units[i];
	}
	error_set(err, -EINVAL, "unknown unit '%s'", name);
	error_hint(err, "count, nanoseconds or bytes");
	return NULL;
}

/* A pprof file begins with gzip's two bytes; or is not compressed, and has a NUL, since its
 * first string is empty. */
static bool is_text(const char *data, size_t n)
{
	return !memchr(data, 0, n) && (n < 2 || memcmp(data, "\x1f\x8b", 2) != 0);
}

static struct profile *read_bytes(const char *data, size_t n, const struct unit *unit,
				  const char *path, struct error *err)
{
	bool text = is_text(data, n);
	struct error why = {0};
	struct profile *p = text ? folded_read(data, n, unit->type, unit->unit, &why)
				 : pprof_read(data, n, FILE_MAX_BYTES, &why);

	if (p)
		return p;
	error_set(err, why.code, "'%s' is not a usable %s file: %s", path,
		  text ? "folded" : "pprof", why.text);
	error_hint(err, "%s", why.hint);
	return NULL;
}

struct profile *profile_file_read(const char *path, const char *unit, struct error *err)
{
	const struct unit *u = find_unit(unit, err);
	_cleanup_free_ char *data = NULL;
	size_t n;
	int code;

	if (!u)
		return NULL;
	code = strcmp(path, "-") ? io_slurp(path, FILE_MAX_BYTES, &data, &n)
				 : io_slurp_fd(STDIN_FILENO, FILE_MAX_BYTES, &data, &n);
	if (code < 0) {
		error_set(err, code, "cannot read '%s': %s", path, strerror(-code));
		return NULL;
	}
	return read_bytes(data, n, u, path, err);
}

int profile_file_value(const struct profile *p, const char *name, unsigned *ret_value,
		       struct error *err)
{
	struct text t = {0};

	if (!name) {
		*ret_value = profile_default_value(p);
		return 0;
	}
	for (unsigned i = 0; i < p->nvalues; i++) {
		if (!strcmp(profile_text(p, p->value_types[i].type), name)) {
			*ret_value = i;
			text_done(&t);
			return 0;
		}
		text_addf(&t, "%s%s", i ? ", " : "",
			  profile_text(p, p->value_types[i].type));
	}
	error_set(err, -EINVAL, "the profile has no sample type '%s'", name);
	error_hint(err, "it has: %s", text_get(&t));
	text_done(&t);
	return -EINVAL;
}
