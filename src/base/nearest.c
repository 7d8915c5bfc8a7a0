/* Which of the known words was meant: the distance of optimal string alignment, and a
 * list of the nearest few. */
#include <profd/text.h>

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static char fold(char c)
{
	return c == '-' ? '_' : (char)tolower((unsigned char)c);
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

unsigned text_distance(const char *a, const char *b, unsigned max)
{
	uint8_t rows[3][TEXT_WORD_MAX_BYTES + 1];
	uint8_t *before = rows[0], *above = rows[1], *row = rows[2], *t;
	size_t na = strnlen(a, TEXT_WORD_MAX_BYTES + 1);
	size_t nb = strnlen(b, TEXT_WORD_MAX_BYTES + 1);

	if (na > TEXT_WORD_MAX_BYTES || nb > TEXT_WORD_MAX_BYTES)
		return max + 1;
	if (na > nb + max || nb > na + max)
		return max + 1;
	memset(rows, 0, sizeof(rows));
	for (size_t j = 0; j <= nb; j++)
		above[j] = (uint8_t)j;
	for (size_t i = 1; i <= na; i++) {
		row[0] = (uint8_t)i;
		for (size_t j = 1; j <= nb; j++) {
			char x = fold(a[i - 1]), y = fold(b[j - 1]);
			unsigned d = min3(above[j] + 1u, row[j - 1] + 1u,
					  above[j - 1] + (x != y));

			/* Neighbours that changed places. */
			if (i > 1 && j > 1 && x == fold(b[j - 2]) &&
			    fold(a[i - 2]) == y && before[j - 2] + 1u < d)
				d = before[j - 2] + 1u;
			row[j] = (uint8_t)d;
		}
		t = before;
		before = above;
		above = row;
		row = t;
	}
	return above[nb] <= max ? above[nb] : max + 1;
}

void text_nearest_init(struct text_nearest *near, const char *to)
{
	memset(near, 0, sizeof(*near));
	near->to = to;
}

static bool contains(const char *word, const char *part, bool at_start)
{
	size_t n = strlen(part);

	for (const char *p = word; strlen(p) >= n; p++) {
		size_t i = 0;

		while (i < n && fold(p[i]) == fold(part[i]))
			i++;
		if (i == n)
			return true;
		if (at_start)
			return false;
	}
	return false;
}

/* A third of the letters may be wrong. Half a word that is right is worth as much as two
 * or three typos, if it is long enough not to be found everywhere. */
static unsigned far_from(const char *word, const char *to)
{
	size_t n = strlen(to);
	unsigned max = (unsigned)(n / 3 < 6 ? n / 3 + 1 : 6);
	unsigned d = text_distance(word, to, max);

	if (d > max || d >= n)
		d = UINT32_MAX;
	if (d > 2 && n >= 3 && contains(word, to, true))
		return 2;
	if (d > 3 && n >= 4 && contains(word, to, false))
		return 3;
	return d;
}

void text_nearest_offer(struct text_nearest *near, const char *word)
{
	size_t len = strnlen(word, TEXT_WORD_MAX_BYTES + 1);
	unsigned d, at = near->n;

	if (len > TEXT_WORD_MAX_BYTES || !len)
		return;
	d = far_from(word, near->to);
	if (d == UINT32_MAX)
		return;
	for (unsigned i = 0; i < near->n; i++) {
		if (!strcasecmp(near->best[i].word, word))
			return;
	}
	while (at > 0 && (d < near->best[at - 1].distance ||
			  (d == near->best[at - 1].distance &&
			   len < strlen(near->best[at - 1].word))))
		at--;
	if (at == TEXT_NEAREST_MAX)
		return;
	if (near->n < TEXT_NEAREST_MAX)
		near->n++;
	memmove(&near->best[at + 1], &near->best[at],
		(near->n - at - 1) * sizeof(near->best[0]));
	snprintf(near->best[at].word, sizeof(near->best[at].word), "%s", word);
	near->best[at].distance = d;
}
