# SPDX-License-Identifier: Apache-2.0
"""What cannot work on this host is refused, with the place in the file."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from dsrlb.config import HostFacts, LinkFact, check_host, clashes
from dsrlb.config.source import read
from dsrlb.errors import Problem

TEXT = """\
[balancer]
interfaces = ["eth0"]
[[group]]
name = "web"
[[group.real]]
address = "10.0.0.11"
[[group.real]]
address = ["10.0.0.12", "2001:db8:1::12"]
[[service]]
name = "web"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 80
mode = "l2dsr"
group = "web"
[[service]]
name = "tls"
vip = "192.0.2.10"
protocol = "tcp"
port = 443
mode = "l2dsr"
group = "web"
[[service]]
name = "dns"
vip = "192.0.2.53"
protocol = "udp"
port = 53
mode = "l2dsr"
[[service.real]]
address = "10.0.0.13"
"""


def link(kind: str = "") -> LinkFact:
    """An interface."""
    return LinkFact(2, kind, "02:00:00:00:00:01", 1500, True)


LINKS = {
    "lo": link("loopback"),
    "eth0": link(),
    "eth1": link("veth"),
    "bond0": link("bond"),
    "bond0.20": link("vlan"),
    "br0": link("bridge"),
}


def problems(
    text: str = TEXT, addresses: dict[str, str] | None = None, adopt_vip: bool = False
) -> list[Problem]:
    """What a host with these addresses says."""
    config, origin = read(text, "f.toml")
    facts = HostFacts(LINKS, {ip_address(ip): on for ip, on in (addresses or {}).items()})
    found = check_host(config, facts, origin)
    return found + [clash.problem(origin) for clash in clashes(config, facts, adopt_vip)]


def test_nothing_wrong() -> None:
    assert problems(addresses={"10.0.0.1": "eth0", "127.0.0.1": "lo"}) == []


@pytest.mark.parametrize("name", ["eth0", "eth1", "bond0"])
def test_interfaces_that_are_fine(name: str) -> None:
    assert problems(TEXT.replace("eth0", name)) == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("eth7", "there is no such interface here; interfaces: bond0, bond0.20, br0, eth0, eth1"),
        ("bond0.20", "the device below a VLAN interface"),
        ("br0", "onto a bridge's ports"),
        ("lo", "not on the loopback interface"),
    ],
)
def test_interfaces_that_are_not(name: str, says: str) -> None:
    (problem,) = problems(TEXT.replace("eth0", name))
    assert (problem.file, problem.line, problem.key) == ("f.toml", 2, "balancer.interfaces")
    assert problem.value == f'"{name}"'
    assert says in problem.message


def test_a_vip_on_this_host() -> None:
    (problem,) = problems(addresses={"2001:db8::10": "eth0"})
    assert (problem.line, problem.key, problem.value) == (
        11,
        "service[0].vip",
        '"2001:db8::10"',
    )
    assert "`ip address show to 2001:db8::10`" in problem.message
    assert "--adopt-vip" in problem.message


def test_a_shared_vip_is_told_for_each_service() -> None:
    found = problems(addresses={"192.0.2.10": "lo"})
    assert [problem.key for problem in found] == ["service[0].vip", "service[1].vip"]


def test_adopt_vip() -> None:
    assert problems(addresses={"192.0.2.10": "eth0"}, adopt_vip=True) == []


@pytest.mark.parametrize("adopt_vip", [False, True])
@pytest.mark.parametrize(
    ("address", "line", "key"),
    [
        ("2001:db8:1::12", 8, "group[0].real[1].address"),
        ("10.0.0.13", 30, "service[2].real[0].address"),
    ],
)
def test_a_real_on_this_host(adopt_vip: bool, address: str, line: int, key: str) -> None:
    (problem,) = problems(addresses={address: "eth0"}, adopt_vip=adopt_vip)
    assert (problem.file, problem.line, problem.key) == ("f.toml", line, key)
    assert problem.value == f'"{address}"'
    assert "this host itself (on eth0)" in problem.message


def test_everything_is_told_at_once() -> None:
    found = problems(
        TEXT.replace("eth0", "eth7"), addresses={"192.0.2.53": "eth1", "10.0.0.11": "eth1"}
    )
    assert [problem.key for problem in found] == [
        "balancer.interfaces",
        "service[2].vip",
        "group[0].real[0].address",
    ]
