# SPDX-License-Identifier: Apache-2.0
"""What the API asks of the control plane."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from dsrlb.control.flows.query import FlowQuery
from dsrlb.control.revisions.authors import Author
from dsrlb.control.statusviews import StatusView
from dsrlb.control.views import (
    AppliedView,
    DiffView,
    EventRow,
    MacRow,
    PlanView,
    PreparedView,
    RealRow,
    RevisionRow,
    ServiceRow,
    StateRow,
    StatsRow,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """By whom a change is asked for, and how. ``confirm_within``: seconds; ``expected``: the
    revision that has to run still, None: any."""

    author: Author
    adopt_vip: bool = False
    confirm_within: int | None = None
    expected: int | None = None


class Controller(Protocol):
    """What the API asks of the daemon. Every method may raise a dsrlb.errors.DsrlbError."""

    async def status(self) -> StatusView:
        """The balancer at a glance."""

    async def services(self) -> list[ServiceRow]:
        """Every service, one row per address family."""

    async def reals(self, service: str | None) -> list[RealRow]:
        """The reals of one service or of all; none when there is no such service."""

    async def macs(self) -> list[MacRow]:
        """The MAC table."""

    async def stats(self) -> list[StatsRow]:
        """Packets by interface and reason."""

    async def flows(
        self, query: FlowQuery, count_by: str | None, limit: int | None
    ) -> AsyncIterator[bytes]:
        """Flows that fit, each a FlowRow, as newline-delimited JSON in pieces. ``count_by`` (one of
        flowquery.COUNTS): objects with that key and "flows". ``limit``: so many at most."""

    async def drop_flows(self, query: FlowQuery, author: Author) -> int:
        """Remove the flows that fit; returns how many."""

    def events(self, since: int) -> list[EventRow]:
        """Events with an id greater than ``since``, oldest first."""

    def config_toml(self) -> str:
        """The running configuration as loadable TOML."""

    async def plan(self, toml: str, filename: str) -> PlanView:
        """What applying this text would change; nothing is changed."""

    async def prepare_apply(self, toml: str, filename: str, wanted: Wanted) -> PreparedView:
        """Everything of apply() that changes nothing."""

    async def apply(self, toml: str, filename: str, wanted: Wanted) -> AppliedView:
        """Make this text the running configuration."""

    async def prepare_edit(self, change: Mapping[str, Any], wanted: Wanted) -> PreparedView:
        """Everything of edit() that changes nothing."""

    async def edit(self, change: Mapping[str, Any], wanted: Wanted) -> AppliedView:
        """Apply one change as dsrlb.config.edit() describes it."""

    async def set_state(
        self, service: str, address: str, state: str, author: Author
    ) -> list[StateRow]:
        """Drain, disable or enable a real server, in one service or ("*") in all that have it."""

    async def prepare_rollback(self, revision: int | None, wanted: Wanted) -> PreparedView:
        """Everything of rollback() that changes nothing."""

    async def rollback(self, revision: int | None, wanted: Wanted) -> AppliedView:
        """Go back to a revision, or to the one that ran before."""

    async def confirm(self, author: Author) -> RevisionRow:
        """Keep the revision that waits for it."""

    async def history(self, limit: int | None) -> list[RevisionRow]:
        """The newest revisions, newest first."""

    async def revision_toml(self, number: int) -> str:
        """The configuration of a revision."""

    async def diff(self, before: int, after: int | None, text: bool) -> DiffView:
        """From one revision to another, or to what runs."""

    async def detach(self) -> list[str]:
        """Take everything off the host and stop; returns what was done, line by line."""


Serve = Callable[[Controller, Path, Callable[[], None], asyncio.Event], Awaitable[None]]
"""Serves a controller on a socket, calls back when ready, ends when the event is set."""
