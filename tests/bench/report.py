"""The rows of one run as a table for people and as JSON (schema profd.bench/1)."""
import json

# Of a row's verdict, from the limits of the design.
EXCELLENT, REACHED, MISSED, UNKNOWN = "excellent", "reached", "MISSED", "not measured"


class Row:
    """One line of the table. @value is what the limits are for: a Figure of ratios or of our own
    quantity, the larger the better if @bigger. @ours and @peer are shown beside it, in @unit.
    @reason: why there is no value."""

    def __init__(self, number, what, peer_name="", unit="", ours=None, peer=None, value=None,
                 reach=None, excellent=None, bigger=True, form="{:.2f}", reason="", note=""):
        self.number, self.what, self.peer_name, self.unit = number, what, peer_name, unit
        self.ours, self.peer, self.value = ours, peer, value
        self.reach, self.excellent, self.bigger = reach, excellent, bigger
        self.form, self.reason, self.note = form, reason, note

    @property
    def verdict(self):
        if not self.value:
            return UNKNOWN
        if self.reach is None:
            return ""
        if self.holds(self.excellent):
            return EXCELLENT
        return REACHED if self.holds(self.reach) else MISSED

    def holds(self, limit):
        if limit is None:
            return False
        return self.value.median >= limit if self.bigger else self.value.median <= limit

    def as_json(self):
        figures = {name: figure.as_json() if figure else None for name, figure in
                   (("value", self.value), ("ours", self.ours), ("peer", self.peer))}
        return {"row": self.number, "what": self.what, "peer_name": self.peer_name,
                "unit": self.unit, **figures, "reach": self.reach, "excellent": self.excellent,
                "bigger_is_better": self.bigger, "verdict": self.verdict, "reason": self.reason,
                "note": self.note}

    def cells(self):
        def limit(value):
            if value is None:
                return ""
            return (">= " if self.bigger else "<= ") + self.form.format(value)
        shown = self.reason
        if self.value:
            low, high = self.value.quartiles
            shown = self.form.format(self.value.median)
            shown += f" [{self.form.format(low)} {self.form.format(high)}]"
        return [self.number, self.what, number(self.ours, self.unit), self.peer_name,
                number(self.peer, self.unit), shown, limit(self.reach), limit(self.excellent),
                self.verdict]


def number(figure, unit):
    if not figure:
        return ""
    value = figure.median
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 3
    return f"{value:.{digits}f} {unit}".rstrip()


def table(rows):
    """As text. Long reasons are given below it, so that the columns stay readable."""
    head = ["row", "what", "ours", "peer", "theirs", "value [quartiles]", "reach", "excellent",
            "verdict"]
    lines, notes = [head], []
    for row in rows:
        cells = row.cells()
        text = "; ".join(text for text in (row.reason, row.note) if text)
        if text:
            notes.append("  " + ", ".join(filter(None, (f"{row.number} {row.what}", row.peer_name)))
                         + ": " + text)
        if row.reason and not row.value:
            cells[5] = "-"
        lines.append(cells)
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    text = "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
                     for line in lines)
    return text + ("\n\n" + "\n".join(notes) if notes else "")


def write_json(path, machine, rows, raw):
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"schema": "profd.bench/1", "machine": machine,
                   "rows": [row.as_json() for row in rows], "raw": raw}, file, indent=1)
        file.write("\n")
