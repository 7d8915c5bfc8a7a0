"""Python that recurses through C: functools.reduce, map and json's encoder call back into Python, so
that the C stack is as deep as the Python stack. argv[1]: rounds; prints the units of work."""
import functools
import json
import sys

LEVELS = 20


class Box:
    def __init__(self, level):
        self.level = level


def encode(box):
    """json asks this for what it does not know."""
    return {"level": box.level, "inner": Box(box.level - 1) if box.level else list(range(20))}


def descend(level):
    if not level:
        return len(json.dumps(Box(LEVELS), default=encode))
    return functools.reduce(add, map(lambda n: descend(level - 1) if n == level % 3 else n, range(3)), 0)


def add(a, b):
    return a + b


def main():
    units = 0
    for _ in range(int(sys.argv[1])):
        units += bool(descend(LEVELS))
    print("units", units)


main()
