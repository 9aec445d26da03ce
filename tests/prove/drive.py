# SPDX-License-Identifier: MIT
"""Drives rebuilt requests, one after the other under the recorded times, to the provider simulator, and measures what
arrived there: what it cost, whether the body is the client's, and whether the edits to come still find their text."""

import dataclasses
import hashlib
import json

import anchors
import transcripts
from bodies import Conversation
from client import Client, Failed


STEADY_S = 30


@dataclasses.dataclass
class Outcome:
    """What became of one request. Amounts are nano-dollars."""

    request: transcripts.Request
    sent_bytes: int = 0
    message: dict = None  # the reply as the client put it together
    error: str = ""
    retried: bool = False  # without thinking, whose signatures were refused
    rows: list = dataclasses.field(default_factory=list)  # what the provider received while it ran
    identical: bool = False  # the body
    reply_sha256: str = ""  # of the reply as it came
    other_calls: bool = False  # the reply calls other tools than the recorded one
    anchors: int = 0
    lost: list = dataclasses.field(default_factory=list)
    kept: float = 0.0  # how much of the prompt, from its beginning, stood in the conversation's request before

    def cost(self):
        return sum(row.cost for row in self.rows)


def gather(paths):
    """The requests of all sessions in the order sent, and their conversations by session and agent."""
    requests, conversations = [], {}
    for path in paths:
        own = transcripts.load(path)
        for place in {(r.session, r.agent) for r in own}:
            conversations[place] = Conversation([r for r in own if (r.session, r.agent) == place])
        requests += own
    return sorted(requests, key=lambda r: r.sent), conversations


def calls(blocks):
    return [(b["id"], b["name"], b["input"]) for b in blocks if b["type"] == "tool_use"]


def prompt(body):
    """What a model reads of a request, piece by piece in the order in which it does. Marks are no part of it, and the line
    that changes with each request is no text."""
    request = json.loads(body)
    pieces = list(request.get("tools") or [])
    pieces += [b for b in request.get("system") or [] if not b.get("text", "").startswith("x-anthropic-billing-header")]
    for message in request["messages"]:
        pieces += [(message["role"], block) for block in message["content"]]
    return [json.dumps(p, sort_keys=True, default=str) for p in without_marks(pieces)]


def without_marks(value):
    if isinstance(value, dict):
        return {k: without_marks(v) for k, v in value.items() if k != "cache_control"}
    return [without_marks(v) for v in value] if isinstance(value, (list, tuple)) else value


def kept(before, now):
    """The part of now, by size, that begins like what was before."""
    same = 0
    for old, new in zip(before, now):
        if old != new:
            break
        same += len(new)
    return same / max(1, sum(map(len, now)))


class Drive:
    """One run over all requests, to address (host:port): the simulator itself or a proxy before it. clocks are
    functions that are told the time of each request; watch(outcome, event) sees the events of the replies. translated:
    the provider is asked in another dialect, and time between requests is at most STEADY_S, so that no cache ends by itself."""

    def __init__(self, simulator, address, clocks=(), watch=lambda outcome, event: None, translated=False):
        self.simulator, self.client = simulator, Client(address)
        self.clocks, self.watch, self.translated = [simulator.clock, *clocks], watch, translated
        self.before, self.late_s, self.last_s = {}, 0, None  # prompts by conversation; by how much the clock goes after

    def run(self, paths):
        """Yields an outcome for each request."""
        self.simulator.reset()
        requests, conversations = gather(paths)
        for request in requests:
            moment = self._moment(request)
            for set_clock in self.clocks:
                set_clock(moment)
            outcome = Outcome(request)
            self._one(outcome, conversations[request.session, request.agent])
            yield outcome

    def _moment(self, request):
        if self.translated and self.last_s is not None:
            self.late_s += max(0, request.sent - self.last_s - STEADY_S)
        self.last_s = request.sent
        return request.sent - self.late_s

    def _one(self, outcome, conversation):
        request, body = outcome.request, b""
        while outcome.message is None:
            body = conversation.body(request)
            headers = {**conversation.headers(), **self.simulator.script(request.reply_id, request.reply, not self.translated)}
            try:
                outcome.message = self.client.message(body, headers, lambda event: self.watch(outcome, event))
                outcome.error, outcome.reply_sha256 = "", self.client.digest.hexdigest()
            except Failed as e:
                outcome.error = str(e)
                if outcome.retried or e.status != 400 or "thinking" not in e.text:
                    break
                conversation.forget_thinking()
                outcome.retried = True
        if outcome.message:
            outcome.other_calls = calls(outcome.message["content"]) != calls(request.reply)
            if not outcome.other_calls:
                conversation.remember(request, outcome.message["content"])
        self._measure(outcome, body)

    def _measure(self, outcome, body):
        """Compares what the provider received with what was sent."""
        outcome.sent_bytes = len(body)
        outcome.rows = self.simulator.new_rows()
        if self.translated:
            place, now = (outcome.request.session, outcome.request.agent), prompt(body)
            outcome.kept, self.before[place] = kept(self.before.get(place, []), now), now
        mine = [r for r in outcome.rows if r.status == 200 and (self.translated or r.script == outcome.request.reply_id)]
        if not mine:
            outcome.error = outcome.error or "the provider never answered it"
            return
        outcome.identical = mine[-1].sha256 == hashlib.sha256(body).hexdigest()
        wanted = anchors.standing(outcome.request.reply, json.loads(body))
        outcome.anchors = len(wanted)
        if wanted and not outcome.identical:
            text = anchors.readable(json.loads(self.simulator.body(mine[-1])))
            outcome.lost = [q for q in wanted if q not in text]
