# SPDX-License-Identifier: Apache-2.0
"""A target that is watched, with a clock, and checks, that a test moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dsrlb.health.asking import Asker
from dsrlb.health.checks.probe import Done, Outcome, Probe
from dsrlb.health.loop import Loop
from dsrlb.health.protocol import Check, State, Target
from dsrlb.health.watch import Watch


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Asked(Probe):
    """A check that is answered when a test says so."""

    def begin(self) -> None:
        """Nothing."""

    def release(self) -> None:
        """Nothing."""


class FakeAsker(Asker):
    """Has the checks that are at it."""

    def __init__(self, loop: Loop, most: int = 1000) -> None:
        super().__init__(loop, most)
        self.asked: list[Asked] = []
        self.states: list[bool] = []

    def probe(self, target: Target, timeout: float, done: Done, up: bool) -> Probe:
        self.asked.append(Asked(self._loop, target, timeout, done))
        self.states.append(up)
        return self.asked[-1]


class Scene:
    """A target that is watched, and what was told of it."""

    def __init__(self, most: int = 1000) -> None:
        self.clock = Clock()
        self.loop = Loop(self.clock)
        self.asker = FakeAsker(self.loop, most)
        self.told: list[State] = []
        self.silences: list[str] = []

    def watch(
        self, name: str = "1", up: bool | None = None, held: bool = False, **check: Any
    ) -> Watch:
        made = Check("tcp", **{"jitter": 0, **check})
        one = Target(name, name, "198.18.0.1", 80, made, up=up, held=held)
        return Watch(
            self.loop,
            self.asker,
            one,
            lambda watch, quiet: self.told.append(replace(watch.state(), quiet=quiet)),
            self,
        )

    def silent(self, watch: Watch) -> None:
        self.silences.append(watch.target.id)

    def answered(self, name: str) -> None:
        self.silences.append("")

    def go(self, seconds: float) -> None:
        """Time passes, in small steps."""
        until = self.clock.now + seconds
        while self.clock.now < until - 1e-9:
            self.clock.now = min(self.clock.now + 0.01, until)
            self.loop.step(0)

    def answer(self, outcome: Outcome) -> None:
        """Of the check that is at it."""
        self.asker.asked[-1].finish(outcome)

    def next(self, *outcomes: Outcome) -> None:
        """Of the next checks, each as soon as it has begun."""
        for outcome in outcomes:
            before = len(self.asker.asked)
            while len(self.asker.asked) == before:
                self.go(0.01)
            self.answer(outcome)
