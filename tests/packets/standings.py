# SPDX-License-Identifier: Apache-2.0
"""Real servers of mixture.py that stop answering, or are found down, and are there again."""

from __future__ import annotations

import random
from dataclasses import replace

from dsrlb.control.desired.contents import Resolution
from tests.packets import health
from tests.packets.harness import LINK, Program, mac_of
from tests.packets.mixture import PASSED, TEXT, resolutions
from tests.packets.model import Model, Real

STANDINGS = ("up", "up", "up", "away", "lost", "leave", "reset")
"""away: does not answer, and its MAC address is known; lost: nor that; leave, reset: it is down,
and that becomes of its flows."""


class Standings:
    """Of a program's and of its model's real servers, at first all up."""

    def __init__(
        self, program: Program, model: Model, by_name: dict[tuple[str, str], Real], seed: int = 0
    ) -> None:
        self._program = program
        self._model = model
        self._reals = by_name
        self._random = random.Random(seed)
        self._found = resolutions()
        self._down: dict[str, str] = {}
        self.changed = False
        """Was any set?"""

    def draw(self, source: random.Random) -> str:
        """Some address, most often one with flows, and how it is to stand: what set() takes."""
        used = [flow.real.name for flow in self._model.forward.flows.values()]
        if not used or source.random() < 0.3:
            used = sorted({address for _, address in self._reals})
        return f"{source.choice(used)} {source.choice(STANDINGS)}"

    def change(self) -> None:
        """One address comes to stand another way."""
        self.set(self.draw(self._random))

    def set(self, what: str) -> None:
        """ "10.0.0.11 leave"."""
        self.changed = True
        address, standing = what.split()
        there = resolutions().get(address) or Resolution(mac_of(address).hex(":"), LINK, True)
        self._found[address] = there
        self._down.pop(address, None)
        if standing == "away":
            self._found[address] = replace(there, fresh=False)
        if standing == "lost":
            self._found[address] = Resolution(None, None, False)
        if standing in health.FLAGS:
            self._down[address] = standing
        for (_, name), real in self._reals.items():
            if name == address:
                real.usable, real.resolved = standing == "up", standing != "lost"
                real.away, real.down = standing in ("away", "lost"), self._down.get(address, "")
        self._program.configure(TEXT, self._found, change=health.found(self._down, PASSED))
