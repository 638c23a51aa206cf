# SPDX-License-Identifier: Apache-2.0
"""Commands that show. They start fast: only click, the socket client and, for tables, rich."""

from __future__ import annotations

from typing import Any

import click

from dsrlb.cli.client import Client
from dsrlb.cli.common import json_option, print_json, require_socket


def _show(instance: str, noun: str, as_json: bool, **query: str | int | None) -> None:
    """Ask for rows and print them; render.py has a function for every noun."""
    require_socket(instance)
    rows: Any = Client(instance).get(f"/{noun}", **query)
    if as_json:
        print_json(rows)
        return
    from dsrlb.cli import render

    render.show(noun, rows)


@click.command()
@json_option
@click.pass_obj
def status(instance: str, as_json: bool) -> None:
    """The balancer at a glance."""
    _show(instance, "status", as_json)


@click.command()
@json_option
@click.pass_obj
def services(instance: str, as_json: bool) -> None:
    """Services and their counters, one row per address family."""
    _show(instance, "services", as_json)


@click.command()
@click.argument("service", required=False)
@json_option
@click.pass_obj
def reals(instance: str, service: str | None, as_json: bool) -> None:
    """Real servers of all services or of one: state, flows, traffic."""
    _show(instance, "reals", as_json, service=service)


@click.command()
@json_option
@click.pass_obj
def macs(instance: str, as_json: bool) -> None:
    """The MAC table: where frames for each real server go."""
    _show(instance, "macs", as_json)


@click.command()
@json_option
@click.pass_obj
def stats(instance: str, as_json: bool) -> None:
    """What became of the packets, by interface and reason."""
    _show(instance, "stats", as_json)


@click.command()
@click.option(
    "--since", type=click.IntRange(min=0), default=0, metavar="ID", help="Only events after this."
)
@json_option
@click.pass_obj
def events(instance: str, since: int, as_json: bool) -> None:
    """What happened since the daemon started (the last 1,000 events)."""
    _show(instance, "events", as_json, since=since)
