# SPDX-License-Identifier: MIT
"""What `sluice audit --json` should say of some transcripts, reckoned without any of its code: files are read whole,
lines by the json module, prices as exact decimals from data/prices.json."""

import collections
import datetime
import decimal
import json
import os
import re

UNITS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
MINUTES, HOUR, AUTOMATIC = 300_000, 3_600_000, 600_000
MOST = 1_000_000_000
BACKGROUND = ("aprompt_suggestion", "aside_question", "asession_memory", "aextract_memories", "aaway_summary",
              "aspeculation")


# ---- prices ----


class Prices:
    """data/prices.json as integer pico-dollars a token."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self.rows = json.load(f, parse_float=decimal.Decimal, parse_int=decimal.Decimal)["models"]

    @staticmethod
    def _undated(name):
        return re.sub(r"(-\d{8}|@\d{8}|-\d{4}-\d\d-\d\d|-latest)$", "", name)

    def row(self, name):
        name = name.removesuffix("[1m]")
        for n in (name, self._undated(name)):
            if n in self.rows:
                return self.rows[n]
        if "/" not in name:
            return None
        last = name.rsplit("/", 1)[1]
        return self.rows.get(last) or self.rows.get(self._undated(last))

    @staticmethod
    def _merge(rates, row):
        names = {"input": "input", "output": "output", "cache_read": "cache_read"}
        for w in ("cache_write_5m", "cache_write_1h"):
            names[w] = w if row.get(w) is not None else "cache_write"
        for unit, name in names.items():
            if row.get(name) is not None:
                rates[unit] = int((row[name] * 1_000_000).to_integral_value(decimal.ROUND_HALF_EVEN))

    def rates(self, name, tokens_in, at_ms, batch):
        row = self.row(name)
        if row is None:
            return None
        rates = {}
        self._merge(rates, row)
        at = datetime.datetime.fromtimestamp(max(at_ms, 0) / 1000, datetime.timezone.utc)
        for change in row.get("scheduled") or []:
            if at >= datetime.datetime.fromisoformat(change["from"]).replace(tzinfo=datetime.timezone.utc):
                self._merge(rates, change)
        peak = row.get("peak") or {}
        for hours in peak.get("peak_hours_utc", []):
            a, b = hours.split("-")
            workday = not str(peak.get("peak_days", "")).startswith("Mon-Fri") or at.weekday() < 5
            if workday and a <= at.strftime("%H:%M") < b:
                self._merge(rates, peak)
        for tier in sorted(row.get("tiers") or [], key=lambda t: t["above_input_tokens"]):
            if tokens_in > tier["above_input_tokens"]:
                self._merge(rates, tier)
        if batch:
            for unit, member in (("input", "batch_input"), ("output", "batch_output")):
                if row.get(member) is not None:
                    self._merge(rates, {unit: row[member]})
        return rates


def nano(pico):
    return int((decimal.Decimal(pico) / 1000).to_integral_value(decimal.ROUND_HALF_EVEN))


def price(rates, tokens):
    """Nano-dollars by component, or None."""
    if rates is None or any(tokens[u] and u not in rates for u in UNITS):
        return None
    return {u: nano(tokens[u] * rates.get(u, 0)) for u in UNITS}


# ---- reading ----


def files_below(root):
    """A session before its subagents; nothing twice."""
    if not os.path.isdir(root):
        return [root]
    found, seen = [], set()

    def walk(folder):
        names = sorted(os.listdir(folder), key=lambda n: os.fsencode(n) + b"/")
        for name in names:
            path = os.path.join(folder, name)
            try:
                st = os.stat(path)
            except OSError:
                continue
            if (st.st_dev, st.st_ino) in seen:
                continue
            if os.path.isdir(path):
                seen.add((st.st_dev, st.st_ino))
                walk(path)
            elif name.endswith(".jsonl") and os.path.isfile(path):
                seen.add((st.st_dev, st.st_ino))
                found.append(path)

    st = os.stat(root)
    seen.add((st.st_dev, st.st_ino))
    walk(root)
    return found


def when(text):
    try:
        at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except (AttributeError, TypeError, ValueError):
        return -1
    return (at - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(milliseconds=1)


def count(value):
    if value is None:
        return 0
    if type(value) is not int or not 0 <= value <= MOST:
        raise ValueError("no count")
    return value


def lines_of(path, notes):
    with open(path, "rb") as f:
        data = f.read()
    *whole, last = data.split(b"\n")
    damaged, unfinished, any_line = 0, False, False
    for n, raw in enumerate(whole + [last]):
        if not raw.strip(b" \t\r\n"):
            continue
        any_line = True
        notes["lines"] += 1
        try:
            o = json.loads(raw)
            if not isinstance(o, dict):
                raise ValueError("no object")
            yield o
        except ValueError as e:
            if e.args == ("usage",):
                raise
            if n == len(whole):
                unfinished = True
            else:
                damaged += 1
    notes["damaged_lines"] += damaged
    notes["unfinished_files"] += unfinished
    yield None if any_line else False


def is_known(o):
    marks = ("timestamp", "sessionId", "uuid", "leafUuid", "messageId", "payload")
    return isinstance(o.get("type"), str) and any(m in o for m in marks)


class Call(dict):
    __getattr__ = dict.__getitem__


def claude_usage(u):
    made = u.get("cache_creation") or {}
    hour, minutes = count(made.get("ephemeral_1h_input_tokens")), count(made.get("ephemeral_5m_input_tokens"))
    written = max(count(u.get("cache_creation_input_tokens")), hour + minutes)
    tokens = (count(u.get("input_tokens")), count(u.get("cache_read_input_tokens")), written - hour, hour,
              count(u.get("output_tokens")))
    return dict(zip(UNITS, tokens))


def codex_usage(u):
    whole, cached, written = (count(u.get(n)) for n in ("input_tokens", "cached_input_tokens",
                                                        "cache_write_input_tokens"))
    if cached + written > whole:
        raise ValueError("usage")
    tokens = dict(zip(UNITS, (whole - cached - written, cached, written, 0, count(u.get("output_tokens")))))
    return tokens, tuple(tokens.values()) + (count(u.get("reasoning_output_tokens")),)


def kind_of(agent):
    if agent is None:
        return "main"
    if agent.startswith("acompact"):
        return "compaction"
    return "background" if agent.startswith(BACKGROUND) else "subagent"


class File:
    """One transcript's requests, in the order of their first lines."""

    def __init__(self, path, audit):
        self.path, self.audit, self.notes = path, audit, audit.notes
        self.name = os.path.basename(path).removesuffix(".jsonl")
        self.agent_file = self.name.startswith("agent-")
        self.calls, self.sent, self.seams, self.kinds = {}, {}, set(), {}
        self.cwd = self.session = self.version = self.model = None
        self.codex, self.thread, self.root_of = False, None, {}
        self.read()

    def read(self):
        known = False
        for o in lines_of(self.path, self.notes):
            if o is None:
                self.notes["foreign_files"] += not known
            elif o and is_known(o):
                try:
                    self.take(o)
                    known = True
                except ValueError:
                    self.notes["damaged_lines"] += 1
        self.notes["files"] += 1
        self.notes["bytes"] += os.path.getsize(self.path)

    def take(self, o):
        if isinstance(o.get("payload"), dict):
            self.take_codex(o, o["payload"])
            return
        message, reply = o.get("message") if isinstance(o.get("message"), dict) else {}, None
        if o["type"] == "assistant" and isinstance(message.get("usage"), dict):
            reply = claude_usage(message["usage"])
        self.note(o.get("cwd"), o.get("sessionId"), o.get("version"))
        at = when(o.get("timestamp"))
        if reply is not None:
            if o.get("isApiErrorMessage") is True or str(message.get("model", "")).startswith("<"):
                self.notes["local_replies"] += 1
                return
            key = (message.get("id") or "", o.get("requestId") or "", "" if message.get("id") else o.get("uuid"))
            self.open(key, self.conversation(o), at, message.get("model") or "unknown").update(
                tokens=reply, batch=message["usage"].get("service_tier") == "batch")
            return
        seam = o["type"] == "system" and o.get("subtype") in ("compact_boundary", "microcompact_boundary")
        if o["type"] == "user" or seam:
            c = self.conversation(o)
            if seam or o.get("isCompactSummary") is True:
                self.seams.add(c)
            elif at >= 0:
                self.sent[c] = at

    def note(self, cwd, session, version):
        self.cwd = self.cwd or cwd
        self.session = self.session or session
        self.version = version or self.version

    def conversation(self, o):
        agent = o.get("agentId")
        if self.agent_file and not agent:
            agent = self.name[len("agent-"):]
        if agent and (o.get("isSidechain") or self.agent_file):
            self.kinds[agent] = kind_of(agent)
            return agent
        if not o.get("isSidechain"):
            self.kinds["main"] = "main"
            return "main"
        root = self.root_of.get(o.get("parentUuid"), ("side", o["uuid"]))
        self.root_of[o["uuid"]] = root
        self.kinds[root] = "subagent"
        return root

    def open(self, key, conversation, at, model):
        if key not in self.calls:
            sent = self.sent.get(conversation, -1)
            self.calls[key] = Call(
                key=key, at=at, sent=sent if sent >= 0 and (at < 0 or sent < at) else at, model=model,
                conversation=conversation, kind=self.kinds[conversation], seam=conversation in self.seams,
                automatic=self.codex, twice=None, batch=False)
            self.seams.discard(conversation)
        return self.calls[key]

    # ---- Codex ----

    def take_codex(self, o, p):
        at, kind = when(o.get("timestamp")), o["type"]
        count_line = kind == "event_msg" and p.get("type") == "token_count"
        info = p.get("info") if count_line and isinstance(p.get("info"), dict) else {}
        total = codex_usage(info["total_token_usage"]) if info.get("total_token_usage") else None
        last = codex_usage(info["last_token_usage"]) if info.get("last_token_usage") else None
        if kind == "session_meta" and self.thread is None:
            self.begin(p, at)
        self.codex |= kind in ("session_meta", "turn_context") or bool(info)
        self.note(p.get("cwd"), None, None)
        if kind == "turn_context":
            self.model = p.get("model") or self.model
        elif kind == "compacted":
            self.seams.add("main")
        elif kind == "response_item" and (p.get("role") == "user"
                                          or str(p.get("type", "")).endswith("_call_output")):
            self.sent["main"] = at
        elif total or last:
            self.count_codex(at, total, last)

    def begin(self, p, at):
        source = p.get("source") if isinstance(p.get("source"), dict) else {}
        sub = source.get("subagent")
        spawned = (sub.get("thread_spawn") or {}) if isinstance(sub, dict) else {}
        parent = p.get("forked_from_id") or p.get("parent_thread_id") or spawned.get("parent_thread_id")
        start = when(p.get("timestamp"))
        self.session = p.get("id")
        self.thread = {"parent": parent, "start": start if start >= 0 else at, "replays": bool(parent),
                       "told": (), "total": None}
        kind = "main"
        if sub is not None or p.get("thread_source") == "subagent":
            kind = {"compact": "compaction", "review": "background"}.get(sub if isinstance(sub, str) else "", "subagent")
        self.kinds["main"] = kind

    def count_codex(self, at, total, last):
        th = self.thread or {"parent": None, "start": -1, "replays": False, "told": (), "total": None}
        self.thread = th
        self.kinds.setdefault("main", "main")
        if total and total == th["total"]:
            return
        if last:
            tokens = last[0]
        else:
            tokens = dict(total[0])
            if th["total"] and all(tokens[u] >= th["total"][0][u] for u in UNITS):
                tokens = {u: tokens[u] - th["total"][0][u] for u in UNITS}
        if not any(tokens.values()):
            return
        th["total"] = total or th["total"]
        th["told"] += ((total and total[1], tuple(tokens.values()), last and last[1]),)
        told, seen = th["told"], self.audit.told
        th["replays"] = th["replays"] and ((th["parent"], told) in seen or 0 <= at <= th["start"] + 1000)
        c = self.open((len(self.calls), "codex"), "main", at, self.model or "unknown")
        c.update(tokens=tokens, twice=th["replays"] or (self.session, told) in seen)
        seen.add((self.session, told))

    # ---- names ----

    def folders(self):
        return os.path.dirname(self.path).split("/")

    def session_name(self):
        parts = self.folders()
        if self.session and (self.agent_file or self.codex):
            return self.session
        if self.agent_file and "subagents" in parts[1:]:
            return parts[len(parts) - 1 - parts[::-1].index("subagents") - 1]
        return self.name

    def project_name(self):
        parts = self.folders()
        if self.cwd:
            return self.cwd
        if self.agent_file and "subagents" in parts[1:]:
            parts = parts[: len(parts) - 1 - parts[::-1].index("subagents") - 1]
        return parts[-1] or "unknown"


# ---- rules ----


def loss_price(rates, tokens, lost):
    if rates is None:
        return None
    hour = min(lost, tokens["cache_write_1h"])
    minutes = min(lost - hour, tokens["cache_write_5m"])
    pico = 0
    for n, unit in ((hour, "cache_write_1h"), (minutes, "cache_write_5m"), (lost - hour - minutes, "input")):
        if n:
            if unit not in rates or "cache_read" not in rates:
                return None
            pico += n * (rates[unit] - rates["cache_read"])
    return nano(pico) if pico >= 0 else None


def input_of(tokens):
    return sum(tokens[u] for u in UNITS if u != "output")


class Chain:
    def __init__(self, c=None, before=None):
        self.begun = c is not None
        if not self.begun:
            return
        t = c.tokens
        self.sent, self.model, self.input = c.sent, c.model, input_of(t)
        self.left = self.input // 128 * 128 if c.automatic else self.input - t["input"]
        self.first_read = before.first_read if before.begun else t["cache_read"]
        self.ttl = before.ttl if before.begun else MINUTES
        if c.automatic:
            self.ttl = AUTOMATIC
        elif t["cache_write_5m"]:
            self.ttl = MINUTES
        elif t["cache_write_1h"]:
            self.ttl = HOUR


def compare(chain, c):
    """(lost tokens, cause, gap)"""
    if not chain.begun:
        return 0, None, -1
    gap = c.sent - chain.sent if 0 <= chain.sent <= c.sent else -1
    lost = min(chain.left, input_of(c.tokens)) - c.tokens["cache_read"]
    if lost <= 0:
        return 0, None, gap
    cause = "compaction" if c.seam else "ttl" if gap > chain.ttl else "model" if c.model != chain.model else "prefix"
    return lost, cause, gap


def with_ttl(chain, c, cause, gap, ttl):
    if c.automatic:
        return c.tokens
    t, cached = dict(c.tokens), input_of(c.tokens) - c.tokens["input"]
    if chain.begun and gap > ttl:
        t["cache_read"] = min(t["cache_read"], chain.first_read)
    elif cause == "ttl":
        t["cache_read"] = min(chain.left, cached)
    t["cache_write_5m"] = cached - t["cache_read"] if ttl == MINUTES else 0
    t["cache_write_1h"] = cached - t["cache_read"] if ttl == HOUR else 0
    return t


class Audit:
    """Everything that the command's JSON tells in numbers."""

    def __init__(self, roots, prices, since=None, until=None):
        self.prices, self.since, self.until = prices, since, until
        self.notes, self.told, self.seen = collections.Counter(), set(), set()
        self.by = {g: {} for g in ("day", "project", "model", "kind", "session")}
        self.total = self.empty()
        self.causes = {c: collections.Counter() for c in ("ttl", "compaction", "model", "prefix")}
        self.first = collections.Counter()
        self.bill = collections.Counter()
        self.dearest, self.seams = [], (None, [])
        for root in roots:
            for path in files_below(root):
                self.add(File(path, self))

    @staticmethod
    def empty():
        return {"requests": 0, "unpriced_requests": 0, "tokens": dict.fromkeys(UNITS, 0),
                "cost_nusd": dict.fromkeys(UNITS + ("total",), 0), "lost_tokens": 0, "lost_nusd": 0}

    def chain_of(self, f, c, chains):
        chain = chains.get(c.conversation) or Chain()
        if c.kind != "compaction" or chain.begun or self.seams[0] != f.session_name():
            return chain
        for before, until in self.seams[1]:
            if before.sent <= c.sent and c.at <= until:
                return before
        return chain

    def add(self, f):
        chains, bills = {}, collections.defaultdict(collections.Counter)
        for c in f.calls.values():
            rates = self.prices.rates(c.model, input_of(c.tokens), c.at, c.batch)
            if c.twice is None:
                c["twice"] = c.key in self.seen
                self.seen.add(c.key)
            chain = self.chain_of(f, c, chains)
            if c.seam and c.kind == "main" and chain.begun:
                if self.seams[0] != f.session_name():
                    self.seams = (f.session_name(), [])
                self.seams[1].append((chain, c.at))
            chains[c.conversation] = Chain(c, chain)
            if c.twice:
                self.notes["copied_requests"] += 1
            elif (self.since is None or c.at >= self.since) and (self.until is None or c.at < self.until):
                self.count(f, c, chain, rates, bills[c.conversation])
        self.notes["conversations"] += len(chains)
        for b in bills.values():
            b["ttl_cheaper"] = min(b["ttl_5m"], b["ttl_1h"])
            self.bill.update(b)

    def count(self, f, c, chain, rates, bill):
        lost, cause, gap = compare(chain, c)
        cost = price(rates, c.tokens)
        lost_nusd = loss_price(rates, c.tokens, lost) if lost else 0
        day = datetime.datetime.fromtimestamp(c.at / 1000).strftime("%Y-%m-%d") if c.at >= 0 else "unknown"
        names = {"day": day, "project": f.project_name(), "model": c.model, "kind": c.kind,
                 "session": f.session_name()}
        for sums in [self.total] + [self.by[g].setdefault(n, self.empty()) for g, n in names.items()]:
            self.sum(sums, c, cost, lost, lost_nusd or 0)
        if not chain.begun:
            paid = input_of(c.tokens) - c.tokens["cache_read"]
            self.lose(self.first, paid, loss_price(rates, c.tokens, paid))
        if lost:
            self.lose(self.causes[cause], lost, lost_nusd)
            self.dearest.append({"at": c.at, "cause": cause, "tokens": lost, "nusd": lost_nusd, "kind": c.kind,
                                 "session": names["session"], "project": names["project"], "model": c.model,
                                 "gap_ms": gap if gap >= 0 else None})
        if cost is not None:
            ways = {"observe": cost}
            for name, ttl in (("ttl_5m", MINUTES), ("ttl_1h", HOUR)):
                ways[name] = price(rates, with_ttl(chain, c, cause, gap, ttl))
            if None not in ways.values():
                bill.update({n: sum(w.values()) for n, w in ways.items()})

    @staticmethod
    def sum(sums, c, cost, lost, lost_nusd):
        sums["requests"] += 1
        sums["unpriced_requests"] += cost is None
        for u in UNITS:
            sums["tokens"][u] += c.tokens[u]
            sums["cost_nusd"][u] += cost[u] if cost else 0
        sums["cost_nusd"]["total"] += sum(cost.values()) if cost else 0
        sums["lost_tokens"] += lost
        sums["lost_nusd"] += lost_nusd

    @staticmethod
    def lose(sums, tokens, nusd):
        sums.update(times=1, tokens=tokens, nusd=nusd or 0, unpriced=int(nusd is None))
