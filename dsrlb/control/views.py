# SPDX-License-Identifier: Apache-2.0
"""What the control plane shows, as the API and the command line see it.

Row keys are a promise to users: they are changed only with a changelog entry. Counters are exact
integers since the real or service came to be; times are ISO 8601, UTC.
"""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic cannot read typing.TypedDict before 3.12


class PoolView(TypedDict):
    """The SNAT pool of a service in one address family."""

    addresses: list[str]
    flows: int  # that have a port there (of all services with this pool), as of the last scan
    exhausted: int  # new flows that were dropped because no port was free


class ServiceRow(TypedDict):
    """One service in one address family."""

    name: str
    vip: list[str]
    protocol: str  # "tcp" | "udp"
    port: list[int | str]  # 80, "8000-8099" or "any"
    mode: str
    algorithm: str
    family: str  # "ipv4" | "ipv6"
    reals_up: int
    reals: int
    all_down: str | None  # "drop" | "pass" | "sorry" | "all-up": what becomes of new flows because
    # no real server may have them; None: somebody may
    open: int
    pending: int
    packets: int
    bytes: int  # of frames as received
    new: int  # flows scheduled
    reply_packets: int  # 0 in DSR modes, whose replies go past the balancer
    reply_bytes: int
    pool: PoolView | None  # None: sources are kept


class RealRow(TypedDict):
    """One real server of one service."""

    service: str
    address: str
    port: int | None  # its own; None: the client's destination port is kept
    weight: int
    state: str  # "up" | "down" | "drain" | "disabled" | "unresolved"
    reason: str
    since: str  # ISO time of the last change of state
    open: int
    pending: int
    packets: int
    bytes: int
    new: int
    reply_packets: int
    reply_bytes: int
    mac: str | None
    interface: str | None
    response_ms: float | None  # smoothed; None: not measured, or not by fastest-response-time
    response_age: float | None  # seconds since the last measurement
    verdict: str | None  # of its checks (dsrlb.health.protocol); None: it is not checked
    share: int  # percent of its weight that counts: less than 100 while it starts slowly
    sorry: bool  # gets flows only when nobody else is up


class MacHop(TypedDict):
    """One of several next hops."""

    via: str | None
    mac: str
    interface: str
    vlan: int | None


class MacRow(TypedDict):
    """One real server's address, and where frames for it go."""

    address: str
    via: str | None  # the router; None: the real server is on the segment
    mac: str | None
    interface: str | None
    vlan: int | None  # of the frames' tag, where the balancer routes; None: untagged, or tags kept
    mtu: int | None  # of IP packets
    path_mtu: int | None  # smaller, as a router behind told of a tunnel's packets
    hops: list[MacHop]  # of a multipath route, those that are resolved, if there are several
    state: str
    source: str  # "kernel" | "static"
    reason: str
    since: str


class StatsRow(TypedDict):
    """One interface: how XDP is attached, and what became of its packets."""

    interface: str
    ifindex: int
    driver: str
    xdp_mode: str  # "native" | "generic"
    attached: bool
    reasons: dict[str, int]  # reason → packets


class FlowRow(TypedDict):
    """One flow; or, in state "source", which real server a source goes to.

    Of a connection that a real server opened, "client" is the real server and "vip" the host that
    it calls.
    """

    protocol: str | None  # "tcp" | "udp"; None of a source, as what else it has not
    client: str
    client_port: int | None
    vip: str | None
    vip_port: int | None
    service: str | None  # also None when the real server was removed
    group: str | None  # of a source: the persistence group
    real: str | None
    real_port: int | None  # None in DSR modes, and without a real server
    pool_address: str | None  # the source that it has on the other side of the balancer; None: kept
    pool_port: int | None
    state: str
    idle: int | None  # seconds since its last packet that was noted; None without a real server
    expires: int  # seconds from now


class StateRow(TypedDict):
    """A real server that an operator said something of."""

    service: str
    address: str
    state: str  # "enabled" | "drain" | "disabled"
    warning: str  # what becomes of new flows where the service has nobody else; "" where it has


class EventRow(TypedDict):
    """One event; ``id`` grows by one from the daemon's start."""

    id: int
    time: str
    level: str  # "info" | "warning" | "error"
    kind: str
    message: str


ChangeKind = Literal["add", "change", "remove"]


class Change(TypedDict):
    """One difference between two configurations."""

    kind: ChangeKind
    what: str  # e.g. "service web", "real 10.0.0.11 of service web"
    detail: str  # e.g. "weight 1 → 2"
    affects_flows: bool  # existing connections are moved or ended


class PlanView(TypedDict):
    """What a new configuration changes."""

    hash_before: str
    hash_after: str
    changes: list[Change]
    affects_flows: bool  # one of them at least
    way_back: int | None  # the revision that a rollback goes to; None: there is none


class PreparedView(PlanView):
    """What a change would do, checked like the change itself, and the way back from it."""

    running: int | None  # the revision that runs; the change is given it as ``expected``
    recorded: bool  # the change would be a revision
    way_back_what: str  # the command or file of that revision
    way_back_time: str
    way_back_obstacle: str  # why the way back would be refused on this host now; empty: it is not


class AppliedView(PlanView):
    """What was changed, and what runs now."""

    revision: int | None  # None: it could not be recorded
    way_back_obstacle: (
        str  # why the way back would be refused on this host now; empty: it would not
    )
    confirm_seconds: float | None  # until it has to be confirmed; None: it has not


class RevisionRow(TypedDict):
    """One configuration revision."""

    number: int
    time: str
    uid: int  # of the process that asked, as the kernel says
    user: str
    said: str  # who that process said to act for; empty: nobody
    what: str  # the command or file
    digest: str  # hash of the configuration
    result: str  # "pending" | "waiting" | "applied" | "failed" | "reverted"
    reason: str
    way_back: int | None
    confirm_seconds: float | None  # that are left; None: it is not waiting
    running: bool


class DiffView(PlanView):
    """What leads from one revision to another."""

    before: int | None  # the revisions; None: what runs is none
    after: int | None
    text: str  # unified diff of the TOML; empty when it was not asked for
