/* The protobuf wire format, as much of it as profile.proto uses: varints, packed varints
 * and length-delimited fields; fixed ones are skipped over. Groups, long deprecated, are
 * refused.
 *
 * Every length is compared with what is left before it is used. */
#include "format-priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

void proto_varint(struct text *t, uint64_t v)
{
	unsigned char buf[PROTO_VARINT_BYTES];

	text_addn(t, buf, proto_put(buf, v));
}

void proto_uint(struct text *t, unsigned field, uint64_t v)
{
	if (!v)
		return;
	proto_varint(t, field << 3 | PROTO_VARINT);
	proto_varint(t, v);
}

void proto_bytes(struct text *t, unsigned field, const void *s, size_t n)
{
	proto_varint(t, field << 3 | PROTO_LEN);
	proto_varint(t, n);
	text_addn(t, s, n);
}

int proto_error(struct error *err, size_t at, const char *fmt, ...)
{
	char what[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	error_set(err, -EBADMSG, "bad pprof data at byte %zu: %s", at, what);
	error_hint(err, "the file is damaged or not a pprof profile; offsets count after "
			"decompression");
	return -EBADMSG;
}

int proto_packed(struct proto_view *v, uint64_t *ret_value, struct error *err)
{
	uint64_t value = 0;
	size_t start = v->pos;

	if (v->pos >= v->end)
		return 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		unsigned char c;

		if (v->pos >= v->end)
			return proto_error(err, start, "a number is cut off");
		c = v->base[v->pos++];
		/* The tenth byte has room for one bit only. */
		if (shift == 63 && c > 1)
			return proto_error(err, start, "a number has more than 64 bits");
		value |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			*ret_value = value;
			return 1;
		}
	}
	return proto_error(err, start, "a number has more than 64 bits");
}

static int proto_fixed(struct proto_view *v, unsigned n, struct proto_field *f,
		       struct error *err)
{
	if (v->end - v->pos < n)
		return proto_error(err, f->at, "a fixed-size field is cut off");
	f->value = 0;
	for (unsigned i = 0; i < n; i++)
		f->value |= (uint64_t)v->base[v->pos + i] << 8 * i;
	v->pos += n;
	return 1;
}

int proto_next(struct proto_view *v, struct proto_field *ret_field, struct error *err)
{
	struct proto_field f = {.at = v->pos};
	uint64_t tag, len;
	int r = proto_packed(v, &tag, err);

	if (r <= 0)
		return r;
	if (tag >> 3 == 0 || tag >> 3 > (1u << 29) - 1)
		return proto_error(err, f.at, "%llu is not a field number",
				   (unsigned long long)(tag >> 3));
	f.number = (unsigned)(tag >> 3);
	f.wire = tag & 7;
	switch (f.wire) {
	case PROTO_VARINT:
		r = proto_packed(v, &f.value, err);
		if (!r)
			r = proto_error(err, f.at, "field %u has no value", f.number);
		break;
	case PROTO_I64:
		r = proto_fixed(v, 8, &f, err);
		break;
	case PROTO_I32:
		r = proto_fixed(v, 4, &f, err);
		break;
	case PROTO_LEN:
		r = proto_packed(v, &len, err);
		if (r < 0)
			break;
		if (!r || len > v->end - v->pos)
			return proto_error(err, f.at,
					   "field %u is longer than its message",
					   f.number);
		f.bytes = (struct proto_view){v->base, v->pos, v->pos + (size_t)len};
		v->pos += (size_t)len;
		break;
	default:
		return proto_error(err, f.at, "field %u has the unknown wire type %u",
				   f.number, f.wire);
	}
	if (r < 0)
		return r;
	*ret_field = f;
	return 1;
}
