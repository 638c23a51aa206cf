# SPDX-License-Identifier: Apache-2.0
"""What the API asks of the daemon: rows out of the running balancer, and changes into it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from dsrlb.config import Config, dump, edit
from dsrlb.config.sharing import sharing
from dsrlb.config.source import Origin, read
from dsrlb.control import rows
from dsrlb.control.asking import Wanted
from dsrlb.control.balancer import Balancer
from dsrlb.control.collecting import uncollected
from dsrlb.control.flows.count import count_lines
from dsrlb.control.flows.listing import drop, limited, lines
from dsrlb.control.flows.query import FlowQuery
from dsrlb.control.flows.selection import Reals, Selection
from dsrlb.control.flows.watch import KIND
from dsrlb.control.health.orders import give_order
from dsrlb.control.revisions import history
from dsrlb.control.revisions.authors import Author
from dsrlb.control.revisions.kept import KEPT_SECONDS, Kept
from dsrlb.control.revisions.rollback import change_of, go_back, prepare_back, words
from dsrlb.control.statusviews import StatusView
from dsrlb.control.threads import stepwise, to_its_end
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
from dsrlb.errors import StateError
from dsrlb.paths import Paths

T = TypeVar("T")
_SCAN_SECONDS = 1.0


class Runner(Protocol):
    """Runs work that touches the kernel in a thread, one at a time."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


async def _read(toml: str, filename: str) -> tuple[Config, Origin]:
    """A configuration, in a thread. Raises ConfigError."""
    with uncollected():
        return await asyncio.to_thread(read, toml, filename)


class DaemonController:
    """Implements dsrlb.control.asking.Controller."""

    def __init__(
        self, balancer: Balancer, paths: Paths, run: Runner, stop: Callable[[], None]
    ) -> None:
        self._balancer = balancer
        self._paths = paths
        self._run = run
        self._stop = stop
        self._kept = Kept()
        self._forgetting: set[asyncio.Task[None]] = set()

    async def status(self) -> StatusView:
        """The balancer at a glance."""
        # Flows are counted and the file is read beside changes, the rest is read between two.
        balancer = self._balancer
        totals = await asyncio.to_thread(balancer.keeper.totals, _SCAN_SECONDS)
        file = await asyncio.to_thread(balancer.state.source)
        with uncollected():
            differs = await asyncio.to_thread(balancer.source_file.differs, file, balancer.config)
        return await self._run(lambda: rows.status(balancer, totals, file, differs))

    async def services(self) -> list[ServiceRow]:
        """Every service, one row per address family."""

        def work() -> list[ServiceRow]:
            self._balancer.catch_up()
            return rows.services(self._balancer)

        return await self._run(work)

    async def reals(self, service: str | None) -> list[RealRow]:
        """The reals of one service or of all; none when there is no such service."""

        def work() -> list[RealRow]:
            self._balancer.catch_up()
            return rows.reals(self._balancer, service)

        return await self._run(work)

    async def macs(self) -> list[MacRow]:
        """The MAC table."""
        return await self._run(lambda: rows.macs(self._balancer))

    async def stats(self) -> list[StatsRow]:
        """Packets by interface and reason."""
        return await self._run(lambda: rows.stats(self._balancer))

    def _reals(self) -> Reals:
        """The real servers and groups in force, for a look at flows. Called between changes."""
        balancer = self._balancer
        maps = balancer.dataplane.maps
        generations, pools = maps["reals"].array["generation"], maps["pools"].array
        groups = {service.name: service.persistence_group for service in balancer.config.service}
        return Reals.of(balancer.applier.installed, generations, groups, pools)

    async def flows(
        self, query: FlowQuery, count_by: str | None, limit: int | None
    ) -> AsyncIterator[bytes]:
        """Flows that fit, or their numbers, as newline-delimited JSON in pieces. The tables are
        read as the pieces are asked for."""
        reals = await self._run(self._reals)
        found = Selection(query, reals).search(*self._balancer.keeper.tables)
        if count_by is not None:
            return stepwise(count_lines(found, reals, count_by, limit))
        return stepwise(lines(limited(found, limit), reals))

    async def drop_flows(self, query: FlowQuery, author: Author) -> int:
        """Remove the flows that fit; returns how many."""
        reals = await self._run(self._reals)
        found = Selection(query, reals).search(*self._balancer.keeper.tables)
        count = await to_its_end(lambda: drop(found, self._balancer.dataplane.reaper()))
        told = f"{author} dropped {count:,} flows ({query.text() or 'all'})"
        self._balancer.events.add(KIND, told)
        return count

    def events(self, since: int) -> list[EventRow]:
        """Events with an id greater than ``since``, oldest first."""
        return [
            {
                "id": event.id,
                "time": event.time,
                "level": event.level,
                "kind": event.kind,
                "message": event.message,
            }
            for event in self._balancer.events.since(since)
        ]

    def config_toml(self) -> str:
        """The running configuration as loadable TOML."""
        return dump(self._balancer.config)

    async def plan(self, toml: str, filename: str) -> PlanView:
        """What applying this text would change; nothing is changed."""
        given = [await _read(toml, filename)]
        # What nobody needs any more is taken apart where it was needed last: not in the event loop.
        return await self._run(lambda: self._balancer.plan(*given.pop()))

    async def _prepare(self, work: Callable[[], PreparedView]) -> PreparedView:
        """``work`` keeps what it has read, for the change that follows soon, or never."""
        prepared = await self._run(work)
        asyncio.get_running_loop().call_later(KEPT_SECONDS, self._forget)
        return prepared

    def _forget(self) -> None:
        def work() -> None:
            if self._kept.forget():
                self._balancer.plans.forget()

        task = asyncio.ensure_future(to_its_end(work))
        self._forgetting.add(task)
        task.add_done_callback(self._forgetting.discard)

    async def prepare_apply(self, toml: str, filename: str, wanted: Wanted) -> PreparedView:
        """Everything of apply() that changes nothing."""
        given = [await _read(toml, filename)]

        def work() -> PreparedView:
            config, origin = given.pop()
            config = sharing(config, self._balancer.config)  # so apply() finds this very one known
            change = change_of(wanted, f"apply {filename}")
            prepared = self._balancer.prepare(config, origin, change)
            self._kept.put((toml, filename), (config, origin))
            return prepared

        return await self._prepare(work)

    async def apply(self, toml: str, filename: str, wanted: Wanted) -> AppliedView:
        """Make this text the running configuration."""
        given = [self._kept.take((toml, filename)) or await _read(toml, filename)]
        change = change_of(wanted, f"apply {filename}")

        def work() -> AppliedView:
            config, origin = given.pop()
            applied = self._balancer.accept(config, origin, change)
            if not filename.startswith("<"):  # "<stdin>" and the like cannot be read again
                try:
                    file = self._balancer.state.remember_source(Path(filename))
                    self._balancer.source_file.learn(file, toml, origin, config)
                except StateError as error:  # the change is in force all the same
                    self._balancer.events.add("apply", error.message, "warning")
            return applied

        return await self._run(work)

    def _edited(self, change: Mapping[str, Any]) -> tuple[Config, Origin]:
        return edit(self._balancer.config, change), Origin("<command>")

    def _edit_key(self, change: Mapping[str, Any]) -> object:
        running = self._balancer.log.running
        return running.number if running is not None else None, change

    async def prepare_edit(self, change: Mapping[str, Any], wanted: Wanted) -> PreparedView:
        """Everything of edit() that changes nothing."""

        def work() -> PreparedView:
            found = self._edited(change)
            prepared = self._balancer.prepare(*found, change_of(wanted, words(change)))
            self._kept.put(self._edit_key(change), found)
            return prepared

        return await self._prepare(work)

    async def edit(self, change: Mapping[str, Any], wanted: Wanted) -> AppliedView:
        """Apply one change as dsrlb.config.edit() describes it."""

        def work() -> AppliedView:
            found = self._kept.take(self._edit_key(change)) or self._edited(change)
            return self._balancer.accept(*found, change_of(wanted, words(change)))

        return await self._run(work)

    async def set_state(
        self, service: str, address: str, state: str, author: Author
    ) -> list[StateRow]:
        """Drain, disable or enable a real server, in one service or ("*") in all that have it."""
        return await self._run(
            lambda: give_order(self._balancer, service, address, state, str(author))
        )

    async def prepare_rollback(self, revision: int | None, wanted: Wanted) -> PreparedView:
        """Everything of rollback() that changes nothing."""
        return await self._prepare(
            lambda: prepare_back(self._balancer, revision, wanted, self._kept)
        )

    async def rollback(self, revision: int | None, wanted: Wanted) -> AppliedView:
        """Go back to a revision, or to the one that ran before."""
        return await self._run(lambda: go_back(self._balancer, revision, wanted, self._kept))

    async def confirm(self, author: Author) -> RevisionRow:
        """Keep the revision that waits for it."""
        log = self._balancer.log
        return await self._run(lambda: history.row(log.confirm(author), log.running))

    async def history(self, limit: int | None) -> list[RevisionRow]:
        """The newest revisions, newest first."""
        return await self._run(lambda: history.rows(self._balancer.log, limit))

    async def revision_toml(self, number: int) -> str:
        """The configuration of a revision."""
        return await self._run(lambda: history.text_of(self._balancer.log, number))

    async def diff(self, before: int, after: int | None, text: bool) -> DiffView:
        """From one revision to another, or to what runs."""
        balancer = self._balancer
        return await self._run(
            lambda: history.diff(balancer.log, before, after, balancer.config, text)
        )

    async def detach(self) -> list[str]:
        """Take everything off the host and stop; returns what was done, line by line."""
        done = await self._run(self._balancer.detach)
        self._stop()
        return done
