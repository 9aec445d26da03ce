# SPDX-License-Identifier: MIT
"""The little project that the conversation of story.py is about: its files, as texts. Nobody runs them."""

README = """# tidemark

Reads the log of a tide gauge and reports high and low water.

    tidemark report data/harbour.csv --day 2026-03-14
    tidemark chart data/harbour.csv --day 2026-03-14 > day.svg

Heights are centimetres above chart datum. The log is what the gauge writes: one line a quarter of an hour, see
[docs/format.md](docs/format.md).

## How it finds them

1. `gauge.py` reads records and leaves out those that the gauge marks as bad.
2. `smooth.py` takes the waves of passing ships out with a running median.
3. `extremes.py` looks for turning points.

## Limits

Gaps of more than an hour are not bridged. Seiches of more than ten centimetres are reported as if they were tides.
"""

FORMAT = """# The log of the gauge

Comma-separated, one record a line, the first line names the columns.

| column | meaning |
|---|---|
| `time` | UTC, `YYYY-MM-DDTHH:MM` |
| `height` | centimetres above chart datum, may be negative |
| `flag` | `G` good, `S` suspect, `M` missing; a missing record has an empty height |
| `volts` | battery, volts; not used |

The gauge writes a record every 15 minutes. After a loss of power it writes the records that it missed in one burst,
with flag `S`. Records may come twice after a transfer was repeated; the later one counts.
"""

GAUGE = '''"""Reads the log of the gauge."""

import csv
import dataclasses
import datetime

STEP = datetime.timedelta(minutes=15)
GOOD = "G"
SUSPECT = "S"


@dataclasses.dataclass(frozen=True)
class Record:
    """One line of the log. Heights are centimetres above chart datum."""

    time: datetime.datetime
    height: float
    flag: str


def parse(row):
    """A record of a row, or None for one that says nothing."""
    if not row["height"]:
        return None
    time = datetime.datetime.strptime(row["time"], "%Y-%m-%dT%H:%M")
    return Record(time, float(row["height"]), row["flag"])


def read(path):
    """All records of a file, in the order of their times; of two with one time the later line counts."""
    found = {}
    with open(path, newline="", encoding="utf-8") as f:
        for row in csv.DictReader(f):
            record = parse(row)
            if record is not None:
                found[record.time] = record
    return [found[t] for t in sorted(found)]


def of_day(records, day):
    """The records of one day, and an hour before and behind it, so that turns at midnight are seen."""
    hour = datetime.timedelta(hours=1)
    begin = datetime.datetime.combine(day, datetime.time()) - hour
    end = begin + datetime.timedelta(days=1) + 2 * hour
    return [r for r in records if begin <= r.time < end]


def gaps(records, longest=4 * STEP):
    """Pairs of neighbours that are further apart than they should be."""
    return [(a, b) for a, b in zip(records, records[1:]) if b.time - a.time > longest]
'''

SMOOTH = '''"""Takes short disturbances out of a run of heights."""

import statistics


def median(values, width=5):
    """The running median. At the ends the window is cut, so that as many values come out as went in."""
    if width % 2 == 0:
        raise ValueError("width must be odd")
    half = width // 2
    return [statistics.median(values[max(0, i - half) : i + half + 1]) for i in range(len(values))]


def mean(values, width=3):
    """The running mean, with ends cut in the same way."""
    half = width // 2
    return [statistics.fmean(values[max(0, i - half) : i + half + 1]) for i in range(len(values))]
'''

EXTREMES = '''"""Finds high and low water."""

import dataclasses
import datetime

from tidemark import smooth

HIGH = "high"
LOW = "low"


@dataclasses.dataclass(frozen=True)
class Turn:
    kind: str
    time: datetime.datetime
    height: float


def turns(records, width=5):
    """The turning points of a run of records."""
    heights = smooth.median([r.height for r in records], width)
    found = []
    for i in range(1, len(heights) - 1):
        before, here, after = heights[i - 1], heights[i], heights[i + 1]
        if before < here >= after:
            found.append(Turn(HIGH, records[i].time, here))
        elif before > here <= after:
            found.append(Turn(LOW, records[i].time, here))
    return found


def of_day(found, day):
    return [t for t in found if t.time.date() == day]


def tidal_range(found):
    """The greatest difference between neighbouring turns, 0 when there are none."""
    return max((abs(a.height - b.height) for a, b in zip(found, found[1:])), default=0)
'''

CHART = '''"""Draws a day as SVG."""

WIDTH, HEIGHT = 960, 320
LEFT, RIGHT, TOP, BOTTOM = 48, 16, 16, 32


def scale(values, low, high):
    """A function from values to pixels between low and high."""
    least, most = min(values), max(values)
    span = (most - least) or 1
    return lambda v: low + (v - least) * (high - low) / span


def points(records):
    """Places of the records in the picture; time runs to the right, height upwards."""
    x = scale([r.time.timestamp() for r in records], LEFT, WIDTH - RIGHT)
    y = scale([r.height for r in records], HEIGHT - BOTTOM, TOP)
    return [(round(x(r.time.timestamp())), round(y(r.height))) for r in records]


def line(places):
    text = " ".join(f"{x},{y}" for x, y in places)
    return f'<polyline fill="none" stroke="#246" stroke-width="2" points="{text}"/>'


def marks(found, records):
    """A dot and a label at each turn."""
    x = scale([r.time.timestamp() for r in records], LEFT, WIDTH - RIGHT)
    y = scale([r.height for r in records], HEIGHT - BOTTOM, TOP)
    out = []
    for turn in found:
        cx, cy = round(x(turn.time.timestamp())), round(y(turn.height))
        out.append(f'<circle cx="{cx}" cy="{cy}" r="4" fill="#c30"/>')
        out.append(f'<text x="{cx}" y="{cy - 8}" text-anchor="middle">{turn.height:.0f}</text>')
    return "\\n".join(out)


def draw(records, found):
    parts = [line(points(records)), marks(found, records)]
    body = "\\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">\\n{body}\\n</svg>\\n'
'''

CLI = '''"""The command line."""

import argparse
import datetime
import sys

from tidemark import chart, extremes, gauge


def arguments(argv):
    top = argparse.ArgumentParser(prog="tidemark", description="High and low water from the log of a gauge.")
    commands = top.add_subparsers(dest="command", required=True)
    for name, text in (("report", "print high and low water"), ("chart", "draw a day as SVG")):
        command = commands.add_parser(name, help=text)
        command.add_argument("log", help="file that the gauge wrote")
        command.add_argument("--day", type=datetime.date.fromisoformat, required=True)
    return top.parse_args(argv)


def report(records, found, out):
    for turn in found:
        print(f"{turn.time:%H:%M}  {turn.kind:<4}  {turn.height:6.1f} cm", file=out)
    print(f"range {extremes.tidal_range(found):.1f} cm, {len(records)} records", file=out)


def main(argv=None, out=sys.stdout):
    options = arguments(argv)
    records = gauge.of_day(gauge.read(options.log), options.day)
    found = extremes.of_day(extremes.turns(records), options.day)
    if options.command == "report":
        report(records, found, out)
    else:
        out.write(chart.draw(records, found))
    return 0 if found else 1
'''

TEST_EXTREMES = '''import datetime
import math
import unittest

from tidemark import extremes, gauge

BEGIN = datetime.datetime(2026, 3, 14)


def tide(hours, disturb=lambda i: 0.0):
    """Records of an even tide of twelve hours."""
    out = []
    for i in range(hours * 4):
        height = 200 + 150 * math.sin(2 * math.pi * i / 48) + disturb(i)
        out.append(gauge.Record(BEGIN + i * gauge.STEP, height, gauge.GOOD))
    return out


class TestTurns(unittest.TestCase):
    def test_even_tide(self):
        kinds = [t.kind for t in extremes.turns(tide(24))]
        self.assertEqual(kinds, ["high", "low", "high", "low"])

    def test_wave_of_a_ship(self):
        found = extremes.turns(tide(24, lambda i: 40 if i == 20 else 0))
        self.assertEqual(len(found), 4)

    def test_range(self):
        self.assertAlmostEqual(extremes.tidal_range(extremes.turns(tide(24))), 300, delta=2)


if __name__ == "__main__":
    unittest.main()
'''


def harbour(days=2):
    """A log of so many days: a tide of 12 h 25 min, small waves, a burst of suspect records and a gap."""
    lines = ["time,height,flag,volts"]
    for i in range(days * 96):
        phase = i * 15 % 745
        arc = phase if phase < 373 else 745 - phase
        height = 60 + arc * arc * (1119 - 2 * arc) * 300 // (373**3) + (i * 7919 % 11) - 5
        minutes = i * 15
        time = f"2026-03-{14 + minutes // 1440:02}T{minutes // 60 % 24:02}:{minutes % 60:02}"
        flag = "S" if 60 <= i < 68 else "G"
        lines.append(f"{time},,M,11.9" if 120 <= i < 123 else f"{time},{height},{flag},12.{i % 5}")
    return "\n".join(lines) + "\n"


FILES = {
    "README.md": README,
    "data/harbour.csv": harbour(),
    "docs/format.md": FORMAT,
    "tests/test_extremes.py": TEST_EXTREMES,
    "tidemark/__init__.py": "",
    "tidemark/chart.py": CHART,
    "tidemark/cli.py": CLI,
    "tidemark/extremes.py": EXTREMES,
    "tidemark/gauge.py": GAUGE,
    "tidemark/smooth.py": SMOOTH,
}
