/* The Firefox Profiler's own format, "processed profile" of version 56, as of
 * docs-developer/CHANGELOG-formats.md of github.com/firefox-devtools/profiler. Its front
 * end converts all older versions. The document is made here, the tables of a thread in
 * firefox-tables.c.
 *
 * What a thread has millions of is written as it comes. Strings and libraries get their
 * numbers by then, so that the lists of these stand at the end. */
#include "firefox-priv.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <profd/json.h>

#define FORMAT_VERSION "56"
#define GECKO_VERSION "27" /* of profiles from the browser itself */
#define INTERVAL_MIN_NS 1000

uint32_t firefox_string(struct firefox *x, uint32_t string)
{
	/* 0 is the empty string, and no key of a map. */
	uint64_t key = (uint64_t)string + 1;
	uint32_t known = (uint32_t)map_find(&x->string_numbers, key);

	if (known)
		return known - 1;
	vec_push(&x->strings, string);
	map_put(&x->string_numbers, key, x->strings.n);
	return x->strings.n - 1;
}

uint32_t firefox_lib(struct firefox *x, mapping_id mapping)
{
	const struct mapping *m = &x->p->mappings.v[mapping];
	uint64_t key = (uint64_t)m->filename << 32 | m->build_id;
	uint32_t known;

	if (!m->filename)
		return 0;
	known = (uint32_t)map_find(&x->lib_numbers, key);
	if (known)
		return known;
	vec_push(&x->libs, mapping);
	map_put(&x->lib_numbers, key, x->libs.n);
	return x->libs.n;
}

void firefox_key(struct firefox *x, const char *key)
{
	sink_putf(x->out, ",\n\"%s\":", key);
}

/* --- numbers ------------------------------------------------------------------------ */

/* Nanoseconds in milliseconds, all digits. */
static void ms_write(struct firefox *x, int64_t ns)
{
	char fraction[8];
	size_t n = 6;

	sink_put_i64(x->out, ns / 1000000);
	if (!(ns % 1000000))
		return;
	snprintf(fraction, sizeof(fraction), "%06d", (int)(ns % 1000000));
	while (fraction[n - 1] == '0')
		n--;
	sink_puts(x->out, ".");
	sink_put(x->out, fraction, n);
}

static int64_t value_in_ns(const struct firefox *x, int64_t value)
{
	int64_t ns;

	return __builtin_mul_overflow(value, x->value_ns, &ns) ? INT64_MAX : ns;
}

/* Where the sample is drawn: in the middle of what it stands for. */
static int64_t sample_time(const struct thread_sample *s)
{
	return sum_clamped(s->at_ns, s->span_ns / 2);
}

/* --- a thread ----------------------------------------------------------------------- */

static void samples_stack(struct firefox *x, const struct thread_sample *s, uint32_t n)
{
	firefox_key(x, "stack");
	sink_puts(x->out, "[");
	for (uint32_t i = 0; i < n; i++) {
		uint32_t leaf = firefox_leaf(x, x->p->samples.v[s[i].row].stack);

		if (i)
			sink_puts(x->out, ",");
		if (leaf)
			sink_put_i64(x->out, leaf - 1);
		else
			sink_puts(x->out, "null");
	}
	sink_puts(x->out, "]");
}

static void samples_time(struct firefox *x, const struct thread_sample *s, uint32_t n)
{
	firefox_key(x, "time");
	sink_puts(x->out, "[");
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			sink_puts(x->out, ",");
		ms_write(x, sample_time(&s[i]));
	}
	sink_puts(x->out, "]");
}

static void samples_weight(struct firefox *x, const struct thread_sample *s, uint32_t n)
{
	firefox_key(x, "weight");
	sink_puts(x->out, "[");
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			sink_puts(x->out, ",");
		if (x->value_ns)
			ms_write(x, value_in_ns(x, s[i].value));
		else
			sink_put_i64(x->out, s[i].value);
	}
	sink_puts(x->out, "]");
}

static int64_t sample_cpu(const struct firefox *x, const struct thread_sample *s)
{
	const int64_t *values = x->p->values.v + (size_t)s->row * x->p->nvalues;
	int64_t cpu = values[x->cpu - 1];

	return (int64_t)((__int128)cpu * s->value / values[x->value]);
}

/* The CPU time from the middle of the sample before to the middle of this one. Nothing
 * is said of the first. */
static void samples_cpu(struct firefox *x, const struct thread_sample *s, uint32_t n)
{
	firefox_key(x, "threadCPUDelta");
	sink_puts(x->out, "[");
	for (uint32_t i = 0; i < n; i++) {
		int64_t before = i ? sample_cpu(x, &s[i - 1]) / 2 : 0;

		if (i)
			sink_puts(x->out, ",");
		sink_put_i64(x->out,
			     i ? sum_clamped(before, sample_cpu(x, &s[i]) / 2) : 0);
	}
	sink_puts(x->out, "]");
}

static const char *weight_type(const struct firefox *x)
{
	const char *unit = profile_text(x->p, x->p->value_types[x->value].unit);

	if (x->value_ns)
		return "tracing-ms";
	return strcmp(unit, "bytes") ? "samples" : "bytes";
}

static void samples_write(struct firefox *x, const struct thread *thread)
{
	const struct thread_sample *s = x->threads.samples.v + thread->first;

	firefox_key(x, "samples");
	sink_putf(x->out, "{\"length\":%u,\"weightType\":\"%s\"", thread->n,
		  weight_type(x));
	samples_stack(x, s, thread->n);
	samples_time(x, s, thread->n);
	samples_weight(x, s, thread->n);
	if (x->cpu)
		samples_cpu(x, s, thread->n);
	sink_puts(x->out, "}");
}

static void text_write(struct firefox *x, const char *key, const char *value)
{
	sink_putf(x->out, "\"%s\":", key);
	json_write_str(value, x->out);
}

static void thread_write(struct firefox *x, const struct thread *thread)
{
	const char *name = profile_text(x->p, thread->name);

	firefox_tables_fill(x, thread);
	sink_puts(x->out, "{");
	text_write(x, "name", *name ? name : "[unknown]");
	if (thread->comm) {
		sink_puts(x->out, ",");
		text_write(x, "processName", profile_text(x->p, thread->comm));
	}
	sink_putf(x->out, ",\"pid\":\"%lld\",\"tid\":%lld,\"isMainThread\":%s",
		  (long long)thread->pid, (long long)thread->tid,
		  thread->pid == thread->tid ? "true" : "false");
	sink_puts(x->out,
		  ",\"processType\":\"default\",\"processStartupTime\":0,"
		  "\"processShutdownTime\":null,\"registerTime\":0,"
		  "\"unregisterTime\":null,\"pausedRanges\":[],\n"
		  "\"markers\":{\"length\":0,\"data\":[],\"name\":[],\"startTime\":[],"
		  "\"endTime\":[],\"phase\":[],\"category\":[]}");
	samples_write(x, thread);
	firefox_tables_write(x);
	sink_puts(x->out, "}");
}

/* --- the document ------------------------------------------------------------------- */

static int64_t interval_ns(const struct profile *p)
{
	int64_t ns = unit_ns(profile_text(p, p->period_type.unit));

	if (!ns || p->period <= 0 || __builtin_mul_overflow(ns, p->period, &ns))
		return 1000000;
	return ns < INTERVAL_MIN_NS ? 1000000 : ns;
}

static void meta_extra(struct firefox *x)
{
	const struct profile *p = x->p;
	const struct value_type *t = &p->value_types[x->value];
	struct text line = {0};
	char total[64];

	firefox_key(x, "extra");
	sink_puts(x->out, "[{\"label\":\"Profile\",\"entries\":[\n"
			  "{\"label\":\"Weights\",\"format\":\"string\",");
	text_addf(&line, "%s, %s in all", profile_text(p, t->type),
		  value_text(total, sizeof(total), profile_total(p, x->value),
			     profile_text(p, t->unit)));
	text_write(x, "value", text_get(&line));
	for (uint32_t i = 0; i < p->comments.n; i++) {
		sink_putf(x->out, "},\n{\"label\":\"Comment %u\",\"format\":\"string\",",
			  i + 1);
		text_write(x, "value", profile_text(p, p->comments.v[i]));
	}
	sink_puts(x->out, "}]}]");
	text_done(&line);
}

/* What the timeline shows when samples have times: all of the recording. */
static void meta_times(struct firefox *x)
{
	int64_t end_ns = x->p->duration_ns;

	if (!x->p->bin_ns)
		return;
	for (uint32_t i = 0; i < x->threads.samples.n; i++) {
		const struct thread_sample *s = &x->threads.samples.v[i];
		int64_t end = sum_clamped(s->at_ns, s->span_ns);

		end_ns = end > end_ns ? end : end_ns;
	}
	firefox_key(x, "profilingStartTime");
	sink_puts(x->out, "0");
	firefox_key(x, "profilingEndTime");
	ms_write(x, end_ns);
}

static void meta_write(struct firefox *x)
{
	const char *program = main_program(x->p);
	const struct thread *heaviest = x->threads.v.n ? x->threads.v.v : NULL;
	const char *comm = heaviest ? profile_text(x->p, heaviest->comm) : "";

	sink_puts(x->out, "\"meta\":{");
	text_write(x, "product", *comm ? comm : *program ? base_name(program) : "profd");
	sink_puts(x->out, ",\"importedFrom\":\"profd " PACKAGE_VERSION "\"");
	if (*program) {
		sink_puts(x->out, ",");
		text_write(x, "arguments", program);
	}
	firefox_key(x, "interval");
	ms_write(x, interval_ns(x->p));
	firefox_key(x, "startTime");
	ms_write(x, x->p->time_ns > 0 ? x->p->time_ns : 0);
	meta_times(x);
	sink_puts(
		x->out,
		",\n\"version\":" GECKO_VERSION
		",\"preprocessedProfileVersion\":" FORMAT_VERSION
		",\"processType\":0,\"stackwalk\":1,\"symbolicated\":true,"
		"\"usesOnlyOneStackType\":true,\"sourceCodeIsNotOnSearchfox\":true,\n"
		"\"sampleUnits\":{\"time\":\"ms\",\"eventDelay\":\"ms\","
		"\"threadCPUDelta\":\"ns\"},\"markerSchema\":[],\n\"categories\":["
		"{\"name\":\"Other\",\"color\":\"grey\",\"subcategories\":[\"Other\"]},"
		"{\"name\":\"User\",\"color\":\"yellow\",\"subcategories\":[\"Other\"]},"
		"{\"name\":\"Kernel\",\"color\":\"orange\",\"subcategories\":"
		"[\"Other\"]},"
		"{\"name\":\"JIT\",\"color\":\"lightblue\",\"subcategories\":"
		"[\"Other\"]},"
		"{\"name\":\"Idle\",\"color\":\"transparent\",\"subcategories\":"
		"[\"Other\"]}]");
	meta_extra(x);
	sink_puts(x->out, "}");
}

/* The first 16 bytes of a build-id as a GUID, whose first three numbers are little-endian,
 * and an age of 0: Breakpad's name for the file. */
static void breakpad_id(char ret_id[34], const char *build_id)
{
	static const unsigned char order[] = {3, 2, 1,	0,  5,	4,  7,	6,
					      8, 9, 10, 11, 12, 13, 14, 15};
	size_t n = strspn(build_id, "0123456789abcdef");

	memset(ret_id, '0', 33);
	ret_id[33] = '\0';
	for (unsigned i = 0; i < 16; i++) {
		for (unsigned k = 0; k < 2; k++) {
			size_t from = 2 * order[i] + k;

			if (from < n)
				ret_id[2 * i + k] = (char)toupper(
					(unsigned char)build_id[from]);
		}
	}
}

static void libs_write(struct firefox *x)
{
	firefox_key(x, "libs");
	sink_puts(x->out, "[");
	for (uint32_t i = 0; i < x->libs.n; i++) {
		const struct mapping *m = &x->p->mappings.v[x->libs.v[i]];
		const char *path = profile_text(x->p, m->filename);
		const char *build_id = profile_text(x->p, m->build_id);
		char id[34];

		breakpad_id(id, build_id);
		sink_puts(x->out, i ? ",\n{" : "\n{");
		text_write(x, "name", base_name(path));
		sink_puts(x->out, ",");
		text_write(x, "path", path);
		sink_puts(x->out, ",");
		text_write(x, "debugName", base_name(path));
		sink_puts(x->out, ",");
		text_write(x, "debugPath", path);
		sink_putf(x->out, ",\"arch\":\"\",\"breakpadId\":\"%s\",\"codeId\":", id);
		if (*build_id)
			json_write_str(build_id, x->out);
		else
			sink_puts(x->out, "null");
		sink_puts(x->out, "}");
	}
	sink_puts(x->out, "]");
}

static void string_write(struct firefox *x, uint32_t string)
{
	string_id id = string & ~(FIREFOX_NAMELESS | FIREFOX_BASE);
	struct flame_call call = {.name = id};
	const char *s = profile_text(x->p, id);
	struct text name = {0};

	if (string & FIREFOX_NAMELESS) {
		flame_name(&name, x->p, &call, 2);
		s = text_get(&name);
	} else if (string & FIREFOX_BASE) {
		s = base_name(s);
	}
	json_write_str(s, x->out);
	text_done(&name);
}

static void strings_write(struct firefox *x)
{
	firefox_key(x, "shared");
	sink_puts(x->out, "{\"stringArray\":[");
	for (uint32_t i = 0; i < x->strings.n; i++) {
		sink_puts(x->out, i ? ",\n" : "\n");
		string_write(x, x->strings.v[i]);
	}
	sink_puts(x->out, "]}");
}

static void document_write(struct firefox *x)
{
	sink_puts(x->out, "{");
	meta_write(x);
	firefox_key(x, "threads");
	sink_puts(x->out, "[");
	for (uint32_t i = 0; i < x->threads.v.n; i++) {
		sink_puts(x->out, i ? ",\n" : "\n");
		thread_write(x, &x->threads.v.v[i]);
	}
	sink_puts(x->out, "]");
	libs_write(x);
	strings_write(x);
	sink_puts(x->out, "}\n");
}

/* The value that is CPU time, if the one to be written is a time at all. */
static unsigned find_cpu(const struct firefox *x)
{
	for (unsigned i = 0; x->value_ns && i < x->p->nvalues; i++) {
		const struct value_type *t = &x->p->value_types[i];

		if (!strcmp(profile_text(x->p, t->type), "cpu") &&
		    !strcmp(profile_text(x->p, t->unit), "nanoseconds"))
			return i + 1;
	}
	return 0;
}

void firefox_write(const struct profile *p, unsigned value, struct sink *out)
{
	struct gzip_stream gzip;
	struct firefox x = {.p = p, .value = value, .out = &gzip.sink};

	gzip_stream_open(&gzip, out);
	x.value_ns = unit_ns(profile_text(p, p->value_types[value].unit));
	x.cpu = find_cpu(&x);
	threads_make(&x.threads, p, value);
	document_write(&x);
	firefox_tables_done(&x);
	threads_done(&x.threads);
	vec_done(&x.strings);
	map_done(&x.string_numbers);
	vec_done(&x.libs);
	map_done(&x.lib_numbers);
	gzip_stream_close(&gzip);
}
