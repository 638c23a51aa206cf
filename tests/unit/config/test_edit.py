# SPDX-License-Identifier: Apache-2.0
"""Changes by command: the new configuration, or why not; the old one is never touched."""

from __future__ import annotations

from typing import Any

import pytest

from dsrlb.config import Config, edit
from dsrlb.config.edit import value_of
from dsrlb.errors import ConfigError
from tests.unit.config.edits import BASE, changed


def reals(config: Config, index: int) -> list[tuple[str, int]]:
    """(first address, weight) of a service's reals."""
    found = config.reals_of(config.service[index])
    return [(str(real.address[0]), real.weight) for real in found]


def test_service_add() -> None:
    config = changed("service-add", "ssh", vip="192.0.2.10", protocol="tcp", port=22, group="pool")
    added = config.service[3]
    assert (added.name, added.mode, added.idle_timeout) == ("ssh", "l2dsr", 900)
    assert config.service[:3] == BASE.service


def test_service_set() -> None:
    service = changed("service-set", "web", port=[80, "8000-8099"], idle_timeout="1m").service[0]
    assert [ports.plain for ports in service.port] == [80, "8000-8099"]
    assert service.idle_timeout == 60
    assert service.group == "pool"


def test_a_new_protocol_has_its_own_idle_timeout() -> None:
    assert changed("service-set", "dns", protocol="tcp").service[2].idle_timeout == 900
    kept = changed("service-set", "dns", protocol="udp", port=54).service[2]
    assert kept.idle_timeout == 5
    given = changed("service-set", "dns", protocol="tcp", idle_timeout=7).service[2]
    assert given.idle_timeout == 7


def test_a_group_in_place_of_own_reals() -> None:
    config = changed("service-set", "dns", group="pool")
    assert config.service[2].real == ()
    assert reals(config, 2) == [("10.0.0.11", 1), ("10.0.0.12", 1)]


def test_lists_and_rates_by_command() -> None:
    service = changed(
        "service-set", "web", allow=["10.0.0.0/8", "::/0"], new_flow_rate=50, persistence="5m"
    ).service[0]
    assert [str(prefix) for prefix in service.allow] == ["10.0.0.0/8", "::/0"]
    assert (service.new_flow_rate, service.persistence) == (50, 300)


@pytest.mark.parametrize(
    ("on", "off"),
    [
        ({"new_flow_rate": 50, "new_flow_burst": 9}, {"new_flow_rate": 0}),
        ({"source_flow_rate": 50, "source_flow_burst": 9}, {"source_flow_rate": 0}),
        ({"persistence": 60, "persistence_group": "g"}, {"persistence": 0}),
        ({"persistence": 60, "persistence_group": "g"}, {"persistence": "0s"}),
        ({"allow": ["10.0.0.0/8"]}, {"allow": []}),
    ],
)
def test_what_is_turned_off_takes_along_what_belongs_to_it(
    on: dict[str, Any], off: dict[str, Any]
) -> None:
    config = changed("service-set", "web", **on)
    change = {"verb": "service-set", "service": "web", "settings": off}
    assert edit(config, change) == BASE


def test_limits_of_a_real_by_command() -> None:
    config = changed("real-set", "web", "10.0.0.12", max_open=100, max_open_low=10)
    real = config.group[0].real[1]
    assert (real.max_open, real.max_open_low) == (100, 10)
    change = {"verb": "real-set", "service": "web", "address": "10.0.0.12"}
    assert edit(config, {**change, "settings": {"max_open": 0}}) == BASE
    with pytest.raises(ConfigError, match="less than max_open, which is 5"):
        edit(config, {**change, "settings": {"max_open": 5}})
    with pytest.raises(ConfigError, match="no max_open"):  # what is given is not thrown away
        edit(config, {**change, "settings": {"max_open": 0, "max_open_low": 0}})


def test_service_remove() -> None:
    assert [s.name for s in changed("service-remove", "tls").service] == ["web", "dns"]


def test_the_last_service_can_go() -> None:
    config = BASE
    for name in ("web", "tls", "dns"):
        config = edit(config, {"verb": "service-remove", "service": name})
    assert config.service == ()
    assert config.group == BASE.group


def test_real_add_reaches_every_service_of_the_group() -> None:
    config = changed("real-add", "web", "10.0.0.14", weight=5)
    assert reals(config, 0)[2] == ("10.0.0.14", 5)
    assert reals(config, 1) == reals(config, 0)
    assert reals(config, 2) == reals(BASE, 2)


def test_real_add_with_both_families() -> None:
    config = changed("real-add", "dns", "10.0.0.14, 2001:db8:1::14")
    assert [ip.version for ip in config.service[2].real[1].address] == [4, 6]


@pytest.mark.parametrize("address", ["10.0.0.11", "2001:db8:1::11", "2001:DB8:1:0::11"])
def test_real_set_by_any_address(address: str) -> None:
    config = changed("real-set", "tls", address, weight=0)
    assert reals(config, 0) == reals(config, 1) == [("10.0.0.11", 0), ("10.0.0.12", 1)]


def test_real_remove() -> None:
    assert reals(changed("real-remove", "web", "2001:db8:1::11"), 1) == [("10.0.0.12", 1)]


@pytest.mark.parametrize(
    ("verb", "service", "address", "settings", "key", "says"),
    [
        ("explode", "web", "", {}, "verb", "one of service-add, service-set"),
        ("service-set", "mail", "", {}, "service", "there are: web, tls, dns"),
        ("service-remove", "mail", "", {}, "service", "no such service"),
        ("real-add", "mail", "10.0.0.9", {}, "service", "no such service"),
        ("real-set", "web", "10.0.0.13", {}, "real", "it has: 10.0.0.11, 10.0.0.12, 2001:db8:1::"),
        ("real-remove", "dns", "x", {}, "real", "it has: 10.0.0.13"),
        ("real-remove", "dns", "10.0.0.13", {}, "service[2]", "no real servers"),
        ("real-add", "web", "10.0.0.12", {}, "group[0].real[2].address", "duplicate real server"),
        ("real-add", "web", "10.0.0.999", {}, "group[0].real[2].address", "an IPv4 or IPv6"),
        ("real-set", "web", "10.0.0.12", {"weight": -1}, "group[0].real[1].weight", "greater"),
        ("service-set", "web", "", {"gruop": "x"}, "service[0].gruop", "did you mean 'group'"),
        ("service-set", "web", "", {"port": 443}, "service[1].port", "belongs to service 'web'"),
        ("service-set", "web", "", {"algorithm": "lc"}, "service[0].algorithm", "'maglev'"),
        ("service-set", "web", "", {"mode": "l3dsr"}, "service[0].mode", "needs [service.l3dsr]"),
        (
            "service-set",
            "web",
            "",
            {"l3dsr": {"method": "ipip"}},
            "service[0].mode",
            'belongs to mode = "l3dsr"',
        ),
        (
            "service-set",
            "web",
            "",
            {"mode": "l3dsr", "l3dsr": "ipip"},
            "service[0].l3dsr",
            'a table: l3dsr.method = "ipip"',
        ),
        ("service-add", "web", "", {}, "service[3].vip", "needed"),
        (
            "service-add",
            "web",
            "",
            {"vip": "192.0.2.9", "protocol": "tcp", "port": 1, "group": "pool"},
            "service[3].name",
            "has this name already",
        ),
    ],
)
def test_refusals(
    verb: str, service: str, address: str, settings: dict[str, Any], key: str, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        changed(verb, service, address, **settings)
    found = {problem.key: problem for problem in caught.value.problems}
    assert says in found[key].message
    assert {(p.file, p.line) for p in found.values()} == {("<command>", None)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("80", 80),
        ("80,443", [80, 443]),
        ("80, 8000-8099", [80, "8000-8099"]),
        ("true", True),
        ('"80"', "80"),
        ("10m", "10m"),
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::1"),
        ('["a", "b"]', ["a", "b"]),
        ("any", "any"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.0/8,2001:db8::/32", ["10.0.0.0/8", "2001:db8::/32"]),
        ("[]", []),
    ],
)
def test_values_of_commands(text: str, value: object) -> None:
    assert value_of(text) == value
