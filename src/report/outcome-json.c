/* verdict.json. What stands in it is listed in outcome-fields.c; here is how each type is
 * written, so that reading it and writing it again gives the same bytes. */
#include "outcome-priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <profd/clock.h>
#include <profd/json.h>
#include <profd/outcome-io.h>

#define WHOLE_MAX 9007199254740992.0 /* 2^53: a double holds whole numbers up to it */

static bool is_whole(double value)
{
	return fabs(value) <= WHOLE_MAX && value == floor(value);
}

/* Nine digits is what json_write keeps. A number that becomes a whole one by that has to
 * be written as those are. */
static void put_number(struct json *j, const char *key, double value)
{
	char digits[32];

	if (isinf(value)) {
		json_put_str(j, key, value > 0 ? "Infinity" : "-Infinity");
		return;
	}
	if (isfinite(value) && !is_whole(value)) {
		snprintf(digits, sizeof(digits), "%.9g", value);
		value = strtod(digits, NULL);
	}
	if (isfinite(value) && is_whole(value))
		json_put_i64(j, key, (int64_t)value);
	else
		json_put_num(j, key, value);
}

static void put_needed(struct json *j, const char *key, uint32_t n)
{
	if (n == UINT32_MAX)
		json_put_str(j, key, "Infinity");
	else if (n)
		json_put_u64(j, key, n);
	else
		json_put_null(j, key);
}

/* RFC 3339, to the nanosecond. */
static void put_time(struct json *j, const char *key, uint64_t ns)
{
	char utc[CLOCK_UTC_BYTES], buf[64];

	if (!ns) {
		json_put_null(j, key);
		return;
	}
	snprintf(buf, sizeof(buf), "%.19s.%09uZ", clock_utc(ns, utc),
		 (unsigned)(ns % NSEC_PER_SEC));
	json_put_str(j, key, buf);
}

static void put_choice(struct json *j, const struct field *f, const void *at)
{
	unsigned value = f->size == sizeof(bool) ? *(const bool *)at
						 : *(const unsigned *)at;

	json_put_str(j, f->key, f->word(value));
}

/* One side of all pairs, which are @step doubles apart. Of a side that has no value at all
 * nothing is listed. */
static void put_column(struct json *j, const char *key, const double *v, uint32_t n,
		       unsigned step)
{
	struct json *list;
	uint32_t known = 0;

	for (uint32_t i = 0; i < n; i++)
		known += !isnan(v[(size_t)i * step]);
	if (!known && n) {
		json_put_null(j, key);
		return;
	}
	list = json_list();
	for (uint32_t i = 0; i < n; i++)
		put_number(list, NULL, v[(size_t)i * step]);
	json_put(j, key, list);
}

_Static_assert(sizeof(struct trial_pair) == 2 * sizeof(double), "pairs are two doubles");

static void put_columns(struct json *j, const struct field *f, const void *at, uint32_t n)
{
	static const char *const pair[] = {"base", "head"};
	static const char *const triplet[] = {"base", "copy", "head"};
	unsigned step = f->kind == FIELD_PAIRS ? 2 : 3;
	struct json *columns = json_node();
	const double *v;

	memcpy(&v, at, sizeof(v));
	for (unsigned i = 0; i < step; i++)
		put_column(columns, step == 2 ? pair[i] : triplet[i], n ? v + i : NULL, n,
			   step);
	json_put(j, f->key, columns);
}

static void put_texts(struct json *j, const char *key, const void *at, uint32_t n)
{
	struct json *list = json_list();
	const char *const *v;

	memcpy(&v, at, sizeof(v));
	for (uint32_t i = 0; i < n; i++)
		json_put_str(list, NULL, v[i] ? v[i] : "");
	json_put(j, key, list);
}

static struct json *node_json(const struct field *fields, const void *at);

static void put_list(struct json *j, const struct field *f, const void *at, uint32_t n)
{
	struct json *list = json_list();
	const char *v;

	memcpy(&v, at, sizeof(v));
	for (uint32_t i = 0; i < n; i++)
		json_put(list, NULL, node_json(f->fields, v + i * f->size));
	json_put(j, f->key, list);
}

static void put_field(struct json *j, const struct field *f, const void *node)
{
	const void *at = (const char *)node + f->at,
		   *number = (const char *)node + f->count;

	switch (f->kind) {
	case FIELD_TEXT:
		json_put_str(j, f->key, *(const char *const *)at);
		break;
	case FIELD_NUMBER:
		put_number(j, f->key, *(const double *)at);
		break;
	case FIELD_COUNT:
		json_put_u64(j, f->key, *(const uint32_t *)at);
		break;
	case FIELD_NEEDED:
		put_needed(j, f->key, *(const uint32_t *)at);
		break;
	case FIELD_BYTES:
		put_number(j, f->key,
			   *(const uint64_t *)at ? (double)*(const uint64_t *)at : NAN);
		break;
	case FIELD_SEED:
		json_put_hex(j, f->key, *(const uint64_t *)at);
		break;
	case FIELD_TIME:
		put_time(j, f->key, *(const uint64_t *)at);
		break;
	case FIELD_STATUS:
		json_put_i64(j, f->key, *(const int *)at);
		break;
	case FIELD_FLAG:
		json_put_bool(j, f->key, *(const bool *)at);
		break;
	case FIELD_CHOICE:
		put_choice(j, f, at);
		break;
	case FIELD_NODE:
		json_put(j, f->key, node_json(f->fields, at));
		break;
	case FIELD_OPTIONAL:
		if (*(const bool *)number)
			json_put(j, f->key, node_json(f->fields, at));
		else
			json_put_null(j, f->key);
		break;
	case FIELD_LIST:
		put_list(j, f, at, *(const uint32_t *)number);
		break;
	case FIELD_TEXTS:
		put_texts(j, f->key, at, *(const uint32_t *)number);
		break;
	case FIELD_PAIRS:
	case FIELD_TRIPLETS:
		put_columns(j, f, at, *(const uint32_t *)number);
		break;
	}
}

static struct json *node_json(const struct field *fields, const void *at)
{
	struct json *j = json_node();

	for (const struct field *f = fields; f->key; f++)
		put_field(j, f, at);
	return j;
}

void outcome_json_write(const struct outcome *o, struct sink *out)
{
	struct json *j = json_node();

	json_put_str(j, "schema", OUTCOME_SCHEMA);
	for (const struct field *f = outcome_fields; f->key; f++)
		put_field(j, f, o);
	json_write(j, out);
	json_free(j);
}
