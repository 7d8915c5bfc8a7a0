"""Rows 4, 6, 8, 9, 10: what comes out of one recording, profd's, perf's and samply's by turns, of one
workload after the other. One set of recordings serves rows 6 to 10; row 4 judges recordings of its
own, whose folded stacks are marked (--annotate) and whose perf begins with the workload itself."""
import os
import subprocess
import zipfile

from measure import Figure, interleave, ratio
from peers import PERF_CALL_GRAPHS, TRIES, perf_text_complete
from report import Row
from samply import samply_complete

WORKLOADS = {"4": ("deep", "cc1", "py", "edge", "static", "tall"), "6": ("deep", "cc1"),
             "8": ("cc1", "deep"), "9": ("deep", "cc1"), "10": ("cc1", "mp")}
COMPLETE_LIMITS = {"tall": (95, 99)}
COMPLETE_DEFAULT = (99.5, 99.8)
STATED_WITHIN_MS = 10


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
            "cpu_s": run.tool_cpu_s, "stated_cpu_s": self_["cpu_s"],
            "stages_s": self_.get("cpu_by_stage_s"),
            "workload_cpu_s": run.workload_cpu_s, "exit_s": run.exit_s,
            "stated_exit_s": self_["exit_to_artifacts_s"], "bytes": run.bytes,
            "max_rss_bytes": self_["max_rss_bytes"], "ring_bytes": rings,
            "stacks": quality["stacks"], "zip_bytes": zip_bytes(bench, run.out)}


def annotated(bench, workload):
    """Complete stacks in percent: counted from the folded ones, and as stated."""
    run = bench.tools.profd_record(workload, options=["--annotate"])
    return run and {"complete": own_complete(bench, run, workload),
                    "stated": 100 * run.json["quality"]["complete"],
                    "lost": run.json["quality"]["lost"]}


def zip_bytes(bench, path):
    """What a CI service stores of a folder or a file: they zip what is uploaded."""
    made = bench.tools.scratch("zip")
    names = [os.path.join(path, name) for name in os.listdir(path)] if os.path.isdir(path) else [path]
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        for name in names:
            out.write(name, os.path.basename(name))
    return os.path.getsize(made)


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
        flame = tools.flame(text.out)
        flame_s, flame_cpu_s = flame or (0, 0)
        result.update(script_s=text.wall_s, script_rss_bytes=text.max_rss_bytes,
                      flame_s=flame and flame_s, done_s=run.exit_s + text.wall_s + flame_s,
                      all_cpu_s=run.tool_cpu_s + text.cpu_s + flame_cpu_s)
        once = bench.raw.setdefault(what, {})
        if "zip_bytes" not in once:
            once["zip_bytes"] = zip_bytes(bench, run.out) / run.samples
        if not bench.quick and "defaults_s" not in once:
            once["defaults_s"] = tools.perf_script_defaults_s(run.out)
        return result
    return None


def samply(bench, workload, judge):
    """samply unwinds while it records, as profd does. @judge: its stacks, too."""
    run = bench.tools.samply_record(workload)
    if not run:
        return None
    complete = samply_complete(run.out, bench.tools.thread_root()) if judge else None
    return {"cpu_s": run.tool_cpu_s, "workload_cpu_s": run.workload_cpu_s, "exit_s": run.exit_s,
            "bytes": run.bytes, "complete": complete and 100 * complete[0] / (complete[1] or 1)}


def whole(bench, workload, way="perf 16K"):
    """perf's complete stacks, in percent."""
    text = bench.tools.perf and bench.tools.perf_text(workload, way)
    if not text:
        return None
    complete, judged = perf_text_complete(text, bench.tools.thread_root())
    return {"complete": 100 * complete / judged if judged else 0}


def per_sample(runs, size):
    return Figure(size(r) / r["samples"] for r in runs if r["samples"])


def values(runs, key):
    return Figure(r[key] for r in runs)


def complete_row(what, mine, peers):
    value = values(mine, "complete")
    note = f"by run.json {values(mine, 'stated').median:.2f} %"
    cut = [r for r in mine if r["lost"]]
    if cut:
        note += f"; {sum(r['lost'] for r in cut)} samples lost"
    for name, runs in peers.items():
        if runs and name != "perf 16K":
            note += f"; {name} {values(runs, 'complete').median:.2f} %"
    peer = peers.get("perf 16K")
    return Row("4", f"{what}: stacks to the root", "perf 16K", "%", value,
               values(peer, "complete") if peer else None, value,
               *COMPLETE_LIMITS.get(what, COMPLETE_DEFAULT), form="{:.2f} %", note=note)


def recording_cpu(run):
    """Start-up, reading rings, unwinding, counting: what perf record does, and unwinding. All of
    profd's time where it does not tell its stages apart."""
    return run["stages_s"]["record"] if run["stages_s"] else run["cpu_s"]


def stages_note(mine):
    if not mine[0]["stages_s"]:
        return "this profd does not tell its stages apart: all of its time, names and files too"
    stages = {name: Figure(r["stages_s"][name] for r in mine).median for name in mine[0]["stages_s"]}
    off = Figure(1000 * (r["cpu_s"] - sum(r["stages_s"].values())) for r in mine)
    return (", ".join(f"{name} {seconds:.3f} s" for name, seconds in stages.items()) +
            f" by run.json; measured from outside {off.median:+.1f} ms more than their sum, the "
            "programs that stamp the times included")


def cpu_rows(bench, what, mine, peers):
    note = stages_note(mine)
    for way, runs in peers.items():
        if not runs:
            reason = "samply is not installed" if way == "samply" else bench.tools.no_perf()
            yield Row("6", f"{what}: CPU time of recording", way, reason=reason)
            continue
        # A second of the one has as many samples as a second of the other.
        ours = [recording_cpu(r) for r in mine]
        a = [cpu / r["workload_cpu_s"] for cpu, r in zip(ours, mine)]
        b = [r["cpu_s"] / r["workload_cpu_s"] for r in runs]
        limits = (1 / 4, 1 / 10) if way == "perf 16K" else ()
        yield Row("6", f"{what}: CPU time of recording", way + " record", "s", Figure(ours),
                  values(runs, "cpu_s"), ratio(a, b), *limits, bigger=False, form="{:.3f}",
                  note=note or ("names, which samply looks up, too" if way == "samply" else ""))
        note = ""
    runs = peers.get("perf 16K")
    if runs and "all_cpu_s" in runs[0]:
        a = [r["cpu_s"] / r["workload_cpu_s"] for r in mine]
        b = [r["all_cpu_s"] / r["workload_cpu_s"] for r in runs]
        chain = "perf record + script --no-inline"
        chain += " + inferno" if runs[0]["flame_s"] is not None else " (inferno is not installed)"
        yield Row("6", f"{what}: CPU time in all, names and files too", chain, "s",
                  values(mine, "cpu_s"), values(runs, "all_cpu_s"), ratio(a, b), bigger=False,
                  form="{:.3f}")


def exit_rows(bench, what, mine, peers):
    milliseconds = Figure(1000 * r["exit_s"] for r in mine)
    peer, samply_runs = peers.get("perf 16K"), peers.get("samply")
    note, name, done = "", "perf: exit + script --no-inline", None
    if peer:
        done = Figure(1000 * r["done_s"] for r in peer)
        parts = [f"exit {1000 * values(peer, 'exit_s').median:.0f}",
                 f"script {1000 * values(peer, 'script_s').median:.0f}"]
        if peer[0]["flame_s"] is not None:
            name += " + inferno"
            parts.append(f"collapse and SVG {1000 * values(peer, 'flame_s').median:.0f}")
        else:
            note += "inferno is not installed: perf's time is without a picture; "
        note += "perf: " + ", ".join(parts) + " ms"
        if "defaults_s" in bench.raw.get(what, {}):
            seconds = bench.raw[what]["defaults_s"]
            note += "; perf script with its defaults: " + \
                (f"{seconds:.1f} s" if seconds else "over two minutes")
    yield Row("8", f"{what}: exit to artifacts", name, "ms", milliseconds, done, milliseconds, 100,
              30, bigger=False, form="{:.1f} ms", note=note)
    if samply_runs:
        yield Row("8", f"{what}: exit to artifacts", "samply: exit to its files", "ms", milliseconds,
                  Figure(1000 * r["exit_s"] for r in samply_runs),
                  ratio([r["exit_s"] for r in mine], [r["exit_s"] for r in samply_runs]),
                  bigger=False, form="{:.3f}", note="samply writes addresses and, asked to, a table "
                  "of their names; the picture is the browser's work")
    apart = Figure(1000 * abs(r["exit_s"] - r["stated_exit_s"]) for r in mine)
    yield Row("8", f"{what}: run.json's figure is off by", "the clock outside", "ms",
              Figure(1000 * r["stated_exit_s"] for r in mine), milliseconds, apart, STATED_WITHIN_MS,
              bigger=False, form="{:.1f} ms")


def shares(run):
    """Each file's part of all artifacts."""
    total = sum(run["bytes"].values())
    sizes = sorted(run["bytes"].items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {100 * size / total:.1f} %" for name, size in sizes)


def byte_rows(bench, what, mine, peer):
    if not peer:
        yield Row("9", f"{what}: bytes", "perf 16K", reason=bench.tools.no_perf())
        return
    data = per_sample(peer, lambda r: r["bytes"])
    for name, size, limits, note in (
            ("cpu.pb.gz", lambda r: r["bytes"]["cpu.pb.gz"], (300, 600),
             f"{mine[0]['samples']} samples, {mine[0]['stacks']} distinct stacks"),
            ("all artifacts", lambda r: sum(r["bytes"].values()), (40, 80), shares(mine[0]))):
        ours = per_sample(mine, size)
        yield Row("9", f"{what}: {name}", "perf.data 16K", "B/sample", ours, data,
                  ratio(data.values, ours.values), *limits, form="1/{:.0f}", note=note)
    ours = per_sample(mine, lambda r: r["zip_bytes"])
    zipped = bench.raw[what]["zip_bytes"]
    yield Row("9", f"{what}: all artifacts, zipped", "perf.data 16K, zipped", "B/sample", ours,
              Figure([zipped]), Figure(zipped / v for v in ours.values), form="1/{:.0f}")


def memory_row(what, mine, peer):
    ours = Figure(r["max_rss_bytes"] / 1e6 for r in mine)
    return Row("10", f"{what}: peak memory", "perf script", "MB", ours,
               Figure(r["script_rss_bytes"] / 1e6 for r in peer) if peer else None, ours, 48, 16,
               bigger=False, form="{:.1f} MB",
               note=f"as the kernel counts it, without the rings, which take "
                    f"{mine[0]['ring_bytes'] / 1e6:.0f} MB")


def ways_of(bench, what, workload, asked):
    """name -> what records once."""
    ways, tools = {}, bench.tools
    if "4" in asked:
        ways["annotated"] = lambda: annotated(bench, workload)
        ways["whole"] = lambda: whole(bench, workload)
    if asked - {"4"}:
        ways["profd"] = lambda: own(bench, workload)
        for way in PERF_CALL_GRAPHS if "6" in asked else ("perf 16K",):
            ways[way] = lambda v=way: theirs(bench, what, workload, v, v == "perf 16K")
    if tools.samply and asked & {"4", "6", "8"}:
        ways["samply"] = lambda: samply(bench, workload, "4" in asked)
    return ways


def rows_of(bench, what, asked):
    workload = bench.workloads.get(what)
    runs = interleave(bench.repeats, ways_of(bench, what, workload, asked))
    bench.raw[f"recordings {what}"] = dict(runs)
    marked, complete, mine = (runs.pop(name, None) for name in ("annotated", "whole", "profd"))
    if "4" in asked and marked:
        peers = {"perf 16K": complete}
        if not bench.quick:
            for way in ("perf 8K", "perf 64K"):
                once = whole(bench, workload, way)
                peers[way] = once and [once]
        peers["samply"] = runs.get("samply")
        bench.raw[f"complete {what}"] = peers
        yield complete_row(what, marked, peers)
    elif "4" in asked:
        yield Row("4", what, reason="profd wrote no profile")
    if asked <= {"4"}:
        return
    if not mine:
        yield Row(min(asked - {"4"}, key=int), what, reason="profd wrote no profile")
        return
    peer = runs.get("perf 16K")
    if "6" in asked:
        yield from cpu_rows(bench, what, mine, {**runs, "samply": runs.get("samply")})
    if "8" in asked:
        yield from exit_rows(bench, what, mine, runs)
    if "9" in asked:
        yield from byte_rows(bench, what, mine, peer)
    if "10" in asked:
        yield memory_row(what, mine, peer)


def rows(bench, wanted):
    result = []
    names = {w for number in wanted for w in WORKLOADS.get(number, ())}
    for what in sorted(names):
        bench.say(f"recording {what}")
        asked = {number for number in wanted if what in WORKLOADS.get(number, ())}
        result.extend(rows_of(bench, what, asked))
    return sorted(result, key=lambda row: int(row.number))
