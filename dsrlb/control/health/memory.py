# SPDX-License-Identifier: Apache-2.0
"""Who is down, for the next daemon: the maps tell it that, but not since when, nor who is held."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dsrlb.control import smallfiles
from dsrlb.control.desired.contents import RealId
from dsrlb.observe.events import EventLog

_Key = tuple[str, str]  # service, address


@dataclass(frozen=True, slots=True)
class Down:
    """Of one real server. ``since``: ISO time, to be shown: nothing is reckoned from it, so that a
    clock that jumps does no harm; ``held``: for its flapping."""

    since: str
    held: bool


class Memory:
    """Of one instance, in a file."""

    def __init__(self, path: Path, events: EventLog) -> None:
        self._path = path
        self._events = events

    def read(self) -> Mapping[_Key, Down]:
        """What the last daemon kept. A file that cannot be read is put aside, and told of."""
        without = "since when who is down is not known, and nobody is held"
        return smallfiles.read(self._path, _parsed, without, self._tell_damage) or {}

    def _tell_damage(self, message: str) -> None:
        self._events.add("health", message, "error")

    def keep(self, down: Iterable[tuple[RealId, Down]]) -> None:
        """For the next one. Raises StateError."""
        # One by one: what is encoded at a stroke keeps all others waiting.
        rows = [
            json.dumps(
                {
                    "service": real.service.name,
                    "address": str(real.address),
                    "since": one.since,
                    "held": one.held,
                }
            )
            for real, one in down
        ]
        smallfiles.write_atomically(self._path, "[" + ",\n".join(rows) + "]\n")


def _parsed(raw: bytes) -> dict[_Key, Down]:
    rows = smallfiles.rows(raw)
    return {
        (smallfiles.text(row["service"]), smallfiles.text(row["address"])): _down(row)
        for row in rows
    }


def _down(row: Mapping[str, object]) -> Down:
    since, held = row["since"], row["held"]
    if not isinstance(since, str) or datetime.fromisoformat(since).tzinfo is None:
        raise ValueError(f"since {since!r}")
    if not isinstance(held, bool):
        raise ValueError(f"held {held!r}")
    return Down(since, held)
