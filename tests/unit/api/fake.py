# SPDX-License-Identifier: Apache-2.0
"""A controller without kernel, behind the real API on a real Unix socket."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dsrlb.api.app import create_app
from dsrlb.api.server import serve
from dsrlb.config import Config, digest, dump, edit, parse
from dsrlb.control.asking import Wanted
from dsrlb.control.flows.query import FlowQuery
from dsrlb.control.plan import view
from dsrlb.control.revisions.authors import Author
from dsrlb.control.statusviews import StatusView
from dsrlb.control.threads import stepwise
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
from dsrlb.errors import DsrlbError, Overtaken, UnknownRevision
from tests.unit.api.fakerows import (
    MAC,
    NO_PROCESS,
    REVISION,
    SERVICE,
    TOML,
    WAITING,
    family_flows,
    flow_row,
    real_row,
)


def _said(wanted: Wanted) -> tuple[Any, ...]:
    return wanted.adopt_vip, wanted.confirm_within, wanted.author


class FakeController:
    """Keeps a configuration and what it was asked; refuses everything once ``broken`` is set."""

    def __init__(self) -> None:
        self.config: Config = parse(TOML, "start.toml")
        self.calls: list[tuple[Any, ...]] = []
        self.broken: Exception | None = None
        self.obstacle = ""
        self.running = 11
        self.warning = ""
        self.prepared: list[str] = []
        """Which kinds of changes were asked for beforehand."""
        self.lost = False
        """Does the connection break off when something is changed?"""
        self.overtaken_by: list[int] = []
        """Revisions that come before each change, the last one first."""
        self.pid = NO_PROCESS
        self.pieces: Iterable[Iterable[Mapping[str, Any]]] = [
            (flow_row(0), flow_row(1)),
            (flow_row(2),),
        ]
        """What is streamed of flows, and how many of it were asked for."""
        self.asked_for = 0
        self.opened: list[int] = []
        """Flows of the first real server, one number for each time that it is asked; the last one
        stays. Without any it has five open and one pending."""
        self.stream_ended = threading.Event()

    def _asked(self, *call: Any) -> None:
        self.calls.append(call)
        if self.broken is not None:
            raise self.broken

    async def status(self) -> StatusView:
        self._asked("status")
        return {
            "instance": "main",
            "pid": self.pid,
            "version": "0.1.0",
            "started": "2024-05-01T12:00:00+00:00",
            "config_hash": digest(self.config),
            "file": "/etc/dsrlb/dsrlb.toml",
            "file_differs": True,
            "interfaces": [
                {
                    "name": "eth0",
                    "state": "attached",
                    "driver": "veth",
                    "xdp_mode": "generic",
                    "reason": "",
                }
            ],
            "services": 1,
            "reals": 2,
            "flows": {
                "ipv4": family_flows(123_456, 7, 89),
                "ipv6": family_flows(0, 0, 0),
            },
            "flow_events": {
                "flows4": {"made": 130_000, "replaced-open": 0, "raced": 3},
                "pending4": {"made": 140_000, "unrecorded": 1_234_567, "replaced-pending": 8},
            },
            "attach_seconds": 0.312,
            "headers": "/usr/include (linux-libc-dev)",
            "bytecode": "cached",
            "checks": "",
            "revisions": {
                "running": 12,
                "way_back": 11,
                "confirm": {"revision": 12, "seconds_left": 41.5, "way_back": 11},
                "trouble": "",
                "lost": "",
            },
        }

    async def services(self) -> list[ServiceRow]:
        self._asked("services")
        return [SERVICE]

    async def reals(self, service: str | None) -> list[RealRow]:
        self._asked("reals", service)
        first = real_row("10.0.0.11", "up", "")
        if self.opened:
            opened = self.opened.pop(0) if len(self.opened) > 1 else self.opened[0]
            first = {**first, "open": opened, "pending": 0}
        rows: list[RealRow] = [
            first,
            real_row("10.0.0.12", "unresolved", "no answer to ARP [yet]"),
        ]
        return [row for row in rows if service in (None, row["service"])]

    async def macs(self) -> list[MacRow]:
        self._asked("macs")
        return [MAC]

    async def stats(self) -> list[StatsRow]:
        self._asked("stats")
        return [
            {
                "interface": "eth0",
                "ifindex": 2,
                "driver": "veth",
                "xdp_mode": "generic",
                "attached": True,
                "reasons": {"pass": 12, "forwarded": 1_234_567, "martian": 0},
            }
        ]

    async def flows(
        self, query: FlowQuery, count_by: str | None, limit: int | None
    ) -> AsyncIterator[bytes]:
        self._asked("flows", query, count_by, limit)
        return stepwise(self._made())

    def _made(self) -> Iterator[bytes]:
        try:
            for piece in self.pieces:
                self.asked_for += 1
                yield b"".join(json.dumps(row).encode() + b"\n" for row in piece)
        finally:
            self.stream_ended.set()

    async def drop_flows(self, query: FlowQuery, author: Author) -> int:
        self._asked("drop_flows", query, author)
        return 1234

    def events(self, since: int) -> list[EventRow]:
        self._asked("events", since)
        rows: list[EventRow] = [
            {
                "id": number,
                "time": "2024-05-01T12:00:00+00:00",
                "level": "info",
                "kind": "apply",
                "message": f"number {number}",
            }
            for number in (1, 2, 3)
        ]
        return [row for row in rows if row["id"] > since]

    def config_toml(self) -> str:
        self._asked("config")
        return dump(self.config)

    async def plan(self, toml: str, filename: str) -> PlanView:
        self._asked("plan", toml, filename)
        return view(self.config, parse(toml, filename))

    async def prepare_apply(self, toml: str, filename: str, wanted: Wanted) -> PreparedView:
        return self._prepared("apply", parse(toml, filename))

    async def apply(self, toml: str, filename: str, wanted: Wanted) -> AppliedView:
        self._asked("apply", toml, filename, *_said(wanted))
        return self._accept(parse(toml, filename), wanted)

    async def prepare_edit(self, change: Mapping[str, Any], wanted: Wanted) -> PreparedView:
        return self._prepared("edit", edit(self.config, change))

    async def edit(self, change: Mapping[str, Any], wanted: Wanted) -> AppliedView:
        self._asked("edit", dict(change), wanted.adopt_vip, wanted.author)
        return self._accept(edit(self.config, change), wanted)

    def _prepared(self, kind: str, config: Config) -> PreparedView:
        self.prepared.append(kind)
        if self.broken is not None:
            raise self.broken
        changes = view(self.config, config)
        return {
            **changes,
            "way_back": self.running,
            "running": self.running,
            "recorded": bool(changes["changes"]) or kind == "rollback",
            "way_back_what": "apply f",
            "way_back_time": "2024-05-01T12:00:00+00:00",
            "way_back_obstacle": self.obstacle,
        }

    def _accept(self, config: Config, wanted: Wanted) -> AppliedView:
        if self.lost:
            raise DsrlbError("the connection is gone")
        if self.overtaken_by:
            self.running = self.overtaken_by.pop()
            self.calls.pop()
        if wanted.expected not in (None, self.running):
            raise Overtaken(f"revision {self.running} runs by now, not {wanted.expected} any more")
        changes = view(self.config, config)
        self.config = config
        return {
            "hash_before": changes["hash_before"],
            "hash_after": changes["hash_after"],
            "changes": changes["changes"],
            "affects_flows": changes["affects_flows"],
            "way_back": 11,
            "revision": 12,
            "way_back_obstacle": self.obstacle,
            "confirm_seconds": wanted.confirm_within,
        }

    async def prepare_rollback(self, revision: int | None, wanted: Wanted) -> PreparedView:
        self._known(revision or 11)
        return self._prepared("rollback", self.config)

    async def rollback(self, revision: int | None, wanted: Wanted) -> AppliedView:
        self._asked("rollback", revision, *_said(wanted))
        self._known(revision or 11)
        return self._accept(self.config, wanted)

    async def confirm(self, author: Author) -> RevisionRow:
        self._asked("confirm", author)
        return REVISION

    async def history(self, limit: int | None) -> list[RevisionRow]:
        self._asked("history", limit)
        return [REVISION, WAITING][:limit]

    async def revision_toml(self, number: int) -> str:
        self._asked("revision_toml", number)
        self._known(number)
        return TOML

    async def diff(self, before: int, after: int | None, text: bool) -> DiffView:
        self._asked("diff", before, after, text)
        self._known(before)
        changes = view(parse(TOML, "before"), self.config)
        return {
            "hash_before": changes["hash_before"],
            "hash_after": changes["hash_after"],
            "changes": changes["changes"],
            "affects_flows": changes["affects_flows"],
            "way_back": None,
            "before": before,
            "after": after,
            "text": "--- a\n+++ b\n" if text else "",
        }

    def _known(self, number: int) -> None:
        if number > 12:
            raise UnknownRevision(f"there is no revision {number}", hint="dsrlb history")

    async def set_state(
        self, service: str, address: str, state: str, author: Author
    ) -> list[StateRow]:
        self._asked("set_state", service, address, state, author)
        warning = self.warning if state != "enabled" else ""
        return [{"service": service, "address": address, "state": state, "warning": warning}]

    async def detach(self) -> list[str]:
        self._asked("detach")
        return ["XDP program 7 on eth0", "12 pinned maps"]


class Served:
    """The API of a controller, served by a thread."""

    def __init__(self, controller: FakeController, socket: Path) -> None:
        self.controller = controller
        self.socket = socket
        self._ready = threading.Event()
        self._failed: DsrlbError | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except DsrlbError as error:
            self._failed = error
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        await serve(create_app(self.controller), self.socket, self._ready.set, self._stop)

    def start(self) -> None:
        """Return when connections are accepted; raises what serve() raised."""
        self._thread.start()
        assert self._ready.wait(10), "the API did not come up"
        if self._failed is not None:
            raise self._failed

    def stop(self) -> None:
        """Return when serve() has returned."""
        if self._failed is None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive(), "the API did not stop"


@contextmanager
def served(socket: Path) -> Iterator[Served]:
    """A fake daemon listening on ``socket``."""
    api = Served(FakeController(), socket)
    try:
        api.start()
        yield api
    finally:
        api.stop()
