# SPDX-License-Identifier: MIT
"""Bodies of odd shapes: looked at or not, the same bytes go on, the same answer comes back, and nothing breaks."""

import hashlib
import json
import re

import lab
from talk import HEADERS, MARK, Talk, text
from tally import check

MODEL = '"model":"claude-opus-4-6","max_tokens":10'
HELLO = '"messages":[{"role":"user","content":"hello"}]'
DEPTHS = (50, 100, 127, 128, 129, 200, 255, 256, 257, 500, 511, 512, 513, 1000, 1023, 1024, 1025, 5000)


def nested(depth, opening, closing, inner="1"):
    return opening * depth + inner + closing * depth


def wide(count):
    """Blocks without number, every 1,000th marked."""
    blocks = [text(f"b{i}", **({"cache_control": MARK} if i % 1000 == 999 else {})) for i in range(count)]
    return json.dumps({"model": "claude-opus-4-6", "max_tokens": 10, "messages": [{"role": "user", "content": blocks}]})


def with_messages(value):
    return "{%s,\"messages\":%s}" % (MODEL, value)


def with_member(name, value):
    return '{%s,%s,"%s":%s}' % (MODEL, HELLO, name, value)


VALUES = ["null", "true", "false", '""', '"text"', "0", "-0", "1e400", "-1E-400",
          "123456789012345678901234567890", "[]", "{}",
          "[null]", "[[]]", "[{}]", "[1]", '["x"]', '[{"type":1}]', '[{"type":null,"text":[]}]', '{"type":"text"}',
          '[{"cache_control":null}]', '[{"cache_control":{"ttl":5}}]',
          '[{"type":"text","text":"a","cache_control":"b"}]',
          '[{"name":[],"input_schema":[]}]', '[{"type":"image"}]', '[{"type":"image","source":7}]']
MESSAGES = ["null", '"a text"', "7", "[]", "{}", "[[]]", "[null]",
            '[{"role":"user"}]', '[{"content":"x"}]', '[{"role":7,"content":"x"}]',
            '[{"role":"user","content":null}]', '[{"role":"user","content":{}}]', '[{"role":"user","content":[]}]',
            '[{"role":"user","content":["x",1,null,[],{}]}]', '[{"role":"user","content":[{"text":"no type"}]}]',
            '[{"role":"user","content":[{"type":"text"}]}]', '[{"role":"user","content":[{"type":"text","text":{}}]}]',
            '[{"role":"user","content":[{"type":"unheard of","x":[{}]}]}]', '[{"role":"nobody","content":"x"}]',
            '[{"role":"user","content":[{"type":"tool_result","content":{}}]}]',
            '[{"role":"user","content":[{"type":"tool_result","content":[{"type":"image"},3]}]}]',
            '[{"role":"user","role":"assistant","content":"x","content":["y"]}]',
            '[{"content":[{"text":"x","type":"text"}],"role":"user"}]',
            '[{"role":"user","content":"\\ud83d and \\ude00 \\u0000 \\\\ \\""}]']


def bodies():
    """Names and bodies."""
    for name in ("tools", "system", "metadata", "thinking", "tool_choice", "output_config", "context_management",
                 "cache_control", "stop_sequences", "stream", "speed", "unheard_of"):
        for value in VALUES:
            yield f"{name} = {value}", with_member(name, value)
    for value in MESSAGES:
        yield f"messages = {value}", with_messages(value)
    twice = ",".join((MODEL, HELLO) * 2)
    yield "two of each", '{%s,"tools":[],"tools":7,"system":"a","system":[]}' % twice
    yield "two messages members of different shapes", '{%s,%s,"messages":"x"}' % (MODEL, HELLO)
    yield "escaped names", '{%s,"mess\\u0061ges":[{"r\\u006fle":"user","content":"x"}],"t\\u006fols":[]}' % MODEL
    yield "blanks", ' \n{\t%s ,\r\n %s\n}\n ' % (MODEL, HELLO)
    yield "no messages", "{%s}" % MODEL
    yield "no model", "{%s}" % HELLO
    yield "nothing", "{}"
    yield "no object", "[1,2,3]"
    yield "no JSON", "{" + MODEL
    yield "session id that is no text", with_member("metadata", '{"user_id":{"session_id":[1]}}')
    yield "session id of odd JSON", with_member("metadata", '{"user_id":"{\\"session_id\\":"}')
    user = json.dumps({"session_id": "s" * 100_000})
    yield "a long session id", with_member("metadata", json.dumps({"user_id": user}))
    yield "a prompt cache key", with_member("prompt_cache_key", '"\\u0000\\n<script>"')
    for depth in DEPTHS:
        yield f"{depth} arrays", with_member("tools", nested(depth, "[", "]"))
        yield f"{depth} objects", with_messages(nested(depth, '{"content":', "}"))
        results = '[{"type":"tool_result","content":'
        yield f"{depth} results", with_messages('[{"role":"user","content":%s}]' % nested(depth, results, "}]", '"x"'))
    for count in (1, 20, 21, 10_000):
        yield f"{count} blocks", wide(count)
    tools = [{"name": f"t{i}", "input_schema": {"type": "object"}} for i in range(3000)]
    yield "3,000 tools", with_member("tools", json.dumps(tools))
    messages = [{"role": ("user", "assistant")[i % 2], "content": str(i)} for i in range(3001)]
    yield "3,000 messages", with_messages(json.dumps(messages))


def send(proxy, simulator, body):
    """The answer, and the digests of what reached the provider."""
    headers = {**HEADERS, "X-Claude-Code-Session-Id": "odd"}
    reply = proxy.client.call("POST", "/v1/messages", body, headers)
    said = reply.read()
    received = simulator.client.json(f"/sim/requests?since={simulator.next}")["requests"]
    simulator.next = received[-1]["n"] + 1 if received else simulator.next
    return reply.status, said, [r["sha256"] for r in received]


def without_ids(said):
    """An answer without what differs with every one: ids, and what was read from the cache."""
    said = re.sub(rb'"(id|request_id)":"[^"]*"', b"ID", said)
    return re.sub(rb'"usage":\{("[a-z_]+":(\d+|null|\{[^}]*\}),?)*\}', b"USAGE", said)


def run(programs):
    with lab.Bench(programs, ["prefix.enabled=true"], clocked=False) as bench:
        off = bench.proxy(["prefix.enabled=false"])
        reached = 0
        for name, body in bodies():
            body = body.encode()
            wanted = [hashlib.sha256(body).hexdigest()]
            for _ in range(2):  # the second time there is something to compare with
                first, second = (send(p, bench.simulator, body) for p in (bench.first, off))
                check(first[0] == second[0] and first[2] == second[2], f"{name}: {first} {second}")
                check(first[2] in (wanted, []), f"{name}: other bytes went on")
                check(without_ids(first[1]) == without_ids(second[1]), f"{name}: {first[1][:300]} {second[1][:300]}")
                reached += first[2] == wanted
            check(all(p.sluice.process.poll() is None for p in bench.proxies), f"{name}: it has ended")
        check(reached > 600, f"only {reached} reached the provider")
        talk = Talk("after the odd ones")
        verdicts = [bench.turn(talk, proxy=off)[1] for _ in range(2)]
        check(not any(v.cause or v.lost or v.predicted is not None for v in verdicts), f"switched off: {verdicts}")
        for proxy in bench.proxies:
            status = proxy.end(15)
            check(status == 0, f"the end: {status}: {proxy.sluice.said()[-3000:]}")
