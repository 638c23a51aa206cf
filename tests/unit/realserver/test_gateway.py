# SPDX-License-Identifier: Apache-2.0
"""The way back through the balancer: routes read, noted, replaced and put back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from dsrlb.errors import NetError
from dsrlb.realserver import Request, gateway
from dsrlb.realserver.gateway import Default, Replace
from dsrlb.realserver.steps import Assigned, Host
from tests.unit.realserver.hosts import REAL4, VIP4, VIP6

LB4, LINK_LOCAL = ip_address("10.0.0.1"), ip_address("fe80::1")
HOST = Host({"lo": True, "eth0": True}, {REAL4: (Assigned("eth0", 24),)})
ROUTED = Request("router", (VIP4,), gateways=(LB4,))
LINES = [
    ("default via 10.0.0.9 dev eth0 \n", "default via 10.0.0.9 dev eth0", 0, ["10.0.0.9"]),
    (
        "default via 10.0.0.9 dev eth0 proto dhcp src 10.0.0.2 metric 100 linkdown ",
        "default via 10.0.0.9 dev eth0 proto dhcp src 10.0.0.2 metric 100",
        100,
        ["10.0.0.9"],
    ),
    (
        "default via fe80::1 dev eth0 proto ra metric 1024 expires 1790sec hoplimit 64 pref medium",
        "default via fe80::1 dev eth0 proto ra metric 1024 hoplimit 64 pref medium",
        1024,
        ["fe80::1"],
    ),
    (
        "default proto static \\\tnexthop via 10.0.0.7 dev eth0 weight 1 "
        "\\\tnexthop via 10.0.0.8 dev eth0 weight 2 dead ",
        "default proto static nexthop via 10.0.0.7 dev eth0 weight 1 "
        "nexthop via 10.0.0.8 dev eth0 weight 2",
        0,
        ["10.0.0.7", "10.0.0.8"],
    ),
]


@pytest.mark.parametrize(("line", "text", "metric", "gateways"), LINES)
def test_routes_are_read_as_they_can_be_given_back(
    line: str, text: str, metric: int, gateways: list[str]
) -> None:
    route = Default.read(line)
    assert (route.text, route.metric, route.gateways) == (text, metric, gateways)
    assert route.usable


def test_a_route_to_nowhere_is_no_way() -> None:
    assert not Default.read("unreachable default dev lo metric 4294967295 error -101").usable


@pytest.mark.parametrize(
    ("now", "written", "same"),
    [
        ("default via 10.0.0.1 dev eth0", "default via 10.0.0.1", True),
        ("default via 10.0.0.1 dev eth0 linkdown", "default via 10.0.0.1 dev eth0", True),
        ("default via 10.0.0.1 dev eth1", "default via 10.0.0.1 dev eth0", False),
        ("default via 10.0.0.9 dev eth0", "default via 10.0.0.1", False),
        ("default via 10.0.0.1 dev eth0 metric 5", "default via 10.0.0.1", False),
        ("default via fd00::1 dev eth0 metric 1 pref medium", "default via fd00::1 metric 1", True),
    ],
)
def test_our_route_is_known_again(now: str, written: str, same: bool) -> None:
    assert Default.read(now).is_as(Default.read(written)) is same


def replacing(to: str, before: str) -> Replace:
    """A step of setup."""
    return Replace(4, Default.read(to), before)


def test_what_was_there_first_is_kept_over_several_setups() -> None:
    first = gateway.note(replacing("default via 10.0.0.1", "default via 10.0.0.9 dev eth0"), {})
    assert first == ("default via 10.0.0.9 dev eth0", "default via 10.0.0.1")
    second = replacing("default via 10.0.0.3", "default via 10.0.0.1 dev eth0")
    assert gateway.note(second, {"4": first}) == (
        "default via 10.0.0.9 dev eth0",
        "default via 10.0.0.1",
        "default via 10.0.0.3",
    )
    by_hand = replacing("default via 10.0.0.3", "default via 10.0.0.77 dev eth0")
    assert gateway.note(by_hand, {"4": first}) == (
        "default via 10.0.0.77 dev eth0",
        "default via 10.0.0.3",
    )
    nothing = replacing("default via 10.0.0.1", "")
    assert gateway.note(nothing, {}) == ("", "default via 10.0.0.1")


class Ip:
    """An `ip` whose routes are given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.routes = ""
        self.way: dict[str, str] | str = {"dev": "eth0"}
        monkeypatch.setattr(gateway, "output", self._output)

    def _output(self, arguments: Sequence[str]) -> str:
        if "get" not in arguments:
            return self.routes
        if isinstance(self.way, str):
            raise NetError(f"ip route get: RTNETLINK answers: {self.way}")
        return json.dumps([self.way])


@pytest.fixture
def ip(monkeypatch: pytest.MonkeyPatch) -> Ip:
    """An `ip` without routes."""
    return Ip(monkeypatch)


def remedy(request: Request = ROUTED, host: Host = HOST) -> str:
    """What is to be done about the route; "" when it is right."""
    route = gateway.pieces(request, host)[-1]
    assert route.name == f"IPv{request.families[0]} default route"
    return "" if route.ok else route.remedy


def test_the_smallest_metric_counts(ip: Ip) -> None:
    assert remedy() == "ip -4 route replace default via 10.0.0.1"
    ip.routes = "default via 10.0.0.9 dev eth0 metric 100\n"
    assert remedy() == "ip -4 route replace default via 10.0.0.1"
    ip.routes += "default via 10.0.0.1 dev eth0 metric 50\n"
    assert remedy() == ""
    ip.routes += "default via 10.0.0.1 dev eth0 metric 150\n"
    assert remedy() == ""
    ip.routes = "default nexthop via 10.0.0.1 dev eth0 nexthop via 10.0.0.9 dev eth0\n"
    assert remedy() == "ip -4 route replace default via 10.0.0.1"


def test_ipv6_and_interfaces(ip: Ip) -> None:
    six = Request("nat", (VIP6,), gateways=(LINK_LOCAL,), interface="eth0")
    assert remedy(six) == "ip -6 route replace default via fe80::1 dev eth0 metric 1"
    ip.routes = "default via fe80::1 dev eth1 metric 1 pref medium\n"
    assert remedy(six) == "ip -6 route replace default via fe80::1 dev eth0 metric 1"
    ip.routes = "default via fe80::1 dev eth0 metric 1024 pref medium\n"
    assert remedy(six) == ""


def test_what_cannot_be_a_gateway(ip: Ip) -> None:
    own = Request("router", (VIP4,), gateways=(REAL4,))
    assert "this host's own address" in remedy(own)
    ip.way = {"dev": "eth0", "gateway": "10.0.0.9"}
    assert "it is behind 10.0.0.9" in remedy()
    ip.way = "Network is unreachable"
    assert "cannot be reached: Network is unreachable" in remedy()


def test_a_route_that_could_not_be_put_back_is_left(ip: Ip) -> None:
    ip.routes = "default nhid 7 via 10.0.0.9 dev eth0\n"
    (*_, piece) = gateway.pieces(ROUTED, HOST)
    assert not piece.steps
    assert "cannot put that one back" in piece.remedy
    ip.routes = "default nhid 7 via 10.0.0.9 dev eth0 metric 20\n"
    assert remedy() == "ip -4 route replace default via 10.0.0.1"


def test_without_a_gateway_the_route_is_shown(ip: Ip) -> None:
    request = Request("router", (VIP4,))
    assert "--gateway" in remedy(request)
    ip.routes = "unreachable default dev lo metric 5 error -101"
    assert "--gateway" in remedy(request)
    ip.routes = "default via 10.0.0.9 dev eth0\n"
    (*_, piece) = gateway.pieces(request, HOST)
    assert piece.ok
    assert piece.value.startswith("default via 10.0.0.9 dev eth0 (")


def undone(before: str, *written: str, host: Host = HOST) -> list[str]:
    """What undo does and says."""
    found = gateway.undoing({"4": (before, *written)}, (4, 6), host)
    return [one if isinstance(one, str) else one.shell() for one in found]


def test_what_was_there_is_put_back(ip: Ip) -> None:
    ip.routes = "default via 10.0.0.1 dev eth0\ndefault via 10.0.0.5 dev eth0 metric 100\n"
    old = "default via 10.0.0.9 dev eth0 src 10.0.0.2"
    assert undone(old, "default via 10.0.0.1") == [f"ip -4 route replace {old}"]
    delete = "ip -4 route del default via 10.0.0.1 dev eth0"
    assert undone("", "default via 10.0.0.1", "default via 10.0.0.3") == [delete]
    gone = undone("default via 10.0.0.9 dev eth7", "default via 10.0.0.1")
    assert gone == [
        delete,
        "IPv4 default route: it was default via 10.0.0.9 dev eth7, and eth7 is gone",
    ]


def test_what_others_have_changed_is_left(ip: Ip) -> None:
    ip.routes = "default via 10.0.0.77 dev eth0\n"
    (words,) = undone("", "default via 10.0.0.1")
    assert words == (
        "IPv4 default route: default via 10.0.0.77 dev eth0, "
        "setup had written default via 10.0.0.1: left"
    )
    ip.routes = ""
    assert undone("", "default via 10.0.0.1") == []
    (words,) = undone("default via 10.0.0.9 dev eth0", "default via 10.0.0.1")
    assert "not there any more" in words
    ip.routes = "default via 10.0.0.9 dev eth0\n"
    assert undone("default via 10.0.0.9 dev eth0", "default via 10.0.0.1") == [], "interrupted"
