#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Classifies the labelled set (labelled.py) with the program that is named, prints which kinds were taken for which,
and fails when fewer than 95 of 100 are right, when any is wrongly taken for what a smaller model may answer, or when
what the facts say of them is not so. With -v: each miss."""

import collections
import json
import subprocess
import sys

from labelled import labelled

NEEDED = 0.95
SMALL = {"title", "background", "compaction", "recap"}


def classify(program, requests):
    """What the program says of each: a list of (kind, facts)."""
    lines = "".join(json.dumps(r) + "\n" for r in requests)
    done = subprocess.run([program], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    told = []
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        kind, *facts = line.split(" prompt=")[0].split(" ")
        told.append((kind, dict(f.split("=") for f in facts if "=" in f), line.partition(" prompt=")[2]))
    assert len(told) == len(requests), "a line for each"
    return told


def print_table(pairs):
    kinds = sorted({k for pair in pairs for k in pair})
    width = max(map(len, kinds)) + 1
    print(" " * width + " ".join(k[:5].rjust(5) for k in kinds) + "   (rows: labels)")
    for label in kinds:
        row = [pairs[label, k] for k in kinds]
        if any(row):
            print(label.ljust(width) + " ".join((str(n) if n else ".").rjust(5) for n in row))


def check_facts(request, facts):
    """Against what the body has. Returns what is wrong."""
    body, wrong = json.loads(request["body"]), []
    messages = body.get("messages") or body.get("input") or body.get("contents") or []
    if isinstance(messages, list) and int(facts["messages"]) != len(messages):
        wrong.append("messages")
    tools = body.get("tools") or []
    functions = sum(len(t.get("functionDeclarations", [t])) for t in tools)
    if int(facts["tools"]) != functions:
        wrong.append("tools")
    if int(facts["images"]) != ("iVBORw0KGgo" in request["body"]):
        wrong.append("images")
    limit = body.get("max_tokens") or body.get("generationConfig", {}).get("maxOutputTokens") or 0
    if int(facts["max_tokens"]) != limit:
        wrong.append("max_tokens")
    if int(facts["stream"]) != bool(body.get("stream") or "streamGenerate" in request["path"]):
        wrong.append("stream")
    return wrong


def main():
    program, verbose = sys.argv[1], "-v" in sys.argv[2:]
    rows = list(labelled())
    told = classify(program, [r for _, _, r in rows])
    pairs, by_client, bad_facts = collections.Counter(), collections.Counter(), 0
    for i, ((client, label, request), (kind, facts, prompt)) in enumerate(zip(rows, told)):
        pairs[label, kind] += 1
        by_client[client, label == kind] += 1
        wrong = check_facts(request, facts)
        bad_facts += bool(wrong)
        if wrong or (verbose and label != kind):
            print(f"{i} {client}: {label} taken for {kind} {facts} {prompt[:60]!r} {' '.join(wrong)}")
    demoted = sum(n for (label, kind), n in pairs.items() if label != kind and kind in SMALL)
    right = sum(n for (label, kind), n in pairs.items() if label == kind)
    print_table(pairs)
    for client in sorted({c for c, _ in by_client}):
        print(f"{client}: {by_client[client, True]} of {by_client[client, True] + by_client[client, False]}")
    print(f"{right} of {len(rows)} right, {100 * right / len(rows):.1f} %; {demoted} taken for small, {bad_facts} with wrong facts")
    sys.exit(right < NEEDED * len(rows) or demoted > 0 or bad_facts > 0)


main()
