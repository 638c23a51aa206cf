# SPDX-License-Identifier: Apache-2.0
"""Maps put into bytecode: a look-up in an array of one element becomes its address."""

from __future__ import annotations

import struct
from typing import cast

import pytest

from dsrlb.dataplane.artifact import Program
from dsrlb.dataplane.linking import link
from dsrlb.dataplane.maps import MapSet

LOAD = struct.pack("<BBhi", 0x18, 1, 0, 0) + bytes(8)  # r1 = map
KEY = struct.pack("<BBhi", 0xBF, 0xA2, 0, 0) + struct.pack("<BBhi", 0x07, 2, 0, -8)
CALL = struct.pack("<BBhi", 0x85, 0, 0, 1)
EXIT = struct.pack("<BBhi", 0x95, 0, 0, 0)
UPDATE = struct.pack("<BBhi", 0x85, 0, 0, 2)


class _Maps:
    def fd(self, name: str) -> int:
        return {"one": 7, "many": 8}[name]

    def is_single(self, name: str) -> bool:
        return name == "one"


def _linked(code: bytes, *maps: tuple[int, str]) -> bytes:
    return link(Program("test", code, maps), cast("MapSet", _Maps()))


def _goto(distance: int) -> bytes:
    return struct.pack("<BBhi", 0x15, 0, distance, 0)  # if r0 == 0 goto


def test_a_look_up_in_an_array_of_one_is_an_address() -> None:
    got = _linked(LOAD + KEY + CALL + EXIT, (0, "one"))
    address = struct.pack("<BBhi", 0x18, 0x20, 0, 7) + bytes(8)  # r0 = BPF_PSEUDO_MAP_VALUE
    assert got == address + 3 * struct.pack("<BBhi", 0x05, 0, 0, 0) + EXIT


@pytest.mark.parametrize(
    ("code", "at", "name"),
    [
        (LOAD + KEY + CALL + EXIT, 0, "many"),
        (LOAD + KEY + UPDATE + EXIT, 0, "one"),
        (LOAD + KEY[:8] + CALL + EXIT, 0, "one"),
        (_goto(4) + LOAD + KEY + CALL + EXIT, 1, "one"),  # others call with a map of theirs
        (LOAD + KEY + CALL + _goto(-2) + EXIT, 0, "one"),
    ],
)
def test_all_else_stays_a_look_up(code: bytes, at: int, name: str) -> None:
    got = _linked(code, (at, name))
    wanted = bytearray(code)
    wanted[at * 8 + 1] = 0x11  # r1 = BPF_PSEUDO_MAP_FD
    struct.pack_into("<i", wanted, at * 8 + 4, _Maps().fd(name))
    assert got == bytes(wanted)
