#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the ledger promises when things go wrong: the proxy is killed in the middle of its work again and again; two proxies
share one file; the file is locked by somebody else, its disk is full, or it may only be read. Requests must go on, no
exchange that ended a moment before may be missing, and the database must stay whole.

    ledger.py [--kills N] [--only kill,two,locked,full,readonly]"""

import argparse
import http.client
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
from rig import PROJECT, Rig, free_port, isolate  # noqa: E402

BINARY = PROJECT / os.environ.get("BUILD", "build") / "sluice"
FLUSH_S = 0.1
CLIENTS = 4
FULL_BYTES = 1 << 20

failures = []


def check(ok, what):
    if not ok:
        failures.append(what)
    print("ok    " if ok else "FAILED", what, flush=True)


class Clients:
    """Threads that ask one question after the other and note when each was answered."""

    def __init__(self, rig, port):
        self.port = port
        self.body = rig.body("1k.plain").read_bytes()
        self.done, self.errors, self.lock = [], 0, threading.Lock()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(CLIENTS)]
        for t in self.threads:
            t.start()

    def run(self):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/json", "x-api-key": "k", "anthropic-version": "2023-06-01"}
        while not self.stopping.is_set():
            try:
                c.request("POST", "/v1/messages", self.body, headers)
                r = c.getresponse()
                r.read()
            except (OSError, http.client.HTTPException):
                with self.lock:
                    self.errors += 1
                if self.stopping.wait(0.01):
                    return
                c.close()
                continue
            with self.lock:
                self.done.append((r.headers["x-sluice-id"], time.monotonic(), r.status))

    def stop(self):
        self.stopping.set()
        for t in self.threads:
            t.join()


class Proxy:
    def __init__(self, rig, path, *settings):
        self.port = free_port()
        home = rig.folder / "home" / str(self.port)
        home.mkdir(parents=True, exist_ok=True)
        words = [f"listen=127.0.0.1:{self.port}", f"log.file={rig.folder}/proxy.log", f"store.path={path}"]
        words += [f"store.flush_s={FLUSH_S}", f"providers.anthropic.base_url=http://127.0.0.1:{rig.mock_port}", *settings]
        env = {"PATH": os.environ["PATH"], "HOME": str(home)}
        self.process = rig.spawn(
            [BINARY, "start", *[w for s in words for w in ("--set", s)]], rig.own_core, f"proxy-{self.port}", env
        )
        self.wait()

    def wait(self):
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                self.get("/health")
                return
            except OSError:
                time.sleep(0.005)
        raise RuntimeError("the proxy does not answer: " + self.process.log_tail())

    def get(self, path):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        c.request("GET", path)
        return json.loads(c.getresponse().read())

    def kill(self):
        self.process.popen.send_signal(signal.SIGKILL)
        self.process.popen.wait()

    def stop(self, rig):
        rig.stop(self.process)


def read(path, question):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        return db.execute(question).fetchall()
    finally:
        db.close()


def ids_in(path):
    return {row[0] for row in read(path, "SELECT id FROM exchange")}


def is_whole(path):
    sums = read(
        path,
        "SELECT (SELECT count(*) FROM exchange), (SELECT sum(exchanges) FROM quarter),"
        " (SELECT sum(total_nusd) FROM exchange), (SELECT sum(total_nusd) FROM quarter),"
        " (SELECT sum(total_nusd) FROM attempt)",
    )[0]
    fine = read(path, "PRAGMA integrity_check") == [("ok",)]
    return fine and sums[0] == sums[1] and sums[2] == sums[3] == sums[4]


def kill(rig, kills):
    path = rig.folder / "kill.db"
    answered, lost_early, oldest = 0, 0, 0.0
    for i in range(kills):
        proxy = Proxy(rig, path)
        clients = Clients(rig, proxy.port)
        time.sleep(random.uniform(0.15, 0.6))
        at = time.monotonic()
        proxy.kill()
        clients.stop()
        rig.started.remove(proxy.process)
        there = ids_in(path)
        for ident, when, _ in clients.done:
            if ident not in there:
                oldest = max(oldest, at - when)
                lost_early += at - when > FLUSH_S
        answered += len(clients.done)
        if i % 10 == 9 or i == kills - 1:
            check(is_whole(path), f"whole after {i + 1} kills, {len(there)} rows")
    check(lost_early == 0, f"{kills} kills, {answered} answers: none missing that was older than {FLUSH_S} s; "
          f"the oldest missing one was {oldest * 1000:.0f} ms old")


def two(rig):
    path = rig.folder / "two.db"
    proxies = [Proxy(rig, path) for _ in range(2)]
    clients = [Clients(rig, p.port) for p in proxies]
    time.sleep(5)
    for c in clients:
        c.stop()
    for p in proxies:
        p.stop(rig)
    there = ids_in(path)
    missing = sum(ident not in there for c in clients for ident, _, _ in c.done)
    total = sum(len(c.done) for c in clients)
    check(missing == 0 and all(c.errors == 0 for c in clients), f"two proxies, {total} answers: {missing} missing")
    check(is_whole(path), "whole after two proxies")


def trouble(rig, name, path, begin, end, broken_from_the_start=False):
    """The store fails from begin() to end(): requests go on, it is said, and afterwards nothing is missing."""
    if broken_from_the_start:
        begin()
    proxy = Proxy(rig, path)
    clients = Clients(rig, proxy.port)
    time.sleep(0.5)
    if not broken_from_the_start:
        begin()
    before = len(clients.done)
    time.sleep(3)
    during = len(clients.done) - before
    told = proxy.get("/ready")["ledger"]
    end()
    time.sleep(3)
    clients.stop()
    recovered = proxy.get("/ready")
    proxy.stop(rig)
    there = ids_in(path)
    missing = sum(ident not in there for ident, _, _ in clients.done)
    log = (rig.folder / "proxy.log").read_text()
    check(during > 0 and clients.errors == 0, f"{name}: {during} answers meanwhile, {clients.errors} errors")
    check(told == "failing" and "cannot be written" in log, f"{name}: /ready says {told}, the log says why")
    check(recovered["ledger"] == "ok" and missing == recovered["ledger_lost"] == 0, f"{name}: {missing} missing afterwards")
    check(is_whole(path), f"whole after {name}")
    (rig.folder / "proxy.log").unlink()


def locked(rig):
    path = rig.folder / "locked.db"
    holder = []

    def begin():
        db = sqlite3.connect(path, timeout=10, isolation_level=None)
        db.execute("BEGIN EXCLUSIVE")
        holder.append(db)

    def end():
        holder.pop().execute("ROLLBACK")

    trouble(rig, "a locked database", path, begin, end)


def on_small_disk(rig, name, begin, end, from_the_start=False):
    folder = rig.folder / name.replace(" ", "-")
    folder.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", f"size={FULL_BYTES}", "none", str(folder)]
    if subprocess.run(mounted, stderr=subprocess.DEVNULL).returncode:
        print("skipped", name, "(a file system cannot be mounted here)")
        return
    try:
        trouble(rig, name, folder / "ledger.db", lambda: begin(folder), lambda: end(folder), from_the_start)
    finally:
        subprocess.run(["umount", "-l", str(folder)])


def full(rig):
    def begin(folder):
        with open(folder / "filler", "wb") as f:
            f.write(bytes(max(0, shutil.disk_usage(folder).free - 8192)))

    def end(folder):
        (folder / "filler").unlink()
        subprocess.run(["mount", "-o", "remount,size=1g", str(folder)])

    on_small_disk(rig, "a full disk", begin, end)


def readonly(rig):
    def begin(folder):
        proxy = Proxy(rig, folder / "ledger.db")
        clients = Clients(rig, proxy.port)
        time.sleep(0.3)
        clients.stop()
        proxy.stop(rig)
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)

    def end(folder):
        subprocess.run(["mount", "-o", "remount,rw,size=1g", str(folder)], check=True)

    on_small_disk(rig, "a read-only file", begin, end, from_the_start=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--only", default="kill,two,locked,full,readonly")
    args = parser.parse_args()
    isolate()
    with Rig() as rig:
        rig.start_mock()
        for name in args.only.split(","):
            if name == "kill":
                kill(rig, args.kills)
            else:
                {"two": two, "locked": locked, "full": full, "readonly": readonly}[name](rig)
    print(f"{len(failures)} failed")
    sys.exit(1 if failures else 0)


main()
