#pragma once
/* Writing JSON. Keys keep the order in which they are put. Strings are cleaned to valid
 * UTF-8 without control characters but newlines and tabs, a number that JSON cannot hold
 * (NaN, infinity) becomes null. jansson does the work. A value that is put into another
 * belongs to it. One thread at a time. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/io.h>

struct json; /* an object or an array */

struct json *json_node(void);	/* an object */
struct json *json_list(void);	/* an array */
void json_free(struct json *j); /* only for one that was not put anywhere */

/* @key is NULL when @j is an array. */
void json_put(struct json *j, const char *key, struct json *value); /* takes @value */
void json_put_str(struct json *j, const char *key,
		  const char *value); /* NULL becomes null */
void json_put_u64(struct json *j, const char *key, uint64_t value);
void json_put_i64(struct json *j, const char *key, int64_t value);
void json_put_hex(struct json *j, const char *key, uint64_t value); /* "0x1234" */
void json_put_num(struct json *j, const char *key, double value);
void json_put_bool(struct json *j, const char *key, bool value);
void json_put_null(struct json *j, const char *key);
/* One string, quoted, and nothing else. */
void json_write_str(const char *value, struct sink *out);
/* Indented by two, with a final newline. */
void json_write(const struct json *j, struct sink *out);
