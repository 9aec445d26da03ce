#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Streams by the hundred over three simulated providers, of which the first two fail at random, in every way that the simulator
knows and in two dialects. Each delta carries the provider's name, the reply's own number and its place, so that no two
answers can be mixed unseen. No request may hang, or fail where the third provider could have answered; behind content there
may be an error event, and nothing else; each request is in the ledger once, attempts are those that the providers have seen, and
memory and descriptors stay flat.

    chaos_sim.py [--sluice FILE] [--sim FILE] [--seconds N] [--streams N] [--seed N]
    chaos_sim.py --self-test        whether it would notice"""

import argparse
import asyncio
import json
import os
import random
import re
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
from rig import PROJECT, free_port, isolate  # noqa: E402

BUILD = PROJECT / os.environ.get("BUILD", "build")
# Those who are asked, in this order: whose model, and whether it fails.
PROVIDERS = {"anthropic": ("claude-opus-5-5", True), "openai": ("gpt-5.5", True), "spare": ("claude-sonnet-4-6", False)}
WORDS = 10  # of a reply; each is one delta of the simulator
WORD = re.compile(r"([a-z]+)\.* r(\d{7}) (\d\d)/(\d\d)")
WORD_BYTES = 24
FAULTY = 0.6
WHOLE = 0.12  # of the requests ask for a reply in one piece
QUEUE = 1000  # faults and replies that a provider has in store
HUNG_S = 40
FAILOVER = {"first_s": 1, "content_s": 1.5, "retry_after_s": 1, "deadline_s": 20, "failures": 5, "open_s": 0.3, "open_max_s": 1}
TIMEOUTS = {"idle_s": 2, "first_byte_s": 5}
GROWTH_MIB, GROWTH_PERCENT, GROWTH_DESCRIPTORS = 4, 10, 16
SANITIZERS = re.compile(r"ERROR: \w+Sanitizer|runtime error:|WARNING: \w+Sanitizer")


# ---- what goes wrong ----


@dataclass
class View:
    """Where in the bytes of a stream content begins, and where the text does and ends."""

    content: int
    text: int
    end: int


def refusal(status, **headers):
    return lambda chance, view: {"status": status, "headers": {k.replace("_", "-"): v for k, v in headers.items()}}


def page(status):
    return lambda chance, view: {"status": status, "headers": {"content-type": "text/html"}, "body": "<html><h1>Busy</h1></html>"}


def at_once(**fault):
    return lambda chance, view: dict(fault)


def before_content(what, **more):
    return lambda chance, view: {what: chance.randrange(1, view.content), **more}


def in_text(what, **more):
    return lambda chance, view: {what: chance.randrange(view.text, view.end), **more}


def garbage_and_cut(chance, view):
    at = chance.randrange(view.text, view.end)
    return {"garbage_after": at, "cut_after": at + 20}


FAULTS = {
    "429, short": refusal(429, retry_after="1"),
    "429, long": refusal(429, retry_after="3"),
    "429": refusal(429),
    "500": refusal(500),
    "502": refusal(502),
    "503": refusal(503),
    "529": refusal(529),
    "502, a page": page(502),
    "200, a page": page(200),
    "200, an error": refusal(200),
    "reset": at_once(reset_after=0),
    "cut before the head": at_once(cut_after=0),
    "cut before content": before_content("cut_after"),
    "reset before content": before_content("reset_after"),
    "cut in the text": in_text("cut_after"),
    "reset in the text": in_text("reset_after"),
    "silent before the head": at_once(delay_ms=2500),
    "silent before content": before_content("stall_after"),
    "silent in the text": in_text("stall_after"),
    "silent for a moment": in_text("stall_after", stall_ms=400),
    "garbage": at_once(garbage_after=0),
    "garbage before content": before_content("garbage_after"),
    "garbage in the text": garbage_and_cut,
    "garbage in the text, and an end": in_text("garbage_after"),
    "error event": before_content("error_after", error="overloaded_error"),
    "error event in the text": in_text("error_after", error="api_error"),
    "slow": at_once(slow_bytes=60, slow_ms=5),
}


def some_faults(chance, view, n, names, counts):
    """So many, each or none of them in the place of one request."""
    found = []
    for _ in range(n):
        if chance.random() < FAULTY:
            name = chance.choice(names)
            counts[name] += 1
            found.append(FAULTS[name](chance, view))
        else:
            found.append({"delay_ms": 0})
    return found


def text_of(provider, reply):
    return "".join(f"{provider:.<9} r{reply:07} {i:02}/{WORDS:02}" for i in range(1, WORDS + 1))


# ---- what an answer has to be ----


@dataclass
class Answer:
    """What a client has got. `cut`: the connection ended before the reply did."""

    client: int
    streamed: bool
    status: int = 0
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False
    seconds: float = 0.0


class Odd(Exception):
    """An answer that must not be; the first argument says in which way."""


def frames_of(body):
    """Events by name and object, and whether the last one was torn: data that is no JSON, which a provider's garbage can
    leave in front of the error event."""
    found, torn = [], 0
    for text in body.decode(errors="replace").replace("\r\n", "\n").split("\n\n"):
        lines = [line.partition(":") for line in text.split("\n")]
        name = "".join(value.strip() for key, _, value in lines if key == "event")
        data = "\n".join(value.strip() for key, _, value in lines if key == "data")
        if not data:
            continue
        try:
            found.append((name, json.loads(data)))
        except ValueError:
            torn += 1
            found.append(("torn", {"type": "torn"}))
    return found, torn


def walk(frames):
    """Checks the grammar of the stream. Returns the model, the texts, the tokens of the prompt, and how it ended."""
    model, texts, usage, state, begun, end = "", [], {}, "start", False, ""
    follows = {"message_start": ("start", "message"), "content_block_start": ("message", "block"),
               "content_block_delta": ("block", "block"), "content_block_stop": ("block", "message"),
               "message_delta": ("message", "delta"), "message_stop": ("delta", "end")}
    for name, data in frames:
        if end:
            raise Odd("grammar", f"{name} behind the {end}")
        if name == "ping":
            continue
        if name == "torn":
            state = "torn"
            continue
        if data.get("type") != name:
            raise Odd("grammar", f"{name} with the type {data.get('type')}")
        if name == "error":
            end = "error"
            if not begun:
                raise Odd("failed", f"an error event before content: {data}")
            continue
        if state == "torn" or name not in follows or follows[name][0] != state:
            raise Odd("grammar", f"{name} in the state {state}")
        state = follows[name][1]
        usage.update({k: v for k, v in (data.get("message", data).get("usage") or {}).items() if v is not None})
        if name == "message_start":
            model = data["message"]["model"]
        elif name == "content_block_start":
            begun = True
        elif name == "content_block_delta":
            texts.append(data["delta"]["text"])
        elif name == "message_stop":
            end = "end"
    if not end:
        raise Odd("left unfinished" if begun else "failed", f"it just ended, in the state {state}")
    return model, texts, usage, end


def one_author(texts, whole):
    """All deltas are of one reply, in order and without a gap. Returns its provider and number; none of an empty text."""
    text, authors = "".join(texts), set()
    for i in range(0, len(text), WORD_BYTES):
        m = WORD.fullmatch(text[i:i + WORD_BYTES])
        if m is None:
            raise Odd("mixed", f"a text that nobody has said: {text[i:i + WORD_BYTES]!r}")
        authors.add((m[1], int(m[2])))
        if int(m[3]) != i // WORD_BYTES + 1:
            raise Odd("mixed", f"word {m[3]} where {i // WORD_BYTES + 1} should be")
    if len(authors) > 1:
        raise Odd("mixed", f"the texts of {sorted(authors)}")
    if whole and len(text) != WORDS * WORD_BYTES:
        raise Odd("mixed", f"{len(text) // WORD_BYTES} words of {WORDS}, as if it were all")
    return authors.pop() if authors else (None, None)


class Judge:
    """Looks at answers; `prompts` tells by client and provider how many tokens the prompt has, which is different for each
    client."""

    def __init__(self, prompts):
        self.prompts = prompts
        self.counts, self.replies, self.ids, self.first, self.by = Counter(), set(), [], [], Counter()
        self.slowest_s = 0.0

    def note(self, answer):
        self.slowest_s = max(self.slowest_s, answer.seconds)
        if "x-sluice-id" in answer.headers:
            self.ids.append(answer.headers["x-sluice-id"])
        try:
            found = self.look(answer)
        except Odd as e:
            found = e.args[0]
            self.first.append((*e.args, answer.status, answer.headers.get("x-sluice-id"), answer.body[-400:]))
        self.counts[found] += 1
        return found

    def look(self, a):
        """'whole' or 'broken', else Odd."""
        if a.status == 0:
            raise Odd("hung" if a.seconds >= HUNG_S else "left without an answer", f"after {a.seconds:.1f} s")
        if a.status != 200:
            raise Odd("failed", f"status {a.status}")
        if a.cut:
            raise Odd("cut off", "the connection ended without a word")
        if a.streamed:
            frames, torn = frames_of(a.body)
            model, texts, usage, end = walk(frames)
            self.counts["with a torn frame"] += torn > 0
        else:
            model, texts, usage, end = self.whole(a.body)
        provider, reply = one_author(texts, end == "end")
        self.identify(a, model, provider, reply)
        if end == "error":
            return "broken"
        told = sum(usage.get(k, 0) for k in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"))
        if told != self.prompts[a.client, provider]:
            raise Odd("mixed", f"an answer to a prompt of {told} tokens, and not of {self.prompts[a.client, provider]}")
        self.by[provider] += 1
        return "whole"

    @staticmethod
    def whole(body):
        try:
            data = json.loads(body)
            return data["model"], [part["text"] for part in data["content"]], data["usage"], "end"
        except (ValueError, KeyError, TypeError) as e:
            raise Odd("grammar", f"no message: {e!r}") from None

    def identify(self, a, model, provider, reply):
        named = a.headers.get("x-sluice-provider")
        if named not in PROVIDERS or provider not in (None, named):
            raise Odd("mixed", f"text of {provider}, by {named}")
        # What is relayed has the model's name in it, what is translated the name that was asked for.
        expected = PROVIDERS["anthropic" if named == "openai" else named][0]
        if model != expected or a.headers.get("x-sluice-model") != PROVIDERS[named][0]:
            raise Odd("mixed", f"model {model}, by {named} {a.headers.get('x-sluice-model')}")
        if reply in self.replies:
            raise Odd("mixed", f"reply {reply} was given before")
        if reply is not None:
            self.replies.add(reply)


# ---- clients ----


async def read_reply(reader, answer):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    answer.status = int(head[0].split()[1])
    answer.headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:]) if k}
    body = bytearray()
    try:
        if "chunked" in answer.headers.get("transfer-encoding", ""):
            while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
                body += await reader.readexactly(size)
                await reader.readexactly(2)
            await reader.readexactly(2)
        else:
            body += await reader.readexactly(int(answer.headers["content-length"]))
    except (asyncio.IncompleteReadError, ConnectionError):
        answer.cut = True
    answer.body = bytes(body)


async def http(port, method, path, value=None):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 28)
    body = json.dumps(value).encode() if value is not None else b""
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nx-api-key: k\r\nauthorization: Bearer k\r\n"
                 f"anthropic-version: 2023-06-01\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
    answer = Answer(0, False)
    await read_reply(reader, answer)
    writer.close()
    return answer


class Client:
    """Asks one question after the other on a connection of its own."""

    def __init__(self, number, port):
        self.number, self.port, self.writer = number, port, None

    def request(self, model, streamed):
        body = json.dumps({"model": model, "max_tokens": 4000, "stream": streamed,
                           "messages": [{"role": "user", "content": "word " * (20 + self.number)}]}).encode()
        return (f"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nx-api-key: sk-client-{self.number}\r\n"
                f"anthropic-version: 2023-06-01\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n").encode() + body

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.writer = None

    async def ask(self, streamed, model=PROVIDERS["anthropic"][0]):
        answer, began = Answer(self.number, streamed), time.monotonic()
        try:
            await asyncio.wait_for(self.exchange(answer, self.request(model, streamed)), HUNG_S)
        except (asyncio.TimeoutError, OSError, asyncio.IncompleteReadError, ValueError, KeyError):
            answer.status = 0
        answer.seconds = time.monotonic() - began
        if answer.status == 0 or answer.cut or answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    async def exchange(self, answer, request):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(request)
        await read_reply(self.reader, answer)


# ---- providers ----


class Provider:
    """A simulator with replies and faults in store."""

    def __init__(self, name, chance):
        self.name, self.chance = name, chance
        self.model, self.fails = PROVIDERS[name]
        self.process = self.view = None
        self.counts = Counter()

    async def start(self, binary, streams):
        self.process = await asyncio.create_subprocess_exec(str(binary), "--listen", "127.0.0.1:0",
                                                            stdout=asyncio.subprocess.PIPE)
        self.port = int((await self.process.stdout.readline()).rsplit(b":", 1)[1])
        await http(self.port, "POST", "/sim/script", {"text": text_of(self.name, 0), "delay_ms": 0})
        path = "/v1/chat/completions" if self.name == "openai" else "/v1/messages"
        limit = "max_completion_tokens" if self.name == "openai" else "max_tokens"
        body = (await http(self.port, "POST", path, {"model": self.model, limit: 4000, "stream": True,
                                                     "messages": [{"role": "user", "content": "hello"}]})).body
        first = body.index(text_of(self.name, 0)[:WORD_BYTES].encode())
        content = body.find(b"event: content_block_start")
        self.view = View(content if content > 0 else body.rindex(b"data:", 0, first), body.index(b"\n\n", first) + 2,
                         body.rindex(f" {WORDS:02}/".encode()))
        # What is asked to learn how long prompts are is answered at once.
        await http(self.port, "POST", "/sim/script", {"text": "yes", "delay_ms": 0, "times": streams})

    async def store(self, replies, names):
        """Fills up what is in store; `replies` gives each reply its number."""
        queued = json.loads((await http(self.port, "GET", "/sim/script")).body)["queued"]
        if queued < QUEUE / 2:
            await http(self.port, "POST", "/sim/script", [
                {"text": text_of(self.name, next(replies)), "delay_ms": self.chance.randrange(10, 400)} for _ in range(QUEUE)])
        if not self.fails or not names:
            return
        queued = json.loads((await http(self.port, "GET", "/sim/faults")).body)["queued"]
        if queued < QUEUE / 2:
            await http(self.port, "POST", "/sim/faults", some_faults(self.chance, self.view, QUEUE, names, self.counts))

    async def asked(self):
        """How many requests have come, without the one at the start."""
        return len(json.loads((await http(self.port, "GET", "/sim/bill")).body)["requests"]) - 1


# ---- the proxy ----


def configuration(providers, port, folder):
    """Each has its model as a fallback, the first one's is that which is asked for."""
    def at(p):
        return {"base_url": f"http://127.0.0.1:{p.port}", "timeouts": TIMEOUTS}
    first, second, third = providers
    return {"listen": [f"127.0.0.1:{port}"], "log": {"level": "error"}, "store": {"path": str(folder / "ledger.db")},
            "route": {"profile": "observe", "fallbacks": [f"{p.name}/{p.model}" for p in (second, third)]}, "failover": FAILOVER,
            "providers": {first.name: at(first),
                          second.name: {"dialect": "chat", "api_key": "sk-second-0123456789", **at(second)},
                          third.name: {"dialect": "anthropic", "api_key": "sk-third-0123456789", **at(third)}}}


async def start_proxy(binary, providers, folder):
    port, path = free_port(), folder / "config.json"
    path.write_text(json.dumps(configuration(providers, port, folder)))
    path.chmod(0o600)
    env = {"PATH": os.environ["PATH"], "HOME": str(folder)} | {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
    with (folder / "proxy.out").open("wb") as out:
        process = await asyncio.create_subprocess_exec(str(binary), "start", "--config", str(path),
                                                       env=env, stdout=out, stderr=out)
    for _ in range(200):
        try:
            await http(port, "GET", "/health")
            return process, port
        except OSError:
            await asyncio.sleep(0.05)
    raise SystemExit("broken: the proxy does not answer: " + (folder / "proxy.out").read_text()[-500:])


def reading(pid):
    with open(f"/proc/{pid}/status") as f:
        rss = next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))
    return {"rss_mib": rss / 1024, "descriptors": len(os.listdir(f"/proc/{pid}/fd"))}


def ledger(path):
    """Ids of the exchanges as often as they are there, attempts by provider, and those that do not add up."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        ids = [row[0] for row in db.execute("SELECT id FROM exchange")]
        attempts = dict(db.execute("SELECT provider, count(*) FROM attempt GROUP BY provider"))
        odd = db.execute("SELECT count(*) FROM exchange e WHERE (SELECT count(*) FROM attempt a WHERE a.exchange = e.row) < 1"
                         " OR e.total_nusd <> (SELECT sum(a.total_nusd) FROM attempt a WHERE a.exchange = e.row)").fetchone()[0]
        most = db.execute("SELECT max(n) FROM (SELECT count(*) AS n FROM attempt GROUP BY exchange)").fetchone()[0]
        return {"ids": ids, "attempts": attempts, "odd": odd, "most": most}
    finally:
        db.close()


# ---- the run ----


@dataclass
class Run:
    """All that is known in the end."""

    judge: Judge
    requests: int
    ledger: dict
    asked: dict
    samples: list
    said: str = ""
    exit: int = 0
    sanitized: bool = False
    verified: int = 0


def halves(samples, figure):
    """Medians of both halves, without what it takes to get going."""
    rest = [s[figure] for s in samples[len(samples) // 8:]] or [0]
    middle = max(1, len(rest) // 2)
    return statistics.median(rest[:middle]), statistics.median(rest[middle:] or rest)


def expectations(run):
    """What must hold, each by name."""
    c, ids = run.judge.counts, Counter(run.ledger["ids"])
    rss, descriptors = halves(run.samples, "rss_mib"), halves(run.samples, "descriptors")
    never = ("hung", "mixed", "failed", "cut off", "left unfinished", "left without an answer")
    held = {f"no request was {name}": not c[name] for name in never}
    held |= {
        "streams and messages are well formed": not c["grammar"],
        "there were answers of each provider": all(run.judge.by[p] for p in PROVIDERS),
        "some broke off behind content": c["broken"] > 0,
        "every answer has an id of its own": len(set(run.judge.ids)) == run.requests,
        "every request is in the ledger once": set(ids) == set(run.judge.ids) and max(ids.values(), default=0) == 1,
        "attempts are those that the providers have seen": run.ledger["attempts"] == run.asked,
        "attempts add up to their requests": run.ledger["odd"] == 0 and run.verified == 0,
        "descriptors are flat": descriptors[1] - descriptors[0] <= GROWTH_DESCRIPTORS,
        "no sanitizer said a word": not SANITIZERS.search(run.said),
        "it ended well": run.exit == 0,
    }
    if not run.sanitized:  # a sanitizer keeps what was freed
        held["memory is flat"] = rss[1] - rss[0] <= max(GROWTH_MIB, rss[0] * GROWTH_PERCENT / 100)
    return held


async def measure_prompts(judge, clients):
    """While nothing fails yet: how many tokens each client's prompt has at each provider, by asking that one alone."""
    asked = 0
    for name, (model, _) in PROVIDERS.items():
        for client in clients:
            answer = await client.ask(False, f"{name}/{model}")
            if answer.status != 200:
                raise SystemExit(f"broken: {name} answers {answer.status} {answer.body[:300]!r}")
            usage = json.loads(answer.body)["usage"]
            judge.prompts[client.number, name] = sum(
                usage.get(k) or 0 for k in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"))
            judge.ids.append(answer.headers["x-sluice-id"])
            asked += 1
    return asked


async def repeat(every_s, what):
    while True:
        await what()
        await asyncio.sleep(every_s)


async def crowd(clients, judge, until, chance):
    async def one(client):
        n = 0
        while time.monotonic() < until:
            judge.note(await client.ask(chance.random() >= WHOLE))
            n += 1
        return n
    return sum(await asyncio.gather(*map(one, clients)))


async def chaos(options, folder):
    chance = random.Random(options.seed)
    names = options.only.split(";") if options.only else list(FAULTS)
    providers = [Provider(name, random.Random(chance.random())) for name in PROVIDERS]
    for p in providers:
        await p.start(options.sim, options.streams)
    process, port = await start_proxy(options.sluice, providers, folder)
    judge, samples, replies = Judge({}), [], iter(range(1, 10**7))
    clients = [Client(i, port) for i in range(options.streams)]
    requests = await measure_prompts(judge, clients)

    async def feed():
        for p in providers:
            await p.store(replies, names)

    async def sample():
        samples.append(reading(process.pid))
    await feed()
    beside = [asyncio.create_task(repeat(0.5, feed)), asyncio.create_task(repeat(1, sample))]
    requests += await crowd(clients, judge, time.monotonic() + options.seconds, chance)
    for task in beside:
        if task.done():
            task.result()
        task.cancel()
    for client in clients:
        client.close()
    await asyncio.sleep(1)
    idle = reading(process.pid) if process.returncode is None else {}
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    code = await process.wait()
    verify = await asyncio.create_subprocess_exec(str(options.sluice), "ledger", "verify",
                                                  "--config", str(folder / "config.json"),
                                                  stdout=asyncio.subprocess.DEVNULL)
    run = Run(judge, requests, ledger(folder / "ledger.db"), {p.name: await p.asked() for p in providers}, samples,
              (folder / "proxy.out").read_text(errors="replace"), code, b"__asan_init" in Path(options.sluice).read_bytes(),
              await verify.wait())
    for p in providers:
        p.process.terminate()
        await p.process.wait()
    return run, {"idle": idle, "faults_in_store": dict(sum((p.counts for p in providers), Counter()))}


def report(run, more):
    """Prints figures and what held; returns how many did not."""
    figures = {"requests": run.requests, "answers": dict(run.judge.counts), "whole_by": dict(run.judge.by), "asked": run.asked,
               "in_ledger": len(run.ledger["ids"]), "attempts": run.ledger["attempts"], "most_attempts": run.ledger["most"],
               "slowest_s": round(run.judge.slowest_s, 2), "rss_mib": [round(v, 1) for v in halves(run.samples, "rss_mib")],
               "descriptors": list(halves(run.samples, "descriptors")), "exit": run.exit, **more}
    print(json.dumps(figures))
    for what in run.judge.first[:5]:
        print("     ", *what)
    if run.said.strip():
        print("      it said:", run.said[-2000:])
    return tell(expectations(run))


def tell(held):
    for name, good in held.items():
        print("ok    " if good else "FAILED", name)
    failed = sum(not good for good in held.values())
    print(f"{len(held) - failed} passed, {failed} failed")
    return failed


# ---- whether it would notice ----


def fake_stream(provider, words, end=("content_block_stop", "message_delta", "message_stop"), tokens=77, model=None):
    message = {"model": model or PROVIDERS[provider][0], "usage": {"input_tokens": tokens}}
    frames = [("message_start", {"message": message}), ("ping", {}), ("content_block_start", {"index": 0})]
    frames += [("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": w}}) for w in words]
    frames += [(name, {"usage": {"output_tokens": 5}} if name == "message_delta" else {}) for name in end]
    return "".join(f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n" for name, data in frames).encode()


def words_of(provider, reply):
    text = text_of(provider, reply)
    return [text[i:i + WORD_BYTES] for i in range(0, len(text), WORD_BYTES)]


def fake_streams():
    """Bodies by what has to be found of them."""
    a, b, other = words_of("anthropic", 1), words_of("openai", 2), words_of("anthropic", 3)
    torn, error = b'event: content_block_delta\ndata: {"ty\x00\n\n', b'event: error\ndata: {"type": "error"}\n\n'

    def said(*arguments, **more):
        return fake_stream("anthropic", *arguments, **more)
    return {
        "whole": [said(a)],
        "broken": [said(a[:4], ("error",)), said([], ("error",)), said(a[:2], ()) + torn + error],
        "mixed": [said(a[:4] + b[4:]), said(a[:4] + other[4:]), said(a[:4] + a[5:]), said(a[:4]), said(a[:4] + a), said(b),
                  said(a, model="gpt-5.5"), said(a, tokens=78), said(["hello"])],
        "left unfinished": [said(a, ()), said(a[:2], ()) + torn],
        "grammar": [said(a, ("message_stop",)), said(a[:4], ("error", "content_block_delta")),
                    said(a[:4], ("error", "message_stop")), said(a[:4], ()) + said(a), said(a) + said(a)],
        "failed": [b"", b"<html></html>", b"event: ping\ndata: {}\n\n", torn, error, said([], ())[:200] + torn + error],
    }


def fake_answers():
    """Answers, and what has to be found of each."""
    headers = {"x-sluice-provider": "anthropic", "x-sluice-model": "claude-opus-5-5"}
    streams = fake_streams()
    whole, page_ = streams["whole"][0], b"<html></html>"
    message = {"model": "claude-opus-5-5", "content": [{"text": text_of("anthropic", 1)}], "usage": {"input_tokens": 77}}
    found = [(Answer(0, True, 200, headers, body), what) for what, bodies in streams.items() for body in bodies]
    return found + [
        (Answer(0, False, 200, headers, json.dumps(message).encode()), "whole"),
        (Answer(0, False, 200, headers, page_), "grammar"),
        (Answer(0, True, 200, {**headers, "x-sluice-provider": "openai"}, whole), "mixed"),
        (Answer(0, True, 200, {**headers, "x-sluice-model": "gpt-5.5"}, whole), "mixed"),
        (Answer(0, True, 529, headers), "failed"),
        (Answer(0, True, 200, headers, whole, cut=True), "cut off"),
        (Answer(0, True, seconds=HUNG_S), "hung"),
        (Answer(0, True, seconds=1), "left without an answer"),
    ]


def fake_run(**changes):
    judge = Judge({})
    judge.counts.update({"whole": 9, "broken": 1})
    judge.by.update({p: 3 for p in PROVIDERS})
    judge.ids = [str(i) for i in range(10)]
    run = Run(judge, 10, {"ids": list(judge.ids), "attempts": {"anthropic": 12}, "odd": 0, "most": 2}, {"anthropic": 12},
              [{"rss_mib": 20, "descriptors": 90}] * 100)
    for name, value in changes.items():
        setattr(run, name, value)
    return run


def self_test():
    held = {}
    for i, (answer, wanted) in enumerate(fake_answers()):
        found = Judge({(0, "anthropic"): 77}).note(answer)
        held[f"answer {i + 1} is {wanted}" + (f", not {found}" if found != wanted else "")] = found == wanted
    twice = Judge({(0, "anthropic"): 77})
    again = [twice.note(fake_answers()[0][0]) for _ in range(2)]
    held["the same reply twice is found"] = again == ["whole", "mixed"]
    full = fake_run().ledger
    growing = [{"rss_mib": 20 + i / 10, "descriptors": 90 + i} for i in range(100)]
    runs = {
        "a good run is good": ({}, set()),
        "a missing row": ({"ledger": {**full, "ids": full["ids"][1:]}}, {"every request is in the ledger once"}),
        "a row twice": ({"ledger": {**full, "ids": full["ids"] + ["3"]}}, {"every request is in the ledger once"}),
        "an attempt more": ({"asked": {"anthropic": 13}}, {"attempts are those that the providers have seen"}),
        "growth": ({"samples": growing}, {"memory is flat", "descriptors are flat"}),
        "a sanitizer": ({"said": "x.c:3: runtime error: null"}, {"no sanitizer said a word"}),
        "a crash": ({"exit": -11}, {"it ended well"}),
    }
    for name, (changes, wanted) in runs.items():
        held[name] = {k for k, good in expectations(fake_run(**changes)).items() if not good} == wanted
    return tell(held)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sluice", type=Path, default=BUILD / "sluice", metavar="FILE")
    parser.add_argument("--sim", type=Path, default=BUILD / "sluice-sim", metavar="FILE")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the faults and their order")
    parser.add_argument("--only", metavar="FAULT;…", help="these instead of all: " + "; ".join(FAULTS))
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        sys.exit(1 if self_test() else 0)
    options.sluice, options.sim = options.sluice.resolve(), options.sim.resolve()
    isolate()
    print(f"seed {options.seed}, {options.seconds:.0f} s, {options.streams} streams", flush=True)
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        run, more = asyncio.run(chaos(options, Path(folder)))
        failed = report(run, more)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
