"""`make bench-soak`: what grows with time, and what with size. A steady program (eight functions in
turns) at a high rate for one tenth of the time and for all of it: memory and files must be the same.
Then the parts of scale that fit on a small machine: a program of a million functions, 5,000 threads,
2,000 processes."""
import os

from measure import Figure
from report import Row

SOAK_HZ = 4999
SAME = 1.15  # reach: the long recording against the short one; rare stacks are met by then


def own(run):
    self_ = run.json["profd"]
    return {"samples": run.json["quality"]["samples"], "lost": run.json["quality"]["lost"],
            "stacks": run.json["quality"]["stacks"], "max_rss_bytes": self_["max_rss_bytes"],
            "bytes": run.bytes, "exit_s": run.exit_s, "cpu_s": run.tool_cpu_s,
            "workload_cpu_s": run.workload_cpu_s, "processes": run.json["quality"]["processes"],
            "complete": run.json["quality"]["complete"], "workload_s": run.workload_s}


def soak_rows(bench, minutes):
    runs = {}
    for name, share in (("short", 0.1), ("long", 1.0)):
        seconds = 60 * minutes * share
        bench.say(f"soak: {seconds:.0f} s at {SOAK_HZ} Hz")
        run = bench.tools.profd_record(bench.workloads.get_steady(seconds), SOAK_HZ)
        if not run:
            yield Row("soak", f"{seconds:.0f} s", reason="profd wrote no profile")
            return
        runs[name] = own(run)
    bench.raw["soak"] = runs
    short, long = runs["short"], runs["long"]
    note = (f"{minutes / 10:g} and {minutes:g} minutes: {short['samples']} and {long['samples']} "
            f"samples, {short['lost']} and {long['lost']} lost, {short['stacks']} and "
            f"{long['stacks']} distinct stacks")
    for what, size, unit in (
            ("peak memory", lambda r: r["max_rss_bytes"] / 1e6, "MB"),
            ("cpu.pb.gz", lambda r: r["bytes"]["cpu.pb.gz"] / 1e3, "kB"),
            ("all artifacts", lambda r: sum(r["bytes"].values()) / 1e3, "kB"),
            ("exit to artifacts", lambda r: 1e3 * r["exit_s"], "ms")):
        yield Row("soak", what, "a tenth of the time", unit, Figure([size(long)]),
                  Figure([size(short)]), Figure([size(long) / size(short)]),
                  None if unit == "ms" else SAME, bigger=False, form="{:.3f}", note=note)
        note = ""


def scale_row(bench, what, workload, perf_too=False):
    bench.say(f"scale: {what}")
    run = bench.tools.profd_record(workload)
    if not run:
        return Row("scale", what, reason="profd wrote no profile")
    mine = own(run)
    bench.raw[f"scale {what}"] = mine
    theirs, peer = None, ""
    if perf_too and bench.tools.perf:
        peer = "perf script"
        recorded = bench.tools.perf_record(workload)
        if recorded:
            theirs = Figure([bench.tools.perf_script(recorded.out).wall_s * 1000])
    return Row("scale", f"{what}: exit to artifacts", peer, "ms", Figure([1000 * mine["exit_s"]]),
               theirs, Figure([1000 * mine["exit_s"]]), bigger=False, form="{:.0f} ms",
               note=f"{mine['samples']} samples, {mine['lost']} lost, {mine['processes']} processes, "
                    f"peak memory {mine['max_rss_bytes'] / 1e6:.0f} MB, own CPU time "
                    f"{mine['cpu_s']:.2f} s of the program's {mine['workload_cpu_s']:.2f} s")


def rows(bench, minutes):
    workloads = bench.workloads
    functions = 100000 if bench.quick else 1000000
    source = workloads.generate("big.s", os.path.join(workloads.bench, "gen-big.py"), functions, 60)
    many = workloads.build("work-many", os.path.join(workloads.bench, "work-many.c"), "-pthread")
    big = workloads.build("big", source, "-no-pie")
    result = list(soak_rows(bench, minutes))
    result.append(scale_row(bench, f"{functions} functions", [big], True))
    result.append(scale_row(bench, "5,000 threads", [many, "threads", "5000", "5"]))
    result.append(scale_row(bench, "2,000 processes", [many, "processes", "2000", "5"]))
    return result
