# SPDX-License-Identifier: Apache-2.0
"""Orders of an operator: who is meant, what is told, and what it is answered with."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dsrlb.config import Config, parse
from dsrlb.control.desired.contents import RealId, ServiceId
from dsrlb.control.health.admin import AdminStates
from dsrlb.control.health.orders import EVERY, give_order
from dsrlb.errors import StateError
from dsrlb.observe.events import EventLog

SERVICE = """
[[service]]
name = "{}"
vip = ["192.0.2.{}", "2001:db8::{}"]
protocol = "tcp"
port = 80
mode = "l2dsr"
all_down = "sorry"
sorry = {{ address = ["10.0.0.99", "fd00::99"] }}
"""
PAIR = 'address = ["10.0.0.11", "fd00::11"]'
CONFIG = parse(
    f"""
[balancer]
interfaces = ["eth0"]
[[group]]
name = "g"
real = [{{ {PAIR} }}]
{SERVICE.format("web", 1, 1)}
group = "g"
{SERVICE.format("api", 2, 2)}
real = [{{ {PAIR} }}]
{SERVICE.format("other", 3, 3)}
real = [{{ address = ["10.0.0.12", "fd00::12"] }}]
""",
    "f",
)
BOTH = ["10.0.0.11", "fd00::11"]


class Balancer:
    """Of which some services have nobody left: ``engaged``."""

    def __init__(self, path: Path, events: EventLog) -> None:
        self.config, self.events = CONFIG, events
        self.conditions = SimpleNamespace(admin=AdminStates(path, events))
        self.engaged: dict[ServiceId, str] = {}
        self.all_down = SimpleNamespace(engaged=self.engaged)

    def write(self, config: Config) -> None:
        assert config is CONFIG

    def said(self, name: str, address: str) -> str:
        real = RealId(ServiceId(name, 4), ip_address(address))
        order = self.conditions.admin.of(real)
        return "" if order is None else order.state


@pytest.fixture
def balancer(tmp_path: Path, events: EventLog) -> Any:
    return Balancer(tmp_path / "admin.json", events)


def test_everywhere_and_by_either_address(balancer: Any) -> None:
    rows = give_order(balancer, EVERY, "fd00::11", "drain", "ann")
    meant = [(name, one) for name in ("web", "api") for one in BOTH]
    assert [(row["service"], row["address"]) for row in rows] == meant
    assert [balancer.said(*one) for one in meant] == ["drain"] * 4
    assert balancer.said("other", "10.0.0.12") == ""
    (event,) = balancer.events.since(0)
    assert event.message == "web, api: fd00::11 gets no new flows (by ann)"
    give_order(balancer, "api", "10.0.0.11", "enabled", "bob")
    assert [balancer.said(*one) for one in meant] == ["drain", "drain", "", ""]
    assert balancer.events.since(event.id)[0].message == (
        "api: 10.0.0.11 may have new flows again (by bob)"
    )


def test_real_servers_of_groups_stay_what_they_are(balancer: Any) -> None:
    """Whatever else is changed."""
    give_order(balancer, EVERY, "10.0.0.11", "disabled", "ann")
    balancer.conditions.admin.follow(CONFIG, lambda: (1, 2))
    assert [balancer.said(name, "10.0.0.11") for name in ("web", "api")] == ["disabled"] * 2


@pytest.mark.parametrize(
    ("engaged", "says"),
    [
        ({}, ""),
        ({4: "drop", 6: "sorry"}, "web: no real server is up: new flows go to the sorry server"),
        ({4: "drop", 6: "drop"}, "web: no real server is up: new flows are dropped"),
        ({6: "drop"}, "web: no real server is up over IPv6: new flows are dropped"),
    ],
)
def test_what_is_warned_of(balancer: Any, engaged: dict[int, str], says: str) -> None:
    balancer.engaged |= {ServiceId("web", family): what for family, what in engaged.items()}
    rows = give_order(balancer, "web", "10.0.0.11", "drain", "ann")
    assert {row["warning"] for row in rows} == {says and f'{says} (all_down = "sorry")'}
    assert {row["warning"] for row in give_order(balancer, "web", BOTH[0], "enabled", "a")} == {""}


@pytest.mark.parametrize(
    ("service", "address", "says"),
    [
        ("web", "10.0.0.12", "service 'web' has no real server 10.0.0.12"),
        ("none", "10.0.0.11", "there is no service 'none'"),
        (EVERY, "10.0.0.13", "no service has a real server 10.0.0.13"),
        ("web", "x", "'x' is no IP address"),
    ],
)
def test_who_is_not_there(balancer: Any, service: str, address: str, says: str) -> None:
    with pytest.raises(StateError, match=says.replace("*", "")):
        give_order(balancer, service, address, "drain", "ann")
    assert balancer.events.since(0) == []
