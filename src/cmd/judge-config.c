/* Configurations, and what is printed of their faults. */
#include "judge.h"

#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include <profd/bench-events.h>

struct config *judge_config_read(const char *path)
{
	struct config_problems p = {0};
	struct config *c = NULL;
	int code = config_read(path, &c, &p);

	if (code == 0)
		code = bench_events_check(c, &p);
	if (code < 0) {
		cmd_problems(&p);
		config_free(c);
		c = NULL;
	}
	config_problems_done(&p);
	return c;
}

struct config *judge_config_base(const char *text)
{
	struct config_problems p = {0};
	struct config *c = NULL;

	if (config_parse("base's " CONFIG_FILE, text, strlen(text), &c, &p) < 0)
		fprintf(stderr,
			"profd: %s\nprofd: so nothing is said about limits that this "
			"change moves\n",
			p.list.v[0].error.text);
	config_problems_done(&p);
	return c;
}

/* What the file would say; the commands are put in its place for each run. A base that does
 * not run leaves nothing that was asked for. */
struct config *judge_config_commands(void)
{
	static const char text[] = "profd: 1\n"
				   "no_baseline: fail\n"
				   "workloads:\n"
				   "  - name: command\n"
				   "    command: [\"true\"]\n";
	struct config_problems p = {0};
	struct config *c = NULL;

	config_parse("profd", text, strlen(text), &c, &p);
	config_problems_done(&p);
	return c;
}
