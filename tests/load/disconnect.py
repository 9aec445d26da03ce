#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A client that goes away ends its upstream request within 50 ms: while it streams, while the
provider is silent in a stream, while the client waits for the reply, while the provider's name
resolves (needs root) and while TLS shakes hands."""

import statistics

import load

import cancel

GOAL_MS = 50


def check(rig, peer, options):
    rig.start_mock()
    peer.start(rig)
    times = {}
    for name, case in cancel.WITH_MOCK.items():
        times[name] = [case(rig, peer) for _ in range(options.times)]
    peer.stop(rig)
    if peer.name == "sluice":
        for name, case in cancel.APART.items():
            times[name] = case(rig, options.sluice, options.times)
    figures, expectations = {}, {}
    for name, ms in times.items():
        if not ms:
            print(f"{name:15} left out, needs root")
            continue
        figures[name] = {"median_ms": statistics.median(ms), "max_ms": max(ms)}
        print(f"{name:15} median {statistics.median(ms):6.2f} ms, longest {max(ms):6.2f} ms")
        expectations[f"{name}: at most {GOAL_MS} ms"] = max(ms) <= GOAL_MS
    return figures, expectations


if __name__ == "__main__":
    load.main(__doc__, check, lambda parser: parser.add_argument(
        "--times", type=int, default=10, help="of each case (10)"))
