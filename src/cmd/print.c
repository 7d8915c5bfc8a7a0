/* How failures are told. */
#include "cmd.h"

#include <stdarg.h>
#include <string.h>

#include <profd/ci-text.h>
#include <profd/mem.h>
#include <profd/text.h>

int cmd_fail(int status, const struct error *err)
{
	fprintf(stderr, "profd: %s\n", err->text);
	if (err->hint[0])
		fprintf(stderr, "profd: hint: %s\n", err->hint);
	return status;
}

int cmd_usage_error(int status, const char *page, const char *fmt, ...)
{
	struct text raw = {0}, clean = {0};
	va_list ap;

	va_start(ap, fmt);
	text_vaddf(&raw, fmt, ap);
	va_end(ap);
	text_add_clean(&clean, text_get(&raw), raw.len);
	fprintf(stderr, "profd: %s\nprofd: hint: see 'profd %s --help'\n",
		text_get(&clean), page);
	text_done(&raw);
	text_done(&clean);
	return status;
}

void cmd_add_output(struct text *t, const char *line, size_t n)
{
	_cleanup_free_ char *copy = xstrndup(line, n);

	for (char *tab = copy; (tab = strchr(tab, '\t')) != NULL;)
		*tab = ' ';
	ci_add_line(t, copy, SIZE_MAX);
}

/* With the place first, where editors and CI systems look for it. */
void cmd_problems(const struct config_problems *p)
{
	for (uint32_t i = 0; i < p->list.n; i++) {
		const struct config_problem *x = &p->list.v[i];

		fprintf(stderr, "%s%s\n", x->line ? "" : "profd: ", x->error.text);
		if (x->error.hint[0])
			fprintf(stderr, "profd: hint: %s\n", x->error.hint);
	}
	if (p->more)
		fprintf(stderr, "profd: there are more\n");
}
