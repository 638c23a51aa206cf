# SPDX-License-Identifier: Apache-2.0
"""What is told of services none of whose real servers is up."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from dsrlb.config import Config, parse
from dsrlb.control.desired.contents import RealId, Resolution, ServiceId
from dsrlb.control.desired.parts import Part, parts_of
from dsrlb.control.health.alldown import AllDown
from dsrlb.control.health.condition import WELL, Condition
from dsrlb.control.macs.targets import targets_of
from dsrlb.observe.events import EventLog
from tests.unit.control.health import services as s

SORRY = 'all_down = "sorry"\nsorry = { address = "10.0.0.99" }'


def parts(
    given: Config,
    conditions: Mapping[RealId, Condition],
    lost: frozenset[RealId] = frozenset(),
) -> dict[ServiceId, Part]:
    """Of all services; ``lost``: whose addresses are not known."""
    links = {"eth0": s.LINK}
    found = {one: Resolution(s.MAC, s.LINK, one not in lost) for one in targets_of(given)}
    return {
        part.identity: part
        for service in given.service
        for part in parts_of(given, service, links, found, lambda real: conditions.get(real, WELL))
    }


def everybody(condition: Condition) -> dict[RealId, Condition]:
    return dict.fromkeys((s.R11, s.R12, s.R13), condition)


@pytest.mark.parametrize(
    ("lines", "conditions", "wanted"),
    [
        ("", everybody(s.DOWN), "drop"),
        ("", everybody(s.DOWN) | {s.R12: WELL}, ""),
        ("", everybody(s.DRAIN), "drop"),
        ('all_down = "pass"', everybody(s.DOWN), "pass"),
        (SORRY, everybody(s.DOWN), "sorry"),
        ('all_down = "all-up"', everybody(s.DOWN), "all-up"),
        ('all_down = "all-up"', everybody(s.DRAIN) | {s.R12: s.DOWN}, "all-up"),
        ('all_down = "all-up"', everybody(s.DRAIN), "drop"),  # nobody is there for it
    ],
)
def test_what_becomes_of_new_flows(
    lines: str, conditions: Mapping[RealId, Condition], wanted: str
) -> None:
    assert parts(s.config(lines), conditions)[s.WEB].all_down == wanted


def test_a_sorry_server_that_is_not_there() -> None:
    found = parts(s.config(SORRY), everybody(s.DOWN), frozenset({s.SORRY}))
    assert found[s.WEB].all_down == "drop"


def test_what_is_told(events: EventLog) -> None:
    """Once, when it begins, is another thing, and is over."""
    all_down = AllDown(events)
    given = s.config('all_down = "all-up"')
    for conditions in ({}, everybody(s.DOWN), everybody(s.DOWN), everybody(s.DRAIN), {}, {}):
        all_down.follow(parts(given, conditions))
    assert [(one.level, one.message) for one in events.since(0)] == [
        (
            "warning",
            "web: no real server is up: "
            "all-up: those that are down get new flows, as if they were up",
        ),
        ("warning", "web: no real server is up: new flows are dropped"),
        ("info", "web: a real server is up again"),
    ]
    assert all_down.engaged == {}


def test_who_is_gone_is_not_up_again(events: EventLog) -> None:
    all_down = AllDown(events)
    all_down.follow(parts(s.config(), everybody(s.DOWN)))
    all_down.follow({})
    assert len(events.since(0)) == 1


def test_many_services_and_families(events: EventLog) -> None:
    """A group that many services share goes down in one event."""
    services = "".join(
        f"""
[[service]]
name = "s{number}"
vip = ["192.0.2.{number}", "2001:db8::{number}"]
protocol = "tcp"
port = 80
mode = "l2dsr"
group = "g"
"""
        for number in range(1, 9)
    )
    group = '[[group]]\nname = "g"\nreal = [{ address = ["10.0.0.11", "fd00::11"] }]\n'
    given = parse(f'[balancer]\ninterfaces = ["eth0"]\n{group}{services}', "test")
    all_down = AllDown(events)
    reals = list(targets_of(given))
    all_down.follow(parts(given, dict.fromkeys(reals, s.DOWN)))
    up = {one: s.DOWN for one in reals if one.service != ServiceId("s1", 6)}
    all_down.follow(parts(given, up))
    assert [one.message for one in events.since(0)] == [
        "s1, s2, s3, s4, s5 and 3 more: no real server is up: new flows are dropped",
        "s1 (IPv6): a real server is up again",
    ]
