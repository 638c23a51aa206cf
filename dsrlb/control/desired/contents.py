# SPDX-License-Identifier: Apache-2.0
"""What the maps should hold, and what that depends on: interfaces and where real servers are."""

from __future__ import annotations

from collections.abc import Collection, Set
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from itertools import count

from dsrlb.config.values import IPNetwork
from dsrlb.control.desired.hops import SLOTS
from dsrlb.dataplane.keys import IPAddress, address_from_bytes

USABLE, RESOLVED, PRESENT, AWAY, STICKY, IPV6, HOPS, OUTBOUND, TIMED = (1 << n for n in range(9))
"""real.flags in abi.h."""

LEAVE, RESET = 1 << 9, 1 << 10
"""As well: all flows leave, TCP clients get an RST."""

DOWN = 1 << 11
"""Of real.flags, and nothing to the program: checks found it down, as the next daemon learns."""

FORWARDING = 1
"""own_link.flags in abi.h."""

ONE_PACKET, ALLOW_ONLY, TOA, HASH_SOURCE, PASS_EMPTY = 1, 2, 4, 8, 16
"""service_record.flags in abi.h."""

Sources = frozenset[tuple[IPNetwork, bool]]
"""Prefixes that may (True) or may not use a service, all of its address family."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """An interface that the balancer is on: its number in the maps, and what frames need."""

    number: int
    ifindex: int
    name: str
    mac: str
    mtu: int
    address4: IPv4Address | None = None  # of its own, to say who dropped a packet (ICMP)
    address6: IPv6Address | None = None
    forwarding: bool = False  # a port of a [[bridge]], in state forwarding


@dataclass(frozen=True, slots=True)
class NextHop:
    """One of several ways to a real server. ``vlan``: 0 is untagged; ``mtu``: of IP packets."""

    mac: str
    link: LinkState
    source_mac: str
    mtu: int
    vlan: int = 0


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where frames for a real go: ``mac`` None means not known; ``fresh`` allows new flows, without
    it flows that can move do. Of a multipath route: its first way that is resolved."""

    mac: str | None
    link: LinkState | None
    fresh: bool
    reason: str = ""
    source: str = "kernel"  # "kernel" | "static"
    vlan: int = 0  # of frames that the balancer routes; 0: untagged
    mtu: int = 0  # of IP packets; 0: the link's
    source_mac: str | None = None  # None: the link's
    via: IPAddress | None = None  # the router; None: on the segment
    address: IPAddress | None = None  # from which the kernel would send
    hops: tuple[NextHop, ...] = ()  # of a multipath route, the resolved ones, if there are several
    weights: tuple[int, ...] = ()  # of the hops


@dataclass(frozen=True, slots=True, order=True)
class ServiceId:
    """A service in one address family: has its own schedule and counters."""

    name: str
    family: int  # 4 | 6
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Dictionaries of these are asked all the time, too (RealId)."""
        object.__setattr__(self, "_hash", hash((self.name, self.family)))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class RealId:
    """A real server of a service, by address."""

    service: ServiceId
    address: IPAddress
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Dictionaries of these are asked all the time, and addresses are slow to hash: more so
        than their numbers."""
        object.__setattr__(self, "_hash", hash((self.service, int(self.address))))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class DesiredReal:
    """The content of one element of reals[] (times in ticks), and its limits in loads[]."""

    mac: bytes
    source_mac: bytes
    mtu: int
    link: int
    flags: int
    idle_ticks: int
    closing_ticks: int
    pending_ticks: int
    weight: int
    max_open: int = 0  # flows; 0: no limit
    max_open_low: int = 0
    method: int = 1
    dscp: int = 0
    port: int = 0  # gue: of the tunnel; where replies come back: the real server's, 0: kept
    vlan: int = 0
    routed: bool = False  # has a path


@dataclass(frozen=True, slots=True)
class DesiredHop:
    """The content of a struct hop."""

    mac: bytes
    link: int
    source_mac: bytes
    mtu: int
    vlan: int


NO_HOPS = (DesiredHop(bytes(6), 0, bytes(6), 0, 0),) * SLOTS
"""Of a path to where nobody answered yet."""


@dataclass(frozen=True, slots=True)
class DesiredPath:
    """The content of one element of paths[], the way to an address: where tunnelled packets come
    from (struct address, and how many low bits of it vary; zero: no tunnels), and the next hops."""

    source: bytes = bytes(16)
    source_bits: int = 0
    hops: tuple[DesiredHop, ...] = NO_HOPS

    @property
    def own_address(self) -> IPAddress | None:
        """The source, where it is a single address."""
        alone = any(self.source) and not self.source_bits
        return address_from_bytes(self.source) if alone else None

    @property
    def several(self) -> bool:
        """Are there several next hops?"""
        return self.hops[1:] != self.hops[:-1]


@dataclass(frozen=True, slots=True)
class Rate:
    """At most one new flow per ``interval`` ns, and up to ``burst`` ns ahead; interval 0: any."""

    interval: int = 0
    burst: int = 0


@dataclass(frozen=True, slots=True)
class DesiredService:
    """The content of one service record, with its schedule (the real servers that may have new
    flows, each once, and their weights), its list of sources and the addresses of its pool.

    The numbers of list and persistence group, and the places of pool and table, are the Applier's.
    ``table_size``: entries that real servers share by a hash; 0: that is not how it goes.
    """

    algorithm: int
    method: int
    links: int
    on_unknown: int
    schedule: tuple[RealId, ...]
    flags: int = 0
    sources: Sources = frozenset()
    persistence_ticks: int = 0
    service_rate: Rate = Rate()
    source_rate: Rate = Rate()
    pool: tuple[IPAddress, ...] = ()
    mss_clamp: int = 0  # bytes; 0: off
    weights: tuple[int, ...] = ()
    table_size: int = 0
    table_rule: int = 0  # version of what builds the tables

    @property
    def has_list(self) -> bool:
        """Are sources looked up? Also in an empty list, when only those on it are allowed."""
        return bool(self.sources or self.flags & ALLOW_ONLY)


NO_SERVICE = DesiredService(0, 0, 0, 0, ())
"""Of a service that is named and has no record yet."""


@dataclass(frozen=True, slots=True)
class PortKey:
    """A service key: an aligned block of 2^block ports of a VIP."""

    vip: IPAddress
    protocol: int
    port: int
    block: int


@dataclass(slots=True)
class DesiredVip:
    """The content of one element of vips[]: a VIP, or an address of a pool."""

    links: int = 0
    tcp_blocks: int = 0
    udp_blocks: int = 0

    @property
    def pooled(self) -> bool:
        """Is it an address of a pool? No service is looked up there."""
        return not self.tcp_blocks | self.udp_blocks


@dataclass(frozen=True, slots=True)
class DesiredLink:
    """The content of one element of own_links[]: what frames that leave there need."""

    mac: bytes
    mtu: int
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """What of a Desired may be another than in the one with the serial number ``base``. Everything
    else is the same; tables that all services share are the same object where they did not change.

    ``services``: those that are new or may have changed, with their real servers (``reals``);
    ``gone``, ``gone_reals``: those that are no more.
    """

    base: int
    services: Collection[ServiceId]
    reals: Collection[RealId]
    gone: Collection[ServiceId]
    gone_reals: Collection[RealId]


_SERIAL = count(1)


@dataclass(slots=True)
class Desired:
    """Everything the configuration maps should hold."""

    announce: bool = True
    services: dict[ServiceId, DesiredService] = field(default_factory=dict)
    reals: dict[RealId, DesiredReal] = field(default_factory=dict)
    keys: dict[PortKey, ServiceId] = field(default_factory=dict)
    vips: dict[IPAddress, DesiredVip] = field(default_factory=dict)
    paths: dict[IPAddress, DesiredPath] = field(default_factory=dict)
    groups: dict[ServiceId, str] = field(default_factory=dict)
    """The persistence group of each service that names one."""
    links: dict[int, DesiredLink] = field(default_factory=dict)
    """By number."""
    natted: dict[IPAddress, RealId | None] = field(default_factory=dict)
    """Real servers that answer clients by way of the balancer, and as which of ``openers`` one
    opens connections through it (None: it does not)."""
    openers: dict[RealId, DesiredReal] = field(default_factory=dict)
    """What stands in reals[] for the connections that a real server opens: nobody is sent there."""
    replies: bool = False
    """Is there a service whose replies come back?"""
    choice_seed: int = 0
    """Of the hash by which algorithms choose."""
    probe: tuple[int, bytes] | None = None
    """Who probes real servers: where frames for it leave (ifindex), and its MAC address."""
    answering: Set[IPAddress] = frozenset()
    """Real servers whose replies come back."""
    tunnels: bool = False
    """Is there a path whose packets get outer headers?"""
    serial: int = field(default_factory=_SERIAL.__next__, compare=False)
    """No other has it."""
    delta: Delta | None = field(default=None, compare=False)
    """None: everything may be another than before."""
