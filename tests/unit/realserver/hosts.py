# SPDX-License-Identifier: Apache-2.0
"""Hosts as `dsrlb real-server` finds them: set up for mode l2dsr, bare, or with more links."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from dsrlb.realserver.steps import Assigned, Host

VIP4, VIP6 = IPv4Address("192.0.2.10"), IPv6Address("2001:db8::10")
REAL4, REAL6 = IPv4Address("10.0.0.2"), IPv6Address("fd00::2")
SETTINGS = {
    "net/ipv4/conf/all/arp_ignore": "1",
    "net/ipv4/conf/all/arp_announce": "2",
    "net/ipv4/conf/all/arp_notify": "1",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/eth0/rp_filter": "0",
    "net/ipv6/conf/all/ndisc_notify": "1",
    "net/ipv6/conf/lo/disable_ipv6": "0",
}
READY = Host(
    up={"lo": True, "eth0": True},
    addresses={VIP4: (Assigned("lo", 32),), VIP6: (Assigned("lo", 128),)},
)
BARE = Host(up={"lo": True, "eth0": True}, addresses={})
TWO_LINKS = Host(
    up={"lo": True, "eth0": True, "eth1": True},
    addresses={
        IPv4Address("127.0.0.1"): (Assigned("lo", 8, False),),
        IPv4Address("192.0.2.99"): (Assigned("lo", 32),),
        REAL4: (Assigned("eth0", 24),),
        REAL6: (Assigned("eth1", 64),),
        IPv6Address("fd00::beef"): (Assigned("eth1", 64, False),),
    },
    mtu={"lo": 65536, "eth0": 1500, "eth1": 9000},
)
"""With addresses that are of no use to the balancer: inner ones, and one that will not last."""


def write(root: Path, settings: dict[str, str]) -> None:
    """Lay out settings as /proc/sys does."""
    for key, value in settings.items():
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_text(value + "\n")
