# SPDX-License-Identifier: MIT
"""What the load checks have in common: options, the rig of bench/, and how they report."""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import peers  # noqa: E402
import rig as rigs  # noqa: E402


def main(what, check, add_options=lambda parser: None):
    """Runs `check(rig, peer, options)`, which returns figures and, by name, whether each of its
    expectations held. Exits with 1 if one did not."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--sluice", type=Path, default=peers.DEFAULT_BINARY, metavar="FILE",
                        help="binary (build/sluice)")
    parser.add_argument("--peer", default="sluice", metavar="NAME",
                        help="sluice, nginx, or NAME=COMMAND with {port} and {upstream}")
    parser.add_argument("--precedence", action="store_true",
                        help="over other programs, where the machine is busy (needs root)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to keep the JSON as well")
    add_options(parser)
    options = parser.parse_args()
    rigs.isolate()
    if options.precedence:
        rigs.take_precedence()
    peer = peers.by_name(options.peer, options.sluice)
    with rigs.Rig() as rig:
        try:
            figures, expectations = check(rig, peer, options)
        except (rigs.Broken, OSError) as e:
            sys.exit(f"broken: {e}{rig.casualties()}")
    report = json.dumps({"check": Path(sys.argv[0]).stem, "peer": peer.name, "figures": figures,
                         "expectations": expectations, "machine": rigs.machine()})
    print(report)
    if options.out:
        options.out.write_text(report + "\n")
    for name, held in expectations.items():
        print(f"{'ok  ' if held else 'FAIL'} {name}")
    sys.exit(0 if all(expectations.values()) else 1)
