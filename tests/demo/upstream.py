# SPDX-License-Identifier: MIT
"""The small scripted provider of the demo: answers each turn with the next text, word by word, and remembers
exactly which bytes it received and sent."""

import http.server
import json
import threading
import time


class Turn:
    """One request as it came, and the stream that answered it."""

    def __init__(self, request, headers, body):
        self.request, self.headers, self.body = request, headers, body
        self.sent = b''
        self.cut_off_at = None      # when the connection ended before the answer did


class Upstream:
    """Answers are (text, usage, seconds between words)."""

    def __init__(self, answers):
        self.answers, self.turns = list(answers), []
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler_for(self))
        self.server.daemon_threads = True
        self.url = f'http://127.0.0.1:{self.server.server_address[1]}'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def frame(kind, **fields):
    return f'event: {kind}\ndata: {json.dumps({"type": kind, **fields}, ensure_ascii=False)}\n\n'.encode()


def events(number, text, usage):
    """The events of one answer, in the order of the Messages API."""
    message = {'id': f'msg_demo_{number}', 'type': 'message', 'role': 'assistant', 'model': 'claude-opus-5-5',
               'content': [], 'stop_reason': None, 'usage': dict(usage, output_tokens=1)}
    yield frame('message_start', message=message)
    yield frame('content_block_start', index=0, content_block={'type': 'text', 'text': ''})
    for word in text.split(' '):
        yield frame('content_block_delta', index=0, delta={'type': 'text_delta', 'text': word + ' '})
    yield frame('content_block_stop', index=0)
    yield frame('message_delta', delta={'stop_reason': 'end_turn', 'stop_sequence': None},
                usage={'output_tokens': usage['output_tokens']})
    yield frame('message_stop')


def handler_for(upstream):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'

        def do_POST(self):
            body = self.rfile.read(int(self.headers['content-length']))
            turn = Turn(self.requestline, self.headers.items(), body)
            upstream.turns.append(turn)
            text, usage, pause = upstream.answers[len(upstream.turns) - 1]
            self.send_response_only(200)
            self.send_header('content-type', 'text/event-stream; charset=utf-8')
            self.send_header('request-id', f'req_demo_{len(upstream.turns)}')
            self.send_header('transfer-encoding', 'chunked')
            self.end_headers()
            try:
                for data in events(len(upstream.turns), text, usage):
                    self.wfile.write(b'%x\r\n%b\r\n' % (len(data), data))
                    turn.sent += data
                    self.pause(pause)
                self.wfile.write(b'0\r\n\r\n')
            except ConnectionError:
                turn.cut_off_at = turn.cut_off_at or time.monotonic()
                self.close_connection = True

        def pause(self, seconds):
            """Waits, and notices at once when the other side goes away."""
            self.connection.settimeout(seconds or 0.001)
            try:
                gone = not self.connection.recv(1)
            except TimeoutError:
                gone = False
            self.connection.settimeout(None)
            if gone:
                raise ConnectionError

        def log_message(self, *args):
            pass

    return Handler
