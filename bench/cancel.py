# SPDX-License-Identifier: MIT
"""How long after its client has gone an upstream request ends: in the middle of a stream, in a
silent one, while waiting for the reply, while the provider's name resolves and while TLS shakes
hands."""

import json
import select
import socket
import time

from peers import Sluice
from rig import Broken, free_port, isolated

LIMIT_S = 3
NEVER_MS = LIMIT_S * 1000.0  # what is told of an upstream that is still open then
RESOLVER = "nameserver 127.0.0.1\noptions timeout:20 attempts:1\n"


def open_request(rig, port, body):
    s = socket.create_connection(("127.0.0.1", port), timeout=5)
    s.sendall(rig.request(port, body))
    return s


def read_for(s, seconds):
    got = b""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        s.settimeout(left)
        try:
            piece = s.recv(65536)
        except socket.timeout:
            break
        if not piece:
            raise Broken("the reply ended early")
        got += piece
    return got


def with_mock(rig, peer, body, replies):
    """Milliseconds until the provider sees the end of the connection."""
    aborted = rig.stats()["aborted"]
    s = open_request(rig, peer.port, body)
    got = read_for(s, 0.4)
    if bool(got) != replies or rig.stats()["active"] != 1:
        raise Broken(f"{peer.name}: the request is not under way as it should be")
    gone = time.monotonic_ns()
    s.close()
    while time.monotonic_ns() - gone < LIMIT_S * 1e9:
        stats = rig.stats()
        if stats["aborted"] > aborted:
            return (stats["last_abort_ns"] - gone) / 1e6
        time.sleep(0.002)
    rig.settle()
    return NEVER_MS


def streaming(rig, peer):
    return with_mock(rig, peer, "1k.every_10ms", replies=True)


def silent(rig, peer):
    return with_mock(rig, peer, "1k.silent", replies=True)


def waiting(rig, peer):
    return with_mock(rig, peer, "1k.wait", replies=False)


class Apart(Sluice):
    """Sluice in front of a provider that can not serve a first request."""

    def wait_first_reply(self, rig, begun):
        while time.monotonic_ns() - begun < 10e9 and self.process.alive():
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
                return (time.monotonic_ns() - begun) / 1e6
            except ConnectionRefusedError:
                time.sleep(0.001)
        raise Broken(f"{self.name} does not answer: {self.process.log_tail()}")


def durations_ms(log):
    """Of the exchanges in a log of JSON lines."""
    lines = log.read_text().splitlines() if log.exists() else []
    entries = [json.loads(line) for line in lines]
    return [entry["ms"] for entry in entries if "ms" in entry]


def handshake(rig, binary, rounds):
    """The provider accepts connections, and never answers the hello of TLS."""
    with socket.create_server(("127.0.0.1", free_port())) as listener:
        listener.settimeout(5)
        url = "https://127.0.0.1:%d" % listener.getsockname()[1]
        peer = Apart("tls", binary, [f"providers.anthropic.base_url={url}"])
        peer.start(rig)
        try:
            return [one_handshake(rig, peer, listener) for _ in range(rounds)]
        finally:
            peer.stop(rig)


def one_handshake(rig, peer, listener):
    client = open_request(rig, peer.port, "1k.plain")
    upstream, _ = listener.accept()
    with upstream:
        upstream.settimeout(5)
        if upstream.recv(65536)[:1] != b"\x16":
            raise Broken("the proxy does not begin with a TLS handshake")
        time.sleep(0.1)
        gone = time.monotonic_ns()
        client.close()
        upstream.settimeout(LIMIT_S)
        try:
            while upstream.recv(65536):
                pass
        except ConnectionResetError:
            pass
        except socket.timeout:
            return NEVER_MS
        return (time.monotonic_ns() - gone) / 1e6


def resolving(rig, binary, rounds):
    """The name server never answers. Needs a network of its own for port 53 and a mount of its own
    for resolv.conf; the end is told by the log, with the duration of the exchange."""
    if not isolated():
        return []
    conf = rig.folder / "resolv.conf"
    conf.write_text(RESOLVER)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 53))
        peer = Apart("resolving", binary, ["providers.anthropic.base_url=http://provider.example",
                                           "log.format=json"])
        script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        peer.start(rig, before=["unshare", "-m", "sh", "-c", script, conf])
        try:
            return [one_resolving(rig, peer, server) for _ in range(rounds)]
        finally:
            peer.stop(rig)


def one_resolving(rig, peer, server):
    drain(server)
    log = peer.log(rig)
    before = len(durations_ms(log))
    client = open_request(rig, peer.port, "1k.plain")
    sent = time.monotonic_ns()
    if not select.select([server], [], [], 5)[0]:
        raise Broken("the proxy asked no name server")
    time.sleep(0.1)
    gone = time.monotonic_ns()
    client.close()
    while time.monotonic_ns() - gone < LIMIT_S * 1e9:
        if len(ended := durations_ms(log)) > before:
            return max(0, ended[-1] - (gone - sent) / 1e6)
        time.sleep(0.01)
    return NEVER_MS


def drain(server):
    server.setblocking(False)
    try:
        while True:
            server.recv(4096)
    except BlockingIOError:
        pass


WITH_MOCK = {"streaming": streaming, "silent stream": silent, "waiting": waiting}
APART = {"resolving": resolving, "TLS handshake": handshake}
