# SPDX-License-Identifier: Apache-2.0
"""Kinds of values: addresses, prefixes, ports, times. A wrong one is told what would be right."""

from __future__ import annotations

import re
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_interface,
)
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

_DURATION = re.compile(r"([0-9]+)\s*(s|m|h|d)?")
_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_UNITS = {None: 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}")
_PREFIX = re.compile(r"[0-9A-Fa-f:.]+(/[0-9]{1,3})?")
_SHORTEST_SILENCE = 5
_MAPPED = IPv6Network("::ffff:0:0/96")

NAME = r"^[A-Za-z0-9_.-]{1,56}$"
"""Of a service, a group of real servers, or a persistence group."""
SYSTEM_GROUP = r"^([a-z_][a-z0-9_-]{0,31})?$"
IN_WORDS = {
    NAME: "1 to 56 letters, digits, '_', '.' or '-'",
    SYSTEM_GROUP: "a name of up to 32 small letters, digits, '_' or '-', a letter or '_' first",
}
"""What patterns allow."""
MOST_POOL = 256
"""Addresses of one family that a service's pool has at most."""


class Model(BaseModel):
    """A table of the configuration: no unknown keys, and never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, defer_build=True)


def as_tuple(value: Any) -> Any:
    """A list of one may be written without its brackets."""
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


def _off_or_duration(value: Any) -> int:
    if value in ("0", "0s") or (value == 0 and type(value) is int):
        return 0
    try:
        return _duration(value)
    except ValueError as error:
        raise ValueError(f"{error}; 0 is off") from error


def _more_than_a_restart(seconds: int) -> int:
    if 0 < seconds < _SHORTEST_SILENCE:
        raise ValueError(f"{_SHORTEST_SILENCE}s or more, which a restart takes; or 0: off")
    return seconds


def silence(text: str) -> int:
    """How long a daemon may be silent, in seconds; 0: for good. Raises ValueError."""
    return _more_than_a_restart(_off_or_duration(text))


_MILLIS = re.compile(r"([0-9]{1,7}(?:\.[0-9]{1,3})?)\s*(ms|s|m|h)?")
_THOUSANDTHS = {"ms": 1, None: 1000, "s": 1000, "m": 60_000, "h": 3_600_000}


def _millis(value: Any) -> int:
    wanted = 'a time such as "500ms", "2s", "1m", or a number of seconds'
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(wanted)
    match = _MILLIS.fullmatch(str(value).strip())
    if match is None:
        raise ValueError(wanted)
    millis = round(float(match[1]) * _THOUSANDTHS[match[2]])
    if not 100 <= millis <= 3_600_000:
        raise ValueError("between 100ms and 1h")
    return millis


def millis_text(millis: int) -> str:
    """As a configuration has it: "2s", "500ms"."""
    return f"{millis // 1000}s" if millis % 1000 == 0 else f"{millis}ms"


def _at_most_a_minute(seconds: int) -> int:
    if seconds > 60:
        raise ValueError("between 1s and 60s")
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


def _prefix(value: Any) -> Any:
    wanted = 'a prefix such as "192.0.2.0/24" or "2001:db8::/32", or an address'
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    if not isinstance(value, str) or not _PREFIX.fullmatch(value):
        raise ValueError(wanted)
    try:
        interface = ip_interface(value)
    except ValueError as error:
        raise ValueError(wanted) from error
    network = interface.network
    if interface.ip != network.network_address:
        raise ValueError(f"a network: {network}, or the address alone: {interface.ip}")
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        raise ValueError("IPv4 prefixes as such, and not mapped into IPv6")
    return network


class PortRange(Model):
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
    return tuple(_port(item) for item in as_tuple(value))


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


class AddressRange(Model):
    """Addresses first..last of one family, 256 at most."""

    first: IPAddress
    last: IPAddress

    @property
    def family(self) -> int:
        """4 or 6."""
        return self.first.version

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self.last) - int(self.first) + 1

    def meets(self, first: IPAddress, last: IPAddress) -> bool:
        """Has it an address in common with first..last?"""
        here = (int(self.first), int(self.last))
        return first.version == self.family and here[0] <= int(last) and int(first) <= here[1]

    def addresses(self) -> tuple[IPAddress, ...]:
        """All of them, in order."""
        kind = type(self.first)
        return tuple(kind(number) for number in range(int(self.first), int(self.last) + 1))

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


def _address_range(value: Any) -> Any:
    wanted = (
        'an address, a range such as "192.0.2.200-192.0.2.203", or a prefix such as '
        '"192.0.2.192/28"'
    )
    if isinstance(value, AddressRange):
        return value
    if not isinstance(value, str):
        raise ValueError(wanted)
    if "/" in value:
        network = _prefix(value)
        first, last = network[0], network[-1]
    else:
        ends = value.split("-")
        try:
            first, last = (_address(text.strip()) for text in (ends[0], ends[-1]))
        except ValueError as error:
            raise ValueError(wanted) from error
        if len(ends) > 2 or first.version != last.version:
            raise ValueError(wanted)
    for end in (first, last):  # no block of other addresses fits in between
        _unicast(end)
    if first > last:
        raise ValueError(f"a range from its first address to its last: {last}-{first}")
    if int(last) - int(first) >= MOST_POOL:
        raise ValueError(f"at most {MOST_POOL} addresses, which is a /24 or an IPv6 /120")
    return AddressRange(first=first, last=last)


def _mss(value: int) -> int:
    if value and not 536 <= value <= 9000:
        raise ValueError("from 536 to 9000, or 0: off")
    return value


Address = Annotated[IPAddress, BeforeValidator(_address), AfterValidator(_unicast)]
Addresses = Annotated[tuple[Address, ...], BeforeValidator(as_tuple)]
Prefix = Annotated[IPNetwork, BeforeValidator(_prefix)]
Prefixes = Annotated[tuple[Prefix, ...], BeforeValidator(as_tuple)]
Ports = Annotated[tuple[PortRange, ...], BeforeValidator(_ports)]
AddressRanges = Annotated[
    tuple[Annotated[AddressRange, BeforeValidator(_address_range)], ...], BeforeValidator(as_tuple)
]
Mss = Annotated[int, AfterValidator(_mss)]
Names = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
Mac = Annotated[str, AfterValidator(_mac)]
Seconds = Annotated[int, BeforeValidator(_duration)]
Millis = Annotated[int, BeforeValidator(_millis)]
Silence = Annotated[int, BeforeValidator(_off_or_duration), AfterValidator(_more_than_a_restart)]
SecondsOrOff = Annotated[int, BeforeValidator(_off_or_duration)]
SecondsToAMinute = Annotated[int, BeforeValidator(_duration), AfterValidator(_at_most_a_minute)]
