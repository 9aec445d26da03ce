#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Drives the release binary through exchanges while the n-th of each system call on its sockets fails, for every n that
there is. Checks that the process survives, that every exchange ends, that no half answer looks like a whole one, that
no provider gets two whole copies of a POST, that the next exchange succeeds, and that no descriptor is left over.

    run.py SLUICE [PRELOAD]

PRELOAD is tests/fault/preload.c as a shared library (default: tests/fault_preload.so beside SLUICE). The last line is
"N passed, N failed"."""

import errno
import mmap
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

CALLS = ["none", "socket", "connect", "accept4", "send", "recv", "read", "write", "epoll_ctl"]
SHORT, END = 0, -1
# What fails how. send and recv are libcurl's, read and write are libuv's.
FAULTS = {
    "socket": [errno.EMFILE, errno.ENOBUFS],
    "connect": [errno.ECONNREFUSED, errno.ENETUNREACH, errno.EADDRNOTAVAIL],
    "accept4": [errno.ECONNABORTED, errno.EMFILE, errno.EINTR, errno.EAGAIN],
    "send": [errno.ECONNRESET, errno.EPIPE, errno.ENOBUFS, errno.EAGAIN, errno.EINTR, SHORT],
    "recv": [errno.ECONNRESET, errno.ETIMEDOUT, errno.EAGAIN, errno.EINTR, END, SHORT],
    "read": [errno.ECONNRESET, errno.ETIMEDOUT, errno.EAGAIN, errno.EINTR, END, SHORT],
    "write": [errno.ECONNRESET, errno.EPIPE, errno.EAGAIN, errno.EINTR, SHORT],
    "epoll_ctl": [errno.ENOSPC, errno.ENOMEM],
}
# Failures after which nothing is lost: the exchange must succeed all the same...
HARMLESS = {errno.EAGAIN, errno.EINTR, SHORT}
# ...except where libcurl before 8.7 would go on without chunking, and is stopped.
MAY_REFUSE = ("upload", "send", 1)
MOST = 40  # a call that comes more often in one exchange is not counted further
WAIT_S = 60  # a client that still waits then will wait for ever
BIG = 300_000

passed, failed = 0, []


def check(ok, what):
    global passed
    if ok:
        passed += 1
    else:
        failed.append(what)
        print("FAILED:", what, flush=True)
    return ok


class Control:
    """The countdown that preload.c reads."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "control")
        with open(self.path, "wb") as f:
            f.write(bytes(16))
        with open(self.path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 16)

    def arm(self, call, nth, error):
        self.disarm()
        self.map[4:16] = struct.pack("iii", nth, error, 0)
        self.map[0:4] = struct.pack("i", CALLS.index(call))

    def disarm(self):
        self.map[0:4] = bytes(4)

    def fired(self):
        return struct.unpack("i", self.map[12:16])[0]


def read_head(f):
    """Request or status line and headers of a message; None at the end of the connection."""
    line = f.readline()
    if not line.endswith(b"\r\n"):
        return None
    headers = {}
    while True:
        h = f.readline()
        if not h.endswith(b"\n"):
            return None
        if h == b"\r\n":
            return line.decode(), headers
        name, _, value = h.decode().partition(":")
        headers[name.lower()] = value.strip()


def read_body(f, headers):
    """The body, and whether it is whole."""
    if "content-length" in headers:
        n = int(headers["content-length"])
        body = f.read(n)
        return body, len(body) == n
    if headers.get("transfer-encoding") != "chunked":
        return b"", True
    body = b""
    while True:
        line = f.readline()
        if not line.endswith(b"\r\n"):
            return body, False
        n = int(line, 16)
        piece = f.read(n + 2)
        if len(piece) != n + 2:
            return body + piece, False
        if n == 0:
            return body, True
        body += piece[:-2]


class Provider:
    """Answers by path, and counts the whole requests with each id."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.whole, self.connections, self.lock = {}, set(), threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            s, _ = self.listener.accept()
            with self.lock:
                self.connections.add(s)
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        try:
            with s, s.makefile("rb") as f:
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while self.one(s, f):
                    pass
        except OSError:
            pass
        with self.lock:
            self.connections.discard(s)

    def one(self, s, f):
        head = read_head(f)
        if head is None:
            return False
        body, whole = read_body(f, head[1])
        if not whole:
            return False
        with self.lock:
            key = head[1].get("x-id")
            self.whole[key] = self.whole.get(key, 0) + 1
        path = head[0].split()[1]
        if path == "/v1/messages?stream":
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            for i in range(6):
                s.sendall(chunk(event(i)))
                time.sleep(0.001)
            s.sendall(b"0\r\n\r\n")
        elif path == "/v1/messages?big":
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % BIG)
            s.sendall(big())
        else:
            answer = b"%s has %d bytes" % (path.encode(), len(body))
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))
        return head[1].get("x-last") is None

    def drop_all(self):
        with self.lock:
            for s in self.connections:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


def chunk(b):
    return b"%x\r\n%s\r\n" % (len(b), b)


def event(i):
    return b"event: content_block_delta\ndata: {\"n\":%d}\n\n" % i


def big():
    return bytes(97 + i % 26 for i in range(BIG))


BIG_BYTES = big()
# Name: request line's path, body, how it is sent, what a whole answer is.
EXCHANGES = {
    "json": ("/v1/messages", b'{"model":"m"}', False, b"/v1/messages has 13 bytes"),
    "stream": ("/v1/messages?stream", b'{"model":"m"}', False, b"".join(event(i) for i in range(6))),
    "big": ("/v1/messages?big", b'{"model":"' + BIG_BYTES + b'"}', False, BIG_BYTES),
    "upload": ("/v1/files", BIG_BYTES, True, b"/v1/files has %d bytes" % BIG),
}


class Sluice:
    """The program with the library in front of its system calls."""

    def __init__(self, program, preload, folder, provider):
        self.control = Control(folder)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.count = 0
        env = {"HOME": folder, "PATH": os.environ.get("PATH", ""), "XDG_RUNTIME_DIR": folder}
        env |= {"LD_PRELOAD": preload, "FAULT_CONTROL": self.control.path}
        sets = [f"listen=127.0.0.1:{self.port}", "limits.drain_s=0", "providers.anthropic.timeouts.first_byte_s=2"]
        sets += [f"providers.{n}.base_url=http://127.0.0.1:{provider.port}" for n in ("anthropic", "openai")]
        sets += [f"providers.{n}.timeouts.idle_s=2" for n in ("anthropic", "openai")]
        sets += ["providers.openai.timeouts.first_byte_s=2"]
        command = [program, "start"] + [a for s in sets for a in ("--set", s)]
        with open(os.path.join(folder, "log"), "wb") as self.log:
            self.process = subprocess.Popen(
                command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
            )
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end and self.alive():
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.01)

    def alive(self):
        return self.process.poll() is None

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def exchange(self, name, last=False):
        """One exchange on a connection of its own: "whole", "wrong", "refused", "broken" or "hangs"; and its id."""
        path, body, chunked, want = EXCHANGES[name]
        self.count += 1
        ident = f"{name}-{self.count}"
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nx-id: {ident}\r\nConnection: close\r\n"
        head += "x-last: 1\r\n" if last else ""
        head += "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
        data = b"".join(chunk(body[i : i + 50000]) for i in range(0, len(body), 50000)) + b"0\r\n\r\n" if chunked else body
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_S) as s:
                threading.Thread(target=send_quietly, args=(s, head.encode() + b"\r\n\r\n" + data), daemon=True).start()
                with s.makefile("rb") as f:
                    return judge(f, want), ident
        except TimeoutError:
            return "hangs", ident
        except OSError:
            return "broken", ident


def send_quietly(s, data):
    try:
        s.sendall(data)
    except OSError:
        pass


def judge(f, want):
    """What a client makes of what it reads."""
    head = read_head(f)
    if head is None:
        return "broken"
    got, whole = read_body(f, head[1])
    if not whole:
        return "broken" if want.startswith(got) else "wrong"
    if head[0].split()[1] != "200":
        return "refused"
    if got == want:
        return "whole"
    # A stream is told of the failure by an event behind those that came.
    events, _, error = got.partition(b"event: error\n")
    return "refused" if error and want.startswith(events) else "wrong"


def settle(sluice, provider, wanted=0):
    """Ends all pooled connections and gives how many descriptors are left; waits until there are no more than wanted,
    or else until their number has not changed for a second."""
    provider.drop_all()
    time.sleep(1.2)
    for _ in range(3):
        sluice.exchange("json", last=True)
    count, since, end = sluice.descriptors(), time.monotonic(), time.monotonic() + WAIT_S
    while count > wanted and time.monotonic() < (end if wanted else since + 1):
        time.sleep(0.05)
        now = sluice.descriptors()
        count, since = now, (since if now == count else time.monotonic())
    return count


def one_fault(sluice, provider, name, call, nth, error):
    """False when the exchange has no n-th call."""
    if call in ("socket", "connect"):
        provider.drop_all()  # else a pooled connection would do
        time.sleep(0.02)
    what = f"{name}: {call} {nth}: " + {SHORT: "short", END: "end"}.get(error, errno.errorcode.get(error, "?"))
    sluice.control.arm(call, nth, error)
    result, ident = sluice.exchange(name)
    fired = sluice.control.fired() > 0
    sluice.control.disarm()
    if error == errno.EMFILE:
        time.sleep(0.05)  # libuv goes on closing what it accepts until nothing more comes
    if not fired:
        check(result == "whole", f"{what}: did not happen, and yet: {result}")
        return False
    fine = sluice.alive() and result != "hangs" and result != "wrong"
    fine = fine and (
        error not in HARMLESS
        or call == "epoll_ctl"
        or result == "whole"
        or ((name, call, nth) == MAY_REFUSE and result == "refused")
    )
    check(fine, f"{what}: {'died' if not sluice.alive() else result}")
    check(provider.whole.get(ident, 0) <= 1, f"{what}: {provider.whole.get(ident)} whole copies of one POST")
    result, _ = sluice.exchange("json")
    check(result == "whole", f"{what}: the next exchange: {result}")
    return sluice.alive()


def run(program, preload, folder):
    provider = Provider()
    sluice = Sluice(program, preload, folder, provider)
    for name in EXCHANGES:
        check(sluice.exchange(name)[0] == "whole", f"{name} without any fault")
    before = settle(sluice, provider)
    fired = {}
    for call, errors in FAULTS.items():
        for error in errors:
            for name in EXCHANGES:
                nth = 1
                while nth <= MOST and one_fault(sluice, provider, name, call, nth, error):
                    nth += 1 if nth < 8 else nth // 4
                    fired[call] = fired.get(call, 0) + 1
                if not sluice.alive():
                    return sluice
    for call in FAULTS:
        check(fired.get(call, 0) > 0, f"{call} never failed")
    after = settle(sluice, provider, before)
    check(after <= before, f"{before} descriptors before, {after} after")
    print("faults:", ", ".join(f"{n} {call}" for call, n in fired.items()))
    return sluice


def main():
    program = os.path.abspath(sys.argv[1])
    preload = os.path.join(os.path.dirname(program), "tests", "fault_preload.so")
    preload = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else preload
    if not os.path.exists(preload):
        sys.exit(f"run.py: there is no {preload}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        sluice = run(program, preload, folder)
        if sluice.alive():
            sluice.process.terminate()
            try:
                status = sluice.process.wait(10)
            except subprocess.TimeoutExpired:
                sluice.process.kill()
                status = None
            check(status == 0, f"ended with {status}")
        else:
            with open(os.path.join(folder, "log"), encoding="utf-8", errors="replace") as f:
                print(f.read()[-2000:])
    print(f"{passed} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


main()
