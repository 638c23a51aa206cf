# SPDX-License-Identifier: Apache-2.0
"""A comparison that nobody ran: results that are easy to reckon."""

from __future__ import annotations

from collections.abc import Sequence

from lablib.compare.cases import CASES, Case
from lablib.compare.clients import Outcome
from lablib.compare.comparison import Comparison, Part
from lablib.compare.figures import Result, Sample, result
from lablib.compare.load import arrivals
from lablib.compare.scenarios import BUSY, FAR, Scenario

WEIGHTS = {"r1": 8, "r2": 8, "r3": 4, "r4": 4, "r5": 2, "r6": 1}
SECONDS, SEED = 3.0, 7
DATE = "2026-01-02T03:04:05+00:00"


def sample(at: float, each: int) -> Sample:
    """So many open at each real server, and ten times as many so far."""
    return Sample(
        at,
        open=dict.fromkeys(WEIGHTS, each),
        pending=dict.fromkeys(WEIGHTS, 0),
        new=dict.fromkeys(WEIGHTS, 10 * each),
    )


def one(case: Case, first: float | None, scenario: Scenario = BUSY) -> Result:
    """All connections were answered within the same time, or none was."""
    load = arrivals(SEED, SECONDS, scenario.rate)
    outcomes: list[Outcome] = [
        (arrival.at, 0.001, 0.01, first, 0 if first is None else len(arrival.questions))
        for arrival in load
    ]
    series = [sample(0.0, 1), sample(1.0, 9), sample(3.5, 3)]
    return result(case, WEIGHTS, load, outcomes, scenario.phases(SECONDS), series)


def part(scenario: Scenario, cases: Sequence[Case], first: float | None = 0.02) -> Part:
    """Every case as above."""
    results = [one(case, first, scenario) for case in cases]
    return Part(scenario, SEED, SECONDS, WEIGHTS, results)


def comparison(first: float | None = 0.02) -> Comparison:
    """Of all scenarios."""
    return Comparison(DATE, [part(BUSY, CASES, first), part(FAR, FAR.cases(CASES), first)])
