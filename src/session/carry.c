/* A write of a megabyte into a pipe blocks many times, and a stop that meets it in
 * between makes it return early, with the count of what is done. A program without signal
 * handlers never sees that happen and need not be ready for it. So the thread makes the
 * call again for the rest, and only when that is done it goes on behind the call, with
 * the whole count. It stays seized for so long, but is stopped only where the calls begin
 * and end.
 *
 * What may end early by itself is told apart by asking for the rest: an error then, or
 * nothing, is the answer that the program would have had next, and the count stands. Only
 * pipes and sockets that are streams are asked, so that no message is put to the next
 * one, and no limit of a file's size is met.
 *
 * A signal that has a handler ends it: system calls are allowed to be cut short by
 * that. */
#include "ptrace-priv.h"

#include <linux/elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>

#include <profd/mem.h>

#define PIECES_MAX 1024u /* IOV_MAX */

struct carry {
	uint32_t tid;
	uint64_t user[HALT_REGS_MAX]; /* as they are to be behind the call */
	size_t user_bytes;
	struct machine_call call; /* that is made for the rest */
	bool file;		  /* sendfile: the kernel knows where it was */
	bool inside;
	uint64_t done, want;
	struct iovec *pieces;
	size_t npieces;
};

static bool read_memory(uint32_t tid, uint64_t addr, void *buf, size_t n)
{
	struct iovec local = {buf, n}, remote = {(void *)(uintptr_t)addr, n};

	return process_vm_readv((pid_t)tid, &local, 1, &remote, 1, 0) == (ssize_t)n;
}

static void set_user(const struct carry *c, uint64_t *user)
{
	struct iovec io = {user, c->user_bytes};

	ptrace(PTRACE_SETREGSET, c->tid, NT_PRSTATUS, &io);
}

/* --- which calls -------------------------------------------------------------------- */

/* Into a pipe sendfile(2) puts what fits, and no more. */
static bool is_stream(uint32_t tid, uint64_t fd, bool pipes)
{
	static const char *const streams[] = {"TCP", "TCPv6", "UNIX-STREAM", "MPTCP",
					      "MPTCPv6"};
	char path[64], name[32];
	struct stat st;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/fd/%d", tid, (int)fd);
	if (stat(path, &st) < 0)
		return false;
	if (S_ISFIFO(st.st_mode))
		return pipes;
	/* sockfs tells the protocol: linux/net/socket.c. */
	n = S_ISSOCK(st.st_mode)
		    ? getxattr(path, "system.sockprotoname", name, sizeof(name) - 1)
		    : -1;
	if (n <= 0)
		return false;
	name[n] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		if (!strcmp(name, streams[i]))
			return true;
	}
	return false;
}

static bool take_pieces(struct carry *c, uint64_t addr, uint64_t n)
{
	if (n == 0 || n > PIECES_MAX)
		return false;
	c->pieces = xcalloc(n, sizeof(*c->pieces));
	c->npieces = n;
	if (!read_memory(c->tid, addr, c->pieces, n * sizeof(*c->pieces)))
		return false;
	for (size_t i = 0; i < n; i++)
		c->want += c->pieces[i].iov_len;
	return true;
}

static bool take_message(struct carry *c, uint64_t addr)
{
	struct msghdr m;

	/* What comes beside the data would be lost. */
	return read_memory(c->tid, addr, &m, sizeof(m)) && !m.msg_controllen &&
	       take_pieces(c, (uintptr_t)m.msg_iov, m.msg_iovlen);
}

static void take_buffer(struct carry *c)
{
	c->pieces = xcalloc(1, sizeof(*c->pieces));
	c->npieces = 1;
	c->pieces[0] = (struct iovec){(void *)(uintptr_t)c->call.args[1],
				      c->call.args[2]};
	c->want = c->call.args[2];
}

static bool waits_for_all(uint64_t flags)
{
	return flags & MSG_WAITALL && !(flags & (MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC));
}

/* What the call asked for, and the call for the rest of it. */
static bool take_call(struct carry *c)
{
	struct machine_call *m = &c->call;
	uint64_t flags = m->args[2];

	switch (m->number) {
	case SYS_recvfrom:
		if (!waits_for_all(m->args[3]))
			return false;
		take_buffer(c);
		/* The sender's address is known from the first part. */
		m->args[4] = m->args[5] = 0;
		return true;
	case SYS_write:
	case SYS_sendto:
		take_buffer(c);
		return true;
	case SYS_sendfile:
		c->file = true;
		c->want = m->args[3];
		return true;
	case SYS_writev:
		m->number = SYS_write;
		return take_pieces(c, m->args[1], m->args[2]);
	case SYS_sendmsg:
	case SYS_recvmsg:
		if (m->number == SYS_recvmsg && !waits_for_all(flags))
			return false;
		m->number = m->number == SYS_recvmsg ? SYS_recvfrom : SYS_sendto;
		m->args[3] = flags;
		m->args[4] = m->args[5] = 0;
		return take_message(c, m->args[1]);
	default:
		return false;
	}
}

/* --- the rest ----------------------------------------------------------------------- */

/* The part that comes next; false: all is done. */
static bool next_part(struct carry *c)
{
	uint64_t skip = c->done;

	if (c->done >= c->want)
		return false;
	if (c->file) {
		c->call.args[3] = c->want - c->done;
		return true;
	}
	for (size_t i = 0; i < c->npieces; i++) {
		const struct iovec *p = &c->pieces[i];

		if (skip < p->iov_len) {
			c->call.args[1] = (uintptr_t)p->iov_base + skip;
			c->call.args[2] = p->iov_len - skip;
			return true;
		}
		skip -= p->iov_len;
	}
	return false;
}

/* To the next beginning or end of a call. */
static void go_on(const struct carry *c, int sig)
{
	ptrace(PTRACE_SYSCALL, c->tid, 0, sig);
}

static void call_again(struct carry *c)
{
	uint64_t user[HALT_REGS_MAX];

	memcpy(user, c->user, sizeof(user));
	machine_call_again(user, &c->call);
	set_user(c, user);
	c->inside = false;
	go_on(c, 0);
}

static bool leave(struct carry *c, int sig)
{
	machine_call_result(c->user, (int64_t)c->done);
	set_user(c, c->user);
	if (!halt_end(c->tid, sig))
		return false;
	carry_free(c);
	return true;
}

/* The call ends with what is done, as it would have at the first stop. */
void carry_hurry(struct carry *c)
{
	ptrace(PTRACE_INTERRUPT, c->tid, 0, 0);
}

void carry_free(struct carry *c)
{
	if (!c)
		return;
	free(c->pieces);
	free(c);
}

struct carry *carry_begin(uint32_t tid, const struct halt_sample *s)
{
	uint8_t code[MACHINE_CALL_BYTES];
	struct machine_call m;
	struct carry *c;

	if (!machine_call(s->user, s->user_bytes, &m) || m.result <= 0)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->tid = tid;
	c->call = m;
	c->done = (uint64_t)m.result;
	c->user_bytes = s->user_bytes;
	memcpy(c->user, s->user, sizeof(c->user));
	if (!take_call(c) || !next_part(c) || !is_stream(tid, m.args[0], !c->file) ||
	    !read_memory(tid, m.pc - MACHINE_CALL_BYTES, code, sizeof(code)) ||
	    !machine_is_call(code) ||
	    ptrace(PTRACE_SETOPTIONS, tid, 0, PTRACE_O_TRACESYSGOOD) < 0) {
		carry_free(c);
		return NULL;
	}
	call_again(c);
	return c;
}

/* proc_pid_status(5), SigCgt: one bit per signal, the lowest being number 1. */
static bool has_handler(uint32_t tid, int sig)
{
	char path[64], line[256];
	unsigned long long caught = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/status", tid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "SigCgt: %llx", &caught);
	if (f)
		fclose(f);
	return sig > 0 && caught >> (sig - 1) & 1;
}

/* -ERESTARTSYS to -ERESTART_RESTARTBLOCK, linux/include/linux/errno.h: a signal is on its
 * way, which decides. */
static bool is_restart(int64_t result)
{
	return result <= -512 && result >= -516;
}

static bool call_ended(struct carry *c)
{
	uint64_t user[HALT_REGS_MAX];
	struct iovec io = {user, c->user_bytes};
	struct machine_call m;

	if (ptrace(PTRACE_GETREGSET, c->tid, NT_PRSTATUS, &io) < 0 ||
	    !machine_call(user, io.iov_len, &m))
		return leave(c, 0);
	if (is_restart(m.result)) {
		go_on(c, 0);
		return false;
	}
	if (m.result <= 0)
		return leave(c, 0);
	c->done += (uint64_t)m.result;
	if (!next_part(c))
		return leave(c, 0);
	call_again(c);
	return false;
}

bool carry_step(struct carry *c, enum halt_state state, int sig)
{
	switch (state) {
	case HALT_CALL:
		c->inside = !c->inside;
		if (!c->inside)
			return call_ended(c);
		go_on(c, 0);
		return false;
	case HALT_SIGNAL:
		if (has_handler(c->tid, sig))
			return leave(c, sig);
		/* Ignored, or the end of it: as if nobody looked. */
		go_on(c, sig);
		return false;
	default:
		return leave(c, 0);
	}
}
