# SPDX-License-Identifier: MIT
"""What the checks share: which files the project has, and C source without comments and strings."""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SKIPPED_DIRS = re.compile(r"^(\.git|build.*|node_modules|__pycache__)$")

_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL
)


def project_files():
    """Paths, relative to the root, of all files that are tracked or about to be."""
    command = ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
        return sorted({n for n in names if n and os.path.isfile(os.path.join(ROOT, n))})
    except (OSError, subprocess.CalledProcessError):
        pass  # no git here, or this is no clone: whatever lies here
    found = []
    for folder, dirs, files in os.walk(ROOT):
        dirs[:] = [d for d in dirs if not SKIPPED_DIRS.match(d)]
        found += [os.path.relpath(os.path.join(folder, f), ROOT) for f in files]
    return sorted(found)


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="surrogateescape") as f:
        return f.read()


def _blank(match):
    """A comment becomes white space, a literal keeps its quotes; line numbers stay true."""
    text = match.group(0)
    inner = re.sub(r"[^\n]", " ", text[1:-1] if text[0] in "\"'" else text)
    return text[0] + inner + text[-1] if text[0] in "\"'" else inner


def strip_c(text):
    return _TOKEN.sub(_blank, text)


def report(tool, problems, summary):
    """Prints the problems and ends: status 1 when there are any."""
    for problem in problems:
        print(problem)
    print(f"{tool}: {len(problems)} problems" if problems else f"{tool}: {summary}")
    sys.exit(1 if problems else 0)
