# SPDX-License-Identifier: Apache-2.0
"""The process that checks: what it is told, whom it watches, what it tells."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import islice

from dsrlb.health.asking import Asker
from dsrlb.health.channel import Channel
from dsrlb.health.claims import Claims
from dsrlb.health.doctor import Doctor
from dsrlb.health.loop import Loop
from dsrlb.health.protocol import (
    BEAT_SECONDS,
    Alive,
    Ask,
    Orders,
    ProtocolError,
    Ready,
    States,
    Tallies,
    encode,
    to_worker,
)
from dsrlb.health.tap import Taps
from dsrlb.health.watch import Watch

_AT_ONCE = 1024  # states of a message: others have something to say, too
_QUIET_SECONDS = 0.5  # that details wait for more of them: they may change with every check


class Worker:
    """``descriptor``: the socket to the daemon; ``sockets``: how many checks may have one at once.
    ``refused`` has what was wrong when a message was none."""

    def __init__(self, loop: Loop, descriptor: int, sockets: int) -> None:
        self._loop = loop
        self._asker = Asker(loop, sockets)
        taps = Taps(loop)
        self._doctor = Doctor(loop, self._asker, taps)
        self._claims = Claims(loop, taps)
        self._watches: dict[str, Watch] = {}
        self._news: dict[str, Watch] = {}
        self._loud: set[str] = set()  # of the news those that are more than words
        self._flushing = self._lingering = False
        self.refused = ""
        self._channel = Channel(loop, descriptor, self._said, loop.stop, self._flush)
        self._channel.send(encode(Ready(os.getpid())))
        self._beats = 0
        self._loop.every(BEAT_SECONDS, self._beat)

    def close(self) -> None:
        """Check nobody any more."""
        self._doctor.close()
        for watch in self._watches.values():
            watch.stop()
        self._watches.clear()
        self._asker.close()

    def _beat(self) -> None:
        """Between two checks: who hangs in one says nothing."""
        if not self._channel.busy:
            self._channel.send(encode(Alive(self._beats)))
        self._beats += 1

    def _said(self, line: bytes) -> None:
        """A message; it is done behind all that is ready now (Loop.afterwards)."""
        try:
            message = to_worker(line)
        except ProtocolError as error:
            self.refused = error.message
            self._loop.stop()
            return
        work: Callable[[], None] = (
            partial(self._tell_tallies, message)
            if isinstance(message, Ask)
            else partial(self._follow, message)
        )
        self._loop.afterwards(work)

    def _tell_tallies(self, ask: Ask) -> None:
        tallies = tuple(watch.tally() for watch in self._watches.values())
        self._channel.send(encode(Tallies(tallies, ask.ask)))

    def _follow(self, orders: Orders) -> None:
        for name in orders.drop:
            watch = self._watches.pop(name, None)
            self._news.pop(name, None)
            self._loud.discard(name)
            if watch is not None:
                watch.stop()
                self._doctor.forget(name)
                self._claims.forget(name)
        for target in orders.set:
            watch = self._watches.get(target.id)
            if watch is None:
                watch = Watch(self._loop, self._asker, target, self._changed, self._doctor)
                self._watches[target.id] = watch
            elif watch.replace(target):
                self._doctor.forget(target.id)
            self._claims.follow(watch)

    def _changed(self, watch: Watch, quiet: bool) -> None:
        self._news[watch.target.id] = watch
        if quiet:
            if not self._lingering:
                self._lingering = True
                self._loop.later(_QUIET_SECONDS, self._linger)
            return
        self._loud.add(watch.target.id)
        if not self._flushing:
            self._flushing = True
            self._loop.afterwards(self._flush)

    def _linger(self) -> None:
        self._lingering = False
        self._flush()

    def _flush(self) -> None:
        """Tell what is new, unless the daemon has not read the last yet: then it is told later, and
        only the newest of it."""
        self._flushing = False
        if self._news and not self._channel.busy:
            names = tuple(islice(self._news, _AT_ONCE))
            states = tuple(
                replace(self._news.pop(name).state(), quiet=name not in self._loud)
                for name in names
            )
            self._loud.difference_update(names)
            self._channel.send(encode(States(states)))
            if self._news:
                self._flushing = True
                self._loop.afterwards(self._flush)
