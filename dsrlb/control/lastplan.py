# SPDX-License-Identifier: Apache-2.0
"""The plan that was shown last, for the change that follows: that of thousands of services takes a
while to put together."""

from __future__ import annotations

from dsrlb.config import Config, Service
from dsrlb.config.values import IPAddress
from dsrlb.control.health.condition import State
from dsrlb.control.plan import view
from dsrlb.control.planflows import Standing
from dsrlb.control.views import PlanView


class LastPlan:
    """Of an instance. ``standing``: how a real server is now. Made and taken between changes."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._asked = False
        self._last: tuple[Config, Config, PlanView] | None = None

    def make(self, before: Config, after: Config) -> PlanView:
        """A plan, which is kept, unless it tells how real servers are: that may change."""
        self._last, self._asked = None, False
        found = view(before, after, self._noted)
        if not self._asked:
            self._last = before, after, found
        return found

    def take(self, before: Config, after: Config) -> PlanView:
        """The one that is kept, if it is of these very configurations, or a new one; none is kept
        behind that."""
        last, self._last = self._last, None
        if last is not None and last[0] is before and last[1] is after:
            return last[2]
        return view(before, after, self._standing)

    def forget(self) -> None:
        """Nobody came for it."""
        self._last = None

    def _noted(self, service: Service, address: IPAddress) -> State | None:
        self._asked = True
        return self._standing(service, address)
