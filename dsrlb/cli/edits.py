# SPDX-License-Identifier: Apache-2.0
"""Commands that change one service or real of the running configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from dsrlb.cli.changes import adopt_vip_option, made, show_applied
from dsrlb.cli.common import behind, json_option, require_socket
from dsrlb.cli.serviceoptions import given, one_or_list, service_options, service_settings
from dsrlb.cli.standing import disable, drain, enable

_weight = click.option(
    "--weight",
    type=click.IntRange(0, 65535),
    metavar="N",
    help="Share of new flows, 0 to 65535; 0: no new flows.",
)
_mac = click.option("--mac", metavar="MAC", help='A fixed MAC address, or "auto".')
_port = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Where it listens, if not on the service's port (modes bridge, router, one-arm, nat); "
    "0: there.",
)
_MODES = "l2dsr, l3dsr, bridge, router, one-arm or nat"


_max_open = click.option(
    "--max-open",
    type=click.IntRange(0),
    metavar="N",
    help="No new flows at so many open ones; 0: no limit.",
)
_max_open_low = click.option(
    "--max-open-low",
    type=click.IntRange(0),
    metavar="N",
    help="... until it is down to so many; default: 9/10 of --max-open.",
)


def _edit(
    instance: str,
    verb: str,
    service: str,
    as_json: bool,
    settings: dict[str, Any],
    address: str | None = None,
    *,
    adopt_vip: bool = False,
) -> None:
    require_socket(instance)
    more: dict[str, Any] = {} if address is None else {"address": address}
    if adopt_vip:
        more["adopt_vip"] = adopt_vip
    body = {"verb": verb, "service": service, "settings": settings, **more}
    show_applied(made(instance, "/edit", as_json, **body, behind=behind()), as_json)


def _pairs(pairs: tuple[str, ...], options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """KEY=VALUE arguments, values as TOML has them (or plain words), over what options gave.

    TABLE.KEY=VALUE, such as l3dsr.dscp=12, is one key of a table.
    """
    from dsrlb.config.edit import value_of

    settings = dict(options or {})
    for pair in pairs:
        key, equals, value = pair.partition("=")
        table, dot, inner = key.partition(".")
        if not table or not equals or bool(dot) != bool(inner):
            raise click.BadParameter(f"{pair!r} is not KEY=VALUE")
        if not dot:
            settings[key] = value_of(value)
            continue
        present = settings.get(table, {})
        if not isinstance(present, dict):
            raise click.BadParameter(f"{pair!r}, and {table} is given another value")
        settings[table] = {**present, inner: value_of(value)}
    return settings


def _real(text: str) -> dict[str, Any]:
    """ADDRESS[,ADDRESS6][,weight=N][,mac=M] as a table."""
    parts = [part.strip() for part in text.split(",")]
    addresses = tuple(part for part in parts if "=" not in part)
    if not addresses or not all(addresses):
        raise click.BadParameter(f"{text!r} is not ADDRESS[,weight=N][,mac=MAC]")
    settings = _pairs(tuple(part for part in parts if "=" in part))
    return {"address": one_or_list(addresses), **settings}


@click.group()
def service() -> None:
    """Add, change or remove a service."""


@service.command("add")
@click.argument("name")
@click.argument("settings", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--vip", multiple=True, required=True, metavar="IP", help="May be repeated.")
@click.option("--protocol", type=click.Choice(["tcp", "udp"]), required=True)
@click.option(
    "--port",
    multiple=True,
    required=True,
    metavar="PORT",
    help='80, "8000-8099" or "any"; may be repeated.',
)
@click.option(
    "--real", "reals", multiple=True, metavar="IP[,KEY=VALUE]...", help="May be repeated."
)
@click.option("--group", metavar="NAME", help="A group's reals, in place of --real.")
@click.option(
    "--mode",
    default="l2dsr",
    show_default=True,
    metavar="NAME",
    help=f"How packets are sent on: {_MODES}.",
)
@service_options
@adopt_vip_option
@json_option
@click.pass_obj
def service_add(
    instance: str,
    /,
    name: str,
    settings: tuple[str, ...],
    vip: tuple[str, ...],
    protocol: str,
    port: tuple[str, ...],
    reals: tuple[str, ...],
    group: str | None,
    mode: str,
    adopt_vip: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Add service NAME; KEY=VALUE as in the configuration file."""
    table: dict[str, Any] = {"vip": one_or_list(vip), "protocol": protocol, "mode": mode}
    table["port"] = one_or_list(port)
    table |= service_settings(**options)
    if reals:
        table["real"] = [_real(text) for text in reals]
    if group is not None:
        table["group"] = group
    _edit(instance, "service-add", name, as_json, _pairs(settings, table), adopt_vip=adopt_vip)


@service.command("set")
@click.argument("name")
@click.argument("settings", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--mode", metavar="NAME", help=f"How packets are sent on: {_MODES}.")
@service_options
@adopt_vip_option
@json_option
@click.pass_obj
def service_set(
    instance: str,
    /,
    name: str,
    settings: tuple[str, ...],
    mode: str | None,
    adopt_vip: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Change settings of service NAME; KEY=VALUE as in the configuration file."""
    changes = _pairs(settings, given(mode=mode) | service_settings(**options))
    if not changes:
        raise click.UsageError(
            "nothing to change: give KEY=VALUE, or an option such as --algorithm"
        )
    _edit(instance, "service-set", name, as_json, changes, adopt_vip=adopt_vip)


@service.command("remove")
@click.argument("name")
@json_option
@click.pass_obj
def service_remove(instance: str, name: str, as_json: bool) -> None:
    """Remove service NAME; its flows end."""
    _edit(instance, "service-remove", name, as_json, {})


@click.group()
def real() -> None:
    """Add, change or remove a real server, take it out and bring it back.

    A service that uses a group shares its real servers: the change is the group's.
    """


@real.command("add")
@click.argument("service")
@click.argument("address")
@_weight
@_port
@_mac
@_max_open
@_max_open_low
@json_option
@click.pass_obj
def real_add(
    instance: str,
    service: str,
    address: str,
    weight: int | None,
    port: int | None,
    mac: str | None,
    max_open: int | None,
    max_open_low: int | None,
    as_json: bool,
) -> None:
    """Add ADDRESS to SERVICE (two, with a comma: one per family)."""
    settings = given(
        weight=weight, port=port, mac=mac, max_open=max_open, max_open_low=max_open_low
    )
    _edit(instance, "real-add", service, as_json, settings, address)


@real.command("set")
@click.argument("service")
@click.argument("address")
@_weight
@_port
@_mac
@_max_open
@_max_open_low
@json_option
@click.pass_obj
def real_set(
    instance: str,
    service: str,
    address: str,
    weight: int | None,
    port: int | None,
    mac: str | None,
    max_open: int | None,
    max_open_low: int | None,
    as_json: bool,
) -> None:
    """Change the weight, port, MAC address or limit of a real server."""
    settings = given(
        weight=weight, port=port, mac=mac, max_open=max_open, max_open_low=max_open_low
    )
    if not settings:
        raise click.UsageError("nothing to change: give --weight, --port, --mac or --max-open")
    _edit(instance, "real-set", service, as_json, settings, address)


@real.command("remove")
@click.argument("service")
@click.argument("address")
@json_option
@click.pass_obj
def real_remove(instance: str, service: str, address: str, as_json: bool) -> None:
    """Remove ADDRESS from SERVICE; its flows go to the others."""
    _edit(instance, "real-remove", service, as_json, {}, address)


for _command in (drain, disable, enable):
    real.add_command(_command)
