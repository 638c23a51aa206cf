# SPDX-License-Identifier: Apache-2.0
"""Commands that take a real server out, gently or at once, and bring it back."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import click

from dsrlb.cli.changes import command
from dsrlb.cli.client import Client
from dsrlb.cli.common import behind, json_option, print_json, require_socket
from dsrlb.errors import DsrlbError

_LOOK_SECONDS = 0.5
_UNITS = {"s": 1, "m": 60, "h": 3600}


def _seconds(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    """60, 60s, 5m, 1h."""
    if text is None:
        return None
    number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS else (text, "s")
    if not number.isdecimal():
        raise click.BadParameter(f"{text!r} is no time such as 60s, 5m or 1h")
    return float(number) * _UNITS[unit]


def _order(instance: str, service: str, address: str, state: str) -> Sequence[Mapping[str, Any]]:
    """Give the order; returns whom it is about, as rows with service and address."""
    require_socket(instance)
    body = {"service": service, "address": address, "state": state, "behind": behind()}
    found: Sequence[Mapping[str, Any]] = Client(instance).post("/real/state", **body)
    return found


def _warn(rows: Sequence[Mapping[str, Any]]) -> None:
    for warning in dict.fromkeys(row["warning"] for row in rows if row["warning"]):
        click.echo(f"warning: {warning}", err=True)


def _told(rows: Sequence[Mapping[str, Any]], as_json: bool, what: str) -> None:
    _warn(rows)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['service']} {row['address']}: {what}")


@click.command("drain")
@click.argument("service")
@click.argument("address")
@click.option(
    "--wait",
    callback=_seconds,
    metavar="TIME",
    help="Return when no connection is left, or after this time (60s, 5m, 1h; exit code 1).",
)
@json_option
@click.pass_obj
def drain(instance: str, service: str, address: str, wait: float | None, as_json: bool) -> None:
    """Give ADDRESS of SERVICE no new flows; those that it has go on. SERVICE "*" is every one.

    It holds until `real enable`, whatever is applied or restarted meanwhile.
    """
    rows = _order(instance, service, address, "drain")
    if wait is None:
        _told(rows, as_json, "gets no new flows")
        return
    _warn(rows)
    left = _await_empty(instance, rows, wait, quiet=as_json)
    if as_json:
        print_json([{**row, "left": left} for row in rows])
    if left:
        raise DsrlbError(
            f"{left:,} connection{'s are' if left != 1 else ' is'} left after {wait:g} s",
            hint=f"they go on; `{command(f'real disable {service} {address}')}` ends them or sends "
            f"them elsewhere (on_down), `{command(f'flows --real {address}')}` shows them",
        )


def _await_empty(
    instance: str, rows: Sequence[Mapping[str, Any]], wait: float, *, quiet: bool
) -> int:
    """Tell how many connections are left whenever that changes; returns how many at the end."""
    client, wanted = Client(instance), {(row["service"], row["address"]) for row in rows}
    deadline = time.monotonic() + wait
    told = None
    while True:
        present = client.get("/reals")
        left = sum(
            row["open"] + row["pending"]
            for row in present
            if (row["service"], row["address"]) in wanted
        )
        if left != told and not quiet:
            click.echo(f"{left:,} connection{'s' * (left != 1)} left")
        told = left
        if not left or time.monotonic() >= deadline:
            return int(left)
        time.sleep(min(_LOOK_SECONDS, max(0.0, deadline - time.monotonic())))


@click.command("disable")
@click.argument("service")
@click.argument("address")
@json_option
@click.pass_obj
def disable(instance: str, service: str, address: str, as_json: bool) -> None:
    """Take ADDRESS out of SERVICE at once; its flows end or go elsewhere as on_down says.

    SERVICE "*" is every one. It holds until `real enable`, whatever is applied or restarted.
    """
    _told(_order(instance, service, address, "disabled"), as_json, "is out")


@click.command("enable")
@click.argument("service")
@click.argument("address")
@json_option
@click.pass_obj
def enable(instance: str, service: str, address: str, as_json: bool) -> None:
    """Take back `real drain` and `real disable` of ADDRESS in SERVICE ("*": in every one)."""
    _told(_order(instance, service, address, "enabled"), as_json, "may have new flows")
