"""samply's file: the format of the Firefox profiler, with addresses relative to their files instead of
names (github.com/firefox-devtools/profiler, docs-developer/gecko-profile-format.md)."""
import gzip
import json

from peers import is_root


def samply_complete(path, thread_root):
    """(whole, judged) samples, as perf_text_complete counts them."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        profile = json.load(file)
    kernel = [c["name"] for c in profile["meta"]["categories"]].index("Kernel")
    whole = judged = 0
    known = {}
    for thread in profile["threads"]:
        outermost = outermost_frames(thread["stackTable"])
        samples = thread["samples"]
        for stack, weight in zip(samples["stack"], samples["weight"]):
            if stack is None or not weight:
                continue
            frame = outermost[stack]
            if thread["frameTable"]["category"][frame] == kernel:
                continue
            judged += weight
            whole += weight * is_root(place_of(profile, thread, frame), known, thread_root)
    return whole, judged


def outermost_frames(stacks):
    """Of each stack. A caller stands before what it calls."""
    result = []
    for prefix, frame in zip(stacks["prefix"], stacks["frame"]):
        result.append(frame if prefix is None else result[prefix])
    return result


def place_of(profile, thread, frame):
    """(address, name, file) as is_root takes them."""
    function = thread["frameTable"]["func"][frame]
    resource = thread["funcTable"]["resource"][function]
    if resource is None or resource < 0:
        return 0, "[unknown]", ""
    lib = profile["libs"][thread["resourceTable"]["lib"][resource]]
    return thread["frameTable"]["address"][frame], "[unknown]", lib["path"]
