# SPDX-License-Identifier: Apache-2.0
"""The hash by which algorithms hash and maglev choose; the same as in ebpf/choice_hash.h.

Its seed is configured and not drawn at random: balancers with one configuration choose alike.
"""

from __future__ import annotations

from dataclasses import dataclass

from dsrlb.dataplane.keys import IPAddress, address_bytes

_STEP = 0x9E3779B97F4A7C15
_LAST = 0xD6E8FEB86659FD93
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow, as a client's packets have it."""

    source: IPAddress
    destination: IPAddress
    source_port: int
    destination_port: int
    protocol: int

    @property
    def words(self) -> bytes:
        """All of it as the program reads it: 32-bit words, each byte where the packet has it."""
        ends = address_bytes(self.source) + address_bytes(self.destination)
        ports = self.source_port.to_bytes(2, "big") + self.destination_port.to_bytes(2, "big")
        return ends + ports + self.protocol.to_bytes(4, "little")


def choice_hash(flow: Flow, seed: int = 0, *, by_source: bool) -> int:
    """32 bits. ``by_source``: of the source's address alone, else of the whole flow."""
    words = address_bytes(flow.source) if by_source else flow.words
    mixed = seed
    for at in range(0, len(words), 4):
        mixed = (mixed ^ int.from_bytes(words[at : at + 4], "little")) * _STEP & _MASK
        mixed ^= mixed >> 32
    return (mixed * _LAST & _MASK) >> 32


def table_place(hashed: int, entries: int) -> int:
    """The entry of a table of so many that a hash leads to."""
    return hashed * entries >> 32
