/* Stacks of many shapes, one below the other, for tests/golden/aarch64/capture: it stops
 * at main() and takes a sample at each instruction from there on. What main() does is the
 * argument of -DSHAPE. */
#define _GNU_SOURCE
#include <alloca.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))

volatile int sink;

static NOINLINE int leaf(int x)
{
	return x * 3 + sink;
}

static NOINLINE int probe(int x)
{
	int y = leaf(x) + leaf(x + 1);

	sink += y;
	return y ^ x;
}

/* More than one addition to sp, in two parts. */
static NOINLINE int large(int x)
{
	volatile char room[70000];

	room[x] = (char)x;
	room[69000 + x] = 1;
	return probe(x) + room[x];
}

static NOINLINE int with_alloca(int depth)
{
	volatile char *bytes = alloca(16 + (size_t)(depth * 37 % 200));
	int r;

	bytes[3] = (char)depth;
	r = depth ? with_alloca(depth - 1) : large(depth + 1);
	return r + bytes[3];
}

static NOINLINE int even(int depth);

static NOINLINE int odd(int depth)
{
	volatile int numbers[11];

	numbers[depth % 11] = depth;
	return even(depth - 1) + numbers[depth % 11];
}

static NOINLINE int even(int depth)
{
	int r = depth ? odd(depth - 1) : with_alloca(3);

	sink++;
	return r + depth;
}

/* --- signals ------------------------------------------------------------------------ */

/* The kernel's struct sigaction, with a trampoline of our own, as musl has it; the vdso's
 * is the same three instructions, which this has too. */
struct kernel_action {
	void (*handler)(int, siginfo_t *, void *);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};
#define KERNEL_SA_RESTORER 0x04000000

void restorer(void);
__asm__(".text\n"
	"nop\n"
	".type restorer, %function\n"
	"restorer: mov x8, #139\n"
	"svc #0\n"
	".size restorer, . - restorer\n");

static NOINLINE int fault(int *where)
{
	return *where;
}

static void handler(int sig, siginfo_t *si, void *context)
{
	sink += probe(sig);
	_exit(sink == 77);
}

/* The alternate stack lies far below what main() needs of its own, so that one copy holds
 * both. */
static void handle(int on_stack)
{
	char *below = (char *)__builtin_frame_address(0) - 60000;
	stack_t stack = {.ss_sp = below, .ss_size = 16384};
	struct kernel_action action = {handler, SA_SIGINFO | KERNEL_SA_RESTORER, restorer,
				       0};

	if (on_stack) {
		sigaltstack(&stack, NULL);
		action.flags |= SA_ONSTACK;
	}
	syscall(SYS_rt_sigaction, SIGSEGV, &action, NULL, 8);
}

static NOINLINE int with_signal(int depth, int *where)
{
	int r = depth ? with_signal(depth - 1, where) : fault(where);

	return r + sink;
}

/* --- code without CFI --------------------------------------------------------------- */

int bare_frame(int (*fn)(int), int x);
__asm__(".text\n"
	".type bare_frame, %function\n"
	"bare_frame: stp x29, x30, [sp, #-48]!\n"
	"mov x29, sp\n"
	"mov x9, x0\n"
	"mov w0, w1\n"
	"str x9, [sp, #32]\n"
	"blr x9\n"
	"add w0, w0, #1\n"
	"ldp x29, x30, [sp], #48\n"
	"ret\n"
	".size bare_frame, . - bare_frame\n");

static NOINLINE int with_bare(int depth)
{
	int r = depth ? with_bare(depth - 1) : bare_frame(probe, 5);

	return r + depth;
}

/* --- through a library -------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return probe(x - y);
}

static NOINLINE int with_qsort(void)
{
	int numbers[] = {5, 3, 4, 1, 2, 0};

	qsort(numbers, 6, sizeof(*numbers), compare);
	return numbers[0];
}

/* glibc's rawmemchr calls strlen without saving x30 in memory. */
static NOINLINE int with_rawmemchr(const char *s)
{
	return (int)((const char *)rawmemchr(s, sink) - s);
}

#define SHAPE_all even(4)
#define SHAPE_signal (handle(0), with_signal(2, NULL))
#define SHAPE_alternate (handle(1), with_signal(2, NULL))
#define SHAPE_bare with_bare(2)
#define SHAPE_qsort with_qsort()
#define SHAPE_rawmemchr with_rawmemchr("word")

int main(void)
{
	return SHAPE;
}
