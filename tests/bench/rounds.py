# SPDX-License-Identifier: Apache-2.0
"""Interleaved rounds: in each, every program runs once, for about a millisecond.

The order goes round, so that no program always runs behind the same other. Every program is loaded
several times, and each run takes any of these copies: the kernel puts each at another place, and
for a program of a few instructions (the floor) its place alone may change the time by a third.

A probe, always the same copy of the program that does nothing, runs before and after each round. It
tells whether the machine was undisturbed (quiet) then, whatever the other programs took.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import mean, median
from threading import Barrier

import numpy as np
import numpy.typing as npt

from dsrlb.dataplane import bpf
from tests.bench.statistics import Times, between

_RUN_NS = 1_000_000
"""How long a run of one program is to take."""
_BESIDE_NS = 4_000_000
"""The same where two CPUs begin together, which takes them a twentieth of a millisecond."""
_FEWEST, _MOST = 200, 400_000  # packets in one run
_WARM = 8_192  # packets before it
_PILOT, _PILOTS = 1_000, 3
_CALLS = 201
_PROBE = 20_000  # packets
_PACE_SECONDS = 1.0
_QUIET = 1.1  # times the shortest probe
_PATIENCE = 2  # times the rounds that are wanted, while too few are quiet
_ENOUGH = 15  # quiet rounds: otherwise all are taken
ONE, TWO = 1, 2


@dataclass(frozen=True, slots=True)
class Rounds:
    """Times by the number of CPUs and the steps' names, round by round; and which are quiet."""

    times: Mapping[int, Mapping[str, Times]]
    quiet: npt.NDArray[np.bool_]

    @property
    def share(self) -> float:
        """Of the rounds that are quiet."""
        return float(self.quiet.mean())

    def of(self, cpus: int) -> dict[str, Times]:
        """Of the quiet rounds; of all where these are too few."""
        chosen = self.quiet if self.quiet.sum() >= _ENOUGH else np.ones_like(self.quiet)
        return {name: times[chosen] for name, times in self.times[cpus].items()}


@dataclass(frozen=True, slots=True)
class Step:
    """A run of one program: under what name its times go, and what it is to be run on.

    ``warm``: packets before, without taking the time, so that caches hold what this program needs
    and not what the last one, and Python, left there; for many flows as many as go into them.
    """

    name: str
    entry: str
    frame: bytes
    repeat: int
    warm: int

    @property
    def packets(self) -> int:
        """All of a run."""
        return self.warm + self.repeat


class Meter:
    """Runs programs and takes the time: on one CPU, and where it is asked for on two at once."""

    def __init__(
        self, programs: Mapping[str, Sequence[int]], ifindex: int, cpus: Sequence[int]
    ) -> None:
        """``programs``: descriptors of a program's copies, by name. ``cpus``: the first is the one
        that this thread runs on."""
        self._programs, self._ifindex = programs, ifindex
        self._call_ns = 0.0
        self._random = random.Random(1)
        self.cpus = list(cpus)
        """The first is the one that works alone."""
        self.together = ONE
        """CPUs in the rounds that come: with TWO each step is run on one, and then on both."""
        self._shortest = float("inf")
        self.sent: Counter[str] = Counter()
        """Packets so far by the names of steps."""
        self._threads = [
            ThreadPoolExecutor(1, initializer=os.sched_setaffinity, initargs=(0, {cpu}))
            for cpu in self.cpus[:TWO]
        ]

    def close(self) -> None:
        """End its threads."""
        for thread in self._threads:
            thread.shutdown()

    def run(self, entry: str, frame: bytes, repeat: int) -> int:
        """The kernel's mean: ns per packet, cut down to whole ones."""
        return self._run(self._programs[entry][0], frame, repeat)

    def _run(self, program: int, frame: bytes, repeat: int) -> int:
        return bpf.prog_test_run(program, frame, self._ifindex, repeat).duration

    def _call(self, program: int, frame: bytes, repeat: int) -> tuple[int, int]:
        begin = time.perf_counter_ns()
        per_packet = self._run(program, frame, repeat)
        return time.perf_counter_ns() - begin, per_packet

    def calibrate(self, entry: str, frame: bytes) -> None:
        """Find out what a call takes beside the packets."""
        calls = [self._call(self._programs[entry][0], frame, 2) for _ in range(_CALLS)]
        self._call_ns = median(wall - 2 * per_packet for wall, per_packet in calls)
        self._still = Step("still", entry, frame, _PROBE, 0)
        end = time.monotonic() + _PACE_SECONDS
        while time.monotonic() < end:
            self._probe()

    def _probe(self) -> float:
        """ns per packet of a program that does nothing: more when the machine does something."""
        wall, per_packet = self._call(
            self._programs[self._still.entry][0], self._still.frame, _PROBE
        )
        found = between((wall - self._call_ns) / _PROBE, per_packet)
        self._shortest = min(self._shortest, found)
        return found

    def _time(self, step: Step, barrier: Barrier | None = None) -> float:
        """ns per packet; with a barrier it is taken while another thread is at it."""
        program = self._random.choice(self._programs[step.entry])
        self._run(program, step.frame, step.warm)
        if barrier is not None:
            barrier.wait()
        wall, per_packet = self._call(program, step.frame, step.repeat)
        return between((wall - self._call_ns) / step.repeat, per_packet)

    def _both(self, step: Step) -> float:
        """ns per packet on either CPU, mean of the two."""
        barrier = Barrier(TWO)
        work = [thread.submit(self._time, step, barrier) for thread in self._threads]
        return mean(done.result() for done in work)

    def step(self, name: str, entry: str, frame: bytes, flows: int = 1) -> Step:
        """A step on packets of so many flows. A pilot run is made."""
        long = _RUN_NS if self.together == ONE else _BESIDE_NS
        warm = min(max(2 * flows, _FEWEST), _WARM)
        pilot = max(min(self.run(entry, frame, _PILOT) for _ in range(_PILOTS)), 1)
        return Step(name, entry, frame, min(max(long // pilot, _FEWEST), _MOST), warm)

    def rounds(
        self,
        count: int,
        groups: Sequence[Sequence[Step]],
        begin: Callable[[Step], None] = lambda _: None,
    ) -> Rounds:
        """So many quiet rounds, if they come in time. Steps of one group stay together; ``begin``
        is called before every step."""
        forms = (ONE,) if self.together == ONE else (ONE, TWO)
        names = [step.name for group in groups for step in group]
        times: dict[int, dict[str, list[float]]] = {
            form: {name: [] for name in names} for form in forms
        }
        probes = [self._probe()]
        for number in range(_PATIENCE * count):
            at = number % len(groups)
            for group in (*groups[at:], *groups[:at]):
                for form in forms:
                    for step in group:
                        begin(step)
                        taken = self._time(step) if form == ONE else self._both(step)
                        times[form][step.name].append(taken)
                        self.sent[step.name] += form * step.packets
            probes.append(self._probe())
            if self._quiet(probes).sum() >= count:
                break
        found = {
            form: {name: np.array(taken) for name, taken in named.items()}
            for form, named in times.items()
        }
        return Rounds(found, self._quiet(probes))

    def _quiet(self, probes: Sequence[float]) -> npt.NDArray[np.bool_]:
        """By round: were the probes before and after it short?"""
        short = np.array(probes) <= _QUIET * self._shortest
        return short[:-1] & short[1:]
