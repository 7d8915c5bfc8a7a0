/* What of HTTP is decided without a network: addresses, pages, and when to ask again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <profd/ci-http.h>
#include <profd/mem.h>

static void origins(void **state)
{
	static const struct {
		const char *url;
		size_t n;
	} cases[] = {
		{"https://api.github.com", 22},
		{"https://api.github.com/repos", 22},
		{"https://ghe.example:8443/api/v3", 24},
		{"http://127.0.0.1:8080/", 21},
		{"http://127.9.9.9/x", 16},
		{"http://localhost/x", 16},
		{"http://[::1]:80/", 15},
		/* Refused: another machine in the clear, and what only looks like this one. */
		{"http://api.github.com", 0},
		{"http://127.0.0.1.evil.example/", 0},
		{"http://127.evil.example/", 0},
		{"http://localhost.evil.example/", 0},
		{"http://1270.0.0.1/", 0},
		{"https://me@evil.example/", 0},
		{"https://good.example\\@evil.example/", 0},
		{"https://a b/", 0},
		{"https://", 0},
		{"https:///x", 0},
		{"https://a:/", 0},
		{"https://a:123456/", 0},
		{"file:///etc/passwd", 0},
		{"ftp://127.0.0.1/", 0},
		{"", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (http_origin(cases[i].url) != cases[i].n)
			fail_msg("%s: %zu", cases[i].url, http_origin(cases[i].url));
	assert_true(http_same_origin("https://A.example/x", "https://a.example/y"));
	assert_false(http_same_origin("https://a.example", "https://a.example.evil/"));
	assert_false(http_same_origin("https://a.example", "https://a.example:444/"));
	assert_false(http_same_origin("https://127.0.0.1", "http://127.0.0.1"));
}

static void pages(void **state)
{
	static const struct {
		const char *link, *next;
	} cases[] = {
		{"<https://a/x?page=2>; rel=\"next\", <https://a/x?page=9>; rel=\"last\"",
		 "https://a/x?page=2"},
		{"<https://a/x?page=1>; rel=\"prev\", <https://a/x?page=3>; rel=\"next\"",
		 "https://a/x?page=3"},
		{" <https://a/x>;title=\"a, b; rel=next\";rel=next", "https://a/x"},
		{"<https://a/x>; title=\"rel=next\"; rel=\"last\"", NULL},
		{"<https://a/x>; rel=\"nextt\"", NULL},
		{"<https://a/x>; rel=\"last\"", NULL},
		{"<https://a/x; rel=\"next\"", NULL},
		{"<https://a/x>; rel=\"next", NULL},
		{"https://a/x; rel=next", NULL},
		{"", NULL},
	};
	char next[100], small[5];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool found = http_link_next(cases[i].link, next, sizeof(next));

		if (found != (cases[i].next != NULL) ||
		    (found && strcmp(next, cases[i].next) != 0))
			fail_msg("%s: %s", cases[i].link, found ? next : "none");
	}
	assert_false(http_link_next(cases[0].link, small, sizeof(small)));
}

static void segments_are_escaped(void **state)
{
	struct text t = {0};

	(void)state;
	http_escape(&t, "a/b ?#&=%\n\xc3\xa9~._-Z9");
	assert_string_equal(t.s, "a%2Fb%20%3F%23%26%3D%25%0A%C3%A9~._-Z9");
	text_done(&t);
}

static enum http_next next_of(long status, bool once, bool reached, int64_t *wait_s)
{
	struct http_pace p = {.status = status,
			      .once = once,
			      .reached = reached,
			      .retry_after_s = -1,
			      .remaining = -1,
			      .reset_s = -1,
			      .tries = 1};

	*wait_s = -7;
	return http_pace(&p, wait_s);
}

/* What must not be done twice is not asked for again when it may have been done. */
static void what_is_asked_for_again(void **state)
{
	static const struct {
		long status;
		bool reached;
		enum http_next any, once;
	} cases[] = {
		{200, true, HTTP_TAKE, HTTP_TAKE},   {201, true, HTTP_TAKE, HTTP_TAKE},
		{304, true, HTTP_TAKE, HTTP_TAKE},   {401, true, HTTP_TAKE, HTTP_TAKE},
		{403, true, HTTP_TAKE, HTTP_TAKE},   {404, true, HTTP_TAKE, HTTP_TAKE},
		{422, true, HTTP_TAKE, HTTP_TAKE},   {429, true, HTTP_AGAIN, HTTP_AGAIN},
		{500, true, HTTP_AGAIN, HTTP_TAKE},  {502, true, HTTP_AGAIN, HTTP_TAKE},
		{503, true, HTTP_AGAIN, HTTP_AGAIN}, {504, true, HTTP_AGAIN, HTTP_TAKE},
		{0, true, HTTP_AGAIN, HTTP_TAKE},    {0, false, HTTP_AGAIN, HTTP_AGAIN},
	};
	int64_t wait_s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(
			next_of(cases[i].status, false, cases[i].reached, &wait_s),
			cases[i].any);
		assert_int_equal(wait_s, cases[i].any == HTTP_AGAIN ? -1 : -7);
		assert_int_equal(
			next_of(cases[i].status, true, cases[i].reached, &wait_s),
			cases[i].once);
	}
}

static void servers_say_how_long(void **state)
{
	struct http_pace p = {.status = 429,
			      .retry_after_s = 7,
			      .remaining = 0,
			      .reset_s = 1060,
			      .now_s = 1000,
			      .tries = 1};
	int64_t wait_s;

	(void)state;
	assert_int_equal(http_pace(&p, &wait_s), HTTP_AGAIN);
	assert_int_equal(wait_s, 7);
	p.retry_after_s = -1;
	assert_int_equal(http_pace(&p, &wait_s), HTTP_AGAIN);
	assert_int_equal(wait_s, 60);
	p.reset_s = 900; /* it is over already */
	assert_int_equal(http_pace(&p, &wait_s), HTTP_AGAIN);
	assert_int_equal(wait_s, 0);
	p.reset_s = p.now_s + HTTP_WAIT_MAX_S + 1;
	assert_int_equal(http_pace(&p, &wait_s), HTTP_TOO_LONG);
	p.retry_after_s = HTTP_WAIT_MAX_S + 1;
	assert_int_equal(http_pace(&p, &wait_s), HTTP_TOO_LONG);
	p.retry_after_s = HTTP_WAIT_MAX_S;
	assert_int_equal(http_pace(&p, &wait_s), HTTP_AGAIN);
	p.tries = HTTP_TRIES;
	assert_int_equal(http_pace(&p, &wait_s), HTTP_TAKE);
	/* A 403 is a limit only where the server says so. */
	p = (struct http_pace){.status = 403,
			       .retry_after_s = -1,
			       .remaining = 0,
			       .reset_s = 5,
			       .now_s = 1,
			       .tries = 1};
	assert_true(http_limited(&p));
	assert_int_equal(http_pace(&p, &wait_s), HTTP_AGAIN);
	p.remaining = 4999;
	assert_false(http_limited(&p));
	assert_int_equal(http_pace(&p, &wait_s), HTTP_TAKE);
}

static void waits_double_and_are_drawn(void **state)
{
	(void)state;
	for (unsigned tries = 1; tries < 20; tries++) {
		uint64_t low = http_backoff_ms(1000, tries, 0);
		uint64_t high = http_backoff_ms(1000, tries, UINT32_MAX);

		assert_int_equal(high, 2 * low);
		assert_true(high <= 128000);
		assert_true(tries >= 8 || high == 1000u << (tries - 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(origins),
		cmocka_unit_test(pages),
		cmocka_unit_test(segments_are_escaped),
		cmocka_unit_test(what_is_asked_for_again),
		cmocka_unit_test(servers_say_how_long),
		cmocka_unit_test(waits_double_and_are_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
