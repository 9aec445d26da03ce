#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows that each check of tools/ finds what it is there to find, on small trees made for it. The last line is
"N passed, N failed"."""

import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAYERS = "base\nwire\nllm io\ncore\nstages\n"

# Check, files of the tree, what it must say; None: nothing is wrong.
CASES = [
    ("check-layers", {"src/wire/a.c": '#include "base/b.h"\n#include <llhttp.h>\n'}, None),
    ("check-layers", {"src/base/a.c": '#include "wire/b.h"\n'}, "base may not include wire"),
    ("check-layers", {"src/llm/a.c": '  #  include "io/b.h"\n'}, "llm may not include io"),
    ("check-layers", {"src/llm/a.c": "#include <uv.h>\n"}, "<uv.h> belongs to io"),
    ("check-layers", {"src/wire/a.c": "#include <sys/socket.h>\n"}, "belongs to io app"),
    ("check-layers", {"src/core/a.c": "#include <libfoo.h>\n"}, "owned by no folder"),
    ("check-layers", {"src/core/a.c": '#include "b.h"\n'}, 'write "core/b.h"'),
    ("check-layers", {"src/other/a.c": "\n"}, "not in src/LAYERS"),
    ("check-layers", {"src/stages/call.c": '#include "stages/call.h"\n#include "stages/stages.h"\n'}, None),
    ("check-layers", {"src/stages/call.c": '#include "stages/route.h"\n'}, "never see each other"),
    (
        "check-layers",
        {"src/core/a.h": '#include "core/b.h"\n', "src/core/b.h": '#include "core/a.h"\n'},
        "circle of headers: src/core/a.h > src/core/b.h > src/core/a.h",
    ),
    ("check-size", {"src/base/a.c": "int f(int a,\n\tint b)\n{\n" + "\ta++;\n" * 56 + "}\n"}, None),
    ("check-size", {"src/base/a.c": "int f(int a,\n\tint b)\n{\n" + "\ta++;\n" * 57 + "}\n"}, "f has 61 lines"),
    ("check-size", {"src/base/a.c": "/* Why. */\nint f(void)\n{\n" + "\ta++;\n" * 57 + "}\n"}, None),
    ("check-size", {"src/base/a.c": "void g(int a, void (*f)(int, int), int c, int d, int e)\n{\n}\n"}, None),
    ("check-size", {"src/base/a.c": "void g(int a, int b, int c, int d, int e,\n\tint f)\n{\n}\n"}, "6 parameters"),
    ("check-size", {"src/base/a.h": "\n" * 801}, "801 lines"),
    ("check-banned", {"src/base/a.c": '/* strcpy(a, b) */ char *s = "strcpy(";\nx->system(1);\n'}, None),
    ("check-banned", {"src/base/a.c": "int f(void)\n{\n\tstrcpy (a, b);\n}\n"}, "a.c:3: strcpy"),
    ("check-banned", {"src/core/a.c": "\tp = malloc(3);\n"}, "use must_alloc"),
    ("check-words", {"README.md": "A sentence of the project.\n"}, None),
    ("check-words", {"README.md": "see http://deb.%s.org/\n" % "debian"}, "host of a package mirror"),
    ("check-words", {"a.json": '{"url": "https://registry.%s.org/x"}' % "npmjs"}, "host of a package mirror"),
    ("check-words", {"package-lock.json": '{"%s": "file:x"}' % "resolved"}, "resolved address"),
    ("check-words", {"src/a.c": "/* %s: later */\n" % ("TO" + "DO")}, "note to oneself"),
    ("check-words", {"tests/cases/a.case": "%s\n" % ("TO" + "DO")}, None),
    ("check-words", {"tests/cases/a.case": "/%s/main/src\n" % "work"}, "folder of one machine"),
]


def said(check, files):
    """Exit status and output of a check on a tree of these files."""
    with tempfile.TemporaryDirectory() as root:
        shutil.copytree(f"{ROOT}/tools", f"{root}/tools", ignore=shutil.ignore_patterns("__pycache__"))
        for name, text in {"src/LAYERS": LAYERS, **files}.items():
            os.makedirs(os.path.dirname(f"{root}/{name}"), exist_ok=True)
            with open(f"{root}/{name}", "w", encoding="utf-8") as f:
                f.write(text)
        # Without PATH there is neither git nor npm: the checks take the tree as it lies.
        done = subprocess.run([sys.executable, f"{root}/tools/{check}"], env={"PATH": "/nonexistent"},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout


def main():
    failed = 0
    for check, files, want in CASES:
        status, output = said(check, files)
        good = status == 0 if want is None else status == 1 and want in output
        if not good:
            failed += 1
            print(f"{check} on {files}: expected {want!r}, got status {status}:\n{output}")
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
