/* The lines that a diff changes. A hunk says how many lines it has, and they are counted: a
 * removed line may look like the head of a file. */
#include <profd/touched.h>

#include <errno.h>
#include <string.h>

#include <profd/io.h>
#include <profd/text.h>

struct reader {
	struct touched *t;
	uint32_t line;			  /* of the diff, from 1 */
	const char *paths[TOUCHED_SIDES]; /* of this file; NULL: none yet, or /dev/null */
	bool has_file, counted;
	uint32_t left[TOUCHED_SIDES]; /* lines of the hunk that are still to come */
	struct error *err;
};

static int broken(struct reader *r, const char *why)
{
	return error_set(r->err, -EBADMSG, "line %u of the diff: %s", r->line, why);
}

static bool take(const char **at, const char *end, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(end - *at) < n || memcmp(*at, word, n) != 0)
		return false;
	*at += n;
	return true;
}

/* --- paths -------------------------------------------------------------------------- */

/* Escapes of a quoted path (git-config(1), core.quotePath): as in C, bytes in octal. */
static bool add_escape(struct text *t, const char **at, const char *end)
{
	static const char letters[] = "abtnvfr\"\\", bytes[] = "\a\b\t\n\v\f\r\"\\";
	const char *letter;
	unsigned byte = 0;

	if (*at == end)
		return false;
	letter = memchr(letters, **at, sizeof(letters) - 1);
	if (letter) {
		text_addc(t, bytes[letter - letters]);
		++*at;
		return true;
	}
	for (int i = 0; i < 3; i++, ++*at) {
		if (*at == end || **at < '0' || **at > '7')
			return false;
		byte = byte * 8 + (unsigned)(**at - '0');
	}
	if (!byte || byte > 255)
		return false;
	text_addc(t, (char)byte);
	return true;
}

static bool add_quoted(struct text *t, const char *at, const char *end)
{
	while (at < end && *at != '"') {
		if (*at != '\\') {
			text_addc(t, *at++);
			continue;
		}
		at++;
		if (!add_escape(t, &at, end))
			return false;
	}
	return end - at == 1;
}

/* Behind "--- " or "+++ ". A path with blanks in it has a tab behind it. */
static int read_path(struct reader *r, enum touched_side side, const char *at,
		     const char *end)
{
	const char *prefix = side == TOUCHED_BASE ? "a/" : "b/";
	struct text raw = {0}, clean = {0};
	const char *tab = memchr(at, '\t', (size_t)(end - at)), *path;
	bool ok = true;

	if (end - at > 4 * TOUCHED_PATH_MAX_BYTES)
		return error_set(r->err, -EFBIG, "line %u of the diff: a long path",
				 r->line);
	if (at < end && *at == '"')
		ok = add_quoted(&raw, at + 1, end);
	else
		text_addn(&raw, at, (size_t)((tab ? tab : end) - at));
	path = text_get(&raw);
	r->paths[side] = NULL;
	if (ok && strcmp(path, "/dev/null") != 0) {
		path += strncmp(path, prefix, 2) ? 0 : 2;
		text_add_clean(&clean, path, strlen(path));
		r->paths[side] = arena_strndup(&r->t->arena, text_get(&clean), clean.len);
	}
	text_done(&raw);
	text_done(&clean);
	return ok ? 0 : broken(r, "a path that is not quoted as it should be");
}

/* --- hunks -------------------------------------------------------------------------- */

static bool take_number(const char **at, const char *end, uint32_t *ret)
{
	uint64_t n = 0;
	const char *start = *at;

	for (; *at < end && **at >= '0' && **at <= '9'; ++*at) {
		n = n * 10 + (uint64_t)(**at - '0');
		if (n > INT32_MAX)
			return false;
	}
	*ret = (uint32_t)n;
	return *at > start;
}

/* "START,COUNT" or "START". */
static bool take_range(const char **at, const char *end, uint32_t *ret_start,
		       uint32_t *ret_count)
{
	*ret_count = 1;
	if (!take_number(at, end, ret_start))
		return false;
	return !take(at, end, ",") || take_number(at, end, ret_count);
}

/* No lines at START: what the other side has stands behind it. */
static int add_span(struct reader *r, enum touched_side side, uint32_t start,
		    uint32_t count)
{
	struct touched_spans *to = &r->t->sides[side];
	struct touched_span s = {.path = r->paths[side], .first = start};

	if (!s.path)
		return 0;
	s.gap = !count;
	s.last = count ? start + count - 1 : start + 1;
	if (to->n >= TOUCHED_SPANS_MAX)
		return error_set(r->err, -EFBIG, "the diff has over %u hunks",
				 TOUCHED_SPANS_MAX);
	vec_push(to, s);
	return 0;
}

static int read_hunk(struct reader *r, const char *at, const char *end)
{
	uint32_t start[TOUCHED_SIDES], *count = r->left;
	int code;

	if (!r->has_file)
		return broken(r, "a hunk of no file");
	if (!take_range(&at, end, &start[TOUCHED_BASE], &count[TOUCHED_BASE]) ||
	    !take(&at, end, " +") ||
	    !take_range(&at, end, &start[TOUCHED_HEAD], &count[TOUCHED_HEAD]) ||
	    !take(&at, end, " @@"))
		return broken(r, "not the head of a hunk");
	r->t->files += !r->counted;
	r->counted = true;
	code = add_span(r, TOUCHED_BASE, start[TOUCHED_BASE], count[TOUCHED_BASE]);
	return code ? code
		    : add_span(r, TOUCHED_HEAD, start[TOUCHED_HEAD], count[TOUCHED_HEAD]);
}

static int read_content(struct reader *r, char first)
{
	bool base = first == '-' || first == ' ', head = first == '+' || first == ' ';

	if (first == '\\') /* "No newline at end of file" */
		return 0;
	if (!(base || head) || (base && !r->left[TOUCHED_BASE]) ||
	    (head && !r->left[TOUCHED_HEAD]))
		return broken(r, "the hunk has other lines than its head says");
	r->left[TOUCHED_BASE] -= base;
	r->left[TOUCHED_HEAD] -= head;
	return 0;
}

/* --- all ---------------------------------------------------------------------------- */

static int read_line(struct reader *r, const char *at, const char *end)
{
	if (r->left[TOUCHED_BASE] || r->left[TOUCHED_HEAD])
		return read_content(r, at < end ? *at : '\0');
	if (take(&at, end, "diff --git ")) {
		r->paths[TOUCHED_BASE] = r->paths[TOUCHED_HEAD] = NULL;
		r->has_file = r->counted = false;
		return 0;
	}
	if (take(&at, end, "--- "))
		return read_path(r, TOUCHED_BASE, at, end);
	if (take(&at, end, "+++ ")) {
		r->has_file = true;
		return read_path(r, TOUCHED_HEAD, at, end);
	}
	return take(&at, end, "@@ -") ? read_hunk(r, at, end) : 0;
}

int touched_read(struct touched *t, const char *diff, size_t n, struct error *err)
{
	struct reader r = {.t = t, .err = err};
	const char *line;
	size_t pos = 0, len;
	int code = 0;

	*t = (struct touched){0};
	while (code == 0 && io_line(diff, n, &pos, &line, &len)) {
		r.line++;
		code = read_line(&r, line, line + len);
	}
	if (code == 0 && (r.left[TOUCHED_BASE] || r.left[TOUCHED_HEAD]))
		code = broken(&r, "the diff ends within a hunk");
	if (code < 0)
		touched_done(t);
	return code;
}

void touched_done(struct touched *t)
{
	for (unsigned i = 0; i < TOUCHED_SIDES; i++)
		vec_done(&t->sides[i]);
	arena_done(&t->arena);
	t->files = 0;
}
