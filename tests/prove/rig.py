# SPDX-License-Identifier: MIT
"""Starts the programs: the provider simulator, and sluice in front of it, under a wall clock that follows the
recording."""

import collections
import datetime
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from client import Client

START_S, STOP_S = 60, 60
FAKETIME = ("/usr/lib/*/faketime", "/usr/lib*/faketime", "/usr/local/lib*/faketime")


class Wrong(Exception):
    """Something about the programs, not about a request."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def end_on_signals():
    """Lets signals end Python by an exception, so that what was started is stopped."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda n, frame: sys.exit(128 + n))


class Program:
    """A process that listens on a port of its own, in a folder of its own, until stop()."""

    def __init__(self, name):
        self.name, self.port = name, free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.folder = tempfile.mkdtemp(prefix=f"{name}-")
        self.output, self.process = os.path.join(self.folder, "output"), None

    def start(self, command, env=None):
        with open(self.output, "ab") as out:
            args = {"cwd": self.folder, "env": env, "stdin": subprocess.DEVNULL, "stdout": out, "stderr": out}
            self.process = subprocess.Popen(command, **args)
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.005)
        said = self.said().strip()
        self.remove()
        raise Wrong(f"{self.name} does not start: {said}")

    def said(self):
        with open(self.output, encoding="utf-8", errors="replace") as f:
            return f.read()

    def stop(self):
        """Its exit status; None when it had to be killed."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


# What the simulator received; cost in nano-dollars, tokens of the prompt by how they were billed.
Row = collections.namedtuple("Row", "n status model script sha256 cost prompt read")


class Simulator(Program):
    """The provider, steered over HTTP (docs/simulator.md)."""

    def __init__(self, program, *options):
        super().__init__("sluice-sim")
        self.delay_ms = 0  # before the first token
        self.start([program, "--listen", self.address, *options])
        self.url, self.client, self.next = f"http://{self.address}", Client(self.address), 0

    def clock(self, at):
        self.client.json("/sim/clock", {"now_ms": round(at * 1000)})

    def reset(self):
        self.client.json("/sim/reset", {})
        self.next = 0

    def script(self, key, blocks, named=True):
        """Loads a reply; the headers with which a request asks for it. Thinking is signed there. One without a name is for
        whoever asks next: headers do not go along with a translation."""
        content = [{k: v for k, v in b.items() if k != "signature"} for b in blocks]
        reply = {"content": content, "delay_ms": self.delay_ms, **({"id": key} if named else {})}
        self.client.json("/sim/script", {"replies": [reply]})
        return {"x-sim-script": key} if named else {}

    def new_rows(self):
        """What was received since the last call."""
        received = self.client.json(f"/sim/requests?since={self.next}")["requests"]
        billed = {r["n"]: r for r in self.client.json(f"/sim/bill?since={self.next}")["requests"]}
        self.next = received[-1]["n"] + 1 if received else self.next
        return [self._row(r, billed.get(r["n"], {})) for r in received]

    def _row(self, received, billed):
        cost = (billed.get("nano_usd") or {}).get("total", 0)
        names = billed.get("model", ""), billed.get("script", "")
        tokens = {k: v for k, v in (billed.get("tokens") or {}).items() if isinstance(v, int)}
        prompt = sum(v for k, v in tokens.items() if not k.startswith(("output", "thinking", "reasoning")))
        read = sum(v for k, v in tokens.items() if "read" in k)
        return Row(received["n"], received["status"], *names, received["sha256"], cost, prompt, read)

    def body(self, row):
        """The bytes that were received; the latest 64 MB of them are kept."""
        return self.client.call("GET", f"/sim/requests/{row.n}").read()

    def total(self):
        """The whole bill; ValueError when it has something without a price."""
        total = self.client.json("/sim/bill?rows=0")["total"]
        if total["unpriced"]:
            raise ValueError(f"{total['unpriced']} requests have no known price")
        return total["nano_usd"]["total"]


def faketime_library():
    found = [f for place in FAKETIME for f in glob.glob(place + "/libfaketimeMT.so.1")]
    if not found:
        raise Wrong("libfaketime is missing (Debian package faketime)")
    return found[0]


class Sluice(Program):
    """The proxy, which sends everything on as asked unless a setting says otherwise. With a clock its wall time is what
    set_clock() said last, and runs on from there; durations are real."""

    def __init__(self, program, upstream, settings=(), at=None):
        super().__init__("sluice")
        self.program = program
        self.env = {"HOME": self.folder, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC"}
        self.env["XDG_RUNTIME_DIR"] = self.folder
        self.clock_file = os.path.join(self.folder, "clock")
        if at is not None:
            self.env.update(self._faketime())
            self.set_clock(at)
        config = os.path.join(self.folder, "config.json")
        with open(os.open(config, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as f:
            providers = {"anthropic": {"base_url": upstream}}
            json.dump({"listen": [self.address], "providers": providers, "route": {"profile": "observe"}}, f)
        self.options = ["--config", config]
        for setting in settings:
            self.options += ["--set", setting]
        self.start([program, "start", *self.options], self.env)

    def _faketime(self):
        return {
            "LD_PRELOAD": faketime_library(),
            "FAKETIME_TIMESTAMP_FILE": self.clock_file,
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set_clock(self, at):
        """The file is replaced in one step: no reading of it sees half a time."""
        when = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
        with open(self.clock_file + ".new", "w", encoding="ascii") as f:
            f.write(when.strftime("@%Y-%m-%d %H:%M:%S.%f\n"))
        os.replace(self.clock_file + ".new", self.clock_file)

    def run(self, *command):
        """A command of the program; (exit status, output)."""
        args = [self.program, command[0], *self.options, *command[1:]]
        done = subprocess.run(args, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout or done.stderr
