# SPDX-License-Identifier: MIT
"""The life of a proxy: start, stop, status, reload, and everything that is in the way."""

import json
import os
import select
import signal
import socket
import subprocess

from scene import PATIENCE, alive, check, equal, has, wait_until


def test_foreground(scene):
    process = scene.start_foreground()
    equal(scene.status()['pid'], process.pid, 'pid')
    scene.ok('stop')
    equal(process.wait(PATIENCE), 0, 'exit status')
    has(process.stderr.read(), f'listening on {scene.url}')
    equal(scene.call('status').returncode, 3, 'status')


def test_daemon(scene):
    text = scene.ok('start', '--daemon', stdin=subprocess.PIPE)
    has(text, scene.url)
    status = scene.status()
    equal(status['urls'], [scene.url], 'urls')
    equal(status['health'], 200, 'health')
    check(status['uptime_s'] >= 0, 'uptime')
    has(scene.ok('version'), status['version'])
    pid = status['pid']
    check(os.getsid(pid) not in (os.getsid(0), 0), 'it is in a session of its own')
    equal(os.readlink(f'/proc/{pid}/fd/0'), '/dev/null', 'standard input')
    shown = scene.ok('status')
    for part in (f'pid {pid}', scene.url, 'health     ok'):
        has(shown, part)
    has(scene.ok('stop'), f'stopped (pid {pid})')
    check(not alive(pid), 'it is gone')
    has(scene.ok('stop'), 'no proxy is running')


def test_files_are_private(scene):
    scene.start()
    for folder, _, files in os.walk(os.path.join(scene.folder, 'state')):
        equal(os.stat(folder).st_mode & 0o777, 0o700, folder)
        for name in files:
            equal(os.stat(os.path.join(folder, name)).st_mode & 0o777, 0o600, name)
    scene.ok('stop')
    check(not os.path.exists(os.path.join(scene.state, 'proxy.json')), 'the state file is gone')


def test_only_one(scene):
    pid = scene.start()
    for words in (['start'], ['start', '--daemon'], ['start', '--set', 'listen=127.0.0.1:0']):
        done = scene.call(*words)
        equal(done.returncode, 1, ' '.join(words))
        has(done.stderr, f'running already at {scene.url} (pid {pid})')
    equal(scene.status()['pid'], pid, 'pid')


def test_options_before_the_command(scene):
    scene.configure('{}')
    scene.ok('--set', f'listen=127.0.0.1:{scene.port}', 'start', '--daemon')
    equal(scene.status()['urls'], [scene.url], 'urls')


def test_any_port(scene):
    scene.start('--set', 'listen=127.0.0.1:0')
    url = scene.status()['urls'][0]
    check(not url.endswith(':0') and url != scene.url, url)


def test_after_a_crash(scene):
    pid = scene.start()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not alive(pid), 'it is killed')
    check(os.path.exists(os.path.join(scene.state, 'proxy.json')), 'its state file stays behind')
    equal(scene.call('status').returncode, 3, 'status')
    equal(scene.call('reload').returncode, 3, 'reload')
    check(scene.start() != pid, 'another one starts')


def test_pid_that_is_somebody_elses(scene):
    scene.start()
    scene.ok('stop')
    for name, text in (('proxy.lock', f'{os.getpid()} 1\n'),
                       ('proxy.json', json.dumps({'pid': os.getpid(), 'version': '0', 'urls': [scene.url]}))):
        with open(os.path.join(scene.state, name), 'w', encoding='utf-8') as f:
            f.write(text)
    equal(scene.call('status').returncode, 3, 'status')
    has(scene.ok('stop'), 'no proxy is running')
    scene.start()


def test_port_of_another_program(scene):
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        s.listen()
        port = s.getsockname()[1]
        for words in (['start'], ['start', '--daemon']):
            done = scene.call(*words, '--set', f'listen=127.0.0.1:{port}')
            equal(done.returncode, 1, ' '.join(words))
            has(done.stderr, f'port {port}: it is taken by python')
            has(done.stderr, f'(pid {os.getpid()})')
            has(done.stderr, '--set listen=')
    check(not scene.running(), 'nothing runs')


def test_port_of_another_sluice(scene):
    pid = scene.start()
    done = scene.call('start', '--daemon', env={'XDG_STATE_HOME': os.path.join(scene.folder, 'other')})
    equal(done.returncode, 1, 'exit status')
    has(done.stderr, f'taken by another sluice (pid {pid})')


def test_mistake_in_the_configuration(scene):
    path = scene.configure('{\n  "limits": { "drain_s": "soon" }\n}')
    for words in (['start'], ['start', '--daemon']):
        done = scene.call(*words)
        equal((done.returncode, done.stdout), (1, ''), ' '.join(words))
        has(done.stderr, f'{path}:2:')
        has(done.stderr, 'limits.drain_s')
    check(not scene.running(), 'nothing runs')


def test_state_folder_that_cannot_be(scene):
    with open(os.path.join(scene.folder, 'file'), 'w', encoding='utf-8'):
        pass
    for name in ('start', 'stop', 'status', 'reload'):
        done = scene.call(name, env={'XDG_STATE_HOME': os.path.join(scene.folder, 'file')})
        equal(done.returncode, 1, name)
        has(done.stderr, 'cannot create folder')


def test_log_options(scene):
    scene.start('--log-format', 'json', '--log-level=debug')
    scene.ok('stop')
    lines = [json.loads(line) for line in scene.log().splitlines()]
    check(lines, 'there are log lines')


def test_log_file(scene):
    path = os.path.join(scene.folder, 'own.log')
    scene.configure(log={'file': path})
    scene.start()
    with open(path, encoding='utf-8') as f:
        has(f.read(), f'listening on {scene.url}')


def test_daemon_keeps_nothing_open(scene):
    """A shell or ssh that waits for the end of the output must not wait for the end of the proxy."""
    r, w = os.pipe()
    os.set_inheritable(w, True)
    try:
        scene.ok('start', '--daemon', pass_fds=[w])
        os.close(w)
        w = -1
        check(select.select([r], [], [], PATIENCE)[0], 'the pipe is closed everywhere')
        equal(os.read(r, 1), b'', 'what is left of the pipe')
    finally:
        os.close(r)
        if w >= 0:
            os.close(w)
    check(scene.running(), 'it runs')


def test_daemon_without_standard_streams(scene):
    done = subprocess.run(['sh', '-c', 'exec "$@" <&- >&- 2>&-', 'sh', *scene.program, 'start', '--daemon'],
                          env=scene.env, cwd=scene.folder, timeout=PATIENCE, check=False)
    equal(done.returncode, 0, 'exit status')
    equal(scene.status()['health'], 200, 'health')
    with open(os.path.join(scene.state, 'proxy.json'), encoding='utf-8') as f:
        json.load(f)


def with_stream(scene, **limits):
    """A proxy in the foreground with a stream that is held in the middle."""
    provider = scene.provider()
    scene.configure(providers={'anthropic': {'base_url': provider.url}}, limits=limits)
    process = scene.start_foreground()
    return provider, process, scene.open_stream()


def test_stop_drains(scene):
    provider, process, reply = with_stream(scene)
    process.send_signal(signal.SIGTERM)
    wait_until(scene.refuses, 'nothing new is taken')
    check(process.poll() is None, 'the stream keeps it')
    provider.release()
    has(reply.read().decode(), 'message_stop')
    equal(process.wait(PATIENCE), 0, 'exit status')


def test_stop_waits(scene):
    provider, process, reply = with_stream(scene)
    stop = scene.popen('stop')
    wait_until(scene.refuses, 'nothing new is taken')
    check(stop.poll() is None, 'stop waits')
    provider.release()
    has(reply.read().decode(), 'message_stop')
    equal(stop.wait(PATIENCE), 0, 'exit status of stop')
    equal(process.wait(PATIENCE), 0, 'exit status')


def test_second_signal_ends(scene):
    for second in (signal.SIGTERM, signal.SIGINT):
        _, process, reply = with_stream(scene)
        process.send_signal(signal.SIGTERM)
        wait_until(scene.refuses, 'nothing new is taken')
        process.send_signal(second)
        process.wait(PATIENCE)
        check('message_stop' not in read_rest(reply), 'the stream is cut')


def read_rest(reply):
    """What still comes of a reply, however it ends."""
    data = b''
    try:
        while part := reply.read1(65536):
            data += part
    except Exception:
        pass
    return data.decode()


def test_stop_now(scene):
    _, process, reply = with_stream(scene)
    scene.ok('stop', '--now')
    process.wait(PATIENCE)
    check('message_stop' not in read_rest(reply), 'the stream is cut')


def test_drain_has_an_end(scene):
    _, process, reply = with_stream(scene, drain_s=0.2)
    scene.ok('stop')
    process.wait(PATIENCE)
    check('message_stop' not in read_rest(reply), 'the stream is cut')


def test_reload(scene):
    provider = scene.provider()
    provider.release()
    providers = {'anthropic': {'base_url': provider.url}}
    scene.configure(providers=providers)
    pid = scene.start()
    scene.open_stream().read()
    equal(provider.bodies[-1]['model'], 'm', 'model before')
    scene.configure(providers=providers, override={'model': 'n'})
    has(scene.ok('reload'), f'(pid {pid})')

    def overridden():
        scene.open_stream().read()
        return provider.bodies[-1]['model'] == 'n'

    wait_until(overridden, 'the new model')
    equal(scene.status()['pid'], pid, 'pid')


def test_reload_of_mistakes(scene):
    pid = scene.start()
    path = scene.configure('{\n  "listn": []\n}')
    done = scene.call('reload')
    equal(done.returncode, 1, 'exit status')
    has(done.stderr, f'{path}:2:')
    has(done.stderr, 'not reloaded')
    equal(scene.health()['pid'], pid, 'pid')


def test_reload_looks_at_the_proxys_own_file(scene):
    """The proxy was started with --config, from another folder and with another environment."""
    own = os.path.join(scene.folder, 'own.json')
    with open(own, 'w', encoding='utf-8') as f:
        json.dump({'listen': [f'127.0.0.1:{scene.port}']}, f)
    scene.ok('start', '--daemon', '--config', 'own.json', env={'SLUICE_LIMITS_DRAIN_S': '1'})
    scene.configure('nonsense')
    scene.ok('reload', cwd='/')
    with open(own, 'w', encoding='utf-8') as f:
        f.write('{"limits": {"drain_s": -1}}')
    done = scene.call('reload', cwd='/')
    # The environment wins over the file, which is looked at all the same.
    equal(done.returncode, 1, 'exit status')
    has(done.stderr, 'own.json:1:')


def test_nothing_runs(scene):
    equal(scene.call('status').returncode, 3, 'status')
    equal(scene.status(), {'running': False}, 'status --json')
    done = scene.call('reload')
    equal(done.returncode, 3, 'reload')
    has(done.stderr, 'no proxy is running')
    has(scene.ok('stop'), 'no proxy is running')
