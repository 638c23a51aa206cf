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
    RealRow,
    RevisionRow,
    ServiceRow,
    StateRow,
    StatsRow,
)
from dsrlb.errors import DsrlbError, UnknownRevision
from tests.unit.api.fakerows import (
    NO_PROCESS,
    REVISION,
    SERVICE,
    TOML,
    WAITING,
    family_flows,
    flow_row,
    real_row,
)


class FakeController:
    """Keeps a configuration and what it was asked; refuses everything once ``broken`` is set."""

    def __init__(self) -> None:
        self.config: Config = parse(TOML, "start.toml")
        self.calls: list[tuple[Any, ...]] = []
        self.broken: Exception | None = None
        self.obstacle = ""
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
        return [
            {
                "address": "10.0.0.11",
                "via": None,
                "mac": "02:00:00:00:00:0b",
                "interface": "eth0",
                "vlan": None,
                "mtu": 1500,
                "path_mtu": None,
                "hops": [],
                "state": "resolved",
                "source": "kernel",
                "reason": "",
                "since": "2024-05-01T12:00:00+00:00",
            }
        ]

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

    async def apply(
        self,
        toml: str,
        filename: str,
        adopt_vip: bool,
        confirm_within: int | None,
        author: Author,
    ) -> AppliedView:
        self._asked("apply", toml, filename, adopt_vip, confirm_within, author)
        return self._accept(parse(toml, filename), confirm_within)

    async def edit(self, change: Mapping[str, Any], adopt_vip: bool, author: Author) -> AppliedView:
        self._asked("edit", dict(change), adopt_vip, author)
        return self._accept(edit(self.config, change))

    def _accept(self, config: Config, confirm_within: int | None = None) -> AppliedView:
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
            "confirm_seconds": confirm_within,
        }

    async def rollback(
        self,
        revision: int | None,
        adopt_vip: bool,
        confirm_within: int | None,
        author: Author,
    ) -> AppliedView:
        self._asked("rollback", revision, adopt_vip, confirm_within, author)
        self._known(revision or 11)
        return self._accept(self.config, confirm_within)

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
        return [{"service": service, "address": address, "state": state}]

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
