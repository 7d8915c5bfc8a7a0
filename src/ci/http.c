/* One libcurl handle, and around it what the contract promises: redirects are followed here
 * and not by libcurl, which would carry headers of ours to other hosts. */
#include <profd/ci-http.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

#include <profd/io.h>
#include <profd/mem.h>

struct http {
	CURL *curl;
	char *base, *token;
	struct curl_slist *ours;   /* for the origin: the token is in one of them */
	struct curl_slist *others; /* for every host */
	unsigned backoff_ms;
};

struct transfer {
	struct http *h;
	const struct http_request *rq;
	struct http_reply *reply;
	uint64_t bytes, header_bytes;
	bool too_much, write_failed;
};

/* Where distributions keep the authorities' certificates: libcurl knows the place of the
 * one it was built on. */
static const char *const authorities[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/cert.pem",
};

/* --- the handle ---------------------------------------------------------------------- */

static bool token_is_good(const char *token)
{
	size_t n = strlen(token);

	for (size_t i = 0; i < n; i++)
		if (token[i] <= ' ' || token[i] > '~')
			return false;
	return n && n <= HTTP_TOKEN_MAX_BYTES;
}

static int check(const struct http_options *o, struct error *err)
{
	if (!http_origin(o->base) || strlen(o->base) >= HTTP_URL_MAX_BYTES) {
		error_set(err, -EINVAL,
			  "this is not an address that may be asked: it has to begin "
			  "with https://");
		error_hint(err, "http:// is taken for this machine only, and names of "
				"users in addresses are not");
		return -EINVAL;
	}
	if (!o->token || token_is_good(o->token))
		return 0;
	error_set(err, -EINVAL, "the token is empty, too long, or has blanks in it");
	error_hint(err, "see the variable that it comes from");
	return -EINVAL;
}

static void headers_make(struct http *h, const struct http_options *o)
{
	_cleanup_free_ char *auth = NULL;

	/* libcurl would ask for permission to send a body, and wait for the answer. */
	h->others = curl_slist_append(NULL, "Expect:");
	h->ours = curl_slist_append(NULL, "Expect:");
	for (size_t i = 0; o->headers && o->headers[i]; i++)
		h->ours = curl_slist_append(h->ours, o->headers[i]);
	if (!o->token)
		return;
	auth = xasprintf("%s%s", o->header, o->token);
	h->ours = curl_slist_append(h->ours, auth);
	explicit_bzero(auth, strlen(auth));
}

static void find_authorities(CURL *curl)
{
	const char *file = getenv("SSL_CERT_FILE");

	if (file && *file) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, file);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(authorities); i++) {
		if (access(authorities[i], R_OK) != 0)
			continue;
		curl_easy_setopt(curl, CURLOPT_CAINFO, authorities[i]);
		return;
	}
}

struct http *http_new(const struct http_options *o, struct error *err)
{
	struct http *h;

	if (check(o, err) < 0)
		return NULL;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	h = xcalloc(1, sizeof(*h));
	h->curl = curl_easy_init();
	if (!h->curl) {
		error_set(err, -ENOMEM, "libcurl does not start");
		http_free(h);
		return NULL;
	}
	h->base = xstrdup(o->base);
	h->token = o->token ? xstrdup(o->token) : NULL;
	h->backoff_ms = o->backoff_ms;
	headers_make(h, o);
	return h;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	curl_slist_free_all(h->ours);
	curl_slist_free_all(h->others);
	if (h->token)
		explicit_bzero(h->token, strlen(h->token));
	free(h->token);
	free(h->base);
	free(h);
}

/* --- one exchange -------------------------------------------------------------------- */

static size_t take_header(char *data, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	(void)data;
	t->header_bytes += size * n;
	t->too_much |= t->header_bytes > HTTP_HEADERS_MAX_BYTES;
	return t->too_much ? 0 : size * n;
}

static size_t take_body(char *data, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	const struct http_request *rq = t->rq;
	long status = 0;
	bool file;

	curl_easy_getinfo(t->h->curl, CURLINFO_RESPONSE_CODE, &status);
	file = rq->fd > 0 && status >= 200 && status < 300;
	t->bytes += size * n;
	if (t->bytes > (file ? rq->fd_max : HTTP_REPLY_MAX_BYTES)) {
		t->too_much = true;
		return 0;
	}
	if (!file) {
		text_addn(&t->reply->body, data, size * n);
		return size * n;
	}
	t->write_failed = io_write(rq->fd, data, size * n) < 0;
	return t->write_failed ? 0 : size * n;
}

static void set_body(CURL *curl, const struct http_request *rq)
{
	if (!rq->body)
		return;
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body_n);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, rq->body);
}

static void set_up(struct transfer *t, const char *url, struct curl_slist *headers)
{
	CURL *curl = t->h->curl;
	bool local = !strncmp(url, "http://", 7);

	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	set_body(curl, t->rq);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, t->rq->method);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, local ? "http" : "https");
	if (local)
		curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CONNECT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
			 (long)(t->rq->fd > 0 ? HTTP_DOWNLOAD_MS : HTTP_REPLY_MS));
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)HTTP_STALL_S);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	find_authorities(curl);
}

static struct curl_slist *headers_for(const struct http *h, const struct http_request *rq,
				      const char *url)
{
	bool ours = http_same_origin(h->base, url);
	struct curl_slist *list = NULL;
	_cleanup_free_ char *type = NULL;

	for (const struct curl_slist *s = ours ? h->ours : h->others; s; s = s->next)
		list = curl_slist_append(list, s->data);
	if (!rq->body)
		return list;
	type = xasprintf("Content-Type: %s", rq->type ? rq->type : "application/json");
	return curl_slist_append(list, type);
}

static void copy_header(CURL *curl, const char *name, char *ret, size_t n)
{
	struct curl_header *header;

	*ret = '\0';
	if (curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK &&
	    strlen(header->value) < n)
		memcpy(ret, header->value, strlen(header->value) + 1);
}

static int64_t number_header(CURL *curl, const char *name, const char *other)
{
	char s[24];
	size_t n;

	copy_header(curl, name, s, sizeof(s));
	if (!*s)
		copy_header(curl, other, s, sizeof(s));
	n = strspn(s, "0123456789");
	return n && n < 16 && !s[n] ? strtoll(s, NULL, 10) : -1;
}

static void read_headers(CURL *curl, struct http_reply *reply, struct http_pace *pace)
{
	curl_off_t after = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
	copy_header(curl, "link", reply->link, sizeof(reply->link));
	copy_header(curl, "x-next-page", reply->next_page, sizeof(reply->next_page));
	pace->status = reply->status;
	pace->now_s = time(NULL);
	pace->remaining = number_header(curl, "x-ratelimit-remaining",
					"ratelimit-remaining");
	pace->reset_s = number_header(curl, "x-ratelimit-reset", "ratelimit-reset");
	/* A date counts from the clock of this machine; 0 is "none" to libcurl. */
	pace->retry_after_s = number_header(curl, "retry-after", "retry-after");
	if (pace->retry_after_s < 0 &&
	    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &after) == CURLE_OK &&
	    after > 0)
		pace->retry_after_s = after;
}

static int rewind_file(const struct http_request *rq)
{
	if (rq->fd <= 0)
		return 0;
	return ftruncate(rq->fd, 0) < 0 || lseek(rq->fd, 0, SEEK_SET) < 0 ? -errno : 0;
}

/* libcurl's words for a failure may quote the address; ours name what was asked. */
static int failed(const struct transfer *t, CURLcode code, struct error *err)
{
	if (t->too_much)
		return error_set(err, -EFBIG, "cannot %s: the reply is too large",
				 t->rq->what);
	if (t->write_failed)
		return error_set(err, -EIO, "cannot %s: no space to write it to",
				 t->rq->what);
	error_set(err, -EIO, "cannot %s: %s", t->rq->what, curl_easy_strerror(code));
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		error_hint(err, "SSL_CERT_FILE names a file of further authorities");
	return -EIO;
}

static bool could_reach(CURLcode code)
{
	return code != CURLE_COULDNT_CONNECT && code != CURLE_COULDNT_RESOLVE_HOST &&
	       code != CURLE_COULDNT_RESOLVE_PROXY && code != CURLE_SSL_CONNECT_ERROR &&
	       code != CURLE_PEER_FAILED_VERIFICATION;
}

/* What no further try changes. */
static bool is_final(const struct transfer *t, CURLcode code)
{
	return t->too_much || t->write_failed || code == CURLE_PEER_FAILED_VERIFICATION ||
	       code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
}

/* One request to one address. Returns 0, or -EAGAIN with pace filled for a broken
 * connection, or what is final. */
static int exchange(struct http *h, const struct http_request *rq, const char *url,
		    struct http_reply *reply, struct http_pace *pace, struct error *err)
{
	struct transfer t = {.h = h, .rq = rq, .reply = reply};
	struct curl_slist *headers = headers_for(h, rq, url);
	CURLcode code;
	int failure;

	text_clear(&reply->body);
	reply->status = 0;
	failure = rewind_file(rq);
	set_up(&t, url, headers);
	code = failure ? CURLE_WRITE_ERROR : curl_easy_perform(h->curl);
	curl_slist_free_all(headers);
	if (code == CURLE_OK) {
		read_headers(h->curl, reply, pace);
		return 0;
	}
	failure = failed(&t, code, err);
	pace->status = 0;
	pace->reached = could_reach(code);
	pace->retry_after_s = pace->remaining = pace->reset_s = -1;
	return is_final(&t, code) ? failure : -EAGAIN;
}

/* --- redirects ----------------------------------------------------------------------- */

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 ||
	       status == 308;
}

/* Where to go on; the token stays with the origin by headers_for. */
static int next_address(struct http *h, const struct http_request *rq, long status,
			unsigned hops, char **url, struct error *err)
{
	char *to = NULL;

	if (strcmp(rq->method, "GET") != 0) {
		error_set(err, -EPROTO,
			  "cannot %s: the server answers %ld, it has moved elsewhere",
			  rq->what, status);
		error_hint(err, "the repository may have been renamed");
		return -EPROTO;
	}
	curl_easy_getinfo(h->curl, CURLINFO_REDIRECT_URL, &to);
	if (hops >= HTTP_REDIRECTS_MAX || !to || !http_origin(to) ||
	    strlen(to) >= 4 * HTTP_URL_MAX_BYTES ||
	    (!strncmp(*url, "https://", 8) && strncmp(to, "https://", 8) != 0))
		return error_set(err, -EPROTO,
				 "cannot %s: the server redirects to where nobody goes",
				 rq->what);
	to = xstrdup(to);
	free(*url);
	*url = to;
	return 0;
}

static int follow(struct http *h, const struct http_request *rq, struct http_reply *reply,
		  struct http_pace *pace, struct error *err)
{
	_cleanup_free_ char *url = xstrdup(rq->url);

	for (unsigned hops = 0;; hops++) {
		int code = exchange(h, rq, url, reply, pace, err);

		if (code < 0 || !is_redirect(reply->status))
			return code;
		code = next_address(h, rq, reply->status, hops, &url, err);
		if (code < 0)
			return code;
	}
}

/* --- until it is done ---------------------------------------------------------------- */

static void sleep_ms(uint64_t ms)
{
	struct timespec left = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static void wait_for_turn(const struct http *h, unsigned tries, int64_t wait_s)
{
	unsigned first = h->backoff_ms ? h->backoff_ms : HTTP_BACKOFF_MS;
	uint32_t draw = 0;

	if (wait_s >= 0) {
		sleep_ms((uint64_t)wait_s * (h->backoff_ms ? h->backoff_ms : 1000));
		return;
	}
	if (getrandom(&draw, sizeof(draw), GRND_NONBLOCK) != sizeof(draw))
		draw = UINT32_MAX;
	sleep_ms(http_backoff_ms(first, tries, draw));
}

static int too_long(const struct http_request *rq, struct error *err)
{
	error_set(err, -EBUSY, "cannot %s: the server asks to wait for more than %d s",
		  rq->what, HTTP_WAIT_MAX_S);
	error_hint(err, "a rate limit was reached; later it goes on");
	return -EBUSY;
}

/* A server's words may repeat what it was sent. */
static void hide_token(const struct http *h, struct text *body)
{
	char *at = body->s;
	size_t n = h->token ? strlen(h->token) : 0;

	while (n && at &&
	       (at = memmem(at, body->len - (size_t)(at - body->s), h->token, n)))
		memset(at, '*', n);
}

int http_do(struct http *h, const struct http_request *rq, struct http_reply *ret,
	    struct error *err)
{
	struct http_pace pace = {.once = rq->once};
	int64_t wait_s = -1;
	int code;

	*ret = (struct http_reply){0};
	if (!http_origin(rq->url) || strlen(rq->url) >= HTTP_URL_MAX_BYTES)
		return error_set(err, -EINVAL, "cannot %s: not an address", rq->what);
	for (;;) {
		enum http_next next;

		pace.tries++;
		code = follow(h, rq, ret, &pace, err);
		if (code < 0 && code != -EAGAIN)
			break;
		next = http_pace(&pace, &wait_s);
		if (next == HTTP_TOO_LONG) {
			code = too_long(rq, err);
			break;
		}
		if (next == HTTP_TAKE)
			break;
		wait_for_turn(h, pace.tries, wait_s);
	}
	ret->limited = code == 0 && http_limited(&pace);
	ret->unsure = rq->once && (code == -EAGAIN ? pace.reached
						   : code == 0 && pace.status >= 500 &&
							     pace.status != 503);
	hide_token(h, &ret->body);
	return code == -EAGAIN ? -EIO : code;
}

void http_reply_done(struct http_reply *r)
{
	text_done(&r->body);
}
