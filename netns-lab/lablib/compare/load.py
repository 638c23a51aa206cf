# SPDX-License-Identifier: Apache-2.0
"""The load: who connects when, and asks for what. The same seed makes the same load."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from random import Random

CLIENTS = 200  # addresses
LONG = 0.1  # share of connections that stay and ask again
LONG_SECONDS = (1.0, 3.0)
PAUSE = 0.25  # seconds from one question of a long connection to its next
MEAN_BYTES, LEAST_BYTES, MOST_BYTES = 12_000, 500, 60_000
MEAN_WORK, MOST_WORK = 0.004, 0.020  # seconds of a real server's worker


@dataclass(frozen=True, slots=True)
class Question:
    """What a client asks for: bytes, and seconds of a worker."""

    size: int
    work: float


@dataclass(frozen=True, slots=True)
class Arrival:
    """A connection: seconds since the beginning, the client's number, and a question at once and
    one per PAUSE."""

    at: float
    client: int
    questions: tuple[Question, ...]


def arrivals(seed: int, seconds: float, rate: float) -> list[Arrival]:
    """Connections that begin within ``seconds``, ``rate`` a second: a Poisson process, so that they
    are independent of how fast answers come (open loop)."""
    random = Random(seed)
    popular = list(accumulate((number + 1) ** -0.5 for number in range(CLIENTS)))
    clients = range(CLIENTS)
    return [
        Arrival(
            at,
            random.choices(clients, cum_weights=popular)[0],
            tuple(_question(random) for _ in range(_count(random))),
        )
        for at in _times(random, seconds, rate)
    ]


def _times(random: Random, seconds: float, rate: float) -> Iterator[float]:
    at = random.expovariate(rate)
    while at < seconds:
        yield at
        at += random.expovariate(rate)


def _count(random: Random) -> int:
    if random.random() >= LONG:
        return 1
    return 1 + round(random.uniform(*LONG_SECONDS) / PAUSE)


def _question(random: Random) -> Question:
    size = min(LEAST_BYTES + int(random.expovariate(1 / (MEAN_BYTES - LEAST_BYTES))), MOST_BYTES)
    return Question(size, min(random.expovariate(1 / MEAN_WORK), MOST_WORK))
