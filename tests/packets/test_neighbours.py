# SPDX-License-Identifier: Apache-2.0
"""What asking the kernel for neighbours leaves of the entries that it has."""

from __future__ import annotations

import os
import socket
from ipaddress import ip_address

import pytest

from dsrlb.net import neighbours
from dsrlb.net.neighbours import Neighbour
from tests.packets.namespace import namespace

MAC = "02:00:00:00:00:05"
ADDRESSES = ("10.0.0.5", "fd00::5")
COMMANDS = [
    "ip link add in0 type veth peer name in1",
    "ip link set in1 up",
    "ip link set in0 up",
    "ip addr add 10.0.0.1/24 dev in0",
    "ip addr add fd00::1/64 dev in0 nodad",
]


def _used(address: str) -> Neighbour | None:
    """The entry behind a use."""
    place = socket.if_nametoindex("in0"), ip_address(address)
    neighbours.use([place])
    return neighbours.list_neighbours().get(place)


@pytest.mark.parametrize("state", ["permanent", "noarp", "reachable"])
def test_who_is_used_stays_what_he_was(state: str) -> None:
    """Also who was entered by hand, because he answers nobody."""
    entries = [
        f"ip neigh replace {address} lladdr {MAC} nud {state} dev in0" for address in ADDRESSES
    ]
    with namespace(f"dsrlb-neighbours-{os.getpid()}", COMMANDS + entries) as pool:
        found = [pool.submit(_used, address).result() for address in ADDRESSES]
    assert found == [Neighbour(MAC, state)] * 2
