# SPDX-License-Identifier: MIT
"""How well the tokens read from the cache are predicted, on models that count differently, over sessions with
everything that makes it hard: pauses, switched models, edits, subagents, pictures, thinking, a prefix shared with other
sessions."""

import damage
import lab
from calm import add_pictures
from damage import HAIKU, OPUS, OPUS_5, SONNET
from tally import check
from talk import Talk

MODELS = (OPUS, OPUS_5, HAIKU, SONNET, "claude-opus-4-7", "claude-haiku-4-5")
LEARNED = 10  # requests of a model before its figures count
MOST_OFF = 0.02


def session(bench, number, model, other):
    """About 24 requests of a main loop and a subagent; yields (model, verdict)."""
    options = {"ttl": "1h" if number % 3 == 2 else "5m", "shared": f"project {number % 2}"}
    if model == OPUS_5:
        options["thinking"] = {"type": "adaptive"}
    main = Talk(f"foreseen {number}", model, size=12000, **options)
    sub = Talk(f"helper {number}", other, size=5000, of=f"foreseen {number}", agent=f"a{number:016x}", shared="helper")
    events = {4: damage.edit_middle, 7: damage.add_tool, 9: add_pictures, 11: damage.change_system}
    events[13] = damage.edit_first
    if model == OPUS_5:  # its signatures belong to all that stands before them
        events = {9: add_pictures}
    for turn in range(16):
        event = events.get(turn)
        if turn == 12 and model != OPUS_5:
            event = damage.switch_to(SONNET if model != SONNET else OPUS)
        pause = {5: 290, 6: 400, 14: 4000}.get(turn, 20)
        yield main.model, bench.turn(main, damage=event, after_s=pause)[1]
        if turn % 2:
            yield sub.model, bench.turn(sub)[1]


def run(programs):
    seen, sums, off, worst = {}, {}, {}, 0
    with lab.Bench(programs) as bench:
        for number in range(8):
            model, other = MODELS[number % len(MODELS)], MODELS[(number + 2) % len(MODELS)]
            for used, verdict in session(bench, number, model, other):
                seen[used] = seen.get(used, 0) + 1
                check(verdict.predicted is not None, f"no prediction: {verdict}")
                if seen[used] > LEARNED and verdict.predicted is not None:
                    wrong = abs(verdict.predicted - verdict.read)
                    sums[number] = sums.get(number, 0) + verdict.read
                    off[number] = off.get(number, 0) + wrong
                    worst = max(worst, wrong / max(verdict.prompt(), 1))
    for number, read in sums.items():
        check(off[number] <= MOST_OFF * read, f"session {number}: {off[number]} of {read} tokens predicted wrongly")
    check(len(sums) >= 6 and min(sums.values()) > 20_000, f"too little was compared: {sums}")
    total = sum(off.values()) / sum(sums.values())
    print(f"predicted reads: {total * 100:.3f} % off in all, {worst * 100:.2f} % of a prompt at worst")
