# SPDX-License-Identifier: Apache-2.0
"""Bytecode as bcc makes it, put together with the maps that it is to use."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dsrlb.dataplane.artifact import Program

_PSEUDO_MAP_FD = 1 << 4
_PSEUDO_MAP_VALUE = 2 << 4
_LOOKUP = struct.pack("<BBhi", 0x85, 0, 0, 1)  # call bpf_map_lookup_elem()
_KEY_ON_STACK = struct.pack("<BBh", 0xBF, 10 << 4 | 2, 0)  # r2 = r10
_KEY_OFFSET = struct.pack("<BBh", 0x07, 2, 0)  # r2 += ...
_JUMPS = (5, 6)  # BPF_JMP, BPF_JMP32
_CALL, _EXIT = 0x85, 0x95
_NOTHING = struct.pack("<BBhi", 0x05, 0, 0, 0)  # goto +0, which the kernel takes out


class Maps(Protocol):
    """Open maps by the names that programs have for them."""

    def fd(self, name: str) -> int:
        """The descriptor of a map."""

    def is_single(self, name: str) -> bool:
        """Is the map an array of one element?"""


class Instead:
    """Maps, but for some that a program is to have in their place, or besides."""

    def __init__(self, maps: Maps, fds: Mapping[str, int]) -> None:
        self._maps = maps
        self._fds = fds

    def fd(self, name: str) -> int:
        """The descriptor of a map."""
        return self._fds[name] if name in self._fds else self._maps.fd(name)

    def is_single(self, name: str) -> bool:
        """Is the map an array of one element, that all programs have?"""
        return name not in self._fds and self._maps.is_single(name)


def _targets(code: bytes) -> set[int]:
    """The instructions that a branch goes to."""
    targets = set()
    for at in range(0, len(code), 8):
        operation, _, distance = struct.unpack_from("<BBh", code, at)
        if operation & 7 in _JUMPS and operation not in (_CALL, _EXIT):
            targets.add(at // 8 + 1 + distance)
    return targets


def _is_lookup(code: bytearray, instruction: int, targets: set[int]) -> bool:
    """Is this ``r1 = map; r2 = r10; r2 += n; call bpf_map_lookup_elem()``, in one piece?"""
    offset = instruction * 8
    key, more, call = (bytes(code[offset + at : offset + at + 8]) for at in (16, 24, 32))
    return (
        not targets.intersection(range(instruction + 1, instruction + 5))
        and code[offset + 1] & 0x0F == 1
        and key[:4] == _KEY_ON_STACK
        and more[:4] == _KEY_OFFSET
        and call == _LOOKUP
    )


def link(program: Program, maps: Maps) -> bytes:
    """Put the descriptors of the maps into the bytecode (ld_imm64 with BPF_PSEUDO_MAP_FD).

    A look-up in an array of one element becomes the address of that (BPF_PSEUDO_MAP_VALUE): one
    instruction instead of eleven. bcc cannot say so in C.
    """
    code = bytearray(program.code)
    targets = _targets(program.code)
    for instruction, name in program.maps:
        offset = instruction * 8
        code[offset + 1] = code[offset + 1] & 0x0F | _PSEUDO_MAP_FD
        struct.pack_into("<i", code, offset + 4, maps.fd(name))
        if maps.is_single(name) and _is_lookup(code, instruction, targets):
            code[offset + 1] = _PSEUDO_MAP_VALUE  # into r0
            code[offset + 16 : offset + 40] = 3 * _NOTHING
    return bytes(code)
