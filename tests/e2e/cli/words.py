# SPDX-License-Identifier: MIT
"""Command lines: help, version, mistakes."""

import os
import re

from scene import check, equal, has


def test_help(scene):
    for words in (['help'], ['--help'], ['-h']):
        text = scene.ok(*words)
        for name in ('run', 'start', 'stop', 'status', 'reload', 'config', 'version', 'help'):
            has(text, f'\n  {name} ')
    bare = scene.call()
    equal((bare.returncode, bare.stdout), (2, ''), 'without a command')
    has(bare.stderr, 'Usage: sluice COMMAND')


def test_help_of_a_command(scene):
    for name in ('run', 'start', 'stop', 'status', 'reload', 'config', 'version', 'help'):
        text = scene.ok('help', name)
        equal(scene.ok(name, '--help'), text, f'{name} --help')
        has(text, f'Usage: sluice {name} [OPTIONS]')
    has(scene.ok('help', 'start'), '--daemon')
    has(scene.ok('help', 'start'), '--set PATH=VALUE')


def test_version(scene):
    text = scene.ok('version')
    equal(text.split()[0], 'sluice', 'first word')
    equal(scene.ok('--version'), text, '--version')


def test_mistakes(scene):
    for words, part in (
        (['strat'], 'did you mean "start"?'),
        (['frobnicate'], 'unknown command "frobnicate"'),
        (['help', 'statsu'], 'did you mean "status"?'),
        (['start', '--demon'], 'did you mean "--daemon"?'),
        (['status', 'now'], '"now" is one word too many'),
        (['stop', '--set', 'a=b'], 'unknown option "--set"'),
        (['start', '--set', 'nonsense'], 'PATH=VALUE'),
        (['run'], 'which program?'),
    ):
        done = scene.call(*words)
        equal((done.returncode, done.stdout), (2, ''), ' '.join(words))
        has(done.stderr, part)
        equal(done.stderr.count('\n'), 1, f'lines for {words}')


def test_documents(scene):
    """Each command, and each option that is its own, stands in the manual page and in the shell's completion."""
    top = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', '..')
    with open(os.path.join(top, 'docs', 'sluice.1'), encoding='utf-8') as f:
        manual = f.read()
    with open(os.path.join(top, 'packaging', 'completion', 'sluice.bash'), encoding='utf-8') as f:
        completion = f.read()
    names = re.findall(r'^  ([a-z]+) ', scene.ok('help'), re.MULTILINE)
    check(len(names) > 10, 'the list of commands')
    for name in names:
        has(manual, f'\n.Cm {name}\n')
        check(len(re.findall(rf'compgen -W "[a-z ]*\b{name}\b', completion)) >= (1 if name == 'help' else 2), f'{name} is completed')
        for option in re.findall(r'^  --([a-z-]+)', scene.ok('help', name), re.MULTILINE):
            has(completion, f'--{option}')
            check(option in ('help',) or f'Fl -{option}' in manual or f', -{option}' in manual, f'--{option} in the manual')
