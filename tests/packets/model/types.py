# SPDX-License-Identifier: Apache-2.0
"""What the model works on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from tests.packets.algorithms import Algorithm, Hashed, Response, Turn, algorithm

IP = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
FlowKey = tuple[
    IP, IP, int, int, int
]  # source, destination, source port, destination port, protocol
FragmentKey = tuple[IP, IP, int, int]  # source, destination, identification, protocol (IPv6: 0)


@dataclass(frozen=True)
class Free:
    """A field that the keyed flow hash decides: ``bits`` low bits of the number that ends before
    byte ``end`` of a frame. tests/packets/flowhash.py says how it is compared."""

    kind: str  # "hash": the hash's low bits; "host": those of the source; "sum"; "any"
    end: int
    bits: int


@dataclass(frozen=True)
class Outcome:
    """What becomes of a frame: action ("pass", "drop", "tx", "redirect"), reason, the frame, in
    which ``free`` fields of ``flow`` are left 0."""

    action: str
    reason: str
    frame: bytes
    free: tuple[Free, ...] = ()
    flow: FlowKey | None = None
    seen: dict[tuple[FlowKey, str], tuple[int, int]] | None = field(
        default=None, compare=False, repr=False
    )  # of a program: what its flow hash gave so far, by flow and kind: bits, value
    choice: Callable[[bytes], Outcome] | None = field(default=None, compare=False, repr=False)
    """What is expected when the program may choose: given the frame that it sent."""


@dataclass(frozen=True)
class Link:
    """An interface of the balancer; ``forwarding``: as a port of a bridge."""

    number: int
    mac: bytes
    addresses: tuple[IP, ...] = ()
    mtu: int = 1500
    forwarding: bool = True

    def own(self, version: int) -> IP | None:
        """Its address in a family."""
        return next((ip for ip in self.addresses if ip.version == version), None)


@dataclass(frozen=True)
class Hop:
    """A neighbour that packets come from: link number, MAC address, VLAN id (0: untagged)."""

    link: int
    mac: bytes
    vlan: int = 0


@dataclass
class Real:
    """A real server of one service in one family; ``name``: its address."""

    name: str
    mac: bytes
    source_mac: bytes
    mtu: int = 1500
    same_link: bool = True  # behind the ingress interface
    weight: int = 1
    usable: bool = True  # but for its weight
    resolved: bool = True
    present: bool = True
    away: bool = False  # does not answer; never usable then
    down: str = ""  # "leave" | "reset": what flows of one that is down do; never usable then
    max_open: int = 0  # 0: no limit
    max_open_low: int = 0
    full: bool = False
    open: int = 0  # flows
    pending: int = 0
    packets: int = 0
    bytes: int = 0
    new: int = 0
    method: str = "l2dsr"  # or "dscp", "ipip", "gue", "bridge", "router", "one-arm", "nat"
    port: int = 0  # 0: the service's
    reply_packets: int = 0
    reply_bytes: int = 0
    vlan: int = 0  # of the next hop
    dscp: int = 0
    gue_port: int = 6080
    source: Network | None = None  # of the outer header
    response: Response = field(default_factory=Response)

    @cached_property
    def address(self) -> IP:
        """Its address, in the outer header's family."""
        return ip_address(self.name)

    @property
    def link(self) -> int:
        """The number of the interface that it is behind."""
        return 1 if self.same_link else 2

    def has_room(self) -> bool:
        """May it have another flow? Not from max_open on, until it is down to max_open_low."""
        if not self.max_open:
            self.full = False
            return True
        if self.open >= self.max_open:
            self.full = True
        elif self.open <= self.max_open_low:
            self.full = False
        return not self.full


@dataclass
class Service:
    """A service in one family. ``ports``: (first, last); (0, 65535) is any."""

    vips: tuple[IP, ...]
    protocol: int
    ports: tuple[tuple[int, int], ...]
    reals: list[Real]  # also those that were removed
    on_unknown: str = "drop"  # "drop" | "reset" | "schedule"
    allow: tuple[Network, ...] = ()
    deny: tuple[Network, ...] = ()
    one_packet: bool = False
    group: str = ""  # of persistence; "": none
    algorithm: Algorithm = field(default_factory=lambda: algorithm("round-robin"))
    turn: Turn = field(default_factory=Turn)
    pool: tuple[IP, ...] = ()  # where requests, or connections of the real servers, come from
    mss_clamp: int = 0  # 0: off
    outbound: bool = False
    pass_empty: bool = False  # without real servers the kernel has what is of no flow

    @property
    def passes(self) -> bool:
        """Has the kernel its packets now?"""
        usable = (real for real in self.reals if real.present and real.usable and real.weight)
        return self.pass_empty and next(usable, None) is None

    @property
    def routed(self) -> bool:
        """Does its method take one off the TTL?"""
        return any(real.method not in ("l2dsr", "bridge") for real in self.reals)

    @property
    def method(self) -> str:
        """The same for all of its real servers."""
        return self.reals[0].method

    @property
    def takes_up(self) -> bool:
        """Is a segment of no known flow scheduled? Where a hash says to whom it always is."""
        direct = self.method in ("l2dsr", "dscp", "ipip", "gue")
        return self.on_unknown == "schedule" or (isinstance(self.algorithm, Hashed) and direct)

    def admits(self, source: IP) -> bool:
        """By the longest prefix; on no list, by whether there is an allow list."""
        found = [(prefix.prefixlen, True) for prefix in self.allow if source in prefix]
        found += [(prefix.prefixlen, False) for prefix in self.deny if source in prefix]
        return max(found)[1] if found else not self.allow


OPEN, PENDING = ("udp", "open", "data"), ("pending", "unverified")


@dataclass
class Pair:
    """What there is to know of a flow whose replies come back. ``key``: of its requests;
    ``source``: address and port that the real server sees, None while the program's choice is
    not known; ``hop``: where replies go."""

    key: FlowKey
    hop: Hop
    source: tuple[IP, int] | None
    clamp: int = 0
    pool: tuple[IP, ...] = ()
    replied: bool = False

    def reply_key(self, real: Real) -> FlowKey | None:
        """The 5-tuple of replies as they arrive."""
        if self.source is None:
            return None
        port = real.port or self.key[3]
        return real.address, self.source[0], port, self.source[1], self.key[4]


@dataclass
class Flow:
    """A client connection; its real server's counts are kept right."""

    real: Real
    state: str  # as in docs/FLOWS.md
    pair: Pair | None = None

    def _count(self, by: int) -> None:
        self.real.open += by * (self.state in OPEN)
        self.real.pending += by * (self.state in PENDING)

    def __post_init__(self) -> None:
        self._count(1)

    def become(self, state: str) -> None:
        """Go on in another state."""
        self._count(-1)
        self.state = state
        self._count(1)

    def end(self) -> None:
        """Count it no more."""
        self._count(-1)


@dataclass
class Homes:
    """Where sources are at home, by persistence group: the addresses of real servers."""

    open: dict[tuple[IP, str], Real] = field(default_factory=dict)
    pending: dict[tuple[IP, str], Real] = field(default_factory=dict)


@dataclass
class Packet:
    """A parsed packet to an address, or the reason why it is irregular."""

    source: IP
    destination: IP
    ip_bytes: int
    start: int = 0  # offset in the frame
    ttl: int = 0
    irregular: str | None = None
    protocol: int = 0
    l4: int = 0  # offset in the frame
    fragment: str = ""  # "first" | "later"
    fragment_key: FragmentKey | None = None
    source_port: int = 0
    destination_port: int = 0
    flags: int = 0
    data: bool = False
    icmp_type: int = 0
    icmp_code: int = 0
    arrival: Hop = Hop(1, b"")

    @property
    def two_tags(self) -> bool:
        """Does it stand behind two VLAN tags?"""
        return self.start == 22

    @property
    def key(self) -> FlowKey:
        """The 5-tuple."""
        ports = (self.source_port, self.destination_port)
        return (self.source, self.destination, *ports, self.protocol)
