"""Row 13: what the ptrace engine costs the program it samples at its 99 Hz. How long threads stand still is
what the kernel's scheduler says (perf record of sched_switch and sched_wakeup on all CPUs), as a part of
the CPU time that they use. And the system calls of tests/workloads/interrupts.c that failed or were cut
short."""
import os
import re
import subprocess

from measure import Figure
from report import Row

HZ = 99
EVENTS = ("-e", "sched:sched_switch", "-e", "sched:sched_wakeup")
SWITCH = re.compile(r"^\s*\d+\s+([\d.]+):\s.*?prev_pid=(\d+) prev_prio=-?\d+ prev_state=(\S+) ")
WAKEUP = re.compile(r"^\s*\d+\s+([\d.]+):\s.*?\bpid=(\d+) prio=")


def standing_s(tools, data):
    """The time from each switch to another thread because of a stop to being let go, and how often."""
    done = subprocess.run(["perf", "script", "-i", data, "-F", "tid,time,trace"], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if done.returncode:
        return 0, 0
    text = done.stdout.decode(errors="replace")
    since, total, stops = {}, 0.0, 0
    for line in text.splitlines():
        match = SWITCH.match(line)
        if match:
            if match[3].startswith("t"):
                since[match[2]] = float(match[1])
            continue
        match = WAKEUP.match(line)
        if match and match[2] in since:
            total += float(match[1]) - since.pop(match[2])
            stops += 1
    return total, stops


def stop_row(bench, name, workload):
    tools = bench.tools
    shares, each, stops = [], [], 0
    for _ in range(bench.repeats):
        data = tools.scratch("sched.data")
        folder = os.path.join(tools.folder, "ptrace")
        inner = tools.scratch("stamp-workload")
        done = subprocess.run(["perf", "record", "-q", "-B", "-N", "-a", *EVENTS, "-o", data, "--", tools.profd, "record",
                               "-q", "--engine", "ptrace", "-F", str(HZ), "--force", "-o", folder, "--",
                               tools.stamp, inner, *workload], check=False, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode or not os.path.exists(inner):
            return Row("13", name, reason="the recording failed: "
                       + done.stderr.decode(errors="replace")[-200:].strip())
        with open(inner, encoding="ascii") as file:
            cpu_s = int(file.read().split()[2]) / 1e6
        total, count = standing_s(tools, data)
        if not count:
            return Row("13", name, reason="no stop was seen")
        shares.append(100 * total / cpu_s)
        each.append(1e6 * total / count)
        stops += count
    bench.raw[f"ptrace {name}"] = {"share_percent": shares, "stop_us": each, "stops": stops}
    value = Figure(shares)
    return Row("13", f"standing still at {HZ} Hz, {name}", "", "us", Figure(each), None, value, 2, 1,
               bigger=False, form="{:.2f} %", note=f"{stops} stops")


def interrupt_row(bench):
    tools, made = bench.tools, bench.workloads.path("interrupts")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "workloads", "interrupts.c")
    subprocess.run(["gcc", "-O2", "-pthread", "-o", made, source], check=True)
    done = subprocess.run([tools.profd, "record", "-v", "--engine", "ptrace", "-F", "1000", "--force", "-o",
                           os.path.join(tools.folder, "ptrace"), "--", made, "20"], check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said = re.search(r"in all: (\d+) EINTR, (\d+) short", done.stdout.decode())
    stops = re.search(r"(\d+) stops in ", done.stderr.decode(errors="replace"))
    if done.returncode or not said or not stops:
        return Row("13", "EINTR and short counts", reason="the recording failed")
    return Row("13", "EINTR and short counts", "", "", None, None, Figure([int(said[1]) + int(said[2])]), 0, 0,
               bigger=False, form="{:.0f}", note=f"in {stops[1]} stops")


def rows(bench, wanted):
    del wanted
    bench.say("ptrace")
    threads = bench.workloads.path("steady")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "workloads", "steady.c")
    subprocess.run(["gcc", "-O2", "-pthread", "-o", threads, source], check=True)
    result = []
    for name, workload in (("deep", bench.workloads.get("deep")), ("shell", bench.workloads.get("shell")),
                           ("32 threads", [threads, "200", "32"])):
        result.append(stop_row(bench, name, workload))
    result.append(interrupt_row(bench))
    return result
