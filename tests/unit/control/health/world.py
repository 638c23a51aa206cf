# SPDX-License-Identifier: Apache-2.0
"""A checker with its process, and whom it checks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from dsrlb.control.health.admin import AdminStates
from dsrlb.control.health.checker import Checker
from dsrlb.control.health.checks import Checks
from dsrlb.control.health.conditions import Conditions
from dsrlb.health.protocol import Check, Target
from dsrlb.observe.events import EventLog
from tests.unit.control.health import services as s


def checks(port: int) -> Checks:
    """One check, true of one real server."""
    check = Check("tcp", interval=100, timeout=100, rise=1, fall=1, port=port)
    target = Target("t", "web 10.0.0.11", "127.0.0.1", port, check)
    return Checks((target,), {"t": (s.R11,)})


class World:
    """A checker and what it is told and tells."""

    def __init__(self, tmp_path: Path, wanted: Checks) -> None:
        self.events = EventLog()
        self.conditions = Conditions(AdminStates(tmp_path / "admin.json", self.events), self.events)
        self.wanted = wanted
        self.changes = 0
        self.checker = Checker(self.events, self.conditions, lambda: self.wanted, self._changed)

    def _changed(self) -> None:
        self.changes += 1

    def want(self, wanted: Checks) -> None:
        """Another set of checks."""
        self.wanted = wanted
        self.checker.look()

    def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work beside the checker."""

        async def main() -> None:
            task = asyncio.create_task(self.checker.run())
            try:
                await work()
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            assert self.checker.pid is None

        asyncio.run(main())

    async def until(self, what: str, true: Callable[[], object]) -> None:
        """Wait for a state."""
        for _ in range(1000):
            if true():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(what, self.told())

    def told(self) -> list[str]:
        """The messages of events."""
        return [event.message for event in self.events.since(0)]
