#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Replays recorded sessions to the provider simulator, directly and through sluice, and prints the bills side by side.

The exit status is 1 when a request failed, when sluice's ledger is not the provider's bill, or when, with nothing set,
the bills differ by a nano-dollar, or a request or a reply by a byte."""

import argparse
import json
import os
import sys

import policies
import report
import transcripts
from client import Failed
from drive import Drive, gather
from rig import Simulator, Sluice, Wrong, end_on_signals


def ledger_of(sluice):
    """The ledger's own figures, read when the proxy has ended."""
    status, output = sluice.run("stats", "all", "--json")
    if status != 0:
        raise Wrong(f"sluice stats: {output.strip()}")
    return json.loads(output)


def through(options, simulator, paths, progress):
    """The outcomes through sluice, and its ledger."""
    first = gather(paths)[0][0]
    settings = [f"route.profile={options.profile}", *(s.replace("{provider}", simulator.url) for s in options.set)]
    sluice = Sluice(options.sluice, simulator.url, settings, first.sent)
    try:
        drive = Drive(simulator, sluice.address, [sluice.set_clock], translated=options.translated)
        outcomes = progress(drive.run(paths))
        status = sluice.stop()
        if status != 0:
            raise Wrong(f"sluice ended with status {status}: {sluice.said().strip()[-2000:]}")
        return outcomes, ledger_of(sluice)
    finally:
        sluice.remove()


def prove(options, progress=list):
    """Both runs; the result as report.show() takes it."""
    paths = transcripts.sessions_in(options.folder, options.only)
    if not paths:
        raise Wrong(
            f'no sessions in "{options.folder}"' + (f' that begin with "{options.only}"' if options.only else "")
        )
    simulator = Simulator(options.sim, "--fast")
    try:
        direct = progress(Drive(simulator, simulator.address).run(paths))
        total = simulator.total()
        proxied, ledger = through(options, simulator, paths, progress)
        bills = {"direct": total, "sluice": simulator.total()}
    finally:
        simulator.remove()
    settings = options.set + ([] if options.profile == "observe" else [f"route.profile={options.profile}"])
    return report.result(direct, proxied, bills, ledger, settings, options.translated)


def arguments(argv):
    here = os.path.dirname(os.path.abspath(__file__))
    build = os.path.join(os.path.dirname(os.path.dirname(here)), os.environ.get("BUILD", "build"))
    a = argparse.ArgumentParser(prog="./dev prove", description=__doc__)
    a.add_argument("folder", metavar="DIR", help="holds *.jsonl transcripts, with NAME/subagents beside them")
    a.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], help="a setting of sluice, as often as needed"
    )
    a.add_argument("--profile", default="observe", help="how sluice chooses models (route.profile)")
    a.add_argument(
        "--policies",
        action="store_true",
        help="the profiles one after the other, with what each one's bill is of the direct one, and what `sluice replay` says of it",
    )
    a.add_argument(
        "--translated",
        action="store_true",
        help="the settings lead to another dialect ({provider} in them is the simulator's address): what the provider could read from "
        "its cache is shown",
    )
    a.add_argument("--only", metavar="SESSION", help="only sessions whose name begins so")
    a.add_argument("--json", metavar="FILE", help="also write all figures there")
    a.add_argument("--sluice", default=os.path.join(build, "sluice"), help=argparse.SUPPRESS)
    a.add_argument("--sim", default=os.path.join(build, "sluice-sim"), help=argparse.SUPPRESS)
    options = a.parse_args(argv)
    options.folder = os.path.abspath(options.folder)
    options.sluice, options.sim = os.path.abspath(options.sluice), os.path.abspath(options.sim)
    return options


def main(argv):
    options = arguments(argv)
    try:
        if options.policies:
            return policies.compare(options, report.Progress())
        result = prove(options, report.Progress())
    except (Wrong, Failed, OSError, ValueError) as e:
        print(f"prove: {e}", file=sys.stderr)
        return 1
    report.show(result)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump(result, f, indent=1)
    return 1 if result["wrong"] else 0


if __name__ == "__main__":
    end_on_signals()
    sys.exit(main(sys.argv[1:]))
