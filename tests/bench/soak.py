"""`make bench-soak`: what grows with time. A steady program (eight functions in turns) at a high rate
for one tenth of the time and for all of it: memory and files must be the same. Peak memory is what
run.json says, of getrusage(2); what is resident while recording is looked at from outside. Linux counts
no page of a ring in either since 6.15."""
from measure import Figure
from report import Row
from watch import Watch

SOAK_HZ = 4999
SAME = 1.15  # reach: the long recording against the short one; rare stacks are met by then


def own(run):
    self_ = run.json["profd"]
    return {"samples": run.json["quality"]["samples"], "lost": run.json["quality"]["lost"],
            "stacks": run.json["quality"]["stacks"], "max_rss_bytes": self_["max_rss_bytes"],
            "bytes": run.bytes, "exit_s": run.exit_s, "cpu_s": run.tool_cpu_s,
            "stages_s": self_.get("cpu_by_stage_s"),
            "workload_cpu_s": run.workload_cpu_s, "processes": run.json["quality"]["processes"],
            "complete": run.json["quality"]["complete"], "workload_s": run.workload_s}


def recording_bytes(run):
    """In MB: the last look before the program ended."""
    seen = [size for at_s, size in run["resident"] if at_s < run["workload_s"]]
    return seen[-1] / 1e6 if seen else 0


def pair(bench, seconds, event):
    """Recordings of a tenth of the time and of all of it; None: no profile."""
    runs = []
    for length in (seconds / 10, seconds):
        bench.say(f"soak: {length:.0f} s of {event} at {SOAK_HZ} Hz")
        watch = Watch()
        run = bench.tools.profd_record(bench.workloads.get_steady(length), SOAK_HZ, watch=watch,
                                       event=event)
        if not run:
            return None
        runs.append({**own(run), "resident": watch.resident, "descriptors": watch.descriptors,
                     "ring_bytes": watch.ring_bytes})
    bench.raw[f"soak {event}"] = runs
    return runs


def sizes(event, runs, seconds, limit):
    short, long = runs
    note = (f"{seconds / 10:g} and {seconds:g} s: {short['samples']} and {long['samples']} samples, "
            f"{short['lost']} and {long['lost']} lost, {short['stacks']} and {long['stacks']} distinct "
            "stacks")
    for what, size, unit in (
            ("peak memory", lambda r: r["max_rss_bytes"] / 1e6, "MB"),
            ("resident when the program ends", recording_bytes, "MB"),
            ("cpu.pb.gz", lambda r: r["bytes"]["cpu.pb.gz"] / 1e3, "kB"),
            ("all artifacts", lambda r: sum(r["bytes"].values()) / 1e3, "kB"),
            ("exit to artifacts", lambda r: 1e3 * r["exit_s"], "ms"),
            ("distinct stacks", lambda r: r["stacks"], "")):
        # A file of 3 kB is a seventh larger for a dozen rare stacks; what they say is in the last row.
        limited = limit and (unit == "MB" or what == "all artifacts")
        yield Row("soak", f"{event}: {what}", "a tenth of the time", unit, Figure([size(long)]),
                  Figure([size(short)]), Figure([size(long) / size(short)] if size(short) else []),
                  SAME if limited else None, bigger=False, form="{:.3f}", note=note)
        note = ""


def rows(bench, minutes):
    """With the kernel's side the stacks are never all met, because whatever interrupts the program is
    in them: shorter, and without limits, it shows that files follow the stacks."""
    result = []
    for event, seconds, limit in (("cpu-clock:u", 60 * minutes, True),
                                  ("cpu-clock", 6 * minutes, False)):
        runs = pair(bench, seconds, event)
        if runs:
            result += sizes(event, runs, seconds, limit)
        else:
            result.append(Row("soak", event, reason="profd wrote no profile"))
    return result
