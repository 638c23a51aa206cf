# SPDX-License-Identifier: Apache-2.0
"""What an operator says of real servers, carried out. Called between two changes."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from dsrlb.config import Config
from dsrlb.config.values import IPAddress
from dsrlb.control.balancer import Balancer
from dsrlb.control.desired.contents import ServiceId
from dsrlb.control.health.admin import KIND, AdminState
from dsrlb.control.health.alldown import FATES
from dsrlb.control.views import StateRow
from dsrlb.errors import StateError

EVERY = "*"
"""In place of a service's name: all that have the real server."""

_STATES: dict[str, AdminState | None] = {
    "enabled": None,
    "drain": "drain",
    "disabled": "disabled",
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
    return [
        {"service": name, "address": one, "state": state, "warning": warnings[name]}
        for name, addresses in found.items()
        for one in addresses
    ]


def _warning(balancer: Balancer, name: str) -> str:
    """Of a service that has no real server left for new flows, and what becomes of them. That it
    begins is an event already (AllDown)."""
    service = next(one for one in balancer.config.service if one.name == name)
    families = sorted({vip.version for vip in service.vip})
    engaged = balancer.all_down.engaged
    alone = {
        one: engaged[ServiceId(name, one)] for one in families if ServiceId(name, one) in engaged
    }
    if not alone:
        return ""
    where = "" if len(alone) == len(families) else f" over IPv{next(iter(alone))}"
    what = next((one for one in alone.values() if one != "drop"), "drop")
    fate = f'{FATES[what]} (all_down = "{service.all_down}")'
    return f"{name}: no real server is up{where}: {fate}"


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
