# SPDX-License-Identifier: MIT
"""Synthetic request bodies of a coding agent, of about 1 KB, 100 KB and 1 MB, always the same."""

import json
import random

# tokens = milliseconds * 100000 + events chooses what the mock does, see mock.c.
KINDS = {
    "plain": (200, False),
    "full_speed": (200, True),
    "paced": (20 * 100000 + 50, True),
    "hold": (1000 * 100000 + 60, True),
    "every_10ms": (10 * 100000 + 2000, True),
    "silent": (5000 * 100000 + 6, True),
    "wait": (5000 * 100000 + 1, False),
    "long": (99999, True),
}
SIZES = {"1k": 1000, "100k": 100 * 1024, "1m": 1024 * 1024}

WORDS = (
    "the file function returns an error when buffer is empty so we check size first then copy "
    "bytes into struct pointer loop index value config parse token stream event message server "
    "client request response header body test build run make commit branch merge patch diff line "
    "column"
).split()
TOOLS = (
    "Bash Read Write Edit MultiEdit Glob Grep LS WebFetch WebSearch TodoWrite Task NotebookEdit "
    "ExitPlanMode BashOutput KillShell SlashCommand AskUserQuestion Skill ListMcp"
).split()
CACHED = {"type": "ephemeral"}


def text(rng, n):
    out, length = [], 0
    while length < n:
        word = rng.choice(WORDS)
        out.append(word)
        length += len(word) + 1
        if rng.random() < 0.08:
            out.append("\n")
            length += 2
    return " ".join(out)[:n]


def code(rng, n):
    line = '%6d\t    if (%s->%s != NULL && strcmp(%s, "%s") == 0) return %s(%d);\n'
    out, length = [], 0
    while length < n:
        out.append(line % (len(out), *rng.choices(WORDS, k=5), rng.randint(0, 9999)))
        length += len(out[-1])
    return "".join(out)[:n]


def tool(rng, name):
    properties = {
        word: {"type": "string", "description": text(rng, 120)} for word in rng.sample(WORDS, 4)
    }
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": properties,
        "required": [],
        "additionalProperties": False,
    }
    return {"name": name, "description": text(rng, 900), "input_schema": schema}


def tool_turn(rng, i, result_bytes):
    use_id = "toolu_%024d" % i
    path = "/home/user/project/src/file%d.c" % i
    call = {"type": "tool_use", "id": use_id, "name": "Read",
            "input": {"file_path": path, "offset": 1, "limit": 200}}
    result = {"type": "tool_result", "tool_use_id": use_id,
              "content": [{"type": "text", "text": code(rng, result_bytes)}]}
    return [
        {"role": "assistant", "content": [{"type": "text", "text": text(rng, 200)}, call]},
        {"role": "user", "content": [result]},
    ]


def small(rng, size):
    return {
        "system": "You are a helpful assistant.",
        "messages": [{"role": "user", "content": text(rng, size - 230)}],
    }


def large(rng, size):
    """System prompt, tools, and as many calls of tools as it takes."""
    body = {
        "metadata": {"user_id": "user_0f3a_account__session_1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"},
        "system": [
            {"type": "text", "text": "You are a coding agent.", "cache_control": CACHED},
            {"type": "text", "text": text(rng, 12000), "cache_control": CACHED},
        ],
        "tools": [tool(rng, name) for name in TOOLS],
    }
    reminder = "<system-reminder>" + text(rng, 1500) + "</system-reminder>"
    task = "Fix the failing test in src/parser.c"
    messages = [{"role": "user", "content": [{"type": "text", "text": reminder},
                                             {"type": "text", "text": task}]}]
    length = len(json.dumps(body)) + 2000
    while length < size:
        result_bytes = min(rng.choice([300, 1500, 6000, 12000]), max(100, size - length - 700))
        turn = tool_turn(rng, len(messages) // 2, result_bytes)
        messages += turn
        length += sum(len(json.dumps(message)) for message in turn) + 4
    messages[-1]["content"][-1]["cache_control"] = CACHED
    body["messages"] = messages
    return body


def write(folder):
    """Writes SIZE.KIND.json for all of them."""
    for size_name, size in SIZES.items():
        content = (small if size < 2000 else large)(random.Random(7), size)
        for kind, (tokens, stream) in KINDS.items():
            head = {"model": "claude-sonnet-4-5-20250929", "max_tokens": tokens, "stream": stream}
            body = json.dumps({**head, **content}, separators=(",", ":"), ensure_ascii=False)
            (folder / f"{size_name}.{kind}.json").write_text(body, encoding="utf-8")
