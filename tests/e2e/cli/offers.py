# SPDX-License-Identifier: MIT
"""Who can be asked: providers and their keys, and the servers that run on this machine."""

import contextlib
import http.server
import json
import re
import socket
import threading

from scene import check, equal, free_port, has

ALL = ('anthropic', 'openai', 'gemini', 'deepseek', 'deepseek-anthropic', 'openrouter', 'xai', 'groq', 'mistral',
       'litellm', 'ollama', 'lmstudio', 'vllm', 'llamacpp')


class Server:
    """Answers GET by a table of paths: a status, or what is sent as JSON."""

    def __init__(self, answers):
        self.asked = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self):
                outer.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                answer = answers.get(self.path, 404)
                body = b'<html></html>' if isinstance(answer, int) else json.dumps(answer).encode()
                self.send_response(answer if isinstance(answer, int) else 200)
                self.send_header('transfer-encoding', 'chunked')
                self.end_headers()
                self.wfile.write(b'%x\r\n%s\r\n0\r\n\r\n' % (len(body), body))

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.url = f'http://127.0.0.1:{self.server.server_address[1]}'
        threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.02}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@contextlib.contextmanager
def servers(*tables):
    running = [Server(t) for t in tables]
    try:
        yield running
    finally:
        for s in running:
            s.close()


def nowhere():
    """Where nobody listens, for every preset that is on this machine."""
    return {n: {'base_url': f'http://127.0.0.1:{free_port()}'} for n in ('ollama', 'lmstudio', 'vllm', 'llamacpp', 'litellm')}


def of(scene, *words, env=None):
    return {p['name']: p for p in json.loads(scene.ok('providers', '--json', *words, env=env))['providers']}


def row(text, name):
    return next(line for line in text.splitlines() if line.startswith(name + ' ')).split()


def test_providers(scene):
    scene.configure(providers={
        'xai': {'api_key': 'xai-secret-0123456789'},
        'mine': {'dialect': 'openai', 'flavor': 'deepseek', 'base_url': 'https://llm.example.com/v9',
                 'headers': {'authorization': 'Bearer secret-0123456789'}},
    })
    env = {'DEEPSEEK_API_KEY': 'sk-secret-0123456789'}
    text = scene.ok('providers', env=env)
    equal([line.split()[0] for line in text.splitlines()[1:]], [*ALL, 'mine'], 'names')
    equal(row(text, 'deepseek'), ['deepseek', 'openai', 'deepseek', '$DEEPSEEK_API_KEY', '9', 'api.deepseek.com'], 'found')
    equal(row(text, 'deepseek-anthropic')[1:4], ['anthropic', 'deepseek', '$DEEPSEEK_API_KEY'], 'found too')
    equal(row(text, 'xai')[3], 'configured', 'in the configuration')
    equal(row(text, 'mine')[2:], ['deepseek', 'headers', '9', 'llm.example.com/v9'], 'own')
    equal(row(text, 'anthropic')[3:5], ["client's", 'own'], 'of the client')
    equal(row(text, 'groq')[3:5], ['missing', '-'], 'missing')
    equal(row(text, 'ollama')[3:], ['not', 'needed', '-', '127.0.0.1:11434'], 'local')
    got = of(scene, env=env)
    equal([got[n]['key'] for n in ('deepseek', 'xai', 'mine', 'anthropic', 'groq', 'vllm')],
          ['found', 'configured', 'headers', 'client', 'missing', 'unneeded'], 'keys')
    equal((got['groq']['key_env'], got['groq']['models']), ('GROQ_API_KEY', []), 'groq')
    check('claude-opus-5-5' in got['anthropic']['models'], 'known models')
    check(not any(m.endswith('-') for p in got.values() for m in p['models']), 'beginnings of names are no names')
    equal(got['deepseek']['models'], got['deepseek-anthropic']['models'], 'models of one maker')
    check('secret' not in text + json.dumps(got), 'no key is shown')


def test_providers_fit_the_terminal(scene):
    for columns in (72, 80, 120):
        lines = scene.ok('providers', env={'COLUMNS': str(columns)}).splitlines()
        check(max(map(len, lines)) <= columns, f'{columns} columns')
    has(lines[3], ' generativelanguage.googleapis.com')


def test_discover(scene):
    ids = lambda owner, *names: {'object': 'list', 'data': [{'id': n, 'owned_by': owner} for n in names]}
    with servers(
        {'/v1/models': ids('library', 'qwen3-coder:30b', 'llama3')},
        {'/v1/models': 404, '/api/v0/models': {'data': [{'id': 'llama3'}, {'id': 'with space'}, {'id': 'bell\a'}]}},
        {'/v1/models': ids('vllm', 'kimi/k3')},
        {'/v1/models': 401},
        {},
        {},
    ) as (ollama, lmstudio, other, locked, site, proxy):
        scene.configure(models={'fast': 'ollama/qwen3-coder:30b temperature=0'}, providers={
            'ollama': {'base_url': ollama.url}, 'lmstudio': {'base_url': lmstudio.url},
            'llamacpp': {'base_url': other.url, 'api_key': 'sk-mine-0123456789'}, 'litellm': {'base_url': locked.url},
            'vllm': {'base_url': site.url + '/at/'}, 'anthropic': {'base_url': 'https://llm.example.com'},
        })
        env = {'LITELLM_API_KEY': 'sk-found-0123456789', 'HTTP_PROXY': proxy.url, 'HTTPS_PROXY': proxy.url}
        text = scene.ok('providers', 'discover', '--timeout', '30', env=env)
        found = json.loads(scene.ok('providers', 'discover', '--json', '--timeout', '30', env=env))['servers']
    for part in (f'ollama at {ollama.url} has 2 models\n    qwen3-coder:30b\n    llama3\n',
                 f'lmstudio at {lmstudio.url} has 3 models\n    llama3\n    with space\n    bell?\n',
                 f'llamacpp at {other.url} is vllm, with 1 model\n',
                 f'litellm at {locked.url} wants a key: providers.litellm.api_key\n',
                 f'vllm at {site.url}/at answers, and lists no models'):
        has(text, part)
    equal({s['name']: (s['state'], s['flavor'], s['models']) for s in found}, {
        'ollama': ('serves', 'ollama', ['qwen3-coder:30b', 'llama3']),
        'lmstudio': ('serves', 'lmstudio', ['llama3', 'with space', 'bell\a']),
        'llamacpp': ('serves', 'vllm', ['kimi/k3']), 'litellm': ('locked', 'litellm', []),
        'vllm': ('other', 'vllm', []),
    }, 'servers')
    equal([p for p, _ in site.asked], ['/at/v1/models'] * 2, 'below the base URL')
    equal([p for p, _ in lmstudio.asked], ['/v1/models', '/api/v0/models'] * 2, 'the own list after the usual one')
    equal(proxy.asked, [], 'nobody else is asked')
    # A key goes only where the configuration names it.
    equal([h.get('authorization') for _, h in other.asked], ['Bearer sk-mine-0123456789'] * 2, 'key')
    check(not any('authorization' in h for s in (ollama, locked) for _, h in s.asked), 'no key for strangers')
    # What is printed is a configuration; what is mapped already is left out, a name that is taken gets its provider's in front.
    lines = json.loads('{' + re.search(r'\n\n( .*)\Z', text, re.DOTALL)[1] + '}')
    equal(lines, {'providers': {'llamacpp': {'flavor': 'vllm'}},
                  'models': {'llama3': 'ollama/llama3', 'lmstudio/llama3': 'lmstudio/llama3', 'kimi/k3': 'llamacpp/kimi/k3'}}, 'lines')
    scene.configure(**lines)
    equal(scene.ok('config', 'check'), 'ok\n', 'check')


def test_discover_in_silence(scene):
    with socket.socket() as mute:
        mute.bind(('127.0.0.1', 0))
        mute.listen()
        scene.configure(providers=nowhere() | {'vllm': {'base_url': f'http://127.0.0.1:{mute.getsockname()[1]}'}})
        done = scene.call('providers', 'discover', '--timeout', '0.2')
    equal((done.returncode, done.stdout), (1, ''), 'nobody answers')
    has(done.stderr, 'no server answers on this machine')
    has(done.stderr, '(vllm)')
    states = [s['state'] for s in json.loads(scene.ok('providers', 'discover', '--json'))['servers']]
    equal(states, ['silent'] * 5, 'states')


def test_discover_mistakes(scene):
    for words in (('providers', 'find'), ('providers', 'discover', '--timeout', '0'),
                  ('providers', 'discover', '--timeout', '1s'), ('providers', 'discover', '--timeout', 'nan')):
        done = scene.call(*words)
        equal((done.returncode, done.stdout, done.stderr.count('\n')), (2, '', 1), ' '.join(words))
