# SPDX-License-Identifier: Apache-2.0
"""Slow, obvious models of the algorithms: who gets a new flow, as docs/ALGORITHMS.md says it.

They share no code with the program or the control plane. A model is asked with the real servers
in order of configuration, and changes what is to be remembered: whose turn it is, and when a real
server was tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tests.packets.algorithms.candidate import Candidate, NewFlow, R, Turn
from tests.packets.algorithms.fastest import FastestResponseTime
from tests.packets.algorithms.hashed import Hashed, choice_hash
from tests.packets.algorithms.least import Adaptive, LeastConnection, WeightedLeastConnection
from tests.packets.algorithms.response import Response
from tests.packets.algorithms.turns import RoundRobin, WeightedRoundRobin, smooth

__all__ = [
    "ALL",
    "FASTEST",
    "HASHED",
    "Algorithm",
    "Candidate",
    "Hashed",
    "NewFlow",
    "Response",
    "Turn",
    "algorithm",
    "choice_hash",
    "smooth",
]


class Algorithm(Protocol):
    """One of those below."""

    def choose(self, reals: Sequence[R], turn: Turn, flow: NewFlow) -> R | None:
        """Who of ``reals``, all that are configured, gets the flow; None: nobody has room."""


_PLAIN: dict[str, type[Algorithm]] = {
    "round-robin": RoundRobin,
    "weighted-round-robin": WeightedRoundRobin,
    "least-connection": LeastConnection,
    "weighted-least-connection": WeightedLeastConnection,
    "adaptive": Adaptive,
}
FASTEST = "fastest-response-time"
HASHED = {"hash": "source", "maglev": "tuple"}
"""By a hash, and of what unless hash_on says otherwise."""
ALL = [*_PLAIN, FASTEST, *HASHED]


def algorithm(
    name: str, *, shows: bool = True, on: str = "", seed: int = 0, size: int = 0
) -> Algorithm:
    """By its name in the configuration; ``shows``: whether a flow shows how long its real server
    takes to answer, as replies come back. The rest is for hash and maglev."""
    if name == FASTEST:
        return FastestResponseTime(shows)
    if name in HASHED:
        return Hashed(name, on or HASHED[name], seed, size)
    return _PLAIN[name]()
