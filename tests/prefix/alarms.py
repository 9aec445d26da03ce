# SPDX-License-Identifier: MIT
"""Alarms when the hit rate of a conversation falls, and memory that stays bounded whatever the number of
conversations."""

import json

import lab
from bodies import compact
from damage import OPUS, OPUS_5, change_tool, quiet
from tally import check
from talk import HEADERS, Talk, text

LEVELS = [80, 60, 40]
CONVERSATIONS, BLOCKS = 5000, 60


def alarm_of(bench, verdict):
    return bench.first.client.json(f"/sluice/api/exchange?id={verdict['id']}")["prefix"]["alarm"]


def check_alarms(bench, seed, ruin):
    """A conversation goes well, then ever worse: each level is told once, on its way down."""
    talk, verdicts = Talk(seed, OPUS, size=6000), []
    for _ in range(12):
        verdicts.append(bench.turn(talk)[1])
    for _ in range(24):
        verdicts.append(bench.turn(talk, **ruin)[1])
    bench.first.written(verdicts[-1])
    raised = [(i, a) for i, a in ((i, alarm_of(bench, v)) for i, v in enumerate(verdicts)) if a]
    check([a for _, a in raised] == LEVELS, f"{seed}: alarms {raised}")
    check(all(i >= 12 for i, _ in raised), f"{seed}: alarms while all was well: {raised}")
    told = bench.first.client.json(f"/sluice/api/alarms?from_ms=0&to_ms={int(bench.now + 60) * 1000}")["alarms"]
    mine = [(a["alarm"], a["id"]) for a in told if a["conversation"] == talk.session]
    wanted = [(a, verdicts[i]["id"]) for i, a in reversed(raised)]
    check(mine == wanted, f"{seed}: the list of alarms has {mine}, the ledger {wanted}")


def check_well(bench):
    """No alarm where nothing is wrong, and none for a conversation that is but beginning."""
    talk = Talk("well", OPUS_5)
    verdicts = [bench.turn(talk)[1] for _ in range(10)]
    bench.first.written(verdicts[-1])
    check(not any(alarm_of(bench, v) for v in verdicts), "an alarm where nothing is wrong")


def small_body(number, turn):
    """Many blocks and few bytes: what is remembered of it is larger than what is sent."""
    messages = [{"role": "user", "content": [text(f"{number} {i}") for i in range(BLOCKS)]}]
    for i in range(turn):
        messages += [{"role": "assistant", "content": "yes"}, {"role": "user", "content": [text(f"and {i}")]}]
    messages[-1]["content"][-1]["cache_control"] = {"type": "ephemeral"}
    user = json.dumps({"device_id": "0", "account_uuid": "", "session_id": f"session-{number}"})
    return compact({"model": OPUS, "max_tokens": 10, "messages": messages, "metadata": {"user_id": user}})


def resident(process):
    """Bytes that a process holds in memory."""
    with open(f"/proc/{process.pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * 4096


def post(bench, body):
    reply = bench.first.client.call("POST", "/v1/messages", body, HEADERS)
    said = reply.read()
    if reply.status != 200:
        check(False, f"{reply.status}: {said[:200]}")


def check_memory(programs):
    """5,000 conversations in 1 MiB. One of them takes some 2 KB, so all would take 10 MB. Without a ledger, which
    has a cache of its own."""
    settings = ["prefix.memory_bytes=1MiB", "prefix.entries=1024", "store.enabled=false"]
    with lab.Bench(programs, settings, clocked=False) as bench:
        held = {}
        for number in range(CONVERSATIONS):
            post(bench, small_body(number, 0))
            if number + 1 in (1000, CONVERSATIONS):
                held[number + 1] = resident(bench.first.sluice.process)
        grown = held[CONVERSATIONS] - held[1000]
        check(grown < 2 << 20 or is_sanitized(programs[0]), f"{grown} bytes more for 4,000 conversations more")
        after_many(bench, CONVERSATIONS)
        for number, cause in (0, "first"), (CONVERSATIONS - 1, "below_minimum"):
            post(bench, small_body(number, 1))
            verdict = bench.first.verdicts(1)[0]
            check(verdict.cause == cause, f"conversation {number} of {CONVERSATIONS}: {verdict.cause!r}, not {cause!r}")


def check_recalled(programs):
    """What had no room in memory is in the store."""
    with lab.Bench(programs, ["prefix.memory_bytes=1MiB", "prefix.entries=1024"]) as bench:
        talk = Talk("forgotten", OPUS)
        for _ in range(2):
            bench.turn(talk)
        for number in range(700):
            post(bench, small_body(number, 0))
        after_many(bench, 700)
        bench.wait(5)
        quiet(bench.turn(talk)[1], False, "a conversation that had no room in memory")
        bench.wait(300)
        verdict = bench.turn(talk, damage=change_tool)[1]
        check(verdict.cause in ("ttl", "tools_changed"), f"and after a while: {verdict.cause!r}")


def after_many(bench, count):
    """All have got their line, and a further conversation is as it should be."""
    verdicts = bench.first.verdicts(count)
    check(all(v.cause == "first" and not v.lost for v in verdicts), "one of many lost something")
    check(len({v["conversation"] for v in verdicts}) == count, "conversations are mixed up")
    talk = Talk("after many", OPUS)
    causes = [bench.turn(talk)[1].cause for _ in range(3)]
    check(causes == ["first", "", ""], f"after many: {causes}")


def is_sanitized(program):
    """Whether its allocator keeps what is freed."""
    with open(program, "rb") as f:
        return b"__asan_" in f.read() or program.endswith(".sh")


def run(programs):
    with lab.Bench(programs) as bench:
        check_well(bench)
        check_alarms(bench, "a tool that changes with every turn", {"damage": change_tool})
        check_alarms(bench, "pauses that are too long", {"after_s": 400})
    check_memory(programs)
    check_recalled(programs)
