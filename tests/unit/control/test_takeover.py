# SPDX-License-Identifier: Apache-2.0
"""A start over maps of an earlier daemon: what of them counts as written by somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

from dsrlb.control.balancer import Balancer
from dsrlb.control.desired.contents import Desired, RealId
from dsrlb.control.health.condition import Condition
from dsrlb.control.health.ramps import Ramps
from dsrlb.control.takeover import take_over, tell_differences
from dsrlb.observe.events import EventLog
from tests.unit.control.health import services as s

SLOW = 'slow_start = "40s"'


def told(lines: str, before: Desired, after: Mapping[RealId, Condition]) -> list[str]:
    """Of drift, where the maps held ``before`` and hold this now."""
    given, events, ramps = s.config(lines), EventLog(), Ramps()
    balancer = SimpleNamespace(
        applier=SimpleNamespace(installed=s.installed(before), paths=SimpleNamespace(content={})),
        conditions=SimpleNamespace(ramps=ramps, take_over=ramps.take_over),
        events=events,
        macs=SimpleNamespace(seed=lambda *_: None),
    )
    held = take_over(cast(Balancer, balancer), given)
    balancer.applier.installed = s.installed(s.wanted(given, after))
    tell_differences(cast(Balancer, balancer), held)
    return [event.message for event in events.since(0) if event.kind == "drift"]


def test_of_what_is_as_it_was_nothing_is_told() -> None:
    assert told("", s.wanted(s.config()), {}) == []


def test_who_went_meanwhile_is_no_drift() -> None:
    assert told("", s.wanted(s.config()), {s.R12: s.DOWN}) == []
    assert told("", s.wanted(s.config(), {s.R12: s.DOWN}), {}) == []


def test_a_share_that_has_grown_is_no_drift() -> None:
    before = s.wanted(s.config(SLOW), {s.R11: Condition(share=7)})
    assert told(SLOW, before, {s.R11: Condition(share=8)}) == []
    assert told(SLOW, before, {}) == []


def test_what_somebody_else_has_written_is_told() -> None:
    """Also of a service of which a real server went."""
    desired = s.wanted(s.config())
    content = desired.services[s.WEB]
    for other in (
        replace(content, on_unknown=1),
        replace(content, schedule=content.schedule[::-1]),
    ):
        desired.services[s.WEB] = other
        assert told("", desired, {}) == ["what the maps held of services was put right: web"]
    desired.services[s.WEB] = replace(content, on_unknown=1)
    assert told("", desired, {s.R12: s.DOWN}) != []
