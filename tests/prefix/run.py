#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests what sluice says about providers' prompt caches, with conversations that are driven to the provider simulator.

    run.py SLUICE SIMULATOR [PART ...]

The last line is "N passed, N failed"."""

import os
import sys
import time

import lab  # first: it makes the modules of tests/prove known
import alarms
import calm
import damage
import foresight
import harmless
import restart
import savings
import tally
from rig import end_on_signals

PARTS = {
    "damage": damage.run,
    "calm": calm.run,
    "foresight": foresight.run,
    "restart": restart.run,
    "savings": savings.run,
    "alarms": alarms.run,
    "harmless": harmless.run,
}


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    end_on_signals()
    programs = tuple(map(os.path.abspath, sys.argv[1:3]))
    for name in sys.argv[3:] or PARTS:
        started, before = time.monotonic(), tally.passed
        PARTS[name](programs)
        print(f"{name}: {tally.passed - before} passed, {time.monotonic() - started:.1f} s", flush=True)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
