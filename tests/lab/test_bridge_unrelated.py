# SPDX-License-Identifier: Apache-2.0
"""Mode bridge: what is of no service crosses as it does without dsrlb, to the last bit."""

from __future__ import annotations

import json
import os

import pytest

from tests.lab.foreign.across import BRIDGE, PORTS, Across, bridged, crossing, difference
from tests.lab.foreign.names import PORT, REALS, STATION4, STATION6, VIPS4, VIPS6
from tests.lab.instance import Instance


def _config() -> str:
    """The station that sends everything is a real server, too."""
    text = f'[balancer]\ninterfaces = {json.dumps(PORTS)}\nxdp_mode = "native"\n'
    text += f'flow_capacity = 10000\n[[bridge]]\nname = "{BRIDGE}"\n'
    text += f'ports = {json.dumps(PORTS)}\nreals_on = "{PORTS[1]}"\n[[group]]\nname = "reals"\n'
    text += 'health.type = "none"\n'
    for real in (*REALS, (STATION4, STATION6)):
        text += f"[[group.real]]\naddress = {json.dumps(real)}\n"
    for protocol in ("tcp", "udp"):
        text += f'[[service]]\nname = "{protocol}"\nprotocol = "{protocol}"\nport = {PORT}\n'
        text += f'vip = {json.dumps([VIPS4[0], VIPS6[0]])}\ngroup = "reals"\nmode = "bridge"\n'
    return text


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Across:
    """The run without dsrlb."""
    with bridged(f"{os.getpid()}-bare", tmp_path_factory.mktemp("bare")) as network:
        return network.observe()


@pytest.fixture(scope="module")
def balanced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Across, set[str]]:
    """The run with it, and the reasons for which it counted packets."""
    folder = tmp_path_factory.mktemp("balanced")
    with bridged(f"{os.getpid()}-with", folder) as network:
        instance = Instance(f"t-{os.getpid()}-across", network.host, folder)
        try:
            instance.start(_config(), up=0)
            seen = network.observe()
            rows = instance.get("/stats")
            reasons = {name for row in rows for name, count in row["reasons"].items() if count}
            return seen, reasons
        finally:
            instance.remove()


@pytest.mark.parametrize("side", PORTS)
def test_the_bridge_alone_carries_it(without: Across, side: str) -> None:
    """There is something to compare; groups of the link are what a bridge does not carry."""
    sent = crossing(side)
    assert len(sent) > len(without.received[side]) > len(sent) // 2
    groups = {
        frame[5] for frame in without.received[side] if frame[:5] == bytes.fromhex("0180c20000")
    }
    assert 0 in groups and 1 not in groups


@pytest.mark.parametrize("side", PORTS)
def test_everything_crosses_as_without(
    balanced: tuple[Across, set[str]], without: Across, side: str
) -> None:
    assert difference(balanced[0].received[side], without.received[side]) == ""
    assert difference(balanced[0].back[side], without.back[side]) == ""


def test_the_bridge_learns_the_same(balanced: tuple[Across, set[str]], without: Across) -> None:
    assert balanced[0].learnt == without.learnt


def test_it_is_counted_as_passed(balanced: tuple[Across, set[str]]) -> None:
    assert balanced[1] == {"pass"}
