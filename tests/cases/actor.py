# SPDX-License-Identifier: MIT
"""What clients and the provider have in common: a script of commands, run line by line in a thread."""

import json
import re

import dialects
from http1 import Aborted, Failure, compare_headers, hung_up
from language import CaseError, difference, show


class Actor:
    """Runs `do_VERB` methods (`-` and spaces in a verb are `_`). Subclasses have self.wire and self.message."""

    ignored = frozenset()       # headers whose change is allowed

    def __init__(self, scene, label):
        self.scene, self.label = scene, label
        self.wire = self.message = None
        self.rest = []          # the commands after the running one

    def run(self, commands):
        for at, command in enumerate(commands):
            self.rest = commands[at + 1:]
            self.where = f'{self.scene.case.path}:{command.line}: {self.label}: {command.text()[:100]}'
            do = getattr(self, 'do_' + command.verb.replace('-', '_'), None)
            if not do:
                raise CaseError(f'{self.scene.case.path}:{command.line}: unknown command {command.verb!r}')
            do(command)

    def guarded(self, work, *args):
        """Runs `work` and turns what goes wrong into a failure of the case."""
        self.where = self.label
        try:
            work(*args)
        except Aborted:
            pass
        except (Failure, CaseError, EOFError, OSError, ValueError, re.error) as e:
            self.scene.fail(self.where, str(e) or type(e).__name__)

    def next_is(self, verb):
        return bool(self.rest) and self.rest[0].verb == verb

    def data(self, command, rest=None):
        return self.scene.data.of(command, rest)

    def expand(self, text):
        return self.scene.data.expand(text)

    def head_lines(self, command):
        return [(n, self.expand(v)) for n, v in command.headers]

    def block_headers(self, command):
        pairs = (line.partition(':') for line in command.block or [])
        return [(n.strip(), self.expand(v).strip()) for n, _, v in pairs]

    # ---- the pair of a case

    def dialect(self, side):
        """That of the client (0) or of the provider (1)."""
        if not self.scene.pair:
            raise CaseError(f'{self.scene.case.path}: a command for cases with [pairs]')
        return dialects.DIALECTS[self.scene.pair[side]]

    def asked_words(self, command):
        """Of `[stream] [model=NAME]`: whether, and which."""
        words = self.expand(command.rest).split()
        model = next((w[6:] for w in words if w.startswith('model=')), None)
        return 'stream' in words, model

    def read_as(self, check, *args):
        """What is read by a dialect's rules, and has not what they say."""
        try:
            return check(*args)
        except (dialects.Wrong, KeyError, IndexError, TypeError, AttributeError) as e:
            shown = [show(a, 1200) if isinstance(a, bytes) else repr(a)[:1200] for a in args[1:]]
            raise Failure(f'{type(e).__name__}: {e}\n    in ' + '\n       '.join(shown)) from None

    # ---- time

    def do_wait(self, c):
        self.scene.sleep(float(c.rest))

    def do_signal(self, c):
        self.scene.signal(c.rest)

    def do_await(self, c):
        self.scene.wait_signal(c.rest)

    # ---- what both ends may expect of a message

    def need(self):
        if not self.message:
            raise Failure('there is no message to look at')
        return self.message

    def do_headers(self, c):
        compare_headers(self.block_headers(c), self.need().headers, self.ignored)

    def do_header(self, c):
        name, op, value = re.match(r'([^\s:~]+)\s*(:|~)\s*(.*)$', c.rest).groups()
        got, value = self.need().values(name), self.expand(value)
        good = [v for v in got if (v == value if op == ':' else re.search(value, v))]
        if not good:
            raise Failure(f'expected {name}{op} {value}\n     got {got or "no such header"}')

    def do_no(self, c):
        word, _, name = c.rest.partition(' ')
        if word != 'header':
            raise CaseError(f'line {c.line}: no {word}?')
        got = self.need().values(name)
        if got:
            raise Failure(f'expected no header {name}, got {got}')

    def do_body(self, c):
        m = self.need()
        if c.rest.startswith('~'):
            return self.match(c.rest[1:].strip(), m.whole())
        if c.rest.startswith('json '):
            return self.same_json(json.loads(self.data(c, c.rest[5:])), m.whole())
        want = self.data(c)
        self.fill_like(want, len(want) + 1)
        if text := difference(want, m.data):
            raise Failure(f'body\n{text}\n  ({m.state()})')
        if not m.ended:
            raise Failure(f'the body has the right bytes, but {m.state()}')
        m.data.clear()

    def fill_like(self, want, size):
        """Reads on until there are `size` bytes, the end, or something that differs from `want`."""
        m, same = self.message, 0
        while m.data[same:] == want[same:len(m.data)] and len(m.data) < size:
            same = len(m.data)
            if not m.fill(show(want, 100)):
                break

    def do_read(self, c):
        self.read_exactly(self.data(c))

    def read_exactly(self, want):
        m = self.need()
        self.fill_like(want, len(want))
        if text := difference(want, m.data[:len(want)]):
            raise Failure(f'{text}\n  ({m.state()})')
        m.take(len(want))

    def do_end(self, c):
        rest = self.need().whole()
        if rest:
            raise Failure(f'expected the end of the body, got {show(rest)}')

    def match(self, pattern, data):
        if not re.search(self.expand(pattern).encode(), data, re.S):
            raise Failure(f'expected a match of {pattern}\n     got {show(data, 3600)}')

    def same_json(self, want, data):
        got = json.loads(data)
        if got != want:
            raise Failure(f'expected {json.dumps(want)}\n     got {json.dumps(got)}')

    def do_closed(self, c):
        if self.wire.buffer or (self.message and self.message.data):
            raise Failure(f'expected the connection to be closed, got {show(self.wire.buffer)}')
        if not hung_up(self.wire, self.scene.left()):
            raise Failure('the connection is still open')
        if self.wire.buffer:
            raise Failure(f'expected the connection to be closed, got {show(self.wire.buffer)}')
