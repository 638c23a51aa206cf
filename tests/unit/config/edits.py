# SPDX-License-Identifier: Apache-2.0
"""A configuration to change by commands."""

from __future__ import annotations

from typing import Any

from dsrlb.config import Config, digest, edit, parse

BASE = parse(
    """
[balancer]
interfaces = ["eth0"]
[[group]]
name = "pool"
[[group.real]]
address = ["10.0.0.11", "2001:db8:1::11"]
[[group.real]]
address = "10.0.0.12"
[[service]]
name = "web"
vip = "192.0.2.10"
protocol = "tcp"
port = 80
mode = "l2dsr"
group = "pool"
[[service]]
name = "tls"
vip = "192.0.2.10"
protocol = "tcp"
port = 443
mode = "l2dsr"
group = "pool"
[[service]]
name = "dns"
vip = "192.0.2.53"
protocol = "udp"
port = 53
mode = "l2dsr"
idle_timeout = "5s"
[[service.real]]
address = "10.0.0.13"
""",
    "base.toml",
)


def changed(verb: str, service: str, address: str = "", **settings: Any) -> Config:
    """The configuration after one change."""
    before = digest(BASE)
    change = {"verb": verb, "service": service, "address": address, "settings": settings}
    result = edit(BASE, change)
    assert digest(BASE) == before
    return result
