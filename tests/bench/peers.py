"""Running a tool on a workload and what can be measured from outside: profd, perf, inferno. Every tool
starts the workload through `stamp`, which says when the workload ended and what it used."""
import json
import mmap
import os
import re
import resource
import shutil
import struct
import subprocess
import sys

NOBODY = 64123  # no right to anything, like nobody, whose locked memory other programs may use up
TRIES = 6
PERF_CALL_GRAPHS = {"perf -g": "fp", "perf 8K": "dwarf,8192", "perf 16K": "dwarf,16384",
                    "perf 64K": "dwarf,65528"}


class Run:
    """What one command did. Times are of CLOCK_MONOTONIC. It is started by stamp, a small program: the
    peak memory that the kernel counts begins with that of whoever forked. @units: what a program of
    ours printed as its work. @before: what runs the command, and is not measured. @watch:
    looks on meanwhile."""

    def __init__(self, tools, argv, nobody=False, stdin=None, stdout=None, before=(), watch=None):
        def quota():
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
        options = {}
        if nobody:  # with nothing but kernel.perf_event_mlock_kb
            options = {"user": NOBODY, "group": NOBODY, "extra_groups": [], "preexec_fn": quota}
        outer = tools.scratch("stamp-tool")
        with subprocess.Popen([*before, tools.stamp, outer, *argv], stdin=stdin or subprocess.DEVNULL,
                              stdout=stdout or subprocess.DEVNULL, stderr=subprocess.PIPE,
                              **options) as process:
            if watch:
                watch.start(process.pid)
            self.stderr = process.communicate()[1].decode(errors="replace")
            if watch:
                watch.stop()
        self.status = process.returncode
        start, self.end_ns, cpu_us, rss_kb, _ = read_stamp(outer)
        self.wall_s = (self.end_ns - start) / 1e9
        self.cpu_s = cpu_us / 1e6
        self.max_rss_bytes = rss_kb * 1024
        if self.status:
            complain(f"{' '.join(argv[:4])} ... ended with {self.status}: {self.stderr[-300:].strip()}")


class Stamped(Run):
    """A tool around a workload; no tool: the workload alone."""

    def __init__(self, tools, tool_argv, workload, nobody=False, before=(), watch=None):
        inner, out_file = tools.scratch("stamp-workload"), tools.scratch("out")
        with open(out_file, "wb") as out:
            super().__init__(tools, [*tool_argv, tools.stamp, inner, *workload], nobody, stdout=out,
                             before=before, watch=watch)
        # Without a stamp the tool has not run the workload at all.
        start, end, cpu_us, _, status = read_stamp(inner) or (0, self.end_ns, 0, 0, 1)
        with open(out_file, encoding="utf-8", errors="replace") as file:
            self.units = sum(int(n) for n in re.findall(r"^units (\d+)$", file.read(), re.M))
        self.workload_ok = status == 0
        self.workload_s = (end - start) / 1e9
        self.workload_cpu_s = cpu_us / 1e6
        self.tool_cpu_s = self.cpu_s - self.workload_cpu_s
        self.exit_s = (self.end_ns - end) / 1e9  # from the workload's last act to the tool's exit


def read_stamp(path):
    if not os.path.exists(path):
        return None
    with open(path, encoding="ascii") as file:
        return [int(n) for n in file.read().split()]


def complain(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Tools:
    """All programs, and where they write."""

    def __init__(self, build, folder):
        self.folder, self.build = folder, build
        self.profd = os.path.join(build, "profd")
        self.gen_profile = os.path.join(build, "tests/oracle/gen-profile")
        programs = os.path.join(build, "tests/bench")
        self.stamp = os.path.join(programs, "stamp")
        self.unwind_bench = os.path.join(programs, "unwind-bench")
        self.slowdown = os.path.join(programs, "slowdown")
        self.inlines = os.path.join(programs, "inlines")
        self.thread_root_program = os.path.join(programs, "thread-root")
        self.perf = shutil.which("perf")
        self.eu_addr2line = shutil.which("eu-addr2line")
        extra = os.pathsep.join([os.environ.get("PATH", ""), os.path.expanduser("~/.cargo/bin")])
        self.collapse = shutil.which("inferno-collapse-perf", path=extra)
        self.flamegraph = shutil.which("inferno-flamegraph", path=extra)
        self.samply = shutil.which("samply", path=extra)

    def thread_root(self):
        done = subprocess.run([self.thread_root_program], stdout=subprocess.PIPE, check=True)
        return int(done.stdout)

    def scratch(self, name):
        """A file that is not there yet, where nobody may write, too."""
        path = os.path.join(self.folder, name)
        if os.path.exists(path):
            os.unlink(path)
        return path

    def json_of(self, argv):
        """What a program of ours prints."""
        done = subprocess.run(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            complain(f"{argv[0]} ended with {done.returncode}")
            return None
        text = done.stdout.decode(errors="replace")
        # What the workload said comes before it.
        return json.loads(text[text.index("{"):])

    # --- profd ------------------------------------------------------------------------------

    def profd_record(self, workload, hz=999, nobody=False, options=(), watch=None,
                     event="cpu-clock"):
        """With the artifacts that profd writes by default. --annotate, in @options, makes cpu.folded
        larger: for judging its stacks only."""
        folder = os.path.join(self.folder, "profd-nobody" if nobody else "profd")
        shutil.rmtree(folder, ignore_errors=True)
        run = Stamped(self, [self.profd, "record", "-q", "-F", str(hz), "-e", event, "-o",
                             folder, *options, "--"], workload, nobody, watch=watch)
        run.out = folder
        try:
            with open(os.path.join(folder, "run.json"), encoding="utf-8") as file:
                run.json = json.load(file)
        except OSError:
            complain(f"profd wrote no run.json: {run.stderr[-300:].strip()}")
            return None
        run.bytes = {name: os.path.getsize(os.path.join(folder, name))
                     for name in os.listdir(folder)}
        return run

    # --- perf -------------------------------------------------------------------------------

    def perf_record(self, workload, way="perf 16K", hz=999, nobody=False):
        if not self.perf:
            return None
        data = os.path.join(self.folder, "perf-nobody.data" if nobody else "perf.data")
        if os.path.exists(data):
            os.unlink(data)
        event = "cpu-clock:u" if nobody else "cpu-clock"
        # -B: without reading the files' build-ids at the end, which is faster. Tries: see
        # perf_data_count.
        for _ in range(TRIES):
            run = Stamped(self, [self.perf, "record", "-q", "-B", "-F", str(hz), "-e", event,
                                 "--call-graph", PERF_CALL_GRAPHS[way], "-o", data, "--"],
                          workload, nobody)
            if run.status:
                continue
            run.out = data
            run.bytes = os.path.getsize(data)
            run.samples, run.lost, mixed_up = perf_data_count(data)
            if not mixed_up:
                return run
        return None

    def no_perf(self):
        """Why there is nothing of perf's."""
        return "no recording of perf's was usable" if self.perf else "perf is not installed"

    def perf_text(self, workload, way="perf 16K"):
        """perf script's text at its best, of a recording whose first process is the workload itself:
        behind a program that forks, perf 6.1 loses the outermost frames of some recordings."""
        data = self.scratch("perf-whole.data")
        for _ in range(TRIES):
            run = Run(self, [self.perf, "record", "-q", "-B", "-F", "999", "-e", "cpu-clock",
                             "--call-graph", PERF_CALL_GRAPHS[way], "-o", data, "--", *workload])
            if run.status or perf_data_count(data)[2]:
                continue
            # The kernel's default, 127, cuts python's stacks.
            text = self.perf_script(data, ("--no-inline", "--max-stack", "1024"))
            if not text.status:
                return text.out
        return None

    def perf_script(self, data, options=("--no-inline",)):
        """The text of a recording, in a file; None without perf."""
        text = os.path.join(self.folder, "perf.txt")
        with open(text, "wb") as out:
            run = Run(self, [self.perf, "script", "-i", data, "-F",
                             "comm,pid,tid,time,event,ip,sym,dso", *options], stdout=out)
        run.out = text
        return run

    def perf_script_defaults_s(self, data, limit_s=120):
        """With the lines and inlined functions that perf looks up unless told not to; None: longer."""
        run = Run(self, ["timeout", str(limit_s), self.perf, "script", "-i", data])
        return None if run.status else run.wall_s

    def flame(self, text):
        """inferno's collapse and flame graph of that text, as (seconds, CPU seconds); None where it is
        not installed."""
        if not self.collapse or not self.flamegraph:
            return None
        folded = text + ".folded"
        with open(text, "rb") as source, open(folded, "wb") as out:
            first = Run(self, [self.collapse], stdin=source, stdout=out)
        with open(folded, "rb") as source, open(text + ".svg", "wb") as out:
            second = Run(self, [self.flamegraph], stdin=source, stdout=out)
        return first.wall_s + second.wall_s, first.cpu_s + second.cpu_s

    # --- samply -----------------------------------------------------------------------------

    def samply_record(self, workload, hz=999):
        """With the names that samply looks up at the end, in a second file: unless asked to, it leaves
        them to the browser."""
        if not self.samply:
            return None
        made = self.scratch("samply") + ".json.gz"  # else not compressed
        for _ in range(TRIES):
            if os.path.exists(made):
                os.unlink(made)
            run = Stamped(self, [self.samply, "record", "--save-only", "--unstable-presymbolicate",
                                 "-r", str(hz), "-o", made, "--"], workload,
                          before=self.permissive())
            if run.status or not os.path.exists(made):
                continue
            run.out, run.bytes = made, os.path.getsize(made)
            return run
        return None

    def permissive(self):
        """Where perf_event_paranoid is above 1, samply 0.13 does not fall back to the clock, although
        root may do everything: it is shown another number, in a mount namespace of its own."""
        setting = "/proc/sys/kernel/perf_event_paranoid"
        with open(setting, encoding="ascii") as file:
            if int(file.read()) <= 1 or os.getuid():
                return []
        shown = self.scratch("paranoid")
        with open(shown, "w", encoding="ascii") as file:
            file.write("1\n")
        return ["unshare", "-m", "sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"', shown,
                setting]


# --- perf's file, and its text ------------------------------------------------------------------

RECORD_LOST, RECORD_SAMPLE, RECORD_MMAP2, RECORD_LOST_SAMPLES = 2, 9, 10, 13
MISC_MMAP_BUILD_ID = 1 << 14


def perf_data_count(path):
    """(samples, lost, mixed up) of a perf.data: tools/perf/Documentation/perf.data-file-format.txt. The
    kernel's own count at the end (LOST_SAMPLES) and the LOST records tell of the same losses.

    Mixed up: while another program has events on the same CPU that ask for build-ids in MMAP2 records,
    such as a system-wide profd, Linux 6.18 sets their bit in perf's MMAP2 records, too, which hold an
    inode. perf then aborts, or finds no file."""
    samples = lost_records = lost_counted = 0
    mixed_up = False
    with open(path, "rb") as file, \
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        magic, _, _, _, _, at, size = struct.unpack_from("<8sQQQQQQ", data)
        if magic != b"PERFILE2":
            raise ValueError(f"{path} is no perf.data")
        end = at + size if size else len(data)
        while at + 8 <= end:
            kind, misc, length = struct.unpack_from("<IHH", data, at)
            if length < 8:
                break
            if kind == RECORD_SAMPLE:
                samples += 1
            elif kind == RECORD_MMAP2:
                mixed_up = mixed_up or bool(misc & MISC_MMAP_BUILD_ID)
            elif kind == RECORD_LOST:
                lost_records += struct.unpack_from("<QQ", data, at + 8)[1]
            elif kind == RECORD_LOST_SAMPLES:
                lost_counted += struct.unpack_from("<Q", data, at + 8)[0]
            at += length
    return samples, max(lost_records, lost_counted), mixed_up


ROOTS = {"_start", "_dl_start_user", "clone", "__clone", "clone3", "__clone3", "start_thread",
         "thread_start", "__GI___clone", "__GI___clone3"}
FRAME = re.compile(r"\s+([0-9a-f]+) (.*) \((.*)\)$")
KERNEL_FROM = 1 << 63


def entry_of(path, known):
    """An ELF file's entry point, None where there is none."""
    if path not in known:
        known[path] = None
        try:
            with open(path, "rb") as file:
                header = file.read(32)
            if header[:5] == b"\x7fELF\x02":
                known[path] = struct.unpack_from("<Q", header, 24)[0]
        except OSError:
            pass
    return known[path]


def is_root(frame, known, thread_root):
    """The code where the kernel or the C library starts a thread. What is stripped has no names: a
    program's entry point and the C library's clone (@thread_root) are known by their place in their
    page, which loading does not change."""
    pc, name, dso = frame
    if name in ROOTS:
        return True
    if name != "[unknown]":
        return False
    if "/libc.so" in dso or "/libc-" in dso:
        return abs(pc % 4096 - thread_root) <= 1
    entry = entry_of(dso, known)
    return entry is not None and (pc - entry) % 4096 < 64


def perf_text_complete(path, thread_root):
    """(whole, judged) stacks of perf script's text; stacks of kernel frames alone are not judged. perf
    marks a stack that it had to leave with an outermost frame of ffffffffffffffff."""
    whole = judged = 0
    known, frames = {}, []
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in [*file, ""]:
            match = FRAME.match(line)
            if match:
                frames.append((int(match[1], 16), match[2], match[3]))
                continue
            if line.strip():
                continue
            if any(frame[0] < KERNEL_FROM for frame in frames):
                judged += 1
                whole += is_root(frames[-1], known, thread_root)
            frames = []
    return whole, judged
