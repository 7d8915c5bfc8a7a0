/* The files in /proc of one thread: its account, its state, who traces it. Kept open
 * while there are descriptors. What they mean for the workload is in watch.c.
 *
 * Descriptors in /proc belong to the thread they were opened for, not to its number. */
#include "ptrace-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <profd/clock.h>

void watch_file_close(struct watch *w, int *fd)
{
	if (*fd < 0)
		return;
	close(*fd);
	*fd = -1;
	w->fds--;
}

/* The start of the file, terminated. Keeps it open while there are descriptors. */
ssize_t watch_file_read(struct watch *w, int *fd, const struct thread *t,
			const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t n;

	if (*fd < 0) {
		snprintf(path, sizeof(path), "/proc/%u/task/%u/%s", t->process->pid,
			 t->tid, name);
		*fd = open(path, O_RDONLY | O_CLOEXEC);
		if (*fd < 0)
			return -errno;
		w->fds++;
	}
	n = pread(*fd, buf, size - 1, 0);
	if (n < 0)
		n = -errno;
	buf[n > 0 ? n : 0] = '\0';
	if (w->fds > w->fds_max)
		watch_file_close(w, fd);
	return n;
}

void watch_sched_parse(const char *buf, struct sched *ret)
{
	char *end;

	ret->ran_ns = strtoull(buf, &end, 10);
	ret->queued_ns = strtoull(end, &end, 10);
	ret->turns = strtoull(end, NULL, 10);
}

bool watch_sched(struct watch *w, struct thread *t, struct sched *ret)
{
	char buf[128];

	if (watch_file_read(w, &t->sched_fd, t, "schedstat", buf, sizeof(buf)) <= 0)
		return false;
	watch_sched_parse(buf, ret);
	return true;
}

uint64_t watch_blocks(struct watch *w, struct thread *t)
{
	static const char key[] = "\nvoluntary_ctxt_switches:";
	char buf[WATCH_FILE_BYTES];
	const char *found;

	if (watch_file_read(w, &t->status_fd, t, "status", buf, sizeof(buf)) <= 0)
		return NOT_COUNTED;
	found = strstr(buf, key);
	return found ? strtoull(found + strlen(key), NULL, 10) : NOT_COUNTED;
}

static const char *skip_words(const char *s, unsigned n)
{
	while (s && n--) {
		s = strchr(s, ' ');
		s = s ? s + 1 : NULL;
	}
	return s;
}

/* Field @number of those behind the name, the state being the third. */
static uint64_t stat_field(const char *state, unsigned number)
{
	const char *s = skip_words(state, number - 3);

	return s ? strtoull(s, NULL, 10) : 0;
}

/* PF_FORKNOEXEC of linux/sched.h, in field 9. */
#define FORKED 0x40u

bool watch_stat_parse(const char *buf, struct thread_stat *ret)
{
	const char *name = strchr(buf, '('), *end = strrchr(buf, ')');
	size_t n;

	if (!name || !end || end < name || end[1] != ' ')
		return false;
	name++;
	n = (size_t)(end - name);
	n = n < sizeof(ret->comm) - 1 ? n : sizeof(ret->comm) - 1;
	memcpy(ret->comm, name, n);
	ret->comm[n] = '\0';
	end += 2;
	ret->state = *end;
	ret->forked = stat_field(end, 9) & FORKED;
	ret->ppid = (uint32_t)stat_field(end, 4);
	ret->faults = stat_field(end, 10) + stat_field(end, 12);
	ret->start_ticks = stat_field(end, 22);
	ret->vsize_bytes = stat_field(end, 23);
	ret->start_code = stat_field(end, 26);
	ret->start_stack = stat_field(end, 28);
	ret->cpu = (uint32_t)stat_field(end, 39);
	ret->arg_start = stat_field(end, 48);
	return true;
}

bool watch_ticks(struct watch *w, struct thread *t, uint64_t *ret_ns)
{
	long hz = sysconf(_SC_CLK_TCK);
	char buf[WATCH_FILE_BYTES];
	const char *end;

	if (watch_file_read(w, &t->stat_fd, t, "stat", buf, sizeof(buf)) <= 0)
		return false;
	end = strrchr(buf, ')');
	if (!end || !end[1])
		return false;
	*ret_ns = (stat_field(end + 2, 14) + stat_field(end + 2, 15)) *
		  (NSEC_PER_SEC / (uint64_t)(hz > 0 ? hz : 100));
	return true;
}

uint32_t watch_tracer(uint32_t pid, uint32_t tid, bool *ret_ended)
{
	char path[64], line[256];
	unsigned tracer = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/task/%u/status", pid, tid);
	f = fopen(path, "re");
	*ret_ended = true;
	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "State:", 6))
			*ret_ended = strpbrk(line + 6, "ZX");
		sscanf(line, "TracerPid: %u", &tracer);
	}
	if (f)
		fclose(f);
	return tracer;
}

/* linux/kcmp.h */
#define KCMP_VM 1

static bool has_twin(struct watch *w, struct thread *t)
{
	char buf[WATCH_FILE_BYTES], *save = NULL;

	if (watch_file_read(w, &t->children_fd, t, "children", buf, sizeof(buf)) <= 0)
		return false;
	for (char *word = strtok_r(buf, " \n", &save); word;
	     word = strtok_r(NULL, " \n", &save)) {
		if (syscall(SYS_kcmp, t->process->pid, strtoul(word, NULL, 10), KCMP_VM,
			    0, 0) == 0)
			return true;
	}
	return false;
}

bool watch_is_examined(struct watch *w, struct thread *t)
{
	struct thread *first = t->process->threads.v[0];

	return has_twin(w, t) || (first != t && has_twin(w, first));
}

bool watch_is_child(struct watch *w, struct thread *t)
{
	char buf[WATCH_FILE_BYTES];
	const char *end;

	if (t->tid != t->process->pid)
		return false;
	if (watch_file_read(w, &t->stat_fd, t, "stat", buf, sizeof(buf)) <= 0)
		return true;
	end = strrchr(buf, ')');
	return !end || !end[1] || stat_field(end + 2, 4) == (uint64_t)getpid();
}
