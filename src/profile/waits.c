/* From stacks that end in the kernel to the function of the program that waits. The state is
 * what the recording has found (the label "state"); of futexes the library's function tells
 * more. */
#include <profd/waits.h>

#include <string.h>

#include <profd/text.h>

#include "profile-priv.h"

struct waits {
	const struct profile *from;
	struct profile *to;
	struct copier copier;
	unsigned samples, off; /* indices of values */
	VEC(stack_id) path;    /* from a leaf to its root */
};

static bool starts_with(const char *s, const char *start)
{
	return !strncmp(s, start, strlen(start));
}

static const struct function *function_of(const struct profile *p, location_id l,
					  uint32_t line)
{
	const struct location *at = &p->locations.v[l];

	return &p->functions.v[p->lines.v[at->first_line + line].function];
}

/* Libraries that programs wait in, and never for themselves. */
static bool is_system_module(const char *path)
{
	static const char *const names[] = {
		"libc.so", "libc-",	   "libpthread",  "ld-linux", "ld-musl",
		"librt",   "libstdc++.so", "libgcc_s.so", "libc++",   "[vdso]"};
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (starts_with(name, names[i]))
			return true;
	}
	return false;
}

/* Of static programs, and of headers: what the libraries' functions are called. */
static bool is_system_name(const char *name)
{
	static const char *const starts[] = {"__",	 "_IO_",  "_L_",
					     "pthread_", "std::", "futex",
					     "lll_",	 "sem_",  "clock_nanosleep",
					     "nanosleep"};

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		if (starts_with(name, starts[i]))
			return true;
	}
	return !*name;
}

static bool is_own(const struct profile *p, location_id l, uint32_t line)
{
	const struct location *at = &p->locations.v[l];
	const char *path = profile_text(p, p->mappings.v[at->mapping].filename);

	if ((at->flags & (LOCATION_KERNEL | LOCATION_LABEL)) || is_system_module(path))
		return false;
	return !is_system_name(profile_text(p, function_of(p, l, line)->name));
}

/* --- what for --------------------------------------------------------------------------- */

static const struct state {
	const char *name, *words;
} states[] = {
	{"futex", "waiting for a lock"},	  {"sleep", "sleeping"},
	{"io", "waiting for input or output"},	  {"poll", "waiting for events"},
	{"child", "waiting for a child process"}, {"signal", "waiting for a signal"},
};

/* All of these are futexes to the kernel; pthreads(7). */
static const struct state calls[] = {
	{"pthread_join", "waiting for a thread to end"},
	{"pthread_clockjoin", "waiting for a thread to end"},
	{"pthread_timedjoin", "waiting for a thread to end"},
	{"pthread_cond_", "waiting for a condition"},
	{"pthread_barrier_", "waiting at a barrier"},
	{"sem_wait", "waiting for a semaphore"},
	{"sem_timedwait", "waiting for a semaphore"},
	{"sem_clockwait", "waiting for a semaphore"},
	{"new_sem_wait", "waiting for a semaphore"},
};

static const char *words_of_call(const char *name)
{
	while (*name == '_')
		name++;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (starts_with(name, calls[i].name))
			return calls[i].words;
	}
	return NULL;
}

static const char *words_of_state(const char *state)
{
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		if (!strcmp(states[i].name, state))
			return states[i].words;
	}
	return "waiting";
}

/* --- stacks ------------------------------------------------------------------------------ */

struct place { /* the function that waits; stack 0: none is the program's own */
	stack_id stack;
	uint32_t line; /* of its location */
	const char *words;
};

static struct place place_find(const struct waits *w, stack_id at, const char *state)
{
	struct place r = {.words = words_of_state(state)};
	const struct profile *p = w->from;
	bool futex = !strcmp(state, "futex");

	for (; at; at = p->stacks.v[at].parent) {
		location_id l = p->stacks.v[at].location;

		for (uint32_t i = 0; i < p->locations.v[l].nlines; i++) {
			const char *name = profile_text(p, function_of(p, l, i)->name);
			const char *words = futex ? words_of_call(name) : NULL;

			if (is_own(p, l, i)) {
				r.stack = at;
				r.line = i;
				return r;
			}
			if (words)
				r.words = words;
		}
	}
	return r;
}

/* Functions of a location that are inlined into the one at @line are left out. */
static location_id copy_place(struct waits *w, stack_id at, uint32_t line)
{
	const struct profile *p = w->from;
	location_id from = p->stacks.v[at].location;
	const struct location *l = &p->locations.v[from];

	if (!line)
		return copy_location(&w->copier, from);
	return copy_location_lines(&w->copier, from, &p->lines.v[l->first_line + line],
				   l->nlines - line);
}

static stack_id copy_stack(struct waits *w, stack_id at, uint32_t line)
{
	stack_id leaf = at, to = 0;

	w->path.n = 0;
	for (; at; at = w->from->stacks.v[at].parent)
		vec_push(&w->path, at);
	for (uint32_t i = w->path.n; i-- > 0;)
		to = profile_stack(
			w->to, to,
			copy_place(w, w->path.v[i], w->path.v[i] == leaf ? line : 0));
	return to;
}

static stack_id add_sentence(struct waits *w, const struct place *at, stack_id parent)
{
	struct function f = {0};
	struct line line = {0};
	struct text name = {0};
	mapping_id mapping = 0;

	text_add(&name, at->words);
	if (at->stack) {
		location_id l = w->from->stacks.v[at->stack].location;
		const struct function *own = function_of(w->from, l, at->line);

		text_addf(&name, " in %s", profile_text(w->from, own->name));
		f.filename = copy_string(&w->copier, own->filename);
		f.start_line = own->start_line;
		mapping = copy_mapping(&w->copier, w->from->locations.v[l].mapping);
	}
	f.name = profile_string(w->to, text_get(&name));
	text_done(&name);
	line.function = profile_function(w->to, &f);
	return profile_stack(w->to, parent,
			     profile_named_location(w->to, mapping, 0, 0, &line, 1));
}

static void add_row(struct waits *w, uint32_t row, string_id key)
{
	const struct profile *p = w->from;
	const int64_t *values = &p->values.v[(size_t)row * p->nvalues];
	const char *state = profile_text(
		p, profile_label_str(p, p->samples.v[row].labels, key));
	const int64_t kept[] = {values[w->samples], values[w->off]};
	struct place at;
	stack_id stack = 0;

	if (kept[1] <= 0 || !strcmp(state, "run queue"))
		return;
	at = place_find(w, p->samples.v[row].stack, state);
	if (at.stack)
		stack = copy_stack(w, at.stack, at.line);
	profile_add(w->to, add_sentence(w, &at, stack), 0, kept);
}

static bool find_value(const struct profile *p, const char *type, unsigned *ret)
{
	for (unsigned i = 0; i < p->nvalues; i++) {
		if (!strcmp(profile_text(p, p->value_types[i].type), type)) {
			*ret = i;
			return true;
		}
	}
	return false;
}

struct profile *waits_of(const struct profile *wall)
{
	struct waits w = {.from = wall};
	string_id key = profile_find_string(wall, "state");

	if (!key || !find_value(wall, "samples", &w.samples) ||
	    !find_value(wall, "off_cpu", &w.off))
		return NULL;
	w.to = profile_new();
	copier_init(&w.copier, w.to, wall);
	profile_value_type(w.to, "samples", "count");
	profile_value_type(w.to, "off_cpu", "nanoseconds");
	for (uint32_t i = 1; i < wall->samples.n; i++)
		add_row(&w, i, key);
	for (uint32_t i = 0; i < wall->comments.n; i++)
		profile_comment(w.to, profile_text(wall, wall->comments.v[i]));
	copier_done(&w.copier);
	vec_done(&w.path);
	return w.to;
}
