# SPDX-License-Identifier: MIT
"""The language of the case files: sections, commands and data expressions (see README.md).

It knows nothing of sockets; client.py and provider.py give the commands their meaning.
"""

import base64
import gzip
import json
import random
import re
import zlib


class CaseError(Exception):
    """A case file that cannot be understood: 'FILE:LINE: what'."""


class Command:
    """One line of a script with the `|` lines and the indented header lines under it."""

    def __init__(self, line, verb, rest):
        self.line, self.verb, self.rest = line, verb, rest
        self.block = None       # the `|` lines, without their margin
        self.headers = []       # the indented lines, (name, value)

    def text(self):
        return (self.verb + ' ' + self.rest).strip()


class Section:
    def __init__(self, line, name, arg):
        self.line, self.name, self.arg = line, name, arg
        self.lines = []         # (number, text) as they stand, for [config]
        self.commands = []


class Exchange:
    """What the provider must receive once, and what it answers. With the match `raw` no HTTP is spoken."""

    def __init__(self, line, match):
        self.line, self.match = line, match
        self.maybe = bool(match) and match.split(' ')[0] == 'maybe'     # need not come
        if self.maybe:
            self.match = match[len('maybe'):].strip()
        self.expect, self.script = [], None


SECTIONS = ('about', 'config', 'env', 'files', 'data', 'client', 'expect client', 'expect upstream', 'provider',
            'expect log', 'expect exit', 'limits', 'pairs')
HEADER = re.compile(r'^\[([a-z]+(?: (?:client|upstream|log|exit))?)(?: +([^\]]+))?\]$')
VARIABLE = re.compile(r'\$\{([a-z_]+)\}')


class Case:
    """A parsed case file."""

    def __init__(self, path):
        self.path = path
        self.name = path.rsplit('/', 1)[-1].removesuffix('.case')
        self.sections = parse_sections(path)
        self.data, self.config, self.limits = {}, [], {}
        self.env, self.files, self.log, self.exit = [], [], [], None
        self.sides = None           # the dialects of [pairs]: {'clients': …, 'providers': …}
        self.clients, self.exchanges = {}, []
        self.asked = None           # the exchange of an [expect upstream] that stands directly before
        for section in self.sections:
            self.take(section)

    def take(self, s):
        name, asked, self.asked = s.name, self.asked, None
        if name == 'config':
            self.config.append((s.line, '\n'.join(text for _, text in s.lines)))
        elif name == 'data':
            self.data.update({c.verb: c for c in s.commands})
        elif name == 'pairs':
            self.sides = {c.verb: c.rest.split() for c in s.commands}
        elif name == 'limits':
            self.limits.update({c.verb: c.rest for c in s.commands})
        elif name in ('client', 'expect client'):
            self.clients.setdefault(s.arg or '', []).extend(s.commands)
        elif name == 'expect upstream':
            self.exchange_expect(s)
        elif name == 'provider':
            self.exchange_script(s, asked)
        elif name == 'expect log':
            self.log.extend(s.commands)
        elif name == 'expect exit':
            self.exit = s.commands
        elif name in ('env', 'files'):
            getattr(self, name).extend(s.commands)

    def pairs(self, every):
        """The pairs of client and provider to run it for; (None,) when it is about none in particular."""
        if self.sides is None:
            return (None,)
        clients, providers = (self.sides.get(side, every) for side in ('clients', 'providers'))
        return tuple((c, p) for c in clients for p in providers if c != p)

    def exchange_expect(self, s):
        if [c.verb for c in s.commands] == ['nothing']:
            return
        if not s.commands:
            raise CaseError(f'{self.path}:{s.line}: an empty [expect upstream]; write `nothing`')
        self.asked = Exchange(s.line, s.arg)
        self.asked.expect = s.commands
        self.exchanges.append(self.asked)

    def exchange_script(self, s, asked):
        fresh = Exchange(s.line, s.arg)
        if not asked or (asked.match, asked.maybe) != (fresh.match, fresh.maybe):
            asked = fresh
            self.exchanges.append(asked)
        asked.script = s.commands


def parse_sections(path):
    sections = []
    with open(path, encoding='utf-8', newline='') as f:
        text = f.read()
    for number, line in enumerate(text.split('\n'), 1):
        section = sections[-1] if sections else None
        head = HEADER.match(line)
        if head:
            if head[1] not in SECTIONS:
                raise CaseError(f'{path}:{number}: unknown section [{head[1]}]')
            sections.append(Section(number, head[1], head[2]))
        elif section is None:
            if line.strip() and not line.startswith('#'):
                raise CaseError(f'{path}:{number}: text before the first section')
        else:
            section.lines.append((number, line))
            if section.name not in ('about', 'config'):
                parse_line(path, number, line, section.commands)
    return sections


def parse_line(path, number, line, commands):
    if line.startswith('|'):
        if not commands:
            raise CaseError(f'{path}:{number}: a block without a command')
        if commands[-1].block is None:
            commands[-1].block = []
        commands[-1].block.append(line[1:])
    elif not line.strip() or line.startswith('#'):
        return
    elif line[0] in ' \t':
        name, colon, value = line.strip().partition(':')
        if not commands or not colon:
            raise CaseError(f'{path}:{number}: not a header line')
        commands[-1].headers.append((name, value.strip(' \t')))
    else:
        verb, _, rest = line.partition(' ')
        commands.append(Command(number, verb, rest.strip(' \t')))


# ---- data expressions

ESCAPES = {'r': '\r', 'n': '\n', 't': '\t', '0': '\0', '\\': '\\', '"': '"'}


class Data:
    """Evaluates data expressions; `variables` are the ${names}, `named` the [data] section."""

    def __init__(self, variables, named):
        self.variables, self.named = variables, named

    def expand(self, text):
        def value(m):
            if m[1] not in self.variables:
                raise CaseError(f'unknown variable ${{{m[1]}}}')
            return str(self.variables[m[1]])
        return VARIABLE.sub(value, text)

    def of(self, command, rest=None):
        """The bytes that a command's data stand for: the rest of its line, then its block."""
        rest = command.rest if rest is None else rest
        block = b''
        if command.block is not None:
            block = self.expand('\n'.join(command.block) + '\n').encode()
        try:
            return self.evaluate(rest, block)
        except CaseError as e:
            raise CaseError(f'line {command.line}: {e}') from None

    def evaluate(self, text, block=b''):
        out, text = b'', text.lstrip()
        while text:
            piece, text = self.item(text, block)
            if text is None:
                return out + piece
            out, text = out + piece, text.lstrip()
        return out + block

    def item(self, text, block):
        """The first item of the text and what follows it; None if it took everything, the block too."""
        if text[0] == '"':
            return self.quoted(text)
        if text[0] in '{[<':
            return self.expand(text).encode() + block, None
        word, _, rest = text.partition(' ')
        if word[0] == '$':
            if word[1:] not in self.named:
                raise CaseError(f'no data named {word}')
            named = self.named[word[1:]]
            return named if isinstance(named, bytes) else self.of(named), rest
        if word in ('repeat', 'random'):
            count, _, rest = rest.partition(' ')
            if word == 'random':
                return random.Random(1).randbytes(int(count)), rest
            piece, rest = self.item(rest, block)
            return piece * int(self.expand(count)), rest
        if word in ITEMS:
            piece, rest = self.item(rest.lstrip(), block)
            return ITEMS[word](piece), rest
        if word in TRANSFORMS:
            return TRANSFORMS[word](self.evaluate(rest, block)), None
        raise CaseError(f'not data: {text[:40]}')

    def quoted(self, text):
        out, i = b'', 1
        while i < len(text) and text[i] != '"':
            c = text[i]
            if c == '\\':
                i += 1
                c = text[i:i + 1]
                if c == 'x':
                    out, i = out + bytes([int(text[i + 1:i + 3], 16)]), i + 3
                    continue
                if c not in ESCAPES:
                    raise CaseError(f'unknown escape \\{c}')
                c = ESCAPES[c]
            elif text.startswith('${', i):
                name = VARIABLE.match(text, i)
                out, i = out + self.expand(name[0]).encode(), name.end()
                continue
            out, i = out + c.encode(), i + 1
        if i >= len(text):
            raise CaseError('a quote is not closed')
        return out, text[i + 1:]


# Words before data: those that take all that follows, those that take one item.
TRANSFORMS = {
    'crlf': lambda d: d.replace(b'\n', b'\r\n'),
    'cr': lambda d: d.replace(b'\n', b'\r'),
    'gzip': lambda d: gzip.compress(d, mtime=0),
    'deflate': zlib.compress,
}

ITEMS = {
    'hex': lambda d: bytes.fromhex(d.decode()),
    'base64': base64.b64decode,
}


# ---- comparing

def show(data, limit=240):
    """Bytes as a reader can take them."""
    text = repr(bytes(data[:limit]))[1:]
    return text if len(data) <= limit else f'{text}… ({len(data)} bytes)'


def difference(want, got):
    """Says how two byte strings differ; None if they do not."""
    if want == got:
        return None
    at = next((i for i, (a, b) in enumerate(zip(want, got)) if a != b), min(len(want), len(got)))
    start = max(0, at - 40)
    return (f'expected {show(want)}\n     got {show(got)}\n'
            f'  differ at byte {at} of {len(want)}: expected …{show(want[start:at + 40])}, '
            f'got …{show(got[start:at + 40])}')


def contains(want, got):
    """Whether the JSON value `got` has everything that `want` has."""
    if isinstance(want, dict):
        return isinstance(got, dict) and all(k in got and contains(v, got[k]) for k, v in want.items())
    return want == got and type(want) is type(got)


def merge(base, over):
    """Deep merge of JSON objects; null removes."""
    for key, value in over.items():
        if value is None:
            base.pop(key, None)
        elif isinstance(value, dict) and isinstance(base.get(key), dict):
            merge(base[key], value)
        else:
            base[key] = value
    return base


def parse_config(case, data, base):
    for line, text in case.config:
        try:
            merge(base, json.loads(data.expand(text) or '{}'))
        except ValueError as e:
            raise CaseError(f'{case.path}:{line}: [config]: {e}') from None
    return base
