/* One process, run by the helper program: starting the helper, what it tells, and that in
 * words. */
#include "bench-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct words {
	VEC(char *) list;
};

static void word_add(struct words *w, char *word)
{
	vec_push(&w->list, word);
}

static void request_write(struct words *w, const struct child_spec *s)
{
	word_add(w, xstrdup(HELPER_NAME));
	if (s->dir)
		word_add(w, xasprintf("dir=%s", s->dir));
	if (s->timeout_ns)
		word_add(w, xasprintf("timeout=%llu", (unsigned long long)s->timeout_ns));
	if (s->cpus)
		word_add(w, xasprintf("cpus=%s", s->cpus));
	if (s->nice)
		word_add(w, xasprintf("nice=%d", s->nice));
	if (s->no_aslr)
		word_add(w, xstrdup("aslr=off"));
	if (s->hold)
		word_add(w, xstrdup("hold=1"));
	word_add(w, xstrdup("--"));
	for (char *const *arg = s->argv; *arg; arg++)
		word_add(w, xstrdup(*arg));
	word_add(w, NULL);
}

static void words_done(struct words *w)
{
	for (uint32_t i = 0; i < w->list.n; i++)
		free(w->list.v[i]);
	vec_done(&w->list);
}

/* Standard signals as a program expects them, whatever profd was started with; no other
 * file of profd's or its parent's is open. In a session of its own, which the terminal's
 * Ctrl-C does not reach: profd tells the helper. */
static int spawn(pid_t *ret_pid, const struct child_spec *s, char *const argv[],
		 int control)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int code;

	sigemptyset(&none);
	sigfillset(&all);
	sigdelset(&all, SIGKILL);
	sigdelset(&all, SIGSTOP);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_SETSID);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, s->output_fd, 1);
	posix_spawn_file_actions_adddup2(&files, s->output_fd, 2);
	posix_spawn_file_actions_adddup2(&files, control, HELPER_FD);
	posix_spawn_file_actions_addclosefrom_np(&files, HELPER_FD + 1);
	code = posix_spawn(ret_pid, s->helper, &files, &attr, argv, s->env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return -code;
}

int child_start(struct child *c, const struct child_spec *s, struct error *err)
{
	struct words argv = {0};
	int fds[2], control, code;

	*c = (struct child){.control = -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return error_set(err, -errno, "cannot make a socket: %s",
				 strerror(errno));
	/* Out of the way of 0 to 3: dup2(2) onto itself would keep FD_CLOEXEC. */
	control = fcntl(fds[1], F_DUPFD_CLOEXEC, 10);
	close(fds[1]);
	request_write(&argv, s);
	code = control < 0 ? -errno : spawn(&c->helper, s, argv.list.v, control);
	words_done(&argv);
	if (control >= 0)
		close(control);
	if (code < 0) {
		close(fds[0]);
		c->helper = 0;
		error_set(err, code, "cannot run '%s': %s", s->helper, strerror(-code));
		if (code == -E2BIG)
			error_hint(err, "pass the arguments in a file, or raise "
					"'ulimit -s'");
		return code;
	}
	c->control = fds[0];
	return 0;
}

int child_feed(struct child *c, struct error *err)
{
	struct helper_message m;
	ssize_t n = recv(c->control, &m, sizeof(m), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n != (ssize_t)sizeof(m) ||
	    (m.kind != HELPER_HELD && m.kind != HELPER_REPORT)) {
		error_set(err, -EPROTO, "the program that starts workloads, %s, %s",
			  HELPER_NAME,
			  n > 0 ? "is of another version" : "ended unexpectedly");
		error_hint(err, n > 0 ? "install profd anew"
				      : "was it killed, for want of memory?");
		return -EPROTO;
	}
	if (m.kind == HELPER_HELD) {
		c->held = m.pid;
		return 0;
	}
	c->report = m;
	c->ended = true;
	return 0;
}

void child_tell(const struct child *c, char order)
{
	if (c->helper && !c->ended)
		send(c->control, &order, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Closing its socket has the helper kill all and exit. */
void child_done(struct child *c)
{
	int status;

	if (!c->helper)
		return;
	close(c->control);
	while (waitpid(c->helper, &status, 0) < 0 && errno == EINTR)
		;
	c->helper = 0;
	c->control = -1;
}

char **command_argv(const struct config_command *c)
{
	uint32_t n = c->text ? 3 : c->argc;
	char **argv = xcalloc(n + 1, sizeof(*argv));

	if (c->text) {
		argv[0] = (char *)"/bin/sh";
		argv[1] = (char *)"-c";
		argv[2] = (char *)c->text;
		return argv;
	}
	for (uint32_t i = 0; i < n; i++)
		argv[i] = (char *)c->argv[i];
	return argv;
}

/* --- in words ----------------------------------------------------------------------- */

static void exec_failed(const struct child_spec *s, int code, struct error *err)
{
	const char *name = s->argv[0];
	_cleanup_free_ char *path = name[0] == '/' || !s->dir
					    ? xstrdup(name)
					    : xasprintf("%s/%s", s->dir, name);
	struct stat st;
	bool there = strchr(name, '/') && stat(path, &st) == 0;

	error_set(err, -code, "cannot run '%s': %s", name,
		  code != ENOENT ? strerror(code)
		  : there	 ? "its interpreter was not found"
				 : "not found");
	if (code == EACCES && there && S_ISDIR(st.st_mode))
		error_hint(err, "it is a directory");
	else if (code == EACCES)
		error_hint(err, "it is not executable for this user");
	else if (code == ENOENT && !strchr(name, '/'))
		error_hint(err,
			   "it is not in PATH; a program in the folder it runs in is "
			   "'./%s'",
			   name);
	else if (code == ENOENT && !there)
		error_hint(err, "it is looked for in '%s'", s->dir ? s->dir : ".");
}

static void status_in_words(int status, struct error *err)
{
	const char *abbreviation = sigabbrev_np(WTERMSIG(status));

	if (!WIFSIGNALED(status))
		error_set(err, -ECHILD, "exit status %d", WEXITSTATUS(status));
	else if (abbreviation)
		error_set(err, -ECHILD, "killed by SIG%s", abbreviation);
	else
		error_set(err, -ECHILD, "killed by signal %d", WTERMSIG(status));
}

bool child_ended_well(const struct child *c, const struct child_spec *s,
		      struct error *ret_why)
{
	const struct helper_message *m = &c->report;

	if (m->stage == HELPER_DIR)
		error_set(ret_why, -m->code, "cannot run in '%s': %s", s->dir,
			  strerror(m->code));
	else if (m->stage == HELPER_EXEC)
		exec_failed(s, m->code, ret_why);
	else if (m->stage == HELPER_FORK)
		error_set(ret_why, -m->code, "cannot start a process: %s",
			  strerror(m->code));
	else if (m->timed_out)
		error_set(ret_why, -ETIMEDOUT, "no end within %g s",
			  (double)s->timeout_ns / 1e9);
	else if (m->status)
		status_in_words(m->status, ret_why);
	else
		return true;
	return false;
}
