# SPDX-License-Identifier: Apache-2.0
"""A real server's daemon: tells its name, over TCP per line asked and over UDP per datagram.

server.py NAME PORT ADDRESS...; ends when its standard input does. Hundreds are started, so it uses
little of the library: asyncio would take most of the start.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector

_STDIN = 0
_BACKLOG = 1024
_AT_ONCE = 64  # connections or datagrams, after which others have their turn


class _Server:
    """Every socket is registered with what to do when it can be read."""

    def __init__(self, name: bytes, port: int, addresses: list[str]) -> None:
        self._name = name
        self._selector = DefaultSelector()
        for address in addresses:
            channel = _bound(socket.SOCK_DGRAM, address, port)
            self._selector.register(channel, EVENT_READ, self._tell)
            listener = _bound(socket.SOCK_STREAM, address, port)
            listener.listen(_BACKLOG)
            self._selector.register(listener, EVENT_READ, self._accept)
        self._selector.register(_STDIN, EVENT_READ)

    def run(self) -> None:
        """Serve until standard input ends."""
        while True:
            for key, _ in self._selector.select():
                if key.data is not None:
                    key.data(key.fileobj)
                elif not os.read(_STDIN, 4096):
                    return

    def _tell(self, channel: socket.socket) -> None:
        """Answer datagrams from the address that was asked: each socket is bound to one."""
        with suppress(OSError):  # there are no more, or there is no way back to who asked
            for _ in range(_AT_ONCE):
                _, client = channel.recvfrom(1 << 16)
                channel.sendto(self._name, client)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(BlockingIOError, ConnectionAbortedError):
            for _ in range(_AT_ONCE):
                connection, _ = listener.accept()
                connection.setblocking(True)
                self._selector.register(connection, EVENT_READ, self._answer)

    def _answer(self, connection: socket.socket) -> None:
        """Tell the name for each line, and close when the client has."""
        with suppress(ConnectionError):
            asked = connection.recv(1 << 16)
            connection.sendall((self._name + b"\n") * asked.count(b"\n"))
            if asked:
                return
        self._selector.unregister(connection)
        connection.close()


def _bound(kind: int, address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    channel = socket.socket(family, kind)
    channel.setblocking(False)
    if kind == socket.SOCK_STREAM:
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    channel.bind((address, port))
    return channel


if __name__ == "__main__":
    server = _Server(sys.argv[1].encode(), int(sys.argv[2]), sys.argv[3:])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    server.run()
