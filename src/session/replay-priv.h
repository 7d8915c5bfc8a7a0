#pragma once
/* Shared by the replay's two files: replay.c reads events, answers.c keeps what stands
 * between them. */
#include <profd/replay.h>

#include "capture-priv.h"
#include "session-priv.h"

struct answer {
	enum capture_type type;
	bool taken;
	uint32_t pid;
	uint64_t addr, time_ns;
	int64_t result;
	struct objfile *obj; /* borrowed from replay->objects */
	char *data;
	size_t n;
};

struct replay {
	struct capture_reader *reader;
	char *path;
	int (*put)(void *arg, const struct capture_record *r);
	void *put_arg;
	struct session_options options;
	struct sampler_info sampler;
	struct sampler_event events[SAMPLER_EVENTS_MAX]; /* [sampler.nevents] */
	struct session_event more[SAMPLER_EVENTS_MAX];
	struct replay_state state;
	struct session *session;       /* borrowed; NULL before replay_attach */
	VEC(struct objfile *) objects; /* [id - 1], references */
	VEC(struct answer) answers;
	uint32_t first; /* answers before it are taken */
	size_t answers_bytes;
	struct pages pages;
	uint64_t now_ns;
	uint8_t *stack; /* of the sample that comes, [stack_bytes] */
	size_t stack_bytes;
	uint64_t weight, lost; /* of all events, to keep sums in their bounds */
	uint64_t heaviest;
};

/* A string of a record; NULL when it is not there. */
static inline const char *str(const struct capture_bytes *b)
{
	return (const char *)b->p;
}

extern const struct outside_ops replay_outside_ops; /* with a struct replay */

/* Takes a record that is neither an event nor about the recording. 0; negative: it
 * contradicts others or itself. */
int replay_take(struct replay *rp, const struct capture_record *r);
/* Forgets the answers that belong to an event, but not what they say of memory. */
void answers_clear(struct replay *rp);
