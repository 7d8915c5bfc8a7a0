/* What GitHub and GitLab send, and the events of GitHub: the first byte says which of it. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/ci/forge-priv.h"
#include <profd/ci-archive.h>
#include <profd/ci-comment.h>
#include <profd/ci-remote.h>
#include <profd/mem.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define SHA "1234567890123456789012345678901234567890"

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* What comes out is an address as it came, and no longer than there is room. */
static void use_link(const char *s)
{
	char small[64], large[HTTP_URL_MAX_BYTES];
	bool fits = http_link_next(s, small, sizeof(small));

	if (http_link_next(s, large, sizeof(large)))
		must(strstr(s, large) && text_is_clean(large, strlen(large)) &&
		     (!fits || strlen(small) < sizeof(small)));
	else
		must(!fits);
}

/* One that may be asked is https, or of this machine, and has no user's name in front. */
static void use_url(const char *s)
{
	size_t n = http_origin(s);
	struct text t = {0};

	must(n <= strlen(s));
	must(!n || !strncmp(s, "https://", 8) || !strncmp(s, "http://127.", 11) ||
	     !strncasecmp(s, "http://localhost", 16) || !strncmp(s, "http://[::1]", 12));
	must(!n || !memchr(s, '@', n));
	must(http_same_origin(s, s) == (n > 0));
	http_escape(&t, s);
	must(!strpbrk(text_get(&t), "/?#&=\" \n"));
	text_done(&t);
}

static void use_comments(enum forge_kind kind, const struct json *j)
{
	struct forge_comments c = {0};

	forge_read_comments(kind, j, "me", "<!-- profd:x -->", &c, NULL);
	for (uint32_t i = 0; i < c.list.n; i++) {
		struct comment_state state;

		must(c.list.v[i].id > 0);
		must(!strncmp(c.list.v[i].body, "<!-- profd:x -->", 16));
		comment_state_read(c.list.v[i].body, &state);
	}
	forge_comments_done(&c);
}

static void use_lists(enum forge_kind kind, const struct json *j)
{
	struct forge_artifacts a = {0};
	struct error err = {0};
	struct text t = {0};
	uint64_t pr = 0;
	unsigned n = 0;

	forge_read_artifacts(kind, j, "*profd*", &a, NULL);
	for (uint32_t i = 0; i < a.list.n; i++) {
		char *folder = archive_folder_name(a.list.v[i].name);

		must(strstr(a.list.v[i].name, "profd") != NULL);
		must(archive_name_check(folder, &err) == 0 && !strchr(folder, '/'));
		free(folder);
	}
	forge_artifacts_done(&a);
	must(forge_read_pulls(kind, j, SHA, &n, &pr, NULL) <= 0 && (!n || pr));
	forge_add_reason(&t, 403, j);
	must(text_is_clean(t.s, t.len) && t.len < 700);
	text_done(&t);
}

static void use_reply(enum forge_kind kind, const char *s, size_t n)
{
	struct json *j = json_read(s, n, NULL);

	use_comments(kind, j);
	use_lists(kind, j);
	json_free(j);
}

static void use_event(const char *s, size_t n)
{
	struct ci_remote r = {0};
	struct error err = {0};

	if (ci_remote_read_event(s, n, &r, &err) < 0)
		must(err.code < 0);
	must(!r.sha || text_is_clean(r.sha, strlen(r.sha)));
	must(!r.head || strchr(r.head, ':'));
	ci_remote_done(&r);
}

/* A name that passes stays below where it is unpacked. */
static void use_name(const char *s)
{
	struct error err = {0};
	unsigned depth = 0;

	if (archive_name_check(s, &err) < 0) {
		must(err.code == -22 && err.text[0]);
		return;
	}
	must(*s != '/' && !strstr(s, "//") && strcmp(s, "..") != 0 &&
	     strncmp(s, "../", 3) != 0 && !strstr(s, "/../"));
	for (; *s; s++)
		depth += *s == '/';
	must(depth <= ARCHIVE_DEPTH_MAX);
}

static void use_run(const char *s, size_t n)
{
	const struct comment_options opt = {.link = "https://a.example/"};
	struct comment c = {0};
	struct text t = {0};

	if (comment_of_run(s, n, &opt, &c, NULL) < 0)
		return;
	comment_render(&c, NULL, 65536, &t);
	must(t.len <= 65536 && text_is_clean(c.marker, strlen(c.marker)));
	text_clear(&t);
	comment_render(&c, NULL, 400, &t);
	must(t.len <= 400);
	text_done(&t);
	comment_done(&c);
}

/* "429 3 7 0 60 1000 x": a status, and what its headers say. */
static void use_pace(const char *s)
{
	struct http_reply r = {0};
	struct http_pace p = {.retry_after_s = -1, .remaining = -1, .reset_s = -1};
	int64_t wait_s = -1;
	struct text t = {0};
	int once = 0;

	sscanf(s, "%ld %u %ld %ld %ld %ld %d", &p.status, &p.tries, &p.retry_after_s,
	       &p.remaining, &p.reset_s, &p.now_s, &once);
	p.once = once & 1;
	p.reached = once & 2;
	/* Clocks and headers have no more digits than 15 (http.c). */
	if (p.now_s < 0 || p.now_s >> 50 || p.reset_s < -1 || (p.reset_s + 1) >> 50)
		return;
	if (http_pace(&p, &wait_s) == HTTP_AGAIN)
		must(p.tries < HTTP_TRIES && wait_s <= HTTP_WAIT_MAX_S);
	must(http_backoff_ms(1000, p.tries, (uint32_t)p.now_s) <= 128000);
	r.status = p.status;
	r.limited = http_limited(&p);
	must((forge_code(&r) == 0) == (r.status >= 200 && r.status < 300));
	forge_add_reason(&t, p.status, NULL);
	must(text_is_clean(t.s, t.len));
	text_done(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *s = n ? xstrndup((const char *)data + 1, n - 1) : NULL;

	switch (n ? *data : 0) {
	case 'l':
		use_link(s);
		break;
	case 'u':
		use_url(s);
		break;
	case 'h':
		use_reply(FORGE_GITHUB, (const char *)data + 1, n - 1);
		break;
	case 'g':
		use_reply(FORGE_GITLAB, (const char *)data + 1, n - 1);
		break;
	case 'e':
		use_event((const char *)data + 1, n - 1);
		break;
	case 'n':
		use_name(s);
		break;
	case 's':
		use_pace(s);
		break;
	case 'r':
		use_run((const char *)data + 1, n - 1);
		break;
	default:
		break;
	}
	free(s);
	return 0;
}
