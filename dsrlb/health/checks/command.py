# SPDX-License-Identifier: Apache-2.0
"""command: a program says by its exit code whether the real server serves."""

from __future__ import annotations

import json
import os
import signal
import socket

from dsrlb.health.checks import supervisor
from dsrlb.health.checks.probe import MOST_READ, Done, Outcome, Probe, shown, unasked, wrong
from dsrlb.health.loop import READ, Loop
from dsrlb.health.protocol import Target

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SPARE_SECONDS = 3.0  # the supervisor keeps the time; this is for one that does not end


def environment(target: Target, up: bool) -> dict[str, str]:
    """What the program is told (OPERATIONS.md)."""
    return {
        "PATH": _PATH,
        "DSRLB_SERVICE": target.service,
        "DSRLB_VIP": target.vip,
        "DSRLB_REAL": target.real,
        "DSRLB_ADDRESS": target.address,
        "DSRLB_PORT": str(target.port),
        "DSRLB_TIMEOUT_MS": str(target.check.timeout),
        "DSRLB_STATE": "up" if up else "down",
    }


def judge(ran: supervisor.Ran, milliseconds: int) -> Outcome:
    """What a run says."""
    said = f": {shown(ran.output.encode(), 200)}" if ran.output else ""
    if ran.trouble:
        return wrong(f"not run: {ran.trouble}")
    if ran.code is None:
        return Outcome("no-answer", f"killed after {milliseconds} ms{said}")
    if ran.code < 0:
        return wrong(f"ended by {signal.Signals(-ran.code).name}{said}")
    if ran.code == 0:
        return Outcome("ok", said[2:])
    return wrong(f"exit code {ran.code}{said}")


class CommandProbe(Probe):
    """One run."""

    __slots__ = ("_channel", "_pid", "_up")

    def __init__(self, loop: Loop, target: Target, timeout: float, done: Done, up: bool) -> None:
        super().__init__(loop, target, timeout, done)
        self._up = up
        self._channel: socket.socket | None = None
        self._pid = 0

    def start(self) -> None:
        self._timer = self.loop.later(self.timeout + _SPARE_SECONDS, self._late)
        self.begin()

    def begin(self) -> None:
        target = self.target
        job = supervisor.Job(target.check.command, environment(target, self._up), self.timeout)
        try:
            self._pid, self._channel = supervisor.start(job)
        except OSError as error:
            self.finish(unasked(error))
            return
        self.loop.watch(self._channel.fileno(), READ, self._ended)

    def _ended(self, events: int) -> None:
        if self._channel is None:
            return
        try:
            told = self._channel.recv(MOST_READ)
            ran = supervisor.Ran(**json.loads(told)) if told else None
        except OSError:
            ran = None
        if ran is None:
            self.finish(Outcome("no-answer", "the run came to no end", asked=False))
        else:
            self.finish(judge(ran, self.milliseconds))

    def release(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            self.loop.forget(channel.fileno())
            channel.close()
            reap(self.loop, self._pid)


def reap(loop: Loop, pid: int) -> None:
    """Wait for a supervisor, now or whenever it ends: it kills what is left by then."""
    process = os.pidfd_open(pid)

    def ended(events: int) -> None:
        loop.forget(process)
        os.close(process)
        os.waitpid(pid, 0)

    loop.watch(process, READ, ended)
