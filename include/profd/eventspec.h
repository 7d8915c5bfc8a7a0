#pragma once
/* What the user may ask to be sampled or counted, by name: `-e NAME[,NAME…]`, `{a,b}` for
 * a group (perf-list(1), "EVENT MODIFIERS", "EVENT GROUPS"). Two steps: eventlist_parse
 * takes the text apart and touches nothing outside; eventspec_encode finds what the
 * kernel calls it. One thread at a time (libpfm4 keeps a state per process). */
#include <stdbool.h>
#include <stdint.h>

#include <profd/error.h>

#define EVENTLIST_MAX 32 /* events; every one costs the workload at each fork */
#define EVENTLIST_TEXT_MAX_BYTES 4096 /* of one list */
#define EVENTSPEC_NAME_MAX_BYTES 200
/* Five minutes of 4 GHz. Sums of such periods fit into 63 bits; a capture may have none
 * larger. */
#define EVENTSPEC_PERIOD_MAX (1ull << 40)

enum eventspec_kind {
	EVENTSPEC_CLOCK, /* the kernel's cpu-clock and task-clock: it counts nanoseconds */
	EVENTSPEC_SOFTWARE, /* counted by the kernel: page-faults … */
	EVENTSPEC_HARDWARE, /* counted by a PMU */
	EVENTSPEC_TRACEPOINT,
};

struct eventspec {
	char *text; /* as written, with the modifiers of its group */
	char *name; /* without profd's own modifiers */
	char *label; /* with those of levels and precision only: what the event is called */
	uint32_t group; /* 0: none; members of one group have the same number, in a row */
	bool user, kernel, hv; /* of :u :k :h; none of them: all levels */
	uint8_t precise;       /* :p … :ppp, perf_event_attr.precise_ip */
	uint64_t period;       /* :period=N, else 0 */
	uint32_t hz;	       /* :freq=N, else 0 */

	/* by eventspec_encode */
	bool encoded;
	enum eventspec_kind kind;
	uint32_t type; /* of struct perf_event_attr, perf_event_open(2); so the next */
	uint64_t config, config1, config2;
	bool exclude_user, exclude_kernel, exclude_hv;
};

struct eventlist {
	struct eventspec *v; /* [n] */
	uint32_t n, cap;
	uint32_t ngroups;
};

/* Appends the events of @text. Returns 0; -EINVAL when it is no list of names, -E2BIG
 * beyond a limit above; then nothing is appended. */
int eventlist_parse(struct eventlist *l, const char *text, struct error *err);
/* Encodes all. Stops at the first that fails, with its code. */
int eventlist_encode(struct eventlist *l, struct error *err);
void eventlist_done(struct eventlist *l);

/* Sets all behind `encoded`. In this order a name is: raw (`r` and hexadecimal digits), a
 * software event by perf's names, whatever libpfm4 knows, a tracepoint `subsystem:name`.
 * Returns 0; -EINVAL: no such event, err's hint has the nearest names; or a modifier that
 * does not fit; -ENOENT: a known event that this machine does not have; -EACCES: a
 * tracepoint, and this user may not look it up. */
int eventspec_encode(struct eventspec *e, struct error *err);
/* True for events that only happen while the kernel runs: without its side they count
 * nothing. */
bool eventspec_kernel_only(const struct eventspec *e);
/* "ns" for a clock, else "". */
const char *eventspec_unit(const struct eventspec *e);
