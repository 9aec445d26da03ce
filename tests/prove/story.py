#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The conversation that ./dev demo and the tests show: somebody works on a small tide gauge program. Made up for
this project; writes sessions/*.jsonl, which are in the tree so that everybody replays the same bytes.

    story.py [FOLDER]

It has what makes bills interesting: tool loops, subagents, parallel calls, thinking, an image, pauses over five
minutes and over an hour, a change of model and back, a compaction; and a second, short session that caches for an
hour."""

import os
import sys

import tidemark
from recorder import Error, Project, Recorder, call, picture, say, think

OPUS, SONNET, HAIKU = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"
OLDER_SONNET, OLDER_HAIKU = "claude-sonnet-4-6", "claude-haiku-4-5"
ROOT = "/home/ada/tidemark"
DAY, LATER = "0b7d1e52-4c1f-4f0e-9a53-7f1d20c4a611", "c81f6a90-2d35-4b7a-8e10-5b9e43d7f0a2"
BEGIN, LATER_BEGIN = 1_793_610_000, 1_793_786_400  # 2 and 4 November 2026


def task(kind, run, prompt, **more):
    given = {"description": prompt.split(",")[0], "prompt": prompt, "subagent_type": kind}
    return call("Task", "", **given, **more), run


def tests(count, failure=""):
    text = f"{'.' * count}\n{'-' * 70}\nRan {count} tests in 0.{count:03}s\n\nOK"
    return Error(f"Exit code 1\n{failure}\n{'-' * 70}\nRan {count} tests\n\nFAILED (failures=1)") if failure else text


def five_high_waters(main, project):
    main.user(
        "The report for 14 March says there were five high waters. There can only be two. Find out why, and fix it."
    )
    main.reply(
        think(
            "Five turning points in a day with a twelve-hour tide: small wiggles must be counted. First see what is "
            "there."
        ),
        say("I will look at the project first, then at what the report does."),
        project.bash(
            "git status --short && git log --oneline | head -3", "4be1c07 chart: labels\n91d20aa cli: --day\n", "State"
        ),
        project.glob("**/*.py", ".py"),
    )
    main.reply(project.read("tidemark/extremes.py"), project.read("tidemark/gauge.py"), project.read("README.md"))
    main.reply(
        think(
            "turns() takes every change of sign after a median of five. Noise of a few centimetres survives a "
            "median of five."
        ),
        project.read("tidemark/smooth.py"),
        project.grep(r"smooth\.|width", ".py"),
    )
    report = """04:45  high   315.0 cm
06:15  high   358.0 cm
11:45  low     58.0 cm
17:00  high   330.0 cm
18:15  high   356.0 cm
19:00  high   351.0 cm
range 300.0 cm, 104 records"""
    main.reply(
        project.bash("python3 -m tidemark report data/harbour.csv --day 2026-03-14", report, "The report in question")
    )
    main.reply(
        think("Turns at 04:45 and 17:00 are on the flank: the log must have small reversals there."),
        say("Two of them lie on the rising flank. I want to see the log around them."),
        project.read("data/harbour.csv", 2, 90),
    )


def fix_turns(main, project):
    main.reply(
        think(
            "The reversals are a few centimetres. A turn should count only when the water has moved by more than some "
            "prominence since the last one. So: walk along, keep the best candidate, confirm it when the height has "
            "gone "
            "back by at least `least` centimetres. That is the usual zigzag, one pass, no window."
        ),
        say(
            "The median takes single spikes out, not wiggles of a few centimetres. A turn has to be confirmed by a "
            "real fall."
        ),
        project.edit(
            "tidemark/extremes.py",
            """    found = []
    for i in range(1, len(heights) - 1):
        before, here, after = heights[i - 1], heights[i], heights[i + 1]
        if before < here >= after:
            found.append(Turn(HIGH, records[i].time, here))
        elif before > here <= after:
            found.append(Turn(LOW, records[i].time, here))
    return found
""",
            """    found, best, kind = [], 0, None
    for i, height in enumerate(heights):
        if kind != LOW and height > heights[best] or kind == LOW and height < heights[best]:
            best = i
        elif abs(height - heights[best]) >= least:
            kind = kind or (HIGH if height < heights[best] else LOW)
            found.append(Turn(kind, records[best].time, heights[best]))
            best, kind = i, LOW if kind == HIGH else HIGH
    return found
""",
        ),
    )
    main.reply(
        project.edit(
            "tidemark/extremes.py", "def turns(records, width=5):", "def turns(records, width=5, least=LEAST):"
        ),
        project.edit(
            "tidemark/extremes.py", 'LOW = "low"\n', 'LOW = "low"\nLEAST = 15  # centimetres; less is no tide\n'
        ),
    )
    failure = """FAIL: test_even_tide (tests.test_extremes.TestTurns)
AssertionError: Lists differ: ['low', 'high', 'low', 'high', 'low'] != ['high', 'low', 'high', 'low']"""
    main.reply(project.bash("python3 -m unittest -q", tests(3, failure), "Tests"))
    main.reply(
        think(
            "It starts as a low although nothing came before it: the first candidate is the first record. Look at "
            "the test."
        ),
        project.read("tests/test_extremes.py"),
    )
    main.reply(
        say("The very first record counts as a turn now. It may not: nothing is known of what came before it."),
        project.edit(
            "tidemark/extremes.py",
            "            found.append(Turn(kind, records[best].time, heights[best]))\n",
            "            if best > 0:\n                found.append(Turn(kind, records[best].time, heights[best]))\n",
        ),
        project.edit(
            "tests/test_extremes.py",
            "    def test_range(self):\n",
            "    def test_wiggles_on_the_flank(self):\n"
            "        found = extremes.turns(tide(24, lambda i: 6 * (-1) ** (i // 3)))\n"
            "        self.assertEqual(len(found), 4)\n\n"
            "    def test_range(self):\n",
        ),
    )
    main.reply(project.bash("python3 -m unittest -q", tests(4), "Tests"))
    main.reply(
        say(
            "Fixed. `turns()` counted every change of direction, and the log has reversals of a few centimetres on "
            "the flanks. "
            "A turn now counts when the water has gone back by 15 cm. All four tests pass; one of them is new."
        )
    )


COORDINATES = (
    "Find every place that computes coordinates in the chart, and say how time is mapped to x. Do not change anything."
)
COMPARE = "Compare docs/format.md with what gauge.py does, line by line. List every difference. Do not change anything."


def coordinates(project, agent):
    agent.reply(project.grep(r"scale\(|round\(", ".py"), project.glob("**/*.svg", ".svg"))
    agent.reply(project.read("tidemark/chart.py"))
    agent.reply(project.read("tidemark/cli.py"), project.grep("chart", ".py"))
    agent.reply(
        say(
            "Coordinates are computed in two places, both in `tidemark/chart.py`: `points()` for the line and "
            "`marks()` for the "
            "dots. Both build their own scales from `scale()`. Time goes through `datetime.timestamp()` on naive "
            "times, so it "
            "depends on the zone of the machine. All coordinates are rounded to whole pixels."
        )
    )


def compare(project, agent):
    agent.reply(think("Two short files; read both."), project.read("docs/format.md"), project.read("tidemark/gauge.py"))
    agent.reply(
        project.bash(
            "cut -d, -f3 data/harbour.csv | sort | uniq -c", "    181 G\n      3 M\n      8 S\n", "Flags in use"
        )
    )
    agent.reply(
        say(
            "One difference: the document says that records with flag S come in a burst after a loss of power, and "
            "the README "
            "says bad records are left out, but `parse()` keeps them. Everything else agrees: order, doubles, empty "
            "heights."
        )
    )


def jagged_chart(main, project):
    main.pause(7)
    curve = picture(96, 40, lambda x, y: 0 if abs(y - (20 - 14 * (1 - abs(x - 48) / 48) + x % 5)) < 1.5 else 235)
    main.show("The curve looks jagged in the chart, see the picture. Why is that?", curve)
    main.reply(
        think(
            "The picture shows steps of a few pixels. Rounding to whole pixels could do that, or the suspect records."
        ),
        say("That could be rounding, or records that should not be drawn. I will have both looked into at once."),
        task("Explore", lambda agent: coordinates(project, agent), COORDINATES, model=HAIKU),
        task("Explore", lambda agent: compare(project, agent), COMPARE, model=HAIKU),
    )
    main.reply(
        think("Both: rounding makes the steps, S records the spikes at the right. Fix both; S is 'bad' by the README."),
        project.edits(
            "tidemark/chart.py",
            (
                "    return [(round(x(r.time.timestamp())), round(y(r.height))) for r in records]\n",
                "    return [(x(seconds(r.time)), y(r.height)) for r in records]\n",
            ),
            ('" ".join(f"{x},{y}" for x, y in places)', '" ".join(f"{x:.1f},{y:.1f}" for x, y in places)'),
            (
                "def points(records):\n",
                "def seconds(time):\n"
                '    """Seconds since 1970 of a time in UTC."""\n'
                "    return time.replace(tzinfo=datetime.timezone.utc).timestamp()\n\n\n"
                "def points(records):\n",
            ),
        ),
        project.edit(
            "tidemark/gauge.py", '    if not row["height"]:\n', '    if not row["height"] or row["flag"] != GOOD:\n'
        ),
    )
    main.reply(
        project.edit(
            "tidemark/chart.py", '"""Draws a day as SVG."""\n', '"""Draws a day as SVG."""\n\nimport datetime\n'
        )
    )
    main.reply(
        project.bash(
            "python3 -m tidemark chart data/harbour.csv --day 2026-03-14 | head -c 300",
            '<svg xmlns="…">\n<polyline …',
            "Draw",
        ),
        project.bash("python3 -m unittest -q", tests(4), "Tests"),
    )
    main.reply(say("Whole pixels made the steps, and eight suspect records the spikes at the right. Both are gone."))


def documents(main, project):
    main.pause(68)
    main.user(
        "Back from lunch. This part is easy, so I switched to Sonnet: please document the report, and that S is "
        "left out."
    )
    main.model = SONNET
    main.reply(project.read("README.md"), project.read("docs/format.md"))
    main.reply(
        say("I will add a page for the report, and one sentence each to the two documents that are there."),
        project.write(
            "docs/report.md",
            "# The report\n\nOne line for each turn: time in UTC, `high` or `low`, height in centimetres. A turn "
            "counts when the "
            "water has gone back by 15 cm or more behind it, so waves and wiggles do not.\n\nThe last line has the "
            "greatest "
            "difference between neighbouring turns, and how many records were used. Suspect and missing records are "
            "not.\n",
        ),
        project.edit("README.md", "bad.\n", "bad: suspect or missing ones.\n"),
        project.edit("docs/format.md", "with flag `S`.", "with flag `S`; they are left out."),
    )
    main.reply(say("Done: `docs/report.md` is new, README and `docs/format.md` say that suspect records are left out."))


def local_time(main, project):
    main.pause(2)
    main.user(
        "Opus again for this one: I need --zone, so that the report is in local time. Days are then days of that zone."
    )
    main.model = OPUS
    main.reply(
        think("Zones: zoneinfo. of_day() in gauge and in extremes both cut by day; both must cut in the zone."),
        project.read("tidemark/cli.py"),
        project.grep(r"of_day|\.date\(\)|combine", ".py"),
    )
    main.reply(
        project.edit(
            "tidemark/cli.py",
            '        command.add_argument("--day", type=datetime.date.fromisoformat, required=True)\n',
            '        command.add_argument("--day", type=datetime.date.fromisoformat, required=True)\n'
            '        command.add_argument("--zone", type=zoneinfo.ZoneInfo, default=datetime.timezone.utc)\n',
        ),
        project.edit("tidemark/cli.py", "import sys\n", "import sys\nimport zoneinfo\n"),
        project.edit(
            "tidemark/gauge.py",
            """    time = datetime.datetime.strptime(row["time"], "%Y-%m-%dT%H:%M")
""",
            """    time = datetime.datetime.strptime(row["time"] + "+0000", "%Y-%m-%dT%H:%M%z")
""",
        ),
    )
    failure = "ERROR: test_day\nTypeError: can't compare offset-naive and offset-aware datetimes"
    main.reply(project.bash("python3 -m unittest -q", tests(4, failure), "Tests"))
    main.reply(think("combine() makes a naive time."), project.read("tidemark/gauge.py", 36, 20))
    main.reply(
        project.edit(
            "tidemark/gauge.py", "def of_day(records, day):", "def of_day(records, day, zone=datetime.timezone.utc):"
        ),
        project.edit("tidemark/gauge.py", "datetime.time()) - hour", "datetime.time(), zone) - hour"),
        project.edit("tidemark/extremes.py", "def of_day(found, day):", "def of_day(found, day, zone):"),
        project.edit("tidemark/extremes.py", "t.time.date() == day]", "t.time.astimezone(zone).date() == day]"),
    )
    main.reply(project.bash("python3 -m unittest -q", tests(5), "Tests"))
    main.reply(
        say(
            "`--zone Europe/Amsterdam` works for report and chart. Times in the log stay UTC; only days are cut in "
            "the zone."
        )
    )


ASK = """CRITICAL: Respond with TEXT ONLY. Do NOT call any tools.

Write down what whoever goes on with this work has to know: what was asked, what was found out, what was changed in
which file, what is left. Leave out what no longer matters."""
SUMMARY = """Asked: why the report had five high waters; why the chart was jagged; documents; local time by --zone.
Found: reversals of a few centimetres on the flanks; whole pixels and suspect records in the chart.
Changed: extremes.turns() confirms a turn after LEAST = 15 cm; chart.points() keeps fractions and seconds() takes UTC;
gauge.parse() leaves out all but good records and makes times aware; cli has --zone, of_day() of gauge and extremes
take it; docs/report.md is new. Five tests pass.
Left: the report still prints UTC; the days when clocks change have 23 and 25 hours and are not tested; nothing is
committed."""


REVIEW = "Review the change of --zone in tidemark/cli.py and tidemark/gauge.py, for mistakes at the change of clocks."


def review(project, agent):
    agent.reply(
        think("of_day adds a day of 24 hours to the begin; on the day of the change a local day has 23 or 25."),
        project.read("tidemark/gauge.py", 34, 30),
        project.read("tidemark/cli.py"),
    )
    agent.reply(
        project.bash("python3 -c 'import zoneinfo; print(len(zoneinfo.available_timezones()))'", "597", "Zones")
    )
    agent.reply(
        say(
            "One mistake: `end = begin + 1 day` is wall-clock arithmetic only in the same zone; after the hour is "
            "taken off it is not."
        )
    )


def change_of_clocks(main, project):
    main.user("Go on: the report in local time too, and get the days right on which clocks change.")
    main.reply(
        project.read("tidemark/gauge.py"),
        project.read("tidemark/cli.py", 22, 20),
        project.read("tests/test_extremes.py", 1, 22),
    )
    main.reply(
        think(""),
        say("I will have the arithmetic reviewed while I change the printing."),
        project.edit("tidemark/cli.py", "{turn.time:%H:%M}", "{turn.time.astimezone(zone):%H:%M}"),
        task("general-purpose", lambda agent: review(project, agent), REVIEW),
    )
    main.reply(
        think("Compute begin and end of the local day separately, in UTC, then widen by an hour."),
        project.edit(
            "tidemark/gauge.py",
            "    end = begin + datetime.timedelta(days=1) + 2 * hour\n",
            "    next_day = day + datetime.timedelta(days=1)\n"
            "    end = datetime.datetime.combine(next_day, datetime.time(), zone).astimezone(datetime.timezone.utc) "
            "+ hour\n",
        ),
        project.edit("tidemark/cli.py", "def report(records, found, out):", "def report(records, found, zone, out):"),
    )
    main.reply(
        project.edit(
            "tidemark/cli.py",
            "report(records, found, out)\n    else",
            "report(records, found, options.zone, out)\n    else",
        ),
        project.bash("python3 -m unittest -q", tests(5), "Tests"),
    )
    main.reply(
        project.bash("git diff --stat", " 7 files changed, 61 insertions(+), 24 deletions(-)", "What changed"),
        call(
            "TodoWrite",
            "Todos have been modified",
            todos=[{"content": "Commit", "status": "pending", "activeForm": "Committing"}],
        ),
    )
    main.reply(
        say(
            "Local times are printed, and a day has as many hours as it has. The review found one mistake, which is "
            "fixed."
        )
    )
    main.pause(6)
    main.user("Thanks. Commit it, please.")
    commit = project.bash(
        "git commit -qam 'report: real turns, local time' && git log --oneline | head -1",
        "c40f1d2 report: real turns",
        "Commit",
    )
    main.reply(think("Nothing secret in the diff, tests pass."), commit)
    main.reply(say("Committed as c40f1d2."))


def long_day():
    """The session that caches for five minutes."""
    project = Project(ROOT, tidemark.FILES)
    main = Recorder(DAY, OPUS, BEGIN)
    five_high_waters(main, project)
    fix_turns(main, project)
    jagged_chart(main, project)
    documents(main, project)
    local_time(main, project)
    main.pause(1)
    main.compact(ASK, SUMMARY)
    main.pause(0.5)
    change_of_clocks(main, project)
    return main


def release(main, project):
    main.user("Write release notes for 0.4 from the log. Short, for people who use it.")
    log = "c40f1d2 report: real turns, local time\n4be1c07 chart: labels\n91d20aa cli: --day\n70e5b3f first import"
    main.reply(think("See the log, then the README for the tone."), project.bash("git log --oneline", log, "Log"))
    main.reply(project.read("README.md"))
    main.reply(
        say(
            "0.4: two high waters a day, not five; a smooth chart; `--zone` for local time. Suspect records are "
            "left out."
        )
    )
    main.pause(25)
    main.user("Good. Put them into NEWS.md. (Haiku will do.)")
    main.model = OLDER_HAIKU
    main.reply(
        project.write(
            "NEWS.md", "# News\n\n## 0.4\n\nTwo high waters a day, not five. A smooth chart. `--zone` for local time.\n"
        )
    )
    main.reply(say("NEWS.md is there."))
    main.pause(70)
    main.user("One more: the README should say that suspect records are left out. And back to Sonnet.")
    main.model = OLDER_SONNET
    gaps = "Gaps of more than an hour are not bridged."
    main.reply(project.edit("README.md", gaps, gaps + " Suspect records are left out."))
    main.reply(say("Added, under Limits."))


def short_evening():
    """The session that caches for an hour, on models whose thinking is bound to nothing."""
    main = Recorder(LATER, OLDER_SONNET, LATER_BEGIN, "1h")
    release(main, Project(ROOT, tidemark.FILES))
    return main


def write(folder):
    for recorder in (long_day(), short_evening()):
        recorder.save(folder)


if __name__ == "__main__":
    write(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "sessions"))
