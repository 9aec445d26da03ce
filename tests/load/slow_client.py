#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A client reads one byte a second of a stream of more than 50 MB that its provider sends at full
speed: the proxy's memory must not grow. Then the client reads the rest, which must be complete."""

import socket
import time

import load

PAD_BYTES = 500
EVENTS = 99999
STREAM_BYTES = 50e6
GOAL_MIB = 1


def rss_mib(peer):
    return peer.process.rss_kib() / 1024


def read_slowly(client, peer, seconds):
    got, samples = b"", []
    for _ in range(seconds):
        time.sleep(1)
        got += client.recv(1)
        samples.append(rss_mib(peer))
    return got, samples


def read_rest(client):
    client.settimeout(30)
    pieces = []
    while not pieces or not pieces[-1].endswith(b"0\r\n\r\n"):
        pieces.append(client.recv(1 << 20))
        if not pieces[-1]:
            break
    return b"".join(pieces)


def unchunk(reply):
    at = reply.index(b"\r\n\r\n") + 4
    chunks = []
    while (end := reply.find(b"\r\n", at)) > 0 and (size := int(reply[at:end], 16)):
        chunks.append(reply[end + 2:end + 2 + size])
        at = end + 2 + size + 2
    return b"".join(chunks)


def check(rig, peer, options):
    rig.start_mock(pad=PAD_BYTES)
    peer.start(rig)
    rig.lat(peer.port, "1k.full_speed", "-c", 4, "-n", 20)  # first uses are not growth
    rig.settle(peer.process)
    before, before_peak = rss_mib(peer), peer.process.status_kib("VmHWM") / 1024
    client = socket.create_connection(("127.0.0.1", peer.port))
    client.sendall(rig.request(peer.port, "1k.long"))
    first, samples = read_slowly(client, peer, options.seconds)
    print(f"before {before:.2f} MiB, highest of {len(samples)} samples {max(samples):.2f} MiB")
    body = unchunk(first + read_rest(client))
    client.close()
    events = body.count(b"event: content_block_delta\n")
    rig.settle(peer.process)
    peak = peer.process.status_kib("VmHWM") / 1024
    print(f"{len(body) / 1e6:.1f} MB and {events} events read, peak {peak:.2f} MiB")
    figures = {
        "before_mib": before, "samples_mib": samples, "growth_mib": max(samples) - before,
        "peak_growth_mib": peak - before_peak, "bytes": len(body), "events": events,
    }
    return figures, {
        f"memory grows by less than {GOAL_MIB} MiB": max(samples) - before < GOAL_MIB,
        "the stream has more than 50 MB": len(body) > STREAM_BYTES,
        "every event arrives":
            events == EVENTS and body.endswith(b'data: {"type":"message_stop"}\n\n'),
    }


if __name__ == "__main__":
    load.main(__doc__, check, lambda parser: parser.add_argument(
        "--seconds", type=int, default=30, help="of reading slowly (30)"))
