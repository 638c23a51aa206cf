# SPDX-License-Identifier: Apache-2.0
"""Who is on the segment: MAC and IP addresses."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from dsrlb.dataplane.keys import interest_bit

PORT = 7  # of the host's own echo service, and of the balanced ones too

# The host runs dsrlb. The peer's kernel speaks for the real servers; frames with fixed bytes are
# from a station that no kernel speaks for, so that nothing but the test answers the host.
HOST_MAC = "02:00:00:00:01:02"
PEER_MAC = "02:00:00:00:01:01"
STATION_MAC = "02:00:00:00:02:50"
MOVED_MAC = "02:00:00:00:02:53"
OTHER_MAC = "02:00:00:00:03:99"

HOST4, HOST6 = "10.78.0.2", "fd78::2"
HOST_LINK_LOCAL = "fe80::ff:fe00:102"
PEER4, PEER6 = "10.78.0.1", "fd78::1"
REALS = (("10.78.0.11", "fd78::11"), ("10.78.0.12", "fd78::12"))

STATION4, STATION6 = "10.78.0.50", "fd78::50"  # asks
ROUTER6 = "fe80::50"  # the same station
SHRUNK4, SHRUNK6 = "10.78.0.51", "fd78::51"  # a smaller MTU is told of the way there
DETOUR4 = "10.78.0.52"  # a better router, as a redirect says
MOVED4, MOVED6 = "10.78.0.53", "fd78::53"  # changes its MAC address
TINY4, TINY6 = "10.78.0.54", "fd78::54"  # an MTU that cannot be is told
FAR4, FAR6 = "198.51.100.9", "2001:db8:9::9"

ADVERTISED = "fd79::"  # the prefix of the router advertisement
ADVERTISED6 = "fd79::ff:fe00:102"  # what the host makes of it

VIPS4 = tuple(f"10.78.0.{100 + number}" for number in range(4))
VIPS6 = tuple(f"fd78::{100 + number}" for number in range(4))


@dataclass(frozen=True)
class Target:
    """A pair of addresses of the host itself."""

    name: str
    v4: str
    v6: str


def _twin(vip: str, base: int) -> str:
    """An address, counting from ``base``, that the interest filter cannot tell from a VIP."""
    wanted = interest_bit(ip_address(vip))
    kind = type(ip_address(vip))
    for number in range(1, 1 << 22):
        address: IPv4Address | IPv6Address = kind(base + number)
        if interest_bit(address) == wanted:
            return str(address)
    raise AssertionError(f"no address has the filter's bit of {vip}")


# Packets to these pass the first test of being for a VIP, and go on through the flow tables.
TWIN4 = _twin(VIPS4[0], int(IPv4Address("10.79.0.0")))
TWIN6 = _twin(VIPS6[0], int(IPv6Address("fd77::")))
TARGETS = (Target("host", HOST4, HOST6), Target("twin", TWIN4, TWIN6))
