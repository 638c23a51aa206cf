# SPDX-License-Identifier: Apache-2.0
"""Bridges, pools and VIPs that cannot work on this host, with the place in the file."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

import pytest

from dsrlb.config import Config, HostFacts, LinkFact, clashes
from dsrlb.config.source import read
from dsrlb.control.desired.placement import misplaced

TEXT = """\
[balancer]
interfaces = ["eth0", "eth1", "eth2"]
[[bridge]]
name = "br0"
ports = ["eth1", "eth2"]
reals_on = "eth2"
[[service]]
name = "arm"
vip = "192.0.2.10"
protocol = "tcp"
port = 80
mode = "one-arm"
real = [{ address = "192.0.2.11" }]
[service.snat]
pool = ["192.0.2.200-192.0.2.203"]
[[service]]
name = "way"
vip = ["198.51.100.10", "2001:db8::10"]
protocol = "tcp"
port = 80
mode = "router"
real = [{ address = ["10.0.0.11", "2001:db8:1::11"] }, { address = "10.0.0.12" }]
"""
ADDRESSES = {
    "192.0.2.1/24": "eth0",
    "198.51.100.1/24": "eth0",
    "2001:db8::1/64": "eth0",
    "10.0.0.1/24": "eth0.20",
    "2001:db8:1::1/64": "eth0.20",
    "fe80::1/64": "eth0",
}


def link(kind: str = "", master: str = "") -> LinkFact:
    """An interface."""
    return LinkFact(2, kind, "02:00:00:00:00:01", 1500, True, master)


LINKS = {
    "eth0": link(),
    "eth0.20": link("vlan"),
    "eth1": link("veth", "br0"),
    "eth2": link("veth", "br0"),
    "br0": link("bridge"),
    "br1": link("bridge"),
}


def wrong(
    text: str = TEXT,
    addresses: dict[str, str] | None = None,
    links: dict[str, LinkFact | None] | None = None,
    before: Config | None = None,
) -> list[tuple[int | None, str, str, str]]:
    """(line, key, value, message) on the host with these things more, or less (None)."""
    config, origin = read(text, "f.toml")
    found: dict[str, list[str]] = {}
    for address, name in (ADDRESSES | (addresses or {})).items():
        found.setdefault(name, []).append(address)
    merged = LINKS | (links or {})
    facts = HostFacts(
        {name: fact for name, fact in merged.items() if fact is not None},
        {ip_address(ip.split("/")[0]): name for name, ips in found.items() for ip in ips},
        {name: tuple(ip_interface(ip).network for ip in ips) for name, ips in found.items()},
    )
    here = [*misplaced(config, facts, before), *clashes(config, facts, adopt_vip=True)]
    problems = [clash.problem(origin) for clash in here]
    assert all(problem.file == "f.toml" for problem in problems)
    return [(p.line, p.key, p.value, p.message) for p in problems]


def replaced(old: str, new: str) -> str:
    """The good text with one thing in it replaced."""
    assert TEXT.count(old) == 1, old
    return TEXT.replace(old, new)


def test_nothing_wrong() -> None:
    assert wrong() == []


@pytest.mark.parametrize(
    ("links", "line", "key", "value", "says"),
    [
        (
            {"br0": None},
            4,
            "name",
            "br0",
            "there is no such bridge here; bridges: br1",
        ),
        ({"br0": None, "br1": None}, 4, "name", "br0", "no such bridge here; bridges: none"),
        (
            {"br0": link("bond")},
            4,
            "name",
            "br0",
            "no kernel bridge, but a bond device; name the bridge that eth1 is in",
        ),
        ({"br0": link()}, 4, "name", "br0", "no kernel bridge, but a device of its own"),
        (
            {"eth2": link("veth")},
            5,
            "ports",
            "eth2",
            "no port of br0, but in no bridge; make it one: `ip link set eth2 master br0`",
        ),
        (
            {"eth1": link("veth", "br1")},
            5,
            "ports",
            "eth1",
            "no port of br0, but in br1; make it one: `ip link set eth1 master br0`",
        ),
    ],
)
def test_a_bridge_that_is_not(
    links: dict[str, LinkFact | None], line: int, key: str, value: str, says: str
) -> None:
    (found,) = wrong(links=links)
    assert found[:3] == (line, f"bridge[0].{key}", f'"{value}"')
    assert says in found[3]


def test_a_port_that_is_away_is_told_elsewhere() -> None:
    assert wrong(links={"eth2": None}) == []


@pytest.mark.parametrize(
    "links", [{"br0": None}, {"eth1": link()}, {"br0": None, "eth1": link(), "eth2": link()}]
)
def test_a_bridge_that_was_right_may_come_back(links: dict[str, LinkFact | None]) -> None:
    before, _ = read(TEXT, "before.toml")
    assert wrong(links=links, before=before) == []
    other, _ = read(replaced('reals_on = "eth2"', 'reals_on = "eth1"'), "before.toml")
    assert wrong(links=links, before=other)


@pytest.mark.parametrize("links", [{"br0": link("bond")}, {"eth1": link("veth", "br1")}])
def test_what_is_wrong_is_told_at_any_time(links: dict[str, LinkFact | None]) -> None:
    before, _ = read(TEXT, "before.toml")
    assert len(wrong(links=links, before=before)) == 1


@pytest.mark.parametrize("address", ["192.0.2.200/24", "192.0.2.203/32"])
@pytest.mark.parametrize("interface", ["eth0", "lo"])
def test_a_pool_with_an_address_of_this_host(address: str, interface: str) -> None:
    (found,) = wrong(addresses={address: interface})
    assert found[:3] == (15, "service[0].snat.pool", '"192.0.2.200-192.0.2.203"')
    plain = address.split("/")[0]
    assert found[3].startswith(f"{plain} is an address of this host (on {interface}): its kernel")
    assert "leave it out, or take it off that interface" in found[3]


@pytest.mark.parametrize(
    ("pool", "value", "says"),
    [
        (
            "192.0.2.254-192.0.2.255",
            "192.0.2.254-192.0.2.255",
            "192.0.2.255 is the broadcast address of 192.0.2.0/24 (on eth0)",
        ),
        ("10.0.0.0", "10.0.0.0", "10.0.0.0 is the network address of 10.0.0.0/24 (on eth0.20)"),
    ],
)
def test_a_pool_with_an_address_of_no_station(pool: str, value: str, says: str) -> None:
    (found,) = wrong(replaced("192.0.2.200-192.0.2.203", pool))
    assert found[:3] == (15, "service[0].snat.pool", f'"{value}"')
    assert says in found[3]


def test_the_anycast_address_of_routers_is_no_pool_s() -> None:
    text = replaced('vip = "192.0.2.10"', 'vip = ["192.0.2.10", "2001:db8::9"]')
    text = text.replace('"192.0.2.11"', '["192.0.2.11", "2001:db8::11"]')
    (found,) = wrong(text.replace('203"]', '203", "2001:db8::"]'))
    assert found[2] == '"2001:db8::"'
    assert "2001:db8:: is the subnet-router anycast address of 2001:db8::/64" in found[3]
    assert wrong(text.replace('203"]', '203", "2001:db8::fffe"]')) == []


def test_a_routed_prefix_is_a_pool_with_all_its_addresses() -> None:
    assert wrong(replaced("192.0.2.200-192.0.2.203", "203.0.113.0/24")) == []
    pair = replaced("192.0.2.200-192.0.2.203", "203.0.113.1")
    assert wrong(pair, {"203.0.113.0/31": "eth1"}) == []


@pytest.mark.parametrize("mode", ["router", "nat"])
@pytest.mark.parametrize(
    ("old", "new", "vip", "real", "network"),
    [
        ("198.51.100.10", "10.0.0.10", "10.0.0.10", "10.0.0.11", "10.0.0.0/24 (on eth0.20)"),
        ('"10.0.0.12"', '"198.51.100.12"', "198.51.100.10", "198.51.100.12", "198.51.100.0/24"),
        ("2001:db8::10", "2001:db8:1::10", "2001:db8:1::10", "2001:db8:1::11", "2001:db8:1::/64"),
    ],
)
def test_replies_that_would_go_round(
    mode: str, old: str, new: str, vip: str, real: str, network: str
) -> None:
    (found,) = wrong(replaced(old, new).replace('"router"', f'"{mode}"'))
    assert found[:3] == (18, "service[1].vip", f'"{vip}"')
    assert f"real server {real} is in the same subnet, {network}" in found[3]
    assert "give the VIP another subnet, or take mode one-arm, bridge or l2dsr" in found[3]


@pytest.mark.parametrize("mode", ["l2dsr", "bridge", "one-arm"])
def test_other_modes_may_share_a_subnet(mode: str) -> None:
    snat = 'snat.pool = ["198.51.100.99", "2001:db8::99"]' if mode == "one-arm" else ""
    text = replaced("198.51.100.10", "10.0.0.10").replace('"router"', f'"{mode}"')
    assert wrong(text + snat) == []


def test_the_smallest_subnet_counts() -> None:
    """A wide network around both does not, nor does an address alone."""
    wide = {"198.51.0.1/16": "eth1", "10.0.0.77/8": "eth1"}
    assert wrong(addresses=wide) == []
    assert wrong(replaced("198.51.100.10", "10.9.0.10"), wide) == []
    text = replaced("198.51.100.10", "10.0.0.10")
    (found,) = wrong(text, {"10.0.0.10/32": "lo"})
    assert "10.0.0.0/24" in found[3]


def test_what_is_routed_shares_nothing() -> None:
    text = replaced("198.51.100.10", "203.0.113.10").replace('"10.0.0.12"', '"203.0.113.12"')
    assert wrong(text) == []
