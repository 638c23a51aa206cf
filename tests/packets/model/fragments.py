# SPDX-License-Identifier: Apache-2.0
"""Fragments: the first one has the ports, the others follow it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.packets.model.types import Flow, FlowKey, FragmentKey, Packet, Real


@dataclass(frozen=True)
class First:
    """Where a first fragment was forwarded to: a real server, as of ``flow``, or ``reply``, back.
    ``pair``: the flow, if replies come back; ``pending``: it was then, and a reply's is known no
    more when that has changed."""

    real: Real
    flow: FlowKey
    pair: Flow | None = None
    reply: bool = False
    pending: bool = False


@dataclass
class Fragments:
    """Where first fragments were forwarded to, and of which flow they were; and those that were
    left to the kernel."""

    memory: dict[FragmentKey, First] = field(default_factory=dict)
    left: set[FragmentKey] = field(default_factory=set)

    def remember(self, packet: Packet, first: First) -> None:
        """A first fragment has been forwarded."""
        assert packet.fragment_key is not None
        self.memory[packet.fragment_key] = first
        self.left.discard(packet.fragment_key)

    def leave(self, packet: Packet) -> None:
        """A first fragment is the kernel's."""
        assert packet.fragment_key is not None
        self.memory.pop(packet.fragment_key, None)
        self.left.add(packet.fragment_key)

    def is_left(self, packet: Packet) -> bool:
        """Is a later one the kernel's?"""
        return packet.fragment_key in self.left

    def first_of(self, packet: Packet) -> First | None:
        """Where a later one goes; None when its first was not seen, or that real is removed."""
        assert packet.fragment_key is not None
        found = self.memory.get(packet.fragment_key)
        return found if found and found.real.present else None
