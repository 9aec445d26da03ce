# SPDX-License-Identifier: MIT
"""Alarms when the hit rate of a conversation falls, and memory that stays bounded whatever the number of conversations."""

import json
import time

import lab
from bodies import compact
from damage import OPUS, OPUS_5
from tally import check
from talk import HEADERS, Talk, filler, text

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
    time.sleep(0.3)
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
    time.sleep(0.3)
    check(not any(alarm_of(bench, v) for v in verdicts), "an alarm where nothing is wrong")


def reverse_tools(talk):
    talk.tools.reverse()


def small_body(number, turn):
    """Many blocks and few bytes: what is remembered of it is larger than what is sent."""
    blocks = [text(f"{number} {i}") for i in range(BLOCKS)]
    messages = [{"role": "user", "content": blocks}]
    if turn:
        messages += [{"role": "assistant", "content": "yes"}, {"role": "user", "content": f"and {turn}"}]
    messages[-1] = {"role": "user", "content": [*blocks_list(messages[-1]), text("go", cache_control={"type": "ephemeral"})]}
    user = json.dumps({"device_id": "0", "account_uuid": "", "session_id": f"session-{number}"})
    return compact({"model": OPUS, "max_tokens": 10, "messages": messages, "metadata": {"user_id": user}})


def blocks_list(message):
    return message["content"] if isinstance(message["content"], list) else [text(message["content"])]


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
    """5,000 conversations in 1 MiB. In memory one of them takes some 2 KB, so all would take 10 MB."""
    with lab.Bench(programs, ["prefix.memory_bytes=1MiB", "prefix.entries=1024", "store.queue_rows=100000"]) as bench:
        held = {}
        for number in range(CONVERSATIONS):
            post(bench, small_body(number, 0))
            if number + 1 in (1000, CONVERSATIONS):
                time.sleep(0.5)  # what waits for the ledger is written
                held[number + 1] = resident(bench.first.sluice.process)
        grown = held[CONVERSATIONS] - held[1000]
        check(grown < 5 << 20 or "asan" in programs[0], f"{grown} bytes more for 4,000 conversations more")
        for number in (0, 17, CONVERSATIONS - 1):
            post(bench, small_body(number, 1))
        last = bench.first.verdicts(CONVERSATIONS + 3)[-3:]
        check(not any(v.lost for v in last), "something is lost")
        check([v["conversation"] for v in last] == ["session-0", "session-17", f"session-{CONVERSATIONS - 1}"], "names")
        talk = Talk("after many", OPUS)
        checks = [bench.turn(talk)[1] for _ in range(3)]
        check([v.cause for v in checks] == ["first", "", ""], f"after many: {[v.cause for v in checks]}")
        check(bench.first.end(15) == 0, "the end")


def run(programs):
    with lab.Bench(programs) as bench:
        check_well(bench)
        check_alarms(bench, "tools turned round again and again", {"damage": reverse_tools})
        check_alarms(bench, "pauses that are too long", {"after_s": 400})
    check_memory(programs)
