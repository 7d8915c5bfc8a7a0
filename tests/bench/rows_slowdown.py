"""Row 5: what sampling costs the program. Three measurements, which see different things.

toggle  Events switched on and off every 0.3 s in one run of deep of 66 s, each on-window against the
        two off-windows beside it: by wall time (with the reader's share of two busy CPUs) and by the
        program's own CPU time (interrupts, copying, cold caches). The row's verdicts are by wall time
        over all windows; those of each 10 s are shown, too.
gaps    The time one sample takes from a thread that does nothing but read the clock, 70 KB of stack.
whole   The CPU time that deep, mp and shell take for their work under the real tools, against none:
        start-up, inherited events and everything else included. Runs of 10 s; with --long also of
        60 s. mp and shell have no unit of work small enough for windows."""
from measure import Figure, interleave, ratio
from peers import Stamped
from report import Row

WAYS = ("profd64", "profd16", "perf-fp", "perf16", "perf64")
# ours, theirs, reach, excellent
PAIRS = (("profd64", "perf-fp", 1.8, 1.3), ("profd16", "perf16", 1.2, 1.0),
         ("profd64", "perf64", 0.75, 0.55))
WHOLE = ("deep", "mp", "shell")
SHORT_S, LONG_S = 10, 60
ROUNDS = 20
ROUNDS_OF_10_S = 3  # each has five ways, two windows, 0.3 s


def neighbours(windows, rate):
    """way -> slowdowns in percent, one for each on-window."""
    slow = {}
    for i in range(1, len(windows) - 1, 2):
        off = (rate(windows[i - 1]) + rate(windows[i + 1])) / 2
        on = rate(windows[i])
        if off and on:
            slow.setdefault(windows[i]["way"], []).append(100 * (off / on - 1))
    # What two off-windows a window apart differ by is noise.
    offs = [rate(w) for w in windows[::2]]
    slow["off"] = [100 * abs(a / b - 1) for a, b in zip(offs, offs[1:]) if b]
    return slow


def wall_rate(window):
    return window["units"] / window["wall_ns"]


def cpu_rate(window):
    return window["units"] / window["cpu_ns"] if window["cpu_ns"] else 0


def toggle_rows(bench):
    measured = bench.tools.json_of(
        [bench.tools.slowdown, "-F", "999", "-r", str(ROUNDS_OF_10_S if bench.quick else ROUNDS),
         "-d", bench.workloads.folder, "deep", bench.workloads.get("deep")[0]])
    if measured is None:
        return [Row("5", "toggle", reason="slowdown failed")]
    bench.raw["slowdown toggle"] = measured
    windows = measured["windows"]
    result = [pair_row(neighbours(windows, rate), how, *pair)
              for how, rate in (("wall time", wall_rate), ("own CPU time", cpu_rate)) for pair in PAIRS]
    if not bench.quick:
        result += [ten_seconds_row(windows, *pair) for pair in PAIRS]
    return result


def ten_seconds_row(windows, ours, theirs, *_):
    """A ratio for each 10 s of the same run: what a short recording may show."""
    step = 2 * len(WAYS) * ROUNDS_OF_10_S
    parts = [neighbours(windows[i:i + step + 1], wall_rate)
             for i in range(0, len(windows) - step, step)]
    a, b = (Figure(Figure(part[way]).median for part in parts) for way in (ours, theirs))
    lost = [part for part in parts if Figure(part[theirs]).median <= 0]
    row = Row("5", f"deep, 999 Hz, by wall time, 10 s each: {ours}", theirs, "%", a, b, bigger=False,
              form="{:.2f}")
    if lost:
        row.reason = f"in {len(lost)} of {len(parts)} the slowdown is lost in the noise"
    else:
        row.value = ratio(a.values, b.values)
    return row


def pair_row(slow, how, ours, theirs, reach, excellent):
    a, b, noise = Figure(slow[ours]), Figure(slow[theirs]), Figure(slow["off"]).median
    # About the standard error of a median of so many windows.
    error = 1.25 * noise / len(b.values) ** 0.5
    row = Row("5", f"deep, 999 Hz, by {how}: {ours}", theirs, "%", a, b, bigger=False, form="{:.2f}",
              note=f"windows without sampling differ by {noise:.2f} % from one to the next")
    if b.median <= 2 * error:
        row.reason = "the slowdown is lost in the noise"
        return row
    low, high = a.quartiles
    row.value = Figure([low / b.median, a.median / b.median, high / b.median])
    if how == "wall time":
        row.reach, row.excellent = reach, excellent
    return row


def gap_rows(bench):
    measured = bench.tools.json_of(
        [bench.tools.slowdown, "-F", "4999", "-w", "0.3", "-r", "1" if bench.quick else "5", "-d",
         bench.workloads.folder, "gaps:70",
         bench.workloads.build("work-gaps", bench.workloads.bench + "/work-gaps.c")])
    if measured is None:
        return [Row("5", "gaps", reason="slowdown failed")]
    bench.raw["slowdown gaps"] = measured
    us = {}
    for window in measured["windows"]:
        us.setdefault(window["way"], []).append(window["median_ticks"] / measured["ticks_per_us"])
    result = []
    for ours, theirs, _, _ in PAIRS:
        a, b = Figure(us[ours]), Figure(us[theirs])
        result.append(Row("5", f"gap for a sample, 70 KB: {ours}", theirs, "us", a, b,
                          Figure([a.median / b.median]), bigger=False, form="{:.2f}"))
    return result


def whole_rows(bench, what, seconds, repeats):
    tools, workload = bench.tools, bench.workloads.lasting(what, seconds)

    def cost(run):
        """CPU time for a unit of work, or for all of it."""
        return run and run.workload_cpu_s / (run.units or 1)

    def plain():
        return cost(Stamped(tools, [], workload))
    ways = {"none": plain, "profd": lambda: cost(tools.profd_record(workload))}
    peers = ("perf 16K",) if bench.quick else ("perf -g", "perf 16K", "perf 64K")
    for way in peers:
        ways[way] = lambda v=way: cost(tools.perf_record(workload, v))
    costs = interleave(repeats, ways)
    bench.raw[f"slowdown whole {what} {seconds} s"] = costs
    base = costs.pop("none")
    slow = {way: Figure(100 * (c / b - 1) for c, b in zip(values, base))
            for way, values in costs.items() if values}
    low, high = Figure(100 * (b / Figure(base).median - 1) for b in base).quartiles
    name = f"{what}, {seconds} s: CPU time for its work"
    if "profd" not in slow:
        return [Row("5", name, reason="profd wrote no profile")]
    result = []
    for way in peers:
        if way not in slow:
            result.append(Row("5", name, way, reason=tools.no_perf()))
            continue
        value = Figure(a - b for a, b in zip(slow["profd"].values, slow[way].values))
        result.append(Row("5", name, way, "%", slow["profd"], slow[way], value, bigger=False,
                          form="{:+.1f} points",
                          note=f"without a profiler it varies by {low:+.1f} to {high:+.1f} %"))
    return result


def rows(bench, wanted):
    del wanted
    bench.say("slowdown: toggling")
    result = toggle_rows(bench)
    bench.say("slowdown: gaps")
    result += gap_rows(bench)
    lengths = [(bench.workloads.seconds if bench.quick else SHORT_S, bench.repeats)]
    if bench.long:
        lengths.append((LONG_S, min(bench.repeats, 2)))
    for seconds, repeats in lengths:
        for what in WHOLE:
            # In two minutes the windows have to do for deep.
            if bench.quick and what == "deep":
                continue
            bench.say(f"slowdown: {what} as a whole, {seconds} s")
            result += whole_rows(bench, what, seconds, repeats)
    return result
