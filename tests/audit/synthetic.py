# SPDX-License-Identifier: MIT
"""Transcripts that nobody wrote: a seeded tree with everything in it that `sluice audit` has to cope with."""

import datetime
import json
import os
import random

EPOCH = datetime.datetime(2026, 3, 1, 8, 0, tzinfo=datetime.timezone.utc)
MODELS = ["claude-opus-4-6", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001", "claude-opus-5-5", "house-model-1"]
PAUSES = [5, 20, 60, 240, 299, 301, 900, 3590, 3700, 90000]


def iso(seconds):
    at = EPOCH + datetime.timedelta(milliseconds=round(seconds * 1000))
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


class Writer:
    """Lines of one session of Claude Code, with a cache that behaves and sometimes does not."""

    def __init__(self, rng, session, cwd, ttl, agent=None):
        self.rng, self.session, self.cwd, self.ttl, self.agent = rng, session, cwd, ttl, agent
        self.lines, self.now, self.n = [], rng.randrange(0, 20 * 86400), 0
        self.model, self.left, self.version = rng.choice(MODELS), 0, "2.1.39"

    def line(self, kind, at=None, **members):
        head = {"parentUuid": None, "isSidechain": self.agent is not None, "cwd": self.cwd, "version": self.version,
                "sessionId": self.session, "type": kind, "uuid": f"{self.rng.getrandbits(64):x}",
                "timestamp": iso(self.now if at is None else at)}
        if self.agent:
            head["agentId"] = self.agent
        self.lines.append(json.dumps({**head, **members}, ensure_ascii=self.rng.random() < 0.5))

    def usage(self, lost):
        rng = self.rng
        read = self.left if not lost else rng.choice([0, min(self.left, 17000), self.left // 2])
        # Now and then a whole request beyond the sizes from which on models cost more.
        write = rng.choice([0, 150, 2000, 9000, 9000, 60000])
        split = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}
        if self.ttl == "both":
            split["ephemeral_1h_input_tokens"] = write // 3
            split["ephemeral_5m_input_tokens"] = write - write // 3
        else:
            split[f"ephemeral_{self.ttl}_input_tokens"] = write
        self.left = read + write if read + write < 400000 else 20000
        usage = {"input_tokens": rng.choice([1, 3, 10, 2326]), "cache_read_input_tokens": read,
                 "cache_creation_input_tokens": write, "output_tokens": rng.randrange(1, 12)}
        if rng.random() < 0.9:
            usage["cache_creation"] = split
        if rng.random() < 0.03:
            usage["service_tier"] = "batch"
        return usage

    def turn(self):
        rng = self.rng
        pause = rng.choice(PAUSES if rng.random() < 0.2 else PAUSES[:4])
        self.now += pause
        self.n += 1
        self.line("user", message={"role": "user", "content": 'say "hi" \\ {[ü' * rng.randrange(1, 40)})
        if rng.random() < 0.06:
            self.model = rng.choice(MODELS)
        usage = self.usage(pause > 300 or rng.random() < 0.1)
        ids = {"id": f"msg_{self.session}_{self.agent}_{self.n}"}
        request = {"requestId": f"req_{self.n}_{self.session}"} if rng.random() < 0.8 else {}
        for i in range(rng.randrange(1, 4)):
            self.now += 0.7
            usage = dict(usage, output_tokens=usage["output_tokens"] + i * rng.randrange(300))
            self.line("assistant", message={"content": [{"type": "text", "text": "x" * rng.randrange(2000)}],
                                            "model": self.model, **ids, "role": "assistant", "usage": usage}, **request)
            if rng.random() < 0.3:
                self.line("progress", data={"type": "agent_progress", "message": {"usage": usage}})

    def compact(self):
        self.now += 30
        self.line("system", subtype="compact_boundary", compactMetadata={"trigger": "auto"})
        self.line("user", isCompactSummary=True, message={"role": "user", "content": "in short"})
        self.left = min(self.left, 17000)

    def oddities(self):
        self.line("assistant", isApiErrorMessage=True, message={"id": "e", "model": "<synthetic>", "usage": {
            "input_tokens": 0, "output_tokens": 0}})
        self.lines.append('{"type":"summary","summary":"s","leafUuid":"1"}')
        self.lines.append("{}")


def session(rng, name, cwd, turns, agent=None, start=None):
    w = Writer(rng, name, cwd, rng.choice(["5m", "1h", "both"]), agent)
    w.now = w.now if start is None else start
    for i in range(turns):
        w.turn()
        if rng.random() < 0.05:
            w.compact()
        if i == turns // 2:
            w.version = "2.1.40"
    w.oddities()
    return w


def save(path, lines, end="\n"):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + end)


# ---- Codex ----


def count_line(at, total, last):
    info = {"total_token_usage": total, "last_token_usage": last, "model_context_window": 258400}
    if last is None:
        del info["last_token_usage"]
    return json.dumps({"timestamp": iso(at), "type": "event_msg", "payload": {"type": "token_count", "info": info}})


def rollout(rng, name, turns, start, last=True):
    """(lines, token counts)"""
    def line(at, kind, **payload):
        return json.dumps({"timestamp": iso(at), "type": kind, "payload": payload})

    lines = [line(start, "session_meta", id=name, timestamp=iso(start), cwd="/home/ada/reef", source="cli",
                  cli_version="0.169.0"),
             line(start, "turn_context", model=rng.choice(["gpt-5-codex", "gpt-5.6", "own-coder"]), cwd="/home/ada/reef")]
    total, counts, size = dict.fromkeys(("input_tokens", "cached_input_tokens", "output_tokens",
                                         "reasoning_output_tokens", "total_tokens"), 0), [], 9000
    for _ in range(turns):
        start += rng.choice([8, 40, 700])
        lines.append(line(start, "response_item", type="function_call_output", output="ok"))
        size += rng.randrange(3000)
        use = {"input_tokens": size, "cached_input_tokens": rng.choice([0, (size - 3000) // 128 * 128]),
               "output_tokens": rng.randrange(1, 900), "reasoning_output_tokens": 1, "total_tokens": size}
        total = {k: total[k] + use[k] for k in total}
        counts.append(count_line(start + 4, total, use if last else None))
        # The same sums once more, with news of the limits.
        lines += [counts[-1]] * rng.choice([1, 1, 2])
        if rng.random() < 0.1:
            lines.append(line(start + 5, "compacted", message="in short"))
    return lines, counts


def fork(rng, name, parent, counts, start, restamped):
    """A thread that begins with its parent's history."""
    head = {"id": name, "timestamp": iso(start), "cwd": "/home/ada/reef", "source": {"subagent": {"thread_spawn": {
        "parent_thread_id": parent}}}}
    lines = [json.dumps({"timestamp": iso(start), "type": "session_meta", "payload": head})]
    for c in counts:
        o = json.loads(c)
        lines.append(json.dumps(dict(o, timestamp=iso(start + 0.2) if restamped else o["timestamp"])))
    total = json.loads(counts[-1])["payload"]["info"]["total_token_usage"]
    own, _ = rollout(rng, name, 5, start + 10)
    lines.append(own[1])
    for text in own[2:]:
        o = json.loads(text)
        info = o["payload"].get("info")
        if info:
            info["total_token_usage"] = {k: v + total[k] for k, v in info["total_token_usage"].items()}
        lines.append(json.dumps(o))
    return lines


def write(root, seed):
    """A folder of projects, and one of rollouts; returns both."""
    rng = random.Random(seed)
    projects, codex = os.path.join(root, "projects"), os.path.join(root, "sessions")
    for p in range(3):
        folder = os.path.join(projects, f"-home-ada-p{p}")
        for s in range(3):
            name = f"{rng.getrandbits(64):016x}"
            main = session(rng, name, f"/home/ada/p{p} ü" if p else None, rng.randrange(10, 60))
            save(f"{folder}/{name}.jsonl", main.lines, rng.choice(["", "\n", '\n{"type":"assista']))
            first = json.loads(main.lines[0])["timestamp"]
            start = (datetime.datetime.fromisoformat(first.replace("Z", "+00:00")) - EPOCH).total_seconds()
            for agent in ("a1b2c3", "acompact-77", "aprompt_suggestion-1"):
                w = session(rng, name, f"/home/ada/p{p} ü", 4, agent, start + 50)
                save(f"{folder}/{name}/subagents/agent-{agent}.jsonl", w.lines)
            if s == 1:
                copy = session(rng, name + "-resumed", main.cwd, 6, start=main.now + 9)
                save(f"{folder}/{name}-resumed.jsonl", main.lines + copy.lines)
        save(f"{folder}/damage.jsonl", ["nonsense", '{"type":"user"', "[1]", "", main.lines[0][:-1], main.lines[1],
                                        main.lines[1].replace("_tokens\": ", "_tokens\": -")])
        save(f"{folder}/foreign.jsonl", ['{"a":1}', '{"type":"thing"}'])
        save(f"{folder}/notes.txt", ["not looked at"])
        os.symlink("..", f"{folder}/round")
    os.symlink("-home-ada-p0", f"{projects}/again")
    os.symlink("nowhere", f"{projects}/dangling.jsonl")
    for i in range(3):
        start = 1000 + i * 50000
        lines, counts = rollout(rng, f"t{i}", 20, start, last=i != 1)
        save(f"{codex}/2026/03/0{i + 1}/rollout-a-t{i}.jsonl", lines)
        save(f"{codex}/2026/03/0{i + 1}/rollout-b-f{i}.jsonl", fork(rng, f"f{i}", f"t{i}", counts[:9], start + 30000, i > 0))
    save(f"{codex}/archived/rollout-a-t0-again.jsonl", rollout(random.Random(3), "t9", 3, 90)[0])
    return projects, codex
