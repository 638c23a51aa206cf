# SPDX-License-Identifier: Apache-2.0
"""What is made of the times of interleaved rounds."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.statistics import Times, between, scaling, summary


def _times(**named: list[float]) -> dict[str, Times]:
    return {name: np.array(times, dtype=np.float64) for name, times in named.items()}


_EVEN = _times(
    null=[10, 10, 10],
    vary=[15, 15, 15],
    heads=[35, 35, 35],
    floor=[25, 25, 25],
    packet=[85, 65, 75],
    ack=[45, 45, 45],
)


def test_net_of_varying() -> None:
    fields = summary(_EVEN, ["packet"]).fields
    assert fields == {
        "rounds": 3,
        "floor_min_ns": 20,
        "floor_median_ns": 20,
        "min_ns": 60,
        "median_ns": 70,
        "ratio": 3.5,
        "ratio_low": 3.25,
        "ratio_high": 3.75,
        "min_ratio": 3,
    }


def test_steps_of_a_connection_are_added() -> None:
    fields = summary(_EVEN, ["packet", "ack"]).fields
    assert (fields["median_ns"], fields["min_ns"], fields["ratio"]) == (110, 100, 5.5)


def test_half_of_putting_headers_on_and_off_is_subtracted() -> None:
    fields = summary(_EVEN, ["packet"], undone=True).fields
    assert (fields["median_ns"], fields["min_ns"]) == (60, 50)


def test_ratios_are_of_one_round_each() -> None:
    """The machine is half as fast in two of five rounds: no ratio changes."""
    speed = np.array([1, 2, 1, 2, 1])
    times = {
        "null": 10.0 * speed,
        "vary": 15.0 * speed,
        "floor": 25.0 * speed,
        "packet": 85.0 * speed,
    }
    found = summary(times, ["packet"])
    assert found.ratios.tolist() == [4, 4, 4, 4, 4]
    assert found.fields["min_ns"] == 80


def test_a_round_that_meets_a_change_of_speed_does_not_move_the_median() -> None:
    times = _times(
        null=[10] * 5,
        vary=[15] * 5,
        floor=[25, 25, 50, 25, 25],
        packet=[85, 85, 85, 170, 85],
    )
    found = summary(times, ["packet"])
    assert found.fields["ratio"] == 4
    assert sorted(found.ratios)[0] < 2 < 8 < sorted(found.ratios)[-1]


def test_rounds_without_a_floor_have_no_ratio() -> None:
    times = _times(null=[10, 10, 10], vary=[15, 40, 15], floor=[25, 25, 25], packet=[85, 85, 85])
    assert summary(times, ["packet"]).ratios.tolist() == [4, 4]


def test_scaling() -> None:
    one = summary(
        _times(null=[10] * 3, vary=[15] * 3, floor=[25, 25, 45], packet=[85] * 3), ["packet"]
    )
    two = summary(
        _times(null=[10] * 3, vary=[15] * 3, floor=[45] * 3, packet=[105] * 3), ["packet"]
    )
    assert scaling(one, two) == {
        "scaling": 1.6,
        "floor_scaling": 1.0,
        "min_scaling": 1.6,
        "floor_min_scaling": 1.0,
    }


@pytest.mark.parametrize(
    ("wall", "mean", "found"),
    [
        (20.4, 20, 20.4),  # the clock knows the fraction
        (27.0, 20, 21.0),  # somebody else had the CPU: the kernel left that out
        (19.9, 20, 20.0),
    ],
)
def test_clock_and_kernel(wall: float, mean: int, found: float) -> None:
    assert between(wall, mean) == found
