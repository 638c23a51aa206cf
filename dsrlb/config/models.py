# SPDX-License-Identifier: Apache-2.0
"""What a configuration may say. docs/CONFIG.md is generated from these models."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

IPAddress = IPv4Address | IPv6Address

MOST_REALS = 256
_NAME = r"^[A-Za-z0-9_.-]{1,56}$"
_DURATION = re.compile(r"([0-9]+)\s*(s|m|h|d)?")
_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_UNITS = {None: 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}")

LATER_MODES = ("l3dsr", "bridge", "router", "one-arm", "nat")
LATER_ALGORITHMS = (
    "least-connection",
    "weighted-least-connection",
    "fastest-response-time",
    "adaptive",
    "hash",
    "maglev",
)


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _duration(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError('a time such as "30s", "10m", "1h", or a number of seconds')
    match = _DURATION.fullmatch(str(value).strip())
    if match is None:
        raise ValueError('a time such as "30s", "10m", "1h", or a number of seconds')
    seconds = int(match[1]) * _UNITS[match[2]]
    if not 1 <= seconds <= 7 * 86400:
        raise ValueError("between 1s and 7d")
    return seconds


def _mac(value: str) -> str:
    text = value.lower().replace("-", ":")
    if text == "auto":
        return text
    if not _MAC.fullmatch(text):
        raise ValueError('"auto" or a MAC address such as "02:00:00:00:00:01"')
    if int(text[:2], 16) & 1 or text == "00:00:00:00:00:00":
        raise ValueError("the MAC address of one station (this one is a group or zero address)")
    return text


def _address(value: Any) -> Any:
    wanted = 'an IPv4 or IPv6 address such as "192.0.2.10"'
    if isinstance(value, IPv4Address | IPv6Address):
        return value
    if not isinstance(value, str) or "%" in value:  # a scope says nothing about a global address
        raise ValueError(wanted)
    try:
        return ip_address(value)
    except ValueError as error:
        raise ValueError(wanted) from error


def _unicast(address: IPAddress) -> IPAddress:
    if address.is_multicast or address.is_unspecified or address.is_loopback:
        raise ValueError("a unicast address (this one is multicast, unspecified or loopback)")
    if address == IPv4Address("255.255.255.255"):
        raise ValueError("a unicast address (this one is the broadcast address)")
    if isinstance(address, IPv6Address) and (address.is_link_local or address.ipv4_mapped):
        raise ValueError("a global or unique local IPv6 address")
    return address


def _built(later: tuple[str, ...], what: str, available: str) -> BeforeValidator:
    def check(value: Any) -> Any:
        if isinstance(value, str) and value in later:
            raise ValueError(f"{what} not in this version; available: {available}")
        return value

    return BeforeValidator(check)


Address = Annotated[IPAddress, BeforeValidator(_address), AfterValidator(_unicast)]
Seconds = Annotated[int, BeforeValidator(_duration)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class PortRange(_Model):
    """Ports first..last; 0..65535 is "any"."""

    first: int = Field(ge=0, le=65535)
    last: int = Field(ge=0, le=65535)

    @property
    def is_any(self) -> bool:
        """Does it stand for every port?"""
        return self.first == 0 and self.last == 65535

    def __str__(self) -> str:
        if self.is_any:
            return "any"
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    @property
    def plain(self) -> int | str:
        """As the configuration file has it: 80, "8000-8099" or "any"."""
        return self.first if self.first == self.last else str(self)


def _ports(value: Any) -> Any:
    return tuple(_port(item) for item in _as_tuple(value))


def _port(value: Any) -> Any:
    wanted = 'a port from 1 to 65535, a range such as "8000-8099", or "any"'
    if isinstance(value, PortRange):
        return value
    if value == "any":
        return PortRange(first=0, last=65535)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(wanted)
    match = _PORTS.fullmatch(str(value))
    if match is None:
        raise ValueError(wanted)
    low, high = int(match[1]), int(match[2] or match[1])
    if not 1 <= low <= high <= 65535:
        raise ValueError(wanted)
    return PortRange(first=low, last=high)


class Balancer(_Model):
    """The balancer itself."""

    interfaces: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=15)], ...], BeforeValidator(_as_tuple)
    ] = Field(min_length=1, max_length=63, description="XDP goes onto each of these interfaces")
    xdp_mode: Literal["auto", "native", "generic"] = Field(
        "auto",
        description="auto: native where the driver has it (generic on veth, whose native mode "
        "needs help from the peer); native, generic: that one or an error",
    )
    flow_capacity: int = Field(
        1_000_000, strict=True, ge=1_000, le=16_000_000, description="flows per address family"
    )
    announce: bool = Field(
        True,
        strict=True,
        description="answer ARP and ND for VIPs and announce them; false for routed VIPs or a "
        "standby",
    )


class Real(_Model):
    """A real server."""

    address: Annotated[tuple[Address, ...], BeforeValidator(_as_tuple)] = Field(
        min_length=1, max_length=2, description="one address, or one per family"
    )
    weight: int = Field(
        1, strict=True, ge=0, le=65535, description="share of new flows; 0: no new flows"
    )
    mac: Annotated[str, AfterValidator(_mac)] = Field(
        "auto", description='"auto": resolved and followed; or a fixed MAC address'
    )


class Group(_Model):
    """Real servers that several services share."""

    name: str = Field(pattern=_NAME, description="name that services refer to")
    real: tuple[Real, ...] = Field((), description="the real servers ([[group.real]])")


class Service(_Model):
    """A virtual service: VIPs, protocol and ports, and who serves them."""

    name: str = Field(pattern=_NAME, description="name in commands and counters")
    vip: Annotated[tuple[Address, ...], BeforeValidator(_as_tuple)] = Field(
        min_length=1, description="one virtual address or a list, of both families if wanted"
    )
    protocol: Literal["tcp", "udp"] = Field(description="transport protocol")
    port: Annotated[tuple[PortRange, ...], BeforeValidator(_ports)] = Field(
        min_length=1,
        description='one port, a list, ranges such as "8000-8099", or "any"; match order: exact, '
        "range, any",
    )
    mode: Annotated[
        Literal["l2dsr"],
        _built(LATER_MODES, "this mode is", "l2dsr"),
    ] = Field(description="how packets reach the real server; in this version l2dsr")
    algorithm: Annotated[
        Literal["round-robin", "weighted-round-robin"],
        _built(LATER_ALGORITHMS, "this algorithm is", "round-robin, weighted-round-robin"),
    ] = Field(
        "round-robin", description="who gets the next flow: round-robin, weighted-round-robin"
    )
    group: str | None = Field(None, description="name of a [[group]]; or give [[service.real]]")
    real: tuple[Real, ...] = Field((), description="real servers of this service alone")
    interfaces: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = Field(
        (), description="where clients come in; default: all of balancer.interfaces"
    )
    idle_timeout: Seconds = Field(
        0, description="an open flow without packets is forgotten after this; tcp 15m, udp 60s"
    )
    pending_timeout: Seconds = Field(10, description="a handshake is forgotten after this (tcp)")
    closing_timeout: Seconds = Field(30, description="a flow after FIN or RST (tcp)")
    on_unknown: Literal["drop", "schedule"] = Field(
        "drop", description="TCP segments of no known flow: drop, or schedule as a new flow"
    )

    def model_post_init(self, _: Any) -> None:
        """Fill in the timeout that depends on the protocol."""
        if not self.idle_timeout:
            object.__setattr__(self, "idle_timeout", 900 if self.protocol == "tcp" else 60)


class Config(_Model):
    """A whole configuration."""

    balancer: Balancer
    group: tuple[Group, ...] = ()
    service: tuple[Service, ...] = ()

    def reals_of(self, service: Service) -> tuple[Real, ...]:
        """The real servers of a service: its group's or its own."""
        if service.group is None:
            return service.real
        return next(group.real for group in self.group if group.name == service.group)


NOT_BUILT = frozenset(
    {
        "bridge",
        "balancer.probe_prefix",
        "balancer.tunnel_source",
        "group.health",
        "service.health",
        "service.persistence",
        "service.persistence_group",
        "service.on_down",
        "service.all_down",
        "service.sorry",
        "service.slow_start",
        "service.mss_clamp",
        "service.l3dsr",
        "service.snat",
        "service.outbound",
        "service.allow",
        "service.deny",
        "service.one_packet",
        "group.real.port",
        "service.real.port",
    }
)
"""Keys that are known by name and refused as not in this version."""
