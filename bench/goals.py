# SPDX-License-Identifier: MIT
"""What the figures mean: the table of metrics with the goals set for them, their medians, their
ratios to nginx, and the printed report."""

import statistics
from dataclasses import dataclass

MEASURED, REFERENCE, BASE = "sluice", "nginx", "direct"
NOISY = 3  # rounds that differ by more than this factor tell nothing about a ratio


@dataclass
class Metric:
    title: str
    test: str
    figure: str
    unit: str
    scale: float = 1
    added: bool = False  # what the peer adds to the same round's direct figure
    worst: bool = False  # judged by the worst round, not by the median
    ratio: float = None  # goal: at most this many times nginx's
    limit: float = None  # goal: at most this


METRICS = [
    Metric("CPU per request, 1 KB", "cpu.1k", "cpu_us", "µs", ratio=3),
    Metric("CPU per request, 100 KB", "cpu.100k", "cpu_us", "µs", ratio=2.5),
    Metric("CPU per request, 1 MB", "cpu.1m", "cpu_us", "µs", ratio=2),
    Metric("added latency p50, 1 KB", "latency.1k", "p50_us", "µs", added=True, ratio=1.5),
    Metric("added latency p50, 100 KB", "latency.100k", "p50_us", "µs", added=True, ratio=1.5),
    Metric("CPU per event, 100 paced streams", "paced", "cpu_us", "µs", ratio=1.25),
    Metric("CPU per event, full speed", "full-speed", "cpu_us", "µs"),
    Metric("translated, 100 paced streams", "translated.paced", "ratio", "× relayed", limit=1.3),
    Metric("translated, full speed", "translated.full-speed", "ratio", "× relayed", limit=1.3),
    Metric("CPU per event, translated, paced", "translated.paced", "translated_us", "µs"),
    Metric("CPU per event, translated, full speed", "translated.full-speed", "translated_us", "µs"),
    Metric("event delay p99, 20 streams alone", "head-of-line", "alone_p99_us", "ms", 0.001),
    Metric("event delay p99 beside 1 MB requests", "head-of-line", "p99_us", "ms", 0.001, limit=5),
    Metric("RSS idle", "memory", "idle_mib", "MiB", limit=18),
    Metric("RSS, 1,000 open streams", "memory", "open_mib", "MiB", limit=40),
    Metric("RSS, 1,000 open with 100 KB each", "memory", "open_100k_mib", "MiB", limit=60),
    Metric("exec to first request served", "start", "ms", "ms", limit=50),
    Metric("binary, stripped", "size", "mib", "MiB", limit=3),
    Metric("upstream closed: streaming", "disconnect.streaming", "ms", "ms", worst=True, limit=50),
    Metric("upstream closed: silent stream", "disconnect.silent stream", "ms", "ms", worst=True,
           limit=50),
    Metric("upstream closed: waiting", "disconnect.waiting", "ms", "ms", worst=True, limit=50),
    Metric("upstream closed: resolving", "disconnect.resolving", "ms", "ms", worst=True, limit=50),
    Metric("upstream closed: TLS handshake", "disconnect.TLS handshake", "ms", "ms", worst=True,
           limit=50),
    Metric("requests/s, 1 KB", "cpu.1k", "per_s", ""),
    Metric("requests/s, 100 KB", "cpu.100k", "per_s", ""),
    Metric("events/s, full speed", "full-speed", "per_s", ""),
]


def values(records, metric, peer):
    """The figures of a peer, one a round."""
    found = [r for r in records if r["test"] == metric.test and r["peer"] == peer]
    if not metric.added:
        return [r[metric.figure] * metric.scale for r in found]
    base = {r["round"]: r[metric.figure] for r in records
            if r["test"] == metric.test and r["peer"] == BASE}
    return [(r[metric.figure] - base[r["round"]]) * metric.scale for r in found
            if r["round"] in base and peer != BASE]


def summarise(records, peers):
    """One row a metric that was measured, with the verdict on its goal."""
    rows = []
    for metric in METRICS:
        by_peer = {peer: values(records, metric, peer) for peer in peers}
        if any(by_peer.values()):
            rows.append(row_of(metric, by_peer))
    return rows


def row_of(metric, by_peer):
    judge = max if metric.worst else statistics.median
    medians = {peer: judge(v) for peer, v in by_peer.items() if v}
    mine, reference = medians.get(MEASURED), medians.get(REFERENCE)
    ratio = mine / reference if mine is not None and reference and reference > 0 else None
    row = {
        "title": metric.title,
        "unit": metric.unit,
        "medians": medians,
        "ranges": {peer: [min(v), max(v)] for peer, v in by_peer.items() if v},
        "ratio": ratio,
        "goal": goal_text(metric),
        "verdict": None,
    }
    judged = ratio if metric.ratio else mine
    if judged is not None and (metric.ratio or metric.limit):
        row["verdict"] = "ok" if judged <= (metric.ratio or metric.limit) else "over"
        if metric.ratio and noisy(row["ranges"]):
            row["verdict"] += ", but noisy"
    return row


def noisy(ranges):
    pairs = [ranges[peer] for peer in (MEASURED, REFERENCE)]
    return any(low <= 0 or high / low > NOISY for low, high in pairs)


def goal_text(metric):
    if metric.ratio:
        return f"≤ {metric.ratio:g} × {REFERENCE}"
    return f"≤ {metric.limit:g} {metric.unit}" if metric.limit else ""


def number(x):
    if x is None:
        return ""
    return f"{x:,.0f}" if abs(x) >= 100 else f"{x:.1f}" if abs(x) >= 10 else f"{x:.2f}"


def spread(row, peer):
    """Lowest and highest round."""
    low, high = row["ranges"].get(peer, (None, None))
    return "" if low == high else f"{number(low)}–{number(high)}"


def print_table(rows, peers):
    ranged = [peer for peer in (REFERENCE, MEASURED) if peer in peers]
    head = ["", "unit", *peers, *[f"{peer}, range" for peer in ranged], f"÷ {REFERENCE}", "goal",
            ""]
    lines = [head] + [[
        row["title"], row["unit"], *[number(row["medians"].get(peer)) for peer in peers],
        *[spread(row, peer) for peer in ranged], number(row["ratio"]), row["goal"],
        row["verdict"] or "",
    ] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    left = {0, 1, len(head) - 2, len(head) - 1}
    for line in lines:
        cells = [cell.ljust(w) if i in left else cell.rjust(w)
                 for i, (cell, w) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip())


def print_goals(rows):
    judged = [row for row in rows if row["verdict"]]
    over = [row["title"] for row in judged if row["verdict"].startswith("over")]
    unclear = [row["title"] for row in judged if row["verdict"].endswith("noisy")]
    print(f"\n{len(judged) - len(over)} of {len(judged)} goals met" +
          (f"; over: {'; '.join(over)}" if over else "") +
          (f"; too noisy to tell: {'; '.join(unclear)}" if unclear else ""))
