# SPDX-License-Identifier: MIT
"""Counts what held and what did not."""

import threading

passed, failed = 0, 0
lock = threading.Lock()


def check(ok, what):
    """what may be a function that is asked only when it is needed."""
    global passed, failed
    with lock:
        passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print("FAILED:", what() if callable(what) else what, flush=True)
    return ok


def close(got, wanted, share=0.02, slack=0):
    """Whether two numbers differ by at most a share of the wanted one, and slack."""
    return abs(got - wanted) <= abs(wanted) * share + slack
