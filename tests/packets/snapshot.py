# SPDX-License-Identifier: Apache-2.0
"""What a packet that is dropped must leave as it was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.packets.harness import Program


@dataclass(frozen=True)
class Snapshot:
    """Memory of the flows (keys, states, versions, timeouts); what is counted of them; fragments;
    the real servers, the MTUs of ways to them, how fast they answer, and whose turn it is."""

    flows: bytes
    loads: bytes
    fragments: bytes
    reals: bytes
    lowered: bytes
    responses: bytes
    cursors: tuple[int, ...]


def _flows(program: Program) -> bytes:
    """The sets that have entries, and which ones they are."""
    parts = []
    for sets in program.tables.sets.values():
        used = np.flatnonzero(sets[:, 0] | sets[:, 1] | sets[:, 2] | sets[:, 3])
        parts += [used.tobytes(), sets[used].tobytes()]
    return b"".join(parts)


def snapshot(program: Program) -> Snapshot:
    """All of it now."""
    maps, state = program.maps, program.applier.installed
    places = [real.index for real in state.reals.values()]
    return Snapshot(
        _flows(program),
        maps["loads"].array[places].tobytes(),
        program.fragments[program.fragments[:, :, 0] != 0].tobytes(),
        maps["reals"].array[places].tobytes(),
        maps["paths"].array["lowered"].tobytes(),
        maps["responses"].array[places].tobytes(),
        tuple(int(maps["cursors"].get(service.id) or 0) for service in state.services.values()),
    )
