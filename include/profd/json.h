#pragma once
/* Writing and reading JSON; jansson does the work. One thread at a time.
 *
 * Writing: keys keep the order in which they are put. Strings are cleaned to valid
 * UTF-8 without control characters but newlines and tabs, a number that JSON cannot hold
 * (NaN, infinity) becomes null. A value that is put into another belongs to it. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/error.h>
#include <profd/io.h>

struct json; /* an object or an array */

struct json *json_node(void);	/* an object */
struct json *json_list(void);	/* an array */
void json_free(struct json *j); /* only for one that was not put anywhere */

/* @key is NULL when @j is an array. */
void json_put(struct json *j, const char *key, struct json *value); /* takes @value */
/* The same value for another place: it is in both then, and neither may be changed. */
struct json *json_share(const struct json *j);
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

/* --- reading ------------------------------------------------------------------------ */

/* Texts with more values than this are refused: each takes some 50 bytes of memory. */
#define JSON_VALUES_MAX (1u << 25)

/* Parses @data[0..n). Its strings are UTF-8 without a NUL; of a key that stands twice the
 * last counts. Returns NULL and sets err (-EBADMSG, with line and column; -EFBIG). To be
 * freed by json_free. */
struct json *json_read(const char *data, size_t n, struct error *err);
/* All of these take NULL and what is of another type, and borrow from @j. */
const struct json *json_get(const struct json *j, const char *key); /* or NULL */
const struct json *json_at(const struct json *j, size_t i);	    /* or NULL */
size_t json_count(const struct json *j); /* of an array; 0 for others */
bool json_is_list(const struct json *j);
bool json_is_node(const struct json *j);
bool json_is_none(const struct json *j); /* null, or no value at all */
/* NULL when it is none; *ret_n, which may be NULL, is its length. */
const char *json_str(const struct json *j, size_t *ret_n);
/* False when it is none, or one that does not fit. */
bool json_i64(const struct json *j, int64_t *ret_value);
bool json_num(const struct json *j, double *ret_value);
bool json_bool(const struct json *j, bool *ret_value);
/* Of the member @key of an object. */
const char *json_get_str(const struct json *j, const char *key);
bool json_get_bool(const struct json *j, const char *key, bool *ret_value);
