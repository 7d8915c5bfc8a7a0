/* JSON out, by jansson. It refuses strings that are not UTF-8 and turns NaN into an
 * error, so both are dealt with before it sees them. `struct json` is json_t under a name
 * that keeps jansson's header out of every other folder. */
#include <profd/json.h>

#include <math.h>
#include <string.h>

#include <jansson.h>

#include <profd/text.h>

static json_t *unwrap(const struct json *j)
{
	return (json_t *)(uintptr_t)j;
}

struct json *json_node(void)
{
	return (struct json *)json_object();
}

struct json *json_list(void)
{
	return (struct json *)json_array();
}

void json_free(struct json *j)
{
	json_decref(unwrap(j));
}

struct json *json_share(const struct json *j)
{
	return (struct json *)json_incref(unwrap(j));
}

static void put(struct json *j, const char *key, json_t *value)
{
	if (key)
		json_object_set_new(unwrap(j), key, value);
	else
		json_array_append_new(unwrap(j), value);
}

void json_put(struct json *j, const char *key, struct json *value)
{
	put(j, key, unwrap(value));
}

void json_put_str(struct json *j, const char *key, const char *value)
{
	struct text t = {0};

	if (!value) {
		put(j, key, json_null());
		return;
	}
	/* A command may be a script: its lines and tabs are kept, JSON has a way to write
	 * them. */
	text_add_lines(&t, value, strlen(value));
	put(j, key, json_stringn(text_get(&t), t.len));
	text_done(&t);
}

/* jansson's integers are signed; what does not fit is written as a real. */
void json_put_u64(struct json *j, const char *key, uint64_t value)
{
	put(j, key,
	    value <= INT64_MAX ? json_integer((json_int_t)value)
			       : json_real((double)value));
}

void json_put_i64(struct json *j, const char *key, int64_t value)
{
	put(j, key, json_integer(value));
}

void json_put_hex(struct json *j, const char *key, uint64_t value)
{
	put(j, key, json_sprintf("0x%llx", (unsigned long long)value));
}

void json_put_num(struct json *j, const char *key, double value)
{
	put(j, key, isfinite(value) ? json_real(value) : json_null());
}

void json_put_bool(struct json *j, const char *key, bool value)
{
	put(j, key, json_boolean(value));
}

void json_put_null(struct json *j, const char *key)
{
	put(j, key, json_null());
}

static int json_to_sink(const char *data, size_t n, void *arg)
{
	sink_put(arg, data, n);
	return ((struct sink *)arg)->code ? -1 : 0;
}

void json_write(const struct json *j, struct sink *out)
{
	/* 17 digits would print 0.1 as 0.10000000000000001. */
	json_dump_callback(unwrap(j), json_to_sink, out,
			   JSON_INDENT(2) | JSON_REAL_PRECISION(9));
	sink_puts(out, "\n");
}

void json_write_str(const char *value, struct sink *out)
{
	struct json *list = json_list();

	json_put_str(list, NULL, value);
	json_dump_callback(json_array_get(unwrap(list), 0), json_to_sink, out,
			   JSON_ENCODE_ANY);
	json_free(list);
}
