"""Row 18: the viewer with 100,000 distinct frames, beside speedscope and inferno's picture on the same
profile. Everything is opened from files, in turns, by one headless Chromium (viewer.js)."""
import base64
import json
import os
import shutil
import subprocess
import sys

from measure import Figure, interleave
from report import Row

KIND = "frames100k"  # of tests/oracle/gen-profile
NAMES = {"speedscope": "speedscope", "svg": "inferno's SVG"}


def generated(bench, form):
    """A file that gen-profile made. Anybody's browser may read it."""
    path = bench.tools.scratch(f"viewer.{form}")
    with open(path, "wb") as out:
        subprocess.run([bench.tools.gen_profile, KIND, form], stdout=out, check=True)
    return path


def speedscope(bench):
    """Its page with the profile, as a URL; None where npm cannot install it."""
    folder = os.path.join(bench.tools.build, "tests/cache/speedscope")
    page = os.path.join(folder, "node_modules/speedscope/dist/release/index.html")
    if not os.path.exists(page):
        if not shutil.which("npm"):
            return None
        os.makedirs(folder, exist_ok=True)
        done = subprocess.run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund",
                               "speedscope@1"], stdout=subprocess.DEVNULL, check=False)
        if done.returncode or not os.path.exists(page):
            return None
    with open(generated(bench, "pprof"), "rb") as file:
        packed = base64.b64encode(file.read()).decode()
    script = bench.tools.scratch("viewer-profile.js")
    with open(script, "w", encoding="ascii") as out:
        out.write(f'speedscope.loadFileFromBase64("profile.pb.gz", "{packed}")')
    return f"file://{page}#localProfilePath={script}"


def picture(bench):
    """inferno's picture of all frames, as a path; None without inferno."""
    if not bench.tools.flamegraph:
        return None
    path = bench.tools.scratch("viewer.svg")
    with open(generated(bench, "folded"), "rb") as source, open(path, "wb") as out:
        done = subprocess.run([bench.tools.flamegraph, "--minwidth", "0"], stdin=source, stdout=out,
                              stderr=subprocess.DEVNULL, check=False)
    return None if done.returncode else path


def opened(bench, what, url):
    script = os.path.join(bench.workloads.bench, "viewer.js")
    done = subprocess.run(["node", script, what, url], stdout=subprocess.PIPE, check=False)
    return None if done.returncode else json.loads(done.stdout)["results"][0]


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def rows(bench, wanted):
    del wanted
    lacking = [name for name in ("node", "chromium") if not shutil.which(name)]
    if lacking:
        return [Row("18", "viewer", reason=f"{lacking[0]} is not installed")]
    bench.say("viewer")
    page, svg, scope = generated(bench, "html"), picture(bench), speedscope(bench)
    ways = {"profd": lambda: opened(bench, "profd", "file://" + page)}
    if scope:
        ways["speedscope"] = lambda: opened(bench, "speedscope", scope)
    if svg:
        ways["svg"] = lambda: opened(bench, "svg", "file://" + svg)
    runs = interleave(bench.repeats, ways)
    bench.raw["viewer"] = runs
    if not runs["profd"]:
        return [Row("18", "viewer", reason="the browser did not start")]
    size = Figure([os.path.getsize(page) / 1e6])
    result = [Row("18", "100,000 frames: page", NAMES["svg"] if svg else "", "MB", size,
                  Figure([os.path.getsize(svg) / 1e6]) if svg else None, size, 2, 1, bigger=False,
                  form="{:.2f} MB", note="speedscope is not a page of its own")]
    open_s = Figure(r["open_ms"] / 1000 for r in runs["profd"])
    for peer in [name for name in NAMES if runs.get(name)] or [None]:
        theirs = Figure(r["open_ms"] / 1000 for r in runs[peer]) if peer else None
        result.append(Row("18", "100,000 frames: open to first draw", NAMES.get(peer, ""), "s", open_s,
                          theirs, open_s, 1, 0.3, bigger=False, form="{:.2f} s",
                          note="" if scope else "npm cannot install speedscope"))
    frames = Figure(percentile(r["frames_ms"], 0.95) for r in runs["profd"])
    half = Figure(percentile(r["frames_ms"], 0.5) for r in runs["profd"])
    result.append(Row("18", "100,000 frames: zooming, 95 % of frames within", "", "ms", frames, None,
                      frames, 34, 17.5, bigger=False, form="{:.1f} ms",
                      note=f"from one frame to the next, half of them within {half.median:.1f} ms; "
                           "60 a second are 16.7 ms each"))
    return result


if __name__ == "__main__":
    sys.exit("part of tests/bench/bench")
