# SPDX-License-Identifier: Apache-2.0
"""Bridges, pools and real servers' ports: what is accepted, and every problem with its place."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from dsrlb.config import Config, parse
from dsrlb.errors import ConfigError, Problem
from tests.unit.config.nat_cases import CASES, GOOD
from tests.unit.config.pool_cases import A_RANGE, HOME_POOL, NO_POOLS, POOLS


def replaced(old: str, new: str) -> str:
    """The good text with one thing in it replaced."""
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def problem(text: str) -> Problem:
    """The only thing that is wrong."""
    with pytest.raises(ConfigError) as caught:
        parse(text, "f.toml")
    (found,) = caught.value.problems
    return found


def pooled(text: str) -> Config:
    """With another pool of service home, which gets an IPv6 VIP and real server."""
    good = replaced('"198.51.100.200"', text)
    good = good.replace('"198.51.100.10"', '["198.51.100.10", "2001:db8:5::10"]')
    return parse(good.replace('"10.1.0.11"', '["10.1.0.11", "fd00::11"]'), "f.toml")


def test_the_good_text_is_good() -> None:
    config = parse(GOOD, "f.toml")
    services = config.service
    assert [service.method for service in services] == [
        "one-arm",
        "bridge",
        "nat",
        "router",
        "l2dsr",
    ]
    assert [service.replies for service in services] == [True, True, True, True, False]
    assert [service.outbound for service in services] == [False, False, True, False, False]
    assert [service.snat is None for service in services] == [False, True, False, True, True]
    assert services[1].pool_for(4) == ()
    assert {service.mss_clamp for service in services} == {0}
    assert {real.port for service in services for real in config.reals_of(service)} == {0}
    (bridge,) = config.bridge
    assert (bridge.name, bridge.ports, bridge.reals_on) == ("br0", ("eth1", "eth2"), "eth2")


def test_the_other_port_is_the_clients() -> None:
    for reals_on, clients_on in (("eth1", "eth2"), ("eth2", "eth1")):
        config = parse(replaced('reals_on = "eth2"', f'reals_on = "{reals_on}"'), "f.toml")
        assert config.bridge[0].clients_on == clients_on


@pytest.mark.parametrize("name", CASES | POOLS)
def test_bad_value(name: str) -> None:
    old, new, line, key, value, says = (CASES | POOLS)[name]
    found = problem(replaced(old, new))
    assert (found.file, found.line) == ("f.toml", line)
    assert (found.key, found.value) == (key, value)
    assert says in found.message


@pytest.mark.parametrize("text", NO_POOLS)
def test_no_pool(text: str) -> None:
    found = problem(replaced('"198.51.100.200"', text))
    assert (found.line, found.key, found.message) == (38, HOME_POOL, A_RANGE)


@pytest.mark.parametrize(
    ("text", "four", "six"),
    [
        ('"198.51.100.200"', ["198.51.100.200"], []),
        ('"2001:db8:5::200"', [], ["2001:db8:5::200"]),
        (
            '["198.51.100.202/31", "198.51.100.200 - 198.51.100.201", "2001:db8:5::a0/127"]',
            [f"198.51.100.{last}" for last in (200, 201, 202, 203)],
            ["2001:db8:5::a0", "2001:db8:5::a1"],
        ),
    ],
)
def test_pools(text: str, four: list[str], six: list[str]) -> None:
    service = pooled(text).service[2]
    assert service.pool_for(4) == tuple(map(ip_address, four))
    assert service.pool_for(6) == tuple(map(ip_address, six))


def test_a_pool_may_have_256_addresses_of_each_family() -> None:
    service = pooled('["203.0.113.0/24", "2001:db8:5:5::/120"]').service[2]
    assert [len(service.pool_for(family)) for family in (4, 6)] == [256, 256]
    assert service.pool_for(6)[255] == ip_address("2001:db8:5:5::ff")


def test_equal_pools_are_equal_however_written() -> None:
    pools = ('"198.51.100.200/30"', '["198.51.100.202/31", "198.51.100.200", "198.51.100.201"]')
    one, other = (pooled(text).service[2].pool_for(4) for text in pools)
    assert one == other


def test_a_pool_in_words() -> None:
    service = pooled('["198.51.100.200", "198.51.100.202/31"]').service[2]
    assert str(service.snat) == "198.51.100.200, 198.51.100.202-198.51.100.203"


@pytest.mark.parametrize(
    ("line", "toa"), [("", False), ("toa = false", False), ("toa = true", True)]
)
def test_toa(line: str, toa: bool) -> None:
    snat = parse(replaced("# ARM", line), "f.toml").service[0].snat
    assert snat is not None
    assert snat.toa == toa
    assert str(snat).endswith(" with toa") == toa


def test_toa_that_is_off_is_no_problem_anywhere() -> None:
    snat = parse(replaced("# HOME", "snat.toa = false"), "f.toml").service[2].snat
    assert snat is not None
    assert not snat.toa


@pytest.mark.parametrize("mode", ["bridge", "router", "one-arm", "nat"])
@pytest.mark.parametrize(
    "line", ['on_unknown = "reset"', "mss_clamp = 536", "mss_clamp = 9000", "mss_clamp = 0"]
)
def test_what_every_mode_has(mode: str, line: str) -> None:
    snat = 'snat.pool = "192.0.2.99"' if mode == "one-arm" else ""
    more = (
        f'[[service]]\nname = "m"\nvip = "192.0.2.98"\nprotocol = "tcp"\nport = 80\n'
        f'mode = "{mode}"\nreal = [{{ address = "10.5.0.1", port = 8080 }}]\n{line}\n{snat}\n'
    )
    config = parse(GOOD + more, "f.toml")
    assert config.service[5].method == mode
    assert config.service[5].real[0].port == 8080


@pytest.mark.parametrize("port", ["port = 0", "weight = 2"])
def test_a_port_that_is_kept_is_no_problem_anywhere(port: str) -> None:
    text = GOOD.replace('{ address = "10.0.0.13" }', f'{{ address = "10.0.0.13", {port} }}')
    assert parse(text, "f.toml").service[4].real[0].port == 0


def test_a_group_that_no_service_has_may_have_ports() -> None:
    more = '[[group]]\nname = "later"\nreal = [{ address = "10.9.0.1", port = 8080 }]\n'
    assert parse(GOOD + more, "f.toml").group[1].real[0].port == 8080


def test_outbound_with_one_pool_for_both() -> None:
    """Written in another way, and beside a service that has no outbound."""
    more = (
        '[[service]]\nname = "more"\nvip = "198.51.100.11"\nprotocol = "tcp"\nport = 80\n'
        'mode = "nat"\nreal = [{ address = "10.1.0.11" }]\n'
    )
    parse(GOOD + more, "f.toml")
    parse(GOOD + more + 'outbound = true\nsnat.pool = ["198.51.100.200/32"]\n', "f.toml")


def test_bridges_of_a_service() -> None:
    second = '[[bridge]]\nname = "br1"\nports = ["eth3", "eth4"]\nreals_on = "eth3"\n'
    text = replaced("# BRIDGE\n", second).replace('"eth2"]', '"eth2", "eth3", "eth4"]', 1)
    config = parse(text, "f.toml")
    one, other = config.bridge
    arm, inline = config.service[:2]
    assert config.bridges_of(inline) == (one, other)
    assert config.bridges_of(arm) == ()
    narrow = parse(text.replace("# INLINE", 'interfaces = "eth4"'), "f.toml")
    assert narrow.bridges_of(narrow.service[1]) == (other,)


def test_other_problems_are_told_by_themselves() -> None:
    """A group that is missing, and a bridge that is wrong."""
    assert problem(replaced('group = "web"', 'group = "wbe"')).key == "service[0].group"
    text = replaced('"eth0", "eth1", "eth2"', '"eth0", "eth2"')
    assert problem(text).key == "bridge[0].ports"
