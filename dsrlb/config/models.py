# SPDX-License-Identifier: Apache-2.0
"""What a configuration may say. docs/CONFIG.md is generated from these models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from dsrlb.config.balancer import Balancer
from dsrlb.config.choices import HASHED, AlgorithmName, TableSize
from dsrlb.config.health import Health
from dsrlb.config.reals import Group, Real
from dsrlb.config.values import (
    NAME,
    Addresses,
    AddressRange,
    IPAddress,
    IPNetwork,
    Model,
    Mss,
    Names,
    PortRange,
    Ports,
    Prefixes,
    Seconds,
    SecondsOrOff,
)
from dsrlb.config.ways import REPLIES, TUNNELS, Bridge, L3dsr, Snat, pool_addresses

__all__ = [
    "REPLIES",
    "TUNNELS",
    "AddressRange",
    "Balancer",
    "Bridge",
    "Config",
    "Group",
    "Health",
    "IPAddress",
    "IPNetwork",
    "L3dsr",
    "PortRange",
    "Real",
    "Service",
    "Snat",
]

MOST_REALS = 4096
MOST_SCANNED = 256
"""Real servers of a service whose algorithm compares them all (abi.h)."""
MOST_RATE = 10_000_000


class Service(Model):
    """A virtual service: VIPs, protocol and ports, and who serves them."""

    name: str = Field(pattern=NAME, description="name in commands and counters")
    vip: Addresses = Field(
        min_length=1, description="one virtual address or a list, of both families if wanted"
    )
    protocol: Literal["tcp", "udp"] = Field(description="transport protocol")
    port: Ports = Field(
        min_length=1,
        description='one port, a list, ranges such as "8000-8099", or "any"; match order: exact, '
        "range, any",
    )
    mode: Literal["l2dsr", "l3dsr", "bridge", "router", "one-arm", "nat"] = Field(
        description="how packets reach the real server, and its replies the client. Replies go "
        "straight to the client: on the same segment (l2dsr), or as [service.l3dsr] says (l3dsr). "
        "They come back through the balancer, which rewrites addresses: between the two ports of a "
        "[[bridge]] (bridge); as the real servers' gateway (router), also of private ones behind a "
        "public VIP (nat); with a source of [service.snat], so that real servers need no change "
        "(one-arm)"
    )
    l3dsr: L3dsr | None = Field(None, description="mode l3dsr needs it, no other has it")
    snat: Snat | None = Field(
        None, description="modes one-arm, and nat with outbound, need it, no other has it"
    )
    outbound: bool = Field(
        False,
        strict=True,
        description="connections that the real servers open leave with an address of "
        "[service.snat], of the families that it has (mode nat)",
    )
    mss_clamp: Mss = Field(
        0,
        strict=True,
        description="TCP connections' MSS is lowered to this in both directions, 536 to 9000 "
        "bytes; 0: off (tcp; modes bridge, router, one-arm and nat)",
    )
    algorithm: AlgorithmName = Field(
        "round-robin",
        description="who gets the next flow. Each in turn: round-robin; weighted-round-robin, by "
        "weight. The least of something, which up to 256 real servers are compared by: "
        "least-connection, of open flows; weighted-least-connection, of those for each unit of "
        "weight; adaptive, of open and pending flows; fastest-response-time, of the time to the "
        "first answer, in modes l2dsr and l3dsr to that of a probe (tcp, and not only port any). "
        "By a hash, so that a client keeps its real server: hash and maglev, by weight; when one "
        "comes or goes few clients move. Algorithms that are not by weight know no weight but 0",
    )
    hash_on: Literal["source", "tuple"] | None = Field(
        None,
        description="algorithms hash and maglev: what decides, the client's address alone (source) "
        "or also its port, the VIP and the VIP's port (tuple)",
    )
    table_size: TableSize = Field(
        0,
        description="algorithms hash and maglev: entries of the table that real servers share, a "
        "prime; 0: 65537, and more where the lightest real server would have less than 50 of "
        "them. Another size, also one that follows from weights, sends most clients elsewhere",
    )
    group: str | None = Field(None, description="name of a [[group]]; or give [[service.real]]")
    real: tuple[Real, ...] = Field((), description="real servers of this service alone")
    health: Health | None = Field(
        None,
        description="how they are asked whether they serve ([service.health]); where it is given "
        "that of a group does not count",
    )
    on_down: Literal["keep", "rehash", "reset"] = Field(
        "rehash",
        description="what becomes of the flows of a real server that is found down: they stay "
        "(keep), their next packets go to another one (rehash), or TCP clients get an RST (reset). "
        "SYNs always go to another one",
    )
    all_down: Literal["drop", "pass", "sorry", "all-up"] = Field(
        "drop",
        description="new flows when nobody is up: dropped, passed to this host's kernel, sent to "
        "[service.sorry], or to all real servers whose addresses are known, as if all were up",
    )
    sorry: Real | None = Field(
        None, description='who gets new flows when nobody is up (all_down = "sorry")'
    )
    slow_start: SecondsOrOff = Field(
        0,
        description="a real server that comes up, or is added to others, gets its share of new "
        "flows little by little over this time; 0: at once. Not with adaptive and "
        "fastest-response-time",
    )
    interfaces: Names = Field(
        (), description="where clients come in; default: all of balancer.interfaces"
    )
    idle_timeout: Seconds = Field(
        0, description="an open flow without packets is forgotten after this; tcp 15m, udp 60s"
    )
    pending_timeout: Seconds = Field(
        10, description="a handshake, or a single UDP packet, is forgotten after this"
    )
    closing_timeout: Seconds = Field(30, description="a flow after FIN or RST (tcp)")
    on_unknown: Literal["drop", "reset", "schedule"] = Field(
        "drop",
        description="TCP segments of no known flow: drop, answer with a TCP RST (reset), or "
        "schedule as a new flow; hash and maglev schedule them in modes l2dsr and l3dsr whatever "
        "stands here: the hash says where their connection goes",
    )
    allow: Prefixes = Field(
        (),
        description="sources that may use the service; new flows only; the longest prefix decides, "
        "and with an allow list sources on no list are refused",
    )
    deny: Prefixes = Field((), description="sources that may not; new flows only; see allow")
    one_packet: bool = Field(
        False,
        strict=True,
        description="every packet is a flow of its own, and none is remembered (udp, without "
        "persistence)",
    )
    new_flow_rate: int = Field(
        0, strict=True, ge=0, le=MOST_RATE, description="new flows per second; 0: no limit"
    )
    new_flow_burst: int = Field(
        0,
        strict=True,
        ge=0,
        le=MOST_RATE,
        description="flows that may come at once; 0: a tenth of a second's worth, at least 1",
    )
    source_flow_rate: int = Field(
        0,
        strict=True,
        ge=0,
        le=MOST_RATE,
        description="new flows per second of each source; 0: no limit; IPv6 counts a /64 as one "
        "source; the last 65,536 sources of all services are remembered",
    )
    source_flow_burst: int = Field(
        0,
        strict=True,
        ge=0,
        le=MOST_RATE,
        description="flows of one source that may come at once; 0: as for new_flow_burst",
    )
    persistence: SecondsOrOff = Field(
        0,
        description="a source's new flows go to the same real server for this long after its last "
        "new flow; 0: off",
    )
    persistence_group: str | None = Field(
        None,
        pattern=NAME,
        description="services with the same name here send a source to the same real server; they "
        "have the same persistence and real servers",
    )

    def model_post_init(self, _: Any) -> None:
        """Fill in the timeout that depends on the protocol."""
        if not self.idle_timeout:
            object.__setattr__(self, "idle_timeout", 900 if self.protocol == "tcp" else 60)

    @property
    def method(self) -> str:
        """What is done to packets: dscp, ipip or gue in mode l3dsr, else what the mode says."""
        return self.mode if self.l3dsr is None else self.l3dsr.method

    @property
    def by_hash(self) -> bool:
        """Does a hash of the flow say who gets it?"""
        return self.algorithm in HASHED

    @property
    def by_source(self) -> bool:
        """Does the client's address alone say so?"""
        default = "source" if self.algorithm == "hash" else "tuple"
        return self.by_hash and (self.hash_on or default) == "source"

    @property
    def probed(self) -> bool:
        """Are response times needed that only probes tell?"""
        return self.algorithm == "fastest-response-time" and not self.replies

    @property
    def replies(self) -> bool:
        """Do the real servers' replies come back through the balancer?"""
        return self.mode in REPLIES

    @property
    def checked_port(self) -> int | None:
        """The port that checks are sent to where they have none of their own; None: any."""
        return next((ports.first for ports in self.port if not ports.is_any), None)

    def pool_for(self, family: int) -> tuple[IPAddress, ...]:
        """The addresses of [service.snat] of a family, sorted; none where there is no pool."""
        return () if self.snat is None else pool_addresses(self.snat.pool, family)


_BY_DEFAULT = {True: Health(type="tcp"), False: Health(type="none")}
"""How real servers are asked where nothing is said; is there a TCP port to connect to?"""


class Config(Model):
    """A whole configuration."""

    balancer: Balancer
    bridge: tuple[Bridge, ...] = ()
    group: tuple[Group, ...] = ()
    service: tuple[Service, ...] = ()

    def reals_of(self, service: Service) -> tuple[Real, ...]:
        """The real servers of a service: its group's or its own."""
        return service.real if service.group is None else self._groups()[service.group].real

    def _groups(self) -> Mapping[str, Group]:
        """By name. They are asked for thousands of times, and found once."""
        known = self.__dict__.get("_named")
        if known is None or known[0] is not self.group:  # a copy may have others
            known = self.group, {group.name: group for group in reversed(self.group)}
            self.__dict__["_named"] = known
        return known[1]

    def members_of(self, service: Service) -> tuple[Real, ...]:
        """All that may get the service's flows: its real servers, and the sorry server last."""
        reals = self.reals_of(service)
        return reals if service.sorry is None else (*reals, service.sorry)

    def health_of(self, service: Service) -> Health:
        """How the service's real servers are asked: as it says itself, else its group."""
        if service.health is not None:
            return service.health
        group = self._groups().get(service.group) if service.group is not None else None
        if group is not None and group.health is not None:
            return group.health
        asked = service.protocol == "tcp" and service.checked_port is not None
        return _BY_DEFAULT[asked]

    def is_probed(self, service: Service) -> bool:
        """Is anybody asked by the way that clients' packets take?"""
        return self.health_of(service).type != "none" or service.probed

    @staticmethod
    def address_for(service: Service, real: Real, family: int) -> IPAddress | None:
        """Where packets to the service's VIPs of a family go: the real's address of that family,
        with a tunnel also its other one."""
        for address in real.address:
            if address.version == family:
                return address
        return real.address[0] if service.method in TUNNELS else None

    def bridges_of(self, service: Service) -> tuple[Bridge, ...]:
        """The bridges that a service in mode bridge may be used in: all whose clients' port is one
        of its interfaces."""
        if service.mode != "bridge":
            return ()
        names = service.interfaces or self.balancer.interfaces
        return tuple(bridge for bridge in self.bridge if bridge.clients_on in names)
