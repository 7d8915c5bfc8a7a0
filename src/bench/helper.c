/* The helper program: starts one workload, waits for it, and tells what it used.
 *
 * It exists because a process inherits the peak of memory of the program that it was before
 * its exec: what profd started directly would never show less than profd itself. So this
 * program is small, is linked statically where possible, and uses the C library alone.
 *
 * Orphans of the workload become its children (PR_SET_CHILD_SUBREAPER), so that it can wait
 * for them, and kill them, whatever session they have made for themselves. */
#include "helper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FAILED 125 /* exit status when there is nobody to report to */
#define NSEC_PER_SEC 1000000000ull
#define NSEC_PER_MS 1000000ull

struct request {
	const char *dir, *cpus;
	uint64_t timeout_ns;
	int nice;
	bool no_aslr, hold;
	char **argv;
};

/* Of helper and child: the child tells why it did not become the workload. */
struct shared {
	uint64_t start_ns;
	struct rusage before; /* what it used until its exec */
	uint32_t stage, refused;
	int32_t code;
};

struct job {
	const struct request *request;
	struct shared *shared;
	pid_t pid;
	int children_fd; /* signalfd(2): SIGCHLD */
	int go_fd;	 /* a byte lets the child go on */
	bool ended, childless;
	uint64_t now_ns, deadline_ns;
	struct helper_message report;
};

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* --- what is asked for -------------------------------------------------------------- */

static bool key_read(struct request *r, const char *word)
{
	if (!strncmp(word, "dir=", 4))
		r->dir = word + 4;
	else if (!strncmp(word, "cpus=", 5))
		r->cpus = word + 5;
	else if (!strncmp(word, "timeout=", 8))
		r->timeout_ns = strtoull(word + 8, NULL, 10);
	else if (!strncmp(word, "nice=", 5))
		r->nice = (int)strtol(word + 5, NULL, 10);
	else if (!strcmp(word, "aslr=off"))
		r->no_aslr = true;
	else if (!strcmp(word, "hold=1"))
		r->hold = true;
	else
		return false;
	return true;
}

static bool request_read(struct request *r, char **argv)
{
	*r = (struct request){0};
	for (int i = 1; argv[i]; i++) {
		if (!strcmp(argv[i], "--")) {
			r->argv = argv + i + 1;
			return *r->argv != NULL;
		}
		if (!key_read(r, argv[i]))
			return false;
	}
	return false;
}

/* "0,2-3" */
static bool cpus_read(const char *s, cpu_set_t *set)
{
	CPU_ZERO(set);
	while (*s) {
		char *end;
		unsigned long first = strtoul(s, &end, 10), last = first;

		if (end == s)
			return false;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (last < first || last >= CPU_SETSIZE || (*end && *end != ','))
			return false;
		for (unsigned long i = first; i <= last; i++)
			CPU_SET(i, set);
		s = *end ? end + 1 : end;
	}
	return true;
}

/* --- the child ---------------------------------------------------------------------- */

static void isolate(const struct request *r, struct shared *shared)
{
	cpu_set_t set;
	int persona;

	if (r->cpus &&
	    (!cpus_read(r->cpus, &set) || sched_setaffinity(0, sizeof(set), &set) < 0))
		shared->refused |= HELPER_NO_CPUS;
	if (r->nice && setpriority(PRIO_PROCESS, 0, r->nice) < 0)
		shared->refused |= HELPER_NO_NICE;
	if (!r->no_aslr)
		return;
	persona = personality(0xffffffff);
	if (persona < 0 || personality((unsigned long)persona | ADDR_NO_RANDOMIZE) < 0)
		shared->refused |= HELPER_NO_ASLR_OFF;
}

static void child_run(const struct request *r, struct shared *shared, int go_fd)
{
	sigset_t none;
	char go;

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a workload may kill its parent */
	isolate(r, shared);
	shared->stage = HELPER_DIR;
	if (r->dir && chdir(r->dir) < 0)
		goto fail;
	shared->stage = HELPER_EXEC;
	if (r->hold && read(go_fd, &go, 1) != 1)
		_exit(FAILED);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	getrusage(RUSAGE_SELF, &shared->before);
	shared->start_ns = now();
	execvp(r->argv[0], r->argv);
fail:
	shared->code = errno;
	_exit(FAILED);
}

static int child_start(struct job *j)
{
	int go[2];

	if (pipe2(go, O_CLOEXEC) < 0)
		return -errno;
	j->pid = fork();
	if (j->pid < 0)
		return -errno;
	if (j->pid == 0) {
		close(go[1]); /* or its own end would keep it waiting */
		child_run(j->request, j->shared, go[0]);
	}
	close(go[0]);
	j->go_fd = go[1];
	return 0;
}

/* --- killing ------------------------------------------------------------------------ */

/* The parent of a process: the second field behind the name, which is in parentheses and
 * may hold anything (proc_pid_stat(5)). */
static pid_t parent_of(const char *pid)
{
	char path[64], line[512];
	const char *name_end;
	ssize_t n;
	int fd, ppid;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	line[n > 0 ? n : 0] = '\0';
	name_end = strrchr(line, ')');
	return name_end && sscanf(name_end + 1, " %*c %d", &ppid) == 1 ? ppid : -1;
}

static void kill_children(struct job *j)
{
	DIR *dir = opendir("/proc");
	const struct dirent *d;

	if (!j->ended) {
		kill(j->pid, SIGKILL);
		kill(-j->pid, SIGKILL);
	}
	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] < '1' || d->d_name[0] > '9' ||
		    parent_of(d->d_name) != getpid())
			continue;
		kill((pid_t)strtol(d->d_name, NULL, 10), SIGKILL);
	}
	if (dir)
		closedir(dir);
}

static void ended(struct job *j, int status)
{
	j->ended = true;
	j->report.status = status;
	j->report.end_ns = j->now_ns;
}

/* Before it is reaped the process group is surely its own still: a signal to that reaches
 * even those that fork faster than they can be found. */
static void reap(struct job *j)
{
	siginfo_t si = {0};
	int status;

	while (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) == 0) {
		if (!si.si_pid)
			return;
		if (si.si_pid == j->pid)
			kill(-j->pid, SIGKILL);
		if (waitpid(si.si_pid, &status, 0) == j->pid)
			ended(j, status);
		else
			j->report.survivors += j->ended && WIFSIGNALED(status) &&
					       WTERMSIG(status) == SIGKILL;
		si.si_pid = 0;
	}
	j->childless = errno == ECHILD;
}

static void children_wait(struct job *j, int ms)
{
	struct pollfd fd = {.fd = j->children_fd, .events = POLLIN};
	struct signalfd_siginfo si;

	if (poll(&fd, 1, ms) > 0 && read(j->children_fd, &si, sizeof(si)) < 0)
		return;
	j->now_ns = now();
}

/* Each round makes children of us of what the killed ones leave behind. */
static void kill_all(struct job *j)
{
	uint64_t end = now() + HELPER_GONE_MS * NSEC_PER_MS;

	while (!j->childless && now() < end) {
		kill_children(j);
		children_wait(j, 10);
		reap(j);
	}
	j->report.left = !j->childless;
}

/* --- waiting ------------------------------------------------------------------------ */

static void stop(struct job *j)
{
	uint64_t end = now() + HELPER_STOP_MS * NSEC_PER_MS;

	j->report.stopped = 1;
	/* Before its setsid there is no such group. */
	if (kill(-j->pid, SIGTERM) < 0)
		kill(j->pid, SIGTERM);
	kill(-j->pid, SIGCONT); /* a stopped process takes it when it goes on */
	if (!j->deadline_ns || end < j->deadline_ns)
		j->deadline_ns = end;
}

static void obey(struct job *j)
{
	char order = HELPER_KILL;
	ssize_t n = recv(HELPER_FD, &order, 1, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == 1 && order == HELPER_GO) {
		if (write(j->go_fd, "", 1) == 1)
			return;
		n = 0;
	}
	if (n == 1 && order == HELPER_STOP) {
		stop(j);
		return;
	}
	j->report.stopped = 1;
	kill_all(j);
}

static int time_left_ms(const struct job *j)
{
	uint64_t t = now();

	if (!j->deadline_ns)
		return -1;
	if (t >= j->deadline_ns)
		return 0;
	t = (j->deadline_ns - t) / NSEC_PER_MS + 1;
	return t < 1000000 ? (int)t : 1000000;
}

/* Until the workload has ended: descendants that it leaves are killed then. */
static void wait_end(struct job *j)
{
	struct pollfd fds[] = {{.fd = j->children_fd, .events = POLLIN},
			       {.fd = HELPER_FD, .events = POLLIN}};
	struct signalfd_siginfo si;

	while (!j->ended) {
		int n = poll(fds, 2, time_left_ms(j));

		j->now_ns = now();
		if (n > 0 && fds[0].revents &&
		    read(j->children_fd, &si, sizeof(si)) == (ssize_t)sizeof(si))
			reap(j);
		if (n > 0 && fds[1].revents && !j->ended)
			obey(j);
		if (j->ended || !j->deadline_ns || j->now_ns < j->deadline_ns)
			continue;
		j->report.timed_out = !j->report.stopped;
		kill_all(j);
		return;
	}
}

/* --- reporting ---------------------------------------------------------------------- */

static uint64_t timeval_ns(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * NSEC_PER_SEC + (uint64_t)tv->tv_usec * 1000;
}

static int report_send(struct helper_message *m)
{
	m->kind = HELPER_REPORT;
	return send(HELPER_FD, m, sizeof(*m), MSG_NOSIGNAL) == (ssize_t)sizeof(*m)
		       ? 0
		       : FAILED;
}

static uint64_t less(uint64_t all, uint64_t before)
{
	return all > before ? all - before : 0;
}

static int report(struct job *j)
{
	struct helper_message *m = &j->report;
	const struct rusage *before = &j->shared->before;
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	m->stage = j->shared->code ? j->shared->stage : HELPER_RAN;
	m->code = j->shared->code;
	m->refused = j->shared->refused;
	m->start_ns = j->shared->start_ns;
	m->user_ns = less(timeval_ns(&u.ru_utime), timeval_ns(&before->ru_utime));
	m->sys_ns = less(timeval_ns(&u.ru_stime), timeval_ns(&before->ru_stime));
	m->max_rss_bytes = (uint64_t)u.ru_maxrss * 1024;
	m->minor_faults = less((uint64_t)u.ru_minflt, (uint64_t)before->ru_minflt);
	m->major_faults = less((uint64_t)u.ru_majflt, (uint64_t)before->ru_majflt);
	m->voluntary = less((uint64_t)u.ru_nvcsw, (uint64_t)before->ru_nvcsw);
	m->involuntary = less((uint64_t)u.ru_nivcsw, (uint64_t)before->ru_nivcsw);
	return report_send(m);
}

static int report_failure(int code)
{
	struct helper_message m = {.stage = HELPER_FORK, .code = code};

	return report_send(&m);
}

static int hold(struct job *j)
{
	struct helper_message m = {.kind = HELPER_HELD, .pid = j->pid};

	return send(HELPER_FD, &m, sizeof(m), MSG_NOSIGNAL) == (ssize_t)sizeof(m) ? 0
										  : -1;
}

int main(int argc, char **argv)
{
	struct request r;
	struct job j = {.request = &r};
	sigset_t children;

	(void)argc;
	if (!request_read(&r, argv) || fcntl(HELPER_FD, F_SETFD, FD_CLOEXEC) < 0) {
		fputs(HELPER_NAME " is started by profd only\n", stderr);
		return FAILED;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	j.children_fd = signalfd(-1, &children, SFD_CLOEXEC);
	j.shared = mmap(NULL, sizeof(*j.shared), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (j.children_fd < 0 || j.shared == MAP_FAILED || child_start(&j) < 0)
		return report_failure(errno);
	if (r.timeout_ns)
		j.deadline_ns = now() + r.timeout_ns;
	if (!r.hold || hold(&j) == 0)
		wait_end(&j);
	j.report.end_ns = j.report.end_ns ? j.report.end_ns : now();
	reap(&j);
	kill_all(&j);
	return report(&j);
}
