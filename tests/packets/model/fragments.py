# SPDX-License-Identifier: Apache-2.0
"""Fragments to a VIP: the first one has the ports, the others follow it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.packets.model.types import FlowKey, FragmentKey, Packet, Real


@dataclass
class Fragments:
    """Where first fragments were forwarded to, and of which flow they were."""

    memory: dict[FragmentKey, tuple[Real, FlowKey]] = field(default_factory=dict)

    def remember(self, packet: Packet, real: Real) -> None:
        """A first fragment has been forwarded."""
        assert packet.fragment_key is not None
        self.memory[packet.fragment_key] = real, packet.key

    def first_of(self, packet: Packet) -> tuple[Real, FlowKey] | None:
        """Where a later one goes; None when its first was not seen, or that real is removed."""
        assert packet.fragment_key is not None
        found = self.memory.get(packet.fragment_key)
        return found if found and found[0].present else None
