/* The command hook. What it is told goes through variables and a file: a shell reads nothing
 * but what whoever configured the job wrote. */
#include <profd/ci-alert.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <profd/mem.h>
#include <profd/outcome-io.h>

#include "alert-priv.h"

static void set(const char *name, const char *value)
{
	struct text clean = {0};

	text_add_clean(&clean, value ? value : "", value ? strlen(value) : 0);
	setenv(name, text_get(&clean), 1);
	text_done(&clean);
}

static void set_number(const char *name, uint64_t value)
{
	char s[24];

	snprintf(s, sizeof(s), "%" PRIu64, value);
	set(name, value ? s : "");
}

static void set_all(const struct alert *a)
{
	const struct outcome *o = a->o;
	struct text title = {0};

	alert_title(a, &title);
	set("PROFD_ALERT_TEXT", text_get(&title));
	set("PROFD_ALERT_VERDICT", verdict_name(o->verdict));
	set("PROFD_ALERT_REPOSITORY", a->repository);
	set("PROFD_ALERT_BRANCH", o->head.branch);
	set("PROFD_ALERT_COMMIT", a->sha ? a->sha : o->head.commit);
	set("PROFD_ALERT_RUN_URL", a->run ? a->run : o->run_url);
	set("PROFD_ALERT_REPORT_URL", a->link);
	set("PROFD_ALERT_DIR", a->folder);
	set_number("PROFD_ALERT_PR", a->pr);
	text_done(&title);
}

static void __attribute__((noreturn))
child(const struct alert *a, const char *command, int verdict)
{
	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	set_all(a);
	dup2(verdict, STDIN_FILENO);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

static int wait_for(pid_t pid, int *ret_status)
{
	struct pollfd p = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
	int code = 0;

	if (p.fd >= 0 && poll(&p, 1, ALERT_COMMAND_S * 1000) == 0) {
		kill(-pid, SIGKILL);
		code = -ETIMEDOUT;
	}
	if (p.fd >= 0)
		close(p.fd);
	while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
		;
	return code;
}

int alert_command(const struct alert *a, const char *command, struct error *err)
{
	_cleanup_free_ char *path = xasprintf("%s/" OUTCOME_FILE, a->folder);
	_cleanup_close_ int verdict = open(path, O_RDONLY | O_CLOEXEC);
	int status = 0, code;
	pid_t pid;

	if (verdict < 0)
		return error_set(err, -errno, "cannot read '%s': %s", path,
				 strerror(errno));
	pid = fork();
	if (pid == 0)
		child(a, command, verdict);
	if (pid < 0)
		return error_set(err, -errno, "cannot run the command: %s",
				 strerror(errno));
	setpgid(pid, pid);
	code = wait_for(pid, &status);
	if (code < 0)
		return error_set(err, code, "the command was not done within %d s",
				 ALERT_COMMAND_S);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return error_set(err, -EIO,
			 WIFEXITED(status) ? "the command ended with status %d"
					   : "the command was killed by signal %d",
			 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}
