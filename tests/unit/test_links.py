# SPDX-License-Identifier: Apache-2.0
"""Interfaces and their addresses as the kernel tells them."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any
from unittest.mock import Mock

import pytest
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

from dsrlb.net import links, rtnetlink


def encoded(message: Any) -> bytes:
    """A message of pyroute2's as it comes from the kernel, without netlink's header."""
    message.encode()
    return bytes(message.data)[16:]


def interface(
    *more: tuple[str, Any],
    kind: str = "vlan",
    vlan: int = 20,
    port: tuple[str, int] | None = None,
) -> links.Link:
    """What is read of an interface's message. ``port``: of what, and in which state."""
    message = ifinfmsg()
    message["index"], message["flags"] = 20, 0x1043
    data = [("IFLA_VLAN_ID", vlan), ("IFLA_VLAN_PROTOCOL", 0x8100)]
    info: list[tuple[str, Any]] = [("IFLA_INFO_KIND", kind)]
    if kind == "vlan":
        info.append(("IFLA_INFO_DATA", {"attrs": data}))
    if port is not None:
        info.append(("IFLA_INFO_SLAVE_KIND", port[0]))
        if port[0] == "bridge":
            info.append(("IFLA_INFO_SLAVE_DATA", {"attrs": [("IFLA_BRPORT_STATE", port[1])]}))
    message["attrs"] = [
        ("IFLA_IFNAME", "dsrlb-none0"),
        ("IFLA_MTU", 1400),
        ("IFLA_ADDRESS", "02:00:00:00:00:f9"),
        ("IFLA_LINK", 11),
        *more,
        ("IFLA_LINKINFO", {"attrs": info}),
    ]
    return links._link(links.told_of(encoded(message)))


def test_a_vlan_interface() -> None:
    link = interface()
    assert (link.kind, link.lower, link.vlan, link.vlan_protocol) == ("vlan", 11, 20, 0x8100)
    assert (link.mac, link.mtu, link.up) == ("02:00:00:00:00:f9", 1400, True)


def test_a_vlan_interface_whose_lower_one_is_in_another_namespace() -> None:
    link = interface(("IFLA_LINK_NETNSID", 0))
    assert (link.lower, link.vlan) == (0, 20)


def test_a_bridges_port() -> None:
    link = interface(("IFLA_MASTER", 5), kind="veth", port=("bridge", 4))
    assert (link.master, link.port_state) == (5, 4)


def test_a_bonds_port_has_no_such_state() -> None:
    link = interface(("IFLA_MASTER", 5), kind="veth", port=("bond", 0))
    assert (link.master, link.port_state) == (5, None)
    assert (interface().master, interface().port_state) == (0, None)


def test_a_veths_peer_is_not_below_it() -> None:
    link = interface(kind="veth")
    assert (link.kind, link.lower, link.vlan, link.vlan_protocol) == ("veth", 0, 0, 0)


def address(ifindex: int, text: str, scope: int = 0, flags: int = 0x80, peer: str = "") -> bytes:
    """An address's message."""
    message = ifaddrmsg()
    message["index"], message["scope"], message["prefixlen"] = ifindex, scope, 24
    message["family"] = 10 if ":" in text else 2
    message["attrs"] = [("IFA_ADDRESS", peer or text), ("IFA_FLAGS", flags)]
    if ":" not in text:
        message["attrs"].insert(1, ("IFA_LOCAL", text))
    return encoded(message)


TENTATIVE, DEPRECATED, FAILED, LINK, HOST = 0x40, 0x20, 0x08, 253, 254


def test_what_is_on_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        address(1, "10.0.0.2"),
        address(1, "10.0.0.3"),
        address(1, "fd00::2"),
        address(1, "fe80::2", LINK),
        address(9, "10.1.0.1", peer="10.2.0.1"),
    ]
    monkeypatch.setattr(rtnetlink, "dump_at_once", Mock(return_value=found))
    eth0 = links.Link(1, "eth0", "", 1500, True, "", "", None, None)
    addresses, subnets = links.list_addresses({"eth0": eth0})
    assert {str(address): name for address, name in addresses.items()} == {
        "10.0.0.2": "eth0",
        "10.0.0.3": "eth0",
        "fd00::2": "eth0",
        "fe80::2": "eth0",
        "10.1.0.1": "9",
    }
    assert subnets == {
        "eth0": (ip_network("10.0.0.0/24"), ip_network("fd00::/24")),
        "9": (ip_network("10.2.0.0/24"),),
    }


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([address(2, "10.0.0.2"), address(2, "10.0.0.3")], {2: ("10.0.0.2", None)}),
        ([address(2, "10.0.0.2", peer="10.0.0.9")], {2: ("10.0.0.2", None)}),
        ([address(1, "127.0.0.1", HOST), address(1, "::1", HOST)], {}),
        (
            [
                address(2, "fe80::2", LINK),
                address(2, "fd00::1", flags=TENTATIVE),
                address(2, "fd00::2", flags=TENTATIVE | FAILED),
                address(2, "fd00::3", flags=DEPRECATED),
                address(2, "fd00::4"),
                address(3, "10.1.0.1"),
                address(3, "fd01::1", flags=0),
            ],
            {2: (None, "fd00::4"), 3: ("10.1.0.1", "fd01::1")},
        ),
    ],
)
def test_global_addresses(
    messages: list[bytes],
    expected: dict[int, tuple[str | None, str | None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rtnetlink, "dump_at_once", Mock(return_value=messages))
    assert links.global_addresses() == {
        index: (ip_address(four) if four else None, ip_address(six) if six else None)
        for index, (four, six) in expected.items()
    }
