/* Chooses the backend and counts what it did. */
#include <profd/unwind.h>

#include <errno.h>
#include <stdlib.h>

#include <profd/mem.h>

#include "unwind-priv.h"

static const char *const stop_names[STOP_COUNT] = {
	[STOP_END] = "end",	    [STOP_TRUNCATED] = "truncated",
	[STOP_NO_CFI] = "no_cfi",   [STOP_BAD_SP] = "bad_sp",
	[STOP_DEPTH] = "depth",	    [STOP_NO_MAP] = "no_map",
	[STOP_NO_USER] = "no_user",
};

const char *unwind_stop_name(enum unwind_stop stop)
{
	return (unsigned)stop < STOP_COUNT ? stop_names[stop] : "?";
}

const char *unwind_backend_name(enum unwind_backend b)
{
	static const char *const names[] = {
		[UNWIND_CFI] = "cfi",
		[UNWIND_FP] = "fp",
		[UNWIND_LIBUNWIND] = "libunwind",
		[UNWIND_LIBDW] = "libdw",
	};

	return (unsigned)b < ARRAY_SIZE(names) ? names[b] : "?";
}

static const struct unwind_ops *ops_of(enum unwind_backend backend)
{
	switch (backend) {
	case UNWIND_CFI:
		return &unwind_cfi_ops;
	case UNWIND_FP:
		return &unwind_fp_ops;
	case UNWIND_LIBUNWIND:
		return unwind_libunwind;
	case UNWIND_LIBDW:
		return &unwind_libdw_ops;
	case UNWIND_COUNT:
		break;
	}
	return NULL;
}

struct unwinder *unwinder_new(enum unwind_backend backend, struct error *err)
{
	const struct unwind_ops *ops = ops_of(backend);
	struct unwinder *u;

	if (!ops) {
		error_set(err, -ENOTSUP, "this profd was built without that unwinder");
		error_hint(
			err,
			"profd --version lists what is compiled in; cfi is always there");
		return NULL;
	}
	u = xcalloc(1, sizeof(*u));
	u->ops = ops;
	if (ops->init(u, err) < 0) {
		free(u);
		return NULL;
	}
	return u;
}

struct unwinder *unwinder_free(struct unwinder *u)
{
	if (!u)
		return NULL;
	u->ops->done(u);
	map_done(&u->looks);
	free(u->rows);
	free(u);
	return NULL;
}

unsigned unwind(struct unwinder *u, const struct unwind_input *in, struct frame *frames,
		unsigned max, enum unwind_stop *ret_stop)
{
	unsigned n;

	u->extent_bytes = 0;
	n = u->ops->unwind(u, in, frames, max, ret_stop);
	u->stats.frames += n;
	return n;
}

const struct unwind_stats *unwinder_stats(const struct unwinder *u)
{
	return &u->stats;
}

void unwinder_break(struct unwinder *u, unsigned kind)
{
	u->broken = kind <= UNWIND_BREAK_MAX ? kind : 0;
	if (u->ops->flush)
		u->ops->flush(u);
}

void unwinder_force_general(struct unwinder *u, bool on)
{
	u->force_general = on;
}

void unwinder_measure(struct unwinder *u, bool on)
{
	u->measuring = on;
}

size_t unwinder_extent_bytes(const struct unwinder *u)
{
	return u->extent_bytes;
}
