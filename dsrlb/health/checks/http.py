# SPDX-License-Identifier: Apache-2.0
"""http: a request is answered as status and body say."""

from __future__ import annotations

import socket

from dsrlb.health.checks.answer import Answer, Garbage, in_ranges
from dsrlb.health.checks.probe import MOST_READ, OK, Done, Outcome, SocketProbe, wrong
from dsrlb.health.loop import READ, Loop
from dsrlb.health.protocol import Check, Target

USER_AGENT = "dsrlb-health"


def request(target: Target) -> bytes:
    """What is sent. It fits into one segment, nearly always, and into any socket's buffer."""
    check = target.check
    host = check.host or target.vip or target.address
    if ":" in host and not host.startswith("[") and host.count(":") > 1:
        host = f"[{host}]"
    lines = (
        f"{check.method} {check.path} HTTP/1.1",
        f"Host: {host}",
        f"User-Agent: {USER_AGENT}",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode()


class HttpExchange:
    """What a check makes of an answer, as it comes. A good one is read to its end, as far as that
    comes in time: a server that is cut off within a write logs an error at every check."""

    __slots__ = ("_answer", "_came", "_check", "_enough", "_wanted")

    def __init__(self, check: Check) -> None:
        self._check = check
        self._answer = Answer(check.method == "HEAD")
        self._wanted = check.body.encode()
        self._came = 0
        self._enough = False

    def add(self, data: bytes) -> Outcome | None:
        """More of it. None: it is not decided yet. No bytes: there will be no more."""
        answer = self._answer
        self._came += len(data)
        try:
            answer.add(data)
        except Garbage as error:
            return wrong(str(error))
        if not answer.status:
            return None if data else self._closed()
        if not in_ranges(answer.status, self._check.status):
            wanted = ", ".join(self._check.status)
            return wrong(f"status {answer.status}, {wanted} wanted")
        self._enough = not self._wanted or self._wanted in answer.body
        if not data and answer.delimited and not answer.complete:
            return wrong(f"status {answer.status}, but closed within the body")
        if data and not answer.complete:
            return None
        if self._enough:
            return OK
        return wrong(f"status {answer.status}, but not the wanted text in the body")

    def late(self, milliseconds: int) -> Outcome | None:
        """What it is when the time is over; None: nothing had come."""
        if not self._came:
            return None
        if self._enough:
            return OK
        what = "the body" if self._answer.status else "the headers"
        text = f"{what} not complete within {milliseconds} ms ({self._came} bytes)"
        return Outcome("no-answer", text, late=True, reached=True)

    def _closed(self) -> Outcome:
        return wrong(
            f"closed within the headers ({self._came} bytes)"
            if self._came
            else "closed without an answer"
        )


class HttpProbe(SocketProbe):
    """One request over a connection of its own."""

    __slots__ = ("_exchange",)

    def __init__(self, loop: Loop, target: Target, timeout: float, done: Done) -> None:
        super().__init__(loop, target, timeout, done)
        self._exchange = HttpExchange(target.check)

    def connected(self, channel: socket.socket) -> None:
        channel.send(request(self.target))
        self.wait(READ)

    def readable(self, channel: socket.socket) -> None:
        outcome = self._exchange.add(channel.recv(MOST_READ))
        if outcome is not None:
            self.finish(outcome)

    def late(self) -> Outcome:
        return self._exchange.late(self.milliseconds) or super().late()
