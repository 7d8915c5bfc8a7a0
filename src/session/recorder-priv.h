#pragma once
/* Shared by the recorder's two files: recorder.c writes, listen.c hears. */
#include <profd/capture.h>
#include <profd/recorder.h>

#include "capture-priv.h"
#include "session-priv.h"

/* One file that was mapped. */
struct tapped {
	struct recorder *recorder;
	struct objfile *obj; /* a reference */
	uint64_t number;
	struct map fdes, no_fdes, codes; /* what was written: key -> 1 */
	struct capture_symbols symbols;
};

struct recorder {
	char *path;
	int fd;
	bool made; /* the file is new */
	uint64_t limit_bytes, written_bytes;
	struct text out;   /* goes out next */
	struct text stage; /* answers of the event that is being fed */
	uint64_t flush_ns; /* CLOCK_MONOTONIC */
	int code;	   /* of the first write that failed */
	uint64_t failed_ns;
	bool limited, names_cut;
	uint64_t first_ns, last_ns, samples; /* of the events written */
	location_id locations;		     /* there were after the last of them */
	struct outside live;
	struct session *session; /* borrowed; NULL before recorder_begin */
	VEC(struct tapped *) tapped;
	struct map kernel_names; /* start -> 1: written */
	struct pages pages;
	size_t keep_bytes; /* of the present sample's stack */
	bool paged;
};

extern const struct symbolizer_tap recorder_name_tap;

/* An answer goes out with the event that made the session ask. */
void recorder_stage(struct recorder *r, const struct capture_record *record);
/* The same, but it may have been asked for a name: then it goes out at once. */
void recorder_answer(struct recorder *r, const struct capture_record *record);
/* True while a location that the capture has is being named. */
bool recorder_naming(const struct recorder *r);
/* What has changed of memory. */
void recorder_pages(struct recorder *r, uint32_t pid, uint64_t addr, const uint8_t *data,
		    size_t n);
