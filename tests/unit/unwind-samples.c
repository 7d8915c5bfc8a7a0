/* Stacks that this program makes itself and therefore knows: at points of its choosing,
 * and at every single instruction of a workload (the trap flag), prologues, epilogues,
 * the dynamic linker and the vdso included. Each function notes its return address; every
 * sample takes a copy of the notes. */
#include "unwind-samples.h"

#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <cmocka.h>

#include <profd/mem.h>

#define SAMPLES_MAX 60000
#define STORE_BYTES (1ull << 30) /* of address space; used is what is written */
#define ALT_STACK_BYTES (64u << 10)
#define THREAD_STACK_BYTES (256u << 10)

#if defined(__SANITIZE_ADDRESS__)
#define UNCHECKED __attribute__((no_sanitize("address", "undefined")))
#elif defined(__clang__)
#define UNCHECKED __attribute__((no_sanitize("address", "undefined")))
#else
#define UNCHECKED
#endif
#define NOINLINE __attribute__((noinline, noclone))
#ifdef __clang__
#undef NOINLINE
#define NOINLINE __attribute__((noinline))
#endif

/* --- taking samples ----------------------------------------------------------------- */

const char *const scenario_names[SCENARIOS] = {
	[MAIN_THREAD] = "main thread",
	[DEEP] = "deep",
	[ALLOCA] = "alloca",
	[REALIGNED] = "realigned",
	[QSORT] = "qsort",
	[ASM_FRAMES] = "asm",
	[NO_CFI_FRAME] = "frame without CFI",
	[NO_CFI_LEAF] = "leaf without CFI",
	[NO_CFI_LOST] = "lost without CFI",
	[JIT] = "jit",
	[HANDLER] = "handler",
	[ALT_STACK] = "alternate stack",
	[STEPPED] = "stepped",
};

struct sample *samples;
unsigned samples_n;
static uint8_t *store;
static size_t store_used;
static uintptr_t stack_end;
static volatile enum scenario scenario;

/* What the functions of the workloads note about themselves. */
static volatile uint64_t known[FRAMES_MAX];
static volatile unsigned known_n;

#define ENTER()                                                                          \
	do {                                                                             \
		known[known_n] = (uint64_t)(uintptr_t)__builtin_return_address(0);       \
		known_n = known_n + 1;                                                   \
	} while (0)
#define LEAVE() (known_n = known_n - 1)

/* Word by word: these are other functions' frames, red zones of a sanitizer included. */
static UNCHECKED const void *keep(const volatile uint64_t *from, size_t words)
{
	volatile uint64_t *to = (volatile uint64_t *)(store + store_used);

	if (store_used + words * 8 > STORE_BYTES)
		abort();
	for (size_t i = 0; i < words; i++)
		to[i] = from[i];
	store_used += words * 8;
	return (const void *)to;
}

static UNCHECKED void capture(const ucontext_t *uc)
{
	static const uint8_t gregs[REG_COUNT] = {
		[0] = REG_RAX,	[1] = REG_RDX,	[2] = REG_RCX,	[3] = REG_RBX,
		[4] = REG_RSI,	[5] = REG_RDI,	[6] = REG_RBP,	[7] = REG_RSP,
		[8] = REG_R8,	[9] = REG_R9,	[10] = REG_R10, [11] = REG_R11,
		[12] = REG_R12, [13] = REG_R13, [14] = REG_R14, [15] = REG_R15,
		[16] = REG_RIP,
	};
	struct sample *s = &samples[samples_n];
	uintptr_t sp = (uintptr_t)uc->uc_mcontext.gregs[REG_RSP];

	if (samples_n == SAMPLES_MAX)
		return;
	samples_n++;
	for (unsigned i = 0; i < REG_COUNT; i++)
		s->regs.r[i] = (uint64_t)uc->uc_mcontext.gregs[gregs[i]];
	s->regs.valid = REGS_ALL;
	s->stack_bytes = (stack_end - sp) & ~7ul;
	s->stack = keep((const volatile uint64_t *)sp, s->stack_bytes / 8);
	s->known_n = known_n;
	s->known = keep(known, known_n);
	s->scenario = scenario;
}

static void on_capture(int sig, siginfo_t *si, void *uc)
{
	int saved = errno;

	capture(uc);
	errno = saved;
}

static NOINLINE void leaf(void)
{
	ENTER();
	raise(SIGUSR1);
	LEAVE();
}

/* --- workloads ---------------------------------------------------------------------- */

static NOINLINE int odd(int depth);

static NOINLINE int even(int depth)
{
	int r;

	ENTER();
	if (depth == 0)
		leaf();
	r = depth == 0 ? 0 : 1 + odd(depth - 1);
	LEAVE();
	return r;
}

static NOINLINE int odd(int depth)
{
	volatile int numbers[11];
	int r;

	ENTER();
	numbers[depth % 11] = depth;
	r = even(depth - 1) + (numbers[depth % 11] == depth);
	LEAVE();
	return r;
}

static NOINLINE int with_alloca(int depth)
{
	volatile char *bytes;
	int r;

	ENTER();
	bytes = alloca(16 + (size_t)(depth * 37 % 200));
	bytes[3] = (char)depth;
	if (depth == 0)
		leaf();
	r = depth == 0 ? 0 : 1 + with_alloca(depth - 1);
	r += bytes[3] == (char)depth;
	LEAVE();
	return r;
}

/* gcc addresses the arguments of such a function through *(rbp - 8). */
static NOINLINE int realigned(int depth)
{
	volatile char *bytes;
	_Alignas(64) volatile char line[64];
	int r;

	ENTER();
	line[depth % 64] = (char)depth;
	bytes = alloca(16 + (size_t)(depth * 37 % 200));
	bytes[3] = (char)depth;
	if (depth == 0)
		leaf();
	r = depth == 0 ? 0 : 1 + realigned(depth - 1);
	r += bytes[3] == line[depth % 64] && (uintptr_t)line % 64 == 0;
	LEAVE();
	return r;
}

static int comparisons;

static NOINLINE int compare_ints(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	ENTER();
	if (comparisons++ == 20)
		leaf();
	LEAVE();
	return x < y ? -1 : x > y;
}

static NOINLINE void with_qsort(void)
{
	int numbers[40];

	ENTER();
	for (int i = 0; i < 40; i++)
		numbers[i] = i * 17 % 40;
	comparisons = 0;
	qsort(numbers, 40, sizeof(*numbers), compare_ints);
	assert_true(numbers[0] == 0);
	LEAVE();
}

/* Frames that no compiler would make. Each calls its argument. */
void expr_frame(void (*fn)(void));
void deref_frame(void (*fn)(void));
void register_frame(void (*fn)(void));
void bare_frame(void (*fn)(void));
void bare_leaf(void);
void bare_lost(void (*fn)(void));
__asm__(".text\n"
	".globl expr_frame, deref_frame, register_frame, bare_frame, bare_leaf, "
	"bare_lost\n"
	/* CFA = rsp + r12 * 8: needs a register that the hot path does not carry. */
	".type expr_frame, @function\n"
	"expr_frame: .cfi_startproc\n"
	"push %r12; .cfi_def_cfa_offset 16; .cfi_offset r12, -16\n"
	"sub $48, %rsp; .cfi_def_cfa_offset 64\n"
	"mov $8, %r12d; .cfi_escape 0x0f, 0x07, 0x77, 0x00, 0x7c, 0x00, 0x38, 0x1e, "
	"0x22\n"
	"call *%rdi\n"
	"nop; .cfi_def_cfa rsp, 64\n"
	"add $48, %rsp; .cfi_def_cfa_offset 16\n"
	"pop %r12; .cfi_def_cfa_offset 8; .cfi_restore r12\n"
	"ret; .cfi_endproc\n"
	/* CFA = *(rbp - 8), rbp at rbp + 0: what gcc makes of realigned frames. */
	".type deref_frame, @function\n"
	"deref_frame: .cfi_startproc\n"
	"push %rbp; .cfi_def_cfa_offset 16; .cfi_offset rbp, -16\n"
	"mov %rsp, %rbp; .cfi_def_cfa_register rbp\n"
	"lea 16(%rbp), %rax\n"
	"push %rax; .cfi_escape 0x0f, 0x03, 0x76, 0x78, 0x06\n"
	".cfi_escape 0x10, 0x06, 0x02, 0x76, 0x00\n"
	"sub $8, %rsp\n"
	"call *%rdi\n"
	"leave; .cfi_def_cfa rsp, 8; .cfi_restore rbp\n"
	"ret; .cfi_endproc\n"
	/* CFA = r13 + 24, as ld.so's resolver has it in rbx. */
	".type register_frame, @function\n"
	"register_frame: .cfi_startproc\n"
	"push %r13; .cfi_def_cfa_offset 16; .cfi_offset r13, -16\n"
	"sub $8, %rsp; .cfi_def_cfa_offset 24\n"
	"mov %rsp, %r13; .cfi_def_cfa_register r13\n"
	"and $-64, %rsp\n"
	"call *%rdi\n"
	"mov %r13, %rsp; .cfi_def_cfa_register rsp\n"
	"add $8, %rsp; .cfi_def_cfa_offset 16\n"
	"pop %r13; .cfi_def_cfa_offset 8; .cfi_restore r13\n"
	"ret; .cfi_endproc\n"
	/* No CFI, and too far behind what has some to pass for its padding: a frame
	 * pointer, */
	".skip 16, 0x90\n"
	".type bare_frame, @function\n"
	"bare_frame: push %rbp; mov %rsp, %rbp; call *%rdi; pop %rbp; ret\n"
	/* a leaf that traps, */
	".type bare_leaf, @function\n"
	"bare_leaf: int3; ret\n"
	/* and a frame of which nothing says how large it is. */
	".type bare_lost, @function\n"
	"bare_lost: push %rbp; xor %ebp, %ebp; call *%rdi; pop %rbp; ret\n");

static NOINLINE void with_asm(void)
{
	ENTER();
	expr_frame(leaf);
	deref_frame(leaf);
	register_frame(leaf);
	LEAVE();
}

static NOINLINE void nested_asm(void)
{
	ENTER();
	expr_frame(with_asm);
	deref_frame(with_asm);
	register_frame(with_asm);
	LEAVE();
}

static NOINLINE void with_bare(void)
{
	ENTER();
	scenario = NO_CFI_FRAME;
	bare_frame(leaf);
	scenario = NO_CFI_LEAF;
	bare_leaf();
	scenario = NO_CFI_LOST;
	bare_lost(leaf);
	LEAVE();
}

static uint8_t *jit_code;

static NOINLINE void with_jit(void)
{
	/* push %rbp; mov %rsp, %rbp; call *%rdi; pop %rbp; ret */
	static const uint8_t code[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
	void (*fn)(void (*)(void));

	ENTER();
	jit_code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);
	assert_true(jit_code != MAP_FAILED);
	memcpy(jit_code, code, sizeof(code));
	assert_int_equal(mprotect(jit_code, 4096, PROT_READ | PROT_EXEC), 0);
	memcpy(&fn, &jit_code, sizeof(fn));
	fn(leaf);
	LEAVE();
}

static void on_nested(int sig)
{
	even(4);
}

static NOINLINE void with_handler(void)
{
	ENTER();
	raise(SIGUSR2);
	LEAVE();
}

/* --- every instruction -------------------------------------------------------------- */

/* From the next instruction on each one is followed by SIGTRAP: Intel SDM, volume 3,
 * 17.3.1.4. */
void trap_flag_set(void);
void trap_flag_clear(void);
__asm__(".text\n"
	".type trap_flag_set, @function\n"
	"trap_flag_set: .cfi_startproc\n"
	"pushfq; .cfi_def_cfa_offset 16\n"
	"orq $0x100, (%rsp)\n"
	"popfq; .cfi_def_cfa_offset 8\n"
	"ret; .cfi_endproc\n"
	".type trap_flag_clear, @function\n"
	"trap_flag_clear: .cfi_startproc\n"
	"pushfq; .cfi_def_cfa_offset 16\n"
	"andq $~0x100, (%rsp)\n"
	"popfq; .cfi_def_cfa_offset 8\n"
	"ret; .cfi_endproc\n");

static void nothing(void)
{
}

static void on_stepped(int sig)
{
	nothing();
}

static NOINLINE void stepped(void)
{
	int numbers[6] = {5, 3, 4, 1, 2, 0};
	struct timespec ts;
	char text[64];

	ENTER();
	trap_flag_set();
	clock_gettime(CLOCK_MONOTONIC, &ts);
	qsort(numbers, 6, sizeof(*numbers), compare_ints);
	snprintf(text, sizeof(text), "%d %s %.3f", numbers[2], "x", 1.5);
	/* First calls, so that the dynamic linker looks them up. */
	getpgrp();
	getuid();
	expr_frame(nothing);
	deref_frame(nothing);
	register_frame(nothing);
	trap_flag_clear();
	LEAVE();
}

/* The handler's own return is of interest, too: it is left with the flag set by hand. */
static NOINLINE void stepped_signal(void)
{
	ENTER();
	raise(SIGWINCH);
	LEAVE();
}

static void on_winch(int sig)
{
	trap_flag_set();
	on_stepped(sig);
}

/* --- running them ------------------------------------------------------------------- */

static void handle(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa = {.sa_handler = fn, .sa_flags = flags};

	sigaction(sig, &sa, NULL);
}

static void handle_capture(int sig)
{
	struct sigaction sa = {.sa_sigaction = on_capture, .sa_flags = SA_SIGINFO};

	sigaction(sig, &sa, NULL);
}

static void *run_workloads(void *arg)
{
	stack_t alt = {.ss_sp = arg, .ss_size = ALT_STACK_BYTES};

	stack_end = (uintptr_t)arg + ALT_STACK_BYTES + THREAD_STACK_BYTES;
	scenario = DEEP;
	known_n = 0;
	even(40);
	even(120);
	scenario = ALLOCA;
	with_alloca(30);
	scenario = REALIGNED;
	realigned(30);
	scenario = QSORT;
	with_qsort();
	scenario = ASM_FRAMES;
	with_asm();
	nested_asm();
	with_bare();
	scenario = JIT;
	with_jit();
	scenario = HANDLER;
	with_handler();
	scenario = ALT_STACK;
	sigaltstack(&alt, NULL);
	handle(SIGUSR2, on_nested, SA_ONSTACK);
	with_handler();
	scenario = STEPPED;
	comparisons = 1000; /* no leaf */
	stepped();
	stepped_signal();
	trap_flag_clear();
	return NULL;
}

static uintptr_t main_stack_end(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start, end = 0;
	char line[4096];

	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "[stack]") && sscanf(line, "%lx-%lx", &start, &end) == 2)
			break;
	fclose(maps);
	return end;
}

void take_samples(void)
{
	const int prot = PROT_READ | PROT_WRITE;
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	pthread_attr_t attr;
	pthread_t thread;
	uint8_t *block;

	samples = mmap(NULL, SAMPLES_MAX * sizeof(*samples), prot, flags, -1, 0);
	store = mmap(NULL, STORE_BYTES, prot, flags, -1, 0);
	/* The alternate stack lies below the thread's: one copy holds both. */
	block = mmap(NULL, ALT_STACK_BYTES + THREAD_STACK_BYTES, prot, flags, -1, 0);
	assert_true(samples != MAP_FAILED && store != MAP_FAILED && block != MAP_FAILED);
	handle_capture(SIGUSR1);
	handle_capture(SIGTRAP);
	handle(SIGUSR2, on_nested, 0);
	handle(SIGWINCH, on_winch, 0);
	stack_end = main_stack_end();
	scenario = MAIN_THREAD;
	even(20);
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, block + ALT_STACK_BYTES, THREAD_STACK_BYTES);
	assert_int_equal(pthread_create(&thread, &attr, run_workloads, block), 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attr);
}

/* --- the space ---------------------------------------------------------------------- */

static struct objfile *open_vdso(uint64_t start, uint64_t end)
{
	struct error err = {0};
	void *image = NULL;

	if (start == getauxval(AT_SYSINFO_EHDR))
		memcpy(&image, &start, sizeof(image));
	return image ? objfile_open_image(image, end - start, "[vdso]", &err) : NULL;
}

static void map_line(struct space *space, struct vma *v, const char *path)
{
	static struct objfile *last;
	struct error err = {0};
	uint64_t vaddr = 0;

	v->kind = VMA_OTHER;
	if (!*path)
		v->kind = VMA_JIT;
	if (!strcmp(path, "[vdso]")) {
		v->kind = VMA_VDSO;
		v->obj = open_vdso(v->start, v->end);
		v->off = 0;
	} else if (*path == '/') {
		v->kind = VMA_FILE;
		if (last && !strcmp(objfile_path(last), path))
			v->obj = objfile_get(last);
		else
			v->obj = objfile_open(open(path, O_RDONLY | O_CLOEXEC), path,
					      &err);
		objfile_put(last);
		last = v->obj ? objfile_get(v->obj) : NULL;
	}
	if (v->obj && objfile_off_to_vaddr(v->obj, v->off, &vaddr))
		v->bias = v->start - vaddr;
	space_map(space, v);
	objfile_put(v->obj);
}

struct space *take_space(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	struct space *space = space_new();
	char line[4096];

	while (fgets(line, sizeof(line), maps)) {
		struct vma v = {0};
		char prot[5], path[4096] = "";

		if (sscanf(line,
			   "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %4095[^\n]",
			   &v.start, &v.end, prot, &v.off, path) < 4)
			fail_msg("'%s'", line);
		if (prot[2] == 'x')
			map_line(space, &v, path);
	}
	fclose(maps);
	return space;
}
