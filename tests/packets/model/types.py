# SPDX-License-Identifier: Apache-2.0
"""What the model works on."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

IP = IPv4Address | IPv6Address
FlowKey = tuple[
    IP, IP, int, int, int
]  # source, destination, source port, destination port, protocol


@dataclass(frozen=True)
class Outcome:
    """What becomes of a frame: action ("pass", "drop", "tx", "redirect"), reason, the frame."""

    action: str
    reason: str
    frame: bytes


@dataclass
class Real:
    """A real server of one service in one family."""

    name: str
    mac: bytes
    source_mac: bytes
    mtu: int = 1500
    same_link: bool = True  # behind the ingress interface
    usable: bool = True
    resolved: bool = True
    present: bool = True
    away: bool = False  # does not answer; never usable then
    packets: int = 0
    bytes: int = 0
    new: int = 0


@dataclass
class Service:
    """A service in one family. ``ports``: (first, last); (0, 65535) is any."""

    vips: tuple[IP, ...]
    protocol: int
    ports: tuple[tuple[int, int], ...]
    sequence: list[Real]
    schedule_unknown: bool = False
    cursor: int = 0


@dataclass
class Flow:
    """A client connection."""

    real: Real
    state: str  # "pending", "open", "closing", "reset"


@dataclass
class Packet:
    """A parsed packet to an address, or the reason why it is irregular."""

    source: IP
    destination: IP
    ip_bytes: int
    irregular: str | None = None
    protocol: int = 0
    l4: int = 0  # offset in the frame
    source_port: int = 0
    destination_port: int = 0
    flags: int = 0
    icmp_type: int = 0
    icmp_code: int = 0

    @property
    def key(self) -> FlowKey:
        """The 5-tuple."""
        ports = (self.source_port, self.destination_port)
        return (self.source, self.destination, *ports, self.protocol)
