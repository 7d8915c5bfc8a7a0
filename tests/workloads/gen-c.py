#!/usr/bin/env python3
"""Prints a C file of argv[1] functions that gives an optimising compiler a second or two of work.
The text depends on argv alone."""
import sys

count = int(sys.argv[1])
first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
print("unsigned table[1024];")
for i in range(first, first + count):
    print(f"unsigned work_{i}(unsigned a, unsigned b)\n{{\n\tunsigned sum = {i};\n")
    print("\tfor (unsigned i = 0; i < a; i++) {\n\t\tswitch ((sum ^ b) & 15) {")
    for case in range(16):
        print(f"\t\tcase {case}:\n\t\t\tsum = sum * {i * 16 + case * 2 + 3}u + table[(b + i) & 1023];")
        print(f"\t\t\ttable[(sum >> {case % 7 + 1}) & 1023] ^= a << {case % 5};\n\t\t\tbreak;")
    print("\t\t}\n\t\tb = b << 3 | b >> 29;\n\t}\n\treturn sum;\n}\n")
