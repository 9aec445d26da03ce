# SPDX-License-Identifier: MIT
"""What the four dialects say, for cases that run once for each pair of them: a request, a reply whole and in pieces,
failures in the provider's own words; and readers that find everything a client of a dialect would stumble over.

It knows nothing of sockets. The sentence that goes to the provider is ASKED, the one that comes back "Hello".
"""

import json
import re

NAMES = ('anthropic', 'chat', 'responses', 'gemini')
ASKED, CLIENT_MODEL, MODEL = 'Say hello', 'client-model', 'provider-model'
CLIENT_KEY, PROVIDER_KEY = 'sk-key-of-the-client', 'sk-key-of-the-provider'
CREATED = 1700000000
INPUT, CACHED, OUTPUT = 21, 5, 7        # INPUT holds CACHED


class Wrong(Exception):
    """Something that a client of this dialect would not understand, or misunderstand."""


def need(condition, what):
    if not condition:
        raise Wrong(what)


def compact(value):
    return json.dumps(value, separators=(',', ':')).encode()


def frame(value, name=None):
    return (b'event: %b\n' % name.encode() if name else b'') + b'data: %b\n\n' % compact(value)


# ---- failures

# What each is at a client of Anthropic (status, type), of OpenAI (status, type, code), of Google (status, status).
KINDS = {
    'invalid': ((400, 'invalid_request_error'), (400, 'invalid_request_error', None), (400, 'INVALID_ARGUMENT')),
    'context': ((400, 'invalid_request_error'), (400, 'invalid_request_error', 'context_length_exceeded'),
                (400, 'INVALID_ARGUMENT')),
    'auth': ((401, 'authentication_error'), (401, 'authentication_error', 'invalid_api_key'),
             (401, 'UNAUTHENTICATED')),
    'billing': ((402, 'billing_error'), (429, 'insufficient_quota', 'insufficient_quota'),
                (402, 'FAILED_PRECONDITION')),
    'permission': ((403, 'permission_error'), (403, 'permission_error', None), (403, 'PERMISSION_DENIED')),
    'not-found': ((404, 'not_found_error'), (404, 'invalid_request_error', 'model_not_found'), (404, 'NOT_FOUND')),
    'conflict': ((409, 'conflict_error'), (409, 'invalid_request_error', None), (409, 'ABORTED')),
    'too-large': ((413, 'request_too_large'), (413, 'invalid_request_error', None), (413, 'INVALID_ARGUMENT')),
    'rate': ((429, 'rate_limit_error'), (429, 'rate_limit_error', 'rate_limit_exceeded'), (429, 'RESOURCE_EXHAUSTED')),
    'api': ((500, 'api_error'), (500, 'server_error', None), (500, 'INTERNAL')),
    'upstream': ((502, 'api_error'), (502, 'server_error', None), (502, 'UNAVAILABLE')),
    'overloaded': ((529, 'overloaded_error'), (503, 'server_error', 'overloaded'), (503, 'UNAVAILABLE')),
    'timeout': ((504, 'timeout_error'), (504, 'server_error', 'timeout'), (504, 'DEADLINE_EXCEEDED')),
}
RESPONSE_CODES = {'rate': 'rate_limit_exceeded', 'context': 'context_length_exceeded', 'billing': 'insufficient_quota',
                  'invalid': 'invalid_prompt'}
SAID = 'the words of the provider'
LONG = {'anthropic': 'prompt is too long: 210000 tokens > 200000 maximum',
        'chat': "This model's maximum context length is 128000 tokens. However, your messages resulted in 210000 tokens.",
        'responses': 'Your input exceeds the context window of this model. Please adjust your input and try again.',
        'gemini': 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).'}


def words(name, kind):
    return LONG[name] if kind == 'context' else SAID


# ---- Anthropic Messages

class Anthropic:
    name, family, path, key = 'anthropic', 'anthropic', '/v1/messages', 'x-api-key'
    stream_path = path

    @staticmethod
    def request(model, stream, more):
        return {'model': model, 'max_tokens': 100, 'messages': [{'role': 'user', 'content': ASKED}]} \
            | ({'stream': True} if stream else {}) | more

    @staticmethod
    def said(body):
        content = body['messages'][-1]['content']
        return content if isinstance(content, str) else ''.join(p['text'] for p in content)

    @staticmethod
    def usage(out=OUTPUT):
        return {'input_tokens': INPUT - CACHED, 'cache_creation_input_tokens': 0, 'cache_read_input_tokens': CACHED,
                'output_tokens': out}

    @classmethod
    def message(cls, content, stop, usage):
        return {'id': 'msg_up1', 'type': 'message', 'role': 'assistant', 'model': MODEL, 'content': content,
                'stop_reason': stop, 'stop_sequence': None, 'usage': usage}

    @classmethod
    def reply(cls, text='Hello'):
        return cls.message([{'type': 'text', 'text': text}], 'end_turn', cls.usage())

    @classmethod
    def opening(cls):
        return frame({'type': 'message_start', 'message': cls.message([], None, cls.usage(1))}, 'message_start')

    @classmethod
    def first(cls, text='Hel'):
        start = {'type': 'content_block_start', 'index': 0, 'content_block': {'type': 'text', 'text': ''}}
        return frame(start, 'content_block_start') + cls.delta(text)

    @staticmethod
    def delta(text):
        return frame({'type': 'content_block_delta', 'index': 0, 'delta': {'type': 'text_delta', 'text': text}},
                     'content_block_delta')

    @staticmethod
    def closing(_text='Hello'):
        stop = {'type': 'message_delta', 'delta': {'stop_reason': 'end_turn', 'stop_sequence': None},
                'usage': {'output_tokens': OUTPUT}}
        return frame({'type': 'content_block_stop', 'index': 0}, 'content_block_stop') + \
            frame(stop, 'message_delta') + frame({'type': 'message_stop'}, 'message_stop')

    @staticmethod
    def failure(kind):
        status, name = KINDS[kind][0]
        return status, {'type': 'error', 'error': {'type': name, 'message': words('anthropic', kind)},
                        'request_id': 'req_up1'}

    @classmethod
    def failure_event(cls, kind):
        return frame(cls.failure(kind)[1], 'error')

    @staticmethod
    def check_failure(value, kind, status):
        need(status == KINDS[kind][0][0] or status == 200, f'status {status} for {kind}')
        need(value.get('type') == 'error' and value['error']['type'] == KINDS[kind][0][1], f'no error of kind {kind}')
        need(status == 200 or isinstance(value.get('request_id'), str), 'no request_id')
        return value['error']['message']

    @staticmethod
    def read_reply(v):
        need(v['type'] == 'message' and v['role'] == 'assistant' and v['id'].startswith('msg_'), 'no message')
        u = v['usage']
        return {'text': ''.join(b['text'] for b in v['content'] if b['type'] == 'text'), 'stop': v['stop_reason'],
                'model': v['model'], 'output': u['output_tokens'], 'cached': u['cache_read_input_tokens'],
                'input': u['input_tokens'] + u['cache_read_input_tokens'] + u['cache_creation_input_tokens']}


class Reader:
    """Reads a client's stream. `text` grows; `result` is there at a good end, `error` (kind unknown yet) at a bad one."""

    def __init__(self, dialect):
        self.dialect = dialect
        self.text, self.result, self.error, self.pings = '', None, None, 0
        self.begin()

    def begin(self):
        pass

    def over(self):
        return self.result is not None or self.error is not None

    def feed(self, name, data):
        need(not self.over(), f'an event after the end: {data[:200]}')
        self.take(name, data)


class AnthropicReader(Reader):
    def begin(self):
        self.message, self.open, self.blocks, self.stop = None, False, 0, None

    def take(self, name, data):
        v = json.loads(data)
        need(name == v['type'], f'event {name} with type {v["type"]}')
        if name == 'ping':
            self.pings += 1
        elif name == 'error':
            self.error = v
        else:
            need((name == 'message_start') == (self.message is None), f'{name} out of order')
            getattr(self, name)(v)

    def message_start(self, v):
        self.message = v['message']
        need(self.message['content'] == [] and self.message['stop_reason'] is None, 'a message that is not empty')

    def content_block_start(self, v):
        need(not self.open and v['index'] == self.blocks and self.stop is None, f'block {v["index"]} out of order')
        self.open = True

    def content_block_delta(self, v):
        need(self.open and v['index'] == self.blocks, f'a piece of block {v["index"]}, which is not open')
        self.text += v['delta'].get('text', '')

    def content_block_stop(self, v):
        need(self.open and v['index'] == self.blocks, f'the end of block {v["index"]}, which is not open')
        self.open, self.blocks = False, self.blocks + 1

    def message_delta(self, v):
        need(not self.open and self.stop is None, 'message_delta out of order')
        self.stop = v['delta']['stop_reason']
        self.message['usage'].update({k: n for k, n in v['usage'].items() if n is not None})

    def message_stop(self, _):
        need(self.stop, 'message_stop without a stop_reason')
        self.message |= {'stop_reason': self.stop, 'content': [{'type': 'text', 'text': self.text}]}
        self.result = self.message


# ---- OpenAI Chat Completions

def openai_failure(name, kind):
    status, kind_name, code = KINDS[kind][1]
    return status, {'error': {'message': words(name, kind), 'type': kind_name, 'param': None, 'code': code}}


def check_openai_failure(value, kind, status):
    want_status, want_type, want_code = KINDS[kind][1]
    need(status in (want_status, 200), f'status {status} for {kind}')
    need(set(value) == {'error'} and set(value['error']) == {'message', 'type', 'param', 'code'}, 'not an OpenAI error')
    need(value['error']['type'] == want_type, f'no error of type {want_type}')
    need(value['error']['code'] == want_code, f'the code is not {want_code}')
    return value['error']['message']


class Chat:
    name, family, path, key = 'chat', 'openai', '/v1/chat/completions', 'authorization'
    stream_path = path

    @staticmethod
    def request(model, stream, more):
        return {'model': model, 'messages': [{'role': 'user', 'content': ASKED}]} \
            | ({'stream': True, 'stream_options': {'include_usage': True}} if stream else {}) | more

    said = Anthropic.said

    @staticmethod
    def usage():
        return {'prompt_tokens': INPUT, 'completion_tokens': OUTPUT, 'total_tokens': INPUT + OUTPUT,
                'prompt_tokens_details': {'cached_tokens': CACHED}}

    @classmethod
    def reply(cls, text='Hello'):
        choice = {'index': 0, 'message': {'role': 'assistant', 'content': text, 'refusal': None},
                  'finish_reason': 'stop'}
        return {'id': 'chatcmpl-up1', 'object': 'chat.completion', 'created': CREATED, 'model': MODEL,
                'choices': [choice], 'usage': cls.usage()}

    @staticmethod
    def chunk(delta, finish=None, **more):
        choices = [{'index': 0, 'delta': delta, 'finish_reason': finish}] if delta is not None else []
        return frame({'id': 'chatcmpl-up1', 'object': 'chat.completion.chunk', 'created': CREATED, 'model': MODEL,
                      'choices': choices} | more)

    @classmethod
    def opening(cls):
        return cls.chunk({'role': 'assistant', 'content': ''})

    @classmethod
    def first(cls, text='Hel'):
        return cls.delta(text)

    @classmethod
    def delta(cls, text):
        return cls.chunk({'content': text})

    @classmethod
    def closing(cls, _text='Hello'):
        return cls.chunk({}, 'stop') + cls.chunk(None, usage=cls.usage()) + b'data: [DONE]\n\n'

    @staticmethod
    def failure(kind):
        return openai_failure('chat', kind)

    @classmethod
    def failure_event(cls, kind):
        return frame(cls.failure(kind)[1])

    check_failure = staticmethod(check_openai_failure)

    @staticmethod
    def read_reply(v):
        need(v['object'] == 'chat.completion' and len(v['choices']) == 1, 'no completion')
        choice, u = v['choices'][0], v['usage']
        need(u['total_tokens'] == u['prompt_tokens'] + u['completion_tokens'], 'usage that does not add up')
        return {'text': choice['message']['content'], 'stop': choice['finish_reason'], 'model': v['model'],
                'input': u['prompt_tokens'], 'cached': u['prompt_tokens_details']['cached_tokens'],
                'output': u['completion_tokens']}


class ChatReader(Reader):
    def begin(self):
        self.constant, self.finish, self.usage = None, None, None

    def take(self, name, data):
        need(name is None, f'a chunk named {name}')
        if data == '[DONE]':
            return self.done()
        v = json.loads(data)
        if 'error' in v:
            self.error = v
            return None
        constant = v['id'], v['created'], v['model'], v['object']
        need(self.constant in (None, constant), f'{constant} after {self.constant}')
        self.constant = constant
        self.usage = v.get('usage') or self.usage
        for choice in v['choices']:
            need(self.finish is None, 'a piece behind finish_reason')
            self.text += choice['delta'].get('content') or ''
            self.finish = choice['finish_reason']
        return None

    def done(self):
        need(self.finish and self.usage, '[DONE] without a finish_reason, or without usage')
        message = {'role': 'assistant', 'content': self.text}
        self.result = {'object': 'chat.completion', 'model': self.constant[2], 'usage': self.usage,
                       'choices': [{'message': message, 'finish_reason': self.finish}]}


# ---- OpenAI Responses

class Responses:
    name, family, path, key = 'responses', 'openai', '/v1/responses', 'authorization'
    stream_path = path

    @staticmethod
    def request(model, stream, more):
        return {'model': model, 'store': False, 'input': [{'type': 'message', 'role': 'user', 'content': ASKED}]} \
            | ({'stream': True} if stream else {}) | more

    @staticmethod
    def said(body):
        content = body['input'][-1]['content']
        return content if isinstance(content, str) else ''.join(p['text'] for p in content)

    @staticmethod
    def item(status, parts):
        return {'id': 'msg_up1', 'type': 'message', 'status': status, 'role': 'assistant', 'content': parts}

    @staticmethod
    def part(text):
        return {'type': 'output_text', 'text': text, 'annotations': [], 'logprobs': []}

    @classmethod
    def response(cls, status, **more):
        return {'id': 'resp_up1', 'object': 'response', 'created_at': CREATED, 'status': status, 'error': None,
                'incomplete_details': None, 'model': MODEL, 'output': [], 'usage': None} | more

    @classmethod
    def reply(cls, text='Hello'):
        usage = {'input_tokens': INPUT, 'input_tokens_details': {'cached_tokens': CACHED}, 'output_tokens': OUTPUT,
                 'output_tokens_details': {'reasoning_tokens': 0}, 'total_tokens': INPUT + OUTPUT}
        return cls.response('completed', output=[cls.item('completed', [cls.part(text)])], usage=usage)

    @staticmethod
    def event(number, name, **more):
        return frame({'type': name, 'sequence_number': number} | more, name)

    @classmethod
    def opening(cls):
        return cls.event(0, 'response.created', response=cls.response('in_progress')) + \
            cls.event(1, 'response.in_progress', response=cls.response('in_progress'))

    @classmethod
    def first(cls, text='Hel'):
        return cls.event(2, 'response.output_item.added', output_index=0, item=cls.item('in_progress', [])) + \
            cls.event(3, 'response.content_part.added', item_id='msg_up1', output_index=0, content_index=0,
                      part=cls.part('')) + cls.delta(text, 4)

    @classmethod
    def delta(cls, text, number=5):
        return cls.event(number, 'response.output_text.delta', item_id='msg_up1', output_index=0, content_index=0,
                         delta=text, logprobs=[])

    @classmethod
    def closing(cls, text='Hello'):
        at = {'item_id': 'msg_up1', 'output_index': 0, 'content_index': 0}
        return cls.event(6, 'response.output_text.done', text=text, logprobs=[], **at) + \
            cls.event(7, 'response.content_part.done', part=cls.part(text), **at) + \
            cls.event(8, 'response.output_item.done', output_index=0, item=cls.reply(text)['output'][0]) + \
            cls.event(9, 'response.completed', response=cls.reply(text))

    @staticmethod
    def failure(kind):
        return openai_failure('responses', kind)

    @classmethod
    def failure_event(cls, kind):
        error = {'code': KINDS[kind][1][2] or RESPONSE_CODES.get(kind, 'server_error'),
                 'message': words('responses', kind)}
        return cls.event(9, 'response.failed', response=cls.response('failed', error=error))

    @staticmethod
    def check_failure(value, kind, status):
        if value.get('type') != 'response.failed':
            return check_openai_failure(value, kind, status)
        r = value['response']
        need(r['status'] == 'failed' and r['object'] == 'response', 'not a response that failed')
        want = RESPONSE_CODES.get(kind, 'server_error')
        need(r['error']['code'] == want, f'the code is not {want}')
        return r['error']['message']

    @staticmethod
    def read_reply(v):
        need(v['object'] == 'response' and v['id'].startswith('resp_') and v['error'] is None, 'no response')
        u, parts = v['usage'], [p for item in v['output'] for p in item.get('content') or []]
        need(u['total_tokens'] == u['input_tokens'] + u['output_tokens'], 'usage that does not add up')
        return {'text': ''.join(p['text'] for p in parts), 'stop': v['status'], 'model': v['model'],
                'input': u['input_tokens'], 'cached': u['input_tokens_details']['cached_tokens'],
                'output': u['output_tokens']}


class ResponsesReader(Reader):
    def begin(self):
        self.number, self.id, self.items, self.done, self.deltas = 0, None, [], [], ''

    def take(self, name, data):
        v = json.loads(data)
        need(name == v['type'], f'event {name} with type {v["type"]}')
        need(v['sequence_number'] == self.number, f'number {v["sequence_number"]} in the place of {self.number}')
        self.number += 1
        self.pings += name == 'response.in_progress' and self.number > 2
        need((self.number == 1) == (name == 'response.created'), f'{name} out of order')
        if r := v.get('response'):
            need(self.id in (None, r['id']), f'the response {r["id"]} after {self.id}')
            self.id = r['id']
        if 'output_index' in v and name != 'response.output_item.added':
            need(self.items and v['output_index'] == len(self.items) - 1 and len(self.done) < len(self.items),
                 f'{name} of an item that is not open')
        take = getattr(self, name.replace('response.', '').replace('.', '_'), None)
        if take:
            take(v)

    def output_item_added(self, v):
        need(v['output_index'] == len(self.items) == len(self.done), 'an item out of order')
        self.items.append(v['item'])

    def output_text_delta(self, v):
        need(v['item_id'] == self.items[-1]['id'], 'a piece of another item')
        self.text += v['delta']
        self.deltas += v['delta']

    def output_text_done(self, v):
        need(v['text'] == self.deltas, 'a text that is not what came')
        self.deltas = ''

    def output_item_done(self, v):
        need(v['item']['id'] == self.items[-1]['id'] and v['item']['status'] != 'in_progress', 'not the item that began')
        self.done.append(v['item'])

    def completed(self, v):
        need(len(self.done) == len(self.items) and v['response']['output'] == self.done, 'not the items that came')
        self.result = v['response']

    def failed(self, v):
        self.error = v


# ---- Gemini

class Gemini:
    name, family, key = 'gemini', 'google', 'x-goog-api-key'
    path = f'/v1beta/models/{CLIENT_MODEL}:generateContent'
    stream_path = f'/v1beta/models/{CLIENT_MODEL}:streamGenerateContent?alt=sse'

    @staticmethod
    def request(_model, _stream, more):
        return {'contents': [{'role': 'user', 'parts': [{'text': ASKED}]}]} | more

    @staticmethod
    def said(body):
        return ''.join(p['text'] for p in body['contents'][-1]['parts'])

    @staticmethod
    def chunk(text, **more):
        candidate = {'content': {'parts': [{'text': text}], 'role': 'model'}, 'index': 0} | more
        usage = {'promptTokenCount': INPUT, 'cachedContentTokenCount': CACHED, 'candidatesTokenCount': OUTPUT,
                 'totalTokenCount': INPUT + OUTPUT}
        return {'candidates': [candidate], 'usageMetadata': usage, 'modelVersion': MODEL, 'responseId': 'up1'}

    @classmethod
    def reply(cls, text='Hello'):
        return cls.chunk(text, finishReason='STOP')

    @classmethod
    def opening(cls):
        return cls.delta('')

    @classmethod
    def first(cls, text='Hel'):
        return cls.delta(text)

    @classmethod
    def delta(cls, text):
        return frame(cls.chunk(text))

    @classmethod
    def closing(cls, _text='Hello'):
        return frame(cls.chunk('', finishReason='STOP'))

    @staticmethod
    def failure(kind):
        status, name = KINDS[kind][2]
        return status, {'error': {'code': status, 'message': words('gemini', kind), 'status': name}}

    @classmethod
    def failure_event(cls, kind):
        return frame(cls.failure(kind)[1])

    @staticmethod
    def check_failure(value, kind, status):
        want_status, want = KINDS[kind][2]
        error = value['error']
        need(status in (want_status, 200) and error['code'] == want_status, f'status {status}, code {error["code"]}')
        need(error['status'] == want, f'the status is not {want}')
        return error['message']

    @staticmethod
    def read_reply(v):
        u, candidate = v['usageMetadata'], v['candidates'][0]
        return {'text': ''.join(p.get('text', '') for p in candidate['content']['parts']),
                'stop': candidate['finishReason'], 'model': v['modelVersion'], 'input': u['promptTokenCount'],
                'cached': u.get('cachedContentTokenCount', 0), 'output': u['candidatesTokenCount']}


class GeminiReader(Reader):
    def begin(self):
        self.last = None

    def take(self, name, data):
        need(name is None, f'a chunk named {name}')
        v = json.loads(data)
        if 'error' in v:
            self.error = v
            return
        candidate = (v.get('candidates') or [{}])[0]
        self.text += ''.join(p.get('text', '') for p in candidate.get('content', {}).get('parts', []))
        if candidate.get('finishReason'):
            candidate['content'] = {'parts': [{'text': self.text}]}
            self.result = v


DIALECTS = {d.name: d for d in (Anthropic, Chat, Responses, Gemini)}
READERS = {'anthropic': AnthropicReader, 'chat': ChatReader, 'responses': ResponsesReader, 'gemini': GeminiReader}
STOPS = {'anthropic': 'end_turn', 'chat': 'stop', 'responses': 'completed', 'gemini': 'STOP'}


# ---- what the cases use

def key_header(dialect, key):
    return dialect.key, f'Bearer {key}' if dialect.key == 'authorization' else key


def check_answer(dialect, value, text, model):
    """A whole reply, or what a stream came to."""
    got = dialect.read_reply(value)
    want = {'text': text, 'stop': STOPS[dialect.name], 'model': model, 'input': INPUT, 'cached': CACHED, 'output': OUTPUT}
    need(got == want, f'answered {got}\n    in the place of {want}')


def data_of(provider):
    """The data of a pair's case by their names."""
    d = DIALECTS[provider]
    found = {'reply': compact(d.reply()), 'opening': d.opening(), 'first': d.first(), 'second': d.delta('lo'),
             'closing': d.closing(), 'asked': ASKED.encode(), 'key': PROVIDER_KEY.encode()}
    found['broken'] = re.sub(rb'\}(?=\r?\n\r?\n$)', b',', d.delta('lost'))
    found['stream'] = d.opening() + d.first() + d.delta('lo') + d.closing()
    for kind in KINDS:
        found[f'failure_{kind}'] = compact(d.failure(kind)[1])
        found[f'event_{kind}'] = d.failure_event(kind)
    return found


def config_of(provider, address):
    """Any name is a model of the one provider."""
    up = {'dialect': provider, 'base_url': f'http://{address}', 'api_key': PROVIDER_KEY}
    return {'models': {'*': f'up/{MODEL}'}, 'providers': {'up': up}}


def check_request(dialect, method, target, headers, body, stream, model=MODEL):
    """The request as a provider of this dialect must get it; headers by small names."""
    value = json.loads(body)
    path = dialect.stream_path if stream else dialect.path
    need((method, target) == ('POST', path.replace(CLIENT_MODEL, model)), f'it asked {method} {target}')
    name, key = key_header(dialect, PROVIDER_KEY)
    need(headers.get(name) == key, f'its {name} is {headers.get(name)}')
    need(dialect.name != 'anthropic' or headers.get('anthropic-version') == '2023-06-01', 'its anthropic-version')
    need(headers.get('accept-encoding') == 'identity', 'it asked for a coding')
    need(dialect.name == 'gemini' or value['model'] == model, f'it asked for the model {value.get("model")}')
    need(dialect.name == 'gemini' or value.get('stream', False) == stream, f'its stream is {value.get("stream")}')
    need(dialect.said(value) == ASKED, f'it said {dialect.said(value)!r}')
