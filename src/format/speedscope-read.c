/* speedscope's own format, by its schema: "sampled" profiles, which are stacks with
 * weights, and "evented" ones, in which functions are opened and closed.
 *
 * A file may hold several profiles, one for each thread, say: the name of each becomes the
 * command, or the command and the thread where it is as profd writes it. Profiles of one
 * sort of unit (time, bytes, others) share a value, and time is in nanoseconds.
 *
 * Samples are in the order of time, unless whoever wrote them has added up equal stacks:
 * then no two are alike. speedscope.c does so for each place in the code, of which the
 * file then tells functions alone, so there may be two. */
#include "format-priv.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include <profd/json.h>
#include <profd/text.h>

#define FRAMES_MAX (1u << 24)
#define PROFILES_MAX 4096u
#define DEPTH_MAX 65536u
#define STACKS_MAX (1u << 24)
/* Of all distinct stacks together. A function that is opened adds one frame to the tree of
 * stacks, but as many to what is written as are open. */
#define DEPTHS_MAX ((uint64_t)1 << 26)

enum sort { SORT_TIME, SORT_BYTES, SORT_OTHER, SORTS };

static const struct unit {
	const char *name;
	enum sort sort;
	int64_t scale;
} units[] = {
	{"nanoseconds", SORT_TIME, 1},
	{"microseconds", SORT_TIME, 1000},
	{"milliseconds", SORT_TIME, 1000000},
	{"seconds", SORT_TIME, 1000000000},
	{"bytes", SORT_BYTES, 1},
	{"none", SORT_OTHER, 1},
};

struct scope_reader {
	struct profile *p;
	struct error *err;
	unsigned value_of[SORTS]; /* index of the value + 1 */
	VEC(location_id) frames;
	struct moments moments;
	uint64_t depths;    /* of all rows so far */
	VEC(stack_id) open; /* evented: the stack up to each open function */
	/* the profile that is being read */
	size_t number; /* from 1 on */
	const char *name;
	const struct unit *unit;
	labels_id labels;
	double carry; /* what rounding left of the values so far */
	bool repeats; /* a stack came twice */
	bool ordered; /* the file may be in the order of time */
};

static int scope_error(struct scope_reader *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static int scope_error(struct scope_reader *r, const char *fmt, ...)
{
	struct text t = {0};
	va_list ap;

	va_start(ap, fmt);
	text_vaddf(&t, fmt, ap);
	va_end(ap);
	if (r->number)
		error_set(r->err, -EBADMSG, "profile %zu ('%.100s'): %s", r->number,
			  r->name, text_get(&t));
	else
		error_set(r->err, -EBADMSG, "%s", text_get(&t));
	text_done(&t);
	return -EBADMSG;
}

/* --- numbers ------------------------------------------------------------------------ */

/* In the profile's own unit; false when it is no number or out of range. */
static bool scaled(const struct unit *unit, const struct json *j, double *carry,
		   int64_t *ret_value)
{
	int64_t n;
	double v;

	if (json_i64(j, &n))
		return !__builtin_mul_overflow(n, unit->scale, ret_value);
	if (!json_num(j, &v))
		return false;
	v = v * (double)unit->scale + *carry;
	if (!(fabs(v) < 9e18))
		return false;
	*ret_value = llround(v);
	*carry = v - (double)*ret_value;
	return true;
}

/* A point of time, or of whatever is counted. */
static bool point(const struct scope_reader *r, const struct json *j, int64_t *ret_at)
{
	double none = 0;

	return scaled(r->unit, j, &none, ret_at);
}

/* --- frames ------------------------------------------------------------------------- */

static string_id string_of(struct scope_reader *r, const struct json *j)
{
	size_t n = 0;
	const char *s = json_str(j, &n);

	return profile_string_n(r->p, s, s ? n : 0);
}

static uint32_t line_of(const struct json *frame)
{
	int64_t line;

	if (!json_i64(json_get(frame, "line"), &line) || line < 1 || line > INT32_MAX)
		return 0;
	return (uint32_t)line;
}

/* There may be a frame for each line of a function. Which line it begins with is not
 * known; the first that is seen stands for it. */
static void find_starts(struct scope_reader *r, const struct json *frames,
			struct map *starts)
{
	for (size_t i = 0; i < json_count(frames); i++) {
		const struct json *f = json_at(frames, i);
		uint64_t key = (uint64_t)string_of(r, json_get(f, "file")) << 32 |
			       string_of(r, json_get(f, "name"));
		uint32_t line = line_of(f);
		uint64_t start = map_find(starts, key);

		if (line && (!start || line < start))
			map_put(starts, key, line);
	}
}

static int read_frame(struct scope_reader *r, const struct json *f, size_t i,
		      const struct map *starts)
{
	struct function fn = {.name = string_of(r, json_get(f, "name")),
			      .filename = string_of(r, json_get(f, "file"))};
	struct line line = {.line = line_of(f)};
	const char *name;
	bool label;

	if (!json_str(json_get(f, "name"), NULL))
		return scope_error(r, "frame %zu has no name", i);
	if (!fn.name)
		fn.name = profile_string(r->p, "[unknown]");
	name = profile_text(r->p, fn.name);
	fn.system_name = system_name(r->p, fn.name);
	fn.start_line = (uint32_t)map_find(starts, (uint64_t)fn.filename << 32 | fn.name);
	line.function = profile_function(r->p, &fn);
	label = name[0] == '[' && !fn.filename;
	vec_push(&r->frames, profile_named_location(
				     r->p, 0, 0, label ? LOCATION_LABEL : 0, &line, 1));
	return 0;
}

static int read_frames(struct scope_reader *r, const struct json *frames)
{
	struct map starts = {0};
	int code = 0;

	if (!json_is_list(frames)) {
		scope_error(r, "there is no list 'shared.frames'");
		error_hint(r->err, "of JSON only speedscope's format is read");
		return -EBADMSG;
	}
	if (json_count(frames) > FRAMES_MAX)
		return scope_error(r, "more than %u frames", FRAMES_MAX);
	find_starts(r, frames, &starts);
	for (size_t i = 0; !code && i < json_count(frames); i++)
		code = read_frame(r, json_at(frames, i), i, &starts);
	map_done(&starts);
	return code;
}

static int find_frame(struct scope_reader *r, const struct json *j,
		      location_id *ret_location)
{
	int64_t i;

	if (!json_i64(j, &i) || i < 0 || i >= r->frames.n)
		return -EBADMSG;
	*ret_location = r->frames.v[i];
	return 0;
}

static int too_many(struct scope_reader *r)
{
	if (r->p->stacks.n <= STACKS_MAX && r->depths <= DEPTHS_MAX)
		return 0;
	return error_set(r->err, -EFBIG, "its stacks have more than %u frames",
			 (unsigned)(r->depths > DEPTHS_MAX ? DEPTHS_MAX : STACKS_MAX));
}

/* --- samples ------------------------------------------------------------------------ */

static uint32_t add_value(struct scope_reader *r, stack_id stack, uint64_t depth,
			  int64_t value)
{
	int64_t values[SORTS] = {0};
	uint32_t known = r->p->samples.n, row;

	values[r->value_of[r->unit->sort] - 1] = value;
	row = profile_add(r->p, stack, r->labels, values);
	r->repeats |= row < known;
	r->depths += row < known ? 0 : depth;
	return row;
}

static int read_stack(struct scope_reader *r, const struct json *sample, size_t i,
		      stack_id *ret_stack)
{
	size_t n = json_count(sample);
	stack_id stack = 0;

	if (!json_is_list(sample))
		return scope_error(r, "sample %zu is no list of frames", i);
	if (n > DEPTH_MAX)
		return scope_error(r, "sample %zu has more than %u frames", i, DEPTH_MAX);
	for (size_t k = 0; k < n; k++) {
		location_id location;

		if (find_frame(r, json_at(sample, k), &location) < 0)
			return scope_error(
				r, "sample %zu names a frame that is not there", i);
		stack = profile_stack(r->p, stack, location);
	}
	*ret_stack = stack;
	return too_many(r);
}

static int read_weight(struct scope_reader *r, const struct json *weight, size_t i,
		       int64_t *ret_value)
{
	if (!scaled(r->unit, weight, &r->carry, ret_value) || *ret_value < 0)
		return scope_error(r, "weight %zu is no number from 0 to 9e18%s", i,
				   r->unit->sort == SORT_TIME ? " nanoseconds" : "");
	return 0;
}

static int read_sample(struct scope_reader *r, const struct json *sample,
		       const struct json *weight, size_t i, int64_t *at)
{
	stack_id stack = 0;
	int64_t value = 0;
	uint32_t row;
	int code = read_stack(r, sample, i, &stack) ?: read_weight(r, weight, i, &value);

	if (code || !value)
		return code;
	row = add_value(r, stack, json_count(sample), value);
	if (r->unit->sort == SORT_TIME)
		moments_add(&r->moments, row, *at, value);
	if (__builtin_add_overflow(*at, value, at))
		return scope_error(r, "the weights up to number %zu are more than 9e18",
				   i);
	return too_many(r);
}

static int read_sampled(struct scope_reader *r, const struct json *profile)
{
	const struct json *samples = json_get(profile, "samples");
	const struct json *weights = json_get(profile, "weights");
	size_t n = json_count(samples);
	uint32_t before = r->moments.all.n;
	int64_t at = 0;
	int code = 0;

	if (!json_is_list(samples) || !json_is_list(weights))
		return scope_error(r, "a sampled profile has samples and weights");
	if (json_count(weights) != n)
		return scope_error(r, "%zu samples, and %zu weights", n,
				   json_count(weights));
	if (!point(r, json_get(profile, "startValue"), &at))
		at = 0;
	for (size_t i = 0; !code && i < n; i++)
		code = read_sample(r, json_at(samples, i), json_at(weights, i), i, &at);
	if (!r->repeats || !r->ordered)
		r->moments.all.n = before;
	return code;
}

/* --- events ------------------------------------------------------------------------- */

static const char *name_of(const struct scope_reader *r, location_id location)
{
	const struct location *l = &r->p->locations.v[location];
	function_id f = r->p->lines.v[l->first_line].function;

	return profile_text(r->p, r->p->functions.v[f].name);
}

static int open_frame(struct scope_reader *r, location_id location, size_t i)
{
	stack_id parent = r->open.n ? r->open.v[r->open.n - 1] : 0;

	if (r->open.n == DEPTH_MAX)
		return scope_error(r, "event %zu opens more than %u functions", i,
				   DEPTH_MAX);
	vec_push(&r->open, profile_stack(r->p, parent, location));
	return too_many(r);
}

static int close_frame(struct scope_reader *r, location_id location, size_t i)
{
	location_id inner;

	if (!r->open.n)
		return scope_error(r, "event %zu closes '%.100s', and nothing is open", i,
				   name_of(r, location));
	inner = r->p->stacks.v[r->open.v[r->open.n - 1]].location;
	if (inner != location)
		return scope_error(r, "event %zu closes '%.100s' while '%.100s' is open",
				   i, name_of(r, location), name_of(r, inner));
	r->open.n--;
	return 0;
}

/* What is open has been so from @from until @to. */
static int add_span(struct scope_reader *r, int64_t from, int64_t to, size_t i)
{
	int64_t span;
	uint32_t row;

	if (!r->open.n || to == from)
		return 0;
	if (__builtin_sub_overflow(to, from, &span))
		return scope_error(r, "event %zu is more than 9e18 after the last", i);
	row = add_value(r, r->open.v[r->open.n - 1], r->open.n, span);
	if (r->unit->sort == SORT_TIME)
		moments_add(&r->moments, row, from, span);
	return too_many(r);
}

static int read_event(struct scope_reader *r, const struct json *event, size_t i,
		      int64_t *at)
{
	const char *type = json_str(json_get(event, "type"), NULL);
	location_id location;
	int64_t now;
	int code;

	if (!type || (strcmp(type, "O") != 0 && strcmp(type, "C") != 0))
		return scope_error(r, "event %zu neither opens nor closes a function", i);
	if (find_frame(r, json_get(event, "frame"), &location) < 0)
		return scope_error(r, "event %zu names a frame that is not there", i);
	if (!point(r, json_get(event, "at"), &now))
		return scope_error(r, "event %zu is at no number", i);
	if (i && now < *at)
		return scope_error(r, "event %zu is earlier than the one before", i);
	code = i ? add_span(r, *at, now, i) : 0;
	*at = now;
	if (code)
		return code;
	return type[0] == 'O' ? open_frame(r, location, i) : close_frame(r, location, i);
}

static int read_evented(struct scope_reader *r, const struct json *profile)
{
	const struct json *events = json_get(profile, "events");
	int64_t at = 0;
	int code = 0;

	if (!json_is_list(events))
		return scope_error(r, "an evented profile has events");
	r->open.n = 0;
	for (size_t i = 0; !code && i < json_count(events); i++)
		code = read_event(r, json_at(events, i), i, &at);
	if (!code && r->open.n)
		return scope_error(
			r, "'%.100s' is still open at the end",
			name_of(r, r->p->stacks.v[r->open.v[r->open.n - 1]].location));
	return code;
}

/* --- profiles ----------------------------------------------------------------------- */

static const struct unit *find_unit(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(units); i++) {
		if (!strcmp(units[i].name, name))
			return &units[i];
	}
	return NULL;
}

/* "COMMAND, thread THREAD" is what profd writes. */
static labels_id labels_of(struct scope_reader *r, const char *name)
{
	static const char mark[] = ", thread ";
	const char *thread = strstr(name, mark);
	struct label l[] = {
		{.key = profile_string(r->p, "comm")},
		{.key = profile_string(r->p, "thread")},
	};

	if (!*name)
		return 0;
	if (!thread || thread == name || !thread[sizeof(mark) - 1]) {
		l[0].str = profile_string(r->p, name);
		return profile_labels(r->p, l, 1);
	}
	l[0].str = profile_string_n(r->p, name, (size_t)(thread - name));
	l[1].str = profile_string(r->p, thread + sizeof(mark) - 1);
	return profile_labels(r->p, l, 2);
}

static void begin_profile(struct scope_reader *r, const struct json *profile, size_t i)
{
	const char *name = json_str(json_get(profile, "name"), NULL);

	r->number = i + 1;
	r->name = name ? name : "";
	r->unit = find_unit(json_str(json_get(profile, "unit"), NULL));
	r->carry = 0;
	r->repeats = false;
}

/* The values that there are, in the order of the profiles. */
static int find_values(struct scope_reader *r, const struct json *profiles)
{
	static const char *const types[SORTS][2] = {[SORT_TIME] = {"time", "nanoseconds"},
						    [SORT_BYTES] = {"space", "bytes"},
						    [SORT_OTHER] = {"samples", "count"}};

	for (size_t i = 0; i < json_count(profiles); i++) {
		begin_profile(r, json_at(profiles, i), i);
		if (!r->unit)
			return scope_error(r, "its unit is none of speedscope's");
		if (r->value_of[r->unit->sort])
			continue;
		profile_value_type(r->p, types[r->unit->sort][0],
				   types[r->unit->sort][1]);
		r->value_of[r->unit->sort] = r->p->nvalues;
	}
	r->number = 0;
	return 0;
}

static int read_profile(struct scope_reader *r, const struct json *profile, size_t i)
{
	const char *type = json_str(json_get(profile, "type"), NULL);

	begin_profile(r, profile, i);
	r->labels = labels_of(r, r->name);
	if (type && !strcmp(type, "sampled"))
		return read_sampled(r, profile);
	if (type && !strcmp(type, "evented"))
		return read_evented(r, profile);
	return scope_error(r, "it is neither sampled nor evented");
}

/* The value that speedscope shows first. */
static void choose_value(struct scope_reader *r, const struct json *file,
			 const struct json *profiles)
{
	int64_t active = 0;

	if (!json_i64(json_get(file, "activeProfileIndex"), &active) || active < 0 ||
	    (uint64_t)active >= json_count(profiles))
		active = 0;
	begin_profile(r, json_at(profiles, (size_t)active), 0);
	r->p->default_sample_type =
		r->p->value_types[r->value_of[r->unit->sort] - 1].type;
}

static int read_file(struct scope_reader *r, const struct json *file)
{
	const struct json *profiles = json_get(file, "profiles");
	const char *exporter = json_str(json_get(file, "exporter"), NULL);
	size_t n = json_count(profiles);
	int code = read_frames(r, json_get(json_get(file, "shared"), "frames"));

	if (code)
		return code;
	if (!n || n > PROFILES_MAX)
		return scope_error(r, n ? "more than %u profiles" : "there is no profile",
				   PROFILES_MAX);
	r->ordered = !exporter || strncmp(exporter, "profd ", 6) != 0;
	code = find_values(r, profiles);
	for (size_t i = 0; !code && i < n; i++)
		code = read_profile(r, json_at(profiles, i), i);
	if (code)
		return code;
	choose_value(r, file, profiles);
	moments_keep(&r->moments, r->p);
	return 0;
}

bool speedscope_is(const void *data, size_t n)
{
	const char *s = data, *end = s + n;

	while (s < end && strchr(" \t\r\n", *s) && *s)
		s++;
	if (s == end || *s++ != '{')
		return false;
	while (s < end && strchr(" \t\r\n", *s) && *s)
		s++;
	return s < end && (*s == '"' || *s == '}');
}

struct profile *speedscope_read(const void *data, size_t n, struct error *err)
{
	struct scope_reader r = {.err = err, .name = ""};
	struct json *file = json_read(data, n, err);
	int code;

	if (!file)
		return NULL;
	r.p = profile_new();
	code = read_file(&r, file);
	json_free(file);
	vec_done(&r.frames);
	moments_done(&r.moments);
	vec_done(&r.open);
	return code < 0 ? profile_free(r.p) : r.p;
}
