# SPDX-License-Identifier: Apache-2.0
"""The model's hash that algorithms choose by: numbers that a C program computed, and its spread.

The program is held against it in test_algorithm_hash.py.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from ipaddress import ip_address

import pytest

from tests.packets.algorithms import choice_hash
from tests.packets.algorithms.candidate import NewFlow

CLIENT, VIP = ip_address("198.51.100.7"), ip_address("192.0.2.10")
FLOW = NewFlow(CLIENT, VIP, 40000, 80, 6)
SIX = NewFlow(ip_address("2001:db8:7::1"), ip_address("2001:db8::10"), 1024, 443, 6)
MOST = (1 << 64) - 1


@pytest.mark.parametrize(
    ("flow", "seed", "by_source", "by_all"),
    [
        (FLOW, 0, 0x2C196067, 0xC2D5AB20),
        (FLOW, 1, 0x9F67E62F, 0x4CF40077),
        (FLOW, MOST, 0x37B94A88, 0x0CE2FCDF),
        (replace(FLOW, source=CLIENT + 1), 0, 0xF9F7BEE9, 0x2CA69CCA),
        (replace(FLOW, source_port=40001), 0, 0x2C196067, 0x03DD040E),
        (replace(FLOW, source_port=40001), MOST, 0x37B94A88, 0xE0151C0A),
        (replace(FLOW, protocol=17), 0, 0x2C196067, 0x4DEA5660),
        (SIX, 0, 0x4EC702D4, 0x424E4770),
        (SIX, 1, 0x11BF9D1A, 0xDF0BDAE3),
        (SIX, MOST, 0xA2647107, 0xEA24E22E),
    ],
)
def test_numbers(flow: NewFlow, seed: int, by_source: int, by_all: int) -> None:
    assert choice_hash(flow, "source", seed) == by_source
    assert choice_hash(flow, "tuple", seed) == by_all


@pytest.mark.parametrize("step", [1, 7, 256, 65536])
def test_neighbours_are_spread(step: int) -> None:
    """4,096 clients over 16 places, 256 each: none is further off than chance takes it."""
    first = int(ip_address("10.0.0.0"))
    clients = (ip_address((first + n * step) & 0xFFFFFFFF) for n in range(4096))
    flows = (replace(FLOW, source=client) for client in clients)
    found = Counter(choice_hash(flow, "source", 0) * 16 >> 32 for flow in flows)
    assert set(found) == set(range(16))
    assert max(abs(count - 256) for count in found.values()) < 80
