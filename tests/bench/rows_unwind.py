"""Rows 1, 2, 3: time per frame and agreement, all unwinders on one capture (unwind-bench)."""
from measure import Figure, ratio
from report import Row

# reach and excellent, against libdw and libunwind
LIMITS = {"deep": ((15, 35), (20, 45)), "py": ((15, 35), (20, 45)),
          "cc1": ((5, 12), (8, 30)), "mp": ((5, 12), (8, 30))}
PEERS = (("1", "libdw", 0), ("2", "libunwind", 1))
AGREE = ("deep", "py", "cc1", "mp", "edge")
AGREE_LIMITS = (99.5, 99.95)
KEPT = 128  # address spaces that the libdw and libunwind backends remember, the newest ones


def ns_per_frame(runs, name, cold):
    """A figure a repeat."""
    values = []
    for run in runs:
        if run["unwinder"] != name or not run["frames"]:
            continue
        passes = run["pass_ns"]
        steady = sorted(passes[1:])
        values.append((passes[0] if cold else steady[len(steady) // 2]) / run["frames"])
    return Figure(values)


def time_row(number, what, peer, result, cold, limits):
    ours = ns_per_frame(result["runs"], "cfi", cold)
    theirs = ns_per_frame(result["runs"], peer, cold)
    if not theirs:
        return Row(number, what, peer, reason=f"this profd is built without {peer}")
    return Row(number, what, peer, "ns/frame", ours, theirs, ratio(theirs.values, ours.values),
               *limits, form="{:.1f}x")


def steady_row(number, what, peer, measured):
    """For the reader: the later passes, everything decoded."""
    if measured["spaces"] > KEPT:
        return Row(number, f"{what}: steady", peer, reason=f"{measured['spaces']} address spaces, of "
                   f"which {peer} is given {KEPT} at a time: no pass of it is steady")
    return time_row(number, f"{what}: steady", peer, measured, False, ())


def agree_row(what, result):
    agree = result["agree"]["libdw"]
    percent = 100 * agree["equal"] / agree["frames"]
    note = ""
    if agree["short_frames"]:
        rest = agree["frames"] - agree["equal"] - agree["short_frames"]
        note = (f"of the frames that differ {agree['short_frames']} are missing in libdw's stack, "
                f"equal up to there, {rest} are other frames")
    return Row("3", f"{what}: frames identical", "libdw", "%", Figure([percent]), None,
               Figure([percent]), *AGREE_LIMITS, form="{:.3f} %", note=note)


def rows(bench, wanted):
    result = []
    for what in AGREE:
        if what not in LIMITS and "3" not in wanted:
            continue
        bench.say(f"unwinding {what}")
        measured = bench.tools.json_of(
            [bench.tools.unwind_bench, "-F", "4999", "-n", "4000", "-r", str(bench.repeats), "-p",
             "4", "--", *bench.workloads.get(what)])
        if measured is None:
            result.append(Row("1-3", what, reason="the capture failed"))
            continue
        bench.raw[f"unwind {what}"] = measured
        size = f"{measured['samples']} samples, {measured['spaces']} address spaces"
        for number, peer, i in PEERS:
            if what in LIMITS and number in wanted:
                result.append(time_row(number, f"{what}: cold misses included", peer, measured,
                                       True, LIMITS[what][i]))
                result[-1].note = size
                result.append(steady_row(number, what, peer, measured))
        if "3" in wanted:
            result.append(agree_row(what, measured))
    return sorted(result, key=lambda row: row.number)
