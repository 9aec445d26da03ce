# SPDX-License-Identifier: MIT
"""`sluice run`: a client with the proxy before it."""

import json
import os
import pty
import signal
import time

from scene import PATIENCE, alive, check, equal, has, wait_until

# Prints what a client sees: its pid, its arguments, the variables, and who answers.
LOOK = '''
echo "pid=$$"
for a; do echo "arg=$a"; done
env | grep -E '^(ANTHROPIC|OPENAI|GOOGLE|GEMINI|CLAUDE|OPENCODE|SLUICE)_' || true
'''
# Says that it runs, and goes on when a line comes.
HOLD = 'echo here; read line; exit "${line:-0}"'


def look(scene, *words, name='look', **kwargs):
    """What a client named so sees: a list of lines."""
    done = scene.call('run', *words[:-1], '--', scene.script(name, LOOK), *words[-1:], **kwargs)
    equal(done.returncode, 0, f'exit status ({done.stderr})')
    return done.stdout.splitlines()


def hold(scene, *words):
    """A run whose client waits; returns when the client is there."""
    process = scene.popen('run', *words, 'sh', '-c', HOLD, stdin=-1)
    equal(process.stdout.readline(), 'here\n', 'the client')
    return process


def let_go(process, status=0):
    process.stdin.write(f'{status}\n')
    process.stdin.flush()
    equal(process.wait(PATIENCE), status, 'exit status')


def test_run_sets_what_clients_read(scene):
    lines = look(scene, 'a b')
    for want in ('arg=a b', f'ANTHROPIC_BASE_URL={scene.url}', f'OPENAI_BASE_URL={scene.url}/v1',
                 f'GOOGLE_GEMINI_BASE_URL={scene.url}'):
        check(want in lines, f'{want} in {lines}')
    check(not any(line.startswith('SLUICE_') for line in lines), 'nothing else is set')


def test_run_without_env(scene):
    lines = look(scene, '--no-env', 'x')
    equal(lines[1:], ['arg=x'], 'what the client sees')


def test_run_knows_clients(scene):
    lines = look(scene, 'x', name='claude')
    check('CLAUDE_CODE_GATEWAY_HINT_HEADERS=1' in lines, lines)
    check(not any(line.startswith('OPENAI_') for line in lines), lines)
    lines = look(scene, 'exec', name='codex')
    equal([line for line in lines if line.startswith('arg=')],
          ['arg=-c', 'arg=model_provider="openai"', 'arg=-c', f'arg=openai_base_url="{scene.url}/v1"', 'arg=exec'],
          'arguments of codex')
    lines = look(scene, 'x', name='opencode')
    config = json.loads(next(line for line in lines if line.startswith('OPENCODE_')).partition('=')[2])
    equal(config['provider']['anthropic']['options']['baseURL'], scene.url + '/v1', 'baseURL')


def test_run_says_what_it_overrides(scene):
    done = scene.call('run', scene.script('claude', LOOK), env={'ANTHROPIC_BASE_URL': 'http://other.example'})
    has(done.stderr, 'ANTHROPIC_BASE_URL pointed elsewhere')
    has(done.stdout, f'ANTHROPIC_BASE_URL={scene.url}\n')
    equal(done.stderr.count('\n'), 1, 'lines')


def test_run_hands_over_the_key(scene):
    scene.configure(auth={'key': 'proxy-key-0123456789'})
    done = scene.call('run', 'printenv', 'ANTHROPIC_CUSTOM_HEADERS', env={'ANTHROPIC_CUSTOM_HEADERS': 'a: b'})
    equal(done.stdout, 'a: b\nx-sluice-key: proxy-key-0123456789\n', 'headers')
    check('proxy-key' not in done.stderr, 'the key is not shown')


def test_run_is_the_client(scene):
    """The client has the pid, and with it terminal, signals and exit status."""
    process = scene.popen('run', scene.script('look', LOOK))
    out, _ = process.communicate(timeout=PATIENCE)
    has(out, f'pid={process.pid}\n')


def test_run_passes_the_exit_status(scene):
    for status in (0, 1, 7, 255):
        equal(scene.call('run', 'sh', '-c', f'exit {status}').returncode, status, 'exit status')


def test_run_passes_signals(scene):
    equal(scene.call('run', 'sh', '-c', 'kill -KILL $$').returncode, -signal.SIGKILL, 'killed')
    equal(scene.call('run', 'sh', '-c', 'kill -SEGV $$').returncode, -signal.SIGSEGV, 'crashed')
    process = scene.popen('run', 'sh', '-c', 'trap "exit 9" USR1; echo here; while :; do sleep 0.05; done')
    equal(process.stdout.readline(), 'here\n', 'the client')
    process.send_signal(signal.SIGUSR1)
    equal(process.wait(PATIENCE), 9, 'exit status')
    process = hold(scene)
    process.send_signal(signal.SIGTERM)
    equal(process.wait(PATIENCE), -signal.SIGTERM, 'ended')


def test_run_passes_standard_input(scene):
    process = scene.popen('run', 'cat', stdin=-1)
    out, err = process.communicate('one\ntwo\n', timeout=PATIENCE)
    equal((out, err), ('one\ntwo\n', ''), 'what cat says')


def test_run_passes_the_terminal(scene):
    ours, theirs = pty.openpty()
    process = scene.popen('run', 'sh', '-c', 'test -t 0 && test -t 1 && test -t 2',
                          stdin=theirs, stdout=theirs, stderr=theirs)
    equal(process.wait(PATIENCE), 0, 'exit status')
    os.close(ours)
    os.close(theirs)


def test_ctrl_c_is_the_clients(scene):
    """The proxy is in a session of its own: an interrupt of the client's group does not reach it."""
    process = scene.popen('run', 'sh', '-c', f'trap "" INT; {HOLD}', stdin=-1, start_new_session=True)
    equal(process.stdout.readline(), 'here\n', 'the client')
    pid = scene.status()['pid']
    os.killpg(process.pid, signal.SIGINT)
    equal(scene.health()['status'], 'ok', 'status')
    equal(scene.status()['pid'], pid, 'pid')
    let_go(process)


def test_proxy_ends_with_the_last_run(scene):
    first, second = hold(scene), hold(scene)
    pid = scene.status()['pid']
    let_go(first, 3)
    time.sleep(1.2)  # twice as long as the proxy takes to notice
    equal((scene.health() or {}).get('status'), 'ok', 'the other run still has its proxy')
    equal(scene.status()['pid'], pid, 'pid')
    let_go(second)
    scene.wait_gone()
    wait_until(lambda: not alive(pid), 'the process is gone')


def test_proxy_ends_when_the_run_is_killed(scene):
    process = hold(scene)
    process.kill()
    process.wait(PATIENCE)
    scene.wait_gone()


def test_runs_at_once_share_one_proxy(scene):
    processes = [scene.popen('run', 'sh', '-c', HOLD, stdin=-1) for _ in range(6)]
    for process in processes:
        equal(process.stdout.readline(), 'here\n', 'the client')
    equal(scene.log().count(f'listening on {scene.url}'), 1, 'proxies that were started')
    for process in processes:
        let_go(process)
    scene.wait_gone()


def test_run_after_run(scene):
    """Also while the proxy of the one before is just ending."""
    script = scene.script('ask', 'python3 -c "import os, urllib.request as r;'
                          "print(r.urlopen(os.environ['ANTHROPIC_BASE_URL'] + '/health').status)\"")
    for n in range(8):
        equal(scene.ok('run', script), '200\n', f'run {n}')
        time.sleep(n * 0.1)


def test_started_proxy_stays(scene):
    pid = scene.start()
    process = hold(scene)
    let_go(process)
    time.sleep(1.2)  # a proxy of `run` would have noticed by now
    equal(scene.health()['pid'], pid, 'pid')


def test_run_says_that_options_come_too_late(scene):
    pid = scene.start()
    done = scene.call('run', '--set', 'limits.drain_s=1', 'true')
    equal(done.returncode, 0, 'exit status')
    has(done.stderr, f'a proxy runs already, pid {pid}')


def test_run_waits_for_a_proxy_that_ends(scene):
    provider = scene.provider()
    scene.configure(providers={'anthropic': {'base_url': provider.url}})
    old = scene.start()
    reply = scene.open_stream()
    os.kill(old, signal.SIGTERM)
    wait_until(scene.refuses, 'nothing new is taken')
    process = scene.popen('run', 'sh', '-c', HOLD, stdin=-1)
    has(process.stderr.readline(), f'waiting for the end of the proxy with pid {old}')
    provider.release()
    has(reply.read().decode(), 'message_stop')
    equal(process.stdout.readline(), 'here\n', 'the client')
    check(scene.health()['pid'] != old, 'there is a new proxy')
    let_go(process)


def test_run_after_a_crash(scene):
    process = hold(scene)
    pid = scene.status()['pid']
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not alive(pid), 'it is killed')
    second = hold(scene)
    check(scene.health()['pid'] != pid, 'there is a new proxy')
    let_go(process)
    let_go(second)
    scene.wait_gone()


def test_program_that_is_missing(scene):
    done = scene.call('run', 'claude', env={'PATH': '/nonexistent'})
    equal(done.returncode, 127, 'exit status')
    equal(done.stderr, 'sluice: "claude" is not installed, or not in PATH\n', 'message')
    done = scene.call('run', './nothing')
    equal(done.returncode, 127, 'exit status')
    path = scene.script('plain', '')
    os.chmod(path, 0o600)
    # The superuser may run nothing without an x bit either.
    done = scene.call('run', path)
    equal(done.returncode, 126, 'exit status')
    has(done.stderr, 'is not executable')
    check(not os.path.exists(scene.state), 'nothing was started')


def test_run_with_a_mistake_in_the_configuration(scene):
    path = scene.configure('{"limits": {"drain_s": -5}}')
    done = scene.call('run', 'echo', 'here')
    equal((done.returncode, done.stdout), (1, ''), 'the client is not run')
    has(done.stderr, f'{path}:1:')


def test_run_when_the_port_is_taken(scene):
    other = {'XDG_STATE_HOME': os.path.join(scene.folder, 'other')}
    pid = scene.start()
    done = scene.call('run', 'echo', 'here', env=other)
    equal((done.returncode, done.stdout), (1, ''), 'the client is not run')
    has(done.stderr, f'taken by another sluice (pid {pid})')
