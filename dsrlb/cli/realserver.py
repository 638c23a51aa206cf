# SPDX-License-Identifier: Apache-2.0
"""dsrlb real-server: prepare a real server. Runs on the real server and needs no daemon."""

from __future__ import annotations

import json
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import click

from dsrlb.errors import DsrlbError
from dsrlb.realserver import (
    GUE_PORT,
    L3DSR,
    METHODS,
    TRANSLATED,
    Outcome,
    Piece,
    Request,
    check,
    setup,
    undo,
)

IPAddress = IPv4Address | IPv6Address
MODES = ("l2dsr", "l3dsr", *TRANSLATED)


def _vip(text: str) -> IPAddress:
    """An IP address that can be a VIP."""
    try:
        address = ip_address(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not an IP address") from error
    scoped = isinstance(address, IPv6Address) and address.scope_id is not None
    if address.is_multicast or address.is_unspecified or address.is_loopback or scoped:
        raise click.BadParameter(f"{text} is not a unicast address")
    return address


def _request(mode: str, method: str | None, **options: Any) -> Request:
    """What the options ask for; what does not fit together is wrong usage."""
    if mode == "l3dsr" and method is None:
        raise click.UsageError(f"mode l3dsr needs --method {'|'.join(L3DSR)}")
    (only,) = _methods(mode, method)
    try:
        return Request(only, **{key: value for key, value in options.items() if value is not None})
    except DsrlbError as error:
        raise click.UsageError(error.message) from error


def _methods(mode: str | None, method: str | None) -> tuple[str, ...]:
    """The methods that are meant; without a mode all."""
    if method is not None and mode != "l3dsr":
        raise click.UsageError("--method is of --mode l3dsr")
    if mode is None:
        return METHODS
    if mode != "l3dsr":
        return (mode,)
    return (method,) if method else L3DSR


_MODE = click.option("--mode", type=click.Choice(MODES), default=MODES[0], show_default=True)
_ANY_MODE = click.option("--mode", type=click.Choice(MODES), help="Default: whatever there is.")
_METHOD = click.option("--method", type=click.Choice(L3DSR), help="Of l3dsr.")
_VIPS = click.option(
    "--vip",
    "vips",
    type=_vip,
    metavar="IP...",
    multiple=True,
    required=True,
    help="A virtual address; repeat it for several.",
)
_SOME_VIPS = click.option(
    "--vip",
    "vips",
    type=_vip,
    metavar="IP...",
    multiple=True,
    help="A virtual address; repeat it for several. Default: all that setup knows of.",
)
_DSCP = click.option(
    "--dscp",
    type=click.IntRange(1, 63),
    metavar="CODE",
    help="Of dscp: the code that means these VIPs, at most one of each family.",
)
_GUE_PORT = click.option(
    "--gue-port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help=f"Of gue: where packets come in. [default: {GUE_PORT}]",
)
_ADDRESSES = click.option(
    "--address",
    "addresses",
    type=_vip,
    metavar="REAL...",
    multiple=True,
    help="Of l3dsr: this host's own address that the balancer sends to; repeat it for several. "
    "Default: every global one that is not on lo (on --interface, if given).",
)
_MSS = click.option(
    "--mss",
    type=click.IntRange(536, 65495),
    metavar="BYTES",
    help="TCP segments to a VIP may have this many bytes at most. Default: what fits with the "
    "envelope into the interface's MTU (ipip, gue), no limit (l2dsr, dscp).",
)
_INTERFACE = click.option(
    "--interface",
    metavar="IF",
    help="Where packets come in. Its ARP settings are set, not only those of all together; the "
    "eBPF program of ipip and gue goes on this one alone.",
)
_GATEWAYS = click.option(
    "--gateway",
    "gateways",
    type=_vip,
    metavar="ADDRESS...",
    multiple=True,
    help="Of router and nat: the balancer's address on this host's segment, one of a family. The "
    "default route goes there.",
)
_PERSIST = click.option(
    "--persist",
    "at_boot",
    is_flag=True,
    help="At every boot, too: by a systemd unit of its own.",
)
_DRY_RUN = click.option(
    "--dry-run", is_flag=True, help="Print the commands that do the same, and change nothing."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_WANTED = (
    *(_MODE, _METHOD, _VIPS, _DSCP, _GUE_PORT, _ADDRESSES, _MSS, _INTERFACE, _GATEWAYS),
    _PERSIST,
)


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


@click.group("real-server")
def real_server() -> None:
    """Prepare this host as a real server."""


@real_server.command("setup")
@_options(*_WANTED, _DRY_RUN, _JSON)
def setup_command(dry_run: bool, as_json: bool, at_boot: bool, **wanted: Any) -> None:
    """Make this host a real server of the VIPs.

    l2dsr, l3dsr: the VIP on the loopback, and silence about it; what the balancer sends is
    accepted. router, nat: the default route to the balancer (--gateway). bridge, one-arm: nothing
    is needed. Doing it twice changes nothing. Setups add up: more VIPs, other methods.
    """
    outcome = setup(_request(**wanted), at_boot=at_boot, dry_run=dry_run)
    _show(outcome, dry_run, as_json, "nothing to do")


@real_server.command("undo")
@_options(_ANY_MODE, _METHOD, _SOME_VIPS, _DRY_RUN, _JSON)
def undo_command(
    mode: str | None,
    method: str | None,
    vips: tuple[IPAddress, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take back what setup changed, and nothing else."""
    outcome = undo(_methods(mode, method), vips, dry_run=dry_run)
    _show(outcome, dry_run, as_json, "nothing to undo")


@real_server.command("check")
@_options(*_WANTED, _JSON)
@click.pass_context
def check_command(context: click.Context, /, as_json: bool, at_boot: bool, **wanted: Any) -> None:
    """Name each thing that is missing, what is there and what should be, one on a line; exit code 1
    if there is one. Whether it is done at boot is shown; with --persist it has to be."""
    pieces = check(_request(**wanted), at_boot=at_boot)
    if as_json:
        click.echo(json.dumps([_row(piece) for piece in pieces], indent=2))
    else:
        for piece in pieces:
            click.echo(_line(piece))
    context.exit(0 if all(piece.ok for piece in pieces) else 1)


def _row(piece: Piece) -> dict[str, Any]:
    advice = "" if piece.ok else piece.remedy
    shown = {"name": piece.name, "ok": piece.ok, "value": piece.value}
    return {**shown, "wanted": piece.wanted or piece.value, "advice": advice}


def _line(piece: Piece) -> str:
    if piece.ok:
        return f"ok       {piece.name}: {piece.value}"
    should = f"; should be {piece.wanted}" if piece.wanted else ""
    return f"MISSING  {piece.name}: {piece.value}{should}; {piece.remedy}"


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
