"""Figures of several repeats, and the taking of turns. Nothing here knows what is measured."""
import statistics


class Figure:
    """The repeats of one quantity."""

    def __init__(self, values):
        self.values = [float(v) for v in values]

    def __bool__(self):
        return bool(self.values)

    @property
    def median(self):
        return statistics.median(self.values)

    @property
    def quartiles(self):
        """Lower and upper; of fewer than three values, the smallest and the largest."""
        if len(self.values) < 3:
            return min(self.values), max(self.values)
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return low, high

    def as_json(self):
        if not self.values:
            return None
        low, high = self.quartiles
        return {"median": self.median, "low": low, "high": high, "n": len(self.values),
                "values": self.values}


def ratio(above, below):
    """Repeat by repeat: what both have in common in one repeat, such as a slow minute, drops out."""
    return Figure(a / b for a, b in zip(above, below) if b)


def interleave(repeats, ways):
    """Calls every function of @ways once a repeat, beginning with another one each time. Returns
    name -> list of results; a function that returns None is not called again."""
    results = {name: [] for name in ways}
    names = list(ways)
    for repeat in range(repeats):
        shift = repeat % len(names) if names else 0
        for name in names[shift:] + names[:shift]:
            if results[name] is None:
                continue
            result = ways[name]()
            if result is None:
                results[name] = None
            else:
                results[name].append(result)
    return results
