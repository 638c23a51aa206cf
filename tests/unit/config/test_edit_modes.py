# SPDX-License-Identifier: Apache-2.0
"""Changes by command of the mode, and of what belongs to some modes alone."""

from __future__ import annotations

from typing import Any

import pytest

from dsrlb.config import Bridge, L3dsr, edit
from dsrlb.errors import ConfigError
from tests.unit.config.edits import BASE, changed

TABLES: dict[str, dict[str, Any]] = {
    "dscp": {"method": "dscp", "dscp": 12},
    "ipip": {"method": "ipip"},
    "gue": {"method": "gue", "gue_port": 7000},
}


@pytest.mark.parametrize("first", TABLES)
@pytest.mark.parametrize("then", TABLES)
def test_the_method_can_be_changed(first: str, then: str) -> None:
    config = changed("service-set", "web", mode="l3dsr", l3dsr=TABLES[first])
    assert config.service[0].l3dsr == L3dsr(**TABLES[first])
    change = {"verb": "service-set", "service": "web", "settings": {"l3dsr": TABLES[then]}}
    config = edit(config, change)
    assert (config.service[0].mode, config.service[0].l3dsr) == ("l3dsr", L3dsr(**TABLES[then]))
    assert edit(config, {**change, "settings": {"mode": "l2dsr"}}) == BASE


@pytest.mark.parametrize(
    ("first", "settings", "text"),
    [
        ("dscp", {"l3dsr": {"dscp": 13}}, "dscp 13"),
        ("dscp", {"l3dsr": {"method": "dscp"}}, "dscp 12"),
        ("dscp", {"mode": "l3dsr"}, "dscp 12"),
        ("dscp", {"l3dsr": {"method": "gue"}}, "gue port 6080"),
        ("gue", {"l3dsr": {"gue_port": 7001}}, "gue port 7001"),
        ("gue", {"port": 81}, "gue port 7000"),
    ],
)
def test_of_l3dsr_what_is_not_given_stays(first: str, settings: dict[str, Any], text: str) -> None:
    config = changed("service-set", "web", mode="l3dsr", l3dsr=TABLES[first])
    after = edit(config, {"verb": "service-set", "service": "web", "settings": settings})
    assert str(after.service[0].l3dsr) == text


def test_service_add_in_mode_l3dsr() -> None:
    config = changed(
        "service-add",
        "ssh",
        vip="192.0.2.10",
        protocol="tcp",
        port=22,
        group="pool",
        mode="l3dsr",
        l3dsr={"method": "ipip"},
    )
    assert config.service[3].method == "ipip"


ARM: dict[str, Any] = {"mode": "one-arm", "snat": {"pool": "192.0.2.200"}}
OUT = {"mode": "nat", "outbound": True, "snat": {"pool": "192.0.2.200"}}


@pytest.mark.parametrize(
    "settings",
    [ARM, OUT, {"mode": "router", "mss_clamp": 1400}, {"mode": "l3dsr", "l3dsr": TABLES["gue"]}],
)
def test_a_mode_goes_with_what_belongs_to_it(settings: dict[str, Any]) -> None:
    config = changed("service-set", "web", **settings)
    assert edit(config, {"verb": "service-set", "service": "web", "settings": settings}) == config
    back = {"verb": "service-set", "service": "web", "settings": {"mode": "l2dsr"}}
    assert edit(config, back) == BASE


@pytest.mark.parametrize(
    ("first", "settings", "kept"),
    [
        (OUT, {"mode": "one-arm"}, {"snat"}),
        (OUT, {"mode": "router"}, set()),
        (OUT, {"outbound": False}, set()),
        (OUT, {"port": 81}, {"outbound", "snat"}),
        (ARM, {"mode": "nat"}, set()),
        (ARM, {"mode": "nat", "outbound": True}, {"outbound", "snat"}),
        (ARM | {"mss_clamp": 1400}, {"mode": "bridge"}, {"mss_clamp"}),
        (ARM | {"mss_clamp": 1400}, {"protocol": "udp"}, {"snat"}),
        (ARM | {"mss_clamp": 1400}, {"mss_clamp": 0}, {"snat"}),
    ],
)
def test_of_another_mode_what_it_has_stays(
    first: dict[str, Any], settings: dict[str, Any], kept: set[str]
) -> None:
    bridge = Bridge(name="br0", ports=("eth0", "eth1"), reals_on="eth1")
    base = BASE.model_copy(
        update={
            "bridge": (bridge,),
            "balancer": BASE.balancer.model_copy(update={"interfaces": ("eth0", "eth1")}),
        }
    )
    change = {"verb": "service-set", "service": "web", "settings": first}
    config = edit(edit(base, change), change | {"settings": settings})
    service = config.service[0]
    assert {key for key in ("snat", "outbound", "mss_clamp") if getattr(service, key)} == kept
    assert config.bridge == (bridge,)


def test_of_a_pool_what_is_not_given_stays() -> None:
    config = changed("service-set", "web", **ARM)
    for settings, pool, toa in (
        ({"snat": {"toa": True}}, "192.0.2.200", True),
        ({"snat": {"pool": "192.0.2.201"}}, "192.0.2.201", True),
        ({"snat": {"toa": False}}, "192.0.2.201", False),
        ({"snat": {"toa": True, "pool": "192.0.2.202"}}, "192.0.2.202", True),
        ({"mode": "nat", "outbound": True}, "192.0.2.202", False),
        ({"mode": "one-arm", "snat": {"toa": True}}, "192.0.2.202", True),
        ({"protocol": "udp"}, "192.0.2.202", False),
    ):
        config = edit(config, {"verb": "service-set", "service": "web", "settings": settings})
        snat = config.service[0].snat
        assert snat is not None
        assert (str(snat.pool[0]), snat.toa) == (pool, toa)


def test_what_is_given_is_not_thrown_away() -> None:
    for settings, says in (
        ({"snat": {"pool": "192.0.2.200"}}, "belongs to mode"),
        ({"outbound": True}, 'only with mode = "nat", not l2dsr'),
        ({"snat": {"toa": True}}, "this key is needed"),
        ({"mss_clamp": 1400}, "only in mode bridge, router, one-arm or nat"),
    ):
        with pytest.raises(ConfigError, match=says):
            changed("service-set", "web", **settings)


def test_toa_that_is_given_is_not_thrown_away() -> None:
    toa = {"pool": "192.0.2.200", "toa": True}
    with pytest.raises(ConfigError, match="only in mode one-arm"):
        changed("service-set", "web", mode="nat", outbound=True, snat=toa)
    with pytest.raises(ConfigError, match='only with protocol = "tcp", not udp'):
        changed("service-set", "dns", mode="one-arm", snat=toa)


def test_a_port_of_a_real_by_command() -> None:
    config = changed("service-set", "dns", mode="router")
    change = {"verb": "real-set", "service": "dns", "address": "10.0.0.13"}
    config = edit(config, {**change, "settings": {"port": 5353}})
    assert config.service[2].real[0].port == 5353
    assert edit(config, {**change, "settings": {"port": 0}}).service[2].real[0].port == 0
    with pytest.raises(ConfigError, match=r"in mode l2dsr \(service 'web'\) the port is kept"):
        changed("real-set", "web", "10.0.0.12", port=8080)
