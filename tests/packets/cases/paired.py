# SPDX-License-Identifier: Apache-2.0
"""The cases of modes bridge, router, one-arm and nat (their services: paired_services.py).

in0 is 10.0.0.1 and fd00::1, out0 is 10.0.9.1 and has no IPv6 address. The pool of mode one-arm is
198.51.100.7 and 2001:db8:51::7.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from tests.packets.cases.case import Case

_MODES = ("bridge", "router", "one_arm", "nat")
_PARTS = (
    *("", "6", "_errors", "_errors6", "_fragments", "_fragments_tcp", "_vlan", "_sums", "_options"),
    *("_limits", "_refused", "_replies"),
)
_NAMES = [mode + part for mode in _MODES for part in _PARTS]
_NAMES += ["bridge_shared", "router_shared", "nat_shared", "one_arm_pool", "one_arm_pool6"]


_ELSEWHERE = (
    *("nat_outbound", "nat_outbound6", "nat_outbound_udp6", "bridge_blocked", "one_arm_exhausted"),
    *("one_arm_toa", "one_arm_toa6"),
)
"""With tests of their own."""


def _lists(module: object) -> list[list[Case]]:
    return [
        steps for name, steps in vars(module).items() if name.isupper() and isinstance(steps, list)
    ]


def _modules(names: Sequence[str]) -> list[ModuleType]:
    return [import_module(f"tests.packets.cases.{name}") for name in names]


SINGLES: list[Case] = [
    case for module in _modules(_NAMES) for case in getattr(module, "SINGLES", [])
]
"""Each is the first packet that the program sees."""

CONVERSATIONS: list[list[Case]] = [
    steps
    for module in _modules(_NAMES)
    for steps in _lists(module)
    if steps is not vars(module).get("SINGLES")
]
"""Frames in order."""

ALL: list[Case] = [
    case
    for module in _modules([*_NAMES, *_ELSEWHERE])
    for steps in _lists(module)
    for case in steps
]
