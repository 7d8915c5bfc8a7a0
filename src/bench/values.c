/* Values from what the system counts: the process's and sizes of files. */
#include "bench-priv.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static double value_of(const char *name, const struct helper_message *m)
{
	const struct {
		const char *name;
		double value;
	} all[] = {
		{"wall", (double)(m->end_ns - m->start_ns) / 1e9},
		{"cpu", (double)(m->user_ns + m->sys_ns) / 1e9},
		{"user", (double)m->user_ns / 1e9},
		{"sys", (double)m->sys_ns / 1e9},
		{"max_rss", (double)m->max_rss_bytes},
		{"faults", (double)(m->minor_faults + m->major_faults)},
		{"switches", (double)(m->voluntary + m->involuntary)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (!strcmp(all[i].name, name))
			return all[i].value;
	}
	return __builtin_nan("");
}

void values_of_process(const struct config_workload *w, const struct helper_message *m,
		       double *values)
{
	for (uint32_t i = 0; i < w->nmetrics; i++) {
		if (w->metrics[i].from == CONFIG_FROM_PROCESS)
			values[i] = value_of(w->metrics[i].name, m);
	}
}

int values_of_files(const struct config_workload *w, const char *root, double *values,
		    struct error *err)
{
	for (uint32_t i = 0; i < w->nmetrics; i++) {
		const struct config_metric *m = &w->metrics[i];
		_cleanup_free_ char *path = NULL;
		struct stat st;

		if (m->from != CONFIG_FROM_SIZE)
			continue;
		path = root && m->file[0] != '/' ? xasprintf("%s/%s", root, m->file)
						 : xstrdup(m->file);
		if (stat(path, &st) < 0)
			return error_set(err, -errno, "no size of '%s' for '%s': %s",
					 m->file, m->name, strerror(errno));
		values[i] = (double)st.st_size;
	}
	return 0;
}
