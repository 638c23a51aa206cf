# SPDX-License-Identifier: Apache-2.0
"""A server that costs little: answers every HTTP request in the same way, with or without TLS.

answerer.py PORT [CERTIFICATE]; ends when its standard input does. It takes connections that ask
nothing as well.
"""

from __future__ import annotations

import select
import socket
import ssl
import sys
from contextlib import suppress

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nup\n"
_MANY = 4096


class Answerer:
    """All connections, in one thread."""

    def __init__(self, port: int, certificate: str) -> None:
        self._context: ssl.SSLContext | None = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
        self._listener = socket.create_server(("", port), backlog=_MANY)
        self._listener.setblocking(False)
        self._open: dict[int, socket.socket] = {}
        self._poll = select.epoll()
        self._poll.register(self._listener, select.EPOLLIN)
        self._poll.register(sys.stdin, select.EPOLLIN)

    def run(self) -> None:
        """Until standard input ends."""
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor == sys.stdin.fileno():
                    return
                if descriptor == self._listener.fileno():
                    self._accept()
                else:
                    self._answer(self._open[descriptor])

    def _accept(self) -> None:
        with suppress(BlockingIOError):
            while True:
                channel, _ = self._listener.accept()
                channel.setblocking(False)
                if self._context is not None:
                    try:
                        channel = self._context.wrap_socket(
                            channel, server_side=True, do_handshake_on_connect=False
                        )
                    except ConnectionResetError:  # by now: who checked has ended
                        continue
                self._open[channel.fileno()] = channel
                self._poll.register(channel, select.EPOLLIN)

    def _answer(self, channel: socket.socket) -> None:
        try:
            if channel.recv(4096):
                channel.send(ANSWER)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError:  # reset, which is how checks end
            pass
        self._poll.unregister(channel)
        del self._open[channel.fileno()]
        channel.close()


if __name__ == "__main__":
    made = Answerer(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
    print("ready", flush=True)
    made.run()
