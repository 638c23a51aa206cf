# SPDX-License-Identifier: Apache-2.0
"""Addresses that a host and a configuration cannot both have, and those that they can."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

import pytest

from dsrlb.config import HostFacts, clashes, parse

ARM = """\
vip = ["192.0.2.20", "2001:db8::20"]
mode = "one-arm"
snat.pool = ["10.1.0.200-10.1.0.203", "fd00:1::8-fd00:1::b"]
real = [{ address = ["10.0.0.13", "fd00::13"] }]
"""
SORRY = ARM + 'all_down = "sorry"\nsorry = { address = ["10.0.0.99", "fd00::99"] }\n'
ROUTED = 'vip = "10.9.0.30"\nmode = "router"\nreal = [{ address = "10.9.0.31" }]\n'
NAT = ROUTED.replace("router", "nat")
DIRECT = ROUTED.replace("router", "l2dsr")
SAME = "real server 10.9.0.31 is in the same subnet, 10.9.0.0/24 (on eth0)"


def facts(*addresses: str) -> HostFacts:
    """A host with these addresses, each on an interface of its own."""
    found = {f"eth{number}": ip_interface(one) for number, one in enumerate(addresses)}
    return HostFacts(
        {},
        {ip_address(one.ip): name for name, one in found.items()},
        {name: (one.network,) for name, one in found.items()},
    )


def said(service: str, *addresses: str) -> list[str]:
    """What cannot be on a host with these addresses."""
    head = '[balancer]\ninterfaces = ["eth0"]\n[[service]]\nname = "web"\nprotocol = "tcp"\n'
    config = parse(f'{head}port = 80\nhealth.type = "none"\n{service}', "f")
    return [clash.fact for clash in clashes(config, facts(*addresses))]


@pytest.mark.parametrize(
    ("service", "addresses", "wanted"),
    [
        (SORRY, ["10.0.0.99/24"], ["this real server is this host itself (on eth0)"]),
        (ARM, ["fd00::13/64"], ["this real server is this host itself (on eth0)"]),
        # a pool, and what of a subnet is no station's
        (ARM, ["10.1.0.201/32"], ["10.1.0.201 is an address of this host (on eth0)"]),
        (ARM, ["10.1.0.205/29"], ["10.1.0.200 is the network address of 10.1.0.200/29 (on eth0)"]),
        (ARM, ["10.1.0.193/28"], []),
        (ARM, ["10.1.0.197/29"], []),
        (
            ARM.replace("200-10.1.0.203", "203-10.1.0.205"),
            ["10.1.0.201/30"],
            ["10.1.0.203 is the broadcast address of 10.1.0.200/30 (on eth0)"],
        ),
        (ARM.replace("200-10.1.0.203", "200"), ["10.1.0.201/31"], []),
        (ARM.replace("8-fd00:1::b", "8"), ["fd00:1::9/127"], []),
        (
            ARM.replace("8-fd00:1::b", "8"),
            ["fd00:1::9/126"],
            ["fd00:1::8 is the subnet-router anycast address of fd00:1::8/126 (on eth0)"],
        ),
        (ARM.replace("8-fd00:1::b", "b"), ["fd00:1::9/126"], []),  # there is no broadcast
        # who answers clients of the VIP's subnet at once
        (ROUTED, ["10.9.0.1/24"], [SAME]),
        (NAT, ["10.9.0.1/24"], [SAME]),
        (DIRECT, ["10.9.0.1/24"], []),
        (ROUTED, ["10.9.0.1/24", "10.9.0.2/32"], [SAME]),
        (ROUTED.replace("0.30", "0.2"), ["10.9.0.1/24"], [SAME]),
        (ROUTED.replace("0.31", "5.31"), ["10.9.9.1/16", "10.9.0.1/24"], []),
        (ROUTED.replace("0.30", "7.30"), ["10.9.9.1/16", "10.9.0.1/24"], []),
        (ROUTED, ["10.9.0.30/32"], ["this VIP is an address of this host (on eth0)"]),
        (
            ROUTED,
            ["10.9.0.30/32", "10.9.0.1/24"],
            ["this VIP is an address of this host (on eth0)", SAME.replace("eth0", "eth1")],
        ),
    ],
)
def test_clashes(service: str, addresses: list[str], wanted: list[str]) -> None:
    assert said(service, *addresses) == wanted
