/* What of HTTP can be said without speaking it: whose address it is, where the next page is,
 * and when to ask again. All of it reads what servers send, or may have been made to send. */
#include <profd/ci-http.h>

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define HOST_CHARACTERS                                                                  \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"

/* "127.0.0.1" and its neighbours in full, "::1", "localhost": libcurl looks up none of them
 * (CURLOPT_URL: localhost is always local). */
static bool host_is_loopback(const char *host, size_t n)
{
	unsigned dots = 0;

	if (n == 9 && !strncasecmp(host, "localhost", 9))
		return true;
	if (n == 5 && !strncmp(host, "[::1]", 5))
		return true;
	for (size_t i = 0; i < n; i++) {
		if (host[i] == '.' && i && host[i - 1] != '.')
			dots++;
		else if (!isdigit((unsigned char)host[i]))
			return false;
	}
	return dots == 3 && !strncmp(host, "127.", 4) && host[n - 1] != '.';
}

static size_t host_length(const char *host)
{
	size_t n = strspn(host, HOST_CHARACTERS);

	if (*host != '[')
		return n;
	n = 1 + strspn(host + 1, "0123456789abcdefABCDEF:.");
	return host[n] == ']' && n > 1 ? n + 1 : 0;
}

size_t http_origin(const char *url)
{
	bool tls = !strncmp(url, "https://", 8);
	size_t scheme = tls ? 8 : 7, host, port = 0;
	char end;

	if (!tls && strncmp(url, "http://", 7) != 0)
		return 0;
	host = host_length(url + scheme);
	if (!host || (!tls && !host_is_loopback(url + scheme, host)))
		return 0;
	if (url[scheme + host] == ':') {
		port = strspn(url + scheme + host + 1, "0123456789");
		if (!port || port > 5)
			return 0;
		port++;
	}
	end = url[scheme + host + port];
	return !end || end == '/' || end == '?' ? scheme + host + port : 0;
}

bool http_same_origin(const char *a, const char *b)
{
	size_t n = http_origin(a);

	return n && n == http_origin(b) && !strncasecmp(a, b, n);
}

/* One parameter of a link: `; rel="next"`. Returns its end, or NULL. */
static const char *link_parameter(const char *s, bool *ret_next)
{
	size_t name, value;
	const char *from;

	s += strspn(s, "; \t");
	name = strcspn(s, "=;, \t");
	from = s + name;
	if (!name || *from != '=')
		return name ? from : NULL;
	from++;
	if (*from == '"') {
		value = strcspn(++from, "\"");
		if (!from[value])
			return NULL;
	} else {
		value = strcspn(from, ";, \t");
	}
	if (name == 3 && !strncasecmp(s, "rel", 3) && value == 4 &&
	    !strncasecmp(from, "next", 4))
		*ret_next = true;
	return from + value + (from[-1] == '"');
}

/* <https://host/x?page=2>; rel="next", <https://host/x?page=9>; rel="last" */
bool http_link_next(const char *link, char *ret, size_t n)
{
	while (*(link += strspn(link, ", \t"))) {
		const char *url = link + 1, *rest;
		size_t length = strcspn(url, ">");
		bool next = false;

		if (*link != '<' || !url[length])
			return false;
		rest = url + length + 1;
		while (*(rest += strspn(rest, " \t")) == ';') {
			rest = link_parameter(rest, &next);
			if (!rest)
				return false;
		}
		if (next && length < n && length < HTTP_URL_MAX_BYTES &&
		    text_is_clean(url, length)) {
			memcpy(ret, url, length);
			ret[length] = '\0';
			return true;
		}
		if (*rest && *rest != ',')
			return false;
		link = rest;
	}
	return false;
}

/* RFC 3986 2.3. */
void http_escape(struct text *t, const char *s)
{
	for (; *s; s++) {
		if (isalnum((unsigned char)*s) || strchr("-._~", *s))
			text_addc(t, *s);
		else
			text_addf(t, "%%%02X", (unsigned char)*s);
	}
}

/* --- when to ask again --------------------------------------------------------------- */

bool http_limited(const struct http_pace *p)
{
	return p->status == 429 ||
	       (p->status == 403 && (p->remaining == 0 || p->retry_after_s >= 0));
}

/* A server that says 429 or 503 did nothing; of the others nobody knows. */
static bool again(const struct http_pace *p)
{
	switch (p->status) {
	case 0:
		return !p->once || !p->reached;
	case 500:
	case 502:
	case 504:
		return !p->once;
	case 429:
	case 503:
		return true;
	default:
		return http_limited(p);
	}
}

enum http_next http_pace(const struct http_pace *p, int64_t *ret_s)
{
	int64_t wait = -1;

	if (!again(p) || p->tries >= HTTP_TRIES)
		return HTTP_TAKE;
	if (p->retry_after_s >= 0)
		wait = p->retry_after_s;
	else if (http_limited(p) && p->remaining == 0 && p->reset_s >= 0)
		wait = p->reset_s > p->now_s ? p->reset_s - p->now_s : 0;
	if (wait > HTTP_WAIT_MAX_S)
		return HTTP_TOO_LONG;
	*ret_s = wait;
	return HTTP_AGAIN;
}

uint64_t http_backoff_ms(unsigned first_ms, unsigned tries, uint32_t draw)
{
	uint64_t full = (uint64_t)first_ms
			<< (tries > 1 ? (tries < 8 ? tries - 1 : 7) : 0);

	return full / 2 + (full / 2) * draw / UINT32_MAX;
}
