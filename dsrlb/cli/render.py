# SPDX-License-Identifier: Apache-2.0
"""Tables for people: 80 columns are enough, more show more."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dsrlb.cli.changes import command, revisions_text
from dsrlb.cli.numbers import age, count, octets
from dsrlb.printable import printable_lines

if TYPE_CHECKING:  # they bring asyncio along
    from dsrlb.control.statusviews import FlowCounts, StatusView
    from dsrlb.control.views import (
        EventRow,
        MacRow,
        RealRow,
        ServiceRow,
        StatsRow,
    )

_WIDE = 110  # columns from which tables show everything
_PLAIN_WIDTH = 1 << 16  # of a pipe or file: a row is a line there, for grep and the like
_STALE = 10  # seconds: RESPONSE_STALE in abi_choice.h
_LOST = ("replaced-", "unrecorded", "raced")  # events of flow tables that matter at a glance

_STYLES = {
    "up": "green",
    "attached": "green",
    "resolved": "green",
    "down": "red",
    "detached": "red",
    "unresolved": "red",
    "error": "red",
    "drain": "yellow",
    "disabled": "yellow",
    "starting": "yellow",
    "warning": "yellow",
}


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    cell: Callable[[Any], str]
    number: bool = False
    wide: bool = False  # only where there is room
    whole: bool = False  # broken into lines last of all, so that it can be copied
    least: int | None = None  # columns of the screen


def _console() -> Console:
    fixed = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else _PLAIN_WIDTH
    return Console(width=fixed, highlight=False, markup=False)


def _cell(text: str) -> Text:
    """Text with the colour of the state that it starts with."""
    state = "starting" if text.startswith("starting ") else text.partition(":")[0]
    return Text(printable_lines(text) or "-", style=_STYLES.get(state, ""))


def _table(console: Console, columns: Sequence[_Column], rows: Sequence[Any]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    shown = [column for column in columns if not column.wide or console.width >= _WIDE]
    for column in shown:
        if column.number:
            table.add_column(column.title, justify="right", no_wrap=True)
        else:
            table.add_column(
                column.title, overflow="fold", no_wrap=column.whole, min_width=column.least
            )
    for row in rows:
        table.add_row(*(_cell(column.cell(row)) for column in shown))
    return table


def _print(console: Console, columns: Sequence[_Column], rows: Sequence[Any], none: str) -> None:
    console.print(_table(console, columns, rows) if rows else none)


def _with_reason(row: RealRow | MacRow) -> str:
    return f"{row['state']}: {row['reason']}" if row["reason"] else row["state"]


def _standing(row: RealRow) -> str:
    """State and reason; of one that starts slowly how far it is."""
    if row["state"] != "up" or row["share"] == 100:
        return _with_reason(row)
    return f"starting {row['share']} %: {row['reason']}"


def _endpoint(row: RealRow) -> str:
    address, port = row["address"], row["port"]
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _replies(rows: Sequence[Mapping[str, Any]]) -> list[_Column]:
    """Bytes that came back, where they do."""
    if not any(row["reply_packets"] for row in rows):
        return []
    return [_Column("REPLIES", lambda row: octets(row["reply_bytes"]), number=True, wide=True)]


def _answers(rows: Sequence[RealRow]) -> list[_Column]:
    """How fast real servers answer, where that was measured."""
    if all(row["response_ms"] is None for row in rows):
        return []
    return [_Column("RESPONSE", _response, number=True)]


def _response(row: RealRow) -> str:
    """With its age, when that is no longer what new flows go by."""
    value, passed = row["response_ms"], row["response_age"]
    if value is None or passed is None:
        return ""
    digits = 3 if value < 0.9995 else 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f} ms" + (f"\n{passed:.0f}s ago" if passed >= _STALE else "")


def _pool(row: ServiceRow) -> str:
    """How many flows have a port there, at how many addresses, and how many found none."""
    pool = row["pool"]
    if pool is None:
        return ""
    refused = pool["exhausted"]
    used = f"{count(pool['flows'])} at {len(pool['addresses'])}"
    return used + (f", {count(refused)} refused" if refused else "")


def _up(row: ServiceRow) -> str:
    """How many may have new flows; what becomes of those where nobody may."""
    return f"{row['reals_up']}/{row['reals']}" + (f"\n{row['all_down']}" if row["all_down"] else "")


def _services(console: Console, rows: list[ServiceRow]) -> None:
    columns = [
        _Column("SERVICE", lambda row: row["name"]),
        _Column("VIP", lambda row: "\n".join(row["vip"]), whole=True),
        _Column("PORT", lambda row: f"{row['protocol']} {', '.join(map(str, row['port']))}"),
        _Column("MODE", lambda row: row["mode"], wide=True),
        _Column("ALGORITHM", lambda row: row["algorithm"], wide=True),
        _Column("UP", _up, number=True),
        _Column("OPEN", lambda row: count(row["open"]), number=True),
        _Column("PENDING", lambda row: count(row["pending"]), number=True),
        _Column("NEW", lambda row: count(row["new"]), number=True, wide=True),
        _Column("PACKETS", lambda row: count(row["packets"]), number=True),
        _Column("BYTES", lambda row: octets(row["bytes"]), number=True),
        *_replies(rows),
    ]
    pools = [row["pool"] for row in rows if row["pool"]]
    if pools:
        refused = any(pool["exhausted"] for pool in pools)
        columns.append(_Column("POOL", _pool, wide=not refused))
    _print(console, columns, rows, "no services")


def _reals(console: Console, rows: list[RealRow]) -> None:
    columns = (
        _Column("SERVICE", lambda row: row["service"]),
        _Column("ADDRESS", _endpoint, whole=True),
        _Column("WEIGHT", lambda row: str(row["weight"]), number=True),
        _Column("STATE", _standing, least=len("unresolved:")),
        _Column("SINCE", lambda row: age(row["since"]), number=True),
        _Column("OPEN", lambda row: count(row["open"]), number=True),
        _Column("PENDING", lambda row: count(row["pending"]), number=True, wide=True),
        _Column("NEW", lambda row: count(row["new"]), number=True, wide=True),
        _Column("PACKETS", lambda row: count(row["packets"]), number=True, wide=True),
        _Column("BYTES", lambda row: octets(row["bytes"]), number=True),
        *_replies(rows),
        *_answers(rows),
        _Column("MAC", lambda row: row["mac"] or "", wide=True, whole=True),
    )
    _print(console, columns, rows, "no real servers")


def _by_hop(row: MacRow, key: str) -> str:
    """A line for each next hop."""
    hops: Sequence[Mapping[str, Any]] = row["hops"] or (row,)
    return "\n".join(str(hop[key] or "-") for hop in hops)


def _macs(console: Console, rows: list[MacRow]) -> None:
    columns = [
        _Column("ADDRESS", lambda row: row["address"], whole=True),
        _Column("MAC", lambda row: _by_hop(row, "mac"), whole=True),
        _Column("INTERFACE", lambda row: _by_hop(row, "interface")),
        _Column("MTU", lambda row: str(row["path_mtu"] or row["mtu"] or ""), number=True),
        _Column("STATE", _with_reason, least=len("unresolved:")),
        _Column("SOURCE", lambda row: row["source"], wide=True),
        _Column("SINCE", lambda row: age(row["since"]), number=True),
    ]
    if any(hop["vlan"] for row in rows for hop in (row, *row["hops"])):
        columns.insert(3, _Column("VLAN", lambda row: _by_hop(row, "vlan"), number=True))
    if any(hop["via"] for row in rows for hop in (row, *row["hops"])):
        columns.insert(1, _Column("ROUTER", lambda row: _by_hop(row, "via"), whole=True))
    _print(console, columns, rows, "no addresses to resolve")


def _stats(console: Console, rows: list[StatsRow]) -> None:
    for position, row in enumerate(rows):
        if position:
            console.print()
        attached = "attached" if row["attached"] else "not attached"
        title = f"{row['interface']} ({row['driver'] or 'no driver name'}, {row['xdp_mode']})"
        console.print(Text(f"{title}: {attached}", style="bold"))
        seen = sorted(row["reasons"].items(), key=lambda item: (-item[1], item[0]))
        columns = (
            _Column("PACKETS", lambda item: f"{item[1]:,}", number=True),
            _Column("REASON", lambda item: item[0]),
        )
        _print(console, columns, [item for item in seen if item[1]], "no packets yet")
    if not rows:
        console.print("no interfaces")


def _events(console: Console, rows: list[EventRow]) -> None:
    columns = (
        _Column("ID", lambda row: str(row["id"]), number=True),
        _Column("TIME", lambda row: row["time"]),
        _Column("LEVEL", lambda row: row["level"]),
        _Column("KIND", lambda row: row["kind"]),
        _Column("EVENT", lambda row: row["message"]),
    )
    _print(console, columns, rows, "no events")


def _source(view: StatusView) -> str:
    text = f"{view['config_hash']} from {view['file'] or 'commands'}"
    if view["file_differs"]:
        words = f"plan {view['file']}"
        text += f"\nthe file differs now: `{command(words)}` shows how"
    return text


def _flows(family: str, seen: FlowCounts) -> str:
    """Flows of a family, and how full its tables are."""
    use = 100 * seen["used"] / seen["capacity"]
    pending = 100 * seen["pending_used"] / seen["pending_capacity"]
    return (
        f"{family}: {count(seen['open'])} open, {count(seen['pending'])} pending, "
        f"{count(seen['closing'])} closing of {seen['capacity']:,}\n"
        f"  {use:.0f} % in use, {pending:.0f} % of the pending table"
    )


def _lost(table: str, events: Mapping[str, int]) -> str:
    """What a table could not keep or record; empty when nothing."""
    seen = [
        f"{count(number)} {name}"
        for name, number in events.items()
        if number and name.startswith(_LOST)
    ]
    return f"{table}: {', '.join(seen)}" if seen else ""


def _status(console: Console, view: StatusView) -> None:
    facts = {
        "instance": view["instance"],
        "daemon": f"dsrlb {view['version']}, process {view['pid']}, up {age(view['started'])}",
        "configuration": _source(view),
        "services": f"{view['services']}, reals: {view['reals']}",
        "flows": "\n".join(starmap(_flows, view["flows"].items())),
        "fast path": f"attached in {view['attach_seconds']:.2f} s, {view['bytecode']}; "
        f"headers: {view['headers']}",
    }
    if told := revisions_text(view["revisions"]):
        facts["revision"] = told
    if view["checks"]:
        facts["checks"] = view["checks"]
    lost = "\n".join(filter(None, starmap(_lost, view["flow_events"].items())))
    if lost:
        facts["flow tables"] = lost
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold")
    grid.add_column(overflow="fold")
    for name, text in facts.items():
        grid.add_row(name, Text(printable_lines(text)))
    console.print(grid)
    console.print()
    columns = (
        _Column("INTERFACE", lambda row: row["name"]),
        _Column("STATE", lambda row: row["state"]),
        _Column("DRIVER", lambda row: row["driver"]),
        _Column("XDP", lambda row: row["xdp_mode"]),
        _Column("REASON", lambda row: row["reason"]),
    )
    _print(console, columns, view["interfaces"], "no interfaces")


_VIEWS: dict[str, Callable[[Console, Any], None]] = {
    "status": _status,
    "services": _services,
    "reals": _reals,
    "macs": _macs,
    "stats": _stats,
    "events": _events,
}


def show(noun: str, rows: Any) -> None:
    """Print a noun's answer as the API gave it."""
    console = _console()
    with console.capture() as drawn:
        _VIEWS[noun](console, rows)
    click.echo("\n".join(map(str.rstrip, drawn.get().splitlines())))
