# SPDX-License-Identifier: Apache-2.0
"""The network with its ends, and everything on its CPU.

The balancers' interfaces are polled on one CPU, and HAProxy runs there; all else is on the other.
The threads that poll run at a real-time priority, as softirqs would go before every process, so
that nothing else on the machine takes time from what is measured. HAProxy comes right behind them.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from dsrlb.errors import DsrlbError
from tests.bench.endtoend.ends import ESTABLISHED, Ends, compiled
from tests.bench.endtoend.network import Network, network
from tests.bench.endtoend.threads import BALANCER_CPU, OUTER_CPU, make_threaded, run_time, wait_time
from tests.bench.endtoend.variants import VARIANTS, Variant
from tests.waiting import wait_until

WINDOW = 192
"""Requests that are under way at once: a veth keeps 256 frames for a receiver."""
_MEASURING, _FIRST, _SECOND = 30, 20, 10
"""Real-time priorities: of this process, which sleeps; of what polls; of what comes behind that."""


@dataclass(frozen=True, slots=True)
class Place:
    """A variant with its ends. ``outer``, ``poller``: the threads that poll the switch's port and
    the variant's interface; ``pids``: all that the variant's CPU time is the time of."""

    variant: Variant
    ends: Ends
    outer: int
    poller: int
    pids: tuple[int, ...]

    def cpu_time(self) -> int:
        """ns so far."""
        return run_time(self.pids)

    def waited(self) -> int:
        """ns that packets have waited so far because something else had the CPUs."""
        return wait_time((self.outer, self.poller))


class Session:
    """The variants, ready to be measured."""

    def __init__(self, net: Network) -> None:
        self.network = net
        self.places: list[Place] = []

    def prepare(self) -> None:
        """Attach the ends, and give every thread its CPU. Raises DsrlbError."""
        artifact = compiled()
        for instance in self.network.instances.values():
            for task in Path(f"/proc/{instance.pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), {OUTER_CPU})
        for variant in self.network.variants:
            ends = Ends(variant, self.network.switch, artifact)
            outer = make_threaded(self.network.switch, variant.port, OUTER_CPU)
            inner = make_threaded(self.network.balancers[variant.name], variant.port, BALANCER_CPU)
            for pid in (outer, inner):
                os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(_FIRST))
            self.places.append(Place(variant, ends, outer, inner, (inner, *self._haproxy(variant))))
        for place in self.places:
            self._establish(place)
        reset = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, reset, os.sched_param(_MEASURING))

    def _haproxy(self, variant: Variant) -> tuple[int, ...]:
        """The process, on the balancers' CPU."""
        process = self.network.haproxy
        if variant.kind != "haproxy" or process is None:
            return ()
        os.sched_setaffinity(process.pid, {BALANCER_CPU})
        os.sched_setscheduler(process.pid, os.SCHED_FIFO, os.sched_param(_SECOND))
        return (process.pid,)

    def _establish(self, place: Place) -> None:
        """Make the connections that requests go over."""
        ends = place.ends
        ends.establish()
        ends.kick(64)
        wait_until(
            f"{place.variant.name}: {ESTABLISHED} connections are there",
            lambda: ends.counts().done >= ESTABLISHED,
        )
        ends.stop()
        if place.variant.kind == "haproxy":
            ends.settle()

    def close(self) -> None:
        """Close the ends' programs and maps."""
        for place in self.places:
            place.ends.close()


def _ended(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)  # by way of what removes the network


@contextmanager
def _removed_when_ended() -> Iterator[None]:
    """What would end the process at once ends it by an exception."""
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, _ended) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def session(variants: Sequence[Variant] = VARIANTS) -> Iterator[Session]:
    """The network, built, and removed whatever happens; to be called by the main
    thread, for it handles signals. Raises DsrlbError."""
    usable = os.sched_getaffinity(0)
    every = range(os.cpu_count() or 1)
    if not {OUTER_CPU, BALANCER_CPU} <= set(every):
        raise DsrlbError("endtoend needs two CPUs: one for the balancer, one for all else")
    os.sched_setaffinity(0, every)
    try:
        with _removed_when_ended(), network(variants) as net:
            made = Session(net)
            os.sched_setaffinity(0, {OUTER_CPU})
            try:
                made.prepare()
                yield made
            finally:
                made.close()
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.sched_setaffinity(0, usable)
