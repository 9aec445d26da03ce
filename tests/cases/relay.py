#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The simplest relay that the self-test's cases accept, and with --bad WHAT one that does a thing wrong.

It exists only so that run.py --self-test can show that wrong bytes fail; it reads the same configuration file.
"""

import json
import select
import signal
import socket
import sys
import threading
import time

from http1 import HOP, Failure, Wire, read_head

BAD = sys.argv[sys.argv.index('--bad') + 1] if '--bad' in sys.argv else ''


class Quiet:
    """Stands in for the scene of a case: no deadline that matters."""
    seconds, deadline = 60, float('inf')

    def __init__(self):
        self.sockets = []

    def left(self):
        return 60


def flipped(data):
    return data[:-2] + bytes([data[-2] ^ 1]) + data[-1:] if len(data) > 2 else data


def upstream_head(request, host, body):
    headers = [(n, v) for n, v in request.headers if n.lower() not in HOP | {'host'}]
    if BAD == 'swap-headers':
        headers.reverse()
    if BAD == 'drop-header':
        headers = [h for h in headers if h[0].lower() != 'anthropic-beta']
    headers = [('Host', host)] + headers + [('Content-Length', str(len(body)))]
    return (request.start + '\r\n' + ''.join(f'{n}: {v}\r\n' for n, v in headers) + '\r\n').encode() + body


def reply_head(reply):
    headers = [(n, v) for n, v in reply.headers if n.lower() not in HOP]
    if BAD == 'add-header':
        headers.append(('server', 'relay'))
    if reply.kind != 'none':
        headers.append(('Transfer-Encoding', 'chunked'))
    start = reply.start.replace(' 429 ', ' 503 ') if BAD == 'status' else reply.start
    return (start + '\r\n' + ''.join(f'{n}: {v}\r\n' for n, v in headers) + '\r\n').encode()


def chunk(data):
    return b'%x\r\n%b\r\n' % (len(data), data) if data else b''


def stream(client, up, reply):
    """Copies the body; True if the client's connection can go on."""
    held = b''
    while True:
        ready = select.select([up.sock, client.sock], [], [])[0] if not up.buffer else [up.sock]
        if client.sock in ready and not client.more():
            if BAD == 'keep-upstream':
                time.sleep(11)
            return False
        if up.sock not in ready:
            continue
        going = reply.fill()
        piece = reply.take(len(reply.data))
        piece = flipped(piece) if BAD == 'flip-reply' else piece
        held += piece if BAD == 'buffer' else b''
        if BAD != 'buffer':
            client.write(chunk(piece))
        if not going or reply.ended:
            break
    if reply.broken and BAD != 'eat-cut':
        return False
    client.write(chunk(held) + b'0\r\n\r\n')
    return True


def exchange(client, request, config):
    body = request.whole()
    if BAD == 'flip-request':
        body = flipped(body)
    host = config['providers']['anthropic']['base_url'].removeprefix('http://')
    address = host.split(':')[0], int(host.split(':')[1])
    for _ in range(2 if BAD == 'twice' else 1):
        up = Wire(socket.create_connection(address), Quiet())
        up.write(upstream_head(request, host, body))
    reply = read_head(up, 'the reply', request.start.split(' ')[0])
    if not reply or BAD == 'no-answer':
        return False
    key = request.values('x-api-key') if BAD == 'leak' else []
    print(f'{request.start.split(" ")[1]} {reply.status} {key}', flush=True)
    client.write(reply_head(reply))
    go_on = reply.ended or stream(client, up, reply)
    up.close()
    return go_on


def serve(sock, config):
    client = Wire(sock, Quiet())
    try:
        while (request := read_head(client, 'a request')) and exchange(client, request, config):
            pass
    except (Failure, OSError, EOFError):
        pass
    client.close()


def main():
    with open(sys.argv[sys.argv.index('--config') + 1], encoding='utf-8') as f:
        config = json.load(f)
    host, port = config['listen'][0].rsplit(':', 1)
    listener = socket.create_server((host, int(port)))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3 if BAD == 'exit' else 0))
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0], config), daemon=True).start()


main()
