# SPDX-License-Identifier: MIT
"""What was learned of a conversation outlives the process, and is shared by processes with one ledger."""

import contextlib
import os
import signal
import sqlite3
import time

import lab
from damage import OPUS, OPUS_5, quiet
from tally import check, close
from talk import Talk

PATIENCE_S = 60


def kept(bench, proxy=None):
    """Waits until the store has the conversations as of now, which is about a second after a turn."""
    store = os.path.join((proxy or bench.first).sluice.folder, ".local/share/sluice/ledger.db")
    newest = "SELECT max(version) FROM value WHERE space = 'prefix'"
    for _ in range(PATIENCE_S * 50):
        with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=PATIENCE_S)) as db:
            if (db.execute(newest).fetchone()[0] or 0) >= bench.now * 1000:
                return
        time.sleep(0.02)
    check(False, f"what was learned is not in the store after {PATIENCE_S} s")


def turns(bench, talk, count, **more):
    return [bench.turn(talk, **more)[1] for _ in range(count)]


def as_good(verdict, what):
    """As if nothing had happened."""
    quiet(verdict, False, what)
    check(close(verdict.predicted, verdict.read, 0.02), f"{what}: {verdict.predicted} predicted, {verdict.read} read")


def check_restart(bench, number):
    """A new process between two turns knows what was cached, and what is lost."""
    name = signal.Signals(number).name
    calm, hurt = Talk(f"restarted {name}", OPUS), Talk(f"restarted and damaged {name}", OPUS_5)
    turns(bench, calm, 3)
    turns(bench, hurt, 3)
    kept(bench)
    bench.first.end(number)
    bench.first.start_again()
    as_good(turns(bench, calm, 1)[0], f"the turn after {name}")
    request, verdict = bench.turn(hurt, damage=lambda talk: talk.tools.reverse())
    loss = verdict.cost - bench.twin(request, verdict)
    told = f"after {name}: {verdict.cause!r}, {verdict.lost} of {loss}"
    check(verdict.cause == "tools_order" and close(verdict.lost, loss), told)
    as_good(turns(bench, calm, 1)[0], f"the second turn after {name}")
    kept(bench)
    bench.first.end(number)
    bench.first.start_again()
    verdict = turns(bench, calm, 1, after_s=301)[0]
    told = f"lapsed during {name}: {verdict.cause!r}, {verdict.predicted} predicted"
    check(verdict.cause == "ttl" and verdict.predicted == 0, told)


def check_two(bench, other):
    """Two processes take turns in one conversation: slowly, both know; at once, at least nothing false is said."""
    talk = Talk("two processes", OPUS)
    turns(bench, talk, 2)
    for i in range(4):
        kept(bench)
        as_good(turns(bench, talk, 1, proxy=(other, bench.first)[i % 2])[0], f"two processes, turn {i + 3}")
    talk = Talk("two processes at once", OPUS)
    for i in range(10):
        verdict = turns(bench, talk, 1, proxy=(other, bench.first)[i % 2])[0]
        check(
            verdict.cause in ("", "first") and not verdict.lost,
            f"two processes at once, turn {i + 1}: {verdict.cause!r}, {verdict.lost} lost",
        )


def check_stranger(bench, stranger):
    """Another ledger: it has never heard of the conversation."""
    talk = Talk("met late", OPUS)
    turns(bench, talk, 3)
    verdict = turns(bench, talk, 1, proxy=stranger)[0]
    check(verdict.cause == "first" and not verdict.lost and verdict.predicted == 0, f"a stranger: {verdict.cause!r}")
    as_good(turns(bench, talk, 1, proxy=stranger)[0], "a stranger's second turn")


def run(programs):
    with lab.Bench(programs) as bench:
        check_restart(bench, signal.SIGTERM)
        check_restart(bench, signal.SIGKILL)
        store = os.path.join(bench.first.sluice.folder, ".local/share/sluice/ledger.db")
        check(os.path.exists(store), f"no ledger at {store}")
        check_two(bench, bench.proxy([f"store.path={store}"]))
        check_stranger(bench, bench.proxy())
