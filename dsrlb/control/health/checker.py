# SPDX-License-Identifier: Apache-2.0
"""The daemon's end of the process that checks real servers (dsrlb.health): it is started, told whom
to check, and started again when it ends or hangs."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial

from dsrlb.control.health.admin import KIND
from dsrlb.control.health.checks import Checks
from dsrlb.control.health.conditions import Conditions
from dsrlb.control.threads import Turn, stepwise, to_its_end
from dsrlb.health.protocol import (
    Orders,
    ProtocolError,
    States,
    Target,
    encode,
    to_daemon,
)
from dsrlb.observe.events import EventLog

_AGAIN_SECONDS, _MOST_SECONDS = 1.0, 60.0
_LASTED_SECONDS = 60.0  # a process that ended behind that was well
_AT_ONCE = 256  # targets of a message
_LEFT_AT_ONCE = 4096  # that it drops
_LONG_LINE = 1 << 16
_LONGEST_LINE = 16 << 20
_END_SECONDS, _KILLED_SECONDS = 3.0, 2.0
_ROUND_SECONDS = 1.0
_START_ROUNDS = 60  # until a process says its first word
_DOUBT_ROUNDS, _HUNG_ROUNDS = 5, 15  # without a word of what says something every BEAT_SECONDS
_WHO = "the process that checks real servers"
_KEPT = f"{_WHO} was killed, and the kernel does not let it go; another one begins behind it"


class Checker:
    """Has the checks made that ``wanted`` returns, and tells ``conditions`` what they say."""

    def __init__(
        self,
        events: EventLog,
        conditions: Conditions,
        wanted: Callable[[], Checks],
        changed: Callable[[], None],
    ) -> None:
        """``wanted``: replaced as a whole when it changes, and told by look(); ``changed``: called
        when somebody is up or down now."""
        self._events = events
        self._conditions = conditions
        self._wanted = wanted
        self._changed = changed
        self._look = asyncio.Event()
        self._sent: dict[str, Target] = {}
        self._told: Checks | None = None
        self._listening = False
        self._silent, self._heard = 0, False  # rounds; has it said anything yet?
        self.pid: int | None = None
        """Of the process; None: there is none."""

    def look(self) -> None:
        """The checks that are wanted may be others."""
        self._look.set()

    async def run(self) -> None:
        """Until cancelled. There is a process while somebody is to be checked. One that ends by
        itself is followed by another, soon, and ever later when those end, too."""
        pause = _AGAIN_SECONDS
        while True:
            while not self._wanted().targets:
                self._conditions.trouble = ""
                self._look.clear()
                await self._look.wait()
            began = time.monotonic()
            code = await self._converse()
            if not self._wanted().targets:
                continue
            if time.monotonic() - began > _LASTED_SECONDS:
                pause = _AGAIN_SECONDS
            message = f"{_WHO} ended ({code}); another in {pause:g} s"
            self._conditions.trouble = message
            self._events.add(KIND, message, "error")
            await asyncio.sleep(pause)
            pause = min(2 * pause, _MOST_SECONDS)

    async def _converse(self) -> str:
        """With one process, from its start to its end; returns how it ended."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                process = _start(theirs.fileno())
            try:
                await self._talk(ours, process)
            except ProtocolError as error:
                self._events.add(KIND, error.message, "error")
            finally:
                ours.close()
                code = await to_its_end(partial(_end, process))
        if not code:
            self._events.add(KIND, _KEPT, "error")
        while not code:
            self._conditions.trouble = _KEPT
            await asyncio.sleep(_ROUND_SECONDS)
            code = _ending(process.poll())
        return code

    async def _talk(self, channel: socket.socket, process: subprocess.Popen[bytes]) -> None:
        reader, writer = await asyncio.open_connection(sock=channel, limit=_LONGEST_LINE)
        self.pid, self._sent, self._told = process.pid, {}, None
        self._silent, self._heard = 0, False
        beside = (
            asyncio.create_task(self._tell(writer)),
            asyncio.create_task(self._watch(writer, process)),
        )
        try:
            await self._hear(reader)
        finally:
            self.pid = None
            for task in beside:
                task.cancel()
            writer.close()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _watch(self, writer: asyncio.StreamWriter, process: subprocess.Popen[bytes]) -> None:
        """Kill a process that hangs, at which _hear() ends; what it has told so far stays. It is
        rounds that are counted, and those in which there was nothing to read: where this daemon
        was kept from its work, and the process perhaps too, that is no silence."""
        while self._silent < (_HUNG_ROUNDS if self._heard else _START_ROUNDS):
            await asyncio.sleep(_ROUND_SECONDS)
            self._silent += self._listening
            silence = f"{_WHO} has said nothing for {self._silent * _ROUND_SECONDS:g} s"
            if self._silent >= _DOUBT_ROUNDS:
                self._conditions.trouble = silence
        self._events.add(KIND, f"{silence}: it hangs, and is killed", "error")
        process.kill()
        writer.transport.abort()

    async def _tell(self, writer: asyncio.StreamWriter) -> None:
        """Whom to check, whenever that changes; nobody any more ends it. When the process is gone
        _hear() ends too."""
        with suppress(ConnectionError):
            while (wanted := self._wanted()).targets:
                self._look.clear()
                await self._send(writer, wanted)
                await self._look.wait()
        writer.close()

    async def _send(self, writer: asyncio.StreamWriter, wanted: Checks) -> None:
        """There may be as many as 65,536: all but the writing is done in threads."""
        if self._told is wanted:
            return
        messages = await to_its_end(lambda: self._messages(wanted))
        async for message in stepwise(messages):
            writer.write(message)
            await writer.drain()
        self._told = wanted

    def _messages(self, wanted: Checks) -> Iterator[bytes]:
        """What the process has not been told yet."""
        self._conditions.spread(wanted.reals)
        targets = {target.id: target for target in wanted.targets}
        gone = tuple(self._sent.keys() - targets.keys())
        fresh = [
            target
            for name, target in targets.items()
            if (known := self._sent.get(name)) is not target and known != target
        ]
        self._sent = targets
        return self._encoded(gone, fresh, wanted)

    def _encoded(
        self, gone: tuple[str, ...], fresh: list[Target], wanted: Checks
    ) -> Iterator[bytes]:
        for first in range(0, len(gone), _LEFT_AT_ONCE):
            yield encode(Orders(drop=gone[first : first + _LEFT_AT_ONCE]))
        for first in range(0, len(fresh), _AT_ONCE):
            part = [self._from_before(one, wanted) for one in fresh[first : first + _AT_ONCE]]
            yield encode(Orders(set=tuple(part)))

    def _from_before(self, target: Target, wanted: Checks) -> Target:
        """With what is known of it."""
        known = [self._conditions.known(real) for real in wanted.reals.get(target.id, ())]
        told = [up for up in known if up is not None]
        held = any(map(self._conditions.held, wanted.reals.get(target.id, ())))
        return replace(target, up=all(told) if told else None, held=held)

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        """Until the process ends, whether it has read all that it was told or not."""
        turn = Turn()
        with suppress(ConnectionError):
            while line := await self._line(reader):
                if len(line) > _LONG_LINE:
                    message = await to_its_end(partial(to_daemon, line))
                else:
                    message = to_daemon(line)
                if isinstance(message, States):
                    await self._note(message, turn)
                await turn.over()  # to read what is there already is no wait

    async def _line(self, reader: asyncio.StreamReader) -> bytes:
        """What the process says next; nothing: it says no more."""
        self._listening = True
        line = await reader.readline()
        self._listening, self._silent = False, 0
        if line:
            self._heard = True
            self._conditions.trouble = ""
        return line

    async def _note(self, message: States, turn: Turn) -> None:
        """Each may be an event; others have something to do, too."""
        reals = self._wanted().reals
        for state in message.states:
            for real in reals.get(state.id, ()):
                if self._conditions.note(real, state):
                    self._changed()
                await turn.over()


def _start(descriptor: int) -> subprocess.Popen[bytes]:
    """In one step, which nothing can cancel in the middle."""
    return subprocess.Popen(
        (sys.executable, "-m", "dsrlb.health", "--fd", str(descriptor)),
        pass_fds=(descriptor,),
        stdin=subprocess.DEVNULL,
        env={name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
    )


def _end(process: subprocess.Popen[bytes]) -> str:
    """Wait for its end, which the closed socket tells it; returns how it ended, "" of one that not
    even SIGKILL ends: it waits for a disk or the like, which nobody else must wait for."""
    with suppress(subprocess.TimeoutExpired):
        return _ending(process.wait(_END_SECONDS))
    process.kill()
    with suppress(subprocess.TimeoutExpired):
        return _ending(process.wait(_KILLED_SECONDS))
    return ""


def _ending(code: int | None) -> str:
    if code is None:
        return ""
    return f"signal {-code}" if code < 0 else f"exit code {code}"
