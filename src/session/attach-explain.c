/* Whose wall it is when sampling something that runs already is not allowed. */
#include "attach-priv.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <profd/io.h>
#include <profd/number.h>
#include <profd/ptrace-try.h>

enum wall { WALL_USER, WALL_CLOSED, WALL_GROUP, WALL_OTHER };

/* ptrace(2), "Ptrace access mode checking", for reading and for stopping: in its order.
 * Yama comes after it, and has no say in reading. */
static enum wall find_wall(const struct attach_target *t, uint64_t *ret_user)
{
	_cleanup_free_ char *file = xasprintf("/proc/%u/stat", t->pid);
	uint64_t id[3] = {0};
	bool user = false, group = false;
	struct stat st;

	for (unsigned i = 0; i < 3; i++) {
		if (status_number(t->pid, "Uid:", i + 1, &id[i]))
			user |= id[i] != getuid();
	}
	for (unsigned i = 1; i <= 3; i++) {
		uint64_t gid;

		if (status_number(t->pid, "Gid:", i, &gid))
			group |= gid != getgid();
	}
	*ret_user = id[1];
	if (user)
		return WALL_USER;
	/* Its files are root's then (proc(5)); the folder is not. */
	if (stat(file, &st) == 0 && st.st_uid != geteuid())
		return WALL_CLOSED;
	return group ? WALL_GROUP : WALL_OTHER;
}

static void explain_target(const struct attach_target *t, const char *right,
			   struct error *err)
{
	_cleanup_free_ char *comm = comm_of(t->pid);
	int code = err->code;
	uint64_t user;
	enum wall wall = find_wall(t, &user);

	switch (wall) {
	case WALL_USER:
		error_set(err, code,
			  "process %u (%s) is user %llu's, and profd runs as %u", t->pid,
			  comm, (unsigned long long)user, (unsigned)getuid());
		break;
	case WALL_CLOSED:
		error_set(err, code,
			  "process %u (%s) has closed itself to other programs of its "
			  "user (file capabilities, set-user-ID, or PR_SET_DUMPABLE)",
			  t->pid, comm);
		break;
	case WALL_GROUP:
		error_set(err, code, "process %u (%s) runs with another group than profd",
			  t->pid, comm);
		break;
	case WALL_OTHER:
		error_set(err, code,
			  "process %u (%s) has rights that profd lacks: it is in another "
			  "container or user namespace, or a security module guards it",
			  t->pid, comm);
		break;
	}
	if (wall == WALL_USER)
		error_hint(err, "run profd as that user, as root, or with %s", right);
	else
		error_hint(err, "run profd as root outside of containers, or with "
				"CAP_PERFMON and CAP_SYS_PTRACE");
}

bool attach_explain(const struct attach *a, struct error *err)
{
	if ((err->code != -EACCES && err->code != -EPERM) || sampler_may_watch(0) < 0)
		return false;
	for (size_t i = 0; i < a->ntargets; i++) {
		const struct attach_target *t = &a->targets[i];
		int code = sampler_may_watch((pid_t)(t->tid ? t->tid : t->pid));

		if (code == -EACCES || code == -EPERM) {
			explain_target(t, "CAP_PERFMON", err);
			return true;
		}
	}
	if (a->ntargets)
		return false;
	error_hint(err, "only root, CAP_PERFMON or kernel.perf_event_paranoid at 0 "
			"or below allow -a and --cgroup; -p samples one's own "
			"processes");
	return true;
}

/* --- stopping ----------------------------------------------------------------------- */

/* -1: there is no Yama. */
static int yama_scope(void)
{
	_cleanup_free_ char *data = NULL;
	uint64_t scope;
	size_t n;

	if (io_slurp("/proc/sys/kernel/yama/ptrace_scope", 64, &data, &n) < 0)
		return -1;
	data[strcspn(data, "\n")] = '\0';
	return number_parse_u64(data, 0, 3, &scope) ? -1 : (int)scope;
}

/* Documentation/admin-guide/LSM/Yama.rst of Linux. */
static void explain_yama(const struct attach_target *t, int scope, struct error *err)
{
	_cleanup_free_ char *comm = comm_of(t->pid);
	int code = err->code;

	error_set(
		err, code, "process %u (%s) may not be stopped: %s", t->pid, comm,
		scope == 1 ? "Yama, with kernel.yama.ptrace_scope at 1, lets profd stop "
			     "only what it started"
		: scope == 2
			? "Yama, with kernel.yama.ptrace_scope at 2, asks profd for "
			  "CAP_SYS_PTRACE"
			: "Yama, with kernel.yama.ptrace_scope at 3, lets nobody do it");
	if (scope == 3)
		error_hint(err, "that stays until the next start of the machine; only "
				"where perf_event_open is allowed can it be sampled");
	else
		error_hint(err,
			   "run profd as root or with CAP_SYS_PTRACE (docker run "
			   "--cap-add SYS_PTRACE), set kernel.yama.ptrace_scope to 0%s",
			   scope == 1 ? ", or let 'profd record' start the program" : "");
}

/* True when nobody may be stopped here, not even a child of profd. */
static bool explain_machine(int code, struct error *err)
{
	enum ptrace_step step;
	int own = code == -EPERM || code == -EACCES ? ptrace_try(&step) : code;

	if (own == 0)
		return false;
	error_set(err, code,
		  "this machine does not let profd stop a process to look at it: %s",
		  strerror(-own));
	error_hint(err, "a container's seccomp profile has to allow ptrace and "
			"process_vm_readv: see 'profd doctor'");
	return true;
}

static bool explain_tracer(const struct attach_target *t, struct error *err)
{
	uint32_t number = t->tid ? t->tid : t->pid;
	_cleanup_free_ char *comm = comm_of(t->pid), *by = NULL;
	uint64_t tracer = 0;
	int code = err->code;

	if (!status_number(number, "TracerPid:", 1, &tracer) || !tracer)
		return false;
	by = comm_of((uint32_t)tracer);
	error_set(err, code, "process %u (%s) is traced by process %u (%s) already",
		  t->pid, comm, (unsigned)tracer, by);
	error_hint(err, "a process has one tracer at a time: end the debugger or strace");
	return true;
}

void attach_explain_stop(const struct attach_target *t, int code, struct error *err)
{
	int scope = yama_scope();
	uint64_t user;

	*err = (struct error){.code = code};
	if (code == -ESRCH || target_has_ended(t->pid, t->tid)) {
		error_set(err, -ESRCH, "%s %u has ended", t->tid ? "thread" : "process",
			  t->tid ? t->tid : t->pid);
		return;
	}
	if (explain_tracer(t, err))
		return;
	if (scope < 2 && explain_machine(code, err))
		return;
	if (scope > 0 && find_wall(t, &user) == WALL_OTHER) {
		explain_yama(t, scope, err);
		return;
	}
	explain_target(t, "CAP_SYS_PTRACE", err);
}
