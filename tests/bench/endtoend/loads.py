# SPDX-License-Identifier: Apache-2.0
"""One load on one variant for a moment, with the proof that it was what it should be."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dsrlb.errors import DsrlbError
from tests.bench.endtoend.ends import Counts
from tests.bench.endtoend.session import WINDOW, Place, Session
from tests.bench.endtoend.threads import BALANCER_CPU, receive_softirqs, run_time

_WARM_UP, _SECONDS, _TIMED_SECONDS = 0.03, 0.2, 0.15
_DRAIN = 0.3
"""Seconds in which what is under way at the end has to come back."""
_UNTHREADED = 0.01
"""Softirqs for each packet, at most: a NAPI without a thread has one for 64 at the least."""

_EVEN = 0.8
_TRIES = 4
_WAITED = 0.01
"""The share of a run's time that something else may have the CPUs for, or it is made again. Linux
gives others a twentieth of each second, whatever the priorities, if they want it."""


@dataclass(frozen=True, slots=True)
class Run:
    """What came of it. ``done``: requests, or connections; ``packets``: out of the balancer, in
    both directions; ``cpu``: ns that the balancer ran; ``lost``: requests or connections that began
    and did not end; ``waited``: ns that packets waited because something else had the CPUs.
    ``latencies``: the histogram of Ends, of timed loads."""

    seconds: float
    done: int
    packets: int
    cpu: int
    began: int
    lost: int
    waited: int
    latencies: npt.NDArray[Any] | None = None


def undisturbed(make: Callable[[], Run]) -> Run:
    """Make a run, again if something else had the CPUs meanwhile; at last the best of them."""
    runs: list[Run] = []
    while len(runs) < _TRIES:
        runs.append(make())
        if runs[-1].waited <= _WAITED * runs[-1].seconds * 1e9:
            return runs[-1]
    return min(runs, key=lambda run: run.waited / run.seconds)


def requests(session: Session, place: Place) -> Run:
    """As many requests over established connections as go. Raises DsrlbError."""
    return _closed(session, place, "sent", "done")


def connections(session: Session, place: Place) -> Run:
    """As many new connections, with a request each, as go. Raises DsrlbError."""
    before, told = place.ends.counts().opened, _new_flows(session, place)
    run = _closed(session, place, "opened", "closed")
    opened = place.ends.counts().opened - before
    if told is not None:
        counted = (_new_flows(session, place) or 0) - told
        if counted != opened:
            raise DsrlbError(
                f"{place.variant.name}: {opened} connections were opened, "
                f"and dsrlb counted {counted} new flows"
            )
    return run


def timed(place: Place, rate: int) -> Run:
    """Requests at a rate. Raises DsrlbError."""
    ends = place.ends
    before, cpu, waited = ends.counts(), place.cpu_time(), place.waited()
    seconds = ends.timed(rate, _TIMED_SECONDS)
    _drain(place, before, "sent", "done")
    found, cpu = ends.counts() - before, place.cpu_time() - cpu
    waited = place.waited() - waited
    latencies = np.array(ends.latencies)
    _settle(place)
    _check(place, found, even=False)
    began = found.sent + found.late
    lost = began - found.done
    return Run(seconds, found.done, found.packets, cpu, began, lost, waited, latencies)


def _closed(session: Session, place: Place, began: str, ended: str) -> Run:
    """A load that keeps a window of requests or connections going."""
    ends = place.ends
    first = ends.counts()
    if began == "sent":
        ends.requests()
    else:
        ends.connections()
    ends.kick(WINDOW)
    time.sleep(_WARM_UP)
    before, cpu, polled = ends.counts(), place.cpu_time(), run_time((place.poller,))
    waited = place.waited()
    softirqs, start = receive_softirqs(BALANCER_CPU), time.monotonic()
    time.sleep(_SECONDS)
    after, seconds = ends.counts(), time.monotonic() - start
    cpu, polled = place.cpu_time() - cpu, run_time((place.poller,)) - polled
    waited = place.waited() - waited
    softirqs = receive_softirqs(BALANCER_CPU) - softirqs
    ends.stop()
    _drain(place, first, began, ended)
    _settle(place)
    found, total = after - before, ends.counts() - first
    _check(place, found)
    _check_threaded(place, found, softirqs, polled)
    started = getattr(total, began)
    return Run(
        seconds,
        getattr(found, ended),
        found.packets,
        cpu,
        started,
        started - getattr(total, ended),
        waited,
    )


def _drain(place: Place, before: Counts, began: str, ended: str) -> None:
    """Wait until what is under way has come back, but not for what is lost."""
    end = time.monotonic() + _DRAIN
    while time.monotonic() < end:
        found = place.ends.counts() - before
        if getattr(found, began) <= getattr(found, ended):
            return
        time.sleep(0.002)


def _settle(place: Place) -> None:
    if place.variant.kind == "haproxy":
        place.ends.settle()


def _check(place: Place, found: Counts, *, even: bool = True) -> None:
    """Was every packet what it must be, and did every real server get some, ``even``: its share?"""
    name = place.variant.name
    if found.wrong or found.resets:
        raise DsrlbError(
            f"{name}: {found.wrong} packets were not as they must be, {found.resets} were resets"
        )
    if not min(found.reals) or (even and min(found.reals) < _EVEN * max(found.reals)):
        raise DsrlbError(f"{name}: packets are not shared by the real servers: {found.reals}")


def _check_threaded(place: Place, found: Counts, softirqs: int, polled: int) -> None:
    """Was the interface polled by its thread, and by nothing else?"""
    if softirqs > _UNTHREADED * found.packets + 100 or not polled:
        raise DsrlbError(
            f"{place.variant.name}: its interface was not polled by its thread alone: "
            f"{softirqs} softirqs for {found.packets} packets, the thread ran {polled} ns"
        )


def _new_flows(session: Session, place: Place) -> int | None:
    """That dsrlb has counted so far; None of what is not dsrlb."""
    instance = session.network.instances.get(place.variant.name)
    return instance.new_flows("web") if instance is not None else None
