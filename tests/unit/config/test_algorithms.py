# SPDX-License-Identifier: Apache-2.0
"""Algorithms, and the addresses of probes: what is accepted, and every problem with its place."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from dsrlb.config import Service, parse
from dsrlb.config.choices import HASHED, SCANNED, TABLE_SIZES
from dsrlb.config.probes import prefixes_in_use
from dsrlb.errors import ConfigError, Problem
from tests.unit.config.algorithm_cases import CASES, FASTEST, GOOD, MAGLEV

ALL = ("round-robin", "weighted-round-robin", *SCANNED, *HASHED)


def with_lines(**lines: str) -> str:
    """The good text with lines in place of its comments."""
    text = GOOD
    for name, line in lines.items():
        text = text.replace(f"# {name.upper()}\n", line + "\n")
    return text


def web(lines: str, **others: str) -> Service:
    """The first service with these lines."""
    return parse(with_lines(web=lines, **others), "f.toml").service[0]


def problems(text: str) -> list[Problem]:
    """What is wrong with a text."""
    with pytest.raises(ConfigError) as caught:
        parse(text, "f.toml")
    return list(caught.value.problems)


def only(text: str) -> Problem:
    """The one thing that is wrong with a text."""
    (problem,) = problems(text)
    return problem


def test_defaults() -> None:
    good = parse(GOOD, "f.toml")
    service, balancer = good.service[0], good.balancer
    assert (service.algorithm, service.hash_on, service.table_size) == ("round-robin", None, 0)
    assert not service.by_hash
    assert balancer.hash_seed == 0
    assert balancer.probe_prefix == (ip_network("198.18.0.0/16"), ip_network("fd00:d5::/96"))


@pytest.mark.parametrize("name", ALL)
def test_every_algorithm(name: str) -> None:
    assert web(f'algorithm = "{name}"').algorithm == name


@pytest.mark.parametrize(
    ("lines", "by_source"),
    [
        ('algorithm = "hash"', True),
        (MAGLEV, False),
        ('algorithm = "hash"\nhash_on = "tuple"', False),
        (f'{MAGLEV}\nhash_on = "source"', True),
        ('algorithm = "round-robin"', False),
    ],
)
def test_what_is_hashed(lines: str, by_source: bool) -> None:
    assert web(lines).by_source == by_source


@pytest.mark.parametrize("size", [0, *TABLE_SIZES])
def test_sizes_of_tables(size: int) -> None:
    assert web(f"{MAGLEV}\ntable_size = {size}").table_size == size


@pytest.mark.parametrize("name", CASES)
def test_bad_value(name: str) -> None:
    where, lines, line, key, value, says = CASES[name]
    problem = only(with_lines(**{where: lines}))
    assert (problem.file, problem.line) == ("f.toml", line)
    assert (problem.key, problem.value) == (key, value)
    assert says in problem.message


def reals(*weights: int, family: int = 4) -> str:
    """The good text where the group has real servers of these weights, of one family."""
    start, end = GOOD.index("[[group.real]]"), GOOD.index("[[service]]")
    addresses = (f"10.{family}.{n >> 8}.{n & 255}" for n in range(len(weights)))
    if family == 6:
        addresses = (f"2001:db8:1::{n:x}" for n in range(1, len(weights) + 1))
    tables = (
        f'[[group.real]]\naddress = "{address}"\nweight = {weight}\n'
        for address, weight in zip(addresses, weights, strict=True)
    )
    return GOOD[:start] + "".join(tables) + GOOD[end:]


def four(lines: str, *weights: int) -> str:
    """As reals(), with these lines in web, which has no IPv6 then."""
    text = reals(*weights).replace("# WEB", lines)
    return text.replace('["192.0.2.10", "2001:db8::10"]', '"192.0.2.10"')


@pytest.mark.parametrize("name", HASHED)
def test_each_real_server_has_an_entry(name: str) -> None:
    algorithm = f'algorithm = "{name}"'
    pinned = f"{algorithm}\ntable_size = 4093"
    parse(four(pinned, 4092, 1), "f.toml")
    parse(four(pinned, 8184, 2, 0), "f.toml")  # who has no weight needs none
    parse(four(algorithm, 4093, 1), "f.toml")
    problem = only(four(pinned, 4093, 1))
    assert (problem.key, problem.value) == ("service[0].table_size", "4093")
    assert "would have less than one entry: at least 4,094 are needed" in problem.message
    parse(four(algorithm, *[65535] * 8, 2), "f.toml")
    problem = only(four(algorithm, *[65535] * 9, 1))
    assert (problem.key, problem.value) == ("service[0].algorithm", f'"{name}"')
    assert "all together are 589,816 times the smallest one" in problem.message
    parse(four(algorithm, *[65535] * 9, 0), "f.toml")


@pytest.mark.parametrize("name", ALL)
def test_how_many_real_servers(name: str) -> None:
    algorithm = f'algorithm = "{name}"'
    parse(four(algorithm, *[1] * 256), "f.toml")
    text = four(algorithm, *[1] * 257)
    if name not in SCANNED:
        parse(text, "f.toml")
        return
    problem = only(text)
    assert (problem.key, problem.value) == ("service[0].algorithm", f'"{name}"')
    assert "256 of each address family at most, and there are 257 of IPv4" in problem.message
    assert "round-robin, weighted-round-robin, hash and maglev take 4,096" in problem.message


def test_real_servers_are_counted_by_family() -> None:
    """300 real servers, each of one family."""
    v4, v6 = (reals(*[1] * 150, family=family) for family in (4, 6))
    start, end = v6.index("[[group.real]]"), v6.index("[[service]]")
    at = v4.index("[[service]]")
    text = v4[:at] + v6[start:end] + v4[at:]
    parse(text.replace("# WEB", 'algorithm = "adaptive"'), "f.toml")


def test_4096_real_servers() -> None:
    parse(four(MAGLEV, *[1] * 4096), "f.toml")
    problem = only(four(MAGLEV, *[1] * 4097))
    assert (problem.key, problem.value) == ("group[0].real", '"4097 reals"')
    assert "at most 4,096 real servers" in problem.message


@pytest.mark.parametrize("name", [*HASHED, "round-robin", "weighted-round-robin"])
def test_packets_by_themselves(name: str) -> None:
    parse(with_lines(dns=f'one_packet = true\nalgorithm = "{name}"'), "f.toml")


@pytest.mark.parametrize("port", ["80", '["any", 80]', '"8000-8099"'])
def test_ports_that_can_be_probed(port: str) -> None:
    text = with_lines(web=FASTEST).replace("port = 80", f"port = {port}")
    assert parse(text, "f.toml").service[0].probed


def test_no_port_to_probe() -> None:
    text = with_lines(web=FASTEST).replace("port = 80", 'port = "any"')
    problem = only(text)
    assert (problem.key, problem.value) == ("service[0].algorithm", '"fastest-response-time"')
    assert 'give one too, such as port = ["any", 80]' in problem.message
    routed = parse(text.replace('"l2dsr"', '"nat"'), "f.toml")  # the clients' packets tell
    assert not routed.service[0].probed


def test_udp_is_timed_where_replies_come_back() -> None:
    parse(with_lines(dns=FASTEST).replace('"l2dsr"', '"router"'), "f.toml")


IN_THE_DEFAULT = GOOD.replace("192.0.2.10", "198.18.2.10")


def test_the_default_prefix_is_in_nobodys_way_where_nobody_is_probed() -> None:
    parse(IN_THE_DEFAULT, "f.toml")
    problem = only(IN_THE_DEFAULT.replace("# WEB", FASTEST))
    assert (problem.key, problem.value) == ("balancer.probe_prefix", '"198.18.0.0/16"')
    assert "VIP 198.18.2.10 (of service 'web')" in problem.message
    other = IN_THE_DEFAULT.replace("# BALANCER", 'probe_prefix = ["10.9.0.0/16", "fd00:9::/96"]')
    parse(other.replace("# WEB", FASTEST), "f.toml")


def test_a_pool_in_the_way() -> None:
    arm = 'mode = "one-arm"\nsnat = { pool = ["192.0.2.200", "2001:db8::c0/124"] }'
    text = with_lines(balancer='probe_prefix = "2001:db8::/112"').replace('mode = "l2dsr"', arm, 1)
    problem = only(text.replace("2001:db8::10", "2001:db8:7::10"))
    assert problem.value == '"2001:db8::/112"'
    assert "the pool 2001:db8::c0-2001:db8::cf (of service 'web')" in problem.message


@pytest.mark.parametrize(
    ("prefixes", "family", "shown"),
    [('"198.18.0.0/16"', 6, '"198.18.0.0/16"'), ("[]", 4, '"none"')],
)
def test_a_family_without_a_prefix(prefixes: str, family: int, shown: str) -> None:
    parse(with_lines(balancer=f"probe_prefix = {prefixes}"), "f.toml")
    found = problems(with_lines(balancer=f"probe_prefix = {prefixes}", web=FASTEST))
    assert (found[0].key, found[0].value) == ("balancer.probe_prefix", shown)
    assert (
        f"no IPv{family} prefix, and the real servers of service 'web' are asked"
        in found[0].message
    )
    assert len(found) == (1 if family == 6 else 2)


def test_prefixes_in_use() -> None:
    def used(text: str) -> list[str]:
        return [str(prefix) for prefix in prefixes_in_use(parse(text, "f.toml"))]

    assert used(GOOD) == []
    assert used(with_lines(balancer='probe_prefix = "10.9.0.0/16"')) == ["10.9.0.0/16"]
    assert used(with_lines(web=FASTEST)) == ["198.18.0.0/16", "fd00:d5::/96"]
