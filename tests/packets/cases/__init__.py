# SPDX-License-Identifier: Apache-2.0
"""Packet cases: every frame and every expected frame is written out in hexadecimal.

10.1.0.1 and fd01::1 (02:00:00:00:00:01) are the client, 192.0.2.10 and 2001:db8::10 the VIPs. The
balancer is 02:00:00:00:00:aa on in0, where all frames come in, and 02:00:00:00:00:bb on out0.
"""

from __future__ import annotations

from dsrlb.control.desired import LinkState, Resolution
from tests.packets.cases import (
    admission,
    arp,
    echo,
    echo6,
    egress,
    extensions,
    fragments,
    icmp,
    ipv4,
    ipv6,
    malformed,
    malformed6,
    nd,
    nd_passed,
    refused,
    refused6,
    reset,
    reset6,
    tags,
)
from tests.packets.cases.case import UNTOUCHED, Case, wire

__all__ = ["CONFIG", "CONVERSATIONS", "RESOLUTIONS", "SINGLES", "UNTOUCHED", "Case", "wire"]

CONFIG = """
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

_FAR = LinkState(2, 99, "out0", "02:00:00:00:00:bb", 100)
RESOLUTIONS = {
    "10.0.0.13": Resolution("02:01:0a:00:00:0d", _FAR, True),
    "fd00::13": Resolution("02:01:00:00:00:13", _FAR, True),
}
"""10.0.0.13 and fd00::13 are behind out0, whose MTU is 100."""

SINGLES = [
    *ipv4.SINGLES,
    *ipv6.SINGLES,
    *extensions.SINGLES,
    *egress.SINGLES,
    *tags.SINGLES,
    *malformed.MALFORMED,
    *malformed.FLAGS,
    *malformed6.SINGLES,
    *fragments.IPV4,
    *fragments.IPV6,
    *refused.SINGLES,
    *refused6.SINGLES,
    *reset.SINGLES,
    *reset6.SINGLES,
    *admission.LISTED,
    *arp.ANSWERED,
    *arp.PASSED,
    *nd.ANSWERED,
    *nd_passed.PASSED,
    *echo.ANSWERED,
    *echo6.ANSWERED,
    *icmp.SINGLES,
]
"""Each is the first packet that the program sees."""

CONVERSATIONS = [
    ipv4.CONVERSATION,
    ipv6.CONVERSATION,
    admission.SERVICE_RATE,
    admission.SOURCE_RATE,
    admission.SOURCE_RATE6,
    admission.REALS_FULL,
]
"""Frames in order."""
