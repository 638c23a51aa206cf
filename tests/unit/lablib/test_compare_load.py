# SPDX-License-Identifier: Apache-2.0
"""The load of the comparison: the same for everybody, and what the page says of it."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from lablib.compare import load, reals
from lablib.compare.cases import CASES
from lablib.compare.load import Arrival, arrivals
from lablib.compare.scenarios import BUSY, FAR
from lablib.topofile import load as load_topology

RATE = BUSY.rate


def _load(seed: int, seconds: float) -> list[Arrival]:
    return arrivals(seed, seconds, RATE)


def test_the_same_seed_makes_the_same_load() -> None:
    assert _load(1, 5) == _load(1, 5)
    assert _load(1, 5) != _load(2, 5)


def test_a_longer_load_begins_as_a_shorter_one() -> None:
    shorter = _load(3, 4)
    assert _load(3, 8)[: len(shorter)] == shorter


def test_connections_come_as_often_as_they_should() -> None:
    made = _load(1, 100)
    assert len(made) == pytest.approx(100 * RATE, rel=0.05)
    assert all(before.at < after.at for before, after in pairwise(made))
    assert made[0].at > 0 and made[-1].at < 100
    gaps = sorted(after.at - before.at for before, after in pairwise(made))
    assert gaps[len(gaps) // 2] == pytest.approx(0.693 / RATE, rel=0.1)  # a Poisson process


def test_one_in_ten_is_long() -> None:
    made = _load(1, 100)
    long = [arrival for arrival in made if len(arrival.questions) > 1]
    assert len(long) == pytest.approx(load.LONG * len(made), rel=0.1)
    lasted = [(len(arrival.questions) - 1) * load.PAUSE for arrival in long]
    assert min(lasted) == load.LONG_SECONDS[0]
    assert max(lasted) == load.LONG_SECONDS[1]


def test_questions_have_their_mean_and_their_bounds() -> None:
    questions = [question for arrival in _load(1, 100) for question in arrival.questions]
    sizes = [question.size for question in questions]
    assert min(sizes) >= load.LEAST_BYTES and max(sizes) <= load.MOST_BYTES
    assert sum(sizes) / len(sizes) == pytest.approx(load.MEAN_BYTES, rel=0.05)
    assert min(question.work for question in questions) > 0
    assert max(question.work for question in questions) == load.MOST_WORK


def test_some_clients_ask_more_than_others() -> None:
    made = _load(1, 100)
    counts = Counter(arrival.client for arrival in made)
    assert set(counts) == set(range(load.CLIENTS))
    assert counts[0] == max(counts.values())
    assert counts[0] < len(made) / 20


def test_real_servers_can_carry_it_by_their_weights_alone() -> None:
    """Shared by weight it is below what links carry; in equal parts it is too much for some."""
    questions = [question for arrival in _load(1, 100) for question in arrival.questions]
    bits = 8 * sum(question.size for question in questions) / 100
    weights = (8, 8, 4, 4, 2, 1)
    assert 0.4 < bits / sum(map(reals.link, weights)) < 0.8
    assert bits / 6 > reals.link(2)
    assert bits / 6 < reals.link(4)


def test_phases_follow_each_other() -> None:
    made = BUSY.phases(9)
    assert [(phase.name, phase.start, phase.end) for phase in made] == [
        ("before", 0, 3),
        ("slow", 3, 6),
        ("after", 6, 9),
    ]
    assert FAR.phases(9) == ()


def test_what_is_far_or_slow_is_there() -> None:
    names = {node.name for node in load_topology("algorithms").role("real")}
    assert BUSY.slow in names
    assert set(FAR.far) < names


def test_a_scenario_takes_its_own_cases() -> None:
    assert BUSY.cases(CASES) == CASES
    assert [case.name for case in FAR.cases(CASES)] == list(FAR.only or ())
    assert FAR.cases(CASES[:1]) == ()


def test_the_link_is_made_by_tc() -> None:
    assert " ".join(reals.shaper(reals.link(2))) == (
        "tc qdisc replace dev eth0 root tbf rate 3000000bit burst 3200 limit 375000"
    )
