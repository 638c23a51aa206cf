# SPDX-License-Identifier: Apache-2.0
"""What would change between two configurations, in words, and whether flows are affected."""

from __future__ import annotations

from collections.abc import Iterator

from dsrlb.config import Bridge, Config, Real, Service, digest
from dsrlb.config.sharing import others
from dsrlb.config.values import IPAddress
from dsrlb.control.planchoice import chosen_anew, reseeded, resized, unheeded
from dsrlb.control.planflows import (
    END,
    MOVED,
    OPENED,
    Reals,
    Standing,
    fate,
    forgotten,
    removed,
    sorry_fates,
    unknown,
)
from dsrlb.control.plantables import Table, differences
from dsrlb.control.views import Change, ChangeKind, PlanView

_LISTS = ("allow", "deny")
_TABLES = ("health", "sorry")
_SECONDS = (
    *("idle_timeout", "pending_timeout", "closing_timeout", "persistence", "slow_start"),
    *("scan_interval", "fail_open"),
)
_SHOWN = 6
"""Prefixes that a change of a list names."""
_AT_START = "; from the daemon's next start on, which moves the flows"
_UNUSED = "no service has it"


def _change(kind: ChangeKind, what: str, detail: str = "", affects_flows: bool = False) -> Change:
    return {"kind": kind, "what": what, "detail": detail, "affects_flows": affects_flows}


def _reals(
    service: Service, before: tuple[Real, ...], after: tuple[Real, ...], standing: Standing
) -> Iterator[Change]:
    """By address: a real that gets or loses one of two addresses stays what it is."""
    name = service.name
    if not before:
        for real in after:
            yield _change("add", f"real {name} {_text(real.address)}")
        return
    old = {address: real for real in before for address in real.address}
    new = {address: real for real in after for address in real.address}
    for real in before:
        gone = tuple(address for address in real.address if address not in new)
        if gone:
            what = f"real {name} {_text(gone)}"
            detail = MOVED + forgotten(service, gone, standing)
            yield _change("remove", what, detail, affects_flows=True)
    for real in after:
        fresh = tuple(address for address in real.address if address not in old)
        if fresh:
            yield _change("add", f"real {name} {_text(fresh)}")
    for was, real in _kept(before, after):
        for field in ("weight", "port", "mac", "max_open", "max_open_low"):
            then, now = getattr(was, field), getattr(real, field)
            if then != now:
                what = f"real {name} {_text(real.address)}"
                ends = field == "port" and service.replies
                detail = f"{field}: {_text(then)} -> {_text(now)}{f'; {END}' * ends}"
                detail += unheeded(field, then, now, service)
                yield _change("change", what, detail, ends)


def _kept(before: tuple[Real, ...], after: tuple[Real, ...]) -> Iterator[tuple[Real, Real]]:
    """Reals of both, that is with an address in common."""
    old = {address: real for real in before for address in real.address}
    for real in after:
        was = next((old[address] for address in real.address if address in old), None)
        if was is not None:
            yield was, real


def _ways(before: Config, old: Service, after: Config, new: Service) -> Iterator[Change]:
    """Reals that packets to VIPs of a family no longer go to by the same address: a tunnel takes
    the real's own address of that family when there is one, dscp takes no other."""
    families = {vip.version for vip in old.vip} & {vip.version for vip in new.vip}
    for was, real in _kept(before.reals_of(old), after.reals_of(new)):
        for family in sorted(families):
            then = before.address_for(old, was, family)
            now = after.address_for(new, real, family)
            if then in real.address and then != now:  # one that is gone is told as removed
                what = f"real {new.name} {_text(real.address)}"
                detail = f"IPv{family} VIPs by: {_text(then)} -> {_text(now)}; {MOVED}"
                yield _change("change", what, detail, affects_flows=True)


def _text(value: object) -> str:
    if value in (None, (), ""):
        return "none"
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return str(value)


def _value(field: str, value: object) -> str:
    """Of a key of a service, or of the balancer."""
    if field == "interfaces" and not value:
        return "all"
    return f"{value}s" if field in _SECONDS else _text(value)


def _list_text(was: tuple[object, ...], now: tuple[object, ...]) -> str:
    """What a list that may be long gains (+) and loses (-)."""
    old, new = set(was), set(now)
    changes = [f"+{item}" for item in now if item not in old]
    changes += [f"-{item}" for item in was if item not in new]
    if not changes:
        return "in another order"
    more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
    return ", ".join(changes[:_SHOWN]) + more


def _service(
    before: Config, old: Service, after: Config, new: Service, standing: Standing
) -> Iterator[Change]:

    def found() -> Reals:  # seldom asked for, and there may be many
        kept = (real for _, real in _kept(before.reals_of(old), after.reals_of(new)))
        return Reals(new, kept, standing)

    for field in type(new).model_fields:
        if field in ("real", "name"):
            continue
        was, now = getattr(old, field), getattr(new, field)
        if was == now:
            continue
        if field in _TABLES:
            yield from _table(field, was, now, new)
            continue
        effect = fate(field, old, new, after, found)
        said = f"; {effect}" if effect else ""
        text = f"{_value(field, was)} -> {_value(field, now)}{said}"
        text += chosen_anew(field, old, new)
        if field in _LISTS:
            text = _list_text(was, now)
        yield _change("change", f"service {new.name}", f"{field}: {text}", bool(effect))


def _table(field: str, was: Table, now: Table, service: Service) -> Iterator[Change]:
    """health, or the sorry server, which has flows as others have."""
    effects = {} if field == "health" else sorry_fates(was, now, service)
    for key, detail in differences(field, was, now):
        effect = effects.get(key, "")
        text = f"{detail}; {effect}" if effect else detail
        yield _change("change", f"service {service.name}", text, bool(effect))


def _bridges(before: tuple[Bridge, ...], after: tuple[Bridge, ...]) -> Iterator[Change]:
    """By name. Flows hold on to neighbours, not to ports."""
    old, new = ({bridge.name: bridge for bridge in bridges} for bridges in (before, after))
    for name in [name for name in old if name not in new]:
        yield _change("remove", f"bridge {name}")
    for name, bridge in new.items():
        if name not in old:
            detail = f"ports: {_text(bridge.ports)}, reals on {bridge.reals_on}"
            yield _change("add", f"bridge {name}", detail)
            continue
        for field in ("ports", "reals_on"):
            was, now = getattr(old[name], field), getattr(bridge, field)
            if was != now:
                yield _change("change", f"bridge {name}", f"{field}: {_text(was)} -> {_text(now)}")


def _changes(before: Config | None, after: Config, standing: Standing) -> Iterator[Change]:
    if before is None:
        yield _change("add", "balancer", f"interfaces: {', '.join(after.balancer.interfaces)}")
    else:
        for field in type(after.balancer).model_fields:
            was, now = getattr(before.balancer, field), getattr(after.balancer, field)
            if was != now:
                affects = field == "interfaces" and bool(set(was) - set(now))
                text = f"{field}: {_value(field, was)} -> {_value(field, now)}"
                text += reseeded(before) if field == "hash_seed" else ""
                text += _AT_START if field == "flow_capacity" else ""
                yield _change("change", "balancer", text, affects)
    yield from _bridges(before.bridge if before else (), after.bridge)
    old = {service.name: service for service in before.service} if before else {}
    new = {service.name: service for service in after.service}
    if before is not None:
        for service in (old[name] for name in old if name not in new):
            everybody = (ip for real in before.reals_of(service) for ip in real.address)
            effect = removed(service, after) + forgotten(service, everybody, standing)
            yield _change("remove", f"service {service.name}", effect, affects_flows=True)
    for service in others(before, after) if before is not None else after.service:
        name = service.name
        if before is None or name not in old:
            detail = f"{_text(service.vip)} {service.protocol} {_text(service.port)}"
            if service.l3dsr is not None:
                detail += f" by {service.l3dsr}"
            if service.snat is not None:
                detail += f" pool {service.snat}"
            yield _change("add", f"service {name}", detail)
            yield from _reals(service, (), after.reals_of(service), standing)
        else:
            yield from _service(before, old[name], after, service, standing)
            for detail in resized(before, old[name], after, service):
                yield _change("change", f"service {name}", detail)
            reals_before = before.reals_of(old[name])
            yield from _reals(service, reals_before, after.reals_of(service), standing)
            yield from _ways(before, old[name], after, service)
    if before is not None:
        yield from _groups(before, after)
        yield from _reopened(before, after)


def _groups(before: Config, after: Config) -> Iterator[Change]:
    """What of groups no service shows: how they are asked, and those that no service has."""
    old, new = ({group.name: group for group in config.group} for config in (before, after))
    in_use = {service.group for config in (before, after) for service in config.service}
    for name in [name for name in old if name not in new and name not in in_use]:
        yield _change("remove", f"group {name}", _UNUSED)
    for name, group in new.items():
        if name not in old:
            if name not in in_use:
                yield _change("add", f"group {name}", _UNUSED)
            continue
        if old[name].health != group.health:
            for _, detail in differences("health", old[name].health, group.health):
                yield _change("change", f"group {name}", detail)
        if old[name].real != group.real and name not in in_use:
            yield _change("change", f"group {name}", f"other real servers; {_UNUSED}")


def _openers(config: Config) -> dict[IPAddress, str]:
    """By which service a real server opens connections: of several by the first by name."""
    found: dict[IPAddress, str] = {}
    opening = (service for service in config.service if service.outbound)
    for service in sorted(opening, key=lambda service: service.name):
        for address in (ip for real in config.reals_of(service) for ip in real.address):
            if service.pool_for(address.version):
                found.setdefault(address, service.name)
    return found


def _reopened(before: Config, after: Config) -> Iterator[Change]:
    """Real servers that open connections by another service now, and still do by the old one."""
    old, new = _openers(before), _openers(after)
    for address in (ip for ip in old if ip in new and old[ip] != new[ip]):
        detail = f"opens connections by service {new[address]}, not {old[address]}; {OPENED}"
        yield _change("change", f"real {new[address]} {address}", detail, affects_flows=True)


def plan(before: Config | None, after: Config, standing: Standing = unknown) -> list[Change]:
    """The changes that lead from ``before`` (None: nothing runs) to ``after``, in order."""
    found = list(_changes(before, after, standing))
    if not found and before != after:
        return [_change("change", "configuration", "the same in another order")]
    return found


def view(before: Config | None, after: Config, standing: Standing = unknown) -> PlanView:
    """The plan with the hashes of both configurations."""
    changes = plan(before, after, standing)
    return {
        "hash_before": digest(before) if before else "",
        "hash_after": digest(after),
        "changes": changes,
        "affects_flows": any(change["affects_flows"] for change in changes),
        "way_back": None,
    }
