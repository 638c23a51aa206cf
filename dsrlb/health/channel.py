# SPDX-License-Identifier: Apache-2.0
"""The daemon's end of the conversation, as the process that checks sees it."""

from __future__ import annotations

import socket
from collections.abc import Callable

from dsrlb.health.loop import READ, WRITE, Loop
from dsrlb.health.protocol import Lines

_AT_ONCE = 1 << 20


class Channel:
    """``said`` is called with each line that comes, ``closed`` when there will be no more,
    ``drained`` when all that was sent has gone."""

    def __init__(
        self,
        loop: Loop,
        descriptor: int,
        said: Callable[[bytes], None],
        closed: Callable[[], None],
        drained: Callable[[], None],
    ) -> None:
        """Raises OSError where the descriptor is no socket."""
        self._loop = loop
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)
        self._said = said
        self._closed = closed
        self._drained = drained
        self._lines = Lines()
        self._out = bytearray()
        self._sending = False
        loop.watch(descriptor, READ, self._ready)

    @property
    def busy(self) -> bool:
        """Does the daemon not read what was sent?"""
        return bool(self._out)

    def send(self, line: bytes) -> None:
        """Send, at once or bit by bit."""
        self._out += line
        self._write()

    def _write(self) -> None:
        try:
            while self._out:
                del self._out[: self._socket.send(self._out)]
        except BlockingIOError:
            pass
        except OSError:  # the daemon is gone
            self._closed()
            return
        if self._sending != self.busy:
            self._sending = self.busy
            events = READ | WRITE if self._sending else READ
            self._loop.change(self._socket.fileno(), events)
            if not self._sending:  # by whatever was sent behind it, too: no event comes any more
                self._drained()

    def _ready(self, events: int) -> None:
        if events & WRITE:
            self._write()
        if events & ~WRITE:
            self._read()

    def _read(self) -> None:
        try:
            data = self._socket.recv(_AT_ONCE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._closed()
            return
        for line in self._lines.add(data):
            self._said(line)
