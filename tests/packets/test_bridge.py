# SPDX-License-Identifier: Apache-2.0
"""Mode bridge while a port does not forward: the bridge gets everything as it came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from dsrlb.control.desired.contents import LinkState
from tests.packets.cases.bridge import blocked as bridge_blocked
from tests.packets.cases.case import Case
from tests.packets.cases.paired_services import CONFIG, FAR, RESOLUTIONS
from tests.packets.harness import LINK, Program
from tests.packets.pair_steps import TCP, Connection, states
from tests.packets.test_paired_cases import go

LINKS = [replace(LINK, forwarding=False), replace(FAR, forwarding=False)]


@pytest.fixture
def configured(program: Program) -> Iterator[Program]:
    """The program with the services of the cases."""
    program.link(FAR)
    program.configure(CONFIG, RESOLUTIONS)
    yield program
    program.reset()


@pytest.mark.parametrize("blocked", LINKS, ids=["in0", "out0"])
@pytest.mark.parametrize(
    "steps", [bridge_blocked.BLOCKED, bridge_blocked.BLOCKED6], ids=["ipv4", "ipv6"]
)
def test_new_flows(configured: Program, blocked: LinkState, steps: list[Case]) -> None:
    """None is begun."""
    configured.link(blocked)
    for case in steps:
        go(configured, case)
    assert states(configured) == {}


@pytest.mark.parametrize("blocked", LINKS, ids=["in0", "out0"])
@pytest.mark.parametrize(
    ("steps", "family"),
    [(bridge_blocked.STOPPED, 4), (bridge_blocked.STOPPED6, 6)],
    ids=["ipv4", "ipv6"],
)
def test_open_flows(
    configured: Program, blocked: LinkState, steps: list[Case], family: int
) -> None:
    """They go on when the port forwards again."""
    there = Connection(configured, TCP["bridge"], family, 6)
    there.open()
    configured.link(blocked)
    for case in steps:
        go(configured, case)
    configured.link(replace(LINK, forwarding=True))
    configured.link(replace(FAR, forwarding=True))
    assert there.request() == "forwarded"
    assert there.reply() == "forwarded-reply"
