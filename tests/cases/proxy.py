# SPDX-License-Identifier: MIT
"""Starts and stops the proxy under test, in an empty home of its own."""

import json
import os
import random
import signal
import socket
import subprocess
import time

START_SECONDS = 60
STOP_SECONDS = 60


PORTS = iter(random.sample(range(10000, 32000), 22000))


def free_port():
    """A port that nothing listens on and that this run gives out once. Below those that the kernel gives to others, so
    that none of them gets it before the proxy does."""
    for port in PORTS:
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(('127.0.0.1', port))
                return port
            except OSError:
                continue
    raise RuntimeError('no port is free')


class Proxy:
    def __init__(self, program, folder, port):
        self.program, self.folder, self.address = program, folder, ('127.0.0.1', port)
        self.log_path = os.path.join(folder, 'log')
        self.process, self.told, self.env = None, False, {}

    def write_config(self, config, mode=0o600):
        path = os.path.join(self.folder, 'config.json')
        with open(path + '.new', 'w', encoding='utf-8') as f:
            if config is not None:
                json.dump(config, f)
        os.chmod(path + '.new', mode)
        os.replace(path + '.new', path)

    def start(self, env):
        home = {'HOME': self.folder, 'PATH': os.environ.get('PATH', ''), 'LANG': 'C.UTF-8', 'TMPDIR': self.folder}
        home |= {f'XDG_{n}_HOME': os.path.join(self.folder, n.lower()) for n in ('CONFIG', 'DATA', 'STATE', 'CACHE')}
        home |= {'XDG_RUNTIME_DIR': self.folder}
        home |= {k: v for k, v in os.environ.items() if k.endswith('SAN_OPTIONS')} | env
        self.env, self.told = env, False
        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen(
                [*self.program, 'start', '--config', os.path.join(self.folder, 'config.json')],
                cwd=self.folder, env=home, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def wait_ready(self):
        """Whether the port answers; False when the process ended instead."""
        end = time.monotonic() + START_SECONDS
        while self.process.poll() is None:
            try:
                socket.create_connection(self.address, timeout=1).close()
                return True
            except OSError:
                if time.monotonic() > end:
                    return False
                time.sleep(0.005)
        return False

    def terminate(self):
        self.told = True
        self.process.send_signal(signal.SIGTERM)

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self):
        """Ends the process; its exit status, or None when it had to be killed."""
        if self.process.poll() is None and not self.told:
            self.terminate()
        return self.wait(STOP_SECONDS)

    def restart(self):
        """The same again, in what it left behind. What went wrong, or None."""
        status = self.stop()
        if status != 0:
            return f'exit status {status}'
        self.start(self.env)
        return None if self.wait_ready() else 'it does not start again'

    def wait(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None

    def log(self):
        with open(self.log_path, encoding='utf-8', errors='replace') as f:
            return f.read()
