"""Programs of 36 similar functions, in C or C++, for tests/bench/functions: a base, and a head in
which one function, drawn by the seed, does 5 to 30 % of the run's work more.

All work is the same chain of multiplications, each of which waits for the one before, so that a step
takes the same time wherever it stands: what callgrind counts is what it costs. Of the functions some
are inlined and some recursive; in the head some others have gone to another file, or have another
name. The line with the multiplication is known of each: callgrind knows inlined functions by their
lines only, and what else a loop has depends on the compiler, but costs no time beside the chain."""
import random

FUNCTIONS = 36
FILES = 3
STEPS = 12000  # of a function in a round, on average


class Function:
    def __init__(self, number, r):
        self.number = number
        self.kind = r.choices(("plain", "inlined", "recursive"), (60, 20, 20))[0]
        self.weight = r.uniform(.6, 1.8)
        self.file = number % FILES
        self.name = f"work_{number:02}"
        self.constant = r.randrange(1 << 32) * 2 + 1
        self.depth = r.randrange(3, 9) if self.kind == "recursive" else 1
        self.steps = int(STEPS * self.weight)
        self.more = 0  # thousandths of its own steps


class Program:
    def __init__(self, seed, language=None):
        r = random.Random(seed)
        self.language = language or r.choice(("c", "c++"))
        self.functions = [Function(i, r) for i in range(FUNCTIONS)]
        self.order = list(range(FUNCTIONS))
        self.target = r.randrange(FUNCTIONS)
        self.share = r.uniform(.05, .30)
        self.moved = [i for i in r.sample(range(FUNCTIONS), 3) if self.functions[i].kind != "inlined"]
        self.moved = self.moved if r.random() < .5 else []
        self.renamed = [i for i in r.sample(range(FUNCTIONS), 2) if i not in self.moved + [self.target]]
        self.renamed = self.renamed if r.random() < .3 else []

    def describe(self):
        f = self.functions[self.target]
        return {"language": self.language, "target": self.target, "share": round(self.share, 4),
                "kind": f.kind, "moved": self.moved, "renamed": self.renamed}

    def steps(self):
        return sum(f.steps for f in self.functions)

    def make_head(self):
        target = self.functions[self.target]
        target.more = round(1000 * self.share * self.steps() / target.steps)
        for i in self.moved:
            self.functions[i].file = (self.functions[i].file + 1) % FILES
        for i in self.renamed:
            self.functions[i].name += "_renamed"

    def write(self, folder):
        """Returns (file name, line of the step) -> the function's number."""
        lines = {}
        suffix = "cc" if self.language == "c++" else "c"
        writer = CxxWriter if self.language == "c++" else CWriter
        with open(folder / "similar.h", "w", encoding="utf-8") as out:
            out.write(writer.header(self))
        for number in range(FILES):
            name = f"part{number}.{suffix}"
            text = writer.part(self, number, name, lines)
            (folder / name).write_text(text, encoding="utf-8")
        (folder / f"main.{suffix}").write_text(writer.main(), encoding="utf-8")
        return lines


MAIN = """#include <stdio.h>
#include <stdlib.h>
#include "similar.h"
int main(int argc, char **argv)
{
	unsigned long x = (unsigned long)argc;
	for (long i = atol(argv[1]); i > 0; i--) {
		x = stage_0(x);
		x = stage_1(x);
		x = stage_2(x);
	}
	printf("%lx\\n", x);
	return 0;
}
"""
STEP = "\t\tx = x * 6364136223846793005ul + {0}ul;\n"


class CWriter:
    """The C program; the C++ one has other names for the same."""
    inline = "static inline __attribute__((always_inline)) "
    plain = "__attribute__((noinline, noclone)) "

    @classmethod
    def signature(cls, f):
        depth = ", int depth" if f.kind == "recursive" else ""
        return f"unsigned long {f.name}(unsigned long n, unsigned long x{depth})"

    @classmethod
    def declare(cls, f):
        return f"{cls.signature(f)};\n"

    @classmethod
    def definition(cls, f):
        return (cls.inline if f.kind == "inlined" else cls.plain) + cls.signature(f)

    @classmethod
    def call(cls, f):
        depth = f", {f.depth}" if f.kind == "recursive" else ""
        return f"{f.name}({f.steps // f.depth}, x{depth})"

    @classmethod
    def again(cls, f):
        return f"{f.name}(n, x, depth - 1)"

    @classmethod
    def header(cls, program):
        text = "".join(f"unsigned long stage_{i}(unsigned long x);\n" for i in range(FILES))
        return text + "".join(cls.declare(f) for f in program.functions if f.kind != "inlined")

    @classmethod
    def part(cls, program, number, name, ret_lines):
        out = ['#include "similar.h"\n']
        for f in program.functions:
            if f.file != number:
                continue
            out += [cls.definition(f) + "\n", "{\n",
                    f"\tunsigned long most = n + n * {f.more} / 1000;\n",
                    "\tfor (unsigned long i = 0; i < most; i++)\n", STEP.format(f.constant)]
            ret_lines[name, "".join(out).count("\n")] = f.number
            if f.kind == "recursive":
                out += ["\tif (depth > 1)\n", f"\t\tx = {cls.again(f)} ^ depth;\n"]
            out += ["\treturn x;\n", "}\n"]
        out.append(f"{cls.plain}unsigned long stage_{number}(unsigned long x)\n{{\n")
        out += [f"\tx = {cls.call(f)};\n" for f in program.functions if f.number % FILES == number]
        out.append("\treturn x;\n}\n")
        return "".join(out)

    @classmethod
    def main(cls):
        return MAIN


class CxxWriter(CWriter):
    """Functions are static methods of a class for each file, or templates of one argument."""
    inline = "inline __attribute__((always_inline)) "

    @classmethod
    def is_template(cls, f):
        return f.kind != "inlined" and f.number % 4 == 0

    @classmethod
    def arguments(cls, f):
        return "(unsigned long n, unsigned long x" + (", int depth" if f.kind == "recursive" else "") + ")"

    @classmethod
    def home(cls, f):
        return f"bench::Shape{f.number % FILES}"

    @classmethod
    def definition(cls, f):
        if cls.is_template(f):
            return f"template <> {cls.plain}unsigned long bench::{f.name}<{f.number}>{cls.arguments(f)}"
        kind = cls.inline if f.kind == "inlined" else cls.plain
        return f"{kind}unsigned long {cls.home(f)}::{f.name}{cls.arguments(f)}"

    @classmethod
    def spelled(cls, f):
        return f"bench::{f.name}<{f.number}>" if cls.is_template(f) else f"{cls.home(f)}::{f.name}"

    @classmethod
    def call(cls, f):
        return f"{cls.spelled(f)}{CWriter.call(f)[len(f.name):]}"

    @classmethod
    def again(cls, f):
        return f"{cls.spelled(f)}(n, x, depth - 1)"

    @classmethod
    def header(cls, program):
        text = "".join(f"unsigned long stage_{i}(unsigned long x);\n" for i in range(FILES))
        text += "namespace bench {\n"
        for number in range(FILES):
            text += f"struct Shape{number} {{\n"
            text += "".join(f"\tstatic unsigned long {f.name}{cls.arguments(f)};\n"
                            for f in program.functions
                            if f.number % FILES == number and not cls.is_template(f))
            text += "};\n"
        for f in program.functions:
            if cls.is_template(f):
                text += f"template <int> unsigned long {f.name}{cls.arguments(f)};\n"
                text += f"template <> unsigned long {f.name}<{f.number}>{cls.arguments(f)};\n"
        return text + "}\n"
