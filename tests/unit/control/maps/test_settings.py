# SPDX-License-Identifier: Apache-2.0
"""The settings, and whose packets are of interest."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from dsrlb.config import Config
from dsrlb.control.desired.contents import Desired
from dsrlb.control.maps.apply import Applier
from dsrlb.control.maps.installed import read
from dsrlb.dataplane.keys import address_bytes
from tests.unit.control.changes import WEB
from tests.unit.control.fakemaps import FakeMaps
from tests.unit.control.invariants import of_interest
from tests.unit.control.replay import A1, A2, ELEVEN, config_of, desired_of, service

PROBE = (77, bytes.fromhex("0200000000aa"))
VIP, OTHER = ip_address("192.0.2.10"), ip_address("192.0.2.11")
ROUTED = config_of(service("web", "80", [A1], mode="router"))
ARM = config_of(service("web", "80", [A1], mode="one-arm", pool='"192.0.2.200"'))


def probed(desired: Desired) -> Desired:
    """The same, while somebody probes."""
    desired.probe = PROBE
    return desired


def settings_of(maps: FakeMaps) -> tuple[int, bytes, int]:
    """ifindex and MAC address of who probes, and the seed."""
    settings = maps["settings"].get(0)
    assert settings is not None
    return int(settings["probe_ifindex"]), settings["probe_mac"].tobytes(), settings["choice_seed"]


@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_the_seed(seed: int) -> None:
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    desired = desired_of(WEB)
    desired.choice_seed = seed
    applier.apply(desired)
    assert settings_of(maps) == (0, bytes(6), seed)
    writes = maps.writes.count("settings")
    applier.apply(desired)
    assert maps.writes.count("settings") == writes


def test_who_probes() -> None:
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    applier.apply(probed(desired_of(WEB)))
    assert settings_of(maps) == (*PROBE, 0)
    assert of_interest(maps, 1, VIP)
    assert not of_interest(maps, 1, ip_address(A1))  # whose replies do not come back
    taken_over = Applier(maps, read(maps))
    taken_over.apply(desired_of(WEB))
    assert settings_of(maps) == (0, bytes(6), 0)
    assert not of_interest(maps, 1, VIP)


@pytest.mark.parametrize("wanted", [ROUTED, ARM], ids=["router", "one-arm"])
def test_who_answers_probes_where_replies_come_back(wanted: Config) -> None:
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    applier.apply(desired_of(wanted))
    assert of_interest(maps, 1, ip_address(A1)) == (wanted is ROUTED)
    applier.apply(probed(desired_of(wanted)))
    assert of_interest(maps, 1, ip_address(A1))
    assert of_interest(maps, 1, VIP)
    assert not of_interest(maps, 1, ip_address("192.0.2.200"))  # of the pool: nobody answers by it


def test_answers_are_looked_at_while_a_vip_is_there() -> None:
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    applier.apply(probed(desired_of(WEB)))
    moved = config_of(service("web", "80", [A1, A2], vip=ELEVEN))

    def watch(_: str) -> None:
        for vip in (VIP, OTHER):
            if maps["vips"].get(address_bytes(vip)) is not None:
                assert of_interest(maps, 1, vip)

    maps.watch = watch
    applier.apply(probed(desired_of(moved)))
    assert not of_interest(maps, 1, VIP)
    assert of_interest(maps, 1, OTHER)
