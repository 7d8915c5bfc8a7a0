/* verdict.json back into an outcome. The file may be damaged, or made to harm: types,
 * numbers and lengths are checked, texts are cleaned. That what it says makes sense, a
 * low end below the high one, is not: reports show what is there. */
#include "outcome-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <profd/clock.h>
#include <profd/json.h>
#include <profd/outcome-io.h>
#include <profd/text.h>

struct reader {
	struct arena *arena;
	struct text path; /* of what is being read: "workloads[2].metrics[0].low" */
	uint32_t lists;	  /* structs in all lists so far */
	struct error *err;
};

static int bad(struct reader *r, const char *what)
{
	return error_set(r->err, -EBADMSG, "%s %s", text_get(&r->path), what);
}

static int too_many(struct reader *r, uint32_t max)
{
	return error_set(r->err, -EFBIG, "%s has more than %u entries",
			 text_get(&r->path), max);
}

static void path_cut(struct reader *r, size_t len)
{
	r->path.len = len;
	r->path.s[len] = '\0';
}

/* --- single values ------------------------------------------------------------------ */

static int read_text(struct reader *r, const struct json *j, const char **ret)
{
	struct text clean = {0};
	const char *s;
	size_t n;

	*ret = NULL;
	if (json_is_none(j))
		return 0;
	s = json_str(j, &n);
	if (!s)
		return bad(r, "is not a string");
	if (n > OUTCOME_TEXT_MAX_BYTES)
		return error_set(r->err, -EFBIG, "%s is longer than %u bytes",
				 text_get(&r->path), OUTCOME_TEXT_MAX_BYTES);
	text_add_lines(&clean, s, n);
	*ret = arena_strndup(r->arena, text_get(&clean), clean.len);
	text_done(&clean);
	return 0;
}

static int read_number(struct reader *r, const struct json *j, double *ret)
{
	const char *s = json_str(j, NULL);

	*ret = NAN;
	if (json_is_none(j) || json_num(j, ret))
		return 0;
	if (s && !strcmp(s, "Infinity"))
		*ret = INFINITY;
	else if (s && !strcmp(s, "-Infinity"))
		*ret = -INFINITY;
	else
		return bad(r, "is not a number");
	return 0;
}

static int read_whole(struct reader *r, const struct json *j, int64_t min, int64_t max,
		      int64_t *ret)
{
	int64_t value;

	*ret = 0;
	if (json_is_none(j))
		return 0;
	if (!json_i64(j, &value) || value < min || value > max)
		return error_set(r->err, -EBADMSG,
				 "%s is not a whole number from %" PRId64 " to %" PRId64,
				 text_get(&r->path), min, max);
	*ret = value;
	return 0;
}

static int read_count(struct reader *r, const struct json *j, uint32_t *ret)
{
	int64_t value;
	int code = read_whole(r, j, 0, UINT32_MAX, &value);

	*ret = (uint32_t)value;
	return code;
}

static int read_needed(struct reader *r, const struct json *j, uint32_t *ret)
{
	const char *s = json_str(j, NULL);

	*ret = UINT32_MAX;
	return s && !strcmp(s, "Infinity") ? 0 : read_count(r, j, ret);
}

static int read_bytes(struct reader *r, const struct json *j, uint64_t *ret)
{
	double value;
	int code = read_number(r, j, &value);

	*ret = 0;
	if (code < 0 || isnan(value))
		return code;
	if (value < 0 || value >= 0x1p63)
		return bad(r, "is not a number of bytes");
	*ret = (uint64_t)value;
	return 0;
}

static int read_seed(struct reader *r, const struct json *j, uint64_t *ret)
{
	const char *s = json_str(j, NULL);
	int end = 0;

	*ret = 0;
	if (json_is_none(j))
		return 0;
	if (!s || strlen(s) > 18 || sscanf(s, "0x%" SCNx64 "%n", ret, &end) != 1 ||
	    s[end] || strspn(s + 2, "0123456789abcdef") != strlen(s + 2))
		return bad(r, "is not a hexadecimal number");
	return 0;
}

/* "2026-11-30T22:24:34Z", or with a fraction of up to nine digits. */
static bool parse_time(const char *s, uint64_t *ret_ns)
{
	struct tm tm = {0};
	uint64_t ns = 0, scale = NSEC_PER_SEC;
	const char *rest = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
	time_t t = rest ? timegm(&tm) : -1;

	if (t < 0 || t > INT64_C(18000000000))
		return false;
	if (*rest == '.')
		for (rest++; *rest >= '0' && *rest <= '9' && scale > 1; rest++)
			ns += (uint64_t)(*rest - '0') * (scale /= 10);
	*ret_ns = (uint64_t)t * NSEC_PER_SEC + ns;
	return !strcmp(rest, "Z");
}

static int read_time(struct reader *r, const struct json *j, uint64_t *ret_ns)
{
	const char *s = json_str(j, NULL);

	*ret_ns = 0;
	if (json_is_none(j))
		return 0;
	return s && parse_time(s, ret_ns) ? 0
					  : bad(r, "is not a time of RFC 3339 in UTC");
}

static int read_flag(struct reader *r, const struct json *j, bool *ret)
{
	*ret = false;
	return json_is_none(j) || json_bool(j, ret) ? 0
						    : bad(r, "is neither true nor false");
}

static int read_choice(struct reader *r, const struct field *f, const struct json *j,
		       void *at)
{
	const char *s = json_str(j, NULL), *word;
	unsigned value = 0;

	if (!json_is_none(j) || f->needed) {
		for (; (word = f->word(value)); value++)
			if (s && !strcmp(s, word))
				break;
		if (!word)
			return bad(r, "is none of the words for it");
	}
	if (f->size == sizeof(bool))
		*(bool *)at = value;
	else
		*(unsigned *)at = value;
	return 0;
}

/* --- lists -------------------------------------------------------------------------- */

/* Of @n entries, or of none where all are unknown. */
static int read_column(struct reader *r, const struct json *list, uint32_t n,
		       unsigned step, double *v)
{
	int code = 0;

	for (uint32_t i = 0; i < n && code == 0; i++) {
		v[(size_t)i * step] = NAN;
		if (!json_is_none(list))
			code = read_number(r, json_at(list, i), &v[(size_t)i * step]);
	}
	return code;
}

static int columns_count(struct reader *r, const struct field *f, const struct json *j,
			 const char *const *keys, unsigned nkeys, uint32_t *ret)
{
	bool known = false;

	*ret = 0;
	for (unsigned i = 0; i < nkeys; i++) {
		const struct json *list = json_get(j, keys[i]);
		size_t n = json_count(list);

		if (json_is_none(list))
			continue;
		if (!json_is_list(list))
			return bad(r, "has something that is not a list");
		if (n > f->max)
			return too_many(r, f->max);
		if (known && n != *ret)
			return bad(r, "has lists of unequal lengths");
		*ret = (uint32_t)n;
		known = true;
	}
	return 0;
}

static int read_columns(struct reader *r, const struct field *f, const struct json *j,
			void *at, uint32_t *ret_n)
{
	static const char *const pair[] = {"base", "head"};
	static const char *const triplet[] = {"base", "copy", "head"};
	unsigned step = f->kind == FIELD_PAIRS ? 2 : 3;
	const char *const *keys = step == 2 ? pair : triplet;
	double *v = NULL;
	uint32_t n;
	int code = columns_count(r, f, j, keys, step, &n);

	*ret_n = 0;
	memcpy(at, &v, sizeof(v));
	if (code < 0 || !n)
		return code;
	v = arena_alloc(r->arena, (size_t)n * step * sizeof(*v));
	for (unsigned i = 0; i < step && code == 0; i++)
		code = read_column(r, json_get(j, keys[i]), n, step, v + i);
	memcpy(at, &v, sizeof(v));
	*ret_n = n;
	return code;
}

static int read_texts(struct reader *r, const struct field *f, const struct json *j,
		      void *at, uint32_t *ret_n)
{
	size_t n = json_count(j);
	const char **v = n ? arena_alloc(r->arena, n * sizeof(*v)) : NULL;

	for (size_t i = 0; i < n; i++) {
		int code = read_text(r, json_at(j, i), &v[i]);

		if (code < 0)
			return code;
		if (!v[i])
			v[i] = "";
	}
	memcpy(at, &v, sizeof(v));
	*ret_n = (uint32_t)n;
	return 0;
}

static int read_node(struct reader *r, const struct field *fields, const struct json *j,
		     void *node);

static int read_structs(struct reader *r, const struct field *f, const struct json *j,
			void *at, uint32_t *ret_n)
{
	size_t n = json_count(j), len = r->path.len;
	char *v = n ? arena_alloc(r->arena, n * f->size) : NULL;

	for (size_t i = 0; i < n; i++) {
		int code;

		text_addf(&r->path, "[%zu]", i);
		code = json_is_node(json_at(j, i))
			       ? read_node(r, f->fields, json_at(j, i), v + i * f->size)
			       : bad(r, "is not an object");
		if (code < 0)
			return code;
		path_cut(r, len);
	}
	memcpy(at, &v, sizeof(v));
	*ret_n = (uint32_t)n;
	return 0;
}

static int read_list(struct reader *r, const struct field *f, const struct json *j,
		     void *at, uint32_t *ret_n)
{
	size_t n = json_count(j);

	*ret_n = 0;
	if (json_is_none(j))
		return 0;
	if (!json_is_list(j))
		return bad(r, "is not a list");
	if (n > f->max)
		return too_many(r, f->max);
	/* A struct is far larger than the two bytes that can call for one. */
	r->lists += (uint32_t)n;
	if (r->lists > OUTCOME_ENTRIES_MAX)
		return error_set(r->err, -EFBIG, "more than %u entries in all lists",
				 OUTCOME_ENTRIES_MAX);
	return f->kind == FIELD_TEXTS ? read_texts(r, f, j, at, ret_n)
				      : read_structs(r, f, j, at, ret_n);
}

/* --- objects ------------------------------------------------------------------------ */

static int read_object(struct reader *r, const struct field *f, const struct json *j,
		       void *at)
{
	if (!json_is_none(j) && !json_is_node(j))
		return bad(r, "is not an object");
	return read_node(r, f->fields, j, at);
}

static int read_value(struct reader *r, const struct field *f, const struct json *j,
		      void *at, void *number)
{
	switch (f->kind) {
	case FIELD_TEXT:
		return f->needed && json_is_none(j) ? bad(r, "is missing")
						    : read_text(r, j, at);
	case FIELD_NUMBER:
		return read_number(r, j, at);
	case FIELD_COUNT:
		return read_count(r, j, at);
	case FIELD_NEEDED:
		return read_needed(r, j, at);
	case FIELD_BYTES:
		return read_bytes(r, j, at);
	case FIELD_SEED:
		return read_seed(r, j, at);
	case FIELD_TIME:
		return read_time(r, j, at);
	case FIELD_FLAG:
		return read_flag(r, j, at);
	case FIELD_CHOICE:
		return read_choice(r, f, j, at);
	case FIELD_STATUS: {
		int64_t value;
		int code = read_whole(r, j, 0, 255, &value);

		*(int *)at = (int)value;
		return code;
	}
	case FIELD_OPTIONAL:
		*(bool *)number = !json_is_none(j);
		return read_object(r, f, j, at);
	case FIELD_NODE:
		return read_object(r, f, j, at);
	case FIELD_LIST:
	case FIELD_TEXTS:
		return read_list(r, f, j, at, number);
	case FIELD_PAIRS:
	case FIELD_TRIPLETS:
		return read_columns(r, f, j, at, number);
	}
	return 0;
}

static int read_node(struct reader *r, const struct field *fields, const struct json *j,
		     void *node)
{
	size_t len = r->path.len;

	for (const struct field *f = fields; f->key; f++) {
		int code;

		text_addf(&r->path, "%s%s", len ? "." : "", f->key);
		code = read_value(r, f, json_get(j, f->key), (char *)node + f->at,
				  (char *)node + f->count);
		if (code < 0)
			return code;
		path_cut(r, len);
	}
	return 0;
}

static int check_schema(const struct json *j, struct error *err)
{
	const char *schema = json_get_str(j, "schema");

	if (schema && !strcmp(schema, OUTCOME_SCHEMA))
		return 0;
	error_set(err, -EBADMSG, "this is not a verdict.json: its schema is %s%.40s%s",
		  schema ? "'" : "", schema ? schema : "missing", schema ? "'" : "");
	error_hint(err, "profd bench, compare and gate write " OUTCOME_SCHEMA);
	return -EBADMSG;
}

int outcome_read(const char *data, size_t n, struct outcome *ret, struct error *err)
{
	struct outcome o = {0};
	struct reader r = {.arena = &o.arena, .err = err};
	struct json *j;
	int code;

	if (n > OUTCOME_FILE_MAX_BYTES)
		return error_set(err, -EFBIG, "it is larger than %u MiB",
				 OUTCOME_FILE_MAX_BYTES >> 20);
	j = json_read(data, n, err);
	if (!j)
		return -EBADMSG;
	code = check_schema(j, err);
	if (code == 0)
		code = read_node(&r, outcome_fields, j, &o);
	if (code == 0)
		*ret = o;
	else
		outcome_done(&o);
	text_done(&r.path);
	json_free(j);
	return code;
}

void outcome_done(struct outcome *o)
{
	arena_done(&o->arena);
	memset(o, 0, sizeof(*o));
}

int outcome_load(const char *path, struct outcome *ret, struct error *err)
{
	_cleanup_free_ char *inside = xasprintf("%s/%s", path, OUTCOME_FILE);
	struct error why = {0};
	struct stat st;
	const char *name;
	char *data;
	size_t n;
	int code;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		path = inside;
	name = strrchr(path, '/');
	code = io_slurp(path, OUTCOME_FILE_MAX_BYTES, &data, &n);
	if (code == -EFBIG)
		return error_set(err, code, "'%s' is larger than %u MiB", path,
				 OUTCOME_FILE_MAX_BYTES >> 20);
	if (code < 0)
		return error_set(err, code, "cannot read '%s': %s", path,
				 strerror(-code));
	if (data[strspn(data, " \t\r\n")] == '[')
		code = outcome_gha_read(data, n, strstr(name ? name : path, "bigger"),
					ret, &why);
	else
		code = outcome_read(data, n, ret, &why);
	if (code < 0) {
		error_set(err, code, "'%s': %s", path, why.text);
		if (why.hint[0])
			error_hint(err, "%s", why.hint);
	}
	free(data);
	return code;
}
