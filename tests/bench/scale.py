"""`make bench-scale`: what a large machine and a large program cost, as far as two CPUs can tell: many
threads, many processes, a program of a million functions, one with a gigabyte of debug data, as root and
with inherited events; then what follows for other machines by the sizes that were seen. Nothing here has
a limit: man/profd-internals.7 argues with the figures."""
import json
import os
import subprocess

from measure import Figure
from peers import Run
from report import Row
from rows_others import thin_out
from soak import own
from watch import Watch

ADDRESSES = 165
PEER_LIMIT_S = 120
MACHINES = (2, 32, 128, 256)
# src/perf/sampler.c: what all rings take together at most, one at least.
RINGS_TOTAL_BYTES, RING_FLOOR_BYTES = 256 << 20, 512 << 10
PAGE = 4096


def record(bench, what, workload, options=(), nobody=False):
    """(figures, rows) of one recording."""
    bench.say(f"scale: {what}")
    watch = Watch()
    run = bench.tools.profd_record(workload, options=options, nobody=nobody, watch=watch)
    if not run:
        return None, [Row("scale", what, reason="profd wrote no profile")]
    mine = {**own(run), "descriptors": watch.descriptors, "events": watch.events,
            "kernel_events": watch.kernel_events, "kernel_event_bytes": watch.kernel_event_bytes,
            "ring_bytes": watch.ring_bytes, "resident": watch.resident,
            "reach": run.json["sampling"].get("reach"), "sampling": run.json["sampling"],
            "coverage": run.json["quality"]["coverage"]}
    bench.raw[f"scale {what}"] = mine
    stages = mine["stages_s"]
    cpu_note = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in (stages or {}).items())
    note = (f"{mine['samples']} samples, {mine['lost']} lost, {mine['processes']} processes, "
            f"{mine['stacks']} distinct stacks, {100 * mine['complete']:.1f} % of them complete, the "
            f"program used {mine['workload_cpu_s']:.2f} s of CPU time in {mine['workload_s']:.2f} s")
    return mine, [
        figure(what, "exit to artifacts", 1000 * mine["exit_s"], "ms", note),
        figure(what, "own CPU time", mine["cpu_s"], "s", cpu_note),
        figure(what, "peak memory", mine["max_rss_bytes"] / 1e6, "MB",
               "with the pages of mapped files that were read"),
        figure(what, "descriptors", mine["descriptors"], "", f"{mine['events']} of them events"),
        figure(what, "events in the kernel", mine["kernel_events"], "",
               f"{mine['kernel_event_bytes']} bytes each; those of other programs, too"),
        figure(what, "rings", mine["ring_bytes"] / 1e6, "MB")]


def figure(what, name, value, unit, note=""):
    one = Figure([value])
    return Row("scale", f"{what}: {name}", "", unit, one, None, one, note=note,
               form="{:.0f}" if unit in ("ms", "") else "{:.2f}", bigger=False)


def perf_rows(bench, what, workload, defaults):
    """The same program under perf: record's exit, script without and with inlined functions."""
    tools = bench.tools
    run = tools.perf_record(workload)
    if not run:
        return [Row("scale", f"{what}: perf", reason=tools.no_perf())]
    text = tools.perf_script(run.out)
    raw = bench.raw[f"scale {what}, perf"] = {
        "samples": run.samples, "lost": run.lost, "exit_s": run.exit_s, "cpu_s": run.tool_cpu_s,
        "script_s": text.wall_s, "script_rss_bytes": text.max_rss_bytes}
    result = [figure(what, "perf: exit + script --no-inline", 1000 * (run.exit_s + text.wall_s), "ms",
                     f"{run.samples} samples, {run.lost} lost, record used {run.tool_cpu_s:.2f} s"),
              figure(what, "perf script's peak memory", text.max_rss_bytes / 1e6, "MB")]
    if defaults:
        raw["defaults_s"] = tools.perf_script_defaults_s(run.out, PEER_LIMIT_S)
        seconds = raw["defaults_s"] or PEER_LIMIT_S
        result.append(figure(what, "perf script with inlined functions", 1000 * seconds, "ms",
                             "" if raw["defaults_s"] else "had not ended by then"))
    return result


def addr2line_rows(bench, what, workload):
    """What looks up the same debug data: of some addresses of the same program."""
    tools, file = bench.tools, bench.workloads.path("scale.addresses")
    if not tools.eu_addr2line or \
            Run(tools, [tools.inlines, "-w", file, "-F", "999", "--", *workload]).status:
        return [Row("scale", f"{what}: eu-addr2line", reason="not installed, or no recording")]
    path, addresses = thin_out(file, ADDRESSES)
    with open(file + ".only", "w", encoding="ascii") as only:
        only.write("\n".join(addresses) + "\n")
    with open(file + ".only", "rb") as source:
        run = Run(tools, ["timeout", str(PEER_LIMIT_S), tools.eu_addr2line, "-i", "-f", "-e", path],
                  stdin=source)
    return [figure(what, f"eu-addr2line -i -f of {len(addresses)} addresses", 1000 * run.wall_s, "ms",
                   f"peak memory {run.max_rss_bytes / 1e6:.0f} MB" +
                   (", had not ended by then" if run.status else ""))]


def ring_rows(bench):
    """Merging many rings, made in memory, by a program that prints a line of JSON for each number."""
    program = os.path.join(os.path.dirname(bench.tools.stamp), "many-rings")
    if not os.path.exists(program):
        return [Row("scale", "merging rings", reason="tests/bench/many-rings is not built")]
    bench.say("scale: merging rings")
    done = subprocess.run([program], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                          check=False)
    if done.returncode:
        return [Row("scale", "merging rings", reason=f"many-rings ended with {done.returncode}")]
    bench.raw["scale rings"] = measured = [json.loads(line) for line in done.stdout.splitlines()]
    return [row for one in measured for row in (
        figure(f"{one['rings']} rings", "merging an event", one["event_ns"], "ns"),
        figure(f"{one['rings']} rings", "a look at all, empty", one["round_ns"] / 1000, "us"))]


def ring_bytes(wanted, cpus):
    """As ring_wanted in src/perf/sampler.c halves it."""
    while wanted > RING_FLOOR_BYTES and wanted > RINGS_TOTAL_BYTES // cpus:
        wanted //= 2
    return wanted


def mlock_kb():
    with open("/proc/sys/kernel/perf_event_mlock_kb", encoding="ascii") as file:
        return int(file.read())


def machine_rows(root, nobody):
    """By the sizes of two recordings here: what they would be on other machines."""
    files = root["descriptors"] - root["events"]
    quota = mlock_kb()
    result = []
    for cpus in MACHINES:
        ring = ring_bytes(root["sampling"]["ring_bytes_wanted"], cpus)
        small = nobody["sampling"]["ring_bytes_per_cpu"]
        result.append(figure(
            f"{cpus} CPUs", "descriptors", cpus + 1 + files, "",
            f"one event for each CPU, a clock, {files} others; the same by every reach"))
        for reach, each in (("inherit", cpus + 1), ("cgroup", 1)):
            result.append(figure(
                f"{cpus} CPUs", f"kernel memory of events, {reach}, 5,000 threads",
                5000 * each * root["kernel_event_bytes"] / 1e6, "MB",
                f"{root['kernel_event_bytes']} bytes for each thread's {each}: the clock" +
                (", and one for each CPU" if each > 1 else "")))
        result.append(figure(
            f"{cpus} CPUs", "rings as root", cpus * (ring + PAGE) / 1e6, "MB",
            f"{ring >> 10} KiB and a page for each CPU at 999 Hz"))
        result.append(figure(
            f"{cpus} CPUs", "locked memory of an ordinary user", cpus * (small + PAGE) / 1e6, "MB",
            f"{small >> 10} KiB and a page for each CPU; kernel.perf_event_mlock_kb grants {quota} KiB "
            "for each"))
    return result


def rows(bench):
    quick, loads = bench.quick, bench.workloads
    functions, units, few = (100000, 50, 5) if quick else (1000000, 500, 50)
    threads, processes = (500, 200) if quick else (5000, 2000)
    result, base = record(bench, "nothing", ["true"])[1], {}
    for name, nobody in (("as root", False), ("as an ordinary user", True)):
        base[nobody], found = record(bench, f"deep, {name}", loads.get("deep"), nobody=nobody)
        result += found
    for kind, count in (("threads", threads), ("processes", processes)):
        what, workload = f"{count} {kind}", loads.get_many(kind, count)
        result += record(bench, what, workload)[1]
        result += record(bench, f"{what}, inherited", workload, ("--reach", "inherit"))[1]
        result += perf_rows(bench, what, workload, False)
    what, workload = f"{functions} functions", loads.get_functions(functions)
    result += record(bench, what, workload)[1] + perf_rows(bench, what, workload, False)
    for called in (few, units):
        workload = loads.get_debug(units, called)
        size = os.path.getsize(workload[0]) / 1e9
        what = f"{size:.2f} GB of debug data, {called} of {units} units run"
        result += record(bench, what, workload)[1] + perf_rows(bench, what, workload, True)
        result += addr2line_rows(bench, what, workload)
    result += ring_rows(bench)
    if base[False] and base[True]:
        result += machine_rows(base[False], base[True])
    return result
