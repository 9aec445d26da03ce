# SPDX-License-Identifier: MIT
"""A strict client: sends a Messages request, checks the grammar of the stream as it comes and puts the reply
together."""

import hashlib
import http.client
import json

DELTAS = {
    "text": ("text_delta", "text", "text"),
    "thinking": ("thinking_delta", "thinking", "thinking"),
    "tool_use": ("input_json_delta", "partial_json", "json"),
}
TIMEOUT_S = 120


class Failed(Exception):
    """No usable reply. status is that of HTTP, 0 for a broken connection or stream."""

    def __init__(self, status, text):
        super().__init__(f"{status or 'broken reply'}: {text[:300]}")
        self.status, self.text = status, text


class Reply:
    """Takes events in turn; Failed where they break the grammar."""

    def __init__(self):
        self.message, self.open, self.done = None, None, False

    def take(self, event):
        kind = event["type"]
        if kind == "error":
            raise Failed(0, "error event: " + json.dumps(event))
        if kind == "ping":
            return
        if self.done or (self.message is None) != (kind == "message_start"):
            raise Failed(0, "unexpected " + kind)
        if kind == "message_start":
            self.message = {**event["message"], "content": []}
        elif kind == "message_delta" and self.open is None:
            self.message.update(event["delta"])
            late = {k: v for k, v in (event.get("usage") or {}).items() if v is not None}
            self.message["usage"] = {**(self.message.get("usage") or {}), **late}
        elif kind == "message_stop" and self.open is None and self.message.get("stop_reason"):
            self.done = True
        else:
            self._block(kind, event)

    def _block(self, kind, event):
        content, index = self.message["content"], event.get("index")
        if kind == "content_block_start" and self.open is None and index == len(content):
            self.open = dict(event["content_block"])
            self.open.update({"json": ""} if self.open["type"] == "tool_use" else {})
            content.append(self.open)
        elif self.open is None or index != len(content) - 1:
            raise Failed(0, f"{kind} out of order at index {index}")
        elif kind == "content_block_stop":
            if self.open["type"] == "tool_use":
                self.open["input"] = json.loads(self.open.pop("json") or "{}")
            self.open = None
        else:
            self._delta(event["delta"])

    def _delta(self, delta):
        kind, block = delta["type"], self.open
        wanted, source, target = DELTAS.get(block["type"], (None, None, None))
        if kind == "signature_delta" and block["type"] == "thinking":
            block["signature"] = delta["signature"]
        elif kind == wanted:
            block[target] += delta[source]
        else:
            raise Failed(0, f"{kind} in a block of type {block['type']}")


def frames(reply, digest):
    """The data of each event of a stream, as it comes; the event line must name its type. The digest takes all bytes."""
    name, data = None, []
    for line in reply:
        digest.update(line)
        line = line.rstrip(b"\r\n")
        if line.startswith(b"event:"):
            name = line[6:].strip().decode()
        elif line.startswith(b"data:"):
            data.append(line[5:].strip())
        elif not line and data:
            try:
                event = json.loads(b"\n".join(data))
            except ValueError:
                raise Failed(0, "the data of an event is no JSON") from None
            if event.get("type") != name:
                raise Failed(0, f'event line "{name}" does not fit its data')
            yield event
            name, data = None, []


class Client:
    """One connection, kept alive, to host:port. digest is that of the last message's bytes."""

    def __init__(self, address):
        self.address, self.conn, self.digest = address, None, None

    def close(self):
        if self.conn:
            self.conn.close()
        self.conn = None

    def call(self, method, path, body=None, headers=None):
        """The reply, not read yet. A connection that went stale is made anew once."""
        for last in (False, True):
            fresh = self.conn is None
            self.conn = self.conn or http.client.HTTPConnection(self.address, timeout=TIMEOUT_S)
            try:
                self.conn.request(method, path, body, headers or {})
                return self.conn.getresponse()
            except (http.client.HTTPException, OSError) as e:
                self.close()
                if fresh or last or not isinstance(e, ConnectionError):
                    raise Failed(0, repr(e)) from e
        raise AssertionError

    def json(self, path, value=None):
        """GETs, or POSTs a value; the answer as JSON."""
        headers = {"content-type": "application/json"}
        args = ("GET", path) if value is None else ("POST", path, json.dumps(value), headers)
        reply = self.call(*args)
        body = reply.read()
        if reply.status // 100 != 2:
            raise Failed(reply.status, body.decode("utf-8", "replace"))
        return json.loads(body or b"null")

    def message(self, body, headers, seen=lambda event: None):
        """Sends a Messages request; seen() gets each event as it comes. The whole message as one object."""
        reply = self.call("POST", "/v1/messages?beta=true", body, headers)
        self.digest = hashlib.sha256()
        try:
            if reply.status != 200:
                raise Failed(reply.status, reply.read().decode("utf-8", "replace"))
            if "event-stream" not in reply.headers.get("content-type", ""):
                whole = reply.read()
                self.digest.update(whole)
                return json.loads(whole)
            message = Reply()
            for event in frames(reply, self.digest):
                message.take(event)
                seen(event)
            reply.read()  # else it is not over for http.client
        except (http.client.HTTPException, OSError, ValueError, KeyError) as e:
            self.close()
            raise Failed(0, repr(e)) from e
        if not message.done:
            self.close()
            raise Failed(0, "the stream ended before message_stop")
        return message.message
