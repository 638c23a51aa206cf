# SPDX-License-Identifier: Apache-2.0
"""dns: a query is answered, over UDP, and over TCP where the answer does not fit."""

from __future__ import annotations

import os
import socket

from dsrlb.health.checks import dnswire
from dsrlb.health.checks.probe import MOST_READ, OK, Done, Outcome, SocketProbe, unasked, wrong
from dsrlb.health.loop import READ, Loop
from dsrlb.health.protocol import Check, Target


def judge(check: Check, reply: dnswire.Reply) -> Outcome:
    """Is it the answer that is wanted?"""
    if check.rcode not in ("any", reply.rcode):
        return wrong(f"{reply.rcode} for {check.query or '.'} {check.record}")
    if check.rcode == "NOERROR" and not reply.records:
        return wrong(f"no {check.record} record of {check.query or '.'}")
    return OK


class _Asking(SocketProbe):
    """What both ways have in common."""

    __slots__ = ("_asked", "_number")

    def __init__(self, loop: Loop, target: Target, timeout: float, done: Done) -> None:
        super().__init__(loop, target, timeout, done)
        self._number = int.from_bytes(os.urandom(2), "big")
        self._asked = dnswire.question(target.check.query, target.check.record)

    def understood(self, message: bytes) -> dnswire.Reply | None:
        """What a message says, if it is the answer."""
        return dnswire.reply(message, self._number, self._asked)

    def asking(self) -> bytes:
        """The query."""
        return dnswire.query(self._number, self._asked)


class _TcpQuery(_Asking):
    """Messages have their length in front (RFC 7766)."""

    __slots__ = ("_came",)

    def __init__(self, loop: Loop, target: Target, timeout: float, done: Done) -> None:
        super().__init__(loop, target, timeout, done)
        self._came = bytearray()

    def connected(self, channel: socket.socket) -> None:
        message = self.asking()
        channel.send(len(message).to_bytes(2, "big") + message)
        self.wait(READ)

    def readable(self, channel: socket.socket) -> None:
        data = channel.recv(MOST_READ)
        self._came += data
        if not data:
            self.finish(wrong("TCP closed within the answer"))
            return
        size = int.from_bytes(self._came[:2], "big")
        if len(self._came) < 2 + size:
            return
        found = self.understood(bytes(self._came[2 : 2 + size]))
        if found is None:
            self.finish(wrong("over TCP, an answer to another query"))
        else:
            self.finish(judge(self.target.check, found))


class DnsProbe(_Asking):
    """Over UDP, anything that is no answer to the query is passed over: it may be a late one, or a
    forged one."""

    __slots__ = ("_others", "_over_tcp", "_until")
    KIND = socket.SOCK_DGRAM

    def __init__(self, loop: Loop, target: Target, timeout: float, done: Done) -> None:
        super().__init__(loop, target, timeout, done)
        self._over_tcp: _TcpQuery | None = None
        self._others = 0
        self._until = loop.clock() + timeout

    def connected(self, channel: socket.socket) -> None:
        try:
            channel.send(self.asking())
        except ConnectionRefusedError:
            raise
        except OSError as error:
            self.finish(unasked(error))
        self.wait(READ)

    def readable(self, channel: socket.socket) -> None:
        found = self.understood(channel.recv(MOST_READ))
        if found is None:
            self._others += 1
        elif found.truncated:
            self.wait(0)
            self._ask_over_tcp()
        else:
            self.finish(judge(self.target.check, found))

    def _ask_over_tcp(self) -> None:
        left = max(self._until - self.loop.clock(), 0.0)
        self._over_tcp = _TcpQuery(self.loop, self.target, left, self._told_over_tcp)
        self._over_tcp.start()

    def _told_over_tcp(self, outcome: Outcome) -> None:
        if outcome.verdict == "port-closed":
            outcome = wrong("truncated, and nobody listens at the port by TCP")
        elif outcome.late:
            outcome = wrong("truncated, and no answer by TCP")
        self.finish(outcome)

    def late(self) -> Outcome:
        if self._over_tcp is not None:
            return wrong("truncated, and no answer by TCP")
        if self._others:
            return wrong(f"{self._others} answers, to another query, within {self.milliseconds} ms")
        return super().late()

    def release(self) -> None:
        over_tcp, self._over_tcp = self._over_tcp, None
        if over_tcp is not None:
            over_tcp.cancel()
        super().release()
