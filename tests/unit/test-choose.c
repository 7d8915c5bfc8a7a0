/* choose.h: names, tags and tiers. */
#include <profd/choose.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char yml[] =
	"profd: 1\n"
	"workloads:\n"
	"  - {name: sort, command: [s, '{n}'], params: {n: [1, 2]}, tags: [fast, core]}\n"
	"  - {name: sorted, command: x, tags: [core], tiers: {quick: {enabled: false}}}\n"
	"  - {name: load, command: x}\n";

static struct config *config;

static int read_config(void **state)
{
	struct config_problems problems = {0};

	(void)state;
	return config_parse("f", yml, strlen(yml), &config, &problems);
}

static int free_config(void **state)
{
	(void)state;
	config_free(config);
	return 0;
}

/* @want has a letter for each workload: x where it is chosen. */
static void assert_chosen(const struct choose *how, const char *want)
{
	struct error err = {0};
	bool chosen[4];
	int n = 0;

	for (const char *s = want; *s; s++)
		n += *s == 'x';
	assert_int_equal(config->nworkloads, 4);
	assert_int_equal(choose_workloads(config, how, chosen, &err), n);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(chosen[i], want[i] == 'x');
}

static void assert_refused(const struct choose *how, const char *text, const char *hint)
{
	struct error err = {0};
	bool chosen[4];

	assert_int_equal(choose_workloads(config, how, chosen, &err), -EINVAL);
	assert_string_equal(err.text, text);
	assert_non_null(strstr(err.hint, hint));
}

static void nothing_said_is_all(void **state)
{
	(void)state;
	assert_chosen(&(struct choose){0}, "xxxx");
}

static void names_are_of_variants_or_of_all_of_them(void **state)
{
	char *sort[] = {(char *)"sort"}, *two[] = {(char *)"sort[2]", (char *)"load"};

	(void)state;
	assert_chosen(&(struct choose){.names = sort, .nnames = 1}, "xx..");
	assert_chosen(&(struct choose){.names = two, .nnames = 2}, ".x.x");
}

static void tags_and_tiers_narrow_it_down(void **state)
{
	char *core[] = {(char *)"core"}, *both[] = {(char *)"fast", (char *)"core"},
	     *sort[] = {(char *)"sort[1]"};

	(void)state;
	assert_chosen(&(struct choose){.tags = core, .ntags = 1}, "xxx.");
	assert_chosen(&(struct choose){.tags = both, .ntags = 2}, "xxx.");
	assert_chosen(
		&(struct choose){
			.tags = core, .ntags = 1, .tier = CONFIG_QUICK, .has_tier = true},
		"xx..");
	assert_chosen(
		&(struct choose){.names = sort, .nnames = 1, .tags = core, .ntags = 1},
		"x...");
}

static void what_there_is_not_is_told_with_the_nearest(void **state)
{
	char *name[] = {(char *)"sotr"}, *tag[] = {(char *)"fats"},
	     *evil[] = {(char *)"\033[31m"}, *out[] = {(char *)"sorted"};

	(void)state;
	assert_refused(&(struct choose){.names = name, .nnames = 1},
		       "there is no workload called 'sotr'", "'sort'");
	assert_refused(&(struct choose){.tags = tag, .ntags = 1},
		       "there is no workload with the tag 'fats'", "'fast'");
	assert_refused(&(struct choose){.names = evil, .nnames = 1},
		       "there is no workload called '\xef\xbf\xbd[31m'", "config check");
	assert_refused(&(struct choose){.names = out,
					.nnames = 1,
					.tier = CONFIG_QUICK,
					.has_tier = true},
		       "no workload is left by these names, tags and tier", "");
}

static void tiers_by_their_words(void **state)
{
	enum config_tier tier = CONFIG_QUICK;

	(void)state;
	assert_true(choose_tier("weekly", &tier));
	assert_int_equal(tier, CONFIG_WEEKLY);
	assert_false(choose_tier("monthly", &tier));
	assert_false(choose_tier("", &tier));
	assert_int_equal(tier, CONFIG_WEEKLY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said_is_all),
		cmocka_unit_test(names_are_of_variants_or_of_all_of_them),
		cmocka_unit_test(tags_and_tiers_narrow_it_down),
		cmocka_unit_test(what_there_is_not_is_told_with_the_nearest),
		cmocka_unit_test(tiers_by_their_words),
	};

	return cmocka_run_group_tests(tests, read_config, free_config);
}
