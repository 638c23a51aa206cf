# SPDX-License-Identifier: Apache-2.0
"""dsrlb real-server: prepare a real server. Runs on the real server and needs no daemon."""

from __future__ import annotations

import json
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import click

from dsrlb.realserver import MODES, Outcome, Piece, check, setup, undo

IPAddress = IPv4Address | IPv6Address


def _vip(text: str) -> IPAddress:
    """An IP address that can be a VIP."""
    try:
        address = ip_address(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not an IP address") from error
    if address.is_multicast or address.is_unspecified or address.is_loopback:
        raise click.BadParameter(f"{text} is not a unicast address")
    return address


def _options(*, vip_required: bool, interface: bool, dry_run: bool) -> Callable[[Any], Any]:
    def decorate(function: Any) -> Any:
        function = click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)
        if dry_run:
            text = "Print the commands that do the same, and change nothing."
            function = click.option("--dry-run", is_flag=True, help=text)(function)
        if interface:
            text = "Set the ARP settings of this interface too, not only those of all together."
            function = click.option("--interface", metavar="IF", help=text)(function)
        vip = click.option(
            "--vip",
            "vips",
            type=_vip,
            metavar="IP...",
            multiple=True,
            required=vip_required,
            help="A virtual address; repeat it for several."
            + ("" if vip_required else " Default: all that setup knows of."),
        )
        mode = click.option("--mode", type=click.Choice(MODES), default=MODES[0], show_default=True)
        return mode(vip(function))

    return decorate


@click.group("real-server")
def real_server() -> None:
    """Prepare this host as a real server."""


@real_server.command("setup")
@_options(vip_required=True, interface=True, dry_run=True)
def setup_command(
    mode: str, vips: tuple[IPAddress, ...], interface: str | None, dry_run: bool, as_json: bool
) -> None:
    """Put the VIP on the loopback and keep quiet about it. Doing it twice changes nothing."""
    _show(setup(mode, vips, interface, dry_run=dry_run), dry_run, as_json, "nothing to do")


@real_server.command("undo")
@_options(vip_required=False, interface=False, dry_run=True)
def undo_command(mode: str, vips: tuple[IPAddress, ...], dry_run: bool, as_json: bool) -> None:
    """Take back what setup changed, and nothing else."""
    _show(undo(mode, vips, dry_run=dry_run), dry_run, as_json, "nothing to undo")


@real_server.command("check")
@_options(vip_required=True, interface=True, dry_run=False)
@click.pass_context
def check_command(
    context: click.Context,
    mode: str,
    vips: tuple[IPAddress, ...],
    interface: str | None,
    as_json: bool,
) -> None:
    """Name each thing that is missing; exit code 1 if there is one."""
    pieces = check(mode, vips, interface)
    if as_json:
        click.echo(json.dumps([_row(piece) for piece in pieces], indent=2))
    else:
        for piece in pieces:
            click.echo(_line(piece))
    context.exit(0 if all(piece.ok for piece in pieces) else 1)


def _row(piece: Piece) -> dict[str, Any]:
    advice = "" if piece.ok else piece.remedy
    return {"name": piece.name, "ok": piece.ok, "value": piece.value, "advice": advice}


def _line(piece: Piece) -> str:
    if piece.ok:
        return f"ok       {piece.name}: {piece.value}"
    return f"MISSING  {piece.name}: {piece.value}\n         {piece.remedy}"


def _show(outcome: Outcome, dry_run: bool, as_json: bool, nothing: str) -> None:
    commands = [step.shell() for step in outcome.steps]
    if as_json:
        report = {"dry_run": dry_run, "steps": commands, "notes": list(outcome.notes)}
        click.echo(json.dumps(report, indent=2))
        return
    for command in commands:
        click.echo(command)
    for note in outcome.notes:
        click.echo(note, err=True)
    if not commands:
        click.echo(nothing, err=True)
