#!/usr/bin/env python3
"""Prints a C file of argv[1] functions that gives an optimising compiler a second or two of work.
The text depends on argv alone. Loops and arithmetic, few branches: gcc 12 follows the ranges of
values through long chains of branches by recursion, in more stack than the kernel can copy."""
import sys

count = int(sys.argv[1])
first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
print("struct row { unsigned a[16], b[16]; };\nunsigned table[1024];\n")
for i in range(first, first + count):
    print(f"unsigned work_{i}(struct row *r, unsigned n)\n{{\n\tunsigned sum = {i};\n")
    for loop in range(6):
        print("\tfor (unsigned i = 0; i < n; i++) {")
        for step in range(6):
            k = i * 31 + loop * 7 + step
            print(f"\t\tr->a[{k % 16}] = r->b[{k % 13}] * {k | 1}u + (sum >> {k % 9 + 1});")
            print(f"\t\tsum += r->a[{(k + 3) % 16}] ^ table[(sum + i * {k % 5 + 1}) & 1023];")
        print(f"\t\ttable[(sum >> {loop + 1}) & 1023] = sum;\n\t}}")
    print("\treturn sum;\n}\n")
