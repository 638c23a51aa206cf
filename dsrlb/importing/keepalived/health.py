# SPDX-License-Identifier: Apache-2.0
"""One health table for a virtual server, out of the checkers of its real servers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dsrlb.config.health import CONNECTING
from dsrlb.importing.form import Member
from dsrlb.importing.keepalived.checks import Check
from dsrlb.importing.report import Report

_OWN_PROGRAMS = (
    "a service has one program for all its real servers, and here they have different ones: nobody "
    "is asked"
)
_AT_THE_VIP = (
    "real servers are asked at the VIP, as clients ask them: somebody has to listen there at this "
    "port, not only at their own addresses"
)
_STRONGEST = ("https", "http", "dns", "command", "udp", "tcp", "icmp")


@dataclass(frozen=True, slots=True)
class Checked:
    """A real server and its checkers."""

    member: Member
    checks: tuple[Check, ...]


def strongest(checked: Checked, report: Report) -> Check | None:
    """The checker that says most of several; others are told."""
    if not checked.checks:
        return None
    order = sorted(checked.checks, key=lambda check: _STRONGEST.index(check.table["type"]))
    first = order[0]
    for other in order[1:]:
        why = f"a real server is asked in one way: {first.label}"
        report.lost(other.place, other.label, why)
    return first


def _with_port(
    check: Check, member: Member, ports: Sequence[int], protocol: str
) -> dict[str, Any] | None:
    """The table with its port, if it is another one than the service's; None: there is none."""
    kind = check.table["type"]
    if kind in ("icmp", "command"):
        return check.table
    port = check.port or member.port or ports[0]
    if not port:
        return None
    of_service = protocol if kind == "dns" else "tcp" if kind in CONNECTING else "udp"
    kept = port == member.port if member.method.kind == "masquerade" else port == ports[0]
    if (kept or port == ports[0]) and of_service == protocol and ports[0]:
        return check.table
    return {**check.table, "port": port}


def common(
    checked: Sequence[Checked], ports: Sequence[int], protocol: str, report: Report
) -> dict[str, Any]:
    """The health table of a virtual server: that of its first real server that has one."""
    chosen: dict[str, Any] | None = None
    owner: Member | None = None
    for one in checked:
        check = strongest(one, report)
        if check is None:
            continue
        table = _with_port(check, one.member, ports, protocol)
        if table is None:
            report.lost(check.place, check.label, "there is no port that it could be sent to")
        elif chosen is None:
            chosen, owner = table, one.member
            if "port" in table and one.member.method.kind != "masquerade":
                report.near(check.place, f"port {table['port']} of {check.label}", _AT_THE_VIP)
        elif chosen["type"] == "command" and table.get("command") != chosen["command"]:
            report.lost(check.place, check.label, _OWN_PROGRAMS)
            return {"type": "none"}
        elif table != chosen and owner is not None:
            why = f"the real servers of a service are asked in one way: that of {owner.label}"
            report.lost(check.place, f"{check.label} of {one.member.label}", why)
    if chosen is None or owner is None:
        return {"type": "none"}
    for one in checked:
        if not one.checks:
            why = f"none was carried over; it is asked as {owner.label} is"
            report.near(one.member.place, f"checks of {one.member.label}", why)
    return chosen
