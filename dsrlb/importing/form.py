# SPDX-License-Identifier: Apache-2.0
"""What both formats describe, the kernel's IPVS: virtual servers and who serves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from dsrlb.config.values import IPAddress
from dsrlb.importing.report import Place


@dataclass(frozen=True, slots=True)
class Method:
    """How IPVS forwards to a real server."""

    kind: Literal["direct", "masquerade", "ipip", "gue"]
    port: int = 0
    """Of gue: the UDP port of the tunnel."""

    def __str__(self) -> str:
        names = {"direct": "direct routing", "masquerade": "NAT", "ipip": "IP in IP tunnel"}
        return names.get(self.kind, f"GUE tunnel to port {self.port}")


@dataclass(frozen=True, slots=True)
class Member:
    """A real server, or a sorry server."""

    place: Place
    address: IPAddress
    port: int
    """0: that of the virtual server."""
    method: Method
    weight: int = 1
    upper: int = 0
    """Connections at most; 0: no limit."""
    lower: int = 0
    """Connections at which new ones come again; 0: as IPVS does without, 3/4 of ``upper``."""

    @property
    def label(self) -> str:
        """As in a report."""
        return f"real server {endpoint(self.address, self.port)}"


@dataclass(frozen=True, slots=True)
class Virtual:
    """A virtual server."""

    place: Place
    label: str
    """As in a report."""
    name: str
    """Out of which the service's name is made."""
    addresses: tuple[IPAddress, ...]
    ports: tuple[int, ...]
    """0: any."""
    protocol: Literal["tcp", "udp"]
    scheduler: str
    flags: frozenset[str]
    """Of the scheduler: "port", "fallback"."""
    members: tuple[Member, ...]
    scheduler_place: Place
    persistence: int = 0
    """Seconds; 0: off."""
    one_packet: bool = False
    sorry: Member | None = None
    keep_down: bool = False
    """Flows of a real server that is down stay."""
    health: Mapping[str, Any] = field(default_factory=lambda: {"type": "none"})
    """As a configuration has it."""


def endpoint(address: IPAddress, port: int) -> str:
    """192.0.2.10:80, [2001:db8::10]:80; without a port where it is 0."""
    text = f"[{address}]" if address.version == 6 and port else str(address)
    return f"{text}:{port}" if port else text
