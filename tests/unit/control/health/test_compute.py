# SPDX-License-Identifier: Apache-2.0
"""What the maps should hold of real servers that are down, drained, disabled or starting slowly."""

from __future__ import annotations

import pytest

from dsrlb.control.desired.contents import AWAY, DOWN, LEAVE, PASS_EMPTY, RESET, USABLE, Resolution
from dsrlb.control.health.condition import Condition
from dsrlb.dataplane.algorithms import by_number
from tests.unit.control.health import services as s

ALL_DOWN = {s.R11: s.DOWN, s.R12: s.DOWN, s.R13: s.DOWN}
SORRY = 'all_down = "sorry"\nsorry = { address = "10.0.0.99" }'
LEAVES = AWAY | LEAVE | RESET
NOWHERE = Resolution(None, s.LINK, False)


@pytest.mark.parametrize(
    ("policy", "protocol", "flags"),
    [
        ("keep", "tcp", AWAY),
        ("keep", "udp", 0),
        ("rehash", "tcp", AWAY | LEAVE),
        ("rehash", "udp", AWAY | LEAVE),
        ("reset", "tcp", AWAY | RESET),
    ],
)
@pytest.mark.parametrize("condition", [s.DOWN, s.DISABLED])
def test_flows_of_who_is_out(policy: str, protocol: str, flags: int, condition: Condition) -> None:
    got = s.wanted(s.config(f'on_down = "{policy}"', protocol), {s.R12: condition})
    assert s.service(got).schedule == (s.R11, s.R13)
    assert got.reals[s.R12].flags & (LEAVES | USABLE) == flags
    assert bool(got.reals[s.R12].flags & DOWN) == (condition is s.DOWN)
    assert got.reals[s.R11].flags & (LEAVES | USABLE | DOWN) == USABLE


def test_who_is_drained_keeps_its_flows() -> None:
    got = s.wanted(s.config(), {s.R12: s.DRAIN})
    assert s.service(got).schedule == (s.R11, s.R13)
    assert got.reals[s.R12].flags & (LEAVES | USABLE | DOWN) == 0


@pytest.mark.parametrize(("policy", "flag"), [("drop", 0), ("pass", PASS_EMPTY)])
def test_nobody_is_up(policy: str, flag: int) -> None:
    got = s.wanted(s.config(f'all_down = "{policy}"'), ALL_DOWN)
    assert s.service(got).schedule == ()
    assert s.service(got).flags & PASS_EMPTY == flag


def test_all_are_used_when_nobody_is_up() -> None:
    """But for those that are nowhere, and those that an operator has taken out."""
    given = s.config('all_down = "all-up"')
    conditions = ALL_DOWN | {s.R13: s.DISABLED}
    got = s.wanted(given, conditions)
    assert s.service(got).schedule == (s.R11, s.R12)
    assert got.reals[s.R11].flags & (LEAVES | USABLE | DOWN) == USABLE | DOWN
    assert got.reals[s.R13].flags & (LEAVES | USABLE) == AWAY | LEAVE
    got = s.wanted(given, conditions, {s.R11: NOWHERE})
    assert s.service(got).schedule == (s.R12,)
    got = s.wanted(given, ALL_DOWN | {s.R13: Condition()})
    assert s.service(got).schedule == (s.R13,)


def test_the_sorry_server() -> None:
    """Is in the maps always, and gets flows only when nobody is up."""
    given = s.config(SORRY)
    got = s.wanted(given)
    assert s.service(got).schedule == (s.R11, s.R12, s.R13)
    assert not got.reals[s.SORRY].flags & USABLE
    got = s.wanted(given, ALL_DOWN)
    assert s.service(got).schedule == (s.SORRY,)
    assert got.reals[s.SORRY].flags & (USABLE | LEAVES) == USABLE
    got = s.wanted(given, ALL_DOWN, {s.SORRY: NOWHERE})
    assert s.service(got).schedule == ()


def test_a_share_of_the_weight() -> None:
    """Where an algorithm knows no weights it is its weighted form meanwhile."""
    for name, meanwhile in (
        ("round-robin", "weighted-round-robin"),
        ("least-connection", "weighted-least-connection"),
        ("weighted-round-robin", "weighted-round-robin"),
        ("maglev", "maglev"),
    ):
        given = s.config(f'algorithm = "{name}"\nslow_start = "60s"')
        got = s.service(s.wanted(given, {s.R12: Condition(share=3)}))
        assert by_number()[got.algorithm].name == meanwhile
        assert dict(zip(got.schedule, got.weights, strict=True)) == {s.R11: 20, s.R12: 3, s.R13: 20}
        got = s.service(s.wanted(given))
        assert (by_number()[got.algorithm].name, got.weights) == (name, (1, 1, 1))
