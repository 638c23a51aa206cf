# SPDX-License-Identifier: Apache-2.0
"""Percentiles, what counts as failed, and results.json."""

from __future__ import annotations

import json

import pytest

from lablib.compare.cases import CASES, chosen
from lablib.compare.clients import LIMIT, Outcome
from lablib.compare.figures import percentile, times
from lablib.compare.scenarios import BUSY
from tests.unit.lablib import compared


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 50, 0.0),
        ([3.0], 1, 3.0),
        ([3.0], 99, 3.0),
        ([4.0, 1.0, 3.0, 2.0], 50, 2.0),
        ([4.0, 1.0, 3.0, 2.0], 51, 3.0),
        ([4.0, 1.0, 3.0, 2.0], 100, 4.0),
        ([float(number) for number in range(1, 101)], 99, 99.0),
        ([float(number) for number in range(1, 102)], 99, 100.0),
    ],
)
def test_percentile(values: list[float], percent: float, expected: float) -> None:
    assert percentile(values, percent) == expected


def test_who_is_not_answered_took_the_limit() -> None:
    outcomes: list[Outcome] = [(0.1, 0.0, 0.01, 0.02, 1)] * 98
    outcomes += [(0.2, 0.0, 0.01, None, 0), (0.3, 0.0, None, None, 0)]
    found = times(outcomes)
    assert (found.sent, found.answered, found.failed) == (100, 98, 2)
    assert (found.p50, found.p99) == (0.02, LIMIT)
    assert found.mean == pytest.approx((98 * 0.02 + 2 * LIMIT) / 100)


def test_no_connections_have_no_times() -> None:
    assert times([]).mean == 0


def test_results_for_programs() -> None:
    made = json.loads(json.dumps(compared.comparison().to_json()))
    assert made["reals"][0] == {"name": "r1", "weight": 8, "link_bits": 12_000_000}
    busy, far = made["scenarios"]
    assert (busy["name"], busy["slow"], busy["far"]) == ("busy", "r2", [])
    assert (far["name"], far["slow"], far["phases"]) == ("far", None, [])
    assert len(busy["algorithms"]) == len(CASES)
    first = busy["algorithms"][0]
    sent = len(compared.part(BUSY, CASES).load)
    assert first["requests"] == {"sent": sent, "answered": sent, "failed": 0}
    assert (first["p50"], first["p99"], first["mean"]) == (0.02, 0.02, 0.02)
    assert first["connections"] == dict.fromkeys(compared.WEIGHTS, 30)
    assert first["peak_open"] == dict.fromkeys(compared.WEIGHTS, 9)
    assert [sample["at"] for sample in first["series"]] == [0.0, 1.0, 3.5]
    assert first["series"][1]["open"]["r6"] == 9
    parts = [phase["requests"]["sent"] for phase in first["phases"].values()]
    assert len(parts) == 3 and sum(parts) == sent
    assert first["questions"]["sent"] == first["questions"]["answered"] > sent


def test_all_cases_or_those_that_are_named() -> None:
    assert chosen(None) == CASES
    assert [case.name for case in chosen("maglev, round-robin")] == ["maglev", "round-robin"]
    with pytest.raises(ValueError, match=r"no algorithm 'fastest'; there are: round-robin, "):
        chosen("round-robin,fastest")


def test_cases_have_names_of_their_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
