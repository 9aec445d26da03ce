# SPDX-License-Identifier: MIT
"""Looking on: top in a terminal of its own, the status line, and what the endpoints behind them promise."""

import fcntl
import http.client
import json
import os
import pty
import shutil
import signal
import stat
import struct
import subprocess
import termios
import threading

from scene import PATIENCE, check, equal, has, wait_until

SESSION = '5e551011-0000-4000-8000-000000000001'
INPUT = {'session_id': SESSION, 'model': {'id': 'claude-opus-5-5', 'display_name': 'Opus 5.5'},
         'workspace': {'current_dir': '/x'}, 'cost': {'total_cost_usd': 99.5},
         'context_window': {'used_percentage': 43.2, 'context_window_size': 200000}}


class Terminal:
    """A program on a terminal; what it writes is gathered."""

    def __init__(self, scene, *args, size=(24, 80), term='xterm-256color'):
        self.master, self.slave = pty.openpty()
        self.resize(*size)
        self.before = termios.tcgetattr(self.slave)
        self.process = scene.popen(*args, env={'TERM': term}, stdin=self.slave, stdout=self.slave,
                                   stderr=subprocess.PIPE, start_new_session=True)
        self.text = b''
        threading.Thread(target=self.gather, daemon=True).start()

    def gather(self):
        try:
            while part := os.read(self.master, 65536):
                self.text += part
        except OSError:
            pass

    def resize(self, rows, cols):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack('HHHH', rows, cols, 0, 0))

    def type(self, keys):
        os.write(self.master, keys.encode())

    def wait_for(self, text):
        wait_until(lambda: text.encode() in self.text, f'{text!r} on the screen')

    def clear(self):
        self.text = b''

    def end(self):
        """Exit status, after a look at what was left behind."""
        status = self.process.wait(PATIENCE)
        wait_until(lambda: b'\x1b[?1049l' in self.text, 'the screen from before is back')
        equal(termios.tcgetattr(self.slave), self.before, 'settings of the terminal')
        os.close(self.slave)
        os.close(self.master)
        return status


def test_top(scene):
    provider = scene.provider()
    scene.configure(providers={'anthropic': {'base_url': provider.url}})
    scene.start()
    reply = scene.open_stream()
    top = Terminal(scene, 'top')
    for text in ('sluice ', 'STREAMS 1', 'CONVERSATIONS', 'PROVIDERS', 'ENDED', ' quit'):
        top.wait_for(text)
    provider.release()
    reply.read()
    top.wait_for('200')
    top.clear()
    top.type('?')
    top.wait_for('hold the picture still')
    top.type('x')
    top.clear()
    top.resize(30, 170)
    top.process.send_signal(signal.SIGWINCH)
    top.wait_for('STREAMS 0')
    top.type('q')
    equal(top.end(), 0, 'exit status')


def test_top_ends_clean(scene):
    scene.start()
    for how in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        top = Terminal(scene, 'top')
        top.wait_for('STREAMS')
        top.process.send_signal(how)
        equal(top.end(), 0, f'exit status after {how}')


def test_top_finds_the_proxy_again(scene):
    scene.start()
    top = Terminal(scene, 'top')
    top.wait_for('STREAMS')
    scene.ok('stop')
    top.wait_for('trying again every second')
    top.clear()
    scene.start()
    top.wait_for(' quit')
    top.type('q')
    equal(top.end(), 0, 'exit status')


def test_top_elsewhere(scene):
    equal(scene.call('top', '--once').returncode, 3, 'without a proxy')
    scene.start()
    text = scene.ok('top', '--once', env={'COLUMNS': '120', 'LINES': '30'})
    for part in ('sluice ', 'STREAMS 0', 'ENDED'):
        has(text, part)
    check('\x1b' not in text, 'it is plain text')
    done = scene.call('top')
    equal(done.returncode, 2, 'without a terminal')
    has(done.stderr, 'needs a terminal')
    for term, words in (('dumb', "of type 'dumb'"), ('no-such-terminal', 'TERM=no-such-terminal')):
        master, slave = pty.openpty()
        done = scene.call('top', env={'TERM': term}, stdin=slave, stdout=slave)
        equal(done.returncode, 2, term)
        has(done.stderr, words)
        os.close(master)
        os.close(slave)


def test_top_key(scene):
    scene.configure(auth={'key': 'a-key-of-some-length'})
    scene.start()
    has(scene.ok('top', '--once'), 'STREAMS')
    done = scene.call('top', '--once', '--set', 'auth.key=another-key-than-that')
    equal(done.returncode, 1, 'with a wrong key')
    has(done.stderr, 'another key')


# ---- what it reads ----


def watch(scene):
    c = http.client.HTTPConnection('127.0.0.1', scene.port, timeout=PATIENCE)
    c.request('GET', '/sluice/api/live')
    reply = c.getresponse()
    equal((reply.status, reply.getheader('content-type')), (200, 'text/event-stream'), 'reply')
    return reply


def next_state(reply):
    """The next state of a stream that goes on."""
    data = b''
    while line := reply.readline():
        if line.startswith(b'data: '):
            data = line[6:]
        if line == b'\n':
            return json.loads(data)
    return None


def test_live_stream(scene):
    provider = scene.provider()
    scene.configure(providers={'anthropic': {'base_url': provider.url}})
    scene.start()
    reply = watch(scene)
    equal(next_state(reply)['open'], [], 'at the beginning')
    stream = scene.open_stream()
    state = next_state(reply)
    equal([(x['provider'], x['model']) for x in state['open']], [('anthropic', 'm')], 'open')
    provider.release()
    stream.read()
    while not state['ended']:
        state = next_state(reply)
    equal((state['ended'][0]['seq'], state['ended'][0]['status']), (1, 200), 'ended')
    equal(scene.health()['open_exchanges'], 0, 'a watcher is no work')
    scene.ok('stop')
    while state is not None:
        state = next_state(reply)


def test_stop_waits_for_no_watcher(scene):
    """Also not for one that does not read."""
    scene.start()
    watchers = [watch(scene) for _ in range(20)]
    next_state(watchers[0])
    done = scene.call('stop')
    equal(done.returncode, 0, 'stop')
    check(not scene.running(), 'it is gone')


def test_metrics(scene):
    """What promtool says of them; PROMTOOL says where it is (tools/promtool)."""
    provider = scene.provider()
    scene.configure(providers={'anthropic': {'base_url': provider.url}})
    scene.start()
    stream = scene.open_stream()
    provider.release()
    stream.read()
    counted = b'sluice_requests_total{endpoint="messages",provider="anthropic",status="2xx"} 1\n'
    wait_until(lambda: counted in metrics(scene), 'the request is counted')
    promtool = os.environ.get('PROMTOOL') or shutil.which('promtool')
    check(promtool, 'there is no promtool to judge them')
    done = subprocess.run([promtool, 'check', 'metrics'], input=metrics(scene), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
    equal((done.returncode, done.stdout), (0, b''), 'promtool')


def metrics(scene):
    c = http.client.HTTPConnection('127.0.0.1', scene.port, timeout=PATIENCE)
    c.request('GET', '/metrics')
    reply = c.getresponse()
    equal(reply.getheader('content-type'), 'text/plain; version=0.0.4; charset=utf-8', 'type')
    return reply.read()


# ---- the status line ----


def line(scene, given, **env):
    process = scene.popen('statusline', stdin=subprocess.PIPE, env={'NO_COLOR': '1'} | env)
    out, _ = process.communicate(given if isinstance(given, str) else json.dumps(given), timeout=PATIENCE)
    equal(process.returncode, 0, 'exit status')
    return out


def test_statusline_without_a_proxy(scene):
    """Less than it could say, and never an error; with sanitizers the time may be up before it is complete."""
    check(line(scene, INPUT) in ('Opus 5.5 · context 43%\n', ''), 'model and context')
    for given in ('', '{', '[]', 'null', '{"model":7,"context_window":[]}', '\x00\xff'):
        check(line(scene, given) in ('\n', ''), f'nothing for {given!r}')
    odd = {'model': {'display_name': 'a\x1b[31m\x07b'}}
    check(line(scene, odd) in ('a[31mb\n', ''), 'no control characters')
    scene.configure('{ this is no configuration')
    check(line(scene, INPUT) in ('Opus 5.5 · context 43%\n', ''), 'with a broken configuration')


def settings(scene):
    return os.path.join(scene.folder, '.claude', 'settings.json')


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def test_statusline_install(scene):
    has(scene.ok('statusline', 'install'), 'from its next start on')
    ours = json.loads(read(settings(scene)))['statusLine']
    equal(ours['type'], 'command', 'type')
    check(ours['command'].endswith(' statusline'), ours['command'])
    shown = subprocess.run(ours['command'], shell=True, input='{}', text=True, env=scene.env, timeout=PATIENCE,
                           stdout=subprocess.PIPE, check=True)
    check(shown.stdout in ('\n', ''), 'what was installed runs')
    scene.ok('statusline', 'install')
    has(scene.ok('statusline', 'uninstall'), 'removed')
    equal(json.loads(read(settings(scene))), {}, 'settings')
    has(scene.ok('statusline', 'uninstall'), 'nothing was changed')


def test_statusline_gives_back(scene):
    folder = os.path.join(scene.folder, 'elsewhere')
    path = os.path.join(folder, 'settings.json')
    real = os.path.join(scene.folder, 'dotfiles.json')
    text = '{\n\t"a": 1.50e3,\n\t"statusLine": { "type":"command",  "command": "~/x.sh" },\n\t"b": "\\u00e4"}\n'
    os.makedirs(folder)
    with open(real, 'w', encoding='utf-8') as f:
        f.write(text)
    os.chmod(real, 0o640)
    os.symlink(real, path)
    env = {'CLAUDE_CONFIG_DIR': folder}
    has(scene.ok('statusline', 'install', env=env), 'gives the former one back')
    check(os.path.islink(path), 'a link stays one')
    equal(stat.S_IMODE(os.stat(real).st_mode), 0o640, 'mode')
    scene.ok('statusline', 'install', env=env)
    has(scene.ok('statusline', 'uninstall', env=env), 'former status line is back')
    equal(read(real), text, 'settings')
    equal(sorted(os.listdir(folder)), ['settings.json'], 'nothing is left behind')
    has(scene.ok('statusline', 'uninstall', env=env), "is not sluice's")
    equal(read(real), text, 'settings')


def test_statusline_leaves_what_it_cannot_read(scene):
    os.makedirs(os.path.dirname(settings(scene)))
    for text in ('{ "a": 1, // a comment\n}', '{"a":', '[]', '"x"', '{"a":1} x'):
        with open(settings(scene), 'w', encoding='utf-8') as f:
            f.write(text)
        for word in ('install', 'uninstall'):
            done = scene.call('statusline', word)
            equal(done.returncode, 1, f'{word} in {text}')
            has(done.stderr, 'is left as it is')
            equal(read(settings(scene)), text, 'settings')
