# SPDX-License-Identifier: Apache-2.0
"""Which flows are meant: the filters of `dsrlb flows` and of the API, checked alike by both.

The functions raise ValueError with what would be right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Literal, get_args

State = Literal["reset", "closing", "pending", "unverified", "udp", "source", "open", "data"]
"""As enum flow_state in abi.h has them. "source" is no flow, but the real server of a source."""

CountBy = Literal["real", "service", "client", "vip", "state"]
"""What flows can be counted by."""

STATES: tuple[State, ...] = get_args(State)
COUNTS: tuple[CountBy, ...] = get_args(CountBy)

PROTOCOLS = {"tcp": 6, "udp": 17}

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_TIME = re.compile(r"([0-9]{1,9})\s*([smhd]?)")
_BRACKETED = re.compile(r"\[(.+)\](?::(.+))?")

IPAddress = IPv4Address | IPv6Address


def client_prefix(text: str) -> IPv4Network | IPv6Network:
    """ "192.0.2.0/24", "2001:db8::/32" or an address."""
    try:
        return ip_network(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no address or prefix ({error})") from error


def address(text: str) -> IPAddress:
    """An IPv4 or IPv6 address."""
    try:
        return ip_address(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no address") from error


def endpoint(text: str) -> tuple[IPAddress, int | None]:
    """ "192.0.2.10", "192.0.2.10:80", "2001:db8::1" or "[2001:db8::1]:80"."""
    bracketed = _BRACKETED.fullmatch(text)
    if bracketed is not None:
        host, port = bracketed[1], bracketed[2]
    elif text.count(":") == 1:
        host, port = text.split(":")
    else:
        host, port = text, None
    if port is None:
        return address(host), None
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"{port!r} is no port; ADDRESS:PORT or [ADDRESS]:PORT is meant")
    return address(host), int(port)


def seconds(text: str) -> int:
    """ "90", "90s", "15m", "2h" or "1d" in seconds."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'{text!r} is no time such as "90s", "15m", "2h", "1d"')
    return int(match[1]) * _UNITS[match[2]]


@dataclass(frozen=True, slots=True)
class FlowQuery:
    """Filters; None or nothing: any. All that are given have to fit.

    ``older`` and ``newer``: at least, and less than, so many seconds since the flow's last packet
    that was noted. Entries in state "source" are meant only where ``states`` names that.
    """

    client: IPv4Network | IPv6Network | None = None
    vip: tuple[IPAddress, int | None] | None = None
    real: IPAddress | None = None
    service: str | None = None
    protocol: str | None = None
    states: tuple[str, ...] = ()
    older: int | None = None
    newer: int | None = None

    def text(self) -> str:
        """As the options of `dsrlb flows`; empty without filters."""
        given = {
            "client": self.client,
            "vip": None if self.vip is None else endpoint_text(str(self.vip[0]), self.vip[1]),
            "real": self.real,
            "service": self.service,
            "protocol": self.protocol,
            "older": self.older,
            "newer": self.newer,
        }
        options = [f"--{name} {value}" for name, value in given.items() if value is not None]
        return " ".join([*options, *(f"--state {state}" for state in self.states)])


def endpoint_text(host: str, port: int | None) -> str:
    """The inverse of endpoint()."""
    if port is None:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
