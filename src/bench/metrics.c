/* What a workload wrote into PROFD_METRICS: a JSON object on each line, {name, value, unit,
 * direction}. Several values of one metric in a run become one, by its stat. */
#include "bench-priv.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include <profd/gate.h>
#include <profd/io.h>
#include <profd/json.h>

#define UNIT_MAX_BYTES 32

struct samples {
	VEC(double) values;
	char *unit;	       /* as the program has it; NULL: it said none */
	enum config_kind kind; /* of it, or CONFIG_ANY */
};

/* Where what is wrong stands. */
struct place {
	uint32_t line;
	struct error *err;
};

static int bad(const struct place *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static int bad(const struct place *p, const char *fmt, ...)
{
	struct text t = {0}, clean = {0};
	va_list ap;

	va_start(ap, fmt);
	text_vaddf(&t, fmt, ap);
	va_end(ap);
	text_add_clean(&clean, t.s, t.len);
	error_set(p->err, -EBADMSG, "PROFD_METRICS, line %u: %s", p->line, clean.s);
	text_done(&t);
	text_done(&clean);
	return -EBADMSG;
}

/* More metrics may be reported than .profd.yml has. */
static int64_t metric_find(const struct config_workload *w, const char *name)
{
	for (uint32_t i = 0; i < w->nmetrics; i++) {
		if (w->metrics[i].from == CONFIG_FROM_PROGRAM &&
		    !strcmp(w->metrics[i].name, name))
			return i;
	}
	return -1;
}

static enum config_kind kind_wanted(const struct config_metric *m)
{
	return m->kind == CONFIG_ANY && m->budget.given ? m->budget.kind : m->kind;
}

static const char *unit_of_kind(enum config_kind kind)
{
	static const char *const units[] = {
		[CONFIG_ANY] = "",	[CONFIG_COUNT] = "",  [CONFIG_TIME] = "s",
		[CONFIG_SIZE] = "B",	[CONFIG_RATE] = "/s", [CONFIG_SIZE_RATE] = "B/s",
		[CONFIG_PERCENT] = "%",
	};

	return units[kind];
}

/* A word that stands for itself, "trades", stays what it is. */
static const char *unit_shown(enum config_kind kind, const char *unit)
{
	double scale;

	if (unit && strlen(unit) > 1 && config_unit(unit, &scale) == kind && scale == 1 &&
	    (kind == CONFIG_COUNT || kind == CONFIG_RATE))
		return strcmp(unit, "count") != 0 ? unit : "";
	return unit_of_kind(kind);
}

const char *metrics_unit(const struct config_metric *m)
{
	return unit_shown(kind_wanted(m), m->unit);
}

/* The unit decides what the number is; the file's is for those without one. */
static int unit_read(const struct place *p, const struct config_metric *m,
		     const char *unit, struct samples *s, double *ret_scale)
{
	enum config_kind wanted = kind_wanted(m), kind;
	double scale;

	*ret_scale = m->unit_scale;
	if (!unit)
		return 0;
	if (!*unit || strlen(unit) > UNIT_MAX_BYTES || !text_is_clean(unit, strlen(unit)))
		return bad(p, "the unit of '%s' is no word", m->name);
	kind = config_unit(unit, &scale);
	if (wanted != CONFIG_ANY && kind != wanted)
		return bad(p,
			   "the unit of '%s' is '%s' here, and .profd.yml expects '%s'",
			   m->name, unit, m->unit ? m->unit : unit_of_kind(wanted));
	if (s->unit && s->kind != kind)
		return bad(p, "the unit of '%s' is '%s' here, and was '%s' before",
			   m->name, unit, s->unit);
	if (!s->unit)
		s->unit = xstrdup(unit);
	s->kind = kind;
	*ret_scale = scale;
	return 0;
}

static int direction_check(const struct place *p, const struct config_metric *m,
			   const char *direction)
{
	const char *ours = config_direction_word(m->direction);

	if (!direction || m->implied || !strcmp(direction, ours))
		return 0;
	if (strcmp(direction, config_direction_word(CONFIG_SMALLER)) != 0 &&
	    strcmp(direction, config_direction_word(CONFIG_BIGGER)) != 0)
		return bad(p, "the direction of '%s' has to be 'smaller' or 'bigger'",
			   m->name);
	bad(p, "of '%s' %s is better here, and %s in .profd.yml", m->name, direction,
	    ours);
	error_hint(p->err, "say there 'direction: %s'", direction);
	return -EBADMSG;
}

static int text_member(const struct place *p, const struct json *j, const char *key,
		       const char **ret)
{
	const struct json *v = json_get(j, key);

	*ret = json_str(v, NULL);
	return v && !*ret ? bad(p, "'%s' has to be a text", key) : 0;
}

static int line_read(const struct place *p, const struct config_workload *w,
		     const struct json *j, struct samples *samples)
{
	const char *name, *unit, *direction;
	double value, scale;
	int64_t i;
	int code;

	if (text_member(p, j, "name", &name) < 0 ||
	    text_member(p, j, "unit", &unit) < 0 ||
	    text_member(p, j, "direction", &direction) < 0)
		return -EBADMSG;
	if (!name)
		return bad(p, "an object with a 'name' and a 'value' was expected");
	if (!json_num(json_get(j, "value"), &value))
		return bad(p, "'%s' has no 'value' that is a number", name);
	i = metric_find(w, name);
	if (i < 0)
		return 0;
	code = unit_read(p, &w->metrics[i], unit, &samples[i], &scale);
	if (code == 0 && !isfinite(value * scale))
		code = bad(p, "the value of '%s' is too large", name);
	if (code == 0)
		code = direction_check(p, &w->metrics[i], direction);
	if (code == 0)
		vec_push(&samples[i].values, value * scale);
	return code;
}

static int lines_read(const struct config_workload *w, const char *data, size_t n,
		      struct samples *samples, struct error *err)
{
	struct place p = {.err = err};
	const char *line;
	size_t pos = 0, len;

	while (io_line(data, n, &pos, &line, &len)) {
		struct error why = {0};
		struct json *j;
		int code;

		p.line++;
		while (len && strchr(" \t\r", line[len - 1]))
			len--;
		if (!len)
			continue;
		j = json_read(line, len, &why);
		/* The text's own "line 1" would only confuse. */
		code = j ? line_read(&p, w, j, samples)
			 : bad(&p, "not JSON: %s",
			       strncmp(why.text, "line 1, ", 8) ? why.text
								: why.text + 8);
		json_free(j);
		if (code < 0)
			return code;
	}
	return 0;
}

static int samples_use(const struct config_workload *w, struct samples *samples,
		       double *values, char **units, struct error *err)
{
	for (uint32_t i = 0; i < w->nmetrics; i++) {
		const struct config_metric *m = &w->metrics[i];
		struct samples *s = &samples[i];

		if (m->from != CONFIG_FROM_PROGRAM)
			continue;
		if (!s->values.n) {
			error_set(err, -ENODATA,
				  "'%s' is not among what it wrote into PROFD_METRICS",
				  m->name);
			return -ENODATA;
		}
		values[i] = gate_stat(m->stat, s->values.v, s->values.n);
		if (!isfinite(values[i]))
			return error_set(err, -ERANGE, "the sum of '%s' is too large",
					 m->name);
		free(units[i]);
		units[i] = xstrdup(s->unit ? unit_shown(s->kind, s->unit)
					   : metrics_unit(m));
	}
	return 0;
}

int metrics_parse(const struct config_workload *w, const char *data, size_t n,
		  double *values, char **units, struct error *err)
{
	struct samples *samples = xcalloc(w->nmetrics + 1, sizeof(*samples));
	int code = lines_read(w, data, n, samples, err);

	if (code == 0)
		code = samples_use(w, samples, values, units, err);
	for (uint32_t i = 0; i < w->nmetrics; i++) {
		vec_done(&samples[i].values);
		free(samples[i].unit);
	}
	free(samples);
	return code;
}
