#pragma once
/* A session's events and all that it asked for, into a capture (`record --raw`). The
 * session and its source do not know of it: the recorder is the outside they ask, listens
 * to what is looked up in files, and is shown each event after the session. One thread at
 * a time. */
#include <stdbool.h>
#include <stdint.h>

#include <profd/capture.h>
#include <profd/error.h>
#include <profd/event.h>
#include <profd/outside.h>
#include <profd/sampler.h>
#include <profd/session.h>

#define RECORDER_LIMIT_DEFAULT_BYTES ((uint64_t)1 << 30)
#define RECORDER_LIMIT_MIN_BYTES ((uint64_t)1 << 20)

struct recorder;

/* Creates @path, which must not exist unless @force. NULL and err: -EEXIST, -errno. */
struct recorder *recorder_open(const char *path, bool force, uint64_t limit_bytes,
			       struct error *err);
/* This machine, listened to: for session_options.outside. */
struct outside recorder_outside(struct recorder *r);
/* Before the first event: what is recorded (@events: info->nevents), and by which
 * session, which @r listens to from now on until recorder_close. The session's observer
 * is taken. */
void recorder_begin(struct recorder *r, struct session *ses,
		    const struct session_options *o, const struct sampler_info *info,
		    const struct sampler_event *events);
/* Any other record that says something about the recording. */
void recorder_put(struct recorder *r, const struct capture_record *record);
/* The event that the session was fed last; its pointers still have to be good. */
void recorder_event(struct recorder *r, const struct event *e);
/* Writes what is still in memory. To be called before waiting. */
void recorder_flush(struct recorder *r);
/* After session_finish: no more. Frees @r. Returns 0; -EFBIG when the limit was reached,
 * -errno when writing failed: err says when and where the capture ended. NULL is fine. */
int recorder_close(struct recorder *r, struct error *err);
/* As recorder_close, and removes the file if it is new. */
void recorder_discard(struct recorder *r);
