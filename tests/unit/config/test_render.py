# SPDX-License-Identifier: Apache-2.0
"""What is written reads back as the same; the digest names the content and nothing else."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dsrlb.config import (
    Balancer,
    Config,
    Group,
    L3dsr,
    PortRange,
    Real,
    Service,
    digest,
    dump,
    parse,
)
from dsrlb.config.checks import check

NAMES = st.from_regex(r"[A-Za-z0-9_.-]{1,12}", fullmatch=True)
INTERFACES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=15
)
V4 = st.integers(0x0B000000, 0x7EFFFFFF).map(IPv4Address)
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
REALS = st.builds(
    lambda address, weight, mac, limits: Real(
        address=address, weight=weight, mac=mac, max_open=limits[0], max_open_low=limits[1]
    ),
    st.one_of(st.tuples(V4), st.tuples(V6), st.tuples(V4, V6)),
    st.integers(0, 65535),
    MACS,
    LIMITS,
)
NETWORKS = st.one_of(
    st.tuples(V4, st.integers(0, 32)),
    st.tuples(V6, st.integers(0, 128)),
).map(lambda pair: ip_network(pair, strict=False))
SOURCES = st.tuples(st.tuples(V4, st.integers(16, 32)), st.tuples(V6, st.integers(48, 128))).map(
    lambda pairs: tuple(ip_network(pair, strict=False) for pair in pairs)
)
METHODS = st.one_of(
    st.integers(1, 63).map(lambda code: L3dsr(method="dscp", dscp=code)),
    st.just(L3dsr(method="ipip")),
    st.integers(1, 65535).map(lambda port: L3dsr(method="gue", gue_port=port)),
)
RATES = st.one_of(
    st.just((0, 0)), st.tuples(st.integers(1, 10_000_000), st.integers(0, 10_000_000))
)
LISTS = st.lists(REALS, min_size=1, max_size=4).map(tuple)
BALANCERS = st.builds(
    Balancer,
    interfaces=st.lists(INTERFACES, min_size=1, max_size=3, unique=True).map(tuple),
    xdp_mode=st.sampled_from(["auto", "native", "generic"]),
    flow_capacity=st.integers(1000, 16_000_000),
    announce=st.booleans(),
    scan_interval=st.integers(1, 60),
    tunnel_source=st.tuples(SOURCES, st.integers(0, 2)).map(lambda pair: pair[0][: pair[1]]),
)


def policies(draw: st.DrawFn, protocol: str) -> dict[str, Any]:
    """Lists, rates and persistence of a service."""
    networks = draw(st.lists(NETWORKS, max_size=4, unique=True))
    cut = draw(st.integers(0, 4))
    one_packet = protocol == "udp" and draw(st.booleans())
    rates = {"new_flow": draw(RATES), "source_flow": draw(RATES)}
    persistence = 0 if one_packet else draw(st.sampled_from([0, 1, 600]))
    return {
        "allow": tuple(networks[:cut]),
        "deny": tuple(networks[cut:]),
        "one_packet": one_packet,
        **{f"{name}_rate": rate for name, (rate, _) in rates.items()},
        **{f"{name}_burst": burst for name, (_, burst) in rates.items()},
        "persistence": persistence,
        "persistence_group": draw(st.sampled_from([None, "g"])) if persistence else None,
    }


@st.composite
def configs(draw: st.DrawFn) -> Config:
    """A configuration that contradicts itself nowhere."""
    balancer = draw(BALANCERS)
    groups = draw(
        st.lists(st.builds(Group, name=NAMES, real=LISTS), max_size=2, unique_by=lambda g: g.name)
    )
    services = []
    for name in draw(st.lists(NAMES, max_size=3, unique=True)):
        group = draw(st.sampled_from([None, *(g.name for g in groups)]))
        protocol = draw(st.sampled_from(["tcp", "udp"]))
        l3dsr = draw(st.one_of(st.none(), METHODS))
        services.append(
            Service(
                name=name,
                vip=draw(st.one_of(st.tuples(V4), st.tuples(V6), st.tuples(V4, V6))),
                protocol=protocol,
                port=tuple(draw(st.lists(PORT, min_size=1, max_size=3))),
                mode="l2dsr" if l3dsr is None else "l3dsr",
                l3dsr=l3dsr,
                algorithm=draw(st.sampled_from(["round-robin", "weighted-round-robin"])),
                group=group,
                real=() if group else draw(LISTS),
                interfaces=tuple(draw(st.lists(st.sampled_from(balancer.interfaces), max_size=2))),
                idle_timeout=draw(st.integers(1, 604800)),
                pending_timeout=draw(st.integers(1, 604800)),
                closing_timeout=draw(st.integers(1, 604800)),
                on_unknown=draw(st.sampled_from(["drop", "reset", "schedule"])),
                **policies(draw, protocol),
            )
        )
    return Config(balancer=balancer, group=tuple(groups), service=tuple(services))


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


def test_the_digest_does_not_depend_on_how_it_is_written() -> None:
    other = TEXT.replace('["eth0"]', '"eth0"  # the one').replace(
        "port = 80", 'idle_timeout = "15m"\nport = ["80"]\nalgorithm = "round-robin"'
    )
    assert digest(parse(TEXT, "a")) == digest(parse(other, "b"))
    assert len(digest(parse(TEXT, "a"))) == 12


IPIP = 'mode = "l3dsr"\nl3dsr = { method = "ipip" }'


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
        ('["eth0"]', '["eth0"]\ntunnel_source = "198.18.0.0/24"'),
        ('["eth0"]', '["eth0"]\nannounce = false'),
        ('["eth0"]', '["eth0"]\nscan_interval = 7'),
        ('["eth0"]', '["eth0"]\nxdp_mode = "native"'),
        ('["eth0"]', '["eth0"]\nflow_capacity = 5000'),
    ]
    texts = [TEXT, *(TEXT.replace(*change) for change in changes)]
    assert len({digest(parse(text, "x")) for text in texts}) == len(texts)
