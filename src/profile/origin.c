/* Comments that say how a profile was sampled, written and read. The event stands last:
 * its name may hold what parts two others. */
#include <profd/origin.h>

#include <stddef.h>
#include <string.h>

#include <profd/text.h>

static const char MARK[] = "profd: ";
static const char TESTBED[] = "profd: testbed ";

struct part {
	const char *key; /* with the blank, or all there is before the value */
	size_t at, size; /* in struct origin */
};

#define PART(key, member)                                                                \
	{                                                                                \
		key, offsetof(struct origin, member),                                    \
			sizeof(((struct origin *)0)->member)                             \
	}
static const struct part parts[] = {
	PART("engine ", engine),
	PART("code ", code),
	PART("of ", of),
	PART("event ", event),
};

void origin_put(char *part, size_t size, const char *s, size_t n)
{
	struct text t = {0};
	size_t len;

	text_add_clean(&t, s, n);
	len = t.len < size ? t.len : size - 1;
	while (len < t.len && len && ((unsigned char)t.s[len] & 0xc0) == 0x80)
		len--;
	memcpy(part, text_get(&t), len);
	part[len] = '\0';
	text_done(&t);
}

void origin_write(const struct origin *o, struct profile *p)
{
	struct text t = {0};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const char *value = (const char *)o + parts[i].at;

		if (*value)
			text_addf(&t, "%s%s%s", t.len ? "; " : MARK, parts[i].key, value);
	}
	if (t.len)
		profile_comment(p, t.s);
	text_clear(&t);
	if (o->testbed[0]) {
		text_addf(&t, "%s%s", TESTBED, o->testbed);
		profile_comment(p, t.s);
	}
	text_done(&t);
}

static bool starts_with(const char *s, const char *start)
{
	return !strncmp(s, start, strlen(start));
}

/* The parts of "engine perf; …; event EVENT" in their order, each of which may be
 * missing. False when it is something else. */
static bool read_parts(struct origin *ret, const char *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		bool last = i + 1 == ARRAY_SIZE(parts);
		const char *end;
		size_t n;

		if (!starts_with(s, parts[i].key))
			continue;
		s += strlen(parts[i].key);
		end = last ? NULL : strstr(s, "; ");
		n = end ? (size_t)(end - s) : strlen(s);
		origin_put((char *)ret + parts[i].at, parts[i].size, s, n);
		s = end ? end + strlen("; ") : "";
	}
	return !*s;
}

void origin_read(struct origin *ret, const struct profile *p)
{
	bool known = false;

	memset(ret, 0, sizeof(*ret));
	for (uint32_t i = 0; i < p->comments.n; i++) {
		const char *s = profile_text(p, p->comments.v[i]);
		struct origin o = {0};

		if (starts_with(s, TESTBED)) {
			s += strlen(TESTBED);
			origin_put(ret->testbed, sizeof(ret->testbed), s, strlen(s));
			continue;
		}
		if (known || !starts_with(s, MARK) || !read_parts(&o, s + strlen(MARK)))
			continue;
		memcpy(o.testbed, ret->testbed, sizeof(o.testbed));
		*ret = o;
		known = true;
	}
}
