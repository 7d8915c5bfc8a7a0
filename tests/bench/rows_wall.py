"""Row 12: record --wall. The part of the time blocked whose stack is known and reaches its root, as root
and as an ordinary user, of threads that wait for a lock, sleep, read and poll; and what it costs a
program that does nothing but switch."""
import os

from measure import Figure, interleave, ratio
from peers import Stamped
from report import Row

MODES = ("convoy", "sleeper", "reader", "poller")
THREADS = 4


def workload(bench, mode):
    made = bench.workloads.shared_program("waits", "waits.c", "-pthread")
    seconds = bench.workloads.seconds
    ms = 1000 * seconds / (THREADS if mode == "convoy" else 1 if mode == "ping" else 10)
    return [made, mode, "2" if mode == "ping" else str(THREADS), str(max(1, int(ms)))]


def stacks(bench, mode, nobody):
    """Percent of the time blocked."""
    run = bench.tools.profd_record(workload(bench, mode), 499, nobody, ["--wall"])
    if not run:
        return None
    wall = run.json["wall"]
    blocked = wall["off_cpu_s"] - wall["states_s"]["run queue"]
    known = (blocked - wall["unknown_s"]) / blocked if blocked else 0
    sums = wall["cpu_s"] + wall["off_cpu_s"]
    return {"percent": 100 * known * (wall["complete"] or 0), "method": wall["method"],
            "sum_percent": 100 * sums / wall["lifetime_s"]}


def stack_rows(bench):
    result = []
    for nobody in (False, True):
        user = "nobody" if nobody else "root"
        values = []
        for mode in MODES:
            bench.say(f"off-CPU stacks of {mode} as {user}")
            runs = [stacks(bench, mode, nobody) for _ in range(bench.repeats)]
            bench.raw[f"wall {mode} {user}"] = runs
            values += [run["percent"] for run in runs if run]
        if not values:
            result.append(Row("12", f"off-CPU stacks, {user}", reason="profd wrote no profile"))
            continue
        value = Figure(values)
        result.append(Row("12", f"time blocked with a complete stack, {user}", "", "%", value, None, value,
                          90, 99, form="{:.1f} %",
                          note=f"{', '.join(MODES)}; threads and times add up to "
                               f"{runs[0]['sum_percent']:.2f} % of lifetimes" if runs[0] else ""))
    return result


def turns(bench, argv, nobody=False):
    run = Stamped(bench.tools, argv, workload(bench, "ping"), nobody)
    return {"units": run.units} if run.units else None


def slowdown_rows(bench):
    """How many fewer turns there are; a program that switches all the time is the worst there is."""
    tools, result = bench.tools, []
    for nobody in (False, True):
        user = "nobody" if nobody else "root"
        bench.say(f"slowdown of a ping-pong as {user}")
        record = [tools.profd, "record", "-q", "-F", "499", "--force", "-o",
                  os.path.join(tools.folder, f"ping-{user}")]
        ways = {"alone": lambda n=nobody: turns(bench, [], n),
                "cpu": lambda n=nobody, r=record: turns(bench, [*r, "--"], n),
                "wall": lambda n=nobody, r=record: turns(bench, [*r, "--wall", "--"], n)}
        if tools.perf and not nobody:
            data = tools.scratch("sched.data")
            ways["perf"] = lambda d=data: turns(
                bench, [tools.perf, "record", "-q", "-a", "-e", "sched:sched_switch", "-o", d, "--"])
        runs = interleave(bench.repeats, ways)
        bench.raw[f"ping-pong {user}"] = runs
        if not runs["alone"] or not runs["wall"]:
            result.append(Row("12", f"ping-pong, {user}", reason="it was not recorded"))
            continue
        alone = [r["units"] for r in runs["alone"]]
        value = ratio(alone, [r["units"] for r in runs["wall"]])
        peer = runs.get("perf")
        peer = ratio(alone, [r["units"] for r in peer]) if peer else None
        without = ratio(alone, [r["units"] for r in runs["cpu"]]) if runs["cpu"] else None
        result.append(Row("12", f"a ping-pong slows down, {user}", "perf, sched_switch, no stacks" if peer else "",
                          "x", value, peer, value, form="{:.2f}x", bigger=False,
                          note=f"{without.median:.2f}x without --wall" if without else ""))
    return result


def rows(bench, wanted):
    del wanted
    return stack_rows(bench) + slowdown_rows(bench)
