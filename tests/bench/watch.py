"""What a program takes while it runs, looked at from outside: descriptors, mapped rings, resident
memory. Only of the first child of the process that is watched, which is what stamp started."""
import os
import re
import threading
import time

EVERY_S = 0.1
PERF = "anon_inode:[perf_event]"


class Watch:
    """Give it to Run as @watch. Afterwards: the most descriptors, and of them perf events; the rings'
    mapped bytes; (seconds, resident bytes) over time; by how many objects of how many bytes the kernel's
    cache of events grew, which inherited ones do not show as descriptors (0 where only root may look)."""

    def __init__(self):
        self.descriptors = self.events = self.ring_bytes = 0
        self.resident = []
        self.kernel_events, self.kernel_event_bytes = 0, 0
        self.kernel_before = kernel_events()[0]
        self.thread, self.over = None, threading.Event()

    def start(self, parent):
        self.thread = threading.Thread(target=self.look_on, args=(parent,), daemon=True)
        self.thread.start()

    def stop(self):
        self.over.set()
        self.thread.join()

    def look_on(self, parent):
        start, pid = time.monotonic(), None
        while not self.over.wait(EVERY_S):
            pid = pid or first_child(parent)
            if not pid:
                continue
            try:
                self.look(f"/proc/{pid}", time.monotonic() - start)
            except OSError:  # it has ended
                return

    def look(self, folder, at_s):
        names = os.listdir(folder + "/fd")
        events = sum(target(f"{folder}/fd/{name}") == PERF for name in names)
        self.descriptors = max(self.descriptors, len(names))
        self.events = max(self.events, events)
        count, self.kernel_event_bytes = kernel_events()
        self.kernel_events = max(self.kernel_events, count - self.kernel_before)
        with open(folder + "/maps", encoding="utf-8", errors="replace") as file:
            rings = [re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line).groups() for line in file
                     if line.rstrip().endswith(PERF)]
        self.ring_bytes = max(self.ring_bytes, sum(int(b, 16) - int(a, 16) for a, b in rings))
        with open(folder + "/status", encoding="utf-8", errors="replace") as file:
            match = re.search(r"^VmRSS:\s+(\d+) kB", file.read(), re.M)
        if match:
            self.resident.append((at_s, int(match[1]) * 1024))


def target(path):
    try:
        return os.readlink(path)
    except OSError:
        return ""


def first_child(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = file.read().split()
    except OSError:
        return None
    return children[0] if children else None


def kernel_events():
    """(objects in use, bytes of each) of the kernel's cache of events: slabinfo(5)."""
    try:
        with open("/proc/slabinfo", encoding="ascii") as file:
            match = re.search(r"^perf_event +(\d+) +\d+ +(\d+)", file.read(), re.M)
    except OSError:
        match = None
    return (int(match[1]), int(match[2])) if match else (0, 0)
