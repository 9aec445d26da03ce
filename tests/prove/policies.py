# SPDX-License-Identifier: MIT
"""Profiles of sluice on the same sessions: the bill of each through the proxy, beside the direct one and beside what `sluice replay` says without a
proxy."""

import json
import os
import subprocess
import tempfile

import prove
import report
import transcripts
from drive import Drive
from rig import Simulator, Wrong

# Prices of another day, for comparison with figures that were found with them.
SEED = {"provider": "deepseek", "input": 0.28, "output": 0.42, "cache_read": 0.028, "context_window": 1_000_000}
DEEPSEEK = "providers.deepseek-anthropic"

# What each is called, its profile, further settings; and the most that its bill may be of the direct one, on any session.
POLICIES = (
    ("observe", "observe", (), 1),
    ("balanced", "balanced", (), 1),
    ("saver, Sonnet 4.6", "saver", ("route.use.execute=anthropic/claude-sonnet-4-6",), None),
    ("saver, Haiku 4.5", "saver", ("route.use.execute=anthropic/claude-haiku-4-5",), None),
    (
        "max, DeepSeek",
        "max",
        (
            "route.use.execute=deepseek-anthropic/deepseek-seed",
            f"{DEEPSEEK}.base_url={{provider}}/anthropic",
            f"{DEEPSEEK}.api_key=k",
            f"{DEEPSEEK}.unsupported=placeholder",
        ),
        None,
    ),
)


def predictions(options, prices):
    """What `sluice replay` says of each, in nano-dollars."""
    command = [options.sluice, "replay", "--json", "--set", f"prices.file={prices}"]
    for _, profile, settings, _ in POLICIES:
        words = " ".join(s.replace("{provider}", "https://api.deepseek.com") for s in settings)
        command += ["--policy", f"{profile} {words}".strip()]
    paths = transcripts.sessions_in(options.folder, options.only)
    env = {"HOME": os.path.dirname(prices), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC"}
    done = subprocess.run(command + paths, env=env, cwd=env["HOME"], capture_output=True, text=True, timeout=1800)
    if done.returncode != 0:
        raise Wrong(f"sluice replay: {done.stderr.strip()}")
    said = json.loads(done.stdout)["policies"]
    failed = [p for p in said if p["failed"] + p["differs"]]
    if failed:
        raise Wrong(f"sluice replay: requests failed under {failed[0]['policy']}: {failed[0]['errors']}")
    return [p["nano_usd"] for p in said]


def one(options, row, direct, simulator, progress):
    """What came of one policy."""
    name, profile, settings, most = row
    paths = transcripts.sessions_in(options.folder, options.only)
    options.profile, options.set = profile, [f"prices.file={options.prices}", *settings]
    proxied, ledger = prove.through(options, simulator, paths, progress)
    mine, theirs = report.side(proxied), report.side(direct)
    out = {"name": name, "nusd": mine["nusd"], "ratio": mine["nusd"] / theirs["nusd"], "models": mine["models"]}
    out["sessions"] = {s: mine["sessions"].get(s, 0) / nano for s, nano in theirs["sessions"].items()}
    out["anchors"], out["anchors_kept"] = mine["anchors"], mine["anchors_kept"]
    out["wrong"] = mine["errors"][:5]
    if mine["other_calls"]:
        out["wrong"].append(f"{mine['other_calls']} replies call other tools than recorded")
    if ledger["cost_nano_usd"]["total"] != mine["nusd"]:
        out["wrong"].append(f"the ledger says {report.dollars(ledger['cost_nano_usd']['total'])}")
    if most is not None and max(out["sessions"].values()) > most:
        out["wrong"].append(f"a session costs {max(out['sessions'].values()):.4%} of what it did")
    return out


def show(results, direct):
    def percent(share):
        return f"{100 * share:.2f} %"

    rows = [("policy", "bill", "of direct", "dearest session", "edit anchors", "replay says", "off by")]
    rows.append(("direct", report.dollars(direct), percent(1), "", "", "", ""))
    for r in results:
        kept = f"{r['anchors_kept']} of {r['anchors']}"
        off = f"{r['predicted'] / r['nusd'] - 1:+.2%}"
        figures = (report.dollars(r["nusd"]), percent(r["ratio"]), percent(max(r["sessions"].values())), kept)
        rows.append((r["name"], *figures, percent(r["predicted"] / direct), off))
    report.table(rows)
    for r in results:
        for what in r["wrong"]:
            print(f"WRONG: {r['name']}: {what}")


def compare(options, progress):
    """Prints the table; the exit status."""
    paths = transcripts.sessions_in(options.folder, options.only)
    if not paths:
        raise Wrong(f'no sessions in "{options.folder}"')
    with tempfile.TemporaryDirectory() as folder:
        options.prices = os.path.join(folder, "prices.json")
        with open(options.prices, "w", encoding="utf-8") as f:
            json.dump({"as_of": "2026-01-01", "models": {"deepseek-seed": SEED}}, f)
        predicted = predictions(options, options.prices)
        simulator = Simulator(options.sim, "--fast", "--prices", options.prices)
        try:
            direct = progress(Drive(simulator, simulator.address).run(paths))
            results = [one(options, row, direct, simulator, progress) for row in POLICIES]
        finally:
            simulator.remove()
    for r, nano in zip(results, predicted):
        r["predicted"] = nano
    total = report.side(direct)["nusd"]
    show(results, total)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump({"direct": total, "policies": results}, f, indent=1)
    return 1 if any(r["wrong"] for r in results) else 0
