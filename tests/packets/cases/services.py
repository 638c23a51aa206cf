# SPDX-License-Identifier: Apache-2.0
"""The services of the packet cases, and where their real servers are.

On ports 100 (TCP and UDP) and up those of mode l3dsr. Of real servers 31 and up the methods are
dscp, ipip, gue, and then ipip and gue to an address of the other family; 41 and up are the same
behind a next hop in VLAN 20, 51 and up behind one with a small MTU.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from dsrlb.control.desired.contents import LinkState, Resolution
from tests.packets.harness import LINK

TUNNEL_SOURCE = 'tunnel_source = ["198.51.100.1", "2001:db8:51::1"]'

_L2DSR = """
[balancer]
interfaces = ["in0", "out0"]

[[service]]
name = "web"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 80
mode = "l2dsr"
real = [{ address = ["10.0.0.11", "fd00::11"] }]

[[service]]
name = "dns"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "udp"
port = 53
mode = "l2dsr"
real = [{ address = ["10.0.0.12", "fd00::12"] }]

[[service]]
name = "far"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 81
mode = "l2dsr"
real = [{ address = ["10.0.0.13", "fd00::13"] }]

[[service]]
name = "far-udp"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "udp"
port = 54
mode = "l2dsr"
real = [{ address = ["10.0.0.13", "fd00::13"] }]

[[service]]
name = "loose"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 82
mode = "l2dsr"
on_unknown = "schedule"
real = [{ address = ["10.0.0.11", "fd00::11"] }]

[[service]]
name = "empty"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 83
mode = "l2dsr"
real = [{ address = ["10.0.0.11", "fd00::11"], weight = 0 }]

[[service]]
name = "answers"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 84
mode = "l2dsr"
on_unknown = "reset"
real = [{ address = ["10.0.0.11", "fd00::11"] }]

[[service]]
name = "listed"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 85
mode = "l2dsr"
allow = ["10.1.0.128/25", "fd01::8000/113"]
deny = ["10.1.0.0/16", "fd01::/16"]
real = [{ address = ["10.0.0.11", "fd00::11"] }]

[[service]]
name = "slow"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 86
mode = "l2dsr"
new_flow_rate = 1
real = [{ address = ["10.0.0.11", "fd00::11"] }]

[[service]]
name = "fair"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 87
mode = "l2dsr"
source_flow_rate = 1
real = [{ address = ["10.0.0.11", "fd00::11"] }]

[[service]]
name = "small"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 88
mode = "l2dsr"
real = [{ address = ["10.0.0.11", "fd00::11"], max_open = 1 }]

[[service]]
name = "elsewhere"
vip = ["192.0.2.99", "2001:db8::99"]
protocol = "tcp"
port = 80
mode = "l2dsr"
interfaces = "out0"
real = [{ address = ["10.0.0.11", "fd00::11"] }]
"""

_L3DSR = {
    "dscp": 'method = "dscp"\ndscp = 12',
    "ipip": 'method = "ipip"',
    "gue": 'method = "gue"',
}
_BOTH = '"192.0.2.10", "2001:db8::10"'


def _l3dsr(name: str, method: str, vips: str, port: int, real: str) -> str:
    """A TCP service and a UDP service."""
    return "".join(
        f"""
[[service]]
name = "{name}-{protocol}"
vip = [{vips}]
protocol = "{protocol}"
port = {port}
mode = "l3dsr"
real = [{{ address = [{real}] }}]
[service.l3dsr]
{_L3DSR[method]}
"""
        for protocol in ("tcp", "udp")
    )


def _group(name: str, port: int, real: int) -> str:
    """All five kinds."""
    parts = [
        _l3dsr(
            f"{name}{method}", method, _BOTH, port + n, f'"10.0.0.{real + n}", "fd00::{real + n}"'
        )
        for n, method in enumerate(_L3DSR)
    ]
    for n, method in ((3, "ipip"), (4, "gue")):
        into6, into4 = f'"fd00::{real + n}"', f'"10.0.0.{real + n}"'
        parts.append(_l3dsr(f"{name}{method}-4in6", method, '"192.0.2.10"', port + n, into6))
        parts.append(_l3dsr(f"{name}{method}-6in4", method, '"2001:db8::10"', port + n, into4))
    return "".join(parts)


CONFIG = _L2DSR.replace("[balancer]", f"[balancer]\n{TUNNEL_SOURCE}", 1) + (
    _group("", 100, 31) + _group("tagged-", 110, 41) + _group("narrow-", 120, 51)
)

_FAR = LinkState(2, 99, "out0", "02:00:00:00:00:bb", 100)
RESOLUTIONS = {
    "10.0.0.13": Resolution("02:01:0a:00:00:0d", _FAR, True),
    "fd00::13": Resolution("02:01:00:00:00:13", _FAR, True),
    "10.0.0.41": Resolution("02:01:0a:00:00:29", LINK, True, vlan=20),
    "fd00::41": Resolution("02:01:00:00:00:41", LINK, True, vlan=20),
    "10.0.0.42": Resolution("02:01:0a:00:00:2a", LINK, True, vlan=20),
    "fd00::42": Resolution("02:01:00:00:00:42", LINK, True, vlan=20),
    "10.0.0.43": Resolution("02:01:0a:00:00:2b", LINK, True, vlan=20),
    "fd00::43": Resolution("02:01:00:00:00:43", LINK, True, vlan=20),
    "10.0.0.44": Resolution("02:01:0a:00:00:2c", LINK, True, vlan=20),
    "fd00::44": Resolution("02:01:00:00:00:44", LINK, True, vlan=20),
    "10.0.0.45": Resolution("02:01:0a:00:00:2d", LINK, True, vlan=20),
    "fd00::45": Resolution("02:01:00:00:00:45", LINK, True, vlan=20),
    "10.0.0.51": Resolution("02:01:0a:00:00:33", LINK, True, mtu=100),
    "fd00::51": Resolution("02:01:00:00:00:51", LINK, True, mtu=100),
    "10.0.0.52": Resolution("02:01:0a:00:00:34", LINK, True, mtu=100),
    "fd00::52": Resolution("02:01:00:00:00:52", LINK, True, mtu=1400),
    "10.0.0.53": Resolution("02:01:0a:00:00:35", LINK, True, mtu=100),
    "fd00::53": Resolution("02:01:00:00:00:53", LINK, True, mtu=1400),
    "10.0.0.54": Resolution("02:01:0a:00:00:36", LINK, True, mtu=1400),
    "fd00::54": Resolution("02:01:00:00:00:54", LINK, True, mtu=100),
    "10.0.0.55": Resolution("02:01:0a:00:00:37", LINK, True, mtu=1400),
    "fd00::55": Resolution("02:01:00:00:00:55", LINK, True, mtu=100),
}
"""10.0.0.13 and fd00::13 are behind out0, whose MTU is 100."""

PREFIXES = CONFIG.replace(
    TUNNEL_SOURCE, 'tunnel_source = ["198.51.100.0/24", "2001:db8:51::/64"]', 1
)
KERNEL = CONFIG.replace(TUNNEL_SOURCE, "", 1)
_OWN = (IPv4Address("10.0.0.9"), IPv6Address("fd00::9"))
KERNEL_RESOLUTIONS = RESOLUTIONS | {
    "10.0.0.32": Resolution("02:01:0a:00:00:20", LINK, True, address=_OWN[0]),
    "fd00::33": Resolution("02:01:00:00:00:33", LINK, True, address=_OWN[1]),
}
"""Without tunnel_source, and where the kernel would send from 10.0.0.9 and fd00::9."""
