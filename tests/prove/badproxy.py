#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A proxy with the command line of sluice that does one thing wrong, so that run.py can see the proof fail.

    badproxy.py FAULT start --config FILE | FAULT stats --config FILE all --json

FAULT: none; reformat (the JSON of a body is printed anew); forget (old tool results are shortened); twice (each
request is sent twice); ledger (its ledger is a nano-dollar off); reply (an event gets a blank more); lose (the second
request is answered without the provider)."""

import http.client
import http.server
import json
import os
import signal
import sys


def shorten(message):
    for block in message["content"]:
        if block["type"] == "tool_result":
            block["content"] = "[gone]"
    return message


def changed(fault, body):
    value = json.loads(body)
    if fault == "reformat":
        return json.dumps(value).encode()
    if fault == "forget":
        value["messages"][:-1] = [shorten(m) for m in value["messages"][:-1]]
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return body


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        status, kind, reply = 200, "application/json", b'{"content":[]}'
        self.server.requests += 1
        if self.server.fault != "lose" or self.server.requests != 2:
            for _ in range(2 if self.server.fault == "twice" else 1):
                status, kind, reply = self._ask(changed(self.server.fault, body))
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def _ask(self, body):
        skip = ("host", "content-length", "connection")
        headers = {k: v for k, v in self.headers.items() if k.lower() not in skip}
        conn = http.client.HTTPConnection(self.server.upstream, timeout=60)
        conn.request("POST", self.path, body, headers)
        reply = conn.getresponse()
        out = reply.status, reply.headers["content-type"], reply.read()
        if self.server.fault == "reply":
            out = (*out[:2], out[2].replace(b"data: {", b"data:  {", 1))
        conn.request("GET", "/sim/bill?rows=0")
        with open("bill", "wb") as f:
            f.write(conn.getresponse().read())
        conn.close()
        return out

    def log_message(self, *args):
        pass


def start(fault, config):
    host, port = config["listen"][0].split(":")
    server = http.server.ThreadingHTTPServer((host, int(port)), Handler)
    server.fault, server.requests = fault, 0
    server.upstream = config["providers"]["anthropic"]["base_url"].removeprefix("http://")
    signal.signal(signal.SIGTERM, lambda *args: os._exit(0))
    server.serve_forever()


def stats(fault):
    with open("bill", encoding="utf-8") as f:
        total = json.load(f)["total"]["nano_usd"]["total"]
    print(json.dumps({"cost_nano_usd": {"total": total + (fault == "ledger")}, "models": []}))


def main(fault, command, *options):
    if command == "stats":
        stats(fault)
    else:
        with open(options[options.index("--config") + 1], encoding="utf-8") as f:
            start(fault, json.load(f))


if __name__ == "__main__":
    main(*sys.argv[1:])
