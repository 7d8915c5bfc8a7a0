/* Names for people: the three manglings, what is none of them, and names made to explode.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <profd/mem.h>
#include <profd/objfile.h>
#include <profd/text.h>

static void assert_demangles(const char *mangled, const char *want)
{
	_cleanup_free_ char *got = demangle(mangled);

	if (!want) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	assert_string_equal(got, want);
}

static void test_cplusplus(void **state)
{
	assert_demangles("_Z3addii", "add(int, int)");
	assert_demangles("_ZN3app6circle4areaEv", "app::circle::area()");
	assert_demangles("_ZNK3app6circle4areaEv", "app::circle::area() const");
	assert_demangles("_ZN12_GLOBAL__N_14workEi", "(anonymous namespace)::work(int)");
	assert_demangles("_ZSt4sortIPiEvT_S1_", "void std::sort<int*>(int*, int*)");
	assert_demangles("_ZZ3runvENKUlvE_clEv",
			 "run()::{lambda()#1}::operator()() const");
	assert_demangles("_Z4workv.cold", "work() [clone .cold]");
}

static void assert_brief(const char *mangled, const char *want)
{
	_cleanup_free_ char *got = demangle_brief(mangled);

	if (!want) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	assert_string_equal(got, want);
}

static void test_brief(void **state)
{
	assert_brief("_Z3addii", "add");
	assert_brief("_ZNK3app6circle4areaEv", "app::circle::area");
	assert_brief("_ZSt4sortIPiEvT_S1_", "std::sort<int*>");
	assert_brief("_ZZ3runvENKUliE_clEi", "run()::{lambda(int)#1}::operator()");
	assert_brief("_ZNKSt4lessIiEclERKiS2_", "std::less<int>::operator()");
	assert_brief("_Z4workv.cold", "work");
	assert_brief("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE",
		     "core::fmt::Write::write_fmt");
	assert_brief("_D3foo3barFiZv", NULL);
	assert_brief("main", NULL);
}

static void test_rust(void **state)
{
	/* The hash of the legacy mangling is left out. */
	assert_demangles("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE",
			 "core::fmt::Write::write_fmt");
	assert_demangles("_ZN47_$LT$std..fs..File$u20$as$u20$std..io..Read$GT$4read"
			 "17h0123456789abcdefE",
			 "<std::fs::File as std::io::Read>::read");
	assert_demangles("_RNvC7mycrate3foo", "mycrate::foo");
}

static void test_d(void **state)
{
	assert_demangles("_D3foo3barFiZv", "foo.bar(int)");
	assert_demangles("_Dmain", "D main");
}

static void test_other_names(void **state)
{
	static const char *const plain[] = {
		"",	 "_",	     "main", "_start", "Z3foo",	   "__libc_start_main",
		"_Znot", "_DYNAMIC", "_R",   "_Z",     "\xff\xfe", "main.main",
	};

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		assert_demangles(plain[i], NULL);
}

/* "f(P<int, int>, P<P<int, int>, P<int, int>>, …)": every level refers twice to the one
 * before, so that n levels are about 2^n * 34 characters. */
static void explode(struct text *t, unsigned levels)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	text_add(t, "_Z1f1PIiiE");
	for (unsigned i = 0; i < levels; i++) {
		char id[3] = {0};

		/* S_ is the template P, S0_ is P<int, int>, S1_ the next level and so on.
		 */
		if (i >= 36)
			id[0] = digits[i / 36];
		id[i >= 36] = digits[i % 36];
		text_addf(t, "S_IS%s_S%s_E", id, id);
	}
}

static void test_exploding_name(void **state)
{
	struct text t = {0};
	_cleanup_free_ char *fits = NULL;

	explode(&t, 8);
	fits = demangle(text_get(&t));
	assert_non_null(fits);
	assert_int_equal(strlen(fits), 8652); /* as c++filt has it */
	text_clear(&t);
	explode(&t, 60);
	assert_demangles(text_get(&t), NULL);
	text_done(&t);
}

static void test_long_and_deep_names(void **state)
{
	size_t n = 200000;
	_cleanup_free_ char *s = xmalloc(n + 1);

	/* Too long to be looked at. */
	memset(s, 'P', n);
	memcpy(s, "_Z1f", 4);
	s[n] = 0;
	assert_demangles(s, NULL);
	/* Allowed length, pointers nested deeper than any type. */
	s[60000] = 0;
	s[59999] = 'i';
	assert_demangles(s, NULL);
	/* References of D names. */
	memset(s, 'Q', n);
	memcpy(s, "_D1f", 4);
	s[1000] = 0;
	assert_demangles(s, NULL);
}

/* Random bytes behind each prefix: whatever comes back is a bounded string. */
static void test_random_names(void **state)
{
	static const char *const prefixes[] = {"_Z", "_R", "_D", "_ZN", "_RNv", "___Z"};
	static const char letters[] = "0123456789_aBCEFIKLNPQRSTXZbcdhijmrstuvwx.$";
	uint64_t seed = 88172645463325252u;
	char name[256];

	for (unsigned i = 0; i < 60000; i++) {
		const char *prefix = prefixes[i % ARRAY_SIZE(prefixes)];
		size_t len = strlen(prefix);
		_cleanup_free_ char *got = NULL;

		memcpy(name, prefix, len);
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		for (unsigned j = 0; j < 8 + seed % 180; j++) {
			uint64_t x = seed * (j + 1) * 0x9e3779b97f4a7c15u;

			name[len++] = letters[(x >> 40) % (sizeof(letters) - 1)];
		}
		name[len] = 0;
		got = demangle(name);
		if (got)
			assert_in_range(strlen(got), 1, 1 << 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cplusplus),
		cmocka_unit_test(test_brief),
		cmocka_unit_test(test_rust),
		cmocka_unit_test(test_d),
		cmocka_unit_test(test_other_names),
		cmocka_unit_test(test_exploding_name),
		cmocka_unit_test(test_long_and_deep_names),
		cmocka_unit_test(test_random_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
