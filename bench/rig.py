# SPDX-License-Identifier: MIT
"""What benchmarks and load checks stand on: a private loopback network, the compiled client and
provider, processes on cores of their own, and readings from /proc."""

import fcntl
import json
import os
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bodies

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
ISOLATED = "SLUICE_BENCH_ISOLATED"
MOCK_PORT = 9000  # where nobody else can have it
CFLAGS = ["-O2", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra"]
PROGRAMS = {"mock": ["mock.c", "mock_reply.c"], "lat": ["lat.c"]}


class Broken(Exception):
    """A measurement that is worth nothing: a process died, a reply was wrong, a tool is missing."""


def isolate():
    """Continues in network, mount and process namespaces of its own where that is allowed (root);
    there all processes end with this one. Elsewhere it stays on the machine's loopback."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if os.environ.get(ISOLATED):
        set_loopback_up()
        return True
    unshare = ["unshare", "-n", "-m", "-p", "-f", "--kill-child", "--mount-proc"]
    if os.geteuid() or subprocess.run([*unshare, "true"], stderr=subprocess.DEVNULL).returncode:
        return False
    os.environ[ISOLATED] = "1"
    os.execvp("unshare", [*unshare, sys.executable, *sys.argv])


def take_precedence():
    """Over all other programs of the machine, which get what is left; needs root."""
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def isolated():
    return bool(os.environ.get(ISOLATED))


def set_loopback_up():
    get_flags, set_flags, up = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = fcntl.ioctl(s, get_flags, struct.pack("16sh14x", b"lo", 0))
        flags = struct.unpack("16sh14x", request)[1]
        fcntl.ioctl(s, set_flags, struct.pack("16sh14x", b"lo", flags | up))


def tool(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise Broken(f"{name} is not installed")
    return path


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    """A program under measurement and all its children."""

    def __init__(self, popen, log):
        self.popen = popen
        self.pid = popen.pid
        self.log = log

    def tree(self):
        found, new = [], [self.pid]
        while new:
            pid = new.pop()
            found.append(pid)
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                try:
                    new += map(int, children.read_text().split())
                except OSError:
                    pass
        return found

    def sum_over_tree(self, read):
        total = 0
        for pid in self.tree():
            try:
                total += read(Path(f"/proc/{pid}"))
            except OSError:
                pass
        return total

    def cpu_ns(self):
        return self.sum_over_tree(lambda proc: sum(
            int(stat.read_text().split()[0]) for stat in proc.glob("task/*/schedstat")))

    def status_kib(self, field):
        pattern = re.compile(rf"^{field}:\s+(\d+) kB", re.M)
        return self.sum_over_tree(
            lambda proc: int(pattern.search((proc / "status").read_text()).group(1)))

    def rss_kib(self):
        return self.status_kib("VmRSS")

    def descriptors(self):
        return self.sum_over_tree(lambda proc: len(os.listdir(proc / "fd")))

    def threads(self):
        return self.sum_over_tree(lambda proc: len(os.listdir(proc / "task")))

    def alive(self):
        return self.popen.poll() is None

    def log_tail(self):
        return self.log.read_text(errors="replace")[-500:].strip()

    def stop(self):
        """Asks twice, as a program may finish its open requests at the first time; then kills."""
        for sent, wait_s in ((signal.SIGTERM, 0.5), (signal.SIGTERM, 4), (signal.SIGKILL, 4)):
            if not self.alive():
                break
            self.popen.send_signal(sent)
            try:
                self.popen.wait(wait_s)
            except subprocess.TimeoutExpired:
                pass


class Rig:
    """Use as a context: at the end all processes are gone, and so is the folder."""

    def __init__(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        cores = sorted(os.sched_getaffinity(0))
        # The program under measurement has a core of its own; client and provider share the other.
        self.near_core, self.own_core = cores[0], cores[min(1, len(cores) - 1)]
        self.started = []
        self.mock_port = None

    def __enter__(self):
        self.holder = tempfile.TemporaryDirectory(prefix="bench-")
        self.folder = Path(self.holder.name)
        (self.folder / "bodies").mkdir()
        bodies.write(self.folder / "bodies")
        for name, sources in PROGRAMS.items():
            subprocess.run([os.environ.get("CC", "cc"), *CFLAGS, "-o", self.folder / name,
                            *[HERE / source for source in sources]], check=True)
        return self

    def __exit__(self, *_):
        for process in reversed(self.started):
            process.stop()
        self.holder.cleanup()

    def spawn(self, command, core, name, env=None):
        log = self.folder / f"{name}.out"
        os.sched_setaffinity(0, {core})
        try:
            with log.open("ab") as out:
                popen = subprocess.Popen(
                    [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out,
                    stderr=subprocess.STDOUT, cwd=self.folder, env=env)
        finally:
            os.sched_setaffinity(0, {self.near_core})
        process = Process(popen, log)
        self.started.append(process)
        return process

    def stop(self, process):
        process.stop()
        self.started.remove(process)

    def casualties(self):
        """Tells of processes that ended by themselves; what was measured then is no figure."""
        return "".join(f"; {p.log.stem} ended with {p.popen.returncode} {p.log_tail()}"
                       for p in self.started if not p.alive())

    def start_mock(self, pad=0):
        """Starts the provider and makes it the one that `stats` asks; returns its port."""
        self.mock_port = MOCK_PORT if isolated() else free_port()
        mock = self.spawn([self.folder / "mock", "-p", pad, self.mock_port], self.near_core, "mock")
        until = time.monotonic() + 5
        while time.monotonic() < until and mock.alive():
            try:
                self.stats()
                return self.mock_port
            except OSError:
                time.sleep(0.01)
        raise Broken(f"the mock does not answer: {mock.log_tail()}")

    def stats(self):
        with socket.create_connection(("127.0.0.1", self.mock_port), timeout=10) as s:
            s.sendall(b"GET /stats HTTP/1.1\r\nHost: x\r\n\r\n")
            data = b""
            while b"}" not in data:
                piece = s.recv(4096)
                if not piece:
                    raise Broken("the mock closed /stats")
                data += piece
        return json.loads(data.split(b"\r\n\r\n", 1)[1])

    def body(self, name):
        return self.folder / "bodies" / f"{name}.json"

    def request(self, port, body, headers=""):
        """The bytes of one request, for those who use sockets."""
        content = self.body(body).read_bytes()
        return (f"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                "Content-Type: application/json\r\nx-api-key: sk-test\r\n"
                f"anthropic-version: 2023-06-01\r\n{headers}Content-Length: {len(content)}\r\n\r\n"
                ).encode() + content

    def start_lat(self, port, body, *options):
        command = [self.folder / "lat", "-p", port, "-b", self.body(body), *options]
        return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)

    @staticmethod
    def lat_result(popen):
        out, _ = popen.communicate()
        if popen.returncode:
            raise Broken(f"lat ended with {popen.returncode}")
        return json.loads(out)

    def lat(self, port, body, *options):
        return self.lat_result(self.start_lat(port, body, *options))

    def start_wrk(self, port, body, connections, seconds):
        return subprocess.Popen(
            [tool("wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s",
             "--latency", "-s", str(HERE / "wrk.lua"), f"http://127.0.0.1:{port}"],
            env=dict(os.environ, BODY=str(self.body(body))), stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)

    @staticmethod
    def wrk_result(popen):
        _, err = popen.communicate()
        found = re.search(r"\{.*\}", err)
        if not found:
            raise Broken(f"wrk: {err[-300:]}")
        return json.loads(found.group(0))

    def settle(self, process=None, limit_s=25):
        """Waits until nothing is under way, at the provider and in the process."""
        until = time.monotonic() + limit_s
        while time.monotonic() < until:
            before = process.cpu_ns() if process else 0
            time.sleep(0.2)
            busy_ns = process.cpu_ns() - before if process else 0
            if self.stats()["active"] == 0 and busy_ns < 10e6:
                return


def machine():
    """What the figures were measured on."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {
        "cpu": model.group(1) if model else "",
        "cores": os.cpu_count(),
        "kernel": os.uname().release,
        "load": os.getloadavg(),
        "isolated": isolated(),
    }
