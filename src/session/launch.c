/* fork, wait, exec: the child holds still until the parent has opened its events on it.
 *
 * One pipe lets the child go, another, closed by a successful exec, brings back exec's
 * errno. The workload stays in profd's process group, so that the terminal's Ctrl-C and
 * Ctrl-Z reach it as they would without profd. */
#include <profd/launch.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <profd/clock.h>
#include <profd/io.h>
#include <profd/mem.h>
#include <profd/number.h>
#include <profd/vec.h>

struct launch_private {
	char *command; /* argv[0] */
	int go_fd;     /* closing it unheard makes the child exit */
	int error_fd;
	sigset_t blocked, old_mask;
	struct sigaction old_pipe, old_child, old_fsize;
	struct rlimit old_files;
	uint64_t deadline_ns; /* CLOCK_MONOTONIC; 0: none */
	bool asked;	      /* SIGTERM was sent */
	VEC(int) asked_fds;   /* pidfds of the descendants that were asked */
};

#define TICK_MS 100
#define KILL_AFTER_NS (5 * NSEC_PER_SEC)

/* The file of this name that execvp(3) is going to find, if it is as access(2) has @mode.
 * Without PATH that is not the one of the current directory (exec(3), "Special semantics
 * for execlp() and execvp()"). */
static bool command_path(const char *name, int mode, char path[PATH_MAX])
{
	const char *dirs = getenv("PATH"), *end;
	char standard[256];

	if (strchr(name, '/'))
		return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX;
	if (!dirs) {
		size_t n = confstr(_CS_PATH, standard, sizeof(standard));

		if (!n || n > sizeof(standard))
			return false;
		dirs = standard;
	}
	for (; *dirs; dirs = *end ? end + 1 : end) {
		end = strchrnul(dirs, ':');
		if (snprintf(path, PATH_MAX, "%.*s%s%s", (int)(end - dirs), dirs,
			     end > dirs ? "/" : "", name) < PATH_MAX &&
		    access(path, mode) == 0)
			return true;
	}
	return false;
}

/* execvp(3) hands what the kernel cannot execute to the shell: right for a script without
 * #!, but a program for another machine would be read as one. */
static void command_exec(char *const argv[])
{
	char path[PATH_MAX], magic[4];
	int fd = command_path(argv[0], X_OK, path)
			 ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
			 : -1;

	if (fd >= 0 && io_pread(fd, magic, 4, 0) == 4 && !memcmp(magic, "\177ELF", 4))
		execv(path, argv);
	else
		execvp(argv[0], argv);
	/* A directory in PATH that may not be searched says so of every name. */
	if (errno == EACCES && !command_path(argv[0], F_OK, path))
		errno = ENOENT;
}

static void child_run(char *const argv[], int go_fd, int error_fd, const sigset_t *mask)
{
	char go;
	int code;

	/* The parent's end closes without a byte when it gives up or dies. */
	if (read(go_fd, &go, 1) != 1)
		_exit(125);
	sigprocmask(SIG_SETMASK, mask, NULL);
	command_exec(argv);
	code = errno;
	if (write(error_fd, &code, sizeof(code)) < 0)
		_exit(125);
	_exit(127);
}

/* All that would end profd and may be meant for the workload. Not job control, not what a
 * fault of profd's own raises; glibc keeps the first two real-time signals for itself. */
static void block_signals(sigset_t *ret_blocked, sigset_t *ret_old)
{
	static const int passed[] = {SIGINT,  SIGQUIT, SIGTERM,	 SIGHUP,    SIGUSR1,
				     SIGUSR2, SIGALRM, SIGXCPU,	 SIGVTALRM, SIGPROF,
				     SIGPOLL, SIGPWR,  SIGSTKFLT};

	sigemptyset(ret_blocked);
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
		sigaddset(ret_blocked, passed[i]);
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		sigaddset(ret_blocked, sig);
	sigprocmask(SIG_BLOCK, ret_blocked, ret_old);
}

int launch_start(struct launch *l, char *const argv[], struct error *err)
{
	int go[2] = {-1, -1}, error[2] = {-1, -1}, code;
	const struct sigaction ignore = {.sa_handler = SIG_IGN},
			       standard = {.sa_handler = SIG_DFL};

	*l = (struct launch){.pidfd = -1, .signalfd = -1};
	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(error, O_CLOEXEC) < 0)
		goto fail;
	l->priv = xcalloc(1, sizeof(*l->priv));
	block_signals(&l->priv->blocked, &l->priv->old_mask);
	l->pid = fork();
	if (l->pid == 0) {
		close(go[1]);
		child_run(argv, go[0], error[1], &l->priv->old_mask);
	}
	if (l->pid < 0) {
		code = errno;
		sigprocmask(SIG_SETMASK, &l->priv->old_mask, NULL);
		free(l->priv);
		l->priv = NULL;
		l->pid = 0;
		errno = code;
		goto fail;
	}
	close(go[0]);
	close(error[1]);
	l->priv->go_fd = go[1];
	l->priv->error_fd = error[0];
	l->priv->command = xstrdup(argv[0]);
	sigaction(SIGPIPE, &ignore, &l->priv->old_pipe);
	/* A limit on the size of files is the workload's: an artifact that meets it fails
	 * alone. */
	sigaction(SIGXFSZ, &ignore, &l->priv->old_fsize);
	/* Who starts profd with SIGCHLD ignored has the kernel reap its children unseen.
	 * The child, forked already, keeps what was inherited. */
	sigaction(SIGCHLD, &standard, &l->priv->old_child);
	io_raise_files(&l->priv->old_files);
	l->signalfd = signalfd(-1, &l->priv->blocked, SFD_CLOEXEC | SFD_NONBLOCK);
	l->pidfd = (int)syscall(SYS_pidfd_open, l->pid, 0);
	if (l->pidfd >= 0)
		fcntl(l->pidfd, F_SETFD, FD_CLOEXEC);
	return 0;
fail:
	code = -errno;
	for (int i = 0; i < 2; i++) {
		if (go[i] >= 0)
			close(go[i]);
		if (error[i] >= 0)
			close(error[i]);
	}
	error_set(err, code, "cannot start the workload: %s", strerror(-code));
	if (code == -EMFILE || code == -ENFILE)
		error_hint(err, "raise 'ulimit -n'");
	else if (code == -EAGAIN)
		error_hint(err, "end some of this user's processes, or raise 'ulimit -u' "
				"or the container's limit of pids");
	return code;
}

static int exec_error(const char *command, int code, struct error *err)
{
	struct stat st;
	bool there = strchr(command, '/') && stat(command, &st) == 0;

	error_set(err, -code, "cannot run '%s': %s", command,
		  code != ENOENT ? strerror(code)
		  : there	 ? "its interpreter was not found"
				 : "command not found");
	if (code == ENOENT && there)
		error_hint(err, "look at its first line, or at 'readelf -l'");
	else if (code == ENOENT && !strchr(command, '/'))
		error_hint(err,
			   "it is not in PATH; a program in this directory is './%s'",
			   command);
	else if (code == EACCES && there && S_ISDIR(st.st_mode))
		error_hint(err, "it is a directory");
	else if (code == EACCES)
		error_hint(
			err,
			"it is not executable for this user: chmod +x, or run it by its "
			"interpreter");
	else if (code == ENOEXEC)
		error_hint(err,
			   "it was built for another kind of machine, or is damaged");
	else if (code == E2BIG)
		error_hint(err, "pass the arguments in a file, or raise 'ulimit -s'");
	return -code;
}

int launch_exec(struct launch *l, struct error *err)
{
	struct launch_private *p = l->priv;
	ssize_t n;
	int code;

	l->start_ns = clock_now_ns();
	if (write(p->go_fd, "", 1) != 1)
		return error_set(err, -errno, "cannot start '%s': %s", p->command,
				 strerror(errno));
	close(p->go_fd);
	p->go_fd = -1;
	do
		n = read(p->error_fd, &code, sizeof(code));
	while (n < 0 && errno == EINTR);
	close(p->error_fd);
	p->error_fd = -1;
	if (n != (ssize_t)sizeof(code))
		return 0;
	return exec_error(p->command, code, err);
}

/* From the terminal driver: the whole foreground group got it. For CPU time that profd
 * used: the workload has a clock of its own. An alarm, though, was set for what runs in
 * profd's place. */
static bool is_own_signal(const siginfo_t *si)
{
	return si->si_code == SI_KERNEL &&
	       (si->si_signo == SIGINT || si->si_signo == SIGQUIT ||
		si->si_signo == SIGHUP || si->si_signo == SIGXCPU);
}

/* Not read from the signalfd, which only wakes poll(2): sandboxes lack it. */
static void pass_signals(struct launch *l)
{
	const struct timespec now = {0};
	siginfo_t si;

	while (sigtimedwait(&l->priv->blocked, &si, &now) > 0) {
		l->interrupted = si.si_signo;
		l->stop |= l->reaped;
		if (l->reaped || is_own_signal(&si))
			continue;
		if (si.si_code == SI_QUEUE)
			sigqueue(l->pid, si.si_signo, si.si_value);
		else
			kill(l->pid, si.si_signo);
	}
}

static bool reap(struct launch *l)
{
	siginfo_t si = {0};
	uint64_t now_ns;
	int code;

	if (l->reaped)
		return true;
	/* Where source-ptrace.c stops the process wait4 would take the stop for an end,
	 * and from whom it was meant for. Once it has ended it cannot be stopped any
	 * more. */
	code = waitid(P_PID, (id_t)l->pid, &si, WEXITED | WNOHANG | WNOWAIT);
	if (code == 0 && si.si_code != CLD_EXITED && si.si_code != CLD_KILLED &&
	    si.si_code != CLD_DUMPED)
		return false;
	/* Reaping may take a while: the kernel waits for the exits of its threads. */
	now_ns = clock_now_ns();
	/* Gone without a status: better an end with profd's own than waiting for ever. */
	if (code < 0 && errno == ECHILD)
		l->status = W_EXITCODE(125, 0);
	else if (wait4(l->pid, &l->status, WNOHANG, &l->usage) != l->pid)
		return false;
	l->end_ns = now_ns;
	l->reaped = true;
	l->stop = WIFSIGNALED(l->status) && WTERMSIG(l->status) == l->interrupted;
	return true;
}

/* --- the tree ----------------------------------------------------------------------- */

#define TREE_MAX 100000u
#define ASKED_MAX 256u

struct pid_list {
	uint32_t *v;
	uint32_t n, cap;
};

/* The children that one thread forked: proc(5), /proc/PID/task/TID/children. */
static void tree_add_children(uint32_t pid, const char *tid, struct pid_list *pids)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/task/%s/children", pid, tid);
	_cleanup_free_ char *data = NULL;
	size_t n;

	if (io_slurp(path, (size_t)1 << 20, &data, &n) < 0)
		return;
	for (char *save = NULL, *w = strtok_r(data, " \n", &save); w;
	     w = strtok_r(NULL, " \n", &save)) {
		uint64_t child;

		if (!number_parse_u64(w, 2, UINT32_MAX, &child) && pids->n < TREE_MAX)
			vec_push(pids, (uint32_t)child);
	}
}

static void tree_add(uint32_t pid, struct pid_list *pids)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/task", pid);
	DIR *dir = opendir(path);
	struct dirent *d;

	if (!dir)
		return;
	while ((d = readdir(dir))) {
		if (d->d_name[0] != '.')
			tree_add_children(pid, d->d_name, pids);
	}
	closedir(dir);
}

/* Parents first, beginning with the workload. */
static void tree_all(struct launch *l, struct pid_list *pids)
{
	vec_push(pids, (uint32_t)l->pid);
	for (uint32_t i = 0; i < pids->n; i++)
		tree_add(pids->v[i], pids);
}

void launch_kill(struct launch *l, int sig)
{
	struct pid_list pids = {0};

	if (l->reaped)
		return;
	tree_all(l, &pids);
	/* Leaves first: a shell whose child dies does not start the next command if it is
	 * next. */
	for (uint32_t i = pids.n; i-- > 0;)
		kill((pid_t)pids.v[i], sig);
	vec_done(&pids);
}

void launch_timeout(struct launch *l, uint64_t ns)
{
	l->priv->deadline_ns = ns ? clock_now_ns() + ns : 0;
}

/* The descendants are found through the workload, which may end before they do. */
static void remember_asked(struct launch *l)
{
	struct pid_list pids = {0};

	tree_all(l, &pids);
	for (uint32_t i = 1; i < pids.n && i < ASKED_MAX; i++) {
		int fd = (int)syscall(SYS_pidfd_open, pids.v[i], 0);

		if (fd >= 0)
			vec_push(&l->priv->asked_fds, fd);
	}
	vec_done(&pids);
}

/* Those that outlive the workload have the same time to end. A signal to profd cuts it
 * short. */
static void insist(struct launch *l)
{
	struct launch_private *p = l->priv;
	struct pollfd fds[2] = {{.fd = -1, .events = POLLIN},
				{.fd = l->signalfd, .events = POLLIN}};

	for (uint32_t i = 0; i < p->asked_fds.n; i++) {
		uint64_t now = clock_now_ns();
		int ms = now < p->deadline_ns
				 ? (int)((p->deadline_ns - now) / 1000000 + 1)
				 : 0;

		fds[0].fd = p->asked_fds.v[i];
		fds[0].revents = 0;
		poll(fds, ARRAY_SIZE(fds), ms);
		if (!fds[0].revents)
			syscall(SYS_pidfd_send_signal, fds[0].fd, SIGKILL, NULL, 0);
		close(fds[0].fd);
	}
	vec_done(&p->asked_fds);
}

/* First ask, then insist. */
static int deadline_signal(struct launch *l)
{
	struct launch_private *p = l->priv;
	uint64_t now = clock_now_ns();
	int sig = p->asked ? SIGKILL : SIGTERM;

	if (!p->deadline_ns || now < p->deadline_ns)
		return 0;
	p->asked = true;
	p->deadline_ns = now + KILL_AFTER_NS;
	return sig;
}

static void check_deadline(struct launch *l)
{
	int sig = l->reaped ? 0 : deadline_signal(l);

	if (!sig)
		return;
	if (sig == SIGTERM)
		remember_asked(l);
	launch_kill(l, sig);
	/* A stopped process takes SIGTERM only when it goes on. */
	if (sig == SIGTERM)
		launch_kill(l, SIGCONT);
	l->timed_out = true;
}

int launch_overdue(struct launch *l)
{
	int sig = deadline_signal(l);

	l->overdue |= sig != 0;
	return sig;
}

bool launch_tick(struct launch *l)
{
	pass_signals(l);
	check_deadline(l);
	return reap(l);
}

void launch_wait(struct launch *l)
{
	struct pollfd fds[] = {{.fd = l->pidfd, .events = POLLIN},
			       {.fd = l->signalfd, .events = POLLIN}};

	while (!launch_tick(l))
		poll(fds, ARRAY_SIZE(fds), TICK_MS);
}

void launch_done(struct launch *l)
{
	struct launch_private *p = l->priv;

	if (!p)
		return;
	insist(l);
	if (p->go_fd >= 0)
		close(p->go_fd);
	if (p->error_fd >= 0)
		close(p->error_fd);
	/* Without its byte the child exits by itself; wait so that no zombie stays. */
	if (!l->reaped && p->go_fd >= 0)
		waitpid(l->pid, &l->status, 0);
	if (l->pidfd >= 0)
		close(l->pidfd);
	if (l->signalfd >= 0)
		close(l->signalfd);
	/* What came while the artifacts were written must not turn the workload's status
	 * into ours now. */
	pass_signals(l);
	io_restore_files(&p->old_files);
	sigaction(SIGPIPE, &p->old_pipe, NULL);
	sigaction(SIGXFSZ, &p->old_fsize, NULL);
	sigaction(SIGCHLD, &p->old_child, NULL);
	sigprocmask(SIG_SETMASK, &p->old_mask, NULL);
	free(p->command);
	free(p);
	l->priv = NULL;
}

void launch_die_alike(int status)
{
	struct rlimit none = {0, 0};
	sigset_t one;

	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	/* The workload's core is the one worth having. */
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	signal(WTERMSIG(status), SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, WTERMSIG(status));
	raise(WTERMSIG(status));
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	_exit(128 + WTERMSIG(status));
}
