#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Streams by the hundred while two of three providers fail in every way at random: no request may hang or fail that the third could
have answered, no answer may hold the text of two, each request is in the ledger, and memory stays flat.

    tests/load/chaos.py SLUICE [SECONDS] [STREAMS]        600 seconds and 100 streams, one line of JSON at the end
"""

import asyncio
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time

HUNG_S = 60
WORDS = 8
GROWTH_MIB = 24
BODY = json.dumps({"model": "claude-opus-5-5", "max_tokens": 64, "stream": True,
                   "messages": [{"role": "user", "content": "hello " * 400}]}).encode()
FAULTS = ["429 short", "429 long", "429", "500", "502", "503", "529", "401", "404", "reset", "cut", "head cut", "start cut",
          "error event", "silent", "silent head", "cut in text", "error in text", "silent in text", "garbage"]


def event(name, data):
    return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode()


def refusal(status, more=""):
    body = json.dumps({"type": "error", "error": {"type": "some_error", "message": "words"}}).encode()
    return f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{more}content-length: {len(body)}\r\n\r\n".encode() + body


class Provider:
    """Answers each request with words of its own, or fails."""

    def __init__(self, word, share):
        self.word, self.share, self.asked = word, share, 0

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, limit=1 << 20)
        self.port = self.server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        try:
            while await self.one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def one(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = [l for l in head.lower().split(b"\r\n") if l.startswith(b"content-length:")]
        await reader.readexactly(int(length[0].split(b":")[1]) if length else 0)
        self.asked += 1
        if random.random() < self.share:
            return await self.fail(random.choice(FAULTS), reader, writer)
        await self.stream(writer, WORDS)
        self.put(writer, event("message_delta", {"usage": {"output_tokens": WORDS}}) + event("message_stop", {}))
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    def put(self, writer, data):
        writer.write(b"%x\r\n%s\r\n" % (len(data), data))

    async def stream(self, writer, words):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        self.put(writer, event("message_start", {"message": {"model": "claude-opus-5-5", "usage": {"input_tokens": 5, "output_tokens": 1}}})
                 + event("ping", {}))
        for _ in range(words):
            self.put(writer, event("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": self.word}}))
            await writer.drain()
            await asyncio.sleep(random.random() * 0.05)

    async def fail(self, how, reader, writer):
        if how[0].isdigit():
            after = {"429 short": "retry-after: 1\r\n", "429 long": "retry-after: 600\r\n"}.get(how, "")
            writer.write(refusal(how[:3], after))
            await writer.drain()
            return True
        if how == "garbage":
            writer.write(b"\x00\xff not HTTP\r\n\r\n")
        elif how == "head cut":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-ty")
        elif how.startswith("silent"):
            if how == "silent head":
                await self.stream(writer, 0)
            elif how == "silent in text":
                await self.stream(writer, 3)
            await writer.drain()
            await reader.read(1)  # until the other side has had enough
        elif how in ("start cut", "error event"):
            await self.stream(writer, 0)
        elif how in ("cut in text", "error in text"):
            await self.stream(writer, 3)
        if how.startswith("error"):
            self.put(writer, event("error", {"error": {"type": "overloaded_error", "message": "Overloaded"}}))
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        if how == "reset":
            writer.transport.abort()
        return False


class Tally:
    def __init__(self):
        self.whole = self.broken = self.mixed = self.failed = self.hung = self.odd = 0
        self.slowest_s, self.first_failure = 0.0, ""


def judge(tally, status, text):
    words = {w for w in "ABC" if f'"text": "{w}"' in text or f'"text":"{w}"' in text}
    if status != 200:
        tally.failed += 1
        tally.first_failure = tally.first_failure or f"{status}: {text[:200]}"
    elif len(words) > 1 or text.count("event: message_start") > 1:
        tally.mixed += 1
        tally.first_failure = tally.first_failure or text
    elif text.endswith('data: {"type": "message_stop"}\n\n') and sum(text.count(f'"text": "{w}"') for w in words) == WORDS:
        tally.whole += 1
    elif words and "event: error\n" in text and "message_stop" not in text:
        tally.broken += 1  # behind content: told as it is
    else:
        tally.odd += 1
        tally.first_failure = tally.first_failure or text


async def ask(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nx-api-key: sk-client\r\nconnection: close\r\n"
                 b"content-length: %d\r\n\r\n%s" % (len(BODY), BODY))
    raw = await reader.read(-1)
    writer.close()
    head, _, rest = raw.partition(b"\r\n\r\n")
    if b"chunked" in head.lower():
        body = b""
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            body, rest = body + rest[:int(size, 16)], rest[int(size, 16) + 2:]
        rest = body
    return int(head.split()[1]), rest.decode()


async def client(port, until, tally):
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            status, text = await asyncio.wait_for(ask(port), HUNG_S)
            judge(tally, status, text)
        except asyncio.TimeoutError:
            tally.hung += 1
        except (ConnectionError, ValueError, IndexError) as e:
            tally.odd += 1
            tally.first_failure = tally.first_failure or repr(e)
        tally.slowest_s = max(tally.slowest_s, time.monotonic() - began)


def rss_mib(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:")) / 1024


async def recorded(port, want):
    """How many exchanges the ledger knows, once it has them all or some seconds have passed."""
    n = -1
    for _ in range(50):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /stats?span=all HTTP/1.0\r\nHost: localhost\r\n\r\n")
        body = (await reader.read(-1)).partition(b"\r\n\r\n")[2]
        writer.close()
        n = json.loads(body).get("totals", json.loads(body)).get("exchanges", -1)
        if n == want:
            break
        await asyncio.sleep(0.2)
    return n


def configuration(providers, port):
    def at(p):
        return {"base_url": f"http://127.0.0.1:{p.port}", "timeouts": {"idle_s": 3}}
    a, b, c = providers
    return {"listen": [f"127.0.0.1:{port}"], "log": {"level": "error"}, "route": {"profile": "observe", "fallbacks": ["b/*", "c/*"]},
            "failover": {"first_s": 1, "retry_after_s": 1, "open_s": 1, "open_max_s": 3},
            "providers": {"anthropic": at(a), "b": {"dialect": "anthropic", "api_key": "sk-b-0123456789", **at(b)},
                          "c": {"dialect": "anthropic", "api_key": "sk-c-0123456789", **at(c)}}}


async def run(sluice, seconds, streams, folder):
    providers = [Provider("A", 0.6), Provider("B", 0.6), Provider("C", 0)]
    for p in providers:
        await p.start()
    free = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    port = free.sockets[0].getsockname()[1]
    free.close()
    await free.wait_closed()
    path = os.path.join(folder, "config.json")
    with open(path, "w") as f:
        json.dump(configuration(providers, port), f)
    os.chmod(path, 0o600)
    env = {**os.environ, "HOME": folder, "XDG_DATA_HOME": folder}
    proxy = await asyncio.create_subprocess_exec(sluice, "start", "--config", path, env=env)
    await asyncio.sleep(1.5)
    tally, began = Tally(), time.monotonic()
    crowd = [asyncio.create_task(client(port, began + seconds, tally)) for _ in range(streams)]
    await asyncio.sleep(seconds / 4)
    early = rss_mib(proxy.pid)
    await asyncio.gather(*crowd)
    late = rss_mib(proxy.pid)
    asked = tally.whole + tally.broken + tally.mixed + tally.failed + tally.hung + tally.odd
    n = await recorded(port, asked)
    proxy.send_signal(signal.SIGTERM)
    code = await proxy.wait()
    return tally, {"requests": asked, "attempts": [p.asked for p in providers], "recorded": n,
                   "rss_mib": [round(early, 1), round(late, 1)], "exit": code, **vars(tally)}


def main():
    sluice = os.path.abspath(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 600
    streams = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    with tempfile.TemporaryDirectory() as folder:
        tally, figures = asyncio.run(run(sluice, seconds, streams, folder))
    print(json.dumps(figures))
    flat = figures["rss_mib"][1] - figures["rss_mib"][0] <= GROWTH_MIB
    good = not (tally.mixed or tally.failed or tally.hung or tally.odd) and figures["recorded"] == figures["requests"]
    return 0 if good and flat and tally.whole and figures["exit"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
