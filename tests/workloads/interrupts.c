/* One thread that works for 1 ms and then spends 1 ms in a system call that fails with
 * EINTR, or returns a short count, when it is disturbed: `interrupts SECONDS`. Prints
 * which thread that is, and for each call how often it was. There is no signal handler,
 * so without anybody's interference it never is. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MS 1000000L
#define BIG (1 << 20)
#define MESSAGE 8192

static int full_pipe[2], silent[2], slow[2], epoll_fd, semaphore;
static char big[BIG], sink[65536];
static const struct timespec one_ms = {0, MS};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *drain(void *arg)
{
	while (read(full_pipe[0], sink, sizeof(sink)) > 0)
		;
	return NULL;
}

static void *feed(void *arg)
{
	static const struct timespec pause = {0, MS / 10};
	char part[MESSAGE / 4] = {0};

	while (write(slow[0], part, sizeof(part)) > 0)
		nanosleep(&pause, NULL);
	return NULL;
}

static ssize_t call_epoll(void)
{
	struct epoll_event e;

	return epoll_wait(epoll_fd, &e, 1, 1);
}

static ssize_t call_semtimedop(void)
{
	struct sembuf take = {0, -1, 0};

	return semtimedop(semaphore, &take, 1, &one_ms);
}

static ssize_t call_sigtimedwait(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return sigtimedwait(&set, NULL, &one_ms);
}

static ssize_t call_recv(void)
{
	char byte;

	return recv(silent[0], &byte, 1, 0);
}

static ssize_t call_waitall(void)
{
	char message[MESSAGE];

	return recv(slow[1], message, MESSAGE, MSG_WAITALL);
}

static ssize_t call_recvmsg(void)
{
	char message[MESSAGE];
	struct iovec v[2] = {{message, 100}, {message + 100, MESSAGE - 100}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};

	return recvmsg(slow[1], &m, MSG_WAITALL);
}

static ssize_t call_write(void)
{
	return write(full_pipe[1], big, BIG);
}

static ssize_t call_writev(void)
{
	struct iovec v[3] = {{big, 1000}, {big, BIG / 2}, {big, BIG / 2 - 1000}};

	return writev(full_pipe[1], v, 3);
}

static struct call {
	const char *name;
	ssize_t (*make)(void);
	ssize_t want; /* bytes; 0: it has to time out */
	long calls, eintr, brief;
} calls[] = {{"epoll_wait", call_epoll, 0, 0, 0, 0},
	     {"semtimedop", call_semtimedop, 0, 0, 0, 0},
	     {"sigtimedwait", call_sigtimedwait, 0, 0, 0, 0},
	     {"recv with a timeout", call_recv, 0, 0, 0, 0},
	     {"recv MSG_WAITALL", call_waitall, MESSAGE, 0, 0, 0},
	     {"recvmsg MSG_WAITALL", call_recvmsg, MESSAGE, 0, 0, 0},
	     {"write of 1 MiB", call_write, BIG, 0, 0, 0},
	     {"writev of 1 MiB", call_writev, BIG, 0, 0, 0}};
#define NCALLS (sizeof(calls) / sizeof(calls[0]))

static void make_files(void)
{
	struct timeval ms = {0, 1000};
	sigset_t set;

	if (pipe(full_pipe) || socketpair(AF_UNIX, SOCK_STREAM, 0, silent) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, slow) ||
	    setsockopt(silent[0], SOL_SOCKET, SO_RCVTIMEO, &ms, sizeof(ms)))
		exit(2);
	epoll_fd = epoll_create1(0);
	semaphore = semget(IPC_PRIVATE, 1, 0600);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void one_turn(struct call *c)
{
	double end = now() + .001;
	ssize_t got;

	while (now() < end)
		;
	got = c->make();
	c->calls++;
	c->eintr += got < 0 && errno == EINTR;
	c->brief += c->want && got >= 0 && got != c->want;
}

int main(int argc, char **argv)
{
	double end = now() + (argc > 1 ? strtod(argv[1], NULL) : 1);
	pthread_t thread;
	long eintr = 0, brief = 0;

	make_files();
	printf("thread %d\n", (int)gettid());
	if (pthread_create(&thread, NULL, drain, NULL) ||
	    pthread_create(&thread, NULL, feed, NULL))
		return 2;
	for (unsigned i = 0; now() < end; i++)
		one_turn(&calls[i % NCALLS]);
	semctl(semaphore, 0, IPC_RMID);
	for (unsigned i = 0; i < NCALLS; i++) {
		printf("%s: %ld calls, %ld EINTR, %ld short\n", calls[i].name,
		       calls[i].calls, calls[i].eintr, calls[i].brief);
		eintr += calls[i].eintr;
		brief += calls[i].brief;
	}
	printf("in all: %ld EINTR, %ld short\n", eintr, brief);
	return 0;
}
