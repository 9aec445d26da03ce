#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves on the bundled sessions that sluice costs nothing, and that the proof fails when it should.

    run.py SLUICE SIMULATOR

The last line is "N passed, N failed"."""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile

import bodies
import policies
import prove
import story
import transcripts
from rig import end_on_signals

HERE = os.path.dirname(os.path.abspath(__file__))
SESSIONS = os.path.join(HERE, "sessions")
MOST_BYTES = 300_000

passed, failed = 0, 0


def check(ok, what):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print("FAILED:", what, flush=True)
    return ok


def files_of(folder):
    """Contents by name, of everything below a folder."""
    out = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            with open(path, "rb") as f:
                out[os.path.relpath(path, folder)] = f.read()
    return out


def check_story():
    """The sessions in the tree are what the story says, and have in them what they should."""
    with tempfile.TemporaryDirectory() as folder:
        story.write(folder)
        told, kept = files_of(folder), files_of(SESSIONS)
    check(told == kept, "sessions/ is not what story.py writes")
    check(sum(map(len, kept.values())) < MOST_BYTES, "the sessions are too large")
    requests, _ = prove.gather(transcripts.sessions_in(SESSIONS))
    day = [r for r in requests if r.session == story.DAY]
    main = [r for r in day if r.kind != "subagent"]
    waits = [b.sent - a.at for a, b in zip(main, main[1:])]
    kinds = {b["type"] for r in day for m in r.messages for b in m["content"]}
    agents = {r.agent for r in day if r.agent}
    models = [r.model for r in main]
    check(40 <= len(requests) <= 60, f"{len(requests)} requests")
    check(
        any(300 < w < 3600 for w in waits) and any(w > 3600 for w in waits), "no pauses over five minutes and an hour"
    )
    check({"image", "thinking", "tool_use", "tool_result", "text"} <= kinds, "a kind of block is missing")
    check(len(agents) >= 3, "no subagents")
    check(len({r.segment for r in main}) == 2 and "compaction" in {r.kind for r in day}, "no compaction")
    check(len({r.model for r in main}) == 2 and models[0] == models[-1], "no switch of the model and back")
    check(any(sum(b["type"] == "tool_use" for b in r.reply) > 1 for r in main), "no parallel calls")
    check({bodies.ttl_of([r]) for r in requests} == {"5m", "1h"}, "not both times to live")


def line(kind, at, content, **message):
    role = {"role": kind, "content": content, **message}
    return json.dumps({"type": kind, "timestamp": f"2026-01-01T00:00:{at:02}.000Z", "message": role})


def check_transcripts():
    """Requests are rebuilt as transcripts.py says."""
    text, use = {"type": "text", "text": "a"}, {"type": "tool_use", "id": "t1", "name": "Read", "input": {}}
    more = {"type": "tool_use", "id": "t2", "name": "Read", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": " "}]}
    lines = [
        line("user", 1, "go"),
        line("assistant", 2, [text], id="m1", model="x", usage={"output_tokens": 1}),
        line("assistant", 3, [use], id="m1", model="x", usage={"output_tokens": 1}),
        line("user", 4, [result]),
        line("assistant", 5, [more], id="m1", model="x", usage={"output_tokens": 9}),
        line("assistant", 6, [{"type": "text", "text": "oops"}], id="e", model="<synthetic>"),
        line("assistant", 7, [{"type": "text", "text": "\n"}, text], id="m2", model="y", usage={}),
        '{"type":"user","mess',
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "s.jsonl")
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(lines))
        first, second = transcripts.load(path)
    check(first.reply == [text, use, more] and first.usage == {"output_tokens": 9}, "a reply in pieces")
    check(first.messages == [{"role": "user", "content": [{"type": "text", "text": "go"}]}], "the first request")
    none = {"type": "tool_result", "tool_use_id": "t2", "content": transcripts.NO_RESULT}
    check(second.messages[2]["content"] == [{**result, "content": ""}, none], "results right behind their uses")
    check(second.reply == [text] and second.ids == [None, "m1", None], "an error of the client, a blank text")
    check((first.sent, second.sent) == (first.at - 1, second.at - 3), "when they were sent")
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
    check(transcripts.clean(picture) == picture, "an image")
    check(
        transcripts.clean({"type": "image", "source": {"type": "base64", "data": "cut"}})["type"] == "text", "no image"
    )
    check(bodies.compact(["é\ud83d😀"]) == '["é\\ud83d😀"]'.encode(), "half a surrogate pair")


def proof(*arguments):
    """Exit status, figures and output of prove.py."""
    with tempfile.TemporaryDirectory() as folder:
        figures = os.path.join(folder, "figures")
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            status = prove.main([SESSIONS, "--json", figures, *arguments])
        if not os.path.exists(figures):
            return status, None, out.getvalue()
        with open(figures, encoding="utf-8") as f:
            return status, json.load(f), out.getvalue()


def check_sluice(sluice, simulator):
    status, figures, output = proof("--sluice", sluice, "--sim", simulator)
    if not check(status == 0 and figures is not None, output):
        return
    d, s = figures["direct"], figures["sluice"]
    check(figures["ratio"] == 1 and figures["bills"]["direct"] == figures["bills"]["sluice"] > 0, "the bills differ")
    check(d["models"] == s["models"] and len(s["models"]) == 5, "the bills by model differ")
    check(d["sessions"] == s["sessions"] and len(s["sessions"]) == 2, "the bills by session differ")
    check(figures["same_replies"] == s["requests"], "replies")
    check(s["identical"] == s["requests"] == s["received"] == d["requests"] == sum(figures["kinds"].values()), "bodies")
    check(s["anchors"] == s["anchors_kept"] >= 15, "edit anchors")
    ledger = figures["ledger"]
    check(figures["ledger_nusd"] == figures["bills"]["sluice"], "the ledger is not the bill")
    models = {m["model"]: m["cost_nano_usd"]["total"] for m in ledger["models"]}
    check(models == s["models"], "the ledger by model is not the bill")
    check(ledger["exchanges"] == s["requests"] and not ledger["failed"] + ledger["estimated"], "rows of the ledger")


# Provider, model, and where the simulator has its door.
OTHERS = (
    ("deepseek", "deepseek-v4-pro", ""),
    ("deepseek-anthropic", "deepseek-v4-pro", "/anthropic"),
    ("openai", "gpt-6.1-sol", ""),
    ("gemini", "gemini-3.8-flash", ""),
)


def check_others(sluice, simulator):
    """Every model is another provider's: no request is refused, no call is lost, and the provider's cache reads what it could."""
    for name, model, door in OTHERS:
        mine = f"providers.{name}."
        settings = [f"models=*={name}/{model}", f"{mine}base_url={{provider}}{door}", f"{mine}api_key=k"]
        settings.append(f"{mine}unsupported=placeholder")
        arguments = [word for s in settings for word in ("--set", s)]
        status, figures, output = proof("--sluice", sluice, "--sim", simulator, "--translated", *arguments)
        if not check(status == 0 and figures is not None, f"{name}: {output}"):
            continue
        s = figures["sluice"]
        check(list(s["models"]) == [model] and s["received"] == s["requests"] > 40, f"{name}: {s['models']}")
        check(figures["prefix_allowed"] > 500_000, f"{name}: {figures['prefix_allowed']} tokens could have been read")
        check(s["anchors"] == s["anchors_kept"], f"{name}: edit anchors")
        ledger = figures["ledger"]
        check(ledger["exchanges"] == s["requests"] and not ledger["failed"] + ledger["estimated"], f"{name}: the ledger")


def replay(sluice, *arguments):
    """Exit status, output and complaints of `sluice replay`."""
    with tempfile.TemporaryDirectory() as home:
        env = {"HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC"}
        done = subprocess.run([sluice, "replay", *arguments], env=env, cwd=home, capture_output=True, timeout=300)
    return done.returncode, done.stdout, done.stderr.decode()


def check_policies(sluice, simulator):
    """No policy costs more on any session than it may, each costs less than the one before it, and `sluice replay` knows all of it in advance."""
    status, figures, output = proof("--policies", "--sluice", sluice, "--sim", simulator)
    if not check(status == 0 and figures is not None, output):
        return
    rows = {p["name"]: p for p in figures["policies"]}
    check(list(rows) == [name for name, *_ in policies.POLICIES], list(rows))
    check(rows["observe"]["nusd"] == figures["direct"], "observe changes the bill")
    check(rows["balanced"]["nusd"] < figures["direct"], "balanced saves nothing")
    check(rows["saver, Haiku 4.5"]["ratio"] < 0.8, "the saver saves little")
    check(rows["max, DeepSeek"]["ratio"] < 0.5, "the most saves little")
    for name, row in rows.items():
        off = row["predicted"] / row["nusd"] - 1
        check(abs(off) <= 0.02, f"{name}: sluice replay is {off:.2%} off")
        check(row["anchors_kept"] == row["anchors"] >= 15, f"{name}: edit anchors")
    check(rows["observe"]["predicted"] == figures["direct"], "sluice replay makes other requests than bodies.py")


HOP = ("--policy", "never", "--policy", "hop:claude-haiku-4-5", "--policy", "turns:claude-haiku-4-5")


def check_replay(sluice):
    """The command: the same input gives the same bytes; what is wrong is said."""
    first, again = replay(sluice, SESSIONS, *HOP, "--json"), replay(sluice, SESSIONS, *HOP, "--json")
    check(first == again and first[0] == 0 and not first[2], f"not the same twice: {first[2]}")
    never, *others = json.loads(first[1])["policies"]
    check(all(p["failed"] + p["differs"] == 0 and p["changes"] > never["changes"] for p in others), "naive policies")
    read = [p["tokens"]["cache_read"] for p in (never, *others)]
    check(max(read[1:]) < read[0], "hopping loses no cache")
    status, text, _ = replay(sluice, SESSIONS)
    lines = text.decode().split("\n")
    check(status == 0 and max(map(len, lines)) <= 80, f"lines of {max(map(len, lines))} columns")
    check([line.split()[0] for line in lines[3:6]] == ["observe", "balanced", "saver"], "the usual policies")
    for arguments, code, words in (
        ((), 2, "wants transcripts"),
        ((SESSIONS, "--policy", "thrifty"), 2, '"thrifty" is no policy'),
        ((SESSIONS, "--policy", "saver route.usr.execute=x"), 1, "unknown setting"),
        (("/nonexistent",), 1, "cannot read '/nonexistent'"),
        ((os.path.join(HERE, "..", "cases"),), 1, "no transcripts"),
    ):
        status, _, said = replay(sluice, *arguments)
        check(status == code and words in said, f"{arguments}: {status}, {said}")
    with tempfile.TemporaryDirectory() as folder:
        for name in sorted(os.listdir(SESSIONS)):
            if name.endswith(".jsonl"):
                with open(os.path.join(SESSIONS, name), "rb") as f:
                    text = f.read()
                with open(os.path.join(folder, name), "wb") as f:
                    f.write(text[: len(text) // 2] + b"\n\x00\xff{]\n" + b"x" * 70_000_000 + b"\n" + text[len(text) // 2 :])
        status, text, said = replay(sluice, folder, "--policy", "never", "--policy", "balanced", "--json")
        figures = json.loads(text) if status == 0 else {}
        check(figures.get("requests", 0) >= 40 and figures["too_long"] == 2, f"damaged transcripts: {said}")
        check(figures and not any(p["failed"] for p in figures["policies"]), "requests of damaged transcripts")


def check_demo(sluice, simulator):
    demo = os.path.join(os.path.dirname(HERE), "demo", "demo.py")
    command = [sys.executable, "-B", demo, sluice, simulator, "--fast"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    check(done.returncode == 0 and done.stdout.count("✓") == 6, f"the demo:\n{done.stdout}")


FAULTS = {
    "none": None,
    "reformat": "not what the client sent",
    "forget": "not what the client sent",
    "twice": "the bill through sluice differs",
    "ledger": "the ledger says",
    "reply": "not what the provider sent",
    "lose": "requests failed or came back other than recorded",
}


def check_faults(simulator):
    """Each fault of badproxy.py is found; without one it passes."""
    with tempfile.TemporaryDirectory() as folder:
        for fault, words in FAULTS.items():
            program = os.path.join(folder, fault)
            with open(program, "w", encoding="utf-8") as f:
                f.write(f'#!/bin/sh\nexec "{sys.executable}" "{HERE}/badproxy.py" {fault} "$@"\n')
            os.chmod(program, 0o700)
            arguments = ["--only", story.LATER[:8], "--sluice", program, "--sim", simulator]
            status, figures, output = proof(*arguments)
            check(status == (words is not None) and (words or "") in output, f"fault {fault}: {output}")
            if fault == "forget":
                check(figures and figures["sluice"]["lost_anchors"], "lost anchors are not found")
                again, _, output = proof(*arguments, "--set", "shape.level=saver")
                check(again == 0, f"a setting may change the bill: {output}")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    end_on_signals()
    sluice, simulator = map(os.path.abspath, sys.argv[1:])
    check_transcripts()
    check_story()
    check_sluice(sluice, simulator)
    check_others(sluice, simulator)
    check_policies(sluice, simulator)
    check_replay(sluice)
    check_faults(simulator)
    check_demo(sluice, simulator)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
