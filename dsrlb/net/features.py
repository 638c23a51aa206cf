# SPDX-License-Identifier: Apache-2.0
"""Offloads that must be off where XDP reads frames.

rx-vlan takes the tag out of the frame before XDP sees it; GRO and LRO merge segments into frames
larger than any MTU, which generic XDP then sees (it runs behind GRO). What a sender leaves to its
device (tx: checksums; tso, gso: segments), XDP at the other end of a veth pair finds undone. Legacy
ethtool ioctls are used: they work on every kernel, and need no feature names.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from dsrlb.errors import NetError
from dsrlb.net.links import ethtool

_GET_FLAGS, _SET_FLAGS = 0x25, 0x26
_FLAGS = {"rxvlan": 1 << 8, "lro": 1 << 15}
_OTHERS = {"tx": (0x16, 0x17), "tso": (0x1E, 0x1F), "gso": (0x23, 0x24), "gro": (0x2B, 0x2C)}
"""Those that have commands of their own, to read and to set them."""


def _value(name: str, command: int, value: int = 0) -> int:
    answer = ethtool(name, bytearray(struct.pack("II", command, value)))
    result: int = struct.unpack("II", answer)[1]
    return result


def read(name: str) -> dict[str, bool]:
    """Return whether rxvlan, lro, tx (checksums), tso, gso and gro are on. Raises NetError."""
    try:
        flags = _value(name, _GET_FLAGS)
        features = {feature: bool(flags & bit) for feature, bit in _FLAGS.items()}
        features |= {feature: bool(_value(name, get)) for feature, (get, _) in _OTHERS.items()}
    except OSError as error:
        raise NetError(f"{name}: cannot read its offloads: {error.strerror}") from error
    return features


def _set(name: str, feature: str, on: bool) -> None:
    if feature in _OTHERS:
        _value(name, _OTHERS[feature][1], int(on))
        return
    flags = _value(name, _GET_FLAGS)
    _value(name, _SET_FLAGS, flags | _FLAGS[feature] if on else flags & ~_FLAGS[feature])


def change(name: str, wanted: Mapping[str, bool]) -> dict[str, bool]:
    """Set features; returns the previous values of those that were changed.

    Raises NetError when one cannot be changed (its value is fixed in the driver).
    """
    before = read(name)
    changed = {}
    for feature, on in wanted.items():
        if before[feature] == on:
            continue
        try:
            _set(name, feature, on)
        except OSError as error:
            raise NetError(
                f"{name}: cannot turn {feature} {'on' if on else 'off'}: {error.strerror}"
            ) from error
        if read(name)[feature] != on:
            raise NetError(f"{name}: {feature} stays {'off' if on else 'on'} (fixed by the driver)")
        changed[feature] = before[feature]
    return changed
