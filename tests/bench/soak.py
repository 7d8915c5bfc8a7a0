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


def soak_rows(bench, minutes):
    runs = {}
    for name, share in (("short", 0.1), ("long", 1.0)):
        seconds = 60 * minutes * share
        bench.say(f"soak: {seconds:.0f} s at {SOAK_HZ} Hz")
        watch = Watch()
        run = bench.tools.profd_record(bench.workloads.get_steady(seconds), SOAK_HZ, watch=watch)
        if not run:
            yield Row("soak", f"{seconds:.0f} s", reason="profd wrote no profile")
            return
        runs[name] = {**own(run), "resident": watch.resident, "descriptors": watch.descriptors,
                      "ring_bytes": watch.ring_bytes}
    bench.raw["soak"] = runs
    short, long = runs["short"], runs["long"]
    note = (f"{minutes / 10:g} and {minutes:g} minutes: {short['samples']} and {long['samples']} "
            f"samples, {short['lost']} and {long['lost']} lost, {short['stacks']} and "
            f"{long['stacks']} distinct stacks")
    for what, size, unit in (
            ("peak memory", lambda r: r["max_rss_bytes"] / 1e6, "MB"),
            ("resident when the program ends", recording_bytes, "MB"),
            ("cpu.pb.gz", lambda r: r["bytes"]["cpu.pb.gz"] / 1e3, "kB"),
            ("all artifacts", lambda r: sum(r["bytes"].values()) / 1e3, "kB"),
            ("exit to artifacts", lambda r: 1e3 * r["exit_s"], "ms")):
        yield Row("soak", what, "a tenth of the time", unit, Figure([size(long)]),
                  Figure([size(short)]), Figure([size(long) / size(short)]),
                  None if unit == "ms" else SAME, bigger=False, form="{:.3f}", note=note)
        note = ""


def rows(bench, minutes):
    return list(soak_rows(bench, minutes))
