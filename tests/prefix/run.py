#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests what sluice says about providers' prompt caches, with conversations that are driven to the provider simulator.

    run.py SLUICE SIMULATOR [PART ...]

The last line is "N passed, N failed"."""

import os
import sys
import threading
import time
import traceback

import lab  # noqa: F401, first: it makes the modules of tests/prove known
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


# Waits most of the time, so the others need not wait for it.
PATIENT = "restart"


def run_part(name, programs):
    started = time.monotonic()
    try:
        PARTS[name](programs)
    except Exception:  # one part that breaks does not keep the others from running
        tally.check(False, f"{name}: {traceback.format_exc()}")
    print(f"{name}: {time.monotonic() - started:.1f} s", flush=True)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    end_on_signals()
    programs, names = tuple(map(os.path.abspath, sys.argv[1:3])), sys.argv[3:] or list(PARTS)
    patient = threading.Thread(target=run_part, args=(PATIENT, programs))
    if PATIENT in names:
        patient.start()
    for name in names:
        if name != PATIENT:
            run_part(name, programs)
    if PATIENT in names:
        patient.join()
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
