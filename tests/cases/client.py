# SPDX-License-Identifier: MIT
"""The client of a case: what it sends, and what it must get back."""

import contextlib
import copy
import http.client
import json
import re
import socket
import time

import dialects
from actor import Actor
from http1 import HOP, Failure, Wire, read_head
from language import CaseError, Command, difference, merge, show

SECRET_HEADERS = {'x-api-key', 'authorization', 'x-sluice-key', 'x-goog-api-key', 'proxy-authorization', 'cookie'}
GEMINI_STATUS = {400: 'INVALID_ARGUMENT', 401: 'UNAUTHENTICATED', 403: 'PERMISSION_DENIED', 404: 'NOT_FOUND',
                 429: 'RESOURCE_EXHAUSTED', 503: 'UNAVAILABLE', 504: 'DEADLINE_EXCEEDED'}


class Client(Actor):
    ignored = frozenset(HOP)

    def __init__(self, scene, name):
        super().__init__(scene, f'client {name}'.strip())
        self.methods = []           # of requests whose reply was not read yet
        self.sent_body = None       # the command whose body went out with the request
        self.reader = None          # of a stream in the client's dialect
        self.model = None           # that was asked for

    # ---- sending

    def connected(self):
        if not self.wire:
            sock = socket.create_connection(self.scene.proxy.address, timeout=self.scene.left())
            self.wire = Wire(sock, self.scene)
        return self.wire

    def push(self, data):
        """A proxy may answer and close before it read everything: what it said is looked at later."""
        try:
            self.connected().write(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def do_connect(self, c):
        self.wire, self.message, self.methods = None, None, []
        self.connected()

    def do_request(self, c):
        words = self.expand(c.rest).split(' ')
        if len(words) < 2:
            raise CaseError(f'line {c.line}: request METHOD TARGET [VERSION]')
        version = words[2] if len(words) > 2 else 'HTTP/1.1'
        headers, body = self.head_lines(c), b''
        names = {n.lower() for n, _ in headers}
        if 'host' not in names:
            headers.insert(0, ('Host', self.scene.data.variables['host']))
        if self.next_is('body'):
            self.sent_body, body = self.rest[0], self.data(self.rest[0])
            if not names & {'content-length', 'transfer-encoding'}:
                headers.append(('Content-Length', str(len(body))))
        for name, value in headers:
            if name.lower() in SECRET_HEADERS:
                self.scene.secrets.add(value.split(' ')[-1])
        head = f'{words[0]} {words[1]} {version}\r\n' + ''.join(f'{n}: {v}\r\n' for n, v in headers) + '\r\n'
        self.methods.append(words[0])
        self.push(head.encode('utf-8', 'surrogateescape') + body)

    def do_ask(self, c):
        """ask [stream] [model=NAME] [{…}]: a request in the client's dialect, with these members too."""
        words, brace, more = c.rest.partition('{')
        more = json.loads(self.expand(brace + more)) if brace else {}
        d, c.rest = self.dialect(0), words
        stream, model = self.asked_words(c)
        self.model, self.reader = model or dialects.CLIENT_MODEL, None
        target = (d.stream_path if stream else d.path).replace(dialects.CLIENT_MODEL, self.model)
        body = dialects.compact(d.request(self.model, stream, more))
        name, key = dialects.key_header(d, dialects.CLIENT_KEY)
        headers = self.head_lines(c)
        if name not in {n.lower() for n, _ in headers}:
            headers.append((name, key))
        self.scene.secrets.add(dialects.CLIENT_KEY)
        lines = ''.join(f'{n}: {v}\r\n' for n, v in headers)
        self.methods.append('POST')
        self.push(f'POST {target} HTTP/1.1\r\nHost: {self.scene.data.variables["host"]}\r\n'
                  f'Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{lines}\r\n'.encode() + body)

    def do_body(self, c):
        if c is self.sent_body:
            self.sent_body = None
        else:
            super().do_body(c)

    def do_send(self, c):
        self.push(self.data(c))

    def do_slowly(self, c):
        pause, _, rest = c.rest.partition(' ')
        for byte in self.data(c, rest):
            self.push(bytes([byte]))
            self.scene.sleep(float(pause))

    def do_chunk(self, c):
        data = self.data(c)
        self.push(b'%x\r\n%b\r\n' % (len(data), data))

    def do_last_chunk(self, c):
        self.push(b'0\r\n\r\n')

    def do_half_close(self, c):
        self.scene.gone_at = time.monotonic()
        self.connected().sock.shutdown(socket.SHUT_WR)

    def do_close(self, c):
        self.scene.gone_at = time.monotonic()
        self.connected().close()
        self.wire = None

    def do_reset(self, c):
        self.scene.gone_at = time.monotonic()
        self.connected().close('rst')
        self.wire = None

    def do_terminate(self, c):
        self.scene.proxy.terminate()

    def do_restart(self, c):
        self.wire = self.message = None
        if wrong := self.scene.proxy.restart():
            raise Failure(wrong)

    def do_configure(self, c):
        """Writes a changed configuration file, or an empty one, and sends SIGHUP."""
        config = None if c.rest == 'nothing' else merge(copy.deepcopy(self.scene.config), json.loads(self.expand(c.rest)))
        self.scene.proxy.write_config(config)
        self.scene.proxy.reload()

    def do_logged(self, c):
        """Waits for a line of the log that matches."""
        pattern = self.expand(c.rest)
        self.scene.wait(lambda: re.search(pattern, self.scene.proxy.log()), f'a log line with {pattern}')

    def do_until(self, c):
        """until TARGET ~ REGEX: asks until such an answer comes, over connections of its own."""
        target, _, pattern = c.rest.partition(' ~ ')
        self.scene.wait(lambda: re.search(pattern, self.asked(target)), f'an answer to {target} with {pattern}')

    def asked(self, target):
        conn = http.client.HTTPConnection(*self.scene.proxy.address, timeout=self.scene.left())
        with contextlib.closing(conn):
            conn.request('GET', target)
            return conn.getresponse().read().decode(errors='replace')

    def do_refused(self, c):
        """No connection can be made any more."""
        self.scene.wait(lambda: not self.can_connect(), 'the port to be closed')

    def can_connect(self):
        try:
            socket.create_connection(self.scene.proxy.address, timeout=1).close()
            return True
        except OSError:
            return False

    # ---- expecting

    def do_status(self, c):
        if self.message and not self.message.ended:
            self.message.whole()
        wanted = c.rest.split('|')
        method = self.methods[0] if self.methods else 'POST'
        while True:
            self.message = read_head(self.connected(), 'the head of the reply', method)
            if not self.message:
                raise Failure('the connection was closed without a reply')
            if self.message.status >= 200 or str(self.message.status) in wanted:
                break
        if self.message.status >= 200 and self.methods:
            self.methods.pop(0)
        if str(self.message.status) not in wanted:
            body = self.message.whole() if self.message.status >= 400 else b''
            raise Failure(f'expected status {c.rest}, got {self.message.start} {show(body, 400) if body else ""}')

    def do_event(self, c):
        name, _, rest = c.rest.partition(' ')
        self.read_exactly(b'event: %b\ndata: %b\n\n' % (name.encode(), self.data(c, rest)))

    def do_text(self, c):
        """text DATA: the events until as much of the text has come."""
        want = self.data(c).decode()
        while len(self.stream().text) < len(want):
            if not self.read_event():
                raise Failure(f'the stream ended ({self.need().state()}) after {self.reader.text!r}')
        if self.reader.text != want:
            raise Failure(f'expected the text {want!r}, got {self.reader.text!r}')

    def do_alive(self, c):
        """alive N: so many pings come, and no text."""
        before = self.stream().text
        while self.reader.pings < int(c.rest):
            if not self.read_event():
                raise Failure(f'the stream ended ({self.need().state()})')
        if self.reader.text != before:
            raise Failure(f'expected pings, got text: {self.reader.text!r}')

    def stream(self):
        if self.need().status != 200:
            raise Failure(f'no stream, but {self.message.start}')
        if not self.reader:
            self.reader = dialects.READERS[self.dialect(0).name](self.dialect(0))
        return self.reader

    def read_event(self):
        """Feeds the next frame to the reader; False when there is none. Comments are pings."""
        frame = self.need().frame().decode().replace('\r\n', '\n')
        lines = [line for line in frame.split('\n') if line]
        fields = [line.partition(': ')[::2] for line in lines if not line.startswith(':')]
        if lines and not frame.endswith('\n\n'):
            raise Failure(f'half an event: {frame[-200:]!r}')
        if fields:
            data = '\n'.join(v for n, v in fields if n == 'data')
            self.read_as(self.stream().feed, dict(fields).get('event'), data)
        elif lines:
            self.stream().pings += 1
        return bool(lines)

    def rest_of_stream(self):
        """To its end, which must be one for HTTP and for the dialect."""
        while self.read_event():
            pass
        if self.message.broken:
            raise Failure(f'the transfer broke off after {self.reader and self.reader.text!r}')
        if not self.stream().over():
            raise Failure(f'the stream has no end, after {self.reader.text!r}')
        return self.reader

    def do_answered(self, c):
        """answered [DATA]: a whole reply in the client's dialect, in one piece or as a stream, with that text."""
        text = self.data(c).decode() if c.rest or c.block else 'Hello'
        if not self.reader:
            self.do_status(Command(c.line, 'status', '200'))
        for name, value in (('x-sluice-provider', 'up'), ('x-sluice-model', dialects.MODEL)):
            if self.message.values(name) != [value]:
                raise Failure(f'{name} is {self.message.values(name)}')
        kind = self.message.values('content-type')[0]
        if kind.startswith('text/event-stream'):
            value = self.rest_of_stream().result
            if value is None:
                raise Failure(f'the stream ended with {self.reader.error}')
        else:
            value = json.loads(self.message.whole())
        self.read_as(dialects.check_answer, self.dialect(0), value, text, self.model)
        self.reader = None

    def do_fails(self, c):
        """fails KIND [~ REGEX]: an HTTP error of that kind, as the client's dialect has it."""
        kind, _, pattern = c.rest.partition(' ~ ')
        self.do_status(Command(c.line, 'status', '|'.join(str(n) for n in range(400, 600))))
        if self.message.values('content-type') != ['application/json']:
            raise Failure(f'an error of content-type {self.message.values("content-type")}')
        body, again = self.message.whole(), self.message.values('x-should-retry')
        text = self.read_as(self.dialect(0).check_failure, json.loads(body), kind, self.message.status)
        if kind == 'billing' and again != ['false']:
            raise Failure(f'x-should-retry is {again}')
        if kind == 'context' and self.dialect(0).name == 'anthropic' and not text.startswith('prompt is too long'):
            raise Failure(f'a client cannot know that this means a prompt too long: {text}')
        self.match(pattern or '.', text.encode())

    def do_breaks(self, c):
        """breaks KIND [~ REGEX]: the stream that has begun ends with such an error, and nothing follows."""
        kind, _, pattern = c.rest.partition(' ~ ')
        if not self.reader:
            self.do_status(Command(c.line, 'status', '200'))
        value = self.rest_of_stream().error
        if value is None:
            raise Failure('the stream ended as if all was well')
        text = self.read_as(self.dialect(0).check_failure, value, kind, 200)
        self.match(pattern or '.', text.encode())
        self.reader = None

    def do_ping(self, c):
        frame = self.need().frame()
        if not is_ping(frame):
            raise Failure(f'expected a ping, got {show(frame)}')

    def do_body_except_pings(self, c):
        """The whole body, in which pings may stand between frames."""
        want, got, pings, m = self.data(c), b'', 0, self.need()
        while frame := m.frame():
            if is_ping(frame):
                pings += 1
            else:
                got += frame
        if m.broken:
            raise Failure(f'the body is cut after {show(got)}')
        if text := difference(want, got):
            raise Failure(f'body without its {pings} pings\n{text}')

    def do_error_event(self, c):
        """The next frame is an `error` event of that type."""
        frame = self.need().frame()
        m = re.fullmatch(rb'event: error\ndata: (\{.*\})\n\n', frame)
        if not m:
            raise Failure(f'expected an error event, got {show(frame)}')
        self.check_anthropic(json.loads(m[1]), c.rest)

    def do_error(self, c):
        """error DIALECT [TYPE] [~ REGEX]: the whole body is an error in that dialect's shape."""
        words, _, pattern = c.rest.partition(' ~ ')
        dialect, _, kind = words.partition(' ')
        m, body = self.need(), self.need().whole()
        if not (m.values('content-type') or [''])[0].startswith('application/json'):
            raise Failure(f'an error of content-type {m.values("content-type")}: {show(body)}')
        value = json.loads(body)
        getattr(self, 'check_' + dialect)(value, kind)
        if pattern:
            self.match(pattern, body)

    def check_anthropic(self, value, kind):
        error = value.get('error')
        if value.get('type') != 'error' or not isinstance(error, dict) or error.get('type') not in kind.split('|') \
                or not isinstance(error.get('message'), str) or not error['message']:
            raise Failure(f'expected an Anthropic error of type {kind}, got {json.dumps(value)}')

    def check_any(self, value, kind):
        if not isinstance(value, dict) or not isinstance(value.get('error'), (dict, str)):
            raise Failure(f'expected an error of any shape, got {json.dumps(value)}')

    def check_openai(self, value, kind):
        error = value.get('error')
        if set(value) != {'error'} or not isinstance(error, dict) or set(error) != {'message', 'type', 'param', 'code'} \
                or error['type'] != kind or not isinstance(error['message'], str) or not error['message']:
            raise Failure(f'expected an OpenAI error of type {kind}, got {json.dumps(value)}')

    def check_gemini(self, value, kind):
        error, status = value.get('error'), self.message.status
        kind = kind or GEMINI_STATUS.get(status)
        if not isinstance(error, dict) or error.get('code') != status or not isinstance(error.get('message'), str) \
                or not isinstance(error.get('status'), str) or (kind and error['status'] != kind):
            raise Failure(f'expected a Gemini error {status} {kind}, got {json.dumps(value)}')

    def do_broken(self, c):
        """The transfer breaks off before its end; the bytes until there, if given, are exactly these."""
        m = self.need()
        while m.fill('the transfer to break off'):
            pass
        if not m.broken:
            raise Failure(f'the body ended cleanly: {show(m.data)}')
        if c.rest or c.block:
            if text := difference(self.data(c), m.data):
                raise Failure(text)

    def do_silence(self, c):
        """No byte comes for that long."""
        before = len(self.need().data)
        while self.message.fill(seconds=float(c.rest)):
            pass
        if len(self.message.data) > before or self.message.ended or self.message.broken:
            raise Failure(f'expected silence, got {show(self.message.data)}')


def is_ping(frame):
    m = re.fullmatch(rb'event: ?ping\r?\ndata: ?(\{.*\})\r?\n\r?\n', frame)
    try:
        return bool(m) and json.loads(m[1]) == {'type': 'ping'}
    except ValueError:
        return False
