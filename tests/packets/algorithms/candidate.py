# SPDX-License-Identifier: Apache-2.0
"""What an algorithm knows: of real servers, of a new flow, and of whose turn it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol, TypeVar

from tests.packets.algorithms.response import Response

IP = IPv4Address | IPv6Address


class Candidate(Protocol):
    """A real server that is configured; ``name``: its address. ``usable``: it is up, and its MAC
    address known."""

    name: str
    weight: int
    usable: bool
    open: int
    pending: int
    response: Response

    def has_room(self) -> bool:
        """Is it below max_open? To be asked may change the answer (max_open_low)."""


R = TypeVar("R", bound=Candidate)


@dataclass(frozen=True)
class NewFlow:
    """A new flow's first packet; ``tick``: when it came, in units of 2^27 ns."""

    source: IP
    destination: IP
    source_port: int
    destination_port: int
    protocol: int
    tick: int = 0


@dataclass
class Turn:
    """Of one service; it outlives changes of the algorithm. ``place``: of the next real server."""

    place: int = field(default=0)


def members(reals: Sequence[R]) -> list[R]:
    """Those that may be given flows, in order of configuration."""
    return [real for real in reals if real.usable and real.weight]
