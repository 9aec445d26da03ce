# SPDX-License-Identifier: MIT
"""The scripted provider of a case: four listening ports (anthropic, openai, gemini, up), one list of exchanges."""

import socket
import threading
import time

import dialects
from actor import Actor
from http1 import HOP, Failure, Wire, hung_up, read_head

PRESETS = ('anthropic', 'openai', 'gemini')
NAMES = PRESETS + ('up',)     # the last one is for the configuration to use
STUFFED_SECONDS, STUFFED_BYTES = 0.5, 64 << 20     # silence after which, and size at which, nothing more is written
GONE_SECONDS = 10  # a proxy that waits for anything else than its client takes longer
PIECES = {'chunk', 'event', 'bytes', 'send', 'trailer', 'flood', 'gone', 'closed', 'cut', 'reset', 'end'}


class Provider:
    """Accepts connections and deals the exchanges of the case out to the requests that come."""

    def __init__(self, scene, exchanges):
        self.scene, self.lock = scene, threading.Lock()
        self.waiting, self.running, self.handled = list(exchanges), 0, 0
        self.last_connection = None
        self.listeners = {name: socket.create_server(('127.0.0.1', 0), backlog=128) for name in NAMES}
        self.ports = {name: s.getsockname()[1] for name, s in self.listeners.items()}
        self.threads = []
        self.tls = None             # a server's TLS context, when the providers speak it

    def start(self):
        for name, listener in self.listeners.items():
            threading.Thread(target=self.accept, args=(name, listener), daemon=True).start()

    def accept(self, name, listener):
        number = 0
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            number += 1
            t = threading.Thread(target=Connection(self, name, number, sock).serve, daemon=True)
            with self.lock:
                self.threads.append(t)
            t.start()

    def deal(self, name, head):
        """The exchange that this request belongs to."""
        text = head.start + '\n' + '\n'.join(f'{n}: {v}' for n, v in head.headers)
        if self.scene.pair and any(secret in text for secret in self.scene.secrets):
            raise Failure(f'the provider {name} was sent a key of the client: {text}')
        with self.lock:
            for exchange in self.waiting:
                if not exchange.match or exchange.match in text:
                    return self.begin(exchange)
        raise Failure(f'the provider {name} received a request that the case does not expect: {head.start}')

    def begin(self, exchange):
        self.waiting.remove(exchange)
        self.running += 1
        return exchange

    def deal_raw(self):
        """The next exchange, if it is one without HTTP."""
        with self.lock:
            if self.waiting and self.waiting[0].match == 'raw':
                return self.begin(self.waiting[0])
        return None

    def done(self):
        with self.scene.changed:
            self.running -= 1
            self.handled += 1
            self.scene.changed.notify_all()

    def finish(self):
        """Waits for the running exchanges; the requests that never came are a failure."""
        if self.scene.failures:
            return
        missing = [e for e in self.waiting if not e.maybe]
        if missing:
            e = missing[0]
            self.scene.fail(f'{self.scene.case.path}:{e.line}', 'the provider never received this request')
            return
        try:
            self.scene.wait(lambda: self.running == 0 or self.scene.failures, 'the provider to finish')
        except Failure as e:
            self.scene.fail('provider', str(e))

    def stop(self):
        for listener in self.listeners.values():
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()


class Connection(Actor):
    """One connection from the proxy."""

    ignored = frozenset(HOP | {'host', 'accept-encoding'})

    def __init__(self, provider, name, number, sock):
        super().__init__(provider.scene, f'provider {name}')
        self.provider, self.name, self.id = provider, name, (name, number)
        self.wire = Wire(sock, provider.scene)
        self.framing, self.alive, self.trailers, self.head = None, True, [], None

    def serve(self):
        self.guarded(self.loop)
        self.wire.close()

    def loop(self):
        if raw := self.provider.deal_raw():
            try:
                return self.run(raw.script)
            finally:
                self.provider.done()
        if self.provider.tls and not self.wire.shake_hands(self.provider.tls):
            return
        while self.alive and (head := self.next_head()):
            exchange = self.provider.deal(self.name, head)
            self.message, self.framing, self.trailers = head, None, []
            self.to = 'up' if self.scene.pair else 'anthropic'
            try:
                self.exchange(exchange)
            finally:
                self.provider.last_connection = self.id
                self.provider.done()

    def next_head(self):
        """The next request of this connection, however long the proxy keeps it idle."""
        try:
            return read_head(self.wire, 'the head of a request')
        except Failure:
            if self.wire.buffer or not self.wire.scene.deadline <= time.monotonic():
                raise
            return None     # an idle pooled connection at the end of the case

    def exchange(self, e):
        commands = e.expect or []
        if not any(c.verb == 'to' for c in commands) and self.name != self.to:
            raise Failure(f'{self.scene.case.path}:{e.line}: the request went to the provider {self.name}: '
                          f'{self.message.start}')
        self.run(commands)
        if e.script is None:
            self.message.whole()
            return self.send_reply('200 OK', [('content-type', 'application/json')], b'{}')
        self.run(e.script)
        if self.framing and self.alive:
            self.do_end(None)
        self.alive = self.alive and self.message.ended      # not after an early reply

    # ---- expecting

    def do_to(self, c):
        if self.name != c.rest:
            raise Failure(f'expected the request to go to {c.rest}, it went to {self.name}')

    def do_request(self, c):
        want, got = self.expand(c.rest), self.message.start
        if got != want + ' HTTP/1.1':
            raise Failure(f'expected {want} HTTP/1.1\n     got {got}')

    def do_asked(self, c):
        """asked [stream] [model=NAME]: the request of the case's pair, as the provider's dialect has it."""
        stream, model = self.asked_words(c)
        method, target, _ = self.message.start.split(' ')
        headers = {n.lower(): v for n, v in self.message.headers}
        self.read_as(dialects.check_request, self.dialect(1), method, target, headers, self.message.whole(), stream,
                     model or dialects.MODEL)

    def do_answer(self, c):
        """answer [stream] DATA: a whole reply with that text; as a stream it is one long event."""
        d, stream = self.dialect(1), c.rest.startswith('stream ')
        text = self.data(c, c.rest.removeprefix('stream ')).decode()
        body = d.opening() + d.first(text) + d.closing(text) if stream else dialects.compact(d.reply(text))
        self.message.whole()
        try:
            self.send_reply('200 OK', [('content-type', 'text/event-stream' if stream else 'application/json')], body)
        except OSError:
            self.alive = False      # a proxy may have had enough of it

    def do_says(self, c):
        """says DATA: one piece of the text, of which the proxy may have had enough."""
        try:
            self.piece(self.dialect(1).delta(self.data(c).decode()))
        except OSError:
            self.alive, self.framing = False, None

    def do_stuff(self, c):
        """stuff DATA: pieces of text until the proxy reads no more, which must be soon; ${stuffed} is their number."""
        piece = self.dialect(1).delta(self.data(c).decode())
        piece, count, sock = b'%x\r\n%b\r\n' % (len(piece), piece), 0, self.wire.sock
        sock.settimeout(STUFFED_SECONDS)
        while count * len(piece) < STUFFED_BYTES:
            rest, count = memoryview(piece), count + 1
            try:
                while rest:
                    rest = rest[sock.send(rest):]
            except TimeoutError:
                self.scene.data.variables['stuffed'] = count
                self.scene.signal('stuffed')
                return self.wire.write(rest)
        raise Failure(f'the proxy took {STUFFED_BYTES} bytes that nobody reads')

    def do_refuse(self, c):
        """refuse KIND [STATUS]: an error in the provider's own words."""
        kind, _, other = c.rest.partition(' ')
        status, value = self.dialect(1).failure(kind)
        self.message.whole()
        headers = [('content-type', 'application/json')] + self.head_lines(c)
        self.send_reply(f'{other or status} Scripted', headers, dialects.compact(value))

    def do_connection(self, c):
        same = self.provider.last_connection == self.id
        if same != (c.rest == 'same'):
            raise Failure(f'expected the {c.rest} connection')

    # ---- answering

    def do_reply(self, c):
        self.message.whole()
        self.reply(c)

    def do_reply_early(self, c):
        self.reply(c)

    def reply(self, c):
        headers = self.head_lines(c)
        status = c.rest if ' ' in c.rest else c.rest + ' Scripted'
        if self.next_is('body'):
            self.head = (status, headers)
            return
        names = {n.lower() for n, _ in headers}
        if not any(later.verb in PIECES for later in self.rest):
            bare = status[:3] in ('204', '304') or self.message.start.startswith('HEAD ')
            if not bare and 'content-length' not in names:
                headers.append(('content-length', '0'))
        elif 'content-length' in names or ('connection', 'close') in headers:
            self.framing = 'plain'
        else:
            headers.append(('transfer-encoding', 'chunked'))
            self.framing = 'chunked'
        self.write_head(status, headers)

    def write_head(self, status, headers, body=b''):
        lines = ''.join(f'{n}: {v}\r\n' for n, v in headers)
        self.wire.write(f'HTTP/1.1 {status}\r\n{lines}\r\n'.encode('utf-8', 'surrogateescape') + body)

    def send_reply(self, status, headers, body):
        if not any(n.lower() == 'content-length' for n, _ in headers):
            headers = headers + [('content-length', str(len(body)))]
        if ('connection', 'close') in headers:
            self.alive = False
        self.write_head(status, headers, body)

    def do_body(self, c):
        """In a reply: its whole body. In an expectation: that of the request."""
        if self.head:
            status, headers = self.head
            self.head = None
            self.send_reply(status, headers, self.data(c))
        else:
            super().do_body(c)

    def piece(self, data):
        if not data:
            return      # would end the body
        if self.framing == 'chunked':
            data = b'%x\r\n%b\r\n' % (len(data), data)
        self.wire.write(data)

    def do_chunk(self, c):
        self.piece(self.data(c))

    def do_event(self, c):
        name, _, rest = c.rest.partition(' ')
        self.piece(b'event: %b\ndata: %b\n\n' % (name.encode(), self.data(c, rest)))

    def do_bytes(self, c):
        for byte in self.data(c):
            self.piece(bytes([byte]))

    def do_send(self, c):
        self.wire.write(self.data(c))

    def do_trailer(self, c):
        self.trailers.append(self.expand(c.rest))

    def do_end(self, c):
        if c is not None and self.framing is None:
            return super().do_end(c)
        if self.framing == 'chunked':
            lines = ''.join(t + '\r\n' for t in self.trailers)
            self.wire.write(f'0\r\n{lines}\r\n'.encode())
        elif self.framing == 'plain' and c is None:
            self.alive = False
        self.framing = None

    # ---- ending otherwise

    def do_cut(self, c):
        self.alive, self.framing = False, None
        self.wire.close()

    def do_reset(self, c):
        self.alive, self.framing = False, None
        self.wire.close('rst')

    def do_close(self, c):
        if self.framing:
            self.do_end(None)
        self.alive = False
        self.wire.sock.shutdown(socket.SHUT_WR)

    def do_gone(self, c):
        """The proxy ends the connection because its client went away."""
        ended = hung_up(self.wire, self.scene.left())
        now, gone_at = time.monotonic(), self.scene.gone_at
        if not ended:
            raise Failure('the proxy did not end the connection')
        if gone_at is None:
            raise Failure('the proxy ended the connection although its client is still there')
        if now - gone_at > GONE_SECONDS:
            raise Failure(f'the proxy took {now - gone_at:.3f} s to end the connection')
        self.scene.figures.append(now - gone_at)
        self.alive, self.framing = False, None

    def do_closed(self, c):
        """The proxy ends the connection, for a reason of its own."""
        if not hung_up(self.wire, self.scene.left()):
            raise Failure('the proxy did not end the connection')
        self.alive, self.framing = False, None

    def do_some(self, c):
        """Waits for the first bytes, whatever they are."""
        if not self.wire.buffer and not self.wire.more('any byte'):
            raise Failure('the connection ended without a byte')

    def do_flood(self, c):
        """Writes until the proxy takes no more and ends the connection."""
        piece = self.data(c)
        try:
            while True:
                self.piece(piece)
        except OSError as e:
            if isinstance(e, TimeoutError):
                raise Failure('the proxy neither read on nor ended the connection') from None
        self.alive, self.framing = False, None
