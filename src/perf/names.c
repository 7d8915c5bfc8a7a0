/* Event names to what perf_event_open(2) takes. Software events are looked up here, since
 * libpfm4 lacks some and knows the rest only as perf::…; everything of a PMU is libpfm4's
 * business. */
#include "perf-priv.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include <perfmon/pfmlib_perf_event.h>

#include <profd/mem.h>

/* perf-list(1), "Software event"; linux/perf_event.h, enum perf_sw_ids. */
const struct software_name software_names[] = {
	{"cpu-clock", PERF_COUNT_SW_CPU_CLOCK},
	{"task-clock", PERF_COUNT_SW_TASK_CLOCK},
	{"page-faults", PERF_COUNT_SW_PAGE_FAULTS},
	{"faults", PERF_COUNT_SW_PAGE_FAULTS},
	{"context-switches", PERF_COUNT_SW_CONTEXT_SWITCHES},
	{"cs", PERF_COUNT_SW_CONTEXT_SWITCHES},
	{"cpu-migrations", PERF_COUNT_SW_CPU_MIGRATIONS},
	{"migrations", PERF_COUNT_SW_CPU_MIGRATIONS},
	{"minor-faults", PERF_COUNT_SW_PAGE_FAULTS_MIN},
	{"major-faults", PERF_COUNT_SW_PAGE_FAULTS_MAJ},
	{"alignment-faults", PERF_COUNT_SW_ALIGNMENT_FAULTS},
	{"emulation-faults", PERF_COUNT_SW_EMULATION_FAULTS},
	{"dummy", PERF_COUNT_SW_DUMMY},
	{"bpf-output", PERF_COUNT_SW_BPF_OUTPUT},
	{"cgroup-switches", PERF_COUNT_SW_CGROUP_SWITCHES},
	{NULL, 0},
};

/* `rNNN`: 1 to 16 hexadecimal digits, perf-list(1), "Raw hardware event descriptor". */
static bool raw_config(const char *name, uint64_t *ret_config)
{
	size_t n = strlen(name);
	uint64_t v = 0;

	if (name[0] != 'r' || n < 2 || n > 17)
		return false;
	for (const char *c = name + 1; *c; c++) {
		if (!isxdigit((unsigned char)*c))
			return false;
		v = v << 4 | (uint64_t)(isdigit((unsigned char)*c)
						? *c - '0'
						: tolower((unsigned char)*c) - 'a' + 10);
	}
	*ret_config = v;
	return true;
}

static bool software_config(const char *name, uint64_t *ret_config)
{
	for (const struct software_name *s = software_names; s->name; s++) {
		if (!strcasecmp(s->name, name)) {
			*ret_config = s->config;
			return true;
		}
	}
	return false;
}

static enum eventspec_kind kind_of(uint32_t type, uint64_t config)
{
	if (type == PERF_TYPE_TRACEPOINT)
		return EVENTSPEC_TRACEPOINT;
	if (type != PERF_TYPE_SOFTWARE)
		return EVENTSPEC_HARDWARE;
	return config == PERF_COUNT_SW_CPU_CLOCK || config == PERF_COUNT_SW_TASK_CLOCK
		       ? EVENTSPEC_CLOCK
		       : EVENTSPEC_SOFTWARE;
}

/* The levels that :u :k :h ask for. The names that libpfm4 takes may say it in its own
 * way (":u=1:k=0"), which then stands in what it returns. */
static void set_levels(struct eventspec *e)
{
	bool some = e->user || e->kernel || e->hv;

	e->exclude_user = some && !e->user;
	e->exclude_kernel = some && !e->kernel;
	e->exclude_hv = some && !e->hv;
}

static void set_encoding(struct eventspec *e, uint32_t type, uint64_t config)
{
	e->type = type;
	e->config = config;
	e->kind = kind_of(type, config);
	set_levels(e);
	e->encoded = true;
}

static int pfm_encode(struct eventspec *e)
{
	struct perf_event_attr attr = {.size = sizeof(attr)};
	pfm_perf_encode_arg_t arg = {.attr = &attr, .size = sizeof(arg)};
	int r = pfm_get_os_event_encoding(e->name, PFM_PLM0 | PFM_PLM3 | PFM_PLMH,
					  PFM_OS_PERF_EVENT, &arg);

	if (r != PFM_SUCCESS)
		return r;
	set_encoding(e, attr.type, attr.config);
	e->config1 = attr.config1;
	e->config2 = attr.config2;
	e->exclude_user |= attr.exclude_user;
	e->exclude_kernel |= attr.exclude_kernel;
	return r;
}

/* Neither libpfm4's nor ours: what is left is a tracepoint, or nothing. */
static int other_encode(struct eventspec *e, int why, struct error *err)
{
	uint64_t id;
	int code = -ENOENT;

	if (tracepoint_form(e->name))
		code = tracepoint_id(e->name, &id);
	if (code < 0)
		return event_unknown(e->name, why, code, err);
	set_encoding(e, PERF_TYPE_TRACEPOINT, id);
	return 0;
}

int eventspec_encode(struct eventspec *e, struct error *err)
{
	uint64_t config;
	int code, r;

	if (raw_config(e->name, &config)) {
		set_encoding(e, PERF_TYPE_RAW, config);
		return 0;
	}
	if (software_config(e->name, &config)) {
		set_encoding(e, PERF_TYPE_SOFTWARE, config);
	} else {
		code = pfm_ready(err);
		if (code < 0)
			return code;
		r = pfm_encode(e);
		code = r == PFM_SUCCESS ? 0 : other_encode(e, r, err);
		if (code < 0)
			return code;
	}
	if (!e->precise || e->kind == EVENTSPEC_HARDWARE)
		return 0;
	e->encoded = false;
	error_set(err, -EINVAL, "'%s': only hardware events can be precise", e->text);
	error_hint(err, "leave ':%.*s' out", e->precise, "ppp");
	return -EINVAL;
}

bool eventspec_kernel_only(const struct eventspec *e)
{
	if (e->type == PERF_TYPE_TRACEPOINT)
		return true;
	return e->type == PERF_TYPE_SOFTWARE &&
	       (e->config == PERF_COUNT_SW_CONTEXT_SWITCHES ||
		e->config == PERF_COUNT_SW_CPU_MIGRATIONS ||
		e->config == PERF_COUNT_SW_CGROUP_SWITCHES ||
		e->config == PERF_COUNT_SW_BPF_OUTPUT);
}

const char *eventspec_unit(const struct eventspec *e)
{
	return e->kind == EVENTSPEC_CLOCK ? "ns" : "";
}

void eventspec_attr(const struct eventspec *e, struct perf_event_attr *attr)
{
	attr->type = e->type;
	attr->config = e->config;
	attr->config1 = e->config1;
	attr->config2 = e->config2;
	attr->precise_ip = e->precise;
	attr->exclude_user = e->exclude_user;
	attr->exclude_kernel = e->exclude_kernel;
	attr->exclude_hv = e->exclude_hv;
}

int event_encode(const char *name, struct perf_event_attr *attr, bool *ret_clock,
		 struct error *err)
{
	struct eventlist l = {0};
	int code = eventlist_parse(&l, name, err);

	if (code == 0 && l.n > 1)
		code = error_set(err, -EINVAL, "only one event can be sampled: '%s'",
				 l.v[1].text);
	if (code == 0)
		code = eventlist_encode(&l, err);
	if (code == 0) {
		eventspec_attr(&l.v[0], attr);
		attr_rate(&l.v[0], (uint32_t)attr->sample_freq, attr);
		*ret_clock = l.v[0].kind == EVENTSPEC_CLOCK;
	}
	eventlist_done(&l);
	return code;
}
