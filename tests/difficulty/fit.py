#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fits the weights of src/text/weights.h: multinomial logistic regression with a quadratic penalty, and a tenfold check of it.
Usage: fit.py FIGURES [--check] FILE..., FIGURES being build/tests/difficulty_figures; FILEs are labelled prompts that join the
built-in ones. Prints the header, or with --check how well weights fitted to nine tenths judge the last one."""

import math
import random
import subprocess
import sys

LEVELS = ("simple", "medium", "complex")
PENALTY, ROUNDS, STEP = 1.0, 200, 0.3
# Prompts by people who have not written these are less like them than these are like each other: less is certain then.
FLATTEN = 1.15
MISTAKE = ((0, 3, 25), (1, 0, 4), (2, 1, 0))  # as in src/text/difficulty.c
# What is known before anything was counted, in nats (simple, medium, complex): features that are rare in the examples keep it.
BEFORE = {
    "GREETING": (1.2, -0.6, -0.6), "FACT": (0.8, -0.4, -0.4), "HOW_TO": (0.4, 0, -0.4), "EXPLAIN": (0.2, 0.2, -0.4),
    "WHY": (-0.3, 0.6, -0.3), "CHORE": (1.2, -0.6, -0.6), "MAKE": (-0.6, 0.8, -0.2), "REPAIR": (-0.4, 0.8, -0.4),
    "CHANGE": (-0.6, 0.6, 0), "REVIEW": (-0.4, 0.4, 0), "DESIGN": (-1, -0.2, 1.2), "ANALYSE": (-0.8, -0.2, 1),
    "DECIDE": (-0.2, -0.2, 0.4), "SMALL": (0.6, -0.2, -0.4), "UNIT": (-0.2, 0.4, -0.2), "SYSTEM": (-0.4, -0.2, 0.6),
    "WIDE": (-0.6, 0, 0.6), "DISTRIBUTED": (-0.3, -0.3, 0.6), "CONCURRENT": (-0.3, 0.1, 0.2), "SECURITY": (-0.3, -0.1, 0.4),
    "THEORY": (-0.3, -0.2, 0.5), "SCALE": (-0.5, -0.2, 0.7), "TRADE_OFF": (-0.4, -0.3, 0.7), "PLANNING": (-0.4, -0.4, 0.8),
    "CONSTRAINT": (-0.4, 0.2, 0.2), "TROUBLE": (-0.4, 0.6, -0.2), "TESTS": (-0.2, 0.4, -0.2), "MAKING": (-0.4, 0.4, 0),
    "DESIGNING": (-0.3, -0.3, 0.6), "MOVE": (-0.3, 0, 0.3), "STEPS": (-0.3, -0.1, 0.4), "TECHNOLOGY": (-0.2, 0.3, -0.1),
    "SCRATCH": (-0.8, -0.2, 1), "FEATURE": (-0.4, 0.4, 0), "ORGANISATION": (-0.4, -0.4, 0.8), "MACHINERY": (-0.5, -0.3, 0.8),
    "SHARED": (-0.4, -0.1, 0.5), "LENGTH": (-0.8, 0.4, 0.4), "TINY": (0.6, -0.3, -0.3), "SHORT": (0.4, 0, -0.4),
    "LONG": (-1, 0.3, 0.7), "COMMAS": (-0.4, 0, 0.4), "SENTENCES": (-0.4, 0.2, 0.2), "ITEMS": (-0.8, 0.3, 0.5),
    "QUESTION": (0.2, -0.1, -0.1), "QUESTIONS": (-0.5, 0.2, 0.3), "FILES": (-0.2, 0.4, -0.2), "MORE_FILES": (-0.4, 0.2, 0.2),
    "CODE": (-0.5, 0.7, -0.2), "MUCH_CODE": (-0.4, 0.2, 0.2), "TRACE": (-0.7, 0.8, -0.1), "NO_ACT": (-0.2, 0.4, -0.2),
    "SHORT_QUESTION": (0.6, -0.3, -0.3), "SHORT_FACT": (0.6, -0.3, -0.3), "HARD_FACT": (-0.1, 0.1, 0),
    "MAKE_SMALL": (0.2, 0.1, -0.3), "MAKE_UNIT": (-0.3, 0.5, -0.2), "MAKE_SYSTEM": (-0.4, -0.2, 0.6), "MAKE_HARD": (-0.4, -0.3, 0.7),
    "BARE": (0.8, -0.4, -0.4), "SMALL_EDIT": (1.0, -0.5, -0.5), "DESIGN_HARD": (-0.5, -0.3, 0.8), "HARD": (-0.4, -0.2, 0.6), "NEAR_SIMPLE": (0.8, -0.4, -0.4),
    "NEAR_MEDIUM": (-0.4, 0.8, -0.4), "NEAR_COMPLEX": (-0.4, -0.4, 0.8),
}
HEAD = """/* SPDX-License-Identifier: MIT */
/* What each feature says for each level, in hundredths. Made by tests/difficulty/fit.py; do not edit. */
#ifndef TEXT_WEIGHTS_H
#define TEXT_WEIGHTS_H

#include "text/examples.h"
#include "text/features.h"

static const int16_t weights[PROMPT_FEATURES][DIFFICULTY_LEVELS] = {
"""


def rows_of(program, *files):
    text = subprocess.run([program, "--features", *files], capture_output=True, text=True, check=True).stdout
    rows = []
    for line in text.splitlines():
        level, *pairs = line.split()
        found = [(int(f), float(v)) for f, v in (p.split(":") for p in pairs)]
        rows.append((LEVELS.index(level), found))
    return rows


def scores(weights, found):
    sums = [sum(weights[f][k] * v for f, v in found) for k in range(3)]
    top = max(sums)
    parts = [math.exp(s - top) for s in sums]
    return [p / sum(parts) for p in parts]


def fit(rows, names):
    """Gradient descent with a step per weight (AdaGrad), held to what was known before."""
    features = len(names)
    before = [BEFORE.get(name, (0, 0, 0)) for name in names]
    weights = [list(row) for row in before]
    seen = [[1e-8] * 3 for _ in range(features)]
    for _ in range(ROUNDS):
        slope = [[PENALTY * (w - b) for w, b in zip(*both)] for both in zip(weights, before)]
        for level, found in rows:
            p = scores(weights, found)
            p[level] -= 1
            for f, v in found:
                row = slope[f]
                row[0] += p[0] * v
                row[1] += p[1] * v
                row[2] += p[2] * v
        for f in range(features):
            for k in range(3):
                seen[f][k] += slope[f][k] ** 2
                weights[f][k] -= STEP * slope[f][k] / math.sqrt(seen[f][k])
    return [[w / FLATTEN for w in row] for row in weights]


def choose(p):
    costs = [sum(MISTAKE[k][j] * p[j] for j in range(3)) for k in range(3)]
    return min((2, 1, 0), key=lambda k: costs[k])


def check(rows, names):
    random.Random(7).shuffle(rows)
    cell = [[0] * 3 for _ in range(3)]
    for tenth in range(10):
        weights = fit([r for i, r in enumerate(rows) if i % 10 != tenth], names)
        for level, found in rows[tenth::10]:
            cell[level][choose(scores(weights, found))] += 1
    n = len(rows)
    right = sum(cell[k][k] for k in range(3))
    print(f"{n} prompts, right {100 * right / n:.1f} %, too low by one "
          f"{100 * (cell[1][0] + cell[2][1]) / n:.1f} %, by two {100 * cell[2][0] / n:.1f} %")
    for k in range(3):
        print(f"  {LEVELS[k]:8} told as", ", ".join(f"{LEVELS[j]} {cell[k][j]}" for j in range(3)))


def main():
    program, *rest = sys.argv[1:]
    files = [f for f in rest if not f.startswith("-")]
    names = subprocess.run([program, "--names"], capture_output=True, text=True, check=True).stdout.split()
    rows = rows_of(program) + (rows_of(program, *files) if files else [])
    if "--check" in rest:
        check(rows, names)
        return
    weights = fit(rows, names)
    print(HEAD, end="")
    for name, row in zip(names, weights):
        print(f"\t[FEATURE_{name}] = {{ {', '.join(str(round(100 * w)) for w in row)} }},")
    print("};\n\n#endif")


main()
