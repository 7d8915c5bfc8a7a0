"""Rows 4, 6, 8, 9, 10: what comes out of one recording, profd's and perf's by turns, of one workload
after the other. One pair of recordings serves all of these rows."""
import os
import subprocess

from measure import Figure, interleave, ratio
from peers import PERF_CALL_GRAPHS, TRIES, perf_text_complete
from report import Row

WORKLOADS = {"4": ("deep", "cc1", "py", "edge", "static", "tall"), "6": ("deep", "cc1"),
             "8": ("cc1", "deep"), "9": ("deep", "cc1"), "10": ("cc1", "mp")}
COMPLETE_LIMITS = {"tall": (95, 99)}
COMPLETE_DEFAULT = (99.5, 99.8)


def own_complete(bench, run, workload):
    """Recomputed from the stacks by tests/integration/check-folded, in percent."""
    elf = [option for program in workload if is_elf(program) for option in ("--elf", program)]
    done = subprocess.run(
        [os.path.join(bench.source, "tests/integration/check-folded"), "--print-complete", *elf,
         os.path.join(run.out, "cpu.folded")], stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)


def is_elf(path):
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(5) == b"\x7fELF\x02"


def own(bench, workload):
    run = bench.tools.profd_record(workload)
    if not run:
        return None
    quality, self_ = run.json["quality"], run.json["profd"]
    rings = run.json["sampling"]["ring_bytes_per_cpu"] * run.json["sampling"]["cpus"]
    return {"samples": quality["samples"], "lost": quality["lost"],
            "complete": own_complete(bench, run, workload), "stated": 100 * quality["complete"],
            "cpu_s": run.tool_cpu_s, "stated_cpu_s": self_["cpu_s"],
            "workload_cpu_s": run.workload_cpu_s, "exit_s": run.exit_s,
            "stated_exit_s": self_["exit_to_artifacts_s"], "bytes": run.bytes,
            "max_rss_bytes": self_["max_rss_bytes"], "ring_bytes": rings,
            "stacks": quality["stacks"]}


def theirs(bench, what, workload, way, script):
    tools = bench.tools
    for _ in range(TRIES):
        run = tools.perf_record(workload, way)
        if not run:
            return None
        result = {"samples": run.samples, "lost": run.lost, "cpu_s": run.tool_cpu_s,
                  "workload_cpu_s": run.workload_cpu_s, "exit_s": run.exit_s, "bytes": run.bytes}
        if not script:
            return result
        text = tools.perf_script(run.out)
        if text.status:
            continue
        flame_s = tools.flame(text.out)
        result.update(script_s=text.wall_s, script_rss_bytes=text.max_rss_bytes, flame_s=flame_s,
                      done_s=run.exit_s + text.wall_s + (flame_s or 0))
        if not bench.quick and "defaults_s" not in bench.raw.setdefault(what, {}):
            bench.raw[what]["defaults_s"] = tools.perf_script_defaults_s(run.out)
        return result
    return None


def whole(bench, workload):
    """perf's complete stacks, in percent."""
    text = bench.tools.perf and bench.tools.perf_text(workload)
    if not text:
        return None
    complete, judged = perf_text_complete(text, bench.tools.thread_root())
    return {"complete": 100 * complete / judged if judged else 0}


def per_sample(runs, size):
    return Figure(size(r) / r["samples"] for r in runs if r["samples"])


def values(runs, key):
    return Figure(r[key] for r in runs)


def complete_row(what, mine, peer):
    value = values(mine, "complete")
    note = f"by run.json {values(mine, 'stated').median:.2f} %"
    cut = [r for r in mine if r["lost"]]
    if cut:
        note += f"; {sum(r['lost'] for r in cut)} samples lost"
    return Row("4", f"{what}: stacks to the root", "perf 16K", "%", value,
               values(peer, "complete") if peer else None, value,
               *COMPLETE_LIMITS.get(what, COMPLETE_DEFAULT), form="{:.2f} %", note=note)


def cpu_rows(bench, what, mine, peers):
    for way, runs in peers.items():
        if not runs:
            yield Row("6", f"{what}: own CPU time", way, reason=bench.tools.no_perf())
            continue
        # A second of the one has as many samples as a second of the other.
        a = [r["cpu_s"] / r["workload_cpu_s"] for r in mine]
        b = [r["cpu_s"] / r["workload_cpu_s"] for r in runs]
        limits = (1 / 4, 1 / 10) if way == "perf 16K" else ()
        yield Row("6", f"{what}: own CPU time", way + " record", "s", values(mine, "cpu_s"),
                  values(runs, "cpu_s"), ratio(a, b), *limits, bigger=False, form="{:.3f}",
                  note=f"run.json says {values(mine, 'stated_cpu_s').median:.3f} s")


def exit_row(bench, what, mine, peer):
    milliseconds = Figure(1000 * r["exit_s"] for r in mine)
    note = f"run.json says {1000 * values(mine, 'stated_exit_s').median:.1f} ms"
    name, done = "perf: exit + script --no-inline", None
    if peer:
        done = Figure(1000 * r["done_s"] for r in peer)
        parts = [f"exit {1000 * values(peer, 'exit_s').median:.0f}",
                 f"script {1000 * values(peer, 'script_s').median:.0f}"]
        if peer[0]["flame_s"] is not None:
            name += " + inferno"
            parts.append(f"collapse and SVG {1000 * values(peer, 'flame_s').median:.0f}")
        else:
            note += "; inferno is not installed: perf's time is without a picture"
        note += "; perf: " + ", ".join(parts) + " ms"
        if "defaults_s" in bench.raw.get(what, {}):
            seconds = bench.raw[what]["defaults_s"]
            note += "; perf script with its defaults: " + \
                (f"{seconds:.1f} s" if seconds else "over two minutes")
    return Row("8", f"{what}: exit to artifacts", name, "ms", milliseconds, done, milliseconds, 100,
               30, bigger=False, form="{:.1f} ms", note=note)


def byte_rows(bench, what, mine, peer):
    if not peer:
        yield Row("9", f"{what}: bytes", "perf 16K", reason=bench.tools.no_perf())
        return
    data = per_sample(peer, lambda r: r["bytes"])
    for name, size, limits in (
            ("cpu.pb.gz", lambda r: r["bytes"]["cpu.pb.gz"], (300, 600)),
            ("all artifacts", lambda r: sum(r["bytes"].values()), (40, 80))):
        ours = per_sample(mine, size)
        yield Row("9", f"{what}: {name}", "perf.data 16K", "B/sample", ours, data,
                  ratio(data.values, ours.values), *limits, form="1/{:.0f}",
                  note=f"{mine[0]['samples']} samples, {mine[0]['stacks']} distinct stacks")


def memory_row(what, mine, peer):
    ours = Figure(r["max_rss_bytes"] / 1e6 for r in mine)
    return Row("10", f"{what}: peak memory", "perf script", "MB", ours,
               Figure(r["script_rss_bytes"] / 1e6 for r in peer) if peer else None, ours, 48, 16,
               bigger=False, form="{:.1f} MB",
               note=f"as the kernel counts it; the rings take {mine[0]['ring_bytes'] / 1e6:.0f} MB")


def rows(bench, wanted):
    result = []
    names = {w for number in wanted for w in WORKLOADS.get(number, ())}
    for what in sorted(names):
        bench.say(f"recording {what}")
        asked = {number for number in wanted if what in WORKLOADS.get(number, ())}
        workload = bench.workloads.get(what)
        ways = {"profd": lambda w=workload: own(bench, w)}
        others = list(PERF_CALL_GRAPHS) if "6" in asked else ["perf 16K"]
        if asked == {"4"}:
            others = []
        if "4" in asked:
            ways["whole"] = lambda w=workload: whole(bench, w)
        script = bool(asked - {"4", "6"})
        for way in others:
            ways[way] = lambda x=what, w=workload, v=way, s=script: theirs(
                bench, x, w, v, s and v == "perf 16K")
        runs = interleave(bench.repeats, ways)
        bench.raw[f"recordings {what}"] = dict(runs)
        mine, complete = runs.pop("profd"), runs.pop("whole", None)
        peer = runs.get("perf 16K")
        if not mine:
            result.append(Row("4-10", what, reason="profd wrote no profile"))
            continue
        if "4" in asked:
            result.append(complete_row(what, mine, complete))
        if "6" in asked:
            result.extend(cpu_rows(bench, what, mine, runs))
        if "8" in asked:
            result.append(exit_row(bench, what, mine, peer))
        if "9" in asked:
            result.extend(byte_rows(bench, what, mine, peer))
        if "10" in asked:
            result.append(memory_row(what, mine, peer))
    return sorted(result, key=lambda row: int(row.number.split("-")[0]))
