#pragma once
/* A capture as a source of events, and as the outside of the session that is fed with
 * them: the other end of <profd/recorder.h>. Files are hostile. One thread at a time. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/capture.h>
#include <profd/error.h>
#include <profd/event.h>
#include <profd/sampler.h>
#include <profd/session.h>

struct replay;

struct replay_state {
	bool complete; /* the end of the recording is in it */
	bool cut;      /* the file ends in the middle of a record */
	bool limited;  /* it had reached its limit: see limit */
	struct capture_limit limit;
	uint64_t first_ns, last_ns; /* CLOCK_MONOTONIC of its events */
	uint64_t samples;
};

/* Opens @path. @put is shown the records that are not the session's business:
 * CAPTURE_HOST, _ARG, _COUNTER, _SURVIVOR, _END, and returns 0, or -EBADMSG for one that
 * cannot be. NULL and err: -EBADMSG, -ENOTSUP (another format, machine or unwinder),
 * -errno. */
struct replay *replay_open(const char *path,
			   int (*put)(void *arg, const struct capture_record *r),
			   void *arg, struct error *err);
struct replay *replay_close(struct replay *rp); /* NULL is fine; returns NULL */
/* What the recording session was given; its outside answers from the capture and borrows
 * @rp. The strings are borrowed. */
const struct session_options *replay_session_options(const struct replay *rp);
const struct sampler_info *replay_sampler(const struct replay *rp);
/* [sampler's nevents]; counts are known after the end of a complete capture. */
const struct sampler_event *replay_events(const struct replay *rp);
/* The session that is fed: it gets its names from the capture, too. */
void replay_attach(struct replay *rp, struct session *ses);
/* 1: *ret_event holds the next event, borrowed until the next call. 0: no more; from here
 * on names that an incomplete capture lacks are looked for in the files of this machine.
 * -EBADMSG with err. */
int replay_next(struct replay *rp, struct event *ret_event, struct error *err);
const struct replay_state *replay_state(const struct replay *rp);
