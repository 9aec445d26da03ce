# SPDX-License-Identifier: MIT
"""The measurements. Each takes the rig and a running peer (those that start it themselves say so)
and returns figures by name: `cpu_us`, `p50_us` and so on."""

import shutil
import subprocess
import time

from rig import Broken, tool

EVENTS_AT_FULL_SPEED = 201  # stamps in a `full_speed` stream: the deltas and the first event
OPEN_STREAMS = 1000


def check_wrk(figures):
    if figures["errors"] or figures["bad_status"] or not figures["requests"]:
        raise Broken(f"wrk saw errors: {figures}")


def check_lat(figures, allow_unfinished=False):
    if figures["errors"] or not (figures["done"] or allow_unfinished):
        raise Broken(f"lat saw errors: {figures}")


def cpu_us(peer, work):
    """Runs the work and adds the CPU time that the peer spent meanwhile."""
    before = peer.process.cpu_ns() if peer.process else 0
    figures = work()
    spent = peer.process.cpu_ns() - before if peer.process else 0
    return figures, spent / 1000


def requests(rig, peer, body, connections, seconds):
    """As many requests as go through."""
    figures, cpu = cpu_us(peer, lambda: rig.wrk_result(
        rig.start_wrk(peer.port, body, connections, seconds)))
    check_wrk(figures)
    rig.settle(peer.process)
    return {
        "cpu_us": cpu / figures["requests"],
        "per_s": figures["requests"] / figures["seconds"],
        "core_use": cpu / 1e6 / figures["seconds"],
        "p50_us": figures["p50"],
        "p99_us": figures["p99"],
    }


def latency(rig, peer, body, count, interval_us):
    """One request at a time, paced."""
    figures = rig.lat(peer.port, body, "-n", count, "-w", 10, "-i", interval_us, "-T", 30)
    check_lat(figures)
    return {"p50_us": figures["latency_p50"], "p99_us": figures["latency_p99"]}


def paced_events(rig, peer, streams):
    """100 streams at a time, their events 20 ms apart."""
    figures, cpu = cpu_us(peer, lambda: rig.lat(
        peer.port, "1k.paced", "-c", 100, "-n", streams, "-g", 200, "-T", 30))
    check_lat(figures)
    return {
        "cpu_us": cpu / figures["events"],
        "p50_us": figures["event_p50"],
        "p99_us": figures["event_p99"],
    }


def full_speed_events(rig, peer, seconds):
    """100 streams at a time, as fast as they go."""
    figures, cpu = cpu_us(peer, lambda: rig.wrk_result(
        rig.start_wrk(peer.port, "1k.full_speed", 100, seconds)))
    check_wrk(figures)
    rig.settle(peer.process)
    events = figures["requests"] * EVENTS_AT_FULL_SPEED
    return {"cpu_us": cpu / events, "per_s": events / figures["seconds"]}


def translated_events(work, relaying, translating, round_):
    """CPU per event of two peers, one right behind the other, the first in turn."""
    order = [relaying, translating] if round_ % 2 == 0 else [translating, relaying]
    cpu = {peer: work(peer)["cpu_us"] for peer in order}
    return {
        "ratio": cpu[translating] / cpu[relaying],
        "relayed_us": cpu[relaying],
        "translated_us": cpu[translating],
    }


def head_of_line(rig, peer, streams):
    """How late the events of 20 paced streams are, alone and while another client sends 1 MB."""
    paced = ("-c", 20, "-n", streams, "-g", 5000, "-T", 30)
    alone = rig.lat(peer.port, "1k.paced", *paced)
    big = rig.start_lat(peer.port, "1m.plain", "-n", 100000, "-i", 200000, "-T",
                        2 + round(streams / 20 * 1.2))
    time.sleep(0.2)
    beside = rig.lat(peer.port, "1k.paced", *paced)
    passed = rig.lat_result(big)
    for figures in (alone, beside, passed):
        check_lat(figures)
    return {
        "alone_p99_us": alone["event_p99"],
        "p50_us": beside["event_p50"],
        "p99_us": beside["event_p99"],
        "max_us": beside["event_max"],
        "big_requests": passed["done"],
    }


def memory(rig, peer):
    """Starts the peer twice: after one request, then 1,000 streams held open; the same with 100 KB
    requests."""
    small = held_open(rig, peer, "1k.hold")
    large = held_open(rig, peer, "100k.hold")
    return {
        "idle_mib": small["idle_mib"],
        "open_mib": small["open_mib"],
        "open_100k_mib": large["open_mib"],
        "open_100k_peak_mib": large["peak_mib"],
    }


def held_open(rig, peer, body):
    peer.start(rig)
    try:
        time.sleep(1)
        idle = peer.process.rss_kib() / 1024
        holder = rig.start_lat(peer.port, body, "-c", OPEN_STREAMS, "-n", OPEN_STREAMS, "-g", 1000,
                               "-T", 5)
        time.sleep(4)
        is_open = rig.stats()["active"]
        figures = {
            "idle_mib": idle,
            "open_mib": peer.process.rss_kib() / 1024,
            "peak_mib": peer.process.status_kib("VmHWM") / 1024,
        }
        check_lat(rig.lat_result(holder), allow_unfinished=True)
        if is_open != OPEN_STREAMS:
            raise Broken(f"{is_open} streams were open at the provider, not {OPEN_STREAMS}")
        return figures
    finally:
        peer.stop(rig)
        rig.settle()


def start(rig, peer):
    """Starts the peer: from exec to the first request served."""
    milliseconds = peer.start(rig)
    peer.stop(rig)
    return {"ms": milliseconds}


def binary_size(rig, path):
    stripped = rig.folder / "stripped"
    shutil.copy(path, stripped)
    subprocess.run([tool("strip"), stripped], check=True)
    return {"mib": stripped.stat().st_size / 1048576}
