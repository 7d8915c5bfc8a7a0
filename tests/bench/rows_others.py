"""Row 7: samples lost at a high rate. Row 11: inline chains of the addresses of a profile."""
from measure import Figure, interleave, ratio
from peers import Run
from report import Row

HIGH_HZ = 4999
ADDRESSES = 165


def lost_percent(run, samples, lost):
    return {"percent": 100 * lost / (samples + lost) if samples + lost else 100, "samples": samples,
            "lost": lost, "tool_cpu_s": run.tool_cpu_s, "workload_cpu_s": run.workload_cpu_s}


def loss_rows(bench, wanted):
    del wanted
    tools, workload = bench.tools, bench.workloads.get("busy4")

    def own(nobody):
        run = tools.profd_record(workload, HIGH_HZ, nobody)
        if not run:
            return None
        result = lost_percent(run, run.json["quality"]["samples"], run.json["quality"]["lost"])
        result["sampling"] = run.json["sampling"]
        result["throttled"] = run.json["quality"]["throttled"]
        return result

    def theirs(nobody):
        run = tools.perf_record(workload, "perf 16K", HIGH_HZ, nobody)
        return run and lost_percent(run, run.samples, run.lost)
    result = []
    for nobody in (False, True):
        user = "nobody, 516 KiB per CPU" if nobody else "root"
        bench.say(f"loss as {user}")
        runs = interleave(bench.repeats, {"profd": lambda n=nobody: own(n),
                                          "perf": lambda n=nobody: theirs(n)})
        bench.raw[f"loss {user}"] = runs
        if not runs["profd"]:
            result.append(Row("7", user, reason="profd wrote no profile"))
            continue
        value = Figure(r["percent"] for r in runs["profd"])
        first = runs["profd"][0]
        due = HIGH_HZ * first["workload_cpu_s"]
        result.append(Row(
            "7", f"lost at {HIGH_HZ} Hz, {user}", "perf 16K", "%", value,
            Figure(r["percent"] for r in runs["perf"]) if runs["perf"] else None, value, 0.1, 0,
            bigger=False, form="{:.3f} %",
            note=f"{first['samples']} samples of {due:.0f} that the CPU time stands for, "
                 f"{first['sampling']['stack_copy_bytes']} bytes of stack each, throttled "
                 f"{first['throttled']} times"))
    return result


def inline_rows(bench, wanted):
    del wanted
    tools, file = bench.tools, bench.workloads.path("inl.addresses")
    bench.say("inline chains")
    recorded = Run(tools, [tools.inlines, "-w", file, "-F", "1999", "--", *bench.workloads.get("inl")])
    if recorded.status:
        return [Row("11", "inline chains", reason="the recording failed")]
    path, addresses = thin_out(file, ADDRESSES)
    with open(file + ".only", "w", encoding="ascii") as only:
        only.write("\n".join(addresses) + "\n")

    def batch():
        """ns of CPU time; it has to say something about every address."""
        with open(file + ".only", "rb") as source, open(file + ".said", "wb") as said:
            run = Run(tools, [tools.eu_addr2line, "-i", "-f", "-e", path], stdin=source, stdout=said)
        with open(file + ".said", "rb") as said:
            lines = said.read().count(b"\n")
        return run.cpu_s * 1e9 if lines >= 2 * len(addresses) else None
    repeats = min(bench.repeats, 3)
    ways = {"libs": lambda: tools.json_of([tools.inlines, "-r", "1", file])}
    if tools.eu_addr2line:
        ways["eu-addr2line"] = batch
    runs = interleave(repeats, ways)
    if not runs["libs"]:
        return [Row("11", "inline chains", reason="inlines failed")]
    bench.raw["inlines"] = runs
    by_way = {way: [r for run in runs["libs"] for r in run["runs"] if r["way"] == way]
              for way in ("profd", "getscopes")}
    n = len(addresses)
    ours = Figure(r["cpu_ns"] / n / 1000 for r in by_way["profd"])
    a, b = by_way["profd"][0], by_way["getscopes"][0]
    note = (f"{n} addresses; functions found: {a['frames']}, by getscopes {b['frames']}; "
            f"with lines: {a['lines']} and {b['lines']}")
    peer = Figure(r["cpu_ns"] / n / 1000 for r in by_way["getscopes"])
    result = [Row("11", "inline chain of an address", "dwarf_getscopes", "us", ours, peer,
                  ratio(peer.values, ours.values), 30, 100, form="{:.0f}x", note=note)]
    if not runs.get("eu-addr2line"):
        return result + [Row("11", "inline chain of an address", "eu-addr2line",
                             reason="eu-addr2line failed" if tools.eu_addr2line
                             else "eu-addr2line is not installed")]
    peer = Figure(ns / n / 1000 for ns in runs["eu-addr2line"])
    return result + [Row("11", "inline chain of an address", "eu-addr2line -i -f", "us", ours, peer,
                         ratio(peer.values, ours.values), 80, 250, form="{:.0f}x")]


def thin_out(file, most):
    """Leaves at most @most addresses, spread over all. Returns the program and them."""
    with open(file, encoding="ascii") as source:
        path, *addresses = source.read().split()
    step = max(1, -(-len(addresses) // most))
    with open(file, "w", encoding="ascii") as out:
        out.write("\n".join([path, *addresses[::step]]) + "\n")
    return path, addresses[::step]
