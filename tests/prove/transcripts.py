# SPDX-License-Identifier: MIT
"""Rebuilds the sequence of Messages requests that a recorded Claude Code session sent.

A transcript holds one JSON object a line: what the user's side added, and the blocks of each reply with the usage
that the API reported. The request that led to a reply is everything before it since the last compaction. System
prompt, tools and reminders are not recorded; bodies.py stands filler in for them.

Blocks are made valid content of the API: pieces of one reply are folded together although a tool may have answered
in between, each tool_use has its tool_result at the head of the next user message, blank texts are left out."""

import base64
import binascii
import dataclasses
import datetime
import json
import os

NO_IMAGE = "[image left out]"
NO_RESULT = "[no result was recorded]"


@dataclasses.dataclass
class Turn:
    """A message of a conversation; of an assistant's, what the recording says about the request that led to it."""

    role: str
    content: list
    at: float  # seconds since 1970, of the first line
    reply_id: str = None
    model: str = None
    usage: dict = None
    sent: float = 0.0  # when the line before it was written


@dataclasses.dataclass
class Request:
    session: str
    agent: str  # None in the main loop
    kind: str  # main, subagent, compaction
    segment: int  # counts compactions
    sent: float  # seconds since 1970
    at: float  # when its reply began
    model: str
    usage: dict
    reply_id: str
    reply: list
    messages: list
    ids: list  # for each message the id of the reply that it was, or None


def seconds(stamp):
    return datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


def image(block):
    """An image whose bytes were recorded, or a text in its place."""
    source = block.get("source") or {}
    try:
        whole = source.get("type") == "base64" and base64.b64decode(source.get("data", ""), validate=True)
    except (binascii.Error, ValueError):
        whole = b""
    if not whole:
        return {"type": "text", "text": NO_IMAGE}
    members = ("type", "media_type", "data")
    return {"type": "image", "source": {k: source[k] for k in members if k in source}}


def result_content(content):
    """Content of a tool_result: a string, or a list of blocks that are not empty."""
    if content is None or isinstance(content, str):
        return content or ""
    blocks = [b if b.get("type") == "text" else image(b) for b in content if isinstance(b, dict)]
    return [clean(b) for b in blocks if b["type"] != "text" or b.get("text", "").strip()] or ""


def clean(block):
    """A block with the members that the API knows; None when it must not be sent."""
    kind = block.get("type")
    if kind == "text":
        return {"type": "text", "text": block["text"]} if block.get("text", "").strip() else None
    if kind == "thinking":
        return {"type": "thinking", "thinking": block.get("thinking", ""), "signature": block.get("signature", "")}
    if kind == "tool_use":
        return {"type": "tool_use", "id": block["id"], "name": block["name"], "input": block.get("input") or {}}
    if kind == "tool_result":
        content = result_content(block.get("content"))
        result = {"type": "tool_result", "tool_use_id": block["tool_use_id"], "content": content}
        return {**result, "is_error": True} if block.get("is_error") else result
    return image(block)


def blocks_of(content):
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    cleaned = (clean(b) for b in content or [] if isinstance(b, dict))
    return [b for b in cleaned if b]


def entries(path):
    with open(path, encoding="utf-8") as f:
        for line in f:
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # a session that was killed leaves half a line
            if entry.get("subtype") == "compact_boundary" or entry.get("type") in ("user", "assistant"):
                yield entry


class Folder:
    """Folds lines into turns, and turns into the segments between compactions."""

    def __init__(self):
        self.segments, self.by_id, self.latest = [[]], {}, 0.0

    def boundary(self):
        self.segments.append([])
        self.by_id = {}

    def user(self, message, at):
        turns, self.latest = self.segments[-1], max(self.latest, at)
        if not turns or turns[-1].role != "user":
            turns.append(Turn("user", [], at))
        turns[-1].content += blocks_of(message.get("content"))

    def assistant(self, message, at):
        if str(message.get("model", "")).startswith("<"):
            return  # the client's own note of an error, no reply
        turn = self.by_id.get(message.get("id"))
        if turn is None:
            sent = min(self.latest, at) or at
            turn = Turn("assistant", [], at, message.get("id"), message.get("model"), {}, sent)
            self.by_id[turn.reply_id] = turn
            self.segments[-1].append(turn)
        turn.content += blocks_of(message.get("content"))
        turn.usage = message.get("usage") or turn.usage


def fold(path):
    folder = Folder()
    for entry in entries(path):
        if entry.get("subtype") == "compact_boundary":
            folder.boundary()
        else:
            take = folder.user if entry["type"] == "user" else folder.assistant
            take(entry.get("message") or {}, seconds(entry["timestamp"]))
    return folder.segments


def alternate(turns):
    """The same turns as a valid conversation: results right behind their uses, roles alternating."""
    results, out = {}, []
    for turn in turns:
        for b in turn.content:
            if b["type"] == "tool_result":
                results.setdefault(b["tool_use_id"], b)
    for turn in turns:
        rest = [b for b in turn.content if b["type"] != "tool_result"]
        if turn.role == "assistant" and turn.content:
            add_reply(out, turn, results)
        elif turn.role == "user" and out and out[-1].role == "user":
            out[-1].content = out[-1].content + rest
        elif turn.role == "user" and rest:
            out.append(Turn("user", rest, turn.at))
    return out


def add_reply(out, turn, results):
    if not out or out[-1].role == "assistant":
        out.append(Turn("user", [{"type": "text", "text": "Continue."}], turn.at))
    out.append(turn)
    uses = [b["id"] for b in turn.content if b["type"] == "tool_use"]
    if uses:
        none = {"type": "tool_result", "content": NO_RESULT}
        out.append(Turn("user", [results.get(i) or {**none, "tool_use_id": i} for i in uses], turn.at))


def messages_of(turns):
    return [{"role": t.role, "content": t.content} for t in turns]


def requests_of(path, session, agent):
    """The requests of one file, and its segments."""
    segments, out = [alternate(s) for s in fold(path)], []
    kind = "subagent" if agent else "main"
    for n, turns in enumerate(segments):
        for i, t in enumerate(turns):
            if t.role == "assistant":
                ids = [x.reply_id for x in turns[:i]]
                what = (t.sent, t.at, t.model, t.usage, t.reply_id, t.content, messages_of(turns[:i]), ids)
                out.append(Request(session, agent, kind, n, *what))
    return out, segments


def compaction(last, segments):
    """A compaction is recorded with its prompt only: it was asked of the whole segment before it. None when there is
    none."""
    done = [n for n, turns in enumerate(segments) if turns and turns[-1].at < last.at]
    if not done or not last.messages:
        return None
    turns, ask = list(segments[done[-1]]), last.messages[-1]["content"][-1:]
    if turns[-1].role == "user":
        turns[-1] = dataclasses.replace(turns[-1], content=turns[-1].content + ask)
    else:
        turns.append(Turn("user", ask, last.sent))
    messages, ids = messages_of(turns), [t.reply_id for t in turns]
    return dataclasses.replace(last, kind="compaction", agent=None, segment=done[-1], messages=messages, ids=ids)


def load(path):
    """The requests of a session with its compactions and subagents, in the order sent."""
    base = os.path.splitext(path)[0]
    session, folder = os.path.basename(base), os.path.join(base, "subagents")
    out, segments = requests_of(path, session, None)
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        agent = os.path.splitext(name)[0].removeprefix("agent-")
        own, _ = requests_of(os.path.join(folder, name), session, agent)
        if agent.startswith("acompact"):
            own = [compaction(r, segments) for r in own[-1:]]
        out += [r for r in own if r]
    return sorted(out, key=lambda r: r.sent)


def sessions_in(folder, only=None):
    """The transcripts of a folder; only: those whose name begins so."""
    names = sorted(n for n in os.listdir(folder) if n.endswith(".jsonl") and n.startswith(only or ""))
    return [os.path.join(folder, n) for n in names]
