# SPDX-License-Identifier: Apache-2.0
"""Clients and real servers at a variant's switch port: ends.c, its settings and its counts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import numpy.typing as npt

from dsrlb.dataplane.artifact import Artifact, build
from dsrlb.dataplane.loader import load_program
from dsrlb.dataplane.maps import MapSet
from dsrlb.net import xdp
from dsrlb.net.links import get_link
from tests.bench.endtoend.live import send_live
from tests.bench.endtoend.variants import (
    CLIENT_MAC,
    DSCP,
    REALS,
    Arrival,
    Variant,
    real,
    real_mac,
)
from tests.lab.plain import Namespace

ESTABLISHED = 4096
"""Connections that requests go over; they are numbered from 0."""
_TIMED = 1024
"""Those of requests at a fixed rate: at 10,000 a second each has one before HAProxy's kernel would
repeat its last response, which no client has acknowledged until then (200 ms)."""
_SETTLE_NS = 5000
_CLOSING = 32768
"""Those that are made and ended, one after the other, and the number of the first of them."""


def compiled() -> Artifact:
    """ends.c, out of the cache or compiled. Raises CompileError."""
    return build(Path(__file__).with_name("ends.c"))


def _address(address: IPv4Address) -> int:
    """As it stands in memory, read as a number of this little-endian machine."""
    return int.from_bytes(address.packed, "little")


def _mac(text: str) -> int:
    return int.from_bytes(bytes.fromhex(text.replace(":", "")), "little")


@dataclass(frozen=True, slots=True)
class Counts:
    """What the ends have seen so far; struct ends_counts (ends.c) says what is what."""

    reals: tuple[int, ...]
    replies: int
    wrong: int
    unexpected: int
    resets: int
    sent: int
    done: int
    opened: int
    closed: int
    late: int

    @property
    def packets(self) -> int:
        """That came out of the balancer, in both directions."""
        return sum(self.reals) + self.replies

    def __sub__(self, before: Counts) -> Counts:
        reals = tuple(map(int.__sub__, self.reals, before.reals))
        rest = (getattr(self, name) - getattr(before, name) for name in self.__slots__[1:])
        return Counts(reals, *rest)


class Ends:
    """Of one variant."""

    def __init__(self, variant: Variant, switch: Namespace, artifact: Artifact) -> None:
        """Attach to the variant's switch port, in place of what is attached there."""
        self.variant = variant
        self._switch = switch
        self._goals = artifact.enums["ends_goal"]
        self._maps = MapSet(artifact, None, 1000)
        self._receive, self._kick = (
            load_program(artifact.programs[name], self._maps)
            for name in ("ends_receive", "ends_kick")
        )
        self._run = self._maps["ends_run"].array
        self._counts = self._maps["ends_counts"].array
        self.latencies: npt.NDArray[Any] = self._maps["ends_latency"].array
        self.latency_step = 1 << artifact.constants["ENDS_LATENCY_SHIFT"]
        self._set(artifact.enums["ends_arrival"])
        self._run_ns = 200.0  # what a run of ends_kick that sends nothing costs, about
        self._ifindex: int = switch.call(self._attach)

    def _set(self, arrivals: Any) -> None:
        variant = self.variant
        source, sources = variant.sources
        direct = variant.kind == "kernel"
        setting = self._maps["ends_setting"].array
        for name, value in (
            ("vip_be", 0 if direct else _address(variant.vip)),
            ("arrival", arrivals[variant.arrival.value]),
            ("dscp", DSCP),
            ("through", int(variant.through)),
            ("source_be", _address(source) if variant.arrival is Arrival.OTHER else 0),
            ("sources", sources),
            ("client_be", _address(variant.clients)),
            ("real_be", _address(real(0))),
            ("balancer_mac", _mac(variant.mac)),
            ("client_mac", _mac(CLIENT_MAC)),
            ("real_mac", _mac(real_mac(0))),
        ):
            setting[name] = value

    def _attach(self) -> int:
        link = get_link(self.variant.port)
        assert link is not None
        xdp.detach(link)
        xdp.attach(link, self._receive, "native")
        return link.ifindex

    def close(self) -> None:
        """Close the programs and maps; what is attached goes with its namespace."""
        os.close(self._receive)
        os.close(self._kick)
        self._maps.close()

    def counts(self) -> Counts:
        """So far."""
        row = self._counts[0]
        rest = [int(row[name]) for name in Counts.__slots__[1:]]
        return Counts(tuple(map(int, row["reals"][:REALS])), *rest)

    def _begin(self, goal: str, first: int, count: int) -> None:
        run = self._run
        run["first"], run["count"] = first, count
        run["goal"] = self._goals[goal]

    def stop(self) -> None:
        """No new requests."""
        self._run["goal"] = self._goals["GOAL_STOP"]

    def kick(self, frames: int) -> None:
        """Begin so many requests or connections."""
        self._switch.call(send_live, self._kick, self._ifindex, frames)

    def establish(self) -> None:
        """Begin to make the connections that requests go over."""
        self._run["cursor"] = 0
        self._begin("GOAL_ESTABLISH", 0, ESTABLISHED)

    def requests(self) -> None:
        """Begin with requests over them."""
        self._begin("GOAL_REQUESTS", 0, ESTABLISHED)

    def connections(self) -> None:
        """Begin with new connections."""
        self._begin("GOAL_CONNECTIONS", _CLOSING, _CLOSING)

    def timed(self, rate: int, seconds: float) -> float:
        """Requests over established connections, ``rate`` a second, for about so many seconds;
        returns for how many."""
        return self._paced("GOAL_TIMED", _TIMED, 1_000_000_000 // rate, seconds)

    def settle(self) -> None:
        """Acknowledge what came last on each connection."""
        self._run["cursor"] = 0
        self._paced("GOAL_SETTLE", ESTABLISHED, _SETTLE_NS, 1.2 * ESTABLISHED * _SETTLE_NS / 1e9)

    def _paced(self, goal: str, count: int, interval: int, seconds: float) -> float:
        """Frames at a distance of ``interval`` ns. The program waits for each one's moment: it runs
        over and over, as often as fits into the time by what a run cost the last time."""
        self._run["interval"], self._run["due"] = interval, 0
        self.latencies[:] = 0
        self._begin(goal, 0, count)
        runs = int(seconds * 1e9 / self._run_ns)
        self._switch.call(self._keep_pace, runs)
        self.stop()
        passed = int(self._run["until"][0] - self._run["since"][0])
        self._run_ns = passed / runs
        self._run["interval"] = 0
        return passed / 1e9

    def _keep_pace(self, runs: int) -> None:
        # Behind the thread that receives, and before all else.
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        send_live(self._kick, self._ifindex, runs, 1)
