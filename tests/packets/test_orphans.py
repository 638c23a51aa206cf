# SPDX-License-Identifier: Apache-2.0
"""Handshakes whose real server is removed before they are complete: what they leave is in nobody's
way."""

from __future__ import annotations

import pytest

from tests.packets.balanced import FAR, Place, Setting
from tests.packets.balanced_clients import ACK, SYN, Client, Clients
from tests.packets.harness import Program

MODES = [*FAR, "one-arm", "l2dsr"]


def removed(clients: Clients, *numbers: int) -> None:
    """The real servers are these now."""
    clients.setting.places = {number: Place() for number in numbers}
    clients.apply()


@pytest.mark.parametrize("flags", [SYN, ACK], ids=["syn", "ack"])
@pytest.mark.parametrize("family", [0, 1], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("mode", MODES)
def test_removed_and_back(program: Program, mode: str, family: int, flags: int) -> None:
    """A new real server with the address of the old one: its replies have the same ends."""
    clients, who = Clients(program, Setting(mode, places={11: Place()})), Client(family)
    assert clients.send(who, SYN) == "forwarded"
    removed(clients, 12)
    removed(clients, 11)
    assert clients.send(who, flags) == "forwarded"
    assert clients.send(who, ACK) == "forwarded"
