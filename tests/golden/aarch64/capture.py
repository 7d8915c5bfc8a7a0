# Run by gdb-multiarch for tests/golden/aarch64/capture. Lines of the file that it writes:
#
#   file NAME ENTRY		a file of the program; what follows is of it. Numbers are hex
#   section VADDR SIZE		its .eh_frame; what is not given is left out
#   cfi VADDR BYTES		a CIE or FDE there
#   code VADDR BYTES		some of its code
#   symbol VADDR SIZE NAME
#   map START END BIAS		where its code is mapped; an address minus BIAS is a vaddr
#   stack LOW HIGH		what the stack copies may hold: from sp to HIGH if LOW <= sp
#   word ADDRESS VALUE		8 bytes of memory, from here on; 0 without
#   reg NAME VALUE		a register, from here on
#   sample			with all these
#   frame PC [signal]		of the sample, innermost first, as gdb has it; its last is the root
import os
import struct
import subprocess
import sys

import gdb

program = os.environ["GOLDEN_PROGRAM"]
steps = int(os.environ["GOLDEN_STEPS"])
cpu = os.environ["GOLDEN_CPU"]
libraries = os.environ["GOLDEN_LIBRARIES"]
STACK_MAX = 1 << 17
REGS = ["x%d" % i for i in range(31)] + ["sp", "pc"]
PLAIN_CPU = "cortex-a72"  # signs nothing


class Elf:
    """What a file says of itself; its .eh_frame has pc-relative addresses of 4 bytes."""

    def __init__(self, path):
        self.path = path
        self.data = open(path, "rb").read()
        (self.entry,) = struct.unpack_from("<Q", self.data, 24)
        shoff, = struct.unpack_from("<Q", self.data, 40)
        shentsize, shnum, shstrndx = struct.unpack_from("<3H", self.data, 58)
        headers = [struct.unpack_from("<IIQQQQIIQQ", self.data, shoff + i * shentsize)
                   for i in range(shnum)]
        names = headers[shstrndx][4]
        for h in headers:
            end = self.data.index(b"\0", names + h[0])
            if self.data[names + h[0]:end] == b".eh_frame":
                self.eh_vaddr, self.eh_off, self.eh_size = h[3], h[4], h[5]
        phoff, = struct.unpack_from("<Q", self.data, 32)
        phentsize, phnum = struct.unpack_from("<2H", self.data, 54)
        self.loads = []
        for i in range(phnum):
            kind, flags, off, vaddr, _, filesz, memsz, _ = struct.unpack_from(
                "<IIQQQQQQ", self.data, phoff + i * phentsize)
            if kind == 1:
                self.loads.append((flags, off, vaddr, filesz, memsz))
        self.scan()

    def scan(self):
        self.fdes = []
        at = 0
        while at + 4 <= self.eh_size:
            length, = struct.unpack_from("<I", self.data, self.eh_off + at)
            if not length:
                break
            back, = struct.unpack_from("<I", self.data, self.eh_off + at + 4)
            if back:
                start, size = struct.unpack_from("<iI", self.data, self.eh_off + at + 8)
                start += self.eh_vaddr + at + 8
                self.fdes.append((start, start + size, at, at + 4 - back))
            at += 4 + length

    def record(self, at):
        length, = struct.unpack_from("<I", self.data, self.eh_off + at)
        return self.data[self.eh_off + at:self.eh_off + at + 4 + length]

    def code(self, vaddr, n):
        for _, off, start, filesz, _ in self.loads:
            if start <= vaddr < start + filesz:
                return self.data[off + vaddr - start:off + vaddr - start + n]
        return b""

    def symbols(self):
        out = subprocess.run(["aarch64-linux-gnu-nm", "-S", self.path],
                             capture_output=True, text=True).stdout
        for line in out.splitlines():
            p = line.split()
            if len(p) == 4 and p[2] in "tTwW":
                yield int(p[0], 16), int(p[1], 16), p[3]


class Sample:
    def __init__(self, stack_end):
        self.regs = [int(gdb.parse_and_eval("(unsigned long)$" + r)) for r in REGS]
        sp = self.regs[31]
        self.high = stack_end(sp)
        data = bytes(gdb.selected_inferior().read_memory(sp, self.high - sp))
        self.words = {sp + 8 * i: v for i, (v,) in enumerate(struct.iter_unpack("<Q", data))}
        self.frames = []

    def unwind(self):
        f = gdb.newest_frame()
        while f:
            self.frames.append((f.pc(), f.type() == gdb.SIGTRAMP_FRAME))
            f = f.older()


def correct(samples):
    """Where gdb is wrong, the callers that it saw at the function's first instruction are put in: it
    takes x30 for the return address even where the CIE names x15, as rawmemchr's does, and without
    CFI it does not see what an epilogue has restored."""
    name = lambda pc: gdb.block_for_pc(pc) or gdb.execute("info symbol 0x%x" % pc, to_string=True)
    wrong = ("rawmemchr", "__rawmemchr", "bare_frame")
    callers = None
    for s in samples:
        for i, (pc, _) in enumerate(s.frames):
            if str(name(pc - (i > 0))).startswith(wrong):
                callers = callers or s.frames[i + 1:]
                s.frames[i + 1:] = callers
                break


def execute(command):
    return gdb.execute(command, to_string=True)


def run(on_cpu, port, unwinding):
    """All samples of one run, and the files with their biases."""
    qemu = subprocess.Popen(["qemu-aarch64", "-L", libraries, "-cpu", on_cpu, "-g", str(port),
                             program], env={}, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL)
    execute("file " + program)
    execute("set sysroot " + libraries)
    for _ in range(50):
        try:
            execute("target remote localhost:%d" % port)
            break
        except gdb.error:
            execute("shell sleep 0.1")
    else:
        sys.exit("no qemu")
    top = (int(gdb.parse_and_eval("(unsigned long)$sp")) | 15) + 1

    def stack_end(sp):
        return min(top, sp + STACK_MAX)

    execute("set backtrace past-main on")
    execute("handle SIGSEGV stop print pass")
    execute("break *main")
    execute("continue")
    samples = []
    for _ in range(steps):
        if gdb.newest_frame().name() in ("exit", "_exit"):
            break
        s = Sample(stack_end)
        if unwinding:
            s.unwind()
        samples.append(s)
        execute("stepi")
    correct(samples)
    files = [(Elf(program), None)]
    for o in gdb.objfiles():
        if o.filename and "libc.so" in o.filename:
            files.append((Elf(o.filename), None))
    # Biases from where symbols are.
    out = []
    for elf, _ in files:
        symbol = "main" if elf.path == program else "qsort"
        here = int(gdb.parse_and_eval("(unsigned long)&" + symbol))
        table = {name: vaddr for vaddr, _, name in elf.symbols()}
        if symbol not in table:
            dynamic = subprocess.run(["aarch64-linux-gnu-nm", "-D", elf.path],
                                     capture_output=True, text=True).stdout
            table = {p[2].split("@")[0]: int(p[0], 16)
                     for p in (line.split() for line in dynamic.splitlines()) if len(p) == 3}
        out.append((elf, here - table[symbol]))
    execute("kill")
    qemu.wait()
    return samples, out


def describe_files(out, files, samples):
    for elf, bias in files:
        lookups, code = set(), set()
        for s in samples:
            for i, (pc, signal) in enumerate(s.frames):
                top = i == 0 or s.frames[i - 1][1]
                lookups.add(pc - bias - (0 if top else 1))
                if signal:
                    code.add((pc - bias, 8))
                elif not top:
                    code.add((pc - bias - 4, 4))
            code.add((s.regs[30] - bias - 4, 4))
        out.append("file %s %x" % (os.path.basename(elf.path), elf.entry))
        out.append("section %x %x" % (elf.eh_vaddr, elf.eh_size))
        used = set()
        for start, end, at, cie in elf.fdes:
            if any(start <= pc < end for pc in lookups):
                used |= {at, cie}
        for at in sorted(used):
            out.append("cfi %x %s" % (elf.eh_vaddr + at, elf.record(at).hex()))
        for vaddr, n in sorted(code):
            data = elf.code(vaddr, n) if vaddr >= 0 else b""
            if len(data) == n:
                out.append("code %x %s" % (vaddr, data.hex()))
        for vaddr, size, name in sorted(elf.symbols()):
            if any(vaddr <= pc < vaddr + size for pc in lookups):
                out.append("symbol %x %x %s" % (vaddr, size, name))
        for flags, _, vaddr, _, memsz in elf.loads:
            if flags & 1:
                out.append("map %x %x %x" % (vaddr + bias, vaddr + bias + memsz, bias))


def describe_samples(out, samples):
    words, regs = {}, [0] * len(REGS)
    low, high = min(s.regs[31] for s in samples), max(s.high for s in samples)
    out.append("stack %x %x" % (low, high))
    for s in samples:
        for address in sorted(s.words):
            if s.words[address] != words.get(address, 0):
                out.append("word %x %x" % (address, s.words[address]))
                words[address] = s.words[address]
        for i, value in enumerate(s.regs):
            if regs[i] != value:
                out.append("reg %s %x" % (REGS[i], value))
                regs[i] = value
        out.append("sample")
        for pc, signal in s.frames:
            out.append("frame %x%s" % (pc, " signal" if signal else ""))


execute("set pagination off")
execute("set confirm off")
samples, files = run(PLAIN_CPU, 17171, True)
if cpu != PLAIN_CPU:
    # gdb learns of signed return addresses only from newer qemus: the pcs are those of the same
    # program where nothing is signed, stepped as far.
    plain = samples
    samples, files = run(cpu, 17172, False)
    for s, p in zip(samples, plain, strict=True):
        if s.regs[32] != p.regs[32]:
            sys.exit("the runs differ at %x and %x" % (s.regs[32], p.regs[32]))
        s.frames = p.frames
lines = ["# " + os.environ["GOLDEN_TITLE"],
         "# -cpu " + cpu + "; made by tests/golden/aarch64/capture, lines explained in capture.py"]
describe_files(lines, files, samples)
describe_samples(lines, samples)
with open(os.environ["GOLDEN_OUT"], "w") as f:
    f.write("\n".join(lines) + "\n")
print("%s: %d samples, %d frames" % (os.path.basename(os.environ["GOLDEN_OUT"]), len(samples),
                                     sum(len(s.frames) for s in samples)))
