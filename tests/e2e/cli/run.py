#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Drives the command line of the real program, each test in an empty home of its own and on loopback
only: run.py [-j N] [-v] PROGRAM [NAME…], where PROGRAM may have words in front (`setarch -R …`).

The last line is "N passed, N failed"; the exit status is 0 when none failed."""

import argparse
import concurrent.futures
import os
import shlex
import shutil
import sys
import threading
import time
import traceback

import books
import lifecycle
import offers
import runs
import watching
import words
from scene import PATIENCE, Failed, Scene

MODULES = (words, lifecycle, runs, watching, books, offers)
WATCHDOG = 2 * PATIENCE


def tests():
    """All functions that are named test_…, in the order of their files."""
    for module in MODULES:
        for name, value in vars(module).items():
            if name.startswith('test_'):
                yield name.removeprefix('test_'), value


def run_one(program, name, test):
    """Name, what went wrong (None: nothing), and how long it took."""
    started, why = time.monotonic(), None
    scene = Scene(program)
    # Whoever reads from a process that has nothing to say must not wait for ever.
    watchdog = threading.Timer(WATCHDOG, scene.kill)
    watchdog.start()
    try:
        test(scene)
    except Failed as e:
        where = traceback.extract_tb(e.__traceback__)
        at = [f'{os.path.basename(f.filename)}:{f.lineno}' for f in where if 'scene.py' not in f.filename]
        why = f'{at[-1]}: {e}'
    except Exception:
        why = traceback.format_exc().rstrip()
    finally:
        watchdog.cancel()
        scene.close()
    return name, why, time.monotonic() - started


def main():
    p = argparse.ArgumentParser()
    p.add_argument('-j', type=int, default=4)
    p.add_argument('-v', action='store_true', help='also name what passed')
    p.add_argument('program')
    p.add_argument('names', nargs='*')
    a = p.parse_args()
    program = shlex.split(a.program)
    # Some tests have a PATH of their own.
    program = [shutil.which(program[0]) or program[0], *program[1:]]
    program[-1] = os.path.abspath(program[-1])
    chosen = [(n, t) for n, t in tests() if not a.names or n in a.names]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(a.j) as pool:
        for done in concurrent.futures.as_completed([pool.submit(run_one, program, n, t) for n, t in chosen]):
            name, why, took = done.result()
            failed += why is not None
            if why is not None:
                print(f'FAILED {name}\n    ' + why.replace('\n', '\n    '), flush=True)
            elif a.v:
                print(f'ok     {name} ({took:.1f} s)', flush=True)
    print(f'{len(chosen) - failed} passed, {failed} failed')
    return 1 if failed or not chosen else 0


sys.exit(main())
