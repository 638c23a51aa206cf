# SPDX-License-Identifier: Apache-2.0
"""When checks count: a real server's way between up and down. Times are of a monotonic clock."""

from __future__ import annotations

from collections import deque

from dsrlb.health.protocol import Check


class Standing:
    """Of one real server. ``up``: known from before; None: new, and up until a check fails;
    ``held``: it was held down before, and is until it was good for long enough from now on."""

    __slots__ = (
        "_bad",
        "_changes",
        "_check",
        "_good",
        "_good_since",
        "_grace",
        "_proven",
        "held",
        "up",
    )

    def __init__(self, check: Check, up: bool | None, now: float, *, held: bool = False) -> None:
        self._check = check
        self.held = held and self._damped
        self.up = up is not False and not self.held
        self._proven = up is not None  # has it been good once?
        self._grace = now + check.startup_grace
        self._good = self._bad = 0  # in a row
        self._good_since = now
        self._changes: deque[float] = deque()

    @property
    def _damped(self) -> bool:
        check = self._check
        return bool(check.flap_count and check.flap_window and check.flap_hold)

    def note(self, good: bool, now: float) -> bool:
        """One check's result; returns whether it counts."""
        if good:
            self._note_good(now)
            return True
        if not self._proven and now < self._grace:
            return False
        self._note_bad(now)
        return True

    def _note_good(self, now: float) -> None:
        if not self._good:
            self._good_since = now
        self._good += 1
        self._bad = 0
        self._proven = True
        if self.up or self._good < self._check.rise:
            return
        if not self.held:
            self._turn(True, now)
        elif now - self._good_since >= self._check.flap_hold:
            self.held, self.up = False, True
            self._changes.clear()

    def _note_bad(self, now: float) -> None:
        self._good = 0
        self._bad += 1
        enough = self._check.fall if self._proven else 1
        if self.up and self._bad >= enough:
            self._turn(False, now)

    def _turn(self, up: bool, now: float) -> None:
        """Another state; or down and held there, after too many of them."""
        check = self._check
        self.up = up
        if not self._damped:
            return
        self._changes.append(now)
        while now - self._changes[0] > check.flap_window:
            self._changes.popleft()
        if len(self._changes) >= check.flap_count:
            self.up, self.held = False, True
