/* Whether a server answers: one attempt to connect. What speaks HTTP is asked by a program
 * of its own (fetch.c), so that profd need not carry a library for it. */
#include "bench-priv.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MS 1000

static int try_address(int family, const struct sockaddr *to, socklen_t n)
{
	_cleanup_close_ int fd = socket(family,
					SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	socklen_t size = sizeof(int);
	int code = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, to, n) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	if (poll(&p, 1, ANSWER_MS) <= 0)
		return -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) < 0)
		return -errno;
	return -code;
}

static int try_unix(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	memcpy(to.sun_path, path, strlen(path) + 1);
	return try_address(AF_UNIX, (const struct sockaddr *)&to, sizeof(to));
}

/* "HOST:PORT", "[::1]:PORT" */
static int try_tcp(const char *address)
{
	const char *colon = strrchr(address, ':');
	bool brackets = address[0] == '[' && colon && colon[-1] == ']';
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	_cleanup_free_ char *host = NULL;
	int code = -EINVAL;

	if (!colon)
		return -EINVAL;
	host = xstrndup(address + brackets,
			(size_t)(colon - address) - 2 * (size_t)brackets);
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return -EHOSTUNREACH;
	for (const struct addrinfo *a = found; a && code < 0; a = a->ai_next)
		code = try_address(a->ai_family, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(found);
	return code;
}

int ready_try(const char *url, struct error *err)
{
	int code = !strncmp(url, "unix://", 7)	? try_unix(url + 7)
		   : !strncmp(url, "tcp://", 6) ? try_tcp(url + 6)
						: -EINVAL;

	if (code == 0)
		return 0;
	error_set(err, code, "'%s': %s", url, strerror(-code));
	return code == -EINVAL || code == -ENAMETOOLONG ? -EINVAL : -EAGAIN;
}
