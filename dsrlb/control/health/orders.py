# SPDX-License-Identifier: Apache-2.0
"""What an operator says of real servers, carried out. Called between two changes."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from dsrlb.config import Config
from dsrlb.config.values import IPAddress
from dsrlb.control.balancer import Balancer
from dsrlb.control.desired.contents import RealId, ServiceId
from dsrlb.control.health.admin import KIND, AdminState
from dsrlb.control.views import StateRow
from dsrlb.errors import StateError

EVERY = "*"
"""In place of a service's name: all that have the real server."""

_STATES: dict[str, AdminState | None] = {
    "enabled": None,
    "drain": "drain",
    "disabled": "disabled",
}
_FATES = {
    "drop": "new flows are dropped",
    "pass": "new flows go to this host's kernel",
    "sorry": "new flows go to the sorry server",
    "all-up": "new flows go to those that are down, as if they were up",
}
_TOLD = {"enabled": "may have new flows again", "drain": "gets no new flows", "disabled": "is out"}


def give_order(
    balancer: Balancer, service: str, address: str, state: str, who: str
) -> list[StateRow]:
    """Say it of a real server and have it so. A real server with two addresses is meant by either.
    Raises StateError where there is none; nothing is changed then."""
    found = dict(_meant(balancer.config, service, _address(address)))
    if not found:
        raise StateError(*_nobody(balancer.config, service, address))
    balancer.conditions.admin.give(_STATES[state], who, found.items())
    balancer.write(balancer.config)
    names = ", ".join(found)
    balancer.events.add(KIND, f"{names}: {address} {_TOLD[state]} (by {who})")
    warnings = {name: "" if state == "enabled" else _warning(balancer, name) for name in found}
    for warning in filter(None, warnings.values()):
        balancer.events.add(KIND, warning, "warning")
    return [
        {"service": name, "address": one, "state": state, "warning": warnings[name]}
        for name, addresses in found.items()
        for one in addresses
    ]


def _warning(balancer: Balancer, name: str) -> str:
    """Of a service that has no real server left for new flows, and what becomes of them."""
    service = next(one for one in balancer.config.service if one.name == name)
    there, alone = balancer.applier.installed.services, {}
    for family in sorted({vip.version for vip in service.vip}):
        entry = there.get(ServiceId(name, family))
        chosen = entry.content.schedule if entry is not None else ()
        own = {ip for real in balancer.config.reals_of(service) for ip in real.address}
        if not any(_is_up(balancer, real) for real in chosen if real.address in own):
            alone[family] = bool(chosen)
    if not alone:
        return ""
    every = len(alone) == len({vip.version for vip in service.vip})
    where = "" if every else f" over IPv{next(iter(alone))}"
    fate = _FATES[service.all_down if any(alone.values()) or service.all_down == "pass" else "drop"]
    return f'{name}: no real server is up{where}: {fate} (all_down = "{service.all_down}")'


def _is_up(balancer: Balancer, real: RealId) -> bool:
    return balancer.conditions.of(real).state == "up"


def _address(text: str) -> IPAddress:
    try:
        return ip_address(text)
    except ValueError as error:
        raise StateError(f"{text!r} is no IP address") from error


def _meant(config: Config, name: str, address: IPAddress) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Services, and the addresses of the real server there."""
    for service in config.service:
        if name not in (EVERY, service.name):
            continue
        for real in config.reals_of(service):
            if address in real.address:
                yield service.name, tuple(map(str, real.address))


def _nobody(config: Config, name: str, address: str) -> tuple[str, str]:
    """What is wrong, and what there is."""
    service = next((one for one in config.service if one.name == name), None)
    if name == EVERY:
        return f"no service has a real server {address}", "`dsrlb reals` shows them"
    if service is None:
        known = ", ".join(one.name for one in config.service) or "none"
        return f"there is no service {name!r}", f"there are: {known}"
    known = ", ".join(str(one) for real in config.reals_of(service) for one in real.address)
    return f"service {name!r} has no real server {address}", f"it has: {known}"
