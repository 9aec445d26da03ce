#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A day's requests in fast motion: at least two million, in rounds, beside clients that leave at
any moment, providers that break off, errors, streams and large bodies. After each round, when all
is quiet, memory and descriptors are read: they must stay flat. At most five minutes."""

import os
import time

import load

REQUESTS = 2_000_000
LIMIT_S = 285
GROWTH_MIB = 1
GROWTH_DESCRIPTORS = 8
# What goes on beside the plain requests: name, body, options of lat.
BESIDE = [
    ("leaving", "1k.full_speed", ["-c", 6, "-i", 20000, "-a", 60]),
    ("leaving a paced stream", "1k.paced", ["-c", 6, "-i", 20000, "-a", 60]),
    ("leaving amid 1 MB", "1m.plain", ["-c", 1, "-i", 100000, "-a", 60]),
    ("stream cut off", "1k.full_speed", ["-c", 2, "-i", 20000, "-H", "x-mock: cut=3"]),
    ("answer cut off", "1k.plain", ["-c", 2, "-i", 20000, "-H", "x-mock: cut=0"]),
    ("overloaded", "1k.plain", ["-c", 2, "-i", 10000, "-H", "x-mock: status=529"]),
    ("100 KB", "100k.plain", ["-c", 2, "-i", 20000]),
    ("streams", "100k.full_speed", ["-c", 2, "-i", 50000]),
]


def one_round(rig, peer, seconds):
    """Returns wrk's figures and those of each client beside it."""
    main = rig.start_wrk(peer.port, "1k.plain", 64, seconds)
    beside = [(name, rig.start_lat(peer.port, body, *options, "-n", 10000000, "-T", seconds))
              for name, body, options in BESIDE]
    clients = {name: rig.lat_result(popen) for name, popen in beside}
    return rig.wrk_result(main), clients


def sample(rig, peer):
    rig.settle(peer.process)
    return {
        "requests": rig.stats()["requests"],
        "rss_mib": peer.process.rss_kib() / 1024,
        "descriptors": peer.process.descriptors(),
        "threads": peer.process.threads(),
    }


def wrong(clients):
    """What those clients saw that they should not have."""
    found = []
    for name in ("leaving", "leaving a paced stream", "leaving amid 1 MB", "100 KB", "streams"):
        if clients[name]["errors"]:
            found.append(f"{name}: {clients[name]['first_error']}")
    overloaded = clients["overloaded"]
    if overloaded["bad_status"] != overloaded["done"] or overloaded["cut_off"]:
        found.append(f"overloaded: {overloaded}")
    for name, figures in clients.items():
        if not figures["done"] + figures["errors"]:
            found.append(f"{name}: no request at all")
    return found


def growth(samples, figure):
    """Highest of the last third over the highest of the first third."""
    third = max(1, len(samples) // 3)
    return max(s[figure] for s in samples[-third:]) - max(s[figure] for s in samples[:third])


def empty_log(rig, peer):
    """Millions of lines are of no use afterwards."""
    if hasattr(peer, "log"):
        os.truncate(peer.log(rig), 0)


def check(rig, peer, options):
    rig.start_mock()
    peer.start(rig)
    begun = time.monotonic()
    samples, errors, counts = [], [], {}
    done = 0
    while done < options.requests and time.monotonic() - begun < options.limit - options.round:
        plain, clients = one_round(rig, peer, options.round)
        if plain["errors"] or plain["bad_status"]:
            errors.append(f"plain requests: {plain}")
        errors += wrong(clients)
        counts["plain"] = counts.get("plain", 0) + plain["requests"]
        for name, figures in clients.items():
            counts[name] = counts.get(name, 0) + figures["done"] + figures["cut_off"]
        samples.append(sample(rig, peer))
        done = samples[-1]["requests"]
        empty_log(rig, peer)
        print("{:4.0f} s  {requests:9,} requests  RSS {rss_mib:6.2f} MiB  {descriptors} descriptors"
              "  {threads} threads".format(time.monotonic() - begun, **samples[-1]), flush=True)
    active = rig.stats()["active"]
    figures = {"seconds": time.monotonic() - begun, "requests": done, "by_client": counts,
               "samples": samples, "errors": errors[:20],
               "rss_growth_mib": growth(samples, "rss_mib"),
               "descriptor_growth": growth(samples, "descriptors")}
    return figures, {
        f"at least {options.requests:,} requests": done >= options.requests,
        "nobody saw an error of ours": not errors,
        f"RSS flat within {GROWTH_MIB} MiB": figures["rss_growth_mib"] <= GROWTH_MIB,
        "descriptors flat": figures["descriptor_growth"] <= GROWTH_DESCRIPTORS,
        "nothing is left open at the provider": active == 0,
    }


def add_options(parser):
    parser.add_argument("--requests", type=int, default=REQUESTS, help="how many (2,000,000)")
    parser.add_argument("--limit", type=int, default=LIMIT_S, help="seconds at most (285)")
    parser.add_argument("--round", type=int, default=8, help="seconds of a round (8)")


if __name__ == "__main__":
    load.main(__doc__, check, add_options)
