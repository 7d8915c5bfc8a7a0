/* fork, exec, and taking what comes until it has ended. */
#include <profd/tool.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <profd/io.h>
#include <profd/mem.h>

#include "bench-priv.h"

#define OUT_MAX_BYTES (1u << 20)
#define WAIT_MS 100 /* something it left behind may hold the pipes open */

/* What binds git to another repository than the one it is run in: set by hooks, and by who
 * runs profd from one (git(1), "The Git Repository"). */
static const char *const git_variables[] = {
	"GIT_DIR",
	"GIT_WORK_TREE",
	"GIT_INDEX_FILE",
	"GIT_COMMON_DIR",
	"GIT_OBJECT_DIRECTORY",
	"GIT_ALTERNATE_OBJECT_DIRECTORIES",
	"GIT_NAMESPACE",
	"GIT_PREFIX",
	"GIT_SHALLOW_FILE",
	"GIT_CONFIG_PARAMETERS",
	"GIT_CONFIG_COUNT",
};

struct pipes {
	int out[2], errors[2], failed[2];
};

static void pipes_close(struct pipes *p)
{
	int *all[] = {p->out, p->errors, p->failed};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		for (unsigned k = 0; k < 2; k++) {
			if (all[i][k] >= 0)
				close(all[i][k]);
			all[i][k] = -1;
		}
	}
}

static int pipes_open(struct pipes *p)
{
	*p = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
	if (pipe2(p->out, O_CLOEXEC) == 0 && pipe2(p->errors, O_CLOEXEC) == 0 &&
	    pipe2(p->failed, O_CLOEXEC) == 0) {
		fcntl(p->out[0], F_SETFL, O_NONBLOCK);
		fcntl(p->errors[0], F_SETFL, O_NONBLOCK);
		return 0;
	}
	pipes_close(p);
	return -EMFILE;
}

static void __attribute__((noreturn)) child(const struct tool *t, const struct pipes *p)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), code;
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(t->out ? p->out[1] : p->errors[1], STDOUT_FILENO);
	dup2(p->errors[1], STDERR_FILENO);
	for (size_t i = 0; i < ARRAY_SIZE(git_variables); i++)
		unsetenv(git_variables[i]);
	for (size_t i = 0; t->env && t->env[i]; i++)
		putenv((char *)t->env[i]);
	if (!t->cwd || chdir(t->cwd) == 0)
		execvp(t->argv[0], (char *const *)t->argv);
	code = errno;
	code = write(p->failed[1], &code, sizeof(code)) < 0;
	_exit(127 + code);
}

static void keep_end(struct text *t)
{
	size_t over;

	if (t->len <= 2 * TOOL_TAIL_BYTES)
		return;
	over = t->len - TOOL_TAIL_BYTES;
	memmove(t->s, t->s + over, t->len - over + 1);
	t->len -= over;
}

/* Returns 0 at the end of it, 1 else, or -EFBIG. */
static int take(const struct tool *t, int fd, bool is_out)
{
	char buf[16384];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		if (is_out) {
			text_addn(t->out, buf, (size_t)n);
			if (t->out->len > (t->out_max ? t->out_max : OUT_MAX_BYTES))
				return -EFBIG;
			continue;
		}
		if (t->log_fd > 0)
			io_write(t->log_fd, buf, (size_t)n);
		if (t->errors) {
			text_addn(t->errors, buf, (size_t)n);
			keep_end(t->errors);
		}
	}
	return n == 0 ? 0 : 1;
}

/* Until the program has ended, and what it wrote by then is read. */
static int follow(const struct tool *t, const struct pipes *p, pid_t pid, int *ret_status)
{
	struct pollfd fds[] = {{p->out[0], POLLIN, 0},
			       {p->errors[0], POLLIN, 0},
			       {interrupt_fd(), POLLIN, 0}};
	bool ended = false;
	int code = 0;

	while (code >= 0 && !ended) {
		poll(fds, ARRAY_SIZE(fds), WAIT_MS);
		ended = waitpid(pid, ret_status, WNOHANG) == pid;
		for (unsigned i = 0; i < 2 && code >= 0; i++) {
			code = take(t, i ? p->errors[0] : p->out[0], i == 0);
			if (code == 0)
				fds[i].fd = -1;
		}
		if (code >= 0 && bench_interrupted())
			code = -EINTR;
	}
	if (ended)
		return code < 0 ? code : 0;
	kill(-pid, SIGKILL);
	waitpid(pid, ret_status, 0);
	return code;
}

static int exec_failed(const struct tool *t, int fd, struct error *err)
{
	int code = 0;

	if (read(fd, &code, sizeof(code)) != sizeof(code))
		return 0;
	return error_set(err, -code, "cannot run %s: %s", t->argv[0], strerror(code));
}

int tool_run(const struct tool *t, int *ret_status, struct error *err)
{
	struct pipes p;
	pid_t pid;
	int code = pipes_open(&p);

	if (code < 0)
		return error_set(err, code, "cannot run %s: %s", t->argv[0],
				 strerror(-code));
	pid = fork();
	if (pid == 0)
		child(t, &p);
	if (pid < 0) {
		code = error_set(err, -errno, "cannot run %s: %s", t->argv[0],
				 strerror(errno));
		pipes_close(&p);
		return code;
	}
	setpgid(pid, pid);
	close(p.failed[1]);
	close(p.out[1]);
	close(p.errors[1]);
	p.failed[1] = p.out[1] = p.errors[1] = -1;
	code = exec_failed(t, p.failed[0], err);
	if (code < 0)
		waitpid(pid, ret_status, 0);
	else
		code = follow(t, &p, pid, ret_status);
	pipes_close(&p);
	if (code == -EFBIG)
		error_set(err, code, "%s wrote too much", t->argv[0]);
	else if (code == -EINTR)
		error_set(err, code, "interrupted");
	return code;
}
