/* JSON in, by jansson, which builds all of it in memory: so how many values there can be
 * is checked first, by the signs that stand in front of one. */
#include <profd/json.h>

#include <errno.h>
#include <string.h>

#include <jansson.h>

static const json_t *unwrap(const struct json *j)
{
	return (const json_t *)j;
}

static const struct json *wrap(const json_t *j)
{
	return (const struct json *)j;
}

/* Signs in strings count, too: it is a limit, and no figure. */
static size_t values_at_most(const char *data, size_t n)
{
	size_t values = 1;

	for (size_t i = 0; i < n; i++)
		values += data[i] == ',' || data[i] == '[' || data[i] == '{' ||
			  data[i] == ':';
	return values;
}

struct json *json_read(const char *data, size_t n, struct error *err)
{
	json_error_t why;
	json_t *j;

	if (values_at_most(data, n) > JSON_VALUES_MAX) {
		error_set(err, -EFBIG, "more than %u values in one JSON text",
			  JSON_VALUES_MAX);
		return NULL;
	}
	j = json_loadb(data, n, 0, &why);
	if (!j)
		error_set(err, -EBADMSG, "line %d, column %d: %s", why.line, why.column,
			  why.text);
	return (struct json *)j;
}

const struct json *json_get(const struct json *j, const char *key)
{
	return wrap(json_object_get(unwrap(j), key));
}

const struct json *json_at(const struct json *j, size_t i)
{
	return wrap(json_array_get(unwrap(j), i));
}

size_t json_count(const struct json *j)
{
	return json_array_size(unwrap(j));
}

bool json_is_list(const struct json *j)
{
	return json_is_array(unwrap(j));
}

bool json_is_node(const struct json *j)
{
	return json_is_object(unwrap(j));
}

bool json_is_none(const struct json *j)
{
	return !j || json_is_null(unwrap(j));
}

const char *json_str(const struct json *j, size_t *ret_n)
{
	const char *s = json_string_value(unwrap(j));

	if (s && ret_n)
		*ret_n = json_string_length(unwrap(j));
	return s;
}

bool json_i64(const struct json *j, int64_t *ret_value)
{
	if (!json_is_integer(unwrap(j)))
		return false;
	*ret_value = json_integer_value(unwrap(j));
	return true;
}

bool json_num(const struct json *j, double *ret_value)
{
	if (!json_is_number(unwrap(j)))
		return false;
	*ret_value = json_number_value(unwrap(j));
	return true;
}

const char *json_get_str(const struct json *j, const char *key)
{
	return json_str(json_get(j, key), NULL);
}

bool json_bool(const struct json *j, bool *ret_value)
{
	if (!json_is_boolean(unwrap(j)))
		return false;
	*ret_value = json_is_true(unwrap(j));
	return true;
}

bool json_get_bool(const struct json *j, const char *key, bool *ret_value)
{
	return json_bool(json_get(j, key), ret_value);
}
