# SPDX-License-Identifier: Apache-2.0
"""What a configuration may say about the balancer itself."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from dsrlb.config.values import (
    SYSTEM_GROUP,
    IPNetwork,
    Model,
    Prefixes,
    SecondsToAMinute,
    Silence,
    as_tuple,
)
from dsrlb.config.ways import Interface

MOST_SEED = (1 << 64) - 1
PROBE_PREFIXES: tuple[IPNetwork, ...] = (ip_network("198.18.0.0/16"), ip_network("fd00:d5::/96"))
"""Where nothing else is said: out of the addresses for benchmarks (RFC 2544) and of local ones."""


class Balancer(Model):
    """The balancer itself."""

    interfaces: Annotated[tuple[Interface, ...], BeforeValidator(as_tuple)] = Field(
        min_length=1, max_length=63, description="XDP goes onto each of these interfaces"
    )
    xdp_mode: Literal["auto", "native", "generic"] = Field(
        "auto",
        description="auto: native where the driver has it (generic on veth, whose native mode "
        "needs help from the peer); native, generic: that one or an error",
    )
    flow_capacity: int = Field(
        1_000_000,
        strict=True,
        ge=1_000,
        le=16_000_000,
        description="flows per address family; a flow of bridge, router, one-arm and nat counts "
        "twice",
    )
    announce: bool = Field(
        True,
        strict=True,
        description="answer ARP and ND for VIPs and announce them; false for routed VIPs or a "
        "standby",
    )
    scan_interval: SecondsToAMinute = Field(
        2, description="how often flows are counted and expired ones removed; 1s to 60s"
    )
    tunnel_source: Prefixes = Field(
        (),
        description="where ipip and gue packets come from: an address, or a prefix out of which "
        "each flow has its own; one per address family; routed to the balancer, which learns the "
        "path MTU from ICMP errors about them",
    )
    hash_seed: int = Field(
        0,
        strict=True,
        ge=0,
        le=MOST_SEED,
        description="algorithms hash and maglev: another number sends clients to other real "
        "servers; balancers with the same one send them to the same",
    )
    fail_open: Silence = Field(
        0,
        description="new flows are not given to real servers any more when the daemon, which knows "
        "how they are, was not there for this long: 5s or more; those that there are go on; 0: off",
    )
    fail_open_new: Literal["pass", "drop"] = Field(
        "pass", description="what becomes of new flows then: they are this host's kernel's, or lost"
    )
    socket_mode: Literal["0600", "0660"] = Field(
        "0600",
        description="who may use the API's socket, that is do everything: root (0600), or also "
        "socket_group (0660)",
    )
    socket_group: str = Field(
        "",
        pattern=SYSTEM_GROUP,
        description="the group of the API's socket, by name; default: root's",
    )
    probe_prefix: Prefixes = Field(
        PROBE_PREFIXES,
        description="where probes are sent to, one prefix per address family that nobody else has: "
        "it never leaves this host, and each real server has an address in it. /16 or shorter "
        "(IPv4), /112 or shorter (IPv6)",
    )
