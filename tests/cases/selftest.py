# SPDX-License-Identifier: MIT
"""Shows that the runner can fail: selftest/*.case against a good relay, against bad ones, and wrong cases."""

import contextlib
import glob
import io
import os
import sys

import run

HERE = os.path.dirname(os.path.abspath(__file__))
RELAY = [sys.executable, os.path.join(HERE, 'relay.py')]

# What the relay does wrong, the case that must notice, and a part of what it must say.
FAULTS = [
    ('flip-request', 'good_relay', 'differ at byte'),
    ('swap-headers', 'good_relay', 'headers'),
    ('drop-header', 'good_relay', 'headers'),
    ('flip-reply', 'good_relay', 'differ at byte'),
    ('add-header', 'good_relay', 'server: relay'),
    ('status', 'good_relay', 'expected status 429'),
    ('twice', 'good_relay', 'does not expect'),
    ('leak', 'good_relay', 'secret'),
    ('exit', 'good_relay', 'exit status 3'),
    ('no-answer', 'good_relay', 'without a reply'),
    ('buffer', 'good_stream', 'in vain'),
    ('flip-reply', 'good_stream', 'differ at byte'),
    ('eat-cut', 'good_cut', 'ended cleanly'),
    ('keep-upstream', 'good_gone', 'took'),
]


def expect(name, path, relay, want):
    """Runs one case; prints and returns whether it failed as it should (`want`), or passed (None)."""
    quiet = io.StringIO()
    with contextlib.redirect_stdout(quiet):
        _, failed, _ = run.run_cases([(path, '')], relay, 1)
    said = '\n'.join(text for r in failed for _, text in r.problems)
    good = not failed if want is None else bool(failed) and want in said
    print(f'{"ok     " if good else "FAILED "} {name}: '
          f'{"passes" if not failed else "fails: " + said.splitlines()[0][:90] if said else "fails"}')
    if not good:
        print(quiet.getvalue())
    return good


def main():
    results = []
    for path in sorted(glob.glob(f'{HERE}/selftest/good_*.case')):
        results.append(expect(run.Case(path).name, path, RELAY, None))
    for bad, name, want in FAULTS:
        path = f'{HERE}/selftest/{name}.case'
        results.append(expect(f'{name} with {bad}', path, RELAY + ['--bad', bad], want))
    for path in sorted(glob.glob(f'{HERE}/selftest/wrong_*.case')):
        case = run.Case(path)
        want = next(s for s in case.sections if s.name == 'about').lines[0][1]
        results.append(expect(case.name, path, RELAY, want))
    print(f'{sum(results)} passed, {len(results) - sum(results)} failed')
    return 0 if all(results) else 1
