# SPDX-License-Identifier: MIT
"""Writes the transcript of a conversation that never was, in the format that Claude Code keeps: used by story.py.

Everything follows from the arguments: the same story gives the same bytes. Tools work on files held in memory, so
that what is read, searched and edited fits together."""

import base64
import datetime
import hashlib
import json
import os
import re
import struct
import zlib

from bodies import tokens_of

HIDDEN_TOKENS = {"main": 26000, "agent": 9500}  # what stands before the first prompt
SHARED_TOKENS = 17800  # what another session had left in the cache
LIFE_S = {"5m": 300, "1h": 3600}


def ident(prefix, *seed):
    digest = hashlib.sha256("/".join(map(str, seed)).encode()).digest()
    return prefix + base64.b32encode(digest)[:24].decode()


def stamp(at):
    """Seconds since 1970 as transcripts have them."""
    when = datetime.datetime.fromtimestamp(round(at * 1000) / 1000, datetime.timezone.utc)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def picture(width, height, colour):
    """A PNG; colour(x, y) gives a byte of grey. Stored, not compressed, so that no version of zlib matters."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(colour(x, y) for x in range(width)) for y in range(height))
    stored = b"\x78\x01\x01" + struct.pack("<HH", len(rows), len(rows) ^ 0xFFFF) + rows
    stored += struct.pack(">I", zlib.adler32(rows))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", stored) + chunk(b"IEND", b"")


# The parts of a reply.


def think(text):
    return {"type": "thinking", "thinking": text, "signature": "never-issued"}


def say(text):
    return {"type": "text", "text": text}


def call(name, result, **given):
    """A tool call and what comes of it: a text, or for a failure an Error."""
    return {"type": "tool_use", "name": name, "input": given, "result": result}


class Error(str):
    """The text of a result that is marked as an error."""


class Project:
    """Files in memory, and the tools that touch them."""

    def __init__(self, root, files):
        self.root, self.files = root, dict(files)

    def _path(self, name):
        return f"{self.root}/{name}"

    def read(self, name, offset=1, limit=2000):
        lines = self.files[name].splitlines()[offset - 1 : offset - 1 + limit]
        result = "\n".join(f"{n:6}→{line}" for n, line in enumerate(lines, offset))
        span = {} if (offset, limit) == (1, 2000) else {"offset": offset, "limit": limit}
        return call("Read", result, file_path=self._path(name), **span)

    def _replace(self, name, old, new):
        if self.files[name].count(old) != 1:
            raise ValueError(f'"{old[:40]}" stands {self.files[name].count(old)} times in {name}')
        self.files[name] = self.files[name].replace(old, new)

    def edit(self, name, old, new):
        self._replace(name, old, new)
        result = f"The file {self._path(name)} has been updated.\n" + self._around(name, new)
        return call("Edit", result, file_path=self._path(name), old_string=old, new_string=new)

    def edits(self, name, *pairs):
        for old, new in pairs:
            self._replace(name, old, new)
        result = f"Applied {len(pairs)} edits to {self._path(name)}\n" + self._around(name, pairs[-1][1])
        given = [{"old_string": old, "new_string": new} for old, new in pairs]
        return call("MultiEdit", result, file_path=self._path(name), edits=given)

    def _around(self, name, text):
        lines = self.files[name].splitlines()
        first = self.files[name][: self.files[name].index(text)].count("\n")
        last = first + text.count("\n") + 1
        return "\n".join(f"{n + 1:6}→{lines[n]}" for n in range(max(0, first - 3), min(len(lines), last + 3)))

    def write(self, name, text):
        self.files[name] = text
        result = f"File created successfully at: {self._path(name)}"
        return call("Write", result, file_path=self._path(name), content=text)

    def grep(self, pattern, ending=""):
        found = []
        for name in sorted(n for n in self.files if n.endswith(ending)):
            lines = enumerate(self.files[name].splitlines(), 1)
            found += [f"{name}:{n}:{line}" for n, line in lines if re.search(pattern, line)]
        glob = {"glob": "*" + ending} if ending else {}
        result = "\n".join(found) or "No matches found"
        return call("Grep", result, pattern=pattern, path=self.root, output_mode="content", **glob)

    def glob(self, pattern, ending):
        found = [self._path(n) for n in sorted(self.files) if n.endswith(ending)]
        return call("Glob", "\n".join(found), pattern=pattern)

    def bash(self, command, result, description):
        return call("Bash", result, command=command, description=description)


class Recorder:
    """One conversation. Times in seconds; replies take as long as they are long."""

    def __init__(self, session, model, at, ttl="5m", agent=None):
        self.session, self.model, self.at, self.ttl, self.agent = session, model, at, ttl, agent
        self.lines, self.parent, self.number, self.agents = [], None, 0, []
        self.tokens = HIDDEN_TOKENS["agent" if agent else "main"]
        self.cached = {}  # model: (tokens, since when)

    def pause(self, minutes):
        self.at += minutes * 60

    def _line(self, kind, **members):
        self.number += 1
        uuid = ident("", "line", self.session, self.agent, self.number).lower()
        line = {"parentUuid": self.parent, "isSidechain": bool(self.agent), "userType": "external"}
        line.update({"agentId": self.agent} if self.agent else {})
        line.update({"sessionId": self.session, "version": "2.1.39", "type": kind, **members})
        line.update({"uuid": uuid, "timestamp": stamp(self.at)})
        self.lines.append(line)
        self.parent = uuid

    def user(self, content, **members):
        blocks = [say(content)] if isinstance(content, str) else content
        self.tokens += sum(map(tokens_of, blocks))
        self._line("user", message={"role": "user", "content": content}, **members)
        self.at += 0.4

    def show(self, text, png):
        data = base64.b64encode(png).decode()
        source = {"type": "base64", "media_type": "image/png", "data": data}
        self.user([{"type": "image", "source": source}, say(text)])

    def _usage(self, output):
        read, since = self.cached.get(self.model, (0, 0))
        if self.at - since >= LIFE_S[self.ttl]:
            read = 0 if self.agent else SHARED_TOKENS
        made = self.tokens - 3 - read
        self.cached[self.model] = (self.tokens - 3, self.at)
        hour = made if self.ttl == "1h" else 0
        created = {"ephemeral_5m_input_tokens": made - hour, "ephemeral_1h_input_tokens": hour}
        usage = {"input_tokens": 3, "cache_creation_input_tokens": made, "cache_read_input_tokens": read}
        return {**usage, "cache_creation": created, "output_tokens": output, "service_tier": "standard"}

    def reply(self, *parts):
        """A reply, one line for each block, and the results of its calls. A part may be (call, run): run(recorder of
        a subagent) comes before the result, which is the subagent's last text."""
        calls = [p if isinstance(p, tuple) else (p, None) for p in parts]
        message_id = ident("msg_", self.session, self.agent, self.number)
        blocks = []
        for n, (part, _) in enumerate(calls):
            block = {k: v for k, v in part.items() if k != "result"}
            if part["type"] == "tool_use":
                use = ident("toolu_", message_id, n)
                block = {"type": "tool_use", "id": use, "name": part["name"], "input": part["input"]}
            blocks.append(block)
        output = sum(map(tokens_of, blocks))
        usage = self._usage(output)
        for block in blocks:
            self.at += 0.8 + tokens_of(block) / 60
            self._reply_line(message_id, block, usage)
        self.tokens += output
        self._results([(b["id"], *c) for b, c in zip(blocks, calls) if b["type"] == "tool_use"])

    def _reply_line(self, message_id, block, usage):
        message = {"model": self.model, "id": message_id, "type": "message", "role": "assistant", "content": [block]}
        message.update({"stop_reason": None, "stop_sequence": None, "usage": usage})
        self._line("assistant", message=message, requestId=message_id.replace("msg", "req"))

    def _results(self, results):
        texts = [self._run(part, run) if run else part["result"] for _, part, run in results]
        self.at = max([self.at] + [a.at for a in self.agents])
        for (use, _, _), text in zip(results, texts):
            block = {"tool_use_id": use, "type": "tool_result", "content": text}
            block.update({"is_error": True} if isinstance(text, Error) else {})
            self.at += 0.3
            self.user([block])

    def _run(self, part, run):
        """Lets a subagent work; the content of its result."""
        given = part["input"]
        name = ident("", "agent", self.session, len(self.agents))[:7].lower()
        agent = Recorder(self.session, given.get("model", self.model), self.at + 1, self.ttl, name)
        self.agents.append(agent)
        agent.user(given["prompt"])
        run(agent)
        texts = [x["message"]["content"][-1] for x in agent.lines if x["type"] == "assistant"]
        return [say(texts[-1]["text"])]

    def compact(self, prompt, summary):
        """Asks for a summary, as a subagent's file records it, and goes on from there."""
        asked = Recorder(self.session, self.model, self.at, self.ttl, f"acompact-{len(self.agents):06}")
        self.agents.append(asked)
        asked.tokens, asked.cached = self.tokens, dict(self.cached)
        asked.user(prompt)
        asked.reply(say(summary))
        self.at, self.parent = asked.at + 0.2, None
        about = {"trigger": "manual", "preTokens": self.tokens}
        self._line("system", subtype="compact_boundary", content="Conversation compacted", compactMetadata=about)
        self.tokens, self.cached = HIDDEN_TOKENS["main"], {}
        self.user("What happened before, in short:\n\n" + summary, isCompactSummary=True)

    def save(self, folder):
        """Writes its file, and those of its subagents."""
        path = os.path.join(folder, self.session)
        path = os.path.join(path, "subagents", f"agent-{self.agent}") if self.agent else path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".jsonl", "w", encoding="utf-8", newline="\n") as f:
            for line in self.lines:
                f.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
        for agent in self.agents:
            agent.save(folder)
