# SPDX-License-Identifier: Apache-2.0
"""Options that `service add` and `service set` have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

_OPTIONS = (
    click.option(
        "--method",
        type=click.Choice(["dscp", "ipip", "gue"]),
        help="Of mode l3dsr: how packets find a real server behind routers.",
    ),
    click.option(
        "--dscp",
        type=click.IntRange(1, 63),
        metavar="N",
        help="Of method dscp: the code that stands for the VIPs on the real servers, 1 to 63.",
    ),
    click.option(
        "--gue-port",
        type=click.IntRange(1, 65535),
        metavar="PORT",
        help="Of method gue: the real servers' UDP port; default: 6080.",
    ),
    click.option(
        "--pool",
        multiple=True,
        metavar="IP[-IP]",
        help="Of modes one-arm, and nat with --outbound: source addresses; also a prefix; may be "
        "repeated.",
    ),
    click.option(
        "--toa/--no-toa",
        default=None,
        help="Of mode one-arm: a TCP option tells real servers the client's address.",
    ),
    click.option(
        "--outbound/--no-outbound",
        default=None,
        help="Of mode nat: what real servers open leaves with an address of the pool.",
    ),
    click.option(
        "--mss-clamp",
        type=click.IntRange(0, 9000),
        metavar="BYTES",
        help="Of modes bridge, router, one-arm and nat: the largest TCP MSS; 0: off.",
    ),
    click.option(
        "--algorithm",
        metavar="NAME",
        help="Who gets the next flow: round-robin, weighted-round-robin, least-connection, "
        "weighted-least-connection, fastest-response-time, adaptive, hash or maglev.",
    ),
    click.option(
        "--hash-on",
        type=click.Choice(["source", "tuple"]),
        help="Of algorithms hash and maglev: the client's address, or its whole flow, decides.",
    ),
    click.option(
        "--table-size",
        type=int,
        metavar="N",
        help="Of algorithms hash and maglev: 4093, 65537, 262147 or 524309 entries; 0: by weights.",
    ),
)


def service_options(command: Callable[..., None]) -> Callable[..., None]:
    """What says more about the mode, and the algorithm."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_TABLES = {"method": "l3dsr", "dscp": "l3dsr", "gue_port": "l3dsr", "toa": "snat"}
"""Keys that stand in a table of the service's."""


def one_or_list(texts: tuple[str, ...]) -> Any:
    """Values of a repeatable option that may also hold commas."""
    from dsrlb.config.edit import value_of

    values: list[Any] = []
    for text in texts:
        value = value_of(text)
        values += value if isinstance(value, list) else [value]
    return values[0] if len(values) == 1 else values


def given(**settings: Any) -> dict[str, Any]:
    """The options that were given, by their names in the configuration."""
    return {key: value for key, value in settings.items() if value is not None}


def service_settings(pool: tuple[str, ...], **options: Any) -> dict[str, Any]:
    """[service.l3dsr], [service.snat] and the other keys, as far as they are given."""
    settings = given(**options)
    tables: dict[str, dict[str, Any]] = {"l3dsr": {}, "snat": {}}
    if pool:
        tables["snat"]["pool"] = one_or_list(pool)
    for key, table in _TABLES.items():
        if key in settings:
            tables[table][key] = settings.pop(key)
    return {name: table for name, table in tables.items() if table} | settings
