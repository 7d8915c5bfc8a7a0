/* CPU time of what runs already, read from outside.
 *
 * The CPU-time clock of a process (clock_getcpuclockid(3)) is what the scheduler counted,
 * of all its threads, dead or alive, and no permission is asked for. It leaves out
 * children: of those that were waited for /proc/PID/stat knows, in ticks. Counting events
 * would know all, but a thread that is started while they are opened would be counted by
 * those it inherits and by its own. */
#include "attach-priv.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <profd/clock.h>
#include <profd/io.h>
#include <profd/number.h>

static uint64_t ticks_ns(uint64_t ticks)
{
	long hz = sysconf(_SC_CLK_TCK);

	return ticks * (NSEC_PER_SEC / (uint64_t)(hz > 0 ? hz : 100));
}

/* What follows the name: the first word is field 3. The caller frees *ret_data. */
static char *stat_words(const char *path, char **ret_data)
{
	char *name_end;
	size_t n;

	*ret_data = NULL;
	if (io_slurp(path, PROC_STAT_MAX_BYTES, ret_data, &n) < 0)
		return NULL;
	name_end = strrchr(*ret_data, ')');
	return name_end ? name_end + 1 : NULL;
}

bool stat_number(const char *path, unsigned number, uint64_t *ret_value)
{
	_cleanup_free_ char *data = NULL;
	char *save = NULL, *word = stat_words(path, &data);

	word = word ? strtok_r(word, " \n", &save) : NULL;
	for (unsigned i = 3; word && i < number; i++)
		word = strtok_r(NULL, " \n", &save);
	return word && !number_parse_u64(word, 0, UINT64_MAX, ret_value);
}

char stat_state(const char *path)
{
	_cleanup_free_ char *data = NULL;
	const char *words = stat_words(path, &data);

	return words && words[0] == ' ' ? words[1] : '\0';
}

/* proc_pid_schedstat: the time spent on the CPU, in nanoseconds, comes first. */
static uint64_t thread_ns(uint32_t pid, uint32_t tid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/task/%u/schedstat", pid, tid);
	_cleanup_free_ char *data = NULL;
	uint64_t ns;
	size_t n;

	if (io_slurp(path, PROC_STAT_MAX_BYTES, &data, &n) < 0)
		return 0;
	data[strcspn(data, " \n")] = '\0';
	return number_parse_u64(data, 0, UINT64_MAX, &ns) ? 0 : ns;
}

uint64_t cpu_time_process_ns(uint32_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid((pid_t)pid, &clock) || clock_gettime(clock, &t) < 0)
		return 0;
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

bool cpu_time_of(uint32_t pid, uint32_t tid, struct cpu_time *ret)
{
	_cleanup_free_ char *path = tid ? xasprintf("/proc/%u/task/%u/stat", pid, tid)
					: xasprintf("/proc/%u/stat", pid);
	uint64_t user, system, waited_user = 0, waited_system = 0, ns;

	if (!stat_number(path, 14, &user) || !stat_number(path, 15, &system))
		return false;
	if (!tid) {
		stat_number(path, 16, &waited_user);
		stat_number(path, 17, &waited_system);
	}
	ns = tid ? thread_ns(pid, tid) : cpu_time_process_ns(pid);
	*ret = (struct cpu_time){
		.cpu_ns = ns ? ns + ticks_ns(waited_user + waited_system) : 0,
		.user_ns = ticks_ns(user + waited_user),
		.system_ns = ticks_ns(system + waited_system),
	};
	return true;
}

/* proc_stat(5): "cpu  USER NICE SYSTEM IDLE IOWAIT IRQ SOFTIRQ …". */
bool cpu_time_of_all(struct cpu_time *ret)
{
	_cleanup_free_ char *data = NULL;
	char *save = NULL, *word;
	uint64_t v[7];
	size_t n;

	if (io_slurp("/proc/stat", (size_t)16 << 20, &data, &n) < 0)
		return false;
	word = strtok_r(data, " \n", &save);
	if (!word || strcmp(word, "cpu"))
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(v); i++) {
		word = strtok_r(NULL, " \n", &save);
		if (!word || number_parse_u64(word, 0, UINT64_MAX, &v[i]))
			return false;
	}
	*ret = (struct cpu_time){
		.cpu_ns = ticks_ns(v[0] + v[1] + v[2] + v[5] + v[6]),
		.user_ns = ticks_ns(v[0] + v[1]),
		.system_ns = ticks_ns(v[2] + v[5] + v[6]),
	};
	return true;
}
