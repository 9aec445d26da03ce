#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares `sluice audit --json` with a reckoning of its own (reckon.py), number by number, to the nano-dollar.

    check.py SLUICE [DIR ...]

Without DIR: on the sessions that tests/prove has in the tree, and on invented ones (synthetic.py). The last line is
"N passed, N failed"."""

import contextlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time

import reckon
import synthetic

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SESSIONS = os.path.join(ROOT, "tests", "prove", "sessions")
PRICES = reckon.Prices(os.path.join(ROOT, "data", "prices.json"))
SEEDS = range(6)
NOTES = ("files", "bytes", "lines", "conversations", "damaged_lines", "unfinished_files", "foreign_files",
         "copied_requests", "local_replies")

passed, failed = 0, 0


def check(ok, what):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print("FAILED:", what, flush=True)
    return ok


def audit(program, *args, **env):
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [*program, "audit", *args],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env={"HOME": home, "PATH": os.environ["PATH"], "TZ": os.environ["TZ"],
                 **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}, **env},
        )
    return done


def sums_of(row):
    return {k: row[k] for k in reckon.Audit.empty()}


def differences(got, want):
    """What is not the same, in words."""
    out = []

    def same(what, a, b):
        if a != b:
            out.append(f"{what}: sluice {a}, reckoned {b}")

    same("total", sums_of(got["total"]), want.total)
    for group, rows in want.by.items():
        same(f"names by {group}", sorted(r["name"] for r in got["by"][group]), sorted(rows))
        for r in got["by"][group]:
            same(f"{group} {r['name']}", sums_of(r), rows.get(r["name"]))
        for member in ("requests", "lost_nusd"):
            same(f"sum by {group}", sum(r[member] for r in got["by"][group]), got["total"][member])
    for cause, sums in want.causes.items():
        same(cause, got["cache"]["lost"][cause], {k: sums[k] for k in ("times", "tokens", "nusd", "unpriced")})
    first = got["cache"]["first_requests"]
    same("first requests", first, {k: want.first[k] for k in first})
    for row in got["profiles"]:
        same(f"profile {row['name']}", row["cost_nusd"], want.bill[row["name"]])
    for note in NOTES:
        same(note, got["read"][note], want.notes[note])
    dearest = sorted(want.dearest, key=lambda l: (-(-1 if l["nusd"] is None else l["nusd"]), -l["tokens"], l["at"]))
    for i, (a, b) in enumerate(zip(got["cache"]["dearest"], dearest)):
        same(f"loss {i}", dict({k: a[k] for k in b if k != "at"}, at=reckon.when(a["at"] or "")), b)
    same("losses listed", len(got["cache"]["dearest"]), min(100, len(dearest)))
    return out


def compare(program, roots, what, since=None, until=None):
    options = [f"--{n}={d}" for n, d in (("since", since), ("until", until)) if d]
    done = audit(program, "--json", *options, *roots)
    if not check(done.returncode == 0 and not done.stderr, f"{what}: status {done.returncode} {done.stderr[:2000]}"):
        return None
    day = lambda d, more: d and time.mktime((*map(int, d.split("-")[:2]), int(d[-2:]) + more, 0, 0, 0, 0, 0, -1)) * 1000
    want = reckon.Audit(roots, PRICES, day(since, 0), day(until, 1))
    got = json.loads(done.stdout)
    wrong = differences(got, want)
    check(not wrong, "\n  ".join([what + ":"] + wrong[:20]))
    check(got["total"]["requests"] > 0, f"{what}: no requests")
    return got


def check_text(program, roots):
    """The tables: 80 columns, no colour, no control characters, none of the texts of conversations."""
    for by in (None, "day", "project", "model", "kind", "session"):
        done = audit(program, *([f"--by={by}"] if by else []), *roots)
        long = [line for line in done.stdout.splitlines() if len(line) > 80]
        check(done.returncode == 0 and not done.stderr and not long, f"--by {by}: {done.stderr} {long[:3]}")
        check("\033" not in done.stdout and "say \"hi\"" not in done.stdout, f"--by {by}: what should not be there")


def check_usage(program):
    with tempfile.TemporaryDirectory() as folder:
        check(audit(program).returncode == 1, "no transcripts are a failure")
        check(audit(program, folder).returncode == 1, "an empty folder is a failure")
        check(audit(program, folder + "/none").returncode == 1, "a missing folder is a failure")
        check(audit(program, "--by=hour", folder).returncode == 2, "an unknown group is refused")
        check(audit(program, "--since=2026-02-30", folder).returncode == 2, "an impossible date is refused")
        projects, codex = synthetic.write(folder, 1)
        both = audit(program, "--json", CLAUDE_CONFIG_DIR=folder, CODEX_HOME=folder)
        named = audit(program, "--json", projects, codex)
        check(both.returncode == 0 and both.stdout == named.stdout, "the usual folders are found")
        config = os.path.join(folder, "config.json")
        with open(config, "w", encoding="utf-8") as f:
            json.dump({"prices": {"models": {"claude-opus-4-6": "input=1000 output=1000"}}}, f)
        dear = audit(program, "--json", "--config", config, projects, codex)
        check(json.loads(dear.stdout)["total"]["cost_nusd"] != json.loads(named.stdout)["total"]["cost_nusd"],
              "prices of the configuration are heeded")


def check_itself(got, roots):
    """A figure that is off by one is noticed, wherever it stands."""
    def spoiled(path):
        copy = json.loads(json.dumps(got))
        at = copy
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] += 1
        return copy

    want = reckon.Audit(roots, PRICES)
    check(not differences(got, want), "the untouched report is right")
    for path in (("total", "tokens", "output"), ("total", "cost_nusd", "total"), ("by", "day", 0, "lost_nusd"),
                 ("by", "session", 1, "requests"), ("cache", "lost", "ttl", "times"), ("read", "copied_requests"),
                 ("profiles", 2, "cost_nusd"), ("cache", "first_requests", "nusd")):
        check(differences(spoiled(path), want), f"a wrong {path} goes unnoticed")


def show(got):
    t = got["total"]
    print(f'{t["requests"]} requests, tokens {t["tokens"]}, ${t["cost_nusd"]["total"] / 1e9:.9f}: the same in both')
    for l in got["cache"]["dearest"]:
        print(f'  {l["at"]} {l["cause"]:<10} {l["tokens"]:>7} tokens  after {(l["gap_ms"] or 0) / 1000:.0f} s  {l["session"]}')


def main():
    program, roots = shlex.split(sys.argv[1]), [os.path.abspath(p) for p in sys.argv[2:]]
    program[-1] = os.path.abspath(program[-1])
    os.environ["TZ"] = os.environ.get("TZ") or "UTC"
    if roots:
        got = compare(program, roots, " ".join(roots))
        if got:
            show(got)
    else:
        compare(program, [SESSIONS], "the sessions in the tree")
        check_text(program, [SESSIONS])
        check_usage(program)
        with contextlib.ExitStack() as stack:
            for seed in SEEDS:
                os.environ["TZ"] = ("UTC", "XST-05:30", "YST+11")[seed % 3]
                time.tzset()
                roots = synthetic.write(stack.enter_context(tempfile.TemporaryDirectory()), seed)
                got = compare(program, list(roots), f"invented sessions {seed}")
                compare(program, list(roots), f"a part of {seed}", "2026-03-03", "2026-03-09" if seed % 2 else None)
                compare(program, [roots[0] + "/again"], f"one project of {seed}")
                if got and seed == 0:
                    check_itself(got, roots)
                    check_text(program, roots)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
