/* Files of profiles: what they are is seen by their first bytes, not by their names. */
#include "profile-file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <profd/mem.h>
#include <profd/text.h>

const char profile_file_usage[] = "\n"
				  "FILE is a profile of profd's or others: pprof, "
				  "gperftools, speedscope, the text of\n"
				  "perf script, or folded stacks; in gzip or not. - is "
				  "the standard input, a folder of\n"
				  "results stands for its cpu.pb.gz.\n";

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

struct file {
	const char *data, *path;
	size_t n;
	const struct unit *unit; /* of folded counts */
};

static bool is_anything(const void *data, size_t n)
{
	return true;
}

/* A pprof file that is not compressed has a NUL, since its first string is empty. */
static bool is_binary(const void *data, size_t n)
{
	return memchr(data, 0, n);
}

static struct profile *read_pprof(const struct file *f, struct error *err)
{
	return pprof_read(f->data, f->n, FILE_MAX_BYTES, err);
}

static struct profile *read_perfscript(const struct file *f, struct error *err)
{
	return perfscript_read(f->data, f->n, err);
}

static struct profile *read_gperftools(const struct file *f, struct error *err)
{
	return gperftools_read(f->data, f->n, err);
}

static struct profile *read_speedscope(const struct file *f, struct error *err)
{
	return speedscope_read(f->data, f->n, err);
}

static struct profile *read_folded(const struct file *f, struct error *err)
{
	return folded_read(f->data, f->n, f->unit->type, f->unit->unit, err);
}

/* The first that may be it is it. */
static const struct reader {
	const char *name;
	bool (*is)(const void *data, size_t n);
	struct profile *(*read)(const struct file *f, struct error *err);
} readers[] = {
	{"gperftools", gperftools_is, read_gperftools},
	{"pprof", is_binary, read_pprof},
	{"speedscope", speedscope_is, read_speedscope},
	{"perf script", perfscript_is, read_perfscript},
	{"folded", is_anything, read_folded},
};

static struct profile *unusable(const struct file *f, const char *name,
				const struct error *why, struct error *err)
{
	error_set(err, why->code, "'%s' is not a usable %s file: %s", f->path, name,
		  why->text);
	error_hint(err, "%s", why->hint);
	return NULL;
}

static struct profile *read_plain(const struct file *f, struct error *err)
{
	const struct reader *r = readers;
	struct error why = {0};
	struct profile *p;

	while (!r->is(f->data, f->n))
		r++;
	p = r->read(f, &why);
	return p ? p : unusable(f, r->name, &why, err);
}

static struct profile *read_bytes(const struct file *f, struct error *err)
{
	struct file plain = *f;
	struct error why = {0};
	struct text t = {0};
	struct profile *p;

	if (!gzip_is(f->data, f->n))
		return read_plain(f, err);
	if (gzip_inflate(f->data, f->n, FILE_MAX_BYTES, &t, &why) < 0) {
		text_done(&t);
		return unusable(f, "pprof", &why, err);
	}
	plain.data = text_get(&t);
	plain.n = t.len;
	p = read_plain(&plain, err);
	text_done(&t);
	return p;
}

/* A folder of results stands for its first profile. */
static char *file_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return xasprintf("%s/cpu.pb.gz", path);
	return xstrdup(path);
}

struct profile *profile_file_read(const char *path, const char *unit, struct error *err)
{
	const struct unit *u = find_unit(unit, err);
	_cleanup_free_ char *data = NULL, *name = file_of(path);
	struct file f = {.path = name, .unit = u};
	int code;

	if (!u)
		return NULL;
	code = strcmp(path, "-") ? io_slurp(name, FILE_MAX_BYTES, &data, &f.n)
				 : io_slurp_fd(STDIN_FILENO, FILE_MAX_BYTES, &data, &f.n);
	if (code < 0) {
		error_set(err, code, "cannot read '%s': %s", name, strerror(-code));
		return NULL;
	}
	f.data = data;
	return read_bytes(&f, err);
}

/* What a profile calls the occurrences of @event is the event's name with an end. */
static bool names_value(const char *type, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(type, name, n) && !strcmp(type + n, "_event");
}

static bool find_value(const struct profile *p, const char *name, unsigned *ret_value)
{
	for (unsigned i = 0; i < p->nvalues; i++) {
		if (!strcmp(profile_text(p, p->value_types[i].type), name)) {
			*ret_value = i;
			return true;
		}
	}
	for (unsigned i = 0; i < p->nvalues; i++) {
		if (names_value(profile_text(p, p->value_types[i].type), name)) {
			*ret_value = i;
			return true;
		}
	}
	return false;
}

int profile_file_value(const struct profile *p, const char *name, unsigned *ret_value,
		       struct error *err)
{
	struct text t = {0};

	if (!name) {
		*ret_value = profile_default_value(p);
		return 0;
	}
	if (find_value(p, name, ret_value))
		return 0;
	for (unsigned i = 0; i < p->nvalues; i++)
		text_addf(&t, "%s%s", i ? ", " : "",
			  profile_text(p, p->value_types[i].type));
	error_set(err, -EINVAL, "the profile has no sample type '%s'", name);
	error_hint(err, "it has: %s", text_get(&t));
	text_done(&t);
	return -EINVAL;
}
