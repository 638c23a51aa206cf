# SPDX-License-Identifier: Apache-2.0
"""Tunnels that this host could not send into are refused, with the place in the file."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from dsrlb.config import HostFacts, LinkFact
from dsrlb.config.source import read
from dsrlb.control.desired.tunnels import overhead, unreachable

TEXT = """\
[balancer]
interfaces = ["eth0", "eth1"]
# SOURCE
[[service]]
name = "web"
vip = ["192.0.2.10"]
protocol = "tcp"
port = 80
mode = "l3dsr"
l3dsr.method = "ipip"
real = [{ address = "10.0.0.11" }]
"""
FOUR, SIX = "192.0.2.1", "2001:db8::1"


def link(mtu: int = 1500, kind: str = "") -> LinkFact:
    """An interface."""
    return LinkFact(2, kind, "02:00:00:00:00:01", mtu, True)


def wrong(
    addresses: dict[str, str],
    mtu: int = 1500,
    text: str = TEXT,
    interfaces: tuple[str, ...] = ("eth0", "eth1"),
    **replaced: str,
) -> list[tuple[int | None, str, str, str]]:
    """(line, key, value, message) on a host with these addresses. eth1 has an MTU of 1000."""
    for name, new in replaced.items():
        old = {"method": "ipip", "vip": "192.0.2.10", "real": "10.0.0.11", "source": "# SOURCE"}
        assert text.count(old[name]) == 1
        text = text.replace(old[name], new)
    config, origin = read(text, "f.toml")
    links = {"lo": link(65536, "loopback"), "eth0": link(mtu), "eth1": link(1000)}
    links |= {"eth2": link(9000), "eth1.20": link(1000, "vlan")}
    present = {name: fact for name, fact in links.items() if name in interfaces or name != "eth1"}
    facts = HostFacts(present, {ip_address(ip): name for ip, name in addresses.items()})
    problems = [clash.problem(origin) for clash in unreachable(config, facts)]
    assert all(problem.file == "f.toml" for problem in problems)
    return [(p.line, p.key, p.value, p.message) for p in problems]


@pytest.mark.parametrize(
    ("method", "family", "more"),
    [
        ("l2dsr", 4, 0),
        ("dscp", 6, 0),
        ("ipip", 4, 20),
        ("ipip", 6, 40),
        ("gue", 4, 28),
        ("gue", 6, 48),
    ],
)
def test_overhead(method: str, family: int, more: int) -> None:
    assert overhead(method, family) == more


@pytest.mark.parametrize("method", ["ipip", "gue"])
@pytest.mark.parametrize("vip", ["192.0.2.10", "2001:db8::10"])
@pytest.mark.parametrize(("real", "address"), [("10.0.0.11", FOUR), ("2001:db8:1::11", SIX)])
@pytest.mark.parametrize("interface", ["eth0", "eth1", "eth1.20"])
def test_an_address_of_the_real_server_s_family(
    method: str, vip: str, real: str, address: str, interface: str
) -> None:
    found = wrong({address: interface}, method=method, vip=vip, real=real)
    assert found == []


@pytest.mark.parametrize(
    "addresses",
    [
        {},
        {SIX: "eth0"},  # of the VIP's family, not of the real server's
        {FOUR: "eth2", "127.0.0.1": "lo"},
        {"169.254.0.1": "eth0"},
        {"192.0.2.10": "eth0"},  # the VIP itself, to be taken off
    ],
)
def test_no_address_to_send_from(addresses: dict[str, str]) -> None:
    vip = '192.0.2.10", "2001:db8::10'
    ((line, key, value, message),) = wrong(addresses, vip=vip)
    assert (line, key, value) == (10, "service[0].l3dsr.method", '"ipip"')
    assert message == (
        "real servers are reached over IPv4, and there is no IPv4 address to send from on "
        "balancer.interfaces (eth0, eth1); add one there, or give an IPv4 address or prefix in "
        "balancer.tunnel_source"
    )


def test_a_link_local_address_is_none() -> None:
    ((*_, message),) = wrong({"fe80::1": "eth0", FOUR: "eth0"}, real="2001:db8:1::11")
    assert message.startswith("real servers are reached over IPv6, and there is no IPv6 address")


def test_both_families_are_told() -> None:
    messages = wrong(
        {},
        vip='192.0.2.10", "2001:db8::10',
        real='10.0.0.11", weight = 2 }, { address = "2001:db8:1::12',
    )
    assert [message.split(",")[0][-4:] for *_, message in messages] == ["IPv4", "IPv6"]


@pytest.mark.parametrize("source", ["198.51.100.1", "198.51.100.0/24"])
def test_a_source_that_is_given(source: str) -> None:
    assert wrong({}, source=f'tunnel_source = "{source}"') == []
    ((*_, message),) = wrong({}, source=f'tunnel_source = "{source}"', real="2001:db8:1::11")
    assert "no IPv6 address to send from" in message


@pytest.mark.parametrize(
    "mode", ['mode = "l2dsr"', 'mode = "l3dsr"\nl3dsr = { method = "dscp", dscp = 1 }']
)
def test_without_a_tunnel_nothing_is_needed(mode: str) -> None:
    text = TEXT.replace('mode = "l3dsr"\nl3dsr.method = "ipip"', mode)
    assert text != TEXT
    assert wrong({}, mtu=68, text=text) == []


@pytest.mark.parametrize(
    ("method", "vip", "real", "least"),
    [
        ("ipip", "2001:db8::10", "10.0.0.11", 1300),
        ("ipip", "2001:db8::10", "2001:db8:1::11", 1320),
        ("gue", "2001:db8::10", "10.0.0.11", 1308),
        ("gue", "2001:db8::10", "2001:db8:1::11", 1328),
        ("gue", '192.0.2.10", "2001:db8::10', "2001:db8:1::11", 1328),
    ],
)
def test_room_for_the_smallest_packets(method: str, vip: str, real: str, least: int) -> None:
    addresses = {FOUR: "eth0", SIX: "eth0"}
    assert wrong(addresses, least, method=method, vip=vip, real=real) == []
    ((line, key, value, message),) = wrong(addresses, least - 1, method=method, vip=vip, real=real)
    assert (line, key, value) == (10, "service[0].l3dsr.method", f'"{method}"')
    family = ip_address(real).version
    assert message == (
        f"the largest MTU of balancer.interfaces is {least - 1}: with the {least - 1280} bytes "
        f"that {method} over IPv{family} adds, IPv6 packets of 1280 bytes do not fit; set it to "
        f"{least} or more"
    )


@pytest.mark.parametrize(
    ("method", "real", "least"), [("ipip", "10.0.0.11", 596), ("gue", "2001:db8:1::11", 624)]
)
def test_room_for_ipv4(method: str, real: str, least: int) -> None:
    text = TEXT.replace('["eth0", "eth1"]', '"eth0"').replace("ipip", method)
    text = text.replace("10.0.0.11", real)
    addresses = {FOUR: "eth0", SIX: "eth0"}
    assert wrong(addresses, least, text=text) == []
    ((*_, message),) = wrong(addresses, least - 1, text=text)
    assert "IPv4 packets of 576 bytes do not fit" in message


def test_an_interface_that_is_away_may_have_what_is_missing() -> None:
    assert len(wrong({}, mtu=100, vip="2001:db8::10")) == 2
    assert wrong({}, mtu=100, vip="2001:db8::10", interfaces=("eth0",)) == []
