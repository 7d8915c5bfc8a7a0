/* Where profd runs (a CI system, a container), and what is to be done there about each
 * wall. A remedy is a sentence and lines to copy; they differ by place because the
 * setting is elsewhere: a container's is the host's, a hosted runner's virtual machine is
 * one's own. */
#include <profd/doctor.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <profd/io.h>
#include <profd/mem.h>

const char *place_ci_name(enum place_ci c)
{
	static const char *const names[] = {
		[CI_NONE] = NULL,	    [CI_GITHUB] = "GitHub Actions",
		[CI_GITLAB] = "GitLab CI",  [CI_JENKINS] = "Jenkins",
		[CI_OTHER] = "a CI system",
	};

	return names[c];
}

const char *place_container_name(enum place_container b)
{
	static const char *const names[] = {
		[BOX_NONE] = NULL,	     [BOX_DOCKER] = "Docker",
		[BOX_PODMAN] = "Podman",     [BOX_KUBERNETES] = "Kubernetes",
		[BOX_OTHER] = "a container",
	};

	return names[b];
}

static bool set(const char *name)
{
	const char *v = getenv(name);

	return v && *v;
}

/* The value of ID= in os-release(5). */
static void read_os(char *buf, size_t size)
{
	_cleanup_free_ char *data = NULL;
	size_t n, pos = 0, len;
	const char *line;

	buf[0] = '\0';
	if (io_slurp("/etc/os-release", 65536, &data, &n) < 0)
		return;
	while (io_line(data, n, &pos, &line, &len)) {
		if (len < 4 || memcmp(line, "ID=", 3))
			continue;
		line += 3;
		len -= 3;
		if (len > 2 && line[0] == '"') {
			line++;
			len -= 2;
		}
		snprintf(buf, size, "%.*s", (int)len, line);
	}
}

void place_detect(struct place *ret)
{
	static const struct {
		const char *variable;
		enum place_ci ci;
	} cis[] = {{"GITHUB_ACTIONS", CI_GITHUB},
		   {"GITLAB_CI", CI_GITLAB},
		   {"JENKINS_URL", CI_JENKINS},
		   {"CI", CI_OTHER}};
	static const struct {
		const char *sign;
		enum place_container box;
	} boxes[] = {
		/* Its nodes' runtime may leave a file, too. */
		{"KUBERNETES_SERVICE_HOST", BOX_KUBERNETES},
		{"/run/.containerenv", BOX_PODMAN},
		{"/.dockerenv", BOX_DOCKER},
		{"container", BOX_OTHER}}; /* systemd's, lxc's and others' variable */

	*ret = (struct place){0};
	for (size_t i = 0; i < ARRAY_SIZE(cis) && !ret->ci; i++) {
		if (!set(cis[i].variable))
			continue;
		ret->ci = cis[i].ci;
		snprintf(ret->ci_sign, sizeof(ret->ci_sign), "%s", cis[i].variable);
	}
	for (size_t i = 0; i < ARRAY_SIZE(boxes) && !ret->box; i++) {
		const char *sign = boxes[i].sign;

		if (sign[0] == '/' ? access(sign, F_OK) < 0 : !set(sign))
			continue;
		ret->box = boxes[i].box;
		snprintf(ret->box_sign, sizeof(ret->box_sign), "%s", sign);
	}
	read_os(ret->os, sizeof(ret->os));
}

/* --- remedies ----------------------------------------------------------------------- */

static void say(struct remedy *r, const char *text)
{
	size_t used = strlen(r->text);

	snprintf(r->text + used, sizeof(r->text) - used, "%s%s", used ? "; " : "", text);
}

static void command(struct remedy *r, const char *text)
{
	if (r->ncommands < REMEDY_COMMANDS_MAX)
		snprintf(r->commands[r->ncommands++], sizeof(r->commands[0]), "%s", text);
}

/* As root: with sudo(8) for anybody else. */
static void as_root(struct remedy *r, const struct doctor *d, const char *text)
{
	char line[sizeof(r->commands[0])];

	if (d->settings.user_namespace && !d->settings.uid && !strstr(r->text, "host"))
		say(r, "root of this user namespace may not: on the host");
	snprintf(line, sizeof(line), "%s%s", d->settings.uid ? "sudo " : "", text);
	command(r, line);
}

/* A container is started with @flag of docker-run(1), or its like in the CI system's
 * file. @list: the key of GitLab's runner configuration that it becomes, whole. */
static void container_flag(struct remedy *r, const struct doctor *d, const char *flag,
			   const char *gitlab)
{
	char line[sizeof(r->commands[0])];

	switch (d->place.ci) {
	case CI_GITHUB:
		say(r, "give the job's container the option");
		snprintf(line, sizeof(line), "container: {image: IMAGE, options: %s}",
			 flag);
		break;
	case CI_GITLAB:
		say(r, "in the runner's config.toml, under [runners.docker]");
		snprintf(line, sizeof(line), "%s", gitlab);
		break;
	case CI_JENKINS:
		say(r, "give the agent's container the option");
		snprintf(line, sizeof(line),
			 "agent { docker { image 'IMAGE'; args '%s' } }", flag);
		break;
	default:
		say(r, "start the container with the option");
		snprintf(line, sizeof(line), "%s run %s IMAGE COMMAND",
			 d->place.box == BOX_PODMAN ? "podman" : "docker", flag);
	}
	command(r, line);
}

static void container_capability(struct remedy *r, const struct doctor *d,
				 const char *name)
{
	char flag[128], gitlab[64];

	/* Who is not root in the container has it in the bounding set only:
	 * capabilities(7). */
	if (d->settings.uid)
		say(r, "only root in the container gets what is added");
	if (d->place.box == BOX_KUBERNETES) {
		say(r, "add the capability to the container's securityContext; the Pod "
		       "Security levels baseline and restricted forbid it");
		snprintf(flag, sizeof(flag),
			 "securityContext: {%scapabilities: {add: [\"%s\"]}}",
			 d->settings.uid ? "runAsUser: 0, " : "", name);
		command(r, flag);
		return;
	}
	snprintf(flag, sizeof(flag), "--cap-add %s%s", name,
		 d->settings.uid ? " --user 0" : "");
	snprintf(gitlab, sizeof(gitlab), "cap_add = [\"%s\"]", name);
	container_flag(r, d, flag, gitlab);
}

static void remedy_paranoid(struct remedy *r, const struct doctor *d)
{
	if (d->place.box) {
		say(r, "the setting is the host's, and CAP_PERFMON (Linux 5.8) does "
		       "without it");
		container_capability(r, d, "PERFMON");
		return;
	}
	if (d->place.ci == CI_GITHUB) {
		say(r, "a step before the recording");
		command(r, "- run: sudo sysctl kernel.perf_event_paranoid=0");
		return;
	}
	if (d->place.ci == CI_GITLAB || d->place.ci == CI_JENKINS)
		say(r, "once on the machine that runs the jobs, as root");
	else
		say(r, "until the next start; the second line keeps it. 2 is enough for "
		       "user code, 1 for the kernel's part, 0 for short-lived processes");
	as_root(r, d, "sysctl kernel.perf_event_paranoid=0");
	command(r, d->settings.uid ? "echo kernel.perf_event_paranoid=0 | sudo tee "
				     "/etc/sysctl.d/60-profd.conf"
				   : "echo kernel.perf_event_paranoid=0 "
				     ">/etc/sysctl.d/60-profd.conf");
}

static void remedy_seccomp(struct remedy *r, const struct doctor *d)
{
	if (d->place.box) {
		say(r, "the container's seccomp profile allows the call to those who "
		       "have CAP_PERFMON (Docker since 23)");
		container_capability(r, d, "PERFMON");
		return;
	}
	say(r, "whatever started this process filters its system calls (for a service of "
	       "systemd, SystemCallFilter=): let it allow perf_event_open");
}

static void remedy_memlock(struct remedy *r, const struct doctor *d)
{
	say(r, "buffers come out of kernel.perf_event_mlock_kb for each CPU and of "
	       "'ulimit -l': end other profilers of this user, or raise one");
	if (d->place.box && d->place.box != BOX_KUBERNETES)
		container_flag(r, d, "--ulimit memlock=-1",
			       "ulimit = {memlock = \"-1\"}");
	else
		as_root(r, d, "sysctl kernel.perf_event_mlock_kb=8256");
}

static void remedy_files(struct remedy *r, const struct doctor *d)
{
	say(r, "one event takes a file for each CPU");
	if (d->place.box && d->place.box != BOX_KUBERNETES)
		container_flag(r, d, "--ulimit nofile=65536",
			       "ulimit = {nofile = \"65536\"}");
	else
		command(r, "ulimit -n 65536");
}

static void remedy_pmu(struct remedy *r, const struct doctor *d)
{
	say(r, "profd samples by the kernel's clock instead. Hardware events need a "
	       "machine that passes its counters on");
	if (d->place.ci == CI_GITHUB) {
		say(r, "among the hosted runners those for Arm do");
		command(r, "runs-on: ubuntu-24.04-arm");
	}
}

static void remedy_busy(struct remedy *r, const struct doctor *d)
{
	say(r, "end other profilers; the kernel's watchdog takes a counter, too");
	as_root(r, d, "sysctl kernel.nmi_watchdog=0");
}

static void remedy_yama(struct remedy *r, const struct doctor *d)
{
	if (d->settings.yama.known && d->settings.yama.value == 3) {
		say(r, "kernel.yama.ptrace_scope is 3, which stays until the next start");
		return;
	}
	say(r, d->place.box ? "the setting is the host's: there, as root"
			    : "1 lets a process trace what it started");
	as_root(r, d, "sysctl kernel.yama.ptrace_scope=1");
}

static void remedy_syslog(struct remedy *r, const struct doctor *d)
{
	say(r, "names of the kernel's functions need CAP_SYSLOG here");
	if (d->place.box)
		container_capability(r, d, "SYSLOG");
}

/* kernel/kallsyms.c, kallsyms_show_value(): with kptr_restrict 0, whoever may profile the
 * kernel sees them, else whoever has CAP_SYSLOG; with 1 CAP_SYSLOG; with 2 nobody. */
static void remedy_kptr(struct remedy *r, const struct doctor *d)
{
	const struct settings *s = &d->settings;

	if (d->place.box) {
		remedy_syslog(r, d);
		return;
	}
	say(r, "for the names of the kernel's functions");
	if (s->kptr_restrict.known && s->kptr_restrict.value > 0)
		as_root(r, d, "sysctl kernel.kptr_restrict=0");
	if (s->uid && s->paranoid.known && s->paranoid.value > 1)
		as_root(r, d, "sysctl kernel.perf_event_paranoid=1");
}

static void remedy_debug(struct remedy *r, const struct doctor *d)
{
	say(r, "functions inside the C library are called libc.so.6+0xADDRESS until its "
	       "debug file is there");
	if (!strcmp(d->place.os, "debian") || !strcmp(d->place.os, "ubuntu"))
		as_root(r, d, "apt-get install -y libc6-dbg");
	else if (!strcmp(d->place.os, "fedora") || !strcmp(d->place.os, "rhel") ||
		 !strcmp(d->place.os, "centos"))
		as_root(r, d, "dnf debuginfo-install -y glibc");
	else
		command(r, "export DEBUGINFOD_URLS=https://debuginfod.elfutils.org/");
}

static void remedy_text(struct remedy *r, const struct doctor *d)
{
	switch (r->wall) {
	case WALL_PARANOID:
		remedy_paranoid(r, d);
		break;
	case WALL_SECCOMP:
		remedy_seccomp(r, d);
		break;
	case WALL_SECURITY:
		say(r, "neither a filter nor perf_event_paranoid explains the refusal: "
		       "look for a security module's line in the kernel's log");
		as_root(r, d, "dmesg | grep -i -e avc -e lockdown -e perf");
		break;
	case WALL_SANDBOX:
		say(r, "the kernel, or the sandbox that plays one (gVisor and the like), "
		       "does not have the call: run the job under another runtime");
		break;
	case WALL_CAPABILITY:
		remedy_syslog(r, d);
		break;
	case WALL_NO_PMU:
	case WALL_SILENT:
		remedy_pmu(r, d);
		break;
	case WALL_BUSY:
		remedy_busy(r, d);
		break;
	case WALL_MEMLOCK:
		remedy_memlock(r, d);
		break;
	case WALL_FILES:
		remedy_files(r, d);
		break;
	case WALL_OLD_KERNEL:
		say(r, "profd needs Linux 5.10 or newer");
		break;
	case WALL_TRACEFS:
		say(r, "needed for tracepoints only");
		as_root(r, d, "mount -t tracefs tracefs /sys/kernel/tracing");
		break;
	case WALL_YAMA:
		remedy_yama(r, d);
		break;
	case WALL_KPTR:
		remedy_kptr(r, d);
		break;
	case WALL_DEBUG_FILES:
		remedy_debug(r, d);
		break;
	default:
		break;
	}
}

void remedy_add(struct doctor *d, enum wall w, bool needed)
{
	struct remedy *r;

	for (uint32_t i = 0; i < d->remedies.n; i++) {
		if (d->remedies.v[i].wall == w) {
			d->remedies.v[i].needed |= needed;
			return;
		}
	}
	r = vec_add(&d->remedies);
	r->wall = w;
	r->needed = needed;
	remedy_text(r, d);
	if (!r->text[0])
		d->remedies.n--;
}
