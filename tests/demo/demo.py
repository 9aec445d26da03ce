#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows what sluice does: starts it in front of a small scripted provider and streams one conversation through it.

usage: demo.py PROGRAM. Needs no key and no network; the exit status is 0 only if everything went as it should.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from upstream import Upstream

COLOUR = sys.stdout.isatty() and 'NO_COLOR' not in os.environ
KEY = 'sk-ant-demo-not-a-real-key'
SYSTEM = 'You are a demo. Answer in one or two sentences.'
QUESTIONS = [
    'What is a sluice?',
    'And why would I put one in front of my LLM provider?',
    'Tell me a very long story.',
]
ANSWERS = [
    ('A gate in a channel: the water passes as it is, and you decide how much, when and where to.',
     {'input_tokens': 6100, 'cache_creation_input_tokens': 0, 'cache_read_input_tokens': 0, 'output_tokens': 27}, 0.06),
    ('So that every turn goes where it is cheapest – while the bytes that matter, your prompt cache first of all, '
     'stay exactly as your client wrote them. 🙂',
     {'input_tokens': 320, 'cache_creation_input_tokens': 0, 'cache_read_input_tokens': 6127, 'output_tokens': 41}, 0.06),
    ('Once upon a time ' + 'and then ' * 200,
     {'input_tokens': 410, 'cache_creation_input_tokens': 0, 'cache_read_input_tokens': 6480, 'output_tokens': 900}, 0.05),
]


def paint(code, text):
    return f'\033[{code}m{text}\033[0m' if COLOUR else text


def say(text=''):
    print(text, flush=True)


def step(text):
    say()
    say(paint('1', text))


class Wrong(Exception):
    """Something that did not go as it should."""


def check(good, text):
    say(f'  {paint("32", "✓")} {text}' if good else f'  {paint("31", "✗")} {text}')
    if not good:
        raise Wrong(text)


class Proxy:
    """sluice in a folder of its own."""

    def __init__(self, program, upstream_url):
        self.folder = tempfile.mkdtemp(prefix='sluice-demo-')
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            self.port = s.getsockname()[1]
        config = os.path.join(self.folder, 'config.json')
        with open(config, 'w', encoding='utf-8') as f:
            json.dump({'listen': [f'127.0.0.1:{self.port}'], 'providers': {'anthropic': {'base_url': upstream_url}}}, f)
        os.chmod(config, 0o600)
        self.log_path = os.path.join(self.folder, 'log')
        env = {'HOME': self.folder, 'PATH': os.environ['PATH'], 'LANG': 'C.UTF-8', 'XDG_RUNTIME_DIR': self.folder}
        with open(self.log_path, 'wb') as log:
            self.process = subprocess.Popen([program, 'start', '--config', config], cwd=self.folder, env=env,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def wait_ready(self):
        started = time.monotonic()
        while time.monotonic() < started + 10 and self.process.poll() is None:
            try:
                socket.create_connection(('127.0.0.1', self.port), timeout=1).close()
                return time.monotonic() - started
            except OSError:
                time.sleep(0.002)
        raise Wrong(f'sluice does not start: {self.log().strip()}')

    def log(self):
        with open(self.log_path, encoding='utf-8', errors='replace') as f:
            return f.read()

    def log_lines(self, wanted):
        """Its lines about requests, once there are that many (the log is written beside the traffic)."""
        end = time.monotonic() + 2
        while True:
            lines = [line for line in self.log().splitlines() if ' in' in line and 'out' in line and '|' in line]
            if len(lines) >= wanted or time.monotonic() > end:
                return lines
            time.sleep(0.02)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = None
        shutil.rmtree(self.folder, ignore_errors=True)
        return status


def show_request(body):
    value = json.loads(body)
    say(f'  {paint("36", "POST /v1/messages?beta=true")}   {len(body)} bytes, {len(value["messages"])} message(s)')
    say(f'  {paint("36", "you")}     {value["messages"][-1]["content"]}')


def stream(proxy, body, words=None):
    """Sends a turn and prints the answer as it arrives. Returns the reply's headers, bytes and text; with `words` the
    client hangs up after that many, and the moment of it is returned."""
    conn = http.client.HTTPConnection('127.0.0.1', proxy.port, timeout=10)
    conn.request('POST', '/v1/messages?beta=true', body=body, headers={
        'content-type': 'application/json', 'x-api-key': KEY, 'anthropic-version': '2023-06-01',
        'anthropic-beta': 'some-beta-2031-01-01', 'X-Nobody-Knows': 'this header'})
    reply = conn.getresponse()
    if reply.status != 200:
        raise Wrong(f'status {reply.status}: {reply.read(500)}')
    print(f'  {paint("36", "claude")}  ', end='', flush=True)
    got, text, frame = b'', '', b''
    while line := reply.readline():
        got, frame = got + line, frame + line
        if line != b'\n':
            continue
        data = json.loads(frame.split(b'data: ', 1)[1])
        frame = b''
        if data['type'] == 'content_block_delta':
            text += data['delta']['text']
            print(data['delta']['text'], end='', flush=True)
            if words and text.count(' ') >= words:
                print('…', flush=True)
                reply.close()
                conn.close()
                return time.monotonic()
    print(flush=True)
    conn.close()
    return reply.getheaders(), got, text


def converse(proxy, upstream):
    """Two turns; checks each of them byte for byte. Returns the bodies so far."""
    messages = []
    for number, question in enumerate(QUESTIONS[:2]):
        messages.append({'role': 'user', 'content': question})
        # Odd on purpose: white space, an unknown field, a number no double can hold. All of it must arrive.
        body = json.dumps({'model': 'claude-opus-5-5', 'max_tokens': 256, 'system': SYSTEM, 'messages': messages,
                           'stream': True}, ensure_ascii=False)
        body = (body[:-1] + ' , "nobody_knows_this":1e400 }').encode()
        step(f'Turn {number + 1}')
        show_request(body)
        headers, got, text = stream(proxy, body)
        turn = upstream.turns[number]
        say()
        check(turn.body == body, f'the provider received the {len(body)} bytes that the client sent, every one the same')
        names = {n.lower(): v for n, v in turn.headers}
        check(names.get('x-nobody-knows') == 'this header' and names.get('x-api-key') == KEY
              and names.get('anthropic-beta') == 'some-beta-2031-01-01',
              'and its headers: key, betas, one that nobody knows')
        check(got == turn.sent, f'the client received the {len(got)} bytes of the stream that the provider sent')
        check(dict(headers).get('request-id') == f'req_demo_{number + 1}', 'and its headers: request-id, content-type')
        messages.append({'role': 'assistant', 'content': text.strip()})
    return messages


def hang_up(proxy, upstream, messages):
    step('Turn 3, and the client hangs up in the middle')
    body = json.dumps({'model': 'claude-opus-5-5', 'max_tokens': 9000, 'stream': True,
                       'messages': messages + [{'role': 'user', 'content': QUESTIONS[2]}]}).encode()
    show_request(body)
    left_at = stream(proxy, body, words=8)
    end = time.monotonic() + 2
    while upstream.turns[2].cut_off_at is None and time.monotonic() < end:
        time.sleep(0.005)
    cut = upstream.turns[2].cut_off_at
    say()
    check(cut is not None, 'the provider was told to stop'
          + (f', {max(0, (cut - left_at) * 1000):.0f} ms later: nobody pays for words that nobody reads' if cut else ''))


def run(program):
    say(paint('1', 'sluice demo: one conversation through the proxy'))
    upstream = Upstream(ANSWERS)
    say(f'  a scripted provider plays Anthropic at {upstream.url}')
    proxy = Proxy(program, upstream.url)
    try:
        took = proxy.wait_ready()
        say(f'  sluice listens on http://127.0.0.1:{proxy.port}, ready after {took * 1000:.0f} ms')
        messages = converse(proxy, upstream)
        hang_up(proxy, upstream, messages)
        step('What sluice logged')
        lines = proxy.log_lines(3)
        for line in lines:
            say(f'  {line}')
        say()
        check(len(lines) >= 2, 'a line for each turn')
        check(KEY not in proxy.log() and QUESTIONS[0] not in proxy.log(), 'without the key, and without what was said')
    finally:
        status = proxy.stop()
        upstream.stop()
    check(status == 0, 'and it ended when it was told to')


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    program = os.path.abspath(sys.argv[1])
    try:
        run(program)
    except (Wrong, OSError, ValueError, http.client.HTTPException) as e:
        say()
        say(f'{paint("31", "The demo failed")}: {e}')
        return 1
    shown = os.path.relpath(program)
    step('Now for real')
    say(f'  {shown} run claude        your Claude Code, as always, through sluice')
    say(f'  {shown} start             or leave it running and point any client at http://localhost:7780')
    say(f'  {shown} help              everything else')
    return 0


if __name__ == '__main__':
    sys.exit(main())
