/* Event names to attributes. The clocks are ours, since libpfm4 knows them only as perf::CPU-CLOCK;
 * every other name is libpfm4's business. */
#include "perf-priv.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <perfmon/pfmlib_perf_event.h>

#include <profd/mem.h>

static const struct {
	const char *name;
	uint64_t config;
	bool clock;
} software[] = {
	{"cpu-clock", PERF_COUNT_SW_CPU_CLOCK, true},
	{"task-clock", PERF_COUNT_SW_TASK_CLOCK, true},
};

int event_encode(const char *name, struct perf_event_attr *attr, bool *ret_clock,
		 struct error *err)
{
	static bool ready;
	pfm_perf_encode_arg_t arg = {.attr = attr, .size = sizeof(arg)};
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(software); i++) {
		size_t n = strlen(software[i].name);
		const char *rest = name + n;

		if (strncasecmp(software[i].name, name, n) ||
		    (*rest && strcmp(rest, ":u")))
			continue;
		attr->exclude_kernel = *rest == ':';
		attr->type = PERF_TYPE_SOFTWARE;
		attr->config = software[i].config;
		*ret_clock = software[i].clock;
		return 0;
	}
	if (!ready) {
		r = pfm_initialize();
		if (r != PFM_SUCCESS)
			return error_set(err, -ENOENT, "libpfm4 does not start: %s",
					 pfm_strerror(r));
		ready = true;
	}
	r = pfm_get_os_event_encoding(name, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT, &arg);
	if (r != PFM_SUCCESS) {
		error_set(err, r == PFM_ERR_NOTSUPP ? -ENOENT : -EINVAL,
			  "unknown event '%s': %s", name, pfm_strerror(r));
		error_hint(err, "cpu-clock works everywhere; hardware events need a PMU");
		return r == PFM_ERR_NOTSUPP ? -ENOENT : -EINVAL;
	}
	*ret_clock = false;
	return 0;
}
