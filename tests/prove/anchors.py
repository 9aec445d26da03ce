# SPDX-License-Identifier: MIT
"""Anchors: does the text that an Edit is about to quote still stand in what the provider received? Line numbers of
the Read tool are taken off on both sides."""

import re

NUMBERS = re.compile(r"^[ ]*\d+(?:→|\t)", re.MULTILINE)


def strings(value):
    """All strings within a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for member in value.values() if isinstance(value, dict) else value:
            yield from strings(member)


def readable(body):
    """What a model can read in the messages of a request; blocks are kept apart by NUL. Of other APIs, all that is said in
    their conversations."""
    out = [NUMBERS.sub("", s) for s in strings([body.get("input"), body.get("contents")])]
    for message in body.get("messages") or []:
        content = message.get("content")
        for b in content if isinstance(content, list) else [{"text": content or ""}]:
            texts = strings([b.get("text"), b.get("input"), b.get("content")])
            out += [NUMBERS.sub("", s) for s in texts]
    return "\0".join(out)


def quotes(reply):
    """The old texts that the edits of a reply quote."""
    for block in reply:
        if block["type"] == "tool_use" and block["name"] in ("Edit", "MultiEdit"):
            further = block["input"].get("edits")
            for edit in [block["input"]] + (further if isinstance(further, list) else []):
                if isinstance(edit, dict) and edit.get("old_string"):
                    yield NUMBERS.sub("", edit["old_string"])


def standing(reply, body):
    """Those of them that stand in a request."""
    wanted = list(quotes(reply))
    text = readable(body) if wanted else ""
    return [q for q in wanted if q in text]
