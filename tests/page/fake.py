#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A proxy that only pretends: serves the dashboard's files and the API of docs/api.md from made-up exchanges, so that the
page can be put into any state. Usage: fake.py [PORT]. Prints its address. Steered by POST /fake, a JSON object:

scenario    "day" (the default), "empty", or "evil" (markup in every text)
key         what x-sluice-key must be; null for none
end         so many more exchanges end now
recall      so many of the last exchanges are told of again
open        so many requests are open
cut         true: event streams are broken off, and none is accepted before false
"""

import json
import mimetypes
import os
import random
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(ROOT, "src/admin/page")
CHART = "/usr/share/javascript/chart.js/chart.min.js"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
EVIL = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "javascript:alert(1)",
    "__proto__",
]
PARTS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
# pico-dollars a token, in the order of PARTS
PRICES = {
    "claude-opus-5-5": (5000000, 500000, 6250000, 10000000, 25000000),
    "claude-sonnet-5-5": (3000000, 300000, 3750000, 6000000, 15000000),
    "claude-haiku-5-5": (1000000, 100000, 1250000, 2000000, 5000000),
    "deepseek-chat": (270000, 27000, 270000, 270000, 1100000),
}
LOSSES = ("ttl", "ttl", "ttl", "tools_added", "system_changed", "history_edited", "model_switched", "compaction")
DAY = 86400000


def now_ms():
    return int(time.time() * 1000)


class World:
    """All exchanges there are, and what is going on."""

    def __init__(self, scenario="day"):
        self.random = random.Random(4)
        self.scenario, self.exchanges, self.open, self.seq = scenario, [], 0, 0
        self.ended = []
        if scenario != "empty":
            self.fill(80 if scenario == "evil" else 5200)

    def text(self, plain):
        return self.random.choice(EVIL) if self.scenario == "evil" else plain

    def fill(self, count):
        r, begin = self.random, now_ms() - 29 * DAY
        times = [begin + r.random() * 28 * DAY for _ in range(count // 40)]
        times = sorted(
            [t for t in times if 7 < time.localtime(t / 1000).tm_hour < 21]
            + [now_ms() - h * 3600000 for h in (22, 21, 20.5, 9, 7, 6.5, 4, 2.5, 2, 1, 0.6)]
        )
        for i, at in enumerate(times):
            project = self.text(r.choice(["sluice", "tidemark", "website", "notes", "compiler"]))
            talk = {
                "id": f"c{i:04d}a7f3e2b19c{i:04x}" if self.scenario != "evil" else f"{EVIL[i % len(EVIL)]}{i}",
                "session": f"8a3f{i:04d}-5b21-4c7e-9d10-1f2e3d4c5b6a",
                "project": project,
                "caller": self.text("me"),
                "kind": r.choice(["tool_loop", "tool_loop", "prompt", "subagent"]),
                "model": self.text(r.choice([*PRICES, "claude-opus-5-5", "claude-opus-5-5"])),
            }
            prefix = 18000 + r.randrange(20000)
            for _ in range(r.randrange(6, 50)):
                prefix += r.randrange(300, 5200)
                at += r.randrange(4000, 190000)
                if at < now_ms():
                    self.exchanges.append(self.exchange(int(at), talk, prefix))
        self.exchanges.sort(key=lambda x: x["begin_ms"])

    def exchange(self, at, talk, prefix):
        r, n = self.random, len(self.exchanges)
        lost = r.random() < 0.025
        model = talk["model"]
        failed = r.random() < 0.012
        write = prefix if lost else r.randrange(400, 4200)
        tokens = {
            "input": r.randrange(3, 900),
            "cache_read": 0 if lost else prefix - write,
            "cache_write_5m": write if n % 3 else 0,
            "cache_write_1h": 0 if n % 3 else write,
            "output": r.randrange(40, 2200),
            "reasoning": r.randrange(0, 40),
        }
        if failed:
            tokens = dict.fromkeys(tokens, 0)
        rates = PRICES.get(model, PRICES["claude-sonnet-5-5"])
        cost = {part: round(tokens[part] * rate / 1000) for part, rate in zip(PARTS, rates)}
        cost["total"] = sum(cost.values())
        first = r.randrange(420000, 2600000)
        duration = first + tokens["output"] * r.randrange(7000, 16000)
        saved = round(cost["output"] * r.choice([0, 0, 0.4, -0.06])) if talk["kind"] == "subagent" else 0
        provider = self.text("deepseek" if model.startswith("deepseek") else "anthropic")
        iso = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at / 1000)) + f".{at % 1000:03d}Z"
        cause = self.text(r.choice(LOSSES)) if lost and not failed else ""
        attempt = {
            "provider": provider,
            "model": model,
            "key": "default",
            "outcome": self.text("ok"),
            "status": 200,
            "estimated": False,
            "tokens": tokens,
            "cost_nano_usd": cost,
            "begin": iso,
            "first_us": first,
            "duration_us": duration,
        }
        if failed:
            attempt.update(outcome="overloaded", status=529, first_us=None)
        lost_nusd = round(write * (rates[2] - rates[1]) / 1000) if cause else 0
        return {
            "id": f"x{at:011x}{n:08x}" if self.scenario != "evil" else f"{EVIL[n % len(EVIL)]}{n}",
            "begin": iso,
            "begin_ms": at,
            "session": talk["session"],
            "conversation": talk["id"],
            "caller": talk["caller"],
            "project": talk["project"],
            "dialect": "anthropic",
            "endpoint": "messages",
            "kind": self.text(talk["kind"]),
            "model_asked": self.text("claude-opus-5-5" if saved else model),
            "model": model,
            "provider": provider,
            "plan": self.text("subagents go to a smaller model" if saved else "as asked for"),
            "status": 529 if failed else 200,
            "error": self.text("overloaded_error: the provider is overloaded") if failed else "",
            "stream": True,
            "estimated": False,
            "tokens": tokens,
            "cost_nano_usd": cost,
            "saved_nano_usd": saved,
            "request_bytes": prefix * 4,
            "reply_bytes": tokens["output"] * 90,
            "first_us": None if failed else first,
            "duration_us": duration,
            "attempts": [dict(attempt, outcome="rate_limit", status=429, first_us=None, duration_us=180000), attempt]
            if n % 17 == 0
            else [attempt],
            "prefix": {
                "read_predicted": round(tokens["cache_read"] * 0.996) if not lost else prefix,
                "write_predicted": round(write * 1.01) if not lost else 900,
                "cause": cause,
                "at": self.text("messages[12].content[0]") if cause else "",
                "lost_tokens": write if cause else 0,
                "lost_nusd": lost_nusd,
                "alarm": r.choice([80, 60, 40]) if cause and n % 2 else 0,
            },
            "savings": [{"cause": self.text("model"), "tokens": 0, "nusd": saved}] if saved else [],
            **({} if n % 3 and self.scenario != "evil" else self.decided(n, model, tokens, cost)),
        }

    def decided(self, n, model, tokens, cost):
        decision = self.decision(n, model, tokens, cost)
        return {"plan": decision["why"], "decision": decision}

    def decision(self, n, model, tokens, cost):
        """What the one-exchange view tells of the plan; the model that answers is the chosen one."""
        turns = (1, 6, 14, 2200)[n % 4]
        others = {name: "switch does not repay" for name in PRICES if name != model}
        candidates = [
            {
                "provider": self.text("anthropic"),
                "model": self.text(name),
                "quality": 95 - 7 * i,
                "read": tokens["cache_read"],
                "written": tokens["cache_write_5m"],
                "input": tokens["input"],
                "cost_nusd": cost["total"] * (10 + i) // 10,
                "horizon_nusd": cost["total"] * (10 + i) * turns // 12,
                "verdict": self.text(verdict),
            }
            for i, (name, verdict) in enumerate({model: "chosen", **others}.items())
        ]
        candidates.append({"provider": "openai", "model": self.text("gpt-x"), "verdict": "no key"})
        return {
            "by": self.text("profile"),
            "why": self.text("the planning is done, and the smaller model is good enough for what is left"),
            "profile": self.text("saver"),
            "kind": "tool_loop",
            "level": self.text("medium"),
            "bar": 70,
            "turns": turns,
            "candidates": candidates,
        }

    def tell(self, x, at):
        self.seq += 1
        told = (
            "id",
            "conversation",
            "project",
            "kind",
            "model",
            "provider",
            "status",
            "error",
            "tokens",
            "first_us",
            "duration_us",
        )
        row = {name: x[name] for name in told}
        row.update(seq=self.seq, at_ms=at, cost_nusd=x["cost_nano_usd"]["total"], saved_nusd=x["saved_nano_usd"])
        row.update(lost_nusd=x["prefix"]["lost_nusd"], cause=x["prefix"]["cause"])
        self.ended.insert(0, row)
        del self.ended[100:]

    def end(self, count, conversation=None):
        """Exchanges of a conversation, or else of the latest, end now."""
        mine = [x for x in self.exchanges if conversation in (None, x["conversation"])]
        last = mine[-1] if mine else {"conversation": "c-first", "project": self.text("sluice")}
        talk = {"id": last["conversation"], "session": "s-first", "project": last["project"], "caller": "me"}
        for _ in range(count):
            talk.update(kind="tool_loop", model=self.text("claude-sonnet-5-5"))
            self.exchanges.append(self.exchange(now_ms(), talk, 52000))
            self.tell(self.exchanges[-1], now_ms())

    def recall(self, count):
        """The list of what has ended as if some of the last exchanges had ended just now."""
        for i, x in enumerate(self.random.sample(self.exchanges[-400:], count)):
            self.tell(x, now_ms() - (count - i) * 7300)

    # ---- answers

    def between(self, q):
        now = now_ms()
        t = time.localtime()
        midnight = int(time.mktime((t.tm_year, t.tm_mon, t.tm_mday, 0, 0, 0, 0, 0, -1)) * 1000)
        spans = {
            "today": midnight,
            "24h": now - DAY,
            "week": midnight - t.tm_wday * DAY,
            "7d": now - 7 * DAY,
            "month": midnight - (t.tm_mday - 1) * DAY,
            "30d": now - 30 * DAY,
            "all": 0,
        }
        begin = spans[q.get("period", "24h")]
        return begin, now, [x for x in self.exchanges if x["begin_ms"] >= begin]

    def overview(self, q):
        begin, end, xs = self.between(q)
        span = end - (begin or (xs[0]["begin_ms"] if xs else end))
        step = next(s for s in (900000, 3600000, 6 * 3600000, DAY, 7 * DAY, 400 * DAY) if span / s <= 120)
        series = [
            dict(at_ms=at, **totals(group))
            for at, group in sorted(grouped(xs, lambda x: x["begin_ms"] // step * step).items())
        ]
        models = [
            dict(model=m, provider=p, **totals(g))
            for (m, p), g in grouped(xs, lambda x: (x["model"], x["provider"])).items()
        ]
        kinds = [dict(kind=k, **totals(g)) for k, g in grouped(xs, lambda x: x["kind"]).items()]
        saved, lost = {}, {}
        for x in xs:
            for s in x["savings"]:
                saved.setdefault(s["cause"], {"cause": s["cause"], "tokens": 0, "nusd": 0})["nusd"] += s["nusd"]
            p = x["prefix"]
            if p["cause"]:
                row = lost.setdefault(p["cause"], {"cause": p["cause"], "count": 0, "tokens": 0, "nusd": 0})
                row["count"] += 1
                row["tokens"] += p["lost_tokens"]
                row["nusd"] += p["lost_nusd"]
        dearest = lambda rows: sorted(rows, key=lambda r: -r["cost_nusd"]["total"])  # noqa: E731
        by_loss = lambda rows: sorted(rows, key=lambda r: -r["nusd"])  # noqa: E731
        return {
            "from_ms": begin,
            "to_ms": end,
            "step_ms": step,
            "totals": totals(xs),
            "series": series,
            "models": dearest(models),
            "kinds": dearest(kinds),
            "saved": by_loss(saved.values()),
            "lost": by_loss(lost.values()),
            "latency": {
                "count": len(xs),
                "first_us": points(x["first_us"] for x in xs),
                "total_us": points(x["duration_us"] for x in xs),
            },
        }

    def conversation_rows(self, xs):
        rows = []
        for name, group in grouped(xs, lambda x: x["conversation"]).items():
            last = group[-1]
            rows.append(
                dict(
                    id=name,
                    session=last["session"],
                    parent="",
                    project=last["project"],
                    caller=last["caller"],
                    kind=last["kind"],
                    models=sorted({x["model"] for x in group}),
                    first_ms=group[0]["begin_ms"],
                    last_ms=last["begin_ms"],
                    **totals(group),
                )
            )
        return sorted(rows, key=lambda r: -r["last_ms"])

    def conversations(self, q):
        rows = self.conversation_rows(self.between(q)[2])
        text = q.get("q", "").lower()
        rows = [
            r
            for r in rows
            if text in json.dumps([r["id"], r["session"], r["project"], r["models"]], ensure_ascii=False).lower()
        ]
        page, after = paged(rows, q, 50, lambda r: r["id"])
        return {"conversations": page, "next": after}

    def conversation(self, q):
        xs = [x for x in self.exchanges if x["conversation"] == q.get("id")]
        if not xs:
            return None
        page, after = paged(xs[::-1], q, 200, lambda x: x["id"])
        row = self.conversation_rows(xs)[0]
        # The number of exchanges gives way to the exchanges themselves.
        return {**row, "exchanges": page, "next": after}

    def exchange_answer(self, q):
        return next((x for x in self.exchanges if x["id"] == q.get("id")), None)

    def alarms(self, q):
        rows = [
            {
                "at_ms": x["begin_ms"],
                "id": x["id"],
                "conversation": x["conversation"],
                "project": x["project"],
                "model": x["model"],
                "alarm": x["prefix"]["alarm"],
                "cause": x["prefix"]["cause"],
                "lost_nusd": x["prefix"]["lost_nusd"],
            }
            for x in self.between(q)[2][::-1]
            if x["prefix"]["alarm"]
        ]
        return {"alarms": rows[: int(q.get("limit", 100))]}

    def groups(self, q):
        by = q.get("by", "model")
        rows = [
            dict(name=m, provider=p, **totals(g))
            for (m, p), g in grouped(self.between(q)[2], lambda x: (x[by], x["provider"])).items()
        ]
        return {"by": by, "groups": sorted(rows, key=lambda r: -r["cost_nusd"]["total"])}

    def state(self, _q=None):
        now = now_ms()
        opened = [
            {
                "id": f"open-{i}",
                "conversation": self.exchanges[-1]["conversation"] if self.exchanges else "c-first",
                "session": "s",
                "project": self.text("sluice"),
                "kind": "tool_loop",
                "model": self.text("claude-opus-5-5"),
                "provider": "anthropic",
                "stage": "call",
                "begin_ms": now - 3000 - 900 * i,
                "first_us": None if i % 3 == 2 else 900000,
                "streamed": True,
                "reply_bytes": 4000,
                "tokens": 210 + now // 100 % 1000,
                "tokens_per_s": 0 if i % 3 == 2 else 61.5 + i,
                "cost_nusd": 4210000 + now // 100 % 1000 * 25000,
            }
            for i in range(self.open)
        ]
        all_of = totals(self.exchanges)
        quota = [
            {"name": n, "limit": limit, "remaining": left, "reset_ms": now + 41000}
            for n, limit, left in (
                ("requests", 4000, 3791),
                ("input_tokens", 2000000, 1204000),
                ("output_tokens", 400000, 51000),
            )
        ]
        providers = [
            {
                "name": self.text("anthropic"),
                "dialect": "anthropic",
                "base_url": "https://api.anthropic.com",
                "key": "client",
                "health": "ok",
                "requests": 2214,
                "errors": {"529": 11, "429": 4, self.text("timeout"): 1},
                "last_ms": now - 4000,
                "last_error": self.text("overloaded_error: overloaded"),
                "last_error_ms": now - 720000,
                "first_us_p50": 1240000,
                "quota": quota,
            },
            {
                "name": "deepseek",
                "dialect": "anthropic",
                "base_url": "https://api.deepseek.com/anthropic",
                "key": "configured",
                "health": "failing",
                "requests": 128,
                "errors": {"connect": 9},
                "last_ms": now - 92000,
                "last_error": "could not connect: connection refused",
                "last_error_ms": now - 92000,
                "first_us_p50": 2110000,
                "quota": [],
            },
            {
                "name": "openai",
                "dialect": "openai",
                "base_url": "https://api.openai.com",
                "key": "none",
                "health": "unknown",
                "requests": 0,
                "errors": {},
                "last_ms": None,
                "last_error": "",
                "last_error_ms": None,
                "first_us_p50": None,
                "quota": [],
            },
        ]
        return {
            "at_ms": now,
            "version": "0.1.0",
            "started_ms": now - DAY,
            "draining": False,
            "ledger": {"state": "ok", "waiting": 0, "lost": 0},
            "open": opened,
            "ended": self.ended,
            "conversations": [],
            "today": None,
            "totals": {
                "exchanges": all_of["exchanges"],
                "failed": 0,
                "cost_nusd": all_of["cost_nusd"]["total"],
                "saved_nusd": 0,
                "lost_nusd": 0,
            },
            "providers": [] if self.scenario == "empty" else providers,
        }

    def models(self, _q):
        return {
            "models": [
                dict(
                    model=self.text(f"{m}{'' if i == 0 else f'-{i}'}"),
                    provider="deepseek" if m.startswith("deep") else "anthropic",
                    context_tokens=1000000,
                    output_tokens=64000,
                    as_of="2026-11-01",
                    source="https://example.org/prices",
                    **dict(zip(PARTS, p)),
                )
                for i in range(30)
                for m, p in PRICES.items()
            ]
        }

    def settings(self, _q):
        return {
            "settings": [
                {
                    "path": "listen",
                    "type": "list",
                    "value": ["127.0.0.1:4000"],
                    "default": ["127.0.0.1:4000"],
                    "origin": "default",
                    "help": "Where clients connect.",
                    "secret": False,
                },
                {
                    "path": "auth.key",
                    "type": "text",
                    "value": "****",
                    "default": "",
                    "origin": "SLUICE_AUTH_KEY",
                    "help": "What clients must present; empty: nothing.",
                    "secret": True,
                },
                {
                    "path": "auth.hosts",
                    "type": "list",
                    "value": [self.text("sluice.lan")],
                    "default": [],
                    "origin": "~/.config/sluice/config.json:4",
                    "help": "Further names that requests may come in for.",
                    "secret": False,
                },
                {
                    "path": "store.enabled",
                    "type": "bool",
                    "value": True,
                    "default": True,
                    "origin": "default",
                    "help": "Whether a ledger is kept.",
                    "secret": False,
                },
                {
                    "path": "store.path",
                    "type": "text",
                    "value": "",
                    "default": "",
                    "origin": "default",
                    "help": "The ledger's file; empty: ledger.db in the data folder.",
                    "secret": False,
                },
                {
                    "path": "store.flush_s",
                    "type": "duration",
                    "value": "0.1s",
                    "default": "0.1s",
                    "origin": "default",
                    "help": "How long a row may wait before it is written.",
                    "secret": False,
                },
            ]
        }


def grouped(rows, key):
    groups = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def totals(xs):
    tokens = {k: sum(x["tokens"][k] for x in xs) for k in (*PARTS, "reasoning")}
    cost = {k: sum(x["cost_nano_usd"][k] for x in xs) for k in (*PARTS, "total")}
    return {
        "exchanges": len(xs),
        "failed": sum(1 for x in xs if x["status"] >= 400),
        "unpriced": 0,
        "estimated": 0,
        "tokens": tokens,
        "cost_nusd": cost,
        "saved_nusd": sum(x["saved_nano_usd"] for x in xs),
        "lost_nusd": sum(x["prefix"]["lost_nusd"] for x in xs),
        "duration_us": sum(x["duration_us"] for x in xs),
    }


def points(values):
    known = sorted(v for v in values if v is not None)
    if not known:
        return None
    return {f"p{p}": known[min(len(known) - 1, len(known) * p // 100)] for p in (50, 90, 99)}


def paged(rows, q, limit, key):
    limit = int(q.get("limit", limit))
    at = next((i + 1 for i, r in enumerate(rows) if key(r) == q["after"]), 0) if q.get("after") else 0
    page = rows[at : at + limit]
    return page, key(page[-1]) if at + limit < len(rows) else None


class State:
    def __init__(self):
        self.world, self.key, self.cut, self.version = World(), None, False, 0
        self.slow_ms = 0
        self.changed = threading.Condition()

    def steer(self, order):
        with self.changed:
            if "scenario" in order:
                self.world = World(order["scenario"])
            self.key = order.get("key", self.key)
            self.cut = order.get("cut", self.cut)
            self.slow_ms = order.get("slow", self.slow_ms)
            self.world.open = order.get("open", self.world.open)
            self.world.end(order.get("end", 0), order.get("in"))
            self.world.recall(order.get("recall", 0))
            self.version += 1
            self.changed.notify_all()


STATE = State()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body, kind="application/json", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def fail(self, status, text):
        self.reply(
            status,
            json.dumps({"type": "error", "error": {"type": "invalid_request_error", "message": text}}).encode(),
        )

    def do_POST(self):
        STATE.steer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.reply(200, b"{}")

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path.startswith("/sluice/api/"):
            self.api(url.path[12:], dict(urllib.parse.parse_qsl(url.query)))
        elif url.path == "/dashboard" or url.path.startswith("/dashboard/"):
            self.page(url.path[11:] or "index.html")
        else:
            self.fail(404, "no such path")

    def page(self, name):
        path = CHART if name == "chart.js" else os.path.join(PAGE, os.path.basename(name))
        if not os.path.isfile(path):
            return self.fail(404, "no such file")
        with open(path, "rb") as f:
            return self.reply(
                200, f.read(), mimetypes.guess_type(path)[0], Content_Security_Policy=CSP, Cache_Control="no-cache"
            )

    def api(self, name, q):
        if STATE.key is not None and self.headers.get("x-sluice-key") != STATE.key:
            return self.fail(401, "this proxy wants its key")
        if name == "live":
            return self.live()
        answer = {
            "overview": "overview",
            "conversations": "conversations",
            "conversation": "conversation",
            "exchange": "exchange_answer",
            "alarms": "alarms",
            "groups": "groups",
            "state": "state",
            "models": "models",
            "settings": "settings",
        }.get(name)
        if answer is None:
            return self.fail(404, "no such path")
        time.sleep(STATE.slow_ms / 1000)
        found = getattr(STATE.world, answer)(q)
        if found is None:
            return self.fail(404, "there is none of that id")
        return self.reply(200, json.dumps(found).encode())

    def live(self):
        if STATE.cut:
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            while not STATE.cut:
                version = STATE.version
                self.wfile.write(f"event: state\ndata: {json.dumps(STATE.world.state())}\n\n".encode())
                self.wfile.flush()
                with STATE.changed:
                    STATE.changed.wait_for(lambda v=version: STATE.version != v, 0.5 if STATE.world.open else 15)
        except OSError:
            pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Handler)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


main()
