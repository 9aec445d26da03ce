# SPDX-License-Identifier: MIT
"""What was recorded: stats, explain, history and ledger, over requests to a provider that tells its usage."""

import contextlib
import csv
import http.client
import http.server
import io
import json
import os
import sqlite3
import threading

from scene import PATIENCE, check, equal, has, wait_until

DAY_MS = 86400000
MODELS = {'claude-sonnet-4-6': (10, 50000, 2000, 500), 'claude-haiku-4-5': (100, 0, 0, 50)}
SESSIONS = ('session-1', 'session-2')


class Biller:
    """Answers at once, with the usage of its model."""

    def __init__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_POST(self):
                model = json.loads(self.rfile.read(int(self.headers['content-length'])))['model']
                names = ('input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens', 'output_tokens')
                body = json.dumps({'model': model, 'usage': dict(zip(names, MODELS[model]))}).encode()
                self.send_response(200)
                self.send_header('content-type', 'application/json')
                self.send_header('content-length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.url = f'http://127.0.0.1:{self.server.server_address[1]}'
        threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.02}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def ask(scene, model, session, agent=None):
    c = http.client.HTTPConnection('127.0.0.1', scene.port, timeout=PATIENCE)
    headers = {'content-type': 'application/json', 'x-api-key': 'k', 'x-claude-code-session-id': session}
    if agent:
        headers['x-claude-code-agent-id'] = agent
    c.request('POST', '/v1/messages', json.dumps({'model': model, 'messages': []}), headers)
    reply = c.getresponse()
    reply.read()
    equal(reply.status, 200, 'status')
    return reply.headers['x-sluice-id']


def record(scene, requests=12, **settings):
    """Requests in a ledger that nobody writes any more; their ids."""
    biller = Biller()
    try:
        scene.configure(providers={'anthropic': {'base_url': biller.url}}, store={'flush_s': 0.001}, **settings)
        scene.start()
        models = list(MODELS)
        ids = [ask(scene, models[i % 2], SESSIONS[i % 3 > 0]) for i in range(requests)]
        scene.ok('stop')
    finally:
        biller.close()
    return ids


def ledger_file(scene):
    return os.path.join(scene.folder, '.local', 'share', 'sluice', 'ledger.db')


@contextlib.contextmanager
def database(scene):
    db = sqlite3.connect(ledger_file(scene))
    with db:
        yield db
    db.close()


def read_csv(text):
    return list(csv.DictReader(io.StringIO(text)))


def narrow(text, what):
    for line in text.splitlines():
        check(len(line) <= 80, f'{what}: wider than 80 columns: {line!r}')


def test_stats(scene):
    record(scene)
    text = scene.ok('stats')
    narrow(text, 'stats')
    for word in ('today', 'week', 'month', 'all', 'claude-sonnet-4-6', 'claude-haiku-4-5'):
        has(text, word)
    equal(scene.ok('stats', 'week'), scene.ok('stats', '--period', 'week'), 'a period as a word')
    old = json.loads(scene.ok('stats', '--json'))
    equal(old['all']['exchanges'], 12, 'exchanges')
    total = old['all']['cost_nano_usd']['total']
    equal(6 * 30030000 + 6 * 350000, total, 'cost')
    for by in ('model', 'kind', 'conversation', 'project', 'caller', 'provider', 'session', 'day'):
        narrow(scene.ok('stats', '--by', by), by)
        groups = json.loads(scene.ok('stats', '--by', by, '--period', '24h', '--json'))['groups']
        equal(sum(g['cost_nusd']['total'] for g in groups), total, f'cost by {by}')
        rows = read_csv(scene.ok('stats', '--by', by, '--period', '24h', '--csv'))
        equal(sum(int(r['total_nusd']) for r in rows), total, f'cost by {by} as csv')
        equal([r[by] for r in rows], [g['name'] for g in groups], f'names by {by}')
    equal(sorted(g['exchanges'] for g in json.loads(scene.ok('stats', '--by', 'session', '--json'))['groups']),
          [4, 8], 'by session')


def test_stats_of_subagents(scene):
    session = 'c250ecaa-4224-4b3b-9925-7c406a7aaf6f'
    biller = Biller()
    try:
        scene.configure(providers={'anthropic': {'base_url': biller.url}}, store={'flush_s': 0.001})
        scene.start()
        for agent in (None, 'a9de12b597ac58c83', 'ab47aa28fe105fbbc'):
            ask(scene, 'claude-haiku-4-5', session, agent)
        scene.ok('stop')
    finally:
        biller.close()
    names = [line.split()[0] for line in scene.ok('stats', '--by', 'conversation').splitlines()[1:]]
    equal(sorted(names), ['c250ecaa-4224-4/a9de12b59', 'c250ecaa-4224-4/ab47aa28f', 'c250ecaa-4224-4b3b-9925-…'], 'names')


def test_nothing_yet(scene):
    scene.start()
    scene.ok('stop')
    for words in (['stats', '--by', 'project'], ['history']):
        has(scene.ok(*words), '(no requests)')


def test_stats_of_the_cache(scene):
    record(scene)
    text = scene.ok('stats', '--cache', '--period', 'all')
    narrow(text, 'stats --cache')
    has(text, 'hit rate')
    has(text, '96.0 %')
    narrow(scene.ok('stats', '--cache', '--by', 'session'), 'stats --cache --by')
    equal(scene.ok('stats', '--cache', '--csv').splitlines()[0], 'what,cause,count,tokens,nusd', 'csv')


def test_stats_mistakes(scene):
    for words, part in (
        (['stats', 'century'], 'today, 24h, week, 7d, month, 30d or all'),
        (['stats', '--by', 'colour'], 'model, kind, conversation'),
        (['stats', '--json', '--csv'], 'exclude each other'),
        (['ledger'], 'verify, export or prune?'),
        (['ledger', 'burn'], 'verify, export or prune?'),
        (['ledger', 'export', '--format', 'xml'], 'jsonl or csv'),
        (['ledger', 'prune'], 'prune what?'),
        (['ledger', 'prune', '--older-than', 'x'], 'number of days'),
        (['ledger', 'prune', '--keep-bytes', '0'], 'number of bytes'),
        (['explain'], 'which request?'),
    ):
        done = scene.call(*words)
        equal((done.returncode, done.stdout), (2, ''), ' '.join(words))
        has(done.stderr, part)
    for words in (['stats'], ['explain', 'last'], ['ledger', 'verify']):
        done = scene.call(*words)
        equal(done.returncode, 1, ' '.join(words))
        has(done.stderr, 'nothing is recorded yet')


def test_explain(scene):
    ids = record(scene, 4)
    text = scene.ok('explain', ids[0])
    for part in (f'request {ids[0]}', 'claude-sonnet-4-6 by anthropic, status 200', 'session session-1', '$0.030030000',
                 '× $0.3 per M', '50,000'):
        has(text, part)
    equal(scene.ok('explain', ids[0], '--json').strip()[:1], '{', 'json')
    equal(json.loads(scene.ok('explain', ids[0], '--json'))['id'], ids[0], 'id')
    has(scene.ok('explain', 'last'), f'request {ids[3]}')
    unique = next(n for n in range(1, 30) if sum(i.startswith(ids[1][:n]) for i in ids) == 1)
    equal(scene.ok('explain', ids[1][:unique]), scene.ok('explain', ids[1]), 'by its beginning')
    done = scene.call('explain', ids[0][:1])
    equal(done.returncode, 1, 'a beginning of several')
    has(done.stderr, 'several requests begin')
    has(scene.call('explain', 'nobody').stderr, "there is no request 'nobody'")


def test_explain_bodies(scene):
    said = '{"model": "claude-sonnet-4-6", "messages": []}'
    ids = record(scene, 1, record={'bodies': True})
    check(said not in scene.ok('explain', ids[0]), 'bodies only when asked for')
    text = scene.ok('explain', ids[0], '--bodies')
    has(text, f'\nrequest\n  {said}\n')
    has(text, '\nreply\n  {"model": "claude-sonnet-4-6", "usage"')
    equal(scene.call('explain', ids[0], '--bodies', '--json').returncode, 2, 'exit status')


def test_explain_without_bodies(scene):
    ids = record(scene, 1)
    equal(scene.ok('explain', ids[0], '--bodies').count('(not kept: see record.bodies)'), 2, 'parts')


def test_explain_a_loss(scene):
    """Names of somebody else's making do not command the terminal."""
    ids = record(scene, 1)
    with database(scene) as db:
        db.execute('''UPDATE exchange SET cause = 'history_edited', differs_at = 'messages[3].content[0]', alarm = 60,
            lost_tokens = 40000, lost_nusd = 138000000, read_predicted_tokens = 90000,
            project = 'a' || char(27) || '[31m' || char(155) || 'b' ''')
    text = scene.ok('explain', ids[0])
    for part in ('a message that was sent before has changed', 'messages[3].content[0]', '40,000 tokens', '$0.138',
                 'fell below 60 %', '40,000 fewer read than predicted', 'a?[31m?b'):
        has(text, part)
    check('\x1b' not in text and '\x9b' not in text, 'no control characters')


CANDIDATES = [
    {'provider': 'anthropic', 'model': 'claude-opus-4-6', 'quality': 95, 'read': 50000, 'written': 2000, 'input': 10,
     'cost_nusd': 40030000, 'horizon_nusd': 1234567890, 'verdict': 'asked'},
    {'provider': 'anthropic', 'model': 'claude-sonnet-4-6', 'quality': 88, 'read': 0, 'written': 52010, 'input': 0,
     'cost_nusd': 195000000, 'horizon_nusd': 412000000, 'verdict': 'chosen'},
    {'provider': 'deepseek', 'model': 'deepseek-chat', 'quality': 71, 'verdict': 'quality below the bar'},
    {'provider': 'openai', 'model': 'gpt-x', 'read': 123456789, 'verdict': 'no key'},
]
DECISION = {'by': 'profile', 'profile': 'saver', 'kind': 'tool_loop', 'level': 'medium', 'bar': 80, 'turns': 12,
            'candidates': CANDIDATES}
WHY = ('planning has ended, and the model that carries it out costs a third over the turns that are expected to '
       'follow, cold cache included')


def packed(decision):
    order = ('provider', 'model', 'verdict', 'quality', 'read', 'written', 'input', 'cost_nusd', 'horizon_nusd')
    lists = [[c.get(name, -1) for name in order] for c in decision['candidates']]
    return json.dumps({**decision, 'candidates': lists})


def decide(scene, decision, why=WHY):
    with database(scene) as db:
        db.execute('UPDATE exchange SET plan = ?, decision = ?', (why, decision))


def test_explain_a_decision(scene):
    """In 80 columns: why, and a table of what was considered."""
    ids = record(scene, 1)
    check('\ndecision\n' not in scene.ok('explain', ids[0]), 'nothing was decided')
    has(scene.ok('explain', ids[0]), '  plan           as asked\n')
    decide(scene, packed(DECISION))
    text = scene.ok('explain', ids[0])
    check('\n  plan ' not in text, 'the sentence stands there once')
    part = text[text.index('\ndecision\n'):text.index('\ncost\n')]
    equal([line for line in part.splitlines() if len(line) > 80], [], 'lines that are too long')
    equal(part, '''
decision
  why            planning has ended, and the model that carries it out costs a
                 third over the turns that are expected to follow, cold cache
                 included
  by             profile, profile saver
  needed         judged medium, quality 80 and better, 12 turns expected

  considered quality      read   written     input  this request  over 12 turns
  anthropic/claude-opus-4-6, asked
                  95    50,000     2,000        10       $0.0400          $1.23
  anthropic/claude-sonnet-4-6, chosen
                  88         0    52,010         0        $0.195         $0.412
  deepseek/deepseek-chat, quality 71, quality below the bar
  openai/gpt-x, no key
                   ?    123.5M         ?         ?             ?              ?
''', 'the section')
    x = json.loads(scene.ok('explain', ids[0], '--json'))
    equal(x['decision'], {'by': 'profile', 'why': WHY, **DECISION}, 'as json')
    equal(x['plan'], WHY, 'plan')
    equal(list(x['decision']), ['by', 'why', 'profile', 'kind', 'level', 'bar', 'turns', 'candidates'], 'order')
    equal(json.loads(scene.ok('ledger', 'export'))['decision'], x['decision'], 'exported')
    equal(json.loads(scene.ok('history', ids[0]))[0]['decision'], x['decision'], 'history of one')
    check('decision' not in json.loads(scene.ok('history', '--json'))[0], 'not in lists')


def test_explain_a_hostile_decision(scene):
    """What stands in the file may be anything; names do not command the terminal, and do not fill it."""
    ids = record(scene, 1)
    evil = '<script>\x1b[31m\x9b\n' + 'm' * 1000000
    decide(scene, json.dumps({'by': evil[:20], 'turns': 2**70, 'bar': -5, 'kind': 7, 'future': [1, {'a': None}],
                              'candidates': [[None, evil, {}, 10**9]] * 40}), evil[:30])
    text = scene.ok('explain', ids[0])
    check('\x1b' not in text and '\x9b' not in text, 'no control characters')
    printed = scene.ok('explain', ids[0], '--json')
    x = json.loads(printed)['decision']
    check(len(printed) < 40000, 'bounded')
    equal(len(x['candidates']), 16, 'candidates')
    equal((x['by'], x['why']), (evil[:20], evil[:30]), 'texts')
    equal(x['candidates'][0], {'model': evil[:127]}, 'a name')
    for broken in ('[]', '{"by":', '{"candidates":7}', '{"candidates":[7]}', 'x', '{"candidates":[[1,]'):
        decide(scene, broken)
        has(scene.ok('explain', ids[0]), 'planning has ended')
        check('decision' not in json.loads(scene.ok('explain', ids[0], '--json')), broken)


def test_ledger_verify(scene):
    ids = record(scene)
    has(scene.ok('ledger', 'verify'), 'whole and adds up: 12 requests, $0.182280000')
    with database(scene) as db:
        db.execute('UPDATE attempt SET total_nusd = total_nusd + 1 WHERE exchange = 3')
    done = scene.call('ledger', 'verify')
    equal(done.returncode, 1, 'exit status')
    has(done.stdout, f'attempts do not add up to it: exchange {ids[2]}')


def test_ledger_export(scene):
    ids = record(scene)
    lines = [json.loads(line) for line in scene.ok('ledger', 'export').splitlines()]
    equal([x['id'] for x in lines], ids[::-1], 'ids')
    equal(sum(x['cost_nano_usd']['total'] for x in lines), 182280000, 'cost')
    rows = read_csv(scene.ok('ledger', 'export', '--format', 'csv', '--period', 'today'))
    equal([r['id'] for r in rows], ids[::-1], 'ids of the csv')
    equal(sum(int(r['total_nusd']) for r in rows), 182280000, 'cost of the csv')
    equal(rows[0]['first_us'].isdigit() and rows[0]['error'], '', 'a row')


def test_ledger_prune(scene):
    """The same sums before and after, and a smaller file."""
    record(scene)
    with database(scene) as db:
        for table, column in (('exchange', 'begin_ms'), ('attempt', 'begin_ms'), ('quarter', 'quarter_ms'),
                              ('part', 'quarter_ms'), ('conversation', 'quarter_ms'), ('cause', 'quarter_ms')):
            db.execute(f'UPDATE {table} SET {column} = {column} - {40 * DAY_MS}')
    before = [scene.ok('stats', 'all', '--by', by, '--json') for by in ('model', 'kind', 'project', 'caller', 'day')]
    has(scene.ok('ledger', 'prune', '--older-than', '30d', '--dry-run'), '12 requests would go')
    has(scene.ok('ledger', 'prune', '--older-than', '50d'), '0 requests are gone')
    has(scene.ok('ledger', 'prune', '--older-than', '30d', '--vacuum'), '12 requests are gone')
    after = [scene.ok('stats', 'all', '--by', by, '--json') for by in ('model', 'kind', 'project', 'caller', 'day')]
    equal(after, before, 'sums')
    equal(scene.ok('ledger', 'export'), '', 'requests')
    has(scene.ok('ledger', 'verify'), 'whole and adds up: 12 requests')
    has(scene.ok('ledger', 'prune', '--keep-bytes', '1KiB'), '0 requests are gone')


def test_ledger_prunes_itself(scene):
    record(scene)
    with database(scene) as db:
        for table, column in (('exchange', 'begin_ms'), ('quarter', 'quarter_ms'), ('part', 'quarter_ms'),
                              ('conversation', 'quarter_ms'), ('cause', 'quarter_ms')):
            db.execute(f'UPDATE {table} SET {column} = {column} - {40 * DAY_MS}')
    scene.configure(store={'keep_days': 30})
    scene.start()
    wait_until(lambda: scene.ok('ledger', 'export') == '', 'the proxy prunes')
    scene.ok('stop')
    has(scene.ok('ledger', 'verify'), '12 requests')
