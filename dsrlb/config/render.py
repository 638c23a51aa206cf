# SPDX-License-Identifier: Apache-2.0
"""Write a configuration as canonical TOML, and name it by a hash."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import tomli_w

from dsrlb.config.healthrules import KEYS_OF
from dsrlb.config.memo import ByIdentity
from dsrlb.config.models import Bridge, Config, Group, Health, L3dsr, Real, Service, Snat
from dsrlb.config.values import millis_text


def _addresses(addresses: tuple[Any, ...]) -> str | list[str]:
    texts = [str(address) for address in addresses]
    return texts[0] if len(texts) == 1 else texts


def _real(real: Real) -> dict[str, Any]:
    table: dict[str, Any] = {
        "address": _addresses(real.address),
        "weight": real.weight,
        "mac": real.mac,
        "max_open": real.max_open,
    }
    if real.max_open_low is not None:
        table["max_open_low"] = real.max_open_low
    if real.port:
        table["port"] = real.port
    return table


def _l3dsr(l3dsr: L3dsr) -> dict[str, Any]:
    """The method and what belongs to it."""
    table: dict[str, Any] = {"method": l3dsr.method}
    if l3dsr.dscp is not None:
        table["dscp"] = l3dsr.dscp
    if l3dsr.method == "gue":
        table["gue_port"] = l3dsr.gue_port
    return table


def _snat(snat: Snat) -> dict[str, Any]:
    table: dict[str, Any] = {"pool": [str(part) for part in snat.pool]}
    return table | {"toa": True} if snat.toa else table


def _in_words(health: Health) -> dict[str, Any]:
    """Every key, as files have it."""
    table: dict[str, Any] = {}
    for key in type(health).model_fields:
        value = getattr(health, key)
        table[key] = list(value) if isinstance(value, tuple) else value
    for key in ("interval", "timeout"):
        table[key] = millis_text(table[key])
    for key in ("startup_grace", "flap_window", "flap_hold"):
        table[key] = f"{table[key]}s"
    return table


def _health(health: Health) -> dict[str, Any]:
    """Every key that its type has."""
    if health.type == "none":
        return {"type": "none"}
    kind, table = health.type, _in_words(health)
    return {key: value for key, value in table.items() if kind in KEYS_OF.get(key, (kind,))}


def words_of(table: Health | Real) -> dict[str, Any]:
    """All keys of a table, its type's or not, with their values as files have them."""
    if isinstance(table, Health):
        return _in_words(table)
    return {"port": 0, "max_open_low": None, **_real(table)}


def _group(group: Group) -> dict[str, Any]:
    table: dict[str, Any] = {"name": group.name}
    if group.health is not None:
        table["health"] = _health(group.health)
    return {**table, "real": [_real(real) for real in group.real]}


def _of_health(service: Service) -> dict[str, Any]:
    """How real servers are asked, and what follows from the answers."""
    table: dict[str, Any] = {
        "on_down": service.on_down,
        "all_down": service.all_down,
        "slow_start": f"{service.slow_start}s",
    }
    if service.health is not None:
        table["health"] = _health(service.health)
    if service.sorry is not None:
        table["sorry"] = _real(service.sorry)
    return table


def _bridge(bridge: Bridge) -> dict[str, Any]:
    return {"name": bridge.name, "ports": list(bridge.ports), "reals_on": bridge.reals_on}


def _of_modes(service: Service) -> dict[str, Any]:
    """What belongs to some modes, where it is set."""
    table: dict[str, Any] = {}
    if service.l3dsr is not None:
        table["l3dsr"] = _l3dsr(service.l3dsr)
    if service.snat is not None:
        table["snat"] = _snat(service.snat)
    if service.outbound:
        table["outbound"] = True
    if service.mss_clamp:
        table["mss_clamp"] = service.mss_clamp
    return table


def _of_algorithms(service: Service) -> dict[str, Any]:
    """What belongs to some algorithms, where it is set."""
    table: dict[str, Any] = {}
    if service.hash_on is not None:
        table["hash_on"] = service.hash_on
    if service.table_size:
        table["table_size"] = service.table_size
    return table


def _service(service: Service) -> dict[str, Any]:
    ports = [port.plain for port in service.port]
    table: dict[str, Any] = {
        "name": service.name,
        "vip": _addresses(service.vip),
        "protocol": service.protocol,
        "port": ports[0] if len(ports) == 1 else ports,
        "mode": service.mode,
        "algorithm": service.algorithm,
        "idle_timeout": f"{service.idle_timeout}s",
        "pending_timeout": f"{service.pending_timeout}s",
        "closing_timeout": f"{service.closing_timeout}s",
        "on_unknown": service.on_unknown,
        "allow": [str(prefix) for prefix in service.allow],
        "deny": [str(prefix) for prefix in service.deny],
        "one_packet": service.one_packet,
        "new_flow_rate": service.new_flow_rate,
        "new_flow_burst": service.new_flow_burst,
        "source_flow_rate": service.source_flow_rate,
        "source_flow_burst": service.source_flow_burst,
        "persistence": f"{service.persistence}s",
    }
    if service.persistence_group is not None:
        table["persistence_group"] = service.persistence_group
    table |= _of_modes(service) | _of_algorithms(service) | _of_health(service)
    if service.interfaces:
        table["interfaces"] = list(service.interfaces)
    if service.group is not None:
        table["group"] = service.group
    else:
        table["real"] = [_real(real) for real in service.real]
    return table


def _head(config: Config) -> dict[str, Any]:
    """All but groups and services."""
    balancer = config.balancer
    tables: dict[str, Any] = {
        "balancer": {
            "interfaces": list(balancer.interfaces),
            "xdp_mode": balancer.xdp_mode,
            "flow_capacity": balancer.flow_capacity,
            "announce": balancer.announce,
            "scan_interval": f"{balancer.scan_interval}s",
            "tunnel_source": [str(source) for source in balancer.tunnel_source],
            "hash_seed": balancer.hash_seed,
            "socket_mode": balancer.socket_mode,
            "socket_group": balancer.socket_group,
            "probe_prefix": [str(prefix) for prefix in balancer.probe_prefix],
        }
    }
    if balancer.fail_open:
        tables["balancer"]["fail_open"] = f"{balancer.fail_open}s"
        tables["balancer"]["fail_open_new"] = balancer.fail_open_new
    if config.bridge:
        tables["bridge"] = [_bridge(bridge) for bridge in config.bridge]
    return tables


def table_of(element: Group | Service) -> dict[str, Any]:
    """A group or a service as a plain table, every default written out."""
    return _group(element) if isinstance(element, Group) else _service(element)


def to_tables(config: Config) -> dict[str, Any]:
    """The configuration as plain tables, every default written out, includes resolved."""
    tables = _head(config)
    if config.group:
        tables["group"] = [_group(group) for group in config.group]
    if config.service:
        tables["service"] = [_service(service) for service in config.service]
    return tables


_GAP = "-" * 120
"""In the place of a list of real servers: as long as no table in one line may be."""
_LONGEST = 100
"""Characters of a real server's line (tomli_w has the same limit); else all have tables."""


_PLAIN = re.compile(r"[0-9A-Za-z.:-]*").fullmatch
"""Of a string: are there only letters that stand for themselves?"""


def _lines(reals: list[dict[str, Any]]) -> str | None:
    """Real servers as tomli_w would write them if each has a line, only faster; None: some have
    none."""
    if not reals:
        return "[]"
    lines = []
    for table in reals:
        if not all(type(v) is int or (type(v) is str and _PLAIN(v)) for v in table.values()):
            return None
        keys = (f'{k} = "{v}"' if isinstance(v, str) else f"{k} = {v}" for k, v in table.items())
        lines.append(f"    {{ {', '.join(keys)} }},\n")
    return None if max(map(len, lines)) > _LONGEST + 1 else f"[\n{''.join(lines)}]"


def _text_of(element: Group | Service) -> str:
    """TOML of one group or service."""
    kind, table = "group" if isinstance(element, Group) else "service", table_of(element)
    lines = _lines(table["real"]) if "real" in table else None
    if lines is None:
        return tomli_w.dumps({kind: [table]})
    return tomli_w.dumps({kind: [{**table, "real": _GAP}]}).replace(f'"{_GAP}"', lines, 1)


_text = ByIdentity(_text_of)


class Toml(str):
    """A configuration's text, which knows what it was put together from: equal pieces of two
    configurations are mostly the same object, which tells so at once."""

    __slots__ = ("pieces",)

    pieces: tuple[str, ...]


def _dumped(config: Config) -> Toml:
    elements: tuple[Group | Service, ...] = (*config.group, *config.service)
    pieces = (tomli_w.dumps(_head(config)), *map(_text, elements))
    text = Toml("\n".join(pieces))
    text.pieces = pieces
    return text


_dump = ByIdentity(_dumped)


def dump(config: Config) -> Toml:
    """Return loadable TOML; parse(dump(c)) equals c."""
    return _dump(config)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


_element_hash = ByIdentity[Group | Service, bytes](lambda element: _hash(_text(element)))


def _digest(config: Config) -> str:
    whole = hashlib.sha256(_hash(tomli_w.dumps(_head(config))))
    for each in (config.group, config.service):
        for element in each:
            whole.update(_element_hash(element))
    return whole.hexdigest()[:12]


digest = ByIdentity(_digest)
"""Of a configuration: 12 hex digits that name its content."""
