#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the case files against a proxy: run.py [-j N] [-v] PROGRAM [NAME…], or run.py --self-test.

The last line is "N passed, N failed"; the exit status is 0 when none failed. README.md describes the files.
"""

import argparse
import concurrent.futures
import glob
import json
import os
import re
import shlex
import shutil
import ssl
import sys
import tempfile
import threading
import time

import dialects
import proxy as proxies
from client import Client
from http1 import Scene
from language import Case, CaseError, Data, contains, merge, parse_config
from provider import PRESETS, Provider

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 60  # nothing is judged by how long it takes; the machine may be slow and busy
SANITIZER = re.compile(r'(\w+Sanitizer|runtime error): ?.*')
SECRET_KEY = re.compile(r'(^|_)key$')


class Run:
    """One case, run once."""

    def __init__(self, case, program, pair=None):
        self.case, self.program, self.pair = case, program, pair
        self.folder = tempfile.mkdtemp(prefix='case-')
        self.problems, self.figures, self.log = [], [], ''

    def go(self):
        try:
            self.set_up()
            self.play()
        except CaseError as e:
            self.problems.append((self.case.path, str(e)))
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return self

    def set_up(self):
        case, port = self.case, proxies.free_port()
        data = Data({'port': port, 'host': f'127.0.0.1:{port}', 'dir': self.folder, 'here': HERE,
                     'refused': proxies.free_port()},
                    (dialects.data_of(self.pair[1]) if self.pair else {}) | case.data)
        self.scene = Scene(case, data, float(case.limits.get('timeout', SECONDS)), self.pair)
        self.provider = Provider(self.scene, case.exchanges)
        data.variables |= {n: f'127.0.0.1:{p}' for n, p in self.provider.ports.items()}
        base = {'listen': [f'127.0.0.1:{port}'],
                'providers': {n: {'base_url': f'http://{data.variables[n]}'} for n in PRESETS}}
        if self.pair:
            merge(base, dialects.config_of(self.pair[1], data.variables['up']))
            data.variables |= dict(zip(('client', 'provider'), self.pair))
        self.config = self.scene.config = parse_config(case, data, base)
        if tls := case.limits.get('tls'):
            self.provider.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.provider.tls.load_cert_chain(f'{HERE}/tls/{tls}.pem')
        for c in case.files:
            with open(os.path.join(self.folder, c.verb), 'wb', opener=lambda p, f: os.open(p, f, 0o600)) as f:
                f.write(data.of(c))
        self.env = {c.verb: data.expand(c.rest) for c in case.env}
        self.scene.proxy = self.proxy = proxies.Proxy(self.program, self.folder, port)
        self.proxy.write_config(self.config, int(case.limits.get('config-mode', '0600'), 8))

    def play(self):
        self.proxy.start(self.env)
        self.provider.start()
        if self.case.exit is not None:
            self.expect_exit()
        elif self.proxy.wait_ready():
            self.scene.begin()
            self.play_actors()
            status = self.proxy.stop()
            if status != 0 and not self.scene.failures:
                self.problem('', 'the proxy did not end on SIGTERM' if status is None else f'exit status {status}')
        else:
            self.problem('', 'the proxy does not start')
            self.proxy.stop()
        self.provider.stop()
        for t in self.provider.threads:
            t.join(1)
        self.problems[:0] = self.scene.failures
        self.figures, self.log = self.scene.figures, self.proxy.log()
        self.check_log()

    def play_actors(self):
        actors = [(Client(self.scene, name), commands) for name, commands in self.case.clients.items()]
        threads = [threading.Thread(target=a.guarded, args=(a.run, c), daemon=True) for a, c in actors]
        for t in threads:
            t.start()
        for t in threads:
            t.join(self.scene.seconds + 2)
        self.provider.finish()
        for a, _ in actors:
            if a.wire:
                a.wire.close()

    def name(self):
        return self.case.name + (':{}-{}'.format(*self.pair) if self.pair else '')

    def problem(self, where, text):
        self.problems.append((where or self.case.path, text))

    def expect_exit(self):
        """The proxy must refuse to start."""
        started = self.proxy.wait_ready()
        status = self.proxy.stop()
        if started or status is None:
            self.problem('', 'the proxy started, though it had to refuse')
            return
        wanted = [int(c.rest) for c in self.case.exit if c.verb == 'status']
        if status == 0 or wanted and status not in wanted:
            self.problem('', f'expected exit status {wanted or "other than 0"}, got {status}')

    # ---- the log

    def check_log(self):
        if found := SANITIZER.search(self.log):
            self.problem('', found[0])
        for secret in self.secrets():
            if secret in self.log:
                self.problem('', f'the log has the secret {secret!r}')
        for c in self.case.log:
            if text := self.log_problem(c):
                self.problem(f'{self.case.path}:{c.line}', text)

    def secrets(self):
        found = set(self.scene.secrets) | {v for k, v in self.env.items() if SECRET_KEY.search(k.lower())}
        stack = [self.config]
        while stack:
            for key, value in stack.pop().items():
                if isinstance(value, dict):
                    stack.append(value)
                elif isinstance(value, str) and SECRET_KEY.search(key):
                    found.add(value)
        return {s for s in found if len(s) >= 6}

    def log_problem(self, c):
        lines = self.log.splitlines()
        if c.verb == '~':
            if not any(re.search(c.rest, line) for line in lines):
                return f'no line of the log matches {c.rest}'
        elif c.verb == 'not':
            pattern = c.rest.removeprefix('~').strip()
            if any(re.search(pattern, line) for line in lines):
                return f'a line of the log matches {pattern}'
        elif c.verb == 'json':
            want = json.loads(self.scene.data.expand(c.rest))
            if not any(contains(want, v) for v in map(as_json, lines)):
                return f'no line of the log is JSON with {c.rest}'
        elif c.verb == 'all-json':
            bad = [line for line in lines if not isinstance(as_json(line), dict)]
            if bad or not lines:
                return f'not a JSON object: {bad[0] if bad else "(no line)"}'
        elif c.verb == 'count':
            number, _, pattern = c.rest.partition(' ~ ')
            found = sum(bool(re.search(pattern, line)) for line in lines)
            if found != int(number):
                return f'{found} lines of the log match {pattern}, not {number}'
        else:
            raise CaseError(f'{self.case.path}:{c.line}: unknown command {c.verb!r}')
        return None


def as_json(line):
    try:
        return json.loads(line)
    except ValueError:
        return None


def report(run, seconds, verbose):
    if run.problems:
        print(f'FAILED  {run.name()}  ({seconds:.2f} s)')
        for where, text in run.problems[:4]:
            indented = '\n    '.join(str(text).splitlines())
            print(f'  {os.path.relpath(where) if where.startswith("/") else where}\n    {indented}')
        for line in run.log.splitlines()[-8:]:
            print(f'  log| {line[:300]}')
    elif verbose:
        print(f'ok      {run.name()}  ({seconds:.2f} s)')
    sys.stdout.flush()


def pairs_of(path, only):
    """What a case is to be run for, maybe only one pair: "chat-gemini"."""
    return [p for p in Case(path).pairs(dialects.NAMES) if not only or p and '-'.join(p) == only]


def run_cases(names, program, workers=2, verbose=False):
    """Runs them all, by (path, pair or ''); the runs with problems and the figures of cancellation."""
    def one(path, pair):
        started = time.monotonic()
        return Run(Case(path), program, pair).go(), time.monotonic() - started
    failed, passed, figures = [], 0, []
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        jobs = [pool.submit(one, path, pair) for path, only in names for pair in pairs_of(path, only)]
        for future in concurrent.futures.as_completed(jobs):
            run, seconds = future.result()
            report(run, seconds, verbose)
            figures += run.figures
            passed += not run.problems
            failed += [run] if run.problems else []
    return passed, failed, figures


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('program', nargs='?', help='the proxy under test, e.g. build/sluice')
    p.add_argument('names', nargs='*', help='cases to run (default: all); NAME:CLIENT-PROVIDER for one pair of dialects')
    p.add_argument('-j', type=int, default=2, help='cases at a time')
    p.add_argument('-v', action='store_true', help='a line for each case, also a good one')
    p.add_argument('--self-test', action='store_true', help='show that the runner finds what is wrong')
    args = p.parse_args()
    if args.self_test:
        import selftest
        return selftest.main()
    if not args.program:
        p.error('which program?')
    program = shlex.split(args.program)
    if os.path.exists(program[0]):
        program[0] = os.path.abspath(program[0])
    known = {os.path.basename(f).removesuffix('.case'): f for f in sorted(glob.glob(f'{HERE}/*.case'))}
    wanted = [n.partition(':') for n in args.names or known]
    missing = [n for n, _, _ in wanted if n not in known]
    if missing:
        p.error(f'no such case: {", ".join(missing)}')
    passed, failed, figures = run_cases([(known[n], pair) for n, _, pair in wanted], program, args.j, args.v)
    if figures:
        print(f'client gone to provider connection closed: {len(figures)} times, '
              f'median {sorted(figures)[len(figures) // 2] * 1000:.1f} ms, longest {max(figures) * 1000:.1f} ms')
    print(f'{passed} passed, {len(failed)} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
