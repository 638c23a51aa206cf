# SPDX-License-Identifier: Apache-2.0
"""`dsrlb flows`: a list that is printed as it comes, however long it is.

Rows go to sys.stdout itself: click.echo() would flush each of a million.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click

from dsrlb.cli.client import Client
from dsrlb.cli.common import behind, json_option, require_socket
from dsrlb.control.flows.query import (
    COUNTS,
    PROTOCOLS,
    STATES,
    address,
    client_prefix,
    endpoint,
    endpoint_text,
    seconds,
)

_Command = TypeVar("_Command", bound=Callable[..., Any])

_PLAIN_WIDTH = 120  # of a pipe or file
_TITLES = (
    *("PROTO", "CLIENT", "VIP", "SERVICE", "REAL", "STATE", "IDLE", "EXPIRES"),
    *("REAL", "POOL"),
)
"""The first REAL is without port."""
_FORMS = (
    (136, "{0:5} {1:24} {2:21} {3:12} {8:21} {5:10} {6:>6} {7:>7} {9}"),
    (108, "{0:5} {1:24} {2:21} {3:12} {4:15} {5:10} {6:>6} {7:>7}"),
    (0, "{0:4.4} {1:21} {2:21} {4:15} {5:10} {6:>4}"),
)
"""Columns of the screen from which on rows look like this."""


def _checked(
    parse: Callable[[str], object],
) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """An option's callback: text that ``parse`` takes stays as it is, other is wrong usage."""

    def check(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
        try:
            if text is not None:
                parse(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
        return text

    return check


_FILTERS = (
    click.option(
        "--client", callback=_checked(client_prefix), metavar="PREFIX", help="Of clients."
    ),
    click.option(
        "--vip",
        callback=_checked(endpoint),
        metavar="ADDRESS[:PORT]",
        help="To this VIP; [ADDRESS]:PORT for IPv6.",
    ),
    click.option(
        "--real", callback=_checked(address), metavar="ADDRESS", help="Of this real server."
    ),
    click.option("--service", metavar="NAME", help="Of this service."),
    click.option("--protocol", type=click.Choice(list(PROTOCOLS))),
    click.option(
        "--state",
        type=click.Choice(STATES),
        multiple=True,
        help="In this state; may be repeated. source: not flows, but the real servers that clients "
        "of persistent services go to.",
    ),
    click.option(
        "--older",
        callback=_checked(seconds),
        metavar="TIME",
        help="Idle for at least this long (90, 90s, 15m, 2h). The time since the last packet is "
        "computed from the flow's expiry and its present timeout: right to about a second, and "
        "wrong for flows from before the timeout was changed.",
    ),
    click.option(
        "--newer", callback=_checked(seconds), metavar="TIME", help="Idle for less than this."
    ),
)


def _filters(command: _Command) -> _Command:
    """Give a command the options that say which flows are meant."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


def _given(filters: dict[str, Any]) -> dict[str, Any]:
    """The filters that were given, as the API takes them."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in filters.items()
        if value not in (None, ())
    }


@click.group(invoke_without_command=True)
@_filters
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many rows.")
@click.option(
    "--count-by", type=click.Choice(COUNTS), help="How many flows, in place of the flows."
)
@json_option
@click.pass_context
def flows(
    ctx: click.Context, /, limit: int | None, count_by: str | None, as_json: bool, **filters: Any
) -> None:
    """Flows in the tables that fit all filters, in no order, or remove them (`flows drop`).

    IDLE and EXPIRES are in seconds. A list is not of one moment: flows come and go meanwhile.
    """
    if ctx.invoked_subcommand is not None:
        if _given(filters) or limit or count_by or as_json:
            raise click.UsageError("options go behind `drop`")
        return
    require_socket(ctx.obj)
    query = {**_given(filters), "limit": limit, "count_by": count_by}
    lines = Client(ctx.obj).stream("/flows", **query)
    if as_json:
        _print_array(lines)
    elif count_by is not None:
        _print_counts(lines, count_by)
    else:
        _print_rows(lines)


@flows.command("drop")
@_filters
@click.option("--all", "every", is_flag=True, help="Every flow, in place of filters.")
@click.pass_obj
def flows_drop(instance: str, /, every: bool, **filters: Any) -> None:
    """Remove the flows that fit all filters, or --all.

    Their next packets are treated as those of unknown flows: what `on_unknown` says for TCP, a new
    flow for UDP.
    """
    given = _given(filters)
    if every == bool(given):
        raise click.UsageError("give filters, or --all and none")
    require_socket(instance)
    body = {**given, "all": every, "behind": behind()}
    dropped = Client(instance).post("/flows/drop", **body)["dropped"]
    click.echo(f"dropped {dropped:,} flows")


def _print_array(lines: Iterator[bytes]) -> None:
    """The rows as one JSON array, a row a line."""
    before = "[\n  "
    for line in lines:
        sys.stdout.write(before + line.decode())
        before = ",\n  "
    click.echo("[]" if before.startswith("[") else "\n]")


def _width() -> int:
    """Columns of the terminal, or as many as a file gets."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS"):
        return shutil.get_terminal_size().columns
    return _PLAIN_WIDTH


def _print_counts(lines: Iterator[bytes], by: str) -> None:
    title = f"{'FLOWS':>12}  {by.upper()}\n"
    for line in lines:
        row = json.loads(line)
        sys.stdout.write(f"{title}{row['flows']:>12,}  {row[by] or '-'}\n")
        title = ""
    if title:
        click.echo("no flows")


def _print_rows(lines: Iterator[bytes]) -> None:
    """The rows in columns of fixed width: nobody knows what is still to come."""
    width = _width()
    form = next(form for least, form in _FORMS if width >= least)
    title = form.format(*_TITLES) + "\n"
    for line in lines:
        row = json.loads(line)
        real = row["real"] or "-"
        text = form.format(
            row["protocol"] or "-",
            endpoint_text(row["client"], row["client_port"]),
            _destination(row),
            row["service"] or "-",
            real,
            row["state"],
            "-" if row["idle"] is None else row["idle"],
            row["expires"],
            endpoint_text(real, row["real_port"]),
            endpoint_text(row["pool_address"] or "-", row["pool_port"]),
        )
        sys.stdout.write(f"{title}{text}\n")
        title = ""
    if title:
        click.echo("no flows")


def _destination(row: dict[str, Any]) -> str:
    """The VIP; of a source the persistence group."""
    if row["vip"] is None:
        return f"group {row['group']}"
    return endpoint_text(row["vip"], row["vip_port"])
