/* Recordings as runs that the judge of functions takes. */
#include "judge.h"

#include <math.h>
#include <string.h>

#include "profile-file.h"
#include <profd/functions.h>
#include <profd/io.h>
#include <profd/json.h>
#include <profd/mem.h>

#define RUN_MAX_BYTES (16u << 20)

static double number(const struct json *j, const char *key)
{
	double x = NAN;

	json_num(json_get(j, key), &x);
	return x;
}

double judge_run_cpu_s(const char *folder)
{
	_cleanup_free_ char *path = xasprintf("%s/run.json", folder), *data = NULL;
	struct json *j = NULL;
	double seconds = NAN;
	bool kernel = false;
	size_t n;

	if (io_slurp(path, RUN_MAX_BYTES, &data, &n) == 0)
		j = json_read(data, n, NULL);
	if (!j)
		return NAN;
	seconds = number(json_get(j, "rusage"), "user_s");
	json_get_bool(json_get(j, "sampling"), "kernel", &kernel);
	if (kernel)
		seconds += number(json_get(j, "rusage"), "system_s");
	json_free(j);
	return seconds;
}
