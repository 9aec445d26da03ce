#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs every vector through the whole program: the client's request goes in, what the provider is asked and what the client is
answered are compared with what the vector says. Streams come from the provider in ragged pieces.

    run.py SLUICE [-j N] [--only REGEX] [--seed N] [--verbose]

What a vector consists of, and how its parts are compared, is in README.md. The last line is "N passed, N failed".
"""

import argparse
import concurrent.futures
import http.client
import http.server
import json
import os
import random
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PATHS = {"anthropic": "/v1/messages", "openai-chat": "/v1/chat/completions", "responses": "/v1/responses"}
DIALECTS = {"anthropic": "anthropic", "openai-chat": "chat", "responses": "openai", "gemini": "gemini"}
CREATED = 1700000000
WAIT_S = 60


class Wrong(Exception):
    """What a vector shows is not what happened."""


def read(folder, name):
    try:
        with open(os.path.join(folder, name), "rb") as f:
            return f.read()
    except FileNotFoundError:
        return None


def note(folder):
    ret = {}
    for line in read(folder, "NOTE").decode().split("---\n")[0].splitlines():
        key, _, value = line.partition(": ")
        ret[key] = json.loads(value)
    return ret


# ---- the provider ----


class Provider(http.server.ThreadingHTTPServer):
    """Gives the vector's reply to every request, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self, vector, folder, seed):
        super().__init__(("127.0.0.1", 0), Handler)
        self.vector, self.asked, self.random = vector, [], random.Random(seed)
        self.sse, self.json = read(folder, "upstream_reply.sse"), read(folder, "upstream_reply.json")
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_POST(self):
        server = self.server
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        server.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        streamed = server.sse is not None
        self.send_response(server.vector["upstream_status"])
        self.send_header("content-type", "text/event-stream" if streamed else "application/json")
        for name, value in server.vector.get("upstream_headers", {}).items():
            self.send_header(name, value)
        if streamed:
            self.send_header("connection", "close")
            self.end_headers()
            self.send_ragged(server.sse)
        else:
            reply = server.json or b"{}"
            self.send_header("content-length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

    def send_ragged(self, data):
        self.close_connection = True
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data:
            n = self.server.random.choice((1, 2, 3, 7, 40, 200, 1000))
            self.wfile.write(data[:n])
            data = data[n:]


# ---- the proxy ----


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def entry(route):
    params = [f"caps.{name}={json.dumps(value).strip(chr(34))}" for name, value in route.get("caps", {}).items()]
    return " ".join([f"up/{route['model']}"] + params)


def configuration(vector, provider_port, port):
    client, provider = vector["pair"].split("->")
    return {
        "listen": [f"127.0.0.1:{port}"],
        "store": {"enabled": False},
        "models": {"*": entry(vector["route"])},
        "providers": {
            "up": {
                "dialect": DIALECTS[provider],
                "flavor": vector["route"]["flavor"],
                "base_url": f"http://127.0.0.1:{provider_port}",
                "api_key": "key-of-the-provider",
            }
        },
    }


class Proxy:
    def __init__(self, sluice, vector, provider_port):
        self.folder = tempfile.mkdtemp(prefix="vector-")
        self.port = free_port()
        path = os.path.join(self.folder, "config.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(configuration(vector, provider_port, self.port), f)
        self.log = open(os.path.join(self.folder, "log"), "wb")
        env = {"HOME": self.folder, "PATH": os.environ["PATH"]}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                env[name] = os.environ[name]
        self.process = subprocess.Popen(
            [*sluice, "start", "--config", path], cwd=self.folder, env=env, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.005)
        raise Wrong("sluice does not start: " + self.said())

    def said(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as f:
            return f.read()[-2000:]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            status = self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        said = self.said()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        if status != 0:
            raise Wrong(f"sluice ended with {status}: {said}")


# ---- comparing ----


def events(text):
    """The sequence of (event name, value); pings and comments are none."""
    ret = []
    for frame in re.split(r"\r\n\r\n|\n\n|\r\r", text):
        name, data = None, []
        for line in re.split(r"\r\n|\n|\r", frame):
            field, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            if field == "event":
                name = value
            elif field == "data":
                data.append(value)
        if data and name != "ping":
            joined = "\n".join(data)
            ret.append((name, joined if joined == "[DONE]" else leveled(json.loads(joined))))
    return ret


def leveled(value):
    """Moments and ids of requests are made anew each time."""
    if isinstance(value, list):
        return [leveled(v) for v in value]
    if not isinstance(value, dict):
        return value
    ret = {k: leveled(v) for k, v in value.items()}
    for name in ("created", "created_at"):
        if isinstance(ret.get(name), int):
            ret[name] = CREATED
    if "request_id" in ret:
        ret["request_id"] = "req_test"
    return ret


def same(what, got, want):
    if got != want:
        raise Wrong(f"{what}:\n      got  {json.dumps(got, ensure_ascii=False)}\n      want {json.dumps(want, ensure_ascii=False)}")


def check_upstream(vector, folder, asked):
    want = read(folder, "upstream_expected.json")
    if want is None:
        same("requests to the provider", len(asked), 0)
        return
    same("requests to the provider", len(asked), 1 + vector.get("retries", 0))
    for path, headers, body in asked:
        if vector.get("byte_exact"):
            same("the provider's request", body.decode(), want.decode())
        else:
            same("the provider's request", json.loads(body), json.loads(want))
        if "url" in vector:
            same("its path", path, vector["url"])
        for name, value in vector.get("upstream_headers_expected", {}).items():
            same(f"its header {name}", headers.get(name), value)
        if "client-key" in str(headers):
            raise Wrong("the client's key went to the provider")


def check_client(vector, folder, reply):
    status, headers, body = reply
    same("status", status, vector["client_status"])
    sse, whole = read(folder, "client_expected.sse"), read(folder, "client_expected.json")
    if vector.get("byte_exact"):
        same("the client's reply", body.decode(), (sse or whole).decode())
    elif sse is not None:
        got, want = events(body.decode()), events(sse.decode())
        for i, (g, w) in enumerate(zip(got, want)):
            same(f"event {i}", g, w)
        same("number of events", len(got), len(want))
    else:
        same("the client's reply", leveled(json.loads(body)), leveled(json.loads(whole)))
    warnings = headers.get("x-sluice-warnings", "")
    same("warnings", warnings.split(",") if warnings else [], vector["warnings"])
    for name, value in vector.get("client_headers_expected", {}).items():
        got = headers.get(name)
        if value == "req_test":
            value = got or "an id"
        same(f"the reply's header {name}", got.split(";")[0] if got else got, value)


def ask(port, vector, folder):
    client = vector["pair"].split("->")[0]
    path = vector.get("endpoint", PATHS[client])
    headers = {"content-type": "application/json", "authorization": "Bearer client-key", "anthropic-version": "2023-06-01"}
    if client != "anthropic":
        del headers["anthropic-version"]
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
    c.request("POST", path, read(folder, "client.json"), headers)
    r = c.getresponse()
    body = r.read()
    c.close()
    return r.status, {k.lower(): v for k, v in r.getheaders()}, body


def run(sluice, case, seed):
    folder = os.path.join(HERE, case)
    vector = note(folder)
    provider = Provider(vector, folder, seed)
    try:
        proxy = Proxy(sluice, vector, provider.server_port)
        try:
            reply = ask(proxy.port, vector, folder)
            check_client(vector, folder, reply)
            check_upstream(vector, folder, provider.asked)
        except Wrong as e:
            raise Wrong(f"{e}\n      {vector['pair']}") from None
        except (OSError, ValueError, http.client.HTTPException) as e:
            raise Wrong(f"{type(e).__name__}: {e}; sluice said {proxy.said()}") from None
        finally:
            proxy.stop()
    finally:
        provider.shutdown()
        provider.server_close()


def program(text):
    words = shlex.split(text)
    return [os.path.abspath(w) if os.path.exists(w) else w for w in words]


def attempt(args, case):
    try:
        run(args.sluice, case, args.seed)
        return None
    except Wrong as e:
        return str(e)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sluice", type=program, help="the program, maybe behind one that starts it")
    parser.add_argument("-j", type=int, default=2)
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    with open(os.path.join(HERE, "index.json"), encoding="utf-8") as f:
        cases = [row["case"] for row in json.load(f) if re.search(args.only, row["case"])]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(args.j) as pool:
        for case, why in zip(cases, pool.map(lambda c: attempt(args, c), cases)):
            failed += why is not None
            if why is not None or args.verbose:
                print(f"{'FAILED' if why else 'passed'} {case}{': ' + why if why else ''}", flush=True)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
