# SPDX-License-Identifier: MIT
"""Those who are compared: the provider itself, nginx, sluice, and any other program on request."""

import os
import shlex
import socket
import subprocess
import time

from rig import PROJECT, Broken, free_port, tool

DEFAULT_BINARY = PROJECT / os.environ.get("BUILD", "build") / "sluice"

NGINX = """
{user}
worker_processes 1; daemon off; master_process {master}; pid {folder}/nginx.pid;
worker_rlimit_nofile 20000;
events {{ worker_connections 8000; multi_accept on; }}
http {{
  access_log off;
  client_max_body_size 64m; client_body_buffer_size 2m;
  keepalive_requests 1000000; keepalive_timeout 300s; tcp_nodelay on;
  client_body_temp_path {folder}/nginx-1; proxy_temp_path {folder}/nginx-2;
  fastcgi_temp_path {folder}/nginx-3; uwsgi_temp_path {folder}/nginx-4;
  scgi_temp_path {folder}/nginx-5;
  upstream provider {{
    server 127.0.0.1:{upstream}; keepalive 1024; keepalive_requests 1000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_read_timeout 600s;
    }}
  }}
}}
"""


class Peer:
    """One of those compared; `start` until `stop`. `process` is None for the provider itself."""

    def __init__(self, name):
        self.name = name
        self.port = None
        self.process = None

    def command(self, rig):
        raise NotImplementedError

    def env(self, rig):
        return None

    def start(self, rig, before=()):
        """Starts it behind the words of `before` and returns the milliseconds from there until it
        has served its first request."""
        self.port = free_port()
        command = [*before, *self.command(rig)]
        begun = time.monotonic_ns()
        self.process = rig.spawn(command, rig.own_core, self.name, self.env(rig))
        try:
            return self.wait_first_reply(rig, begun)
        except Broken:
            rig.stop(self.process)
            raise

    def wait_first_reply(self, rig, begun):
        request = rig.request(self.port, "1k.plain")
        while time.monotonic_ns() - begun < 30e9:
            if not self.process.alive():
                raise Broken(f"{self.name} ended at once: {self.process.log_tail()}")
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=20) as s:
                    s.sendall(request)
                    reply = s.recv(65536)
                if reply.startswith(b"HTTP/1.1 200"):
                    return (time.monotonic_ns() - begun) / 1e6
                if reply:
                    raise Broken(f"{self.name} answers {reply[:200]!r}")
            except ConnectionRefusedError:
                time.sleep(0.0005)
        raise Broken(f"{self.name} does not answer: {self.process.log_tail()}")

    def stop(self, rig):
        if self.process:
            rig.stop(self.process)
            self.process = None

    def version(self):
        return ""


class Direct(Peer):
    """No proxy at all."""

    def start(self, rig, before=()):
        self.port = rig.mock_port
        return 0


class Nginx(Peer):
    def __init__(self, name, single=False):
        super().__init__(name)
        self.single = single  # one process: what callgrind needs

    def command(self, rig):
        conf = rig.folder / f"{self.name}.conf"
        conf.write_text(NGINX.format(
            user="" if os.geteuid() else "user root root;", master="off" if self.single else "on",
            folder=rig.folder, upstream=rig.mock_port, port=self.port))
        return [tool("nginx"), "-p", rig.folder, "-e", rig.folder / "nginx.err", "-c", conf]

    def version(self):
        ran = subprocess.run([tool("nginx"), "-v"], stderr=subprocess.PIPE, text=True)
        return ran.stderr.strip().rpartition("/")[2]


class Sluice(Peer):
    """With its log on, into a file. `settings` come after the usual ones."""

    home = "home"

    def __init__(self, name, binary=DEFAULT_BINARY, settings=()):
        super().__init__(name)
        self.binary = binary.resolve()
        self.settings = settings

    def log(self, rig):
        return rig.folder / f"{self.name}.log"

    def command(self, rig):
        if not self.binary.exists():
            raise Broken(f"{self.binary} does not exist; `./dev build` makes build/sluice")
        settings = [f"listen=127.0.0.1:{self.port}", f"log.file={self.log(rig)}",
                    f"providers.anthropic.base_url=http://127.0.0.1:{rig.mock_port}",
                    *self.settings]
        return [self.binary, "start", *[word for s in settings for word in ("--set", s)]]

    def env(self, rig):
        home = rig.folder / self.home
        home.mkdir(exist_ok=True)
        env = {"PATH": os.environ["PATH"], "HOME": str(home)}
        for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
            env[f"XDG_{kind}_HOME"] = str(home / kind.lower())
        # One each, or the second one would find the first one's traces.
        run = home / f"run-{self.name}"
        run.mkdir(mode=0o700, exist_ok=True)
        return env | {"XDG_RUNTIME_DIR": str(run)}

    def version(self):
        ran = subprocess.run([self.binary, "version"], stdout=subprocess.PIPE, text=True)
        return ran.stdout.strip()


class Translated(Sluice):
    """Sluice again, with the provider asked by Chat Completions for each model of the other API."""

    home = "home-translated"  # it runs beside the other one

    def command(self, rig):
        self.settings = (f"providers.mock.base_url=http://127.0.0.1:{rig.mock_port}",
                         "providers.mock.dialect=chat", "providers.mock.flavor=generic",
                         "models=*=mock/any")
        return super().command(rig)


class Other(Peer):
    """Any program: `{port}` in its command is where it listens, `{upstream}` the provider's."""

    def __init__(self, name, template):
        super().__init__(name)
        self.template = template

    def command(self, rig):
        return shlex.split(self.template.format(port=self.port, upstream=rig.mock_port))


def by_name(text, binary):
    """`sluice`, `nginx` or NAME=COMMAND."""
    if "=" in text:
        return Other(*text.split("=", 1))
    return {"sluice": lambda: Sluice("sluice", binary), "nginx": lambda: Nginx("nginx")}[text]()
