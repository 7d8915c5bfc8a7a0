/* Which functions of two builds are the same. diff.h says by what; here is how it is done
 * without comparing every function of one side with every one of the other.
 *
 * First those whose names and whole paths are equal. Then, of what is left, those that
 * have one name and end alike in the last twelve parts of their paths, if there is only
 * one such function on each side; then in eleven, and so on down to the name of the file.
 * In the end a file that is not known agrees with any. */
#include "judge-priv.h"

#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 12u

static bool starts_with(const char *s, const char *start)
{
	return !strncmp(s, start, strlen(start));
}

/* "//anon" is no path. */
static const char *file_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash > path + 1 ? slash + 1 : path;
}

/* --- names ------------------------------------------------------------------------ */

/* What @s, the end of a symbol, is that a compiler puts behind the name of a part or a
 * copy: its length, or 0. */
static size_t clone_mark(const char *s)
{
	static const char *const numbered[] = {".constprop.", ".isra.", ".part.",
					       ".lto_priv.", ".llvm."};
	size_t n, digits;

	if (starts_with(s, " [clone ."))
		return strlen(s);
	if (starts_with(s, ".cold") && (!s[5] || s[5] == '.'))
		return 5;
	for (size_t i = 0; i < ARRAY_SIZE(numbered); i++) {
		n = strlen(numbered[i]);
		digits = strncmp(s, numbered[i], n) ? 0 : strspn(s + n, "0123456789");
		if (digits && (!s[n + digits] || s[n + digits] == '.'))
			return n + digits;
	}
	return 0;
}

/* The name without such marks. */
static size_t name_length(const char *name)
{
	for (size_t i = 1; name[0] && name[i]; i++)
		if ((name[i] == '.' || name[i] == ' ') && clone_mark(name + i))
			return i;
	return strlen(name);
}

/* --- the functions of a side ------------------------------------------------------ */

struct filler {
	struct match *m;
	struct match_side *side;
	struct map by_name;	  /* name << 32 | file -> row + 1 */
	uint32_t *by_function;	  /* [functions of the profile] row + 1 */
	const struct map *builds; /* module << 32 | build-id -> which sides have it */
};

static uint32_t filler_add(struct filler *f, const struct match_function *new)
{
	uint64_t key = (uint64_t) new->name << 32 | new->filename;
	uint64_t known = map_find(&f->by_name, key);

	if (known)
		return (uint32_t)known - 1;
	vec_push(&f->side->functions, *new);
	map_put(&f->by_name, key, f->side->functions.n);
	return f->side->functions.n - 1;
}

static uint32_t filler_function(struct filler *f, function_id id)
{
	const struct profile *p = f->side->p;
	const struct function *fn = &p->functions.v[id];
	const char *name = profile_text(p, fn->name);
	struct match_function new = {.start_line = fn->start_line};

	if (f->by_function[id])
		return f->by_function[id] - 1;
	new.name = profile_string_n(f->m->words, name, name_length(name));
	new.system_name = profile_string(f->m->words, profile_text(p, fn->system_name));
	new.filename = profile_string(f->m->words, profile_text(p, fn->filename));
	f->by_function[id] = filler_add(f, &new) + 1;
	return f->by_function[id] - 1;
}

/* The main program's module has the name that it has on the after side. */
static string_id module_of(struct match *m, const struct match_side *side, mapping_id id)
{
	const struct profile *p = side->p;

	if (id && id == side->main && m->sides[AFTER].main)
		return m->sides[AFTER].module;
	return profile_string(m->words,
			      file_of(profile_text(p, p->mappings.v[id].filename)));
}

static uint32_t filler_nameless(struct filler *f, mapping_id id)
{
	const char *module = profile_text(f->m->words, module_of(f->m, f->side, id));
	struct match_function new = {0};
	struct text t = {0};

	if (!*module)
		module = "[unknown]";
	text_addf(&t, *module == '[' ? "%s" : "[%s]", module);
	new.name = new.system_name = profile_string_n(f->m->words, t.s, t.len);
	text_done(&t);
	return filler_add(f, &new);
}

static uint64_t build_key(struct match *m, const struct match_side *side, mapping_id id)
{
	const struct profile *p = side->p;
	string_id build = profile_string(m->words,
					 profile_text(p, p->mappings.v[id].build_id));

	return build ? (uint64_t)module_of(m, side, id) << 32 | build : 0;
}

/* "MODULE+0x1f" means the same on both sides only if the modules are. */
static bool is_nameless(struct filler *f, const struct location *l)
{
	uint64_t key;

	if (!l->nlines)
		return true;
	if (!(l->flags & LOCATION_UNRESOLVED))
		return false;
	key = build_key(f->m, f->side, l->mapping);
	return !key || map_find(f->builds, key) != (1 << BEFORE | 1 << AFTER);
}

static void side_fill(struct match *m, struct match_side *side, const struct map *builds)
{
	const struct profile *p = side->p;
	struct filler f = {.m = m, .side = side, .builds = builds};

	f.by_function = xcalloc(p->functions.n, sizeof(*f.by_function));
	side->first = xcalloc((size_t)p->locations.n + 1, sizeof(*side->first));
	for (location_id i = 0; i < p->locations.n; i++) {
		const struct location *l = &p->locations.v[i];

		side->first[i] = side->frames.n;
		if (!i)
			continue;
		if (is_nameless(&f, l)) {
			vec_push(&side->frames, filler_nameless(&f, l->mapping));
			continue;
		}
		for (uint32_t k = l->nlines; k-- > 0;) {
			function_id fn = p->lines.v[l->first_line + k].function;

			vec_push(&side->frames, filler_function(&f, fn));
		}
	}
	side->first[p->locations.n] = side->frames.n;
	map_done(&f.by_name);
	free(f.by_function);
}

/* --- which are the same ----------------------------------------------------------- */

/* The last @parts parts of a path; 0: all of it. NULL where it has fewer. */
static const char *path_end(const char *path, unsigned parts)
{
	const char *at = path + strlen(path);

	if (!parts)
		return path;
	if (at == path)
		return NULL;
	for (; at > path; at--)
		if (at[-1] == '/' && !--parts)
			return at;
	return parts == 1 ? path : NULL;
}

#define AMBIGUOUS UINT32_MAX

/* What functions have to agree in, or 0: does not take part. */
static uint64_t pass_key(struct match *m, const struct match_function *f, unsigned parts)
{
	const char *path = profile_text(m->words, f->filename);
	const char *end = parts > PARTS_MAX ? "" : path_end(path, parts);

	if (f->same || !end)
		return 0;
	/* No name and no file: 0, and there is only one such function. */
	return (uint64_t)f->name << 32 | profile_string(m->words, end);
}

static void pass_collect(struct match *m, struct match_side *side, unsigned parts,
			 struct map *ret_found)
{
	for (uint32_t i = 0; i < side->functions.n; i++) {
		uint64_t key = pass_key(m, &side->functions.v[i], parts);

		if (key)
			map_put(ret_found, key,
				map_find(ret_found, key) ? AMBIGUOUS : i + 1);
	}
}

/* @parts above PARTS_MAX: whatever the files, if one of them is not known. */
static void match_pass(struct match *m, unsigned parts)
{
	struct map found[SIDES] = {0};
	struct match_side *after = &m->sides[AFTER], *before = &m->sides[BEFORE];

	pass_collect(m, before, parts, &found[BEFORE]);
	pass_collect(m, after, parts, &found[AFTER]);
	for (uint32_t i = 0; i < after->functions.n; i++) {
		struct match_function *f = &after->functions.v[i], *other;
		uint64_t key = pass_key(m, f, parts), there;

		if (!key || map_find(&found[AFTER], key) != i + 1)
			continue;
		there = map_find(&found[BEFORE], key);
		if (!there || there == AMBIGUOUS)
			continue;
		other = &before->functions.v[there - 1];
		if (parts > PARTS_MAX && f->filename && other->filename)
			continue;
		f->same = (uint32_t)there;
		other->same = i + 1;
	}
	map_done(&found[BEFORE]);
	map_done(&found[AFTER]);
}

/* --- all -------------------------------------------------------------------------- */

static void find_main(struct match *m, struct match_side *side)
{
	const struct profile *p = side->p;

	for (mapping_id i = 1; i < p->mappings.n && !side->main; i++)
		if (p->mappings.v[i].flags & MAPPING_MAIN)
			side->main = i;
	side->module = profile_string(
		m->words, file_of(profile_text(p, p->mappings.v[side->main].filename)));
}

static void note_builds(struct match *m, unsigned which, struct map *builds)
{
	const struct match_side *side = &m->sides[which];

	for (mapping_id i = 1; i < side->p->mappings.n; i++) {
		uint64_t key = build_key(m, side, i);

		if (key)
			map_put(builds, key, map_find(builds, key) | 1u << which);
	}
}

void match_init(struct match *m, const struct profile *before,
		const struct profile *after)
{
	struct map builds = {0};

	memset(m, 0, sizeof(*m));
	m->words = profile_new();
	m->sides[BEFORE].p = before;
	m->sides[AFTER].p = after;
	find_main(m, &m->sides[BEFORE]);
	find_main(m, &m->sides[AFTER]);
	note_builds(m, BEFORE, &builds);
	note_builds(m, AFTER, &builds);
	side_fill(m, &m->sides[BEFORE], &builds);
	side_fill(m, &m->sides[AFTER], &builds);
	map_done(&builds);
	match_pass(m, 0);
	for (unsigned parts = PARTS_MAX; parts > 0; parts--)
		match_pass(m, parts);
	match_pass(m, PARTS_MAX + 1);
}

void match_done(struct match *m)
{
	for (unsigned i = 0; i < SIDES; i++) {
		vec_done(&m->sides[i].functions);
		vec_done(&m->sides[i].frames);
		free(m->sides[i].first);
	}
	profile_free(m->words);
}
