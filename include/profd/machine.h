#pragma once
/* What differs from machine to machine and more than one folder has to know. What only
 * the unwinder needs is in src/unwind/, one pair of files per machine;
 * profd-internals(7), "Another machine", lists all the places.
 *
 * Registers have their DWARF numbers. DWREG_RA is the column of the return address,
 * DWREG_PC where struct regs keeps the program counter; on some machines they are one. */

#if defined(PROFD_FOR_AARCH64) || (defined(__aarch64__) && defined(__LP64__))
/* DWARF for the Arm 64-bit Architecture (AADWARF64), "DWARF register names": 0..30 x0 to
 * x30, 31 sp, 32 pc. A call leaves its return address in x30; the caller's pc is what the
 * callee's row says of x30. PROFD_FOR_AARCH64 is for tests that run these rules
 * elsewhere. */
#define MACHINE_AARCH64
#define DWREG_FP 29
#define DWREG_RA 30
#define DWREG_SP 31
#define DWREG_PC 32
#define REG_COUNT 33
/* User addresses end at 2^48, or at 2^52 where asked for; the kernel's begin at -2^52 at
 * the lowest: Documentation/arch/arm64/memory.rst. */
#define KERNEL_START 0xfff0000000000000ull

#elif defined(__x86_64__) && defined(__LP64__)
/* System V ABI, AMD64 supplement, figure 3.36: 0 rax, 1 rdx, 2 rcx, 3 rbx, 4 rsi, 5 rdi,
 * 6 rbp, 7 rsp, 8..15 r8..r15, 16 the return address. */
#define MACHINE_X86_64
#define DWREG_FP 6
#define DWREG_SP 7
#define DWREG_RA 16
#define DWREG_PC 16
#define REG_COUNT 17
/* Documentation/arch/x86/x86_64/mm.rst. */
#define KERNEL_START 0xffff800000000000ull

#else
#error "profd does not know this machine: profd-internals(7), Another machine"
#endif
