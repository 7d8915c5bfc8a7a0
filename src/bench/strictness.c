/* Which strictness counts. */
#include <profd/strictness.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int word_read(const char *from, const char *word, double *ret_factor,
		     struct error *err)
{
	char *end;
	double v = !strcmp(word, "strict")    ? .5
		   : !strcmp(word, "default") ? 1
		   : !strcmp(word, "ci")      ? 2
					      : 0;

	if (v == 0 && *word >= '0' && *word <= '9') {
		v = strtod(word, &end);
		v = *end ? 0 : v;
	}
	if (v >= STRICTNESS_MIN && v <= STRICTNESS_MAX) {
		*ret_factor = v;
		return 0;
	}
	error_set(err, -EINVAL, "%s: '%.100s' is no strictness", from, word);
	error_hint(err, "strict, default, ci, or a number from 0.01 to 100");
	return -EINVAL;
}

static bool is_ci(void)
{
	const char *ci = getenv("CI");

	return ci && *ci && strcmp(ci, "false") != 0 && strcmp(ci, "0") != 0;
}

int strictness_find(const char *flag, double file, double *ret_factor,
		    const char **ret_from, struct error *err)
{
	const char *variable = getenv("PROFD_STRICTNESS"), *from;
	double factor = 1;
	int code = 0;

	if (flag) {
		from = "--strictness";
		code = word_read(from, flag, &factor, err);
	} else if (variable && *variable) {
		from = "PROFD_STRICTNESS";
		code = word_read(from, variable, &factor, err);
	} else if (file > 0) {
		from = ".profd.yml";
		factor = file;
	} else {
		from = is_ci() ? "CI" : "default";
		factor = is_ci() ? 2 : 1;
	}
	if (code < 0)
		return code;
	*ret_factor = factor;
	*ret_from = from;
	return 0;
}
