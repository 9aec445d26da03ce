#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows what sluice does: replays a day of coding through it, to the provider simulator, and says what each request
cost.

    demo.py SLUICE SIMULATOR [--fast]

Needs no key and no network. Pauses are skipped, the clocks are put forward instead; with --fast, answers come
at once. The exit status is 0 only if everything went as it should."""

import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "prove"))

import transcripts  # noqa: E402
from client import Failed  # noqa: E402
from drive import Drive, gather  # noqa: E402
from report import dollars  # noqa: E402
from rig import Simulator, Sluice, Wrong, end_on_signals  # noqa: E402

COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ
SAID, TEXT = 46, 32  # columns for what a model says and calls, and how many of them for words
MODEL = 11
PAUSE_S = 240
THINK_MS = 300  # before an answer begins


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


def say(text=""):
    print(text, flush=True)


def step(text):
    say()
    say(paint("1", text))


def check(good, text):
    say(f'  {paint("32", "✓")} {text}' if good else f'  {paint("31", "✗")} {text}')
    if not good:
        raise Wrong(text)


def count(n):
    return f"{n / 1000:.1f}K" if n >= 1000 else str(n)


def short(text, size):
    text = " ".join(text.split())
    return text if len(text) <= size else text[: size - 1] + "…"


def cents(nano):
    return f"${nano / 1e9:.4f}"


class Show:
    """Prints a request as it goes: what the user wrote, what the model says as it comes, and what it cost."""

    def __init__(self):
        self.before, self.outcome, self.prompts, self.total = None, None, set(), 0
        self.column, self.spoken = 0, False
        say(f"\n  {'model':<{MODEL + SAID}}{'prompt':>8}{'cached':>8}{'reply':>7}{'cost':>9}{'so far':>9}")

    def watch(self, outcome, event):
        """An event of a reply."""
        if outcome is not self.outcome:
            self.begin(outcome)
        if event["type"] == "content_block_delta" and self.column < TEXT:
            text = (event["delta"].get("text") or "").replace("\n", " ")
            left = TEXT - self.column
            self.put(text if len(text) < left else text[: left - 1] + "…")
        elif event["type"] == "content_block_start" and event["content_block"]["type"] == "tool_use":
            name = "  " * self.spoken + "→ " + event["content_block"]["name"]
            self.put(name if self.column + len(name) <= SAID else "")

    def put(self, text):
        self.column, self.spoken = self.column + len(text), self.spoken or bool(text)
        print(text, end="", flush=True)

    def begin(self, outcome):
        r, self.outcome, self.spoken = outcome.request, outcome, False
        if self.before and r.sent - self.before > PAUSE_S:
            say(paint("33", f"\n  {(r.sent - self.before) / 60:.0f} minutes pass"))
        self.before = max(self.before or 0, r.sent)
        self.prompt(r)
        where = "  " if r.kind == "subagent" else ""
        self.column = len(where)
        print("  " + where + paint("36", f"{r.model.removeprefix('claude-'):<{MODEL}}"), end="", flush=True)

    def prompt(self, r):
        """What the user wrote last, when that is new."""
        last = r.messages[-1]["content"]
        texts = [b["text"] for b in last if b["type"] == "text"]
        if not texts or r.kind == "subagent" or texts[-1] in self.prompts:
            return
        self.prompts.add(texts[-1])
        picture = "[a picture] " if any(b["type"] == "image" for b in last) else ""
        text = picture + short("(asked for a summary)" if r.kind == "compaction" else texts[-1], 80)
        say(f"\n  {time.strftime('%H:%M', time.gmtime(r.sent))}  {paint('1', 'you')}  {text}")

    def end(self, outcome):
        """The figures of a request."""
        if outcome.error:
            raise Wrong(outcome.error)
        usage = outcome.message["usage"]
        read = usage["cache_read_input_tokens"]
        total = usage["input_tokens"] + usage["cache_creation_input_tokens"] + read
        self.total += outcome.cost()
        figures = f"{count(total):>8}{100 * read // total:>6} %{count(usage['output_tokens']):>7}"
        cost = paint("32", f"{cents(outcome.cost()):>9}")
        say(f"{' ' * (SAID - self.column)}{figures}{cost}{cents(self.total):>9}")


def replay(sluice, simulator, paths):
    """Through sluice, live; the outcomes."""
    show = Show()
    outcomes = []
    for outcome in Drive(simulator, sluice.address, [sluice.set_clock], watch=show.watch).run(paths):
        show.end(outcome)
        outcomes.append(outcome)
    return outcomes


def look(sluice, *command):
    """A command of sluice and what it prints."""
    status, output = sluice.run(*command)
    if status != 0:
        raise Wrong(output)
    step("sluice " + " ".join(command))
    for line in output.rstrip().splitlines():
        say("  " + line)


def judge(sluice, simulator, outcomes, paths):
    """Compares body by body, and with the bill of the same day without sluice."""
    step("Does it cost anything to have it in between?")
    bill = simulator.total()
    check(
        all(o.identical for o in outcomes), f"each of the {len(outcomes)} requests reached the provider byte for byte"
    )
    ledger = json.loads(sluice.run("stats", "all", "--json")[1])["cost_nano_usd"]["total"]
    check(ledger == bill, f"sluice's ledger says {dollars(ledger)}, the provider's bill {dollars(bill)}")
    simulator.delay_ms = 0
    alone = list(Drive(simulator, simulator.address).run(paths))
    direct = simulator.total()
    check(direct == bill, f"without sluice the same day costs {dollars(direct)}: the same, to the nano-dollar")
    same = [o.reply_sha256 for o in outcomes] == [o.reply_sha256 for o in alone]
    check(same, "and brings the same replies, byte for byte")
    said = [b["text"] for o in outcomes for b in o.request.reply if b["type"] == "text"]
    log = sluice.said()
    check("sk-ant-" not in log and not any(s in log for s in said), "its log has neither the key nor what was said")


def run(program, simulated, paths, delay_ms):
    say(paint("1", "sluice demo: a day of coding through the proxy"))
    simulator, sluice = Simulator(simulated, "--fast"), None
    simulator.delay_ms = delay_ms
    try:
        started = time.monotonic()
        sluice = Sluice(program, simulator.url, at=gather(paths)[0][0].sent)
        say(f"  a simulated Anthropic answers and bills at {simulator.url}, nothing leaves your machine")
        say(f"  sluice listens at http://{sluice.address}, ready after {(time.monotonic() - started) * 1000:.0f} ms")
        outcomes = replay(sluice, simulator, paths)
        stopped = sluice.stop()
        step("The last lines that sluice logged")
        for line in [x for x in sluice.said().splitlines() if " | " in x][-3:]:
            say("  " + line)
        check(stopped == 0, "it ended when it was told to")
        look(sluice, "stats", "today")
        look(sluice, "history", "--limit", "5")
        judge(sluice, simulator, outcomes, paths)
    finally:
        if sluice:
            sluice.remove()
        simulator.remove()


def main():
    if len(sys.argv) < 3 or sys.argv[3:] not in ([], ["--fast"]):
        sys.exit(__doc__.strip())
    end_on_signals()
    program, simulated = map(os.path.abspath, sys.argv[1:3])
    paths = transcripts.sessions_in(os.path.join(os.path.dirname(HERE), "prove", "sessions"))[:1]
    try:
        run(program, simulated, paths, 0 if sys.argv[3:] else THINK_MS)
    except (Wrong, Failed, OSError, ValueError, KeyError) as e:
        say()
        say(f'{paint("31", "The demo failed")}: {e}')
        return 1
    program, simulated = os.path.relpath(program), os.path.relpath(simulated)
    step("Now for real")
    hints = (
        (f"{program} run claude", "your Claude Code, as always, through sluice"),
        (f"{program} stats", "what it cost, by day and model"),
        (f"{program} history", "request by request"),
        (simulated, "the simulated provider, for your own clients (docs/simulator.md)"),
        ("./dev prove DIR", "the same proof with your own sessions, DIR is ~/.claude/projects/NAME"),
    )
    width = max(len(command) for command, _ in hints) + 3
    for command, what in hints:
        say(f"  {command:<{width}}{what}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
