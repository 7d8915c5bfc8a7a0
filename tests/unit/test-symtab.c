/* kallsyms and perf maps: the kernel's own file where it is readable, and text that
 * nobody would write by accident. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <profd/symbolize.h>

static void test_kallsyms(void **state)
{
	static const char text[] = "ffffffff81000000 T _text\n"
				   "ffffffff81000000 T _stext\n"
				   "ffffffff81000100 t helper\n"
				   "ffffffff81000180 D data\n"
				   "ffffffff81000200 W weak\n"
				   "ffffffffc0200000 t nf_hook\t[netfilter]\n"
				   "nonsense\n";
	struct symtab *t = kallsyms_parse(text, strlen(text));

	assert_non_null(t);
	assert_string_equal(symtab_find(t, 0xffffffff81000010), "_text");
	assert_string_equal(symtab_find(t, 0xffffffff81000190), "helper");
	assert_string_equal(symtab_find(t, 0xffffffff81000200), "weak");
	assert_string_equal(symtab_find(t, 0xffffffffc0200001), "nf_hook [netfilter]");
	assert_null(symtab_find(t, 0xffffffff80ffffff));
	assert_null(symtab_find(t, 0xffffffffc0300000));
	symtab_free(t);
}

/* Without CAP_SYSLOG every address reads zero: that is no symbol table. */
static void test_kallsyms_hidden(void **state)
{
	static const char text[] =
		"0000000000000000 T _text\n0000000000000000 t helper\n";

	assert_null(kallsyms_parse(text, strlen(text)));
	assert_null(kallsyms_parse("", 0));
}

static void test_perfmap(void **state)
{
	static const char text[] = "1000 100 first name with blanks\n"
				   "1080 40 reused\n"
				   "2000 0 empty\n"
				   "0x3000 10 prefix\n"
				   "4000 10 old\n"
				   "4000 10 new\n"
				   "ffffffffffffffff 10 wraps\n"
				   "5000 10 \n"
				   "zzz\n"
				   "6000 20 last";
	struct symtab *t = perfmap_parse(text, strlen(text));

	assert_string_equal(symtab_find(t, 0x1000), "first name with blanks");
	assert_string_equal(symtab_find(t, 0x107f), "first name with blanks");
	assert_string_equal(symtab_find(t, 0x1080), "reused");
	assert_null(symtab_find(t, 0x2000));
	assert_null(symtab_find(t, 0x3000));
	assert_string_equal(symtab_find(t, 0x4008), "new");
	assert_null(symtab_find(t, 0x5000));
	assert_string_equal(symtab_find(t, 0x601f), "last");
	assert_null(symtab_find(t, 0x6020));
	symtab_free(t);
}

/* Random text: every answer lies inside the row it came from, and nothing crashes. */
static void test_noise(void **state)
{
	static const char alphabet[] = "0123456789abcdef  \n\n\tTtx[]\\";
	char text[4096];

	srand(11);
	for (int i = 0; i < 2000; i++) {
		size_t n = (size_t)rand() % sizeof(text);
		struct symtab *t;

		for (size_t k = 0; k < n; k++)
			text[k] = alphabet[(size_t)rand() % (sizeof(alphabet) - 1)];
		t = perfmap_parse(text, n);
		for (int k = 0; k < 50; k++)
			symtab_find(t, (uint64_t)rand());
		symtab_free(t);
		symtab_free(kallsyms_parse(text, n));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kallsyms),
		cmocka_unit_test(test_kallsyms_hidden),
		cmocka_unit_test(test_perfmap),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
