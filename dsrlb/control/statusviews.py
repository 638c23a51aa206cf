# SPDX-License-Identifier: Apache-2.0
"""What `status` shows (dsrlb.control.views)."""

from __future__ import annotations

from typing_extensions import TypedDict  # pydantic cannot read typing.TypedDict before 3.12


class InterfaceView(TypedDict):
    """One interface in the status."""

    name: str
    state: str
    driver: str
    xdp_mode: str
    reason: str


class FlowCounts(TypedDict):
    """Flows of one address family."""

    open: int
    pending: int
    capacity: int  # flows that the table is rated for
    closing: int
    pending_capacity: int
    used: int  # entries of the flow table, sources of persistent services among them
    pending_used: int


class ConfirmView(TypedDict):
    """A revision that has to be confirmed."""

    revision: int
    seconds_left: float
    way_back: int | None  # the revision that comes back by itself otherwise


class RevisionsView(TypedDict):
    """Revisions at a glance."""

    running: int | None
    way_back: int | None  # where `rollback` goes
    confirm: ConfirmView | None
    trouble: str  # what is not recorded, and why; changes are refused then, but the way back
    lost: str  # what became of an earlier history


class StatusView(TypedDict):
    """The balancer at a glance."""

    instance: str
    pid: int
    version: str
    started: str
    config_hash: str
    file: str | None  # the file the configuration came from
    file_differs: bool
    interfaces: list[InterfaceView]
    services: int
    reals: int
    flows: dict[str, FlowCounts]  # "ipv4", "ipv6"
    flow_events: dict[str, dict[str, int]]  # by table ("flows4", "pending6") and event
    attach_seconds: float
    headers: str  # the kernel headers the fast path was compiled with
    bytecode: str  # "cached" | "compiled"
    revisions: RevisionsView
    checks: str  # why real servers are not checked at present; empty: they are, or need not be
