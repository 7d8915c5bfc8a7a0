#!/usr/bin/env python3
"""Prints an assembler file of argv[1] functions with unwind rules and long names, and a main that calls
a thousand of them, spread over all, argv[2] times: what a very large program is to a profiler. The
text is made without a compiler, because a million functions take one half an hour."""
import sys

count, rounds = int(sys.argv[1]), int(sys.argv[2])
step = max(1, count // 1000)
called = range(0, count, step)
print("\t.text")
for i in range(count):
    # Each keeps rbp, so that there is a rule to decode; the called ones loop.
    body = "\tmov\t$20000, %ecx\n1:\timul\t%rcx, %rax\n\tdec\t%ecx\n\tjnz\t1b\n" if i % step == 0 else \
        f"\tadd\t${i}, %eax\n"
    name = f"_ZN7project9component{i % 997:03d}6detail8functionILi{i}EEEvv"
    print(f"\t.type\t{name}, @function\n{name}:\n\t.cfi_startproc\n\tpush\t%rbp\n"
          f"\t.cfi_def_cfa_offset 16\n\t.cfi_offset 6, -16\n{body}\tpop\t%rbp\n"
          f"\t.cfi_def_cfa_offset 8\n\tret\n\t.cfi_endproc\n\t.size\t{name}, .-{name}")
print("\t.globl\tmain\n\t.type\tmain, @function\nmain:\n\t.cfi_startproc\n\tpush\t%rbx\n"
      "\t.cfi_def_cfa_offset 16\n\t.cfi_offset 3, -16\n"
      f"\tmov\t${rounds}, %ebx\n2:")
for i in called:
    print(f"\tcall\t_ZN7project9component{i % 997:03d}6detail8functionILi{i}EEEvv")
print("\tdec\t%ebx\n\tjnz\t2b\n\txor\t%eax, %eax\n\tpop\t%rbx\n\t.cfi_def_cfa_offset 8\n\tret\n"
      "\t.cfi_endproc\n\t.size\tmain, .-main\n\t.section\t.note.GNU-stack,\"\",@progbits")
