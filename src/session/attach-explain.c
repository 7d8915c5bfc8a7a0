/* Whose wall it is when sampling something that runs already is not allowed. */
#include "attach-priv.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* ptrace(2), "Ptrace access mode checking", PTRACE_MODE_READ_REALCREDS: in its order. Yama has no say in
 * reading. */
static void explain_target(const struct attach_target *t, struct error *err)
{
	_cleanup_free_ char *file = xasprintf("/proc/%u/stat", t->pid);
	_cleanup_free_ char *comm = comm_of(t->pid);
	uint64_t id[3] = {0};
	int code = err->code;
	struct stat st;
	bool other = false, group = false;

	for (unsigned i = 0; i < 3; i++) {
		if (status_number(t->pid, "Uid:", i + 1, &id[i]))
			other |= id[i] != getuid();
	}
	for (unsigned i = 1; i <= 3; i++) {
		uint64_t gid;

		if (status_number(t->pid, "Gid:", i, &gid))
			group |= gid != getgid();
	}
	if (other)
		error_set(err, code,
			  "process %u (%s) is user %llu's, and profd runs as %u", t->pid,
			  comm, (unsigned long long)id[1], (unsigned)getuid());
	/* Its files are root's then (proc(5)); the folder is not. */
	else if (stat(file, &st) == 0 && st.st_uid != geteuid())
		error_set(err, code,
			  "process %u (%s) has closed itself to other programs of its "
			  "user (file capabilities, set-user-ID, or PR_SET_DUMPABLE)",
			  t->pid, comm);
	else if (group)
		error_set(err, code, "process %u (%s) runs with another group than profd",
			  t->pid, comm);
	else
		error_set(err, code,
			  "process %u (%s) has rights that profd lacks: it is in another "
			  "container or user namespace, or a security module guards it",
			  t->pid, comm);
	error_hint(err, other ? "run profd as that user, as root, or with CAP_PERFMON"
			      : "run profd as root outside of containers, or with "
				"CAP_PERFMON and CAP_SYS_PTRACE");
}

void attach_explain(const struct attach *a, struct error *err)
{
	if ((err->code != -EACCES && err->code != -EPERM) || sampler_may_watch(0) < 0)
		return;
	for (size_t i = 0; i < a->ntargets; i++) {
		const struct attach_target *t = &a->targets[i];
		int code = sampler_may_watch((pid_t)(t->tid ? t->tid : t->pid));

		if (code == -EACCES || code == -EPERM) {
			explain_target(t, err);
			return;
		}
	}
	if (!a->ntargets)
		error_hint(err,
			   "only root, CAP_PERFMON or kernel.perf_event_paranoid at 0 "
			   "or below allow -a and --cgroup; -p samples one's own "
			   "processes");
}
