# SPDX-License-Identifier: Apache-2.0
"""Configurations to write and to compare: any that contradicts itself nowhere, and a short one."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

from hypothesis import strategies as st

from dsrlb.config import Balancer, Bridge, Config, Group, L3dsr, PortRange, Real, Service, Snat
from dsrlb.config.balancer import MOST_SEED, PROBE_PREFIXES
from dsrlb.config.checks import check
from dsrlb.config.choices import COUNTED, HASHED
from dsrlb.config.models import REPLIES, AddressRange

TEXT = """
[balancer]
interfaces = ["eth0"]
[[service]]
name = "web"
vip = "192.0.2.10"
protocol = "tcp"
port = 80
mode = "l2dsr"
[[service.real]]
address = "10.0.0.11"
"""

NAMES = st.from_regex(r"[A-Za-z0-9_.-]{1,12}", fullmatch=True)
INTERFACES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=15
)
V4 = st.integers(0x0B000000, 0x7DFFFFFF).map(IPv4Address)
V6 = st.integers(0x2001 << 112, (0x2002 << 112) - 1).map(IPv6Address)
PORT = st.one_of(
    st.integers(1, 65535).map(lambda port: PortRange(first=port, last=port)),
    st.tuples(st.integers(1, 65535), st.integers(1, 65535)).map(
        lambda ends: PortRange(first=min(ends), last=max(ends))
    ),
    st.just(PortRange(first=0, last=65535)),
)
MACS = st.one_of(
    st.just("auto"), st.binary(min_size=5, max_size=5).map(lambda b: "02:" + b.hex(":"))
)
LIMITS = st.one_of(
    st.just((0, None)),
    st.integers(1, 16_000_000).map(lambda most: (most, None)),
    st.integers(1, 16_000_000).map(lambda most: (most, most // 3)),
)
ADDRESSES = {(4,): st.tuples(V4), (6,): st.tuples(V6), (4, 6): st.tuples(V4, V6)}
FAMILIES = st.sampled_from(list(ADDRESSES))
NETWORKS = st.one_of(
    st.tuples(V4, st.integers(0, 32)),
    st.tuples(V6, st.integers(0, 128)),
).map(lambda pair: ip_network(pair, strict=False))
SOURCES = st.tuples(st.tuples(V4, st.integers(16, 32)), st.tuples(V6, st.integers(48, 128))).map(
    lambda pairs: tuple(ip_network(pair, strict=False) for pair in pairs)
)
PROBES = (ip_network("126.0.0.0/9"), ip_network("fd00:9::/64"))
METHODS = st.one_of(
    st.integers(1, 63).map(lambda code: L3dsr(method="dscp", dscp=code)),
    st.just(L3dsr(method="ipip")),
    st.integers(1, 65535).map(lambda port: L3dsr(method="gue", gue_port=port)),
)
POOLS = st.tuples(
    V4.map(lambda ip: ip + 256), V6.map(lambda ip: ip + 256), st.integers(0, 255)
).map(
    lambda drawn: tuple(
        {"first": type(last)(int(last) - drawn[2]), "last": last} for last in drawn[:2]
    )
)
RATES = st.one_of(
    st.just((0, 0)), st.tuples(st.integers(1, 10_000_000), st.integers(0, 10_000_000))
)
BALANCERS = st.builds(
    Balancer,
    interfaces=st.lists(INTERFACES, min_size=1, max_size=3, unique=True).map(tuple),
    xdp_mode=st.sampled_from(["auto", "native", "generic"]),
    flow_capacity=st.integers(1000, 16_000_000),
    announce=st.booleans(),
    scan_interval=st.integers(1, 60),
    tunnel_source=st.tuples(SOURCES, st.integers(0, 2)).map(lambda pair: pair[0][: pair[1]]),
    hash_seed=st.one_of(st.just(0), st.integers(0, MOST_SEED)),
    probe_prefix=st.sampled_from([PROBE_PREFIXES, PROBE_PREFIXES[:1], PROBES, PROBES[1:], ()]),
)


def reals(draw: st.DrawFn, families: tuple[int, ...], with_port: bool = False) -> tuple[Real, ...]:
    """Real servers, the first of which has all families."""
    found = []
    for index in range(draw(st.integers(1, 3))):
        own = families if not index else draw(st.sampled_from([families, families[:1]]))
        most, low = draw(LIMITS)
        found.append(
            Real(
                address=draw(ADDRESSES[own]),
                weight=draw(st.integers(0, 65535)),
                port=draw(st.integers(0, 65535)) if with_port else 0,
                mac=draw(MACS),
                max_open=most,
                max_open_low=low,
            )
        )
    return tuple(found)


def policies(draw: st.DrawFn, protocol: str, replies: bool) -> dict[str, Any]:
    """Lists, rates, persistence, and what is done with what belongs to no flow."""
    networks = draw(st.lists(NETWORKS, max_size=4, unique=True))
    cut = draw(st.integers(0, 4))
    one_packet = not replies and protocol == "udp" and draw(st.booleans())
    rates = {"new_flow": draw(RATES), "source_flow": draw(RATES)}
    persistence = 0 if one_packet else draw(st.sampled_from([0, 1, 600]))
    return {
        "allow": tuple(networks[:cut]),
        "deny": tuple(networks[cut:]),
        "one_packet": one_packet,
        "on_unknown": draw(st.sampled_from(["drop", "reset", *([] if replies else ["schedule"])])),
        **{f"{name}_rate": rate for name, (rate, _) in rates.items()},
        **{f"{name}_burst": burst for name, (_, burst) in rates.items()},
        "persistence": persistence,
        "persistence_group": draw(st.sampled_from([None, "g"])) if persistence else None,
    }


def algorithm(draw: st.DrawFn, table: dict[str, Any], protocol: str) -> dict[str, Any]:
    """One that a service of this mode and these policies can have, and what belongs to it."""
    name = draw(st.sampled_from(["round-robin", "weighted-round-robin", *COUNTED, *HASHED]))
    if table["one_packet"] and name in COUNTED:
        name = "round-robin"
    if name not in HASHED:
        return {"algorithm": name}
    hash_on = draw(st.sampled_from([None, "source", "tuple"]))
    size = draw(st.sampled_from([0, 262147, 524309]))
    return {"algorithm": name, "hash_on": hash_on, "table_size": size}


def bridges(draw: st.DrawFn, interfaces: tuple[str, ...]) -> tuple[Bridge, ...]:
    """None, or one of the first two interfaces."""
    if len(interfaces) < 2:
        return ()
    reals_on = draw(st.sampled_from(interfaces[:2]))
    return (Bridge(name=draw(INTERFACES), ports=interfaces[:2], reals_on=reals_on),)


def way(draw: st.DrawFn, families: tuple[int, ...], protocol: str, bridge: bool) -> dict[str, Any]:
    """The mode of a service, and what belongs to it."""
    modes = ["l2dsr", "l3dsr", "router", "one-arm", "nat", *(["bridge"] if bridge else [])]
    mode = draw(st.sampled_from(modes))
    table: dict[str, Any] = {"mode": mode}
    if mode == "l3dsr":
        table["l3dsr"] = draw(METHODS)
    if mode in REPLIES and protocol == "tcp":
        table["mss_clamp"] = draw(st.one_of(st.just(0), st.integers(536, 9000)))
    table["outbound"] = mode == "nat" and draw(st.booleans())
    if mode == "one-arm" or table["outbound"]:
        ranges = [AddressRange(**ends) for ends in draw(POOLS)]
        toa = mode == "one-arm" and protocol == "tcp" and draw(st.booleans())
        pool = tuple(part for part in ranges if part.family in families)
        table["snat"] = Snat(pool=pool, toa=toa)
    return table


def service(draw: st.DrawFn, name: str, group: str | None, config: Config) -> Service:
    """A service with VIPs of the families that the groups have."""
    families = (4, 6) if group else draw(FAMILIES)
    protocol = draw(st.sampled_from(["tcp", "udp"]))
    ports = tuple(draw(st.lists(PORT, min_size=1, max_size=3)))
    table = way(draw, families, protocol, bool(config.bridge))
    replies = table["mode"] in REPLIES
    table |= policies(draw, protocol, replies)
    table |= algorithm(draw, table, protocol)
    with_port = replies and len(ports) == 1 and ports[0].first == ports[0].last
    names = config.balancer.interfaces
    chosen = () if table["mode"] == "bridge" else draw(st.sampled_from([(), names[:1], names[-1:]]))
    return Service(
        name=name,
        vip=draw(ADDRESSES[families]),
        protocol=protocol,
        port=ports,
        group=group,
        real=() if group else reals(draw, families, with_port),
        interfaces=chosen,
        idle_timeout=draw(st.integers(1, 604800)),
        pending_timeout=draw(st.integers(1, 604800)),
        closing_timeout=draw(st.integers(1, 604800)),
        **table,
    )


@st.composite
def configs(draw: st.DrawFn) -> Config:
    """A configuration that contradicts itself nowhere, or hardly ever."""
    balancer = draw(BALANCERS)
    groups = [
        Group(name=name, real=reals(draw, (4, 6)))
        for name in draw(st.lists(NAMES, max_size=2, unique=True))
    ]
    config = Config(
        balancer=balancer, bridge=bridges(draw, balancer.interfaces), group=tuple(groups)
    )
    services = [
        service(draw, name, draw(st.sampled_from([None, *(g.name for g in groups)])), config)
        for name in draw(st.lists(NAMES, max_size=3, unique=True))
    ]
    return config.model_copy(update={"service": tuple(services)})


CONFIGS = configs().filter(lambda config: not list(check(config)))
