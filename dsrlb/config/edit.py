# SPDX-License-Identifier: Apache-2.0
"""Changes by command: each gives a new, validated configuration."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from pydantic import ValidationError

from dsrlb.config.checks import check
from dsrlb.config.choices import HASHED
from dsrlb.config.models import REPLIES, Config, Group, Service
from dsrlb.config.nesting import TOO_DEEP, too_deep
from dsrlb.config.render import table_of, to_tables
from dsrlb.config.sharing import config_of, sharing
from dsrlb.config.source import from_tables, value_text
from dsrlb.errors import ConfigError, Problem

_COMMAND = "<command>"
_OFF = (0, "0", "0s")


def _wrong(key: str, value: Any, message: str) -> ConfigError:
    return ConfigError([Problem(_COMMAND, None, key, value_text(value), message)])


def value_of(text: str) -> Any:
    """A value as TOML has it; what TOML does not understand is a string.

    Lists may be written with commas: ``port=80,443``.
    """
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except RecursionError:
        raise _wrong("value", text, TOO_DEEP) from None
    except tomllib.TOMLDecodeError:
        pass
    else:
        if too_deep(value):
            raise _wrong("value", text, TOO_DEEP)
        return value
    if "," in text:
        return [value_of(part.strip()) for part in text.split(",") if part.strip()]
    return text


def _find(tables: Mapping[str, Any], kind: str, name: str) -> dict[str, Any]:
    elements: list[dict[str, Any]] = tables.get(kind, [])
    for element in elements:
        if element["name"] == name:
            return element
    known = ", ".join(element["name"] for element in elements) or "none"
    raise _wrong(kind, name, f"there is no such {kind}; there are: {known}")


def _reals_of(tables: Mapping[str, Any], service: str) -> list[dict[str, Any]]:
    """The list that holds a service's reals: its group's, which other services may share."""
    entry = _find(tables, "service", service)
    holder = _find(tables, "group", entry["group"]) if "group" in entry else entry
    reals: list[dict[str, Any]] = holder["real"]
    return reals


def _addresses(value: Any) -> set[str]:
    items = value if isinstance(value, list) else [value]
    found = set()
    for item in items:
        try:
            found.add(str(ip_address(item)))
        except ValueError:
            found.add(str(item))
    return found


def _find_real(reals: list[dict[str, Any]], service: str, address: str) -> dict[str, Any]:
    for real in reals:
        if _addresses(address) & _addresses(real["address"]):
            return real
    known = ", ".join(sorted(ip for real in reals for ip in _addresses(real["address"])))
    raise _wrong("real", address, f"service {service} has no such real; it has: {known}")


def _service_add(tables: dict[str, Any], change: Mapping[str, Any]) -> None:
    entry = {"name": change["service"], "mode": "l2dsr", **change["settings"]}
    tables.setdefault("service", []).append(entry)


def _service_set(tables: dict[str, Any], change: Mapping[str, Any]) -> None:
    entry = _find(tables, "service", change["service"])
    settings = dict(change["settings"])
    if "group" in settings:
        entry.pop("real", None)
    if settings.get("protocol", entry["protocol"]) != entry["protocol"]:
        entry.pop("idle_timeout")  # its default depends on the protocol
    if "l3dsr" in settings:
        settings["l3dsr"] = _l3dsr(entry.get("l3dsr"), settings["l3dsr"])
    snat = settings.get("snat")
    if snat is not None:
        settings["snat"] = _snat(entry.get("snat"), snat)
    _update(entry, settings)
    if not isinstance(snat, dict) or "toa" not in snat:
        _without_toa(entry)
    for key in _meaningless(entry):
        if key not in settings:
            entry.pop(key, None)


def _without_toa(entry: Mapping[str, Any]) -> None:
    """The key of [service.snat] that only one-arm TCP services have goes with the others."""
    snat = entry.get("snat")
    if isinstance(snat, dict) and (entry["mode"] != "one-arm" or entry["protocol"] != "tcp"):
        snat.pop("toa", None)


def _meaningless(entry: Mapping[str, Any]) -> Iterator[str]:
    """Keys that a service does not have in its mode, with its protocol and by its algorithm."""
    mode = entry["mode"]
    outbound = mode == "nat" and entry.get("outbound") is True
    if mode != "l3dsr":
        yield "l3dsr"
    if mode != "nat":
        yield "outbound"
    if mode != "one-arm" and not outbound:
        yield "snat"
    if mode not in REPLIES or entry["protocol"] != "tcp":
        yield "mss_clamp"
    if entry["algorithm"] not in HASHED:
        yield "hash_on"
        yield "table_size"


def _l3dsr(present: Any, given: Any) -> Any:
    """What is given of [service.l3dsr], over what is there; another method starts afresh."""
    if not isinstance(present, dict) or not isinstance(given, dict):
        return given
    if given.get("method", present["method"]) != present["method"]:
        return given
    return present | given


def _snat(present: Any, given: Any) -> Any:
    """What is given of [service.snat], over what is there."""
    both = isinstance(present, dict) and isinstance(given, dict)
    return present | given if both else given


# What is nothing without another key goes when that one is turned off (0), unless it is given.
_BELONGING = {
    "new_flow_rate": "new_flow_burst",
    "source_flow_rate": "source_flow_burst",
    "persistence": "persistence_group",
    "max_open": "max_open_low",
}


def _update(entry: dict[str, Any], settings: Mapping[str, Any]) -> None:
    for key, belonging in _BELONGING.items():
        if key in settings and settings[key] in _OFF:
            entry.pop(belonging, None)
    entry.update(settings)


def _service_remove(tables: dict[str, Any], change: Mapping[str, Any]) -> None:
    tables["service"].remove(_find(tables, "service", change["service"]))


def _real_add(tables: dict[str, Any], change: Mapping[str, Any]) -> None:
    reals = _reals_of(tables, change["service"])
    reals.append({"address": value_of(change["address"]), **change["settings"]})


def _real_set(tables: dict[str, Any], change: Mapping[str, Any]) -> None:
    reals = _reals_of(tables, change["service"])
    _update(_find_real(reals, change["service"], change["address"]), change["settings"])


def _real_remove(tables: dict[str, Any], change: Mapping[str, Any]) -> None:
    reals = _reals_of(tables, change["service"])
    reals.remove(_find_real(reals, change["service"], change["address"]))


_VERBS = {
    "service-add": _service_add,
    "service-set": _service_set,
    "service-remove": _service_remove,
    "real-add": _real_add,
    "real-set": _real_set,
    "real-remove": _real_remove,
}


def edit(config: Config, change: Mapping[str, Any]) -> Config:
    """Return the configuration after ``change``; ConfigError when that cannot be accepted.

    ``change``: verb (service-add, service-set, service-remove, real-add, real-set, real-remove),
    service (its name), address (for reals), settings (keys as in the configuration file; of l3dsr
    and snat those that change).
    """
    verb = change.get("verb")
    if verb not in _VERBS:
        raise _wrong("verb", verb, f"one of {', '.join(_VERBS)}")
    alone = _edited_alone(config, change)
    if alone is not None:
        return alone
    tables = to_tables(config)
    _VERBS[verb](tables, change)
    return sharing(from_tables(tables, _COMMAND), config)


_HARMLESS = {"weight", "max_open", "max_open_low"}
"""Keys of a real server that contradict nothing but what is in its own services."""


def _edited_alone(config: Config, change: Mapping[str, Any]) -> Config | None:
    """The new configuration, of which only the service or group that changes is looked at, and for
    contradictions what that may be in; None: that is not enough, or something is wrong with it,
    which is told where all of it is looked at."""
    verb, settings = change["verb"], change.get("settings", {})
    old = next((each for each in config.service if each.name == change["service"]), None)
    if old is None or verb in ("service-add", "service-remove"):
        return None
    group = next((each for each in config.group if each.name == old.group), None)
    tables: dict[str, Any] = {"service": [table_of(old)]}
    tables["group"] = [table_of(group)] if group is not None else []
    try:
        _VERBS[verb](tables, change)
        service = Service.model_validate(tables["service"][0])
        edited = [Group.model_validate(table) for table in tables["group"]]
    except (ConfigError, ValidationError):
        return None
    groups = {each.name: each for each in edited}
    found = config_of(
        config.balancer,
        config.bridge,
        tuple(groups.get(each.name, each) for each in config.group),
        tuple(service if each is old else each for each in config.service),
    )
    found = sharing(found, config)
    harmless = verb == "real-set" and settings.keys() <= _HARMLESS
    concerned = _around(found, service) if harmless else found
    return None if any(True for _ in check(concerned)) else found


def _around(config: Config, service: Service) -> Config:
    """The service, and those that have its group or its persistence group."""
    services = tuple(
        each
        for each in config.service
        if each.name == service.name
        or (each.group is not None and each.group == service.group)
        or (
            each.persistence_group is not None
            and each.persistence_group == service.persistence_group
        )
    )
    names = {each.group for each in services}
    groups = tuple(group for group in config.group if group.name in names)
    return config_of(config.balancer, config.bridge, groups, services)
