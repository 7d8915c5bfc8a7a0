/* What profd record is to attach to, as the command line says it, and which other options
 * that leaves a meaning for. */
#include "record-options.h"

#include <stdlib.h>
#include <string.h>

#include <profd/mem.h>
#include <profd/number.h>

#define TARGETS_MAX 4096u

static bool has_number(const struct record_options *o, uint64_t number)
{
	for (uint32_t i = 0; i < o->pids.n; i++) {
		if ((uint64_t)o->pids.v[i] == number)
			return true;
	}
	return false;
}

int record_add_targets(struct record_options *o, const char *list, bool threads)
{
	_cleanup_free_ char *copy = xstrdup(list);
	const char *option = threads ? "-t" : "-p";

	if (o->pids.n && o->targets.threads != threads)
		return cmd_usage_error(EXIT_PROFD, "record",
				       "-p takes whole processes and -t single threads: "
				       "not both at once");
	o->targets.threads = threads;
	for (char *next = copy, *word; (word = strsep(&next, ","));) {
		uint64_t number;

		if (number_parse_u64(word, 1, INT32_MAX, &number))
			return cmd_usage_error(EXIT_PROFD, "record",
					       "%s wants the number of a %s, not '%s'",
					       option, threads ? "thread" : "process",
					       word);
		if (has_number(o, number))
			continue;
		if (o->pids.n == TARGETS_MAX)
			return cmd_usage_error(EXIT_PROFD, "record",
					       "%s takes at most %u numbers", option,
					       TARGETS_MAX);
		vec_push(&o->pids, (pid_t)number);
	}
	return 0;
}

static int wants_one_kind(const struct record_options *o)
{
	if ((o->pids.n > 0) + o->all + (o->targets.cgroup != NULL) > 1)
		return cmd_usage_error(EXIT_PROFD, "record",
				       "-p, -t, -a and --cgroup each say what to record: "
				       "give one of them");
	return 0;
}

static int wants_no_reach(const struct record_options *o)
{
	enum reach reach = o->sampler.reach;

	if (!reach || (o->pids.n && !o->targets.threads && reach != REACH_CGROUP))
		return 0;
	if (o->pids.n && !o->targets.threads)
		return cmd_usage_error(EXIT_PROFD, "record",
				       "--reach cgroup is for a command: what runs "
				       "already is not moved, --cgroup takes its group");
	return cmd_usage_error(EXIT_PROFD, "record",
			       "%s leaves no choice of --reach: leave it out",
			       o->all	   ? "-a"
			       : o->pids.n ? "-t"
					   : "--cgroup");
}

int record_check_targets(struct record_options *o)
{
	int status = wants_one_kind(o);

	o->attached = o->pids.n || o->all || o->targets.cgroup;
	o->targets.pids = o->pids.v;
	o->targets.npids = o->pids.n;
	if (status)
		return status;
	if (!o->attached && o->duration_ns)
		return cmd_usage_error(EXIT_PROFD, "record",
				       "-d ends the recording of what runs already (-p, "
				       "-t, -a, --cgroup); a command has --timeout");
	if (!o->attached)
		return 0;
	if (o->duration_ns && o->command[0])
		return cmd_usage_error(EXIT_PROFD, "record",
				       "-d and a command both say when the recording "
				       "ends: give one of them");
	if (o->engine == ENGINE_PTRACE && !o->pids.n)
		return cmd_usage_error(EXIT_PROFD, "record",
				       "--engine ptrace samples commands, processes (-p) "
				       "and threads (-t): %s takes perf_event_open",
				       o->all ? "-a" : "--cgroup");
	if (o->timeout_ns)
		return cmd_usage_error(EXIT_PROFD, "record",
				       "--timeout ends a command that is recorded; what "
				       "runs already is left alone: use -d");
	if (o->sampler.wall)
		return cmd_usage_error(EXIT_PROFD, "record",
				       "--wall follows the threads of a command from "
				       "their start: leave it out with -p, -t, -a and "
				       "--cgroup");
	if (o->stat)
		return cmd_usage_error(EXIT_PROFD, "record",
				       "--stat counts for a command from its start: "
				       "leave it out with -p, -t, -a and --cgroup");
	if (o->wait_tree && (o->command[0] || !o->pids.n || o->targets.threads))
		return cmd_usage_error(
			EXIT_PROFD, "record",
			"--wait-tree goes with -p alone, without a command");
	return wants_no_reach(o);
}
