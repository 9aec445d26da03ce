# SPDX-License-Identifier: MIT
"""Invented conversations in the shape of Claude Code's: a billing line and two marked system texts, tools, a reminder
before the first prompt, a second message of the system whose content is an array at first and a plain text later, and a
mark on the last block, which moves with every turn. Nothing of a text repeats in another conversation unless it is told
to."""

import base64
import copy
import json
import random
import re
import struct
import uuid
import zlib

from bodies import WORDS, compact

MARK = {"type": "ephemeral"}
OLD = re.compile(r"claude-(3|(opus|sonnet|haiku)-4-(1|5)\b)")  # take no messages of the system
NAMES = "Bash Edit Read Write Grep Glob Task WebFetch".split()


def screenshot(wide=1000, high=1000):
    """A grey picture as PNG."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", wide, high, 1, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x55" * ((wide + 7) // 8)) * high)
    whole = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return base64.b64encode(whole).decode()


SCREENSHOT = screenshot()


def filler(seed, tokens):
    """Lines of words, about so many tokens, the same for the same seed."""
    words = random.Random(f"{seed}").choices(WORDS, k=max(1, int(tokens / 1.15)))
    return "\n".join(" ".join(words[i : i + 12]) for i in range(0, len(words), 12))


def text(words, **more):
    return {"type": "text", "text": words, **more}


def picture():
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": SCREENSHOT}}


def tool(name, seed, tokens=300):
    properties = {"path": {"type": "string", "description": "The path."}, "n": {"type": "number"}}
    schema = {"type": "object", "properties": properties, "required": ["path"]}
    return {"name": name, "description": filler(f"{seed} {name}", tokens), "input_schema": schema}


def blocks_of(message):
    """A message's content as a list that may be changed."""
    if isinstance(message["content"], str):
        message["content"] = [text(message["content"])]
    return message["content"]


def unmarked(messages):
    """A copy without marks."""
    out = copy.deepcopy(messages)
    for message in out:
        for block in message["content"] if isinstance(message["content"], list) else ():
            block.pop("cache_control", None)
    return out


class Talk:
    """One conversation. size: tokens before the first prompt, about. Options: agent (a subagent's id), ttl ("5m" or
    "1h"), system_ttl, thinking, shared (a seed for tools and system, to have them in common with others), of (the
    session's seed), marks (False: the client sets none)."""

    def __init__(self, seed, model="claude-opus-4-6", size=20000, **options):
        self.seed, self.model, self.options = seed, model, options
        self.random = random.Random(seed)
        self.session = str(uuid.UUID(int=random.Random(options.get("of", seed)).getrandbits(128)))
        self.agent = options.get("agent")
        self.ttl, self.marks = options.get("ttl", "5m"), options.get("marks", True)
        shared = options.get("shared", seed)
        self.tools = [tool(name, shared, size * 0.5 / len(NAMES)) for name in NAMES]
        self.system = self._system(shared, size)
        self.more = {"thinking": options["thinking"]} if options.get("thinking") else {}
        reminder = text(f"<system-reminder>\n{filler(f'reminder {seed}', size * 0.1)}\n</system-reminder>")
        self.messages = [{"role": "user", "content": [reminder, text(f"Please do {seed}.")]}]
        if not OLD.match(model):
            self.messages.append({"role": "system", "content": filler(f"surroundings {seed}", size * 0.15)})
        self.turns, self.ended = 0, None
        self.headers_once = {}  # for the next request only

    def _system(self, shared, size):
        subagent = " cc_is_subagent=true;" if self.agent else ""
        billing = f"x-anthropic-billing-header: cc_version=2.1.329.0a1; cc_entrypoint=cli;{subagent}"
        identity = f"You are Claude Code, Anthropic's official CLI for Claude. {shared}"
        return [text(billing), text(identity), text(filler(f"system {shared}", size * 0.25))]

    def mark(self, ttl=None):
        return {"type": "ephemeral", "ttl": "1h"} if (ttl or self.ttl) == "1h" else dict(MARK)

    def request(self):
        """The next request, marked, as an object of its own."""
        messages, system = copy.deepcopy(self.messages), copy.deepcopy(self.system)
        if self.marks:
            for block in system[1:3]:
                block["cache_control"] = self.mark(self.options.get("system_ttl"))
            blocks_of(messages[-1])[-1]["cache_control"] = self.mark()
        user = {"device_id": "0" * 64, "account_uuid": "", "session_id": self.session}
        return {
            "model": self.model,
            "messages": messages,
            "system": system,
            "tools": copy.deepcopy(self.tools),
            "metadata": {"user_id": json.dumps(user, separators=(",", ":"))},
            "max_tokens": 8000,
            **copy.deepcopy(self.more),
            "stream": True,
        }

    def body(self):
        return compact(self.request())

    def headers(self):
        agent = {"x-claude-code-agent-id": self.agent} if self.agent else {}
        once, self.headers_once = self.headers_once, {}
        return {**HEADERS, "X-Claude-Code-Session-Id": self.session, **agent, **once}

    def took(self, content):
        """The reply is in: notes how far the request went that it answers, and keeps it."""
        self.turns, self.ended = self.turns + 1, len(self.messages)
        self.messages.append({"role": "assistant", "content": content})

    def go_on(self, tokens=400):
        """Answers the calls of the last reply, or says something new."""
        calls = [b for b in self.messages[-1]["content"] if b["type"] == "tool_use"]
        seed = f"{self.seed} turn {self.turns}"
        if calls:
            results = [{"type": "tool_result", "tool_use_id": c["id"], "content": filler(f"{seed} {c['id']}", tokens)}
                       for c in calls]
            self.messages.append({"role": "user", "content": results})
        else:
            self.messages.append({"role": "user", "content": [text(filler(seed, tokens))]})

    def reply(self):
        """What the model shall say next: turn about a call, two calls at once, and a text."""
        said = text(filler(f"{self.seed} reply {self.turns}", 60))
        calls = [
            {"type": "tool_use", "id": f"toolu_{abs(hash_of(self.seed)):x}_{self.turns}_{i}", "name": "Read",
             "input": {"path": f"/src/{self.random.getrandbits(32):x}.c", "n": i}}
            for i in range((1, 2, 0)[self.turns % 3])
        ]
        thought = {"type": "thinking", "thinking": filler(f"{self.seed} thought {self.turns}", 80)}
        thinks = self.more.get("thinking", {}).get("type") in ("enabled", "adaptive")
        return [*([thought] if thinks else []), said, *calls]


def hash_of(seed):
    return random.Random(f"id {seed}").getrandbits(40)


HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "User-Agent": "claude-cli/2.1.329 (external, cli)",
    "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14,extended-cache-ttl-2025-04-11",
    "anthropic-version": "2023-06-01",
    "x-api-key": "sk-ant-not-a-real-key",
    "x-app": "cli",
}
