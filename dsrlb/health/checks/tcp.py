# SPDX-License-Identifier: Apache-2.0
"""tcp: a connection opens, and, where that is wanted, what is sent is answered."""

from __future__ import annotations

import socket

from dsrlb.health.checks.probe import MOST_READ, OK, Done, Outcome, SocketProbe, shown, wrong
from dsrlb.health.loop import READ, Loop
from dsrlb.health.protocol import Target, payload_bytes


class TcpProbe(SocketProbe):
    """`send` goes out at once (at most 1 KiB, which fits into any socket); an answer holds `expect`
    within its first 64 KiB."""

    __slots__ = ("_came",)

    def __init__(self, loop: Loop, target: Target, timeout: float, done: Done) -> None:
        super().__init__(loop, target, timeout, done)
        self._came = bytearray()

    def connected(self, channel: socket.socket) -> None:
        check = self.target.check
        if check.send:
            channel.send(payload_bytes(check.send))
        if check.expect:
            self.wait(READ)
        else:
            self.finish(OK)

    def readable(self, channel: socket.socket) -> None:
        data = channel.recv(MOST_READ)
        self._came += data
        if payload_bytes(self.target.check.expect) in self._came:
            self.finish(OK)
        elif not data:
            self.finish(wrong(f"closed; {self._sofar()}"))
        elif len(self._came) >= MOST_READ:
            self.finish(wrong(self._sofar()))

    def _sofar(self) -> str:
        return f"it said {shown(bytes(self._came))}" if self._came else "it said nothing"

    def late(self) -> Outcome:
        if not self._came:
            return super().late()
        return wrong(f"within {self.milliseconds} ms {self._sofar()}")
