# SPDX-License-Identifier: Apache-2.0
"""From a virtual server to the table of a service."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from dsrlb.config.choices import COUNTED
from dsrlb.importing.form import Member, Method, Virtual
from dsrlb.importing.report import Place, Report
from dsrlb.importing.schedulers import choose

LONGEST_PERSISTENCE = 7 * 86400
LONGEST_NAME = 56
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")
_GUE = (
    "the kernel's GUE has a header (variant 0), packets of dsrlb have none (variant 1); a Linux "
    "real server takes both"
)


@dataclass(slots=True)
class Draft:
    """A service's table on its way to a configuration, and what its parts came from."""

    virtual: Virtual
    table: dict[str, Any]
    members: list[Member]
    """Those of table["real"], in its order."""
    sorry: Place | None

    def drop_sorry(self) -> None:
        """Go without one."""
        del self.table["sorry"], self.table["all_down"]
        self.sorry = None


def _name(text: str, taken: set[str]) -> str:
    """A name that services may have, and that no other one has."""
    base = _NOT_IN_NAMES.sub("-", text).strip("-")[:LONGEST_NAME] or "service"
    name, number = base, 1
    while name in taken:
        number += 1
        suffix = f"-{number}"
        name = base[: LONGEST_NAME - len(suffix)] + suffix
    taken.add(name)
    return name


def _way(method: Method) -> dict[str, Any]:
    """The mode of a method of forwarding."""
    if method.kind == "direct":
        return {"mode": "l2dsr"}
    if method.kind == "masquerade":
        return {"mode": "nat"}
    if method.kind == "ipip":
        return {"mode": "l3dsr", "l3dsr": {"method": "ipip"}}
    return {"mode": "l3dsr", "l3dsr": {"method": "gue", "gue_port": method.port}}


def _port(member: Member, virtual: Virtual, report: Report) -> dict[str, int]:
    """The port of a real server, where it is another one and can be."""
    if not member.port or virtual.ports == (member.port,):
        return {}
    if member.method.kind != "masquerade":
        why = f"with {member.method} the port is kept, by the kernel as well"
    elif len(virtual.ports) > 1 or virtual.ports[0] == 0:
        why = "the service has more than one port, and each is kept"
    else:
        return {"port": member.port}
    report.near(member.place, f"port {member.port} of {member.label}", why)
    return {}


def _limits(member: Member, report: Report) -> dict[str, int]:
    """max_open and max_open_low; IPVS goes down to 3/4 where nothing is said."""
    if not member.upper:
        if member.lower:
            why = "a lower threshold is nothing without an upper one"
            report.lost(member.place, f"lower threshold {member.lower}", why)
        return {}
    lower = member.lower or member.upper * 3 // 4
    if lower >= member.upper:
        why = f"not less than the upper threshold, which is {member.upper}; 3/4 of that is taken"
        report.near(member.place, f"lower threshold {lower}", why)
        lower = member.upper * 3 // 4
    return {"max_open": member.upper, "max_open_low": lower}


def _real(member: Member, virtual: Virtual, report: Report) -> dict[str, Any]:
    table: dict[str, Any] = {"address": str(member.address), "weight": member.weight}
    return table | _port(member, virtual, report) | _limits(member, report)


def _same_way(virtual: Virtual, report: Report) -> list[Member]:
    """The real servers that are reached as the first one is: a service has one mode."""
    first = virtual.members[0].method
    for member in virtual.members:
        if member.method != first:
            why = f"reached by {member.method}, and the first one by {first}; a service has one way"
            report.lost(member.place, member.label, why)
    return [member for member in virtual.members if member.method == first]


def _failover(virtual: Virtual, members: list[Member], report: Report) -> Virtual:
    """Scheduler fo: the heaviest serves, and when it is down the next one, as a sorry server."""
    order = sorted(members, key=lambda member: -member.weight)
    first, *others = order
    sorry = virtual.sorry
    if others and sorry is None:
        sorry, *others = others
        why = f"{first.label} gets all; this one is its sorry server"
        report.near(sorry.place, f"{sorry.label} of scheduler fo", why)
    for member in others:
        why = f"{first.label} gets all, and there is one sorry server"
        report.lost(member.place, f"{member.label} of scheduler fo", why)
    return replace(virtual, members=(first,), sorry=sorry)


def _policy(virtual: Virtual, mode: str, report: Report) -> dict[str, Any]:
    """Who gets the next flow, and for how long."""
    choice = choose(virtual.scheduler, virtual.flags)
    if choice.why:
        report.near(virtual.scheduler_place, f"scheduler {virtual.scheduler}", choice.why)
    table: dict[str, Any] = {"algorithm": choice.algorithm}
    if choice.hash_on is not None:
        table["hash_on"] = choice.hash_on
    if virtual.persistence:
        seconds = min(virtual.persistence, LONGEST_PERSISTENCE)
        if seconds != virtual.persistence:
            why = "7 days at most"
            report.near(virtual.place, f"persistence of {virtual.persistence} s", why)
        table["persistence"] = f"{seconds}s"
    if virtual.one_packet:
        why = _not_one_packet(virtual, mode, choice.algorithm)
        if why:
            report.lost(virtual.place, "one-packet scheduling", why)
        else:
            table["one_packet"] = True
    return table


def _not_one_packet(virtual: Virtual, mode: str, algorithm: str) -> str:
    """Why packets of a service cannot be flows of their own; "": they can."""
    if virtual.protocol != "udp":
        return "of udp services alone"
    if mode == "nat":
        return "in mode nat replies are known by the flow, which is remembered"
    if virtual.persistence:
        return "not with persistence"
    if algorithm in COUNTED:
        return f"not with algorithm {algorithm}, which goes by the number of flows"
    return ""


def _sorry(virtual: Virtual, way: Method, report: Report) -> Member | None:
    """The sorry server, if it can be reached."""
    sorry = virtual.sorry
    if sorry is None:
        return None
    if sorry.method != way:
        why = f"reached by {sorry.method}, and the real servers by {way}; a service has one way"
        report.lost(sorry.place, "sorry_server", why)
        return None
    if sorry.address.is_loopback:
        why = 'a server on the balancer itself; all_down = "sorry" wants one elsewhere'
        report.lost(sorry.place, f"sorry_server {sorry.address}", why)
        return None
    return sorry


def draft(virtual: Virtual, names: set[str], report: Report) -> Draft | None:
    """The table of a service, or None for one without real servers. ``names``: those that are
    taken, to which this one is added."""
    members = _same_way(virtual, report) if virtual.members else []
    if not members:
        report.lost(virtual.place, virtual.label, "it has no real server that can be carried over")
        return None
    way = members[0].method
    if virtual.scheduler == "fo":
        virtual = _failover(virtual, members, report)
        members = list(virtual.members)
    if way.kind == "gue":
        report.near(members[0].place, "GUE tunnel", _GUE)
    mode = _way(way)
    ports = [port or "any" for port in virtual.ports]
    table: dict[str, Any] = {
        "name": _name(virtual.name, names),
        "vip": [str(address) for address in virtual.addresses],
        "protocol": virtual.protocol,
        "port": ports,
        **mode,
        **_policy(virtual, mode["mode"], report),
        "on_down": "keep" if virtual.keep_down else "rehash",
        "health": dict(virtual.health),
    }
    sorry = _sorry(virtual, way, report)
    if sorry is not None:
        table["all_down"] = "sorry"
        table["sorry"] = _real(sorry, virtual, report) | {"weight": 1}
    table["real"] = [_real(member, virtual, report) for member in members]
    return Draft(virtual, table, members, None if sorry is None else sorry.place)
