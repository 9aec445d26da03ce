# SPDX-License-Identifier: MIT
"""Conversations that lose nothing, with everything around them that happens to real ones: nothing may be said to be
lost, and kinds of turns and conversations have their right names."""

import copy
import http.client
import json
import threading

import lab
from bodies import compact
from client import Failed
from damage import HAIKU, OPUS, OPUS_5, SONNET, quiet
from tally import check, close
from talk import Talk, blocks_of, filler, picture, text, tool


LOOPS = ("tool_loop", "edit", "recovery")


def expect(talk, verdict, what, kind=None, first=None):
    """Nothing lost, nothing saved, read what was predicted, named right."""
    first = talk.turns == 1 if first is None else first
    quiet(verdict, first, what)
    check(not verdict.saved, f"{what}: saved {verdict.saved}")
    check(
        first or close(verdict.predicted, verdict.read, 0.02, 64),
        f"{what}: {verdict.predicted} predicted, {verdict.read} read",
    )
    named = talk.session + (f"/{talk.agent}" if talk.agent else "")
    check(verdict["conversation"] == named, f"{what}: conversation {verdict['conversation']!r}, not {named!r}")
    kinds = LOOPS if kind == "tool_loop" else (kind,)
    check(kind is None or verdict["kind"] in kinds, f"{what}: kind {verdict['kind']!r}, not {kind!r}")


def kind_of(talk, request):
    """What the turn is, from the request alone."""
    if talk.agent:
        return "subagent"
    asked = [m for m in request["messages"] if m["role"] != "system"]
    if any(b["type"] == "tool_result" for b in blocks_of(asked[-1])):
        return "tool_loop"  # or what has become of one, see LOOPS
    return "prompt" if any(m["role"] == "assistant" for m in asked) else "first"


def step(bench, talk, **more):
    request, verdict = bench.turn(talk, **more)
    expect(talk, verdict, f"{talk.seed}, turn {talk.turns}", kind_of(talk, request))
    return request, verdict


def check_long(bench):
    """40 turns: parallel calls, signed thinking, the mark that moves, the message that changes its shape."""
    for seed, model, options in (
        ("long", OPUS, {}),
        ("long thinking", OPUS_5, {"thinking": {"type": "adaptive"}}),
        ("long with a budget", SONNET, {"thinking": {"type": "enabled", "budget_tokens": 4000}}),
        ("an hour", HAIKU, {"ttl": "1h"}),
    ):
        talk = Talk(seed, model, size=8000, **options)
        for _ in range(40 if seed == "long" else 12):
            request, _ = step(bench, talk)
        shapes = {type(m["content"]) for m in request["messages"]}
        kinds = {b["type"] for m in request["messages"] for b in blocks_of(m)}
        check(shapes == {str, list}, "no message has changed its shape")
        check(("thinking" in options) == ("thinking" in kinds), f"{seed}: {kinds}")


def title(talk):
    asks = {"type": "json_schema", "schema": {"type": "object", "properties": {"title": {"type": "string"}},
                                              "required": ["title"], "additionalProperties": False}}
    return {**aside(talk), "system": [text("Name this."), text(filler("title", 500))], "tools": [],
            "output_config": {"format": asks}}


def web_search(talk):
    return {**aside(talk), "tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 8}],
            "tool_choice": {"type": "auto"}}


def aside(talk):
    request = talk.request()
    keep = {k: request[k] for k in ("model", "metadata", "max_tokens", "stream")}
    return {**keep, "messages": [{"role": "user", "content": [text(f"About {talk.seed}.")]}]}


def check_asides(bench):
    """Titles, web searches, subagents, counting, and the compaction itself in the middle of a conversation."""
    main, sub = Talk("main", OPUS_5, size=8000), Talk("sub", HAIKU, size=6000, of="main", agent="a0123456789abcdef")
    check(main.session == sub.session, "one session")
    step(bench, main)
    for i in range(5):
        for kind, make in ("title", title), ("web_search", web_search):
            bench.first.client.message(compact(make(main)), main.headers())
            verdict = bench.first.verdicts(1)[0]
            check(verdict["kind"] == kind, f"{kind}: kind {verdict['kind']!r}")
            check(verdict["conversation"] not in (main.session, sub.session + "/" + sub.agent), f"{kind}: main's own")
            check(not verdict.lost and verdict.cause in ("", "first"), f"{kind}: {verdict.cause!r}")
        count = {"model": main.model, "messages": main.messages[: main.ended], "tools": main.tools}
        reply = bench.first.client.call("POST", "/v1/messages/count_tokens", compact(count), main.headers())
        check(json.loads(reply.read())["input_tokens"] > 0, "tokens are counted")
        step(bench, sub)
        step(bench, main)
    request = main.request()
    request["messages"] = copy.deepcopy(main.messages)
    blocks_of(request["messages"][-1])[-1]["cache_control"] = main.mark()
    words = "CRITICAL: Respond with TEXT ONLY. Do NOT call any tools.\n" + filler("compaction", 1500)
    results = [{"type": "tool_result", "tool_use_id": b["id"], "content": "done"}
               for b in main.messages[-1]["content"] if b["type"] == "tool_use"]
    request["messages"].append({"role": "user", "content": [*results, text(words)]})
    bench.first.client.message(compact(request), main.headers())
    expect(main, bench.first.verdicts(1)[0], "compaction", "compaction", False)


def check_interleaved(bench):
    """Two conversations of one project take turns; the second one begins with what the first has in the cache."""
    both = [Talk(f"interleaved {i}", OPUS, size=8000, shared="interleaved") for i in range(2)]
    for _ in range(5):
        for talk in both:
            step(bench, talk)


def check_accounts(bench):
    """Two users with a session of one name, each with a key and so a cache of their own: neither loses what the other has."""
    both = [Talk(f"accounts {i}", OPUS, size=8000, shared="accounts", of="accounts") for i in range(2)]

    def other_key(talk):
        talk.headers_once = {"x-api-key": f"key of {talk.seed}"}

    for _ in range(4):
        for talk in both:
            step(bench, talk, damage=other_key)


def check_retries(bench):
    """The same body again, errors, streams that break off, clients that leave."""
    talk = Talk("retried", OPUS, size=8000)
    send = bench.first.client.message

    def again(fault, what):
        talk.go_on()
        bench.wait(5)
        body, times = compact(talk.request()), 1 if fault is None else 2
        script = bench.script(f"retried {talk.turns}", talk.reply(), times=3)
        headers = {**talk.headers(), **script}
        for i in range(times):
            try:
                failing = {"x-sim-fault": json.dumps(fault)} if i == 0 and fault else {}
                message = send(body, {**headers, **failing})
            except Failed as e:
                bench.first.client.close()
                check(i == 0 and fault, f"{what}: failed: {e}")
            else:
                check(i == times - 1 or not fault, f"{what}: did not fail")
        return message, times

    bench.first.client.call("POST", "/v1/messages", compact(talk.request()),
                            {**talk.headers(), "x-sim-fault": '{"status":500}'}).read()
    failed = bench.first.verdicts(1)[0]
    check(not failed.lost and failed.cause in ("", "first"), f"a failed first request: {failed.cause!r}")
    step(bench, talk)
    faults = [{"status": s} for s in (429, 500, 529)]
    faults += [{"cut_after": n} for n in (1, 400, 900)]
    faults += [{"reset_after": 700}, {"error": "overloaded_error", "error_after": 500}]
    for fault in [None, *faults]:
        what = f"retried after {fault}"
        message, times = again(fault, what)
        talk.took(message["content"])
        verdicts = bench.first.verdicts(times)
        for verdict in verdicts:
            check(not verdict.lost and not verdict.cause, f"{what}: {verdict.cause!r}, {verdict.lost} lost")
        if verdicts[0].prompt() or verdicts[0]["status"] != 200:  # else it broke off before it said what it wrote
            expect(talk, verdicts[-1], what)
    again_same = talk.request()
    again_same["messages"] = copy.deepcopy(talk.messages[: talk.ended])
    blocks_of(again_same["messages"][-1])[-1]["cache_control"] = talk.mark()
    send(compact(again_same), talk.headers())
    expect(talk, bench.first.verdicts(1)[0], "the same body again")
    leave(bench, talk)
    step(bench, talk)


def leave(bench, talk):
    """A client that goes away in the middle of its reply."""
    conn = http.client.HTTPConnection(bench.first.sluice.address, timeout=30)
    slow = {"x-sim-fault": '{"slow_bytes":200,"slow_ms":50}'}
    request = talk.request()
    request["messages"] = copy.deepcopy(talk.messages[: talk.ended])
    blocks_of(request["messages"][-1])[-1]["cache_control"] = talk.mark()
    conn.request("POST", "/v1/messages", compact(request), {**talk.headers(), **slow})
    reply = conn.getresponse()
    reply.read(50)
    reply.close()
    conn.close()
    verdict = bench.first.verdicts(1)[0]
    check(not verdict.lost and not verdict.cause, f"a client that leaves: {verdict.cause!r}")


def check_parallel(bench):
    """Requests with the same cold prefix at the same time: none finds what the others are about to write."""
    common = {"size": 8000, "shared": "parallel", "of": "parallel"}
    talks = [Talk(f"parallel {i}", OPUS, agent=f"a{i:016x}" if i > 2 else None, **common) for i in range(6)]
    for talk in talks[:3]:
        talk.session = Talk(f"session of {talk.seed}").session
    bodies = [(compact(t.request()), {**t.headers(), "x-sim-fault": '{"delay_ms":150}'}) for t in talks]
    replies = [None] * len(talks)

    def ask(i):
        client = lab.Client(bench.first.sluice.address)
        replies[i] = client.message(*bodies[i])
        client.close()

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(talks))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for verdict in bench.first.verdicts(len(talks)):
        check(verdict.cause == "first" and not verdict.lost, f"in parallel: {verdict.cause!r}, {verdict.lost} lost")
    for talk, reply in zip(talks, replies):
        talk.took(reply["content"])
        step(bench, talk)
        step(bench, talk)


def no_matter(talk):
    """What is no part of the prompt."""
    talk.more.update(max_tokens=7000 + talk.turns, stop_sequences=[f"stop {talk.turns}"], stream=talk.turns % 2 == 0,
                     service_tier="auto")


def shuffle_members(talk):
    talk.tools = [dict(reversed(list(t.items()))) for t in talk.tools]


def say_as_system(talk):
    if talk.turns:
        talk.messages.append({"role": "system", "content": f"A rule as of turn {talk.turns}."})


def dated(talk):
    talk.model = {"claude-haiku-4-5": "claude-haiku-4-5-20251001"}.get(talk.model, "claude-haiku-4-5")


def unmark(talk):
    talk.marks = False


def mark_above(talk):
    talk.marks, talk.more["cache_control"] = False, {"type": "ephemeral"}


def add_deferred(talk):
    talk.tools.append({**tool(f"Deferred{talk.turns}", talk.seed), "defer_loading": True})


def add_pictures(talk):
    blocks_of([m for m in talk.messages if m["role"] == "user"][-1]).append(picture())


def squeeze(talk):
    talk.headers_once = {"content-encoding": "gzip"}


def many_blocks_marked(talk):
    """More blocks than are looked back over, with a mark half-way."""
    if talk.turns:
        mine = [text(f"Note {i}: {filler(f'{talk.seed} {talk.turns} {i}', 20)}") for i in range(24)]
        blocks_of(talk.messages[-1]).extend(mine)
        for message in talk.messages:
            for block in blocks_of(message):
                block.pop("cache_control", None)
        mine[11]["cache_control"] = talk.mark()


def live_longer(talk):
    talk.ttl = "1h" if talk.turns > 1 else "5m"


CHANGES = [
    ("members that do not matter", OPUS, no_matter),
    ("members in another order", OPUS, shuffle_members),
    ("messages of the system", OPUS_5, say_as_system),
    ("dated names of one model", "claude-haiku-4-5", dated),
    ("a client that never marks", OPUS, unmark),
    ("one mark for all", OPUS_5, mark_above),
    ("deferred tools join", OPUS_5, add_deferred),
    ("a picture with every turn", SONNET, add_pictures),
    ("compressed requests", OPUS, squeeze),
    ("many blocks, marked half-way", OPUS_5, many_blocks_marked),
    ("from five minutes to an hour", OPUS, live_longer),
]


def check_changes(bench):
    """Changes with every turn that leave the prefix as it was."""
    for seed, model, change in CHANGES:
        talk = Talk(seed, model, size=8000)
        for _ in range(5):
            step(bench, talk, damage=change)
    step(bench, talk, after_s=2000)  # the last of them lives for an hour, and covers the others


def run(programs):
    with lab.Bench(programs) as bench:
        check_long(bench)
        check_asides(bench)
        check_interleaved(bench)
        check_accounts(bench)
        check_retries(bench)
        check_parallel(bench)
        check_changes(bench)
