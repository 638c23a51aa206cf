# SPDX-License-Identifier: Apache-2.0
"""How many neighbours the kernel keeps: one table for each family, of all network namespaces.

The settings stand in /proc/sys/net in the initial network namespace alone; netlink tells them in
every one.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

from dsrlb.net import rtnetlink

_RTM_NEWNEIGHTBL, _RTM_GETNEIGHTBL = 64, 66
_NDTA_THRESH2, _NDTA_THRESH3, _NDTA_CONFIG = 3, 4, 5
_FAMILIES = {int(socket.AF_INET): 4, int(socket.AF_INET6): 6}


@dataclass(frozen=True, slots=True)
class NeighbourTable:
    """``entries``: that there are now; ``kept``: gc_thresh2, beyond which some are forgotten when
    another one comes; ``most``: gc_thresh3, beyond which none comes."""

    entries: int
    kept: int
    most: int


def neighbour_tables() -> dict[int, NeighbourTable]:
    """By family (4, 6). Raises NetError."""
    return dict(filter(None, map(_table, _told())))


def _told() -> list[bytes]:
    question = struct.pack("=B3x", socket.AF_UNSPEC)
    return list(rtnetlink.dump(_RTM_GETNEIGHTBL, question, _RTM_NEWNEIGHTBL))


def _table(message: bytes) -> tuple[int, NeighbourTable] | None:
    """A message (struct ndtmsg) of a table; None for one of an interface's part, or of another
    family."""
    family, found = _FAMILIES.get(message[0]), rtnetlink.attributes(message, 4)
    if family is None or _NDTA_THRESH3 not in found:
        return None
    kept, most = (struct.unpack("=I", found[which])[0] for which in (_NDTA_THRESH2, _NDTA_THRESH3))
    (entries,) = struct.unpack_from("=4xI", found[_NDTA_CONFIG])
    return family, NeighbourTable(entries, kept, most)
