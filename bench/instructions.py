# SPDX-License-Identifier: MIT
"""Instructions per request and per event, counted by callgrind: the same within a few per cent
whatever else the machine does. The kernel's part is not counted."""

import re

from peers import Nginx, Peer
from rig import Broken, tool

# (title, body, few requests, many requests, what one request counts for)
CASES = [
    ("request, 1 KB", "1k.plain", 200, 1200, 1),
    ("request, 100 KB", "100k.plain", 40, 240, 1),
    ("request, 1 MB", "1m.plain", 10, 60, 1),
    ("event, full speed", "1k.full_speed", 10, 60, 201),
]


def total(rig, peer, body, count):
    """Instructions of a whole life with so many requests, one at a time."""
    out = rig.folder / f"callgrind.{peer.name}"
    out.unlink(missing_ok=True)
    peer.start(rig, before=[tool("valgrind"), "-q", "--tool=callgrind",
                            f"--callgrind-out-file={out}"])
    try:
        figures = rig.lat(peer.port, body, "-n", count, "-T", 120)
    finally:
        peer.stop(rig)
    if figures["errors"] or figures["done"] != count:
        raise Broken(f"{peer.name} under callgrind: {figures}")
    found = re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)
    if not found:
        raise Broken(f"callgrind wrote no total for {peer.name}")
    return int(found.group(1))


def measure(rig, peers):
    """Yields (title, {peer: instructions}); start and end cancel out between few and many."""
    rig.start_mock()
    counted = [Nginx(p.name, single=True) if isinstance(p, Nginx) else p for p in peers]
    for title, body, few, many, parts in CASES:
        per_peer = {}
        for peer in counted:
            if type(peer).command is Peer.command:
                continue
            growth = total(rig, peer, body, many) - total(rig, peer, body, few)
            per_peer[peer.name] = growth / (many - few) / parts
        yield title, per_peer
