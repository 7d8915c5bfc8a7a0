"""What is recorded. Each workload is a command; what it needs is built or generated when it is first
asked for, in the bench's own folder, and kept for the next run."""
import atexit
import copy
import os
import shutil
import subprocess
import sys

PYTHON = "/usr/bin/python3"  # not a version manager's wrapper script
MP_SECONDS = 1.2  # about what they take
MP_FILES = 40  # of which fewer are compiled where all runs are short

UNITS_MAIN = """};
int main(int argc, char **argv)
{
	char *one[] = {"unit", "1", NULL};
	int sum = 0;

	if (argc != 3)
		return 2;
	for (long round = atol(argv[1]); round > 0; round--)
		for (int i = 0; i < atoi(argv[2]); i++)
			sum += units[i](2, one);
	return sum == 1;
}
"""


class Workloads:
    def __init__(self, source, folder, seconds):
        """@seconds: about how long each shall run; what is built lies in @folder."""
        self.bench = os.path.join(source, "tests/bench")
        self.shared = os.path.join(source, "tests/workloads")
        self.folder = folder
        self.seconds = seconds
        # Anybody may write into it; it ends with this process: two benches may run.
        self.scratch = os.path.join(folder, f"scratch-{os.getpid()}")
        os.makedirs(self.scratch)
        os.chmod(self.scratch, 0o777)
        atexit.register(shutil.rmtree, self.scratch, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def get(self, name):
        """The command of a workload."""
        return getattr(self, "get_" + name)()

    def lasting(self, name, seconds):
        """The command of a workload, of that length."""
        other = copy.copy(self)
        other.seconds = seconds
        command = other.get(name)
        if name != "mp" or seconds < MP_SECONDS:
            return command
        # A build is as long as its files are many: several builds.
        return ["sh", "-c", 'n=$1; shift; while [ $((n -= 1)) -ge 0 ]; do "$@" || exit; done', "sh",
                str(round(seconds / MP_SECONDS)), *command]

    # --- building ---------------------------------------------------------------------------

    def fresh(self, made, *sources):
        """True when @made is newer than all @sources."""
        return os.path.exists(made) and \
            all(os.path.getmtime(made) > os.path.getmtime(s) for s in sources)

    def build(self, name, source, *flags, compiler="gcc"):
        made = self.path(name)
        if not self.fresh(made, source):
            say(f"building {name}")
            subprocess.run([compiler, "-O2", "-g", f"-I{self.shared}", f"-I{self.bench}", "-o",
                            made, source, *flags], check=True)
        return made

    def generate(self, name, script, *arguments):
        made = self.path(name)
        if not self.fresh(made, script):
            with open(made, "w", encoding="utf-8") as out:
                subprocess.run([PYTHON, script, *map(str, arguments)], stdout=out, check=True)
        return made

    def shared_program(self, name, source, *flags):
        return self.build(name, os.path.join(self.shared, source), *flags)

    # --- long-running programs ----------------------------------------------------------------

    def get_deep(self):
        made = self.build("work-deep", os.path.join(self.bench, "work-deep.c"),
                          "-fomit-frame-pointer", "-pthread")
        return [made, str(self.seconds)]

    def get_busy4(self):
        """Four threads."""
        deep = " ".join(self.get_deep())
        return ["sh", "-c", f"{deep} & {deep}; wait"]

    def get_steady(self, seconds):
        """Eight functions in turns, on both CPUs: all of its stacks are met within seconds. About
        @seconds: the work is counted, not timed."""
        made = self.shared_program("shares", "shares.c")
        one = f"{made} {int(770 * seconds)}"
        return ["sh", "-c", f"{one} & {one}; wait"]

    def get_cc1(self):
        """The system's C++ compiler itself, not its driver, on a preprocessed file."""
        script = os.path.join(self.bench, "gen-cxx.py")
        source = self.generate("cc1.cc", script, int(12 * self.seconds) + 1)
        made = self.path("cc1.ii")
        if not self.fresh(made, source):
            subprocess.run(["g++", "-E", "-o", made, source], check=True)
        cc1plus = subprocess.run(["g++", "-print-prog-name=cc1plus"], check=True,
                                 stdout=subprocess.PIPE, text=True).stdout.strip()
        return [cc1plus, "-quiet", "-O2", "-fpreprocessed", made, "-o", os.devnull]

    def get_py(self):
        return [PYTHON, os.path.join(self.bench, "work-py.py"), str(int(20000 * self.seconds))]

    def get_edge(self):
        """Signals, the vdso, linkage table stubs, realigned frames, one after the other."""
        tiny = self.shared_program("libtiny.so", "plt.c", "-shared", "-fPIC", "-DTINY")
        loads = [
            (self.shared_program("sigalt", "sigalt.c", "-fomit-frame-pointer"), 180, "near"),
            (self.shared_program("vdso", "vdso.c"), 8, ""),
            (self.shared_program("plt", "plt.c", "-Wl,-z,lazy", f"-Wl,-rpath,{self.folder}", tiny),
             150, ""),
            (self.shared_program("realign", "realign.c", "-fomit-frame-pointer"), 180, "")]
        script = " && ".join(f"{program} {int(load * self.seconds)} {more}"
                             for program, load, more in loads)
        return ["sh", "-c", script]

    def get_static(self):
        made = self.shared_program("static", "deep.c", "-static", "-fomit-frame-pointer")
        return [made, str(int(700 * self.seconds))]

    def get_tall(self):
        """480 frames of some 350 bytes: 170 KB."""
        made = self.shared_program("depth", "depth.c", "-fomit-frame-pointer")
        return [made, str(int(700 * self.seconds)), "480", "300"]

    def get_inl(self):
        source = self.generate("inl.cc", os.path.join(self.bench, "gen-cxx.py"), 40)
        return [self.build("inl", source, compiler="g++"), str(int(1500 * self.seconds))]

    # --- large programs -----------------------------------------------------------------------

    def get_functions(self, count):
        """A program of so many functions, of which a thousand run."""
        source = self.generate(f"big-{count}.s", os.path.join(self.bench, "gen-big.py"), count, 60)
        return [self.build(f"big-{count}", source, "-no-pie")]

    def get_debug(self, units, called):
        """A C++ program of @units compilation units with 2 MB of debug data each, of which @called
        run. The units are one object, linked again and again under other names."""
        script = os.path.join(self.bench, "gen-cxx.py")
        made = self.path(f"debug-{units}")
        if not self.fresh(made, script):
            say(f"building {made}")
            self.link_units(made, script, units)
        return [made, str(int(5600 * self.seconds) // called + 1), str(called)]

    def link_units(self, made, script, units):
        folder = self.path("units")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        unit, driver = os.path.join(folder, "unit.o"), os.path.join(folder, "driver.c")
        source = self.generate("units/unit.cc", script, 40)
        subprocess.run(["g++", "-O2", "-g", "-c", "-o", unit, source], check=True)
        names = [f"unit_{i}" for i in range(units)]
        objects = [os.path.join(folder, name + ".o") for name in names]
        for name, copy_ in zip(names, objects):
            subprocess.run(["objcopy", "--redefine-sym", f"main={name}", unit, copy_], check=True)
        with open(driver, "w", encoding="ascii") as out:
            out.write("#include <stdlib.h>\n" + "".join(f"int {name}(int, char **);\n" for name in names) +
                      "static int (*const units[])(int, char **) = {" + ", ".join(names) + UNITS_MAIN)
        linker = ["-fuse-ld=gold"] if shutil.which("ld.gold") else []
        subprocess.run(["gcc", "-O1", "-g", "-c", "-o", driver + ".o", driver], check=True)
        subprocess.run(["g++", *linker, "-o", made, driver + ".o", *objects], check=True)
        shutil.rmtree(folder)

    def get_many(self, kind, count):
        made = self.build("work-many", os.path.join(self.bench, "work-many.c"), "-pthread")
        return [made, kind, str(count), str(int(self.seconds + 0.5))]

    # --- many processes -----------------------------------------------------------------------

    def make(self, name, functions):
        folder = self.path(name)
        files = MP_FILES if self.seconds >= 1 else int(MP_FILES * self.seconds / 2)
        script = os.path.join(self.shared, "gen-c.py")
        makefile = os.path.join(folder, "Makefile")
        if not self.fresh(makefile, script):
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
            for i in range(files):
                self.generate(f"{name}/part{i}.c", script, functions, i * functions)
            with open(makefile, "w", encoding="utf-8") as out:
                out.write("OBJS = " + " ".join(f"part{i}.o" for i in range(files)) +
                          "\nall: $(OBJS)\n%.o: %.c\n\tgcc -O2 -c -o /dev/null $<\n.PHONY: all\n")
        # Not a part of the make that runs the bench.
        return ["env", "-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make", "-s", "-B", "-j2", "-C", folder]

    def get_mp(self):
        return self.make("mp", 1)

    def get_tiny(self):
        return self.make("tiny", 0)

    def get_shell(self):
        return ["sh", os.path.join(self.bench, "work-shell"), str(int(70 * self.seconds)),
                self.scratch]

    def get_short(self):
        return [self.build("work-short", os.path.join(self.bench, "work-short.c")),
                str(int(500 * self.seconds)), "1000"]


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)
