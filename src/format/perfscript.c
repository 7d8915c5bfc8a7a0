/* The text that perf script prints, into a profile. Lines are taken apart in
 * perfscript-line.c; here they become samples: a head, the frames below it, an empty line.
 *
 * What values the profile has is known once all events are, so samples are kept until the
 * end of the text. Names and addresses are what perf made of them: perf prints addresses
 * as in the file of the code, and of a caller the return address, or one less where it
 * unwound by DWARF. */
#include "format-priv.h"

#include <errno.h>
#include <string.h>

#include <profd/text.h>

#include "perfscript-priv.h"

#define LINE_MAX_BYTES ((size_t)4 << 20)
#define FRAMES_MAX 65536u
#define STACKS_MAX (1u << 24)
#define EVENTS_MAX (PROFILE_VALUES_MAX / 2)
/* How much of a text is looked at for what it is. */
#define GUESS_LINES 10000u

struct frame {
	uint64_t address;
	string_id name, file; /* of the source */
	mapping_id mapping;
	uint32_t flags, line;
	bool inlined;
};

struct event {
	string_id name;
	bool clock;
};

struct sample {
	stack_id stack;
	labels_id labels;
	uint32_t event;
	bool has_time;
	int64_t period, time_ns;
};

struct script_reader {
	struct profile *p;
	struct error *err;
	uint64_t line;
	string_id key_comm, key_pid, key_tid, key_cpu, unit_id;
	struct event events[EVENTS_MAX];
	uint32_t nevents;
	uint64_t periods; /* samples that have one */
	int64_t period;	  /* of all samples of the first event; -1: they differ */
	VEC(struct sample) samples;
	bool open;		  /* frames belong to the last sample */
	VEC(struct frame) frames; /* its own, the leaf first */
	VEC(struct line) lines;
	VEC(location_id) places;
	struct map files; /* mapping << 32 | name -> the function's source file */
};

static int script_broken(struct script_reader *r, const char *what, const char *hint)
{
	error_set(r->err, -EBADMSG, "line %llu: %s", (unsigned long long)r->line, what);
	error_hint(r->err, "%s", hint);
	return -EBADMSG;
}

/* --- frames into stacks ------------------------------------------------------------- */

/* A function is told apart by its source file, too, but a line of it may be in another
 * one, where that was included: its first file is its file, and lines of others are
 * none. */
static struct line line_of(struct script_reader *r, const struct frame *f)
{
	uint64_t key = (uint64_t)f->mapping << 32 | f->name;
	string_id file = (string_id)map_find(&r->files, key);
	struct function fn = {.name = f->name, .system_name = system_name(r->p, f->name)};

	if (!file && f->file) {
		map_put(&r->files, key, f->file);
		file = f->file;
	}
	fn.filename = file;
	return (struct line){profile_function(r->p, &fn), file == f->file ? f->line : 0};
}

/* The frames from @i on that share one place: those inlined, and the function that they
 * were inlined into. Returns how many. */
static uint32_t place_length(const struct script_reader *r, uint32_t i)
{
	uint32_t n = 1;

	while (r->frames.v[i + n - 1].inlined && i + n < r->frames.n &&
	       r->frames.v[i + n].address == r->frames.v[i].address)
		n++;
	return n;
}

static void add_place(struct script_reader *r, const struct frame *f, uint32_t n)
{
	/* The last one is told what file it is in. */
	const struct frame *outer = &f[n - 1];

	r->lines.n = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (f[i].name)
			vec_push(&r->lines, line_of(r, &f[i]));
	}
	vec_push(&r->places,
		 r->lines.n ? profile_named_location(r->p, outer->mapping, outer->address,
						     outer->flags, r->lines.v, r->lines.n)
			    : profile_location(r->p, outer->mapping, outer->address,
					       outer->flags));
}

/* The last sample has all its frames. */
static int close_sample(struct script_reader *r)
{
	stack_id stack = 0;

	if (!r->open)
		return 0;
	r->open = false;
	r->places.n = 0;
	for (uint32_t i = 0, n; i < r->frames.n; i += n) {
		n = place_length(r, i);
		add_place(r, &r->frames.v[i], n);
	}
	r->frames.n = 0;
	for (uint32_t i = r->places.n; i-- > 0;)
		stack = profile_stack(r->p, stack, r->places.v[i]);
	r->samples.v[r->samples.n - 1].stack = stack;
	if (r->p->stacks.n > STACKS_MAX)
		return error_set(r->err, -EFBIG,
				 "line %llu: more than %u distinct stack frames",
				 (unsigned long long)r->line, STACKS_MAX);
	return 0;
}

static uint32_t frame_flags(uint32_t kind)
{
	return (kind & MAPPING_KERNEL ? LOCATION_KERNEL : 0u) |
	       (kind & MAPPING_JIT ? LOCATION_JIT : 0u);
}

static int add_frame(struct script_reader *r, const struct script_frame *f)
{
	struct mapping m = {.flags = MAPPING_HAS_FUNCTIONS};
	struct frame new = {.address = f->address, .inlined = f->inlined};
	uint32_t kind;

	if (r->frames.n == FRAMES_MAX)
		return script_broken(r, "more than 65536 frames",
				     "is it the text of perf script?");
	new.name = profile_string_n(r->p, f->name, f->name_len);
	m.filename = profile_string_n(r->p, f->file, f->file_len);
	kind = mapping_kind(profile_text(r->p, m.filename), f->address);
	m.flags |= kind;
	new.flags = frame_flags(kind);
	if (m.filename)
		new.mapping = profile_mapping(r->p, &m);
	vec_push(&r->frames, new);
	return 0;
}

/* --- heads -------------------------------------------------------------------------- */

/* A clock's period is nanoseconds. Modifiers such as ":u" are part of the name. */
static bool is_clock(const char *name, size_t n)
{
	static const char *const clocks[] = {"cpu-clock", "task-clock"};

	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		size_t len = strlen(clocks[i]);

		if (n >= len && !memcmp(name, clocks[i], len) &&
		    (n == len || name[len] == ':'))
			return true;
	}
	return false;
}

/* The row of the event; without one it is called "samples". */
static int event_of(struct script_reader *r, const struct script_head *h)
{
	string_id name = profile_string_n(r->p, h->event, h->event_len);

	for (uint32_t i = 0; i < r->nevents; i++) {
		if (r->events[i].name == name)
			return (int)i;
	}
	if (r->nevents == EVENTS_MAX)
		return script_broken(r, "more than 8 events",
				     "print fewer of them, by what -F or grep leaves");
	r->events[r->nevents].name = name;
	r->events[r->nevents].clock = h->event && is_clock(h->event, h->event_len);
	return (int)r->nevents++;
}

static labels_id labels_of(struct script_reader *r, const struct script_head *h)
{
	struct label l[4] = {
		{.key = r->key_comm, .str = profile_string_n(r->p, h->comm, h->comm_len)},
		{.key = r->key_tid, .num = h->tid, .unit = r->unit_id},
	};
	uint32_t n = 2;

	if (h->has_pid)
		l[n++] = (struct label){
			.key = r->key_pid, .num = h->pid, .unit = r->unit_id};
	if (h->has_cpu)
		l[n++] = (struct label){
			.key = r->key_cpu, .num = h->cpu, .unit = r->unit_id};
	return profile_labels(r->p, l, n);
}

/* What follows the event: the frame of a sample without callers, or a tracepoint's own
 * text. An address is printed 16 columns wide. */
static int read_rest(struct script_reader *r, const struct script_head *h)
{
	struct script_frame f;
	size_t column = 0;

	while (column < h->rest_len && h->rest[column] == ' ')
		column++;
	while (column < h->rest_len && h->rest[column] != ' ')
		column++;
	if (column < 16 || !script_frame_parse(h->rest, h->rest_len, &f))
		return 0;
	return add_frame(r, &f) ?: close_sample(r);
}

static int read_head(struct script_reader *r, const struct script_head *h)
{
	struct sample s = {.has_time = h->has_time, .time_ns = h->time_ns};
	int code = close_sample(r), event;

	if (code < 0 || h->is_record)
		return code;
	event = event_of(r, h);
	if (event < 0)
		return event;
	s.event = (uint32_t)event;
	s.labels = labels_of(r, h);
	s.period = h->has_period ? h->period : 0;
	r->periods += h->has_period;
	if (!event && r->period != s.period)
		r->period = r->period ? -1 : s.period;
	vec_push(&r->samples, s);
	r->open = true;
	return h->event ? read_rest(r, h) : 0;
}

/* --- lines -------------------------------------------------------------------------- */

/* "# cmdline : perf record …", from --header. */
static void read_comment(struct script_reader *r, const char *s, size_t n)
{
	static const char word[] = "# cmdline : ";
	struct text t = {0};

	if (n <= sizeof(word) || memcmp(s, word, sizeof(word) - 1) != 0)
		return;
	text_add(&t, "recorded by: ");
	text_addn(&t, s + sizeof(word) - 1, n - sizeof(word) + 1);
	profile_comment(r->p, text_get(&t));
	text_done(&t);
}

static void set_line(struct script_reader *r, const struct script_line *l)
{
	struct frame *f = &r->frames.v[r->frames.n - 1];

	/* "??:0": not known */
	if (l->line && l->file_len && l->file[0] != '?') {
		f->file = profile_string_n(r->p, l->file, l->file_len);
		f->line = l->line;
	}
}

/* Below a head, and not indented by a tab, may be the source line of a frame. A head is
 * indented, too, where samples have no callers. */
static int read_indented(struct script_reader *r, const char *s, size_t n)
{
	struct script_head h;
	struct script_frame f;
	struct script_line l;

	if (*s != '\t' && script_head_parse(s, n, &h) &&
	    (h.has_time || h.event || !r->open))
		return read_head(r, &h);
	if (r->open && script_frame_parse(s, n, &f))
		return add_frame(r, &f);
	if (r->open && r->frames.n && *s != '\t' && script_line_parse(s, n, &l)) {
		set_line(r, &l);
		return 0;
	}
	return script_broken(r, r->open ? "no frame of a stack" : "no head of a sample",
			     "perf script has to print the fields comm, tid or pid, and "
			     "ip, sym: see -F in perf-script(1)");
}

/* A thread may have a name that begins with '#'. */
static bool is_comment(const char *s, size_t n)
{
	struct script_head h;

	return *s == '#' && !(script_head_parse(s, n, &h) && h.has_time && h.event);
}

static int read_line(struct script_reader *r, const char *s, size_t n)
{
	struct script_head h;

	if (n > LINE_MAX_BYTES)
		return script_broken(r, "longer than 4 MiB",
				     "is it the text of perf script?");
	if (*s == ' ' || *s == '\t')
		return read_indented(r, s, n);
	if (is_comment(s, n)) {
		read_comment(r, s, n);
		return 0;
	}
	if (script_head_parse(s, n, &h))
		return read_head(r, &h);
	return script_broken(r, "no head of a sample",
			     "it begins with 'comm tid time: period event:'");
}

static size_t trimmed(const char *s, size_t n)
{
	while (n && (s[n - 1] == ' ' || s[n - 1] == '\t' || s[n - 1] == '\r'))
		n--;
	return n;
}

static int read_lines(struct script_reader *r, const char *data, size_t n)
{
	const char *line;
	size_t pos = 0, len;
	int code = 0;

	while (!code && io_line(data, n, &pos, &line, &len)) {
		r->line++;
		len = trimmed(line, len);
		code = len ? read_line(r, line, len) : close_sample(r);
	}
	code = code ?: close_sample(r);
	if (!code && !r->samples.n)
		code = script_broken(r, "there is no sample in this text", "");
	return code;
}

/* --- the whole ---------------------------------------------------------------------- */

static void add_type(struct script_reader *r, const struct event *e, bool first_clock,
		     bool periods)
{
	const char *name = e->name ? profile_text(r->p, e->name) : "event";
	_cleanup_free_ char *samples = xasprintf("%s_sample", name);
	_cleanup_free_ char *events = xasprintf("%s_event", name);
	bool plain = first_clock || !e->name;

	profile_value_type(r->p, plain ? "samples" : samples, "count");
	if (periods)
		profile_value_type(r->p,
				   first_clock ? "cpu"
				   : e->clock  ? name
					       : events,
				   e->clock ? "nanoseconds" : "count");
}

/* As profd-formats(5) has it for events that profd sampled: two values of each, the first
 * clock being the CPU time. That is the default one, else the first event. Where perf
 * printed no periods there are counts of samples alone. */
static void add_types(struct script_reader *r, bool periods)
{
	uint32_t clock = 0;

	while (clock < r->nevents && !r->events[clock].clock)
		clock++;
	for (uint32_t i = 0; i < r->nevents; i++)
		add_type(r, &r->events[i], i == clock, periods);
	clock = clock < r->nevents ? clock : 0;
	r->p->default_sample_type = r->p->value_types[(clock << periods) + periods].type;
	if (periods && r->period > 0) {
		r->p->period_type = r->p->value_types[1];
		r->p->period = r->period;
	}
}

static void add_samples(struct script_reader *r)
{
	bool periods = r->periods == r->samples.n;
	struct moments moments = {0};

	add_types(r, periods);
	for (uint32_t i = 0; i < r->samples.n; i++) {
		const struct sample *s = &r->samples.v[i];
		int64_t values[PROFILE_VALUES_MAX] = {0};
		uint32_t row, value = s->event << periods;

		values[value] = 1;
		if (periods)
			values[value + 1] = s->period;
		row = profile_add(r->p, s->stack, s->labels, values);
		if (s->has_time)
			moments_add(&moments, row, s->time_ns, 0);
	}
	moments_keep(&moments, r->p);
	moments_done(&moments);
}

bool perfscript_is(const void *data, size_t n)
{
	struct script_head h;
	struct script_frame f;
	const char *line;
	size_t pos = 0, len;
	bool found = false;

	for (unsigned i = 0; i < GUESS_LINES && io_line(data, n, &pos, &line, &len);
	     i++) {
		len = trimmed(line, len);
		if (found)
			return len && *line == '\t' && script_frame_parse(line, len, &f);
		if (!len || is_comment(line, len))
			continue;
		if (len > LINE_MAX_BYTES || !script_head_parse(line, len, &h))
			return false;
		if (h.has_time || h.event)
			return true;
		found = true;
	}
	return false;
}

struct profile *perfscript_read(const void *data, size_t n, struct error *err)
{
	struct script_reader r = {.p = profile_new(), .err = err};
	int code;

	r.key_comm = profile_string(r.p, "comm");
	r.key_pid = profile_string(r.p, "pid");
	r.key_tid = profile_string(r.p, "tid");
	r.key_cpu = profile_string(r.p, "cpu");
	r.unit_id = profile_string(r.p, "id");
	code = read_lines(&r, data, n);
	if (!code)
		add_samples(&r);
	vec_done(&r.samples);
	vec_done(&r.frames);
	vec_done(&r.lines);
	vec_done(&r.places);
	map_done(&r.files);
	return code < 0 ? profile_free(r.p) : r.p;
}
