# SPDX-License-Identifier: MIT
"""Puts request bodies like Claude Code's around the recorded messages.

Tools, system blocks and the reminder before the first prompt are filler of the size that the recorded usage implies,
the same in every request of a segment. Replies are those that really came, with their signatures, as a client holds
them."""

import hashlib
import json
import math
import re

CHARS_PER_TOKEN = 2.7
TEXT_TOKENS, TOOL_TOKENS, IMAGE_TOKENS = 4, 40, 1500  # what stands around a text and a call; a picture
MAIN_TOKENS = 21400  # tools and system of the main loop, as seen where a compaction keeps nothing else
SHARED = 0.83  # the part of them up to the first breakpoint
MAX_TOKENS = 32000

TOOLS = """Task Bash Glob Grep Read Edit MultiEdit Write NotebookEdit WebFetch WebSearch TodoWrite TaskOutput
BashOutput KillShell Skill AskUserQuestion EnterPlanMode ExitPlanMode SlashCommand""".split()
INPUTS = {
    "Read": "file_path offset limit",
    "Edit": "file_path old_string new_string replace_all",
    "MultiEdit": "file_path edits",
    "Write": "file_path content",
    "Bash": "command description timeout run_in_background",
    "Grep": "pattern path glob output_mode",
    "Glob": "pattern path",
    "Task": "description prompt subagent_type model",
}
WORDS = """the file tool use when path result should command before change never user code test list write always
output search error line name value task agent only read must content first run each call edit check project request
state return string option default exact match working directory already instead between without following prefer
given""".split()

# Models that take a budget instead of adaptive thinking; models whose thinking is bound to all that stands before it.
BUDGETED = re.compile(r"claude-(2|3|instant|(opus|sonnet|haiku)-4(-[015])?(-20\d{6})?$)")
BOUND = re.compile(r"claude-(opus|sonnet)-5-5|claude-fable-5-[12]")


def compact(value):
    """JSON as JavaScript prints it: no blanks, no escapes but for halves of surrogate pairs."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return re.sub("[\ud800-\udfff]", lambda m: f"\\u{ord(m[0]):04x}", text).encode()


def of_text(text):
    return math.ceil(len(text) / CHARS_PER_TOKEN)


def tokens_of(block):
    """An estimate, good enough to size the filler."""
    kind = block.get("type")
    if kind in ("text", "thinking"):
        return of_text(block[kind]) + TEXT_TOKENS
    if kind == "tool_use":
        return of_text(compact(block["input"]).decode()) + TOOL_TOKENS
    if kind == "tool_result":
        content = block["content"]
        return TOOL_TOKENS + (of_text(content) if isinstance(content, str) else sum(map(tokens_of, content)))
    return IMAGE_TOKENS if kind == "image" else of_text(compact(block).decode())


def visible_tokens(messages):
    return sum(tokens_of(b) for m in messages for b in m["content"])


def prompt_tokens(usage):
    names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    return sum(usage.get(n) or 0 for n in names)


def draws(seed):
    """Numbers below n, the same for the same seed in any language: FNV-1a of the seed, then Knuth's MMIX generator."""
    state = 0xCBF29CE484222325
    for byte in seed.encode():
        state = (state ^ byte) * 0x100000001B3 % 2**64

    def below(n):
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (state >> 33) % n

    return below


def filler(seed, tokens):
    """English-looking lines, the same for the same seed; `sluice replay` makes the same ones."""
    below, size, out, length = draws(seed), int(tokens * CHARS_PER_TOKEN), [], 0
    while length < size:
        words = [WORDS[below(len(WORDS))] for _ in range(6 + below(9))]
        line = "- " + " ".join(words).capitalize() + "."
        out.append(line)
        length += len(line) + 1
    return "\n".join(out)[: max(1, size)].rstrip() or "-"


def ttl_of(requests):
    """ "1h" when the session wrote entries of an hour, else "5m"."""
    made = [r.usage.get("cache_creation") or {} for r in requests]
    return "1h" if any(c.get("ephemeral_1h_input_tokens") for c in made) else "5m"


def unexplained_losses(requests, ttl):
    """Ids of replies at which the recording lost the cache of its messages although model, segment and time give no
    cause: the read falls to what is fixed. The client changed something in front; here it is the reminder that
    changes."""
    out, last, life = set(), None, 3600 if ttl == "1h" else 300
    for r in requests:
        if last and (r.model, r.segment, r.kind) == (last.model, last.segment, last.kind):
            read, before = r.usage.get("cache_read_input_tokens") or 0, prompt_tokens(last.usage)
            if read < 0.6 * before and r.sent - last.sent < life:
                out.add(r.reply_id)
        last = r
    return out


def without_thinking(blocks):
    return [b for b in blocks if b["type"] != "thinking"]


class Conversation:
    """The main loop, or one subagent, of a session. Requests are built in the order sent, each after the reply
    before it has been remembered."""

    def __init__(self, requests):
        first = requests[0]
        self.session, self.agent = first.session, first.agent
        self.ttl = ttl_of(requests)
        self.hidden = self._hidden_tokens(requests)
        smallest = min(self.hidden.values())
        self.fixed = max(2000, smallest - 1500) if self.agent else min(MAIN_TOKENS, smallest - 400)
        called = {b["name"] for r in requests for b in r.reply if b["type"] == "tool_use"}
        self.tools = self._tools(sorted(called - set(TOOLS)))
        self.system = self._system()
        self.losses, self.epoch = unexplained_losses(requests, self.ttl), 0
        self.received = {}  # reply id: (model asked, blocks)

    def _hidden_tokens(self, requests):
        """What stands before the recorded messages, by segment."""
        out = {}
        for r in requests:
            if r.segment not in out and r.kind != "compaction":
                out[r.segment] = max(6000, prompt_tokens(r.usage) - visible_tokens(r.messages))
        return out or {requests[0].segment: 12000}

    def _tools(self, further):
        names = (TOOLS[:14] if self.agent else TOOLS) + further
        each, out = self.fixed * 0.62 / len(names) - 60, []
        for name in names:
            members = INPUTS.get(name, "input").split()
            properties = {m: {"type": "string", "description": f"The {m.replace('_', ' ')}."} for m in members}
            schema = {
                "type": "object",
                "properties": properties,
                "required": members[:1],
                "additionalProperties": False,
            }
            out.append({"name": name, "description": filler("tool " + name, max(20, each)), "input_schema": schema})
        return out

    def _system(self):
        subagent = " cc_is_subagent=true;" if self.agent else ""
        billing = f"x-anthropic-billing-header: cc_version=2.1.39.{self.session[:3]}; cc_entrypoint=cli;{subagent}"
        rest = max(200, self.fixed * SHARED - sum(tokens_of(t) for t in self.tools))
        identity = "You are Claude Code, Anthropic's official CLI for Claude.\n" + filler("identity", rest)
        main = filler("system " + (self.agent or self.session), max(200, self.fixed * (1 - SHARED)))
        marked = [{"type": "text", "text": t, "cache_control": self.mark()} for t in (identity, main)]
        return [{"type": "text", "text": billing}, *marked]

    def mark(self):
        return {"type": "ephemeral", "ttl": "1h"} if self.ttl == "1h" else {"type": "ephemeral"}

    def remember(self, request, blocks):
        """Keeps the reply that came: later requests carry it in the place of the recorded one."""
        self.received[request.reply_id] = (request.model, blocks)

    def forget_thinking(self):
        """Drops all thinking so far, as a client does when its signatures are refused."""
        self.received = {k: (model, without_thinking(blocks)) for k, (model, blocks) in self.received.items()}

    def _history(self, request):
        out = []
        for message, reply_id in zip(request.messages, request.ids):
            if message["role"] == "assistant":
                model, blocks = self.received.get(reply_id, (None, message["content"]))
                if model != request.model:  # another model's thinking is not sent
                    blocks = without_thinking(blocks)
                message = {"role": "assistant", "content": blocks or [{"type": "text", "text": "(no content)"}]}
            out.append(message)
        return out

    def body(self, request):
        """The bytes of a request."""
        if request.reply_id in self.losses:
            self.losses.remove(request.reply_id)
            self.epoch += 1
            if BOUND.match(request.model):
                self.forget_thinking()
        messages = self._history(request)
        size = self.hidden.get(request.segment, self.fixed + 2000) - self.fixed
        note = filler(f"reminder {self.session} {request.segment} {self.epoch}", size)
        note = {"type": "text", "text": f"<system-reminder>\n{note}\n</system-reminder>"}
        messages[0] = {"role": "user", "content": [note] + messages[0]["content"]}
        *head, last = messages[-1]["content"]
        messages[-1] = {"role": "user", "content": [*head, {**last, "cache_control": self.mark()}]}
        return compact(self._around(request.model, messages))

    def _around(self, model, messages):
        user = {"device_id": hashlib.sha256(b"device").hexdigest(), "account_uuid": "", "session_id": self.session}
        thinking = (
            {"budget_tokens": MAX_TOKENS - 1, "type": "enabled"} if BUDGETED.match(model) else {"type": "adaptive"}
        )
        return {
            "model": model,
            "messages": messages,
            "system": self.system,
            "tools": self.tools,
            "metadata": {"user_id": json.dumps(user, separators=(",", ":"))},
            "max_tokens": MAX_TOKENS,
            "thinking": thinking,
            "stream": True,
        }

    def headers(self):
        betas = ["claude-code-20250219", "interleaved-thinking-2025-05-14"]
        betas += ["extended-cache-ttl-2025-04-11"] if self.ttl == "1h" else []
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "claude-cli/2.1.39 (external, cli)",
            "X-Claude-Code-Session-Id": self.session,
            "anthropic-beta": ",".join(betas),
            "anthropic-version": "2023-06-01",
            "x-api-key": "sk-ant-not-a-real-key",
            "x-app": "cli",
        }
        return {**headers, "x-claude-code-agent-id": "a" + self.agent} if self.agent else headers
