# SPDX-License-Identifier: Apache-2.0
"""What is written reads back as the same; the digest names the content and nothing else."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from dsrlb.config import (
    Balancer,
    Bridge,
    Config,
    Group,
    L3dsr,
    PortRange,
    Real,
    Service,
    Snat,
    digest,
    dump,
    parse,
    render,
)
from dsrlb.config.balancer import MOST_SEED, PROBE_PREFIXES
from dsrlb.config.checks import check
from dsrlb.config.choices import COUNTED, HASHED
from dsrlb.config.models import REPLIES, AddressRange
from dsrlb.config.render import table_of

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


@settings(max_examples=60, deadline=None)
@given(CONFIGS)
def test_what_is_written_reads_back(config: Config) -> None:
    again = parse(dump(config), "dump.toml")
    assert again == config
    assert dump(again) == dump(config)
    assert digest(again) == digest(config)


@settings(max_examples=60, deadline=None)
@given(CONFIGS, CONFIGS)
def test_equal_digests_are_equal_configurations(one: Config, other: Config) -> None:
    assert (digest(one) == digest(other)) == (one == other)


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


def test_the_table_of_a_method_has_its_keys_alone() -> None:
    text = TEXT.replace("l2dsr", "l3dsr")
    methods = {
        'method = "dscp"\ndscp = 12\n': 'method = "dscp"\ndscp = 12\n',
        'method = "ipip"\n': 'method = "ipip"\n',
        'method = "gue"\n': 'method = "gue"\ngue_port = 6080\n',
    }
    for given_text, written in methods.items():
        config = parse(f"{text}[service.l3dsr]\n{given_text}", "x")
        assert dump(config).endswith(f"\n[service.l3dsr]\n{written}")


def test_what_belongs_to_some_modes_is_written_where_it_is_set() -> None:
    assert "snat" not in dump(parse(TEXT, "x"))
    text = TEXT.replace('mode = "l2dsr"', 'mode = "one-arm"\nmss_clamp = 1400') + "port = 8080\n"
    pool = '[service.snat]\npool = ["192.0.2.200-192.0.2.203", "192.0.2.240/31"]\n'
    written = dump(parse(text + pool, "x"))
    assert written.endswith(
        '[service.snat]\npool = [\n    "192.0.2.200-192.0.2.203",\n'
        '    "192.0.2.240-192.0.2.241",\n]\n'
    )
    assert "mss_clamp = 1400\n" in written
    assert "port = 8080 }" in written
    assert parse(written, "x") == parse(text + pool, "x")


def test_the_digest_does_not_depend_on_how_it_is_written() -> None:
    other = TEXT.replace('["eth0"]', '"eth0"  # the one').replace(
        "port = 80", 'idle_timeout = "15m"\nport = ["80"]\nalgorithm = "round-robin"'
    )
    assert digest(parse(TEXT, "a")) == digest(parse(other, "b"))
    assert len(digest(parse(TEXT, "a"))) == 12


ONE_ARM = 'mode = "one-arm"\nsnat.pool = "192.0.2.200"'
BRIDGE = """["eth0", "eth1"]
[[bridge]]
name = "br0"
ports = ["eth0", "eth1"]
reals_on = "eth0"
"""
MAGLEV = 'algorithm = "maglev"'
IPIP = 'mode = "l3dsr"\nl3dsr = { method = "ipip" }'

SORRY = 'all_down = "sorry"\nsorry = { address = "10.0.0.99" }'
HEALTH = (
    'type = "none"',
    'type = "tcp"',
    'type = "tcp", send = "a"',
    'type = "tcp", expect = "a"',
    'type = "tcp", port = 81',
    'type = "tcp", interval = "1500ms"',
    'type = "tcp", timeout = "500ms"',
    'type = "tcp", jitter = 7',
    'type = "tcp", rise = 7',
    'type = "tcp", fall = 7',
    'type = "tcp", startup_grace = 7',
    'type = "tcp", flap_count = 7',
    'type = "tcp", flap_window = 7',
    'type = "tcp", flap_hold = 7',
    'type = "http"',
    'type = "http", path = "/a"',
    'type = "http", method = "HEAD"',
    'type = "http", host = "a"',
    'type = "http", status = 204',
    'type = "http", status = [204, "300-399"]',
    'type = "http", body = "a"',
    'type = "https"',
    'type = "https", sni = "a"',
    'type = "https", verify = true',
    'type = "udp", port = 53, send = "a"',
    'type = "dns", query = "a"',
    'type = "dns", query = "a", record = "MX"',
    'type = "dns", query = "a", rcode = "NXDOMAIN"',
    'type = "icmp"',
    'type = "command", command = ["/a"]',
    'type = "command", command = ["/a", "b"]',
)


def test_the_digest_changes_with_every_key() -> None:
    changes = [
        ("eth0", "eth1"),
        ("web", "www"),
        ("192.0.2.10", "192.0.2.11"),
        ("tcp", "udp"),
        ("80", "81"),
        ("port = 80", "port = 80\nidle_timeout = 7"),
        ("port = 80", "port = 80\npending_timeout = 7"),
        ("port = 80", "port = 80\nclosing_timeout = 7"),
        ("port = 80", 'port = 80\non_unknown = "schedule"'),
        ("port = 80", 'port = 80\non_unknown = "reset"'),
        ("port = 80", 'port = 80\nallow = "10.0.0.0/8"'),
        ("port = 80", 'port = 80\ndeny = "10.0.0.0/8"'),
        ('"tcp"', '"udp"\none_packet = true'),
        ("port = 80", "port = 80\nnew_flow_rate = 7"),
        ("port = 80", "port = 80\nnew_flow_rate = 7\nnew_flow_burst = 7"),
        ("port = 80", "port = 80\nsource_flow_rate = 7"),
        ("port = 80", "port = 80\nsource_flow_rate = 7\nsource_flow_burst = 7"),
        ("port = 80", "port = 80\npersistence = 7"),
        ("port = 80", 'port = 80\npersistence = 7\npersistence_group = "g"'),
        ("port = 80", 'port = 80\ninterfaces = "eth0"'),
        ("port = 80", 'port = 80\nalgorithm = "weighted-round-robin"'),
        ("port = 80", f"port = 80\n{MAGLEV}"),
        ("port = 80", f'port = 80\n{MAGLEV}\nhash_on = "source"'),
        ("port = 80", f'port = 80\n{MAGLEV}\nhash_on = "tuple"'),
        ("port = 80", f"port = 80\n{MAGLEV}\ntable_size = 4093"),
        ('["eth0"]', '["eth0"]\nhash_seed = 7'),
        ('["eth0"]', '["eth0"]\nfail_open = 7'),
        ('["eth0"]', '["eth0"]\nfail_open = 7\nfail_open_new = "drop"'),
        ("port = 80", 'port = 80\non_down = "keep"'),
        ("port = 80", 'port = 80\non_down = "reset"'),
        ("port = 80", 'port = 80\nall_down = "pass"'),
        ("port = 80", 'port = 80\nall_down = "all-up"'),
        ("port = 80", f"port = 80\n{SORRY}"),
        ("port = 80", f"port = 80\n{SORRY.replace('99', '98')}"),
        ("port = 80", "port = 80\nslow_start = 7"),
        *(("port = 80", f"port = 80\nhealth = {{ {table} }}") for table in HEALTH),
        ('["eth0"]', '["eth0"]\nprobe_prefix = "198.18.0.0/16"'),
        ("10.0.0.11", "10.0.0.12"),
        ('"10.0.0.11"', '"10.0.0.11"\nweight = 2'),
        ('"10.0.0.11"', '"10.0.0.11"\nmac = "02:00:00:00:00:01"'),
        ('"10.0.0.11"', '"10.0.0.11"\nmax_open = 7'),
        ('"10.0.0.11"', '"10.0.0.11"\nmax_open = 7\nmax_open_low = 3'),
        ('mode = "l2dsr"', IPIP),
        ('mode = "l2dsr"', IPIP.replace("ipip", "gue")),
        ('mode = "l2dsr"', IPIP.replace('"ipip"', '"gue", gue_port = 7')),
        ('mode = "l2dsr"', IPIP.replace('"ipip"', '"dscp", dscp = 7')),
        ('mode = "l2dsr"', IPIP.replace('"ipip"', '"dscp", dscp = 8')),
        ('mode = "l2dsr"', 'mode = "router"'),
        ('mode = "l2dsr"', 'mode = "router"\nmss_clamp = 1400'),
        ('mode = "l2dsr"', 'mode = "router"\nmss_clamp = 1401'),
        ('mode = "l2dsr"', 'mode = "nat"'),
        ('mode = "l2dsr"', ONE_ARM),
        ('mode = "l2dsr"', ONE_ARM.replace("200", "201")),
        ('mode = "l2dsr"', ONE_ARM + "\nsnat.toa = true"),
        ('mode = "l2dsr"', ONE_ARM.replace("one-arm", "nat") + "\noutbound = true"),
        ('mode = "l2dsr"\n[[service.real]]', 'mode = "nat"\n[[service.real]]\nport = 8080'),
        ('["eth0"]', BRIDGE),
        ('["eth0"]', BRIDGE.replace('= "eth0"', '= "eth1"')),
        ('["eth0"]', BRIDGE.replace("br0", "br1")),
        ('["eth0"]', BRIDGE.replace('["eth0", "eth1"]', '["eth1", "eth0"]')),
        ('["eth0"]', '["eth0"]\ntunnel_source = "198.51.100.0/24"'),
        ('["eth0"]', '["eth0"]\nannounce = false'),
        ('["eth0"]', '["eth0"]\nscan_interval = 7'),
        ('["eth0"]', '["eth0"]\nxdp_mode = "native"'),
        ('["eth0"]', '["eth0"]\nflow_capacity = 5000'),
    ]
    texts = [TEXT, *(TEXT.replace(*change) for change in changes)]
    assert len({digest(parse(text, "x")) for text in texts}) == len(texts)


@settings(max_examples=40, deadline=None)
@given(CONFIGS)
def test_real_servers_are_written_as_by_tomli_w(config: Config) -> None:
    """Each in a line of its own, where all fit into one; else by tables."""
    elements: tuple[Group | Service, ...] = (*config.group, *config.service)
    for element in elements:
        kind = "group" if element in config.group else "service"
        whole = tomli_w.dumps({kind: [table_of(element)]})
        if whole.startswith("[["):  # an empty group would have no table of its own
            assert render._text_of(element) == whole
    assert dump(config) == "\n".join(dump(config).pieces)


def test_an_empty_group_has_its_table() -> None:
    text = '[balancer]\ninterfaces = ["eth0"]\n[[group]]\nname = "g"\n'
    config = parse(text, "x")
    assert dump(config).endswith('\n[[group]]\nname = "g"\nreal = []\n')
    assert parse(dump(config), "again") == config
