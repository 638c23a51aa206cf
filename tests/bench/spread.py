# SPDX-License-Identifier: Apache-2.0
"""How evenly hash and maglev share, what moves when a real server comes or goes, build times.

`python -m tests.bench.spread`. Shares are of table entries: of clients, when there are many.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from statistics import mean, median

import numpy as np
import numpy.typing as npt

from dsrlb.control.algorithms.tables import build, table_size
from dsrlb.dataplane.keys import IPAddress

ALGORITHMS = ("maglev", "hash")
_NETWORK = int(IPv4Address("10.0.0.0"))
_ROUNDS = 5
_REMOVED = 101

Reals = Sequence[tuple[IPAddress, int]]
Owners = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Case:
    """Real servers with such weights."""

    name: str
    weights: tuple[int, ...]

    @property
    def size(self) -> int:
        """Entries of their table."""
        return table_size(self.weights)

    def reals(self, network: int = 0) -> Reals:
        """They have addresses in a row; those of each network are others."""
        first = _NETWORK + (network << 16) + 1
        return [(IPv4Address(first + at), weight) for at, weight in enumerate(self.weights)]


def _steps(count: int, most: int) -> tuple[int, ...]:
    return tuple(1 + at % most for at in range(count))


CASES = (
    *(Case("equal", (1,) * count) for count in (2, 10, 16, 40, 64, 100, 256, 655, 1_000, 1_310)),
    Case("equal", (1,) * 4_096),
    Case("3 to 1", (3, 1)),
    Case("1 to 10", _steps(100, 10)),
    Case("1 to 4", _steps(1_000, 4)),
    Case("1 to 4", _steps(4_096, 4)),
    Case("one of 50", (50, *(1,) * 99)),
    Case("100, 1", (100, 1)),
    Case("65535, 7", (65_535, 7)),
)
CHANGES = (
    *(Case("equal", (1,) * count) for count in (2, 10, 40, 100, 101, 655, 1_000, 1_310)),
    Case("1 to 10", _steps(100, 10)),
    Case("one of 50", (50, *(1,) * 99)),
)
BUILDS = tuple(Case("equal", (1,) * count) for count in (2, 16, 64, 256, 1_000, 4_096))


def share_errors(table: npt.NDArray[np.uint16], weights: Sequence[int]) -> npt.NDArray[np.float64]:
    """By how much each share is off that of the weights, relative to it."""
    counts = np.bincount(table, minlength=len(weights))
    ideal = np.array(weights) * (len(table) / sum(weights))
    return counts / ideal - 1


def _owners(algorithm: str, reals: Reals, places: Sequence[int], size: int) -> Owners:
    """By slot: the place in ``reals`` of who has it, when those at ``places`` are there."""
    table = build(algorithm, [reals[place] for place in places], size)
    return np.array(places, np.int64)[table]


def moves(algorithm: str, reals: Reals, size: int, gone: Iterable[int]) -> list[float]:
    """For each that goes: the share of the others' slots that change hands. It is as many when one
    comes: the same read backwards."""
    everybody = range(len(reals))
    whole = _owners(algorithm, reals, everybody, size)
    shares = []
    for place in gone:
        left = _owners(algorithm, reals, [other for other in everybody if other != place], size)
        others = whole != place
        shares.append(float(np.mean(left[others] != whole[others])))
    return shares


def resized(algorithm: str, reals: Reals, size: int, other: int) -> float:
    """The share of clients that move when the table has another size."""
    places = range(len(reals))
    small, large = (_owners(algorithm, reals, places, one) for one in sorted((size, other)))
    same = small[np.arange(len(large)) * len(small) // len(large)] == large
    return 1 - float(same.mean())


def build_times(algorithm: str, case: Case) -> list[float]:
    """ms of CPU time, each time with other addresses, as tables are kept."""
    times = []
    for network in range(1, _ROUNDS + 1):
        reals = case.reals(network)
        begin = time.process_time()
        build(algorithm, reals, case.size)
        times.append((time.process_time() - begin) * 1_000)
    return times


def _shares(algorithm: str) -> Iterator[str]:
    for case in CASES:
        errors = share_errors(build(algorithm, case.reals(), case.size), case.weights)
        worst, usual = np.abs(errors).max(), np.sqrt(np.mean(errors**2))
        yield (
            f"{algorithm:<8}{len(case.weights):>6}  {case.name:<10}{case.size:>8}"
            f"{worst:>9.2%}{usual:>9.2%}"
        )


def _changes(algorithm: str) -> Iterator[str]:
    for case in CHANGES:
        count = len(case.weights)
        gone = range(0, count, -(-count // _REMOVED))
        shares = moves(algorithm, case.reals(), case.size, gone)
        yield (
            f"{algorithm:<8}{count:>6}  {case.name:<10}{case.size:>8}{len(shares):>9}"
            f"{mean(shares):>9.2%}{max(shares):>9.2%}"
        )


def _sizes(algorithm: str) -> Iterator[str]:
    for count, size, other in ((10, 4_093, 65_537), (40, 4_093, 65_537), (655, 65_537, 262_147)):
        share = resized(algorithm, Case("equal", (1,) * count).reals(), size, other)
        yield f"{algorithm:<8}{count:>6}  {size:>8} -> {other:>7}{share:>9.1%}"


def _builds(algorithm: str) -> Iterator[str]:
    for case in BUILDS:
        times = build_times(algorithm, case)
        yield (
            f"{algorithm:<8}{len(case.weights):>6}  {case.size:>8}"
            f"{min(times):>9.1f}{median(times):>9.1f}"
        )


_PARTS = (
    ("shares: off the weights'", "  weights       size    worst      rms", _shares),
    (
        "one comes or goes: others' slots that move",
        "  weights       size    tried     mean    worst",
        _changes,
    ),
    ("another size: clients that move", "         size", _sizes),
    ("build: ms of CPU", "      size      min   median", _builds),
)


def report() -> Iterator[str]:
    """All figures, line by line."""
    for title, columns, rows in _PARTS:
        yield title
        yield f"{'':<8}{'reals':>6}{columns}"
        for algorithm in ALGORITHMS:
            yield from rows(algorithm)
        yield ""


if __name__ == "__main__":
    for line in report():
        print(line)
