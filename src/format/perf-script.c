/* The text that "perf script" prints: a record for each sample, the leaf first, inlined
 * functions marked as perf does it. Few readers parse it; most look for a pattern in each
 * line, so that a name can be taken for something else. What their patterns would trip
 * over is replaced here:
 *
 * - of a command, which all of them take for what is in front of the first number: a '#',
 *   a '{' or a blank at its beginning, and a blank before a digit; one letter alone gets
 *   a second blank, a missing one is ":PID", as in perf itself;
 * - of a function, "(" at its beginning, which means "no code" to some; of a file, blanks;
 * - of all, the blanks and line ends of Unicode, which JavaScript takes for such. */
#include "format-priv.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <profd/clock.h>

/* A file that would have more records than this has one for each row. */
#define RECORDS_MAX 10000000u

struct perf_script {
	const struct profile *p;
	unsigned value;
	unsigned count; /* the value that counts samples, + 1; 0: none */
	struct sink *out;
	struct threads threads;
	string_id key_cpu;
	char event[64];
	struct text comm, name, stack, line;
	/* The lines of a location: where in `lines`; filled at its first use. */
	struct script_lines {
		size_t at, n;
	} * of_location;
	struct text lines;
};

/* --- names -------------------------------------------------------------------------- */

static void comm_make(struct perf_script *x, const struct thread *thread)
{
	const char *s = profile_text(x->p, thread->name);
	struct text *t = &x->comm;

	text_clear(t);
	line_add(t, s);
	if (!t->len)
		text_addf(t, ":%lld", (long long)thread->pid);
	if (strchr("#{ ", t->s[0]))
		t->s[0] = '_';
	for (size_t i = 1; i + 1 < t->len; i++)
		if (t->s[i] == ' ' && isdigit((unsigned char)t->s[i + 1]))
			t->s[i] = '_';
	if (t->len == 1)
		text_addc(t, ' ');
}

/* "(anonymous namespace)::f" becomes "{anonymous namespace}::f". */
static void brace_first(struct text *t, size_t from)
{
	char *close;

	if (t->s[from] != '(')
		return;
	t->s[from] = '{';
	close = strchr(t->s + from, ')');
	if (close)
		*close = '}';
}

static void file_add(struct text *t, const char *file)
{
	size_t from = t->len;

	line_add(t, *file ? file : "[unknown]");
	for (size_t i = from; i < t->len; i++)
		if (isspace((unsigned char)t->s[i]))
			t->s[i] = '_';
}

/* perf's names: of what counts CPU time, and of other events without what pprof has behind
 * them; made one word. */
static void event_make(struct perf_script *x)
{
	static const char end[] = "_event";
	const struct value_type *type = &x->p->value_types[x->value];
	const char *s = profile_text(x->p, type->type);
	size_t n = strlen(s);

	if (n > strlen(end) && !strcmp(s + n - strlen(end), end))
		n -= strlen(end);
	snprintf(x->event, sizeof(x->event), "%.*s", (int)n, s);
	if (!strcmp(s, "cpu") && unit_ns(profile_text(x->p, type->unit)))
		snprintf(x->event, sizeof(x->event), "cpu-clock");
	for (char *c = x->event; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-')
			*c = '_';
	if (!*x->event || isdigit((unsigned char)*x->event))
		snprintf(x->event, sizeof(x->event), "event");
}

/* --- records ------------------------------------------------------------------------ */

static void frame_add(struct perf_script *x, const struct location *l, uint32_t i)
{
	struct text *t = &x->lines;
	function_id function = l->nlines ? x->p->lines.v[l->first_line + i].function : 0;
	size_t from;

	text_addf(t, "\t%16llx ", (unsigned long long)l->address);
	from = t->len;
	if (function) {
		code_name(&x->name, x->p, function, l->mapping);
		line_add(t, text_get(&x->name));
		brace_first(t, from);
	} else {
		text_add(t, "[unknown]");
	}
	if (i + 1 < l->nlines) {
		text_add(t, " (inlined)\n");
		return;
	}
	/* Where a function begins is not known, but without an offset readers would take
	 * what looks like one from its name. */
	text_add(t, function ? "+0x0 (" : " (");
	file_add(t, profile_text(x->p, x->p->mappings.v[l->mapping].filename));
	text_add(t, ")\n");
}

static const struct script_lines *location_lines(struct perf_script *x, location_id id)
{
	const struct location *l = &x->p->locations.v[id];
	struct script_lines *lines = &x->of_location[id];

	if (lines->n)
		return lines;
	lines->at = x->lines.len;
	for (uint32_t i = 0; i < l->nlines; i++)
		frame_add(x, l, i);
	if (!l->nlines)
		frame_add(x, l, 0);
	lines->n = x->lines.len - lines->at;
	return lines;
}

static void stack_make(struct perf_script *x, stack_id stack)
{
	text_clear(&x->stack);
	for (; stack; stack = x->p->stacks.v[stack].parent) {
		const struct script_lines *lines = location_lines(
			x, x->p->stacks.v[stack].location);

		text_addn(&x->stack, x->lines.s + lines->at, lines->n);
	}
	text_addc(&x->stack, '\n');
}

/* How many samples a row stands for. */
static uint64_t sample_count(const struct perf_script *x, const struct thread_sample *s)
{
	int64_t n;

	if (s->count || !x->count)
		return s->count ? s->count : 1;
	n = x->p->values.v[(size_t)s->row * x->p->nvalues + x->count - 1];
	return n > 0 ? (uint64_t)n : 1;
}

static int64_t part_of(int64_t value, uint64_t part, uint64_t whole)
{
	return (int64_t)((__int128)value * part / whole);
}

static void sample_write(struct perf_script *x, const struct thread *thread,
			 const struct thread_sample *s)
{
	uint64_t n = sample_count(x, s);
	int64_t given = 0, cpu;

	label_number(x->p, x->p->samples.v[s->row].labels, x->key_cpu, &cpu);
	stack_make(x, x->p->samples.v[s->row].stack);
	for (uint64_t i = 0; i < n && !x->out->code; i++) {
		int64_t at_ns = sum_clamped(s->at_ns,
					    part_of(s->span_ns, 2 * i + 1, 2 * n));
		int64_t until = part_of(s->value, i + 1, n);

		text_clear(&x->line);
		text_addf(&x->line, "%s %lld/%lld [%03lld] %5lld.%06lld: %10lld %s: \n",
			  text_get(&x->comm), (long long)thread->pid,
			  (long long)thread->tid, (long long)cpu,
			  (long long)(at_ns / 1000000000),
			  (long long)(at_ns % 1000000000 / 1000),
			  (long long)(until - given), x->event);
		given = until;
		sink_put(x->out, x->line.s, x->line.len);
		sink_put(x->out, x->stack.s, x->stack.len);
	}
}

/* --- the file ----------------------------------------------------------------------- */

/* By this first line some know what they read. */
static void head_write(struct perf_script *x)
{
	char when[CLOCK_UTC_BYTES];

	sink_puts(x->out, "# ========\n");
	if (x->p->time_ns > 0)
		sink_putf(x->out, "# captured on    : %s\n",
			  clock_utc((uint64_t)x->p->time_ns, when));
	sink_puts(x->out, "# profd version : " PACKAGE_VERSION "\n");
	for (uint32_t i = 0; i < x->p->comments.n; i++) {
		text_clear(&x->line);
		line_add(&x->line, profile_text(x->p, x->p->comments.v[i]));
		sink_putf(x->out, "# %s\n", text_get(&x->line));
	}
	sink_puts(x->out, "# ========\n#\n\n");
}

static void records_limit(struct perf_script *x)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < x->threads.samples.n; i++) {
		uint64_t some = sample_count(x, &x->threads.samples.v[i]);

		n += some < RECORDS_MAX ? some : RECORDS_MAX + 1ull;
		if (n > RECORDS_MAX)
			break;
	}
	if (n <= RECORDS_MAX)
		return;
	x->count = 0;
	for (uint32_t i = 0; i < x->threads.samples.n; i++)
		x->threads.samples.v[i].count = 1;
}

void perf_script_write(const struct profile *p, unsigned value, struct sink *out)
{
	struct perf_script x = {.p = p,
				.value = value,
				.out = out,
				.key_cpu = profile_find_string(p, "cpu")};

	x.of_location = xcalloc(p->locations.n, sizeof(*x.of_location));
	threads_make(&x.threads, p, value);
	x.count = samples_value(p, value);
	records_limit(&x);
	event_make(&x);
	head_write(&x);
	for (uint32_t i = 0; i < x.threads.v.n; i++) {
		const struct thread *t = &x.threads.v.v[i];

		comm_make(&x, t);
		for (uint32_t k = 0; k < t->n; k++)
			sample_write(&x, t, &x.threads.samples.v[t->first + k]);
	}
	threads_done(&x.threads);
	text_done(&x.comm);
	text_done(&x.name);
	text_done(&x.stack);
	text_done(&x.line);
	text_done(&x.lines);
	free(x.of_location);
}
