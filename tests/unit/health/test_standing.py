# SPDX-License-Identifier: Apache-2.0
"""When checks count: rise, fall, grace, damping."""

from __future__ import annotations

from typing import Any

import pytest

from dsrlb.health.protocol import Check
from dsrlb.health.standing import Standing


class Course:
    """Checks of one real server, one a second."""

    def __init__(self, up: bool | None, **check: Any) -> None:
        self.now = 1000.0
        self.standing = Standing(Check("tcp", **check), up, self.now)

    def run(self, results: str) -> str:
        """ "+" and "-", good and failed checks; how it stands behind each: u(p), d(own), h(eld)."""
        found = ""
        for result in results:
            self.now += 1
            self.standing.note(result == "+", self.now)
            found += "h" if self.standing.held else "u" if self.standing.up else "d"
        return found


@pytest.mark.parametrize(
    ("up", "results", "states"),
    [
        (None, "-++", "ddu"),  # the first failure takes out who never answered
        (None, "+--+---++", "uuuuuuddu"),
        (True, "---", "uud"),
        (True, "--+--+", "uuuuuu"),
        (False, "++", "du"),
        (False, "+-+-++", "dddddu"),
        (False, "-+++", "dduu"),
    ],
)
def test_rise_and_fall(up: bool | None, results: str, states: str) -> None:
    assert Course(up).run(results) == states


def test_rise_and_fall_of_one() -> None:
    assert Course(None, rise=1, fall=1, flap_count=0).run("+-+-") == "udud"


@pytest.mark.parametrize(
    ("results", "states"),
    [
        ("----+", "uuuuu"),
        ("----++--", "uuuuuuuu"),
        ("--+---", "uuuuud"),  # it answered: `fall` counts
        ("-----------", "uuuuuuuuudd"),  # 10 s are over with the tenth
    ],
)
def test_grace(results: str, states: str) -> None:
    assert Course(None, startup_grace=10).run(results) == states


def test_failures_in_grace_do_not_count() -> None:
    standing = Standing(Check("tcp", startup_grace=10), None, 0.0)
    assert not standing.note(False, 1.0)
    assert standing.note(True, 2.0)
    assert standing.note(False, 3.0)


@pytest.mark.parametrize("up", [True, False])
def test_grace_is_for_new_ones(up: bool) -> None:
    assert Course(up, startup_grace=100).run("---")[-1] == "d"


def test_damping() -> None:
    """The fourth change within the window: it is down until it was good for ten seconds."""
    course = Course(True, rise=1, fall=1, flap_count=4, flap_window=100, flap_hold=10)
    assert course.run("-+-+") == "dudh"
    assert course.run("+++++-") == "hhhhhh"
    assert course.run("++++++++++") == "hhhhhhhhhh"
    assert course.run("+") == "u"
    assert course.run("-+-+") == "dudh"  # from the beginning


def test_damping_looks_at_the_window() -> None:
    course = Course(True, rise=1, fall=1, flap_count=4, flap_window=10, flap_hold=10)
    assert course.run("-+-") == "dud"
    course.now += 10
    assert course.run("+-+") == "udu"
    assert course.run("-") == "h"


def test_held_from_before() -> None:
    """Until it was good for long enough from now on."""
    check = Check("tcp", rise=1, fall=1, flap_hold=10)
    course = Course(False)
    course.standing = Standing(check, False, course.now, held=True)
    assert course.run("+++-") == "hhhh"
    assert course.run("++++++++++") == "hhhhhhhhhh"
    assert course.run("+") == "u"
    off = Standing(Check("tcp", flap_count=0), False, course.now, held=True)
    assert not off.held and not off.up


@pytest.mark.parametrize("off", ["flap_count", "flap_window", "flap_hold"])
def test_without_damping(off: str) -> None:
    course = Course(True, rise=1, fall=1, **{"flap_count": 2, "flap_hold": 10, off: 0})
    assert course.run("-+-+-+") == "dududu"


def test_rise_counts_while_it_is_held() -> None:
    course = Course(True, rise=5, fall=1, flap_count=1, flap_window=100, flap_hold=1)
    assert course.run("-+++++") == "hhhhhu"
