# SPDX-License-Identifier: Apache-2.0
"""One target: when it is asked, what came of it, and what is told of that."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from dsrlb.health.asking import Asker
from dsrlb.health.checks.probe import Outcome, Probe
from dsrlb.health.loop import Loop, Timer
from dsrlb.health.protocol import State, Tally, Target, Verdict
from dsrlb.health.standing import Standing

FIRST_SECONDS = 0.5
"""Within this time, or one interval, all that are new get their first check."""


class Silence(Protocol):
    """Who looks into checks that end without an answer in time."""

    def silent(self, watch: Watch) -> None:
        """One did."""

    def answered(self, name: str) -> None:
        """One, of the target with that id, did not."""


class Watch:
    """``changed`` is called when state() is another one; ``quiet``: by its detail alone."""

    __slots__ = (
        "_asker", "_changed", "_detail", "_doubt", "_failed", "_good", "_last", "_loop", "_ms",
        "_next", "_probe", "_sent", "_silence", "_since", "_told", "_verdict", "_warning", "_words",
        "standing", "target",
    )  # fmt: skip

    def __init__(
        self,
        loop: Loop,
        asker: Asker,
        target: Target,
        changed: Callable[[Watch, bool], None],
        silence: Silence,
    ) -> None:
        self._loop = loop
        self._asker = asker
        self._changed = changed
        self._silence = silence
        self.target = target
        self.standing = Standing(target.check, target.up, loop.clock(), held=target.held)
        self._probe: Probe | None = None
        self._next: Timer | None = None
        self._since = 0.0  # when the current or last check began
        self._sent = self._failed = 0
        self._ms: float | None = None
        self._last = ""
        self._good = True
        self._verdict: Verdict = "ok"
        self._detail = ""
        self._doubt: tuple[Verdict, str] | None = None  # what was found out about silence
        self._warning = ""
        self._told: tuple[object, ...] | None = None
        self._words = ""  # the detail that was told last
        self._begin()

    def _begin(self) -> None:
        first = min(self.target.check.interval / 1000, FIRST_SECONDS)
        self._next = self._loop.later(random.uniform(0, first), self._due)

    def replace(self, target: Target) -> bool:
        """From now on it is this one, of the same id; returns whether that is another one."""
        old = self.target
        if replace(target, up=old.up, held=old.held) == old:
            return False
        self._stop_asking()
        self.target = target
        if target.check != old.check:
            now = self._loop.clock()
            self.standing = Standing(target.check, target.up, now, held=target.held)
            self._doubt = self._told = None
        if self._next is None or target.check != old.check or target.address != old.address:
            if self._next is not None:
                self._loop.cancel(self._next)
            self._begin()
        return True

    def stop(self) -> None:
        """It is checked no more."""
        self._stop_asking()
        if self._next is not None:
            self._loop.cancel(self._next)

    def _stop_asking(self) -> None:
        turns = self._asker.turns(self.target)
        turns.forget(self)
        if self._probe is not None:
            self._probe.cancel()
            self._probe = None
            turns.give()

    def _due(self) -> None:
        self._next = None
        self._asker.turns(self.target).take(self, self._ask)

    def _ask(self) -> None:
        check = self.target.check
        self._since = self._loop.clock()
        self._probe = self._asker.probe(
            self.target, check.timeout / 1000, self._answered, self.standing.up
        )
        self._probe.start()

    def _answered(self, outcome: Outcome) -> None:
        now = self._loop.clock()
        check = self.target.check
        self._probe = None
        self._asker.turns(self.target).give()
        share = check.jitter / 100
        pause = check.interval / 1000 * random.uniform(1 - share, 1 + share)
        self._next = self._loop.at(max(self._since + pause, now), self._due)
        self._sent += 1
        self._ms = 1000 * (now - self._since)
        self._last = outcome.detail or outcome.verdict
        self._note(outcome, now)

    def _note(self, outcome: Outcome, now: float) -> None:
        self._good, self._verdict, self._detail = outcome.good, outcome.verdict, outcome.detail
        if not outcome.late:
            self._doubt = None
        counts = True
        if outcome.asked:
            self._failed += not outcome.good
            counts = self.standing.note(outcome.good, now)
        if counts or self._told is not None:
            self.tell()
        if outcome.late:
            self._silence.silent(self)
        else:
            self._silence.answered(self.target.id)

    def found(self, verdict: Verdict, detail: str) -> None:
        """What silence was found to mean; it holds until a check is answered."""
        if self.silent and self._doubt != (verdict, detail):
            self._doubt = verdict, detail
            if self._told is not None:
                self._told = None  # the words are news as well
                self.tell()

    def warn(self, detail: str) -> None:
        """It answers for the VIP on the segment; "": not any more."""
        if detail != self._warning:
            self._warning = detail
            if self._told is not None:
                self.tell()

    @property
    def silent(self) -> bool:
        """Did the last check end without an answer in time?"""
        return not self._good and self._verdict == "no-answer"

    def tell(self) -> None:
        """Have it told, if it is news, or the detail is another one."""
        state = self.state()
        news = (state.up, state.verdict, state.held)
        quiet = news == self._told
        if not quiet or state.detail != self._words:
            self._told, self._words = news, state.detail
            self._changed(self, quiet)

    def state(self) -> State:
        """How it stands."""
        verdict, detail = self._verdict, self._detail
        if self._good and self._warning and self.standing.up:
            verdict, detail = "vip-answers-arp", self._warning
        elif not self._good and verdict == "no-answer" and self._doubt is not None:
            verdict, detail = self._doubt
        return State(self.target.id, self.standing.up, verdict, detail, self.standing.held)

    def tally(self) -> Tally:
        """What there was of it."""
        ms = None if self._ms is None else round(self._ms, 3)
        return Tally(self.target.id, self._sent, self._failed, ms, self._last)
