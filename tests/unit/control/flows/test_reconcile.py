# SPDX-License-Identifier: Apache-2.0
"""When a count is believed to be wrong."""

from __future__ import annotations

import numpy as np

from dsrlb.control.flows.reconcile import Reconciler, Sight


def sight(
    counted: int, before: int, after: int | None = None, *, doubt: int = 0, present: bool = True
) -> Sight:
    """Of one real server."""
    after = before if after is None else after
    numbers = [np.array([number]) for number in (counted, before, after)]
    return Sight(numbers[0], numbers[1], numbers[2], doubt, np.array([present]))


def corrections(*sights: Sight) -> list[int]:
    """Scan by scan, with loads[] as each says."""
    reconciler = Reconciler(1)
    return [int(reconciler.corrections(one)[0]) for one in sights]


def test_what_is_right_stays() -> None:
    assert corrections(*[sight(5, 5)] * 3) == [0, 0, 0]


def test_two_scans_in_a_row_and_the_smaller_difference() -> None:
    assert corrections(sight(5, 9), sight(5, 8)) == [0, -3]
    assert corrections(sight(9, 5), sight(10, 5)) == [0, 4]
    assert corrections(sight(5, 9), sight(5, 5), sight(5, 9)) == [0, 0, 0]
    assert corrections(sight(5, 9), sight(9, 5), sight(5, 9)) == [0, 0, 0]


def test_what_changed_meanwhile_is_no_difference() -> None:
    assert corrections(*[sight(7, 5, 9)] * 4) == [0] * 4
    assert corrections(*[sight(7, 9, 5)] * 4) == [0] * 4
    assert corrections(*[sight(12, 5, 9)] * 2) == [0, 3]


def test_after_a_correction_it_begins_anew() -> None:
    assert corrections(sight(5, 9), sight(5, 9), sight(5, 5), sight(5, 6), sight(5, 6)) == [
        0,
        -4,
        0,
        0,
        -1,
    ]


def test_little_differences_under_traffic_need_more_scans() -> None:
    assert corrections(*[sight(100, 97, doubt=10)] * 9) == [0] * 7 + [3, 0]
    assert corrections(*[sight(100, 80, doubt=10)] * 2) == [0, 20]


def test_chance_is_not_believed() -> None:
    rng = np.random.default_rng(3)
    noise = rng.integers(-20, 21, 2000)
    found = corrections(*(sight(1000 + int(off), 1000, doubt=30) for off in noise))
    assert np.abs(found).max() < 15
    assert np.count_nonzero(found) < 20


def test_a_removed_real_has_no_flows_however_much_goes_on() -> None:
    gone = sight(0, 700, doubt=5000, present=False)
    assert corrections(gone, gone) == [0, -700]
