# SPDX-License-Identifier: MIT
"""What each client sends for one and the same talk: a list of ("user", text…), ("says", text), ("calls", call…) and
("results", result…). Calls are (what, argument), results (what, "ok" or how it fails, argument). Shapes, headers and
sizes are those seen of the clients; texts are invented."""

import json
import random
import uuid

WORK = "/home/dev/shop"
FILLER = "Keep changes small and explain what you do. Never print secrets. Prefer the tools over the shell. "


def filler(n):
    return (FILLER * (n // len(FILLER) + 1))[:n]


def reminder(text):
    return f"<system-reminder>\n{text}\n</system-reminder>"


class Client:
    """Renders talks. Options change what differs between requests of the same client."""

    name, path, dialect = "", "", ""
    tools, results = {}, {}
    plan = None  # what the client says while a plan is to be made

    def __init__(self, seed=0, **options):
        self.random, self.options = random.Random(seed), options
        self.session = str(uuid.UUID(int=self.random.getrandbits(128)))
        self.calls = 0

    def option(self, name, default=None):
        return self.options.get(name, default)

    def call(self, what, arg):
        name, make = self.tools[what]
        return name, make(arg)

    def result(self, what, how, arg):
        """Text and whether it is an error."""
        text = self.results.get((what, how)) or self.results[(what, "ok")]
        return text.format(arg=arg), how != "ok"

    def id(self):
        self.calls += 1
        return f"call_{self.calls:04d}{self.random.getrandbits(32):08x}"

    def shuffled(self, body):
        """The members in another order, which means the same."""
        if not self.option("shuffle"):
            return body
        keys = list(body)
        self.random.shuffle(keys)
        return {k: body[k] for k in keys}

    def request(self, talk):
        raise NotImplementedError

    def sent(self, headers, body, path=None):
        text = json.dumps(self.shuffled(body), ensure_ascii=self.option("ascii", False),
                          indent=self.option("indent"))
        return {"dialect": self.dialect, "path": path or self.path, "headers": headers, "body": text}


# ---- Anthropic Messages ----

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo" * 400}}


class Anthropic(Client):
    dialect, path = "anthropic", "/v1/messages"

    def blocks(self, talk):
        """Messages of the talk; ids of calls are given to their results in order."""
        out, open_ids = [], []
        for step, *items in talk:
            if step == "says":
                out.append({"role": "assistant", "content": [{"type": "text", "text": t} for t in items]})
            elif step == "thinks":
                out.append({"role": "assistant", "content": [{"type": "thinking", "thinking": "", "signature": "c2ln"}]
                            + [{"type": "text", "text": t} for t in items]})
            elif step == "calls":
                made = [self.call(*c) for c in items]
                open_ids = [self.id() for _ in made]
                out.append({"role": "assistant", "content": [
                    {"type": "tool_use", "id": i, "name": n, "input": v} for i, (n, v) in zip(open_ids, made)]})
            elif step == "results":
                out.append({"role": "user", "content": [self.result_block(i, *r) for i, r in zip(open_ids, items)]})
            elif step == "beside":  # texts in the message of the results
                out[-1]["content"] += [{"type": "text", "text": t} for t in items]
            elif step == "system":
                out.append({"role": "system", "content": items[0]})
            elif step == "picture":
                out.append({"role": "user", "content": [IMAGE] + [{"type": "text", "text": t} for t in items]})
            else:
                out.append({"role": "user", "content": [{"type": "text", "text": t} for t in items]})
        return out

    def result_block(self, call, what, how, arg=""):
        text, wrong = self.result(what, how, arg)
        block = {"tool_use_id": call, "type": "tool_result", "content": text}
        if self.random.random() < 0.5:
            block["content"] = [{"type": "text", "text": text}]
        if wrong:
            block["is_error"] = True
        elif self.random.random() < 0.3:
            block["is_error"] = False
        keys = list(block)
        self.random.shuffle(keys)
        return {k: block[k] for k in keys}


class ClaudeCode(Anthropic):
    name, path = "claude-code", "/v1/messages?beta=true"
    version, entry = "2.1.329", "sdk-cli"
    identity = "You are a Claude agent, built on Anthropic's Claude Agent SDK."
    official = "You are Claude Code, Anthropic's official CLI for Claude."
    tools = {
        "read": ("Read", lambda a: {"file_path": f"{WORK}/{a}"}),
        "edit": ("Edit", lambda a: {"file_path": f"{WORK}/{a}", "old_string": "total = 0", "new_string": "total = 1"}),
        "write": ("Write", lambda a: {"file_path": f"{WORK}/{a}", "content": "def f():\n    return 1\n"}),
        "run": ("Bash", lambda a: {"command": a, "description": "Run it"}),
        "note": ("TodoWrite", lambda a: {"todos": [{"content": a, "status": "pending"}]}),
        "agent": ("Agent", lambda a: {"description": "Look", "prompt": a, "subagent_type": "Explore"}),
        "wait": ("TaskOutput", lambda a: {"task_id": a, "block": True}),
        "enter plan": ("EnterPlanMode", lambda a: {}),
        "exit plan": ("ExitPlanMode", lambda a: {"plan": "1. Read\n2. Change\n" + filler(600)}),
        "find tools": ("ToolSearch", lambda a: {"query": a}),
    }
    results = {
        ("read", "ok"): "     1→import sys\n     2→total = 0\n     3→print(total)  # {arg}\n",
        ("read", "fail"): "<tool_use_error>File does not exist.</tool_use_error>",
        ("edit", "ok"): "The file " + WORK + "/{arg} has been updated successfully.",
        ("edit", "miss"): "<tool_use_error>String to replace not found in file.\nString: total = 0</tool_use_error>",
        ("edit", "unread"): "<tool_use_error>File has not been read yet. Read it first before writing to it.</tool_use_error>",
        ("write", "ok"): "File created successfully at: " + WORK + "/{arg}",
        ("run", "ok"): "12 passed in 0.31s",
        ("run", "fail"): "Exit code 1\n=== FAILURES ===\nE   assert 3 == 4\n1 failed, 11 passed in 0.40s",
        ("run", "refused"): "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was "
        "a file edit, the new_string was NOT written to the file). STOP what you are doing and wait for the user.",
        ("edit", "told"): "The user doesn't want to proceed with this tool use. The tool use was rejected. To tell you how "
        "to proceed, the user said:\n{arg}",
        ("note", "ok"): "Todos have been modified successfully.",
        ("agent", "ok"): "The parser is in src/parse.py; nothing else uses it.",
        ("wait", "ok"): "still running",
        ("enter plan", "ok"): "Entered plan mode. You should now focus on exploring the codebase and designing an approach.",
        ("exit plan", "ok"): "User has approved your plan. You can now start coding. Start with updating your todo list.",
        ("exit plan", "no"): "The user doesn't want to proceed with this tool use. The tool use was rejected. To tell you how "
        "to proceed, the user said:\n{arg}",
        ("find tools", "ok"): "WebFetch",
    }
    plan = reminder("Plan mode is active. The user indicated that they do not want you to execute yet -- you MUST NOT make "
                    "any edits, run any non-readonly tools, or otherwise make any changes to the system. " + filler(2500))
    still_plan = reminder("Plan mode still active (see full instructions earlier in conversation). Read-only except plan file.")
    left_plan = reminder("## Exited Plan Mode\n\nYou have exited plan mode. You can now make edits, run tools, and take actions.")

    def headers(self):
        h = {"Accept": "application/json", "Content-Type": "application/json", "Authorization": "Bearer k",
             "User-Agent": f"claude-cli/{self.version} (external, {self.entry})", "x-app": "cli",
             "X-Claude-Code-Session-Id": self.session, "X-Stainless-Retry-Count": "0",
             "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14", "anthropic-version": "2023-06-01"}
        h.update(self.option("headers", {}))
        return h

    def system(self):
        billing = f"x-anthropic-billing-header: cc_version={self.version}.a1f; cc_entrypoint={self.entry};"
        if self.option("subagent_line"):
            billing += " cc_is_subagent=true;"
        mark = {"cache_control": {"type": "ephemeral"}} if self.option("cache", True) else {}
        blocks = [{"type": "text", "text": billing},
                  {"type": "text", "text": self.option("identity", self.identity), **mark},
                  {"type": "text", "text": filler(self.option("system_bytes", 7000)), **mark}]
        return blocks if self.option("billing", True) else blocks[1:]

    def definitions(self):
        names = self.option("tools", ["Agent", "Bash", "Edit", "Read", "Skill", "ToolSearch", "Workflow", "Write",
                                      "EnterPlanMode", "ExitPlanMode"])
        return [{"name": n, "description": filler(900), "input_schema": {"type": "object", "properties": {}}} for n in names]

    environment = ("# Environment\nPrimary working directory: " + WORK + "\nAgents: Explore, Plan: software architect for "
                   "designing implementation plans. Deferred tools: EnterPlanMode ExitPlanMode WebSearch.\nToday's date is 2026-11-20.\n")

    def messages(self, talk):
        messages = self.blocks(talk)
        first = messages[0]["content"]
        first[0:0] = [{"type": "text", "text": reminder("As you answer, you can use the following context:\n" + filler(400))}]
        messages.insert(1, {"role": "system", "content": self.environment + filler(6000)})
        last = messages[-1]["content"]
        if self.option("cache", True) and isinstance(last, list):
            last[-1]["cache_control"] = {"type": "ephemeral"}
        return messages

    def request(self, talk):
        body = {"model": "claude-opus-5-5", "messages": self.messages(talk), "system": self.system(),
                "tools": self.definitions(),
                "metadata": {"user_id": json.dumps({"device_id": "d" * 64, "account_uuid": "", "session_id": self.session})},
                "max_tokens": 128000, "thinking": {"type": "adaptive", "display": "omitted"},
                "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
                "output_config": {"effort": "medium"}, "stream": True}
        body.update(self.option("body", {}))
        return self.sent(self.headers(), {k: v for k, v in body.items() if v is not None}, self.option("path"))


class ClaudeCodeOld(ClaudeCode):
    name, version, entry = "claude-code-old", "2.1.197", "cli"
    still_plan = reminder("Plan mode is active. The user indicated that they do not want you to execute yet.")
    left_plan = reminder("## Exited Plan Mode\n\nYou have exited plan mode. You can now make edits, run tools, and take actions.")

    def messages(self, talk):
        messages = super().messages(talk)
        system = messages.pop(1)
        messages[0]["content"].insert(0, {"type": "text", "text": reminder(system["content"])})
        return messages


class OpencodeAnthropic(Anthropic):
    name = "opencode-anthropic"
    tools = {
        "read": ("read", lambda a: {"filePath": f"{WORK}/{a}"}),
        "edit": ("edit", lambda a: {"filePath": f"{WORK}/{a}", "oldString": "a", "newString": "b"}),
        "write": ("write", lambda a: {"filePath": f"{WORK}/{a}", "content": "x = 1\n"}),
        "run": ("bash", lambda a: {"command": a, "description": "Runs it"}),
        "note": ("todowrite", lambda a: {"todos": [{"content": a, "status": "pending", "priority": "high"}]}),
    }
    results = {
        ("read", "ok"): "<file>\n00001| import sys\n00002| total = 0\n</file>",
        ("read", "fail"): "Error: File not found: " + WORK + "/{arg}",
        ("edit", "ok"): "Edit applied successfully.",
        ("edit", "miss"): "Error: Could not find oldString in the file. It must match exactly, including whitespace.",
        ("write", "ok"): "Wrote file successfully.",
        ("run", "ok"): "12 passed in 0.31s\n",
        ("run", "fail"): "test_total.py ...F\nE   assert 3 == 4\n1 failed, 11 passed in 0.40s\n",
        ("note", "ok"): "[]",
    }
    plan = reminder("# Plan Mode - System Reminder\n\nCRITICAL: Plan mode ACTIVE - you are in READ-ONLY phase. STRICTLY FORBIDDEN:"
                    "\nANY file edits, modifications, or system changes. " + filler(900))
    left_plan = reminder("Your operational mode has changed from plan to build.\nYou are no longer in read-only mode.")
    system_text = "You are opencode, an interactive CLI tool that helps users with software engineering tasks. "

    def headers(self):
        h = {"content-type": "application/json", "x-api-key": "k", "anthropic-version": "2023-06-01",
             "x-session-id": "ses_" + self.session[:12], "x-session-affinity": "ses_" + self.session[:12],
             "user-agent": "opencode/1.18.33 ai-sdk/provider-utils/3.0.1 runtime/bun/1.3.14"}
        h.update(self.option("headers", {}))
        return h

    def request(self, talk):
        names = self.option("tools", ["bash", "edit", "glob", "grep", "read", "task", "todowrite", "webfetch", "write"])
        body = {"model": "claude-opus-5-5", "max_tokens": 32000,
                "system": [{"type": "text", "text": self.option("system", self.system_text + filler(8000)),
                            "cache_control": {"type": "ephemeral"}}],
                "messages": self.blocks(talk),
                "tools": [{"name": n, "description": filler(700), "input_schema": {"type": "object"},
                           "eager_input_streaming": True} for n in names],
                "thinking": {"type": "adaptive", "block_binding": {"type": "soft"}}, "stream": True}
        if not names:
            del body["tools"], body["thinking"]
        return self.sent(self.headers(), body)


class SdkAnthropic(Anthropic):
    name = "sdk-anthropic"
    tools = {
        "read": ("read_file", lambda a: {"path": a}),
        "edit": ("str_replace_based_edit_tool", lambda a: {"command": "str_replace", "path": a, "old_str": "a", "new_str": "b"}),
        "view": ("str_replace_based_edit_tool", lambda a: {"command": "view", "path": a}),
        "write": ("create_file", lambda a: {"path": a, "text": "x"}),
        "run": ("bash", lambda a: {"command": a}),
    }
    results = {
        ("read", "ok"): "total = 0", ("read", "fail"): "no such file: {arg}", ("view", "ok"): "1: total = 0",
        ("edit", "ok"): "The file has been edited.", ("edit", "miss"): "No match found for replacement in {arg}.",
        ("write", "ok"): "written", ("run", "ok"): "ok", ("run", "fail"): "make: *** [all] Error 2",
    }

    def request(self, talk):
        body = {"model": "claude-sonnet-5-5", "max_tokens": 4096, "messages": self.blocks(talk)}
        if self.option("system", True):
            body["system"] = "You mend programs."
        if self.option("tools", True):
            body["tools"] = [{"name": n, "description": "does it", "input_schema": {"type": "object"}}
                             for n in sorted({t[0] for t in self.tools.values()})]
        body.update(self.option("body", {}))
        headers = {"User-Agent": "Anthropic/JS 1.11.0", "authorization": "Bearer k", "anthropic-version": "2026-10-21",
                   **self.option("headers", {})}
        return self.sent(headers, body, self.option("path"))


# ---- Chat Completions ----

class Chat(Client):
    dialect, path = "openai", "/v1/chat/completions"
    system_role = "system"

    def messages(self, talk):
        out, open_ids = [], []
        for step, *items in talk:
            if step in ("says", "thinks"):
                out.append({"role": "assistant", "content": "\n".join(items)})
            elif step == "calls":
                made = [self.call(*c) for c in items]
                open_ids = [self.id() for _ in made]
                out.append({"role": "assistant", "content": None if self.random.random() < 0.5 else "", "tool_calls": [
                    {"id": i, "type": "function", "function": {"name": n, "arguments": json.dumps(v)}}
                    for i, (n, v) in zip(open_ids, made)]})
            elif step == "results":
                for i, r in zip(open_ids, items):
                    out.append({"role": "tool", "tool_call_id": i, "content": self.result(*r[:2], (r + ("",))[2])[0]})
            elif step == "beside":
                out.append({"role": "user", "content": items[0]})
            elif step == "system":
                out.append({"role": self.system_role, "content": items[0]})
            elif step == "picture":
                out.append({"role": "user", "content": [{"type": "text", "text": t} for t in items] + [
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "iVBORw0KGgo" * 400}}]})
            elif len(items) > 1 or self.random.random() < 0.3:
                out.append({"role": "user", "content": [{"type": "text", "text": t} for t in items]})
            else:
                out.append({"role": "user", "content": items[0]})
        return out


class OpencodeChat(Chat):
    name = "opencode-chat"
    tools, results = OpencodeAnthropic.tools, OpencodeAnthropic.results
    plan, left_plan = OpencodeAnthropic.plan, OpencodeAnthropic.left_plan

    def request(self, talk):
        names = self.option("tools", ["bash", "edit", "glob", "grep", "read", "task", "todowrite", "webfetch", "write"])
        body = {"model": "qwen3-coder", "max_tokens": 32000,
                "messages": [{"role": "system", "content": self.option("system", OpencodeAnthropic.system_text + filler(8000))}]
                + self.messages(talk),
                "tools": [{"type": "function", "function": {"name": n, "description": filler(700), "parameters": {"type": "object"}}}
                          for n in names],
                "tool_choice": "auto", "stream": True, "stream_options": {"include_usage": True}}
        if not names:
            del body["tools"], body["tool_choice"]
        headers = {"content-type": "application/json", "authorization": "Bearer k", "x-session-id": "ses_" + self.session[:12],
                   "x-session-affinity": "ses_" + self.session[:12], "user-agent": "opencode/1.18.33"}
        headers.update(self.option("headers", {}))
        return self.sent(headers, body)


class SdkChat(Chat):
    name = "sdk-chat"
    tools = {"read": ("read_file", lambda a: {"path": a}), "edit": ("edit_file", lambda a: {"path": a, "old": "a", "new": "b"}),
             "write": ("write_file", lambda a: {"path": a, "text": "x"}), "run": ("run_command", lambda a: {"command": a})}
    results = {("read", "ok"): "total = 0", ("read", "fail"): "Error: no such file: {arg}", ("edit", "ok"): "edited {arg}",
               ("edit", "miss"): "Error: the text to replace was not found in {arg}", ("write", "ok"): "written",
               ("run", "ok"): "ok", ("run", "fail"): "Error: the command failed with status 2"}

    def request(self, talk):
        body = {"model": "gpt-6-sol", "messages": self.messages(talk)}
        if self.option("system", True):
            body["messages"].insert(0, {"role": "developer", "content": "You mend programs."})
        if self.option("tools", True):
            body["tools"] = [{"type": "function", "function": {"name": n, "parameters": {"type": "object"}}}
                             for n in sorted({t[0] for t in self.tools.values()})]
        body.update(self.option("body", {}))
        headers = {"User-Agent": "OpenAI/JS 7.55.0", "authorization": "Bearer k", **self.option("headers", {})}
        return self.sent(headers, body)


# ---- Responses ----

def patch(arg):
    return f"*** Begin Patch\n*** Update File: {arg}\n@@\n-total = 0\n+total = 1\n*** End Patch"


def exec_output(code, text):
    return f"Chunk ID: 0a1b2c\nWall time: 0.0512 seconds\nProcess exited with code {code}\nOriginal token count: 12\nOutput:\n{text}"


class Responses(Client):
    dialect, path = "responses", "/v1/responses"

    def items(self, talk):
        out, open_ids = [], []
        for step, *items in talk:
            if step in ("says", "thinks"):
                if step == "thinks":
                    out.append({"type": "reasoning", "summary": [], "encrypted_content": "Z2lkZGlzaA=="})
                out.append({"type": "message", "role": "assistant",
                            "content": [{"type": "output_text", "text": t} for t in items]})
            elif step == "calls":
                open_ids = [self.id() for _ in items]
                out += [self.call_item(i, *c) for i, c in zip(open_ids, items)]
            elif step == "results":
                for i, r in zip(open_ids, items):
                    kind = "custom_tool_call_output" if r[0] in self.custom else "function_call_output"
                    out.append({"type": kind, "call_id": i, "output": self.result(*r[:2], (r + ("",))[2])[0]})
            elif step == "system":
                out.append({"type": "message", "role": "developer", "content": [{"type": "input_text", "text": items[0]}]})
            elif step == "picture":
                out.append({"type": "message", "role": "user", "content": [{"type": "input_text", "text": t} for t in items]
                            + [{"type": "input_image", "image_url": "data:image/png;base64," + "iVBORw0KGgo" * 400}]})
            else:
                out.append({"type": "message", "role": "user", "content": [{"type": "input_text", "text": t} for t in items]})
        return out

    custom = ()

    def call_item(self, call, what, arg):
        name, value = self.call(what, arg)
        if what in self.custom:
            return {"type": "custom_tool_call", "call_id": call, "name": name, "input": value}
        return {"type": "function_call", "name": name, "arguments": json.dumps(value), "call_id": call}


class Codex(Responses):
    name, path = "codex", "/responses"
    custom = ("edit",)
    tools = {
        "read": ("exec_command", lambda a: {"cmd": f"sed -n '1,200p' {a}"}),
        "edit": ("apply_patch", patch),
        "shell edit": ("exec_command", lambda a: {"cmd": f"apply_patch <<'EOF'\n{patch(a)}\nEOF"}),
        "write": ("exec_command", lambda a: {"cmd": f"apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: {a}\n+x\n*** End Patch\nEOF"}),
        "run": ("exec_command", lambda a: {"cmd": a}),
        "note": ("update_plan", lambda a: {"plan": [{"step": a, "status": "in_progress"}]}),
        "wait": ("write_stdin", lambda a: {"session_id": 7, "chars": "", "yield_time_ms": 5000}),
    }
    results = {
        ("read", "ok"): exec_output(0, "import sys\ntotal = 0\n"),
        ("read", "fail"): exec_output(1, "sed: can't read {arg}: No such file or directory"),
        ("edit", "ok"): "Exit code: 0\nWall time: 0.1 seconds\nOutput:\nSuccess. Updated the following files:\nM {arg}\n",
        ("edit", "miss"): "apply_patch verification failed: Failed to find expected lines in " + WORK + "/{arg}:\ntotal = 0",
        ("shell edit", "ok"): exec_output(0, "Success. Updated the following files:\nM {arg}"),
        ("write", "ok"): exec_output(0, "Success. Updated the following files:\nA {arg}"),
        ("run", "ok"): exec_output(0, "12 passed in 0.31s"),
        ("run", "fail"): exec_output(101, "error[E0308]: mismatched types\nerror: could not compile `shop`"),
        ("note", "ok"): "Plan updated",
        ("wait", "ok"): "Chunk ID: 0a1b2c\nWall time: 5.0 seconds\nProcess running with session ID 7\nOutput:\n",
    }
    plan = ("<collaboration_mode># Collaboration Mode: Plan\n\nYou work in three phases, and you chat your way to a great plan."
            + filler(1500) + "</collaboration_mode>")
    left_plan = "<collaboration_mode># Collaboration Mode: Default\n\nYou are now in Default mode.</collaboration_mode>"

    def headers(self):
        meta = {"session_id": self.session, "thread_id": self.session, "turn_id": "t1", "request_kind": "turn",
                "agent_name": "/root", "sandbox_mode": "workspace-write", "model": "gpt-6-sol"}
        meta.update(self.option("meta", {}))
        h = {"accept": "text/event-stream", "authorization": "Bearer k", "originator": "codex_exec",
             "user-agent": "codex_exec/0.169.0 (Debian 12; x86_64) unknown", "session-id": self.session,
             "thread-id": self.session, "x-codex-window-id": self.session + ":0",
             "x-codex-beta-features": "remote_compaction_v2"}
        if self.option("metadata", True):
            h["x-codex-turn-metadata"] = json.dumps(meta, separators=(",", ":"))
        h.update(self.option("headers", {}))
        return h

    def request(self, talk):
        prompt = [{"type": "message", "role": "developer", "content": [
            {"type": "input_text", "text": "You are Codex, a coding agent. " + filler(17000)},
            {"type": "input_text", "text": "<permissions instructions>sandbox</permissions instructions>"}]}]
        about = [{"type": "message", "role": "user", "content": [
            {"type": "input_text", "text": "# AGENTS.md instructions for " + WORK + "\n\n" + filler(500)},
            {"type": "input_text", "text": f"<environment_context>\n  <cwd>{WORK}</cwd>\n</environment_context>"}]}]
        names = self.option("tools", ["exec_command", "write_stdin", "view_image", "update_goal"])
        tools = [{"type": "function", "name": n, "description": filler(800), "parameters": {"type": "object"}} for n in names]
        if names:
            tools += [{"type": "custom", "name": "apply_patch", "format": {"type": "grammar"}},
                      {"type": "namespace", "name": "multi_agent_v1", "tools": [{"type": "function", "name": "spawn_agent"}]},
                      {"type": "web_search", "external_web_access": False}]
        body = {"model": "gpt-6-sol", "stream": True, "input": prompt + about + self.items(talk), "tools": tools,
                "tool_choice": "auto", "parallel_tool_calls": True, "reasoning": {"effort": "medium"}, "store": False,
                "include": ["reasoning.encrypted_content"], "prompt_cache_key": self.session, "client_metadata": {}}
        return self.sent(self.headers(), body, self.option("path"))


class SdkResponses(Responses):
    name = "sdk-responses"
    tools, results = SdkChat.tools, SdkChat.results

    def request(self, talk):
        body = {"model": "gpt-6-sol", "input": self.items(talk), "instructions": "You mend programs."}
        if self.option("tools", True):
            body["tools"] = [{"type": "function", "name": n, "parameters": {"type": "object"}}
                             for n in sorted({t[0] for t in self.tools.values()})]
        body.update(self.option("body", {}))
        headers = {"User-Agent": "OpenAI/JS 7.55.0", "authorization": "Bearer k", **self.option("headers", {})}
        return self.sent(headers, body, self.option("path"))


# ---- Gemini ----

class GeminiCli(Client):
    name, dialect = "gemini-cli", "gemini"
    path = "/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse"
    tools = {
        "read": ("read_file", lambda a: {"absolute_path": f"{WORK}/{a}"}),
        "edit": ("replace", lambda a: {"file_path": f"{WORK}/{a}", "old_string": "a", "new_string": "b", "instruction": "Mend it"}),
        "write": ("write_file", lambda a: {"file_path": f"{WORK}/{a}", "content": "x"}),
        "run": ("run_shell_command", lambda a: {"command": a, "description": "Runs it"}),
        "note": ("write_todos", lambda a: {"todos": [{"description": a, "status": "pending"}]}),
    }
    results = {
        ("read", "ok"): "import sys\ntotal = 0\n", ("read", "fail"): "File not found: {arg}",
        ("edit", "ok"): "Successfully modified file: " + WORK + "/{arg} (1 replacements).",
        ("edit", "miss"): "Failed to edit, 0 occurrences found for old_string in {arg}. No edits made.",
        ("write", "ok"): "Successfully created and wrote to new file: {arg}.",
        ("run", "ok"): "Output: 12 passed\nProcess Group PGID: 77",
        ("run", "fail"): "Output: 1 failed, 11 passed\nExit Code: 1\nProcess Group PGID: 77",
        ("note", "ok"): "Successfully updated the todo list.",
    }
    plan = "\n# Active Approval Mode: Plan\n\nYou are operating in **Plan Mode** - a structured planning workflow."

    def contents(self, talk):
        out, open_calls = [], []
        for step, *items in talk:
            if step in ("says", "thinks"):
                out.append({"role": "model", "parts": [{"text": t} for t in items]})
            elif step == "calls":
                open_calls = [self.call(*c) for c in items]
                out.append({"role": "model", "parts": [{"functionCall": {"name": n, "args": v}, "thoughtSignature": "c2ln"}
                                                       for n, v in open_calls]})
            elif step == "results":
                out.append({"role": "user", "parts": [
                    {"functionResponse": {"id": "x", "name": n[0], "response": self.response(*r)}}
                    for n, r in zip(open_calls, items)]})
            elif step == "picture":
                out.append({"role": "user", "parts": [{"text": t} for t in items]
                            + [{"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo" * 400}}]})
            elif step == "beside":
                out[-1]["parts"] += [{"text": t} for t in items]
            else:
                out.append({"role": "user", "parts": [{"text": t} for t in items]})
        return out

    def response(self, what, how, arg=""):
        text, wrong = self.result(what, how, arg)
        return {"error": text} if wrong and what != "run" else {"output": text}

    def request(self, talk):
        names = ["read_file", "write_file", "replace", "run_shell_command", "google_web_search", "write_todos"]
        names += ["exit_plan_mode"] if self.option("planning") else ["enter_plan_mode"]
        names = self.option("tools", names)
        first = [{"role": "user", "parts": [{"text": "<session_context>\nThis is the Gemini CLI. Today's date is Friday.\n</session_context>"}]}]
        system = "You are Gemini CLI, an interactive CLI agent. " + filler(16000) + (self.plan if self.option("planning") else "")
        body = {"contents": (first if self.option("context", True) else []) + self.contents(talk),
                "systemInstruction": {"role": "user", "parts": [{"text": self.option("system", system)}]},
                "tools": [{"functionDeclarations": [{"name": n, "description": filler(600), "parametersJsonSchema": {}}
                                                    for n in names]}],
                "generationConfig": {"temperature": 1, "topP": 0.95, "topK": 64,
                                     "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 8192}}}
        if not names:
            del body["tools"]
        body.update(self.option("body", {}))
        headers = {"User-Agent": "GeminiCLI-tui/0.61.0/gemini-3-pro (linux; x64; terminal)", "x-goog-api-key": "k"}
        return self.sent(headers, body, self.option("path"))


CLIENTS = (ClaudeCode, ClaudeCodeOld, OpencodeAnthropic, OpencodeChat, Codex, SdkAnthropic, SdkChat, SdkResponses, GeminiCli)
