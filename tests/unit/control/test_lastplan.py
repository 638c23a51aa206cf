# SPDX-License-Identifier: Apache-2.0
"""A plan that was shown is that of the change that follows, if nothing else can be said of it."""

from __future__ import annotations

from dsrlb.config import Service, parse
from dsrlb.config.values import IPAddress
from dsrlb.control.health.condition import State
from dsrlb.control.lastplan import LastPlan
from dsrlb.control.plan import view
from tests.unit.control.test_plan import TEXT

BEFORE = parse(TEXT, "f")
AFTER = parse(TEXT.replace("10.0.0.2", "10.0.0.3"), "f")
HEAVIER = parse(TEXT.replace('"10.0.0.2"', '"10.0.0.2"\nweight = 5'), "f")


def up(service: Service, address: IPAddress) -> State | None:
    """Everybody is."""
    return "up"


def test_it_is_taken_once() -> None:
    plans = LastPlan(up)
    shown = plans.make(BEFORE, HEAVIER)
    assert shown == view(BEFORE, HEAVIER, up)
    assert plans.take(BEFORE, HEAVIER) is shown
    assert plans.take(BEFORE, HEAVIER) is not shown


def test_it_is_of_these_very_configurations() -> None:
    plans = LastPlan(up)
    shown = plans.make(BEFORE, HEAVIER)
    assert plans.take(BEFORE, AFTER) == view(BEFORE, AFTER, up)
    assert plans.make(BEFORE, HEAVIER) == shown
    again = parse(TEXT, "f")
    assert plans.take(again, HEAVIER) == shown, "though it was computed anew"
    kept = plans.make(BEFORE, HEAVIER)
    assert plans.take(again, HEAVIER) is not kept


def test_who_is_out_may_be_another_by_then() -> None:
    states: dict[str, State] = {"10.0.0.2": "up"}
    plans = LastPlan(lambda _, address: states.get(str(address)))
    shown = plans.make(BEFORE, AFTER)
    states["10.0.0.2"] = "drain"
    taken = plans.take(BEFORE, AFTER)
    assert taken != shown
    assert "drain" in str(taken["changes"])


def test_nobody_came_for_it() -> None:
    plans = LastPlan(up)
    shown = plans.make(BEFORE, HEAVIER)
    plans.forget()
    assert plans.take(BEFORE, HEAVIER) is not shown
