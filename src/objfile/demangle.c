/* Mangled names to names for people, by libiberty. What this file adds is a limit: back
 * references let a short name stand for an exponentially long text, so the output is cut
 * off while it grows. */
#include <profd/objfile.h>

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

#include <profd/text.h>

#define LIMIT_MANGLED_BYTES 65536u
#define LIMIT_OUTPUT_BYTES 65536u
/* libiberty has no callback for D. Each back reference ("Q") can at most repeat what came
 * before: with k of them the text grows by less than 3^(k/3). */
#define LIMIT_D_BYTES 1024u
#define LIMIT_D_REFERENCES 32u

/* libiberty's D demangler calls this. Its own copy would come with a second definition of
 * xmalloc. */
void *xrealloc(void *p, size_t n)
{
	p = realloc(p, n ? n : 1);
	if (!p)
		abort();
	return p;
}

struct output {
	struct text text;
	int options; /* DMGL_* */
	jmp_buf too_long;
};

/* libiberty's callback demanglers hold nothing on the heap, so that leaving them by
 * longjmp is safe; they have no other way to be stopped. */
static void output_add(const char *s, size_t n, void *arg)
{
	struct output *out = arg;

	if (n > LIMIT_OUTPUT_BYTES - out->text.len)
		longjmp(out->too_long, 1);
	text_addn(&out->text, s, n);
}

static bool demangle_into(const char *mangled, struct output *out)
{
	if (setjmp(out->too_long))
		return false;
	if (rust_demangle_callback(mangled, out->options, output_add, out))
		return true;
	text_clear(&out->text);
	return cplus_demangle_v3_callback(mangled, out->options, output_add, out);
}

static char *demangle_d(const char *mangled)
{
	unsigned references = 0;

	if (strnlen(mangled, LIMIT_D_BYTES + 1) > LIMIT_D_BYTES)
		return NULL;
	for (const char *s = mangled; *s; s++)
		references += *s == 'Q';
	return references <= LIMIT_D_REFERENCES
		       ? dlang_demangle(mangled, DMGL_PARAMS | DMGL_ANSI)
		       : NULL;
}

/* "_Z", "_R", "_D"; Apple's and GCC's "___Z" for blocks; "_GLOBAL_" constructors of
 * files. */
static bool maybe_mangled(const char *s)
{
	if (s[0] != '_')
		return false;
	return s[1] == 'Z' || s[1] == 'R' || s[1] == 'D' || strncmp(s, "___Z", 4) == 0 ||
	       strncmp(s, "_GLOBAL_", 8) == 0;
}

static char *demangle_callback(const char *mangled, int options)
{
	struct output out = {.options = options};

	if (demangle_into(mangled, &out) && out.text.len)
		return out.text.s;
	text_done(&out.text);
	return NULL;
}

static bool may_demangle(const char *mangled)
{
	return maybe_mangled(mangled) &&
	       strnlen(mangled, LIMIT_MANGLED_BYTES + 1) <= LIMIT_MANGLED_BYTES;
}

char *demangle(const char *mangled)
{
	if (!may_demangle(mangled))
		return NULL;
	if (mangled[1] == 'D')
		return demangle_d(mangled);
	return demangle_callback(mangled, DMGL_PARAMS | DMGL_ANSI);
}

char *demangle_brief(const char *mangled)
{
	if (!may_demangle(mangled) || mangled[1] != 'Z')
		return NULL;
	return demangle_callback(mangled, DMGL_NO_OPTS);
}
