# SPDX-License-Identifier: MIT
"""The bench on which conversations are driven: the provider simulator, one or several sluices before it, one clock for
all of them, and the log line, the ledger's row and the provider's bill of every request."""

import copy
import gzip
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "prove"))

from bodies import compact  # noqa: E402
from client import Client, Failed  # noqa: E402
from rig import Simulator, Sluice  # noqa: E402
from talk import blocks_of, unmarked  # noqa: E402

START = 1_780_000_000
PATIENCE_S = 60


class Verdict(dict):
    """What sluice said of one request: its log line, with short names for what is asked most."""

    cause = property(lambda self: self.get("cache_lost", ""))
    lost = property(lambda self: self.get("lost_nano_usd", 0))
    saved = property(lambda self: self.get("saved_nano_usd", 0))
    read = property(lambda self: self.get("cache_read_tokens") or 0)
    predicted = property(lambda self: self.get("cache_read_predicted"))
    cost = property(lambda self: self.get("cost_nano_usd"))

    def prompt(self):
        return sum(self.get(n) or 0 for n in ("input_tokens", "cache_read_tokens", "cache_write_tokens"))


class Proxy:
    """One sluice with its log, and a client of it."""

    def __init__(self, program, upstream, settings, at):
        self.log_place, self.said = 0, []  # said: all verdicts so far
        self.sluice = Sluice(program, upstream, ["log.format=json", "log.file=log", *settings], at)
        self.log = os.path.join(self.sluice.folder, "log")
        self.client = Client(self.sluice.address)

    def verdicts(self, count):
        """The next so many log lines of Messages requests."""
        out, end = [], time.monotonic() + PATIENCE_S
        while len(out) < count:
            with open(self.log, "rb") as f:
                f.seek(self.log_place)
                line = f.readline()
            if line.endswith(b"\n"):
                self.log_place += len(line)
                said = json.loads(line)
                if said.get("endpoint") == "messages":
                    out.append(Verdict(said))
                    self.said.append(out[-1])
            elif time.monotonic() > end:
                raise AssertionError(f"only {len(out)} of {count} log lines came: {self.sluice.said()[-2000:]}")
            else:
                time.sleep(0.0005)
        return out

    def written(self, verdict):
        """The row of an exchange, when it is in the ledger, which follows the log; those before it are there by then."""
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.client.json(f"/sluice/api/exchange?id={verdict['id']}")
            except Failed as e:
                if e.status != 404 or time.monotonic() > end:
                    raise
                time.sleep(0.01)

    def start_again(self):
        """A new process on the same folder, port and settings."""
        self.client.close()
        sluice = self.sluice
        sluice.start([sluice.program, "start", *sluice.options], sluice.env)

    def end(self, number):
        """Ends the process by a signal."""
        self.client.close()
        self.sluice.process.send_signal(number)
        return self.sluice.process.wait(60)


class Bench:
    """programs are the paths of sluice and the simulator; settings are those of the first sluice. clocked=False leaves
    sluice the machine's own clock, which is much cheaper to read."""

    def __init__(self, programs, settings=(), clocked=True):
        self.clocked = clocked
        self.programs, self.now, self.twins, self.billed = programs, float(START), 0, 0
        self.simulator = Simulator(programs[1], "--fast")
        self.direct = Client(self.simulator.address)
        self.proxies = []
        try:
            self.simulator.clock(self.now)
            self.first = self.proxy(settings)
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for proxy in self.proxies:
            proxy.client.close()
            proxy.sluice.remove()
        self.simulator.client.close()
        self.direct.close()
        self.simulator.remove()

    def proxy(self, settings=()):
        self.proxies.append(Proxy(self.programs[0], self.simulator.url, settings, self.now if self.clocked else None))
        return self.proxies[-1]

    def wait(self, seconds):
        """Lets time pass, for everybody."""
        self.now += seconds
        self.simulator.clock(self.now)
        for proxy in self.proxies:
            proxy.sluice.set_clock(self.now)

    def script(self, key, blocks, times=1):
        content = [{k: v for k, v in b.items() if k != "signature"} for b in blocks]
        self.simulator.client.json("/sim/script", {"replies": [{"id": key, "content": content, "times": times}]})
        return {"x-sim-script": key}

    def bills(self):
        """The provider's bill: a row for every request since the last call, and the last one before."""
        rows = self.simulator.client.json(f"/sim/bill?since={self.billed}")["requests"]
        self.billed = rows[-1]["n"] if rows else 0
        return rows or self.bills()

    def turn(self, talk, proxy=None, damage=None, after_s=5):
        """One turn of a conversation through a proxy, after some seconds; damage(talk) is done to it when its last
        message is there. Returns the request and its verdict."""
        proxy = proxy or self.first
        if talk.turns:
            talk.go_on()
        if damage:
            damage(talk)
        self.wait(after_s)
        request = talk.request()
        script = self.script(f"{talk.session}-{talk.agent}-{talk.turns}", talk.reply(), times=3)
        headers = {**talk.headers(), **script}
        body = compact(request)
        if headers.get("content-encoding") == "gzip":
            body = gzip.compress(body)
        message = proxy.client.message(body, headers)
        ended = talk.ended
        talk.took(message["content"])
        verdict = proxy.verdicts(1)[0]
        verdict.headers, verdict.ended = headers, ended
        return request, verdict

    def bill_of(self, request, headers):
        """Sends a request to the provider directly; the cost, and its row of the bill."""
        self.direct.message(compact(request), headers)
        row = self.bills()[-1]
        return row["nano_usd"]["total"], row

    def twin(self, request, verdict, ended=None):
        """What the very same request costs when all of it up to where the one before ended can be read. That is made
        so: under a key of its own, whose cache is empty, the same request is sent first without what came since, marked
        where it ends; then the request itself, at the same moment. A mark where the earlier one ended makes sure that
        the entry is found; it is not content, and with the entry there it changes no other amount. Pictures are sent
        along behind the mark: with or without is part of what an entry is kept under."""
        ended = ended or verdict.ended
        self.twins += 1
        headers = {**verdict.headers, "x-api-key": f"twin-{self.twins}"}
        mark = blocks_of(request["messages"][-1])[-1].get("cache_control", {"type": "ephemeral"})
        warm = copy.deepcopy(request)
        warm["messages"] = unmarked(request["messages"][:ended])
        blocks_of(warm["messages"][-1])[-1]["cache_control"] = mark
        blocks_of(warm["messages"][-1]).extend(pictures_of(request["messages"][ended:]))
        whole = copy.deepcopy(request)
        blocks_of(whole["messages"][ended - 1])[-1]["cache_control"] = mark
        self.bill_of(warm, headers)
        return self.bill_of(whole, headers)[0]


def pictures_of(messages):
    return [b for m in messages if isinstance(m["content"], list) for b in m["content"] if b["type"] == "image"][:1]
