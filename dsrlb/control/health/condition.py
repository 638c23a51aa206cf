# SPDX-License-Identifier: Apache-2.0
"""What a real server may have, as far as its checks and its operator say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

WHOLE = 20
"""Shares are in twentieths: a real server that starts slowly has some of them."""

State = Literal["up", "down", "drain", "disabled"]


@dataclass(frozen=True, slots=True)
class Condition:
    """``drain``: no new flows; ``down``, ``disabled``: nor its old ones, as service.on_down says.

    ``reason``: for people; ``since``: ISO time of the last change of state, "" from the start;
    ``verdict``: of its checks (dsrlb.health.protocol), "" where it is not asked; ``share``: of
    WHOLE, by which its weight counts; of one that has them not all yet ``reason`` says so, and
    ``since`` is when it came.
    """

    state: State = "up"
    reason: str = ""
    since: str = ""
    verdict: str = ""
    share: int = WHOLE

    @property
    def leaves(self) -> bool:
        """Is it out, and its flows with it?"""
        return self.state in ("down", "disabled")


WELL = Condition()
"""Of whom nothing is known that speaks against it."""
