# SPDX-License-Identifier: Apache-2.0
"""Write docs/CONFIG.md from the models: ``python -m dsrlb.config.reference [--check]``."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from dsrlb.config import values
from dsrlb.config.models import (
    AddressRange,
    Balancer,
    Bridge,
    Group,
    Health,
    L3dsr,
    PortRange,
    Real,
    Service,
    Snat,
)

TARGET = Path(__file__).resolve().parents[2] / "docs" / "CONFIG.md"

TABLES: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("balancer", "`[balancer]`", Balancer),
    ("bridge", "`[[bridge]]`", Bridge),
    ("group", "`[[group]]`", Group),
    ("service", "`[[service]]`", Service),
    ("l3dsr", "`[service.l3dsr]`", L3dsr),
    ("snat", "`[service.snat]`", Snat),
    ("health", "`[group.health]` and `[service.health]`", Health),
    ("real", "`[[group.real]]`, `[service.sorry]` and `[[service.real]]`", Real),
)
# One TOML value per key, each of which the models accept (a test tries them all).
EXAMPLES: dict[str, str] = {
    "balancer.interfaces": '["eth0", "eth1"]',
    "balancer.xdp_mode": '"native"',
    "balancer.flow_capacity": "4_000_000",
    "balancer.announce": "false",
    "balancer.scan_interval": '"5s"',
    "balancer.tunnel_source": '["192.0.2.1", "2001:db8:ffff::/64"]',
    "balancer.hash_seed": "7",
    "balancer.fail_open": '"30s"',
    "balancer.fail_open_new": '"drop"',
    "balancer.socket_mode": '"0660"',
    "balancer.socket_group": '"ops"',
    "balancer.probe_prefix": '["10.255.0.0/16", "fd00:9::/96"]',
    "bridge.name": '"br0"',
    "bridge.ports": '["eth1", "eth2"]',
    "bridge.reals_on": '"eth2"',
    "group.name": '"web"',
    "group.real": '[{ address = "10.0.0.11" }]',
    "service.name": '"web"',
    "service.vip": '["192.0.2.10", "2001:db8::10"]',
    "service.protocol": '"tcp"',
    "service.port": '[80, 443, "8000-8099"]',
    "service.mode": '"l3dsr"',
    "service.l3dsr": '{ method = "dscp", dscp = 12 }',
    "service.snat": '{ pool = "192.0.2.200-192.0.2.203" }',
    "service.outbound": "true",
    "service.mss_clamp": "1400",
    "service.algorithm": '"weighted-round-robin"',
    "service.hash_on": '"tuple"',
    "service.table_size": "65537",
    "service.group": '"web"',
    "service.real": '[{ address = "10.0.0.11", weight = 2 }]',
    "service.interfaces": '["eth0"]',
    "service.idle_timeout": '"15m"',
    "service.pending_timeout": '"10s"',
    "service.closing_timeout": '"30s"',
    "service.on_unknown": '"schedule"',
    "service.allow": '["10.0.0.0/8", "2001:db8::/32"]',
    "service.deny": '"10.66.0.0/16"',
    "service.one_packet": "true",
    "service.new_flow_rate": "20_000",
    "service.new_flow_burst": "5_000",
    "service.source_flow_rate": "100",
    "service.source_flow_burst": "200",
    "service.persistence": '"30m"',
    "service.persistence_group": '"shop"',
    "group.health": '{ type = "http", path = "/healthz" }',
    "service.health": '{ type = "none" }',
    "service.on_down": '"keep"',
    "service.all_down": '"all-up"',
    "service.sorry": '{ address = "10.0.0.99" }',
    "service.slow_start": '"1m"',
    "health.type": '"https"',
    "health.port": "8080",
    "health.interval": '"500ms"',
    "health.timeout": '"300ms"',
    "health.jitter": "20",
    "health.rise": "3",
    "health.fall": "2",
    "health.startup_grace": '"30s"',
    "health.flap_count": "10",
    "health.flap_window": '"5m"',
    "health.flap_hold": '"2m"',
    "health.path": '"/healthz"',
    "health.method": '"HEAD"',
    "health.host": '"www.example.com"',
    "health.sni": '"www.example.com"',
    "health.verify": "true",
    "health.status": '[200, "300-399"]',
    "health.body": '"ready"',
    "health.send": '"hex:00ff"',
    "health.expect": '"PONG"',
    "health.query": '"example.com"',
    "health.record": '"AAAA"',
    "health.rcode": '"any"',
    "health.command": '["/usr/local/bin/check-web", "--fast"]',
    "l3dsr.method": '"ipip"',
    "l3dsr.dscp": "12",
    "l3dsr.gue_port": "6081",
    "snat.pool": '["192.0.2.200-192.0.2.203", "2001:db8::c0/124"]',
    "snat.toa": "true",
    "real.address": '["10.0.0.11", "2001:db8:1::11"]',
    "real.weight": "2",
    "real.port": "8080",
    "real.mac": '"02:00:00:00:00:11"',
    "real.max_open": "10_000",
    "real.max_open_low": "8_000",
}
# Defaults that depend on something else.
DEFAULTS = {
    "balancer.tunnel_source": "the address that the kernel sends from",
    "service.l3dsr": "none",
    "service.snat": "none",
    "l3dsr.dscp": "none",
    "service.idle_timeout": '"15m" (tcp), "60s" (udp)',
    "service.hash_on": '"source" (hash), "tuple" (maglev)',
    "service.interfaces": "all of balancer.interfaces",
    "service.group": "none",
    "service.persistence": "0",
    "service.persistence_group": "none",
    "real.max_open_low": "9/10 of max_open",
    "balancer.fail_open": "0",
    "group.health": "see below",
    "service.health": "the group's, or see below",
    "service.sorry": "none",
    "service.slow_start": "0",
    "health.startup_grace": "0",
    "health.port": "the first port of the service",
    "health.host": "the VIP",
    "health.sni": "host",
    "health.body": "none",
    "health.send": "none",
    "health.expect": "none",
    "health.query": "none",
}
_DURATIONS = {get_args(kind)[1] for kind in (values.Seconds, values.SecondsOrOff, values.Millis)}
_MILLIS = get_args(values.Millis)[1]

INTRODUCTION = """\
# Configuration

<!-- Written by `make format` from the models in dsrlb/config; do not edit. -->

One TOML file, by default `/etc/dsrlb/dsrlb.toml`. `dsrlb check FILE` reads it and changes nothing.
An error names file, line, key and value; a file with an error is not applied at all, and an unknown
key is an error. Numbers may have underscores (`1_000_000`). Where the type says
"or a list", a list of one may be written without its brackets.

## Top level

| key | type | default | allowed | meaning | example |
|---|---|---|---|---|---|
| `include` | list of files or patterns | none | relative to the including file; may hold \
`[[group]]` and `[[service]]` only | more files to read | `["conf.d/*.toml"]` |
"""
DURATIONS = """
A duration is a number of seconds (`30`) or a string with a unit: `"30s"`, `"10m"`, `"1h"`, `"7d"`;
from 1 second to 7 days.
"""


def _unwrap(annotation: Any) -> tuple[Any, list[Any]]:
    """An annotation without Annotated[], and what stood in it."""
    metadata: list[Any] = []
    while get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        metadata += more
    return annotation, metadata


def _type(annotation: Any, metadata: list[Any]) -> str:
    if not _DURATIONS.isdisjoint(item for item in metadata if isinstance(item, BeforeValidator)):
        return "duration"
    bare, inner = _unwrap(annotation)
    if inner:
        return _type(bare, inner)
    if get_origin(bare) is tuple:
        element = _type(get_args(bare)[0], [])
        return "list of tables" if element == "table" else f"{element}, or a list"
    if get_origin(bare) in (types.UnionType, Union):
        arms = [arm for arm in get_args(bare) if arm is not type(None)]
        known = {IPv4Address: "IP address", IPv4Network: "prefix"}
        return known.get(arms[0]) or _type(arms[0], [])
    if bare in (PortRange, AddressRange):
        return {PortRange: "port, range", AddressRange: "IP address, range, prefix"}[bare]
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        return "table"
    if get_origin(bare) is Literal:
        return _type(type(get_args(bare)[0]), [])
    return {bool: "true or false", int: "integer", str: "string"}[bare]


def _number(value: Any) -> str:
    return f"{value:,}".replace(",", "_") if value >= 100_000 else str(value)


def _allowed(annotation: Any, metadata: list[Any]) -> Iterator[str]:
    bare, inner = _unwrap(annotation)
    metadata = [*metadata, *inner]
    if get_origin(bare) in (types.UnionType, Union):
        bare = next((arm for arm in get_args(bare) if get_origin(arm) is Literal), bare)
    if get_origin(bare) is Literal:
        texts = (f'"{value}"' if isinstance(value, str) else value for value in get_args(bare))
        yield ", ".join(f"`{text}`" for text in texts)
    least: Any = None
    shortest = next((item.min_length for item in metadata if isinstance(item, MinLen)), 0)
    for item in metadata:
        if isinstance(item, Ge):
            least = item.ge
        elif isinstance(item, Le):
            yield f"{_number(least or 0)} to {_number(item.le)}"
        elif isinstance(item, MaxLen) and get_origin(bare) is tuple:
            kind = "exactly" if item.max_length == shortest else "at most"
            yield f"{kind} {item.max_length}"
        elif pattern := getattr(item, "pattern", None):
            yield f"`{pattern}`"
    if get_origin(bare) is tuple and get_args(bare)[0] is PortRange:
        yield '1 to 65535, `"FIRST-LAST"`, `"any"`'


def _default(key: str, info: FieldInfo) -> str:
    if key in DEFAULTS:
        return DEFAULTS[key]
    if info.is_required():
        return "required"
    value = info.default
    if _type(info.annotation, info.metadata) == "duration":
        millis = any(item is _MILLIS for item in info.metadata)
        return f'"{values.millis_text(value) if millis else f"{value}s"}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return ", ".join(f'"{one}"' for one in value) or "none"
    return _number(value)


def keys() -> Iterator[tuple[str, FieldInfo]]:
    """Yield every key of the tables, as "service.vip", with its field."""
    for table, _, model in TABLES:
        for name, info in model.model_fields.items():
            yield f"{table}.{name}", info


def _row(key: str, info: FieldInfo) -> str:
    cells = (
        f"`{key.partition('.')[2]}`",
        _type(info.annotation, info.metadata),
        _default(key, info),
        "; ".join(_allowed(info.annotation, info.metadata)),
        info.description or "",
        f"`{EXAMPLES[key]}`",
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def render() -> str:
    """The text of docs/CONFIG.md."""
    text = INTRODUCTION
    rows = dict(keys())
    for table, header, model in TABLES:
        text += f"\n## {header}\n\n{(model.__doc__ or '').strip()}\n\n"
        text += (
            "| key | type | default | allowed | meaning | example |\n|---|---|---|---|---|---|\n"
        )
        for key, info in rows.items():
            if key.startswith(f"{table}."):
                text += _row(key, info)
        if model is Service:
            text += DURATIONS
    return text


def main(arguments: list[str]) -> int:
    """Write docs/CONFIG.md; with --check only say whether it is current. Returns the exit code."""
    text = render()
    if arguments == ["--check"]:
        if TARGET.is_file() and TARGET.read_text() == text:
            return 0
        sys.stderr.write("docs/CONFIG.md is not what the models say; run `make format`\n")
        return 1
    if arguments:
        sys.stderr.write("usage: python -m dsrlb.config.reference [--check]\n")
        return 2
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
