/* What stopping a thread has to know about x86-64: struct user_regs_struct (sys/user.h),
 * the order of perf/x86_64.c, and how the kernel makes a system call again. */
#include "ptrace-priv.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include <profd/mem.h>

const size_t machine_regs_bytes = sizeof(struct user_regs_struct);

/* linux/include/linux/errno.h: "restart if no handler" is what a signal without one
 * amounts to. */
#define ERESTARTNOHAND 514

/* What a 32-bit program's registers look like: linux/arch/x86/include/asm/user32.h,
 * struct user_regs_struct32. */
#define REGS32_BYTES (17 * 4)
enum { REG32_IP = 12, REG32_SP = 15 };
/* PERF_REG_X86_* in ascending order, as perf/x86_64.c asks for them. */
enum { PERF_SP = 7, PERF_IP = 8 };

bool machine_sample(const void *user, size_t n, struct halt_sample *ret)
{
	const struct user_regs_struct *u = user;
	const uint32_t *u32 = user;

	memset(ret->regs, 0, sizeof(ret->regs));
	if (n == REGS32_BYTES) {
		ret->regs_abi = 1;
		ret->regs[PERF_IP] = ret->pc = u32[REG32_IP];
		ret->regs[PERF_SP] = ret->sp = u32[REG32_SP];
		return true;
	}
	if (n != sizeof(*u))
		return false;
	ret->regs_abi = 2;
	ret->pc = u->rip;
	ret->sp = u->rsp;
	memcpy(ret->regs,
	       (const uint64_t[]){u->rax, u->rbx, u->rcx, u->rdx, u->rsi, u->rdi, u->rbp,
				  u->rsp, u->rip, u->r8, u->r9, u->r10, u->r11, u->r12,
				  u->r13, u->r14, u->r15},
	       17 * sizeof(uint64_t));
	return true;
}

/* In arch_do_signal_or_restart the kernel goes back to the call, or sets EINTR when a
 * handler runs. A close that was interrupted has closed its file (close(2), NOTES): it is
 * never made twice. */
bool machine_restart(void *user, size_t n)
{
	struct user_regs_struct *u = user;

	if (n != sizeof(*u) || (int64_t)u->orig_rax < 0 || (int64_t)u->rax != -EINTR ||
	    u->orig_rax == SYS_close)
		return false;
	u->rax = (unsigned long long)-ERESTARTNOHAND;
	return true;
}

bool machine_call(const void *user, size_t n, struct machine_call *ret)
{
	const struct user_regs_struct *u = user;

	if (n != sizeof(*u) || (int64_t)u->orig_rax < 0)
		return false;
	*ret = (struct machine_call){
		.number = (int64_t)u->orig_rax,
		.result = (int64_t)u->rax,
		.args = {u->rdi, u->rsi, u->rdx, u->r10, u->r8, u->r9},
		.pc = u->rip};
	return true;
}

bool machine_is_call(const uint8_t *code)
{
	return code[0] == 0x0f && code[1] == 0x05;
}

void machine_call_again(void *user, const struct machine_call *c)
{
	struct user_regs_struct *u = user;

	u->rip = c->pc - MACHINE_CALL_BYTES;
	u->rax = (unsigned long long)c->number;
	u->orig_rax = (unsigned long long)-1;
	u->rdi = c->args[0];
	u->rsi = c->args[1];
	u->rdx = c->args[2];
	u->r10 = c->args[3];
	u->r8 = c->args[4];
	u->r9 = c->args[5];
}

void machine_call_result(void *user, int64_t result)
{
	struct user_regs_struct *u = user;

	u->rax = (unsigned long long)result;
	u->orig_rax = (unsigned long long)-1;
}
