# SPDX-License-Identifier: MIT
"""A small and strict HTTP/1 reader for both ends of a case, over one blocking socket with deadlines."""

import re
import select
import socket
import ssl
import threading
import time

TOKEN = re.compile(r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$")


class Failure(Exception):
    """An expectation that did not hold."""


class Aborted(Exception):
    """Another actor of the case failed already."""


class Scene:
    """What the actors of one running case share: the deadline, the signals, the first failure, the moments."""

    def __init__(self, case, data, seconds, pair=None):
        self.case, self.data, self.pair = case, data, pair
        self.seconds = seconds
        self.begin()
        self.changed = threading.Condition()
        self.signals, self.failures, self.sockets = set(), [], []
        self.gone_at = None         # when a client went away on purpose
        self.figures = []           # seconds from there until the provider's connection ended
        self.secrets = set()
        self.proxy = self.config = None

    def begin(self):
        self.deadline = time.monotonic() + self.seconds

    def left(self):
        if self.failures:
            raise Aborted
        return max(0.001, self.deadline - time.monotonic())

    def fail(self, where, text):
        with self.changed:
            self.failures.append((where, text))
            self.changed.notify_all()
        for s in list(self.sockets):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def signal(self, name):
        with self.changed:
            self.signals.add(name)
            self.changed.notify_all()

    def wait_signal(self, name):
        self.wait(lambda: name in self.signals, f'the signal {name!r}')

    def wait(self, ready, what):
        with self.changed:
            while not ready():
                if time.monotonic() > self.deadline:
                    raise Failure(f'waited in vain for {what}')
                self.changed.wait(min(0.02, self.left()))

    def sleep(self, seconds):
        time.sleep(min(seconds, self.left()))
        self.left()
        if time.monotonic() > self.deadline:
            raise Failure(f'the {self.seconds:g} s of the case are over')


class Wire:
    """A socket with a read buffer."""

    def __init__(self, sock, scene):
        self.sock, self.scene = sock, scene
        self.buffer, self.eof, self.reset = bytearray(), False, False
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        scene.sockets.append(sock)

    def more(self, what='something', seconds=None):
        """Reads once; False at the end of the connection, None if `seconds` passed."""
        if self.eof:
            return False
        if time.monotonic() > self.scene.deadline:
            raise Failure(f'the {self.scene.seconds:g} s of the case are over, in vain (waiting for {what})')
        wait = self.scene.left() if seconds is None else min(seconds, self.scene.left())
        self.sock.settimeout(wait)
        try:
            piece = self.sock.recv(65536)
        except TimeoutError:
            if seconds is not None and time.monotonic() < self.scene.deadline:
                return None
            raise Failure(f'waited {self.scene.seconds:g} s in vain for {what}; '
                          f'unread: {bytes(self.buffer[:200])!r}') from None
        except OSError:
            piece, self.reset = b'', True
        self.buffer += piece
        self.eof = not piece
        if self.eof:
            self.scene.left()
        return bool(piece)

    def shake_hands(self, context):
        """TLS, as the server; False when the peer does not like the certificate."""
        self.sock.settimeout(self.scene.left())
        self.scene.sockets.remove(self.sock)
        try:
            self.sock = context.wrap_socket(self.sock, server_side=True)
        except ssl.SSLError:
            return False
        self.scene.sockets.append(self.sock)
        return True

    def write(self, data):
        self.sock.settimeout(self.scene.left())
        self.sock.sendall(data)

    def take(self, n):
        piece = bytes(self.buffer[:n])
        del self.buffer[:n]
        return piece

    def line(self, what):
        while b'\n' not in self.buffer:
            if not self.more(what):
                raise EOFError
        line = self.take(self.buffer.index(b'\n') + 1)
        if not line.endswith(b'\r\n'):
            raise Failure(f'a line without CR in {what}: {line!r}')
        return line[:-2]

    def close(self, how='fin'):
        if how == 'rst':
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
        self.sock.close()


class Message:
    """A head that was read, and its body as it comes."""

    def __init__(self, wire, start, headers, reply_to=None):
        self.wire, self.start, self.headers = wire, start, headers
        self.data, self.ended, self.broken = bytearray(), False, False
        self.trailers = []
        self.kind, self.length = self.framing(reply_to)

    def values(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    @property
    def status(self):
        return int(self.start.split(' ')[1])

    def framing(self, reply_to):
        coding, length = self.values('transfer-encoding'), self.values('content-length')
        if coding and length:
            raise Failure('both Transfer-Encoding and Content-Length')
        if len(length) > 1 or len(coding) > 1:
            raise Failure(f'duplicated framing headers: {coding + length}')
        if reply_to is not None and (reply_to == 'HEAD' or self.status in (204, 304) or self.status < 200):
            self.ended = True
            return 'none', 0
        if coding:
            if coding[0].lower() != 'chunked':
                raise Failure(f'Transfer-Encoding: {coding[0]}')
            return 'chunked', 0
        if length:
            if not length[0].isdecimal():
                raise Failure(f'Content-Length: {length[0]}')
            self.ended = length[0] == '0'
            return 'length', int(length[0])
        if reply_to is None:
            self.ended = True
            return 'none', 0
        return 'close', 0

    def fill(self, what='body bytes', seconds=None):
        """Reads some more of the body; False when there is no more of it, None if `seconds` passed."""
        if self.ended or self.broken:
            return False
        try:
            return self.fill_chunked(what, seconds) if self.kind == 'chunked' else self.fill_plain(what, seconds)
        except EOFError:
            self.broken = True
            return False

    def fill_plain(self, what, seconds):
        if not self.wire.buffer:
            got = self.wire.more(what, seconds)
            if got is None:
                return None
            if not got:
                if self.kind != 'close' or self.wire.reset:
                    raise EOFError
                self.ended = True
                return False
        piece = self.wire.take(self.length if self.kind == 'length' else len(self.wire.buffer))
        self.data += piece
        if self.kind == 'length':
            self.length -= len(piece)
            self.ended = self.length == 0
        return True

    def fill_chunked(self, what, seconds):
        if not self.length:
            if not self.wire.buffer:
                got = self.wire.more(what, seconds)
                if got is None:
                    return None
            size = self.wire.line('a chunk head').split(b';')[0]
            if not re.fullmatch(rb'[0-9A-Fa-f]+', size):
                raise Failure(f'a bad chunk head: {size!r}')
            self.length = int(size, 16)
            if not self.length:
                while line := self.wire.line('trailers'):
                    self.trailers.append(line.decode('utf-8', 'surrogateescape'))
                self.ended = True
                return False
        if not self.wire.buffer and not self.wire.more(what):
            raise EOFError
        piece = self.wire.take(self.length)
        self.data += piece
        self.length -= len(piece)
        if not self.length and self.wire.line('the end of a chunk'):
            raise Failure('a chunk is longer than it says')
        return True

    def take(self, n):
        piece = bytes(self.data[:n])
        del self.data[:n]
        return piece

    def state(self):
        return 'the transfer broke off' if self.broken else 'the body ended' if self.ended else 'more may come'

    def whole(self):
        """The rest of the body; it must end as its framing says."""
        while self.fill('the end of the body'):
            pass
        if self.broken:
            raise Failure(f'the body is cut after {show_tail(self.data)}')
        return self.take(len(self.data))

    def frame(self):
        """The next event of a stream with its blank line, or what is left at the end."""
        seen = 0
        while True:
            found = [(self.data.find(e, max(0, seen - 3)), len(e)) for e in (b'\n\n', b'\r\n\r\n', b'\r\r')]
            if ends := [at + n for at, n in found if at >= 0]:
                return self.take(min(ends))
            seen = len(self.data)
            if not self.fill('an event'):
                return self.take(len(self.data))


def show_tail(data):
    return f'{len(data)} bytes: …{bytes(data[-120:])!r}'


def read_head(wire, what, reply_to=None):
    """The next head as a Message; None at a clean end of the connection before it."""
    if not wire.buffer and not wire.more(what):
        return None
    try:
        start = wire.line(what).decode('utf-8', 'surrogateescape')
        headers = []
        while line := wire.line(what):
            name, colon, value = line.decode('utf-8', 'surrogateescape').partition(':')
            if not colon or not TOKEN.match(name):
                raise Failure(f'a bad header line in {what}: {line!r}')
            headers.append((name, value.strip(' \t')))
    except EOFError:
        raise Failure(f'the connection ended within {what}: {bytes(wire.buffer[:200])!r}') from None
    if reply_to is not None and not re.match(r'^HTTP/1\.[01] [1-9]\d\d( |$)', start):
        raise Failure(f'not a status line: {start!r}')
    return Message(wire, start, headers, reply_to)


def hung_up(wire, seconds):
    """Waits until the peer ends the connection; bytes that come are dropped. False if it did not."""
    end = time.monotonic() + seconds
    while not wire.eof:
        wait = end - time.monotonic()
        if wait <= 0:
            return False
        if select.select([wire.sock], [], [], min(wait, 0.2))[0]:
            wire.more()
        else:
            wire.scene.left()
    return True


# ---- header lists

HOP = {'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'proxy-connection'}


def compare_headers(want, got, ignored):
    """Both lists in order, names without case; `ignored` names count only if they are wanted."""
    named = {n.lower() for n, _ in want}
    have = [(n.lower(), v) for n, v in got
            if n.lower() in named or not (n.lower() in ignored or n.lower().startswith('x-sluice-'))]
    want = [(n.lower(), v) for n, v in want]
    if have == want:
        return
    lines = lambda pairs: '\n'.join(f'      {n}: {v}' for n, v in pairs)
    raise Failure(f'headers\n    expected\n{lines(want)}\n    got\n{lines(have)}')
