# SPDX-License-Identifier: MIT
"""Damages the prefix of one turn of a conversation in every way there is, and compares the cause and the dollars that
sluice reports with what the simulator bills more than for the undamaged twin of that turn (Bench.twin)."""

import dataclasses
import re
import typing

import lab
from tally import check, close
from talk import Talk, blocks_of, filler, picture, text, tool

OPUS, OPUS_5, HAIKU, SONNET = "claude-opus-4-6", "claude-opus-5-5", "claude-haiku-5-5", "claude-sonnet-4-6"


def swap_tools(talk):
    talk.tools[1], talk.tools[2] = talk.tools[2], talk.tools[1]


def swap_last_tools(talk):
    talk.tools[-1], talk.tools[-2] = talk.tools[-2], talk.tools[-1]


def reverse_tools(talk):
    talk.tools.reverse()


def add_tool(talk):
    talk.tools.append(tool("Added", talk.seed))


def add_tool_inside(talk):
    talk.tools.insert(3, tool("Inserted", talk.seed))


def remove_tool(talk):
    del talk.tools[4]


def remove_last_tool(talk):
    del talk.tools[-1]


def change_tool(talk):
    talk.tools[5]["description"] += " Now in another way."


def change_schema(talk):
    talk.tools[0]["input_schema"]["properties"]["n"]["type"] = "integer"


def change_system(talk):
    words = talk.system[2]["text"]
    talk.system[2]["text"] = words[:200] + ("x" if words[200] != "x" else "y") + words[201:]


def change_identity(talk):
    talk.system[1]["text"] += " Be brief."


def add_system(talk):
    talk.system.insert(2, text("Another rule for everything. " + filler(f"rule {talk.seed}", 100)))


def switch_to(model):
    def switch(talk):
        talk.model = model

    return switch


def add_picture(talk):
    blocks_of(talk.messages[-1]).append(picture())


def begin_with_picture(talk):
    talk.messages[0]["content"].insert(1, picture())


def remove_picture(talk):
    talk.messages[0]["content"][1] = text("[picture removed]")


def more(**members):
    def change(talk):
        talk.more.update(members)

    return change


def edit_middle(talk):
    block = blocks_of(talk.messages[-4])[0]
    block.update({"content": "[cleared]"} if block["type"] == "tool_result" else {"text": "[cleared]"})


def edit_first(talk):
    talk.messages[0]["content"][1]["text"] += " (edited)"


def edit_reply(talk):
    reply = [m for m in talk.messages if m["role"] == "assistant"][1]
    next(b for b in reply["content"] if b["type"] == "text")["text"] = "Something else was said."


def drop_exchange(talk):
    """The first reply and what answered it go."""
    begin = next(i for i, m in enumerate(talk.messages) if m["role"] == "assistant")
    del talk.messages[begin : begin + 2]
    talk.ended -= 2


def take_back(talk):
    """The last reply and the message that it answered go, and another one comes: nothing that was cached is touched,
    and what the request before had beyond it no longer applies."""
    del talk.messages[-3:-1]
    talk.messages[-1] = {"role": "user", "content": [text(filler(f"another {talk.seed}", 500))]}
    talk.ended = len(talk.messages) - 2


def change_billing(talk):
    talk.system[0]["text"] = talk.system[0]["text"].replace("0a1", "0b2")


def drop_marks(talk):
    talk.marks = False


def many_blocks(talk):
    blocks_of(talk.messages[-1]).extend(text(f"Note {i}: {filler(f'{talk.seed} {i}', 20)}") for i in range(25))


CONTINUED = "This session is being continued from a previous conversation that ran out of context. Summary:\n"


def compact_history(talk, opening=CONTINUED):
    """What is left of a conversation after Claude Code's /compact. All that was sent before is gone, so where the
    request before it ended is behind its end: the whole of it counts as what could have been read."""
    summary = text(opening + filler(f"summary {talk.seed}", 1500))
    talk.messages = [
        {"role": "user", "content": [summary]},
        {"role": "system", "content": filler(f"surroundings {talk.seed}", 1000)},
        {"role": "assistant", "content": [text("I have read the summary.")]},
        {"role": "user", "content": [text("Go on then.")]},
        {"role": "system", "content": "The list of skills is as before."},
    ]
    talk.ended = len(talk.messages)


def compact_otherwise(talk):
    """Another client's way, that says nothing of it."""
    compact_history(talk, "What was done so far:\n")


def compact_with_header(talk):
    compact_otherwise(talk)
    talk.headers_once = {"x-claude-code-context-compacted": "manual"}


@dataclasses.dataclass
class Case:
    """One kind of damage. options are those of Talk; before is done to the talk at its start, damage to its last
    turn."""

    name: str
    cause: str
    damage: typing.Callable = None
    model: str = OPUS
    options: dict = dataclasses.field(default_factory=dict)
    before: typing.Callable = None
    after_s: float = 5  # before the damaged turn
    every_s: float = 5  # between healthy ones
    turns: int = 4  # healthy ones in front


def thinks(**thinking):
    return {"thinking": thinking}


ADAPTIVE, BUDGET = thinks(type="adaptive"), thinks(type="enabled", budget_tokens=4000)
ONE_CALL = {"type": "auto", "disable_parallel_tool_use": True}
CASES = [
    Case("two tools change places", "tools_order", swap_tools),
    Case("the last tools change places", "tools_order", swap_last_tools, SONNET),
    Case("all tools the other way round", "tools_order", reverse_tools, OPUS_5),
    Case("a tool joins at the end", "tools_added", add_tool),
    Case("a tool joins inside", "tools_added", add_tool_inside, OPUS_5),
    Case("a tool leaves", "tools_removed", remove_tool),
    Case("the last tool leaves", "tools_removed", remove_last_tool, SONNET),
    Case("a description changes", "tools_changed", change_tool),
    Case("a schema changes", "tools_changed", change_schema, HAIKU),
    Case("a byte of the system text", "system_changed", change_system),
    Case("the first marked system text", "system_changed", change_identity, OPUS_5),
    Case("a further system text", "system_changed", add_system),
    Case("the line in front of the system texts", "system_changed", change_billing),
    Case("a dearer model, other tokens", "model_switched", switch_to(OPUS_5), HAIKU),
    Case("a cheaper model, other tokens", "model_switched", switch_to(HAIKU), OPUS_5),
    Case("a model with the same tokens", "model_switched", switch_to(SONNET)),
    Case("a picture joins", "image", add_picture),
    Case("a picture joins, newer model", "image", add_picture, OPUS_5),
    Case("the only picture leaves", "image", remove_picture, OPUS, before=begin_with_picture),
    Case("thinking switched on", "thinking", more(**BUDGET)),
    Case("another kind of thinking", "thinking", more(**ADAPTIVE), OPUS, BUDGET),
    Case("another budget", "thinking", more(**thinks(type="enabled", budget_tokens=2000)), OPUS, BUDGET),
    Case("another effort", "thinking", more(output_config={"effort": "low"}), OPUS_5, ADAPTIVE),
    Case("another effort without thinking", "thinking", more(output_config={"effort": "low"})),
    Case("the effort that it has anyway", "", more(output_config={"effort": "high"})),
    Case("a tool is forced", "tool_choice", more(tool_choice={"type": "any"})),
    Case("no parallel calls", "tool_choice", more(tool_choice=ONE_CALL), SONNET),
    Case("an old result is cleared", "history_edited", edit_middle),
    Case("the first prompt is edited", "history_edited", edit_first),
    Case("an old reply is edited", "history_edited", edit_reply, SONNET),
    Case("an exchange is dropped", "history_edited", drop_exchange),
    Case("a question is taken back", "", take_back),
    Case("five minutes and a bit", "ttl", after_s=301),
    Case("five minutes, refreshed until then", "ttl", after_s=310, every_s=200),
    Case("an hour and a bit", "ttl", None, OPUS_5, {"ttl": "1h"}, after_s=3601),
    Case("a night", "ttl", None, SONNET, {"ttl": "1h"}, after_s=40000),
    Case("five minutes for messages, an hour for the rest", "ttl", None, OPUS, {"system_ttl": "1h"}, after_s=600),
    Case("compaction that says so", "compaction", compact_history),
    Case("compaction in a header", "compaction", compact_with_header, OPUS_5),
    Case("compaction without a word", "compaction", compact_otherwise, turns=8),
    Case("marks dropped", "no_breakpoint", drop_marks),
    Case("marks dropped, newer model", "no_breakpoint", drop_marks, OPUS_5),
    Case("25 blocks at once", "lookback", many_blocks),
    Case("25 blocks at once, an hour", "lookback", many_blocks, SONNET, {"ttl": "1h"}),
    Case("not quite five minutes", "", after_s=299),
    Case("refreshed by reads", "", after_s=250, every_s=250),
    Case("not quite an hour", "", None, OPUS_5, {"ttl": "1h"}, after_s=3590, every_s=3000),
]


def quiet(verdict, first, what):
    """Whether nothing was lost on a turn, and nothing said."""
    return check(
        verdict.cause == ("first" if first else "") and not verdict.lost,
        f"{what}: cause {verdict.cause!r}, {verdict.lost} lost, {verdict.read} read, {verdict.predicted} predicted",
    )


def run_case(bench, case, damaged):
    talk = Talk(case.name, case.model, **case.options)
    if case.before:
        case.before(talk)
    for i in range(case.turns):
        _, verdict = bench.turn(talk, after_s=case.every_s)
        quiet(verdict, i == 0, f"{case.name}: healthy turn {i + 1}")
    request, verdict = bench.turn(talk, damage=case.damage, after_s=case.after_s)
    judge(bench, case, request, verdict)
    damaged.append((case.name, verdict))
    if case.cause != "no_breakpoint":  # what has never been written has still to be
        _, verdict = bench.turn(talk)
        quiet(verdict, False, f"{case.name}: the turn after it")


def judge(bench, case, request, verdict):
    """The damaged turn: its cause, and its loss against the twin's bill."""
    check(verdict.cause == case.cause, f"{case.name}: cause {verdict.cause!r}, not {case.cause!r}")
    judge_loss(case.name, verdict, verdict.cost - bench.twin(request, verdict))


def judge_loss(name, verdict, loss, share=0.02):
    off = (verdict.lost / loss - 1) * 100 if loss else 0
    check(
        close(verdict.lost, loss, share),
        f"{name}: {verdict.lost} lost, the simulator's difference is {loss} ({off:+.2f} %), cause {verdict.cause!r}",
    )


def check_forgotten(bench, damaged):
    """The provider has lost its cache: nobody can see why."""
    for model in (OPUS, OPUS_5):
        case = Case(f"the provider forgets, {model}", "unexplained", lambda talk: bench.simulator.reset(), model)
        run_case(bench, case, damaged)


def rates_of(bench, model):
    """Nano-dollars a token of each kind, from the bill of a conversation that has all of them."""
    talk = Talk(f"rates {model}", model)
    bench.turn(talk)
    bench.turn(talk)
    row = bench.bills()[-1]
    return {kind: row["nano_usd"][kind] / n for kind, n in row["tokens"].items() if n and kind in row["nano_usd"]}


def check_too_short(bench, model, minimum, damaged):
    """A conversation that grows beyond the smallest prefix. The simulator cannot be made to cache what is shorter, so
    the twin is reckoned: all up to where the request before it ended (counted by the provider) at the price of reads
    instead of that of input, or of writes on the turn with which the prefix becomes long enough: that one still finds
    nothing."""
    rates = rates_of(bench, model)
    talk, before, length = Talk(f"short {model}", model, size=minimum * 0.4), None, 0
    while length <= minimum + 300:
        _, verdict = bench.turn(talk)
        what = f"short of {minimum}, turn {talk.turns} of {verdict.prompt()} tokens"
        if before is not None and length <= minimum:
            check(verdict.cause == "below_minimum", f"{what}: cause {verdict.cause!r}")
            paid = rates["cache_write_5m" if verdict["cache_write_tokens"] else "input"]
            judge_loss(what, verdict, before * (paid - rates["cache_read"]))
        else:
            quiet(verdict, before is None, what)
        damaged.append((what, verdict))
        length = before = verdict.prompt()


def check_switch_back(bench):
    """Back to a model whose prefix is still warm: it reads what it had, and only what the other has said since is
    lost."""
    talk = Talk("switch back", OPUS_5)
    for _ in range(3):
        bench.turn(talk)
    _, there = bench.turn(talk, damage=switch_to(HAIKU))
    bench.turn(talk)
    request, back = bench.turn(talk, damage=switch_to(OPUS_5))
    check(there.cause == back.cause == "model_switched", f"there {there.cause!r}, back {back.cause!r}")
    check(back.read > 15000 and close(back.predicted, back.read), f"back: {back.read} read, {back.predicted} predicted")
    # What was new and what was lost were written together, and only their sum is counted.
    judge_loss("back to a warm model", back, back.cost - bench.twin(request, back), 0.05)


def check_look_back(bench):
    """One block more than is looked back over, and one less: what is said is what happens."""
    for added in range(16, 22):
        talk = Talk(f"{added} blocks", OPUS)
        for _ in range(3):  # the reply to the third is one block
            _, before = bench.turn(talk)

        def add(talk, blocks=added - 1):
            blocks_of(talk.messages[-1]).extend(text(filler(f"{talk.seed} {i}", 10)) for i in range(blocks))

        request, verdict = bench.turn(talk, damage=add)
        missed = verdict.read < before.prompt() - 10
        told = f"{added} blocks: {verdict.cause!r}, {verdict.predicted} predicted, {verdict.read} read"
        check(verdict.cause == ("lookback" if missed else ""), told)
        check(close(verdict.predicted, verdict.read), told)
        check(added not in (16, 21) or missed == (added == 21), f"{added} blocks: {verdict.read} read")
        judge_loss(f"{added} blocks", verdict, verdict.cost - bench.twin(request, verdict))


def check_shared_lapse(bench):
    """Another conversation keeps what both begin with alive: only the rest has lapsed."""
    idle, busy = (Talk(f"shared lapse {i}", OPUS, shared="shared lapse") for i in range(2))
    for _ in range(3):
        bench.turn(idle)
    for _ in range(4):
        _, verdict = bench.turn(busy, after_s=100)
    request, verdict = bench.turn(idle)
    told = f"a lapse behind what is shared: {verdict.cause!r}, {verdict.predicted} predicted, {verdict.read} read"
    check(verdict.cause == "ttl" and verdict.read > 5000, told)
    check(close(verdict.predicted, verdict.read), told)
    judge_loss("a lapse behind what is shared", verdict, verdict.cost - bench.twin(request, verdict))


def check_shorter_life(bench):
    """From an hour to five minutes: what was written for an hour is still there, what came later has lapsed."""
    talk = Talk("from an hour to five minutes", SONNET, ttl="1h")
    for _ in range(3):
        bench.turn(talk)
    talk.ttl = "5m"
    for _ in range(3):
        bench.turn(talk)
    request, verdict = bench.turn(talk, after_s=400)
    check(verdict.cause == "ttl" and verdict.read > 15000, f"lapsed in part: {verdict.cause!r}, {verdict.read} read")
    check(close(verdict.predicted, verdict.read), f"lapsed in part: {verdict.predicted} predicted, {verdict.read} read")
    judge_loss("lapsed in part", verdict, verdict.cost - bench.twin(request, verdict))


# The first block that differs; where a parameter of all messages changes, none does.
PLACES = {
    "two tools change places": "tools[1]",
    "the last tools change places": "tools[6]",
    "all tools the other way round": "tools[0]",
    "a tool joins at the end": "tools[8]",
    "a tool joins inside": "tools[3]",
    "a tool leaves": "tools[4]",
    "a description changes": "tools[5]",
    "a schema changes": "tools[0]",
    "a byte of the system text": "system[2]",
    "the first marked system text": "system[1]",
    "a further system text": "system[2]",
    "the line in front of the system texts": "system[0]",
    "the first prompt is edited": "messages[0].content[1]",
    "an old reply is edited": "messages[4].content[0]",
    "compaction that says so": "messages[0].content[0]",
}


def check_ledger(bench, damaged):
    """The ledger says what the log says, and where the first difference is."""
    for name, v in damaged:
        x = bench.first.client.json(f"/sluice/api/exchange?id={v['id']}")
        said = x["prefix"]
        check(
            (said["cause"], said["lost_nusd"], said["read_predicted"]) == (v.cause, v.lost, v.predicted)
            and (x["kind"], x["conversation"]) == (v["kind"], v["conversation"]),
            f"the ledger says {said}, the log {v}",
        )
        place = PLACES.get(name, said["at"])
        check(said["at"] == place, f"{name}: the first difference is at {said['at']!r}, not {place!r}")


def check_sums(bench):
    """Every total is the sum of the lines: in the overview, and in the metrics."""
    lost = {}
    for v in bench.first.said:
        if v.cause and v.cause != "first":
            count, amount = lost.get(v.cause, (0, 0))
            lost[v.cause] = count + 1, amount + v.lost
    path = f"/sluice/api/overview?from_ms=0&to_ms={int(bench.now + 60) * 1000}"
    overview = bench.first.client.json(path)
    told = {row["cause"]: (row["count"], row["nusd"]) for row in overview["lost"] if row["cause"] != "first"}
    check(told == lost, f"the overview has {told}, the log {lost}")
    check(overview["totals"]["lost_nusd"] == sum(n for _, n in lost.values()), "the overview's total")
    metrics = bench.first.client.call("GET", "/metrics").read().decode()
    found = dict(re.findall(r'^sluice_cache_lost_nanodollars_total\{cause="(\w+)"\} (\d+)$', metrics, re.M))
    counted = {cause: int(n) for cause, n in found.items() if int(n)}
    check(counted == {cause: n for cause, (_, n) in lost.items()}, f"the metrics have {counted}, the log {lost}")


def run(programs):
    with lab.Bench(programs) as bench:
        damaged = []
        for case in CASES:
            run_case(bench, case, damaged)
        check_switch_back(bench)
        check_look_back(bench)
        check_shared_lapse(bench)
        check_shorter_life(bench)
        for model, minimum in (OPUS, 4096), ("claude-opus-4-7", 2048), (SONNET, 1024), (OPUS_5, 512):
            check_too_short(bench, model, minimum, damaged)
        check_forgotten(bench, damaged)
        bench.first.written(bench.first.said[-1])
        check_ledger(bench, damaged)
        check_sums(bench)
