# SPDX-License-Identifier: MIT
"""What the tests of the command line stand on: a home of one's own with one proxy, a provider whose
stream can be held, and waiting without guessing at times."""

import contextlib
import http.client
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

PATIENCE = 60  # seconds until something that must happen is given up on


class Failed(Exception):
    pass


def check(condition, what):
    if not condition:
        raise Failed(what)


def equal(got, want, what):
    check(got == want, f'{what}: got {got!r}, want {want!r}')


def has(text, part):
    check(part in text, f'{part!r} is missing in {text!r}')


def wait_until(condition, what, seconds=PATIENCE):
    """Waits until condition() gives something true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        check(time.monotonic() < end, f'waited in vain: {what}')
        time.sleep(0.02)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def alive(pid):
    """Whether the process exists and has not just ended unnoticed by its parent."""
    try:
        with open(f'/proc/{pid}/stat', encoding='ascii', errors='replace') as f:
            return f.read().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False


class Provider:
    """Answers each POST with a stream of two events; the second one waits for release()."""

    def __init__(self):
        self.gate, self.bodies = threading.Event(), []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_POST(self):
                outer.bodies.append(json.loads(self.rfile.read(int(self.headers['content-length']))))
                self.send_response(200)
                self.send_header('content-type', 'text/event-stream')
                self.send_header('transfer-encoding', 'chunked')
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.event('message_start')
                    outer.gate.wait(PATIENCE)
                    self.event('message_stop')
                    self.wfile.write(b'0\r\n\r\n')

            def event(self, kind):
                data = b'event: %s\ndata: {"type":"%s"}\n\n' % (kind.encode(), kind.encode())
                self.wfile.write(b'%x\r\n%s\r\n' % (len(data), data))
                self.wfile.flush()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.url = f'http://127.0.0.1:{self.server.server_address[1]}'
        threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.02}, daemon=True).start()

    def release(self):
        self.gate.set()

    def close(self):
        self.release()
        self.server.shutdown()
        self.server.server_close()


class Scene:
    """A home with a configuration, in which the program is called."""

    def __init__(self, program):
        self.program = program
        self.folder = tempfile.mkdtemp(prefix='cli-')
        self.port = free_port()
        self.url = f'http://127.0.0.1:{self.port}'
        self.state = os.path.join(self.folder, 'state', 'sluice')
        self.env = {
            'HOME': self.folder, 'PATH': os.environ.get('PATH', ''), 'LANG': 'C.UTF-8',
            'XDG_STATE_HOME': os.path.join(self.folder, 'state'),
            'XDG_CONFIG_HOME': os.path.join(self.folder, 'config'),
        }
        self.env |= {k: v for k, v in os.environ.items() if k.endswith('SAN_OPTIONS')}
        self.processes, self.providers = [], []
        self.configure()

    def configure(self, text=None, **settings):
        """Writes the configuration: settings beside `listen`, or a text as it is."""
        path = os.path.join(self.folder, 'config', 'sluice', 'config.json')
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text if text is not None else json.dumps({'listen': [f'127.0.0.1:{self.port}']} | settings))
        os.chmod(path, 0o600)
        return path

    def provider(self):
        self.providers.append(Provider())
        return self.providers[-1]

    def popen(self, *args, env=None, **kwargs):
        kwargs = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE,
                  'text': True, 'cwd': self.folder} | kwargs
        process = subprocess.Popen([*self.program, *args], env=self.env | (env or {}), **kwargs)
        self.processes.append(process)
        return process

    def call(self, *args, **kwargs):
        """Runs the program to its end; the result has returncode, stdout and stderr."""
        process = self.popen(*args, **kwargs)
        out, err = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(args, process.returncode, out, err)

    def ok(self, *args, **kwargs):
        done = self.call(*args, **kwargs)
        equal(done.returncode, 0, f'exit status of {" ".join(args)} ({done.stderr.strip()})')
        return done.stdout

    def status(self):
        return json.loads(self.call('status', '--json').stdout)

    def running(self):
        return self.status()['running']

    def wait_gone(self):
        wait_until(lambda: not self.running(), 'the proxy ends')

    def start(self, *args):
        """Starts the proxy in the background; its pid."""
        self.ok('start', '--daemon', *args)
        return self.status()['pid']

    def start_foreground(self, *args):
        process = self.popen('start', *args)
        wait_until(lambda: self.running() and self.status().get('health') == 200, 'the proxy listens')
        return process

    def script(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, 'w', encoding='utf-8') as f:
            f.write('#!/bin/sh\n' + text)
        os.chmod(path, 0o700)
        return path

    def health(self):
        try:
            c = http.client.HTTPConnection('127.0.0.1', self.port, timeout=PATIENCE)
            c.request('GET', '/health')
            return json.loads(c.getresponse().read())
        except OSError:
            return None

    def open_stream(self):
        """A request whose reply has begun: the first event has been read."""
        c = http.client.HTTPConnection('127.0.0.1', self.port, timeout=PATIENCE)
        c.request('POST', '/v1/messages', json.dumps({'model': 'm', 'stream': True, 'messages': []}),
                  {'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': 'k'})
        reply = c.getresponse()
        equal(reply.status, 200, 'status of the stream')
        has(reply.readline().decode(), 'message_start')
        return reply

    def refuses(self):
        """Whether nothing listens on the port any more."""
        try:
            socket.create_connection(('127.0.0.1', self.port), timeout=PATIENCE).close()
            return False
        except OSError:
            return True

    def log(self, name='sluice.log'):
        with open(os.path.join(self.state, name), encoding='utf-8', errors='replace') as f:
            return f.read()

    def kill(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()

    def close(self):
        for provider in self.providers:
            provider.close()
        self.kill()
        for process in self.processes:
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe:
                    pipe.close()
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(os.path.join(self.state, 'proxy.lock'), encoding='ascii') as f:
                pid = int(f.read().split()[0])
            if self.running():
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)
