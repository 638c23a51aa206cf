# SPDX-License-Identifier: Apache-2.0
"""Addresses, ranges and ports as the old formats write them."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from dsrlb.config.values import IPAddress

MOST_IN_RANGE = 1024
"""Addresses of one range at most: more would be a mistake, or more VIPs than fit."""

PORTS = {
    "domain": 53, "ftp": 21, "http": 80, "https": 443, "http-alt": 8080, "imap2": 143,
    "imap": 143, "imaps": 993, "kerberos": 88, "ldap": 389, "ldaps": 636, "ms-wbt-server": 3389,
    "mysql": 3306, "nfs": 2049, "ntp": 123, "openvpn": 1194, "pop3": 110, "pop3s": 995,
    "postgresql": 5432, "radius": 1812, "radius-acct": 1813, "sip": 5060, "sip-tls": 5061,
    "smtp": 25, "snmp": 161, "ssh": 22, "submission": 587, "submissions": 465, "syslog": 514,
    "telnet": 23, "tftp": 69, "webcache": 8080,
}  # fmt: skip
"""Names of ports (services(5)) of which everybody thinks the same."""


WHOLE_MASKS = ("255.255.255.255", "128")
"""Masks of persistence that keep clients apart by their whole addresses."""


def address_of(text: str) -> IPAddress:
    """An address, without a scope. Raises ValueError."""
    if "%" in text:
        raise ValueError(f"{text!r} has a scope")
    return ip_address(text)


def number_of(text: str, low: int, high: int) -> int:
    """A number in ASCII digits from low to high. Raises ValueError."""
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        raise ValueError(f"a number from {low} to {high}")
    value = int(text)
    if not low <= value <= high:
        raise ValueError(f"a number from {low} to {high}")
    return value


def port_of(text: str) -> tuple[int, bool]:
    """A port by its number, 0 being any, or by a name (True). Raises ValueError."""
    if text in PORTS:
        return PORTS[text], True
    return number_of(text, 0, 65535), False


def addresses_of(text: str) -> tuple[IPAddress, ...]:
    """An address, a range by its last part (10.0.0.1-5), one by both ends, or a prefix. Raises
    ValueError."""
    if "/" in text:
        network = ip_network(text, strict=False)
        return _between(network[0], network[-1])
    first, dash, end = text.partition("-")
    start = address_of(first)
    if not dash:
        return (start,)
    if "." in end or ":" in end:
        return _between(start, address_of(end))
    # The last part alone: decimal in IPv4, hexadecimal in IPv6.
    separator = "." if start.version == 4 else ":"
    return _between(start, address_of(first.rpartition(separator)[0] + separator + end))


def _between(start: IPAddress, end: IPAddress) -> tuple[IPAddress, ...]:
    if start.version != end.version or int(end) < int(start):
        raise ValueError("a range from its first address to its last, of one family")
    if int(end) - int(start) >= MOST_IN_RANGE:
        raise ValueError(f"a range of {MOST_IN_RANGE} addresses at most")
    return tuple(_every(start, end))


def _every(start: IPAddress, end: IPAddress) -> Iterator[IPAddress]:
    kind = type(start)
    return (kind(number) for number in range(int(start), int(end) + 1))
