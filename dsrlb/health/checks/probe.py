# SPDX-License-Identifier: Apache-2.0
"""What all checks have in common: one question, one outcome, one timeout for all of it."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace

from dsrlb.health.checks.secrets import without_secrets
from dsrlb.health.loop import WRITE, Loop, Timer
from dsrlb.health.protocol import Target, Verdict

MOST_READ = 65536
_OVERDUE_SECONDS = 0.05
NO_LINGER = struct.pack("ii", 1, 0)
"""SO_LINGER with which close() sends an RST: nothing is left at either end."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one check. ``late``: the time was over, which may be looked into; ``reached``: although
    something had come. ``asked``: False if this host could not even ask, which says nothing about
    the real server."""

    verdict: Verdict
    detail: str = ""
    late: bool = False
    reached: bool = False
    asked: bool = True

    @property
    def good(self) -> bool:
        """Does the real server serve?"""
        return self.verdict == "ok"


OK = Outcome("ok")


def wrong(detail: str) -> Outcome:
    """Another answer than the check wants."""
    return Outcome("wrong-answer", detail)


def unasked(error: OSError) -> Outcome:
    """This host could not ask."""
    return Outcome("no-answer", f"could not be asked: {reason(error)}", asked=False)


def reason(error: OSError) -> str:
    """An error in the system's words."""
    return os.strerror(error.errno) if error.errno else str(error)


def shown(data: bytes, most: int = 60) -> str:
    """Bytes of a stranger's for people to read, in one line."""
    return ascii(data[:most])[1:] + ("..." if len(data) > most else "")


Done = Callable[[Outcome], None]


class Probe:
    """One question. ``start`` it once; ``done`` is called once, unless it is cancelled before."""

    __slots__ = ("_done", "_given", "_timer", "loop", "target", "timeout")

    def __init__(self, loop: Loop, target: Target, timeout: float, done: Done) -> None:
        """``timeout``: seconds, for all of it."""
        self.loop = loop
        self.target = target
        self.timeout = timeout
        self._done: Done | None = done
        self._timer: Timer | None = None
        self._given = False

    def start(self) -> None:
        """Ask."""
        self._timer = self.loop.later(self.timeout, self._late)
        self.begin()

    def begin(self) -> None:
        """Open what is needed, and send the question."""
        raise NotImplementedError

    def release(self) -> None:
        """Close what begin() has opened."""
        raise NotImplementedError

    def cancel(self) -> None:
        """Nobody wants to know any more."""
        if self._timer is not None:
            self.loop.cancel(self._timer)
            self._timer = None
        self._done = None
        self.release()

    def finish(self, outcome: Outcome) -> None:
        """It is over."""
        done = self._done
        if done is not None:
            self.cancel()
            said, target = outcome.detail, self.target
            told = without_secrets(said, target.check, target.vip)
            done(outcome if told == said else replace(outcome, detail=told))

    def late(self) -> Outcome:
        """What it is when the time is over."""
        return Outcome("no-answer", f"nothing came within {self.milliseconds} ms", late=True)

    @property
    def milliseconds(self) -> int:
        """The time that it has."""
        return round(1000 * self.timeout)

    def _late(self) -> None:
        """The time is over. If it was this process that had none, it gets that much more, once."""
        overdue = 0.0 if self._timer is None else self.loop.clock() - self._timer.when
        if overdue > _OVERDUE_SECONDS and not self._given:
            self._given = True
            self._timer = self.loop.later(min(overdue, self.timeout), self._late)
        else:
            self.finish(self.late())


def family_of(address: str) -> socket.AddressFamily:
    """Of an IP address."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class SocketProbe(Probe):
    """A question by one socket, connected to the target. ``reached``: a connection is open."""

    __slots__ = ("_channel", "_events", "reached")
    KIND = socket.SOCK_STREAM

    def __init__(self, loop: Loop, target: Target, timeout: float, done: Done) -> None:
        super().__init__(loop, target, timeout, done)
        self._channel: socket.socket | None = None
        self._events = 0
        self.reached = False

    def begin(self) -> None:
        target, kind = self.target, self.KIND
        try:
            channel = socket.socket(
                family_of(target.address), kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
            )
        except OSError as error:
            self.finish(unasked(error))
            return
        self._channel = channel
        if kind == socket.SOCK_STREAM:
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        number = channel.connect_ex((target.address, target.port))
        if number == 0:
            self._opened(channel)
        elif number == errno.EINPROGRESS:
            self.wait(WRITE)
        elif number == errno.ECONNREFUSED:
            self.failed(OSError(number, ""))
        else:
            self.finish(unasked(OSError(number, "")))

    def wait(self, events: int) -> None:
        """Go on when the socket has one of these; 0: do not watch it."""
        channel = self._channel
        if channel is None or events == self._events:
            return
        if not events:
            self.loop.forget(channel.fileno())
        elif self._events:
            self.loop.change(channel.fileno(), events)
        else:
            self.loop.watch(channel.fileno(), events, self._ready)
        self._events = events

    def _opened(self, channel: socket.socket) -> None:
        self.reached = self.KIND == socket.SOCK_STREAM
        try:
            self.connected(channel)
        except OSError as error:
            self.failed(error)

    def _ready(self, events: int) -> None:
        channel = self._channel
        if channel is None:
            return
        if self.KIND == socket.SOCK_STREAM and not self.reached:
            number = channel.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number:
                self.failed(OSError(number, ""))
            else:
                self._opened(channel)
            return
        try:
            self.readable(channel)
        except BlockingIOError:
            return
        except OSError as error:
            self.failed(error)

    def connected(self, channel: socket.socket) -> None:
        """It is open: send, and wait() or finish(). May raise OSError, which is an outcome."""
        raise NotImplementedError

    def readable(self, channel: socket.socket) -> None:
        """What was waited for. May raise OSError, which is an outcome."""
        raise NotImplementedError

    def late(self) -> Outcome:
        if not self.reached:
            return super().late()
        text = f"connected, but not answered within {self.milliseconds} ms"
        return Outcome("no-answer", text, late=True, reached=True)

    def failed(self, error: OSError) -> None:
        """What the network has to say of it."""
        if error.errno == errno.ECONNREFUSED:
            self.finish(Outcome("port-closed", "connection refused"))
        elif error.errno in (errno.ECONNRESET, errno.EPIPE):
            self.finish(wrong("reset before it had answered"))
        else:
            self.finish(Outcome("no-answer", reason(error), late=True))

    def release(self) -> None:
        channel = self._channel
        if channel is not None:
            self.wait(0)
            self._channel = None
            channel.close()
