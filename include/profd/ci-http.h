#pragma once
/* Requests to the servers of GitHub, GitLab and of webhooks, by libcurl. Only the program
 * profd-remote links it. One thread at a time.
 *
 * A token goes into a header of requests to one origin and nowhere else: a redirect to
 * another host is followed without it, and no error text has it. Certificates are always
 * checked; http:// is for loopback addresses only. $https_proxy and its like count, as
 * libcurl reads them, but not for loopback.
 *
 * What comes late, or not at all, is asked for again (HTTP_TRIES): 429, 502, 503, 504, 500,
 * 403 of a rate limit, and connections that broke. Between two tries passes what the server
 * asks for (Retry-After, RFC 9110 10.2.3; X-RateLimit-Reset of GitHub's "Rate limits for the
 * REST API", RateLimit-Reset of GitLab's "Rate limits"), else a time that doubles and is
 * drawn from its upper half. A server that asks for more than HTTP_WAIT_MAX_S gets no more
 * requests. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <profd/error.h>
#include <profd/text.h>

#define HTTP_TRIES 6
#define HTTP_WAIT_MAX_S 90
#define HTTP_BACKOFF_MS 1000 /* the first wait */
#define HTTP_CONNECT_MS 15000
#define HTTP_STALL_S 30	    /* less than a byte a second for so long: broken */
#define HTTP_REPLY_MS 60000 /* one reply, downloads excepted */
#define HTTP_DOWNLOAD_MS 900000
#define HTTP_HEADERS_MAX_BYTES (256u << 10)
#define HTTP_REPLY_MAX_BYTES (16u << 20)
#define HTTP_DOWNLOAD_MAX_BYTES (1ull << 30)
#define HTTP_REDIRECTS_MAX 5
#define HTTP_URL_MAX_BYTES 4096
#define HTTP_TOKEN_MAX_BYTES 4096

struct http;

struct http_options {
	const char *base; /* the token is for its origin: "https://api.github.com/…" */
	const char *header; /* "Authorization: Bearer ", "PRIVATE-TOKEN: " … */
	const char *token;  /* NULL: none. Printable ASCII without blanks */
	const char *const
		*headers;    /* more of them, for the origin; NULL-terminated or NULL */
	unsigned backoff_ms; /* 0: HTTP_BACKOFF_MS. Else a server's second has as many */
};
/* All is copied. NULL and err: -EINVAL for what is not an address that may be asked, or not
 * a token. */
struct http *http_new(const struct http_options *o, struct error *err);
void http_free(struct http *h);

struct http_request {
	const char *method;
	const char *url;  /* absolute */
	const char *body; /* or NULL */
	size_t body_n;
	const char *type; /* of the body; NULL: application/json */
	const char *what; /* for people: "list the comments" */
	bool once;	  /* what it does it would do twice */
	int fd;		  /* > 0: a reply of 2xx is written there, as far as fd_max */
	uint64_t fd_max;  /* at most HTTP_DOWNLOAD_MAX_BYTES */
};

struct http_reply {
	long status;
	struct text body;   /* not of what was written to fd */
	char link[2048];    /* header Link, "" for none or longer */
	char next_page[16]; /* header X-Next-Page */
	bool limited;	    /* refused for too many requests */
	bool unsure;	    /* nobody knows whether it was done: of `once` only */
};
/* Asks until a final reply comes, whatever its status; *ret is for http_reply_done.
 * -EIO: none came; -EBUSY: the server asks to wait for too long; -EFBIG; -EPROTO: a redirect
 * that is not followed; and err. */
int http_do(struct http *h, const struct http_request *rq, struct http_reply *ret,
	    struct error *err);
void http_reply_done(struct http_reply *r);

/* --- without the library: http-parts.c ------------------------------------------------ */

/* The length of "https://host:port" at the begin of @url; 0 for what is not one that may be
 * asked, such as one with a user's name, or http:// of another machine. */
size_t http_origin(const char *url);
bool http_same_origin(const char *a, const char *b);
/* The address of rel="next" in a Link header (RFC 8288) into @ret[0..n), or false. */
bool http_link_next(const char *link, char *ret, size_t n);
/* Appends @s so that it is one segment of a path, or one value of a query. */
void http_escape(struct text *t, const char *s);

struct http_pace {
	long status; /* 0: the connection broke */
	bool once;
	bool reached;		    /* of status 0: something may have arrived there */
	int64_t retry_after_s;	    /* -1: not said */
	int64_t remaining, reset_s; /* of a rate limit, reset since 1970; -1: not said */
	int64_t now_s;
	unsigned tries; /* that were made */
};
enum http_next { HTTP_TAKE, HTTP_AGAIN, HTTP_TOO_LONG };
/* What to do with such a reply: take it, or ask again after *ret_s seconds, which are -1
 * where the server said nothing of them. */
enum http_next http_pace(const struct http_pace *p, int64_t *ret_s);
/* True when a 403 or 429 means: too many. */
bool http_limited(const struct http_pace *p);
/* The wait before try number @tries + 1; @draw is any number. */
uint64_t http_backoff_ms(unsigned first_ms, unsigned tries, uint32_t draw);
