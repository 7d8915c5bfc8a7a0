#pragma once
/* What works on this machine, what does not, which wall it was, and what to do about it
 * here: every line comes from trying it. One thread at a time. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/probe.h>
#include <profd/report.h>
#include <profd/vec.h>

struct sink;

/* What stands in the way. */
enum wall {
	WALL_NONE,
	WALL_PARANOID, /* kernel.perf_event_paranoid */
	WALL_SECCOMP,  /* a filter of system calls: a container's profile, usually */
	WALL_SECURITY, /* no filter and no setting explains it: a security module, a sandbox */
	WALL_SANDBOX, /* ENOSYS: the kernel, or what plays it (gVisor), has no such call */
	WALL_CAPABILITY,  /* of this user */
	WALL_NO_PMU,	  /* the machine shows no hardware counters */
	WALL_SILENT,	  /* it shows some, and they do not sample */
	WALL_BUSY,	  /* others have them */
	WALL_MEMLOCK,	  /* locked memory for buffers */
	WALL_FILES,	  /* open files */
	WALL_OLD_KERNEL,  /* it does not understand what profd asks for */
	WALL_TRACEFS,	  /* not mounted, or not readable */
	WALL_CGROUP,	  /* no control group can be made, or used */
	WALL_YAMA,	  /* kernel.yama.ptrace_scope */
	WALL_KPTR,	  /* the kernel hides its symbols */
	WALL_DEBUG_FILES, /* there are none of the C library */
	WALL_OTHER,	  /* an errno that is none of these */
	WALL_COUNT,
};
/* In JSON: "paranoid"; NULL for WALL_NONE. And for people: "perf_event_paranoid". */
const char *wall_id(enum wall w);
const char *wall_title(enum wall w);

enum check_state {
	CHECK_OK,
	CHECK_NO,
	CHECK_UNTRIED, /* what it needs was refused before */
};
const char *check_state_name(enum check_state s); /* "ok", "no", "untried" */

enum check_group { CHECK_SAMPLING, CHECK_REACH, CHECK_LIMITS, CHECK_PTRACE, CHECK_NAMES };
const char *check_group_name(enum check_group g); /* "Sampling" … */

struct check {
	const char *id; /* "cycles.kernel" */
	const char *title;
	enum check_group group;
	enum check_state state;
	enum wall wall;
	int code;	  /* -errno, 0: not told by one */
	char detail[256]; /* a few words; "" */
};

/* Where profd runs, and by what that was recognised. */
enum place_ci { CI_NONE, CI_GITHUB, CI_GITLAB, CI_JENKINS, CI_OTHER };
enum place_container { BOX_NONE, BOX_DOCKER, BOX_PODMAN, BOX_KUBERNETES, BOX_OTHER };
struct place {
	enum place_ci ci;
	enum place_container box;
	char ci_sign[64], box_sign[64]; /* "GITHUB_ACTIONS", "/.dockerenv"; "" */
	char os[32];			/* ID of os-release: "debian"; "" */
};
const char *place_ci_name(enum place_ci c);
const char *place_container_name(enum place_container b);
void place_detect(struct place *ret);

/* A setting that could not be read: no value. */
struct setting {
	bool known;
	int64_t value;
};

struct settings {
	struct setting paranoid, mlock_kb, max_sample_rate, kptr_restrict, yama;
	struct setting seccomp, no_new_privs; /* of /proc/self/status */
	uint64_t capabilities;		      /* effective ones */
	bool capabilities_known;
	bool user_namespace; /* not the first one */
	uint32_t uid;
	uint64_t files_soft, files_hard, memlock_bytes; /* UINT64_MAX: no limit */
	char clocksource[32];				/* "" */
};

#define REMEDY_COMMANDS_MAX 4
struct remedy {
	enum wall wall;
	bool needed; /* for any profile at all; else for a better one */
	char text[400];
	char commands[REMEDY_COMMANDS_MAX][160];
	unsigned ncommands;
};

struct doctor {
	bool works;  /* `profd record` would yield a profile */
	bool ptrace; /* … by stopping threads, since perf_event_open(2) does not work */
	struct probe_recording recording;
	struct error why_not; /* its own sentence when perf_event_open(2) does not work */
	struct place place;
	struct settings settings;
	struct host host;
	VEC(struct check) checks;
	VEC(struct remedy) remedies;
};

/* Tries everything: some 100 ms. */
void doctor_examine(struct doctor *d);
void doctor_done(struct doctor *d);
/* schema profd.doctor/1, described in profd-doctor(1). */
void doctor_json(const struct doctor *d, struct sink *out);

/* --- parts, for tests --------------------------------------------------------------- */

/* Which wall a refusal of perf_event_open(2) was. @kernel, @whole_cpus: what was asked
 * for beyond one's own user code. @hardware: the event counts on the PMU. @least: what
 * probe_least said. */
struct refusal {
	int code;
	bool kernel, whole_cpus, hardware;
	int least;
};
enum wall wall_of(const struct refusal *r, const struct settings *s);
/* Adds what to do about @w at @p, for somebody with these settings. */
void remedy_add(struct doctor *d, enum wall w, bool needed);
