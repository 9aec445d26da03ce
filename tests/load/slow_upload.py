#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""1,000 clients send their requests of 100 KB at 1.5 KB a second: the latency of other requests
must stay as it is without them, and a slow request that comes to its end must be answered."""

import socket
import statistics
import threading
import time

import load

UPLOADERS = 1000
PIECE_BYTES = 1536
FINISH = 20
GOAL_RATIO, NOISE_US = 1.25, 50


class Uploaders:
    """Clients that all send one piece a second, evenly spread over the second, in a thread."""

    def __init__(self, rig, peer):
        self.request = rig.request(peer.port, "100k.plain")
        self.sent = PIECE_BYTES
        self.sockets = []
        for _ in range(UPLOADERS):
            s = socket.create_connection(("127.0.0.1", peer.port))
            s.sendall(self.request[:self.sent])
            self.sockets.append(s)
        self.lost = 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.send)
        self.thread.start()

    def send(self):
        begun = time.monotonic()
        pieces = 0
        while not self.stopping.is_set() and self.sent + PIECE_BYTES < len(self.request):
            piece = self.request[self.sent:self.sent + PIECE_BYTES]
            for i, s in enumerate(self.sockets):
                try:
                    s.sendall(piece)
                except OSError:
                    self.lost += 1
                if i % 10 == 0:
                    due = begun + pieces + i / UPLOADERS
                    time.sleep(max(0, due - time.monotonic()))
            self.sent += PIECE_BYTES
            pieces += 1

    def stop(self):
        """Some get to finish; returns how many of those were answered."""
        self.stopping.set()
        self.thread.join()
        answered = 0
        for s in self.sockets[:FINISH]:
            s.settimeout(10)
            s.sendall(self.request[self.sent:])
            answered += s.recv(65536).startswith(b"HTTP/1.1 200")
        for s in self.sockets:
            s.close()
        return answered


def p50s(rig, peer):
    """Of direct requests and of those through the proxy."""
    out = []
    for port in (rig.mock_port, peer.port):
        figures = rig.lat(port, "1k.plain", "-n", 250, "-w", 20, "-i", 10000, "-T", 30)
        if figures["errors"]:
            raise load.rigs.Broken(f"other requests fail: {figures}")
        out.append(figures["latency_p50"])
    return out


def check(rig, peer, options):
    rig.start_mock()
    peer.start(rig)
    without, beside, answered, lost = [], [], 0, 0
    for i in range(options.rounds):
        without.append(p50s(rig, peer))
        uploaders = Uploaders(rig, peer)
        time.sleep(1)
        try:
            beside.append(p50s(rig, peer))
        finally:
            answered += uploaders.stop()
        lost += uploaders.lost
        rig.settle(peer.process)
        print("round {}: p50 direct {:.0f}, proxy {:.0f} µs; beside the uploaders {:.0f}, {:.0f} µs"
              .format(i + 1, *without[-1], *beside[-1]), flush=True)
    alone = statistics.median(proxy for _, proxy in without)
    loaded = statistics.median(proxy for _, proxy in beside)
    figures = {"rounds": options.rounds, "p50_without_us": alone, "p50_beside_us": loaded,
               "ratio": loaded / alone, "raw_us": {"without": without, "beside": beside},
               "answered": answered, "lost": lost}
    return figures, {
        f"p50 at most {GOAL_RATIO} × (or {NOISE_US} µs more than) without uploaders":
            loaded <= max(alone * GOAL_RATIO, alone + NOISE_US),
        "no uploader is cut off": lost == 0,
        "finished uploads are answered": answered == FINISH * options.rounds,
    }


if __name__ == "__main__":
    load.main(__doc__, check, lambda parser: parser.add_argument(
        "--rounds", type=int, default=3, help="with and without (3)"))
