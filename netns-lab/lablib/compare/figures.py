# SPDX-License-Identifier: Apache-2.0
"""Figures of a comparison, out of what clients and balancer said; the keys of results.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

from lablib.compare.cases import Case
from lablib.compare.clients import LIMIT, Outcome
from lablib.compare.load import Arrival
from lablib.compare.scenarios import Phase


@dataclass(frozen=True, slots=True)
class Sample:
    """What the balancer said of its real servers at a time, in seconds since the beginning."""

    at: float
    open: Mapping[str, int]  # by real
    pending: Mapping[str, int]
    new: Mapping[str, int]  # connections since the beginning


@dataclass(frozen=True, slots=True)
class Times:
    """Response times in seconds, of connections that began in some time."""

    sent: int
    answered: int
    p50: float
    p99: float
    mean: float

    @property
    def failed(self) -> int:
        """Connections without an answer."""
        return self.sent - self.answered


@dataclass(frozen=True, slots=True)
class Result:
    """One case."""

    case: Case
    weights: Mapping[str, int]  # by real, as they were configured
    times: Times
    by_phase: Mapping[str, Times]
    questions: tuple[int, int]  # sent, answered
    late: float  # seconds: 99 % of the connections began less late than that
    series: Sequence[Sample]

    @property
    def connections(self) -> Mapping[str, int]:
        """Connections that each real server was given."""
        return self.series[-1].new

    @property
    def peak_open(self) -> Mapping[str, int]:
        """The most connections that a sample saw open, by real."""
        return {real: max(s.open[real] for s in self.series) for real in self.weights}

    def to_json(self) -> dict[str, Any]:
        """Its part of results.json."""
        return {
            "name": self.case.name,
            "algorithm": self.case.algorithm,
            "weights": dict(self.weights),
            **_times(self.times),
            "phases": {name: _times(times) for name, times in self.by_phase.items()},
            "questions": {"sent": self.questions[0], "answered": self.questions[1]},
            "generator_late_p99": round(self.late, 4),
            "connections": dict(self.connections),
            "peak_open": dict(self.peak_open),
            "series": [asdict(sample) for sample in self.series],
        }


def _times(times: Times) -> dict[str, Any]:
    return {
        "requests": {"sent": times.sent, "answered": times.answered, "failed": times.failed},
        "p50": round(times.p50, 4),
        "p99": round(times.p99, 4),
        "mean": round(times.mean, 4),
    }


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that so many per cent of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return ordered[max(0, ceil(percent / 100 * len(ordered)) - 1)]


def times(outcomes: Iterable[Outcome]) -> Times:
    """Of these connections. One without an answer counts as one that took LIMIT."""
    firsts = [first for _, _, _, first, _ in outcomes]
    took = [LIMIT if first is None else first for first in firsts]
    return Times(
        sent=len(took),
        answered=sum(first is not None for first in firsts),
        p50=percentile(took, 50),
        p99=percentile(took, 99),
        mean=sum(took) / len(took) if took else 0.0,
    )


def result(
    case: Case,
    weights: Mapping[str, int],
    load: Sequence[Arrival],
    outcomes: Sequence[Outcome],
    phases: Iterable[Phase],
    series: Sequence[Sample],
) -> Result:
    """The figures of a case."""
    return Result(
        case=case,
        weights=weights,
        times=times(outcomes),
        by_phase={
            phase.name: times(o for o in outcomes if phase.start <= o[0] < phase.end)
            for phase in phases
        },
        questions=(
            sum(len(arrival.questions) for arrival in load),
            sum(answered for *_, answered in outcomes),
        ),
        late=percentile((late for _, late, *_ in outcomes), 99),
        series=series,
    )
