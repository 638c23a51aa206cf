# SPDX-License-Identifier: Apache-2.0
"""What the fake daemon shows."""

from __future__ import annotations

from dsrlb.control.statusviews import FlowCounts
from dsrlb.control.views import FlowRow, MacRow, RealRow, RevisionRow, ServiceRow

TOML = """\
[balancer]
interfaces = ["eth0"]

[[service]]
name = "web"
vip = "192.0.2.10"
protocol = "tcp"
port = [80, "8000-8099"]
mode = "l2dsr"

[[service.real]]
address = "10.0.0.11"

[[service.real]]
address = "10.0.0.12"
"""

NO_PROCESS = 1 << 30
"""A pid that the kernel never gives (its largest is 2^22)."""

SERVICE: ServiceRow = {
    "name": "web",
    "vip": ["192.0.2.10"],
    "protocol": "tcp",
    "port": [80, "8000-8099"],
    "mode": "l2dsr",
    "algorithm": "round-robin",
    "family": "ipv4",
    "reals_up": 1,
    "reals": 2,
    "all_down": None,
    "open": 123_456,
    "pending": 7,
    "packets": 1_234_567,
    "bytes": 9_876_543_210,
    "new": 200_000,
    "reply_packets": 0,
    "reply_bytes": 0,
    "pool": None,
}


REVISION: RevisionRow = {
    "number": 12,
    "time": "2024-05-01T12:00:00+00:00",
    "uid": 0,
    "user": "root",
    "said": "alice",
    "what": "apply /etc/dsrlb/dsrlb.toml",
    "digest": "0123456789ab",
    "result": "applied",
    "reason": "",
    "way_back": 11,
    "confirm_seconds": None,
    "running": True,
}
WAITING: RevisionRow = {
    **REVISION,
    "number": 11,
    "said": "",
    "result": "waiting",
    "confirm_seconds": 41.5,
    "running": False,
}


def real_row(address: str, state: str, reason: str) -> RealRow:
    """A real of service web."""
    return {
        "service": "web",
        "address": address,
        "port": None,
        "weight": 1,
        "state": state,
        "reason": reason,
        "since": "2024-05-01T12:00:00+00:00",
        "open": 5,
        "pending": 1,
        "packets": 10,
        "bytes": 640,
        "new": 6,
        "reply_packets": 0,
        "reply_bytes": 0,
        "mac": "02:00:00:00:00:0b" if state == "up" else None,
        "interface": "eth0" if state == "up" else None,
        "response_ms": None,
        "response_age": None,
        "verdict": None,
        "share": 100,
        "sorry": False,
    }


def family_flows(opened: int, pending: int, closing: int) -> FlowCounts:
    """Of tables made for a million flows."""
    return {
        "open": opened,
        "pending": pending,
        "closing": closing,
        "capacity": 1_000_000,
        "pending_capacity": 250_000,
        "used": opened + closing,
        "pending_used": pending,
    }


def flow_row(number: int) -> FlowRow:
    """A flow of service web."""
    return {
        "protocol": "tcp",
        "client": "203.0.113.9",
        "client_port": 1024 + number % 60000,
        "vip": "192.0.2.10",
        "vip_port": 80,
        "service": "web",
        "group": None,
        "real": "10.0.0.11",
        "real_port": None,
        "pool_address": None,
        "pool_port": None,
        "state": "data",
        "idle": 3,
        "expires": 897,
    }


MAC: MacRow = {
    "address": "10.0.0.11",
    "via": None,
    "mac": "02:00:00:00:00:0b",
    "interface": "eth0",
    "vlan": None,
    "mtu": 1500,
    "path_mtu": None,
    "hops": [],
    "state": "resolved",
    "source": "kernel",
    "reason": "",
    "since": "2024-05-01T12:00:00+00:00",
}
