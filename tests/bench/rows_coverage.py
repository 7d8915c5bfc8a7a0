"""Row 4b: the part of the CPU time that samples stand for, of programs that start many short ones. The
CPU time is what wait4(2) says of the whole tree, as stamp writes it down; the sampled time is counted
from cpu.folded, and from perf.data, at both tools' 499 Hz."""
import json
import os
import subprocess

from measure import Figure, interleave
from report import Row

WORKLOADS = ("short", "shell", "tiny")
HZ = 499
UNSAMPLED = "[unsampled"  # "comm;[unsampled: short-lived] N"
LOST = "[lost samples]"


def folded_sums(path):
    """(sampled, shown as missing), in the profile's unit: nanoseconds."""
    sampled = missing = 0
    with open(path, encoding="utf-8") as file:
        for line in file:
            stack, _, weight = line.rpartition(" ")
            if any(f.startswith(UNSAMPLED) or f == LOST for f in stack.split(";")):
                missing += int(weight)
            else:
                sampled += int(weight)
    return sampled, missing


def own(bench, workload, nobody):
    run = bench.tools.profd_record(workload, HZ, nobody)
    if not run:
        return None
    sampled, missing = folded_sums(os.path.join(run.out, "cpu.folded"))
    used_ns = 1e9 * run.workload_cpu_s
    stated = run.json["quality"]["coverage"]
    return {"percent": 100 * sampled / used_ns, "with_missing": 100 * (sampled + missing) / used_ns,
            "stated": None if stated is None else 100 * stated, "tool_cpu_s": run.tool_cpu_s,
            "samples": run.json["quality"]["samples"]}


def theirs(bench, workload, nobody):
    run = bench.tools.perf_record(workload, "perf -g", HZ, nobody)
    if not run:
        return None
    return {"percent": 100 * run.samples / HZ / run.workload_cpu_s}


def row(what, nobody, mine, peer):
    user = "nobody" if nobody else "root"
    if not mine:
        return Row("4b", f"{what}, {user}", reason="profd wrote no profile")
    key = "with_missing" if nobody else "percent"
    value = Figure(r[key] for r in mine)
    stated = [r["stated"] for r in mine if r["stated"] is not None]
    note = f"run.json says {Figure(stated).median:.1f} %" if stated else "run.json says: unknown"
    if nobody:
        note += f"; sampled {Figure(r['percent'] for r in mine).median:.1f} %, the rest shown as missing"
    theirs_ = Figure(r["percent"] for r in peer) if peer else None
    return Row("4b", f"{what}: CPU time accounted for, {user}", "perf record", "%", value, theirs_,
               value, 95, 99, form="{:.1f} %", note=note)


def more_detail(bench):
    """tests/bench/coverage, where there is one, measures every reach on its own: into the JSON."""
    script = os.path.join(bench.workloads.bench, "coverage")
    if bench.quick or not os.path.exists(script):
        return
    made = bench.tools.scratch("coverage.json")
    bench.say("coverage by reach")
    done = subprocess.run([script, "--profd", bench.tools.profd, "--json", made], check=False,
                          stdout=subprocess.DEVNULL)
    if done.returncode or not os.path.exists(made):
        bench.raw["coverage by reach"] = f"failed with {done.returncode}"
        return
    with open(made, encoding="utf-8") as file:
        bench.raw["coverage by reach"] = json.load(file)


def rows(bench, wanted):
    del wanted
    result = []
    more_detail(bench)
    for what in WORKLOADS:
        bench.say(f"coverage of {what}")
        workload = bench.workloads.get(what)
        for nobody in (False, True):
            runs = interleave(bench.repeats, {
                "profd": lambda w=workload, n=nobody: own(bench, w, n),
                "perf": lambda w=workload, n=nobody: theirs(bench, w, n)})
            bench.raw[f"coverage {what} {'nobody' if nobody else 'root'}"] = runs
            result.append(row(what, nobody, runs["profd"], runs["perf"]))
    return result
