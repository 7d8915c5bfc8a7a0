/* Patterns of paths and branches. All states that a pattern can be in go through the path at
 * once, so that no pattern takes longer than its length times the path's. */
#include <profd/ci-rules.h>

#include <string.h>

struct states {
	bool at[CI_PATTERN_MAX_BYTES + 1];
};

/* Bytes of the sign that begins at @p: "**" followed by a slash, "**", or one. */
static size_t sign_length(const char *p)
{
	if (p[0] != '*' || p[1] != '*')
		return 1;
	return p[2] == '/' ? 3 : 2;
}

/* A star may stand for nothing: what is behind it is reached with it. */
static void reach(const char *pattern, size_t i, struct states *s)
{
	while (!s->at[i]) {
		s->at[i] = true;
		if (pattern[i] != '*')
			return;
		i += sign_length(pattern + i);
	}
}

/* From state @i by the byte @c. */
static void step(const char *pattern, size_t i, char c, struct states *next)
{
	size_t n = sign_length(pattern + i);

	if (pattern[i] == '*') {
		if (n == 1 && c == '/')
			return;
		/* Folders end with a slash before the rest begins. */
		if (n == 3 && c != '/')
			next->at[i] = true;
		else
			reach(pattern, i, next);
	} else if (pattern[i] == c || (pattern[i] == '?' && c != '/')) {
		reach(pattern, i + 1, next);
	}
}

bool ci_pattern_matches(const char *pattern, const char *s)
{
	size_t n = strlen(pattern);
	struct states a = {0}, b, *now = &a, *next = &b;

	if (n > CI_PATTERN_MAX_BYTES)
		return false;
	reach(pattern, 0, now);
	for (; *s; s++) {
		struct states *swap = now;

		memset(next, 0, n + 1);
		for (size_t i = 0; i < n; i++) {
			if (now->at[i])
				step(pattern, i, *s, next);
		}
		now = next;
		next = swap;
	}
	return now->at[n];
}
