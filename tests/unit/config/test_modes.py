# SPDX-License-Identifier: Apache-2.0
"""Modes, methods and tunnels: what is accepted, and every problem with its place."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from dsrlb.config import Config, L3dsr, parse
from dsrlb.errors import ConfigError
from tests.unit.config.mode_cases import CASES, GOOD

V4, V6 = ip_address("10.0.0.11"), ip_address("2001:db8:1::11")


def replaced(old: str, new: str) -> str:
    """The good text with one thing in it replaced."""
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def with_method(method: str, vips: str, reals: str) -> Config:
    """A configuration with one service."""
    table = "" if method == "l2dsr" else f'[service.l3dsr]\nmethod = "{method}"\n'
    mode = "l2dsr" if method == "l2dsr" else "l3dsr"
    return parse(
        '[balancer]\ninterfaces = "eth0"\n[[service]]\nname = "web"\nprotocol = "tcp"\nport = 80\n'
        f'mode = "{mode}"\nvip = [{vips}]\nreal = [{reals}]\n{table}'
        + ("dscp = 12\n" if method == "dscp" else ""),
        "f.toml",
    )


def test_the_good_text_is_good() -> None:
    config = parse(GOOD, "f.toml")
    assert [service.method for service in config.service] == ["dscp", "gue", "l2dsr"]
    assert config.service[0].l3dsr == L3dsr(method="dscp", dscp=12)
    assert config.service[1].l3dsr == L3dsr(method="gue", gue_port=6080)
    assert config.service[2].l3dsr is None
    assert config.balancer.tunnel_source == ()


@pytest.mark.parametrize("name", CASES)
def test_bad_value(name: str) -> None:
    old, new, line, key, value, says = CASES[name]
    with pytest.raises(ConfigError) as caught:
        parse(replaced(old, new), "f.toml")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == ("f.toml", line)
    assert (problem.key, problem.value) == (key, value)
    assert says in problem.message


def test_l2dsr_is_offered_no_tunnel() -> None:
    old, new, *_ = CASES["vip-family-l2dsr"]
    with pytest.raises(ConfigError) as caught:
        parse(replaced(old, new), "f.toml")
    assert "ipip" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ('"198.51.100.1"', ["198.51.100.1/32"]),
        ('["2001:db8:5::/64", "198.51.100.0/24"]', ["2001:db8:5::/64", "198.51.100.0/24"]),
        ("[]", []),
    ],
)
def test_tunnel_source(text: str, networks: list[str]) -> None:
    config = parse(replaced("# BALANCER", f"tunnel_source = {text}"), "f.toml")
    assert config.balancer.tunnel_source == tuple(map(ip_network, networks))


@pytest.mark.parametrize(
    "new",
    [
        'vip = ["192.0.2.10", "2001:db8::99"]',  # one VIP per family, and reals of both
        'vip = "192.0.2.10"\non_unknown = "reset"',
    ],
)
def test_one_code_per_family(new: str) -> None:
    text = replaced('vip = "192.0.2.10"', new)
    parse(text.replace('"10.0.0.11"', '["10.0.0.11", "2001:db8:1::11"]'), "f.toml")


@pytest.mark.parametrize(
    ("vip", "port", "code", "real"),
    [
        ("192.0.2.10", 443, 12, "10.0.0.11"),  # the same VIP
        ("192.0.2.11", 80, 13, "10.0.0.11"),  # another code
        ("192.0.2.11", 80, 12, "10.0.0.13"),  # another real server
    ],
)
def test_codes_that_can_be_told_apart(vip: str, port: int, code: int, real: str) -> None:
    more = (
        f'[[service]]\nname = "more"\nvip = "{vip}"\nprotocol = "tcp"\nport = {port}\n'
        f'mode = "l3dsr"\nl3dsr = {{ method = "dscp", dscp = {code} }}\n'
        f'real = [{{ address = "{real}" }}]\n'
    )
    parse(GOOD + more, "f.toml")


def test_without_a_free_code_none_is_offered() -> None:
    more = "".join(
        f'[[service]]\nname = "s{code}"\nvip = "192.0.2.{100 + code}"\nprotocol = "tcp"\n'
        f'port = 80\nmode = "l3dsr"\ngroup = "web"\nl3dsr = {{ method = "dscp", dscp = {code} }}\n'
        for code in range(1, 64)
    )
    with pytest.raises(ConfigError) as caught:
        parse(GOOD + more, "f.toml")
    (problem,) = caught.value.problems
    assert problem.message.endswith("give each VIP a code of its own")


BOTH = '{ address = ["10.0.0.11", "2001:db8:1::11"] }'
ONLY4, ONLY6 = '{ address = "10.0.0.11" }', '{ address = "2001:db8:1::11" }'


@pytest.mark.parametrize("method", ["l2dsr", "dscp", "ipip", "gue"])
def test_the_address_of_the_vip_s_family_comes_first(method: str) -> None:
    config = with_method(method, '"192.0.2.1", "2001:db8::1"', BOTH)
    service = config.service[0]
    (real,) = config.reals_of(service)
    assert [config.address_for(service, real, family) for family in (4, 6)] == [V4, V6]


@pytest.mark.parametrize("method", ["ipip", "gue"])
@pytest.mark.parametrize("real", [ONLY4, ONLY6])
def test_a_tunnel_takes_the_other_address(method: str, real: str) -> None:
    config = with_method(method, '"192.0.2.1", "2001:db8::1"', real)
    service = config.service[0]
    (only,) = config.reals_of(service)
    assert {config.address_for(service, only, family) for family in (4, 6)} == {*only.address}


@pytest.mark.parametrize("method", ["l2dsr", "dscp"])
def test_without_a_tunnel_there_is_no_other(method: str) -> None:
    reals = f'{ONLY4}, {{ address = "2001:db8:1::12" }}'
    config = with_method(method, '"192.0.2.1", "2001:db8::1"', reals)
    service = config.service[0]
    four, six = config.reals_of(service)
    assert [config.address_for(service, four, family) for family in (4, 6)] == [V4, None]
    assert [config.address_for(service, six, family) for family in (4, 6)] == [None, *six.address]


@pytest.mark.parametrize(
    ("l3dsr", "text"),
    [
        (L3dsr(method="dscp", dscp=46), "dscp 46"),
        (L3dsr(method="ipip"), "ipip"),
        (L3dsr(method="gue"), "gue port 6080"),
    ],
)
def test_in_words(l3dsr: L3dsr, text: str) -> None:
    assert str(l3dsr) == text


def test_persistence_groups_share_the_addresses_that_are_used() -> None:
    """An IPv6 VIP through a tunnel goes to IPv4 addresses, which another method cannot use."""
    shared = 'persistence = "1m"\npersistence_group = "g"\n'
    tunnel = '[[service]]\nname = "{}"\nvip = "2001:db8::1{}"\nprotocol = "tcp"\nport = 80\n' + (
        shared + 'mode = "l3dsr"\n'
    )
    head = '[balancer]\ninterfaces = "eth0"\n'
    one = tunnel.format("one", 1) + f'l3dsr = {{ method = "ipip" }}\nreal = [{ONLY4}]\n'
    two = tunnel.format("two", 2) + f'l3dsr = {{ method = "gue" }}\nreal = [{ONLY4}]\n'
    parse(head + one + two, "f.toml")
    other = two.replace(ONLY4, BOTH)  # its own IPv6 address is taken
    with pytest.raises(ConfigError) as caught:
        parse(head + one + other, "f.toml")
    (problem,) = caught.value.problems
    assert problem.key == "service[1].persistence_group"
    assert "only in 'one': 10.0.0.11; only here: 2001:db8:1::11" in problem.message
