/* When samples were taken, as profd carries it in a pprof file: a field of its own in the
 * outermost message, which others skip as they skip all they do not know
 * (protobuf.dev/programming-guides/proto3, "Unknown Fields"). A label for each sample, as
 * profilers of single requests write it, would make as many rows as there were samples.
 *
 *	message Times {
 *	  int64 bin_ns = 1;
 *	  repeated uint64 bins = 2;    // of each sample, in the file's order: how many
 *	  repeated uint64 bin = 3;     // their numbers
 *	  repeated uint64 count = 4;   // and the samples in each
 *	} */
#include "format-priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum times_field { TIMES_BIN_NS = 1, TIMES_BINS, TIMES_BIN, TIMES_COUNT, TIMES_FIELDS };

/* --- writing ------------------------------------------------------------------------ */

/* The entries of p->times by row: those of a row are sorted[first[row]] up to
 * sorted[first[row + 1]], in their old order. */
static void times_by_row(const struct profile *p, uint32_t *first, uint32_t *sorted)
{
	for (uint32_t i = 0; i < p->times.n; i++)
		first[p->times.v[i].row + 1]++;
	for (uint32_t row = 0; row < p->samples.n; row++)
		first[row + 1] += first[row];
	for (uint32_t i = p->times.n; i-- > 0;)
		sorted[--first[p->times.v[i].row + 1]] = i;
	/* Each is now at the begin of its row, one place too far up. */
	memmove(first, first + 1, p->samples.n * sizeof(*first));
	first[p->samples.n] = p->times.n;
}

void pprof_times_write(const struct profile *p, const uint32_t *rows, struct text *msg)
{
	uint32_t *first = xcalloc(p->samples.n + 1, sizeof(*first));
	uint32_t *sorted = xcalloc(p->times.n + 1, sizeof(*sorted));
	struct text columns[TIMES_FIELDS] = {0};

	times_by_row(p, first, sorted);
	for (uint32_t i = 1; i < p->samples.n; i++) {
		uint32_t row = rows[i], end = first[row + 1];

		proto_varint(&columns[TIMES_BINS], end - first[row]);
		for (uint32_t k = first[row]; k < end; k++) {
			const struct time_count *c = &p->times.v[sorted[k]];

			proto_varint(&columns[TIMES_BIN], c->bin);
			proto_varint(&columns[TIMES_COUNT], c->count);
		}
	}
	proto_uint(msg, TIMES_BIN_NS, (uint64_t)p->bin_ns);
	for (unsigned i = TIMES_BINS; i < TIMES_FIELDS; i++) {
		proto_bytes(msg, i, text_get(&columns[i]), columns[i].len);
		text_done(&columns[i]);
	}
	free(first);
	free(sorted);
}

/* --- reading ------------------------------------------------------------------------ */

/* Elements of packed fields, of which there may be none. */
static int next_of(struct proto_view *v, uint64_t *ret_value, struct error *err)
{
	size_t at = v->pos;
	int code = proto_packed(v, ret_value, err);

	if (code)
		return code < 0 ? code : 0;
	return proto_error(err, at, "the times of samples end too early");
}

static int read_columns(struct proto_view v, int64_t *ret_bin_ns,
			struct proto_view *columns, struct error *err)
{
	struct proto_field f;
	int code;

	*ret_bin_ns = 0;
	while ((code = proto_next(&v, &f, err)) > 0) {
		if (f.number == TIMES_BIN_NS && f.wire == PROTO_VARINT)
			*ret_bin_ns = (int64_t)f.value;
		else if (f.number < TIMES_FIELDS && f.wire == PROTO_LEN)
			columns[f.number] = f.bytes;
	}
	return code;
}

static int read_row(struct profile *p, uint32_t row, int64_t bin_ns,
		    struct proto_view *columns, struct error *err)
{
	uint64_t bins, bin, count;
	int code = next_of(&columns[TIMES_BINS], &bins, err);

	for (; !code && bins; bins--) {
		size_t at = columns[TIMES_BIN].pos;

		code = next_of(&columns[TIMES_BIN], &bin, err)
			       ?: next_of(&columns[TIMES_COUNT], &count, err);
		if (!code && (bin >= PROFILE_BINS_MAX || count > UINT32_MAX))
			code = proto_error(err, at, "a sample's bin of time is %llu",
					   (unsigned long long)bin);
		/* Bins may have become wider meanwhile. */
		if (!code && count)
			profile_count_time(p, row,
					   (uint32_t)((int64_t)bin * bin_ns / p->bin_ns),
					   (uint32_t)count);
	}
	return code;
}

int pprof_times_read(struct profile *p, struct proto_view v, const uint32_t *rows,
		     uint32_t nrows, struct error *err)
{
	struct proto_view columns[TIMES_FIELDS] = {0};
	int64_t bin_ns;
	size_t at = v.pos;
	int code = read_columns(v, &bin_ns, columns, err);

	if (code < 0)
		return code;
	if (bin_ns <= 0 || bin_ns > INT64_MAX / PROFILE_BINS_MAX)
		return proto_error(err, at, "bins of time have a width of %lld ns",
				   (long long)bin_ns);
	profile_keep_times(p, bin_ns);
	for (uint32_t i = 0; !code && i < nrows; i++)
		code = read_row(p, rows[i], bin_ns, columns, err);
	return code;
}
