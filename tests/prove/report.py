# SPDX-License-Identifier: MIT
"""Adds up the outcomes of two runs, says what is wrong with them, and prints them side by side."""

import collections
import sys

KINDS = ("main", "subagent", "compaction")
PREFIX_READ = 0.95  # of what a translation that only appends allows; the rest is the grain of caches


class Progress:
    """Takes the outcomes of a run one by one and counts them on a terminal."""

    def __call__(self, outcomes):
        out = []
        for outcome in outcomes:
            out.append(outcome)
            if sys.stderr.isatty():
                print(f"\r{len(out)} requests", end="", file=sys.stderr, flush=True)
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        return out


def dollars(nano):
    """All nine digits: this is about nano-dollars."""
    sign = "-" if nano < 0 else ""
    return f"{sign}${abs(nano) // 10**9:,}.{abs(nano) % 10**9:09}"


def by(outcomes, key):
    """Costs by key(outcome, row)."""
    out = collections.Counter()
    for o in outcomes:
        for row in o.rows:
            out[key(o, row)] += row.cost
    return out


def side(outcomes):
    """The sums of one run."""
    answered = [o for o in outcomes if o.message]
    return {
        "requests": len(outcomes),
        "received": sum(len(o.rows) for o in outcomes),
        "failed": sum(1 for o in outcomes if o.error),
        "other_calls": sum(o.other_calls for o in outcomes),
        "retried": sum(o.retried for o in outcomes),
        "identical": sum(o.identical for o in outcomes),
        "bytes": sum(o.sent_bytes for o in outcomes),
        "anchors": sum(o.anchors for o in outcomes),
        "anchors_kept": sum(o.anchors - len(o.lost) for o in answered),
        "nusd": sum(o.cost() for o in outcomes),
        "models": dict(by(outcomes, lambda o, row: row.model)),
        "sessions": dict(by(outcomes, lambda o, row: o.request.session)),
        "errors": [f"{o.request.session[:8]} {o.request.reply_id}: {o.error}" for o in outcomes if o.error],
        "lost_anchors": [{"reply": o.request.reply_id, "quote": q} for o in outcomes for q in o.lost],
    }


def prefix_reads(outcomes):
    """What was read of the providers' caches, and what could have been: of each prompt the part that its conversation had
    sent before."""
    answered = [(o, o.rows[-1]) for o in outcomes if o.rows and o.rows[-1].status == 200]
    return sum(row.read for o, row in answered), round(sum(o.kept * row.prompt for o, row in answered))


def result(direct, proxied, bills, ledger, settings, translated=False):
    """Everything that is known, and in "wrong" what should not be so."""
    out = {"direct": side(direct), "sluice": side(proxied), "bills": bills, "settings": settings}
    pairs = list(zip(direct, proxied))
    out["same_replies"] = sum(bool(d.message) and d.reply_sha256 == s.reply_sha256 for d, s in pairs)
    out["kinds"] = dict(collections.Counter(o.request.kind for o in direct))
    out["ratio"] = bills["sluice"] / bills["direct"] if bills["direct"] else None
    out["ledger_nusd"] = ledger["cost_nano_usd"]["total"]
    out["ledger"] = ledger
    out["translated"] = translated
    out["prefix_read"], out["prefix_allowed"] = prefix_reads(proxied)
    out["wrong"] = list(wrong(out))
    return out


def wrong(out):
    d, s, bills = out["direct"], out["sluice"], out["bills"]
    for name in ("direct", "sluice"):
        failed = out[name]["failed"] + out[name]["other_calls"]
        if failed:
            yield f"{name}: {failed} of {out[name]['requests']} requests failed or came back other than recorded"
        if out[name]["nusd"] != bills[name]:
            yield f"{name}: the bill is {dollars(bills[name])}, its requests add up to {dollars(out[name]['nusd'])}"
    if not d["nusd"]:
        yield "nothing was billed"
    if out["ledger_nusd"] != bills["sluice"]:
        yield f"the ledger says {dollars(out['ledger_nusd'])}, the provider billed {dollars(bills['sluice'])}"
    if out["translated"] and out["prefix_read"] < PREFIX_READ * out["prefix_allowed"]:
        yield f"{out['prefix_read']} tokens were read from the cache, of {out['prefix_allowed']} that could have been"
    if out["settings"]:
        return
    if bills["sluice"] != bills["direct"]:
        yield f"the bill through sluice differs by {dollars(bills['sluice'] - bills['direct'])}"
    if s["identical"] != s["requests"] or s["received"] != d["received"]:
        yield "what the provider received is not what the client sent"
    if out["same_replies"] != s["requests"]:
        yield "what the client received is not what the provider sent"


def table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for first, *rest in rows:
        print("  " + first.ljust(widths[0]) + "".join("  " + c.rjust(w) for c, w in zip(rest, widths[1:])))


def bill_rows(out):
    def row(name, d, s):
        return name, dollars(d), dollars(s), f"{s / d:.6f}" if d else "-"

    d, s = out["direct"], out["sluice"]
    rows = [("", "direct", "through sluice", "ratio"), row("total", out["bills"]["direct"], out["bills"]["sluice"])]
    for group in ("models", "sessions"):
        names = sorted(set(d[group]) | set(s[group]), key=lambda n: -d[group].get(n, 0))
        rows += [
            row(n if group == "models" else "session " + n[:8], d[group].get(n, 0), s[group].get(n, 0)) for n in names
        ]
    return rows


def show(out):
    s = out["sluice"]
    kinds = ", ".join(f"{out['kinds'][k]} {k}" for k in KINDS if out["kinds"].get(k))
    print(f"{len(s['sessions'])} sessions, {s['requests']} requests ({kinds}), {s['bytes'] / 1e6:.1f} MB")
    print()
    table(bill_rows(out))
    print()
    facts = [("ledger", dollars(out["ledger_nusd"]))]
    facts.append(("request bodies identical", f"{s['identical']} of {s['requests']}"))
    facts.append(("reply bodies identical", f"{out['same_replies']} of {s['requests']}"))
    facts.append(("edit anchors kept", f"{s['anchors_kept']} of {s['anchors']}"))
    if out["translated"]:
        share = out["prefix_read"] / max(1, out["prefix_allowed"])
        facts.append(("read from the cache", f"{out['prefix_read']:,} of {out['prefix_allowed']:,} tokens, {share:.1%}"))
    facts += [("retried without thinking", str(s["retried"]))] if s["retried"] else []
    facts += [("received by the provider", str(s["received"]))] if s["received"] != s["requests"] else []
    table(facts)
    for name in ("direct", "sluice"):
        for error in out[name]["errors"][:8]:
            print(f"  {name}: {error}")
    print()
    for what in out["wrong"]:
        print(f"WRONG: {what}")
    if not out["wrong"]:
        print("all requests were served, and the ledger is the bill" if out["settings"] else "exactly the same")
