# SPDX-License-Identifier: MIT
"""What is said to be saved by another model is what the same session costs on the one that was asked for, less what was
paid."""

import json
import os
import signal
import time

import lab
from damage import HAIKU, OPUS, OPUS_5, SONNET
from tally import check, close
from talk import Talk

PAUSES = {4: 280, 6: 400}  # the second lets the cache lapse


def sessions(model):
    """A main loop and its subagent, and a second session with the same beginning."""
    main = Talk("saved", model, shared="saved")
    return [main, Talk("saved sub", model, size=6000, of="saved", agent="a0000000000000001"),
            Talk("saved later", model, shared="saved")]


def drive(bench, model, proxy):
    """All turns through a proxy: the verdicts and, sent to the provider directly under a key of their own, what the
    same requests would have cost on the model that they name."""
    verdicts, direct = [], 0
    talks = sessions(model)
    for turn in range(9):
        for talk in talks[: 3 if turn > 5 else 2]:
            request, verdict = bench.turn(talk, proxy=proxy, after_s=PAUSES.get(turn, 5) / 2)
            verdicts.append(verdict)
            direct += bench.bill_of(request, {**verdict.headers, "x-api-key": f"direct {model}"})[0]
    return verdicts, direct


def override(bench, model):
    """Sets override.model in the running proxy."""
    sluice = bench.first.sluice
    path = os.path.join(sluice.folder, "config.json")
    with open(path, encoding="utf-8") as f:
        config = json.load(f)
    with open(path, "w", encoding="utf-8") as f:
        json.dump({**config, "override.model": model}, f)
    sluice.process.send_signal(signal.SIGHUP)
    for _ in range(6000):
        settings = bench.first.client.json("/sluice/api/settings")["settings"]
        if any(s["path"] == "override.model" and s["value"] == model for s in settings):
            return
        time.sleep(0.01)
    check(False, "the configuration was not read again")


def totals_of(bench, saved):
    """The overview's sums of all time, when the last row is in the ledger."""
    path = f"/sluice/api/overview?from_ms=0&to_ms={int(bench.now + 60) * 1000}"
    for _ in range(1200):
        overview = bench.first.client.json(path)
        if overview["totals"]["saved_nusd"] == saved:
            break
        time.sleep(0.05)
    return overview


def check_override(programs, asked, answers, known):
    """known: some requests are made to the model that is asked for later, so that sluice knows how it counts. Of a
    model that it has never met it can only assume that it counts like the other one."""
    with lab.Bench(programs) as bench:
        if known:
            for seed in "learn", "learn more":
                talk = Talk(seed, asked)
                for _ in range(6):
                    bench.turn(talk)
        override(bench, answers)
        verdicts, direct = drive(bench, asked, bench.first)
        what = f"{asked} on {answers}"
        paid, saved = sum(v.cost for v in verdicts), sum(v.saved for v in verdicts)
        check(all(v["answered_by"] == answers for v in verdicts), f"{what}: not overridden")
        off = saved / (direct - paid) - 1
        # Where they count differently the proportion is estimated, and what is saved may be a small part of the sums.
        share = 0.02 * direct / abs(direct - paid) if known else 0.02
        told = f"{what}: {saved} saved, {direct} - {paid} = {direct - paid} ({off * 100:+.2f} %)"
        check(close(saved, direct - paid, share), told)
        check((saved > 0) == (direct > paid) and saved != 0, f"{what}: the sign of {saved}")
        lost = [v for v in verdicts if v.lost and v.cause != "ttl"]
        check(not lost, lambda: f"{what}: lost {[(v.cause, v.lost) for v in lost]}")
        told = totals_of(bench, saved)["totals"]["saved_nusd"]
        check(told == saved, f"{what}: {saved} saved in the log, {told} in the overview")
        row = bench.first.client.json(f"/sluice/api/exchange?id={verdicts[0]['id']}")
        causes = {s["cause"]: s["nusd"] for s in row["savings"]}
        told = f"{what}: the ledger says {row['savings']}, the log {verdicts[0].saved}"
        check(causes == {"model": verdicts[0].saved}, told)
        return off


def check_none(programs):
    """Nothing is switched: nothing is saved, to the last nano-dollar, in the log and in the ledger."""
    with lab.Bench(programs) as bench:
        verdicts, direct = drive(bench, OPUS, bench.first)
        check(all("saved_nano_usd" not in v or not v.saved for v in verdicts), "something is said to be saved")
        check(sum(v.cost for v in verdicts) == direct, "the bills differ")
        overview = totals_of(bench, 0)
        check(overview["totals"]["saved_nusd"] == 0 and not overview["saved"], f"the overview says {overview['saved']}")


# Asked, answering, whether the first is known. They count alike where it is not.
PAIRS = [(OPUS, SONNET, False), (SONNET, OPUS, False)]
PAIRS += [(OPUS_5, HAIKU, True), (HAIKU, OPUS_5, True), (OPUS, OPUS_5, True)]


def run(programs):
    check_none(programs)
    off = [check_override(programs, *pair) for pair in PAIRS]
    print("savings: off by " + ", ".join(f"{o * 100:+.2f} %" for o in off))
