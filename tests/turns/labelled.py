# SPDX-License-Identifier: MIT
"""The labelled set: requests of every client with the kind of turn that a person would call each. Written from what the
clients were seen to send, not from the rules that are tested with it; some are hard, and may be missed."""

from clients import (CLIENTS, ClaudeCode, ClaudeCodeOld, Codex, GeminiCli, OpencodeAnthropic, OpencodeChat,
                     SdkAnthropic, SdkChat, SdkResponses, filler, reminder)

TASK = ("user", "Add a discount to the order total in src/order.py, with tests.")
READ = [("calls", ("read", "src/order.py")), ("results", ("read", "ok", "src/order.py"))]
EDIT = [("calls", ("edit", "src/order.py")), ("results", ("edit", "ok", "src/order.py"))]
RUN = [("calls", ("run", "make test")), ("results", ("run", "ok"))]
FAIL = [("calls", ("run", "make test")), ("results", ("run", "fail"))]
MISS = [("calls", ("edit", "src/order.py")), ("results", ("edit", "miss", "src/order.py"))]
DONE = [("says", "The discount is there, and all tests pass.")]
WORKED = [TASK, *READ, *EDIT, *RUN, *DONE]

# (kind, talk): for every client
COMMON = [
    ("first", [TASK]),
    ("first", [("picture", "Make the page look like this picture.")]),
    ("first", [("user", "No tests exist for src/order.py. Write some.")]),
    ("first", [("user", "who is the author of this file?")]),
    ("first", [("user", "add airplane icon")]),
    ("first", [("user", "hi")]),
    ("prompt", [*WORKED, ("user", "Now describe it in the README.")]),
    ("prompt", [TASK, ("says", "Which order total do you mean?"), ("user", "The one of the invoice.")]),
    ("prompt", [*WORKED, ("user", "No problem, thanks. Next: add a currency to the order.")]),
    ("tool_loop", [TASK, *READ]),
    ("tool_loop", [TASK, *READ, *EDIT, *RUN]),
    ("tool_loop", [TASK, ("calls", ("read", "a.py"), ("read", "b.py"), ("run", "git log -3")),
                   ("results", ("read", "ok", "a.py"), ("read", "ok", "b.py"), ("run", "ok"))]),
    ("tool_loop", [*WORKED, ("user", "Look at the invoice too."), *READ]),
    ("tool_loop", [TASK, *FAIL, *EDIT, *RUN]),
    ("tool_loop", [TASK] + [s for i in range(40) for s in
                            (("calls", ("read", f"src/m{i}.py")), ("results", ("read", "ok", f"m{i}.py")))]),
    ("edit", [TASK, *READ, *EDIT]),
    ("edit", [TASK, *READ, ("calls", ("edit", "a.py"), ("edit", "b.py")),
              ("results", ("edit", "ok", "a.py"), ("edit", "ok", "b.py"))]),
    ("edit", [TASK, *READ, ("calls", ("write", "src/new.py")), ("results", ("write", "ok", "src/new.py"))]),
    ("edit", [TASK, *FAIL, *MISS, *READ, *EDIT]),
    ("recovery", [TASK, *READ, *EDIT, *FAIL]),
    ("recovery", [TASK, *READ, *MISS]),
    ("recovery", [TASK, *FAIL, *EDIT, *FAIL]),
    ("recovery", [TASK, ("calls", ("read", "gone.py")), ("results", ("read", "fail", "gone.py"))]),
    ("recovery", [TASK, *READ, *RUN, *RUN, *RUN]),
    ("correction", [*WORKED, ("user", "No, that's wrong: the discount must not apply to shipping.")]),
    ("correction", [*WORKED, ("user", "It still fails with the same error, see the log.")]),
    ("correction", [TASK, *READ, *EDIT, *DONE, ("user", "нет, это не то. верни как было")]),
]

# Also with other members, older histories and other encodings: (kind, talk, options).
VARIED = [
    ("first", [TASK], {"shuffle": True}),
    ("tool_loop", [TASK, *READ, *RUN], {"shuffle": True}),
    ("recovery", [TASK, *EDIT, *FAIL], {"shuffle": True, "ascii": True}),
    ("correction", [*WORKED, ("user", "Тест всё ещё падает, исправь")], {"ascii": True}),
    ("edit", [TASK, *READ, *EDIT], {"indent": 1}),
]

SAYS_WRONG = [
    "that's not what I asked for", "Revert that change, please.", "You broke the login page.", "wrong file! it is in lib/",
    "Nope, doesn't work", "Undo your last edit", "I said the *invoice*, not the order", "не работает, та же ошибка",
    "Неправильно. Скидка считается до налога", "Откати изменения", "опять сломалось", "нет, я просил другое",
]
SAYS_MORE = [
    "Great, now add logging.", "thanks! what does parse_args do?", "Is there still a gap in src/order.py?",
    "Write a test for the wrong-password case.", "Commit this, and push.", "continue", "Nothing else. Explain the fix for the changelog.",
    "отлично, теперь добавь логирование", "Нетипичный случай: добавь скидку 100 %", "Not sure about names. Which would you take?",
    "Rename revert_order() to undo_order().", "продолжай",
]

# What a person would see at once, and rules may not.
HARD = [
    ("correction", [*WORKED, ("user", "The discount is applied twice now.")]),
    ("correction", [*WORKED, ("user", "почему итог теперь отрицательный?")]),
    ("prompt", [*WORKED, ("user", "Still one thing to do: the changelog.")]),
    ("prompt", [*WORKED, ("user", "No, thanks, the names are fine. Go on with the docs.")]),
    ("correction", [*WORKED, ("user", "hmm, the total of an empty cart used to be 0")]),
    ("recovery", [TASK] + 3 * [*READ, ("calls", ("read", "other.py")), ("results", ("read", "ok", "other.py"))]),
    ("prompt", [*WORKED, ("user", "Wrong totals were a problem last year, too: add a test for that.")]),
    ("first", [("user", "no, wrong, revert: write a script that counts these words")]),
]

TITLE_FORMAT = {"type": "json_schema", "schema": {"type": "object", "properties": {"title": {"type": "string"}}}}
NAME_FORMAT = {"type": "json_schema", "schema": {"type": "object", "properties": {"name": {"type": "string"}}}}
ASIDE = {"tools": [], "thinking": None, "context_management": None, "max_tokens": 32000}
COMPACT = "CRITICAL: Respond with TEXT ONLY. Do NOT call any tools.\n\n" + filler(6500)
OLD_COMPACT = "Your task is to create a detailed summary of the conversation so far, paying close attention to " + filler(5000)
SUMMARY = "This session is being continued from a previous conversation that ran out of context. " + filler(4000)
SEARCH = {"tools": [{"type": "web_search_20260209", "name": "web_search", "max_uses": 8}], "thinking": None,
          "tool_choice": {"type": "auto"}, "context_management": None}
AGENT = {"x-claude-code-agent-id": "a0123456789abcdef"}
NAMELESS = {"User-Agent": "node", "x-app": "proxy", "X-Claude-Code-Session-Id": ""}
APP_CLI = {**NAMELESS, "x-app": "cli"}
SUMMARIZE = {"tools": [], "system": "You are a helpful AI assistant tasked with summarizing conversations. " + filler(700)}


def hint(kind, **more):
    return {"headers": {"x-claude-code-request-class": kind, **more}}


def claude_code(c):
    """What only Claude Code does, of either version."""
    plan, still = c.plan, c.still_plan
    yield "title", [("user", TASK[1])], {"body": {**ASIDE, "output_config": {"format": TITLE_FORMAT}}, "system_bytes": 3000}
    yield "title", [("user", "Name this session")], {"body": {**ASIDE, "output_config": {"format": NAME_FORMAT}}, "system_bytes": 900}
    yield "web_search", [("user", "Perform a web search for the query: meson 1.9 release")], {"body": SEARCH, "cache": False}
    yield "compaction", [*WORKED, ("user", COMPACT)], {}
    yield "compaction", [TASK, *READ, ("user", COMPACT)], {"shuffle": True}
    yield "compaction", [*WORKED, ("user", "Sum it up. " + filler(400))], hint("compaction")
    yield "compaction", [*WORKED, ("user", OLD_COMPACT)], {}
    yield "continuation", [TASK, ("says", "First, "), ("user", "Output token limit hit. Resume directly, no recap.")], {}
    yield "continuation", [TASK, ("says", "First, "), ("user", "Your response above was cut off mid-stream. Go on.")], {}
    yield "continuation", [TASK, ("says", "First, "), ("user", "Your response above was stopped by a safety check.")], {}
    yield "recap", [*WORKED, ("user", "The user stepped away and is coming back. Recap in one sentence.")], {}
    yield "background", [*WORKED, ("user", "by the way, what is a mutex?")], hint("auxiliary")
    yield "background", [*WORKED, ("user", "by the way")], hint("side_reply")
    yield "background", [("user", "Is this a new topic?")], {"body": ASIDE, "identity": c.official, "system_bytes": 800}
    # The user's own program on the Agent SDK, with one question and no tools; a small prompt alone says nothing.
    yield "first", [("user", "What is a closure?")], {"body": ASIDE, "system_bytes": 800}
    yield "first", [TASK], {"body": ASIDE, "identity": c.official, "system_bytes": 9000}
    # Behind another proxy that says its own name: by one header, or by the system prompt.
    for other in APP_CLI, NAMELESS:
        yield "title", [("user", TASK[1])], {"body": {**ASIDE, "output_config": {"format": TITLE_FORMAT}}, "headers": other}
        yield "compaction", [*WORKED, ("user", COMPACT)], {"headers": other}
        yield "compaction", [*WORKED, ("user", COMPACT)], {"headers": other, "billing": False, "identity": c.official}
        yield "tool_loop", [TASK, *READ], {"headers": other}
    yield "subagent", [("user", "Find all callers."), *READ], {"headers": NAMELESS, "subagent_line": True}
    yield "subagent", [("user", "Find all callers of total().")], {"headers": AGENT, "subagent_line": True}
    yield "subagent", [("user", "Find all callers."), *READ], {"headers": {**AGENT, "x-claude-code-parent-agent-id": "a1"}}
    yield "subagent", [("user", "Find all callers."), *FAIL], hint("subagent")
    yield "subagent", [("user", "Find all callers."), *READ], {"subagent_line": True}
    yield "subagent", [("user", "Plan it."), *READ], {"headers": {**AGENT, "x-claude-code-agent-type": "Plan"}}
    yield "count", [("user", "foo")], {"path": "/v1/messages/count_tokens?beta=true"}
    yield "first", [TASK], hint("main")
    yield "first", [TASK], {"billing": False, "cache": False}
    yield "first", [TASK], {"tools": ["Bash", "Edit", "Read"], "system_bytes": 39}
    yield "tool_loop", [TASK, *READ], hint("main", **{"x-claude-code-prev-tool-durations": "Read=3"})
    yield "prompt", [("user", SUMMARY), ("says", "I see."), ("user", "Go on with the tests."), ("system", "New tools: WebFetch")], {}
    yield "prompt", [("user", SUMMARY, "Go on with the tests.")], {"headers": {"x-claude-code-context-compacted": "manual"}}
    yield "tool_loop", [("user", SUMMARY), ("says", "I see."), ("user", "Go on."), *READ], {}
    # Results of tools with something beside or behind them.
    yield "tool_loop", [TASK, ("calls", ("find tools", "web")), ("results", ("find tools", "ok")), ("beside", "Tool loaded.")], {}
    yield "tool_loop", [TASK, *READ, ("beside", reminder("The TodoWrite tool hasn't been used recently."))], {}
    yield "tool_loop", [TASK, *READ, ("system", "The following tools are available now: WebFetch")], {}
    yield "tool_loop", [TASK, ("calls", ("agent", "Where is the parser?")), ("results", ("agent", "ok"))], {}
    yield "tool_loop", [TASK, ("calls", ("wait", "b1")), ("results", ("wait", "ok")), ("calls", ("wait", "b1")),
                        ("results", ("wait", "ok")), ("calls", ("wait", "b1")), ("results", ("wait", "ok"))], {}
    yield "edit", [TASK, *READ, *EDIT, ("beside", reminder("src/order.py was changed by a linter."))], {}
    yield "edit", [TASK, ("calls", ("note", "tests"), ("edit", "a.py")), ("results", ("note", "ok"), ("edit", "ok", "a.py"))], {}
    yield "recovery", [TASK, ("calls", ("edit", "a.py")), ("results", ("edit", "unread")), ("system", "More tools")], {}
    yield "recovery", [TASK, ("calls", ("read", "a.py"), ("run", "make")), ("results", ("read", "ok", "a.py"), ("run", "fail"))], {}
    yield "recovery", [TASK, *READ, *READ, *READ, *READ], {}
    # The user steps in.
    yield "correction", [TASK, ("calls", ("run", "rm -r build")), ("results", ("run", "refused")),
                         ("beside", "[Request interrupted by user for tool use]", "no, use make clean")], {}
    yield "tool_loop", [TASK, ("calls", ("run", "rm -r build")), ("results", ("run", "refused")), (
        "beside", "[Request interrupted by user for tool use]", "<task-notification>\nb1 has ended\n</task-notification>")], {}
    yield "prompt", [("user", SUMMARY, "<local-command-caveat>x</local-command-caveat>", "Go on with the tests.")], {}
    yield "correction", [TASK, *READ, ("calls", ("edit", "a.py")), ("results", ("edit", "told", "do not touch a.py"))], {}
    yield "correction", [TASK, *READ, *EDIT, *DONE, ("user", reminder("Today is Friday."), "this is wrong, undo it")], {}
    yield "prompt", [*WORKED, ("user", "Now the README.", reminder("The user opened README.md in the IDE: no, wrong, revert"))], {}
    # A plan is to be made first.
    yield "planning", [("user", TASK[1], plan)], {}
    yield "planning", [("user", plan, TASK[1])], {"shuffle": True}
    yield "planning", [("user", TASK[1], plan), *READ], {}
    yield "planning", [*WORKED, ("user", "Plan a currency field.", still)], {}
    yield "planning", [("user", TASK[1], plan), ("says", "Plan: …"), ("user", "Make it shorter.", still), *READ], {}
    yield "planning", [TASK, ("calls", ("enter plan", "")), ("results", ("enter plan", "ok"))], {}
    yield "planning", [TASK, ("calls", ("enter plan", "")), ("results", ("enter plan", "ok")), *READ, *READ[:1], READ[1]], {}
    yield "planning", [("user", TASK[1], plan), *READ, ("calls", ("exit plan", "")),
                       ("results", ("exit plan", "no", "Use the old table instead."))], {}
    yield "tool_loop", [("user", TASK[1], plan), *READ, ("calls", ("exit plan", "")), ("results", ("exit plan", "ok"))], {}
    yield "edit", [("user", TASK[1], plan), *READ, ("calls", ("exit plan", "")), ("results", ("exit plan", "ok")), *EDIT], {}
    yield "prompt", [("user", TASK[1], plan), ("says", "Plan: …"), ("user", "Go.", c.left_plan)], {}
    yield "first", [("user", "What does 'Plan mode is active' in the docs mean?")], {}


def opencode(c):
    title = {"tools": [], "system": "You are a title generator. You output ONLY a thread title. " + filler(1800)}
    yield "title", [("user", "Generate a title for this conversation:\n"), TASK], title
    yield "title", [("user", "Generate a title for this conversation:\n"), TASK], {**title, "shuffle": True}
    # Known by its headers, or by its name alone; a child of another session.
    for other in {"user-agent": "node"}, {"x-session-affinity": "", "x-session-id": ""}:
        yield "title", [("user", "Generate a title for this conversation:\n"), TASK], {**title, "headers": other}
        yield "compaction", [*WORKED, ("user", "Sum it up.")], {**SUMMARIZE, "headers": other}
        yield "subagent", [TASK, *READ], {"headers": {**other, "x-parent-session-id": "ses_0"}}
    yield "planning", [("user", TASK[1], c.plan)], {}
    yield "planning", [("user", TASK[1], c.plan), *READ], {}
    yield "planning", [*WORKED, ("user", "Plan the next thing.", c.plan)], {}
    yield "prompt", [("user", TASK[1]), ("says", "Plan: …"), ("user", "Go.", c.left_plan)], {}
    yield "compaction", [*WORKED, ("user", "Provide a detailed prompt for continuing our conversation above.")], SUMMARIZE


def codex(c):
    yield "compaction", [*WORKED, ("user", "You are performing a CONTEXT CHECKPOINT COMPACTION. " + filler(380))], {
        "tools": [], "meta": {"request_kind": "compaction"}}
    yield "compaction", [*WORKED, ("user", "Create a handoff summary. " + filler(380))], {"tools": [], "metadata": False}
    yield "compaction", [*WORKED, *READ], {"tools": [], "meta": {"request_kind": "compaction"}}
    yield "subagent", [("user", "Look for the parser.")], {
        "headers": {"x-openai-subagent": "collab_spawn", "x-codex-parent-thread-id": "p", "thread-id": "q"}}
    yield "subagent", [("user", "Look for the parser."), *READ], {"headers": {"x-openai-subagent": "collab_spawn"}}
    yield "subagent", [("user", "Look for the parser."), *FAIL], {"headers": {"x-codex-parent-thread-id": "p"}}
    yield "planning", [("system", c.plan), TASK], {}
    yield "planning", [("system", c.plan), TASK, *READ], {}
    yield "prompt", [("system", c.plan), TASK, ("says", "Plan: …"), ("system", c.left_plan), ("user", "Go.")], {}
    yield "edit", [TASK, *READ, ("calls", ("shell edit", "a.py")), ("results", ("shell edit", "ok", "a.py"))], {}
    yield "tool_loop", [TASK, *READ, ("calls", ("wait", "")), ("results", ("wait", "ok")), ("calls", ("wait", "")),
                        ("results", ("wait", "ok")), ("calls", ("wait", "")), ("results", ("wait", "ok"))], {}
    yield "edit", [TASK, ("calls", ("note", "x"), ("edit", "a.py")), ("results", ("note", "ok"), ("edit", "ok", "a.py"))], {}
    yield "tool_loop", [TASK, ("thinks", "Looking."), *READ], {"metadata": False}
    yield "prompt", [*WORKED, ("thinks", "Done."), ("user", "<turn_aborted>\n</turn_aborted>"), ("user", "Now the README.")], {}


def gemini(c):
    yield "planning", [TASK], {"planning": True}
    yield "planning", [TASK, *READ], {"planning": True}
    yield "web_search", [("user", "meson 1.9 release")], {"context": False, "body": {"tools": [{"googleSearch": {}}]}}
    yield "compaction", [*WORKED, ("user", "First, reason in your scratchpad. Then, generate the <state_snapshot>.")], {
        "tools": [], "system": "You are the component that summarizes internal chat history into a given structure. " + filler(900)}
    yield "background", [*WORKED, ("user", "Analyze *only* the content of your immediately preceding response: who speaks next?")], {
        "tools": [], "body": {"generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": {}}}}
    yield "count", [TASK], {"path": "/v1beta/models/gemini-3-pro:countTokens"}


def sdks():
    plain = {"tools": False, "system": False}
    for c in (SdkAnthropic, SdkChat, SdkResponses):
        yield c, "first", [("user", "What is a closure?")], plain
        yield c, "prompt", [("user", "What is a closure?"), ("says", "A function."), ("user", "And in C?")], plain
    yield SdkAnthropic, "web_search", [("user", "news about meson")], {"system": False, "body": SEARCH_SDK}
    yield SdkResponses, "web_search", [("user", "news about meson")], {"body": {"tools": [{"type": "web_search"}]}}
    yield SdkResponses, "first", [], {"body": {"input": "What is a closure?"}}
    yield SdkResponses, "prompt", [], {"body": {"input": "And in C?", "previous_response_id": "resp_1"}}
    yield SdkAnthropic, "count", [TASK], {"path": "/v1/messages/count_tokens"}
    yield SdkAnthropic, "tool_loop", [TASK, ("calls", ("view", "a.py")), ("results", ("view", "ok"))], {}
    yield SdkAnthropic, "first", [TASK, ("says", "{")], {}
    yield SdkChat, "first", [TASK], {"body": {"tools": [{"type": "function", "function": {"name": "web_search"}}]}}


# Ordinary work of programs that look like what clients do beside it: it stays what the messages are.
CHATTED = [("user", "What is a closure?"), ("says", "A function."), ("user", "And in C?")]
WANTS_JSON = {SdkAnthropic: {"output_config": {"format": TITLE_FORMAT}},
              SdkChat: {"response_format": {"type": "json_schema", "json_schema": TITLE_FORMAT}},
              SdkResponses: {"text": {"format": TITLE_FORMAT}}}
SESSIONS = [{"x-session-id": "9f1c"}, {"x-session-id": "ses_9f1c"}, {"x-session-affinity": "ses_9f1c"},
            {"x-session-id": "9f1c", "x-session-affinity": "9f1c"}, {"x-session-id": "ses_9f1c", "x-session-affinity": "ses_1"},
            {"x-session-id": "ses_9f1c", "x-parent-session-id": "ses_1"}, {"User-Agent": "my-app/1.0 opencode/1.18", "x-app": "web"}]
LIKE_TITLES = ["Generate a concise, 3-5 word title for this article.", "You are a title generator. The text: " + filler(300),
               "Your task is to create a detailed summary of the conversation so far", COMPACT,
               "You are performing a CONTEXT CHECKPOINT COMPACTION.", "The user stepped away and is coming back."]


def look_alikes():
    for c, wish in WANTS_JSON.items():
        plain, bare = {"tools": False}, {"tools": False, "system": False}
        for body in wish, {**wish, "tools": []}, {"tools": []}:
            yield c, "first", [("user", "Which city is this invoice from?")], {**plain, "body": body}
            yield c, "prompt", CHATTED, {**bare, "body": body}
        yield c, "tool_loop", [TASK, *READ], {"body": wish}
        for headers in SESSIONS:
            yield c, "first", [("user", "What is a closure?")], {**plain, "headers": headers}
            yield c, "prompt", CHATTED, {**plain, "headers": headers, "body": {"tools": []}}
        yield c, "tool_loop", [TASK, *READ], {"headers": SESSIONS[0]}
        for text in LIKE_TITLES:
            yield c, "first", [("user", text)], plain
            yield c, "prompt", [*CHATTED, ("user", text)], {**plain, "headers": SESSIONS[0]}
    generator = "You are a title generator for news. " + filler(900)
    yield SdkAnthropic, "first", [("user", filler(2000))], {"tools": False, "body": {"system": generator}}
    yield SdkResponses, "first", [("user", filler(2000))], {"tools": False, "body": {"instructions": generator}}
    yield SdkResponses, "first", [("user", "hi")], {"body": {"text": {"verbosity": "low"}, "tools": []}}
    yield SdkResponses, "first", [("user", "hi")], {"body": {"text": {"format": {"type": "text"}}, "tools": []}}
    # Whoever says it is believed.
    yield SdkAnthropic, "background", [("user", "hi")], hint("auxiliary")
    yield SdkAnthropic, "compaction", CHATTED, hint("compaction")
    yield SdkAnthropic, "subagent", [TASK, *READ], {"headers": AGENT}


SEARCH_SDK = {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}


def labelled():
    """Yields (name of the client, kind, request)."""
    seed = 0
    for client in CLIENTS:
        rows = [(kind, talk, {}) for kind, talk in COMMON] + VARIED
        if client in (ClaudeCode, ClaudeCodeOld):
            rows += claude_code(client)
        elif client in (OpencodeAnthropic, OpencodeChat):
            rows += opencode(client)
        elif client is Codex:
            rows += codex(client)
        elif client is GeminiCli:
            rows += gemini(client)
        rows += [(kind, talk, {}) for kind, talk in HARD[CLIENTS.index(client) % 4::4]]
        rows += [("correction", [*WORKED, ("user", t)], {}) for t in SAYS_WRONG[CLIENTS.index(client) % 3::3]]
        rows += [("prompt", [*WORKED, ("user", t)], {}) for t in SAYS_MORE[CLIENTS.index(client) % 3::3]]
        for kind, talk, options in rows:
            seed += 1
            yield client.name, kind, client(seed, **options).request(talk)
    for client, kind, talk, options in (*sdks(), *look_alikes()):
        seed += 1
        yield client.name, kind, client(seed, **options).request(talk)
