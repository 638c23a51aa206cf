# SPDX-License-Identifier: Apache-2.0
"""Commands around configuration revisions: look, compare, go back, confirm.

They work without the daemon too: history is read from the disk, `rollback` changes the pinned maps.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from dsrlb.cli.changes import (
    adopt_vip_option,
    command,
    confirm_within,
    made,
    print_changes,
    show_applied,
    tell_way_back,
)
from dsrlb.cli.client import Client
from dsrlb.cli.common import behind, json_option, print_json, require_root, require_socket
from dsrlb.errors import NotRunning
from dsrlb.printable import printable

if TYPE_CHECKING:
    from dsrlb.control.revisions.offline import SavedRevisions
    from dsrlb.control.views import RevisionRow

_REVISION = click.IntRange(1)
_PLAIN_WIDTH = 120  # of a pipe or file


def saved_or_asked(
    instance: str, path: str, offline: Callable[[SavedRevisions], Any], **query: Any
) -> Any:
    """What the daemon answers, or what the disk says when there is none."""
    require_socket(instance)
    try:
        return Client(instance).get(path, **query)
    except NotRunning:
        require_root()
        from dsrlb.control.revisions import offline as offlinerevisions

        with offlinerevisions.saved(instance) as log:
            return offline(log)


@click.command()
@click.option("--limit", type=click.IntRange(1), metavar="N", help="The newest N only.")
@json_option
@click.pass_obj
def history(instance: str, limit: int | None, as_json: bool) -> None:
    """Configuration revisions, newest first: when, by whom, by what, and what became of them."""

    def offline(log: SavedRevisions) -> list[RevisionRow]:
        from dsrlb.control.revisions import history as views

        return views.rows(log, limit)

    rows = saved_or_asked(instance, "/revisions", offline, limit=limit)
    if as_json:
        print_json(rows)
    else:
        _print_history(rows)


def _print_history(rows: list[RevisionRow]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    fixed = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else _PLAIN_WIDTH
    console = Console(width=fixed, highlight=False, markup=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("REVISION", justify="right", no_wrap=True)
    for title in ("TIME", "USER", "WHAT", "CONFIGURATION", "RESULT"):
        table.add_column(title, overflow="fold")
    for row in rows:
        user = f"{row['user']} (says: {row['said']})" if row["said"] else row["user"]
        cells = (user, row["what"], row["digest"], _result(row))
        table.add_row(str(row["number"]), row["time"], *map(Text, map(printable, cells)))
    console.print(table if rows else "no revisions")


def _result(row: RevisionRow) -> str:
    text = row["result"]
    if row["confirm_seconds"] is not None:
        text = f"waiting for confirmation, {row['confirm_seconds']:.0f} s"
    if row["running"]:
        text = f"{text}, running"
    return f"{text}: {row['reason']}" if row["reason"] else text


@click.command()
@click.argument("before", metavar="A", type=_REVISION)
@click.argument("after", metavar="[B]", type=_REVISION, required=False)
@click.option("--text", is_flag=True, help="Show the difference of the TOML, too.")
@json_option
@click.pass_obj
def diff(instance: str, before: int, after: int | None, text: bool, as_json: bool) -> None:
    """What leads from revision A to revision B; without B to what runs."""

    def offline(log: SavedRevisions) -> Any:
        from dsrlb.control.revisions import history as views

        return views.diff(log, before, after, None, text)

    query = {"before": before, "after": after, "text": "true" if text else None}
    view = saved_or_asked(instance, "/diff", offline, **query)
    if as_json:
        print_json(view)
        return
    print_changes(view["changes"])
    if not view["changes"]:
        click.echo("no changes")
    click.echo(view["text"], nl=False)


@click.command()
@click.argument("revision", type=_REVISION, required=False)
@adopt_vip_option
@confirm_within
@json_option
@click.pass_obj
def rollback(
    instance: str,
    revision: int | None,
    adopt_vip: bool,
    confirm_within: int | None,
    as_json: bool,
) -> None:
    """Go back to REVISION; without it, to the one before what runs.

    That is a revision of its own. It ends the waiting for a confirmation. It works without the
    daemon, too: flows go on, and the next `dsrlb run` goes on with it.
    """
    require_socket(instance)
    body = {"revision": revision, "confirm_within": confirm_within, "adopt_vip": adopt_vip}
    try:
        view = made(instance, "/rollback", as_json, **body, behind=behind())
    except NotRunning as error:
        if confirm_within is not None:
            raise NotRunning("only a daemon can go back by itself", error.hint) from error
        require_root()
        _rollback_offline(instance, revision, adopt_vip, as_json)
        return
    show_applied(view, as_json)


def _rollback_offline(instance: str, revision: int | None, adopt_vip: bool, as_json: bool) -> None:
    from dsrlb.control import offline
    from dsrlb.control.revisions import authors
    from dsrlb.control.revisions import offline as offlinerevisions
    from dsrlb.paths import for_instance

    running = offline.pinned(for_instance(instance))
    view = offlinerevisions.rollback(
        *(instance, revision, adopt_vip, authors.own()),
        prepared=lambda prepared: tell_way_back(prepared, as_json),
    )
    if running or as_json:
        show_applied(view, as_json)
    else:
        print_changes(view["changes"])
        click.echo(f"revision {view['revision']} is recorded for the next start: {command('run')}")
    if running:
        click.echo("no daemon runs: the maps were changed without it", err=True)
    if running and view["revision"] is None:
        told = "the next start begins with what ran before: see to the disk, then say this again"
        click.echo(told, err=True)


@click.command()
@json_option
@click.pass_obj
def confirm(instance: str, as_json: bool) -> None:
    """Keep the revision that waits for confirmation."""
    require_socket(instance)
    try:
        row = Client(instance).post("/confirm", behind=behind())
    except NotRunning:
        require_root()
        from dsrlb.control.revisions import authors
        from dsrlb.control.revisions import offline as offlinerevisions

        row = offlinerevisions.confirm(instance, authors.own())
    if as_json:
        print_json(row)
    else:
        click.echo(f"revision {row['number']} is confirmed")


@click.group()
def config() -> None:
    """The running configuration, and earlier ones."""


@config.command("show")
@click.argument("revision", type=_REVISION, required=False)
@json_option
@click.pass_obj
def config_show(instance: str, revision: int | None, as_json: bool) -> None:
    """Print the running configuration, or that of REVISION, as TOML that `apply` takes; in JSON it
    has the same keys."""
    if revision is None:
        require_socket(instance)
        toml = Client(instance).get("/config")
    else:
        toml = saved_or_asked(
            instance, f"/revisions/{revision}/config", lambda log: _text(log, revision)
        )
    if as_json:
        import tomllib

        print_json(tomllib.loads(toml))
        return
    click.echo(toml, nl=False)


def _text(log: SavedRevisions, revision: int) -> str:
    from dsrlb.control.revisions import history as views

    return views.text_of(log, revision)
